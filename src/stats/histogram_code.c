#include "wsload/stats/histogram_code.h"

#include <endian.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <zlib.h>

#define COMPRESSED_COOKIE  UINT32_C(0x1C849314)
#define COOKIE             UINT32_C(0x1C849313)
#define SIGNIFICANT_DIGITS 3
#define LOWEST_NS          1
#define RATIO_OF_ONE       UINT64_C(0x3FF0000000000000) /* 1.0 in IEEE 754 */
#define NUMBER_SIZE_MAX    9
#define PLAIN_SIZE_MAX     (sizeof(struct head) + HISTOGRAM_BUCKETS * NUMBER_SIZE_MAX)
#define NUMBER_CONTINUES   0x80

/* What stands before the zlib stream. Members are big-endian, of both heads. */
struct compressed_head {
    uint32_t cookie;
    uint32_t length; /* of what follows */
};

/* What stands in it before the counts. */
struct head {
    uint32_t cookie;
    uint32_t length; /* of the counts */
    uint32_t offset; /* of indexes */
    uint32_t digits;
    uint64_t lowest;
    uint64_t highest;
    uint64_t ratio;
};

/* Takes SIZE bytes off the front of CODE. False when it has fewer. */
static bool take(struct text *code, void *out, size_t size)
{
    if (code->length < size)
        return false;
    memcpy(out, code->data, size);
    *code = (struct text){code->data + size, code->length - size};
    return true;
}

/* --- Numbers --- */

/* LEB128 of 64 bits in at most 9 bytes: the ninth has 8 bits. */
static int put_number(struct buffer *out, uint64_t number)
{
    unsigned char bytes[NUMBER_SIZE_MAX];
    size_t length = 0;
    for (; number >= NUMBER_CONTINUES && length < NUMBER_SIZE_MAX - 1; number >>= 7)
        bytes[length++] = (unsigned char)(number | NUMBER_CONTINUES);
    bytes[length++] = (unsigned char)number;
    return buffer_append(out, bytes, length);
}

/* Takes one off the front of CODE. -1 when it is cut, or longer than it need be. */
static int take_number(struct text *code, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < code->length && i < NUMBER_SIZE_MAX; i++) {
        unsigned char byte = (unsigned char)code->data[i];
        bool ends = byte < NUMBER_CONTINUES || i == NUMBER_SIZE_MAX - 1;
        *number |= (uint64_t)(ends ? byte : byte % NUMBER_CONTINUES) << 7 * i;
        if (!ends)
            continue;
        *code = (struct text){code->data + i + 1, code->length - i - 1};
        return byte == 0 && i > 0 ? -1 : 0;
    }
    return -1;
}

/* --- Writing --- */

/* As many buckets as the counts need; HdrHistogram writes at least one. */
static size_t buckets_in_use(const struct histogram *histogram)
{
    size_t count = HISTOGRAM_BUCKETS;
    while (count > 1 && histogram->buckets[count - 1] == 0)
        count--;
    return count;
}

/* ZigZag makes 2 * N of N, and 2 * N - 1 of -N. A single empty bucket is a count of 0. */
static int put_counts(struct buffer *out, const struct histogram *histogram)
{
    size_t end = buckets_in_use(histogram);
    for (size_t i = 0; i < end;) {
        size_t empty = 0;
        while (i + empty < end && histogram->buckets[i + empty] == 0)
            empty++;
        if (put_number(out, empty > 1 ? 2 * empty - 1 : 2 * histogram->buckets[i]))
            return -1;
        i += empty > 1 ? empty : 1;
    }
    return 0;
}

/* Into OUT, which is empty. */
static int put_plain(struct buffer *out, const struct histogram *histogram)
{
    struct head head = {
        .cookie = htobe32(COOKIE),
        .digits = htobe32(SIGNIFICANT_DIGITS),
        .lowest = htobe64(LOWEST_NS),
        .highest = htobe64(HISTOGRAM_HIGHEST_NS),
        .ratio = htobe64(RATIO_OF_ONE),
    };
    if (buffer_append(out, &head, sizeof(head)) || put_counts(out, histogram))
        return -1;
    head.length = htobe32((uint32_t)(out->length - sizeof(head)));
    memcpy(out->data, &head, sizeof(head));
    return 0;
}

/* Appends the compressed form of PLAIN, by way of STREAM. The level is fixed, so that the bytes
 * are. */
static int put_compressed(struct buffer *out, struct text plain, struct buffer *stream)
{
    uLongf size = compressBound(plain.length);
    if (buffer_reserve(stream, size) ||
        compress2((Bytef *)stream->data, &size, (const Bytef *)plain.data, plain.length,
                  Z_BEST_COMPRESSION) != Z_OK)
        return -1;
    struct compressed_head head = {htobe32(COMPRESSED_COOKIE), htobe32((uint32_t)size)};
    if (buffer_reserve(out, out->length + sizeof(head) + size))
        return -1;
    buffer_append(out, &head, sizeof(head));
    return buffer_append(out, stream->data, size);
}

int histogram_encode(const struct histogram *histogram, struct buffer *out)
{
    if (histogram->count > INT64_MAX)
        return -1;
    struct buffer plain;
    struct buffer stream;
    buffer_init(&plain, PLAIN_SIZE_MAX);
    buffer_init(&stream, HISTOGRAM_CODE_MAX);
    int result = put_plain(&plain, histogram);
    if (result == 0)
        result = put_compressed(out, buffer_text(&plain), &stream);
    buffer_free(&stream);
    buffer_free(&plain);
    return result;
}

/* --- Reading --- */

/* Uncompresses the stream into PLAIN, which has its room. */
static int take_stream(struct text stream, struct buffer *plain, struct error *error)
{
    uLongf size = PLAIN_SIZE_MAX;
    uLong used = stream.length;
    int status = uncompress2((Bytef *)plain->data, &size, (const Bytef *)stream.data, &used);
    if (status == Z_MEM_ERROR)
        return error_set(error, "memory is out");
    if (status == Z_BUF_ERROR)
        return error_set(error, "a histogram's zlib stream holds more than any histogram has");
    if (status != Z_OK || used != stream.length)
        return error_set(error, "a histogram's zlib stream is damaged or cut");
    plain->length = size;
    return 0;
}

static int take_compressed(struct text code, struct buffer *plain, struct error *error)
{
    struct compressed_head head;
    if (!take(&code, &head, sizeof(head)))
        return error_set(error, "a histogram is cut: %zu bytes", code.length);
    uint32_t cookie = be32toh(head.cookie);
    uint32_t length = be32toh(head.length);
    if (cookie != COMPRESSED_COOKIE)
        return error_set(error,
                         "a histogram is not in HdrHistogram's V2 compressed form: it begins with "
                         "%08" PRIx32 " and not with %08" PRIx32,
                         cookie, COMPRESSED_COOKIE);
    if (length != code.length)
        return error_set(error, "a histogram has %zu bytes after its length of %" PRIu32,
                         code.length, length);
    if (buffer_reserve(plain, PLAIN_SIZE_MAX))
        return error_set(error, "memory is out");
    return take_stream(code, plain, error);
}

static int check_geometry(const struct head *head, struct error *error)
{
    uint32_t digits = be32toh(head->digits);
    uint64_t lowest = be64toh(head->lowest);
    uint64_t highest = be64toh(head->highest);
    if (digits != SIGNIFICANT_DIGITS || lowest != LOWEST_NS || highest != HISTOGRAM_HIGHEST_NS)
        return error_set(
            error,
            "a histogram is of values from %" PRIu64 " to %" PRIu64 " with %" PRIu32
            " significant digits; this wsload reads from %d to %" PRIu64 " with %d only",
            lowest, highest, digits, LOWEST_NS, HISTOGRAM_HIGHEST_NS, SIGNIFICANT_DIGITS);
    if (head->offset || be64toh(head->ratio) != RATIO_OF_ONE)
        return error_set(error, "a histogram's values are shifted or scaled; this wsload reads "
                                "plain integers only");
    return 0;
}

static int take_head(struct text *plain, struct error *error)
{
    struct head head;
    if (!take(plain, &head, sizeof(head)))
        return error_set(error, "a histogram is cut: %zu bytes when uncompressed", plain->length);
    uint32_t cookie = be32toh(head.cookie);
    uint32_t length = be32toh(head.length);
    if (cookie != COOKIE)
        return error_set(error,
                         "a histogram is not in HdrHistogram's V2 form: %08" PRIx32
                         " and not %08" PRIx32 " is compressed in it",
                         cookie, COOKIE);
    if (check_geometry(&head, error))
        return -1;
    if (length != plain->length)
        return error_set(error,
                         "a histogram has %zu bytes of counts and not the %" PRIu32 " that it says",
                         plain->length, length);
    return 0;
}

static int add_count(struct histogram *histogram, size_t bucket, uint64_t count,
                     struct error *error)
{
    if (count == 0)
        return 0;
    if (bucket > histogram_bucket_of(UINT64_MAX))
        return error_set(error, "a histogram counts values over 1 h");
    if (count > INT64_MAX - histogram->count)
        return error_set(error, "a histogram counts more than 2^63 - 1 values");
    if (histogram->count == 0)
        histogram->min = histogram_bucket_start(bucket);
    histogram->max = histogram_bucket_start(bucket + 1) - 1;
    histogram->buckets[bucket] = count;
    histogram->count += count;
    return 0;
}

/* Takes all that is left of PLAIN. */
static int take_counts(struct text plain, struct histogram *histogram, struct error *error)
{
    size_t bucket = 0;
    while (plain.length > 0) {
        uint64_t number;
        if (take_number(&plain, &number))
            return error_set(error, "a histogram's count is cut, or longer than it need be");
        uint64_t buckets = number % 2 == 1 ? number / 2 + 1 : 1;
        if (buckets > HISTOGRAM_BUCKETS - bucket)
            return error_set(error, "a histogram has more than %d counts", HISTOGRAM_BUCKETS);
        if (number % 2 == 0 && add_count(histogram, bucket, number / 2, error))
            return -1;
        bucket += (size_t)buckets;
    }
    return 0;
}

int histogram_decode(struct text code, struct histogram *histogram, struct error *error)
{
    struct buffer plain;
    histogram_init(histogram);
    buffer_init(&plain, PLAIN_SIZE_MAX);
    int result = take_compressed(code, &plain, error);
    struct text rest = buffer_text(&plain);
    if (result == 0)
        result = take_head(&rest, error);
    if (result == 0)
        result = take_counts(rest, histogram, error);
    buffer_free(&plain);
    return result;
}

int histogram_restore(struct histogram *histogram, const struct histogram_figures *figures,
                      struct error *error)
{
    histogram->min = figures->min;
    histogram->max = figures->max;
    histogram->sum = figures->sum;
    histogram->sum_squares = figures->sum_squares;
    if (!histogram_consistent(histogram))
        return error_set(error, "a histogram's minimum, maximum, sum or sum of squares cannot be "
                                "of the values that it counts");
    return 0;
}

/* --- Sums --- */

char *histogram_sum_format(histogram_sum sum, char out[HISTOGRAM_SUM_SIZE])
{
    char digits[HISTOGRAM_SUM_SIZE];
    char *first = &digits[HISTOGRAM_SUM_SIZE - 1];
    *first = '\0';
    do
        *--first = (char)('0' + (int)(sum % 10));
    while ((sum /= 10) > 0);
    memcpy(out, first, (size_t)(&digits[HISTOGRAM_SUM_SIZE] - first));
    return out;
}

int histogram_sum_parse(struct text text, histogram_sum *sum, struct error *error)
{
    *sum = 0;
    bool good = text.length > 0 && (text.data[0] != '0' || text.length == 1);
    for (size_t i = 0; good && i < text.length; i++)
        good = text.data[i] >= '0' && text.data[i] <= '9' &&
               !__builtin_mul_overflow(*sum, 10, sum) &&
               !__builtin_add_overflow(*sum, text.data[i] - '0', sum);
    if (!good)
        return error_set(error, "a sum is not a whole number in decimal, from 0 to 2^128 - 1");
    return 0;
}
