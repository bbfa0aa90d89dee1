/* The check of the processor time that wsload's workers had, and what can be read from it: why
 * wsload was late. */
#ifndef WSLOAD_JUDGE_PROCESSORS_H
#define WSLOAD_JUDGE_PROCESSORS_H

#include "wsload/judge/reason.h"

/* What to do where the cause is not known. */
#define ADVICE_LATE "use more workers (-t), less load, or a bigger or quieter machine"

/* What to do when wsload was late, by what kept it from its work; static text. */
const char *processors_advice(const struct measurement *seen);

/* A check of the table in verdict.c, as those of lateness.h and rate.h: fills grade and text of
 * REASON, and its advice where the cause is known. False: there is nothing to say. */
bool check_cpu(const struct judged *judged, struct validity_reason *reason);

#endif
