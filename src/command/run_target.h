/* The target of a run: where connections go, and how. */
#ifndef WSLOAD_COMMAND_RUN_TARGET_H
#define WSLOAD_COMMAND_RUN_TARGET_H

#include "wsload/command/run_plan.h"

/* Fills in the plan's target but for its identity, and the URL that may be shown. 0 or -1. */
int run_target_build(struct run_plan *run, const struct run_options *options, struct error *error);

/* Whether TARGET is an endpoint of API Gateway: its limits and prices are of interest then. */
bool run_target_is_gateway(const struct target *target);

#endif
