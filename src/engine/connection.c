#include "wsload/engine/connection.h"

#include "wsload/base/clock.h"

static struct connection_step step(enum connection_action action, uint64_t deadline_ns)
{
    return (struct connection_step){.action = action, .deadline_ns = deadline_ns};
}

static struct flight *flight_at(const struct connection *connection, unsigned place)
{
    unsigned index = connection->first + place;
    unsigned size = connection->settings->in_flight;
    return &connection->flights[index < size ? index : index - size];
}

/* The reply timeout of the oldest request; an idle connection has none. */
static uint64_t reply_deadline_ns(const struct connection *connection)
{
    if (connection->count == 0)
        return CLOCK_NEVER;
    return flight_at(connection, 0)->sent_ns + connection->settings->reply_timeout_ns;
}

/* Ends every request for the reason FAILURE. */
static struct connection_step end_all(const struct connection *connection,
                                      const struct failure *failure, struct connection_step answer)
{
    answer.ended = connection->count;
    answer.failure = answer.others = failure;
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

void connection_init(struct connection *connection, const struct connection_settings *settings,
                     struct flight *flights)
{
    *connection = (struct connection){
        .settings = settings, .flights = flights, .state = CONNECTION_RESTING};
}

bool connection_is_free(const struct connection *connection)
{
    return connection->state == CONNECTION_OPEN &&
           connection->count < connection->settings->in_flight;
}

struct connection_step connection_open(struct connection *connection, uint64_t now_ns)
{
    connection->state = CONNECTION_OPENING;
    return step(CONNECTION_START, now_ns + connection->settings->connect_timeout_ns);
}

struct connection_step connection_assign(struct connection *connection, struct request request,
                                         uint64_t now_ns)
{
    *flight_at(connection, connection->count++) = (struct flight){.request = request};
    if (connection->state == CONNECTION_OPEN)
        return step(CONNECTION_SEND, CLOCK_NEVER);
    return connection_open(connection, now_ns);
}

const struct request *connection_newest(const struct connection *connection)
{
    return &flight_at(connection, connection->count - 1)->request;
}

const struct request *connection_oldest(const struct connection *connection)
{
    return &flight_at(connection, 0)->request;
}

struct connection_step connection_sent(struct connection *connection, uint64_t sent_ns)
{
    flight_at(connection, connection->count - 1)->sent_ns = sent_ns;
    return step(CONNECTION_WAIT, reply_deadline_ns(connection));
}

struct flight connection_pop(struct connection *connection)
{
    struct flight oldest = *flight_at(connection, 0);
    connection->count--;
    connection->first++;
    if (connection->first == connection->settings->in_flight)
        connection->first = 0;
    return oldest;
}

struct connection_step connection_on_opened(struct connection *connection, uint64_t now_ns)
{
    connection->state = CONNECTION_OPEN;
    connection->opened_before = true;
    connection->opened_ns = now_ns;
    return step(connection->count ? CONNECTION_SEND : CONNECTION_NEXT, CLOCK_NEVER);
}

struct connection_step connection_on_failed(struct connection *connection,
                                            const struct failure *failure, uint64_t now_ns)
{
    return end_all(connection, failure, back_off(connection, CONNECTION_WAIT, now_ns));
}

bool connection_awaits_reply(const struct connection *connection)
{
    return connection->state == CONNECTION_OPEN && connection->count > 0;
}

struct connection_step connection_on_message(struct connection *connection,
                                             const struct failure *failure, uint64_t now_ns)
{
    struct connection_step answer;
    if (!failure)
        connection->breaks = 0;
    if (failure && failure->kind == FAILURE_PROTOCOL)
        return end_all(connection, failure, close_politely(connection, now_ns));
    if (connection->settings->per_request) {
        answer = close_politely(connection, now_ns);
    } else {
        bool more = connection->count > 1;
        answer = step(CONNECTION_NEXT, more ? flight_at(connection, 1)->sent_ns +
                                                  connection->settings->reply_timeout_ns
                                            : CLOCK_NEVER);
    }
    answer.ended = 1;
    answer.failure = failure;
    return answer;
}

struct connection_step connection_on_closed(struct connection *connection,
                                            const struct failure *failure, uint64_t now_ns)
{
    if (connection->state == CONNECTION_CLOSING)
        return rest(connection, CONNECTION_NEXT);
    return end_all(connection, failure, back_off(connection, CONNECTION_WAIT, now_ns));
}

/* An idle one is free again: the time that the caller let it rest is over. */
static struct connection_step on_deadline_open(struct connection *connection, uint64_t now_ns)
{
    if (connection->count == 0)
        return step(CONNECTION_NEXT, CLOCK_NEVER);
    struct connection_step answer = end_all(connection, &connection->settings->no_reply,
                                            close_politely(connection, now_ns));
    answer.others = &connection->settings->cut_short;
    return answer;
}

struct connection_step connection_on_deadline(struct connection *connection, uint64_t now_ns)
{
    switch (connection->state) {
    case CONNECTION_OPENING:
        return end_all(connection, &connection->settings->not_open,
                       back_off(connection, CONNECTION_DROP, now_ns));
    case CONNECTION_OPEN:
        return on_deadline_open(connection, now_ns);
    case CONNECTION_CLOSING:
        /* The peer does not answer our close: drop it, and come back for a request at once. */
        connection->state = CONNECTION_BACKING_OFF;
        return step(CONNECTION_DROP, now_ns);
    case CONNECTION_BACKING_OFF:
        return rest(connection, CONNECTION_NEXT);
    case CONNECTION_RESTING:
        break;
    }
    return step(CONNECTION_WAIT, CLOCK_NEVER);
}

struct connection_step connection_finish(struct connection *connection, uint64_t now_ns)
{
    switch (connection->state) {
    case CONNECTION_OPEN:
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
