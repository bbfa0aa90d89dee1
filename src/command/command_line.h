/* A command line that is made: words to be parsed, and a text to be copied into a shell. */
#ifndef WSLOAD_COMMAND_COMMAND_LINE_H
#define WSLOAD_COMMAND_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "wsload/base/text.h"

#define COMMAND_WORDS_MAX 512

/* Zeroed, it is empty. */
struct command_line {
    char *words[COMMAND_WORDS_MAX + 1]; /* owned; NULL at the end */
    size_t count;
    bool full; /* some did not fit */
};

void command_line_add(struct command_line *line, const char *word);

/* The option NAME, without its dashes; VALUE is NULL for a flag. */
void command_line_add_option(struct command_line *line, const char *name, const char *value);

/* Appends it with ADDRESS at its end: quoted for a shell, on lines of less than 80 columns, with
 * "..." in place of the values of headers and query parameters, which may be secrets. Whether there
 * were any. */
bool command_line_write(const struct command_line *line, const char *address, struct buffer *out);

void command_line_free(struct command_line *line);

#endif
