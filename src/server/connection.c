#include "internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "wsload/base/clock.h"
#include "wsload/base/text.h"

static void part_at_limit(struct connection *connection, const char *what, uint64_t limit)
{
    char reason[CLOSE_REASON_SIZE];
    snprintf(reason, sizeof(reason), "Max %s length of %llu has been exceeded.", what,
             (unsigned long long)limit);
    sending_close(connection, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, reason);
}

/* --- Timers --- */

static void on_time_over(struct delay *delay)
{
    sending_close(delay->owner, LWS_CLOSE_STATUS_GOINGAWAY, "Going away");
}

/* 0 or -1. */
static int start_timer(struct connection *connection, struct delay *delay, uint64_t after_ns)
{
    if (after_ns == 0)
        return 0;
    return delays_add(&connection->server->delays, delay, clock_monotonic_ns() + after_ns);
}

/* --- Messages --- */

static void answer(struct connection *connection, struct text message)
{
    struct server *server = connection->server;
    uint64_t now_ns = clock_monotonic_ns();
    server->counts.messages++;
    sending_touch(connection);
    if (!utf8_valid(message))
        sending_close(connection, LWS_CLOSE_STATUS_INVALID_PAYLOAD, "Invalid UTF-8");
    else if (!quota_take(&server->messages, now_ns))
        sending_start(connection, replies_say(&server->replies, REPLY_THROTTLED, now_ns));
    else
        sending_start(connection,
                      replies_answer(&server->replies, &connection->session, message, now_ns));
}

/* Looks at the frame that a piece of LENGTH bytes belongs to. Its first piece is enough. */
static void check_frame(struct connection *connection, size_t length)
{
    uint64_t limit = connection->server->options.frame_limit;
    if (lws_frame_is_binary(connection->wsi))
        sending_close(connection, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE, "Text frames only");
    else if (limit != 0 && length + lws_remaining_packet_payload(connection->wsi) > limit)
        part_at_limit(connection, "frame", limit);
}

static void receive(struct connection *connection, const void *piece, size_t length)
{
    struct buffer *inbox = &connection->inbox;
    check_frame(connection, length);
    if (sending_is_over(connection) || connection->server->stopping)
        return;
    if (buffer_append(inbox, piece, length)) {
        part_at_limit(connection, "message", inbox->maximum);
    } else if (lws_is_final_fragment(connection->wsi) &&
               lws_remaining_packet_payload(connection->wsi) == 0) {
        answer(connection, buffer_text(inbox));
        buffer_free(inbox);
    }
}

static int writeable(struct connection *connection)
{
    if (connection->closing)
        return 0;
    if (connection->server->stopping)
        sending_close(connection, LWS_CLOSE_STATUS_GOINGAWAY, "Going away");
    return sending_writeable(connection);
}

/* --- Life --- */

static size_t message_limit(const struct server_options *options)
{
    bool none = options->message_limit == 0 || options->message_limit > REPLY_MESSAGE_MAX;
    return none ? REPLY_MESSAGE_MAX : (size_t)options->message_limit;
}

static void established(struct connection *connection, struct server *server, struct lws *wsi)
{
    acceptor_forget(wsi);
    *connection = (struct connection){
        .server = server,
        .wsi = wsi,
        .idle = {.expired = on_time_over, .owner = connection},
        .life = {.expired = on_time_over, .owner = connection},
    };
    session_init(&connection->session, &server->replies);
    buffer_init(&connection->inbox, message_limit(&server->options));
    TAILQ_INIT(&connection->waiting);
    TAILQ_INIT(&connection->outbox);
    TAILQ_INSERT_TAIL(&server->connections, connection, link);
    server->counts.connections++;
    if (server->stopping)
        lws_callback_on_writable(wsi);
    if (start_timer(connection, &connection->idle, server->options.idle_timeout_ns) ||
        start_timer(connection, &connection->life, server->options.max_lifetime_ns))
        sending_close(connection, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION, "Out of memory");
}

static void closed(struct connection *connection)
{
    struct server *server = connection->server;
    sending_drop(connection);
    delays_remove(&server->delays, &connection->idle);
    delays_remove(&server->delays, &connection->life);
    session_free(&connection->session);
    buffer_free(&connection->inbox);
    TAILQ_REMOVE(&server->connections, connection, link);
    if (server->stopping && TAILQ_EMPTY(&server->connections))
        ev_break(server->loop, EVBREAK_ALL);
}

/* --- Handshakes --- */

/* Answers without upgrading, and hangs up. */
static int refuse(struct server *server, struct lws *wsi, enum refusal refusal)
{
    char response[REFUSAL_SIZE];
    size_t length = refusal_render(refusal, &server->replies.names, response);
    unsigned char bytes[LWS_PRE + REFUSAL_SIZE];
    memcpy(bytes + LWS_PRE, response, length);
    lws_write(wsi, bytes + LWS_PRE, length, LWS_WRITE_HTTP_FINAL);
    return -1;
}

/* Whether the admission lets WSI in. 0, or -1 when it was refused. */
static int pass_gate(struct server *server, struct lws *wsi)
{
    enum refusal refusal = admission_count(&server->admission, clock_monotonic_ns());
    if (refusal == REFUSAL_NONE && admission_reads(&server->admission))
        refusal = admission_judge(&server->admission, acceptor_request(wsi),
                                  clock_wall_ms() / 1000);
    if (refusal == REFUSAL_NONE)
        return 0;
    server->counts.refused++;
    return refuse(server, wsi, refusal);
}

/* libwebsockets agrees to a subprotocol only when a protocol of that name is in its list. It looks
 * right after this callback, so the list's second name becomes the first one that the client
 * offers: any subprotocol will do. */
static int agree(struct server *server, struct lws *wsi, const char *upgrade)
{
    char offered[SUBPROTOCOL_LIST_SIZE];
    int length = lws_hdr_copy(wsi, offered, sizeof(offered), WSI_TOKEN_PROTOCOL);
    if (strcasecmp(upgrade, "websocket") != 0)
        return refuse(server, wsi, REFUSAL_UPGRADE_REQUIRED);
    if (pass_gate(server, wsi))
        return -1;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_PROTOCOL) == 0)
        return 0;
    if (length < 0)
        return refuse(server, wsi, REFUSAL_BAD_REQUEST);
    size_t first = strcspn(offered, ", \t");
    /* A bare number is no name to libwebsockets: it would hang up without a word. */
    if (first == strspn(offered, "0123456789.") || first >= SUBPROTOCOL_SIZE)
        return refuse(server, wsi, REFUSAL_BAD_REQUEST);
    memcpy(server->subprotocol, offered, first);
    server->subprotocol[first] = '\0';
    return 0;
}

int connection_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                        size_t length)
{
    struct server *server = lws_context_user(lws_get_context(wsi));
    switch (reason) {
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
        acceptor_entered(server, wsi);
        break;
    case LWS_CALLBACK_HTTP:
        return refuse(server, wsi, REFUSAL_UPGRADE_REQUIRED);
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return agree(server, wsi, in);
    case LWS_CALLBACK_ESTABLISHED:
        established(user, server, wsi);
        break;
    case LWS_CALLBACK_RECEIVE:
        receive(user, in, length);
        break;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return writeable(user);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        sending_drop(user);
        ((struct connection *)user)->closing = true;
        break;
    case LWS_CALLBACK_CLOSED:
        closed(user);
        break;
    case LWS_CALLBACK_WSI_DESTROY:
        acceptor_forget(wsi);
        acceptor_socket_gone(server);
        break;
    default:
        break;
    }
    return 0;
}
