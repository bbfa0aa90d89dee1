#include "wsload/engine/probe.h"

#include <errno.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wsload/base/clock.h"

/* The sample key of RFC 6455 section 1.3: nothing is sent over this socket once it is upgraded. */
#define SAMPLE_KEY "dGhlIHNhbXBsZSBub25jZQ=="

struct probe {
    const struct plan *plan;
    uint64_t deadline_ns;
    int fd;
    SSL_CTX *context;
    SSL *ssl;          /* NULL for ws:// */
    uint64_t signed_s; /* Unix time that the handshake is signed for */
    struct error *error;
};

/* Waits until the socket is ready for EVENTS or the deadline has come. 0 or -1. */
static int await(struct probe *probe, short events)
{
    struct pollfd ready = {.fd = probe->fd, .events = events};
    uint64_t now = clock_monotonic_ns();
    int wait_ms = now < probe->deadline_ns ? (int)((probe->deadline_ns - now) / NS_PER_MS) : 0;
    if (poll(&ready, 1, wait_ms) == 1)
        return 0;
    return error_set(probe->error, "no answer in time");
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

/* Waits for what OpenSSL wants after RESULT. 0 to try again, -1 when it has failed. */
static int tls_await(struct probe *probe, int result)
{
    switch (SSL_get_error(probe->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return await(probe, POLLIN);
    case SSL_ERROR_WANT_WRITE:
        return await(probe, POLLOUT);
    default:
        return error_set(probe->error, "the TLS connection failed");
    }
}

/* As strict as the run itself: the request carries the same tokens. */
static int make_context(struct probe *probe)
{
    const struct target *target = &probe->plan->target;
    const char *key = target->key_file ? target->key_file : target->cert_file;
    probe->context = SSL_CTX_new(TLS_client_method());
    if (!probe->context)
        return -1;
    if (!target->insecure)
        SSL_CTX_set_verify(probe->context, SSL_VERIFY_PEER, NULL);
    int loaded = target->ca_file ? SSL_CTX_load_verify_file(probe->context, target->ca_file)
                                 : SSL_CTX_set_default_verify_paths(probe->context);
    if (target->cert_file)
        loaded = loaded == 1 &&
                 SSL_CTX_use_certificate_chain_file(probe->context, target->cert_file) == 1 &&
                 SSL_CTX_use_PrivateKey_file(probe->context, key, SSL_FILETYPE_PEM) == 1;
    return loaded == 1 ? 0 : -1;
}

static int make_session(struct probe *probe)
{
    const char *name = probe->plan->target.server_name;
    probe->ssl = SSL_new(probe->context);
    if (!probe->ssl || SSL_set_fd(probe->ssl, probe->fd) != 1)
        return -1;
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(probe->ssl), name))
        return 0;
    return SSL_set1_host(probe->ssl, name) == 1 && SSL_set_tlsext_host_name(probe->ssl, name) == 1
               ? 0
               : -1;
}

static int start_tls(struct probe *probe)
{
    int result;
    if (make_context(probe) || make_session(probe))
        return error_set(probe->error, "no TLS connection could be prepared");
    while ((result = SSL_connect(probe->ssl)) != 1)
        if (tls_await(probe, result))
            return -1;
    return 0;
}

/* As the first connection of the run would ask. */
static int write_request(struct probe *probe, struct buffer *request)
{
    const struct target *target = &probe->plan->target;
    int status = buffer_printf(request, "GET ");
    status |= identity_path(target->identity, 0, probe->signed_s, request);
    status |= buffer_printf(request,
                            " HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\n"
                            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                            "Sec-WebSocket-Key: " SAMPLE_KEY "\r\n",
                            target->host_header);
    if (target->subprotocols)
        status |= buffer_printf(request, "Sec-WebSocket-Protocol: %s\r\n", target->subprotocols);
    status |= identity_headers(target->identity, 0, probe->signed_s, request);
    return status | buffer_printf(request, "\r\n");
}

static int send_all(struct probe *probe, const struct buffer *request)
{
    size_t sent = 0;
    while (sent < request->length) {
        const char *rest = request->data + sent;
        size_t left = request->length - sent;
        int got = probe->ssl ? SSL_write(probe->ssl, rest, (int)left)
                             : (int)send(probe->fd, rest, left, MSG_NOSIGNAL);
        if (got > 0)
            sent += (size_t)got;
        else if (probe->ssl ? tls_await(probe, got) : await(probe, POLLOUT))
            return -1;
    }
    return 0;
}

/* Whether the answer is whole: its headers, and as much body as Content-Length says. */
static bool is_complete(const struct buffer *raw)
{
    const char *end = raw->data ? strstr(raw->data, "\r\n\r\n") : NULL;
    const char *length = end ? strcasestr(raw->data, "\r\ncontent-length:") : NULL;
    if (!end)
        return false;
    if (strncmp(raw->data, "HTTP/1.1 101", 12) == 0)
        return true;
    if (!length || length > end)
        return false; /* until the server closes, or the time is up */
    unsigned long body = strtoul(length + strlen("\r\ncontent-length:"), NULL, 10);
    return raw->length - (size_t)(end + 4 - raw->data) >= body;
}

/* One read into RAW. False when there is no more to come, or no time or room for it. */
static bool receive_piece(struct probe *probe, struct buffer *raw)
{
    char piece[1024];
    int got = probe->ssl ? SSL_read(probe->ssl, piece, sizeof(piece))
                         : (int)recv(probe->fd, piece, sizeof(piece), 0);
    if (got > 0)
        return buffer_append(raw, piece, (size_t)got) == 0;
    bool waiting = probe->ssl ? SSL_get_error(probe->ssl, got) == SSL_ERROR_WANT_READ
                              : got < 0 && errno == EAGAIN;
    return waiting && await(probe, POLLIN) == 0;
}

/* Reads until the answer is whole, the server closes, or the time is up: what came counts. */
static void receive(struct probe *probe, struct buffer *raw)
{
    while (!is_complete(raw))
        if (!receive_piece(probe, raw))
            return;
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
    struct error *error = probe->error;
    buffer_init(&request, 64 * 1024);
    int status = write_request(probe, &request)
                     ? error_set(error, "the request is too long")
                     : connect_socket(probe, addresses->items[0], addresses->port);
    if (status == 0 && probe->plan->target.url.secure)
        status = start_tls(probe);
    if (status == 0)
        status = send_all(probe, &request);
    if (status == 0) {
        receive(probe, &answer->raw);
        identity_conceal(probe->plan->target.identity, (struct identity_range){0, 1},
                         &(struct passage){answer->raw.data, answer->raw.length}, 1);
        status = split_answer(answer, error);
    }
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
    SSL_free(probe.ssl);
    SSL_CTX_free(probe.context);
    if (probe.fd >= 0)
        close(probe.fd);
    return status;
}

void probe_free(struct probe_answer *answer)
{
    buffer_free(&answer->raw);
}
