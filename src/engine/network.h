/* What the kernel knows of the network between this machine and a TCP connection's other end. Knows
 * one socket at a time, and no library. */
#ifndef WSLOAD_ENGINE_NETWORK_H
#define WSLOAD_ENGINE_NETWORK_H

#include <stdbool.h>

#include "wsload/stats/recorder.h"

/* Looks at the socket FD, which may be closed by its peer, or reset. False when the kernel tells
 * nothing: it is no TCP socket, or there is none. */
bool network_look(int fd, struct network_seen *seen);

/* Bytes that were read from the socket FD since it connected: never fewer than were, and more only
 * when some came just now. UINT64_MAX when the kernel does not tell. */
uint64_t network_bytes_read(int fd);

#endif
