/* What tools for HdrHistograms read: a code in base64, the log of a timeline, percentiles to plot.
 * The *_write() return 0, or -1 when OUT is full or memory is out, and do not look at VERDICT. */
#ifndef WSLOAD_REPORT_HDR_H
#define WSLOAD_REPORT_HDR_H

#include "wsload/base/error.h"
#include "wsload/base/text.h"
#include "wsload/judge/verdict.h"

/* Appends HISTOGRAM's code in base64 (RFC 4648 section 4), as the summary and interval logs have
 * it. 0, or -1 as histogram_encode(). */
int histogram_base64_write(const struct histogram *histogram, struct buffer *out);

/* Reads it back. -1 when TEXT is not base64 alone, or as histogram_decode(). Safe with any bytes.
 */
int histogram_base64_read(struct text text, struct histogram *histogram, struct error *error);

/* Appends the timeline as an interval log (HistogramLogWriter, format 1.3), a histogram for each
 * row. The intervals are seconds from the beginning of the first row, their values ns, their maxima
 * in ms. A row's buckets are coarse, so its values are at most 1.6 % off. */
int hlog_write(const struct measurement *measurement, const struct verdict *verdict,
               struct buffer *out);

/* Appends the distribution of response times (in a closed run: of latencies, which are the same) as
 * percentiles: values in ms, five steps per halving of the rest
 * (AbstractHistogram.outputPercentileDistribution(), percentileTicksPerHalfDistance 5). */
int hgrm_write(const struct measurement *measurement, const struct verdict *verdict,
               struct buffer *out);

#endif
