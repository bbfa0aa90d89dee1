#include "lws_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* What AWS support asks for, as the library wants the names. */
static const char *const aws_headers[] = {
    "x-amzn-errortype:",
    "x-amzn-requestid:",
    "x-amz-apigw-id:",
    "x-amz-cf-id:",
};

/* The AWS headers and the body of a refused upgrade as one line, in a buffer of this thread. */
static struct text refusal_example(const struct link *link)
{
    static _Thread_local char line[1024];
    struct lws *wsi = link->wsi;
    struct text body = lws_refusal_body(link);
    size_t used = 0;
    for (size_t i = 0; i < sizeof(aws_headers) / sizeof(aws_headers[0]); i++) {
        const char *name = aws_headers[i];
        char value[128];
        if (lws_hdr_custom_copy(wsi, value, sizeof(value), name, (int)strlen(name)) <= 0)
            continue;
        int wrote = snprintf(line + used, sizeof(line) - used, "%s%s %s", used ? ", " : "", name,
                             value);
        if (wrote < 0 || (size_t)wrote >= sizeof(line) - used)
            break;
        used += (size_t)wrote;
    }
    if (body.length > 0) {
        snprintf(line + used, sizeof(line) - used, "%sbody: %.*s", used ? ", " : "",
                 (int)body.length, body.data);
        used += strlen(line + used); /* of a long one, what there is room for */
    }
    return (struct text){line, used};
}

static struct failure failure_of(enum failure_kind kind, const char *detail, struct text example)
{
    return (struct failure){kind, detail, example};
}

/* A TCP connection that did not come to be. An error at once is in errno; one that came later the
 * library has swallowed: nothing listens there, or nothing is there. */
static struct failure tcp_failure(const struct link *link, int saved_errno)
{
    static _Thread_local char example[ADDRESS_TEXT_SIZE + 64];
    const struct addresses *addresses = link->transport->addresses;
    snprintf(example, sizeof(example), "%s port %u", addresses->items[link->address],
             (unsigned)addresses->port);
    switch (saved_errno) {
    case EADDRNOTAVAIL:
    case EADDRINUSE:
        return failure_of(FAILURE_EXHAUSTED, "ports", text_of(example));
    case EMFILE:
    case ENFILE:
        return failure_of(FAILURE_EXHAUSTED, "descriptors", text_of(strerror(saved_errno)));
    case ETIMEDOUT:
        return failure_of(FAILURE_CONNECT_TIMEOUT, "", text_of(example));
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EACCES:
        return failure_of(FAILURE_CONNECT_REFUSED, strerror(saved_errno), text_of(example));
    default:
        return failure_of(FAILURE_CONNECT_REFUSED, "", text_of(example));
    }
}

static bool begins(struct text text, const char *prefix)
{
    size_t length = strlen(prefix);
    return text.length >= length && memcmp(text.data, prefix, length) == 0;
}

static struct text server_name(const struct link *link)
{
    return text_of(link->transport->plan->target.server_name);
}

/* A handshake that the peer broke off: what a TLS port does with one in plain text. */
static struct failure broken_off(const struct link *link, int saved_errno)
{
    bool secure = link->transport->plan->target.url.secure;
    bool reset = saved_errno == ECONNRESET || link->socket_errno == ECONNRESET;
    return failure_of(reset ? FAILURE_RESET : FAILURE_EOF, "",
                      text_of(secure
                                  ? "ended during the opening handshake"
                                  : "ended during the opening handshake; a TLS port wants wss://"));
}

struct failure lws_cause_of_failed(const struct link *link, struct text text, int saved_errno,
                                   char detail[16])
{
    if (!link->tcp_open)
        return tcp_failure(link, saved_errno);
    if (link->tls_reason)
        return failure_of(FAILURE_TLS, link->tls_reason, server_name(link));
    if (lws_get_socket_fd(link->wsi) == link->transport->failed_tls_fd)
        return failure_of(FAILURE_TLS, link->transport->failed_tls_reason, server_name(link));
    unsigned status = lws_http_client_http_response(link->wsi);
    if (status != 0 && status != 101) {
        snprintf(detail, 16, "%u", status);
        return failure_of(FAILURE_HANDSHAKE_STATUS, detail, refusal_example(link));
    }
    if (begins(text, "HS:") || begins(text, "problems parsing"))
        return failure_of(FAILURE_PROTOCOL, "", text);
    return broken_off(link, saved_errno);
}

/* How the socket stands now that reading has ended: the peer's end of stream, a reset, or still
 * alive - then it was this side that could not go on with what the library read. */
static struct failure silent_end(const struct link *link, int saved_errno)
{
    char byte;
    SSL *ssl = lws_get_ssl(link->wsi);
    if (ssl && SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN)
        return failure_of(FAILURE_EOF, "", text_of("TLS ended without a close frame"));
    ssize_t got = recv(lws_get_socket_fd(link->wsi), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    bool reset = saved_errno == ECONNRESET || link->socket_errno == ECONNRESET ||
                 (got < 0 && errno == ECONNRESET);
    if (reset)
        return failure_of(FAILURE_RESET, "", text_of("connection reset by peer"));
    if (got == 0 || (got < 0 && errno != EAGAIN) || link->socket_errno || link->own_reading)
        return failure_of(FAILURE_EOF, "", text_of("ended without a close frame"));
    return failure_of(FAILURE_PROTOCOL, "", text_of("a frame that RFC 6455 does not allow"));
}

struct failure lws_cause_of_end(const struct link *link, int saved_errno)
{
    if (link->protocol_fault)
        return failure_of(FAILURE_PROTOCOL, "", text_of(link->protocol_fault));
    return silent_end(link, saved_errno);
}

struct failure lws_cause_of_close(struct text body, char detail[16])
{
    const unsigned char *bytes = (const unsigned char *)body.data;
    if (body.length < 2)
        return failure_of(FAILURE_CLOSED, "1005", (struct text){0});
    snprintf(detail, 16, "%u", (unsigned)bytes[0] << 8 | bytes[1]);
    return failure_of(FAILURE_CLOSED, detail, (struct text){body.data + 2, body.length - 2});
}
