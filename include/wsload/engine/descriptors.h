/* The process's limit of open files, which bounds its connections. */
#ifndef WSLOAD_ENGINE_DESCRIPTORS_H
#define WSLOAD_ENGINE_DESCRIPTORS_H

#include <stdint.h>

#include "wsload/base/error.h"

/* Sees to it that CONNECTIONS sockets and the process's own files can be open at once, by raising
 * the soft limit (RLIMIT_NOFILE) as far as the hard one allows. Call it before a transport is made.
 * -1 when the hard limit is too low; the error says how to raise it. */
int descriptors_require(uint64_t connections, struct error *error);

#endif
