/* The transport over libwebsockets, on a libev loop of its own.
 *
 * One context per transport, never shared between threads. It decides nothing: it opens, sends and
 * closes as told, and names the causes of what goes wrong. Two things it cannot tell because
 * libwebsockets does not: a masked frame from a server is unmasked instead of refused, and the
 * close codes 1012 to 1015 arrive as 1002. */
#ifndef WSLOAD_ENGINE_LWS_TRANSPORT_H
#define WSLOAD_ENGINE_LWS_TRANSPORT_H

#include "wsload/base/error.h"
#include "wsload/engine/resolver.h"
#include "wsload/engine/transport.h"
#include "wsload/load/plan.h"

/* Makes a transport for connections 0 .. CONNECTIONS-1 to the plan's target at ADDRESSES, reporting
 * to EVENTS with WORKER. All are borrowed and outlive it. NULL and an error when certificate files
 * cannot be loaded, or when libwebsockets or its libev plug-in cannot be. The descriptor limit must
 * have been raised before. */
struct transport *lws_transport_new(const struct plan *plan, const struct addresses *addresses,
                                    const struct transport_events *events, void *worker,
                                    struct error *error);

/* The version of libwebsockets that is in use; static text. */
const char *lws_transport_library(void);

#endif
