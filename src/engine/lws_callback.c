#include "lws_internal.h"

#include <errno.h>
#include <string.h>

#include "wsload/base/clock.h"

/* --- An attempt --- */

/* All zero: no pings and no validity timers, for which the library sorts a list of all sockets. */
static const lws_retry_bo_t no_validity_checks;

/* Forgets the socket of an attempt that has failed: the library drops it itself. */
static void detach(struct socket *socket)
{
    lws_refusal_forget(socket);
    socket->wsi = NULL;
}

static void report_failed(struct socket *socket, const struct failure *failure)
{
    struct lws_transport *transport = socket->transport;
    detach(socket);
    transport->events->failed(transport->worker, lws_socket_id(socket), failure);
}

static void on_connection_error(struct socket *socket, struct text text, int saved_errno)
{
    struct dial *dial = &socket->transport->dial;
    char detail[16];
    socket->attempt_over = true;
    if (socket->tcp_ns == 0) {
        dial_failed(dial, &socket->attempt, clock_monotonic_ns());
        if (dial_has_more(dial, &socket->attempt) || socket->rivals) {
            detach(socket); /* the next one is tried soon, or one under way goes on */
            socket->attempt_wanted = true;
            lws_socket_wait(socket);
            return;
        }
    }
    struct failure failure = lws_cause_of_failed(socket, text, saved_errno, detail);
    report_failed(socket, &failure);
}

static void connect_link(struct socket *socket)
{
    struct lws_transport *transport = socket->transport;
    const struct target *target = &transport->plan->target;
    char source[SOURCE_TEXT_SIZE];
    uint64_t number = lws_socket_number(socket);
    socket->connect_ns = clock_monotonic_ns();
    if (socket->attempt.tried == 0)
        socket->start_ns = socket->connect_ns;
    dial_next(&transport->dial, &socket->attempt, number, socket->connect_ns);
    socket->tcp_ns = 0;
    socket->attempt_wanted = false;
    socket->tls_reason = NULL;
    socket->request_too_long = false;
    transport->failed_tls_fd = -1; /* told by now, and its number may come again */
    struct lws_client_connect_info info = {
        .context = transport->context,
        .address = dial_address(&transport->dial, &socket->attempt),
        .port = transport->dial.addresses->port,
        .ssl_connection = target->url.secure ? LCCSCF_USE_SSL : 0,
        .path = "/",            /* both are put in by make_request(): the library */
        .host = "host.invalid", /* would cut them, and check the certificate for the latter */
        .protocol = target->subprotocols,
        .local_protocol_name = LWS_PROTOCOL_NAME,
        .iface = dial_source(&transport->dial, &socket->attempt, number, source),
        .alpn = "http/1.1", /* else a server may choose HTTP/2, which cannot be upgraded */
        .ietf_version_or_minus_one = -1,
        .opaque_user_data = socket,
        .pwsi = &socket->wsi,
        .retry_and_idle_policy = &no_validity_checks,
    };
    socket->attempt_over = false;
    errno = 0;
    /* It is silent about an attempt for which there was no socket. */
    if (!lws_client_connect_via_info(&info) && !socket->attempt_over)
        on_connection_error(socket, (struct text){0}, errno);
    lws_race_begin(socket);
}

void lws_socket_open(struct socket *socket)
{
    const struct addresses *addresses = socket->transport->dial.addresses;
    if (addresses->count == 0) {
        struct failure failure = {FAILURE_DNS, "", text_of(addresses->reason)};
        report_failed(socket, &failure);
        return;
    }
    socket->attempt = (struct dial_attempt){0};
    socket->attempt_wanted = true;
    lws_socket_wait(socket); /* many in a row cost less than one after each answer */
}

/* Goes on with the next address of SOCKET, or with one that is being tried all the while. */
static void try_next(struct socket *socket)
{
    char detail[16];
    socket->attempt_wanted = false;
    if (dial_has_more(&socket->transport->dial, &socket->attempt)) {
        connect_link(socket);
    } else if (!lws_race_go_on(socket)) { /* which has failed since */
        struct failure failure = lws_cause_of_failed(socket, (struct text){0}, 0, detail);
        report_failed(socket, &failure);
    }
}

void lws_on_turn(struct ev_loop *loop, ev_prepare *watcher, int events)
{
    struct lws_transport *transport = watcher->data;
    struct list_node *node;
    (void)events;
    ev_prepare_stop(loop, watcher);
    while ((node = list_take(&transport->waiting))) {
        struct socket *socket = LIST_OWNER(node, struct socket, turn);
        if (socket->attempt_wanted)
            try_next(socket);
        else if (socket->deferred)
            lws_stream_report_deferred(socket);
        else
            lws_stream_report_drained(socket);
    }
}

/* --- What the library tells of it --- */

/* The library's request stands before CURSOR at the beginning of its buffer, in which ROOM is left.
 * What it says of the upgrade is put between the identity's lines, signed for now. 1 when all that
 * does not fit. */
static int make_request(const struct socket *socket, char **cursor, size_t room)
{
    const struct identity *identity = socket->transport->plan->target.identity;
    struct buffer *request = &socket->transport->handshake;
    uint64_t number = lws_socket_number(socket);
    uint64_t now_s = clock_wall_ms() / 1000;
    size_t size = LWS_SERVICE_BUFFER - LWS_REQUEST_TAIL;
    char *begin = *cursor + room - size;
    const char *upgrade = memmem(begin, (size_t)(*cursor - begin), "Upgrade: ", 9);
    buffer_clear(request);
    if (!upgrade || identity_request(identity, number, now_s, request) ||
        buffer_append(request, upgrade, (size_t)(*cursor - upgrade)) ||
        identity_headers(identity, number, now_s, request) || request->length > size)
        return 1;
    memcpy(begin, request->data, request->length);
    *cursor = begin + request->length;
    return 0;
}

/* --- The one callback --- */

static int link_event(struct socket *socket, enum lws_callback_reasons reason, void *in,
                      size_t length)
{
    int saved_errno = errno;
    switch ((int)reason) {
    case LWS_CALLBACK_WSI_CREATE: /* the TCP connection stands */
        socket->tcp_ns = clock_monotonic_ns();
        lws_race_won(socket);
        return 0;
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        socket->request_ns = clock_monotonic_ns();
        if (socket->tcp_ns == 0)
            socket->tcp_ns = socket->request_ns;
        lws_refusal_watch(socket);
        socket->request_too_long = make_request(socket, in, length);
        return socket->request_too_long;
    case LWS_CALLBACK_CLIENT_HTTP_REDIRECT:
        return 1; /* never followed: a load test goes where it was told */
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        on_connection_error(socket, (struct text){in, in ? length : 0}, saved_errno);
        return 0;
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        dial_worked(&socket->transport->dial, &socket->attempt);
        lws_stream_opened(socket);
        return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return lws_stream_piece(socket, in, length);
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return socket->broken ? -1 : 0;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE: {
        /* The library answers by itself, unless told to end: this may be the peer's answer. */
        bool answered = socket->closing;
        lws_stream_peer_closed(socket, (struct text){in, length});
        return answered ? -1 : 0;
    }
    case LWS_CALLBACK_CLIENT_CLOSED:
        lws_stream_ended(socket, saved_errno);
        return 0;
    case LWS_CALLBACK_WSI_DESTROY: /* whatever was not told otherwise: every attempt ends here */
        if (socket->open || socket->deferred)
            lws_stream_ended(socket, 0);
        else
            on_connection_error(socket, text_of("ended before it was open"), 0);
        return 0;
    default:
        return 0;
    }
}

int lws_transport_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                           size_t length)
{
    if (reason == LWS_CALLBACK_OPENSSL_LOAD_EXTRA_CLIENT_VERIFY_CERTS) {
        lws_tls_set_up(lws_context_user(lws_get_context(wsi)), user);
        return 0;
    }
    struct socket *socket = wsi ? lws_get_opaque_user_data(wsi) : NULL;
    if (!socket || (socket->wsi != wsi && !lws_race_event(socket, wsi, reason)))
        return 0; /* the context's own events, or a socket that was dropped */
    if (reason == LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION)
        return lws_tls_verify(socket, user, length != 0);
    return link_event(socket, reason, in, length);
}
