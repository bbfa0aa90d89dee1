/* The open model: when requests are due, whether or not replies are back.
 *
 * The arrivals of a run are one sequence, the same for any number of workers, and a pure function
 * of the stages, the law and the seed. Constant: arrival I is due when the expected number of
 * arrivals (the integral of the rate) reaches I, so the first is due at once. Poisson: when it
 * reaches the sum of I + 1 exponential variables of mean 1 (time rescaling; Daley and Vere-Jones,
 * section 7.4), so that a ramp is an inhomogeneous Poisson process. Workers take turns: worker W of
 * K gets the arrivals W, W+K, W+2K, ... so the shares add up exactly. Times are ns since the run
 * began. */
#ifndef WSLOAD_LOAD_ARRIVALS_H
#define WSLOAD_LOAD_ARRIVALS_H

#include <stdbool.h>
#include <stdint.h>

#include "wsload/base/random.h"
#include "wsload/load/stages.h"

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

/* When this worker's next arrival is due; CLOCK_NEVER when there are no more. */
uint64_t arrivals_due_ns(const struct arrivals *arrivals);

/* Takes that arrival and returns its number in the run, from 0. There must be one. */
uint64_t arrivals_take(struct arrivals *arrivals);

/* How many arrivals a run has over all its workers, when that is known beforehand: with a constant
 * law, or with a number of requests and no end in time. Else the expected number. PLAN's worker and
 * workers do not matter. UINT64_MAX when nothing ends them. */
uint64_t arrivals_expected(const struct arrivals_plan *plan);

#endif
