/* The runs that the fixtures imagine, and what they are made of. Private to the fixtures. */
#ifndef WSLOAD_TESTS_REPORT_FIXTURE_RUNS_H
#define WSLOAD_TESTS_REPORT_FIXTURE_RUNS_H

#include <stdbool.h>
#include <stdint.h>

#include "wsload/base/clock.h"
#include "wsload/stats/results.h"

#define START_NS NS_PER_S /* of the measured part, on the fixtures' own clock */

/* --- Parts (fixture_parts.c) --- */

/* The clock of a new run: a little behind START_NS. */
void set_clock(void);
uint64_t now_ns(void);

/* The clock goes on; the seconds that are over become rows of the timeline. */
void advance(struct results *results, uint64_t ns);

/* The three that have options of their own. */
void add_thresholds(struct results *results, double max_latency, double min_rps,
                    double min_success_rate);
void add_threshold(struct results *results, const char *text);

/* COUNT of them, and a loop that goes round while they are open. Each takes 1.9 ms and 70 us more
 * than the one before: half of it TLS, if that is used. */
void open_connections(struct results *results, uint64_t count);

/* A request that was due LAG_NS before it was sent and ends now; WAITED for a free connection. */
struct timing {
    uint64_t lag_ns;
    uint64_t latency_ns;
    bool waited;
};

void end_request(struct results *results, uint64_t seq, const struct timing *timing,
                 const struct failure *failure);

/* COUNT good requests from number FIRST_SEQ on, one every STEP_NS, of 50.1 ms to 55.0 ms. */
void succeed_many(struct results *results, uint64_t first_seq, uint64_t count, uint64_t step_ns);

/* The same of an open run: each is sent 20 us to 60 us late. */
void succeed_on_time(struct results *results, uint64_t first_seq, uint64_t count, uint64_t step_ns);

/* Fail now: those that were sent, and those whose connection did not open. */
void fail_many(struct results *results, uint64_t first_seq, uint64_t count,
               const struct failure *failure);
void fail_unsent(struct results *results, uint64_t first_seq, uint64_t count,
                 const struct failure *failure);

/* --- Closed runs, and one of connections alone (fixture_closed.c) --- */

void fill_passed(struct results *results);
void fill_no_thresholds(struct results *results);
void fill_failed(struct results *results);
void fill_no_success(struct results *results);
void fill_no_connection(struct results *results);
void fill_interrupted(struct results *results);
void fill_connection_per_request(struct results *results);
void fill_warm_up(struct results *results);
void fill_doubtful_failures(struct results *results);
void fill_hold(struct results *results);
void fill_aborted(struct results *results);
void fill_hostile(struct results *results);

/* --- Open runs (fixture_open.c) --- */

void set_open_model(struct results *results, double rate, uint64_t duration_s);

void fill_open_stages(struct results *results);
void fill_doubtful(struct results *results);
void fill_slow_target(struct results *results);
void fill_invalid(struct results *results);

/* --- Streams, and runs without replies (fixture_replies.c) --- */

void fill_stream(struct results *results);
void fill_one_way(struct results *results);
void fill_silent(struct results *results);

#endif
