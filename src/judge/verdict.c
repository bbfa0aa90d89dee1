#include "wsload/judge/verdict.h"

#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "unasked.h"
#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"
#include "wsload/base/units.h"

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

#define UNOPENED_PERCENT 5 /* of the connections */

#define MORE_GENERATOR "use more workers (-t), less load, or a bigger or quieter machine"

/* --- The checks: each fills grade and text of REASON, or returns false --- */

/* Returns true. */
static bool __attribute__((format(printf, 3, 4)))
say(struct validity_reason *reason, enum validity_grade grade, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason->text, sizeof(reason->text), format, arguments);
    va_end(arguments);
    reason->grade = grade;
    return true;
}

static bool check_sums(const struct measurement *seen, struct validity_reason *reason)
{
    struct error why;
    if (measurement_conserved(seen, &why))
        return false;
    return say(reason, VALIDITY_INVALID, "%s", why.text);
}

static bool check_exhausted(const struct measurement *seen, struct validity_reason *reason)
{
    uint64_t times = measurement_errors(seen, FAILURE_EXHAUSTED);
    const struct failure_class *class = seen->failures.classes;
    if (times == 0)
        return false;
    while (class->kind != FAILURE_EXHAUSTED)
        class ++;
    return say(reason, VALIDITY_INVALID, "this machine ran out of %s, %" PRIu64 " time%s",
               class->detail[0] ? class->detail : "what a connection needs", times,
               times == 1 ? "" : "s");
}

/* Shares of CPU in whole percent, so that 90.4 is not shown as 90, which is allowed. */
static long cpu_percent(double share)
{
    return (long)ceil(share * 100 - 1e-6);
}

static bool check_cpu(const struct measurement *seen, struct validity_reason *reason)
{
    char more[REMARK_TEXT_SIZE] = "";
    unsigned busy = 0;
    while (busy < seen->workers && cpu_percent(seen->worker_cpu[busy]) > CPU_DOUBTFUL_PERCENT)
        busy++;
    if (busy == 0 || seen->counts[COUNT_TOTAL_TIME] < CPU_SHORTEST_NS)
        return false;
    if (busy > 1)
        snprintf(more, sizeof(more), ", and %u more", busy - 1);
    return say(reason, VALIDITY_DOUBTFUL, "a worker at %ld %% CPU (%d %% at most)%s",
               cpu_percent(seen->worker_cpu[0]), CPU_DOUBTFUL_PERCENT, more);
}

/* Without rules the first message after a prompt is its reply: what comes unasked shifts them all,
 * and every figure with them. */
static bool check_unasked(const struct measurement *seen, struct validity_reason *reason)
{
    bool shifted = seen->load.told_by == TOLD_BY_ORDER;
    reason->grade = shifted ? VALIDITY_INVALID : VALIDITY_DOUBTFUL;
    return unasked_are_too_many(seen, reason->text, sizeof(reason->text));
}

/* A late loop takes what was read late for a late reply: a tenth of the median latency is too much,
 * and half of it is most of what was measured. */
static bool check_loop_lag(const struct measurement *seen, struct validity_reason *reason)
{
    char lag[UNITS_SIZE];
    char allowed[UNITS_SIZE];
    const struct histogram *latency = &seen->distributions[DIST_LATENCY];
    uint64_t lag_ns = histogram_percentile(&seen->distributions[DIST_LOOP_LAG], 99);
    uint64_t median_ns = latency->count > 0 ? histogram_percentile(latency, 50) : UINT64_MAX;
    uint64_t limit_ns = u64_min(LOOP_LAG_DOUBTFUL_NS, u64_max(median_ns / 10, LOOP_LAG_FLOOR_NS));
    if (lag_ns <= limit_ns)
        return false;
    bool invalid = lag_ns > LOOP_LAG_INVALID_NS && lag_ns > median_ns / 2;
    return say(reason, invalid ? VALIDITY_INVALID : VALIDITY_DOUBTFUL,
               "loop lag p99 %s (%s at most)", units_format_duration_beside(lag_ns, limit_ns, lag),
               units_format_duration(limit_ns, allowed));
}

/* What waited for a busy connection is late because of the target. */
static bool check_send_lag(const struct measurement *seen, struct validity_reason *reason)
{
    char lag[UNITS_SIZE];
    char allowed[UNITS_SIZE];
    uint64_t lag_ns = histogram_percentile(&seen->distributions[DIST_PACING_LAG], 99);
    if (lag_ns <= SEND_LAG_DOUBTFUL_NS)
        return false;
    return say(reason, lag_ns > SEND_LAG_INVALID_NS ? VALIDITY_INVALID : VALIDITY_DOUBTFUL,
               "%s p99 %s (%s at most)", seen->counts[COUNT_WAITED] > 0 ? "pacing lag" : "send lag",
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
static bool generator_was_busy(const struct measurement *seen)
{
    struct validity_reason reason;
    return check_cpu(seen, &reason) ||
           (check_loop_lag(seen, &reason) && reason.grade == VALIDITY_INVALID);
}

static bool check_rate(const struct measurement *seen, struct validity_reason *reason)
{
    bool connections_free = busy_percent(seen) < BUSY_PERCENT;
    if (!rate_missed(seen) || (!connections_free && !generator_was_busy(seen)))
        return false;
    return say(reason, VALIDITY_INVALID, "%.0f %% of the asked rate%s (%d %% at least)",
               floor(started_percent(seen)), connections_free ? " with connections free" : "",
               RATE_INVALID_PERCENT);
}

static bool check_target(const struct measurement *seen, struct validity_reason *reason)
{
    if (!rate_missed(seen) || busy_percent(seen) < BUSY_PERCENT || generator_was_busy(seen))
        return false;
    return say(reason, VALIDITY_VALID,
               "the target did not keep up: %.0f %% of the requests waited for a free connection",
               floor(busy_percent(seen)));
}

/* Whether THRESHOLD is on a percentile that rests on too little. p(100) is the maximum, which is
 * exact; of no samples at all there is no figure, and the threshold is broken. */
static bool rests_on_little(const struct measurement *measurement,
                            const struct threshold *threshold, uint64_t *beyond)
{
    const struct selector *selector = &threshold->selector;
    if ((selector->stat != STAT_PERCENTILE && selector->stat != STAT_MED) ||
        selector->percent >= 100)
        return false;
    const struct histogram *histogram = metric_histogram(selector->metric, measurement);
    if (!histogram || histogram->count == 0)
        return false;
    *beyond = histogram_samples_beyond(histogram, selector->percent);
    return *beyond < SAMPLES_DOUBTFUL;
}

/* Names the first threshold of them. */
static bool check_samples(const struct measurement *seen, const struct thresholds *thresholds,
                          struct validity_reason *reason)
{
    for (size_t i = 0; i < thresholds->count; i++) {
        uint64_t beyond;
        if (!rests_on_little(seen, &thresholds->items[i], &beyond))
            continue;
        return say(reason, VALIDITY_DOUBTFUL,
                   "%" PRIu64 " sample%s beyond %s of a threshold (%d at least)", beyond,
                   beyond == 1 ? "" : "s", thresholds->items[i].selector.text, SAMPLES_DOUBTFUL);
    }
    return false;
}

/* Requests that waited, and nothing came, not even what belongs to none. Those whose connections
 * broke are another matter. */
static bool check_no_replies(const struct measurement *seen, struct validity_reason *reason)
{
    const uint64_t *counts = seen->counts;
    uint64_t in_vain = measurement_errors(seen, FAILURE_REPLY_TIMEOUT) + counts[COUNT_UNANSWERED] +
                       counts[COUNT_WARMUP_UNANSWERED];
    uint64_t answered = counts[COUNT_OK] + counts[COUNT_WARMUP_OK];
    if (seen->load.reply == REPLY_NONE || in_vain == 0 || answered > 0 ||
        counts[COUNT_RECEIVED_MESSAGES] > 0)
        return false;
    return say(reason, VALIDITY_VALID, "nothing at all came back");
}

static bool check_record_lost(const struct measurement *seen, struct validity_reason *reason)
{
    char count[UNITS_SIZE];
    uint64_t lost = seen->counts[COUNT_RECORD_LOST];
    if (lost == 0)
        return false;
    return say(reason, VALIDITY_DOUBTFUL, "--record had to leave out %s request%s",
               units_format_count(lost, count), lost == 1 ? "" : "s");
}

/* What was measured is a smaller load then than was asked for. A run that was ended may not have
 * come to open all, nor the last stage. */
static bool check_opened(const struct measurement *seen, struct validity_reason *reason)
{
    char never[UNITS_SIZE];
    char all[UNITS_SIZE];
    const struct load *load = &seen->load;
    double asked = measurement_asked(seen, load->connections);
    double missing = asked - (double)seen->counts[COUNT_OPENED];
    if (missing < 1 || seen->counts[COUNT_OPENED] == 0 || seen->signal || seen->aborted_by[0] ||
        load->connection_per_request || (load->model == LOAD_CLOSED && load->stages.count > 0))
        return false;
    return say(reason,
               missing * 100 > asked * UNOPENED_PERCENT ? VALIDITY_DOUBTFUL : VALIDITY_VALID,
               "%s of %s connections never opened", units_format_count((uint64_t)missing, never),
               units_format_count((uint64_t)asked, all));
}

static bool check_machine(const struct measurement *seen, struct validity_reason *reason)
{
    if (!seen->same_machine)
        return false;
    return say(reason, VALIDITY_VALID, "client and server share one machine");
}

/* A rate has no end of its own: who gave none may wonder at this one. */
static bool check_prompts(const struct measurement *seen, struct validity_reason *reason)
{
    char count[UNITS_SIZE];
    const struct load *load = &seen->load;
    if (load->model != LOAD_OPEN || load->duration_ns > 0 || load->requests == 0 ||
        load->requests != load->prompts || seen->counts[COUNT_PLANNED] != load->requests)
        return false;
    return say(reason, VALIDITY_VALID, "it ended when each of %s prompt%s had been sent once",
               units_format_count(load->prompts, count), load->prompts == 1 ? "" : "s");
}

/* --- The table --- */

static const struct check {
    const char *name;
    bool (*look)(const struct measurement *seen, struct validity_reason *reason);
    const char *advice;
} checks[] = {
    {"sums", check_sums, "this is a fault of wsload: please report it with the summary"},
    {"exhausted", check_exhausted,
     "use more source addresses (--interface), a higher 'ulimit -n', or fewer connections"},
    {"unasked", check_unasked,
     "say which messages are no replies with --ignore, or how replies end with --reply-end; "
     "`wsload try URL` finds out"},
    {"rate", check_rate, MORE_GENERATOR},
    {"send_lag", check_send_lag, MORE_GENERATOR},
    {"loop_lag", check_loop_lag, MORE_GENERATOR},
    {"cpu", check_cpu, MORE_GENERATOR},
    {"samples", NULL /* check_samples() */, "send more requests, or ask for a lower percentile"},
    {"record_lost", check_record_lost,
     "record to a faster disk, without --record-replies, or with less load"},
    {"target", check_target, "use more connections (-c) or --in-flight"},
    {"no_replies", check_no_replies,
     "the route may have no route response, or the backend never posts to the connection; use "
     "--one-way if no reply is meant"},
    {"prompts", check_prompts, "to go on, from the first prompt again, add -d or -n"},
    {"opened", check_opened, "see the errors; the figures are those of a smaller load"},
    {"same_machine", check_machine, ""},
};

_Static_assert(ARRAY_LENGTH(checks) + REMARKS_MAX <= VALIDITY_REASONS_MAX, "room for all reasons");

static const char *const grade_names[] = {"valid", "doubtful", "invalid"};

const char *validity_grade_name(enum validity_grade grade)
{
    return grade_names[grade];
}

bool validity_grade_of(const char *name, enum validity_grade *grade)
{
    for (size_t i = 0; i < ARRAY_LENGTH(grade_names); i++) {
        if (strcmp(grade_names[i], name) == 0) {
            *grade = (enum validity_grade)i;
            return true;
        }
    }
    return false;
}

/* After those that are as bad. */
static void insert(struct validity *validity, const struct validity_reason *reason)
{
    size_t place = validity->count++;
    for (; place > 0 && validity->reasons[place - 1].grade < reason->grade; place--)
        validity->reasons[place] = validity->reasons[place - 1];
    validity->reasons[place] = *reason;
}

/* "" for a check of another version. */
static const char *advice_of(const char *check)
{
    for (size_t i = 0; i < ARRAY_LENGTH(checks); i++)
        if (strcmp(checks[i].name, check) == 0)
            return checks[i].advice;
    return "";
}

static void insert_remark(struct validity *validity, const struct remark *remark)
{
    struct validity_reason reason = {.grade = (enum validity_grade)remark->grade,
                                     .advice = advice_of(remark->check)};
    memcpy(reason.source, remark->source, sizeof(reason.source));
    memcpy(reason.check, remark->check, sizeof(reason.check));
    memcpy(reason.text, remark->text, sizeof(reason.text));
    insert(validity, &reason);
}

/* Whether a part of the measurement is known to be as bad. */
static bool is_remarked(const struct measurement *measurement, const struct validity_reason *reason)
{
    for (size_t i = 0; i < measurement->remark_count; i++)
        if (strcmp(measurement->remarks[i].check, reason->check) == 0 &&
            measurement->remarks[i].grade >= reason->grade)
            return true;
    return false;
}

void validity_judge(struct validity *validity, const struct measurement *measurement,
                    const struct thresholds *thresholds)
{
    *validity = (struct validity){.grade = VALIDITY_VALID};
    for (size_t i = 0; i < ARRAY_LENGTH(checks); i++) {
        struct validity_reason reason = {.advice = checks[i].advice};
        snprintf(reason.check, sizeof(reason.check), "%s", checks[i].name);
        bool found = checks[i].look ? checks[i].look(measurement, &reason)
                                    : check_samples(measurement, thresholds, &reason);
        if (found && !is_remarked(measurement, &reason))
            insert(validity, &reason);
    }
    for (size_t i = 0; i < measurement->remark_count; i++)
        insert_remark(validity, &measurement->remarks[i]);
    if (validity->count > 0)
        validity->grade = validity->reasons[0].grade;
}

/* --- The verdict --- */

static void judge_threshold(struct verdict *verdict, const struct measurement *measurement,
                            const struct threshold *threshold)
{
    struct judgement judgement = {.threshold = *threshold};
    judgement.has_actual = selector_get(&threshold->selector, measurement, &judgement.actual);
    judgement.passed = judgement.has_actual && threshold_kept(threshold, judgement.actual);
    if (!judgement.passed && measurement->aborted_by[0] &&
        strcmp(threshold->name, measurement->aborted_by) == 0) {
        verdict->aborted = true;
        verdict->aborted_by = verdict->count;
    }
    verdict->broken += !judgement.passed;
    verdict->judgements[verdict->count++] = judgement;
}

static void decide(struct verdict *verdict, enum exit_code code, const char *reason)
{
    verdict->code = code;
    verdict->reason = reason;
}

static void decide_by_thresholds(struct verdict *verdict, const struct measurement *measurement)
{
    if (verdict->aborted)
        decide(verdict, EXIT_THRESHOLD, "threshold failed, run aborted");
    else if (verdict->broken > 0)
        decide(verdict, EXIT_THRESHOLD, "threshold failed");
    else if (measurement->load.strict && verdict->validity.grade == VALIDITY_INVALID)
        decide(verdict, EXIT_UNTRUSTED, "run invalid (--strict)");
    else
        decide(verdict, EXIT_PASSED, "passed");
}

static void decide_exit(struct verdict *verdict, const struct measurement *measurement)
{
    if (measurement->record_failed)
        decide(verdict, EXIT_USAGE, "the record could not be written");
    else if (measurement->signal)
        decide(verdict, measurement->signal == SIGINT ? EXIT_INTERRUPTED : EXIT_TERMINATED,
               "interrupted");
    else if (!measurement_conserved(measurement, NULL))
        decide(verdict, EXIT_UNTRUSTED, "sums do not hold");
    else if (measurement->counts[COUNT_OPENED] == 0)
        decide(verdict, EXIT_NO_CONNECTION, "no connection could be opened");
    else if (measurement->counts[COUNT_OK] == 0 && measurement->load.model != LOAD_HOLD &&
             !verdict->aborted)
        decide(verdict, EXIT_THRESHOLD, "no request succeeded");
    else
        decide_by_thresholds(verdict, measurement);
}

void judge(struct verdict *verdict, const struct measurement *measurement,
           const struct thresholds *thresholds)
{
    *verdict = (struct verdict){.count = 0};
    for (size_t i = 0; i < thresholds->count; i++)
        judge_threshold(verdict, measurement, &thresholds->items[i]);
    validity_judge(&verdict->validity, measurement, thresholds);
    decide_exit(verdict, measurement);
}
