#include "internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/base/utf8.h"

static_assert(REPLY_HEADROOM >= LWS_PRE, "lws_write() puts the frame's header in front");

/* Complete answers to requests that are not upgraded. The connection ends with them. */
#define RESPONSE_UPGRADE_REQUIRED                                                                  \
    "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n"        \
    "Content-Type: application/json\r\nContent-Length: 30\r\n\r\n"                                 \
    "{\"message\":\"Upgrade Required\"}"
#define RESPONSE_BAD_REQUEST                                                                       \
    "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"                                            \
    "Content-Type: application/json\r\nContent-Length: 25\r\n\r\n"                                 \
    "{\"message\":\"Bad Request\"}"

static void drop(struct reply_list *list, struct reply *reply)
{
    TAILQ_REMOVE(list, reply, link);
    free(reply);
}

static void drop_replies(struct connection *connection)
{
    struct reply *reply;

    while ((reply = TAILQ_FIRST(&connection->waiting)) != NULL) {
        delays_remove(&connection->server->delays, &reply->deadline);
        drop(&connection->waiting, reply);
    }
    while ((reply = TAILQ_FIRST(&connection->outbox)) != NULL)
        drop(&connection->outbox, reply);
}

/* Begins to close with CODE. Returns what the callback must return to have it done. */
static int begin_close(struct connection *connection, enum lws_close_status code, const char *why)
{
    unsigned char text[64];
    size_t length = strlen(why);

    memcpy(text, why, length);
    drop_replies(connection);
    connection->closing = true;
    lws_close_reason(connection->wsi, code, text, length);
    return -1;
}

/* Writes the outbox's first reply. The socket must be ready: a frame on top of an unfinished one
 * would only pile up inside libwebsockets. */
static int send_first(struct connection *connection)
{
    struct reply *reply = TAILQ_FIRST(&connection->outbox);
    struct server_counts *counts = &connection->server->counts;
    int sent = lws_write(connection->wsi, reply->bytes + REPLY_HEADROOM, reply->length,
                         LWS_WRITE_TEXT);

    if (sent >= 0)
        *(reply->is_error ? &counts->errors : &counts->replies) += 1;
    drop(&connection->outbox, reply);
    return sent < 0 ? -1 : 0;
}

/* Sends REPLY now or, when others are before it or the socket is full, in its turn. */
static int deliver(struct connection *connection, struct reply *reply)
{
    bool alone = TAILQ_EMPTY(&connection->outbox);

    TAILQ_INSERT_TAIL(&connection->outbox, reply, link);
    if (alone && !lws_send_pipe_choked(connection->wsi))
        return send_first(connection);
    lws_callback_on_writable(connection->wsi);
    return 0;
}

void connection_reply_due(struct deadline *deadline)
{
    struct reply *reply = (struct reply *)deadline;
    struct connection *connection = reply->connection;

    TAILQ_REMOVE(&connection->waiting, reply, link);
    if (deliver(connection, reply) != 0) {
        /* Only its own callback may close a socket by returning. */
        lws_set_timeout(connection->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    }
}

static int postpone(struct connection *connection, struct reply *reply, uint64_t now_ns)
{
    struct delays *delays = &connection->server->delays;

    if (delays_add(delays, &reply->deadline, now_ns + reply->delay_ns) != 0) {
        free(reply);
        return begin_close(connection, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION, "Out of memory");
    }
    TAILQ_INSERT_TAIL(&connection->waiting, reply, link);
    return 0;
}

static int answer(struct connection *connection, struct text message)
{
    struct server *server = connection->server;
    uint64_t now_ns = clock_monotonic_ns();
    struct reply *reply;

    server->counts.messages++;
    /* What is echoed travels as text, whatever kind the message was. */
    if (!utf8_valid(message))
        return begin_close(connection, LWS_CLOSE_STATUS_INVALID_PAYLOAD, "Invalid UTF-8");
    reply = replies_make(&server->replies, message, connection->id, clock_wall_ms());
    if (reply == NULL)
        return begin_close(connection, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION, "Out of memory");
    reply->connection = connection;
    return reply->delay_ns == 0 ? deliver(connection, reply) : postpone(connection, reply, now_ns);
}

static int receive(struct connection *connection, const void *piece, size_t length)
{
    struct buffer *inbox = &connection->inbox;
    int result;

    if (connection->closing || connection->server->stopping)
        return 0;
    if (buffer_append(inbox, piece, length) != 0)
        return begin_close(connection, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, "Message too long");
    if (!lws_is_final_fragment(connection->wsi) ||
        lws_remaining_packet_payload(connection->wsi) != 0)
        return 0;
    result = answer(connection, buffer_text(inbox));
    buffer_free(inbox);
    return result;
}

static int writeable(struct connection *connection)
{
    if (connection->closing)
        return 0;
    if (connection->server->stopping)
        return begin_close(connection, LWS_CLOSE_STATUS_GOINGAWAY, "Going away");
    if (TAILQ_EMPTY(&connection->outbox))
        return 0;
    if (send_first(connection) != 0)
        return -1;
    if (!TAILQ_EMPTY(&connection->outbox))
        lws_callback_on_writable(connection->wsi);
    return 0;
}

static int established(struct connection *connection, struct server *server, struct lws *wsi)
{
    *connection = (struct connection){.server = server, .wsi = wsi};
    replies_make_id(&server->replies, connection->id);
    buffer_init(&connection->inbox, REPLY_MESSAGE_MAX);
    TAILQ_INIT(&connection->waiting);
    TAILQ_INIT(&connection->outbox);
    TAILQ_INSERT_TAIL(&server->connections, connection, link);
    server->counts.connections++;
    if (server->stopping)
        lws_callback_on_writable(wsi);
    return 0;
}

static int peer_closes(struct connection *connection)
{
    drop_replies(connection);
    connection->closing = true;
    return 0;
}

static int closed(struct connection *connection)
{
    struct server *server = connection->server;

    drop_replies(connection);
    buffer_free(&connection->inbox);
    TAILQ_REMOVE(&server->connections, connection, link);
    server_connection_gone(server);
    return 0;
}

/* Answers without upgrading, and hangs up. */
static int refuse(struct lws *wsi, const char *response)
{
    unsigned char bytes[LWS_PRE + 512];
    size_t length = strlen(response);

    memcpy(bytes + LWS_PRE, response, length);
    lws_write(wsi, bytes + LWS_PRE, length, LWS_WRITE_HTTP_FINAL);
    return -1;
}

/* libwebsockets agrees to a subprotocol only when a protocol of that name is in its list. It looks
 * right after this callback, so the list's second name becomes the first one that the client
 * offers: any subprotocol will do. */
static int agree(struct server *server, struct lws *wsi, const char *upgrade)
{
    char offered[SUBPROTOCOL_LIST_SIZE];
    int length = lws_hdr_copy(wsi, offered, sizeof(offered), WSI_TOKEN_PROTOCOL);
    size_t first;

    if (strcasecmp(upgrade, "websocket") != 0)
        return refuse(wsi, RESPONSE_UPGRADE_REQUIRED);
    if (lws_hdr_total_length(wsi, WSI_TOKEN_PROTOCOL) == 0)
        return 0;
    if (length < 0)
        return refuse(wsi, RESPONSE_BAD_REQUEST);
    first = strcspn(offered, ", \t");
    /* A bare number is no name to libwebsockets: it would hang up without a word. */
    if (first == strspn(offered, "0123456789.") || first >= SUBPROTOCOL_SIZE)
        return refuse(wsi, RESPONSE_BAD_REQUEST);
    memcpy(server->subprotocol, offered, first);
    server->subprotocol[first] = '\0';
    return 0;
}

int connection_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                        size_t length)
{
    struct server *server = lws_context_user(lws_get_context(wsi));

    switch (reason) {
    case LWS_CALLBACK_HTTP:
        return refuse(wsi, RESPONSE_UPGRADE_REQUIRED);
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return agree(server, wsi, in);
    case LWS_CALLBACK_ESTABLISHED:
        return established(user, server, wsi);
    case LWS_CALLBACK_RECEIVE:
        return receive(user, in, length);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return writeable(user);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        return peer_closes(user);
    case LWS_CALLBACK_CLOSED:
        return closed(user);
    case LWS_CALLBACK_WSI_DESTROY:
        server_socket_gone(server);
        return 0;
    default:
        return 0;
    }
}
