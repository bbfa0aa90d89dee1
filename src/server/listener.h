/* A listening TCP socket on exactly one numeric address.
 *
 * libwebsockets can listen by itself, but then says neither why it cannot nor, with certainty, on
 * which addresses it does; so the server accepts for it. */
#ifndef WSLOAD_SERVER_LISTENER_H
#define WSLOAD_SERVER_LISTENER_H

#include <stdint.h>

#include "wsload/base/error.h"

/* Listens on ADDRESS, a numeric IPv4 or IPv6 address, and PORT, 0 for any free one. Returns a
 * non-blocking descriptor, or -1 and ERROR, which names the address. */
int listener_open(const char *address, uint16_t port, struct error *error);

/* The port that LISTEN_FD is bound to. */
uint16_t listener_port(int listen_fd);

/* The next waiting connection, non-blocking, or -1 and errno. */
int listener_accept(int listen_fd);

#endif
