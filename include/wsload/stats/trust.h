/* The verdict on the run itself: can its figures be trusted, or was wsload the bottleneck?
 *
 * Each check is a row of a table, and gives one reason at most. They judge the generator, never the
 * target: what is late because no connection was free is not held against the run, nor is a rate
 * that chance alone explains (three deviations of a Poisson count, one arrival of a constant rate).
 * The CPU of a run below 100 ms says too little to be judged. */
#ifndef WSLOAD_STATS_TRUST_H
#define WSLOAD_STATS_TRUST_H

#include <stddef.h>

struct results;

#define TRUST_REASONS_MAX 16

enum trust_grade {
    TRUST_VALID, /* of a reason: worth knowing, and no fault */
    TRUST_DOUBTFUL,
    TRUST_INVALID
};

struct trust_reason {
    const char *check; /* "loop_lag"; static text, also in the JSON */
    enum trust_grade grade;
    char text[160]; /* what was seen and what is allowed: "send lag p99 38 ms (10 ms at most)" */
    const char *advice; /* what to do about it; static text, "" when there is nothing */
};

struct trust {
    enum trust_grade grade;                         /* the worst of the reasons */
    struct trust_reason reasons[TRUST_REASONS_MAX]; /* the worst first */
    size_t count;
};

/* "valid", "doubtful" or "invalid". */
const char *trust_grade_name(enum trust_grade grade);

/* Judges RESULTS: recorded, self, setup, the times and the thresholds must be in. */
void trust_judge(struct trust *trust, const struct results *results);

#endif
