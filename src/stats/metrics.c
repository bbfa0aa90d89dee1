#include "wsload/stats/metrics.h"

#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"
#include "wsload/base/text.h"
#include "wsload/stats/measurement.h"

/* --- Figures that are computed --- */

static bool per_second(const struct measurement *measurement, uint64_t count, double *value)
{
    *value = measurement_per_s(measurement, count);
    return true;
}

static bool count(uint64_t number, double *value)
{
    *value = (double)number;
    return true;
}

/* 100 * PART / WHOLE; none of nothing. */
static bool percent(uint64_t part, uint64_t whole, double *value)
{
    *value = whole ? 100.0 * (double)part / (double)whole : 0;
    return whole > 0;
}

static uint64_t sent_in_time(const struct measurement *measurement)
{
    return measurement->counts[COUNT_SENT] - measurement->counts[COUNT_SENT_LATE];
}

#define GETTER(name, figure)                                                                       \
    static bool get_##name(const struct measurement *seen, double *value)                          \
    {                                                                                              \
        return figure;                                                                             \
    }
GETTER(total_requests, count(measurement_requests(seen), value))
GETTER(successful_requests, count(seen->counts[COUNT_OK], value))
GETTER(failed_requests, count(seen->counts[COUNT_FAILED], value))
GETTER(unasked, count(measurement_unasked(seen), value))
GETTER(sent_requests, count(seen->counts[COUNT_SENT], value))
GETTER(success_rate, percent(seen->counts[COUNT_OK], measurement_requests(seen), value))
GETTER(achieved_rate, percent(sent_in_time(seen), seen->counts[COUNT_PLANNED], value))
GETTER(rate_achieved, per_second(seen, sent_in_time(seen), value))
GETTER(requests_per_second,
       per_second(seen, measurement_requests(seen) - seen->counts[COUNT_DRAINED], value))

static bool get_errors(const struct measurement *measurement, double *value)
{
    uint64_t errors = 0;
    for (int kind = 0; kind < FAILURE_KIND_COUNT; kind++)
        errors += measurement_errors(measurement, (enum failure_kind)kind);
    return count(errors, value);
}

static bool get_goodput(const struct measurement *measurement, double *value)
{
    return measurement->load.levels.any &&
           per_second(measurement, measurement->counts[COUNT_GOOD], value);
}

static bool get_rate_asked(const struct measurement *measurement, double *value)
{
    *value = measurement_asked(measurement, measurement_mean_level(measurement));
    return true;
}

static bool get_connections_requested(const struct measurement *measurement, double *value)
{
    *value = measurement_asked(measurement, measurement->load.connections);
    return true;
}

static bool get_good(const struct measurement *measurement, double *value)
{
    *value = (double)measurement->counts[COUNT_GOOD];
    return measurement->load.levels.any;
}

static bool get_undelayed_good(const struct measurement *measurement, double *value)
{
    *value = (double)measurement->counts[COUNT_UNDELAYED_GOOD];
    return measurement->load.levels.any;
}

static bool get_open_time(const struct measurement *measurement, double *value)
{
    *value = clock_seconds(measurement->counts[COUNT_OPEN_TIME]);
    return !measurement->load.connection_per_request && *value > 0;
}

/* --- The table --- */

/* The words of the rows. */
#define LESS                .better = BETTER_LESS
#define MORE                .better = BETTER_MORE
#define NUMBER(unit_)       .form = METRIC_NUMBER, .unit = unit_
#define DURATION            .unit = METRIC_SECONDS, LESS
#define OF_REQUEST(level_)  DURATION, .level = level_, .per_request = true
#define ON(line_, name_)    .line = line_, .short_label = name_
#define SHOWN(runs_, name_) .shown = runs_, .short_label = name_

#define COLUMNS(path_, label_, meaning_, ...)                                                      \
    .path = path_, .label = label_, .meaning = meaning_, __VA_ARGS__
#define COUNTER_ROW(id_, ...) {.kept = true, .id = id_, COLUMNS(__VA_ARGS__, )},
#define DISTRIBUTION_ROW(id_, ...)                                                                 \
    {.kept = true, .id = id_, .form = METRIC_DISTRIBUTION, COLUMNS(__VA_ARGS__, )},
#define DERIVED_ROW(id_, ...) {.id = id_, COLUMNS(__VA_ARGS__, )},

/* clang-format takes the lists for functions. */
/* clang-format off */
static const struct metric metrics[] = {
    DERIVED(DERIVED_ROW)
    COUNTERS(COUNTER_ROW)
    DISTRIBUTIONS(DISTRIBUTION_ROW)};
/* clang-format on */

#define FIRST_DISTRIBUTION (ARRAY_LENGTH(metrics) - DISTRIBUTION_COUNT)
#define FIRST_COUNTER      (FIRST_DISTRIBUTION - COUNTER_COUNT)

const struct metric *metrics_table(size_t *rows)
{
    *rows = ARRAY_LENGTH(metrics);
    return metrics;
}

const struct metric *metric_of_counter(enum counter id)
{
    return &metrics[FIRST_COUNTER + id];
}

const struct metric *metric_of_distribution(enum distribution id)
{
    return &metrics[FIRST_DISTRIBUTION + id];
}

const struct metric *metric_of_derived(enum derived id)
{
    return &metrics[id];
}

const struct metric *metric_find(const char *name, size_t length)
{
    struct text wanted = {name, length};
    for (size_t i = 0; i < ARRAY_LENGTH(metrics); i++)
        if (text_equal(text_of(metrics[i].path), wanted) ||
            (metrics[i].alias && text_equal(text_of(metrics[i].alias), wanted)))
            return &metrics[i];
    return NULL;
}

/* --- Figures --- */

double metric_scale(enum metric_unit unit)
{
    return unit == METRIC_SECONDS ? (double)NS_PER_S : 1;
}

unsigned metric_run_kinds(const struct load *load)
{
    unsigned kinds = RUN_ANY;
    if (load->reply != REPLY_NONE)
        kinds |= RUN_TWO_WAY;
    if (load->reply == REPLY_STREAM)
        kinds |= RUN_STREAM;
    if (load->model == LOAD_OPEN)
        kinds |= RUN_OPEN;
    if (load->model == LOAD_HOLD)
        kinds |= RUN_HOLD;
    return kinds;
}

bool metric_is_of(const struct metric *metric, const struct load *load)
{
    return (metric->runs & ~metric_run_kinds(load)) == 0;
}

const char *metric_runs(const struct metric *metric)
{
    if (metric->runs & RUN_STREAM)
        return "whose replies are streams (--reply-end)";
    if (metric->runs & RUN_OPEN)
        return "at a --rate";
    if (metric->runs & RUN_HOLD)
        return "that --hold connections";
    return metric->runs & RUN_TWO_WAY ? "with replies (no --one-way, no --hold)" : NULL;
}

bool metric_value(const struct metric *metric, const struct measurement *measurement, double *value)
{
    if (!metric_is_of(metric, &measurement->load))
        return false;
    if (metric->get)
        return metric->get(measurement, value);
    *value = (double)measurement->counts[metric->id] / metric_scale(metric->unit);
    return true;
}

const struct histogram *metric_histogram(const struct metric *metric,
                                         const struct measurement *measurement)
{
    if (!metric_is_of(metric, &measurement->load))
        return NULL;
    bool is_latency = metric->id == DIST_RESPONSE_TIME && measurement->load.model != LOAD_OPEN;
    return &measurement->distributions[is_latency ? DIST_LATENCY : metric->id];
}
