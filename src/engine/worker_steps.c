#include "worker_internal.h"
#include "wsload/protocol/json_text.h"

static bool answers(const struct worker *worker, const struct step *step, struct text message)
{
    struct json_value values[JSON_PATHS_MAX];
    json_scan(&worker->plan->steps->paths, message, values);
    return rule_holds(&step->expect, message, values);
}

void steps_failed(struct worker *worker, struct seat *seat, const struct failure *failure)
{
    uint64_t now = worker_now_ns(worker);
    struct connection_step step = connection_on_setup_failed(&seat->connection, failure, now);
    seat_record_end(worker, seat, &step, now, (struct text){0});
    seat_act(worker, seat, &step, now);
    seat_settled(worker, seat);
}

/* MESSAGE is not what STEP expects. */
static void answered_wrongly(struct worker *worker, struct seat *seat, const struct step *step,
                             struct text message, const struct message_meaning *meaning)
{
    struct failure failure = {FAILURE_SETUP, step->detail, message};
    if (meaning->error == MESSAGE_GATEWAY_ERROR)
        failure = (struct failure){FAILURE_GATEWAY_ERROR, meaning->gateway.message, message};
    steps_failed(worker, seat, &failure);
}

/* --- On a new connection --- */

static const struct step *setup_step(const struct worker *worker, const struct seat *seat)
{
    return &worker->plan->steps->on_connect.items[seat->step];
}

static void setup_done(struct worker *worker, struct seat *seat)
{
    struct connection_step step = connection_on_ready(&seat->connection);
    seat_ready(worker, seat, &step, worker_now_ns(worker));
}

/* Says what comes next, up to what has to be waited for. */
static void go_on(struct worker *worker, struct seat *seat)
{
    const struct step_list *list = &worker->plan->steps->on_connect;
    for (; seat->step < list->count; seat->step++) {
        const struct step *step = setup_step(worker, seat);
        struct template_values values = plan_connection_values(worker->plan,
                                                               seat_number(worker, seat));
        uint64_t now = worker_now_ns(worker);
        if (step->sends)
            seat_send(worker, seat, plan_render(&step->message, &values, worker_message(worker)),
                      now);
        if (step->waits) {
            seat_arm(worker, seat, now + worker->settings.reply_timeout_ns);
            return;
        }
    }
    setup_done(worker, seat);
}

void steps_begin(struct worker *worker, struct seat *seat)
{
    seat->step = 0;
    go_on(worker, seat);
}

void steps_on_message(struct worker *worker, struct seat *seat, struct text message,
                      const struct message_meaning *meaning)
{
    const struct step *step = setup_step(worker, seat);
    if (answers(worker, step, message)) {
        seat->step++;
        go_on(worker, seat);
        return;
    }
    answered_wrongly(worker, seat, step, message, meaning);
}

void steps_on_timeout(struct worker *worker, struct seat *seat)
{
    struct failure failure = {FAILURE_SETUP, setup_step(worker, seat)->detail,
                              text_of(worker->no_reply_text)};
    steps_failed(worker, seat, &failure);
}

/* --- In front of a request --- */

static const struct step *request_step(const struct worker *worker, size_t index)
{
    return &worker->plan->steps->before_request.items[index];
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

static void say(struct worker *worker, struct seat *seat, struct flight *flight,
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

bool steps_before_request(struct worker *worker, struct seat *seat, struct flight *flight)
{
    const struct steps *steps = worker->plan->steps;
    while (steps && flight->step < steps->before_request.count) {
        uint8_t index = flight->step;
        const struct step *step = request_step(worker, index);
        say(worker, seat, flight, step);
        if (step->waits) {
            flight->awaited = (uint8_t)(index + 1);
            return false;
        }
    }
    return true;
}

void steps_on_answer(struct worker *worker, struct seat *seat, struct flight *flight,
                     struct text message, const struct message_meaning *meaning)
{
    const struct step *step = request_step(worker, flight->awaited - 1u);
    if (answers(worker, step, message)) {
        flight->awaited = 0;
        flight_go_on(worker, seat, flight);
        if (connection_is_idle(&seat->connection)) /* nothing comes back: it was one-way */
            seat_next(worker, seat, worker_now_ns(worker));
        return;
    }
    answered_wrongly(worker, seat, step, message, meaning);
}
