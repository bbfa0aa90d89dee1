#include "wsload/stats/histogram.h"

#include <math.h>
#include <string.h>

#include "wsload/base/helpers.h"

/* A percentage is counted in these, so that ranks come from integers: 0.999 * 1000 in floating
 * point may be a little more than 999, and the next whole number is then one rank too high. */
#define PARTS_PER_PERCENT 1000000
#define PARTS_IN_ALL      (100 * PARTS_PER_PERCENT)

/* The buckets outside of these are 0; of an empty histogram the last is before the first. */
static size_t first_bucket(const struct histogram *histogram)
{
    return histogram_bucket_of(histogram->min);
}

static size_t last_bucket(const struct histogram *histogram)
{
    return histogram_bucket_of(histogram->max);
}

/* The sum of (x - M)^2 over the samples X, where M is the whole part of their mean and REST what
 * remains: sum = n * M + REST. It is sum_squares - M * (sum + REST): where that product passes 128
 * bits it wraps, and the difference wraps back. */
static histogram_sum squares_around_mean(const struct histogram *histogram, histogram_sum *rest)
{
    histogram_sum mean = histogram->sum / histogram->count;
    *rest = histogram->sum % histogram->count;
    return histogram->sum_squares - mean * (histogram->sum + *rest);
}

uint64_t histogram_bucket_start(size_t bucket)
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
    return u64_min(u64_max(rank, 1), count);
}

void histogram_init(struct histogram *histogram)
{
    memset(histogram, 0, sizeof(*histogram));
    histogram->min = UINT64_MAX;
}

void histogram_reset(struct histogram *histogram)
{
    size_t last = last_bucket(histogram);
    for (size_t i = first_bucket(histogram); i <= last; i++)
        histogram->buckets[i] = 0;
    memset(histogram, 0, offsetof(struct histogram, buckets));
    histogram->min = UINT64_MAX;
}

static inline void add(struct histogram *histogram, uint64_t value_ns, uint64_t count)
{
    histogram->count += count;
    histogram->min = u64_min(histogram->min, value_ns);
    histogram->max = u64_max(histogram->max, value_ns);
    histogram->sum += (histogram_sum)count * value_ns;
    histogram->sum_squares += (histogram_sum)value_ns * value_ns * count;
    histogram->buckets[histogram_bucket_of(value_ns)] += count;
}

void histogram_record(struct histogram *histogram, uint64_t value_ns)
{
    add(histogram, value_ns, 1);
}

void histogram_record_many(struct histogram *histogram, uint64_t value_ns, uint64_t count)
{
    if (count > 0)
        add(histogram, value_ns, count);
}

void histogram_merge(struct histogram *histogram, const struct histogram *other)
{
    histogram->count += other->count;
    histogram->min = u64_min(histogram->min, other->min);
    histogram->max = u64_max(histogram->max, other->max);
    histogram->sum += other->sum;
    histogram->sum_squares += other->sum_squares;
    size_t last = last_bucket(other);
    for (size_t i = first_bucket(other); i <= last; i++)
        histogram->buckets[i] += other->buckets[i];
}

uint64_t histogram_percentile(const struct histogram *histogram, double percent)
{
    if (histogram->count == 0)
        return 0;
    uint64_t rank = histogram_rank(histogram->count, percent);
    size_t bucket = first_bucket(histogram);
    for (uint64_t seen = histogram->buckets[bucket]; seen < rank;)
        seen += histogram->buckets[++bucket];
    uint64_t end_ns = histogram_bucket_start(bucket + 1) - 1;
    return u64_max(histogram->min, u64_min(end_ns, histogram->max));
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

double histogram_mean(const struct histogram *histogram)
{
    if (histogram->count == 0)
        return 0;
    return (double)((long double)histogram->sum / (long double)histogram->count);
}

/* Around the mean's whole part the squares are small, and their sum is exact. What is left of the
 * mean is below 1 ns. */
double histogram_stddev(const struct histogram *histogram)
{
    if (histogram->count == 0)
        return 0;
    histogram_sum rest;
    histogram_sum squares = squares_around_mean(histogram, &rest);
    long double fraction = (long double)rest / (long double)histogram->count;
    long double variance = (long double)squares / (long double)histogram->count;
    return (double)sqrtl(variance - fraction * fraction);
}

/* Whether the buckets hold COUNT samples, the first where min and the last where max is. */
static bool buckets_consistent(const struct histogram *histogram)
{
    size_t first = histogram_bucket_of(UINT64_MAX);
    size_t last = 0;
    histogram_sum count = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (histogram->buckets[i] == 0)
            continue;
        first = u64_min(first, i);
        last = i;
        count += histogram->buckets[i];
    }
    return count == histogram->count && first == first_bucket(histogram) &&
           last == last_bucket(histogram);
}

/* What is known of a sample: it lies between these. */
struct range {
    uint64_t low;
    uint64_t high;
};

/* Of the samples in BUCKET. The bucket of 1 h also has what is longer. */
static struct range range_of(const struct histogram *histogram, size_t bucket)
{
    uint64_t end_ns = bucket == histogram_bucket_of(UINT64_MAX)
                          ? UINT64_MAX
                          : histogram_bucket_start(bucket + 1) - 1;
    return (struct range){u64_max(histogram_bucket_start(bucket), histogram->min),
                          u64_min(end_ns, histogram->max)};
}

/* Sums of many samples lie between these. */
struct bounds {
    histogram_sum least;
    histogram_sum most;
};

/* SUM + COUNT * DISTANCE^2; what is more than 128 bits is their most. */
static histogram_sum add_squares(histogram_sum sum, uint64_t count, uint64_t distance)
{
    histogram_sum squares = (histogram_sum)distance * distance;
    if (__builtin_mul_overflow(squares, count, &squares) ||
        __builtin_add_overflow(sum, squares, &sum))
        return ~(histogram_sum)0;
    return sum;
}

/* Adds COUNT samples of RANGE to the BOUNDS of the sum of squares around MEAN. */
static void add_range(struct bounds *bounds, uint64_t count, struct range range, uint64_t mean)
{
    uint64_t below = mean > range.low ? mean - range.low : 0;
    uint64_t above = range.high > mean ? range.high - mean : 0;
    uint64_t outside = mean < range.low    ? range.low - mean
                       : mean > range.high ? mean - range.high
                                           : 0;
    bounds->least = add_squares(bounds->least, count, outside);
    bounds->most = add_squares(bounds->most, count, u64_max(below, above));
}

/* The samples in BUCKET but the two that are known: one of the minimum, one of the maximum. */
static uint64_t unknown_samples(const struct histogram *histogram, size_t bucket)
{
    return histogram->buckets[bucket] - (bucket == first_bucket(histogram)) -
           (bucket == last_bucket(histogram));
}

static bool sum_consistent(const struct histogram *histogram)
{
    struct bounds sum;
    sum.least = sum.most = (histogram_sum)histogram->min + histogram->max;
    size_t last = last_bucket(histogram);
    for (size_t i = first_bucket(histogram); i <= last; i++) {
        histogram_sum count = unknown_samples(histogram, i);
        struct range range = range_of(histogram, i);
        sum.least += count * range.low;
        sum.most += count * range.high;
    }
    return histogram->sum >= sum.least && histogram->sum <= sum.most;
}

/* N whole numbers that add up to n * M + REST lie at least REST squares of 1 around M. */
static bool squares_consistent(const struct histogram *histogram)
{
    histogram_sum rest;
    histogram_sum squares = squares_around_mean(histogram, &rest);
    uint64_t mean = (uint64_t)(histogram->sum / histogram->count);
    struct bounds bounds = {0};
    add_range(&bounds, 1, (struct range){histogram->min, histogram->min}, mean);
    add_range(&bounds, 1, (struct range){histogram->max, histogram->max}, mean);
    size_t last = last_bucket(histogram);
    for (size_t i = first_bucket(histogram); i <= last; i++)
        add_range(&bounds, unknown_samples(histogram, i), range_of(histogram, i), mean);
    return squares >= rest && squares >= bounds.least && squares <= bounds.most;
}

bool histogram_consistent(const struct histogram *histogram)
{
    if (!buckets_consistent(histogram) ||
        (histogram->count > 0) != (histogram->min <= histogram->max))
        return false;
    if (histogram->count > 1)
        return sum_consistent(histogram) && squares_consistent(histogram);
    if (histogram->count == 1)
        return histogram->min == histogram->max && histogram->sum == histogram->max &&
               histogram->sum_squares == histogram->sum * histogram->sum;
    return histogram->min == UINT64_MAX && histogram->max == 0 && histogram->sum == 0 &&
           histogram->sum_squares == 0;
}
