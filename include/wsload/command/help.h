/* Help out of the option tables. */
#ifndef WSLOAD_COMMAND_HELP_H
#define WSLOAD_COMMAND_HELP_H

#include "wsload/base/buffer.h"
#include "wsload/command/option.h"

enum help_extent {
    HELP_COMMON, /* a line for each option that is not rare; those are named behind them */
    HELP_ALL     /* a line for each option */
};

/* Appends the options of SET in their groups, at most 80 columns. */
void help_options(const struct option_set *set, enum help_extent extent, struct buffer *out);

/* Appends the paragraph on one option: forms, range, default, environment, meaning. */
void help_option(const struct option_set *set, const struct option_row *row, struct buffer *out);

#endif
