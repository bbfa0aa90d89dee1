#include "worker_internal.h"

#include <string.h>

/* A socket that does not take what was sent is looked at again after this. */
#define CONGESTED_NS NS_PER_MS

void seat_arm(struct worker *worker, struct seat *seat, uint64_t deadline_ns)
{
    /* Cannot fail: room for every seat was reserved. */
    (void)deadlines_arm(&worker->deadlines, &seat->deadline, deadline_ns);
    worker_wake_by(worker, deadline_ns);
}

uint64_t seat_idle_deadline_ns(const struct worker *worker, const struct seat *seat)
{
    uint64_t keepalive_ns = worker->plan->keepalive_ns;
    uint64_t deadline_ns = CLOCK_NEVER;
    if (!worker->watches_idle || !connection_is_idle(&seat->connection))
        return CLOCK_NEVER;
    if (seat->rest_until_ns)
        deadline_ns = seat->rest_until_ns; /* it is not replaced before that is over */
    else if (worker_is_sending(worker))
        deadline_ns = seat->retire_ns;
    if (keepalive_ns)
        deadline_ns = earlier(deadline_ns, seat->active_ns + keepalive_ns);
    return deadline_ns;
}

/* --- Sending --- */

void seat_send(struct worker *worker, struct seat *seat, size_t length, uint64_t now)
{
    seat->active_ns = now;
    recorder_message_sent(worker->recorder, length);
    worker->transport->ops->send(worker->transport, seat->id, worker_message(worker), length);
}

void flight_send(struct worker *worker, struct seat *seat, struct flight *flight, size_t length)
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

/* Whether the socket of a run without replies has not taken yet what was sent. */
static bool is_congested(const struct worker *worker, const struct seat *seat)
{
    return worker->plan->reply_rules.one_way &&
           worker->transport->ops->congested(worker->transport, seat->id);
}

/* Nothing comes back, so it is over. In a closed run the next one follows from the loop, when it is
 * time and the socket takes it; in an open run the seat is free as it is. */
static void end_one_way(struct worker *worker, struct seat *seat, struct flight *flight)
{
    const struct plan *plan = worker->plan;
    uint64_t now = flight->sent_ns;
    uint64_t rest_ns = 1 + think_time_ns(&plan->think, plan->seed, flight->request.seq);
    struct connection_step step = connection_on_reply(&seat->connection, flight, NULL, now);
    seat_record_end(worker, seat, &step, now, (struct text){0});
    if (step.action == CONNECTION_NEXT) {
        step.action = CONNECTION_WAIT;
        if (plan->model == LOAD_CLOSED || is_congested(worker, seat))
            seat->rest_until_ns = now + rest_ns;
    }
    seat_act(worker, seat, &step, now);
}

static void ask(struct worker *worker, struct seat *seat, struct flight *flight)
{
    struct template_values values = plan_request_values(worker->plan, seat_number(worker, seat),
                                                        flight->request.seq);
    flight_send(worker, seat, flight,
                plan_render(worker->plan->message, &values, worker_message(worker)));
    if (worker->plan->reply_rules.one_way)
        end_one_way(worker, seat, flight);
}

void flight_go_on(struct worker *worker, struct seat *seat, struct flight *flight)
{
    if (steps_before_request(worker, seat, flight))
        ask(worker, seat, flight);
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
    flight_go_on(worker, seat, flight);
}

void seat_keep_alive(struct worker *worker, struct seat *seat, uint64_t now)
{
    struct text text = worker->plan->keepalive;
    memcpy(worker_message(worker), text.data, text.length);
    worker->recorder->keepalives++;
    seat_send(worker, seat, text.length, now);
}

/* --- Acting --- */

void seat_act(struct worker *worker, struct seat *seat, const struct connection_step *step,
              uint64_t now)
{
    const struct transport_ops *ops = worker->transport->ops;
    seat_arm(worker, seat, earlier(step->deadline_ns, seat_idle_deadline_ns(worker, seat)));
    switch (step->action) {
    case CONNECTION_WAIT:
        break;
    case CONNECTION_START:
        opening_started(worker, now);
        ops->open(worker->transport, seat->id);
        break;
    case CONNECTION_SETUP:
        steps_begin(worker, seat);
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

void seat_ready(struct worker *worker, struct seat *seat, const struct connection_step *step,
                uint64_t now)
{
    seat_act(worker, seat, step, now);
    if (step->action == CONNECTION_SEND && connection_is_free(&seat->connection))
        seat_next(worker, seat, now); /* that one was not all that it has room for */
    seat_settled(worker, seat);
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

/* --- What a free seat does next, by the model of the load --- */

bool seat_is_free(const struct worker *worker, const struct seat *seat)
{
    return connection_is_free(&seat->connection) && !is_congested(worker, seat);
}

/* As many prompts as it has room for. */
static void give_prompts(struct worker *worker, struct seat *seat, uint64_t now)
{
    struct request request;
    while (seat_is_free(worker, seat) && seat->rest_until_ns == 0) {
        if (!schedule_take(&worker->schedule, now, &request)) {
            worker_maybe_finish(worker);
            return;
        }
        recorder_account(worker->recorder, request.due_ns)->planned++;
        seat_assign(worker, seat, request, false, now);
    }
}

static void next_closed(struct worker *worker, struct seat *seat, uint64_t now)
{
    bool open = seat->connection.state == CONNECTION_OPEN;
    if (!worker_is_sending(worker))
        return;
    if (seat->id < worker->active && open)
        give_prompts(worker, seat, now);
    else if (seat->id < worker->active)
        seat_open_soon(worker, seat, now);
    else if (connection_is_idle(&seat->connection))
        seat_finish(worker, seat, now);
}

/* A broken connection comes back for the requests that wait or will be due. */
static void next_open(struct worker *worker, struct seat *seat, uint64_t now)
{
    if (seat->connection.state == CONNECTION_OPEN)
        pacing_seat_free(worker, seat, now);
    else if (worker_needs_connections(worker))
        seat_open_soon(worker, seat, now);
}

/* One that was lost stays lost: how many stay up is what is asked. One that was replaced comes
 * back. */
static void next_held(struct worker *worker, struct seat *seat, uint64_t now)
{
    if (seat->connection.state != CONNECTION_OPEN && seat->connection.rotated &&
        worker_is_sending(worker))
        seat_open_soon(worker, seat, now);
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

static void next_by_model(struct worker *worker, struct seat *seat, uint64_t now)
{
    switch (worker->plan->model) {
    case LOAD_CLOSED:
        next_closed(worker, seat, now);
        break;
    case LOAD_OPEN:
        next_open(worker, seat, now);
        break;
    case LOAD_HOLD:
        next_held(worker, seat, now);
        break;
    }
}

void seat_next(struct worker *worker, struct seat *seat, uint64_t now)
{
    if (!worker->watches_idle) {
        next_by_model(worker, seat, now);
        return;
    }
    if (retires(worker, seat, now))
        return;
    if (connection_is_idle(&seat->connection) && is_congested(worker, seat))
        seat->rest_until_ns = now + CONGESTED_NS;
    else
        next_by_model(worker, seat, now);
    if (connection_is_idle(&seat->connection))
        seat_arm(worker, seat, seat_idle_deadline_ns(worker, seat));
}
