/* What the files of the libwebsockets transport share. Private to them. */
#ifndef WSLOAD_ENGINE_LWS_INTERNAL_H
#define WSLOAD_ENGINE_LWS_INTERNAL_H

#include <ev.h>
#include <libwebsockets.h>
#include <openssl/ssl.h>
#include <stdbool.h>

#include "wsload/base/buffer.h"
#include "wsload/base/random.h"
#include "wsload/engine/lws_transport.h"

#define CLOSE_REASON_SIZE 124 /* RFC 6455 section 5.5: at most 123 bytes */

struct lws_transport;

/* A connection as this transport sees it. What every message touches comes first, in one cache
 * line. */
struct link {
    _Alignas(CACHE_LINE) struct lws_transport *transport;
    struct lws *wsi;        /* NULL: no attempt and no socket; callbacks of any other are stale */
    struct buffer incoming; /* a message that comes in several pieces */
    bool tcp_open;          /* the TCP connection stands */
    bool open;              /* upgraded, and reported so */
    bool closing;           /* our close frame was sent; the peer's is awaited */
    bool broken;            /* end it at the next chance, without a close frame of ours */
    bool peer_closed;       /* a close frame came */
    bool attempt_over;      /* the attempt to connect that was just begun has failed already */
    bool retry_wanted;      /* the next address is to be tried */
    bool retry_listed;      /* it stands in the transport's list of retries */

    int send_errno;             /* of a write that failed; 0: none did */
    const char *protocol_fault; /* what the peer did wrong, when this side saw it; static text */
    const char *tls_reason;     /* why its certificate was refused; static text */
    size_t tried;               /* addresses tried in this attempt to open */
    size_t address;             /* the one being tried */
    unsigned close_code;        /* of the peer's close frame; 1005 when it had none */
    size_t close_length;
    char close_reason[CLOSE_REASON_SIZE];
};

struct lws_transport {
    struct transport base; /* first: a struct transport * is one of these */
    const struct plan *plan;
    const struct addresses *addresses;
    const struct transport_events *events;
    void *worker;

    struct ev_loop *loop;
    struct lws_context *context;
    int timer_fd;
    ev_io timer_watcher;
    ev_async interrupt_watcher;
    ev_timer retry_watcher;
    bool stopped;

    struct link *links;
    uint32_t *retries; /* links whose next address is to be tried */
    size_t retry_count;
    uint64_t down_until_ns[ADDRESSES_MAX]; /* a failed address is tried last until then */
    struct random masks;

    int failed_tls_fd;             /* the socket whose TLS failed last; -1: none */
    const char *failed_tls_reason; /* and why; static text */
    struct error setup_error;      /* why the TLS context could not be set up; "" when it could */
};

/* --- lws_callback.c: translates the library's callbacks into reports --- */

int lws_transport_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                           size_t length);

/* Ends LINK at its next callback, because of TEXT: a protocol failure. */
void lws_link_fault(struct link *link, const char *text);

/* --- lws_transport.c --- */

/* The address that LINK tries does not answer: others come first for a while. */
void lws_link_address_failed(struct link *link);

/* Tries the next address of LINK's attempt, soon. */
void lws_link_retry(struct link *link);

/* --- lws_tls.c: the client's TLS context --- */

/* Loads the plan's certificates into CONTEXT and watches handshakes. Sets setup_error. */
void lws_tls_set_up(struct lws_transport *transport, SSL_CTX *context);

/* Judges a peer's certificate: 0 to accept, 1 to refuse; keeps the reason in LINK. */
int lws_tls_verify(struct link *link, X509_STORE_CTX *store, bool preverified);

/* --- lws_cause.c: names causes --- */

/* Why LINK did not open. TEXT is the library's own words, SAVED_ERRNO errno in its callback. DETAIL
 * is room for a number. */
struct failure lws_cause_of_failed(const struct link *link, struct text text, int saved_errno,
                                   char detail[16]);

/* Why open LINK closed. */
struct failure lws_cause_of_closed(const struct link *link, int saved_errno, char detail[16]);

#endif
