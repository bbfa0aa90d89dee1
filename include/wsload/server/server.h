/* `wsload serve`: a small server that answers like a chat backend behind API Gateway.
 *
 * For rehearsals and tests, not for load records: one loop, one thread. It answers each message
 * after a delay, with a template or, for a share of them, with a gateway error frame. A message
 * that is no UTF-8 closes the connection with 1007, one above 16 MiB with 1009. The first
 * subprotocol that a client offers is agreed to; what libwebsockets cannot take in (above 62
 * characters, a list above 126, a bare number) is refused with 400. Requests without an upgrade get
 * 426. */
#ifndef WSLOAD_SERVER_SERVER_H
#define WSLOAD_SERVER_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "wsload/base/error.h"
#include "wsload/base/text.h"

#define SERVER_DEFAULT_REPLY "{\"message\": \"{{prompt}}\", \"connectionId\": \"{{connectionId}}\"}"

struct server_options {
    const char *address; /* numeric IPv4 or IPv6 address to listen on */
    uint16_t port;       /* 0: any free one */
    bool tls;
    const char *ca_out;    /* writes the throwaway authority here; NULL: nowhere */
    const char *port_file; /* writes the port here, as decimal text; NULL: nowhere */
    uint64_t delay_low_ns; /* each reply waits uniformly between these */
    uint64_t delay_high_ns;
    double error_percent; /* share of messages answered with a gateway error frame, 0..100 */
    struct text reply;    /* template of the reply, TEMPLATE_SERVER_VARIABLES; borrowed */
    uint64_t seed;        /* of delays and errors */
};

/* What was served, counted by the server itself. */
struct server_counts {
    uint64_t connections; /* upgrades completed */
    uint64_t messages;    /* complete messages received */
    uint64_t replies;     /* good replies sent */
    uint64_t errors;      /* gateway error frames sent */
};

struct server;

/* Listens, writes the CA and then the port file, but serves nothing yet: who connects has to wait.
 * The process ignores SIGPIPE from then on. NULL and ERROR when it cannot. The caller frees with
 * server_free(). Options' strings must outlive it. */
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
