#include "internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/base/clock.h"

static_assert(OUTGOING_HEADROOM >= LWS_PRE, "lws_write() puts the frame's header in front");

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
        connection_part(connection, LWS_CLOSE_STATUS_POLICY_VIOLATION, "Too many messages waiting");
}

/* --- Messages --- */

static void count(struct server_counts *counts, const struct outgoing *message)
{
    counts->sent++;
    counts->replies += message->kind == OUTGOING_REPLY;
    counts->errors += message->kind == OUTGOING_ERROR;
}

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
        count(&connection->server->counts, message);
        drop_message(connection, message);
        connection_stir(connection);
    }
    return 0;
}

int sending_go_on(struct connection *connection)
{
    if (TAILQ_EMPTY(&connection->outbox))
        return 0;
    if (send_frame(connection))
        return -1;
    if (!TAILQ_EMPTY(&connection->outbox))
        lws_callback_on_writable(connection->wsi);
    return 0;
}

/* Sends MESSAGE now or, when others are before it or the socket is full, in its turn. */
static void deliver(struct connection *connection, struct outgoing *message)
{
    bool alone = TAILQ_EMPTY(&connection->outbox);
    if (connection_silent(connection)) {
        free(message);
        return;
    }
    TAILQ_INSERT_TAIL(&connection->outbox, message, link);
    add_unsent(connection);
    if (!alone || lws_send_pipe_choked(connection->wsi)) {
        lws_callback_on_writable(connection->wsi);
    } else if (sending_go_on(connection)) {
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
    connection_part(connection, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION, "Out of memory");
}

/* Sends the message of ANSWER that is due. False when memory is out. */
static bool say_next(struct connection *connection, struct answer *answer)
{
    struct outgoing *message = answer_next(answer, connection->session.id, clock_wall_ms());
    if (!message)
        return false;
    if (answer->to_everyone)
        deliver_to_others(connection, message);
    deliver(connection, message);
    return true;
}

/* Sends all that is due, and then waits, or is done. */
static void answer_go_on(struct answer *answer)
{
    struct connection *connection = answer->connection;
    struct delays *delays = &connection->server->delays;
    uint64_t due_ns;
    while ((due_ns = answer_due_ns(answer)) <= clock_monotonic_ns()) {
        if (connection_silent(connection))
            return;
        if (!say_next(connection, answer)) {
            run_out_of_memory(connection);
            return;
        }
    }
    if (due_ns == CLOCK_NEVER)
        drop_answer(connection, answer);
    else if (delays_add(delays, &answer->delay, due_ns))
        run_out_of_memory(connection);
}

static void on_answer_due(struct delay *delay)
{
    answer_go_on((struct answer *)delay);
}

void sending_start(struct connection *connection, struct answer *answer)
{
    if (!answer) {
        run_out_of_memory(connection);
        return;
    }
    answer->connection = connection;
    answer->delay.expired = on_answer_due;
    TAILQ_INSERT_TAIL(&connection->waiting, answer, link);
    add_unsent(connection);
    answer_go_on(answer);
}
