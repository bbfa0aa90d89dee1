#include "wsload/judge/verdict.h"

#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "lateness.h"
#include "processors.h"
#include "rate.h"
#include "unasked.h"
#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"
#include "wsload/base/units.h"

#define SAMPLES_DOUBTFUL 10

#define UNOPENED_PERCENT 5 /* of the connections */

/* --- The checks: each fills grade and text of REASON, or returns false --- */

static bool check_sums(const struct judged *judged, struct validity_reason *reason)
{
    const struct measurement *seen = judged->seen;
    struct error why;
    if (measurement_conserved(seen, &why))
        return false;
    return reason_say(reason, VALIDITY_INVALID, "%s", why.text);
}

static bool check_exhausted(const struct judged *judged, struct validity_reason *reason)
{
    const struct measurement *seen = judged->seen;
    uint64_t times = measurement_errors(seen, FAILURE_EXHAUSTED);
    const struct failure_class *class = seen->failures.classes;
    if (times == 0)
        return false;
    while (class->kind != FAILURE_EXHAUSTED)
        class ++;
    return reason_say(reason, VALIDITY_INVALID, "this machine ran out of %s, %" PRIu64 " time%s",
                      class->detail[0] ? class->detail : "what a connection needs", times,
                      times == 1 ? "" : "s");
}

/* Without rules the first message after a prompt is its reply: what comes unasked shifts them all,
 * and every figure with them. */
static bool check_unasked(const struct judged *judged, struct validity_reason *reason)
{
    const struct measurement *seen = judged->seen;
    bool shifted = seen->load.told_by == TOLD_BY_ORDER;
    reason->grade = shifted ? VALIDITY_INVALID : VALIDITY_DOUBTFUL;
    return unasked_are_too_many(seen, reason->text, sizeof(reason->text));
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
static bool check_samples(const struct judged *judged, struct validity_reason *reason)
{
    const struct thresholds *thresholds = judged->thresholds;
    for (size_t i = 0; i < thresholds->count; i++) {
        uint64_t beyond;
        if (!rests_on_little(judged->seen, &thresholds->items[i], &beyond))
            continue;
        return reason_say(reason, VALIDITY_DOUBTFUL,
                          "%" PRIu64 " sample%s beyond %s of a threshold (%d at least)", beyond,
                          beyond == 1 ? "" : "s", thresholds->items[i].selector.text,
                          SAMPLES_DOUBTFUL);
    }
    return false;
}

/* Requests that waited, and nothing came, not even what belongs to none. Those whose connections
 * broke are another matter. */
static bool check_no_replies(const struct judged *judged, struct validity_reason *reason)
{
    const struct measurement *seen = judged->seen;
    const uint64_t *counts = seen->counts;
    uint64_t in_vain = measurement_errors(seen, FAILURE_REPLY_TIMEOUT) + counts[COUNT_UNANSWERED] +
                       counts[COUNT_WARMUP_UNANSWERED];
    uint64_t answered = counts[COUNT_OK] + counts[COUNT_WARMUP_OK];
    if (seen->load.reply == REPLY_NONE || in_vain == 0 || answered > 0 ||
        counts[COUNT_RECEIVED_MESSAGES] > 0)
        return false;
    return reason_say(reason, VALIDITY_VALID, "nothing at all came back");
}

static bool check_record_lost(const struct judged *judged, struct validity_reason *reason)
{
    const struct measurement *seen = judged->seen;
    char count[UNITS_SIZE];
    uint64_t lost = seen->counts[COUNT_RECORD_LOST];
    if (lost == 0)
        return false;
    return reason_say(reason, VALIDITY_DOUBTFUL, "--record had to leave out %s request%s",
                      units_format_count(lost, count), lost == 1 ? "" : "s");
}

/* What was measured is a smaller load then than was asked for. A run that was ended may not have
 * come to open all, nor the last stage. */
static bool check_opened(const struct judged *judged, struct validity_reason *reason)
{
    const struct measurement *seen = judged->seen;
    char never[UNITS_SIZE];
    char all[UNITS_SIZE];
    const struct load *load = &seen->load;
    double asked = measurement_asked(seen, load->connections);
    double missing = asked - (double)seen->counts[COUNT_OPENED];
    if (missing < 1 || seen->counts[COUNT_OPENED] == 0 || seen->signal || seen->aborted_by[0] ||
        load->connection_per_request || (load->model == LOAD_CLOSED && load->stages.count > 0))
        return false;
    return reason_say(
        reason, missing * 100 > asked * UNOPENED_PERCENT ? VALIDITY_DOUBTFUL : VALIDITY_VALID,
        "%s of %s connections never opened", units_format_count((uint64_t)missing, never),
        units_format_count((uint64_t)asked, all));
}

static bool check_machine(const struct judged *judged, struct validity_reason *reason)
{
    const struct measurement *seen = judged->seen;
    if (!seen->same_machine)
        return false;
    return reason_say(reason, VALIDITY_VALID, "client and server share one machine");
}

/* A rate has no end of its own: who gave none may wonder at this one. */
static bool check_prompts(const struct judged *judged, struct validity_reason *reason)
{
    const struct measurement *seen = judged->seen;
    char count[UNITS_SIZE];
    const struct load *load = &seen->load;
    if (load->model != LOAD_OPEN || load->duration_ns > 0 || load->requests == 0 ||
        load->requests != load->prompts || seen->counts[COUNT_PLANNED] != load->requests)
        return false;
    return reason_say(reason, VALIDITY_VALID,
                      "it ended when each of %s prompt%s had been sent once",
                      units_format_count(load->prompts, count), load->prompts == 1 ? "" : "s");
}

/* --- The table --- */

static const struct check {
    const char *name;
    bool (*look)(const struct judged *judged, struct validity_reason *reason);
    const char *advice; /* where no other cause is known */
} checks[] = {
    {"sums", check_sums, "this is a fault of wsload: please report it with the summary"},
    {"exhausted", check_exhausted,
     "use more source addresses (--interface), a higher 'ulimit -n', or fewer connections"},
    {"unasked", check_unasked,
     "say which messages are no replies with --ignore, or how replies end with --reply-end; "
     "`wsload try URL` finds out"},
    {"rate", check_rate, ADVICE_LATE},
    {"send_lag", check_send_lag, ADVICE_LATE},
    {"reply_wait", check_reply_wait, ADVICE_LATE},
    {"loop_lag", check_loop_lag, ADVICE_LATE},
    {"cpu", check_cpu, ADVICE_LATE},
    {"samples", check_samples, "send more requests, or ask for a lower percentile"},
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

const char *validity_check_name(size_t index)
{
    return index < ARRAY_LENGTH(checks) ? checks[index].name : NULL;
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
    const struct judged judged = {measurement, thresholds};
    *validity = (struct validity){.grade = VALIDITY_VALID};
    for (size_t i = 0; i < ARRAY_LENGTH(checks); i++) {
        struct validity_reason reason = {.advice = checks[i].advice};
        snprintf(reason.check, sizeof(reason.check), "%s", checks[i].name);
        if (checks[i].look(&judged, &reason) && !is_remarked(measurement, &reason))
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
