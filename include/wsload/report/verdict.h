/* The verdict on a run in words, and the thresholds that it rests on. */
#ifndef WSLOAD_REPORT_VERDICT_H
#define WSLOAD_REPORT_VERDICT_H

#include "wsload/report/screen.h"
#include "wsload/stats/results.h"

/* Prints "FAILED   success rate 90.0 %, at least 95 % was asked". */
void verdict_print(struct screen *screen, const struct results *results);

/* Prints, behind an empty line, the reasons against a run that is not valid and what to do about
 * them, each in a line of its own. */
void verdict_print_doubts(struct screen *screen, const struct trust *trust);

/* Prints a line for each threshold: its name, the actual value, the limit and whether it held. */
void verdict_print_thresholds(struct screen *screen, const struct thresholds *thresholds);

#endif
