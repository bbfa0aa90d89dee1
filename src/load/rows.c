#include "rows.h"

#include <stdint.h>
#include <string.h>

#include "wsload/protocol/json_text.h"

/* --- Lines --- */

/* Takes ROW, whose error gets its line. */
static int take_row(row_taker *take, void *reader, const struct row *row, struct error *error)
{
    int result = take(reader, row, error);
    return result < 0 ? error_prefix(error, "line %zu", row->line) : result;
}

int rows_of_lines(struct text file, row_taker *take, void *reader, struct error *error)
{
    int result = 0;
    struct row row = {.first = true};
    while (file.length > 0 && result == 0) {
        struct text line = text_trim(text_cut(&file, '\n'));
        row.line++;
        if (line.length == 0)
            continue;
        row.cells = &line;
        row.count = 1;
        result = take_row(take, reader, &row, error);
        row.first = false;
    }
    return result;
}

/* --- CSV --- */

/* Takes a row off the front of FILE: up to a line break that stands in no quotes. Adds its line
 * breaks to LINES. */
static struct text cut_row(struct text *file, size_t *lines)
{
    bool quoted = false;
    size_t length = 0;
    for (; length < file->length && (quoted || file->data[length] != '\n'); length++) {
        quoted ^= file->data[length] == '"';
        *lines += file->data[length] == '\n';
    }
    struct text row = {file->data, length};
    *lines += 1;
    *file = text_after(*file, length + 1);
    return row;
}

/* Takes what stands before the next quote off the front of ROW, and that quote, and appends it to
 * OUT. False when there is none. */
static bool take_quoted(struct text *row, struct buffer *out)
{
    struct text rest = *row;
    struct text piece = text_cut(&rest, '"');
    if (piece.length == row->length)
        return false;
    *row = rest;
    return buffer_append_text(out, piece) == 0;
}

/* Takes a cell off the front of ROW and appends its text to OUT. False when a quote is out of
 * place. */
static bool take_cell(struct text *row, struct buffer *out)
{
    if (!text_begins(*row, "\"")) {
        const char *comma = memchr(row->data, ',', row->length);
        struct text cell = {row->data, comma ? (size_t)(comma - row->data) : row->length};
        *row = text_after(*row, cell.length);
        return !text_contains(cell, TEXT("\"")) && buffer_append_text(out, cell) == 0;
    }
    *row = text_after(*row, 1);
    bool closed = take_quoted(row, out);
    while (closed && text_begins(*row, "\"")) { /* two stand for one */
        *row = text_after(*row, 1);
        closed = buffer_append(out, "\"", 1) == 0 && take_quoted(row, out);
    }
    return closed && (row->length == 0 || row->data[0] == ',');
}

/* Fills CELLS with views into TEXTS, which has room for all of ROW and so does not move. */
static int cut_cells(struct text row, struct buffer *texts, struct buffer *cells,
                     struct error *error)
{
    bool more = true;
    while (more) {
        size_t start = texts->length;
        if (!take_cell(&row, texts))
            return error_set(error, "a quote out of place; a cell with quotes, commas or line "
                                    "breaks is \"one \"\"cell\"\"\"");
        struct text cell = {texts->data + start, texts->length - start};
        if (buffer_append(cells, &cell, sizeof(cell)))
            return error_set(error, "out of memory");
        more = row.length > 0;
        row = text_after(row, 1); /* the comma */
    }
    return 0;
}

/* Splits LINE, from line ROW->line on, into the cells of ROW. */
static int read_row(struct row *row, struct text line, struct buffer *texts, struct buffer *cells,
                    struct error *error)
{
    size_t wanted = row->count;
    buffer_clear(texts);
    buffer_clear(cells);
    if (buffer_reserve(texts, line.length))
        return error_set(error, "out of memory");
    if (cut_cells(line, texts, cells, error))
        return -1;
    row->cells = (const struct text *)cells->data;
    row->count = cells->length / sizeof(*row->cells);
    if (row->first || row->count == wanted)
        return 0;
    return error_set(error, "%zu cell%s, and the first line has %zu", row->count,
                     row->count == 1 ? "" : "s", wanted);
}

int rows_of_csv(struct text file, row_taker *take, void *reader, struct error *error)
{
    int result = 0;
    size_t lines = 0;
    struct row row = {.first = true};
    struct buffer texts;
    struct buffer cells;
    buffer_init(&texts, SIZE_MAX);
    buffer_init(&cells, SIZE_MAX);
    while (file.length > 0 && result == 0) {
        row.line = lines + 1;
        struct text line = cut_row(&file, &lines);
        if (text_trim(line).length == 0)
            continue;
        if (read_row(&row, line, &texts, &cells, error))
            result = error_prefix(error, "line %zu", row.line);
        else
            result = take_row(take, reader, &row, error);
        row.first = false;
    }
    buffer_free(&texts);
    buffer_free(&cells);
    return result;
}

/* --- Cells --- */

int cell_keep(struct template_column *cell, struct buffer *texts, struct text text)
{
    size_t start = texts->length + text.length;
    if (buffer_append_text(texts, text) || (json_escape_needed(text) && json_escape(texts, text)))
        return -1;
    *cell = (struct template_column){{NULL, text.length}, {NULL, texts->length - start}};
    return 0;
}

const char *cell_link(struct template_column *cell, const char *next)
{
    bool differs = cell->escaped.length > 0;
    cell->text.data = next;
    next += cell->text.length;
    if (!differs) {
        cell->escaped = cell->text;
        return next;
    }
    cell->escaped.data = next;
    return next + cell->escaped.length;
}
