/* The counts on the console page: requests, messages, connections and what they cost. Private to
 * the room. */
#ifndef WSLOAD_REPORT_COUNTS_H
#define WSLOAD_REPORT_COUNTS_H

#include "wsload/report/screen.h"
#include "wsload/stats/results.h"

/* Prints a line or two for each of them that the run has, behind an empty line, and what else is
 * worth knowing. */
void counts_print(struct screen *screen, const struct results *results);

#endif
