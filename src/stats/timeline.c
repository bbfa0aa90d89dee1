#include "wsload/stats/timeline.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/base/helpers.h"

/* Fine buckets that make up one bucket of a row, as a power of two: both count in octaves, so a
 * row's bucket is the fine one without its lowest bits. */
#define COARSER_BITS (HISTOGRAM_SUB_BITS - TIMELINE_SUB_BITS)

static void add_row(struct timeline_row *row, const struct timeline_row *other)
{
    row->done += other->done;
    row->failed += other->failed;
    row->in_flight += other->in_flight;
    row->open += other->open;
    for (size_t i = 0; i < TIMELINE_BUCKETS; i++) {
        uint32_t room = UINT32_MAX - row->counts[i];
        row->counts[i] += other->counts[i] < room ? other->counts[i] : room;
    }
}

/* Makes one row of every two of which the first has an even number. */
static void merge_pairs(struct timeline *timeline)
{
    uint64_t first = timeline->first / 2;
    size_t count = 0;
    for (size_t i = 0; i < timeline->count; i++) {
        size_t place = (size_t)((timeline->first + i) / 2 - first);
        if (place == count)
            timeline->rows[count++] = timeline->rows[i];
        else
            add_row(&timeline->rows[place], &timeline->rows[i]);
    }
    timeline->first = first;
    timeline->count = count;
    timeline->width_s *= 2;
}

int timeline_init(struct timeline *timeline)
{
    *timeline = (struct timeline){
        .rows = malloc(TIMELINE_ROWS_MAX * sizeof(*timeline->rows)),
        .width_s = 1,
    };
    return timeline->rows ? 0 : -1;
}

void timeline_free(struct timeline *timeline)
{
    free(timeline->rows);
    *timeline = (struct timeline){.width_s = 1};
}

static uint64_t first_second(const struct timeline *timeline)
{
    return timeline->first * timeline->width_s;
}

static uint64_t last_second(const struct timeline *timeline)
{
    return (timeline->first + timeline->count) * timeline->width_s - 1;
}

/* Moves the rows to where they stand when the first one has number FIRST, with empty ones around
 * them, COUNT in all. */
static void widen(struct timeline *timeline, uint64_t first, size_t count)
{
    struct timeline_row *rows = timeline->rows;
    size_t before = timeline->count > 0 ? (size_t)(timeline->first - first) : 0;
    size_t filled = before + timeline->count;
    if (before > 0) /* else megabytes would be moved to where they are, each second */
        memmove(&rows[before], rows, timeline->count * sizeof(*rows));
    memset(rows, 0, before * sizeof(*rows));
    memset(&rows[filled], 0, (count - filled) * sizeof(*rows));
    timeline->first = first;
    timeline->count = count;
}

/* Makes rows for all seconds since the epoch from FIRST to LAST. */
static void cover(struct timeline *timeline, uint64_t first, uint64_t last)
{
    if (timeline->count > 0) {
        first = u64_min(first, first_second(timeline));
        last = u64_max(last, last_second(timeline));
    }
    while (last / timeline->width_s - first / timeline->width_s >= TIMELINE_ROWS_MAX)
        merge_pairs(timeline);
    uint64_t number = first / timeline->width_s;
    widen(timeline, number, (size_t)(last / timeline->width_s - number) + 1);
}

struct timeline_row *timeline_row(struct timeline *timeline, uint64_t second)
{
    cover(timeline, second, second);
    return &timeline->rows[second / timeline->width_s - timeline->first];
}

void timeline_trim(struct timeline *timeline)
{
    if (timeline->count == 0)
        return;
    const struct timeline_row *last = &timeline->rows[timeline->count - 1];
    if (last->done == 0 && last->open == 0 && last->in_flight == 0)
        timeline->count--;
}

void timeline_merge(struct timeline *timeline, const struct timeline *other)
{
    if (other->count == 0)
        return;
    while (timeline->width_s < other->width_s)
        merge_pairs(timeline);
    cover(timeline, first_second(other), last_second(other));
    for (size_t i = 0; i < other->count; i++) {
        uint64_t number = (other->first + i) * other->width_s / timeline->width_s;
        add_row(&timeline->rows[number - timeline->first], &other->rows[i]);
    }
}

uint64_t timeline_bucket_middle_ns(size_t bucket)
{
    uint64_t start_ns = histogram_bucket_start(bucket << COARSER_BITS);
    uint64_t end_ns = histogram_bucket_start((bucket + 1) << COARSER_BITS);
    return start_ns + (end_ns - start_ns) / 2;
}

uint64_t timeline_percentile_ns(const struct timeline_row *row, double percent)
{
    uint64_t count = 0;
    for (size_t i = 0; i < TIMELINE_BUCKETS; i++)
        count += row->counts[i];
    if (count == 0)
        return 0;
    uint64_t rank = histogram_rank(count, percent);
    size_t bucket = 0;
    for (uint64_t seen = row->counts[0]; seen < rank;)
        seen += row->counts[++bucket];
    return timeline_bucket_middle_ns(bucket);
}

/* --- A row's counts in other forms --- */

int timeline_counts_format(const struct timeline_row *row, struct buffer *out)
{
    const char *space = "";
    size_t next = 0; /* the one after the last that was written */
    for (size_t i = 0; i < TIMELINE_BUCKETS; i++) {
        if (row->counts[i] == 0)
            continue;
        if (i > next ? buffer_printf(out, "%s%zu:%" PRIu32, space, i - next, row->counts[i])
                     : buffer_printf(out, "%s%" PRIu32, space, row->counts[i]))
            return -1;
        space = " ";
        next = i + 1;
    }
    return 0;
}

/* Takes a number from 1 to UINT32_MAX, without a zero before it, off the front of TEXT. 0 if there
 * is none. */
static uint32_t take_number(struct text *text)
{
    uint64_t number = 0;
    for (; text->length > 0 && text->data[0] >= '0' && text->data[0] <= '9'; text->length--) {
        number = number * 10 + (uint64_t)(*text->data++ - '0');
        if (number == 0 || number > UINT32_MAX)
            return 0;
    }
    return (uint32_t)number;
}

static bool take_character(struct text *text, char character)
{
    if (text->length == 0 || text->data[0] != character)
        return false;
    *text = (struct text){text->data + 1, text->length - 1};
    return true;
}

int timeline_counts_parse(struct text text, struct timeline_row *row, struct error *error)
{
    memset(row->counts, 0, sizeof(row->counts));
    size_t bucket = 0;
    while (text.length > 0) {
        uint32_t empty = 0;
        uint32_t count = take_number(&text);
        if (count > 0 && take_character(&text, ':')) {
            empty = count;
            count = take_number(&text);
        }
        if (count == 0 || (text.length > 0 && (!take_character(&text, ' ') || text.length == 0)))
            return error_set(error, "the counts of a row are not COUNT or EMPTY:COUNT, with one "
                                    "space between two");
        if (empty >= TIMELINE_BUCKETS - bucket)
            return error_set(error, "the counts of a row are of more than %d buckets",
                             TIMELINE_BUCKETS);
        bucket += empty;
        row->counts[bucket++] = count;
    }
    return 0;
}

void timeline_counts_record(const struct timeline_row *row, struct histogram *histogram)
{
    for (size_t i = 0; i < TIMELINE_BUCKETS; i++)
        histogram_record_many(histogram, timeline_bucket_middle_ns(i), row->counts[i]);
}
