/* The process's limit of open files, which bounds its connections. */
#ifndef WSLOAD_ENGINE_DESCRIPTORS_H
#define WSLOAD_ENGINE_DESCRIPTORS_H

#include <stdint.h>

#include "wsload/base/error.h"

/* Sees to it that CONNECTIONS sockets and what WORKERS workers need can be open at once, by setting
 * the soft limit (RLIMIT_NOFILE), as far as the hard one allows. Call it before a transport is
 * made. -1 when the hard limit is too low; the error says how to raise it. */
int descriptors_require(uint64_t connections, unsigned workers, struct error *error);

/* For a server: as many as the hard limit allows, up to a million. 0 or -1. */
int descriptors_take_all(struct error *error);

#endif
