/* What --aws-sigv4 may be given with: mistakes that API Gateway answers with 403 for every
 * connection. */
#ifndef WSLOAD_COMMAND_RUN_SIGV4_H
#define WSLOAD_COMMAND_RUN_SIGV4_H

#include "wsload/command/run_options.h"

/* Checks the scope and the host to be signed: HOST_HEADER unless --sigv4-host is given. 0 or -1. */
int run_sigv4_check(const struct run_options *options, const char *host_header,
                    struct error *error);

#endif
