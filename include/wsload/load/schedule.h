/* How the level of a run changes over its time (stages), and which requests are due when: in the
 * closed model, where a connection takes one when it is free, and in the open model, whether or not
 * replies are back.
 *
 * Pure arithmetic; time is an argument. Workers share a run's requests by taking turns: worker W of
 * K issues the requests W, W+K, W+2K, ... so that the shares add up exactly. */
#ifndef WSLOAD_LOAD_SCHEDULE_H
#define WSLOAD_LOAD_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/base/error.h"
#include "wsload/base/random.h"

/* --- Stages --- */

/* A level - connections in a closed run, requests per second in an open one - goes in a straight
 * line from where the stage before ended to the target of each, as in k6; the first begins at
 * `start`. Times are ns since the first stage began. */
#define STAGES_MAX 64 /* a list of options */

struct stage {
    uint64_t duration_ns; /* 0: a jump to the target */
    double target;        /* level at its end, at least 0 */
};

struct stages {
    double start;     /* level before the first stage */
    uint64_t hold_ns; /* how long it stays there first: the warm-up */
    struct stage items[STAGES_MAX];
    size_t count; /* 0: the level stays at start for ever */
};

/* Reads "DURATION:TARGET", "30s:500"; TARGET is a rate as units_parse_rate() takes it. 0 or -1; the
 * error does not name the option. */
int stage_parse(const char *text, struct stage *stage, struct error *error);

/* Length of all stages; CLOCK_NEVER when there are none. */
uint64_t stages_duration_ns(const struct stages *stages);

/* The level at TIME_NS; after the last stage its target. At a jump, the level after it. */
double stages_level(const struct stages *stages, uint64_t time_ns);

/* The highest level that it ever has. */
double stages_highest(const struct stages *stages);

/* The integral of the level from 0 to TIME_NS, in level-seconds: for a rate, how many requests are
 * expected by then. It stops growing after the last stage. */
double stages_total(const struct stages *stages, uint64_t time_ns);

/* The inverse: the earliest time at which stages_total() reaches TOTAL, rounded up to whole ns;
 * CLOCK_NEVER when it never does. */
uint64_t stages_time_of_total(const struct stages *stages, double total);

/* The earliest time after TIME_NS at which the whole part of the level changes; CLOCK_NEVER when it
 * stays. */
uint64_t stages_next_change_ns(const struct stages *stages, uint64_t time_ns);

/* One prompt on its way. */
struct request {
    uint64_t seq;     /* number in the run, from 0; the prompts go round with it */
    uint64_t due_ns;  /* in a closed run the moment at which its connection was free for it */
    uint64_t late_ns; /* how late it is by wsload's own doing: open model only */
};

/* --- The closed model --- */

/* Which request of one worker is next, and when there are no more. */
struct schedule {
    uint64_t next_seq;
    uint64_t step;        /* workers taking turns */
    uint64_t limit;       /* requests in the run; UINT64_MAX for no limit */
    uint64_t deadline_ns; /* no request at or after this time; CLOCK_NEVER for none; may be set */
};

struct schedule_plan {
    uint64_t requests; /* 0: no limit */
    unsigned worker;   /* 0 .. workers-1 */
    unsigned workers;  /* at least 1 */
};

void schedule_init(struct schedule *schedule, const struct schedule_plan *plan);

/* Takes the next request, due now. False when there is none: the limit or the deadline is reached.
 */
bool schedule_take(struct schedule *schedule, uint64_t now_ns, struct request *request);

/* Whether schedule_take() would give none, now and from now on. */
bool schedule_exhausted(const struct schedule *schedule, uint64_t now_ns);

/* Think time: how long a connection rests between a reply and its next prompt. */
enum think_law { THINK_NONE, THINK_UNIFORM, THINK_EXPONENTIAL };

struct think {
    enum think_law law;
    uint64_t low_ns;  /* of the uniform law: LOW to HIGH; equal for a fixed time */
    uint64_t high_ns; /* of the exponential law: unused; low_ns is its mean */
};

/* Reads "2s", "1s-5s" or "exp:2s". 0 or -1; the error does not name the option. */
int think_parse(const char *text, struct think *think, struct error *error);

/* Room for think_format() with its NUL. */
#define THINK_TEXT_SIZE 64

/* Writes THINK, which is not of THINK_NONE, as think_parse() takes it, exact to 1 ns. Returns OUT.
 */
char *think_format(const struct think *think, char out[THINK_TEXT_SIZE]);

/* The rest after request SEQ, a pure function of SEED and SEQ. An exponential one is cut at 20
 * times its mean. */
uint64_t think_time_ns(const struct think *think, uint64_t seed, uint64_t seq);

/* --- The open model --- */

/* The arrivals of a run are one sequence, the same for any number of workers, and a pure function
 * of the stages, the law and the seed. Constant: arrival I is due when the expected number of
 * arrivals (the integral of the rate) reaches I, so the first is due at once. Poisson: when it
 * reaches the sum of I + 1 exponential variables of mean 1 (time rescaling; Daley and Vere-Jones,
 * section 7.4), so that a ramp is an inhomogeneous Poisson process. Times are ns since the run
 * began. */
enum arrival_law { ARRIVAL_CONSTANT, ARRIVAL_POISSON };

struct arrivals_plan {
    const struct stages *rate; /* requests per second; borrowed, outlives the arrivals */
    enum arrival_law law;
    uint64_t seed;        /* of the Poisson law */
    uint64_t duration_ns; /* no arrival at or after this time; CLOCK_NEVER: no such end */
    uint64_t requests;    /* arrivals in the run, over all workers; 0: no limit */
    unsigned worker;      /* 0 .. workers-1 */
    unsigned workers;     /* at least 1 */
};

struct arrivals {
    struct arrivals_plan plan;
    struct random random;
    uint64_t limit;  /* arrivals in the run; for the constant law known from the start */
    uint64_t seq;    /* number in the run of the next arrival of this worker */
    double total;    /* expected arrivals until it is due */
    uint64_t due_ns; /* when it is due; CLOCK_NEVER when there are no more */
};

void arrivals_init(struct arrivals *arrivals, const struct arrivals_plan *plan);

/* Takes the next arrival of this worker and returns its number in the run, from 0. There must be
 * one. */
uint64_t arrivals_take(struct arrivals *arrivals);

/* How many arrivals all workers of a run have together, when that is known before: with a constant
 * law, or with a number of requests and no end in time. Else the expected number. PLAN's worker and
 * workers do not matter. UINT64_MAX when nothing ends them. */
uint64_t arrivals_expected(const struct arrivals_plan *plan);

#endif
