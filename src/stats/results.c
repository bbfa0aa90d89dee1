#include "wsload/stats/results.h"

#include <inttypes.h>
#include <signal.h>

#include "wsload/base/clock.h"

uint64_t results_requests(const struct results *results)
{
    return results->recorded.measured.ok + results->recorded.measured.failed;
}

static double per_s(const struct results *results, uint64_t count)
{
    if (results->total_time_ns == 0)
        return 0;
    return (double)count / clock_seconds(results->total_time_ns);
}

double results_requests_per_s(const struct results *results)
{
    return per_s(results, results_requests(results) - results->recorded.drained);
}

double results_achieved_per_s(const struct results *results)
{
    if (results->setup.model != LOAD_OPEN)
        return 0;
    return per_s(results, results->recorded.measured.sent - results->recorded.sent_late);
}

double results_goodput_per_s(const struct results *results)
{
    return per_s(results, results->recorded.good);
}

const struct histogram *results_response_time(const struct results *results)
{
    const struct recorder *recorded = &results->recorded;
    return results->setup.model == LOAD_OPEN ? &recorded->response_time : &recorded->latency;
}

/* --- Conservation --- */

static bool planned_hold(const struct accounting *account, const char *part, struct error *why)
{
    if (account->planned == account->sent + account->unsent + account->skipped)
        return true;
    error_set(why,
              "%s: %" PRIu64 " requests planned, but %" PRIu64 " sent, %" PRIu64
              " unsent and %" PRIu64 " skipped",
              part, account->planned, account->sent, account->unsent, account->skipped);
    return false;
}

static bool started_hold(const struct accounting *account, const char *part, struct error *why)
{
    uint64_t started = account->sent + account->unsent;
    if (started == account->ok + account->failed + account->unanswered)
        return true;
    error_set(why,
              "%s: %" PRIu64 " requests started, but %" PRIu64 " ok, %" PRIu64
              " failed and %" PRIu64 " unanswered",
              part, started, account->ok, account->failed, account->unanswered);
    return false;
}

static bool failures_hold(const struct recorder *recorded, struct error *why)
{
    uint64_t by_kind = failures_requests(&recorded->failures);
    if (recorded->measured.failed == by_kind)
        return true;
    error_set(why, "measured part: %" PRIu64 " requests failed, but %" PRIu64 " by kind",
              recorded->measured.failed, by_kind);
    return false;
}

bool results_conserved(const struct results *results, struct error *why)
{
    const struct recorder *recorded = &results->recorded;
    struct error unasked;
    if (!why)
        why = &unasked;
    return planned_hold(&recorded->warmup, "warm-up", why) &&
           started_hold(&recorded->warmup, "warm-up", why) &&
           planned_hold(&recorded->measured, "measured part", why) &&
           started_hold(&recorded->measured, "measured part", why) && failures_hold(recorded, why);
}

/* --- The exit code --- */

static void decide(struct results *results, enum exit_code code, const char *reason)
{
    results->exit_code = code;
    results->exit_reason = reason;
}

static void decide_by_thresholds(struct results *results)
{
    if (results->aborted_by)
        decide(results, EXIT_THRESHOLD, "threshold failed, run aborted");
    else if (thresholds_broken(&results->thresholds) > 0)
        decide(results, EXIT_THRESHOLD, "threshold failed");
    else if (results->setup.strict && results->trust.grade == TRUST_INVALID)
        decide(results, EXIT_UNTRUSTED, "run invalid (--strict)");
    else
        decide(results, EXIT_PASSED, "passed");
}

void results_decide(struct results *results, int signal_number)
{
    if (results->record_failed)
        decide(results, EXIT_USAGE, "the record could not be written");
    else if (signal_number != 0)
        decide(results, signal_number == SIGTERM ? EXIT_TERMINATED : EXIT_INTERRUPTED,
               "interrupted");
    else if (!results_conserved(results, NULL))
        decide(results, EXIT_UNTRUSTED, "sums do not hold");
    else if (results->recorded.connections.opened == 0)
        decide(results, EXIT_NO_CONNECTION, "no connection could be opened");
    else if (results->recorded.measured.ok == 0 && results->setup.model != LOAD_HOLD &&
             !results->aborted_by)
        decide(results, EXIT_THRESHOLD, "no request succeeded");
    else
        decide_by_thresholds(results);
}
