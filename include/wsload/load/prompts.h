/* The prompts of a run, all of them read before it begins.
 *
 * A file has one of three forms, which its content tells more than its name:
 * - JSON lines, an object on each: the name ends in .jsonl or .ndjson, or a field was named and the
 *   file begins with a bracket. The prompt is a member that is a string.
 * - CSV (RFC 4180) whose first line names the columns: the name ends in .csv, or a field was named.
 * - Else text, one prompt a line, white space around it and blank lines dropped.
 * Members that are strings, numbers, true or false, and columns, are the fields of a prompt, and
 * variables of templates. */
#ifndef WSLOAD_LOAD_PROMPTS_H
#define WSLOAD_LOAD_PROMPTS_H

#include <stdbool.h>
#include <stddef.h>

#include "wsload/base/error.h"
#include "wsload/base/text.h"
#include "wsload/protocol/template.h"

struct prompt {
    struct text text;    /* as it is */
    struct text escaped; /* for a JSON string; the same bytes when nothing needs escaping */
    size_t line;         /* its line in the file, from 1; the first of several */
};

struct prompts_form;

struct prompts {
    struct prompt *items;          /* owned */
    size_t count;                  /* at least 1 after a load */
    struct template_column *cells; /* owned; of each prompt the fields that are used, by place */
    struct buffer texts;           /* owns the bytes of both */
    struct template_fields fields; /* of the first row */
    char **names;                  /* theirs; owned, as are the places */
    bool begins_with_object;       /* text, whose first line is a JSON object */

    /* between opening and loading */
    const char *path;
    const char *field; /* the prompt; NULL: "prompt", else "Question" */
    const struct prompts_form *form;
    struct buffer raw;
};

/* Reads PATH ("-" is standard input), tells its form, and finds the fields, of which templates may
 * now be compiled. FIELD names the one with the prompt; NULL tries "prompt", then "Question".
 * Errors name PATH and the line: unreadable, binary, no JSON object, no such field. 0 or -1. */
int prompts_open(struct prompts *prompts, const char *path, const char *field, struct error *error);

/* The same of TEXT in place of a file, a prompt a line; errors call it NAME. */
int prompts_open_text(struct prompts *prompts, const char *name, struct text text,
                      struct error *error);

/* Loads the prompts of what was opened, and of their fields those that a template has given a
 * place: a million lines in about a second. -1 when a row does not have one of these, or none is a
 * string where it must be one, or there is no row. 0 or -1. */
int prompts_load(struct prompts *prompts, struct error *error);

/* The fields of prompt I, in the order of their places; NULL when none is used. */
const struct template_column *prompts_fields(const struct prompts *prompts, size_t i);

/* Releases everything. A zeroed struct is fine. */
void prompts_free(struct prompts *prompts);

#endif
