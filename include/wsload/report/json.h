/* The summary for machines: load_test_summary.json, described by docs/summary.schema.json. */
#ifndef WSLOAD_REPORT_JSON_H
#define WSLOAD_REPORT_JSON_H

#include "wsload/base/buffer.h"
#include "wsload/stats/results.h"

/* Appends the summary to OUT, ending in a line break. 0, or -1 when memory is out. */
int report_json(const struct results *results, struct buffer *out);

#endif
