#include "wsload/command/run_thresholds.h"

#include "wsload/base/clock.h"

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

static int add_rule(struct thresholds *thresholds, const char *text, uint64_t requests,
                    struct error *error)
{
    if (thresholds_parse(thresholds, text, error))
        return -1;
    const struct threshold *threshold = &thresholds->items[thresholds->count - 1];
    if (threshold->abort && !threshold_can_abort(threshold, requests != UINT64_MAX))
        return error_set(error,
                         "it is never sure to fail before the end when the number of requests "
                         "is not known; give --requests, or leave out ',abort'");
    return 0;
}

int run_thresholds_build(struct thresholds *thresholds, const struct run_options *options,
                         uint64_t requests, struct error *error)
{
    add_named(thresholds, options);
    for (size_t i = 0; i < options->thresholds.count; i++) {
        const char *text = options->thresholds.items[i];
        if (add_rule(thresholds, text, requests, error))
            return error_prefix(error, "--threshold '%s'", text);
    }
    return 0;
}
