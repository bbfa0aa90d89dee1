#include "wsload/stats/results.h"

#include <signal.h>

uint64_t results_requests(const struct results *results)
{
    return results->recorded.ok + results->recorded.failed;
}

static void decide(struct results *results, enum exit_code code, const char *reason)
{
    results->exit_code = code;
    results->exit_reason = reason;
}

void results_decide(struct results *results, int signal_number)
{
    if (signal_number != 0)
        decide(results, signal_number == SIGTERM ? EXIT_TERMINATED : EXIT_INTERRUPTED,
               "interrupted");
    else if (results->recorded.connections.opened == 0)
        decide(results, EXIT_NO_CONNECTION, "no connection could be opened");
    else if (results->recorded.ok == 0)
        decide(results, EXIT_THRESHOLD, "no request succeeded");
    else if (thresholds_broken(&results->thresholds) > 0)
        decide(results, EXIT_THRESHOLD, "threshold failed");
    else
        decide(results, EXIT_PASSED, "passed");
}
