/* The first lines of the console page: what was asked for. Private to the room. */
#ifndef WSLOAD_REPORT_HEADLINE_H
#define WSLOAD_REPORT_HEADLINE_H

#include "wsload/report/screen.h"
#include "wsload/stats/results.h"

void headline_print(struct screen *screen, const struct results_setup *setup);

#endif
