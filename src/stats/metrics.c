#include "wsload/stats/metrics.h"

#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/stats/results.h"

/* --- Counters --- */

uint64_t metrics_errors(const struct recorder *recorder, enum failure_kind kind)
{
    uint64_t errors = 0;
    for (size_t i = 0; i < recorder->failures.count; i++)
        if (recorder->failures.classes[i].kind == kind)
            errors += recorder->failures.classes[i].count;
    return errors;
}

static uint64_t all_errors(const struct recorder *recorder)
{
    uint64_t errors = 0;
    for (int kind = 0; kind < FAILURE_KIND_COUNT; kind++)
        errors += metrics_errors(recorder, (enum failure_kind)kind);
    return errors;
}

/* id, name, alias, label, what RECORDER has of it, meaning */
#define COUNTERS(X)                                                                                \
    X(requests, "total_requests", "requests", "requests",                                          \
      recorder->measured.ok + recorder->measured.failed,                                           \
      "Measured requests that ended, with a good reply or a failure.")                             \
    X(successful, "successful_requests", NULL, "successful requests", recorder->measured.ok,       \
      "Measured requests that got a good reply.")                                                  \
    X(failed, "failed_requests", NULL, "failed requests", recorder->measured.failed,               \
      "Measured requests that ended without a good reply, sent or not.")                           \
    X(unanswered, "unanswered_requests", "unanswered", "unanswered requests",                      \
      recorder->measured.unanswered,                                                               \
      "Measured requests that were sent and given up at the end of the run.")                      \
    X(skipped, "skipped_requests", "skipped", "skipped requests", recorder->measured.skipped,      \
      "Measured requests that never started: the queue was full, or the run ended before.")        \
    X(errors, "errors", NULL, "errors", all_errors(recorder),                                      \
      "Failures of all kinds, of requests and of connections that had none; takes {kind=KIND}.")   \
    X(unsolicited, "unsolicited_messages", "unsolicited", "unsolicited messages",                  \
      recorder->unsolicited, "Messages that belong to no request.")                                \
    X(late, "late_messages", "late", "late messages", recorder->late,                              \
      "Messages that came behind the end of the reply they belong to.")                            \
    X(ignored, "ignored_messages", "ignored", "ignored messages", recorder->ignored,               \
      "Messages that --ignore leaves out of replies.")                                             \
    X(opened, "connections.opened", NULL, "connections opened", recorder->connections.opened,      \
      "Connections that opened, not counting those that opened again.")                            \
    X(connections_failed, "connections.failed", NULL, "failed connection attempts",                \
      recorder->connections.failed, "Attempts to open a connection that failed.")                  \
    X(closed_by_server, "connections.closed_by_server", NULL, "connections lost",                  \
      recorder->connections.closed_by_server,                                                      \
      "Open connections that the server closed, reset or just ended.")                             \
    X(reopened, "connections.reopened", NULL, "connections reopened",                              \
      recorder->connections.reopened, "Connections that opened again after a break.")              \
    X(rotated, "connections.rotated", NULL, "connections rotated", recorder->connections.rotated,  \
      "Connections that opened in place of one that was old enough.")

#define COUNTER_GETTERS(id, name, alias, label, number, meaning)                                   \
    static uint64_t counted_##id(const struct recorder *recorder)                                  \
    {                                                                                              \
        return number;                                                                             \
    }                                                                                              \
    static bool get_##id(const struct results *results, double *value)                             \
    {                                                                                              \
        *value = (double)counted_##id(&results->recorded);                                         \
        return true;                                                                               \
    }
COUNTERS(COUNTER_GETTERS)

/* --- Distributions --- */

static bool any_run(const struct results *results)
{
    (void)results;
    return true;
}

static bool two_way_run(const struct results *results)
{
    return !results->setup.one_way;
}

static bool stream_run(const struct results *results)
{
    return results->setup.stream;
}

static bool open_run(const struct results *results)
{
    return results->setup.model == LOAD_OPEN;
}

/* id, name, alias, label, unit, whether per request, member of the recorder, the runs that have it,
 * meaning */
#define DISTRIBUTIONS(X)                                                                           \
    X(latency, "latency", NULL, "latency", METRIC_SECONDS, true, latency, two_way_run,             \
      "From sending a message to the end of its good reply.")                                      \
    X(ttfm, "ttfm", NULL, "time to first message", METRIC_SECONDS, true, ttfm, stream_run,         \
      "From sending a message to the first message of its good reply.")                            \
    X(gap, "inter_message_gap", "gap", "gap between messages", METRIC_SECONDS, false, gap,         \
      stream_run, "Between neighbouring messages of one reply, those of all replies together.")    \
    X(tpom, "tpom", NULL, "time per output message", METRIC_SECONDS, true, tpom, stream_run,       \
      "From the first message of a good reply to its end, divided by the messages behind the "     \
      "first.")                                                                                    \
    X(reply_messages, "messages_per_reply", NULL, "messages per reply", METRIC_COUNT, true,        \
      reply_messages, stream_run, "Messages that a good reply came in.")                           \
    X(reply_bytes, "bytes_per_reply", NULL, "bytes per reply", METRIC_BYTES, true, reply_bytes,    \
      two_way_run, "Bytes of all messages of a good reply.")                                       \
    X(send_lag, "send_lag", NULL, "send lag", METRIC_SECONDS, true, send_lag, open_run,            \
      "From the moment a request was due to sending it.")                                          \
    X(pacing_lag, "pacing_lag", NULL, "pacing lag", METRIC_SECONDS, true, pacing_lag, open_run,    \
      "The send lag of requests that found a connection free: what wsload alone is late.")         \
    X(loop_lag, "loop_lag", NULL, "loop lag", METRIC_SECONDS, false, loop_lag, any_run,            \
      "How late the timers of wsload's own event loops came.")                                     \
    X(connect, "connect.total", "connect", "connect", METRIC_SECONDS, false,                       \
      connect[CONNECT_TOTAL], any_run, "From the start of an attempt to the open connection.")     \
    X(dns, "connect.dns", NULL, "name resolution", METRIC_SECONDS, false, connect[CONNECT_DNS],    \
      any_run, "Resolving the name of the target, once per run.")                                  \
    X(tcp, "connect.tcp", NULL, "TCP connect", METRIC_SECONDS, false, connect[CONNECT_TCP],        \
      any_run, "Opening the TCP connection.")                                                      \
    X(tls, "connect.tls", NULL, "TLS handshake", METRIC_SECONDS, false, connect[CONNECT_TLS],      \
      any_run, "The TLS handshake.")                                                               \
    X(upgrade, "connect.upgrade", NULL, "upgrade", METRIC_SECONDS, false,                          \
      connect[CONNECT_UPGRADE], any_run, "From sending the upgrade request to its answer 101.")    \
    X(lifetime, "connection.lifetime", NULL, "connection lifetime", METRIC_SECONDS, false,         \
      lifetime, any_run, "How long connections that the server ended had been open.")

#define DISTRIBUTION_GETTERS(id, name, alias, label, unit, per_request, member, has_it, meaning)   \
    static const struct histogram *recorded_##id(const struct recorder *recorder)                  \
    {                                                                                              \
        return &recorder->member;                                                                  \
    }                                                                                              \
    static const struct histogram *histogram_##id(const struct results *results)                   \
    {                                                                                              \
        return has_it(results) ? &results->recorded.member : NULL;                                 \
    }
DISTRIBUTIONS(DISTRIBUTION_GETTERS)

static const struct histogram *recorded_response_time(const struct recorder *recorder)
{
    return recorder->setup.open_model ? &recorder->response_time : &recorder->latency;
}

static const struct histogram *histogram_response_time(const struct results *results)
{
    return two_way_run(results) ? results_response_time(results) : NULL;
}

/* --- Numbers --- */

static bool get_success_rate(const struct results *results, double *value)
{
    uint64_t requests = results_requests(results);
    if (requests == 0)
        return false;
    *value = 100.0 * (double)results->recorded.measured.ok / (double)requests;
    return true;
}

static bool get_requests_per_second(const struct results *results, double *value)
{
    *value = results_requests_per_s(results);
    return true;
}

static bool get_goodput(const struct results *results, double *value)
{
    if (!results->recorded.setup.levels.any)
        return false;
    *value = results_goodput_per_s(results);
    return true;
}

static bool get_achieved_rate(const struct results *results, double *value)
{
    const struct recorder *recorded = &results->recorded;
    if (results->setup.model != LOAD_OPEN || recorded->measured.planned == 0)
        return false;
    uint64_t in_time = recorded->measured.sent - recorded->sent_late;
    *value = 100.0 * (double)in_time / (double)recorded->measured.planned;
    return true;
}

static bool get_total_time(const struct results *results, double *value)
{
    *value = clock_seconds(results->total_time_ns);
    return true;
}

static bool get_open_time(const struct results *results, double *value)
{
    if (results->setup.connection_per_request || results->open_time_ns == 0)
        return false;
    *value = clock_seconds(results->open_time_ns);
    return true;
}

static bool get_open_at_end(const struct results *results, double *value)
{
    *value = (double)results->recorded.connections.open_at_end;
    return true;
}

/* --- The table --- */

#define COUNTER_ROW(id, name_, alias_, label_, number, meaning_)                                   \
    {                                                                                              \
        .name = name_,                                                                             \
        .alias = alias_,                                                                           \
        .label = label_,                                                                           \
        .form = METRIC_COUNTER,                                                                    \
        .unit = METRIC_COUNT,                                                                      \
        .meaning = meaning_,                                                                       \
        .get = get_##id,                                                                           \
        .counted = counted_##id,                                                                   \
    },

#define DISTRIBUTION_ROW(id, name_, alias_, label_, unit_, per_request_, member, has_it, meaning_) \
    {                                                                                              \
        .name = name_,                                                                             \
        .alias = alias_,                                                                           \
        .label = label_,                                                                           \
        .form = METRIC_DISTRIBUTION,                                                               \
        .unit = unit_,                                                                             \
        .per_request = per_request_,                                                               \
        .meaning = meaning_,                                                                       \
        .histogram = histogram_##id,                                                               \
        .recorded = recorded_##id,                                                                 \
    },

/* clang-format takes the lists for functions. */
/* clang-format off */
static const struct metric metrics[] = {
    COUNTERS(COUNTER_ROW)
    {
        .name = "success_rate",
        .label = "success rate",
        .form = METRIC_NUMBER,
        .unit = METRIC_PERCENT,
        .meaning = "Successful requests of those that ended.",
        .get = get_success_rate,
    },
    {
        .name = "requests_per_second",
        .label = "requests per second",
        .form = METRIC_NUMBER,
        .unit = METRIC_PER_SECOND,
        .meaning = "Requests that ended in the measured time, divided by it.",
        .get = get_requests_per_second,
    },
    {
        .name = "goodput",
        .label = "goodput",
        .form = METRIC_NUMBER,
        .unit = METRIC_PER_SECOND,
        .meaning = "Requests that ended well in the measured time and within every limit that a "
                   "threshold puts on latency, response_time, ttfm or tpom, divided by that time.",
        .get = get_goodput,
    },
    {
        .name = "achieved_rate",
        .label = "achieved rate",
        .form = METRIC_NUMBER,
        .unit = METRIC_PERCENT,
        .meaning = "Requests sent in the measured time, of those that came due.",
        .get = get_achieved_rate,
    },
    {
        .name = "total_time",
        .label = "total time",
        .form = METRIC_NUMBER,
        .unit = METRIC_SECONDS,
        .meaning = "The measured time: without warm-up and without draining.",
        .get = get_total_time,
    },
    {
        .name = "connections.open_at_end",
        .label = "connections still open",
        .form = METRIC_NUMBER,
        .unit = METRIC_COUNT,
        .meaning = "Connections that were open when sending was over.",
        .get = get_open_at_end,
    },
    {
        .name = "connections.open_time",
        .alias = "open_time",
        .label = "opening time",
        .form = METRIC_NUMBER,
        .unit = METRIC_SECONDS,
        .meaning = "From the first attempt until every connection was open or had failed once.",
        .get = get_open_time,
    },
    {
        .name = "response_time",
        .label = "response time",
        .form = METRIC_DISTRIBUTION,
        .unit = METRIC_SECONDS,
        .per_request = true,
        .meaning = "From the moment a request was due to the end of its good reply; in a closed "
                   "run the latency.",
        .histogram = histogram_response_time,
        .recorded = recorded_response_time,
    },
    DISTRIBUTIONS(DISTRIBUTION_ROW)};
/* clang-format on */

double metric_scale(enum metric_unit unit)
{
    return unit == METRIC_SECONDS ? (double)NS_PER_S : 1;
}

const struct metric *metrics_table(size_t *count)
{
    *count = sizeof(metrics) / sizeof(metrics[0]);
    return metrics;
}

static bool same(const char *known, const char *name, size_t length)
{
    return known && strlen(known) == length && memcmp(known, name, length) == 0;
}

const struct metric *metric_find(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++)
        if (same(metrics[i].name, name, length) || same(metrics[i].alias, name, length))
            return &metrics[i];
    return NULL;
}
