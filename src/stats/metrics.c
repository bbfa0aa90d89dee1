#include "wsload/stats/metrics.h"

#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/stats/results.h"

static bool seconds(const struct histogram *histogram, double ns, double *value)
{
    if (histogram->count == 0)
        return false;
    *value = ns / (double)NS_PER_S;
    return true;
}

static bool percentile(const struct results *results, double percent, double *value)
{
    const struct histogram *latency = &results->recorded.latency;
    return seconds(latency, (double)histogram_percentile_ns(latency, percent), value);
}

static bool count(uint64_t number, double *value)
{
    *value = (double)number;
    return true;
}

static bool get_total(const struct results *results, double *value)
{
    return count(results_requests(results), value);
}

static bool get_successful(const struct results *results, double *value)
{
    return count(results->recorded.ok, value);
}

static bool get_failed(const struct results *results, double *value)
{
    return count(results->recorded.failed, value);
}

static bool get_unanswered(const struct results *results, double *value)
{
    return count(results->recorded.unanswered, value);
}

static bool get_success_rate(const struct results *results, double *value)
{
    uint64_t requests = results_requests(results);
    if (requests == 0)
        return false;
    *value = 100.0 * (double)results->recorded.ok / (double)requests;
    return true;
}

static bool get_total_time(const struct results *results, double *value)
{
    *value = clock_seconds(results->total_time_ns);
    return true;
}

static bool get_requests_per_second(const struct results *results, double *value)
{
    *value = 0;
    if (results->total_time_ns > 0)
        *value = (double)results_requests(results) / clock_seconds(results->total_time_ns);
    return true;
}

static bool get_average(const struct results *results, double *value)
{
    const struct histogram *latency = &results->recorded.latency;
    return seconds(latency, histogram_mean_ns(latency), value);
}

static bool get_median(const struct results *results, double *value)
{
    return percentile(results, 50, value);
}

static bool get_min(const struct results *results, double *value)
{
    const struct histogram *latency = &results->recorded.latency;
    return seconds(latency, (double)latency->min_ns, value);
}

static bool get_max(const struct results *results, double *value)
{
    const struct histogram *latency = &results->recorded.latency;
    return seconds(latency, (double)latency->max_ns, value);
}

static bool get_p90(const struct results *results, double *value)
{
    return percentile(results, 90, value);
}

static bool get_p95(const struct results *results, double *value)
{
    return percentile(results, 95, value);
}

static bool get_p99(const struct results *results, double *value)
{
    return percentile(results, 99, value);
}

static bool get_p999(const struct results *results, double *value)
{
    return percentile(results, 99.9, value);
}

static bool get_stddev(const struct results *results, double *value)
{
    const struct histogram *latency = &results->recorded.latency;
    return seconds(latency, histogram_stddev_ns(latency), value);
}

static bool get_opened(const struct results *results, double *value)
{
    return count(results->recorded.connections.opened, value);
}

static bool get_open_time(const struct results *results, double *value)
{
    if (results->setup.connection_per_request)
        return false;
    *value = clock_seconds(results->open_time_ns);
    return true;
}

static bool get_connections_failed(const struct results *results, double *value)
{
    return count(results->recorded.connections.failed, value);
}

static bool get_closed_by_server(const struct results *results, double *value)
{
    return count(results->recorded.connections.closed_by_server, value);
}

static bool get_reopened(const struct results *results, double *value)
{
    return count(results->recorded.connections.reopened, value);
}

static const struct metric metrics[] = {
    {"total_requests", "requests", METRIC_COUNT,
     "Requests that ended, with a good reply or a failure.", get_total},
    {"successful_requests", "successful requests", METRIC_COUNT, "Requests that got a good reply.",
     get_successful},
    {"failed_requests", "failed requests", METRIC_COUNT,
     "Requests that ended without a good reply, sent or not.", get_failed},
    {"unanswered_requests", "unanswered requests", METRIC_COUNT,
     "Requests that were sent and given up when the run was interrupted.", get_unanswered},
    {"success_rate", "success rate", METRIC_PERCENT, "Successful requests of those that ended.",
     get_success_rate},
    {"total_time", "total time", METRIC_SECONDS,
     "From the moment every connection was open or had failed once, to the end of the last "
     "request.",
     get_total_time},
    {"requests_per_second", "requests per second", METRIC_PER_SECOND,
     "Requests that ended, divided by the total time.", get_requests_per_second},
    {"latency.average", "average latency", METRIC_SECONDS,
     "Mean of the times from sending a message to the end of its good reply.", get_average},
    {"latency.median", "median latency", METRIC_SECONDS,
     "The latency that half of the successful requests did not exceed.", get_median},
    {"latency.min", "shortest latency", METRIC_SECONDS, "The shortest latency.", get_min},
    {"latency.max", "longest latency", METRIC_SECONDS, "The longest latency.", get_max},
    {"latency.p90", "p90 latency", METRIC_SECONDS,
     "The latency that 90 % of the successful requests did not exceed.", get_p90},
    {"latency.p95", "p95 latency", METRIC_SECONDS,
     "The latency that 95 % of the successful requests did not exceed.", get_p95},
    {"latency.p99", "p99 latency", METRIC_SECONDS,
     "The latency that 99 % of the successful requests did not exceed.", get_p99},
    {"latency.p999", "p99.9 latency", METRIC_SECONDS,
     "The latency that 99.9 % of the successful requests did not exceed.", get_p999},
    {"latency.stddev", "latency deviation", METRIC_SECONDS,
     "Population standard deviation of the latencies.", get_stddev},
    {"connections.opened", "connections opened", METRIC_COUNT,
     "Connections that opened, not counting those that opened again.", get_opened},
    {"connections.open_time", "opening time", METRIC_SECONDS,
     "From the first attempt until every connection was open or had failed once.", get_open_time},
    {"connections.failed", "failed connection attempts", METRIC_COUNT,
     "Attempts to open a connection that failed.", get_connections_failed},
    {"connections.closed_by_server", "connections lost", METRIC_COUNT,
     "Open connections that the server closed, reset or just ended.", get_closed_by_server},
    {"connections.reopened", "connections reopened", METRIC_COUNT,
     "Connections that opened again after a break.", get_reopened},
};

const struct metric *metrics_table(size_t *length)
{
    *length = sizeof(metrics) / sizeof(metrics[0]);
    return metrics;
}

const struct metric *metric_find(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof(metrics) / sizeof(metrics[0]); i++) {
        if (strcmp(metrics[i].name, name) == 0)
            return &metrics[i];
    }
    return NULL;
}
