/* What a run reads row by row, all of it before it begins: the file of prompts, and that of users.
 * Errors name the file and the line. */
#ifndef WSLOAD_LOAD_INPUTS_H
#define WSLOAD_LOAD_INPUTS_H

#include <stddef.h>
#include <stdint.h>

#include "wsload/base/error.h"
#include "wsload/base/text.h"
#include "wsload/protocol/template.h"

/* --- Prompts --- */

/* One prompt a line, or one JSON object a line when the file's name ends in .jsonl.
 *
 * Text: UTF-8; white space around a prompt, blank lines, a byte order mark and CRLF are dropped.
 * JSONL: the prompt is a string member. A million lines load in under a second. */
struct prompt {
    struct text text;    /* as it is */
    struct text escaped; /* for a JSON string; the same bytes when nothing needs escaping */
    size_t line;         /* its line in the file, from 1 */
};

struct prompts {
    struct prompt *items;  /* owned */
    size_t count;          /* at least 1 after a load */
    struct buffer raw;     /* owns the texts */
    struct buffer escapes; /* owns the escaped texts that differ */
};

/* Loads PATH ("-" is standard input, read as text). FIELD names the member of a .jsonl object; NULL
 * tries "prompt", then "Question". Errors name PATH and the line: unreadable, empty, binary (a NUL
 * byte), invalid UTF-8, no such member, not a string. 0 or -1. */
int prompts_load(struct prompts *prompts, const char *path, const char *field, struct error *error);

/* Releases everything. A zeroed struct is fine. */
void prompts_free(struct prompts *prompts);

/* --- Users --- */

/* CSV (RFC 4180) whose first line names the columns, a row for each connection.
 *
 * Columns are template variables. Connection N has row N, going round. The cells are secrets as a
 * rule: no error repeats one. */
struct users {
    char **names; /* owned */
    size_t columns;
    size_t rows;                   /* at least 1 after a load */
    struct template_column *cells; /* owned; rows after one another */
    struct buffer texts;           /* owns their bytes */
};

/* Loads PATH. Errors name PATH and the line: unreadable, no row, a name that no variable can have
 * or that comes twice, a row with more or fewer cells, not UTF-8, a control character other than a
 * tab in a cell (cells go into headers). Empty lines are left out. 0 or -1. */
int users_load(struct users *users, const char *path, struct error *error);

/* The cells of connection CONNECTION (from 0), or NULL when there are no users. */
const struct template_column *users_row(const struct users *users, uint64_t connection);

/* Releases everything. A zeroed struct is fine. */
void users_free(struct users *users);

#endif
