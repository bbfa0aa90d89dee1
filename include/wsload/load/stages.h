/* Stages: how a level - connections in a closed run, requests per second in an open one - changes
 * over the time of a run. Each stage goes in a straight line from where the one before ended to its
 * target, as in k6; the first begins at `start`. Pure arithmetic; times are ns since the first
 * stage began. */
#ifndef WSLOAD_LOAD_STAGES_H
#define WSLOAD_LOAD_STAGES_H

#include <stddef.h>
#include <stdint.h>

#include "wsload/base/error.h"

#define STAGES_MAX 65 /* a list of options, and the warm-up */

struct stage {
    uint64_t duration_ns; /* 0: a jump to the target */
    double target;        /* level at its end, at least 0 */
};

struct stages {
    double start; /* level in front of the first stage */
    struct stage items[STAGES_MAX];
    size_t count; /* 0: the level stays at start for ever */
};

/* Reads "DURATION:TARGET", "30s:500"; TARGET is a rate as units_parse_rate() takes it. 0 or -1; the
 * error does not name the option. */
int stage_parse(const char *text, struct stage *stage, struct error *error);

/* Length of all stages; CLOCK_NEVER when there are none. */
uint64_t stages_duration_ns(const struct stages *stages);

/* The level at TIME_NS; behind the last stage its target. At a jump, the level behind it. */
double stages_level(const struct stages *stages, uint64_t time_ns);

/* The highest level that it ever has. */
double stages_highest(const struct stages *stages);

/* The integral of the level from 0 to TIME_NS, in level-seconds: for a rate, how many requests are
 * expected by then. It stops growing behind the last stage. */
double stages_total(const struct stages *stages, uint64_t time_ns);

/* The inverse: the earliest time at which stages_total() reaches TOTAL, rounded up to whole ns;
 * CLOCK_NEVER when it never does. */
uint64_t stages_time_of_total(const struct stages *stages, double total);

/* The earliest time after TIME_NS at which the whole part of the level is another one; CLOCK_NEVER
 * when it stays. */
uint64_t stages_next_change_ns(const struct stages *stages, uint64_t time_ns);

#endif
