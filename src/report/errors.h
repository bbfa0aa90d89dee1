/* The errors on the console page. Private to the room. */
#ifndef WSLOAD_REPORT_ERRORS_H
#define WSLOAD_REPORT_ERRORS_H

#include "wsload/report/screen.h"
#include "wsload/stats/failures.h"

/* Prints, behind an empty line, each class of FAILURES, which are sorted: how often, of what kind,
 * what it usually means and an example. Nothing when there are none. */
void errors_print(struct screen *screen, const struct failures *failures);

#endif
