/* The parts of the summary that hold what was seen. As in summary.c, each walk_*() writes what it
 * is given, or reads into it, as the walk goes; each view_*() writes what is made of a measurement
 * for people, and nobody reads. */
#ifndef WSLOAD_REPORT_SUMMARY_SEEN_H
#define WSLOAD_REPORT_SUMMARY_SEEN_H

#include "json_walk.h"
#include "wsload/stats/measurement.h"

/* Figures, failures and samples. The load has been read. */
void summary_walk_seen(struct json_walk *walk, struct measurement *measurement);

/* The timeline and the histograms. */
void summary_walk_long(struct json_walk *walk, struct measurement *measurement);

#endif
