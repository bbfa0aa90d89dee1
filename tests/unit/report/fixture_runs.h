/* The runs that the fixtures imagine, and what they are made of. Private to the fixtures. */
#ifndef WSLOAD_TESTS_REPORT_FIXTURE_RUNS_H
#define WSLOAD_TESTS_REPORT_FIXTURE_RUNS_H

#include <stdbool.h>
#include <stdint.h>

#include "fixtures.h"
#include "wsload/base/clock.h"
#include "wsload/stats/recorder.h"

#define START_NS NS_PER_S /* of the measured part, on the fixtures' own clock */

/* --- Parts (fixture_parts.c) --- */

/* The clock of a new run: a little after START_NS. */
void set_clock(void);
uint64_t now_ns(void);

void set_url(struct fixture *run, const char *url);
void set_count(struct fixture *run, enum counter id, uint64_t count);
void add_count(struct fixture *run, enum counter id, uint64_t count);

/* The CPU of each of the load's workers, and the process's memory. */
void set_usage(struct fixture *run, const double *worker_cpu, uint64_t memory_mib);

/* The clock goes on; the seconds that are over become rows of the timeline. */
void advance(struct fixture *run, uint64_t ns);

/* The three that have options of their own. */
void add_thresholds(struct fixture *run, double max_latency, double min_rps,
                    double min_success_rate);
void add_threshold(struct fixture *run, const char *text);

/* COUNT of them, and a loop that goes round while they are open. Each takes 1.9 ms and 70 us more
 * than the one before: half of it TLS, if that is used. */
void open_connections(struct fixture *run, uint64_t count);

/* A request that was due LAG_NS before it was sent and ends now; WAITED for a free connection. */
struct timing {
    uint64_t lag_ns;
    uint64_t latency_ns;
    bool waited;
};

/* TEXT is what is sent for the request of OUTCOME. */
void send_text(struct fixture *run, const struct request_outcome *outcome, struct text text);

void end_request(struct fixture *run, uint64_t seq, const struct timing *timing,
                 const struct failure *failure);

/* COUNT good requests from number FIRST_SEQ on, one every STEP_NS, of 50.1 ms to 55.0 ms. */
void succeed_many(struct fixture *run, uint64_t first_seq, uint64_t count, uint64_t step_ns);

/* The same of an open run: each is sent 20 us to 60 us late. */
void succeed_on_time(struct fixture *run, uint64_t first_seq, uint64_t count, uint64_t step_ns);

/* Fail now: those that were sent, and those whose connection did not open. */
void fail_many(struct fixture *run, uint64_t first_seq, uint64_t count,
               const struct failure *failure);
void fail_unsent(struct fixture *run, uint64_t first_seq, uint64_t count,
                 const struct failure *failure);

/* COUNT messages that no request asked for, each TEXT, on one connection and 2 ms after a reply; ID
 * is COUNT_LATE or COUNT_UNSOLICITED. */
void come_unasked(struct fixture *run, enum counter id, uint64_t count, const char *text);

/* --- Closed runs, and one of connections alone (fixture_closed.c) --- */

void fill_passed(struct fixture *run);
void fill_no_thresholds(struct fixture *run);
void fill_failed(struct fixture *run);
void fill_no_success(struct fixture *run);
void fill_no_connection(struct fixture *run);
void fill_interrupted(struct fixture *run);
void fill_connection_per_request(struct fixture *run);
void fill_warm_up(struct fixture *run);
void fill_doubtful_failures(struct fixture *run);
void fill_hold(struct fixture *run);
void fill_aborted(struct fixture *run);
void fill_hostile(struct fixture *run);

/* --- Open runs (fixture_open.c) --- */

void set_open_model(struct fixture *run, double rate, uint64_t duration_s);

void fill_open_stages(struct fixture *run);
void fill_doubtful(struct fixture *run);
void fill_slow_target(struct fixture *run);
void fill_invalid(struct fixture *run);
void fill_merged(struct fixture *run);
void fill_shards(struct fixture *run);

/* --- Streams, and runs without replies (fixture_replies.c) --- */

void fill_stream(struct fixture *run);
void fill_one_way(struct fixture *run);
void fill_silent(struct fixture *run);
void fill_shifted(struct fixture *run);

#endif
