/* The summary for people: one screen, the verdict first. */
#ifndef WSLOAD_REPORT_CONSOLE_H
#define WSLOAD_REPORT_CONSOLE_H

#include <stdbool.h>

#include "wsload/base/buffer.h"
#include "wsload/stats/results.h"

struct console_style {
    bool color;               /* ANSI colours on the verdict, broken thresholds and errors */
    const char *summary_path; /* named in the last line; NULL leaves the line out */
};

/* Appends the report to OUT, UTF-8, at most 100 columns. 0, or -1 when memory is out. */
int report_console(const struct results *results, const struct console_style *style,
                   struct buffer *out);

/* Appends only the verdict line, without its end of line: "FAILED   success rate 90.0 %, at least
 * 95 % was asked". 0 or -1. */
int report_verdict(const struct results *results, const struct console_style *style,
                   struct buffer *out);

#endif
