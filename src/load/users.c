#include "wsload/load/users.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/base/file.h"
#include "wsload/base/utf8.h"
#include "wsload/protocol/handshake.h"
#include "wsload/protocol/json_text.h"

#define FILE_SIZE_MAX UINT32_MAX
#define COLUMNS_MAX   1000

#define SMALLEST_CAPACITY 64 /* cells */

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

/* Where a load stands. */
struct loader {
    struct users *users;
    struct csv_parser parser;
    size_t count;    /* cells so far */
    size_t capacity; /* of users->cells */
    const char *path;
    size_t line;
    size_t columns; /* cells of this line so far */
    bool failed;    /* the error is set */
    struct error *error;
};

static int line_error(struct loader *loader, const char *what)
{
    loader->failed = true;
    return error_set(loader->error, "%s: line %zu: %s", loader->path, loader->line, what);
}

static int cell_error(struct loader *loader, const char *what)
{
    loader->failed = true;
    return error_set(loader->error, "%s: line %zu, column %zu: %s", loader->path, loader->line,
                     loader->columns, what);
}

/* --- The names --- */

/* The first line may hold secrets, too, when the names were forgotten: it is not repeated. */
static int add_name(struct loader *loader, struct text text)
{
    struct users *users = loader->users;
    char **names = reallocarray(users->names, users->columns + 1, sizeof(*names));
    char *name = strndup(text.data, text.length);
    if (names)
        users->names = names;
    if (!names || !name) {
        free(name);
        return line_error(loader, "out of memory");
    }
    names[users->columns++] = name;
    if (!template_column_valid(name))
        return cell_error(loader,
                          "no name for a variable; the first line names the columns, with letters, "
                          "digits, '_', '-' and '.', and not as one of wsload's own variables");
    for (size_t i = 0; i + 1 < users->columns; i++) {
        if (strcmp(names[i], name) == 0)
            return cell_error(loader, "the name of an earlier column; give each its own");
    }
    return users->columns <= COLUMNS_MAX ? 0 : line_error(loader, "more than 1,000 columns");
}

/* --- The cells --- */

static int reserve_cell(struct loader *loader)
{
    size_t capacity = loader->capacity == 0 ? SMALLEST_CAPACITY : loader->capacity * 2;
    if (loader->count < loader->capacity)
        return 0;
    struct template_column *cells;
    cells = reallocarray(loader->users->cells, capacity, sizeof(*cells));
    if (!cells)
        return -1;
    loader->users->cells = cells;
    loader->capacity = capacity;
    return 0;
}

/* Keeps the lengths only: users->texts may move while it grows, see link_cells(). */
static int add_cell(struct loader *loader, struct text text)
{
    struct buffer *texts = &loader->users->texts;
    size_t start = texts->length + text.length;
    if (reserve_cell(loader) || buffer_append(texts, text.data, text.length) ||
        (json_escape_needed(text) && json_escape(texts, text)))
        return line_error(loader, "out of memory");
    struct template_column *cell = &loader->users->cells[loader->count++];
    cell->text = (struct text){NULL, text.length};
    cell->escaped = (struct text){NULL, texts->length - start};
    return 0;
}

/* Texts stand in the order of their cells, an escaped one that differs behind its text. */
static void link_cells(struct loader *loader)
{
    const char *next = buffer_text(&loader->users->texts).data;
    for (size_t i = 0; i < loader->count; i++) {
        struct template_column *cell = &loader->users->cells[i];
        cell->text.data = next;
        next += cell->text.length;
        if (cell->escaped.length == 0) {
            cell->escaped = cell->text;
        } else {
            cell->escaped.data = next;
            next += cell->escaped.length;
        }
    }
}

/* --- A line --- */

/* libcsv's callback for a cell; it cannot stop the parser. */
static void take_cell(void *data, size_t length, void *user)
{
    struct loader *loader = user;
    struct text text = {data, length};
    if (loader->failed)
        return;
    loader->columns++;
    if (loader->users->rows == 0)
        add_name(loader, text);
    else
        add_cell(loader, text);
}

static int no_space(unsigned char c)
{
    (void)c;
    return 0; /* RFC 4180: spaces are part of a cell */
}

/* Lines are parsed one by one, so that errors know where they are: a cell cannot hold a line break
 * here, which RFC 4180 would allow between quotes. */
static int parse_line(struct loader *loader, struct text line)
{
    struct csv_parser *parser = &loader->parser;
    if (!utf8_valid(line))
        return line_error(loader, "not valid UTF-8; save the file as UTF-8");
    if (!header_value_valid(line)) /* cells go into headers */
        return line_error(loader, "a control character, which no cell can hold; take it out");
    loader->columns = 0;
    if (csv_parse(parser, line.data, line.length, take_cell, NULL, loader) != line.length ||
        csv_fini(parser, take_cell, NULL, loader))
        return line_error(loader,
                          csv_error(parser) == CSV_ENOMEM
                              ? "out of memory"
                              : "a quote out of place; a cell with quotes, commas or spaces "
                                "is \"one \"\"cell\"\"\", and ends on its line");
    return loader->failed ? -1 : 0;
}

static int add_line(struct loader *loader, struct text line)
{
    struct users *users = loader->users;
    if (line.length > 0 && line.data[line.length - 1] == '\r')
        line.length--;
    if (line.length == 0)
        return 0;
    if (parse_line(loader, line))
        return -1;
    if (loader->columns != users->columns)
        return error_set(loader->error,
                         "%s: line %zu: the number of cells is %zu, that of columns in the first "
                         "line %zu",
                         loader->path, loader->line, loader->columns, users->columns);
    users->rows++;
    return 0;
}

/* --- The file --- */

/* While it is read, the line of names counts as a row. */
static int add_lines(struct loader *loader, struct text rest)
{
    size_t mark = text_begins(rest, BYTE_ORDER_MARK) ? strlen(BYTE_ORDER_MARK) : 0;
    rest = (struct text){rest.data + mark, rest.length - mark};
    while (rest.length > 0) {
        const char *end = memchr(rest.data, '\n', rest.length);
        size_t length = end ? (size_t)(end - rest.data) : rest.length;
        size_t used = end ? length + 1 : length;
        loader->line++;
        if (add_line(loader, (struct text){rest.data, length}))
            return -1;
        rest = (struct text){rest.data + used, rest.length - used};
    }
    if (loader->users->rows < 2)
        return error_set(loader->error,
                         "%s: no user in it; the first line names the columns, each further line "
                         "is a user",
                         loader->path);
    loader->users->rows--;
    link_cells(loader);
    return 0;
}

static int load(struct loader *loader)
{
    int result = -1;
    struct buffer file;
    buffer_init(&file, FILE_SIZE_MAX);
    if (file_read(loader->path, &file, loader->error) == 0) {
        csv_init(&loader->parser, CSV_STRICT | CSV_STRICT_FINI);
        csv_set_space_func(&loader->parser, no_space);
        result = add_lines(loader, buffer_text(&file));
        csv_free(&loader->parser);
    }
    buffer_free(&file);
    return result;
}

int users_load(struct users *users, const char *path, struct error *error)
{
    struct loader loader = {.users = users, .path = path, .error = error};
    *users = (struct users){0};
    buffer_init(&users->texts, SIZE_MAX);
    if (load(&loader) == 0)
        return 0;
    users_free(users);
    return -1;
}

const struct template_column *users_row(const struct users *users, uint64_t connection)
{
    if (!users || users->rows == 0)
        return NULL;
    return users->cells + (size_t)(connection % users->rows) * users->columns;
}

void users_free(struct users *users)
{
    for (size_t i = 0; i < users->columns; i++)
        free(users->names[i]);
    free(users->names);
    free(users->cells);
    buffer_free(&users->texts);
    *users = (struct users){0};
}
