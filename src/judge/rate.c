#include "rate.h"

#include <math.h>

#include "lateness.h"
#include "processors.h"
#include "wsload/base/clock.h"

#define RATE_INVALID_PERCENT 95
#define WAITED_PERCENT       5 /* of the requests found no connection free: the target is slow */

#define READS_LATE_NS (50 * NS_PER_MS)

#define OWN_PERCENT 5 /* of the latency: less makes no difference */

/* PART in percent of the requests that came due; EMPTY when none did. */
static double percent_of_planned(const uint64_t *counts, uint64_t part, double empty)
{
    return counts[COUNT_PLANNED] ? 100 * (double)part / (double)counts[COUNT_PLANNED] : empty;
}

/* Of an open run: those started in its time. */
static double started_percent(const struct measurement *seen)
{
    const uint64_t *counts = seen->counts;
    uint64_t started = counts[COUNT_SENT] + counts[COUNT_UNSENT] - counts[COUNT_SENT_LATE];
    return percent_of_planned(counts, started, 100);
}

static bool rate_missed(const struct measurement *measurement)
{
    return measurement->load.model == LOAD_OPEN &&
           started_percent(measurement) < RATE_INVALID_PERCENT;
}

/* Those that found no connection free, or never got one. */
static double busy_percent(const struct measurement *seen)
{
    const uint64_t *counts = seen->counts;
    return percent_of_planned(counts, counts[COUNT_WAITED] + counts[COUNT_SKIPPED], 0);
}

/* Whether a tenth of the replies was read so late that it may be most of what a connection was
 * busy for. */
static bool read_late(const struct measurement *seen)
{
    const struct histogram *latency = &seen->distributions[DIST_LATENCY];
    enum distribution by = lateness_is_stamped(seen) ? DIST_REPLY_WAIT : DIST_LOOP_LAG;
    const struct histogram *wait = &seen->distributions[by];
    uint64_t wait_ns = histogram_percentile(wait, 90);
    return lateness_is_founded(wait, 90) && wait_ns > READS_LATE_NS &&
           wait_ns > histogram_percentile(latency, 50) / 2;
}

/* Whether a latency is all that a connection is busy with a request: it is not while it is opened,
 * or listens for the end of a stream, of which the measurement does not know whether silence told
 * it. */
static bool latency_is_all(const struct measurement *seen)
{
    const uint64_t *counts = seen->counts;
    uint64_t otherwise = counts[COUNT_FAILED] + counts[COUNT_REOPENED] + counts[COUNT_ROTATED];
    return seen->load.reply == REPLY_MESSAGE && !seen->load.connection_per_request &&
           otherwise * 100 <= counts[COUNT_OK] * OWN_PERCENT;
}

/* Whether the connections would have been enough for the rate (Little's law) without the time for
 * which wsload itself kept them, by reading and by sending late. Only the kernel's time has a
 * latency without that. */
static bool took_its_connections(const struct measurement *seen)
{
    const struct histogram *distributions = seen->distributions;
    double latency_ns = histogram_mean(&distributions[DIST_LATENCY]);
    double own_ns = histogram_mean(&distributions[DIST_REPLY_WAIT]) +
                    histogram_mean(&distributions[DIST_RESPONSE_TIME]) -
                    histogram_mean(&distributions[DIST_UNDELAYED]);
    double under_way = measurement_asked(seen, stages_highest(&seen->load.stages)) * latency_ns /
                       (double)NS_PER_S;
    return lateness_is_stamped(seen) && latency_is_all(seen) &&
           own_ns * 100 > latency_ns * OWN_PERCENT &&
           under_way < (double)seen->counts[COUNT_OPENED] * seen->load.in_flight;
}

/* Such a generator keeps its own connections busy. */
static bool generator_was_busy(const struct judged *judged)
{
    struct validity_reason reason;
    return check_cpu(judged, &reason) || read_late(judged->seen) ||
           took_its_connections(judged->seen);
}

bool check_rate(const struct judged *judged, struct validity_reason *reason)
{
    const struct measurement *seen = judged->seen;
    bool connections_free = busy_percent(seen) < WAITED_PERCENT;
    if (!rate_missed(seen) || (!connections_free && !generator_was_busy(judged)))
        return false;
    reason->advice = processors_advice(seen);
    return reason_say(reason, VALIDITY_INVALID, "%.0f %% of the asked rate%s (%d %% at least)",
                      floor(started_percent(seen)),
                      connections_free ? " with connections free" : "", RATE_INVALID_PERCENT);
}

bool check_target(const struct judged *judged, struct validity_reason *reason)
{
    const struct measurement *seen = judged->seen;
    if (!rate_missed(seen) || busy_percent(seen) < WAITED_PERCENT || generator_was_busy(judged))
        return false;
    return reason_say(
        reason, VALIDITY_VALID,
        "the target did not keep up: %.0f %% of the requests waited for a free connection",
        floor(busy_percent(seen)));
}
