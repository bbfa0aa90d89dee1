/* The prompts file: one prompt a line, or one JSON object a line when its name ends in .jsonl.
 *
 * Text: UTF-8; white space around a prompt, blank lines, a byte order mark and CRLF are dropped.
 * JSONL: the prompt is a string member. Everything is read before the run; a million lines load in
 * under a second. */
#ifndef WSLOAD_LOAD_PROMPTS_H
#define WSLOAD_LOAD_PROMPTS_H

#include <stddef.h>

#include "wsload/base/buffer.h"
#include "wsload/base/error.h"
#include "wsload/base/text.h"

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

#endif
