#include "connection.h"

#include "wsload/base/clock.h"

static struct connection_step step(enum connection_action action, uint64_t deadline_ns)
{
    return (struct connection_step){.action = action, .deadline_ns = deadline_ns};
}

/* Ends every request for the reason FAILURE. */
static struct connection_step end_all(struct connection *connection, const struct failure *failure,
                                      struct connection_step answer)
{
    answer.ended = connection->flights.count;
    connection->any_ended |= answer.ended > 0;
    answer.failure = answer.others = failure;
    return answer;
}

static uint64_t backoff_ns(const struct connection *connection)
{
    uint64_t wait_ns = CONNECTION_BACKOFF_FIRST_NS;
    for (unsigned i = 1; i < connection->breaks && wait_ns < CONNECTION_BACKOFF_LAST_NS; i++)
        wait_ns *= 2;
    if (wait_ns > CONNECTION_BACKOFF_LAST_NS)
        wait_ns = CONNECTION_BACKOFF_LAST_NS;
    return random_between(connection->settings->random, wait_ns / 2, wait_ns);
}

static struct connection_step back_off(struct connection *connection, enum connection_action action,
                                       uint64_t now_ns)
{
    connection->state = CONNECTION_BACKING_OFF;
    connection->fails_setup = false;
    connection->breaks++;
    return step(action, now_ns + backoff_ns(connection));
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
                     void *memory)
{
    *connection = (struct connection){.settings = settings, .state = CONNECTION_RESTING};
    flights_init(&connection->flights, settings->in_flight, memory);
}

struct connection_step connection_open(struct connection *connection, uint64_t now_ns)
{
    connection->state = CONNECTION_OPENING;
    connection->opened_ns = now_ns;
    connection->any_ended = false;
    return step(CONNECTION_START, now_ns + connection->settings->connect_timeout_ns);
}

struct connection_step connection_assign(struct connection *connection, struct request request,
                                         uint64_t now_ns)
{
    flights_add(&connection->flights, request);
    if (connection->state == CONNECTION_OPEN)
        return step(CONNECTION_SEND, CLOCK_NEVER);
    return connection_open(connection, now_ns);
}

struct connection_step connection_sent(struct connection *connection, uint64_t sent_ns)
{
    flights_newest(&connection->flights)->sent_ns = sent_ns;
    return step(CONNECTION_WAIT, connection_deadline_ns(connection));
}

struct connection_step connection_on_opened(struct connection *connection, uint64_t now_ns)
{
    connection->opened_before = true;
    connection->rotated = connection->retiring = false;
    connection->opened_ns = now_ns;
    if (!connection->settings->has_steps)
        return connection_on_ready(connection);
    connection->state = CONNECTION_SETTING_UP;
    return step(CONNECTION_SETUP, now_ns + connection->settings->reply_timeout_ns);
}

struct connection_step connection_on_ready(struct connection *connection)
{
    connection->state = CONNECTION_OPEN;
    return step(connection->flights.count ? CONNECTION_SEND : CONNECTION_NEXT, CLOCK_NEVER);
}

struct connection_step connection_on_setup_failed(struct connection *connection,
                                                  const struct failure *failure, uint64_t now_ns)
{
    connection->fails_setup = true;
    return end_all(connection, failure, close_politely(connection, now_ns));
}

struct connection_step connection_on_failed(struct connection *connection,
                                            const struct failure *failure, uint64_t now_ns)
{
    return end_all(connection, failure, back_off(connection, CONNECTION_WAIT, now_ns));
}

/* --- Replies --- */

static uint64_t reply_deadline_ns(const struct connection *connection, const struct flight *flight)
{
    return flight->sent_ns + connection->settings->reply_timeout_ns;
}

/* When the reply to FLIGHT is over by silence. */
static uint64_t silence_deadline_ns(const struct connection *connection,
                                    const struct flight *flight)
{
    if (connection->settings->silence_ns == 0 || flight->reply.messages == 0)
        return CLOCK_NEVER;
    return flight->last_ns + connection->settings->silence_ns;
}

/* The first deadline of FLIGHT and those after it. It was sent first: its timeout is the first. */
static uint64_t deadline_from(const struct connection *connection, const struct flight *flight)
{
    uint64_t first_ns = flight ? reply_deadline_ns(connection, flight) : CLOCK_NEVER;
    if (connection->settings->silence_ns == 0)
        return first_ns;
    for (; flight; flight = flights_next(&connection->flights, flight)) {
        uint64_t silence_ns = silence_deadline_ns(connection, flight);
        if (silence_ns < first_ns)
            first_ns = silence_ns;
    }
    return first_ns;
}

uint64_t connection_deadline_ns(const struct connection *connection)
{
    const struct flights *flights = &connection->flights;
    return flights->count ? deadline_from(connection, flights_oldest(flights)) : CLOCK_NEVER;
}

struct connection_step connection_on_reply(struct connection *connection, struct flight *flight,
                                           const struct failure *failure, uint64_t now_ns)
{
    struct flights *flights = &connection->flights;
    connection->any_ended = true;
    if (!failure)
        connection->breaks = 0;
    flights_to_front(flights, flight);
    struct connection_step answer = connection->settings->per_request
                                        ? close_politely(connection, now_ns)
                                        : step(CONNECTION_NEXT,
                                               deadline_from(connection,
                                                             flights_next(flights, flight)));
    answer.ended = 1;
    answer.failure = failure;
    return answer;
}

struct connection_step connection_on_fault(struct connection *connection,
                                           const struct failure *failure, uint64_t now_ns)
{
    return end_all(connection, failure, close_politely(connection, now_ns));
}

struct connection_step connection_on_cut(struct connection *connection,
                                         const struct failure *failure, uint64_t now_ns)
{
    struct connection_step answer = connection_on_fault(connection, failure, now_ns);
    answer.others = &connection->settings->cut_short;
    return answer;
}

struct connection_step connection_on_closed(struct connection *connection,
                                            const struct failure *failure, uint64_t now_ns)
{
    if (connection->fails_setup)
        return back_off(connection, CONNECTION_WAIT, now_ns);
    if (connection->state == CONNECTION_CLOSING)
        return rest(connection, CONNECTION_NEXT);
    if (failure)
        return end_all(connection, failure, back_off(connection, CONNECTION_WAIT, now_ns));
    connection->breaks = 0;
    struct connection_step answer = rest(connection, CONNECTION_NEXT);
    answer.ended = 1;
    return answer;
}

/* --- Deadlines --- */

/* With ids only those that are overdue end, and the connection goes on. */
static struct connection_step end_overdue(struct connection *connection, uint64_t now_ns)
{
    struct connection_step answer = step(CONNECTION_NEXT, CLOCK_NEVER);
    const struct flights *flights = &connection->flights;
    const struct flight *flight = flights_oldest(flights);
    while (flight && reply_deadline_ns(connection, flight) <= now_ns) {
        answer.ended++;
        flight = flights_next(flights, flight);
    }
    answer.deadline_ns = deadline_from(connection, flight);
    answer.failure = answer.others = &connection->settings->no_reply;
    connection->any_ended = true;
    return answer;
}

/* An idle one is free again: the time that the caller let it rest is over. */
static struct connection_step on_deadline_open(struct connection *connection, uint64_t now_ns)
{
    const struct connection_settings *settings = connection->settings;
    const struct flights *flights = &connection->flights;
    if (flights->count == 0)
        return step(CONNECTION_NEXT, CLOCK_NEVER);
    struct flight *oldest = flights_oldest(flights);
    struct flight *silent = oldest;
    while (silent && silence_deadline_ns(connection, silent) > now_ns)
        silent = flights_next(flights, silent);
    if (silent) {
        struct connection_step answer = connection_on_reply(connection, silent, NULL, now_ns);
        answer.silent = true;
        return answer;
    }
    if (reply_deadline_ns(connection, oldest) > now_ns)
        return step(CONNECTION_WAIT, connection_deadline_ns(connection));
    /* It goes on when what still comes is known by its id. The answer to a step has none. */
    if (settings->by_id && !settings->per_request && oldest->awaited == 0)
        return end_overdue(connection, now_ns);
    return connection_on_cut(connection, &settings->no_reply, now_ns);
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
        if (connection->fails_setup)
            return back_off(connection, CONNECTION_DROP, now_ns);
        connection->state = CONNECTION_BACKING_OFF;
        return step(CONNECTION_DROP, now_ns);
    case CONNECTION_BACKING_OFF:
        return rest(connection, CONNECTION_NEXT);
    default: /* none of ours */
        return step(CONNECTION_WAIT, CLOCK_NEVER);
    }
}

/* --- Ends --- */

struct connection_step connection_retire(struct connection *connection, uint64_t now_ns)
{
    connection->retiring = true;
    if (connection->flights.count > 0)
        return step(CONNECTION_WAIT, connection_deadline_ns(connection));
    connection->rotated = true;
    return close_politely(connection, now_ns);
}

struct connection_step connection_finish(struct connection *connection, uint64_t now_ns)
{
    switch (connection->state) {
    case CONNECTION_SETTING_UP:
    case CONNECTION_OPEN:
        return close_politely(connection, now_ns);
    case CONNECTION_OPENING:
        return rest(connection, CONNECTION_DROP);
    case CONNECTION_CLOSING:
        return step(CONNECTION_WAIT, now_ns + CONNECTION_CLOSE_WAIT_NS);
    default:
        return rest(connection, CONNECTION_WAIT);
    }
}
