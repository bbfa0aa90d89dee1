#include "worker_internal.h"

#include <string.h>

#include "wsload/protocol/json_text.h"

/* A socket that does not take what was sent is looked at again after this. */
#define CONGESTED_NS NS_PER_MS

/* --- Sending --- */

void slot_arm(struct worker *worker, struct slot *slot, uint64_t deadline_ns)
{
    /* Cannot fail: room for every slot was reserved. */
    (void)deadlines_arm(&worker->deadlines, &slot->deadline, deadline_ns);
    if (deadline_ns >= worker->wake_ns)
        return;
    worker->wake_ns = deadline_ns;
    worker->transport->ops->wake_at(worker->transport, deadline_ns);
}

/* Hands the first LENGTH bytes of worker_message(), which are KIND, to the socket at NOW. */
static void slot_send(struct worker *worker, struct slot *slot, enum said_kind kind, size_t length,
                      uint64_t now)
{
    if (worker->transcript)
        record_said(worker, slot, (struct said){.kind = kind},
                    (struct text){worker_message(worker), length});
    slot->active_ns = now;
    recorder_message_sent(worker->recorder, length);
    worker->transport->ops->send(worker->transport, slot->id, worker_message(worker), length);
}

/* How late REQUEST is sent at NOW by wsload's own doing: by all the time that a connection was free
 * for it, and never less than it was taken late. */
static uint64_t own_lateness_ns(const struct slot *slot, const struct request *request,
                                uint64_t now)
{
    uint64_t could_ns = slot->waited ? u64_max(request->due_ns, slot->free_since_ns)
                                     : request->due_ns;
    return u64_max(request->late_ns, now - could_ns);
}

/* The same for FLIGHT, the newest request; its first message is when it was sent. */
static void flight_send(struct worker *worker, struct slot *slot, struct flight *flight,
                        enum said_kind kind, size_t length)
{
    uint64_t now = worker_now_ns(worker);
    flight->sent_read = worker->transport->ops->reads(worker->transport, slot->id);
    if (flight->sent_ns == 0) {
        struct connection_step step = connection_sent(&slot->connection, now);
        slot_arm(worker, slot, step.deadline_ns);
        flight->request.late_ns = own_lateness_ns(slot, &flight->request, now);
        recorder_request_sent(worker->recorder, flight->request.due_ns, now, slot->waited);
    }
    slot_send(worker, slot, kind, length, now);
}

/* --- What is said --- */

const struct step *steps_awaited(const struct worker *worker, const struct slot *slot)
{
    const struct flights *flights = &slot->connection.flights;
    const struct steps *steps = worker->plan->steps;
    if (slot->connection.state == CONNECTION_SETTING_UP)
        return &steps->on_connect.items[slot->step];
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

static void say_step(struct worker *worker, struct slot *slot, struct flight *flight,
                     const struct step *step)
{
    struct template_values values = plan_request_values(worker->plan, slot_number(worker, slot),
                                                        flight->request.seq);
    if (!step->parted || take_part(worker, step, flight, &values)) {
        flight->step++;
        flight->part_at = flight->part = 0;
    }
    flight_send(worker, slot, flight, SAID_STEP,
                plan_render(&step->message, &values, worker_message(worker)));
}

/* --- The state of a slot --- */

/* Whether idle connections are kept up: those of a run that is over need not be. */
static bool keeps_alive(const struct worker *worker)
{
    return worker->plan->keepalive_ns && worker->clock.phase < PHASE_LISTENING;
}

/* When the idle slot has something to do; CLOCK_NEVER: it has nothing, or is not idle. */
static uint64_t idle_deadline_ns(const struct worker *worker, const struct slot *slot)
{
    uint64_t deadline_ns = CLOCK_NEVER;
    if (!worker->watches_idle || !connection_is_idle(&slot->connection))
        return CLOCK_NEVER;
    if (slot->rest_until_ns)
        deadline_ns = slot->rest_until_ns; /* it is not replaced before that is over */
    else if (run_clock_is_sending(&worker->clock))
        deadline_ns = slot->retire_ns;
    if (keeps_alive(worker))
        deadline_ns = u64_min(deadline_ns, slot->active_ns + worker->plan->keepalive_ns);
    return deadline_ns;
}

/* Whether the socket of a run without replies has not taken yet what was sent. */
static bool is_congested(const struct worker *worker, const struct slot *slot)
{
    return worker->plan->reply_rules.one_way &&
           worker->transport->ops->congested(worker->transport, slot->id);
}

bool slot_is_free(const struct worker *worker, const struct slot *slot)
{
    return connection_is_free(&slot->connection) && !is_congested(worker, slot);
}

void slot_first_try_done(struct worker *worker, struct slot *slot)
{
    if (slot->first_try_done)
        return;
    slot->first_try_done = true;
    opener_first_ended(&worker->opener);
}

/* --- A request --- */

/* Nothing comes back, so it is over. A connection that takes its requests itself has the next one
 * from the loop, when it is time and the socket takes it; else it is free as it is. */
static void end_one_way(struct worker *worker, struct slot *slot, struct flight *flight)
{
    const struct plan *plan = worker->plan;
    uint64_t now = flight->sent_ns;
    uint64_t rest_ns = 1 + think_time_ns(&plan->load.think, plan->load.seed, flight->request.seq);
    struct connection_step step = connection_on_reply(&slot->connection, flight, NULL, now);
    record_end(worker, slot, &step, now, (struct text){0});
    if (step.action == CONNECTION_NEXT) {
        step.action = CONNECTION_WAIT;
        if (plan->load.model != LOAD_OPEN || is_congested(worker, slot))
            slot->rest_until_ns = now + rest_ns;
    }
    slot_act(worker, slot, &step, now);
}

/* Says what comes next of FLIGHT, the newest request, from where it stands: the steps before it up
 * to one that is answered, or its own message after them. */
static void say(struct worker *worker, struct slot *slot, struct flight *flight)
{
    const struct steps *steps = worker->plan->steps;
    while (steps && flight->step < steps->before_request.count) {
        uint8_t index = flight->step;
        const struct step *step = &steps->before_request.items[index];
        say_step(worker, slot, flight, step);
        if (step->waits) {
            flight->awaited = (uint8_t)(index + 1);
            return;
        }
    }
    struct template_values values = plan_request_values(worker->plan, slot_number(worker, slot),
                                                        flight->request.seq);
    size_t length = plan_render(worker->plan->message, &values, worker_message(worker));
    record_sent(worker, slot, flight, (struct text){worker_message(worker), length});
    flight_send(worker, slot, flight, SAID_PROMPT, length);
    if (worker->plan->reply_rules.one_way)
        end_one_way(worker, slot, flight);
}

static void begin_request(struct worker *worker, struct slot *slot)
{
    struct flight *flight = flights_newest(&slot->connection.flights);
    const struct request *request = &flight->request;
    flight->reply.keeps_text = worker->stream &&
                               (worker->keeps_text ||
                                recorder_wants_sample(worker->recorder, request->seq,
                                                      request->due_ns));
    flight->reply.keeps_lines = !worker->joins_text;
    say(worker, slot, flight);
}

/* --- Steps --- */

void slot_ready(struct worker *worker, struct slot *slot, const struct connection_step *step,
                uint64_t now)
{
    slot->free_since_ns = now;
    slot_act(worker, slot, step, now);
    if (step->action == CONNECTION_SEND && connection_is_free(&slot->connection))
        slot_next(worker, slot, now); /* that one was not all that it has room for */
    slot_first_try_done(worker, slot);
}

/* Says the steps of a new connection from slot->step on, up to one that is answered; after the last
 * it is ready for requests. */
static void set_up(struct worker *worker, struct slot *slot)
{
    const struct step_list *list = &worker->plan->steps->on_connect;
    struct template_values values = plan_connection_values(worker->plan, slot_number(worker, slot));
    for (; slot->step < list->count; slot->step++) {
        const struct step *step = &list->items[slot->step];
        uint64_t now = worker_now_ns(worker);
        if (step->sends)
            slot_send(worker, slot, SAID_STEP,
                      plan_render(&step->message, &values, worker_message(worker)), now);
        if (step->waits) {
            slot_arm(worker, slot, now + worker->settings.reply_timeout_ns);
            return;
        }
    }
    struct connection_step step = connection_on_ready(&slot->connection);
    slot_ready(worker, slot, &step, worker_now_ns(worker));
}

void slot_answered(struct worker *worker, struct slot *slot)
{
    struct flight *flight = flights_oldest(&slot->connection.flights);
    if (slot->connection.state == CONNECTION_SETTING_UP) {
        slot->step++;
        set_up(worker, slot);
        return;
    }
    flight->awaited = 0;
    say(worker, slot, flight);
    if (connection_is_idle(&slot->connection)) /* nothing comes back: it was one-way */
        slot_next(worker, slot, worker_now_ns(worker));
}

void slot_set_up_failed(struct worker *worker, struct slot *slot, const struct failure *failure)
{
    uint64_t now = worker_now_ns(worker);
    struct connection_step step = connection_on_setup_failed(&slot->connection, failure, now);
    slot_end(worker, slot, &step, now);
    slot_first_try_done(worker, slot);
}

/* --- Acting --- */

void slot_act(struct worker *worker, struct slot *slot, const struct connection_step *step,
              uint64_t now)
{
    const struct transport_ops *ops = worker->transport->ops;
    slot_arm(worker, slot, u64_min(step->deadline_ns, idle_deadline_ns(worker, slot)));
    switch (step->action) {
    case CONNECTION_WAIT:
        break;
    case CONNECTION_START:
        slot->replied_ns = 0;
        slot->unasked = slot->pinged = false;
        opener_began(&worker->opener, now);
        ops->open(worker->transport, slot->id);
        break;
    case CONNECTION_SETUP:
        slot->step = 0;
        set_up(worker, slot);
        break;
    case CONNECTION_SEND:
        begin_request(worker, slot);
        break;
    case CONNECTION_CLOSE:
        ops->close(worker->transport, slot->id);
        break;
    case CONNECTION_DROP:
        ops->drop(worker->transport, slot->id);
        break;
    case CONNECTION_NEXT:
        slot_next(worker, slot, now);
        break;
    }
}

void slot_end(struct worker *worker, struct slot *slot, const struct connection_step *step,
              uint64_t now)
{
    record_end(worker, slot, step, now, (struct text){0});
    slot_act(worker, slot, step, now);
}

void slot_assign(struct worker *worker, struct slot *slot, struct request request, bool waited,
                 uint64_t now)
{
    if (worker->outstanding++ == 0)
        worker->heard_ns = now;
    slot->waited = waited;
    struct connection_step step = connection_assign(&slot->connection, request, now);
    slot_act(worker, slot, &step, now);
}

void slot_finish(struct worker *worker, struct slot *slot, uint64_t now)
{
    struct connection_step step = connection_finish(&slot->connection, now);
    slot_act(worker, slot, &step, now);
}

/* --- What a free slot does next --- */

bool slot_take(struct worker *worker, struct slot *slot, uint64_t now)
{
    struct request request;
    bool waited;
    if (!source_take(&worker->source, now, &request, &waited))
        return false;
    if (!waited)
        recorder_count_request(worker->recorder, COUNT_PLANNED, request.due_ns);
    slot_assign(worker, slot, request, waited, now);
    return true;
}

/* Replaces a connection that is old enough. Whether it is. */
static bool retires(struct worker *worker, struct slot *slot, uint64_t now)
{
    if (now < slot->retire_ns || slot->connection.state != CONNECTION_OPEN ||
        !worker_needs_connections(worker))
        return false;
    struct connection_step step = connection_retire(&slot->connection, now);
    slot_act(worker, slot, &step, now);
    return true;
}

static void go_on(struct worker *worker, struct slot *slot, uint64_t now)
{
    bool open = slot->connection.state == CONNECTION_OPEN;
    bool wanted = slot->id < worker->active;
    if (open && wanted) {
        if (worker->transport->ops->unreported(worker->transport, slot->id))
            return; /* it may be the end of the connection: the next request waits for drained() */
        /* As many requests as there are and as it has room for; then it waits for what arrives. */
        while (slot->rest_until_ns == 0 && slot_is_free(worker, slot))
            if (!slot_take(worker, slot, now)) {
                list_append(&worker->free, &slot->free);
                return;
            }
    } else if (wanted && worker_needs_connections(worker) &&
               source_wants_back(&worker->source, slot->connection.rotated)) {
        opener_add(&worker->opener, &slot->pending, now);
    } else if (!wanted && run_clock_is_sending(&worker->clock) &&
               connection_is_idle(&slot->connection)) {
        slot_finish(worker, slot, now);
    }
}

void slot_next(struct worker *worker, struct slot *slot, uint64_t now)
{
    if (!worker->watches_idle) {
        go_on(worker, slot, now);
        return;
    }
    if (retires(worker, slot, now))
        return;
    if (connection_is_idle(&slot->connection) && is_congested(worker, slot))
        slot->rest_until_ns = now + CONGESTED_NS;
    else
        go_on(worker, slot, now);
    if (connection_is_idle(&slot->connection))
        slot_arm(worker, slot, idle_deadline_ns(worker, slot));
}

void slot_idle(struct worker *worker, struct slot *slot, uint64_t now)
{
    const struct plan *plan = worker->plan;
    if (keeps_alive(worker) && now >= slot->active_ns + plan->keepalive_ns) {
        memcpy(worker_message(worker), plan->keepalive.data, plan->keepalive.length);
        recorder_count(worker->recorder, COUNT_KEEPALIVES);
        slot->pinged = true;
        slot_send(worker, slot, SAID_STEP, plan->keepalive.length, now);
    }
    if (now < slot->rest_until_ns) {
        slot_arm(worker, slot, idle_deadline_ns(worker, slot));
        return;
    }
    slot->rest_until_ns = 0;
    slot_next(worker, slot, now);
}
