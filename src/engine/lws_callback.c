#include "lws_internal.h"

#include <errno.h>
#include <string.h>

#include "wsload/base/clock.h"

/* --- Opening --- */

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

static void tcp_stands(struct link *link)
{
    if (!link->tcp_open)
        link->tcp_ns = clock_monotonic_ns();
    link->tcp_open = true;
}

static void on_connection_error(struct link *link, struct text text, int saved_errno)
{
    struct lws_transport *transport = link->transport;
    char detail[16];
    link->attempt_over = true;
    if (!link->tcp_open) {
        lws_link_address_failed(link);
        if (link->tried < transport->addresses->count) {
            lws_link_detach(link);
            lws_link_retry(link);
            return;
        }
    }
    struct failure failure = lws_cause_of_failed(link, text, saved_errno, detail);
    lws_link_failed(link, &failure);
}

/* --- Open --- */

/* The library answers by itself, unless told to end: this may be the peer's answer to us. */
static int on_peer_close(struct link *link, struct text body)
{
    bool answered = link->closing;
    lws_stream_peer_closed(link, body);
    return answered ? -1 : 0;
}

/* Whatever the library did not tell otherwise: every attempt ends here. */
static void on_destroyed(struct link *link)
{
    if (link->open || link->deferred)
        lws_stream_ended(link, 0);
    else
        on_connection_error(link, text_of("ended before it was open"), 0);
}

/* --- The one callback --- */

static int link_event(struct link *link, enum lws_callback_reasons reason, void *in, size_t length)
{
    int saved_errno = errno;
    switch ((int)reason) {
    case LWS_CALLBACK_WSI_CREATE: /* the TCP connection stands */
        tcp_stands(link);
        return 0;
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        tcp_stands(link);
        link->request_ns = clock_monotonic_ns();
        lws_refusal_watch(link);
        return append_headers(link, in, length);
    case LWS_CALLBACK_CLIENT_HTTP_REDIRECT:
        return 1; /* never followed: a load test goes where it was told */
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        on_connection_error(link, (struct text){in, in ? length : 0}, saved_errno);
        return 0;
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        link->transport->down_until_ns[link->address] = 0;
        lws_stream_opened(link);
        return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return lws_stream_piece(link, in, length);
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return link->broken ? -1 : 0;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        return on_peer_close(link, (struct text){in, length});
    case LWS_CALLBACK_CLIENT_CLOSED:
        lws_stream_ended(link, saved_errno);
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        on_destroyed(link);
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
