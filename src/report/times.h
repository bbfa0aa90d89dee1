/* A section of the report for people, see console.c: the distributions of times. */
#ifndef WSLOAD_REPORT_TIMES_H
#define WSLOAD_REPORT_TIMES_H

#include "screen.h"
#include "wsload/stats/measurement.h"

/* Prints, after an empty line, a row for each distribution that has samples and is of this kind of
 * run, in one unit and with three significant digits: its ends, average and percentiles, of which
 * narrow pages have fewer. */
void times_print(struct screen *screen, const struct measurement *measurement);

#endif
