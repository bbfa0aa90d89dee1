/* Options that make no sense together, or not without each other. */
#ifndef WSLOAD_COMMAND_RUN_CONFLICTS_H
#define WSLOAD_COMMAND_RUN_CONFLICTS_H

#include "wsload/command/run_options.h"
#include "wsload/load/plan.h"

/* 0, or -1 and the first conflict in OPTIONS: what, and how to mend it. */
int run_conflicts_check(const struct run_options *options, struct error *error);

/* The same of what shows only when templates, rules and steps have been read: PLAN is complete. */
int run_conflicts_check_plan(const struct plan *plan, struct error *error);

#endif
