/* Options that make no sense together, or not without each other. */
#ifndef WSLOAD_COMMAND_RUN_CONFLICTS_H
#define WSLOAD_COMMAND_RUN_CONFLICTS_H

#include "wsload/command/run_options.h"

/* 0, or -1 and the first conflict in OPTIONS: what, and how to mend it. */
int run_conflicts_check(const struct run_options *options, struct error *error);

#endif
