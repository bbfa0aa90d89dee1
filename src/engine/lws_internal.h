/* What the files of the libwebsockets transport share. Private to them. */
#ifndef WSLOAD_ENGINE_LWS_INTERNAL_H
#define WSLOAD_ENGINE_LWS_INTERNAL_H

#include <ev.h>
#include <libwebsockets.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <zlib.h>

#include "wsload/base/buffer.h"
#include "wsload/base/random.h"
#include "wsload/engine/lws_transport.h"
#include "wsload/protocol/frame.h"
#include "wsload/protocol/frame_reader.h"

/* Read from a socket at a time, into one buffer for all: a TLS record has at most 16 KiB. */
#define INPUT_SIZE (32 * 1024)

/* The library's own buffer, one for the thread: room for a handshake with a long URL and long
 * tokens, and for one read. */
#define LWS_SERVICE_BUFFER (32 * 1024)

#define LWS_PROTOCOL_NAME "wsload"

struct lws_transport;

/* A connection as this transport sees it. What every message touches comes first. */
struct link {
    _Alignas(CACHE_LINE) struct lws_transport *transport;
    struct lws *wsi;    /* NULL: no attempt and no socket; callbacks of any other are stale */
    ev_io watcher;      /* of an open connection that we read ourselves */
    SSL *ssl;           /* of such a connection; NULL: plain */
    bool own_reading;   /* we do; else the library does */
    bool library_holds; /* the library may hold what the socket did not take */
    bool deferred;      /* open, and not reported yet; see lws_stream_opened() */
    bool open;          /* upgraded, and reported so */
    bool closing;       /* our close frame was sent; the peer's is awaited */
    bool broken;        /* end it at the next chance, without a close frame of ours */
    bool tcp_open;      /* the TCP connection stands */
    bool watched;       /* the watcher waits for the answer to the handshake */
    bool attempt_over;  /* the attempt to connect that was just begun has failed already */
    bool retry_wanted;  /* the next address is to be tried */
    bool retry_listed;  /* it stands in the transport's list of retries */
    uint32_t reads;     /* how often we have read from the socket, going round */
    int socket_errno;   /* of a write or a look at the answer that failed; 0: none did */
    struct frame_reader reader;

    const char *protocol_fault; /* what the peer did wrong, when this side saw it; static text */
    const char *tls_reason;     /* why its certificate was refused; static text */
    size_t tried;               /* addresses tried in this attempt to open */
    size_t address;             /* the one being tried */
    uint64_t start_ns;          /* when the attempt began */
    uint64_t connect_ns;        /* when the TCP connect of this address began */
    uint64_t tcp_ns;            /* when the TCP connection stood */
    uint64_t request_ns;   /* when the request for the upgrade was made; TLS was done by then */
    uint64_t opened_ns;    /* when its answer was there */
    uint64_t signed_s;     /* Unix time that this handshake is signed for */
    struct buffer refusal; /* the beginning of an answer that was no 101 */
    z_stream *inflater;    /* of a peer that compresses; owned */
};

struct lws_transport {
    struct transport base; /* first: a struct transport * is one of these */
    const struct plan *plan;
    const struct addresses *addresses;
    const struct transport_events *events;
    void *worker;
    unsigned index; /* of the worker */

    struct ev_loop *loop;
    struct lws_context *context;
    int timer_fd;
    ev_io timer_watcher;
    ev_async interrupt_watcher;
    ev_timer retry_watcher;
    ev_prepare deferred_watcher;
    uint32_t deferred; /* links whose opening is not reported yet */
    bool stopped;

    struct link *links;
    uint32_t link_count;
    uint32_t *retries; /* links whose next address is to be tried */
    size_t retry_count;
    uint64_t down_until_ns[ADDRESSES_MAX]; /* a failed address is tried last until then */
    struct random masks;
    struct buffer handshake; /* the path or the headers of the one that is being made */
    char *input;             /* INPUT_SIZE bytes, for one read at a time */
    z_stream *deflater;      /* for every message that is sent compressed; owned */
    struct buffer deflated;  /* the last one, behind TRANSPORT_HEADROOM bytes */
    struct buffer inflated;  /* the last message that came compressed */

    SSL_SESSION *session;          /* the newest one of the peer, to be resumed; owned */
    int failed_tls_fd;             /* the socket whose TLS failed last; -1: none */
    const char *failed_tls_reason; /* and why; static text */
    struct error setup_error;      /* why the TLS context could not be set up; "" when it could */
};

static inline uint32_t lws_link_id(const struct link *link)
{
    return (uint32_t)(link - link->transport->links);
}

/* The number of LINK's connection in the whole run, from 0. */
static inline uint64_t lws_link_number(const struct link *link)
{
    const struct lws_transport *transport = link->transport;
    return plan_connection(transport->plan, transport->index, lws_link_id(link));
}

/* --- lws_context.c: the library's context --- */

/* Makes it, on the loop. 0 or -1. */
int lws_context_begin(struct lws_transport *transport, struct error *error);

/* Destroys it, and forgets all links. */
void lws_context_end(struct lws_transport *transport);

/* --- lws_callback.c: translates the library's callbacks into reports --- */

int lws_transport_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                           size_t length);

/* --- lws_stream.c: what an open connection receives --- */

/* LINK has just opened: reads from its socket without the library from now on, and reports it. When
 * the library holds bytes that came behind the answer to the handshake, it goes on reading, and the
 * report waits until they were handed out: what came before the first request is no reply to it. */
void lws_stream_opened(struct link *link);

/* The next turn of the loop: reports the openings that waited for it. */
void lws_stream_on_turn(struct ev_loop *loop, ev_prepare *watcher, int events);

/* A piece of a message that the library read. 0, or -1 to end the connection. */
int lws_stream_piece(struct link *link, const char *piece, size_t length);

/* The peer's close frame, of BODY: reports the end of the connection. */
void lws_stream_peer_closed(struct link *link, struct text body);

/* The connection is over, by whatever the socket says: reports it. */
void lws_stream_ended(struct link *link, int saved_errno);

/* Ends LINK soon, from the loop. */
void lws_stream_break(struct link *link);

/* Forgets LINK's socket, and takes it away from the library unless that is about to do so itself
 * (KILL false). Nothing is reported. */
void lws_stream_forget(struct link *link, bool kill);

/* --- lws_refusal.c: what the library keeps to itself of a refused handshake --- */

/* Watches the socket for the answer to the handshake, to have a look at it before the library takes
 * it. */
void lws_refusal_watch(struct link *link);

/* Stops that, and forgets what was seen. */
void lws_refusal_forget(struct link *link);

/* The body of the answer, as far as it was there: a view into LINK. */
struct text lws_refusal_body(const struct link *link);

/* --- lws_compress.c: permessage-deflate (RFC 7692) --- */

/* What is offered; NULL when this build of the library cannot. When the server agrees,
 * link->reader.deflate is set. */
const struct lws_extension *lws_compress_extensions(void);

/* Prepares TRANSPORT's buffers. Allocates nothing. */
void lws_compress_init(struct lws_transport *transport);

/* Compresses MESSAGE, as if it were the first: a server need not keep what came before. Returns
 * LENGTH bytes of the transport's, with TRANSPORT_HEADROOM in front of them, which may be written
 * to; NULL when memory is out. */
char *lws_compress_deflate(struct lws_transport *transport, struct text message, size_t *length);

/* MESSAGE came compressed: makes it a view of the text in the transport's memory, valid until the
 * next one. 0, or -1 when it is broken, longer than TRANSPORT_MESSAGE_MAX, or memory is out. */
int lws_compress_inflate(struct link *link, struct text *message);

/* Releases what is kept for LINK's socket. */
void lws_compress_forget(struct link *link);

/* Releases what TRANSPORT has for all of them. */
void lws_compress_free(struct lws_transport *transport);

/* --- lws_transport.c --- */

/* The address that LINK tries does not answer: others come first for a while. */
void lws_link_address_failed(struct link *link);

/* Forgets the socket of an attempt that has failed: the library drops it itself. */
void lws_link_detach(struct link *link);

/* The same, and reports it. */
void lws_link_failed(struct link *link, const struct failure *failure);

/* Tries the next address of LINK's attempt, soon. */
void lws_link_retry(struct link *link);

/* Sends one control frame; PAYLOAD is at most 125 bytes. */
void lws_link_send_control(struct link *link, enum frame_opcode opcode, struct text payload);

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

/* Why open LINK ended without a close frame. */
struct failure lws_cause_of_end(const struct link *link, int saved_errno);

/* The peer's close frame of BODY (RFC 6455 section 5.5.1). DETAIL is room for the code. */
struct failure lws_cause_of_close(struct text body, char detail[16]);

#endif
