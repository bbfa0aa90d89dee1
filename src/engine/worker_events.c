#include "worker_internal.h"

#include <string.h>

#include "wsload/protocol/gateway.h"

/* So much earlier a connection may be replaced, lest those that opened together come together. */
#define LIFETIME_JITTER 10 /* a tenth */

/* API Gateway's clock and ours do not start at the same moment. */
#define GATEWAY_SLACK_NS (5 * NS_PER_S)

/* --- A connection opens, or does not --- */

static void begin_life(struct worker *worker, struct slot *slot, uint64_t now)
{
    uint64_t lifetime_ns = worker->plan->max_lifetime_ns;
    slot->active_ns = now;
    slot->rest_until_ns = worker->plan->listen_ns ? now + worker->plan->listen_ns : 0;
    slot->retire_ns = CLOCK_NEVER;
    if (lifetime_ns)
        slot->retire_ns = now + random_between(&worker->random,
                                               lifetime_ns - lifetime_ns / LIFETIME_JITTER,
                                               lifetime_ns);
}

/* Where each request has a connection of its own, each opens for the first time. */
static enum opening kind_of_opening(const struct worker *worker, const struct slot *slot)
{
    const struct plan *plan = worker->plan;
    if (slot->connection.rotated)
        return OPENING_ROTATED;
    if (!slot->connection.opened_before || plan->load.connection_per_request ||
        plan->reply_rules.end_on_close)
        return OPENING_FIRST;
    return OPENING_AGAIN;
}

static void on_opened(void *user, uint32_t id, const struct connect_times *times)
{
    struct worker *worker = user;
    struct slot *slot = worker_slot(worker, id);
    uint64_t now = worker_now_ns(worker);
    recorder_connection_opened(worker->recorder, times, kind_of_opening(worker, slot));
    worker->open++;
    begin_life(worker, slot, now);
    record_said(worker, slot, (struct said){.kind = SAID_OPENED}, (struct text){0});
    opener_ended(&worker->opener, now - slot->connection.opened_ns);
    struct connection_step step = connection_on_opened(&slot->connection, now);
    if (step.action == CONNECTION_SETUP)
        slot_act(worker, slot, &step, now);
    else
        slot_ready(worker, slot, &step, now);
    worker_check(worker, now);
}

static void attempt_failed(struct worker *worker, struct slot *slot, struct connection_step step,
                           uint64_t now)
{
    recorder_count(worker->recorder, COUNT_OPEN_FAILED);
    opener_ended(&worker->opener, now - slot->connection.opened_ns);
    slot_end(worker, slot, &step, now);
    slot_first_try_done(worker, slot);
}

static void on_failed(void *user, uint32_t id, const struct failure *failure)
{
    struct worker *worker = user;
    struct slot *slot = worker_slot(worker, id);
    uint64_t now = worker_now_ns(worker);
    attempt_failed(worker, slot, connection_on_failed(&slot->connection, failure, now), now);
    worker_check(worker, now);
}

/* --- A message comes --- */

/* JSON-RPC answers what it could not read with an id of null. */
static bool has_id(const struct message_meaning *meaning)
{
    return meaning->id.kind != JSON_ABSENT && meaning->id.kind != JSON_NULL;
}

/* Whether MESSAGE answers the keep-alive: it repeats it, or comes when nothing else is awaited. */
static bool answers_keepalive(const struct worker *worker, const struct slot *slot,
                              struct text message)
{
    return worker->plan->keepalive_ns && (text_equal(message, worker->plan->keepalive) ||
                                          (slot->pinged && connection_is_idle(&slot->connection)));
}

static void take_keepalive_answer(struct worker *worker, struct slot *slot)
{
    slot->pinged = false;
    recorder_count(worker->recorder, COUNT_KEEPALIVE_ANSWERS);
}

/* Counts a message of no request. With ids an error without one is the connection's. */
static void count_stray(struct worker *worker, struct slot *slot,
                        const struct message_meaning *meaning)
{
    bool by_id = worker->settings.by_id;
    if (meaning->error == MESSAGE_GATEWAY_ERROR ||
        (by_id && meaning->error == MESSAGE_ERROR && !has_id(meaning)))
        record_failure(worker, slot, &meaning->failure);
    else if (answers_keepalive(worker, slot, meaning->message))
        take_keepalive_answer(worker, slot);
    else
        record_unasked(worker, slot,
                       !by_id && slot->connection.any_ended ? COUNT_LATE : COUNT_UNSOLICITED,
                       meaning->message);
}

/* By its id. A step before a request is answered without one, and an error without one can
 * only be blamed on a request that is alone. */
static struct flight *flight_by_id(struct worker *worker, struct slot *slot,
                                   const struct message_meaning *meaning)
{
    const struct flights *flights = &slot->connection.flights;
    uint64_t seq;
    if (meaning->id.kind == JSON_STRING &&
        plan_request_of_id(worker->plan, meaning->id.raw, &seq) &&
        source_issued(&worker->source, seq)) {
        struct flight *flight = flights_find(flights, seq);
        if (!flight)
            record_unasked(worker, slot, COUNT_LATE, meaning->message);
        return flight;
    }
    if (flights->count == 1 &&
        (flights_oldest(flights)->awaited || (!has_id(meaning) && meaning->error != MESSAGE_FINE)))
        return flights_oldest(flights);
    count_stray(worker, slot, meaning);
    return NULL;
}

/* Whether the slot's newest message had come before FLIGHT, or the newest step of it, was sent: by
 * the kernel's time, or since it was read together with what FLIGHT was sent after. */
static bool came_before(const struct worker *worker, const struct slot *slot,
                        const struct flight *flight)
{
    uint32_t reads = worker->transport->ops->reads(worker->transport, slot->id);
    return slot->came_ns < flight->sent_ns || (reads > 0 && reads == flight->sent_read);
}

/* The request that the message belongs to; NULL when there is none, and it is counted as what it
 * is. In order, what had come before the request was sent is left of the reply before. */
static struct flight *flight_of(struct worker *worker, struct slot *slot,
                                const struct message_meaning *meaning)
{
    const struct flights *flights = &slot->connection.flights;
    bool opening = slot->connection.state == CONNECTION_OPENING; /* it came after the 101 */
    if (!opening && worker->settings.by_id)
        return flight_by_id(worker, slot, meaning);
    if (!opening && flights->count > 0 && !came_before(worker, slot, flights_oldest(flights)))
        return flights_oldest(flights);
    count_stray(worker, slot, meaning);
    return NULL;
}

/* The peer broke the protocol. */
static void on_invalid(struct worker *worker, struct slot *slot, uint64_t now)
{
    struct failure failure = {FAILURE_PROTOCOL, "", TEXT("a text message that is not valid UTF-8")};
    if (slot->connection.state == CONNECTION_SETTING_UP)
        slot_set_up_failed(worker, slot, &failure);
    if (slot->connection.state != CONNECTION_OPEN)
        return; /* it is being closed */
    struct connection_step step = connection_on_fault(&slot->connection, &failure, now);
    slot_end(worker, slot, &step, now);
}

/* The reply to the oldest request is over with what came last, MESSAGE if any. A connection of a
 * closed run rests before its next prompt, when that is asked for and it will have one. */
static void take_end(struct worker *worker, struct slot *slot, struct connection_step *step,
                     struct text message, uint64_t now)
{
    const struct load *load = &worker->plan->load;
    const struct flight *flight = flights_oldest(&slot->connection.flights);
    uint64_t seq = flight->request.seq;
    slot->replied_ns = flight->last_ns;
    slot->free_since_ns = flight->last_ns + (message.data ? 0 : worker->settings.silence_ns);
    record_end(worker, slot, step, flight->last_ns, message);
    if (load->think.law != THINK_NONE && step->action == CONNECTION_NEXT &&
        slot->id < worker->active) {
        step->action = CONNECTION_WAIT;
        slot->rest_until_ns = now + think_time_ns(&load->think, load->seed, seq);
    }
    slot_act(worker, slot, step, now);
}

/* How the reply to the oldest request was, over without a message. FAILURE has room for what it
 * failed by; NULL when it is good. */
static const struct failure *judge_end(const struct worker *worker, const struct slot *slot,
                                       struct failure *failure)
{
    const struct flight *flight = flights_oldest(&slot->connection.flights);
    bool failed = reply_end(&flight->reply, &worker->plan->reply_rules, failure) == REPLY_FAILED;
    return failed ? failure : NULL;
}

static void on_part(struct worker *worker, struct slot *slot, struct flight *flight,
                    const struct message_meaning *meaning)
{
    struct failure failure;
    uint64_t now = slot->active_ns;
    /* Its id may say so, but no clock is so exact that it could come before it was asked for. */
    uint64_t came_ns = u64_max(slot->came_ns, flight->first_ns ? flight->last_ns : flight->sent_ns);
    worker->heard_ns = now;
    if (flight->first_ns == 0)
        flight->first_ns = came_ns;
    else
        recorder_gap(worker->recorder, flight->request.due_ns, came_ns - flight->last_ns);
    flight->last_ns = came_ns;
    enum reply_verdict verdict = reply_add(&flight->reply, &worker->plan->reply_rules, meaning,
                                           &failure);
    if (verdict == REPLY_GOES_ON) {
        record_last(worker, slot, flight, meaning->message);
        if (worker->settings.silence_ns)
            slot_arm(worker, slot, connection_deadline_ns(&slot->connection));
        return;
    }
    bool failed = verdict == REPLY_FAILED;
    struct connection_step step = failed && !worker->settings.by_id && meaning->more_may_come
                                      ? connection_on_cut(&slot->connection, &failure, now)
                                      : connection_on_reply(&slot->connection, flight,
                                                            failed ? &failure : NULL, now);
    take_end(worker, slot, &step, meaning->message, now);
}

/* A message came that is to be the answer to STEP. */
static void on_answer(struct worker *worker, struct slot *slot, const struct step *step,
                      const struct message_meaning *meaning)
{
    struct failure failure = {FAILURE_SETUP, step->detail, meaning->message};
    bool refused = meaning->error == MESSAGE_GATEWAY_ERROR;
    if (meaning->answers)
        slot_answered(worker, slot);
    else
        slot_set_up_failed(worker, slot, refused ? &meaning->failure : &failure);
}

static void take_times(struct worker *worker, struct slot *slot, const struct incoming *incoming)
{
    enum run_phase phase = worker->clock.phase;
    slot->active_ns = incoming->read_ns;
    slot->came_ns = incoming->came_ns;
    recorder_message_timed(worker->recorder, incoming->stamped);
    if (incoming->stamped && (phase == PHASE_RUNNING || phase == PHASE_DRAINING))
        recorder_reply_wait(worker->recorder, incoming->read_ns - incoming->came_ns);
}

static void read_message(struct worker *worker, struct slot *slot, struct text message, bool binary)
{
    const struct step *step = worker->plan->steps ? steps_awaited(worker, slot) : NULL;
    struct message_meaning meaning;
    struct flight *flight;
    recorder_message_received(worker->recorder, message.length);
    message_read(&worker->plan->reply_rules, step ? &step->expect : NULL, message, binary,
                 &meaning);
    if (worker->transcript)
        record_said_message(worker, slot, step, binary, &meaning);
    if (meaning.invalid)
        on_invalid(worker, slot, slot->active_ns);
    else if (meaning.ignored)
        recorder_count(worker->recorder, COUNT_IGNORED);
    else if (meaning.passing)
        record_failure(worker, slot, &meaning.failure);
    else if (slot->connection.state == CONNECTION_SETTING_UP)
        on_answer(worker, slot, step, &meaning);
    else if (slot->pinged && text_equal(message, worker->plan->keepalive))
        take_keepalive_answer(worker, slot); /* which the next request has overtaken */
    else if (!(flight = flight_of(worker, slot, &meaning)))
        return;
    else if (flight->awaited)
        on_answer(worker, slot, step, &meaning);
    else
        on_part(worker, slot, flight, &meaning);
}

/* In the middle of a run nothing follows from a message; else looking would cost each. */
static void check_after_message(struct worker *worker, uint64_t now)
{
    if (!run_clock_is_sending(&worker->clock) || worker->outstanding == 0 ||
        !opener_is_quiet(&worker->opener))
        worker_check(worker, now);
}

static void on_message(void *user, uint32_t id, const struct incoming *incoming)
{
    struct worker *worker = user;
    struct slot *slot = worker_slot(worker, id);
    take_times(worker, slot, incoming);
    read_message(worker, slot, incoming->text, incoming->binary);
    check_after_message(worker, slot->active_ns);
}

/* What came with the last message did not end the connection: it has its next request. */
static void on_drained(void *user, uint32_t id)
{
    struct worker *worker = user;
    struct slot *slot = worker_slot(worker, id);
    uint64_t now = worker_now_ns(worker);
    if (slot->connection.state == CONNECTION_OPEN)
        slot_next(worker, slot, now);
    check_after_message(worker, now);
}

/* --- It closes --- */

/* The peer has closed for the REASON: ends the reply that is under way, if that is its end. Whether
 * it was. */
static bool ended_by_close(struct worker *worker, struct slot *slot, const struct failure *reason,
                           uint64_t now)
{
    const struct flights *flights = &slot->connection.flights;
    struct failure failure;
    bool normal = reason->kind == FAILURE_CLOSED &&
                  (strcmp(reason->detail, "1000") == 0 || strcmp(reason->detail, "1001") == 0 ||
                   strcmp(reason->detail, "1005") == 0);
    if (!worker->plan->reply_rules.end_on_close || !normal || flights->count == 0 ||
        flights_oldest(flights)->reply.messages == 0)
        return false;
    uint64_t done_ns = u64_max(slot->came_ns, flights_oldest(flights)->last_ns);
    struct connection_step step = connection_on_closed(&slot->connection, NULL, now);
    step.failure = judge_end(worker, slot, &failure);
    record_end(worker, slot, &step, done_ns, (struct text){0});
    slot_act(worker, slot, &step, now);
    return true;
}

/* A socket is no more. */
static void lost(struct worker *worker, const struct slot *slot, uint64_t now)
{
    worker->open--;
    worker->recorder->seen->counts[COUNT_CONNECTED_NS] += now - slot->connection.opened_ns;
}

/* API Gateway says 1001 for both of its limits; the clock says which one it was. */
static void name_going_away(const struct slot *slot, struct failure *failure, uint64_t now)
{
    if (failure->kind != FAILURE_CLOSED || strcmp(failure->detail, "1001") != 0)
        return;
    if (now + GATEWAY_SLACK_NS >= slot->connection.opened_ns + GATEWAY_LIFE_NS)
        failure->detail = "1001 lifetime";
    else if (now + GATEWAY_SLACK_NS >= slot->active_ns + GATEWAY_IDLE_NS)
        failure->detail = "1001 idle";
}

/* The server's close was no end of a reply. While the run only listens for what comes unasked it
 * may as well close first. */
static void on_broken(struct worker *worker, struct slot *slot, const struct failure *failure,
                      uint64_t now)
{
    struct failure named = *failure;
    bool faulty = failure->kind == FAILURE_PROTOCOL;
    bool expected = worker->clock.phase == PHASE_LISTENING && !faulty;
    if (slot->connection.state != CONNECTION_CLOSING && !faulty && !expected)
        recorder_connection_lost(worker->recorder, now - slot->connection.opened_ns);
    name_going_away(slot, &named, now);
    struct connection_step step = connection_on_closed(&slot->connection, &named, now);
    if (expected)
        step.failure = NULL;
    slot_end(worker, slot, &step, now);
}

static void on_closed(void *user, uint32_t id, const struct failure *failure, uint64_t came_ns)
{
    struct worker *worker = user;
    struct slot *slot = worker_slot(worker, id);
    uint64_t now = worker_now_ns(worker);
    slot->came_ns = came_ns;
    if (slot->connection.state != CONNECTION_CLOSING)
        record_said_closed(worker, slot, failure);
    lost(worker, slot, now);
    if (!ended_by_close(worker, slot, failure, now))
        on_broken(worker, slot, failure, now);
    slot_first_try_done(worker, slot);
    worker_check(worker, now);
}

static void on_network(void *user, const struct network_seen *network)
{
    const struct worker *worker = user;
    recorder_network(worker->recorder, network);
}

/* --- Time passes --- */

static void on_overdue(struct worker *worker, struct slot *slot, uint64_t now)
{
    struct failure failure;
    struct connection_step step = connection_on_deadline(&slot->connection, now);
    if (step.action == CONNECTION_DROP)
        lost(worker, slot, now);
    if (step.silent) { /* it was over with its last message */
        step.failure = judge_end(worker, slot, &failure);
        take_end(worker, slot, &step, (struct text){0}, now);
    } else {
        slot->free_since_ns = now; /* with --correlate it stays open */
        slot_end(worker, slot, &step, now);
    }
}

/* Whether a reply to the slot is overdue, though all was read that has come by now: a worker that
 * was late itself has not seen it yet. */
static bool is_overdue(struct worker *worker, const struct slot *slot, uint64_t now)
{
    const struct connection *connection = &slot->connection;
    if (connection->state != CONNECTION_OPEN)
        return true;
    worker->transport->ops->read(worker->transport, slot->id);
    return connection->state == CONNECTION_OPEN && connection_deadline_ns(connection) <= now;
}

/* The slot's deadline has come. */
static void on_deadline(struct worker *worker, struct slot *slot, uint64_t now)
{
    if (slot->connection.state == CONNECTION_OPENING)
        attempt_failed(worker, slot, connection_on_deadline(&slot->connection, now), now);
    else if (slot->connection.state == CONNECTION_SETTING_UP)
        slot_set_up_failed(worker, slot,
                           &(struct failure){FAILURE_SETUP, steps_awaited(worker, slot)->detail,
                                             text_of(worker->no_reply_text)});
    else if (connection_is_idle(&slot->connection))
        slot_idle(worker, slot, now);
    else if (is_overdue(worker, slot, now))
        on_overdue(worker, slot, now);
}

/* Asks the transport for one wake, at the earliest time that anything wants. */
static void plan_wake(struct worker *worker)
{
    uint64_t waiting = source_waiting(&worker->source);
    uint64_t wake_ns = u64_min(worker->heartbeat_ns, deadlines_next_ns(&worker->deadlines));
    wake_ns = u64_min(wake_ns, opener_wake_ns(&worker->opener));
    wake_ns = u64_min(
        wake_ns, run_clock_wake_ns(&worker->clock, run_control_start_ns(worker->control), waiting));
    if (run_clock_is_sending(&worker->clock))
        wake_ns = u64_min(wake_ns, u64_min(source_wake_ns(&worker->source), worker->change_ns));
    worker->wake_ns = wake_ns;
    worker->transport->ops->wake_at(worker->transport, wake_ns);
}

static void on_woken(void *user)
{
    struct worker *worker = user;
    struct deadline *deadline;
    uint64_t now = worker_now_ns(worker);
    while ((deadline = deadlines_pop(&worker->deadlines, now)))
        on_deadline(worker, (struct slot *)deadline, now);
    worker_follow_schedule(worker, now);
    worker_check(worker, now);
    worker_beat(worker, now);
    plan_wake(worker);
}

const struct transport_events worker_events = {
    .opened = on_opened,
    .failed = on_failed,
    .message = on_message,
    .drained = on_drained,
    .closed = on_closed,
    .network = on_network,
    .woken = on_woken,
};
