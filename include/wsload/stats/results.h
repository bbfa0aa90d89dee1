/* The results of a run: const once built, and all that any report reads. */
#ifndef WSLOAD_STATS_RESULTS_H
#define WSLOAD_STATS_RESULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "wsload/load/plan.h"
#include "wsload/stats/cost.h"
#include "wsload/stats/recorder.h"
#include "wsload/stats/thresholds.h"
#include "wsload/stats/trust.h"

/* Why the run ended as it did; the value is the process's exit code. */
enum exit_code {
    EXIT_PASSED = 0,
    EXIT_THRESHOLD = 1,
    EXIT_USAGE = 2, /* an error of usage or input, or an output that could not be written */
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
    enum load_model model;
    uint64_t connections; /* asked for; with stages of connections the most of them */
    uint64_t requests;    /* planned; 0 when only time ends the run */
    uint64_t duration_ns; /* of the measured part; 0 when only the requests end the run */
    uint64_t warmup_ns;   /* 0: none */
    uint64_t prompts;     /* in the file */
    unsigned workers;
    bool connection_per_request;
    struct stages stages; /* of the rate (open) or of connections (closed); count 0: none given */
    enum arrival_law arrival; /* open */
    unsigned in_flight;       /* requests per connection */
    uint64_t max_queue;       /* open */
    const char *think_time;   /* as given; NULL: none */
    double connect_rate;      /* connections per second; 0: as fast as it goes */
    uint64_t seed;
    bool strict;       /* an invalid run exits with 4 */
    bool same_machine; /* the target is on this machine */
    bool stream;       /* replies are streams */
    bool one_way;
    bool gateway; /* the target is an API Gateway host, or prices were given: the cost is of
                     interest */
    struct prices prices;
    bool recording; /* --record was given */
};

/* What wsload saw of itself. */
struct self_usage {
    double worker_cpu[WORKERS_MAX]; /* CPU time over time of the run, 0 to 1, one per worker */
    uint64_t memory_bytes;          /* most resident memory of the process */
};

struct results {
    struct results_setup setup;
    struct recorder recorded; /* of all workers together */
    uint64_t total_time_ns;   /* of the measured part: to setup.duration_ns or to the end of an
                                 interrupted run, else to the last reply */
    uint64_t drain_time_ns;   /* from there to the last reply */
    uint64_t open_time_ns;    /* from the first attempt until all were open or had given up */
    double asked_per_s;       /* open: mean rate of arrivals asked for over total_time; else 0 */
    struct self_usage self;
    struct thresholds thresholds;       /* judged */
    struct trust trust;                 /* judged */
    uint64_t record_lost;               /* lines that --record had to leave out */
    bool record_failed;                 /* it could not be written */
    const struct threshold *aborted_by; /* the threshold that ended the run; NULL: none did */
    enum exit_code exit_code;
    const char *exit_reason; /* static text, also in the JSON */
};

/* Measured requests that ended, ok or failed, those that ended while draining included. */
uint64_t results_requests(const struct results *results);

/* Requests per second: those that ended in the measured time, divided by it. */
double results_requests_per_s(const struct results *results);

/* Requests sent in the measured time of an open run, per second; 0 in another. */
double results_achieved_per_s(const struct results *results);

/* Requests per second within every limit of service: see thresholds_service_levels(). Ask only when
 * recorded.setup.levels.any. */
double results_goodput_per_s(const struct results *results);

/* The latencies' histogram under its two names: response time is latency in a closed run. */
const struct histogram *results_response_time(const struct results *results);

/* Whether the sums hold in the warm-up and in the measured part: planned = sent + unsent + skipped;
 * sent + unsent = ok + failed + unanswered; failed = the failures of all kinds that failed a
 * measured request. When one does not, the broken sum is put into WHY (may be NULL). */
bool results_conserved(const struct results *results, struct error *why);

/* The exit code and reason from what was measured: a record that could not be written comes first,
 * as an error does that no results follow; then SIGNAL_NUMBER (0 when none), then sums that do not
 * hold, then no connection ever opened, then a run in which no request succeeded (not asked of
 * --hold, nor of an aborted run), then thresholds, then --strict. */
void results_decide(struct results *results, int signal_number);

#endif
