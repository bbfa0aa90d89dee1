#include "lws_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "wsload/base/helpers.h"

/* --- The answer to a refused upgrade --- */

/* When a server refuses the upgrade, the library tells its status and headers and drops its body,
 * which says why. So the answer is looked at before the library reads it, without taking it: with
 * MSG_PEEK, or SSL_peek() over TLS. A body that comes later than its headers is not seen. */

#define ANSWER_MAX 2048

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

/* The library's own watcher of the same socket comes after this one, in the same turn. */
static void on_answer(struct ev_loop *loop, ev_io *watcher, int events)
{
    struct socket *socket = watcher->data;
    (void)events;
    errno = 0;
    char *input = socket->transport->input;
    SSL *ssl = lws_get_ssl(socket->wsi);
    int got = ssl ? SSL_peek(ssl, input, ANSWER_MAX)
                  : (int)recv(watcher->fd, input, ANSWER_MAX, MSG_PEEK | MSG_DONTWAIT);
    if (got <= 0) { /* so far a part of TLS alone, or an end that the library is about to see */
        note_cause(socket, errno);
        return;
    }
    struct text answer = {input, (size_t)got};
    lws_seen_answer(socket, answer);
    if (!text_begins(answer, "HTTP/1.1 101")) {
        buffer_free(&socket->refusal);
        buffer_init(&socket->refusal, ANSWER_MAX + 1);
        (void)buffer_append(&socket->refusal, answer.data, answer.length); /* or no body is told */
    }
    ev_io_stop(loop, watcher);
}

void lws_refusal_watch(struct socket *socket)
{
    if (ev_is_active(&socket->watcher))
        return;
    ev_io_init(&socket->watcher, on_answer, lws_get_socket_fd(socket->wsi), EV_READ);
    ev_set_priority(&socket->watcher, EV_MAXPRI);
    socket->watcher.data = socket;
    ev_io_start(socket->transport->loop.ev, &socket->watcher);
}

void lws_refusal_forget(struct socket *socket)
{
    ev_io_stop(socket->transport->loop.ev, &socket->watcher);
    buffer_free(&socket->refusal);
}

static struct text refusal_body(const struct socket *socket)
{
    static const char gap[] = "\r\n\r\n";
    struct text answer = buffer_text(&socket->refusal);
    const char *end = answer.length ? memmem(answer.data, answer.length, gap, sizeof(gap) - 1)
                                    : NULL;
    if (!end)
        return (struct text){0};
    end += sizeof(gap) - 1;
    return text_trim((struct text){end, answer.length - (size_t)(end - answer.data)});
}

/* --- What it was --- */

/* What AWS support asks for, as the library wants the names. */
static const char *const aws_headers[] = {
    "x-amzn-errortype:",
    "x-amzn-requestid:",
    "x-amz-apigw-id:",
    "x-amz-cf-id:",
};

/* The AWS headers and the body of a refused upgrade as one line. */
static struct text refusal_example(const struct socket *socket)
{
    struct buffer *line = &socket->transport->handshake;
    struct text body = refusal_body(socket);
    buffer_clear(line);
    for (size_t i = 0; i < ARRAY_LENGTH(aws_headers); i++) {
        const char *name = aws_headers[i];
        char value[128];
        if (lws_hdr_custom_copy(socket->wsi, value, sizeof(value), name, (int)strlen(name)) > 0)
            (void)buffer_printf(line, "%s%s %s", line->length ? ", " : "", name, value);
    }
    if (body.length > 0)
        (void)buffer_printf(line, "%sbody: %.*s", line->length ? ", " : "", (int)body.length,
                            body.data);
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
