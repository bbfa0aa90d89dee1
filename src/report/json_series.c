#include "json_writer.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "wsload/base/buffer.h"
#include "wsload/stats/histogram_code.h"

#define NAME_SIZE          64 /* more than the first part of any metric's name */
#define HISTOGRAM_ENCODING "wsload-histogram-1"

/* No bucket takes more: 3 bytes for its distance and 10 for its count. */
#define CODE_MAX (HISTOGRAM_BUCKETS * 16)

/* --- Distributions --- */

static double percentile(const struct histogram *histogram, double percent)
{
    return (double)histogram_percentile_ns(histogram, percent);
}

/* What was not measured is null and never 0. */
static void put_distribution(struct json_writer *writer, cJSON *object, const struct metric *metric)
{
    static const struct histogram none;
    const struct histogram *histogram = metric->histogram(writer->results);
    const struct histogram *of = histogram != NULL ? histogram : &none;
    double scale = metric_scale(metric->unit);
    const struct {
        const char *name;
        double value;
    } figures[] = {{"average", histogram_mean_ns(of)}, {"median", percentile(of, 50)},
                   {"min", (double)of->min_ns},        {"max", (double)of->max_ns},
                   {"p95", percentile(of, 95)},        {"p99", percentile(of, 99)},
                   {"p90", percentile(of, 90)},        {"p999", percentile(of, 99.9)},
                   {"stddev", histogram_stddev_ns(of)}};
    for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
        if (of->count > 0)
            json_put_figure(writer, object, figures[i].name, metric->unit,
                            figures[i].value / scale);
        else
            json_put_null(writer, object, figures[i].name);
    }
}

/* The object that PATH leads to: "connect.tls" is the member "tls" of the member "connect". */
static cJSON *put_path(struct json_writer *writer, cJSON *root, const char *path)
{
    char first[NAME_SIZE];
    const char *point = strchr(path, '.');
    if (point == NULL)
        return json_put_object(writer, root, path);
    snprintf(first, sizeof(first), "%.*s", (int)(point - path), path);
    return json_put_object(writer, json_put_object(writer, root, first), point + 1);
}

void json_put_distributions(struct json_writer *writer, cJSON *root)
{
    size_t count;
    const struct metric *metrics = metrics_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (metrics[i].form == METRIC_DISTRIBUTION)
            put_distribution(writer, put_path(writer, root, metrics[i].name), &metrics[i]);
    }
}

/* --- Timeline --- */

static void put_row_percentile(struct json_writer *writer, cJSON *object, const char *name,
                               const struct timeline_row *row, double percent)
{
    json_put_seconds_if_any(writer, object, name, timeline_percentile_ns(row, percent));
}

static void append_row(struct json_writer *writer, cJSON *rows, const struct timeline *timeline,
                       size_t index)
{
    const struct timeline_row *row = &timeline->rows[index];
    cJSON *object = cJSON_CreateObject();
    json_put_seconds(writer, object, "time", (double)index * (double)timeline->width_ns);
    json_put_count(writer, object, "done", row->done);
    json_put_count(writer, object, "failed", row->failed);
    json_put_count(writer, object, "in_flight", row->in_flight);
    json_put_count(writer, object, "open", row->open);
    put_row_percentile(writer, object, "p50", row, 50);
    put_row_percentile(writer, object, "p95", row, 95);
    put_row_percentile(writer, object, "p99", row, 99);
    json_append_line(writer, rows, object);
}

void json_put_timeline(struct json_writer *writer, cJSON *root)
{
    const struct timeline *timeline = &writer->results->recorded.timeline;
    cJSON *object = json_put_object(writer, root, "timeline");
    json_put_string(writer, object, "metric",
                    writer->results->setup.model == LOAD_OPEN ? "response_time" : "latency");
    json_put_seconds(writer, object, "row_seconds", (double)timeline->width_ns);
    cJSON *rows = json_put_array(writer, object, "rows");
    for (size_t i = 0; i < timeline->count; i++)
        append_row(writer, rows, timeline, i);
}

/* --- Histograms --- */

/* The code of HISTOGRAM in base64 (RFC 4648 section 4). */
static void put_code(struct json_writer *writer, cJSON *object, const char *name,
                     const struct histogram *histogram)
{
    struct buffer code;
    struct buffer text;
    buffer_init(&code, CODE_MAX);
    buffer_init(&text, 2 * CODE_MAX);
    if (histogram_encode(histogram, &code) == 0 && buffer_reserve(&text, 2 * code.length) == 0) {
        EVP_EncodeBlock((unsigned char *)text.data, (const unsigned char *)code.data,
                        (int)code.length);
        json_put_string(writer, object, name, text.data);
    } else {
        writer->failed = true;
    }
    buffer_free(&text);
    buffer_free(&code);
}

/* Response time is latency in a closed run; its histogram is written once. */
static bool is_latency_again(const struct results *results, const struct metric *metric)
{
    return metric->histogram(results) == &results->recorded.latency &&
           strcmp(metric->name, "latency") != 0;
}

void json_put_histograms(struct json_writer *writer, cJSON *root)
{
    size_t count;
    const struct metric *metrics = metrics_table(&count);
    cJSON *object = json_put_object(writer, root, "histograms");
    json_put_string(writer, object, "encoding", HISTOGRAM_ENCODING);
    for (size_t i = 0; i < count; i++) {
        if (metrics[i].form != METRIC_DISTRIBUTION ||
            is_latency_again(writer->results, &metrics[i]))
            continue;
        const struct histogram *histogram = metrics[i].histogram(writer->results);
        if (histogram != NULL && histogram->count > 0)
            put_code(writer, object, metrics[i].name, histogram);
    }
}
