#include "wsload/command/run_thresholds.h"

#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/base/units.h"

static void add_named(struct thresholds *thresholds, const struct run_options *options)
{
    if (options->max_latency_ns)
        thresholds_add(thresholds, "max_latency", "latency:avg", THRESHOLD_AT_MOST,
                       clock_seconds(options->max_latency_ns));
    if (options->min_rps >= 0)
        thresholds_add(thresholds, "min_rps", "requests_per_second", THRESHOLD_AT_LEAST,
                       options->min_rps);
    if (options->min_success_rate >= 0)
        thresholds_add(thresholds, "min_success_rate", "success_rate", THRESHOLD_AT_LEAST,
                       options->min_success_rate);
}

/* What only replies have. */
static bool is_of_replies(const struct metric *metric)
{
    static const char *const names[] = {
        "latency",           "response_time", "ttfm",
        "inter_message_gap", "tpom",          "messages_per_reply",
        "bytes_per_reply",   "goodput",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(metric->name, names[i]) == 0)
            return true;
    return false;
}

#define NO_REPLIES "there are no replies with --one-way, and so no %s; leave out one of them"

static int add_rule(struct thresholds *thresholds, const char *text,
                    const struct run_options *options, uint64_t requests, struct error *error)
{
    if (thresholds_parse(thresholds, text, error))
        return -1;
    const struct threshold *threshold = &thresholds->items[thresholds->count - 1];
    const struct metric *metric = threshold->selector.metric;
    if (options->one_way && is_of_replies(metric))
        return error_set(error, NO_REPLIES, metric->label);
    if (threshold->abort && !threshold_can_abort(threshold, requests != UINT64_MAX))
        return error_set(error,
                         "it is never sure to fail before the end when the number of requests "
                         "is not known; give --requests, or leave out ',abort'");
    return 0;
}

int run_thresholds_build(struct thresholds *thresholds, const struct run_options *options,
                         uint64_t requests, struct error *error)
{
    char limit[UNITS_SIZE];
    if (options->one_way && options->max_latency_ns)
        return error_set(error, "--max-latency %s: " NO_REPLIES,
                         units_format_duration(options->max_latency_ns, limit), "latency");
    add_named(thresholds, options);
    for (size_t i = 0; i < options->thresholds.count; i++) {
        const char *text = options->thresholds.items[i];
        if (add_rule(thresholds, text, options, requests, error))
            return error_prefix(error, "--threshold '%s'", text);
    }
    return 0;
}
