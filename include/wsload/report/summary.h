/* The summary for machines: load_test_summary.json, described by docs/summary.schema.json.
 *
 * It is written and read by the same tables: the members of the load (load/load.h) and the rows of
 * the catalogue (stats/catalogue.h). What a reader needs is in it exactly: counts as whole numbers,
 * times in seconds to 1 ns, distributions as HdrHistogram codes beside their exact count, sum and
 * extremes. What is derived (statistics, rates, cost, judgements) is written for people and not
 * read. */
#ifndef WSLOAD_REPORT_SUMMARY_H
#define WSLOAD_REPORT_SUMMARY_H

#include "wsload/base/text.h"
#include "wsload/judge/verdict.h"

#define SUMMARY_TOOL           "wsload"
#define SUMMARY_SCHEMA_VERSION 1

/* A summary that is larger is none of ours. */
#define SUMMARY_SIZE_MAX (64u * 1024u * 1024u)

/* Appends the summary to OUT, ending in a line break. 0, or -1 when memory is out. */
int summary_write(const struct measurement *measurement, const struct verdict *verdict,
                  struct buffer *out);

/* Reads TEXT, a summary: the measurement, the caller's to free, and the thresholds that were asked
 * for. -1 and an error that names the member and why, without the file: damaged, truncated, not
 * wsload's, or of a newer form. */
int summary_read(struct text text, struct measurement **measurement, struct thresholds *thresholds,
                 struct error *error);

#endif
