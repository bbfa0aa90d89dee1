/* The rules by which the replies of a run are told and judged. */
#ifndef WSLOAD_COMMAND_RUN_REPLIES_H
#define WSLOAD_COMMAND_RUN_REPLIES_H

#include "wsload/command/run_options.h"
#include "wsload/protocol/reply.h"

/* Fills RULES, which is zeroed. OPTIONS must outlive it. 0 or -1; the caller frees RULES either
 * way. */
int run_replies_build(struct reply_rules *rules, const struct run_options *options,
                      struct error *error);

#endif
