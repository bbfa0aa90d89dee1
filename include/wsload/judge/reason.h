/* A reason for which a run can be trusted or not: how bad it is, what was seen, and what to do.
 * Which reasons there are is the business of the checks, whose table is in verdict.c. */
#ifndef WSLOAD_JUDGE_REASON_H
#define WSLOAD_JUDGE_REASON_H

#include "wsload/judge/thresholds.h"
#include "wsload/stats/measurement.h"

enum validity_grade {
    VALIDITY_VALID, /* of a reason: worth knowing, and no fault */
    VALIDITY_DOUBTFUL,
    VALIDITY_INVALID
};

struct validity_reason {
    char source[REMARK_SOURCE_SIZE]; /* the file of which it is said; "": of the whole */
    char check[REMARK_CHECK_SIZE];   /* "loop_lag" */
    enum validity_grade grade;
    char text[REMARK_TEXT_SIZE]; /* what was seen and what is allowed: "a worker at 97 % CPU (90 %
                                    at most)" */
    const char *advice;          /* what to do about it; static text, "" when there is nothing */
};

/* What a check looks at. */
struct judged {
    const struct measurement *seen;
    const struct thresholds *thresholds;
};

/* Grades REASON, whose text it makes. Returns true. */
bool __attribute__((format(printf, 3, 4)))
reason_say(struct validity_reason *reason, enum validity_grade grade, const char *format, ...);

/* "valid", "doubtful" or "invalid"; and back: false when NAME is none. */
const char *validity_grade_name(enum validity_grade grade);
bool validity_grade_of(const char *name, enum validity_grade *grade);

#endif
