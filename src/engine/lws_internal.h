/* What the files of the libwebsockets transport share. Private to them. */
#ifndef WSLOAD_ENGINE_LWS_INTERNAL_H
#define WSLOAD_ENGINE_LWS_INTERNAL_H

#include <ev.h>
#include <libwebsockets.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <zlib.h>

#include "dial.h"
#include "list.h"
#include "loop.h"
#include "stamps.h"
#include "transport.h"
#include "wsload/base/random.h"
#include "wsload/base/text.h"
#include "wsload/engine/resolver.h"
#include "wsload/load/plan.h"
#include "wsload/protocol/frame.h"

/* Read from a socket at a time, into one buffer for all: a TLS record has at most 16 KiB. */
#define INPUT_SIZE (32 * 1024)

/* The library's own buffer, one for the thread: for a handshake with long tokens, and one read. */
#define LWS_SERVICE_BUFFER (32 * 1024)

/* What the library keeps free at its end, and the most that it says of the upgrade itself, but for
 * the names of subprotocols. */
#define LWS_REQUEST_TAIL    12
#define LWS_REQUEST_UPGRADE 512

#define LWS_PROTOCOL_NAME "wsload"

struct lws_transport;

/* A connection as this transport sees it. What every message touches comes first. */
struct socket {
    _Alignas(CACHE_LINE) struct lws_transport *transport;
    struct lws *wsi;    /* NULL: no attempt and no socket; callbacks of any other are stale */
    ev_io watcher;      /* for the answer to the handshake; later, if we read ourselves, for all */
    SSL *ssl;           /* of such a connection; NULL: plain */
    bool own_reading;   /* we do; else the library does */
    bool library_holds; /* the library may hold what the socket did not take */
    bool deferred;      /* open, and not reported yet; see lws_stream_opened() */
    bool open;          /* upgraded, and reported so */
    bool closing;       /* our close frame was sent; the peer's is awaited */
    bool broken;        /* end it at the next chance, without a close frame of ours */
    bool reporting;     /* a message is being reported */
    bool drain;         /* drained() is to be reported when all that was read is */
    bool attempt_over;  /* the attempt to connect that was just begun has failed already */
    bool request_too_long; /* the library had no room for the request */
    bool attempt_wanted;   /* an address, the first or the next, is to be tried */
    bool asks_stamps;      /* the kernel is asked for the time of what comes */
    bool stamped;          /* and has told that of the newest read */
    uint32_t reads;        /* how often we have read from the socket, going round */
    size_t rest;           /* bytes of the read under way that were not looked at yet */
    uint64_t came_ns;      /* when the newest of what was read had come */
    uint64_t read_ns;      /* when that was read */
    /* Segments that had come before an earlier one when that was looked at. */
    uint64_t out_of_order;
    int socket_errno; /* of a write or a look at the answer that failed; 0: none did */
    struct frame_reader reader;

    const char *protocol_fault; /* what the peer did wrong, when this side saw it; static text */
    const char *tls_reason;     /* why its certificate was refused; static text */
    struct dial_attempt attempt;
    struct rival *rivals;    /* earlier attempts that are under way, too; owned */
    struct list_node racing; /* in the transport's list of those that may get company */
    struct list_node turn;   /* in the transport's list of those that wait for it */
    uint64_t start_ns;       /* when the attempt began */
    uint64_t connect_ns;     /* when the TCP connect of this address began */
    uint64_t tcp_ns;         /* when the TCP connection stood; 0: it does not yet */
    uint64_t request_ns;     /* when the request for the upgrade was made; TLS was done by then */
    uint64_t opened_ns;      /* when its answer was there */
    struct buffer refusal;   /* the beginning of an answer that was no 101 */
    struct buffer ahead;     /* of a plain one that was: what came with it, from its end on */
    uint64_t looked_at;      /* bytes from the beginning of the stream to the end of that */
    bool library_held;       /* the library does not read: nothing of the last answer is there */
    bool interim;            /* an answer that is not the last has begun */
    uint8_t interim_end;     /* and of its end, an empty line, so many bytes have come */
    z_stream *inflater;      /* of a peer that compresses; owned */
};

struct lws_transport {
    struct loop loop; /* first: a struct transport * is one of these */
    const struct plan *plan;
    const struct transport_events *events;
    void *worker;
    struct opening_seen *seen; /* NULL: nobody asks */
    unsigned index;            /* of the worker */

    struct lws_context *context;
    struct dial dial;
    struct list waiting; /* sockets for which there is something to do in the loop's next turn */
    ev_prepare turn;
    struct list racing; /* sockets of which the next address may be tried soon as well */
    ev_timer company;   /* for the first of them */

    bool stamping;        /* the kernel tells when it received what comes */
    int stamp_fd;         /* keeps it at that, however sockets come and go; -1: none */
    ev_check turn_begins; /* looks at the clocks */
    struct stamps stamps;
    bool may_lose;             /* there is a network between the target and this machine */
    uint64_t stamp_ns;         /* the kernel's time of the read under way, by the wall clock */
    BIO_METHOD *filter_method; /* owned */

    struct socket *sockets;
    uint32_t socket_count;
    struct random masks;
    struct buffer handshake; /* the request that is being made; the answer that is being told */
    char *input;             /* INPUT_SIZE bytes, for one read at a time */
    z_stream deflater;       /* for every message that is sent compressed */
    struct buffer deflated;  /* the last one, after TRANSPORT_HEADROOM bytes */
    struct buffer inflated;  /* the last message that came compressed */

    SSL_SESSION *session;          /* the newest one of the peer, to be resumed; owned */
    int failed_tls_fd;             /* the socket whose TLS failed last; -1: none */
    const char *failed_tls_reason; /* and why; static text */
    struct error setup_error;      /* why the TLS context could not be set up; "" when it could */
};

static inline struct lws_transport *lws_self(struct transport *transport)
{
    return (struct lws_transport *)transport;
}

static inline struct socket *lws_link(struct transport *transport, uint32_t id)
{
    return &lws_self(transport)->sockets[id];
}

static inline uint32_t lws_socket_id(const struct socket *socket)
{
    return (uint32_t)(socket - socket->transport->sockets);
}

/* Has the library read from SOCKET at once. It may end in that. */
static inline void lws_socket_read(const struct socket *socket)
{
    struct lws_pollfd poll = {
        .fd = lws_get_socket_fd(socket->wsi), .events = LWS_POLLIN, .revents = LWS_POLLIN};
    lws_service_fd(socket->transport->context, &poll);
}

/* Has something done with SOCKET in the next turn of the loop, by its flags. */
static inline void lws_socket_wait(struct socket *socket)
{
    list_append(&socket->transport->waiting, &socket->turn);
    ev_prepare_start(socket->transport->loop.ev, &socket->transport->turn);
}

/* The number of SOCKET's connection in the whole run, from 0. */
static inline uint64_t lws_socket_number(const struct socket *socket)
{
    const struct lws_transport *transport = socket->transport;
    return plan_connection(transport->plan, transport->index, lws_socket_id(socket));
}

/* --- lws_callback.c: attempts to open, and what the library tells --- */

/* Begins an attempt of SOCKET. */
void lws_socket_open(struct socket *socket);

/* The next turn of the loop: goes on with the sockets that waited for it. */
void lws_on_turn(struct ev_loop *loop, ev_prepare *watcher, int events);

/* The library's callback: translates it into reports. */
int lws_transport_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                           size_t length);

/* --- lws_race.c: several addresses at a time --- */

void lws_race_init(struct lws_transport *transport);

/* SOCKET's attempt was begun: after a while it gets company, if there are more addresses. */
void lws_race_begin(struct socket *socket);

/* SOCKET's attempt has connected: all others are given up. */
void lws_race_won(struct socket *socket);

/* REASON is reported of WSI, which is not socket->wsi. Whether it is now, since it has connected
 * first. */
bool lws_race_event(struct socket *socket, const struct lws *wsi, enum lws_callback_reasons reason);

/* SOCKET's newest attempt has failed, and there is no other address: goes on with an earlier one.
 * False when none is under way. */
bool lws_race_go_on(struct socket *socket);

/* Gives up all earlier attempts; the library does so itself unless KILL. */
void lws_race_forget(struct socket *socket, bool kill);

/* --- lws_receive.c: reading from a socket, and the kernel's time of what comes --- */

/* As the plan's load says. -1 and an error. */
int lws_receive_init(struct lws_transport *transport, struct error *error);

/* Releases what that took; the library has no connection any more. */
void lws_receive_end(struct lws_transport *transport);

/* From now on SOCKET is read here. Without the kernel's times messages have those of reading. */
void lws_receive_begin(struct socket *socket);

/* Reads up to INPUT_SIZE bytes into INPUT and notes their times in SOCKET. How many; 0 when there
 * are none for now, -1 at the end of the stream or with an error. */
ssize_t lws_receive(struct socket *socket, char *input);

/* --- lws_stream.c: what an open connection receives --- */

/* SOCKET has just opened: reads from its socket without the library from now on, and reports it.
 * When the library holds bytes that came after the answer to the handshake, it goes on reading,
 * and the report waits until they were handed out: what came before the first request is no reply
 * to it. */
void lws_stream_opened(struct socket *socket);

/* Reports the opening of SOCKET, which waited for the next turn of the loop. */
void lws_stream_report_deferred(struct socket *socket);

/* Reads what has come to SOCKET, when the library does not, and reports it. */
void lws_stream_read(struct socket *socket);

/* See unreported() of struct transport_ops. */
bool lws_stream_unreported(struct socket *socket);

/* Reports that all is reported that the library handed out of SOCKET, if that was wanted. */
void lws_stream_report_drained(struct socket *socket);

/* A piece of a message that the library read. 0, or -1 to end the connection. */
int lws_stream_piece(struct socket *socket, const char *piece, size_t length);

/* The peer's close frame, of BODY: reports the end of the connection. */
void lws_stream_peer_closed(struct socket *socket, struct text body);

/* The connection is over, by whatever the socket says: reports it. */
void lws_stream_ended(struct socket *socket, int saved_errno);

/* Forgets SOCKET's socket, and takes it away from the library unless that is about to do so itself
 * (KILL false). Nothing is reported but its network, if it was open. */
void lws_stream_forget(struct socket *socket, bool kill);

/* --- lws_compress.c: permessage-deflate (RFC 7692) --- */

/* What is offered; NULL when this build of the library cannot. When the server agrees,
 * socket->reader.deflate is set. */
const struct lws_extension *lws_compress_extensions(void);

/* Compresses MESSAGE, as if it were the first: a server need not keep what came before. Returns
 * LENGTH bytes with TRANSPORT_HEADROOM that may be written to; NULL when memory is out. */
char *lws_compress_deflate(struct lws_transport *transport, struct text message, size_t *length);

/* MESSAGE came compressed: makes it a view of the text in the transport's memory, valid until the
 * next one. 0, or -1 when it is broken, longer than TRANSPORT_MESSAGE_MAX, or memory is out. */
int lws_compress_inflate(struct socket *socket, struct text *message);

/* --- lws_send.c: what an open connection sends --- */

/* Sends one text message; see struct transport_ops. */
void lws_op_send(struct transport *base, uint32_t id, char *message, size_t length);

/* Sends one control frame; PAYLOAD is at most 125 bytes. */
void lws_socket_send_control(struct socket *socket, enum frame_opcode opcode, struct text payload);

/* Ends SOCKET soon, from the loop. */
void lws_socket_break(struct socket *socket);

/* --- lws_tls.c: the client's TLS context --- */

/* Loads the plan's certificates into CONTEXT and watches handshakes. Sets setup_error. */
void lws_tls_set_up(struct lws_transport *transport, SSL_CTX *context);

/* Judges a peer's certificate: 0 to accept, 1 to refuse; keeps the reason in SOCKET. */
int lws_tls_verify(struct socket *socket, X509_STORE_CTX *store, bool preverified);

/* --- lws_seen.c: what people want to see of an opening --- */

/* The beginning of the ANSWER to the handshake, and that SOCKET is open; if anybody asks. */
void lws_seen_answer(const struct socket *socket, struct text answer);
void lws_seen_opened(const struct socket *socket);

/* --- lws_cause.c: names causes --- */

/* Watches for the answer to the handshake, to have a look at it before the library takes it. */
void lws_refusal_watch(struct socket *socket);

/* Stops the watcher, and forgets what was seen. */
void lws_refusal_forget(struct socket *socket);

/* Why SOCKET did not open. TEXT is the library's own words, SAVED_ERRNO errno in its callback.
 * DETAIL is room for a number. */
struct failure lws_cause_of_failed(const struct socket *socket, struct text text, int saved_errno,
                                   char detail[16]);

/* Why open SOCKET ended without a close frame. */
struct failure lws_cause_of_end(const struct socket *socket, int saved_errno);

#endif
