/* The results of a run: const once built, and all that any report reads. */
#ifndef WSLOAD_STATS_RESULTS_H
#define WSLOAD_STATS_RESULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "wsload/stats/recorder.h"
#include "wsload/stats/thresholds.h"

/* Why the run ended as it did; the value is the process's exit code. */
enum exit_code {
    EXIT_PASSED = 0,
    EXIT_THRESHOLD = 1,
    EXIT_USAGE = 2,
    EXIT_NO_CONNECTION = 3,
    EXIT_UNTRUSTED = 4,
    EXIT_INTERRUPTED = 130, /* SIGINT */
    EXIT_TERMINATED = 143   /* SIGTERM */
};

/* What was run, as a report shows it. Strings are borrowed and outlive the results. */
struct results_setup {
    const char *url;    /* fit to be shown: see url_display() */
    const char *origin; /* "" when none is sent */
    uint64_t started_unix_ms;
    uint64_t connections; /* asked for */
    uint64_t requests;    /* planned; 0 when only the duration ends the run */
    uint64_t duration_ns; /* asked for; 0 when only the requests end the run */
    uint64_t prompts;     /* in the file */
    unsigned workers;
    bool connection_per_request;
};

struct results {
    struct results_setup setup;
    struct recorder recorded;     /* of all workers together */
    uint64_t total_time_ns;       /* of the run's clock, to the last reply */
    uint64_t open_time_ns;        /* from the first attempt until all were open or had given up */
    struct thresholds thresholds; /* judged */
    enum exit_code exit_code;
    const char *exit_reason; /* static text, also in the JSON */
};

/* Requests that ended, ok or failed. */
uint64_t results_requests(const struct results *results);

/* The exit code and reason from what was measured: SIGNAL_NUMBER (0 when none) came first, then no
 * connection ever opened, then a run in which no request succeeded, then thresholds. */
void results_decide(struct results *results, int signal_number);

#endif
