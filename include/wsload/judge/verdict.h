/* The verdict: what a measurement is worth against its thresholds, whether it can be trusted, and
 * how the process ends.
 *
 * One pure function makes it, in a live run and from summaries alike; nothing in a measurement
 * knows of it. The checks of validity are rows of a table, and give one reason each at most. They
 * judge the generator, and whether what it took for replies can be right, never the target: what is
 * late because no connection was free is not held against the run, nor is a rate that chance alone
 * explains (three deviations of a Poisson count, one arrival of a constant rate). What a worker
 * used of its core in less than 100 ms says too little to be judged. */
#ifndef WSLOAD_JUDGE_VERDICT_H
#define WSLOAD_JUDGE_VERDICT_H

#include "wsload/judge/reason.h"
#include "wsload/judge/thresholds.h"
#include "wsload/stats/measurement.h"

/* --- Validity: can the figures be trusted? --- */

#define VALIDITY_REASONS_MAX (16 + REMARKS_MAX)

struct validity {
    enum validity_grade grade;                            /* the worst of the reasons */
    struct validity_reason reasons[VALIDITY_REASONS_MAX]; /* the worst first */
    size_t count;
};

/* Judges MEASUREMENT, whose percentiles THRESHOLDS rest on. What was remarked about its parts
 * stands in place of the same doubt about the whole, unless that is worse. */
void validity_judge(struct validity *validity, const struct measurement *measurement,
                    const struct thresholds *thresholds);

/* The name of the check at INDEX in their table; NULL beyond its end. */
const char *validity_check_name(size_t index);

/* --- Verdict --- */

/* Why the run ended as it did; the value is the process's exit code. */
enum exit_code {
    EXIT_PASSED = 0,
    EXIT_THRESHOLD = 1,
    EXIT_USAGE = 2, /* an error of usage or input, or an output that could not be written */
    EXIT_NO_CONNECTION = 3,
    EXIT_UNTRUSTED = 4,
    EXIT_INTERRUPTED = 130, /* SIGINT */
    EXIT_TERMINATED = 143   /* SIGTERM, and SIGHUP */
};

/* One threshold, judged. */
struct judgement {
    struct threshold threshold;
    bool has_actual; /* without a figure a threshold is broken */
    double actual;
    bool passed;
};

struct verdict {
    struct judgement judgements[THRESHOLDS_MAX];
    size_t count;
    size_t broken; /* of those */
    bool aborted;  /* one of them ended the run: judgements[aborted_by] */
    size_t aborted_by;
    struct validity validity;
    enum exit_code code;
    const char *reason; /* static text, also in the summary */
};

/* Judges MEASUREMENT. The exit code: a record that could not be written comes first, as an error
 * does that no results follow; then a signal, then sums that do not hold, then no connection ever
 * opened, then a run in which no request succeeded (not asked of --hold, nor of an aborted run),
 * then thresholds, then load.strict. */
void judge(struct verdict *verdict, const struct measurement *measurement,
           const struct thresholds *thresholds);

#endif
