#include "wsload/stats/histogram.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* A percentage is counted in these, so that ranks come from integers: 0.999 * 1000 in floating
 * point may be a little more than 999, and the next whole number is then one rank too high. */
#define PARTS_PER_PERCENT 1000000
#define PARTS_IN_ALL      (100 * PARTS_PER_PERCENT)

/* A value of octave E, counted from 2^10 ns, keeps its upper 11 bits: 1024..2047. Octave 0 also
 * takes what is below; there a bucket is the value itself. */
static size_t bucket_of(uint64_t value_ns)
{
    unsigned highest_bit = 63 - (unsigned)__builtin_clzll(value_ns | 1 << HISTOGRAM_SUB_BITS);
    unsigned octave = highest_bit - HISTOGRAM_SUB_BITS;
    return ((size_t)octave << HISTOGRAM_SUB_BITS) + (size_t)(value_ns >> octave);
}

/* The largest value that BUCKET counts. */
static uint64_t bucket_end_ns(size_t bucket)
{
    if (bucket < 2 << HISTOGRAM_SUB_BITS)
        return bucket;
    size_t octave = (bucket >> HISTOGRAM_SUB_BITS) - 1;
    uint64_t upper_bits = bucket - (octave << HISTOGRAM_SUB_BITS);
    return ((upper_bits + 1) << octave) - 1;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* ceil(percent / 100 * count), from 1 to count; 0 when empty. */
static uint64_t nearest_rank(const struct histogram *histogram, double percent)
{
    histogram_sum parts = (histogram_sum)llround(percent * PARTS_PER_PERCENT);
    uint64_t rank = (uint64_t)((parts * histogram->count + PARTS_IN_ALL - 1) / PARTS_IN_ALL);
    return smaller(larger(rank, 1), histogram->count);
}

void histogram_reset(struct histogram *histogram)
{
    memset(histogram, 0, sizeof(*histogram));
    histogram->min_ns = UINT64_MAX;
}

void histogram_record(struct histogram *histogram, uint64_t value_ns)
{
    histogram->count++;
    histogram->min_ns = smaller(histogram->min_ns, value_ns);
    histogram->max_ns = larger(histogram->max_ns, value_ns);
    histogram->sum_ns += value_ns;
    histogram->sum_squares += (histogram_sum)value_ns * value_ns;
    histogram->buckets[bucket_of(smaller(value_ns, HISTOGRAM_HIGHEST_NS))]++;
}

void histogram_merge(struct histogram *histogram, const struct histogram *other)
{
    histogram->count += other->count;
    histogram->min_ns = smaller(histogram->min_ns, other->min_ns);
    histogram->max_ns = larger(histogram->max_ns, other->max_ns);
    histogram->sum_ns += other->sum_ns;
    histogram->sum_squares += other->sum_squares;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        histogram->buckets[i] += other->buckets[i];
}

uint64_t histogram_percentile_ns(const struct histogram *histogram, double percent)
{
    if (histogram->count == 0)
        return 0;
    uint64_t rank = nearest_rank(histogram, percent);
    size_t bucket = bucket_of(smaller(histogram->min_ns, HISTOGRAM_HIGHEST_NS));
    for (uint64_t seen = histogram->buckets[bucket]; seen < rank;)
        seen += histogram->buckets[++bucket];
    return larger(histogram->min_ns, smaller(bucket_end_ns(bucket), histogram->max_ns));
}

uint64_t histogram_samples_beyond(const struct histogram *histogram, double percent)
{
    return histogram->count - nearest_rank(histogram, percent);
}

double histogram_mean_ns(const struct histogram *histogram)
{
    if (histogram->count == 0)
        return 0;
    return (double)((long double)histogram->sum_ns / (long double)histogram->count);
}

/* Around the mean's whole part M the squares are small, and their sum is exact: with
 * sum = n * M + R, the sum of (x - M)^2 is sum_squares - M * (sum + R). Where that product passes
 * 128 bits it wraps, and the difference wraps back. What is left of the mean is below 1 ns. */
double histogram_stddev_ns(const struct histogram *histogram)
{
    if (histogram->count == 0)
        return 0;
    histogram_sum mean = histogram->sum_ns / histogram->count;
    histogram_sum rest = histogram->sum_ns % histogram->count;
    histogram_sum squares = histogram->sum_squares - mean * (histogram->sum_ns + rest);
    long double fraction = (long double)rest / (long double)histogram->count;
    long double variance = (long double)squares / (long double)histogram->count;
    return (double)sqrtl(variance - fraction * fraction);
}
