/* A log-linear histogram of durations, after HdrHistogram (Tene): constant memory, mergeable.
 *
 * Values are nanoseconds up to 1 h, each counted in a bucket no wider than 1/1024 of its value (up
 * to 2 us a bucket is one nanosecond), so that a percentile is at most 0.1 % above the true sample
 * and never below it. Count, minimum, maximum, mean and standard deviation are exact. A longer
 * value is counted in the bucket of 1 h; all but the percentiles still see it as it is. Not
 * thread-safe: one writer. */
#ifndef WSLOAD_STATS_HISTOGRAM_H
#define WSLOAD_STATS_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_SUB_BITS   10 /* 1024 buckets per octave */
#define HISTOGRAM_HIGHEST_NS (UINT64_C(3600) * 1000000000)
#define HISTOGRAM_OCTAVES    32 /* 2^10 * 2^32 ns = 73 min */
#define HISTOGRAM_BUCKETS    ((HISTOGRAM_OCTAVES + 1) << HISTOGRAM_SUB_BITS)

/* 10^13 values of 1 h fit into the sum of squares. */
__extension__ typedef unsigned __int128 histogram_sum;

struct histogram {
    uint64_t count;
    uint64_t min; /* UINT64_MAX when empty */
    uint64_t max;
    histogram_sum sum;
    histogram_sum sum_squares;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

/* Makes it empty, whatever it held. Must be called before anything else. */
void histogram_init(struct histogram *histogram);

/* Empties one that is in use, or zeroed: costs only as much as its values spread. */
void histogram_reset(struct histogram *histogram);

/* Counts one value. */
void histogram_record(struct histogram *histogram, uint64_t value_ns);

/* Counts COUNT times the same value. */
void histogram_record_many(struct histogram *histogram, uint64_t value_ns, uint64_t count);

/* Adds OTHER's samples; any order of merging gives the same result. Costs only as much as OTHER's
 * values spread. */
void histogram_merge(struct histogram *histogram, const struct histogram *other);

/* The value at or below which PERCENT % (0..100, to six decimals) of the samples lie: nearest rank,
 * the upper end of its bucket, at least min and at most max. 0 when empty. */
uint64_t histogram_percentile(const struct histogram *histogram, double percent);

/* Samples above histogram_percentile()'s rank: how much a percentile rests on. */
uint64_t histogram_samples_beyond(const struct histogram *histogram, double percent);

/* Samples that are surely above VALUE_NS: those in buckets after its own. */
uint64_t histogram_count_above(const struct histogram *histogram, uint64_t value_ns);

/* Exact mean and population standard deviation in ns; 0 when empty. */
double histogram_mean(const struct histogram *histogram);
double histogram_stddev(const struct histogram *histogram);

/* --- For other forms of a histogram: the timeline's rows and the summary's bytes --- */

/* The bucket that counts VALUE_NS. A value of octave E, counted from 2^10 ns, keeps its upper 11
 * bits: 1024..2047. Octave 0 also takes what is below; there a bucket is the value itself. */
static inline size_t histogram_bucket_of(uint64_t value_ns)
{
    uint64_t value = value_ns < HISTOGRAM_HIGHEST_NS ? value_ns : HISTOGRAM_HIGHEST_NS;
    unsigned highest_bit = 63 - (unsigned)__builtin_clzll(value | 1 << HISTOGRAM_SUB_BITS);
    unsigned octave = highest_bit - HISTOGRAM_SUB_BITS;
    return ((size_t)octave << HISTOGRAM_SUB_BITS) + (size_t)(value >> octave);
}

/* The smallest value that BUCKET counts; of HISTOGRAM_BUCKETS, where the last one ends. */
uint64_t histogram_bucket_start(size_t bucket);

/* ceil(PERCENT / 100 * COUNT), from 1 to COUNT, in integers; 0 when COUNT is 0. */
uint64_t histogram_rank(uint64_t count, double percent);

/* Whether the buckets and the exact figures can be of the same samples, as they are in every
 * histogram that was only recorded to and merged: minimum and maximum lie in the first and the last
 * bucket that is used, and the sum and the squares are no less and no more than the buckets allow.
 */
bool histogram_consistent(const struct histogram *histogram);

#endif
