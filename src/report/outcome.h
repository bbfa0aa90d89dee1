/* Sections of the report for people, see console.c: how a run ended, and why. */
#ifndef WSLOAD_REPORT_OUTCOME_H
#define WSLOAD_REPORT_OUTCOME_H

#include "screen.h"
#include "wsload/judge/verdict.h"

/* Prints "FAILED   success rate 90.0 %, at least 95 % was asked", in several lines if it takes
 * them.
 */
void outcome_print(struct screen *screen, const struct measurement *measurement,
                   const struct verdict *verdict);

/* Prints, each after an empty line and if there is any: the reasons against a run that is not valid
 * and what to do about them, a line for each threshold, a line or two for each class of failures,
 * which are sorted, and one exchange. */
void outcome_print_details(struct screen *screen, const struct measurement *measurement,
                           const struct verdict *verdict);

/* Prints, in lines of their own, what is worth knowing about the run and no fault of it. */
void outcome_print_notes(struct screen *screen, const struct validity *validity);

#endif
