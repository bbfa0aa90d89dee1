#include "wsload/stats/histogram_code.h"

#include <stddef.h>
#include <stdint.h>

#define CODE_VERSION     1
#define NUMBER_SIZE_MAX  19 /* 128 bits in groups of seven */
#define NUMBER_GROUP     7
#define NUMBER_CONTINUES 0x80

static int put(struct buffer *out, histogram_sum number)
{
    unsigned char bytes[NUMBER_SIZE_MAX];
    size_t length = 0;
    for (; number >= NUMBER_CONTINUES; number >>= NUMBER_GROUP)
        bytes[length++] = (unsigned char)(number | NUMBER_CONTINUES);
    bytes[length++] = (unsigned char)number;
    return buffer_append(out, bytes, length);
}

/* Takes a number off the front of CODE. -1 when it is cut, longer than it need be, or above MOST.
 */
static int take(struct text *code, histogram_sum most, histogram_sum *number)
{
    *number = 0;
    for (size_t i = 0; i < code->length && i < NUMBER_SIZE_MAX; i++) {
        unsigned char byte = (unsigned char)code->data[i];
        size_t shift = i * NUMBER_GROUP;
        histogram_sum group = byte % NUMBER_CONTINUES;
        if (group > most >> shift)
            return -1;
        *number |= group << shift;
        if (byte >= NUMBER_CONTINUES)
            continue;
        code->data += i + 1;
        code->length -= i + 1;
        return *number > most || (byte == 0 && i > 0) ? -1 : 0;
    }
    return -1;
}

static int take_u64(struct text *code, uint64_t *number)
{
    histogram_sum value;
    int result = take(code, UINT64_MAX, &value);
    *number = (uint64_t)value;
    return result;
}

static int put_buckets(struct buffer *out, const struct histogram *histogram)
{
    size_t last = histogram_bucket_of(histogram->max_ns);
    size_t next = 0; /* the one behind the last that was put */
    for (size_t i = histogram_bucket_of(histogram->min_ns); i <= last; i++) {
        if (histogram->buckets[i] == 0)
            continue;
        if (put(out, i + 1 - next) != 0 || put(out, histogram->buckets[i]) != 0)
            return -1;
        next = i + 1;
    }
    return 0;
}

/* Takes all that is left of CODE. */
static int take_buckets(struct text *code, struct histogram *histogram)
{
    size_t next = 0;
    while (code->length > 0) {
        histogram_sum distance;
        uint64_t count;
        if (take(code, HISTOGRAM_BUCKETS - next, &distance) != 0 || take_u64(code, &count) != 0)
            return -1;
        if (distance == 0 || count == 0)
            return -1;
        next += (size_t)distance;
        histogram->buckets[next - 1] = count;
    }
    return 0;
}

static int take_figures(struct text *code, struct histogram *histogram)
{
    if (take_u64(code, &histogram->count) != 0 || take_u64(code, &histogram->min_ns) != 0 ||
        take_u64(code, &histogram->max_ns) != 0)
        return -1;
    const histogram_sum most = ~(histogram_sum)0;
    if (take(code, most, &histogram->sum_ns) != 0)
        return -1;
    return take(code, most, &histogram->sum_squares);
}

int histogram_encode(const struct histogram *histogram, struct buffer *out)
{
    const histogram_sum figures[] = {CODE_VERSION,          HISTOGRAM_SUB_BITS, histogram->count,
                                     histogram->min_ns,     histogram->max_ns,  histogram->sum_ns,
                                     histogram->sum_squares};
    for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
        if (put(out, figures[i]) != 0)
            return -1;
    }
    return put_buckets(out, histogram);
}

int histogram_decode(struct text code, struct histogram *histogram, struct error *error)
{
    uint64_t version;
    uint64_t sub_bits;
    histogram_init(histogram);
    if (take_u64(&code, &version) != 0 || take_u64(&code, &sub_bits) != 0)
        return error_set(error, "a histogram is cut off in its first bytes");
    if (version != CODE_VERSION || sub_bits != HISTOGRAM_SUB_BITS)
        return error_set(error,
                         "a histogram is of version %llu with %llu bits; this wsload reads version "
                         "%d with %d bits only",
                         (unsigned long long)version, (unsigned long long)sub_bits, CODE_VERSION,
                         HISTOGRAM_SUB_BITS);
    if (take_figures(&code, histogram) != 0 || take_buckets(&code, histogram) != 0 ||
        !histogram_consistent(histogram))
        return error_set(error, "a histogram is damaged or cut: its numbers do not fit together");
    return 0;
}
