/* Failure kinds: what can go wrong with the target, in one table that every report reads.
 *
 * A failure is a measurement, counted by kind and detail; it never stops wsload. What does stop it
 * is base/error.h. */
#ifndef WSLOAD_PROTOCOL_FAILURE_H
#define WSLOAD_PROTOCOL_FAILURE_H

#include <stdbool.h>

#include "wsload/base/text.h"

/* kind, name in JSON, what a person reads when there is no better hint, what its detail says */
#define FAILURE_KINDS(X)                                                                           \
    X(FAILURE_DNS, "dns", "the name could not be resolved", "")                                    \
    X(FAILURE_CONNECT_REFUSED, "connect_refused", "nothing accepts connections there",             \
      "the system's reason, if it is another one")                                                 \
    X(FAILURE_CONNECT_TIMEOUT, "connect_timeout", "the connection did not open in time", "")       \
    X(FAILURE_EXHAUSTED, "exhausted", "this machine has no more of what a connection needs",       \
      "ports, descriptors or request")                                                             \
    X(FAILURE_TLS, "tls", "the TLS handshake failed",                                              \
      "OpenSSL's reason, such as certificate has expired")                                         \
    X(FAILURE_HANDSHAKE_STATUS, "handshake_status", "the upgrade was answered with this status",   \
      "the HTTP status, such as 403")                                                              \
    X(FAILURE_PROTOCOL, "protocol", "the peer broke the WebSocket protocol", "")                   \
    X(FAILURE_REPLY_TIMEOUT, "reply_timeout", "no reply in time", "")                              \
    X(FAILURE_TRUNCATED, "truncated", "the reply broke off before its end",                        \
      "what broke it off, such as reply_timeout, closed 1001, eof")                                \
    X(FAILURE_CLOSED, "closed", "the connection was closed",                                       \
      "the close code (1005: there was none); 1001 idle, 1001 lifetime")                           \
    X(FAILURE_EOF, "eof", "abnormal closure: ended without a close frame", "")                     \
    X(FAILURE_RESET, "reset", "the connection was reset", "")                                      \
    X(FAILURE_SETUP, "setup", "a step of --setup was not answered as expected", "the step")        \
    X(FAILURE_ERROR_REPLY, "error_reply", "the reply is an error by --fail-on", "")                \
    X(FAILURE_UNEXPECTED_REPLY, "unexpected_reply", "the reply is not what --expect asks for",     \
      "the rule that it does not satisfy")                                                         \
    X(FAILURE_GATEWAY_ERROR, "gateway_error", "API Gateway answered with an error frame",          \
      "its text, such as Internal server error")

enum failure_kind {
#define FAILURE_ENUM(kind, name, meaning, detail) kind,
    FAILURE_KINDS(FAILURE_ENUM)
#undef FAILURE_ENUM
        FAILURE_KIND_COUNT
};

struct failure {
    enum failure_kind kind;
    const char *detail;  /* borrowed, never NULL: as the table says; "" when there is none */
    struct text example; /* borrowed for the call: the frame, close reason or cause of this one */
};

/* "reply_timeout" and so on; and back: false when NAME is none. */
const char *failure_name(enum failure_kind kind);

/* What the detail of KIND says; "" when it never has one. */
const char *failure_detail(enum failure_kind kind);
bool failure_kind_of(const char *name, enum failure_kind *kind);

/* One line on what KIND with DETAIL usually means: for handshake statuses and close codes in API
 * Gateway's terms (AWS guides websocket-api-protect, execution-service-websocket-limits; RFC 6455
 * section 7.4), else the kind's own text. It does not repeat DETAIL: a report puts that in front,
 * as in "429: account quota, ...". Never NULL. */
const char *failure_hint(enum failure_kind kind, const char *detail);

#endif
