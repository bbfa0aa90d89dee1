/* Who the connections of a run say they are: users, headers, tokens and signatures. */
#ifndef WSLOAD_COMMAND_RUN_IDENTITY_H
#define WSLOAD_COMMAND_RUN_IDENTITY_H

#include "wsload/command/run_plan.h"

/* Fills in the plan's users and the identity, origin and Host header of its target, which must be
 * in. 0 or -1; no value of a header, parameter or token is in the error. */
int run_identity_build(struct run_plan *run, const struct run_options *options,
                       struct error *error);

/* Whether the longest path of all connections is short enough for the target. 0 or -1. */
int run_identity_check_paths(const struct run_plan *run, struct error *error);

#endif
