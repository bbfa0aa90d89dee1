#include "processors.h"

#include <math.h>
#include <stdio.h>

#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"
#include "wsload/base/units.h"

#define BUSY_PERCENT     90
#define USED_SHORTEST_NS (100 * NS_PER_MS) /* of less, starting and stopping are much */
#define WAITING_PERCENT  1                 /* less is not worth a word */
#define KEPT_PERCENT     10                /* waiting, by who was kept from its work by that */
#define IDLE             0.2               /* of its time, by who had little to do */
#define STALL_NS         (100 * NS_PER_MS) /* late by so much, with little to do: it was stopped */
#define USED_MOST        0.6               /* of its cores, by who waits for more: a quota */

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

static bool stood_still(const struct measurement *seen, const struct worker_use *use)
{
    const struct histogram *distributions = seen->distributions;
    uint64_t worst_ns = u64_max(distributions[DIST_LOOP_LAG].max,
                                distributions[DIST_PACING_LAG].max);
    return use->cpu + use->wait < IDLE && worst_ns > STALL_NS;
}

const char *processors_advice(const struct measurement *seen)
{
    const struct worker_use *use = busiest(seen);
    if (!use)
        return ADVICE_LATE;
    double share = share_of_cores(seen);
    bool waited = use->wait * 100 >= KEPT_PERCENT && use->wait > use->cpu / 4;
    if (is_busy(share) || (waited && share > USED_MOST))
        return "wsload used what it may have of the processors: give it more cores (its "
               "affinity, or the CPU quota of its container), less load, or a bigger machine";
    if (waited && seen->same_machine)
        return "another program had the core, the server perhaps, which is on this machine: give "
               "each its own cores (taskset), or put the server elsewhere";
    if (waited)
        return "another program had the core: end it, give wsload cores of its own (taskset), or "
               "use a quieter machine";
    if (is_busy(use->cpu + use->wait))
        return "there were too few workers: use more (-t), or less load";
    if (stood_still(seen, use))
        return "wsload stood still, though it had a core: it was stopped, or the host of this "
               "virtual machine was busy";
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
    reason->advice = processors_advice(seen);
    if (!is_busy(share))
        return say_of_worker(seen, reason);
    return reason_say(reason, VALIDITY_DOUBTFUL,
                      "wsload used %ld %% of the %.3g core%s that it may use (%d %% at most)",
                      percent_up(share), seen->cores, seen->cores == 1 ? "" : "s", BUSY_PERCENT);
}
