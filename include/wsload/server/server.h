/* `wsload serve`: a small server that answers like a chat backend behind API Gateway.
 *
 * For rehearsals and tests, not for load records: one loop, one thread. It answers each message
 * after a delay, with a message or a stream of them made from templates or, for a share of them,
 * with an error. A profile is all of that as a published sample does it. Around the answers stands
 * a gateway: it turns handshakes down, throttles, and closes connections as API Gateway does.
 *
 * A binary message closes the connection with 1003, one that is no UTF-8 with 1007, one above the
 * limits with 1009, and too many answers waiting for one client with 1008. The first subprotocol
 * that a client offers is agreed to; what libwebsockets cannot take in (above 62 characters, a list
 * above 126, a bare number) is refused with 400. Requests without an upgrade get 426. */
#ifndef WSLOAD_SERVER_SERVER_H
#define WSLOAD_SERVER_SERVER_H

#include <stdint.h>

#include "wsload/base/error.h"
#include "wsload/server/options.h"

struct server;

/* Listens, writes the CA and then the port file, but serves nothing yet: who connects has to wait.
 * The process ignores SIGPIPE from then on. NULL and ERROR when it cannot. The caller frees with
 * server_free(). What OPTIONS borrow must outlive it. */
struct server *server_new(const struct server_options *options, struct error *error);

/* The port it listens on. */
uint16_t server_port(const struct server *server);

/* Serves until server_stop(), then closes every connection with 1001 and returns within 2 s. */
void server_run(struct server *server);

/* Makes server_run() return. Async-signal-safe, callable from any thread until server_free(). */
void server_stop(struct server *server);

/* The counts so far; call it after server_run(). */
struct server_counts server_counts(const struct server *server);

void server_free(struct server *server);

#endif
