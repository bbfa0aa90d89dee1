#include "lws_internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "wsload/base/clock.h"

/* Once a connection is open the library's part is done: its parser walks byte by byte, and after
 * each event it has the loop poll once more and sets its timers. So reading is taken over here: the
 * socket is watched on the same loop, and protocol/frame_reader.c takes the messages out. What
 * a socket does not take at once goes to the library, which keeps it and sends it later.
 *
 * It cannot be taken over when the library read on behind the answer to the handshake and holds
 * bytes that are not ours to get. Then it goes on reading, and its callbacks end up here, too. */

#define CLOSE_CODE_SIZE 2

/* Of one connection in one wake: the others have their turn, too. */
#define READS_MAX 16

/* 0, or -1 when it cannot be inflated. */
static int report_message(struct link *link, struct text message)
{
    struct lws_transport *transport = link->transport;
    const struct frame_reader *reader = &link->reader;
    if (reader->compressed && lws_compress_inflate(link, &message)) {
        link->protocol_fault = "a compressed message that is broken or over 16 MiB";
        return -1;
    }
    transport->events->message(transport->worker, lws_link_id(link), message, reader->binary);
    return 0;
}

/* One whose opening was not reported yet has not opened. The link is forgotten before the report:
 * the worker may open it again from within. */
static void report_closed(struct link *link, const struct failure *failure, bool kill)
{
    const struct lws_transport *transport = link->transport;
    const struct transport_events *events = transport->events;
    bool deferred = link->deferred;
    lws_stream_forget(link, kill);
    (deferred ? events->failed : events->closed)(transport->worker, lws_link_id(link), failure);
}

void lws_stream_forget(struct link *link, bool kill)
{
    struct lws *wsi = link->wsi;
    link->deferred = false;
    lws_refusal_forget(link);
    if (link->inflater)
        inflateEnd(link->inflater);
    free(link->inflater);
    link->inflater = NULL;
    link->wsi = NULL; /* what the library still says about it is stale */
    link->open = link->own_reading = false;
    if (wsi && kill)
        lws_set_timeout(wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
}

/* --- Ends --- */

/* The cause that the body of a close frame tells (RFC 6455 section 5.5.1). */
static struct failure cause_of_close(struct text body, char detail[16])
{
    const unsigned char *bytes = (const unsigned char *)body.data;
    if (body.length < 2)
        return (struct failure){FAILURE_CLOSED, "1005", (struct text){0}};
    snprintf(detail, 16, "%u", (unsigned)bytes[0] << 8 | bytes[1]);
    return (struct failure){FAILURE_CLOSED, detail, (struct text){body.data + 2, body.length - 2}};
}

/* It is answered, unless it is the answer to ours. The library does so itself when it reads. */
void lws_stream_peer_closed(struct link *link, struct text body)
{
    char detail[16];
    bool own_reading = link->own_reading;
    char reason[125];
    struct text copy = {reason, body.length < sizeof(reason) ? body.length : sizeof(reason)};
    memcpy(reason, body.data, copy.length);
    struct failure failure = cause_of_close(copy, detail);
    if (own_reading && !link->closing) {
        size_t code = copy.length < CLOSE_CODE_SIZE ? 0 : CLOSE_CODE_SIZE;
        lws_link_send_control(link, OPCODE_CLOSE, (struct text){reason, code});
    }
    report_closed(link, &failure, own_reading);
}

void lws_stream_ended(struct link *link, int saved_errno)
{
    struct failure failure = lws_cause_of_end(link, saved_errno);
    report_closed(link, &failure, link->own_reading);
}

/* --- Reading ourselves --- */

/* False when the connection has ended. */
static bool take_event(struct link *link, enum frame_event event, struct text payload)
{
    struct lws *wsi = link->wsi;
    switch (event) {
    case FRAME_MESSAGE:
        if (report_message(link, payload)) {
            lws_stream_ended(link, 0);
            return false;
        }
        break;
    case FRAME_PING:
        lws_link_send_control(link, OPCODE_PONG, payload);
        break;
    case FRAME_CLOSED:
        lws_stream_peer_closed(link, payload);
        return false;
    case FRAME_FAULT:
        link->protocol_fault = link->reader.fault;
        lws_stream_ended(link, 0);
        return false;
    case FRAME_PONG:
    case FRAME_NEEDS_MORE:
        break;
    }
    return link->wsi == wsi; /* the report may have led to its end */
}

static bool take_input(struct link *link, struct text input)
{
    struct text payload;
    enum frame_event event;
    while ((event = frame_reader_next(&link->reader, &input, &payload)) != FRAME_NEEDS_MORE)
        if (!take_event(link, event, payload))
            return false;
    return true;
}

/* Bytes read, 0 when there are none for now, -1 at the end of the stream or with an error. */
static ssize_t read_plain(const struct link *link, char *input)
{
    ssize_t got = recv(link->watcher.fd, input, INPUT_SIZE, MSG_DONTWAIT);
    if (got > 0)
        return got;
    return got < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static ssize_t read_tls(SSL *ssl, char *input)
{
    ERR_clear_error();
    int got = SSL_read(ssl, input, INPUT_SIZE);
    if (got > 0)
        return got;
    int error = SSL_get_error(ssl, got);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

/* One read a wake: the loop comes back for more. But no event tells of what OpenSSL holds already,
 * unless that is a part of a record: then it gets nothing. */
static void on_readable(struct ev_loop *loop, ev_io *watcher, int events)
{
    struct link *link = watcher->data;
    char *input = link->transport->input;
    SSL *ssl = link->ssl;
    bool more;
    int reads = 0;
    (void)events;
    errno = 0;
    do {
        ssize_t got = ssl ? read_tls(ssl, input) : read_plain(link, input);
        if (got < 0 || link->broken) {
            lws_stream_ended(link, errno);
            return;
        }
        link->reads++;
        if (!take_input(link, (struct text){input, (size_t)got}))
            return;
        more = ssl && got > 0 && SSL_has_pending(ssl);
    } while (more && ++reads < READS_MAX);
    if (more)
        ev_feed_event(loop, watcher, EV_READ);
}

/* --- Opened --- */

/* False when the library holds bytes that it read behind the answer to the handshake. */
static bool take_over(struct link *link)
{
    struct lws_transport *transport = link->transport;
    /* 0: somebody has bytes inside the library. It does not say who: nobody is taken over then. */
    if (lws_service_adjust_timeout(transport->context, 1, 0) == 0 ||
        lws_rx_flow_control(link->wsi, 0) != 0)
        return false;
    link->own_reading = true;
    link->library_holds = false;
    link->ssl = lws_get_ssl(link->wsi);
    ev_io_init(&link->watcher, on_readable, lws_get_socket_fd(link->wsi), EV_READ);
    link->watcher.data = link;
    ev_io_start(transport->loop.ev, &link->watcher);
    if (link->ssl) {
        SSL_set_read_ahead(link->ssl, 1); /* one read a record instead of two */
        ev_feed_event(transport->loop.ev, &link->watcher, EV_READ);
    }
    return true;
}

static void report_opened(struct link *link)
{
    struct lws_transport *transport = link->transport;
    bool secure = transport->plan->target.url.secure;
    struct connect_times times = {
        .ns = {
            [CONNECT_DNS] = CLOCK_NEVER,
            [CONNECT_TCP] = link->tcp_ns - link->connect_ns,
            [CONNECT_TLS] = secure ? link->request_ns - link->tcp_ns : CLOCK_NEVER,
            [CONNECT_UPGRADE] = link->opened_ns - link->request_ns,
            [CONNECT_TOTAL] = link->opened_ns - link->start_ns,
        }};
    link->open = true;
    transport->events->opened(transport->worker, lws_link_id(link), &times);
}

void lws_stream_opened(struct link *link)
{
    const struct steps *steps = link->transport->plan->steps;
    link->opened_ns = clock_monotonic_ns();
    lws_refusal_forget(link);
    /* With steps to go through first nothing before a request can be taken for a reply. */
    link->deferred = !take_over(link) && !(steps && steps->on_connect.count > 0);
    if (link->deferred)
        lws_link_wait(link);
    else
        report_opened(link);
}

/* Has the library hand out what it holds of LINK first. It would not before the loop is idle, and
 * that may never be. */
void lws_stream_report_deferred(struct link *link)
{
    struct lws_pollfd poll = {
        .fd = lws_get_socket_fd(link->wsi), .events = LWS_POLLIN, .revents = LWS_POLLIN};
    lws_service_fd(link->transport->context, &poll);
    if (!link->deferred)
        return; /* it has ended by now */
    link->deferred = false;
    report_opened(link);
}

/* --- When the library reads --- */

/* Our reader stays idle then; it keeps the pieces, and what is known of their message. */
int lws_stream_piece(struct link *link, const char *piece, size_t length)
{
    struct lws *wsi = link->wsi;
    struct frame_reader *reader = &link->reader;
    struct buffer *message = &reader->message;
    bool last = lws_is_final_fragment(wsi) && !lws_remaining_packet_payload(wsi);
    if (lws_is_first_fragment(wsi)) {
        reader->binary = lws_frame_is_binary(wsi);
        reader->compressed = reader->deflate && (lws_get_reserved_bits(wsi) & FRAME_RSV1);
    }
    if (last && message->length == 0)
        return report_message(link, (struct text){piece, length});
    if (buffer_append(message, piece, length)) {
        link->protocol_fault = "a message over 16 MiB";
        return -1;
    }
    if (!last)
        return 0;
    int result = report_message(link, buffer_text(message));
    buffer_free(message);
    return result;
}
