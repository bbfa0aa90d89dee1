#include "lws_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"
#include "wsload/base/clock.h"

/* Once a connection is open the library's part is done: its parser walks byte by byte, and after
 * each event it has the loop poll once more and sets its timers. So reading is taken over here: the
 * socket is watched on the same loop, and protocol/frame_reader.c takes the messages out. What
 * a socket does not take at once goes to the library, which keeps it and sends it later.
 *
 * It cannot be taken over when the library read on after the answer to the handshake and holds
 * bytes that are not ours to get. Then it goes on reading, and its callbacks end up here, too. */

#define CLOSE_CODE_SIZE 2

/* Of one connection in one wake: the others have their turn, too. */
#define READS_MAX 16

/* 0, or -1 when it cannot be inflated. */
static int report_message(struct socket *socket, struct text message)
{
    struct lws_transport *transport = socket->transport;
    const struct frame_reader *reader = &socket->reader;
    if (reader->compressed && lws_compress_inflate(socket, &message)) {
        socket->protocol_fault = "a compressed message that is broken or over 16 MiB";
        return -1;
    }
    const struct incoming incoming = {.text = message,
                                      .binary = reader->binary,
                                      .stamped = socket->stamped,
                                      .came_ns = socket->came_ns,
                                      .read_ns = socket->read_ns};
    socket->reporting = true;
    transport->events->message(transport->worker, lws_socket_id(socket), &incoming);
    socket->reporting = false;
    return 0;
}

/* What the library reads it hands out in one go: that is over with the loop's turn. */
bool lws_stream_unreported(struct socket *socket)
{
    if (!socket->reporting)
        return false;
    if (!socket->own_reading)
        lws_socket_wait(socket);
    else if (socket->rest == 0 && !(socket->ssl && SSL_has_pending(socket->ssl)))
        return false;
    socket->drain = true;
    return true;
}

void lws_stream_report_drained(struct socket *socket)
{
    struct lws_transport *transport = socket->transport;
    if (!socket->drain)
        return;
    socket->drain = false;
    transport->events->drained(transport->worker, lws_socket_id(socket));
}

/* One whose opening was not reported yet has not opened. The socket is forgotten before the report:
 * the worker may open it again from within. */
static void report_closed(struct socket *socket, const struct failure *failure, uint64_t came_ns,
                          bool kill)
{
    const struct lws_transport *transport = socket->transport;
    const struct transport_events *events = transport->events;
    bool deferred = socket->deferred;
    uint32_t id = lws_socket_id(socket);
    lws_stream_forget(socket, kill);
    if (deferred)
        events->failed(transport->worker, id, failure);
    else
        events->closed(transport->worker, id, failure, came_ns);
}

/* The last look at the socket of an open connection. */
static void report_network(const struct socket *socket)
{
    const struct lws_transport *transport = socket->transport;
    struct network_seen network;
    if (network_look(lws_get_socket_fd(socket->wsi), &network))
        transport->events->network(transport->worker, &network);
}

void lws_stream_forget(struct socket *socket, bool kill)
{
    struct lws *wsi = socket->wsi;
    if (socket->open)
        report_network(socket);
    socket->deferred = socket->drain = false;
    lws_refusal_forget(socket);
    buffer_free(&socket->ahead);
    lws_race_forget(socket, kill);
    if (socket->inflater)
        inflateEnd(socket->inflater);
    free(socket->inflater);
    socket->inflater = NULL;
    socket->wsi = NULL; /* what the library still says about it is stale */
    socket->open = socket->own_reading = false;
    if (wsi && kill)
        lws_set_timeout(wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
}

/* --- Ends --- */

/* The code that the body of a close frame begins with; 1005: it has none. */
static unsigned close_code(struct text body)
{
    const unsigned char *bytes = (const unsigned char *)body.data;
    return body.length < CLOSE_CODE_SIZE ? 1005 : (unsigned)bytes[0] << 8 | bytes[1];
}

/* Codes that stand for what was not sent, and so are never sent (RFC 6455 section 7.4.1). */
static bool is_broken_close(struct text body)
{
    unsigned code = close_code(body);
    return body.length >= CLOSE_CODE_SIZE && (code == 1005 || code == 1006 || code == 1015);
}

/* The cause that the body of a close frame tells (RFC 6455 section 5.5.1). */
static struct failure cause_of_close(struct text body, char detail[16])
{
    if (is_broken_close(body))
        return (struct failure){FAILURE_PROTOCOL, "",
                                text_of("a close frame with a code that is never sent")};
    snprintf(detail, 16, "%u", close_code(body));
    return (struct failure){FAILURE_CLOSED, detail, text_after(body, CLOSE_CODE_SIZE)};
}

/* It is answered, unless it is the answer to ours. The library does so itself when it reads. */
void lws_stream_peer_closed(struct socket *socket, struct text body)
{
    char detail[16];
    bool own_reading = socket->own_reading;
    char reason[125];
    struct text copy = {reason, body.length < sizeof(reason) ? body.length : sizeof(reason)};
    memcpy(reason, body.data, copy.length);
    struct failure failure = cause_of_close(copy, detail);
    if (own_reading && !socket->closing) {
        size_t code = copy.length < CLOSE_CODE_SIZE ? 0 : CLOSE_CODE_SIZE;
        struct text answer = is_broken_close(copy) ? TEXT("\x03\xEA") /* 1002 */
                                                   : (struct text){reason, code};
        lws_socket_send_control(socket, OPCODE_CLOSE, answer);
    }
    report_closed(socket, &failure, own_reading ? socket->came_ns : clock_monotonic_ns(),
                  own_reading);
}

void lws_stream_ended(struct socket *socket, int saved_errno)
{
    struct failure failure = lws_cause_of_end(socket, saved_errno);
    report_closed(socket, &failure, clock_monotonic_ns(), socket->own_reading);
}

/* --- Reading ourselves --- */

/* False when the connection has ended. */
static bool take_event(struct socket *socket, enum frame_event event, struct text payload)
{
    struct lws *wsi = socket->wsi;
    switch (event) {
    case FRAME_MESSAGE:
        if (report_message(socket, payload)) {
            lws_stream_ended(socket, 0);
            return false;
        }
        break;
    case FRAME_PING:
        lws_socket_send_control(socket, OPCODE_PONG, payload);
        break;
    case FRAME_CLOSED:
        lws_stream_peer_closed(socket, payload);
        return false;
    case FRAME_FAULT:
        socket->protocol_fault = socket->reader.fault;
        lws_stream_ended(socket, 0);
        return false;
    case FRAME_PONG:
    case FRAME_NEEDS_MORE:
        break;
    }
    return socket->wsi == wsi; /* the report may have led to its end */
}

static bool take_input(struct socket *socket, struct text input)
{
    struct text payload;
    enum frame_event event;
    while ((event = frame_reader_next(&socket->reader, &input, &payload)) != FRAME_NEEDS_MORE) {
        socket->rest = input.length;
        if (!take_event(socket, event, payload))
            return false;
    }
    return true;
}

/* One read a wake: the loop comes back for more. But no event tells of what OpenSSL holds already,
 * unless that is a part of a record: then it gets nothing. */
static void on_readable(struct ev_loop *loop, ev_io *watcher, int events)
{
    struct socket *socket = watcher->data;
    char *input = socket->transport->input;
    SSL *ssl = socket->ssl;
    bool more;
    int reads = 0;
    (void)events;
    errno = 0;
    do {
        ssize_t got = lws_receive(socket, input);
        if (got < 0 || socket->broken) {
            lws_stream_ended(socket, errno);
            return;
        }
        socket->reads++;
        if (!take_input(socket, (struct text){input, (size_t)got}))
            return;
        more = ssl && got > 0 && SSL_has_pending(ssl);
    } while (more && ++reads < READS_MAX);
    if (more)
        ev_feed_event(loop, watcher, EV_READ);
    else
        lws_stream_report_drained(socket);
}

void lws_stream_read(struct socket *socket)
{
    if (socket->own_reading)
        on_readable(socket->transport->loop.ev, &socket->watcher, EV_READ);
}

/* --- Opened --- */

/* Whether the library has read no more from SOCKET than the answer and what is in `ahead`, which it
 * did read. */
static bool knows_ahead(const struct socket *socket)
{
    return socket->ahead.length > 0 &&
           network_bytes_read(lws_get_socket_fd(socket->wsi)) == socket->looked_at;
}

/* False when the library holds bytes that it read after the answer to the handshake, and they are
 * not known. */
static bool take_over(struct socket *socket)
{
    struct lws_transport *transport = socket->transport;
    /* 0: somebody has bytes inside the library. It does not say who: nobody is taken over then.
     * Once it may not go on it never looks at those that are known. */
    if ((!knows_ahead(socket) && lws_service_adjust_timeout(transport->context, 1, 0) == 0) ||
        lws_rx_flow_control(socket->wsi, 0) != 0) {
        buffer_free(&socket->ahead);
        return false;
    }
    socket->own_reading = true;
    socket->library_holds = false;
    socket->ssl = lws_get_ssl(socket->wsi);
    lws_receive_begin(socket);
    ev_io_init(&socket->watcher, on_readable, lws_get_socket_fd(socket->wsi), EV_READ);
    socket->watcher.data = socket;
    ev_io_start(transport->loop.ev, &socket->watcher);
    if (socket->ssl) {
        SSL_set_read_ahead(socket->ssl, 1); /* one read a record instead of two */
        ev_feed_event(transport->loop.ev, &socket->watcher, EV_READ);
    }
    return true;
}

/* Reports what came with the answer. False when the connection has ended. */
static bool take_ahead(struct socket *socket)
{
    struct buffer ahead = socket->ahead;
    if (ahead.length == 0)
        return true;
    socket->ahead = (struct buffer){0};
    socket->read_ns = socket->came_ns = socket->opened_ns;
    bool open = take_input(socket, buffer_text(&ahead));
    buffer_free(&ahead);
    return open;
}

static void report_opened(struct socket *socket)
{
    struct lws_transport *transport = socket->transport;
    bool secure = transport->plan->target.url.secure;
    struct connect_times times = {
        .ns = {
            [CONNECT_DNS] = CLOCK_NEVER,
            [CONNECT_TCP] = socket->tcp_ns - socket->connect_ns,
            [CONNECT_TLS] = secure ? socket->request_ns - socket->tcp_ns : CLOCK_NEVER,
            [CONNECT_UPGRADE] = socket->opened_ns - socket->request_ns,
            [CONNECT_TOTAL] = socket->opened_ns - socket->start_ns,
        }};
    socket->open = true;
    lws_seen_opened(socket);
    transport->events->opened(transport->worker, lws_socket_id(socket), &times);
}

/* With steps to go through first nothing before a request can be taken for a reply; else what came
 * with the answer is reported first, and the opening after it. */
void lws_stream_opened(struct socket *socket)
{
    const struct steps *steps = socket->transport->plan->steps;
    bool has_steps = steps && steps->on_connect.count > 0;
    socket->opened_ns = clock_monotonic_ns();
    lws_refusal_forget(socket);
    bool ours = take_over(socket);
    socket->deferred = !has_steps;
    if (!ours && !has_steps) {
        lws_socket_wait(socket);
        return;
    }
    if (!has_steps && !take_ahead(socket))
        return;
    socket->deferred = false;
    report_opened(socket);
    if (has_steps && socket->open)
        (void)take_ahead(socket);
}

/* Has the library hand out what it holds of SOCKET first. It would not before the loop is idle, and
 * that may never be. */
void lws_stream_report_deferred(struct socket *socket)
{
    lws_socket_read(socket);
    if (!socket->deferred)
        return; /* it has ended by now */
    socket->deferred = false;
    report_opened(socket);
}

/* --- When the library reads --- */

/* Our reader stays idle then; it keeps the pieces, and what is known of their message. */
int lws_stream_piece(struct socket *socket, const char *piece, size_t length)
{
    struct lws *wsi = socket->wsi;
    struct frame_reader *reader = &socket->reader;
    struct buffer *message = &reader->message;
    bool last = lws_is_final_fragment(wsi) && !lws_remaining_packet_payload(wsi);
    socket->read_ns = socket->came_ns = clock_monotonic_ns();
    if (lws_is_first_fragment(wsi)) {
        reader->binary = lws_frame_is_binary(wsi);
        reader->compressed = reader->deflate && (lws_get_reserved_bits(wsi) & FRAME_RSV1);
    }
    if (last && message->length == 0)
        return report_message(socket, (struct text){piece, length});
    if (buffer_append(message, piece, length)) {
        socket->protocol_fault = "a message over 16 MiB";
        return -1;
    }
    if (!last)
        return 0;
    int result = report_message(socket, buffer_text(message));
    buffer_free(message);
    return result;
}
