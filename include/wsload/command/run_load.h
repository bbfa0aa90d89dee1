/* The load model of a run: how many connections, and when to send how much over them. */
#ifndef WSLOAD_COMMAND_RUN_LOAD_H
#define WSLOAD_COMMAND_RUN_LOAD_H

#include "wsload/command/run_options.h"
#include "wsload/load/plan.h"

/* Fills in all of PLAN but the target and the messages, which must be in. OPTIONS, free of
 * conflicts, must outlive it. 0 or -1. */
int run_load_build(struct plan *plan, const struct run_options *options, struct error *error);

/* How many requests the measured part of PLAN has at most; UINT64_MAX when nobody can know. */
uint64_t run_load_requests(const struct plan *plan);

#endif
