#include "lws_internal.h"

#include <errno.h>
#include <string.h>

#include "wsload/base/clock.h"

/* --- An attempt --- */

/* All zero: no pings and no validity timers, for which the library sorts a list of all sockets. */
static const lws_retry_bo_t no_validity_checks;

/* Forgets the socket of an attempt that has failed: the library drops it itself. */
static void detach(struct link *link)
{
    lws_refusal_forget(link);
    link->wsi = NULL;
}

static void report_failed(struct link *link, const struct failure *failure)
{
    struct lws_transport *transport = link->transport;
    detach(link);
    transport->events->failed(transport->worker, lws_link_id(link), failure);
}

/* Path and query of LINK's handshake, signed for now. */
static const char *make_path(struct link *link)
{
    struct lws_transport *transport = link->transport;
    struct buffer *path = &transport->handshake;
    link->signed_s = clock_wall_ms() / 1000;
    buffer_clear(path);
    if (identity_path(transport->plan->target.identity, lws_link_number(link), link->signed_s,
                      path))
        return NULL;
    return path->data;
}

static void connect_link(struct link *link)
{
    struct lws_transport *transport = link->transport;
    const struct target *target = &transport->plan->target;
    char source[SOURCE_TEXT_SIZE];
    char detail[16];
    uint64_t number = lws_link_number(link);
    link->connect_ns = clock_monotonic_ns();
    dial_next(&transport->dial, &link->attempt, number, link->connect_ns);
    link->tcp_ns = 0;
    link->retry_wanted = false;
    link->tls_reason = NULL;
    transport->failed_tls_fd = -1; /* told by now, and its number may come again */
    struct lws_client_connect_info info = {
        .context = transport->context,
        .address = dial_address(&transport->dial, &link->attempt),
        .port = transport->dial.addresses->port,
        .ssl_connection = target->url.secure ? LCCSCF_USE_SSL : 0,
        .path = make_path(link),
        .host = target->host_header,
        .protocol = target->subprotocols,
        .local_protocol_name = LWS_PROTOCOL_NAME,
        .iface = dial_source(&transport->dial, &link->attempt, number, source),
        .alpn = "http/1.1", /* else a server may choose HTTP/2, which cannot be upgraded */
        .ietf_version_or_minus_one = -1,
        .opaque_user_data = link,
        .pwsi = &link->wsi,
        .retry_and_idle_policy = &no_validity_checks,
    };
    link->attempt_over = false;
    errno = 0;
    /* It is silent about an attempt for which there was no socket. */
    if (lws_client_connect_via_info(&info) || link->attempt_over)
        return;
    struct failure failure = lws_cause_of_failed(link, (struct text){0}, errno, detail);
    report_failed(link, &failure);
}

void lws_link_open(struct link *link)
{
    const struct addresses *addresses = link->transport->dial.addresses;
    if (addresses->count == 0) {
        struct failure failure = {FAILURE_DNS, "", text_of(addresses->reason)};
        report_failed(link, &failure);
        return;
    }
    link->attempt = (struct dial_attempt){0};
    link->start_ns = clock_monotonic_ns();
    connect_link(link);
}

void lws_on_turn(struct ev_loop *loop, ev_prepare *watcher, int events)
{
    struct lws_transport *transport = watcher->data;
    struct list_node *node;
    (void)events;
    ev_prepare_stop(loop, watcher);
    while ((node = list_take(&transport->waiting))) {
        struct link *link = LIST_OWNER(node, struct link, turn);
        if (link->retry_wanted)
            connect_link(link);
        else if (link->deferred)
            lws_stream_report_deferred(link);
    }
}

/* --- What the library tells of it --- */

/* Adds the identity's headers to the request for the upgrade. 1 when they do not fit. */
static int append_headers(const struct link *link, unsigned char **cursor, size_t room)
{
    struct lws_transport *transport = link->transport;
    struct buffer *lines = &transport->handshake;
    buffer_clear(lines);
    if (identity_headers(transport->plan->target.identity, lws_link_number(link), link->signed_s,
                         lines) ||
        lines->length > room)
        return 1;
    memcpy(*cursor, lines->data, lines->length);
    *cursor += lines->length;
    return 0;
}

static void on_connection_error(struct link *link, struct text text, int saved_errno)
{
    struct dial *dial = &link->transport->dial;
    char detail[16];
    link->attempt_over = true;
    if (link->tcp_ns == 0) {
        dial_failed(dial, &link->attempt, clock_monotonic_ns());
        if (dial_has_more(dial, &link->attempt)) {
            detach(link); /* the next one is tried soon */
            link->retry_wanted = true;
            lws_link_wait(link);
            return;
        }
    }
    struct failure failure = lws_cause_of_failed(link, text, saved_errno, detail);
    report_failed(link, &failure);
}

/* --- The one callback --- */

static int link_event(struct link *link, enum lws_callback_reasons reason, void *in, size_t length)
{
    int saved_errno = errno;
    switch ((int)reason) {
    case LWS_CALLBACK_WSI_CREATE: /* the TCP connection stands */
        link->tcp_ns = clock_monotonic_ns();
        return 0;
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        link->request_ns = clock_monotonic_ns();
        if (link->tcp_ns == 0)
            link->tcp_ns = link->request_ns;
        lws_refusal_watch(link);
        return append_headers(link, in, length);
    case LWS_CALLBACK_CLIENT_HTTP_REDIRECT:
        return 1; /* never followed: a load test goes where it was told */
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        on_connection_error(link, (struct text){in, in ? length : 0}, saved_errno);
        return 0;
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        dial_worked(&link->transport->dial, &link->attempt);
        lws_stream_opened(link);
        return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return lws_stream_piece(link, in, length);
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return link->broken ? -1 : 0;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE: {
        /* The library answers by itself, unless told to end: this may be the peer's answer. */
        bool answered = link->closing;
        lws_stream_peer_closed(link, (struct text){in, length});
        return answered ? -1 : 0;
    }
    case LWS_CALLBACK_CLIENT_CLOSED:
        lws_stream_ended(link, saved_errno);
        return 0;
    case LWS_CALLBACK_WSI_DESTROY: /* whatever was not told otherwise: every attempt ends here */
        if (link->open || link->deferred)
            lws_stream_ended(link, 0);
        else
            on_connection_error(link, text_of("ended before it was open"), 0);
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
    struct link *link = wsi ? lws_get_opaque_user_data(wsi) : NULL;
    if (!link || link->wsi != wsi)
        return 0; /* the context's own events, or a socket that was dropped */
    if (reason == LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION)
        return lws_tls_verify(link, user, length != 0);
    return link_event(link, reason, in, length);
}
