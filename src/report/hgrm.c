#include "wsload/report/hgrm.h"

#include <inttypes.h>
#include <math.h>

#include "wsload/base/clock.h"

#define TICKS_PER_HALF 5

static double ms(double ns)
{
    return ns / (double)NS_PER_MS;
}

/* Between 0 and 50 % there are five steps, from there to 75 % again five, and so on: each time the
 * rest is halved (HdrHistogram's PercentileIterator). */
static double next_percent(double percent)
{
    double halves = floor(log2(100 / (100 - percent))) + 1;
    return percent + 100 / (TICKS_PER_HALF * exp2(halves));
}

/* Where the samples are counted: all buckets below BUCKET hold SAMPLES. */
struct position {
    size_t bucket;
    uint64_t samples;
};

/* Goes on to the end of the bucket in which PERCENT % of the samples are reached. */
static void go_to(struct position *position, const struct histogram *histogram, double percent)
{
    uint64_t rank = histogram->count - histogram_samples_beyond(histogram, percent);
    while (position->samples < rank)
        position->samples += histogram->buckets[position->bucket++];
}

static int put_row(struct buffer *out, const struct histogram *histogram, double percent,
                   uint64_t samples)
{
    return buffer_printf(out, "%12.3f %2.12f %10" PRIu64 " %14.2f\n",
                         ms((double)histogram_percentile_ns(histogram, percent)), percent / 100,
                         samples, 1 / (1 - percent / 100));
}

/* A row for each step until one reaches the last sample, and one for the whole. */
static int put_rows(struct buffer *out, const struct histogram *histogram)
{
    struct position position = {0};
    for (double percent = 0; position.samples < histogram->count; percent = next_percent(percent)) {
        go_to(&position, histogram, percent);
        if (put_row(out, histogram, percent, position.samples) != 0)
            return -1;
    }
    if (histogram->count == 0)
        return 0;
    return buffer_printf(out, "%12.3f %2.12f %10" PRIu64 "\n",
                         ms((double)histogram_percentile_ns(histogram, 100)), 1.0,
                         histogram->count);
}

/* In HdrHistogram's terms a bucket is an octave, and only the upper half of its sub-buckets is
 * used. */
static int put_tail(struct buffer *out, const struct histogram *histogram)
{
    return buffer_printf(out,
                         "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n"
                         "#[Max     = %12.3f, Total count    = %12" PRIu64 "]\n"
                         "#[Buckets = %12d, SubBuckets     = %12d]\n",
                         ms(histogram_mean_ns(histogram)), ms(histogram_stddev_ns(histogram)),
                         ms((double)histogram->max_ns), histogram->count, HISTOGRAM_OCTAVES,
                         2 << HISTOGRAM_SUB_BITS);
}

int report_hgrm(const struct results *results, struct buffer *out)
{
    const struct histogram *histogram = results_response_time(results);
    if (buffer_printf(out, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount",
                      "1/(1-Percentile)") != 0)
        return -1;
    if (put_rows(out, histogram) != 0)
        return -1;
    return put_tail(out, histogram);
}
