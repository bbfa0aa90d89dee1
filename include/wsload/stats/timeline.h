/* The run second by second, in bounded memory however long it is: when there are TIMELINE_ROWS_MAX
 * rows, neighbours are merged pairwise and a row covers twice the time. So a row keeps not
 * percentiles, which cannot be merged, but a coarse histogram: buckets no wider than 1/32 of their
 * value (up to 1 us, 32 ns), whose middle is at most 1.6 % off. */
#ifndef WSLOAD_STATS_TIMELINE_H
#define WSLOAD_STATS_TIMELINE_H

#include <stddef.h>
#include <stdint.h>

#include "wsload/stats/histogram.h"

#define TIMELINE_ROWS_MAX  1000
#define TIMELINE_SUB_BITS  5 /* 32 buckets per octave */
#define TIMELINE_BUCKETS   (HISTOGRAM_BUCKETS >> (HISTOGRAM_SUB_BITS - TIMELINE_SUB_BITS))
#define TIMELINE_SECOND_NS UINT64_C(1000000000)

struct timeline_row {
    uint64_t done;      /* requests that ended in its time, ok or failed */
    uint64_t failed;    /* of those */
    uint64_t in_flight; /* at its end */
    uint64_t open;      /* connections, at its end */
    uint32_t counts[TIMELINE_BUCKETS];
};

struct timeline {
    struct timeline_row *rows; /* owned, room for TIMELINE_ROWS_MAX */
    size_t count;
    uint64_t width_ns; /* of a row: TIMELINE_SECOND_NS times a power of two */
};

/* What happened in one second. */
struct timeline_second {
    uint64_t number; /* since the beginning, from 0; never smaller than in the call before */
    uint64_t done;
    uint64_t failed;
    uint64_t in_flight;
    uint64_t open;
    const struct histogram *times; /* of the requests that went well; borrowed */
};

/* An empty timeline. 0, or -1 when memory is out. */
int timeline_init(struct timeline *timeline);

/* Releases the rows; a zeroed timeline is fine. */
void timeline_free(struct timeline *timeline);

/* Adds a second to its row; rows that nothing was added to are empty. Allocates nothing. */
void timeline_add(struct timeline *timeline, const struct timeline_second *second);

/* Adds the rows of OTHER, which covers the same time: counts and gauges are summed. Any order of
 * merging gives the same counts. */
void timeline_merge(struct timeline *timeline, const struct timeline *other);

/* The PERCENT-th percentile of ROW: the middle of its bucket, ns. 0 when it has no times. */
uint64_t timeline_percentile_ns(const struct timeline_row *row, double percent);

#endif
