/* What the readers of prompts and of users share: the rows of a text file, each with the line that
 * it begins on, and the cells that are kept of them. */
#ifndef WSLOAD_LOAD_ROWS_H
#define WSLOAD_LOAD_ROWS_H

#include <stddef.h>

#include "wsload/base/error.h"
#include "wsload/base/text.h"
#include "wsload/protocol/template.h"

#define ROWS_FILE_MAX UINT32_MAX /* bytes of a file of rows */

struct row {
    const struct text *cells; /* valid until the next row */
    size_t count;
    size_t line; /* from 1 */
    bool first;
};

/* What takes rows, one by one: 0 to go on, 1 to end, -1 and an error that does not name the line.
 */
typedef int row_taker(void *reader, const struct row *row, struct error *error);

/* Calls TAKE for each line of FILE that is not blank: a row of one cell, without white space at its
 * ends. What TAKE returned last; its error names the line now. */
int rows_of_lines(struct text file, row_taker *take, void *reader, struct error *error);

/* Calls TAKE for each row of FILE, which is CSV (RFC 4180: quotes, in which commas, line breaks and
 * doubled quotes may stand; spaces are part of a cell), blank lines left out. -1 also for a quote
 * out of place, or when a row has more or fewer cells than the first; no error repeats a cell. */
int rows_of_csv(struct text file, row_taker *take, void *reader, struct error *error);

/* Appends the bytes of a cell that says TEXT to TEXTS. That may move while it grows, so that CELL
 * has only its lengths yet. 0, or -1 when memory is out. */
int cell_keep(struct template_column *cell, struct buffer *texts, struct text text);

/* Gives CELL, whose bytes are at NEXT, its pointers. Returns the place after it, where those of the
 * cell are that was kept next. */
const char *cell_link(struct template_column *cell, const char *next);

#endif
