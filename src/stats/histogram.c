#include "wsload/stats/histogram.h"

#include <math.h>
#include <string.h>

/* A percentage is counted in these, so that ranks come from integers: 0.999 * 1000 in floating
 * point may be a little more than 999, and the next whole number is then one rank too high. */
#define PARTS_PER_PERCENT 1000000
#define PARTS_IN_ALL      (100 * PARTS_PER_PERCENT)

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* The buckets outside of these are 0; of an empty histogram the last is before the first. */
static size_t first_bucket(const struct histogram *histogram)
{
    return histogram_bucket_of(histogram->min_ns);
}

static size_t last_bucket(const struct histogram *histogram)
{
    return histogram_bucket_of(histogram->max_ns);
}

/* The sum of (x - M)^2 over the samples X, where M is the whole part of their mean and REST what
 * remains: sum = n * M + REST. It is sum_squares - M * (sum + REST): where that product passes 128
 * bits it wraps, and the difference wraps back. */
static histogram_sum squares_around_mean(const struct histogram *histogram, histogram_sum *rest)
{
    histogram_sum mean = histogram->sum_ns / histogram->count;
    *rest = histogram->sum_ns % histogram->count;
    return histogram->sum_squares - mean * (histogram->sum_ns + *rest);
}

/* A value of octave E, counted from 2^10 ns, keeps its upper 11 bits: 1024..2047. Octave 0 also
 * takes what is below; there a bucket is the value itself. */
size_t histogram_bucket_of(uint64_t value_ns)
{
    uint64_t value = smaller(value_ns, HISTOGRAM_HIGHEST_NS);
    unsigned highest_bit = 63 - (unsigned)__builtin_clzll(value | 1 << HISTOGRAM_SUB_BITS);
    unsigned octave = highest_bit - HISTOGRAM_SUB_BITS;
    return ((size_t)octave << HISTOGRAM_SUB_BITS) + (size_t)(value >> octave);
}

uint64_t histogram_bucket_start_ns(size_t bucket)
{
    if (bucket < 2 << HISTOGRAM_SUB_BITS)
        return bucket;
    size_t octave = (bucket >> HISTOGRAM_SUB_BITS) - 1;
    uint64_t upper_bits = bucket - (octave << HISTOGRAM_SUB_BITS);
    return upper_bits << octave;
}

uint64_t histogram_rank(uint64_t count, double percent)
{
    histogram_sum parts = (histogram_sum)llround(percent * PARTS_PER_PERCENT);
    uint64_t rank = (uint64_t)((parts * count + PARTS_IN_ALL - 1) / PARTS_IN_ALL);
    return smaller(larger(rank, 1), count);
}

void histogram_init(struct histogram *histogram)
{
    memset(histogram, 0, sizeof(*histogram));
    histogram->min_ns = UINT64_MAX;
}

void histogram_reset(struct histogram *histogram)
{
    size_t last = last_bucket(histogram);
    for (size_t i = first_bucket(histogram); i <= last; i++)
        histogram->buckets[i] = 0;
    histogram->count = 0;
    histogram->min_ns = UINT64_MAX;
    histogram->max_ns = 0;
    histogram->sum_ns = 0;
    histogram->sum_squares = 0;
}

void histogram_record(struct histogram *histogram, uint64_t value_ns)
{
    histogram->count++;
    histogram->min_ns = smaller(histogram->min_ns, value_ns);
    histogram->max_ns = larger(histogram->max_ns, value_ns);
    histogram->sum_ns += value_ns;
    histogram->sum_squares += (histogram_sum)value_ns * value_ns;
    histogram->buckets[histogram_bucket_of(value_ns)]++;
}

void histogram_merge(struct histogram *histogram, const struct histogram *other)
{
    histogram->count += other->count;
    histogram->min_ns = smaller(histogram->min_ns, other->min_ns);
    histogram->max_ns = larger(histogram->max_ns, other->max_ns);
    histogram->sum_ns += other->sum_ns;
    histogram->sum_squares += other->sum_squares;
    size_t last = last_bucket(other);
    for (size_t i = first_bucket(other); i <= last; i++)
        histogram->buckets[i] += other->buckets[i];
}

uint64_t histogram_percentile_ns(const struct histogram *histogram, double percent)
{
    if (histogram->count == 0)
        return 0;
    uint64_t rank = histogram_rank(histogram->count, percent);
    size_t bucket = first_bucket(histogram);
    for (uint64_t seen = histogram->buckets[bucket]; seen < rank;)
        seen += histogram->buckets[++bucket];
    uint64_t end_ns = histogram_bucket_start_ns(bucket + 1) - 1;
    return larger(histogram->min_ns, smaller(end_ns, histogram->max_ns));
}

uint64_t histogram_samples_beyond(const struct histogram *histogram, double percent)
{
    return histogram->count - histogram_rank(histogram->count, percent);
}

uint64_t histogram_count_above(const struct histogram *histogram, uint64_t value_ns)
{
    uint64_t above = 0;
    size_t last = last_bucket(histogram);
    for (size_t i = histogram_bucket_of(value_ns) + 1; i <= last; i++)
        above += histogram->buckets[i];
    return above;
}

double histogram_mean_ns(const struct histogram *histogram)
{
    if (histogram->count == 0)
        return 0;
    return (double)((long double)histogram->sum_ns / (long double)histogram->count);
}

/* Around the mean's whole part the squares are small, and their sum is exact. What is left of the
 * mean is below 1 ns. */
double histogram_stddev_ns(const struct histogram *histogram)
{
    if (histogram->count == 0)
        return 0;
    histogram_sum rest;
    histogram_sum squares = squares_around_mean(histogram, &rest);
    long double fraction = (long double)rest / (long double)histogram->count;
    long double variance = (long double)squares / (long double)histogram->count;
    return (double)sqrtl(variance - fraction * fraction);
}

/* Whether the buckets hold COUNT samples, the first where min_ns and the last where max_ns is. */
static bool buckets_consistent(const struct histogram *histogram)
{
    size_t first = histogram_bucket_of(UINT64_MAX);
    size_t last = 0;
    histogram_sum count = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (histogram->buckets[i] == 0)
            continue;
        first = smaller(first, i);
        last = i;
        count += histogram->buckets[i];
    }
    return count == histogram->count && first == first_bucket(histogram) &&
           last == last_bucket(histogram);
}

/* Whether mean and deviation fit minimum and maximum: N whole numbers that add up to n * M + REST
 * lie at least REST squares of 1 around M. */
static bool sums_consistent(const struct histogram *histogram)
{
    histogram_sum count = histogram->count;
    if (histogram->sum_ns < count * histogram->min_ns ||
        histogram->sum_ns > count * histogram->max_ns)
        return false; /* also when the minimum is above the maximum */
    histogram_sum rest;
    histogram_sum squares = squares_around_mean(histogram, &rest);
    histogram_sum spread = histogram->max_ns - histogram->min_ns;
    return squares >= rest && squares / count <= spread * spread;
}

bool histogram_consistent(const struct histogram *histogram)
{
    if (!buckets_consistent(histogram))
        return false;
    if (histogram->count > 0)
        return sums_consistent(histogram);
    return histogram->min_ns == UINT64_MAX && histogram->max_ns == 0 && histogram->sum_ns == 0 &&
           histogram->sum_squares == 0;
}
