#include "generator.h"

#include <math.h>
#include <stdio.h>

#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"
#include "wsload/base/units.h"

#define BUSY_PERCENT     90
#define USED_SHORTEST_NS (100 * NS_PER_MS) /* of less, starting and stopping are much */
#define WAITING_PERCENT  1                 /* less is not worth a word */

#define LOOP_LAG_DOUBTFUL_NS (5 * NS_PER_MS)
#define LOOP_LAG_INVALID_NS  (50 * NS_PER_MS)
#define LOOP_LAG_FLOOR_NS    (100 * NS_PER_US) /* the kernel's own timers are as late */

#define SEND_LAG_DOUBTFUL_NS (10 * NS_PER_MS)
#define SEND_LAG_INVALID_NS  (100 * NS_PER_MS)

#define RATE_INVALID_PERCENT 95
#define WAITED_PERCENT       5 /* of the requests found no connection free: the target is slow */

/* --- What the workers had of the processors --- */

/* In whole percent, so that 90.4 is not shown as 90, which is allowed. */
static long percent_up(double share)
{
    return (long)ceil(share * 100 - 1e-6);
}

static double busy_share(const struct worker_use *use)
{
    return use->time_ns >= USED_SHORTEST_NS ? use->cpu + use->wait : 0;
}

/* Of the processor time that wsload may use, the share that its workers used. */
static double share_of_cores(const struct measurement *seen)
{
    double used = 0;
    for (unsigned i = 0; i < seen->workers; i++)
        used += seen->worker_use[i].time_ns >= USED_SHORTEST_NS ? seen->worker_use[i].cpu : 0;
    return seen->cores > 0 ? used / seen->cores : 0;
}

/* The worker that was busiest, of those that were looked at for long enough; NULL: none was. */
static const struct worker_use *busiest(const struct measurement *seen)
{
    for (unsigned i = 0; i < seen->workers; i++)
        if (seen->worker_use[i].time_ns >= USED_SHORTEST_NS)
            return &seen->worker_use[i];
    return NULL;
}

static bool is_busy(double share)
{
    return percent_up(share) > BUSY_PERCENT;
}

/* Why wsload was late, as far as it can be known. */
static const char *advice_for(const struct measurement *seen)
{
    const struct worker_use *use = busiest(seen);
    if (!use)
        return ADVICE_LATE;
    if (is_busy(share_of_cores(seen)))
        return "wsload used all of the processor time that it may have: give it more cores (its "
               "affinity, or the CPU quota of its container), less load, or a bigger machine";
    bool waited = percent_up(use->wait) > WAITING_PERCENT && use->wait > use->cpu / 4;
    if (waited && seen->same_machine)
        return "another program had the core, the server perhaps, which is on this machine: give "
               "each its own cores (taskset), or put the server elsewhere";
    if (waited)
        return "another program had the core: end it, give wsload cores of its own (taskset), or "
               "use a quieter machine";
    if (is_busy(use->cpu + use->wait))
        return "there were too few workers: use more (-t), or less load";
    return ADVICE_LATE;
}

static bool say_of_worker(const struct measurement *seen, struct validity_reason *reason)
{
    char waits[64] = "";
    char more[64] = "";
    const struct worker_use *use = busiest(seen);
    unsigned busy = 0;
    for (unsigned i = 0; i < seen->workers; i++)
        busy += is_busy(busy_share(&seen->worker_use[i]));
    if (busy == 0)
        return false;
    if (percent_up(use->wait) > WAITING_PERCENT)
        snprintf(waits, sizeof(waits), ", and waiting for a core %ld %% of the time",
                 percent_up(use->wait));
    if (busy > 1)
        snprintf(more, sizeof(more), ", and %u more", busy - 1);
    return reason_say(reason, VALIDITY_DOUBTFUL, "a worker at %ld %% CPU%s (%d %% at most)%s",
                      percent_up(use->cpu), waits, BUSY_PERCENT, more);
}

bool check_cpu(const struct judged *judged, struct validity_reason *reason)
{
    const struct measurement *seen = judged->seen;
    double share = share_of_cores(seen);
    reason->advice = advice_for(seen);
    if (!is_busy(share))
        return say_of_worker(seen, reason);
    return reason_say(reason, VALIDITY_DOUBTFUL,
                      "wsload used %ld %% of the %.3g core%s that it may use (%d %% at most)",
                      percent_up(share), seen->cores, seen->cores == 1 ? "" : "s", BUSY_PERCENT);
}

/* A late loop takes what was read late for a late reply: a tenth of the median latency is too much,
 * and half of it is most of what was measured. */
bool check_loop_lag(const struct judged *judged, struct validity_reason *reason)
{
    const struct measurement *seen = judged->seen;
    char lag[UNITS_SIZE];
    char allowed[UNITS_SIZE];
    const struct histogram *latency = &seen->distributions[DIST_LATENCY];
    uint64_t lag_ns = histogram_percentile(&seen->distributions[DIST_LOOP_LAG], 99);
    uint64_t median_ns = latency->count > 0 ? histogram_percentile(latency, 50) : UINT64_MAX;
    uint64_t limit_ns = u64_min(LOOP_LAG_DOUBTFUL_NS, u64_max(median_ns / 10, LOOP_LAG_FLOOR_NS));
    if (lag_ns <= limit_ns)
        return false;
    reason->advice = advice_for(seen);
    bool invalid = lag_ns > LOOP_LAG_INVALID_NS && lag_ns > median_ns / 2;
    return reason_say(reason, invalid ? VALIDITY_INVALID : VALIDITY_DOUBTFUL,
                      "loop lag p99 %s (%s at most)",
                      units_format_duration_beside(lag_ns, limit_ns, lag),
                      units_format_duration(limit_ns, allowed));
}

/* What waited for a busy connection is late because of the target. */
bool check_send_lag(const struct judged *judged, struct validity_reason *reason)
{
    const struct measurement *seen = judged->seen;
    char lag[UNITS_SIZE];
    char allowed[UNITS_SIZE];
    uint64_t lag_ns = histogram_percentile(&seen->distributions[DIST_PACING_LAG], 99);
    if (lag_ns <= SEND_LAG_DOUBTFUL_NS)
        return false;
    reason->advice = advice_for(seen);
    return reason_say(reason, lag_ns > SEND_LAG_INVALID_NS ? VALIDITY_INVALID : VALIDITY_DOUBTFUL,
                      "%s p99 %s (%s at most)",
                      seen->counts[COUNT_WAITED] > 0 ? "pacing lag" : "send lag",
                      units_format_duration_beside(lag_ns, SEND_LAG_DOUBTFUL_NS, lag),
                      units_format_duration(SEND_LAG_DOUBTFUL_NS, allowed));
}

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

/* A generator that is too slow to read its replies keeps its own connections busy. */
static bool generator_was_busy(const struct judged *judged)
{
    struct validity_reason reason;
    return check_cpu(judged, &reason) ||
           (check_loop_lag(judged, &reason) && reason.grade == VALIDITY_INVALID);
}

bool check_rate(const struct judged *judged, struct validity_reason *reason)
{
    const struct measurement *seen = judged->seen;
    bool connections_free = busy_percent(seen) < WAITED_PERCENT;
    if (!rate_missed(seen) || (!connections_free && !generator_was_busy(judged)))
        return false;
    reason->advice = advice_for(seen);
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
