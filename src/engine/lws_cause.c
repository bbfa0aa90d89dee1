#include "lws_internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "wsload/base/helpers.h"

/* --- The answer to a refused upgrade --- */

/* When a server refuses the upgrade, the library tells its status and drops its body, which says
 * why; and an answer that is not the last it takes for the last. So the answer is looked at before
 * the library reads it: with MSG_PEEK, or SSL_peek() over TLS. A body that comes later than its
 * headers is not seen. */

#define ANSWER_MAX 8192

static const char head_end[] = "\r\n\r\n";

/* The library has closed a socket by now, perhaps: FD is -1 then, as it is where none failed. */
static bool is_failed_tls(const struct lws_transport *transport, int fd)
{
    return fd >= 0 && fd == transport->failed_tls_fd;
}

/* The socket tells an error once, OpenSSL an alert: the library will see an end without cause. */
static void note_cause(struct socket *socket, int saved_errno)
{
    const struct lws_transport *transport = socket->transport;
    if (saved_errno != EAGAIN)
        socket->socket_errno = saved_errno;
    if (is_failed_tls(transport, socket->watcher.fd))
        socket->tls_reason = transport->failed_tls_reason;
}

/* Bytes of ANSWER that belong to one that is not the last, and may have begun before. */
static size_t interim_length(struct socket *socket, struct text answer)
{
    size_t length = 0;
    if (!socket->interim && !answer_is_interim(answer))
        return 0;
    for (; length < answer.length && socket->interim_end < strlen(head_end); length++) {
        char c = answer.data[length];
        bool goes_on = c == head_end[socket->interim_end];
        socket->interim_end = goes_on ? (uint8_t)(socket->interim_end + 1) : c == '\r';
    }
    socket->interim = socket->interim_end < strlen(head_end);
    if (!socket->interim)
        socket->interim_end = 0;
    return length;
}

/* What the socket has, of the last answer; 0 or less as recv(). It stays there, but for answers
 * that are not the last. */
static int peek_answer(struct socket *socket)
{
    char *input = socket->transport->input;
    int fd = socket->watcher.fd;
    SSL *ssl = lws_get_ssl(socket->wsi);
    for (;;) {
        ERR_clear_error();
        int got = ssl ? SSL_peek(ssl, input, ANSWER_MAX)
                      : (int)recv(fd, input, ANSWER_MAX, MSG_PEEK | MSG_DONTWAIT);
        size_t interim = got > 0 ? interim_length(socket, (struct text){input, (size_t)got}) : 0;
        if (interim == 0)
            return got;
        if (ssl)
            (void)SSL_read(ssl, input, (int)interim); /* which is there */
        else
            (void)recv(fd, input, interim, MSG_DONTWAIT);
        socket->looked_at += interim;
    }
}

/* Keeps ANSWER, or more of it. Whether that is enough. */
static bool keep_refusal(struct socket *socket, struct text answer)
{
    struct buffer *refusal = &socket->refusal;
    if (!refusal->data)
        buffer_init(refusal, ANSWER_MAX + 1);
    (void)buffer_append(refusal, answer.data, /* or less is told */
                        u64_min(answer.length, ANSWER_MAX - refusal->length));
    return refusal->length == ANSWER_MAX || !refusal->data ||
           memmem(refusal->data, refusal->length, head_end, strlen(head_end));
}

/* Whether GOT, of peek_answer(), says that nothing is there so far. */
static bool may_come(const struct socket *socket, int got)
{
    SSL *ssl = lws_get_ssl(socket->wsi);
    if (got > 0)
        return false;
    return ssl ? SSL_get_error(ssl, got) == SSL_ERROR_WANT_READ : got < 0 && errno == EAGAIN;
}

/* Keeps the library from reading, or lets it read. Whether that has changed. */
static bool hold_library(struct socket *socket, bool held)
{
    if (socket->library_held == held)
        return false;
    socket->library_held = held;
    (void)lws_rx_flow_control(socket->wsi, !held);
    return true;
}

/* Keeps what came with ANSWER, a 101, and is no part of it: the library reads it, too. */
static void keep_ahead(struct socket *socket, struct text answer)
{
    const char *end = memmem(answer.data, answer.length, head_end, strlen(head_end));
    if (!end || lws_get_ssl(socket->wsi))
        return; /* a record of TLS is read by itself */
    size_t length = (size_t)(end - answer.data) + strlen(head_end);
    buffer_init(&socket->ahead, ANSWER_MAX);
    if (answer.length > length &&
        buffer_append(&socket->ahead, answer.data + length, answer.length - length) == 0)
        socket->looked_at += answer.length;
}

/* Looks at ANSWER, which is the last one. Whether enough of it is there. */
static bool look_at(struct socket *socket, struct text answer)
{
    bool begins = socket->refusal.length == 0;
    if (begins)
        lws_seen_answer(socket, answer);
    if (!begins || !text_begins(answer, "HTTP/1.1 101"))
        return keep_refusal(socket, answer);
    keep_ahead(socket, answer);
    return true;
}

/* The library's own watcher of the same socket comes after this one, in the same turn: what comes
 * in between it must not take for the last answer. */
static void on_answer(struct ev_loop *loop, ev_io *watcher, int events)
{
    struct socket *socket = watcher->data;
    (void)events;
    errno = 0;
    int got = peek_answer(socket);
    bool let_go = hold_library(socket, may_come(socket, got)) && !socket->library_held;
    if (got <= 0) /* so far a part of TLS alone, or an end that the library is about to see */
        note_cause(socket, errno);
    else if (look_at(socket, (struct text){socket->transport->input, (size_t)got}))
        ev_io_stop(loop, watcher);
    if (let_go || socket->ahead.length > 0) /* no event tells of what OpenSSL holds already; */
        lws_socket_read(socket);            /* and no more is to come with the answer */
}

void lws_refusal_watch(struct socket *socket)
{
    if (ev_is_active(&socket->watcher))
        return;
    /* As ev_io_init(), but for telling the kernel again of what it watches for the library. */
    ev_init(&socket->watcher, on_answer);
    socket->watcher.fd = lws_get_socket_fd(socket->wsi);
    socket->watcher.events = EV_READ;
    ev_set_priority(&socket->watcher, EV_MAXPRI);
    socket->watcher.data = socket;
    socket->interim = socket->library_held = false;
    socket->interim_end = 0;
    socket->looked_at = 0;
    ev_io_start(socket->transport->loop.ev, &socket->watcher);
}

void lws_refusal_forget(struct socket *socket)
{
    ev_io_stop(socket->transport->loop.ev, &socket->watcher);
    buffer_free(&socket->refusal);
}

/* What the headers of a refused upgrade tell, and its body, as one line. */
static struct text refusal_example(const struct socket *socket)
{
    struct buffer *line = &socket->transport->handshake;
    char *answer = socket->refusal.data;
    struct text rest = {answer, answer_join_chunks(answer, socket->refusal.length)};
    struct text header;
    buffer_clear(line);
    while ((header = text_trim(text_cut(&rest, '\n'))).length > 0)
        if (answer_tells_refusal(header))
            (void)buffer_printf(line, "%s%.*s", line->length ? ", " : "", TEXT_ARGS(header));
    struct text body = text_trim(rest);
    if (body.length > 0)
        (void)buffer_printf(line, "%sbody: %.*s", line->length ? ", " : "", TEXT_ARGS(body));
    return buffer_text(line);
}

/* A TCP connection that did not come to be. An error at once is in errno; one that came later the
 * library has swallowed: nothing listens there, or nothing is there. */
static struct failure tcp_failure(const struct socket *socket, int saved_errno)
{
    static _Thread_local char example[ADDRESS_TEXT_SIZE + 64];
    const struct lws_transport *transport = socket->transport;
    snprintf(example, sizeof(example), "%s port %u",
             dial_address(&transport->dial, &socket->attempt),
             (unsigned)transport->dial.addresses->port);
    switch (saved_errno) {
    case EADDRNOTAVAIL:
    case EADDRINUSE:
        return (struct failure){FAILURE_EXHAUSTED, "ports", text_of(example)};
    case EMFILE:
    case ENFILE:
        return (struct failure){FAILURE_EXHAUSTED, "descriptors", text_of(strerror(saved_errno))};
    case ETIMEDOUT:
        return (struct failure){FAILURE_CONNECT_TIMEOUT, "", text_of(example)};
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EACCES:
        return (struct failure){FAILURE_CONNECT_REFUSED, strerror(saved_errno), text_of(example)};
    default:
        return (struct failure){FAILURE_CONNECT_REFUSED, "", text_of(example)};
    }
}

/* A handshake that the peer broke off: what a TLS port does with one in plain text. */
static struct failure broken_off(const struct socket *socket, int saved_errno)
{
    bool secure = socket->transport->plan->target.url.secure;
    bool reset = saved_errno == ECONNRESET || socket->socket_errno == ECONNRESET;
    return (struct failure){
        reset ? FAILURE_RESET : FAILURE_EOF, "",
        text_of(secure ? "ended during the opening handshake"
                       : "ended during the opening handshake; a TLS port wants wss://")};
}

struct failure lws_cause_of_failed(const struct socket *socket, struct text text, int saved_errno,
                                   char detail[16])
{
    struct text server = text_of(socket->transport->plan->target.server_name);
    if (socket->tcp_ns == 0)
        return tcp_failure(socket, saved_errno);
    if (socket->request_too_long)
        return (struct failure){FAILURE_EXHAUSTED, "request",
                                text_of("a token or key has become longer since the run began")};
    if (socket->tls_reason)
        return (struct failure){FAILURE_TLS, socket->tls_reason, server};
    if (is_failed_tls(socket->transport, lws_get_socket_fd(socket->wsi)))
        return (struct failure){FAILURE_TLS, socket->transport->failed_tls_reason, server};
    unsigned status = lws_http_client_http_response(socket->wsi);
    if (status != 0 && status != 101) {
        snprintf(detail, 16, "%u", status);
        return (struct failure){FAILURE_HANDSHAKE_STATUS, detail, refusal_example(socket)};
    }
    if (text_begins(text, "HS:") || text_begins(text, "problems parsing"))
        return (struct failure){FAILURE_PROTOCOL, "", text};
    return broken_off(socket, saved_errno);
}

/* How the socket stands now that reading has ended: the peer's end of stream, a reset, or still
 * alive - then it was this side that could not go on with what the library read. */
static struct failure silent_end(const struct socket *socket, int saved_errno)
{
    char byte;
    SSL *ssl = lws_get_ssl(socket->wsi);
    if (ssl && SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN)
        return (struct failure){FAILURE_EOF, "", text_of("TLS ended without a close frame")};
    ssize_t got = recv(lws_get_socket_fd(socket->wsi), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    bool reset = saved_errno == ECONNRESET || socket->socket_errno == ECONNRESET ||
                 (got < 0 && errno == ECONNRESET);
    if (reset)
        return (struct failure){FAILURE_RESET, "", text_of("connection reset by peer")};
    if (got == 0 || (got < 0 && errno != EAGAIN) || socket->socket_errno || socket->own_reading)
        return (struct failure){FAILURE_EOF, "", text_of("ended without a close frame")};
    return (struct failure){FAILURE_PROTOCOL, "", text_of("a frame that RFC 6455 does not allow")};
}

struct failure lws_cause_of_end(const struct socket *socket, int saved_errno)
{
    if (socket->protocol_fault)
        return (struct failure){FAILURE_PROTOCOL, "", text_of(socket->protocol_fault)};
    return silent_end(socket, saved_errno);
}
