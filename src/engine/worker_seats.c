#include "worker_internal.h"

static uint32_t seat_id(const struct worker *worker, const struct seat *seat)
{
    return (uint32_t)(seat - worker->seats);
}

/* Sets the one deadline of the seat. */
static void arm(struct worker *worker, struct seat *seat, uint64_t deadline_ns)
{
    /* Cannot fail: room for every seat was reserved. */
    (void)deadlines_arm(&worker->deadlines, &seat->deadline, deadline_ns);
    worker_wake_by(worker, deadline_ns);
}

static void send_request(struct worker *worker, struct seat *seat)
{
    const struct plan *plan = worker->plan;
    const struct request *request = &seat->connection.request;
    const struct prompt *prompt = &plan->prompts->items[request->prompt_index];
    struct template_values values = plan_template_values(plan, prompt, request->seq);
    char *message = worker->scratch + TRANSPORT_HEADROOM;
    size_t length = template_render(plan->message, &values, message);

    uint64_t sent_ns = worker_now_ns(worker);
    struct connection_step step = connection_sent(&seat->connection, sent_ns);
    arm(worker, seat, step.deadline_ns);
    worker->recorder->sent++;
    worker->transport->ops->send(worker->transport, seat_id(worker, seat), message, length);
}

static void record_end(struct worker *worker, const struct connection_step *step, uint64_t done_ns,
                       struct text reply)
{
    if (!step->request_ended) {
        if (step->failure)
            recorder_connection_failed(worker->recorder, step->failure);
        return;
    }
    worker->outstanding--;
    struct request_outcome outcome = {
        .seq = step->request.seq,
        .sent_ns = step->sent_ns,
        .done_ns = done_ns,
        .failure = step->failure,
        .prompt = worker->plan->prompts->items[step->request.prompt_index].text,
        .reply = reply,
    };
    recorder_request_done(worker->recorder, &outcome);
}

void seat_act(struct worker *worker, struct seat *seat, const struct connection_step *step,
              uint64_t now_ns)
{
    const struct transport_ops *ops = worker->transport->ops;
    uint32_t id = seat_id(worker, seat);
    arm(worker, seat, step->deadline_ns);
    switch (step->action) {
    case CONNECTION_WAIT:
        break;
    case CONNECTION_OPEN:
        worker->opening++;
        ops->open(worker->transport, id);
        break;
    case CONNECTION_SEND:
        send_request(worker, seat);
        break;
    case CONNECTION_CLOSE:
        ops->close(worker->transport, id);
        break;
    case CONNECTION_DROP:
        ops->drop(worker->transport, id);
        break;
    case CONNECTION_NEXT:
        seat_next(worker, seat, now_ns);
        break;
    }
}

/* A seat that rests has no deadline and no socket, so nothing queues it twice. */
static void queue_seat(struct worker *worker, struct seat *seat)
{
    uint32_t id = seat_id(worker, seat);
    seat->next_queued = NO_SEAT;
    if (worker->queue_head == NO_SEAT)
        worker->queue_head = id;
    else
        worker->seats[worker->queue_tail].next_queued = id;
    worker->queue_tail = id;
}

static struct seat *unqueue_seat(struct worker *worker)
{
    if (worker->queue_head == NO_SEAT)
        return NULL;
    struct seat *seat = &worker->seats[worker->queue_head];
    worker->queue_head = seat->next_queued;
    return seat;
}

void seat_next(struct worker *worker, struct seat *seat, uint64_t now_ns)
{
    struct request request;
    if (worker->phase != PHASE_RUNNING)
        return;
    bool closed = seat->connection.state == CONNECTION_RESTING;
    if (closed && worker->opening >= WORKER_HANDSHAKES_MAX) {
        queue_seat(worker, seat);
        return;
    }
    if (!schedule_take(&worker->schedule, now_ns, &request)) {
        worker_maybe_finish(worker);
        return;
    }
    worker->outstanding++;
    struct connection_step step = connection_assign(&seat->connection, request, now_ns);
    seat_act(worker, seat, &step, now_ns);
}

static void first_open(struct worker *worker)
{
    struct seat *seat = &worker->seats[worker->first_opens++];
    uint64_t now = worker_now_ns(worker);
    struct connection_step step = connection_open(&seat->connection, now);
    seat_act(worker, seat, &step, now);
}

void worker_open_more(struct worker *worker)
{
    if (worker->opening_more)
        return; /* an attempt failed while it was being started: the loop below goes on */
    worker->opening_more = true;
    while (worker->opening < WORKER_HANDSHAKES_MAX) {
        struct seat *seat = NULL;
        if (worker->phase == PHASE_OPENING && worker->first_opens < worker->seat_count)
            first_open(worker);
        else if (worker->phase == PHASE_RUNNING && (seat = unqueue_seat(worker)))
            seat_next(worker, seat, worker_now_ns(worker));
        else
            break;
    }
    worker->opening_more = false;
}

/* An attempt to open has ended, well or badly. */
static void opening_ended(struct worker *worker, struct seat *seat)
{
    worker->opening--;
    if (seat->settled)
        return;
    seat->settled = true;
    if (++worker->settled == worker->seat_count)
        worker_all_settled(worker);
}

/* --- Reports of the transport --- */

static void on_opened(void *user, uint32_t id)
{
    struct worker *worker = user;
    struct seat *seat = &worker->seats[id];
    bool again = seat->connection.opened_before && !worker->plan->connection_per_request;
    uint64_t now = worker_now_ns(worker);
    recorder_connection_opened(worker->recorder, now - seat->connection.opening_ns, again);
    worker->open++;
    struct connection_step step = connection_on_opened(&seat->connection);
    seat_act(worker, seat, &step, now);
    opening_ended(worker, seat);
    worker_open_more(worker);
}

static void attempt_failed(struct worker *worker, struct seat *seat, struct connection_step step,
                           uint64_t now)
{
    worker->recorder->connections.failed++;
    record_end(worker, &step, now, (struct text){0});
    seat_act(worker, seat, &step, now);
    opening_ended(worker, seat);
    worker_open_more(worker);
    worker_maybe_finish(worker);
}

static void on_failed(void *user, uint32_t id, const struct failure *failure)
{
    struct worker *worker = user;
    struct seat *seat = &worker->seats[id];
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

static void on_message(void *user, uint32_t id, struct text message, bool binary)
{
    struct worker *worker = user;
    struct seat *seat = &worker->seats[id];
    uint64_t now = worker_now_ns(worker); /* before any work on the message */
    if (seat->connection.state != CONNECTION_AWAITING) {
        worker->recorder->unsolicited++;
        return;
    }
    struct failure failure;
    bool bad = message_fails(worker, message, binary, &failure);
    struct connection_step step = connection_on_message(&seat->connection, bad ? &failure : NULL,
                                                        now);
    record_end(worker, &step, now, message);
    seat_act(worker, seat, &step, now);
    if (worker->outstanding == 0)
        worker_maybe_finish(worker);
}

static void on_closed(void *user, uint32_t id, const struct failure *failure)
{
    struct worker *worker = user;
    struct seat *seat = &worker->seats[id];
    uint64_t now = worker_now_ns(worker);
    bool by_us = seat->connection.state == CONNECTION_CLOSING || failure->kind == FAILURE_PROTOCOL;
    worker->open--;
    if (!by_us)
        worker->recorder->connections.closed_by_server++;
    struct connection_step step = connection_on_closed(&seat->connection, failure, now);
    record_end(worker, &step, now, (struct text){0});
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
    record_end(worker, &step, now, (struct text){0});
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
