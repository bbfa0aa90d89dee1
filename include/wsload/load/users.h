/* The users of a run: CSV (RFC 4180) whose first line names the columns, a row for each connection.
 *
 * Columns are template variables. Connection N has row N, going round. The cells are secrets as a
 * rule: no error repeats one. */
#ifndef WSLOAD_LOAD_USERS_H
#define WSLOAD_LOAD_USERS_H

#include <stddef.h>
#include <stdint.h>

#include "wsload/base/error.h"
#include "wsload/base/text.h"
#include "wsload/protocol/template.h"

struct users {
    char **names; /* owned */
    size_t columns;
    size_t rows;                   /* at least 1 after a load */
    struct template_column *cells; /* owned; rows after one another */
    struct buffer texts;           /* owns their bytes */
};

/* Loads PATH. Errors name PATH and the line: unreadable, no row, a name that no variable can have
 * or that comes twice, a row with more or fewer cells, not UTF-8, a line break or another control
 * character but a tab in a cell (cells go into headers). Empty lines are left out. 0 or -1. */
int users_load(struct users *users, const char *path, struct error *error);

/* The cells of connection CONNECTION (from 0), or NULL when there are no users. */
const struct template_column *users_row(const struct users *users, uint64_t connection);

/* Releases everything. A zeroed struct is fine. */
void users_free(struct users *users);

#endif
