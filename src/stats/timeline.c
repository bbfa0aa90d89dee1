#include "wsload/stats/timeline.h"

#include <stdlib.h>
#include <string.h>

/* Fine buckets that make up one bucket of a row, as a power of two: both count in octaves, so a
 * row's bucket is the fine one without its lowest bits. */
#define COARSER_BITS (HISTOGRAM_SUB_BITS - TIMELINE_SUB_BITS)

/* A row that stands for days may have more in a bucket than 32 bits; it stays full then, and the
 * row's percentiles lean to it. */
static void count_into(uint32_t *bucket, uint64_t samples)
{
    uint64_t room = UINT32_MAX - *bucket;
    *bucket += (uint32_t)(samples < room ? samples : room);
}

/* Adds what is counted in OTHER; gauges are not. */
static void add_counts(struct timeline_row *row, const struct timeline_row *other)
{
    row->done += other->done;
    row->failed += other->failed;
    for (size_t i = 0; i < TIMELINE_BUCKETS; i++)
        count_into(&row->counts[i], other->counts[i]);
}

static void add_times(struct timeline_row *row, const struct histogram *times)
{
    size_t last = histogram_bucket_of(times->max_ns);
    for (size_t i = histogram_bucket_of(times->min_ns); i <= last; i++)
        count_into(&row->counts[i >> COARSER_BITS], times->buckets[i]);
}

/* Makes one row of every two. A last one without a neighbour stays as it is. */
static void merge_pairs(struct timeline *timeline)
{
    for (size_t i = 0; i < timeline->count; i++) {
        struct timeline_row *row = &timeline->rows[i / 2];
        const struct timeline_row *old = &timeline->rows[i];
        if (i % 2 == 0) {
            *row = *old;
        } else {
            add_counts(row, old);
            row->in_flight = old->in_flight;
            row->open = old->open;
        }
    }
    timeline->count = (timeline->count + 1) / 2;
    timeline->width_ns *= 2;
}

/* The index of the row that SECOND belongs to, at today's width. */
static size_t index_of(const struct timeline *timeline, uint64_t second)
{
    return (size_t)(second / (timeline->width_ns / TIMELINE_SECOND_NS));
}

/* The row at INDEX below TIMELINE_ROWS_MAX, with empty ones before it where there were none. */
static struct timeline_row *row_at(struct timeline *timeline, size_t index)
{
    while (timeline->count <= index)
        memset(&timeline->rows[timeline->count++], 0, sizeof(timeline->rows[0]));
    return &timeline->rows[index];
}

int timeline_init(struct timeline *timeline)
{
    timeline->rows = malloc(TIMELINE_ROWS_MAX * sizeof(timeline->rows[0]));
    timeline->count = 0;
    timeline->width_ns = TIMELINE_SECOND_NS;
    return timeline->rows != NULL ? 0 : -1;
}

void timeline_free(struct timeline *timeline)
{
    free(timeline->rows);
    timeline->rows = NULL;
    timeline->count = 0;
}

void timeline_add(struct timeline *timeline, const struct timeline_second *second)
{
    while (index_of(timeline, second->number) >= TIMELINE_ROWS_MAX)
        merge_pairs(timeline);
    struct timeline_row *row = row_at(timeline, index_of(timeline, second->number));
    row->done += second->done;
    row->failed += second->failed;
    row->in_flight = second->in_flight;
    row->open = second->open;
    add_times(row, second->times);
}

/* Of several rows of OTHER that fall into one, the last has the gauges at its end. */
void timeline_merge(struct timeline *timeline, const struct timeline *other)
{
    while (timeline->width_ns < other->width_ns)
        merge_pairs(timeline);
    size_t together = (size_t)(timeline->width_ns / other->width_ns);
    for (size_t i = 0; i < other->count; i++) {
        struct timeline_row *row = row_at(timeline, i / together);
        add_counts(row, &other->rows[i]);
        if ((i + 1) % together == 0 || i + 1 == other->count) {
            row->in_flight += other->rows[i].in_flight;
            row->open += other->rows[i].open;
        }
    }
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
    uint64_t start_ns = histogram_bucket_start_ns(bucket << COARSER_BITS);
    uint64_t end_ns = histogram_bucket_start_ns((bucket + 1) << COARSER_BITS);
    return start_ns + (end_ns - start_ns) / 2;
}
