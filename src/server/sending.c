#include "internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/base/clock.h"

static_assert(OUTGOING_HEADROOM >= LWS_PRE, "lws_write() puts the frame's header in front");

/* --- Closing --- */

bool sending_is_over(const struct connection *connection)
{
    return connection->closing || connection->parting != 0;
}

void sending_close(struct connection *connection, int code, const char *reason)
{
    if (sending_is_over(connection))
        return;
    connection->parting = code;
    snprintf(connection->parting_reason, sizeof(connection->parting_reason), "%s", reason);
    lws_callback_on_writable(connection->wsi);
}

void sending_touch(struct connection *connection)
{
    uint64_t after_ns = connection->server->options.idle_timeout_ns;
    /* Moving a delay later needs no memory. */
    if (after_ns != 0)
        delays_add(&connection->server->delays, &connection->idle, clock_monotonic_ns() + after_ns);
}

/* --- What waits --- */

static void drop_message(struct connection *connection, struct outgoing *message)
{
    TAILQ_REMOVE(&connection->outbox, message, link);
    connection->unsent--;
    free(message);
}

static void drop_answer(struct connection *connection, struct answer *answer)
{
    delays_remove(&connection->server->delays, &answer->delay);
    TAILQ_REMOVE(&connection->waiting, answer, link);
    connection->unsent--;
    free(answer);
}

void sending_drop(struct connection *connection)
{
    while (!TAILQ_EMPTY(&connection->waiting))
        drop_answer(connection, TAILQ_FIRST(&connection->waiting));
    while (!TAILQ_EMPTY(&connection->outbox))
        drop_message(connection, TAILQ_FIRST(&connection->outbox));
}

/* One more waits for CONNECTION. */
static void add_unsent(struct connection *connection)
{
    if (++connection->unsent > SERVER_WAITING_MAX)
        sending_close(connection, LWS_CLOSE_STATUS_POLICY_VIOLATION, "Too many messages waiting");
}

/* --- Messages --- */

/* Writes the next frame of the outbox's first message. The socket must be ready: a frame on top of
 * an unfinished one would only pile up inside libwebsockets. */
static int send_frame(struct connection *connection)
{
    struct outgoing *message = TAILQ_FIRST(&connection->outbox);
    uint64_t limit = connection->server->options.frame_limit;
    size_t begin = message->sent;
    size_t length = message->length - begin;
    if (limit != 0 && length > limit)
        length = (size_t)limit;
    message->sent += length;
    int flags = lws_write_ws_flags(LWS_WRITE_TEXT, begin == 0, message->sent == message->length);
    /* The frame's header goes over the end of the frame before it, which is gone. */
    if (lws_write(connection->wsi, message->bytes + OUTGOING_HEADROOM + begin, length,
                  (enum lws_write_protocol)flags) < 0)
        return -1;
    if (message->sent == message->length) {
        struct server_counts *counts = &connection->server->counts;
        counts->sent++;
        counts->replies += message->kind == OUTGOING_REPLY;
        counts->errors += message->kind == OUTGOING_ERROR;
        drop_message(connection, message);
        sending_touch(connection);
    }
    return 0;
}

/* Sends the next frame, if there is one. -1 when the connection is broken. */
static int send_next(struct connection *connection)
{
    if (TAILQ_EMPTY(&connection->outbox))
        return 0;
    if (send_frame(connection))
        return -1;
    if (!TAILQ_EMPTY(&connection->outbox))
        lws_callback_on_writable(connection->wsi);
    return 0;
}

/* The close is for the WRITEABLE callback alone, which returns what this returns: a RECEIVE
 * callback that did would lose what libwebsockets has read after the piece, and with it the
 * beginning of the next frame. */
int sending_writeable(struct connection *connection)
{
    if (connection->parting == 0)
        return send_next(connection);
    sending_drop(connection);
    connection->closing = true;
    lws_close_reason(connection->wsi, (enum lws_close_status)connection->parting,
                     (unsigned char *)connection->parting_reason,
                     strlen(connection->parting_reason));
    return -1;
}

/* Sends MESSAGE now or, when others wait or the socket is full, in its turn. */
static void deliver(struct connection *connection, struct outgoing *message)
{
    bool alone = TAILQ_EMPTY(&connection->outbox);
    if (sending_is_over(connection)) {
        free(message);
        return;
    }
    TAILQ_INSERT_TAIL(&connection->outbox, message, link);
    add_unsent(connection);
    if (!alone || lws_send_pipe_choked(connection->wsi)) {
        lws_callback_on_writable(connection->wsi);
    } else if (send_next(connection)) {
        /* Only its own callback may close a socket by returning. */
        lws_set_timeout(connection->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    }
}

static void deliver_to_others(struct connection *sender, const struct outgoing *message)
{
    size_t size = sizeof(*message) + OUTGOING_HEADROOM + message->length;
    struct connection *other;
    TAILQ_FOREACH(other, &sender->server->connections, link)
    {
        struct outgoing *copy = other == sender ? NULL : malloc(size);
        if (!copy)
            continue;
        memcpy(copy, message, size);
        copy->kind = OUTGOING_PART;
        deliver(other, copy);
    }
}

/* --- Answers --- */

static void run_out_of_memory(struct connection *connection)
{
    sending_close(connection, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION, "Out of memory");
}

/* Sends all of an answer that is due, and then waits, or is done. */
static void go_on(struct delay *delay)
{
    struct answer *answer = (struct answer *)delay;
    struct connection *connection = answer->connection;
    uint64_t due_ns;
    while ((due_ns = answer_due_ns(answer)) <= clock_monotonic_ns()) {
        if (sending_is_over(connection))
            return;
        struct outgoing *message = answer_next(answer, connection->session.id, clock_wall_ms());
        if (!message) {
            run_out_of_memory(connection);
            return;
        }
        if (answer->to_everyone)
            deliver_to_others(connection, message);
        deliver(connection, message);
    }
    if (due_ns == CLOCK_NEVER)
        drop_answer(connection, answer);
    else if (delays_add(&connection->server->delays, delay, due_ns))
        run_out_of_memory(connection);
}

void sending_start(struct connection *connection, struct answer *answer)
{
    if (!answer) {
        run_out_of_memory(connection);
        return;
    }
    answer->connection = connection;
    answer->delay.expired = go_on;
    TAILQ_INSERT_TAIL(&connection->waiting, answer, link);
    add_unsent(connection);
    go_on(&answer->delay);
}
