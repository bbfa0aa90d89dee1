/* The run second by second, in bounded memory however long it is: when there are TIMELINE_ROWS_MAX
 * rows, neighbours are merged pairwise and a row covers twice the time. So a row keeps not
 * percentiles, which cannot be merged, but a coarse histogram: buckets no wider than 1/32 of their
 * value (up to 1 us, 32 ns), whose middle is at most 1.6 % off.
 *
 * Rows are numbered from the Unix epoch in units of their width, so that those of workers, shards
 * and machines lie over each other wherever they began. */
#ifndef WSLOAD_STATS_TIMELINE_H
#define WSLOAD_STATS_TIMELINE_H

#include <stddef.h>
#include <stdint.h>

#include "wsload/base/error.h"
#include "wsload/base/text.h"
#include "wsload/stats/histogram.h"

#define TIMELINE_ROWS_MAX 1000
#define TIMELINE_SUB_BITS 5 /* 32 buckets per octave */
#define TIMELINE_BUCKETS  (HISTOGRAM_BUCKETS >> (HISTOGRAM_SUB_BITS - TIMELINE_SUB_BITS))

struct timeline_row {
    uint64_t done;                     /* requests that ended in its time, ok or failed */
    uint64_t failed;                   /* of those */
    uint64_t in_flight;                /* requests at the end of each of its seconds, added up */
    uint64_t open;                     /* connections, likewise */
    uint32_t counts[TIMELINE_BUCKETS]; /* stay full at UINT32_MAX */
};

struct timeline {
    struct timeline_row *rows; /* owned; NULL until the first row is made */
    size_t count;
    uint64_t first;   /* number of the first row since the epoch */
    uint64_t width_s; /* of a row in seconds, a power of two */
};

/* An empty timeline with room for all its rows. 0, or -1 when memory is out. */
int timeline_init(struct timeline *timeline);

/* Releases the rows; a zeroed timeline is fine. */
void timeline_free(struct timeline *timeline);

/* The row that SECOND since the epoch belongs to; those before it that were not there are made
 * empty. Allocates nothing. Valid until the next call; SECOND is never before the first row. */
struct timeline_row *timeline_row(struct timeline *timeline, uint64_t second);

/* Counts a time of a request that went well in ROW. */
static inline void timeline_count(struct timeline_row *row, uint64_t value_ns)
{
    size_t bucket = histogram_bucket_of(value_ns) >> (HISTOGRAM_SUB_BITS - TIMELINE_SUB_BITS);
    row->counts[bucket] += row->counts[bucket] < UINT32_MAX;
}

/* Drops the last row if nothing happened in it yet. */
void timeline_trim(struct timeline *timeline);

/* Adds the rows of OTHER. Any order of adding gives the same. */
void timeline_merge(struct timeline *timeline, const struct timeline *other);

/* The value that stands for all in BUCKET of a row. */
uint64_t timeline_bucket_middle_ns(size_t bucket);

/* The PERCENT-th percentile of ROW: the middle of its bucket, ns. 0 when it has no times. */
uint64_t timeline_percentile_ns(const struct timeline_row *row, double percent);

/* --- A row's counts in other forms --- */

/* Appends ROW's counts to OUT: COUNT, or EMPTY:COUNT where EMPTY buckets without a sample come
 * first, for each bucket with samples from 0 on, a space between two. "300:5 7 1:2" is 5 in bucket
 * 300, 7 in 301 and 2 in 303; without samples it is "". 0, or -1 when OUT is full or memory is out;
 * it has a part of them then. */
int timeline_counts_format(const struct timeline_row *row, struct buffer *out);

/* Reads them back into ROW, whose other members stay. -1 unless TEXT is exactly what
 * timeline_counts_format() writes of some counts; they are undefined then. Safe with any bytes. */
int timeline_counts_parse(struct text text, struct timeline_row *row, struct error *error);

/* Adds ROW's samples to HISTOGRAM, each as the middle of its bucket. */
void timeline_counts_record(const struct timeline_row *row, struct histogram *histogram);

#endif
