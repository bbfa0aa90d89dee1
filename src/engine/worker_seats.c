#include "worker_internal.h"

#include <string.h>

/* Sets the one deadline of the seat. */
static void arm(struct worker *worker, struct seat *seat, uint64_t deadline_ns)
{
    /* Cannot fail: room for every seat was reserved. */
    (void)deadlines_arm(&worker->deadlines, &seat->deadline, deadline_ns);
    worker_wake_by(worker, deadline_ns);
}

static const struct prompt *prompt_of(const struct worker *worker, uint64_t seq)
{
    const struct prompts *prompts = worker->plan->prompts;
    return &prompts->items[seq % prompts->count];
}

static void send_request(struct worker *worker, struct seat *seat)
{
    const struct plan *plan = worker->plan;
    const struct request *request = connection_newest(&seat->connection);
    struct template_values values = plan_template_values(plan, prompt_of(worker, request->seq),
                                                         request->seq);
    char *message = worker->scratch + TRANSPORT_HEADROOM;
    size_t length = template_render(plan->message, &values, message);

    uint64_t sent_ns = worker_now_ns(worker);
    struct connection_step step = connection_sent(&seat->connection, sent_ns);
    arm(worker, seat, step.deadline_ns);
    recorder_request_sent(worker->recorder, request->due_ns, sent_ns, seat->waited);
    worker->transport->ops->send(worker->transport, seat->id, message, length);
}

/* Takes the ended requests off the connection and writes them down. */
static void record_end(struct worker *worker, struct seat *seat, const struct connection_step *step,
                       uint64_t done_ns, struct text reply)
{
    const struct failure *failure = step->failure;
    if (step->ended == 0 && failure)
        recorder_connection_failed(worker->recorder, failure);
    for (unsigned i = 0; i < step->ended; i++, failure = step->others) {
        struct flight flight = connection_pop(&seat->connection);
        struct request_outcome outcome = {
            .seq = flight.request.seq,
            .due_ns = flight.request.due_ns,
            .sent_ns = flight.sent_ns,
            .done_ns = done_ns,
            .failure = failure,
            .prompt = prompt_of(worker, flight.request.seq)->text,
            .reply = reply,
        };
        worker->outstanding--;
        recorder_request_done(worker->recorder, &outcome);
    }
}

void seat_act(struct worker *worker, struct seat *seat, const struct connection_step *step,
              uint64_t now)
{
    const struct transport_ops *ops = worker->transport->ops;
    arm(worker, seat, step->deadline_ns);
    switch (step->action) {
    case CONNECTION_WAIT:
        break;
    case CONNECTION_START:
        opening_started(worker, now);
        ops->open(worker->transport, seat->id);
        break;
    case CONNECTION_SEND:
        send_request(worker, seat);
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

static void next_closed(struct worker *worker, struct seat *seat, uint64_t now)
{
    struct request request;
    bool open = seat->connection.state == CONNECTION_OPEN;
    if (!worker_is_sending(worker))
        return;
    if (seat->id >= worker->active) {
        if (open)
            seat_finish(worker, seat, now);
    } else if (!open) {
        seat_open_soon(worker, seat, now);
    } else if (schedule_take(&worker->schedule, now, &request)) {
        recorder_account(worker->recorder, request.due_ns)->planned++;
        seat_assign(worker, seat, request, false, now);
    } else {
        worker_maybe_finish(worker);
    }
}

/* A broken connection comes back for the requests that wait or will be due. */
static void next_open(struct worker *worker, struct seat *seat, uint64_t now)
{
    if (seat->connection.state == CONNECTION_OPEN)
        pacing_seat_free(worker, seat, now);
    else if (worker_needs_connections(worker))
        seat_open_soon(worker, seat, now);
}

static void send_keepalive(struct worker *worker, struct seat *seat)
{
    struct text text = worker->plan->keepalive;
    char *message = worker->scratch + TRANSPORT_HEADROOM;
    memcpy(message, text.data, text.length);
    worker->recorder->keepalives++;
    worker->transport->ops->send(worker->transport, seat->id, message, text.length);
}

/* One that was lost stays lost: how many stay up is what is asked. */
static void next_held(struct worker *worker, struct seat *seat, uint64_t now)
{
    uint64_t every_ns = worker->plan->keepalive_ns;
    if (seat->connection.state != CONNECTION_OPEN || every_ns == 0)
        return;
    if (now >= seat->connection.opened_ns + every_ns)
        send_keepalive(worker, seat);
    arm(worker, seat, now + every_ns);
}

void seat_next(struct worker *worker, struct seat *seat, uint64_t now)
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

/* --- Reports of the transport --- */

static void on_opened(void *user, uint32_t id, const struct connect_times *times)
{
    struct worker *worker = user;
    struct seat *seat = worker_seat(worker, id);
    bool again = seat->connection.opened_before && !worker->plan->connection_per_request;
    uint64_t now = worker_now_ns(worker);
    recorder_connection_opened(worker->recorder, times, again);
    worker->open++;
    struct connection_step step = connection_on_opened(&seat->connection, now);
    seat_act(worker, seat, &step, now);
    worker_attempt_ended(worker, seat);
    worker_open_more(worker);
}

static void attempt_failed(struct worker *worker, struct seat *seat, struct connection_step step,
                           uint64_t now)
{
    worker->recorder->connections.failed++;
    record_end(worker, seat, &step, now, (struct text){0});
    seat_act(worker, seat, &step, now);
    worker_attempt_ended(worker, seat);
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

/* What is wrong with the message as a reply. False when nothing is. */
static bool message_fails(const struct worker *worker, struct text message, bool binary,
                          struct failure *failure)
{
    static const struct {
        enum failure_kind kind;
        const char *example; /* NULL: the message itself */
    } meanings[] = {
        [REPLY_ERROR] = {FAILURE_ERROR_REPLY, NULL},
        [REPLY_GATEWAY] = {FAILURE_GATEWAY_ERROR, NULL},
        [REPLY_INVALID] = {FAILURE_PROTOCOL, "a text message that is not valid UTF-8"},
    };
    enum reply_judgement judgement = reply_judge(&worker->plan->reply_rules, message, binary);
    if (judgement == REPLY_GOOD)
        return false;
    const char *example = meanings[judgement].example;
    *failure = (struct failure){
        .kind = meanings[judgement].kind,
        .detail = "",
        .example = example ? text_of(example) : message,
    };
    return true;
}

/* A connection of a closed run rests before its next prompt, when that is asked for and it will
 * have one. */
static void think(const struct worker *worker, const struct seat *seat,
                  struct connection_step *step, uint64_t seq, uint64_t now)
{
    const struct plan *plan = worker->plan;
    if (plan->think.law == THINK_NONE || step->action != CONNECTION_NEXT ||
        seat->id >= worker->active)
        return;
    step->action = CONNECTION_WAIT;
    step->deadline_ns = now + think_time_ns(&plan->think, plan->seed, seq);
}

static void on_message(void *user, uint32_t id, struct text message, bool binary)
{
    struct worker *worker = user;
    struct seat *seat = worker_seat(worker, id);
    uint64_t now = worker_now_ns(worker); /* before any work on the message */
    struct failure failure;
    if (!connection_awaits_reply(&seat->connection)) {
        worker->recorder->unsolicited++;
        return;
    }
    bool bad = message_fails(worker, message, binary, &failure);
    uint64_t seq = connection_oldest(&seat->connection)->seq;
    struct connection_step step = connection_on_message(&seat->connection, bad ? &failure : NULL,
                                                        now);
    record_end(worker, seat, &step, now, message);
    think(worker, seat, &step, seq, now);
    seat_act(worker, seat, &step, now);
    if (worker->outstanding == 0)
        worker_maybe_finish(worker);
}

static void on_closed(void *user, uint32_t id, const struct failure *failure)
{
    struct worker *worker = user;
    struct seat *seat = worker_seat(worker, id);
    struct recorder *recorder = worker->recorder;
    uint64_t now = worker_now_ns(worker);
    bool by_us = seat->connection.state == CONNECTION_CLOSING || failure->kind == FAILURE_PROTOCOL;
    worker->open--;
    if (!by_us) {
        recorder->connections.closed_by_server++;
        histogram_record(&recorder->lifetime, now - seat->connection.opened_ns);
    }
    struct connection_step step = connection_on_closed(&seat->connection, failure, now);
    record_end(worker, seat, &step, now, (struct text){0});
    seat_act(worker, seat, &step, now);
    worker_maybe_finish(worker);
    worker_stop_if_closed(worker);
}

void seat_deadline(struct worker *worker, struct seat *seat, uint64_t now)
{
    bool was_opening = seat->connection.state == CONNECTION_OPENING;
    struct connection_step step = connection_on_deadline(&seat->connection, now);
    if (was_opening) {
        attempt_failed(worker, seat, step, now);
        return;
    }
    if (step.action == CONNECTION_DROP)
        worker->open--;
    record_end(worker, seat, &step, now, (struct text){0});
    seat_act(worker, seat, &step, now);
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
