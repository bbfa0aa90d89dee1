#include "wsload/engine/probe.h"

#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls_context.h"
#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"

/* The sample key of RFC 6455 section 1.3: nothing is sent over this socket once it is upgraded. */
#define SAMPLE_KEY "dGhlIHNhbXBsZSBub25jZQ=="

/* Of an address before the next one is tried. */
#define HEAD_START_NS (250 * NS_PER_MS)

struct probe {
    const struct plan *plan;
    uint64_t deadline_ns;
    int fd;
    BIO *bio;          /* over the socket: plain, or TLS */
    SSL_CTX *context;  /* of that; NULL for ws:// */
    uint64_t signed_s; /* Unix time that the handshake is signed for */
    struct error *error;
};

/* What is wrong with the socket: a connection that did not come to be, or has ended. */
static int set_socket_error(const struct probe *probe)
{
    int cause = 0;
    socklen_t size = sizeof(cause);
    if (getsockopt(probe->fd, SOL_SOCKET, SO_ERROR, &cause, &size) != 0)
        cause = errno;
    return error_set(probe->error, "%s", cause ? strerror(cause) : "the server closed it");
}

/* Waits until the socket is ready for EVENTS. -1 when the deadline has come, or when it never will
 * be: a socket that is done with counts as ready for ever. */
static int await(struct probe *probe, short events)
{
    struct pollfd ready = {.fd = probe->fd, .events = events};
    int found = 0;
    while (found == 0) {
        uint64_t now = clock_monotonic_ns();
        if (now >= probe->deadline_ns)
            return error_set(probe->error, "no answer in time");
        found = poll(&ready, 1, (int)((probe->deadline_ns - now) / NS_PER_MS) + 1);
        if (found < 0 && errno == EINTR)
            found = 0;
    }
    bool over = ready.revents & (POLLERR | POLLHUP | POLLNVAL);
    return found < 0 || (over && !(ready.revents & POLLIN)) ? set_socket_error(probe) : 0;
}

static int connect_socket(struct probe *probe, const char *address, uint16_t port)
{
    char service[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    struct addrinfo *where = NULL;
    snprintf(service, sizeof(service), "%u", (unsigned)port);
    if (getaddrinfo(address, service, &hints, &where) != 0)
        return error_set(probe->error, "%s: no address", address);
    probe->fd = socket(where->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int status = probe->fd < 0 ? -1 : connect(probe->fd, where->ai_addr, where->ai_addrlen);
    freeaddrinfo(where);
    if (status != 0 && errno != EINPROGRESS)
        return error_set(probe->error, "%s", strerror(errno));
    return await(probe, POLLOUT);
}

/* The first of ADDRESSES that connects. All but the last have a moment each. */
static int connect_any(struct probe *probe, const struct addresses *addresses)
{
    uint64_t deadline_ns = probe->deadline_ns;
    int status = -1;
    for (size_t i = 0; i < addresses->count && status; i++) {
        bool last = i + 1 == addresses->count;
        if (probe->fd >= 0)
            close(probe->fd);
        if (!last)
            probe->deadline_ns = u64_min(deadline_ns, clock_monotonic_ns() + HEAD_START_NS);
        status = connect_socket(probe, addresses->items[i], addresses->port);
        probe->deadline_ns = deadline_ns;
    }
    return status;
}

/* Waits for what the last read or write lacked. 0 to try again, -1 when it has failed. */
static int await_retry(struct probe *probe)
{
    int cause = errno;
    unsigned long tls = probe->context ? ERR_peek_last_error() : 0;
    if (BIO_should_retry(probe->bio))
        return await(probe, BIO_should_read(probe->bio) ? POLLIN : POLLOUT);
    return error_set(probe->error, "%s",
                     tls     ? tls_reason_of(tls)
                     : cause ? strerror(cause)
                             : "the server closed it");
}

/* As strict as the run itself: the request carries the same tokens. The handshake comes with the
 * first write. */
static int make_tls(struct probe *probe)
{
    const struct target *target = &probe->plan->target;
    SSL *ssl = NULL;
    probe->context = SSL_CTX_new(TLS_client_method());
    if (!probe->context)
        return -1;
    if (!target->insecure)
        SSL_CTX_set_verify(probe->context, SSL_VERIFY_PEER, NULL);
    if ((!target->ca_file && SSL_CTX_set_default_verify_paths(probe->context) != 1) ||
        tls_context_set_up(probe->context, target, probe->error))
        return -1;
    probe->bio = BIO_new_ssl(probe->context, 1);
    if (!probe->bio || BIO_get_ssl(probe->bio, &ssl) != 1 || SSL_set_fd(ssl, probe->fd) != 1)
        return -1;
    tls_name_server(ssl, target->server_name);
    return 0;
}

static int make_stream(struct probe *probe)
{
    if (!probe->plan->target.url.secure)
        probe->bio = BIO_new_socket(probe->fd, BIO_NOCLOSE);
    else if (make_tls(probe))
        return error_set(probe->error, "no TLS connection could be prepared");
    return probe->bio ? 0 : error_set(probe->error, "out of memory");
}

/* As the first connection of the run would ask. */
static int write_request(struct probe *probe, struct buffer *request)
{
    const struct target *target = &probe->plan->target;
    int status = identity_request(target->identity, 0, probe->signed_s, request);
    status |= buffer_printf(request, "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                                     "Sec-WebSocket-Version: 13\r\n"
                                     "Sec-WebSocket-Key: " SAMPLE_KEY "\r\n");
    if (target->subprotocols)
        status |= buffer_printf(request, "Sec-WebSocket-Protocol: %s\r\n", target->subprotocols);
    status |= identity_headers(target->identity, 0, probe->signed_s, request);
    return status | buffer_printf(request, "\r\n");
}

/* Not with BIO_write_ex(): OpenSSL 3.0 calls its failures successes. */
static int send_all(struct probe *probe, struct text rest)
{
    while (rest.length > 0) {
        int sent = BIO_write(probe->bio, rest.data, (int)rest.length);
        if (sent > 0)
            rest = text_after(rest, (size_t)sent);
        else if (await_retry(probe))
            return -1;
    }
    return 0;
}

/* Forgets whole answers that are not the last. */
static void drop_interim(struct buffer *raw)
{
    const char *end;
    while (answer_is_interim(buffer_text(raw)) && (end = strstr(raw->data, "\r\n\r\n"))) {
        size_t length = (size_t)(end + 4 - raw->data);
        memmove(raw->data, raw->data + length, raw->length - length + 1);
        raw->length -= length;
    }
}

/* Whether the answer is whole: its headers, and as much body as they say. */
static bool is_complete(const struct buffer *raw)
{
    const char *end = raw->data ? strstr(raw->data, "\r\n\r\n") : NULL;
    const char *length = end ? strcasestr(raw->data, "\r\ncontent-length:") : NULL;
    if (!end)
        return false;
    if (strncmp(raw->data, "HTTP/1.1 101", 12) == 0 || answer_chunks_ended(buffer_text(raw)))
        return true;
    if (!length || length > end)
        return false; /* until the server closes, or the time is up */
    unsigned long body = strtoul(length + strlen("\r\ncontent-length:"), NULL, 10);
    return raw->length - (size_t)(end + 4 - raw->data) >= body;
}

/* Reads until the answer is whole, the server closes, or the time is up: what came counts, and only
 * when nothing did, why. Keeps it without the secrets of the connection that it asked for. */
static int receive(struct probe *probe, struct buffer *out)
{
    struct buffer raw;
    buffer_init(&raw, PROBE_ANSWER_MAX);
    for (; !is_complete(&raw); drop_interim(&raw)) {
        char piece[1024];
        int got = BIO_read(probe->bio, piece, sizeof(piece));
        if (got > 0 ? buffer_append(&raw, piece, (size_t)got) : await_retry(probe))
            break;
    }
    if (raw.length == 0)
        return -1;
    struct text answer = {raw.data, answer_join_chunks(raw.data, raw.length)};
    int status = buffer_append_text(out, answer);
    if (status == 0)
        identity_redact(probe->plan->target.identity, 0, answer, out->data);
    buffer_free(&raw);
    return status ? error_set(probe->error, "out of memory") : 0;
}

static int split_answer(struct probe_answer *answer, struct error *error)
{
    const char *raw = answer->raw.data;
    if (!raw || strncmp(raw, "HTTP/1.", 7) != 0 || answer->raw.length < 12)
        return error_set(error, "no HTTP answer");
    answer->status = (unsigned)strtoul(raw + 9, NULL, 10);
    const char *end = strstr(raw, "\r\n\r\n");
    size_t head = end ? (size_t)(end - raw) : answer->raw.length;
    size_t body = end ? head + 4 : head;
    answer->headers = (struct text){raw, head};
    answer->body = (struct text){raw + body, answer->raw.length - body};
    return 0;
}

static int converse(struct probe *probe, const struct addresses *addresses,
                    struct probe_answer *answer)
{
    struct buffer request;
    buffer_init(&request, 64 * 1024);
    int status = write_request(probe, &request) ? error_set(probe->error, "the request is too long")
                                                : connect_any(probe, addresses);
    if (status || make_stream(probe) || send_all(probe, buffer_text(&request)) ||
        receive(probe, &answer->raw) || split_answer(answer, probe->error))
        status = -1;
    buffer_free(&request);
    return status;
}

int probe_handshake(const struct plan *plan, const struct addresses *addresses,
                    struct probe_answer *answer, struct error *error)
{
    struct probe probe = {
        .plan = plan,
        .deadline_ns = clock_monotonic_ns() + plan->connect_timeout_ns,
        .fd = -1,
        .signed_s = clock_wall_ms() / 1000,
        .error = error,
    };
    *answer = (struct probe_answer){0};
    buffer_init(&answer->raw, PROBE_ANSWER_MAX);
    if (addresses->count == 0)
        return error_set(error, "%s", addresses->reason);
    int status = converse(&probe, addresses, answer);
    BIO_free(probe.bio);
    SSL_CTX_free(probe.context);
    if (probe.fd >= 0)
        close(probe.fd);
    return status;
}

void probe_free(struct probe_answer *answer)
{
    buffer_free(&answer->raw);
}
