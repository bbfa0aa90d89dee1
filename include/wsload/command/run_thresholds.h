/* The thresholds that were asked for. */
#ifndef WSLOAD_COMMAND_RUN_THRESHOLDS_H
#define WSLOAD_COMMAND_RUN_THRESHOLDS_H

#include "wsload/command/run_options.h"
#include "wsload/stats/thresholds.h"

/* Fills THRESHOLDS, which is empty, for a run of REQUESTS (UINT64_MAX: nobody can know). 0 or -1.
 */
int run_thresholds_build(struct thresholds *thresholds, const struct run_options *options,
                         uint64_t requests, struct error *error);

#endif
