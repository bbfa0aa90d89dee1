/* The report for people: the verdict first, then why, then the figures. */
#ifndef WSLOAD_REPORT_CONSOLE_H
#define WSLOAD_REPORT_CONSOLE_H

#include <stdbool.h>

#include "wsload/base/text.h"
#include "wsload/judge/verdict.h"

struct console_style {
    bool color;
    unsigned columns;         /* of the terminal; 0: there is none */
    const char *summary_path; /* named in the last line; NULL: no such line */
};

/* Appends the whole report to OUT, in lines of as many columns as the terminal has, but from 60 to
 * 100, and 80 where there is none. 0, or -1 when it does not fit. */
int report_console(const struct measurement *measurement, const struct verdict *verdict,
                   const struct console_style *style, struct buffer *out);

/* Appends what LOAD is and the seed as one line, however long, with its end. 0, or -1 when it does
 * not fit. */
int report_headline(const struct load *load, struct buffer *out);

/* Appends TEXT, which a server sent, indented, in at most LINES lines of the terminal's width. 0,
 * or -1 when it does not fit. */
int report_quote(struct text text, size_t lines, unsigned columns, struct buffer *out);

/* Appends the line of the verdict alone, however long, without a line break. 0, or -1 when it does
 * not fit. */
int report_verdict(const struct measurement *measurement, const struct verdict *verdict,
                   const struct console_style *style, struct buffer *out);

#endif
