/* The table of times on the console page. Private to the room. */
#ifndef WSLOAD_REPORT_TIMINGS_H
#define WSLOAD_REPORT_TIMINGS_H

#include "wsload/report/screen.h"
#include "wsload/stats/results.h"

/* Prints a row for each time that was measured, with the head in front and the note on the marks
 * behind, and a line break before all; nothing when nothing was measured. */
void timings_print(struct screen *screen, const struct results *results);

#endif
