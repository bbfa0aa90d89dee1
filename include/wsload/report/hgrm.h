/* The distribution of response times (in a closed run: of latencies, which are the same) as
 * HdrHistogram prints it, for its plotter and for whoever overlays the curves of several runs. */
#ifndef WSLOAD_REPORT_HGRM_H
#define WSLOAD_REPORT_HGRM_H

#include "wsload/base/buffer.h"
#include "wsload/stats/results.h"

/* Appends the percentile output of HdrHistogram to OUT: values in ms, five steps per halving of the
 * rest (AbstractHistogram.outputPercentileDistribution(), percentileTicksPerHalfDistance 5). 0, or
 * -1 when OUT is full or memory is out. */
int report_hgrm(const struct results *results, struct buffer *out);

#endif
