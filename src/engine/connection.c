#include "wsload/engine/connection.h"

#include "wsload/base/clock.h"

static struct connection_step step(enum connection_action action, uint64_t deadline_ns)
{
    return (struct connection_step){.action = action, .deadline_ns = deadline_ns};
}

/* Ends the request, if there is one, and notes it in the step that is the answer. */
static struct connection_step end_request(struct connection *connection,
                                          const struct failure *failure,
                                          struct connection_step answer)
{
    answer.failure = failure;
    if (!connection->has_request)
        return answer;
    answer.request_ended = true;
    answer.request = connection->request;
    answer.sent_ns = connection->sent_ns;
    connection->has_request = false;
    return answer;
}

static uint64_t backoff_ns(unsigned breaks)
{
    uint64_t wait_ns = CONNECTION_BACKOFF_FIRST_NS;
    while (breaks-- > 1 && wait_ns < CONNECTION_BACKOFF_LAST_NS)
        wait_ns *= 2;
    return wait_ns < CONNECTION_BACKOFF_LAST_NS ? wait_ns : CONNECTION_BACKOFF_LAST_NS;
}

static struct connection_step back_off(struct connection *connection, enum connection_action action,
                                       uint64_t now_ns)
{
    connection->state = CONNECTION_BACKING_OFF;
    connection->breaks++;
    return step(action, now_ns + backoff_ns(connection->breaks));
}

static struct connection_step close_politely(struct connection *connection, uint64_t now_ns)
{
    connection->state = CONNECTION_CLOSING;
    return step(CONNECTION_CLOSE, now_ns + CONNECTION_CLOSE_WAIT_NS);
}

static struct connection_step rest(struct connection *connection, enum connection_action action)
{
    connection->state = CONNECTION_RESTING;
    return step(action, CLOCK_NEVER);
}

void connection_init(struct connection *connection, const struct connection_settings *settings)
{
    *connection = (struct connection){.settings = settings, .state = CONNECTION_RESTING};
}

struct connection_step connection_open(struct connection *connection, uint64_t now_ns)
{
    connection->state = CONNECTION_OPENING;
    connection->opening_ns = now_ns;
    return step(CONNECTION_OPEN, now_ns + connection->settings->connect_timeout_ns);
}

struct connection_step connection_assign(struct connection *connection, struct request request,
                                         uint64_t now_ns)
{
    connection->request = request;
    connection->has_request = true;
    connection->sent_ns = 0;
    if (connection->state == CONNECTION_READY)
        return step(CONNECTION_SEND, CLOCK_NEVER);
    return connection_open(connection, now_ns);
}

struct connection_step connection_sent(struct connection *connection, uint64_t sent_ns)
{
    connection->state = CONNECTION_AWAITING;
    connection->sent_ns = sent_ns;
    return step(CONNECTION_WAIT, sent_ns + connection->settings->reply_timeout_ns);
}

struct connection_step connection_on_opened(struct connection *connection)
{
    connection->state = CONNECTION_READY;
    connection->opened_before = true;
    return step(connection->has_request ? CONNECTION_SEND : CONNECTION_NEXT, CLOCK_NEVER);
}

struct connection_step connection_on_failed(struct connection *connection,
                                            const struct failure *failure, uint64_t now_ns)
{
    return end_request(connection, failure, back_off(connection, CONNECTION_WAIT, now_ns));
}

struct connection_step connection_on_message(struct connection *connection,
                                             const struct failure *failure, uint64_t now_ns)
{
    if (!failure)
        connection->breaks = 0;
    if (connection->settings->per_request || (failure && failure->kind == FAILURE_PROTOCOL))
        return end_request(connection, failure, close_politely(connection, now_ns));
    connection->state = CONNECTION_READY;
    return end_request(connection, failure, step(CONNECTION_NEXT, CLOCK_NEVER));
}

struct connection_step connection_on_closed(struct connection *connection,
                                            const struct failure *failure, uint64_t now_ns)
{
    if (connection->state == CONNECTION_CLOSING)
        return rest(connection, CONNECTION_NEXT);
    return end_request(connection, failure, back_off(connection, CONNECTION_WAIT, now_ns));
}

struct connection_step connection_on_deadline(struct connection *connection, uint64_t now_ns)
{
    switch (connection->state) {
    case CONNECTION_OPENING:
        return end_request(connection, &connection->settings->not_open,
                           back_off(connection, CONNECTION_DROP, now_ns));
    case CONNECTION_AWAITING:
        return end_request(connection, &connection->settings->no_reply,
                           close_politely(connection, now_ns));
    case CONNECTION_CLOSING:
        /* The peer does not answer our close: drop it, and come back for a request at once. */
        connection->state = CONNECTION_BACKING_OFF;
        return step(CONNECTION_DROP, now_ns);
    case CONNECTION_BACKING_OFF:
        return rest(connection, CONNECTION_NEXT);
    case CONNECTION_RESTING:
    case CONNECTION_READY:
        break;
    }
    return step(CONNECTION_WAIT, CLOCK_NEVER);
}

struct connection_step connection_finish(struct connection *connection, uint64_t now_ns)
{
    switch (connection->state) {
    case CONNECTION_READY:
    case CONNECTION_AWAITING:
        return close_politely(connection, now_ns);
    case CONNECTION_OPENING:
        return rest(connection, CONNECTION_DROP);
    case CONNECTION_CLOSING:
        return step(CONNECTION_WAIT, now_ns + CONNECTION_CLOSE_WAIT_NS);
    case CONNECTION_BACKING_OFF:
    case CONNECTION_RESTING:
        break;
    }
    return rest(connection, CONNECTION_WAIT);
}

bool connection_abandon(struct connection *connection)
{
    bool sent = connection->has_request && connection->sent_ns != 0;
    connection->has_request = false;
    return sent;
}
