#include "wsload/report/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

#include "json_writer.h"
#include "wsload/base/clock.h"

static void put_head(struct json_writer *writer, cJSON *root)
{
    char started[CLOCK_UTC_SIZE];
    json_put_number(writer, root, "schema_version", 1);
    cJSON *tool = json_put_object(writer, root, "tool");
    json_put_string(writer, tool, "name", "wsload");
    json_put_string(writer, tool, "version", WSLOAD_VERSION);
    clock_format_utc(writer->results->setup.started_unix_ms, started);
    json_put_string(writer, root, "started_at", started);
}

/* What was kept out of the figures, in front of the measured part. */
static void put_warmup(struct json_writer *writer, cJSON *root)
{
    const struct accounting *account = &writer->results->recorded.warmup;
    cJSON *warmup = json_put_object(writer, root, "warmup");
    json_put_seconds(writer, warmup, "time", (double)writer->results->setup.warmup_ns);
    json_put_count(writer, warmup, "requests", account->sent + account->unsent);
    json_put_count(writer, warmup, "ok", account->ok);
    json_put_count(writer, warmup, "failed", account->failed);
}

static void put_drain(struct json_writer *writer, cJSON *root)
{
    cJSON *drain = json_put_object(writer, root, "drain");
    json_put_seconds(writer, drain, "time", (double)writer->results->drain_time_ns);
    json_put_count(writer, drain, "requests", writer->results->recorded.drained);
}

static void put_requests(struct json_writer *writer, cJSON *root)
{
    const struct recorder *recorded = &writer->results->recorded;
    json_put_metric(writer, root, "total_requests");
    json_put_metric(writer, root, "successful_requests");
    json_put_metric(writer, root, "failed_requests");
    json_put_metric(writer, root, "unanswered_requests");
    json_put_metric(writer, root, "skipped_requests");
    json_put_count(writer, root, "sent_requests", recorded->measured.sent);
    json_put_count(writer, root, "waited_requests", recorded->waited);
    json_put_metric(writer, root, "unsolicited_messages");
    json_put_metric(writer, root, "late_messages");
    json_put_metric(writer, root, "ignored_messages");
    json_put_metric(writer, root, "success_rate");
    json_put_metric(writer, root, "total_time");
    json_put_metric(writer, root, "requests_per_second");
    json_put_metric(writer, root, "goodput");
    json_put_metric(writer, root, "achieved_rate");
}

static void put_rate(struct json_writer *writer, cJSON *root)
{
    const struct results *results = writer->results;
    cJSON *rate = json_put_object(writer, root, "rate");
    if (results->setup.model != LOAD_OPEN) {
        json_put_null(writer, rate, "asked");
        json_put_null(writer, rate, "achieved");
        return;
    }
    json_put_figure(writer, rate, "asked", METRIC_PER_SECOND, results->asked_per_s);
    json_put_figure(writer, rate, "achieved", METRIC_PER_SECOND, results_achieved_per_s(results));
}

static void put_accounting(struct json_writer *writer, cJSON *root)
{
    const struct accounting *account = &writer->results->recorded.measured;
    cJSON *accounting = json_put_object(writer, root, "accounting");
    json_put_count(writer, accounting, "planned", account->planned);
    json_put_count(writer, accounting, "sent", account->sent + account->unsent);
    json_put_count(writer, accounting, "skipped", account->skipped);
    json_put_count(writer, accounting, "ok", account->ok);
    json_put_count(writer, accounting, "failed", account->failed);
    json_put_count(writer, accounting, "unanswered", account->unanswered);
}

/* An older and shorter form of connect.total; null when nothing opened. */
static void put_connect_time(struct json_writer *writer, cJSON *connections)
{
    static const struct {
        const char *name;
        double percent;
    } percentiles[] = {{"median", 50}, {"p95", 95}, {"p99", 99}, {"max", 100}};
    const struct histogram *connect = &writer->results->recorded.connect[CONNECT_TOTAL];
    if (connect->count == 0) {
        json_put_null(writer, connections, "connect_time");
        return;
    }
    cJSON *time = json_put_object(writer, connections, "connect_time");
    json_put_seconds(writer, time, "average", histogram_mean_ns(connect));
    json_put_seconds(writer, time, "min", (double)connect->min_ns);
    for (size_t i = 0; i < sizeof(percentiles) / sizeof(percentiles[0]); i++)
        json_put_seconds(writer, time, percentiles[i].name,
                         (double)histogram_percentile_ns(connect, percentiles[i].percent));
}

static void put_connections(struct json_writer *writer, cJSON *root)
{
    const struct results *results = writer->results;
    cJSON *connections = json_put_object(writer, root, "connections");
    json_put_count(writer, connections, "requested", results->setup.connections);
    json_put_metric(writer, connections, "connections.opened");
    json_put_metric(writer, connections, "connections.open_time");
    json_put_metric(writer, connections, "connections.failed");
    json_put_metric(writer, connections, "connections.closed_by_server");
    json_put_metric(writer, connections, "connections.reopened");
    json_put_metric(writer, connections, "connections.rotated");
    json_put_metric(writer, connections, "connections.open_at_end");
    json_put_count(writer, connections, "keepalives", results->recorded.keepalives);
    put_connect_time(writer, connections);
}

static void put_errors(struct json_writer *writer, cJSON *root)
{
    const struct failures *failures = &writer->results->recorded.failures;
    cJSON *errors = json_put_array(writer, root, "errors");
    for (size_t i = 0; i < failures->count; i++) {
        const struct failure_class *class = &failures->classes[i];
        cJSON *error = json_append_object(writer, errors);
        json_put_string(writer, error, "kind", failure_name(class->kind));
        json_put_string(writer, error, "detail", class->detail);
        json_put_count(writer, error, "count", class->count);
        json_put_count(writer, error, "requests", class->requests);
        json_put_string(writer, error, "example", class->example);
    }
}

/* A good one-way request has neither a latency nor an error. */
static void put_sample(struct json_writer *writer, cJSON *samples, const struct sample *sample)
{
    cJSON *object = json_append_object(writer, samples);
    json_put_string(writer, object, "prompt", sample->prompt);
    if (sample->has_reply)
        json_put_string(writer, object, "reply", sample->reply);
    else
        json_put_null(writer, object, "reply");
    if (sample->ok && !writer->results->setup.one_way)
        json_put_seconds(writer, object, "latency", (double)sample->latency_ns);
    else
        json_put_null(writer, object, "latency");
    if (!sample->ok)
        json_put_string(writer, object, "error", failure_name(sample->failure));
}

static void put_samples(struct json_writer *writer, cJSON *root)
{
    const struct sample *kept = writer->results->recorded.samples;
    cJSON *samples = json_put_array(writer, root, "samples");
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        if (kept[i].present)
            put_sample(writer, samples, &kept[i]);
    }
}

static const char *relation_sign(enum threshold_relation relation)
{
    static const char *const signs[] = {
        [THRESHOLD_BELOW] = "<",     [THRESHOLD_AT_MOST] = "<=", [THRESHOLD_ABOVE] = ">",
        [THRESHOLD_AT_LEAST] = ">=", [THRESHOLD_EQUAL] = "==",   [THRESHOLD_NOT_EQUAL] = "!=",
    };
    return signs[relation];
}

static void put_threshold(struct json_writer *writer, cJSON *object,
                          const struct threshold *threshold)
{
    json_put_string(writer, object, "name", threshold->name);
    json_put_string(writer, object, "metric", threshold->selector.text);
    json_put_string(writer, object, "relation", relation_sign(threshold->relation));
    json_put_number(writer, object, "limit", threshold->limit);
    json_put_bool(writer, object, "abort", threshold->abort);
    if (threshold->has_actual)
        /* Not rounded: it must stand on its side of the limit. */
        json_put_number(writer, object, "actual", threshold->actual);
    else
        json_put_null(writer, object, "actual");
    json_put_bool(writer, object, "passed", threshold->passed);
}

static void put_thresholds(struct json_writer *writer, cJSON *root)
{
    const struct thresholds *thresholds = &writer->results->thresholds;
    cJSON *array = json_put_array(writer, root, "thresholds");
    for (size_t i = 0; i < thresholds->count; i++)
        put_threshold(writer, json_append_object(writer, array), &thresholds->items[i]);
}

/* On the run itself. */
static void put_verdict(struct json_writer *writer, cJSON *root)
{
    const struct trust *trust = &writer->results->trust;
    cJSON *verdict = json_put_object(writer, root, "verdict");
    json_put_string(writer, verdict, "status", trust_grade_name(trust->grade));
    cJSON *reasons = json_put_array(writer, verdict, "reasons");
    for (size_t i = 0; i < trust->count; i++) {
        const struct trust_reason *reason = &trust->reasons[i];
        cJSON *object = json_append_object(writer, reasons);
        json_put_string(writer, object, "check", reason->check);
        json_put_string(writer, object, "grade", trust_grade_name(reason->grade));
        json_put_string(writer, object, "text", reason->text);
        json_put_string(writer, object, "advice", reason->advice);
    }
}

static void put_self(struct json_writer *writer, cJSON *root)
{
    const struct self_usage *usage = &writer->results->self;
    cJSON *self = json_put_object(writer, root, "self");
    cJSON *cpu = json_put_array(writer, self, "worker_cpu");
    for (unsigned i = 0; i < writer->results->setup.workers; i++)
        json_append_number(writer, cpu, round(usage->worker_cpu[i] * 1e4) / 1e4);
    json_put_count(writer, self, "memory_bytes", usage->memory_bytes);
}

static void put_end(struct json_writer *writer, cJSON *root)
{
    const struct results *results = writer->results;
    json_put_bool(writer, root, "passed", results->exit_code == EXIT_PASSED);
    if (results->aborted_by != NULL)
        json_put_string(writer, root, "aborted_by", results->aborted_by->name);
    else
        json_put_null(writer, root, "aborted_by");
    cJSON *end = json_put_object(writer, root, "exit");
    json_put_number(writer, end, "code", results->exit_code);
    json_put_string(writer, end, "reason", results->exit_reason);
}

/* What is long comes last: people read these files, too. */
static cJSON *summary(struct json_writer *writer)
{
    cJSON *root = cJSON_CreateObject();
    put_head(writer, root);
    json_put_load(writer, root);
    put_requests(writer, root);
    put_rate(writer, root);
    put_accounting(writer, root);
    put_warmup(writer, root);
    put_drain(writer, root);
    json_put_distributions(writer, root);
    put_connections(writer, root);
    json_put_traffic(writer, root);
    put_errors(writer, root);
    put_samples(writer, root);
    put_thresholds(writer, root);
    put_verdict(writer, root);
    put_end(writer, root);
    put_self(writer, root);
    json_put_timeline(writer, root);
    json_put_histograms(writer, root);
    return root;
}

int report_json(const struct results *results, struct buffer *out)
{
    struct json_writer writer = {.results = results};
    cJSON *root = summary(&writer);
    char *text = writer.failed ? NULL : cJSON_Print(root);
    cJSON_Delete(root);
    int appended = text != NULL ? buffer_printf(out, "%s\n", text) : -1;
    cJSON_free(text);
    return appended;
}
