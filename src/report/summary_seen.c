#include "summary_seen.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "wsload/base/helpers.h"
#include "wsload/protocol/gateway.h"
#include "wsload/report/hdr.h"
#include "wsload/stats/cost.h"
#include "wsload/stats/histogram_code.h"
#include "wsload/stats/timeline.h"

#define UNIX_S_MAX  (UINT64_C(1) << 33) /* where rows of a timeline end */
#define TIME_MAX_NS (UINT64_C(1) << 61) /* so that a date and two times add up */
#define PATH_SIZE   64

/* A sum over the seconds of a row: a million connections for 285 years. */
#define LEVEL_SUM_MAX JSON_WHOLE_MAX

#define COUNTS_SIZE_MAX (16 * TIMELINE_BUCKETS)  /* "1023:4294967295 " for each */
#define CODE_SIZE_MAX   (2 * HISTOGRAM_CODE_MAX) /* in base64 */

/* --- The rows of the catalogue --- */

/* Times to 1 ns, all else to 4 digits. Percentages are rounded down: 100 means every single one. */
static double rounded(enum metric_unit unit, double value)
{
    if (unit == METRIC_SECONDS)
        return round(value * 1e9) / 1e9;
    if (unit == METRIC_PERCENT)
        return floor(value * 1e4 + 1e-6) / 1e4; /* 99.8 * 1e4 may be a little less than 998000 */
    return round(value * 1e4) / 1e4;
}

static void view_number(struct json_walk *walk, const struct metric *metric,
                        const struct measurement *measurement)
{
    double value;
    if (json_null(walk, metric->path, !metric_value(metric, measurement, &value)))
        return;
    if (metric->form == METRIC_COUNTER)
        json_put_count(walk, metric->path, (uint64_t)fmin(value, 0x1p63));
    else
        json_put_number(walk, metric->path, rounded(metric->unit, value));
}

static void view_distribution(struct json_walk *walk, const struct metric *metric,
                              const struct measurement *measurement)
{
    const struct histogram *histogram = metric_histogram(metric, measurement);
    if (json_null(walk, metric->path, !histogram || histogram->count == 0))
        return;
    const struct {
        const char *name;
        double value;
    } figures[] = {
        {"average", histogram_mean(histogram)},
        {"median", (double)histogram_percentile(histogram, 50)},
        {"min", (double)histogram->min},
        {"max", (double)histogram->max},
        {"p95", (double)histogram_percentile(histogram, 95)},
        {"p99", (double)histogram_percentile(histogram, 99)},
        {"p90", (double)histogram_percentile(histogram, 90)},
        {"p999", (double)histogram_percentile(histogram, 99.9)},
        {"stddev", histogram_stddev(histogram)},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(figures); i++) {
        char path[PATH_SIZE];
        snprintf(path, sizeof(path), "%s.%s", metric->path, figures[i].name);
        json_put_number(walk, path,
                        rounded(metric->unit, figures[i].value / metric_scale(metric->unit)));
    }
}

/* As it is; what such a run has none of is null, whatever was counted. */
static void walk_counter(struct json_walk *walk, const struct metric *metric,
                         struct measurement *measurement)
{
    uint64_t *count = &measurement->counts[metric->id];
    double value;
    bool none = !metric_value(metric, measurement, &value);
    if (none && json_null(walk, metric->path, true))
        return;
    if (metric->unit == METRIC_SECONDS)
        json_seconds(walk, metric->path, count, TIME_MAX_NS);
    else
        json_count(walk, metric->path, count, 0, UINT64_MAX);
}

static void walk_metrics(struct json_walk *walk, struct measurement *measurement)
{
    size_t count;
    const struct metric *metrics = metrics_table(&count);
    for (size_t i = 0; i < count; i++) {
        const struct metric *metric = &metrics[i];
        if (metric->kept && metric->form != METRIC_DISTRIBUTION)
            walk_counter(walk, metric, measurement);
        else if (walk->writing && metric->kept)
            view_distribution(walk, metric, measurement);
        else if (walk->writing && !metric->by_kind) /* an array of its own: walk_failure() */
            view_number(walk, metric, measurement);
    }
}

/* To a billionth: what a message costs is a few millionths. */
static void view_usd(struct json_walk *walk, const char *path, double usd)
{
    json_put_number(walk, path, round(usd * 1e9) / 1e9);
}

static void view_cost(struct json_walk *walk, const struct measurement *measurement)
{
    struct cost cost = cost_estimate(measurement);
    json_put_string(walk, "cost.currency", "USD");
    json_put_bool(walk, "cost.estimate", true);
    json_put_count(walk, "cost.billed_messages", cost.billed_messages);
    json_put_number(walk, "cost.connection_minutes", round(cost.connection_minutes * 1e6) / 1e6);
    view_usd(walk, "cost.messages", cost.messages_usd);
    view_usd(walk, "cost.minutes", cost.minutes_usd);
    view_usd(walk, "cost.total", cost.total_usd);
    if (!json_null(walk, "cost.per_1000_prompts", cost.per_1000_prompts_usd < 0))
        view_usd(walk, "cost.per_1000_prompts", cost.per_1000_prompts_usd);
    json_put_number(walk, "cost.messages_per_second",
                    rounded(METRIC_PER_SECOND, cost.messages_per_s));
    json_put_count(walk, "cost.account_quota_per_second", GATEWAY_QUOTA_PER_S);
}

/* --- Failures and samples --- */

static void walk_kind(struct json_walk *walk, const char *name, enum failure_kind *kind)
{
    if (walk->writing)
        json_put_string(walk, name, failure_name(*kind));
    else if (!failure_kind_of(json_string(walk, name), kind))
        json_fail(walk, name, "no kind of failure");
}

/* Whether there is one of CLASS already, or no room for it: see failures_merge(). */
static bool is_too_many(const struct failures *failures, const struct failure_class *class)
{
    size_t details = strcmp(class->detail, FAILURE_DETAIL_OTHER) != 0;
    for (size_t i = 0; i < failures->count; i++) {
        const struct failure_class *known = &failures->classes[i];
        if (known->kind == class->kind && strcmp(known->detail, class->detail) == 0)
            return true;
        details += strcmp(known->detail, FAILURE_DETAIL_OTHER) != 0;
    }
    return details > FAILURES_MAX;
}

static void walk_failure(struct json_walk *walk, void *into, size_t index)
{
    struct failures *failures = into;
    struct failure_class *class = &failures->classes[index];
    walk_kind(walk, "kind", &class->kind);
    json_text(walk, "detail", class->detail, sizeof(class->detail));
    json_count(walk, "count", &class->count, 1, UINT64_MAX);
    json_count(walk, "requests", &class->requests, 0, class->count);
    json_text(walk, "example", class->example, sizeof(class->example));
    if (!walk->writing && is_too_many(failures, class))
        json_fail(walk, "detail", "one too many: it is there already, or there are %d",
                  FAILURES_MAX);
}

static void walk_unasked(struct json_walk *walk, void *into, size_t index)
{
    struct unasked *unasked = into;
    struct unasked_kind kind = {.count = 0};
    if (walk->writing)
        kind = unasked->kinds[index];
    if (!json_null(walk, "rule", !kind.rule[0]))
        json_line(walk, "rule", kind.rule, sizeof(kind.rule));
    json_count(walk, "count", &kind.count, 1, UINT64_MAX);
    json_text(walk, "example", kind.example, sizeof(kind.example));
    if (!walk->writing && !walk->failed)
        unasked_put(unasked, &kind);
}

/* A good request without a reply has neither a latency nor an error. */
static void walk_sample(struct json_walk *walk, void *into, size_t index)
{
    struct measurement *measurement = into;
    struct sample sample = {.present = true};
    if (walk->writing)
        sample = measurement->samples[index];
    bool timed = sample.ok && (measurement->load.reply != REPLY_NONE || sample.latency_ns > 0);
    json_count(walk, "seq", &sample.seq, 0, UINT64_MAX);
    json_text(walk, "prompt", sample.prompt, sizeof(sample.prompt));
    if (!json_null(walk, "sent", !sample.sent[0]))
        json_text(walk, "sent", sample.sent, sizeof(sample.sent));
    sample.has_reply = !json_null(walk, "reply", !sample.has_reply);
    if (sample.has_reply)
        json_text(walk, "reply", sample.reply, sizeof(sample.reply));
    if (!json_null(walk, "latency", !timed))
        json_seconds(walk, "latency", &sample.latency_ns, TIME_MAX_NS);
    sample.ok = json_null(walk, "error", sample.ok);
    if (!sample.ok)
        walk_kind(walk, "error", &sample.failure);
    if (!walk->writing && !walk->failed)
        measurement_add_sample(measurement, &sample);
}

void summary_walk_seen(struct json_walk *walk, struct measurement *measurement)
{
    static const struct json_array errors = {"errors", FAILURES_MAX + FAILURE_KIND_COUNT,
                                             .item = walk_failure};
    static const struct json_array kinds = {"unasked.kinds", UNASKED_MAX + 1, .item = walk_unasked};
    static const struct json_array samples = {"samples", SAMPLE_COUNT, .item = walk_sample};
    size_t unasked = measurement->unasked.count;
    size_t count = 0;
    while (count < SAMPLE_COUNT && measurement->samples[count].present)
        count++;
    walk_metrics(walk, measurement);
    if (walk->writing)
        view_cost(walk, measurement);
    json_items(walk, &errors, &measurement->failures, &measurement->failures.count);
    json_items(walk, &kinds, &measurement->unasked, &unasked);
    json_items(walk, &samples, measurement, &count);
}

/* --- The timeline --- */

/* SUM is over the seconds of a row; their average is exact, as their number is a power of two. */
static void walk_level(struct json_walk *walk, const char *name, uint64_t width_s, uint64_t *sum)
{
    double average = 0;
    if (walk->writing)
        average = (double)u64_min(*sum, LEVEL_SUM_MAX) / (double)width_s;
    json_number(walk, name, &average);
    if (walk->writing)
        return;
    double exact = average * (double)width_s;
    if (!(exact <= (double)LEVEL_SUM_MAX && exact == floor(exact)))
        json_fail(walk, name, "not an average over the row's seconds");
    else
        *sum = (uint64_t)exact;
}

static void view_percentile(struct json_walk *walk, const char *name,
                            const struct timeline_row *row, double percent)
{
    uint64_t ns = timeline_percentile_ns(row, percent);
    if (!json_null(walk, name, ns == 0))
        json_put_seconds(walk, name, ns);
}

static void walk_row_counts(struct json_walk *walk, struct timeline_row *row)
{
    struct buffer text;
    if (!walk->writing) {
        const char *counts = json_string(walk, "counts");
        if (!walk->failed && timeline_counts_parse(text_of(counts), row, walk->error))
            json_fail_as(walk, "counts");
        return;
    }
    buffer_init(&text, COUNTS_SIZE_MAX);
    walk->failed |= timeline_counts_format(row, &text) != 0;
    json_put_string(walk, "counts", buffer_text(&text).data);
    buffer_free(&text);
}

static void walk_row(struct json_walk *walk, void *into, size_t index)
{
    const struct timeline *timeline = into;
    struct timeline_row *row = &timeline->rows[index];
    if (walk->writing)
        json_put_count(walk, "time", index * timeline->width_s);
    json_count(walk, "done", &row->done, 0, UINT64_MAX);
    json_count(walk, "failed", &row->failed, 0, row->done);
    walk_level(walk, "in_flight", timeline->width_s, &row->in_flight);
    walk_level(walk, "open", timeline->width_s, &row->open);
    if (walk->writing) {
        view_percentile(walk, "p50", row, 50);
        view_percentile(walk, "p95", row, 95);
        view_percentile(walk, "p99", row, 99);
    }
    walk_row_counts(walk, row);
}

static void walk_timeline(struct json_walk *walk, struct measurement *measurement)
{
    static const struct json_array rows = {"timeline.rows", TIMELINE_ROWS_MAX, true, walk_row};
    struct timeline *timeline = &measurement->timeline;
    bool open = measurement->load.model == LOAD_OPEN;
    enum distribution id = open ? DIST_RESPONSE_TIME : DIST_LATENCY;
    if (walk->writing)
        json_put_string(walk, "timeline.metric", metric_of_distribution(id)->path);
    json_count(walk, "timeline.row_seconds", &timeline->width_s, 1, UNIX_S_MAX);
    if (!walk->writing && (timeline->width_s & (timeline->width_s - 1)) != 0)
        json_fail(walk, "timeline.row_seconds", "not a power of two");
    json_count(walk, "timeline.first", &timeline->first, 0, UNIX_S_MAX / timeline->width_s);
    json_items(walk, &rows, timeline, &timeline->count);
}

/* --- Histograms --- */

/* Mostly more than a double holds; so all are strings. */
static void walk_sum(struct json_walk *walk, const char *name, histogram_sum *sum)
{
    char text[HISTOGRAM_SUM_SIZE];
    if (walk->writing) {
        json_put_string(walk, name, histogram_sum_format(*sum, text));
        return;
    }
    const char *digits = json_string(walk, name);
    if (!walk->failed && histogram_sum_parse(text_of(digits), sum, walk->error))
        json_fail_as(walk, name);
}

static void walk_code(struct json_walk *walk, struct histogram *histogram,
                      const struct histogram_figures *figures)
{
    struct buffer code;
    if (!walk->writing) {
        const char *text = json_string(walk, "code");
        if (!walk->failed && (histogram_base64_read(text_of(text), histogram, walk->error) ||
                              histogram_restore(histogram, figures, walk->error)))
            json_fail_as(walk, "code");
        return;
    }
    buffer_init(&code, CODE_SIZE_MAX);
    walk->failed |= histogram_base64_write(histogram, &code) != 0;
    json_put_string(walk, "code", buffer_text(&code).data);
    buffer_free(&code);
}

static void walk_histogram(struct json_walk *walk, struct histogram *histogram)
{
    uint64_t count = histogram->count;
    struct histogram_figures figures = {histogram->min, histogram->max, histogram->sum,
                                        histogram->sum_squares};
    json_count(walk, "count", &count, 1, INT64_MAX);
    json_count(walk, "min", &figures.min, 0, UINT64_MAX);
    json_count(walk, "max", &figures.max, 0, UINT64_MAX);
    walk_sum(walk, "sum", &figures.sum);
    walk_sum(walk, "sum_squares", &figures.sum_squares);
    walk_code(walk, histogram, &figures);
    if (histogram->count != count)
        json_fail(walk, "count", "not as many as in the code");
    if (walk->writing)
        json_fold(walk, "");
}

static void walk_histograms(struct json_walk *walk, struct measurement *measurement)
{
    static const char *const encodings[] = {"HdrHistogram-V2-compressed-base64", NULL};
    unsigned encoding = 0;
    struct json_place top;
    if (!json_enter(walk, "histograms", &top)) {
        json_fail(walk, "histograms", "missing");
        return;
    }
    json_choice(walk, "encoding", encodings, &encoding);
    for (enum distribution i = 0; i < DISTRIBUTION_COUNT && !walk->failed; i++) {
        const struct metric *metric = metric_of_distribution(i);
        struct histogram *histogram = &measurement->distributions[i];
        struct json_place outer;
        if ((!walk->writing || histogram->count > 0) && json_enter(walk, metric->path, &outer)) {
            walk_histogram(walk, histogram);
            walk->at = outer;
        }
    }
    walk->at = top;
    for (enum distribution i = 0; i < DISTRIBUTION_COUNT && !walk->writing; i++) {
        /* What has figures for people has the samples that they are made of, too. */
        const struct metric *metric = metric_of_distribution(i);
        const struct histogram *histogram = metric_histogram(metric, measurement);
        if (!json_null(walk, metric->path, false) && !(histogram && histogram->count > 0))
            json_fail(walk, metric->path, "not null, but without a histogram");
    }
}

void summary_walk_long(struct json_walk *walk, struct measurement *measurement)
{
    walk_timeline(walk, measurement);
    walk_histograms(walk, measurement);
}
