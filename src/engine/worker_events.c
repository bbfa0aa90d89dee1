#include "worker_internal.h"

#include <string.h>

#include "wsload/protocol/gateway.h"

/* How much earlier than --max-lifetime a connection may be replaced, so that those that opened
 * together do not all come back together. */
#define LIFETIME_JITTER 10 /* a tenth */

/* API Gateway's clock and ours do not start at the same moment. */
#define GATEWAY_SLACK_NS (5 * NS_PER_S)

/* --- Reports of the transport --- */

static void begin_life(struct worker *worker, struct seat *seat, uint64_t now)
{
    uint64_t lifetime_ns = worker->plan->max_lifetime_ns;
    seat->active_ns = now;
    seat->rest_until_ns = 0;
    seat->retire_ns = CLOCK_NEVER;
    if (lifetime_ns)
        seat->retire_ns = now + random_between(&worker->random,
                                               lifetime_ns - lifetime_ns / LIFETIME_JITTER,
                                               lifetime_ns);
}

/* Where each request has a connection of its own, each opens for the first time. */
static enum opening kind_of_opening(const struct worker *worker, const struct seat *seat)
{
    const struct plan *plan = worker->plan;
    if (seat->connection.rotated)
        return OPENING_ROTATED;
    if (!seat->connection.opened_before || plan->connection_per_request ||
        plan->reply_rules.end_on_close)
        return OPENING_FIRST;
    return OPENING_AGAIN;
}

static void on_opened(void *user, uint32_t id, const struct connect_times *times)
{
    struct worker *worker = user;
    struct seat *seat = worker_seat(worker, id);
    uint64_t now = worker_now_ns(worker);
    recorder_connection_opened(worker->recorder, times, kind_of_opening(worker, seat));
    worker->open++;
    begin_life(worker, seat, now);
    struct connection_step step = connection_on_opened(&seat->connection, now);
    opening_ended(worker);
    if (step.action == CONNECTION_SETUP)
        seat_act(worker, seat, &step, now);
    else
        seat_ready(worker, seat, &step, now);
    worker_open_more(worker);
}

static void attempt_failed(struct worker *worker, struct seat *seat, struct connection_step step,
                           uint64_t now)
{
    worker->recorder->connections.failed++;
    seat_record_end(worker, seat, &step, now, (struct text){0});
    seat_act(worker, seat, &step, now);
    opening_ended(worker);
    seat_settled(worker, seat);
    worker_open_more(worker);
    worker_maybe_finish(worker);
}

static void on_failed(void *user, uint32_t id, const struct failure *failure)
{
    struct worker *worker = user;
    struct seat *seat = worker_seat(worker, id);
    uint64_t now = worker_now_ns(worker);
    attempt_failed(worker, seat, connection_on_failed(&seat->connection, failure, now), now);
}

static void on_message(void *user, uint32_t id, struct text message, bool binary)
{
    struct worker *worker = user;
    seat_message(worker, worker_seat(worker, id), message, binary);
}

/* A socket is no more. */
static void lost(struct worker *worker, const struct seat *seat, uint64_t now)
{
    worker->open--;
    worker->recorder->traffic.connected_ns += now - seat->connection.opened_ns;
}

/* API Gateway says 1001 for both of its limits; the clock says which one it was. */
static void name_going_away(const struct seat *seat, struct failure *failure, uint64_t now)
{
    if (failure->kind != FAILURE_CLOSED || strcmp(failure->detail, "1001") != 0)
        return;
    if (now + GATEWAY_SLACK_NS >= seat->connection.opened_ns + GATEWAY_LIFE_NS)
        failure->detail = "1001 lifetime";
    else if (now + GATEWAY_SLACK_NS >= seat->active_ns + GATEWAY_IDLE_NS)
        failure->detail = "1001 idle";
}

static void on_ended(struct worker *worker, struct seat *seat, struct connection_step *step,
                     uint64_t now)
{
    seat_record_end(worker, seat, step, now, (struct text){0});
    seat_act(worker, seat, step, now);
    seat_settled(worker, seat);
    worker_maybe_finish(worker);
    worker_stop_if_closed(worker);
}

/* The server's close was the end of a reply, and no loss. */
static void on_closing_reply(struct worker *worker, struct seat *seat, uint64_t now)
{
    struct failure failure;
    const struct flight *flight = flights_oldest(&seat->connection.flights);
    bool failed = reply_failed(&flight->reply, &worker->plan->reply_rules, (struct text){0}, NULL,
                               &failure);
    struct connection_step step = connection_on_closed(&seat->connection, NULL, now);
    step.failure = failed ? &failure : NULL;
    on_ended(worker, seat, &step, now);
}

static void on_closed(void *user, uint32_t id, const struct failure *failure)
{
    struct worker *worker = user;
    struct seat *seat = worker_seat(worker, id);
    struct failure named = *failure;
    uint64_t now = worker_now_ns(worker);
    lost(worker, seat, now);
    if (reply_ends_by_close(worker, seat, failure)) {
        on_closing_reply(worker, seat, now);
        return;
    }
    if (seat->connection.state != CONNECTION_CLOSING && failure->kind != FAILURE_PROTOCOL) {
        worker->recorder->connections.closed_by_server++;
        histogram_record(&worker->recorder->lifetime, now - seat->connection.opened_ns);
    }
    name_going_away(seat, &named, now);
    struct connection_step step = connection_on_closed(&seat->connection, &named, now);
    on_ended(worker, seat, &step, now);
}

/* --- Deadlines --- */

/* An idle connection has rested enough, or has to be kept alive or replaced. */
static void on_idle(struct worker *worker, struct seat *seat, uint64_t now)
{
    uint64_t keepalive_ns = worker->plan->keepalive_ns;
    if (keepalive_ns && now >= seat->active_ns + keepalive_ns)
        seat_keep_alive(worker, seat, now);
    if (now < seat->rest_until_ns) {
        seat_arm(worker, seat, seat_idle_deadline_ns(worker, seat));
        return;
    }
    seat->rest_until_ns = 0;
    seat_next(worker, seat, now);
}

static void on_overdue(struct worker *worker, struct seat *seat, uint64_t now)
{
    struct connection_step step = connection_on_deadline(&seat->connection, now);
    if (step.action == CONNECTION_DROP)
        lost(worker, seat, now);
    if (step.silent) {
        seat_silent(worker, seat, &step, now);
        return;
    }
    seat_record_end(worker, seat, &step, now, (struct text){0});
    seat_act(worker, seat, &step, now);
}

void seat_deadline(struct worker *worker, struct seat *seat, uint64_t now)
{
    if (seat->connection.state == CONNECTION_OPENING)
        attempt_failed(worker, seat, connection_on_deadline(&seat->connection, now), now);
    else if (seat->connection.state == CONNECTION_SETTING_UP)
        steps_on_timeout(worker, seat);
    else if (connection_is_idle(&seat->connection))
        on_idle(worker, seat, now);
    else
        on_overdue(worker, seat, now);
}

static void on_woken(void *user)
{
    worker_woken(user);
}

const struct transport_events worker_events = {
    .opened = on_opened,
    .failed = on_failed,
    .message = on_message,
    .closed = on_closed,
    .woken = on_woken,
};
