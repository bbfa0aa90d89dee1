/* The report for people: the verdict first, then why, then the figures. */
#ifndef WSLOAD_REPORT_CONSOLE_H
#define WSLOAD_REPORT_CONSOLE_H

#include <stdbool.h>

#include "wsload/base/text.h"
#include "wsload/judge/verdict.h"

struct console_style {
    bool color;
    const char *summary_path; /* named in the last line; NULL: no such line */
};

/* Appends the whole report to OUT, in lines of up to 80 columns. 0, or -1 when it does not fit. */
int report_console(const struct measurement *measurement, const struct verdict *verdict,
                   const struct console_style *style, struct buffer *out);

/* Appends the line of the verdict alone, without a line break. 0, or -1 when it does not fit. */
int report_verdict(const struct measurement *measurement, const struct verdict *verdict,
                   const struct console_style *style, struct buffer *out);

#endif
