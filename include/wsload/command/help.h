/* Help out of the option tables. */
#ifndef WSLOAD_COMMAND_HELP_H
#define WSLOAD_COMMAND_HELP_H

#include "wsload/base/buffer.h"
#include "wsload/command/option.h"

/* Appends the options of SET in their groups, a line each, at most 80 columns. */
void help_options(const struct option_set *set, struct buffer *out);

/* Appends the paragraph on one option: forms, range, default, environment, meaning. */
void help_option(const struct option_set *set, const struct option_row *row, struct buffer *out);

#endif
