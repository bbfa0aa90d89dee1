#include "wsload/report/hdr.h"

#include <inttypes.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <time.h>

#include "wsload/base/clock.h"
#include "wsload/stats/histogram_code.h"
#include "wsload/stats/timeline.h"

/* --- Base64 --- */

/* Three bytes are four characters. */
#define TEXT_MAX ((HISTOGRAM_CODE_MAX + 2) / 3 * 4)

static int append_base64(struct buffer *out, struct text bytes)
{
    size_t length = (bytes.length + 2) / 3 * 4;
    if (length > out->maximum - out->length || buffer_reserve(out, out->length + length))
        return -1;
    EVP_EncodeBlock((unsigned char *)out->data + out->length, (const unsigned char *)bytes.data,
                    (int)bytes.length);
    out->length += length;
    return 0;
}

int histogram_base64_write(const struct histogram *histogram, struct buffer *out)
{
    struct buffer code;
    buffer_init(&code, HISTOGRAM_CODE_MAX);
    int result = histogram_encode(histogram, &code) ? -1 : append_base64(out, buffer_text(&code));
    buffer_free(&code);
    return result;
}

/* OpenSSL overlooks white space around the text and bits that no byte uses: only what is the same
 * again when it is encoded is base64. AGAIN is scratch. */
static bool decode_base64(struct text text, struct buffer *bytes, struct buffer *again)
{
    size_t length = text.length / 4 * 3;
    if (length == 0 || text.length > TEXT_MAX || text.length % 4 != 0 ||
        buffer_reserve(bytes, length) ||
        EVP_DecodeBlock((unsigned char *)bytes->data, (const unsigned char *)text.data,
                        (int)text.length) < 0)
        return false;
    bytes->length = length - (text.data[text.length - 1] == '=') -
                    (text.data[text.length - 2] == '=');
    return !append_base64(again, buffer_text(bytes)) && text_equal(buffer_text(again), text);
}

int histogram_base64_read(struct text text, struct histogram *histogram, struct error *error)
{
    int result;
    struct buffer code;
    struct buffer again;
    buffer_init(&code, TEXT_MAX);
    buffer_init(&again, TEXT_MAX);
    if (decode_base64(text, &code, &again))
        result = histogram_decode(buffer_text(&code), histogram, error);
    else
        result = error_set(error, "a histogram is not base64, or of more bytes than any has");
    buffer_free(&again);
    buffer_free(&code);
    return result;
}

/* --- Interval log --- */

static int put_head(struct buffer *out, uint64_t start_s)
{
    time_t start = (time_t)start_s;
    struct tm utc;
    char date[64];
    if (!gmtime_r(&start, &utc) || !strftime(date, sizeof(date), "%a %b %d %T UTC %Y", &utc))
        return -1;
    return buffer_printf(out,
                         "#[Histogram log format version 1.3]\n"
                         "#[StartTime: %" PRIu64 ".000 (seconds since epoch), %s]\n"
                         "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
                         "\"Interval_Compressed_Histogram\"\n",
                         start_s, date);
}

static int put_interval(struct buffer *out, const struct timeline *timeline, size_t index,
                        struct histogram *scratch)
{
    double width_s = (double)timeline->width_s;
    histogram_reset(scratch);
    timeline_counts_record(&timeline->rows[index], scratch);
    if (buffer_printf(out, "%.3f,%.3f,%.3f,", (double)index * width_s, width_s,
                      (double)scratch->max / (double)NS_PER_MS) ||
        histogram_base64_write(scratch, out))
        return -1;
    return buffer_append(out, "\n", 1);
}

int hlog_write(const struct measurement *measurement, const struct verdict *verdict,
               struct buffer *out)
{
    (void)verdict;
    const struct timeline *timeline = &measurement->timeline;
    struct histogram *scratch = malloc(sizeof(*scratch));
    if (!scratch)
        return -1;
    histogram_init(scratch);
    uint64_t start_s = timeline->count ? timeline->first * timeline->width_s
                                       : measurement->started_unix_ms / 1000;
    int result = put_head(out, start_s);
    for (size_t i = 0; result == 0 && i < timeline->count; i++)
        result = put_interval(out, timeline, i, scratch);
    free(scratch);
    return result;
}

/* --- Percentiles --- */

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

/* A row for each step until one reaches the last sample, and one for the whole. */
static int put_steps(struct buffer *out, const struct histogram *histogram)
{
    uint64_t samples = 0; /* in all buckets below BUCKET */
    size_t bucket = 0;
    for (double percent = 0; samples < histogram->count; percent = next_percent(percent)) {
        uint64_t rank = histogram->count - histogram_samples_beyond(histogram, percent);
        while (samples < rank)
            samples += histogram->buckets[bucket++];
        if (buffer_printf(out, "%12.3f %2.12f %10" PRIu64 " %14.2f\n",
                          ms((double)histogram_percentile(histogram, percent)), percent / 100,
                          samples, 1 / (1 - percent / 100)))
            return -1;
    }
    if (histogram->count == 0)
        return 0;
    return buffer_printf(out, "%12.3f %2.12f %10" PRIu64 "\n",
                         ms((double)histogram_percentile(histogram, 100)), 1.0, histogram->count);
}

/* In HdrHistogram's terms a bucket is an octave, and only the upper half of its sub-buckets is
 * used. */
static int put_tail(struct buffer *out, const struct histogram *histogram)
{
    return buffer_printf(out,
                         "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n"
                         "#[Max     = %12.3f, Total count    = %12" PRIu64 "]\n"
                         "#[Buckets = %12d, SubBuckets     = %12d]\n",
                         ms(histogram_mean(histogram)), ms(histogram_stddev(histogram)),
                         ms((double)histogram->max), histogram->count, HISTOGRAM_OCTAVES,
                         2 << HISTOGRAM_SUB_BITS);
}

int hgrm_write(const struct measurement *measurement, const struct verdict *verdict,
               struct buffer *out)
{
    (void)verdict;
    const struct metric *metric = metric_of_distribution(DIST_RESPONSE_TIME);
    const struct histogram *histogram = metric_histogram(metric, measurement);
    if (!histogram) /* without replies there are none */
        histogram = &measurement->distributions[DIST_RESPONSE_TIME];
    if (buffer_printf(out, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount",
                      "1/(1-Percentile)") ||
        put_steps(out, histogram))
        return -1;
    return put_tail(out, histogram);
}
