#include "wsload/load/users.h"

#include <stdlib.h>
#include <string.h>

#include "rows.h"
#include "wsload/base/file.h"
#include "wsload/protocol/handshake.h"

#define COLUMNS_MAX 1000

struct reader {
    struct users *users;
    struct buffer cells; /* struct template_column */
};

/* The first line may hold secrets, too, when the names were forgotten: it is not repeated. */
static int add_name(struct users *users, struct text text, struct error *error)
{
    char *name = strndup(text.data, text.length);
    if (!name)
        return error_set(error, "out of memory");
    users->names[users->columns++] = name;
    if (!template_column_valid(name))
        return error_set(error,
                         "no name for a variable; the first line names the columns, with letters, "
                         "digits, '_', '-' and '.', and not as one of wsload's own variables");
    for (size_t i = 0; i + 1 < users->columns; i++) {
        if (strcmp(users->names[i], name) == 0)
            return error_set(error, "the name of an earlier column; give each its own");
    }
    return 0;
}

static int add_names(struct users *users, const struct row *row, struct error *error)
{
    if (row->count > COLUMNS_MAX)
        return error_set(error, "more than 1,000 columns");
    users->names = calloc(row->count, sizeof(*users->names));
    if (!users->names)
        return error_set(error, "out of memory");
    for (size_t i = 0; i < row->count; i++) {
        if (add_name(users, row->cells[i], error))
            return error_prefix(error, "column %zu", i + 1);
    }
    return 0;
}

/* The first row has the names. */
static int take(void *context, const struct row *row, struct error *error)
{
    struct reader *reader = context;
    struct users *users = reader->users;
    if (row->first)
        return add_names(users, row, error);
    for (size_t i = 0; i < row->count; i++) {
        if (!header_value_valid(row->cells[i])) /* cells go into headers */
            return error_set(error,
                             "column %zu: a line break or another control character, which "
                             "no cell can hold; take it out",
                             i + 1);
        struct template_column cell;
        if (cell_keep(&cell, &users->texts, row->cells[i]) ||
            buffer_append(&reader->cells, &cell, sizeof(cell)))
            return error_set(error, "out of memory");
    }
    users->rows++;
    return 0;
}

static int read_rows(struct users *users, struct text file, struct error *error)
{
    struct reader reader = {.users = users};
    buffer_init(&users->texts, SIZE_MAX);
    buffer_init(&reader.cells, SIZE_MAX);
    int result = rows_of_csv(file, take, &reader, error);
    users->cells = (struct template_column *)reader.cells.data;
    if (result == 0 && users->rows == 0)
        result = error_set(error, "no user in it; the first line names the columns, each further "
                                  "line is a user");
    const char *next = buffer_text(&users->texts).data;
    for (size_t i = 0; result == 0 && i < users->rows * users->columns; i++)
        next = cell_link(&users->cells[i], next);
    return result;
}

int users_load(struct users *users, const char *path, struct error *error)
{
    struct buffer file;
    *users = (struct users){0};
    buffer_init(&file, ROWS_FILE_MAX);
    int result = file_read_text(path, &file, error);
    if (result == 0 && read_rows(users, buffer_text(&file), error))
        result = error_prefix(error, "%s", file_name(path));
    buffer_free(&file);
    if (result)
        users_free(users);
    return result;
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
