#include "wsload/report/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/base/utf8.h"
#include "wsload/stats/metrics.h"

/* Puts members into objects; remembers a failure, so that it is asked for once. A member of an
 * object that could not be made is refused by cJSON, and nothing is leaked. */
struct writer {
    const struct results *results;
    bool failed;
};

static cJSON *checked(struct writer *writer, cJSON *item)
{
    if (item == NULL)
        writer->failed = true;
    return item;
}

static cJSON *put_object(struct writer *writer, cJSON *object, const char *name)
{
    return checked(writer, cJSON_AddObjectToObject(object, name));
}

static cJSON *put_array(struct writer *writer, cJSON *object, const char *name)
{
    return checked(writer, cJSON_AddArrayToObject(object, name));
}

static cJSON *append_object(struct writer *writer, cJSON *array)
{
    cJSON *object = checked(writer, cJSON_CreateObject());
    if (!cJSON_AddItemToArray(array, object)) {
        writer->failed = true;
        cJSON_Delete(object);
        return NULL;
    }
    return object;
}

static void put_null(struct writer *writer, cJSON *object, const char *name)
{
    checked(writer, cJSON_AddNullToObject(object, name));
}

static void put_number(struct writer *writer, cJSON *object, const char *name, double value)
{
    checked(writer, cJSON_AddNumberToObject(object, name, value));
}

static void put_count(struct writer *writer, cJSON *object, const char *name, uint64_t count)
{
    put_number(writer, object, name, (double)count);
}

static void put_bool(struct writer *writer, cJSON *object, const char *name, bool value)
{
    checked(writer, cJSON_AddBoolToObject(object, name, value));
}

/* Arguments and file names need not be UTF-8, but a JSON file is (RFC 8259 section 8.1). */
static void put_string(struct writer *writer, cJSON *object, const char *name, const char *string)
{
    struct buffer clean;
    buffer_init(&clean, 3 * strlen(string) + 1);
    if (utf8_append_clean(&clean, text_of(string), SIZE_MAX) != 0)
        writer->failed = true;
    checked(writer, cJSON_AddStringToObject(object, name, buffer_text(&clean).data));
    buffer_free(&clean);
}

/* So that 52 ms are 0.052 and not 0.051999999999999998: times to 1 ns, rates to 4 digits.
 * Percentages are rounded down: 100 means every single one. */
static double rounded(enum metric_unit unit, double value)
{
    switch (unit) {
    case METRIC_SECONDS:
        return round(value * 1e9) / 1e9;
    case METRIC_PER_SECOND:
        return round(value * 1e4) / 1e4;
    case METRIC_PERCENT:
        return floor(value * 1e4 + 1e-6) / 1e4; /* 99.8 * 1e4 may be a little less than 998000 */
    case METRIC_COUNT:
        break;
    }
    return value;
}

static void put_seconds(struct writer *writer, cJSON *object, const char *name, double ns)
{
    put_number(writer, object, name, round(ns) / (double)NS_PER_S);
}

/* The metric called PATH, as the member that the part behind its point names. */
static void put_metric(struct writer *writer, cJSON *object, const char *path)
{
    const struct metric *metric = metric_find(path);
    const char *point = strchr(path, '.');
    const char *name = point != NULL ? point + 1 : path;
    double value;
    if (metric->get(writer->results, &value))
        put_number(writer, object, name, rounded(metric->unit, value));
    else
        put_null(writer, object, name);
}

static void put_head(struct writer *writer, cJSON *root)
{
    const struct results_setup *setup = &writer->results->setup;
    char started[CLOCK_UTC_SIZE];
    put_number(writer, root, "schema_version", 1);
    cJSON *tool = put_object(writer, root, "tool");
    put_string(writer, tool, "name", "wsload");
    put_string(writer, tool, "version", WSLOAD_VERSION);
    clock_format_utc(setup->started_unix_ms, started);
    put_string(writer, root, "started_at", started);
    cJSON *target = put_object(writer, root, "target");
    put_string(writer, target, "url", setup->url);
    if (setup->origin[0] != '\0')
        put_string(writer, target, "origin", setup->origin);
    else
        put_null(writer, target, "origin");
}

static void put_load(struct writer *writer, cJSON *root)
{
    const struct results_setup *setup = &writer->results->setup;
    cJSON *load = put_object(writer, root, "load");
    if (setup->requests > 0)
        put_count(writer, load, "requests", setup->requests);
    else
        put_null(writer, load, "requests");
    if (setup->duration_ns > 0)
        put_seconds(writer, load, "duration", (double)setup->duration_ns);
    else
        put_null(writer, load, "duration");
    put_count(writer, load, "prompts", setup->prompts);
    put_count(writer, load, "workers", setup->workers);
    put_bool(writer, load, "connection_per_request", setup->connection_per_request);
}

static void put_requests(struct writer *writer, cJSON *root)
{
    put_metric(writer, root, "total_requests");
    put_metric(writer, root, "successful_requests");
    put_metric(writer, root, "failed_requests");
    put_metric(writer, root, "unanswered_requests");
    put_count(writer, root, "sent_requests", writer->results->recorded.sent);
    put_count(writer, root, "unsolicited_messages", writer->results->recorded.unsolicited);
    put_metric(writer, root, "success_rate");
    put_metric(writer, root, "total_time");
    put_metric(writer, root, "requests_per_second");
}

static void put_latency(struct writer *writer, cJSON *root)
{
    cJSON *latency = put_object(writer, root, "latency");
    put_metric(writer, latency, "latency.average");
    put_metric(writer, latency, "latency.median");
    put_metric(writer, latency, "latency.min");
    put_metric(writer, latency, "latency.max");
    put_metric(writer, latency, "latency.p95");
    put_metric(writer, latency, "latency.p99");
    put_metric(writer, latency, "latency.p90");
    put_metric(writer, latency, "latency.p999");
    put_metric(writer, latency, "latency.stddev");
}

/* Percentiles of the time it took to open; null when nothing opened. */
static void put_connect_time(struct writer *writer, cJSON *connections)
{
    static const struct {
        const char *name;
        double percent;
    } percentiles[] = {{"median", 50}, {"p95", 95}, {"p99", 99}, {"max", 100}};
    const struct histogram *connect = &writer->results->recorded.connect;
    if (connect->count == 0) {
        put_null(writer, connections, "connect_time");
        return;
    }
    cJSON *time = put_object(writer, connections, "connect_time");
    put_seconds(writer, time, "average", histogram_mean_ns(connect));
    put_seconds(writer, time, "min", (double)connect->min_ns);
    for (size_t i = 0; i < sizeof(percentiles) / sizeof(percentiles[0]); i++)
        put_seconds(writer, time, percentiles[i].name,
                    (double)histogram_percentile_ns(connect, percentiles[i].percent));
}

static void put_connections(struct writer *writer, cJSON *root)
{
    cJSON *connections = put_object(writer, root, "connections");
    put_count(writer, connections, "requested", writer->results->setup.connections);
    put_metric(writer, connections, "connections.opened");
    put_metric(writer, connections, "connections.open_time");
    put_metric(writer, connections, "connections.failed");
    put_metric(writer, connections, "connections.closed_by_server");
    put_metric(writer, connections, "connections.reopened");
    put_connect_time(writer, connections);
}

static void put_errors(struct writer *writer, cJSON *root)
{
    const struct failures *failures = &writer->results->recorded.failures;
    cJSON *errors = put_array(writer, root, "errors");
    for (size_t i = 0; i < failures->count; i++) {
        const struct failure_class *class = &failures->classes[i];
        cJSON *error = append_object(writer, errors);
        put_string(writer, error, "kind", failure_name(class->kind));
        put_string(writer, error, "detail", class->detail);
        put_count(writer, error, "count", class->count);
        put_count(writer, error, "requests", class->requests);
        put_string(writer, error, "example", class->example);
    }
}

static void put_sample(struct writer *writer, cJSON *samples, const struct sample *sample)
{
    cJSON *object = append_object(writer, samples);
    put_string(writer, object, "prompt", sample->prompt);
    if (sample->has_reply)
        put_string(writer, object, "reply", sample->reply);
    else
        put_null(writer, object, "reply");
    if (sample->ok) {
        put_seconds(writer, object, "latency", (double)sample->latency_ns);
    } else {
        put_null(writer, object, "latency");
        put_string(writer, object, "error", failure_name(sample->failure));
    }
}

static void put_samples(struct writer *writer, cJSON *root)
{
    const struct sample *kept = writer->results->recorded.samples;
    cJSON *samples = put_array(writer, root, "samples");
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        if (kept[i].present)
            put_sample(writer, samples, &kept[i]);
    }
}

static void put_thresholds(struct writer *writer, cJSON *root)
{
    const struct thresholds *thresholds = &writer->results->thresholds;
    cJSON *array = put_array(writer, root, "thresholds");
    for (size_t i = 0; i < thresholds->count; i++) {
        const struct threshold *threshold = &thresholds->items[i];
        cJSON *object = append_object(writer, array);
        put_string(writer, object, "name", threshold->name);
        put_string(writer, object, "metric", threshold->metric->name);
        put_number(writer, object, "limit", threshold->limit);
        if (threshold->has_actual)
            /* Not rounded: it must stand on its side of the limit. */
            put_number(writer, object, "actual", threshold->actual);
        else
            put_null(writer, object, "actual");
        put_bool(writer, object, "passed", threshold->passed);
    }
}

static void put_verdict(struct writer *writer, cJSON *root)
{
    const struct results *results = writer->results;
    put_bool(writer, root, "passed", results->exit_code == EXIT_PASSED);
    cJSON *end = put_object(writer, root, "exit");
    put_number(writer, end, "code", results->exit_code);
    put_string(writer, end, "reason", results->exit_reason);
}

int report_json(const struct results *results, struct buffer *out)
{
    struct writer writer = {.results = results};
    cJSON *root = checked(&writer, cJSON_CreateObject());
    put_head(&writer, root);
    put_load(&writer, root);
    put_requests(&writer, root);
    put_latency(&writer, root);
    put_connections(&writer, root);
    put_errors(&writer, root);
    put_samples(&writer, root);
    put_thresholds(&writer, root);
    put_verdict(&writer, root);
    char *text = writer.failed ? NULL : cJSON_Print(root);
    cJSON_Delete(root);
    int appended = text != NULL ? buffer_printf(out, "%s\n", text) : -1;
    cJSON_free(text);
    return appended;
}
