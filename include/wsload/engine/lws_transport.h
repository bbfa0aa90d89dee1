/* The transport over libwebsockets, on a libev loop of its own.
 *
 * One context per transport, never shared between threads. It decides nothing: it opens, sends and
 * closes as told, and names the causes of what goes wrong. The library opens connections (TCP, TLS,
 * upgrade), keeps what a socket does not take at once, and closes; what an open connection receives
 * is read here (see src/engine/lws_stream.c). */
#ifndef WSLOAD_ENGINE_LWS_TRANSPORT_H
#define WSLOAD_ENGINE_LWS_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "wsload/base/error.h"
#include "wsload/engine/resolver.h"
#include "wsload/load/plan.h"

struct opening_seen;
struct transport;
struct transport_events;

/* All is borrowed and outlives the transport. */
struct lws_transport_config {
    const struct plan *plan;
    const struct addresses *addresses;
    const struct transport_events *events;
    void *worker;              /* first argument of the events */
    struct opening_seen *seen; /* NULL: nobody asks */
    unsigned index; /* of the worker: the transport makes its share of the plan's connections */
};

/* Makes a transport to the plan's target. NULL and an error when certificate files, libwebsockets
 * or its libev plug-in cannot be loaded. The descriptor limit must have been raised before. */
struct transport *lws_transport_new(const struct lws_transport_config *config, struct error *error);

/* Whether this build of libwebsockets can compress (permessage-deflate). */
bool lws_transport_compresses(void);

/* The most bytes that the lines which TARGET's identity makes may have in a handshake. */
size_t lws_transport_request_max(const struct target *target);

/* The versions of libwebsockets and OpenSSL that are in use; static texts. */
const char *lws_transport_library(void);
const char *lws_transport_tls_library(void);

#endif
