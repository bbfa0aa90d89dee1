/* -v: what a server that refuses the handshake says. */
#ifndef WSLOAD_COMMAND_REFUSALS_H
#define WSLOAD_COMMAND_REFUSALS_H

#include "wsload/engine/resolver.h"
#include "wsload/load/plan.h"
#include "wsload/stats/results.h"

/* For each status that RESULTS has handshakes refused with: asks once more and prints the status,
 * the AWS headers and the body to standard error. */
void refusals_show(const struct results *results, const struct plan *plan,
                   const struct addresses *addresses);

#endif
