#include "wsload/stats/trust.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/base/units.h"
#include "wsload/stats/results.h"

#define CPU_DOUBTFUL_PERCENT 90
#define CPU_SHORTEST_NS      (100 * NS_PER_MS) /* of less, starting and stopping are much */

#define LOOP_LAG_DOUBTFUL_NS (5 * NS_PER_MS)
#define LOOP_LAG_INVALID_NS  (50 * NS_PER_MS)
#define LOOP_LAG_FLOOR_NS    (100 * NS_PER_US) /* the kernel's own timers are as late */

#define SEND_LAG_DOUBTFUL_NS (10 * NS_PER_MS)
#define SEND_LAG_INVALID_NS  (100 * NS_PER_MS)

#define RATE_INVALID_PERCENT 95
#define BUSY_PERCENT         5 /* of the requests found no connection free: the target is slow */

#define SAMPLES_DOUBTFUL 10

#define LATE_DOUBTFUL         10
#define LATE_DOUBTFUL_PERCENT 5 /* of the requests that ended */

#define MORE_GENERATOR "use more workers (-t), less load, or a bigger or quieter machine"

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* --- The checks: each fills grade and text of REASON, or returns false --- */

static bool check_sums(const struct results *results, struct trust_reason *reason)
{
    struct error why;
    if (results_conserved(results, &why))
        return false;
    reason->grade = TRUST_INVALID;
    snprintf(reason->text, sizeof(reason->text), "%.*s", (int)sizeof(reason->text) - 1, why.text);
    return true;
}

static bool check_exhausted(const struct results *results, struct trust_reason *reason)
{
    uint64_t times = metrics_errors(&results->recorded, FAILURE_EXHAUSTED);
    const struct failure_class *class = results->recorded.failures.classes;
    if (times == 0)
        return false;
    while (class->kind != FAILURE_EXHAUSTED)
        class ++;
    reason->grade = TRUST_INVALID;
    snprintf(reason->text, sizeof(reason->text), "this machine ran out of %s, %" PRIu64 " time%s",
             class->detail[0] ? class->detail : "what a connection needs", times,
             times == 1 ? "" : "s");
    return true;
}

/* Shares of CPU in whole percent, so that 90.4 is not shown as 90, which is allowed. */
static long cpu_percent(double share)
{
    return (long)ceil(share * 100 - 1e-6);
}

static bool check_cpu(const struct results *results, struct trust_reason *reason)
{
    unsigned busiest = 0;
    unsigned busy = 0;
    const double *cpu = results->self.worker_cpu;
    for (unsigned i = 0; i < results->setup.workers; i++) {
        busy += cpu_percent(cpu[i]) > CPU_DOUBTFUL_PERCENT;
        if (cpu[i] > cpu[busiest])
            busiest = i;
    }
    if (busy == 0 || results->total_time_ns < CPU_SHORTEST_NS)
        return false;
    reason->grade = TRUST_DOUBTFUL;
    int length = snprintf(reason->text, sizeof(reason->text),
                          "worker %u at %ld %% CPU (%d %% at most)", busiest + 1,
                          cpu_percent(cpu[busiest]), CPU_DOUBTFUL_PERCENT);
    if (busy > 1)
        snprintf(reason->text + length, sizeof(reason->text) - (size_t)length, ", and %u more",
                 busy - 1);
    return true;
}

/* Messages behind the end of replies that are taken to be single ones: the first message of a
 * stream was measured for the whole of it. One for each failed request may be its reply, come too
 * late. */
static bool check_late_messages(const struct results *results, struct trust_reason *reason)
{
    char count[UNITS_SIZE];
    uint64_t late = results->recorded.late;
    uint64_t failed = results->recorded.measured.failed;
    uint64_t behind = late > failed ? late - failed : 0;
    if (results->setup.stream || results->setup.one_way || behind < LATE_DOUBTFUL ||
        behind * 100 <= results_requests(results) * LATE_DOUBTFUL_PERCENT)
        return false;
    reason->grade = TRUST_DOUBTFUL;
    snprintf(reason->text, sizeof(reason->text), "%s messages came behind the end of their reply",
             units_format_count(late, count));
    return true;
}

/* A late loop takes what was read late for a late reply: a tenth of the median latency is too much,
 * and half of it is most of what was measured. */
static bool check_loop_lag(const struct results *results, struct trust_reason *reason)
{
    char seen[UNITS_SIZE];
    char allowed[UNITS_SIZE];
    const struct histogram *latency = &results->recorded.latency;
    uint64_t lag_ns = histogram_percentile_ns(&results->recorded.loop_lag, 99);
    uint64_t median_ns = latency->count > 0 ? histogram_percentile_ns(latency, 50) : UINT64_MAX;
    uint64_t limit_ns = smaller(LOOP_LAG_DOUBTFUL_NS, larger(median_ns / 10, LOOP_LAG_FLOOR_NS));
    if (lag_ns <= limit_ns)
        return false;
    bool invalid = lag_ns > LOOP_LAG_INVALID_NS && lag_ns > median_ns / 2;
    reason->grade = invalid ? TRUST_INVALID : TRUST_DOUBTFUL;
    snprintf(reason->text, sizeof(reason->text), "loop lag p99 %s (%s at most)",
             units_format_duration(lag_ns, seen), units_format_duration(limit_ns, allowed));
    return true;
}

/* What waited for a busy connection is late because of the target. */
static bool check_send_lag(const struct results *results, struct trust_reason *reason)
{
    char seen[UNITS_SIZE];
    char allowed[UNITS_SIZE];
    uint64_t lag_ns = histogram_percentile_ns(&results->recorded.pacing_lag, 99);
    if (lag_ns <= SEND_LAG_DOUBTFUL_NS)
        return false;
    reason->grade = lag_ns > SEND_LAG_INVALID_NS ? TRUST_INVALID : TRUST_DOUBTFUL;
    snprintf(reason->text, sizeof(reason->text), "%s p99 %s (%s at most)",
             results->recorded.waited > 0 ? "pacing lag" : "send lag",
             units_format_duration(lag_ns, seen),
             units_format_duration(SEND_LAG_DOUBTFUL_NS, allowed));
    return true;
}

/* How many percent of the requests that came due in an open run were started in its time. */
static double started_percent(const struct results *results)
{
    const struct accounting *measured = &results->recorded.measured;
    uint64_t started = measured->sent + measured->unsent - results->recorded.sent_late;
    if (measured->planned == 0)
        return 100;
    return 100 * (double)started / (double)measured->planned;
}

static bool rate_missed(const struct results *results)
{
    return results->setup.model == LOAD_OPEN && started_percent(results) < RATE_INVALID_PERCENT;
}

/* How many percent of the requests found no connection free, or never got one. */
static double busy_percent(const struct results *results)
{
    const struct accounting *measured = &results->recorded.measured;
    if (measured->planned == 0)
        return 0;
    return 100 * (double)(results->recorded.waited + measured->skipped) / (double)measured->planned;
}

/* A generator that is too slow to read its replies keeps its own connections busy. */
static bool generator_was_busy(const struct results *results)
{
    struct trust_reason reason;
    return check_cpu(results, &reason) ||
           (check_loop_lag(results, &reason) && reason.grade == TRUST_INVALID);
}

static bool check_rate(const struct results *results, struct trust_reason *reason)
{
    bool connections_free = busy_percent(results) < BUSY_PERCENT;
    if (!rate_missed(results) || (!connections_free && !generator_was_busy(results)))
        return false;
    reason->grade = TRUST_INVALID;
    snprintf(reason->text, sizeof(reason->text), "%.0f %% of the asked rate%s (%d %% at least)",
             floor(started_percent(results)), connections_free ? " with connections free" : "",
             RATE_INVALID_PERCENT);
    return true;
}

static bool check_target(const struct results *results, struct trust_reason *reason)
{
    if (!rate_missed(results) || busy_percent(results) < BUSY_PERCENT ||
        generator_was_busy(results))
        return false;
    reason->grade = TRUST_VALID;
    snprintf(reason->text, sizeof(reason->text),
             "the target did not keep up: %.0f %% of the requests waited for a free connection",
             busy_percent(results));
    return true;
}

/* Whether THRESHOLD is on a percentile that rests on too little. p(100) is the maximum, which is
 * exact; of no samples at all there is no figure, and the threshold is broken. */
static bool rests_on_little(const struct results *results, const struct threshold *threshold,
                            uint64_t *beyond)
{
    const struct selector *selector = &threshold->selector;
    if ((selector->stat != STAT_PERCENTILE && selector->stat != STAT_MED) ||
        selector->percent >= 100)
        return false;
    const struct histogram *histogram = selector->metric->histogram(results);
    if (!histogram || histogram->count == 0)
        return false;
    *beyond = histogram_samples_beyond(histogram, selector->percent);
    return *beyond < SAMPLES_DOUBTFUL;
}

/* Names the first threshold of them. */
static bool check_samples(const struct results *results, struct trust_reason *reason)
{
    const struct thresholds *thresholds = &results->thresholds;
    for (size_t i = 0; i < thresholds->count; i++) {
        uint64_t beyond;
        if (!rests_on_little(results, &thresholds->items[i], &beyond))
            continue;
        reason->grade = TRUST_DOUBTFUL;
        snprintf(reason->text, sizeof(reason->text),
                 "%" PRIu64 " sample%s beyond %s of a threshold (%d at least)", beyond,
                 beyond == 1 ? "" : "s", thresholds->items[i].selector.text, SAMPLES_DOUBTFUL);
        return true;
    }
    return false;
}

/* Requests that waited, and nothing came, not even what belongs to none. Those whose connections
 * broke are another matter. */
static bool check_no_replies(const struct results *results, struct trust_reason *reason)
{
    const struct recorder *recorded = &results->recorded;
    uint64_t in_vain = metrics_errors(recorded, FAILURE_REPLY_TIMEOUT) +
                       recorded->measured.unanswered + recorded->warmup.unanswered;
    uint64_t answered = recorded->measured.ok + recorded->warmup.ok;
    if (results->setup.one_way || in_vain == 0 || answered > 0 ||
        recorded->traffic.received_messages > 0)
        return false;
    reason->grade = TRUST_VALID;
    snprintf(reason->text, sizeof(reason->text), "nothing at all came back");
    return true;
}

static bool check_record_lost(const struct results *results, struct trust_reason *reason)
{
    char count[UNITS_SIZE];
    uint64_t lost = results->record_lost;
    if (lost == 0)
        return false;
    reason->grade = TRUST_DOUBTFUL;
    snprintf(reason->text, sizeof(reason->text), "--record had to leave out %s request%s",
             units_format_count(lost, count), lost == 1 ? "" : "s");
    return true;
}

static bool check_machine(const struct results *results, struct trust_reason *reason)
{
    if (!results->setup.same_machine)
        return false;
    reason->grade = TRUST_VALID;
    snprintf(reason->text, sizeof(reason->text), "client and server share one machine");
    return true;
}

/* --- The table --- */

static const struct check {
    const char *name;
    bool (*look)(const struct results *results, struct trust_reason *reason);
    const char *advice;
} checks[] = {
    {"sums", check_sums, "this is a fault of wsload: please report it with the summary"},
    {"exhausted", check_exhausted,
     "use more source addresses (--interface), a higher 'ulimit -n', or fewer connections"},
    {"rate", check_rate, MORE_GENERATOR},
    {"send_lag", check_send_lag, MORE_GENERATOR},
    {"late_messages", check_late_messages,
     "replies seem to come in several messages; say how they end with --reply-end"},
    {"loop_lag", check_loop_lag, MORE_GENERATOR},
    {"cpu", check_cpu, MORE_GENERATOR},
    {"samples", check_samples, "send more requests, or ask for a lower percentile"},
    {"record_lost", check_record_lost,
     "record to a faster disk, without --record-replies, or with less load"},
    {"target", check_target, "use more connections (-c) or --in-flight"},
    {"no_replies", check_no_replies,
     "the route may have no route response, or the backend never posts to the connection; use "
     "--one-way if no reply is meant"},
    {"same_machine", check_machine, ""},
};

_Static_assert(sizeof(checks) / sizeof(checks[0]) <= TRUST_REASONS_MAX, "a reason for each check");

const char *trust_grade_name(enum trust_grade grade)
{
    static const char *const names[] = {"valid", "doubtful", "invalid"};
    return names[grade];
}

/* Behind those that are as bad. */
static void insert(struct trust *trust, const struct trust_reason *reason)
{
    size_t place = trust->count++;
    for (; place > 0 && trust->reasons[place - 1].grade < reason->grade; place--)
        trust->reasons[place] = trust->reasons[place - 1];
    trust->reasons[place] = *reason;
}

void trust_judge(struct trust *trust, const struct results *results)
{
    *trust = (struct trust){.grade = TRUST_VALID};
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        struct trust_reason reason = {.check = checks[i].name, .advice = checks[i].advice};
        if (checks[i].look(results, &reason))
            insert(trust, &reason);
    }
    if (trust->count > 0)
        trust->grade = trust->reasons[0].grade;
}
