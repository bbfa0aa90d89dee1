#include "worker_internal.h"

#include <string.h>

#include "wsload/protocol/json_text.h"

/* A socket that does not take what was sent is looked at again after this. */
#define CONGESTED_NS NS_PER_MS

/* --- Sending --- */

void seat_arm(struct worker *worker, struct seat *seat, uint64_t deadline_ns)
{
    /* Cannot fail: room for every seat was reserved. */
    (void)deadlines_arm(&worker->deadlines, &seat->deadline, deadline_ns);
    if (deadline_ns >= worker->wake_ns)
        return;
    worker->wake_ns = deadline_ns;
    worker->transport->ops->wake_at(worker->transport, deadline_ns);
}

/* Hands the first LENGTH bytes of worker_message() to the socket at NOW. */
static void seat_send(struct worker *worker, struct seat *seat, size_t length, uint64_t now)
{
    seat->active_ns = now;
    recorder_message_sent(worker->recorder, length);
    worker->transport->ops->send(worker->transport, seat->id, worker_message(worker), length);
}

/* The same for FLIGHT, the newest request; its first message is when it was sent. */
static void flight_send(struct worker *worker, struct seat *seat, struct flight *flight,
                        size_t length)
{
    uint64_t now = worker_now_ns(worker);
    flight->sent_read = worker->transport->ops->reads(worker->transport, seat->id);
    if (flight->sent_ns == 0) {
        struct connection_step step = connection_sent(&seat->connection, now);
        seat_arm(worker, seat, step.deadline_ns);
        recorder_request_sent(worker->recorder, flight->request.due_ns, now, seat->waited);
    }
    seat_send(worker, seat, length, now);
}

/* --- What is said --- */

const struct step *steps_awaited(const struct worker *worker, const struct seat *seat)
{
    const struct flights *flights = &seat->connection.flights;
    const struct steps *steps = worker->plan->steps;
    if (seat->connection.state == CONNECTION_SETTING_UP)
        return &steps->on_connect.items[seat->step];
    if (flights->count == 0 || flights_oldest(flights)->awaited == 0)
        return NULL;
    return &steps->before_request.items[flights_oldest(flights)->awaited - 1u];
}

/* Puts the next part of the text that STEP is split from into VALUES. Whether it is the last. */
static bool take_part(struct worker *worker, const struct step *step, struct flight *flight,
                      struct template_values *values)
{
    struct text whole = {worker->parted, plan_render(&step->parts_of, values, worker->parted)};
    struct text part = step_part(whole, flight->part_at, step->part_characters);
    buffer_clear(&worker->part);
    /* Cannot fail: it was given room for the longest. */
    (void)json_escape(&worker->part, part);
    values->part = buffer_text(&worker->part);
    values->part_index = flight->part++;
    flight->part_at += part.length;
    return flight->part_at >= whole.length;
}

static void say_step(struct worker *worker, struct seat *seat, struct flight *flight,
                     const struct step *step)
{
    struct template_values values = plan_request_values(worker->plan, seat_number(worker, seat),
                                                        flight->request.seq);
    if (!step->parted || take_part(worker, step, flight, &values)) {
        flight->step++;
        flight->part_at = flight->part = 0;
    }
    flight_send(worker, seat, flight, plan_render(&step->message, &values, worker_message(worker)));
}

/* --- The state of a seat --- */

/* When the idle seat has something to do; CLOCK_NEVER: it has nothing, or is not idle. */
static uint64_t idle_deadline_ns(const struct worker *worker, const struct seat *seat)
{
    uint64_t keepalive_ns = worker->plan->keepalive_ns;
    uint64_t deadline_ns = CLOCK_NEVER;
    if (!worker->watches_idle || !connection_is_idle(&seat->connection))
        return CLOCK_NEVER;
    if (seat->rest_until_ns)
        deadline_ns = seat->rest_until_ns; /* it is not replaced before that is over */
    else if (run_clock_is_sending(&worker->clock))
        deadline_ns = seat->retire_ns;
    if (keepalive_ns)
        deadline_ns = u64_min(deadline_ns, seat->active_ns + keepalive_ns);
    return deadline_ns;
}

/* Whether the socket of a run without replies has not taken yet what was sent. */
static bool is_congested(const struct worker *worker, const struct seat *seat)
{
    return worker->plan->reply_rules.one_way &&
           worker->transport->ops->congested(worker->transport, seat->id);
}

bool seat_is_free(const struct worker *worker, const struct seat *seat)
{
    return connection_is_free(&seat->connection) && !is_congested(worker, seat);
}

void seat_settled(struct worker *worker, struct seat *seat)
{
    if (seat->settled)
        return;
    seat->settled = true;
    opener_first_ended(&worker->opener);
}

/* --- A request --- */

/* Nothing comes back, so it is over. A connection that takes its requests itself has the next one
 * from the loop, when it is time and the socket takes it; else it is free as it is. */
static void end_one_way(struct worker *worker, struct seat *seat, struct flight *flight)
{
    const struct plan *plan = worker->plan;
    uint64_t now = flight->sent_ns;
    uint64_t rest_ns = 1 + think_time_ns(&plan->load.think, plan->load.seed, flight->request.seq);
    struct connection_step step = connection_on_reply(&seat->connection, flight, NULL, now);
    record_end(worker, seat, &step, now, (struct text){0});
    if (step.action == CONNECTION_NEXT) {
        step.action = CONNECTION_WAIT;
        if (plan->load.model != LOAD_OPEN || is_congested(worker, seat))
            seat->rest_until_ns = now + rest_ns;
    }
    seat_act(worker, seat, &step, now);
}

/* Says what comes next of FLIGHT, the newest request, from where it stands: the steps before it up
 * to one that is answered, or its own message after them. */
static void say(struct worker *worker, struct seat *seat, struct flight *flight)
{
    const struct steps *steps = worker->plan->steps;
    while (steps && flight->step < steps->before_request.count) {
        uint8_t index = flight->step;
        const struct step *step = &steps->before_request.items[index];
        say_step(worker, seat, flight, step);
        if (step->waits) {
            flight->awaited = (uint8_t)(index + 1);
            return;
        }
    }
    struct template_values values = plan_request_values(worker->plan, seat_number(worker, seat),
                                                        flight->request.seq);
    flight_send(worker, seat, flight,
                plan_render(worker->plan->message, &values, worker_message(worker)));
    if (worker->plan->reply_rules.one_way)
        end_one_way(worker, seat, flight);
}

static void begin_request(struct worker *worker, struct seat *seat)
{
    struct flight *flight = flights_newest(&seat->connection.flights);
    const struct request *request = &flight->request;
    flight->reply.keeps_text = worker->stream &&
                               (worker->keeps_text ||
                                recorder_wants_sample(worker->recorder, request->seq,
                                                      request->due_ns));
    flight->reply.keeps_lines = !worker->joins_text;
    say(worker, seat, flight);
}

/* --- Steps --- */

void seat_ready(struct worker *worker, struct seat *seat, const struct connection_step *step,
                uint64_t now)
{
    seat_act(worker, seat, step, now);
    if (step->action == CONNECTION_SEND && connection_is_free(&seat->connection))
        seat_next(worker, seat, now); /* that one was not all that it has room for */
    seat_settled(worker, seat);
}

/* Says the steps of a new connection from seat->step on, up to one that is answered; after the last
 * it is ready for requests. */
static void set_up(struct worker *worker, struct seat *seat)
{
    const struct step_list *list = &worker->plan->steps->on_connect;
    struct template_values values = plan_connection_values(worker->plan, seat_number(worker, seat));
    for (; seat->step < list->count; seat->step++) {
        const struct step *step = &list->items[seat->step];
        uint64_t now = worker_now_ns(worker);
        if (step->sends)
            seat_send(worker, seat, plan_render(&step->message, &values, worker_message(worker)),
                      now);
        if (step->waits) {
            seat_arm(worker, seat, now + worker->settings.reply_timeout_ns);
            return;
        }
    }
    struct connection_step step = connection_on_ready(&seat->connection);
    seat_ready(worker, seat, &step, worker_now_ns(worker));
}

void seat_answered(struct worker *worker, struct seat *seat)
{
    struct flight *flight = flights_oldest(&seat->connection.flights);
    if (seat->connection.state == CONNECTION_SETTING_UP) {
        seat->step++;
        set_up(worker, seat);
        return;
    }
    flight->awaited = 0;
    say(worker, seat, flight);
    if (connection_is_idle(&seat->connection)) /* nothing comes back: it was one-way */
        seat_next(worker, seat, worker_now_ns(worker));
}

void seat_set_up_failed(struct worker *worker, struct seat *seat, const struct failure *failure)
{
    uint64_t now = worker_now_ns(worker);
    struct connection_step step = connection_on_setup_failed(&seat->connection, failure, now);
    seat_end(worker, seat, &step, now);
    seat_settled(worker, seat);
}

/* --- Acting --- */

void seat_act(struct worker *worker, struct seat *seat, const struct connection_step *step,
              uint64_t now)
{
    const struct transport_ops *ops = worker->transport->ops;
    seat_arm(worker, seat, u64_min(step->deadline_ns, idle_deadline_ns(worker, seat)));
    switch (step->action) {
    case CONNECTION_WAIT:
        break;
    case CONNECTION_START:
        opener_began(&worker->opener, now);
        ops->open(worker->transport, seat->id);
        break;
    case CONNECTION_SETUP:
        seat->step = 0;
        set_up(worker, seat);
        break;
    case CONNECTION_SEND:
        begin_request(worker, seat);
        break;
    case CONNECTION_CLOSE:
        ops->close(worker->transport, seat->id);
        break;
    case CONNECTION_DROP:
        ops->drop(worker->transport, seat->id);
        break;
    case CONNECTION_NEXT:
        seat_next(worker, seat, now);
        break;
    }
}

void seat_end(struct worker *worker, struct seat *seat, const struct connection_step *step,
              uint64_t now)
{
    record_end(worker, seat, step, now, (struct text){0});
    seat_act(worker, seat, step, now);
}

void seat_assign(struct worker *worker, struct seat *seat, struct request request, bool waited,
                 uint64_t now)
{
    worker->outstanding++;
    seat->waited = waited;
    struct connection_step step = connection_assign(&seat->connection, request, now);
    seat_act(worker, seat, &step, now);
}

void seat_finish(struct worker *worker, struct seat *seat, uint64_t now)
{
    struct connection_step step = connection_finish(&seat->connection, now);
    seat_act(worker, seat, &step, now);
}

/* --- What a free seat does next --- */

bool seat_take(struct worker *worker, struct seat *seat, uint64_t now)
{
    struct request request;
    bool waited;
    if (!source_take(&worker->source, now, &request, &waited))
        return false;
    if (!waited)
        recorder_count_request(worker->recorder, COUNT_PLANNED, request.due_ns);
    seat_assign(worker, seat, request, waited, now);
    return true;
}

/* Replaces a connection that is old enough. Whether it is. */
static bool retires(struct worker *worker, struct seat *seat, uint64_t now)
{
    if (now < seat->retire_ns || seat->connection.state != CONNECTION_OPEN ||
        !worker_needs_connections(worker))
        return false;
    struct connection_step step = connection_retire(&seat->connection, now);
    seat_act(worker, seat, &step, now);
    return true;
}

static void go_on(struct worker *worker, struct seat *seat, uint64_t now)
{
    bool open = seat->connection.state == CONNECTION_OPEN;
    bool wanted = seat->id < worker->active;
    if (open && wanted) {
        /* As many requests as there are and as it has room for; then it waits for what arrives. */
        while (seat->rest_until_ns == 0 && seat_is_free(worker, seat))
            if (!seat_take(worker, seat, now)) {
                list_append(&worker->free, &seat->free);
                return;
            }
    } else if (wanted && worker_needs_connections(worker) &&
               source_wants_back(&worker->source, seat->connection.rotated)) {
        opener_add(&worker->opener, &seat->pending, now);
    } else if (!wanted && run_clock_is_sending(&worker->clock) &&
               connection_is_idle(&seat->connection)) {
        seat_finish(worker, seat, now);
    }
}

void seat_next(struct worker *worker, struct seat *seat, uint64_t now)
{
    if (!worker->watches_idle) {
        go_on(worker, seat, now);
        return;
    }
    if (retires(worker, seat, now))
        return;
    if (connection_is_idle(&seat->connection) && is_congested(worker, seat))
        seat->rest_until_ns = now + CONGESTED_NS;
    else
        go_on(worker, seat, now);
    if (connection_is_idle(&seat->connection))
        seat_arm(worker, seat, idle_deadline_ns(worker, seat));
}

void seat_idle(struct worker *worker, struct seat *seat, uint64_t now)
{
    const struct plan *plan = worker->plan;
    if (plan->keepalive_ns && now >= seat->active_ns + plan->keepalive_ns) {
        memcpy(worker_message(worker), plan->keepalive.data, plan->keepalive.length);
        recorder_count(worker->recorder, COUNT_KEEPALIVES);
        seat_send(worker, seat, plan->keepalive.length, now);
    }
    if (now < seat->rest_until_ns) {
        seat_arm(worker, seat, idle_deadline_ns(worker, seat));
        return;
    }
    seat->rest_until_ns = 0;
    seat_next(worker, seat, now);
}
