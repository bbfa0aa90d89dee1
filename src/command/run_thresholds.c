#include "run_build.h"

#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"
#include "wsload/base/units.h"
#include "wsload/stats/metrics.h"

/* --- Limits that can never be broken, or never be kept --- */

/* No sample of METRIC is longer than TIMEOUT_NS, which OPTION sets: what takes longer has failed.
 */
struct bound {
    const struct metric *metric;
    uint64_t timeout_ns;
    const char *option;
};

static bool is_of_time(const struct selector *selector)
{
    return selector_unit(selector) == METRIC_SECONDS && selector->stat != STAT_STDDEV;
}

static int check_timeout(const struct threshold *threshold, const struct plan *plan,
                         struct error *error)
{
    char limit[UNITS_SIZE];
    char timeout[UNITS_SIZE];
    const struct bound bounds[] = {
        {metric_of_distribution(DIST_LATENCY), plan->reply_timeout_ns, "--timeout"},
        {metric_of_distribution(DIST_TTFM), plan->reply_timeout_ns, "--timeout"},
        {metric_of_distribution(DIST_GAP), plan->reply_timeout_ns, "--timeout"},
        {metric_of_distribution(DIST_TPOM), plan->reply_timeout_ns, "--timeout"},
        {metric_of_distribution(DIST_CONNECT), plan->connect_timeout_ns, "--connect-timeout"},
        {metric_of_distribution(DIST_CONNECT_TCP), plan->connect_timeout_ns, "--connect-timeout"},
        {metric_of_distribution(DIST_CONNECT_TLS), plan->connect_timeout_ns, "--connect-timeout"},
        {metric_of_distribution(DIST_CONNECT_UPGRADE), plan->connect_timeout_ns,
         "--connect-timeout"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bounds); i++) {
        uint64_t timeout_ns = bounds[i].timeout_ns;
        if (bounds[i].metric != threshold->selector.metric || !is_of_time(&threshold->selector) ||
            threshold->limit <= clock_seconds(timeout_ns))
            continue;
        return error_set(error,
                         "a limit of %s is above %s %s, and what takes longer has failed by then; "
                         "lower the limit, or make the timeout longer",
                         units_format_duration((uint64_t)(threshold->limit * NS_PER_S), limit),
                         bounds[i].option, units_format_duration(timeout_ns, timeout));
    }
    return 0;
}

static int check_abort(const struct threshold *threshold, const struct plan *plan,
                       struct error *error)
{
    if (!threshold->abort)
        return 0;
    if (!threshold_can_abort(threshold, true))
        return error_set(error,
                         "'%s': abort needs a figure that can be sure to fail before the end: an "
                         "upper limit of max, med, p(N) or avg of a request's times or its reply's "
                         "size or of a count, or a lower limit of min or success_rate",
                         threshold->selector.text);
    if (!threshold_can_abort(threshold, run_load_requests(plan) != UINT64_MAX))
        return error_set(error,
                         "it is never sure to fail before the end when the number of requests "
                         "is not known; give --requests, or leave out ',abort'");
    return 0;
}

static int check(const struct threshold *threshold, const struct plan *plan, struct error *error)
{
    const struct metric *metric = threshold->selector.metric;
    if (!metric_is_of(metric, &plan->load))
        return error_set(error,
                         "this run has no %s, only runs %s have it; leave it out, or ask for such "
                         "a run",
                         metric->label, metric_runs(metric));
    return check_timeout(threshold, plan, error) || check_abort(threshold, plan, error) ? -1 : 0;
}

/* --- All --- */

/* Those that have options of their own. */
static int add_named(struct thresholds *thresholds, const struct run_options *options,
                     const struct plan *plan, struct error *error)
{
    bool latency_limited = options->max_latency_ns > 0;
    const struct {
        const char *option;
        const char *name;
        const char *selector;
        enum threshold_relation relation;
        double limit; /* below 0: not given */
    } named[] = {
        {"--max-latency", "max_latency", "latency:avg", THRESHOLD_AT_MOST,
         latency_limited ? clock_seconds(options->max_latency_ns) : -1},
        {"--min-rps", "min_rps", "requests_per_second", THRESHOLD_AT_LEAST, options->min_rps},
        {"--min-success-rate", "min_success_rate", "success_rate", THRESHOLD_AT_LEAST,
         options->min_success_rate},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(named); i++) {
        if (named[i].limit < 0)
            continue;
        thresholds_add(thresholds, named[i].name, named[i].selector, named[i].relation,
                       named[i].limit);
        if (check(&thresholds->items[thresholds->count - 1], plan, error))
            return error_prefix(error, "%s", named[i].option);
    }
    return 0;
}

int run_thresholds_build(struct thresholds *thresholds, const struct run_options *options,
                         const struct plan *plan, struct error *error)
{
    if (add_named(thresholds, options, plan, error))
        return -1;
    for (size_t i = 0; i < options->thresholds.count; i++) {
        const char *text = options->thresholds.items[i];
        if (thresholds_parse(thresholds, text, error) ||
            check(&thresholds->items[thresholds->count - 1], plan, error))
            return error_prefix(error, "--threshold '%s'", text);
    }
    if (thresholds->count == 0)
        thresholds_add_defaults(thresholds, &plan->load);
    return 0;
}
