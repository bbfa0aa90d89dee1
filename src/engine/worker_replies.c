#include "worker_internal.h"

#include <stdio.h>
#include <string.h>

#define TRUNCATED_DETAIL_SIZE (FAILURE_DETAIL_SIZE + 16)

/* --- What a failure is for one request --- */

/* A failure that is told otherwise for one request, and what it points to. */
struct blame {
    struct failure failure;
    char detail[TRUNCATED_DETAIL_SIZE];
};

static bool breaks_off(enum failure_kind kind)
{
    return kind == FAILURE_CLOSED || kind == FAILURE_EOF || kind == FAILURE_RESET ||
           kind == FAILURE_TLS || kind == FAILURE_REPLY_TIMEOUT;
}

/* FAILURE as it is for FLIGHT: an answer that had begun is truncated by it, and a timeout may be
 * that of a step. */
static const struct failure *blame(const struct worker *worker, const struct flight *flight,
                                   const struct failure *failure, struct blame *room)
{
    if (!failure || !breaks_off(failure->kind))
        return failure;
    room->failure = *failure;
    if (flight->reply.messages > 0) {
        snprintf(room->detail, sizeof(room->detail), "%s%s%s", failure_name(failure->kind),
                 failure->detail[0] ? " " : "", failure->detail);
        room->failure.kind = FAILURE_TRUNCATED;
        room->failure.detail = room->detail;
    } else if (flight->awaited && failure->kind == FAILURE_REPLY_TIMEOUT) {
        const struct step_list *steps = &worker->plan->steps->before_request;
        room->failure.kind = FAILURE_SETUP;
        room->failure.detail = steps->items[flight->awaited - 1u].detail;
    }
    return &room->failure;
}

/* --- Writing down --- */

static void write_entry(struct worker *worker, const struct seat *seat, const struct flight *flight,
                        const struct request_outcome *outcome)
{
    const struct failure *failure = outcome->failure;
    bool answered = outcome->done_ns != 0;
    struct text reply = outcome->reply;
    bool replied = worker->plan->keep_replies && reply.data;
    if (reply.length > REPLY_TEXT_MAX)
        reply.length = REPLY_TEXT_MAX;
    struct journal_entry entry = {
        .seq = flight->request.seq,
        .connection = seat_number(worker, seat),
        .due_ns = flight->request.due_ns,
        .sent_ns = flight->sent_ns,
        .first_ns = flight->first_ns,
        .done_ns = outcome->done_ns,
        .bytes = flight->reply.bytes,
        .messages = flight->reply.messages,
        .warmup = flight->request.due_ns < worker->recorder->setup.start_ns,
        .unanswered = !answered,
        .failed = failure != NULL,
        .kind = failure ? failure->kind : (enum failure_kind)0,
        .reply_length = replied ? reply.length : JOURNAL_NO_REPLY,
    };
    if (failure)
        snprintf(entry.detail, sizeof(entry.detail), "%s", failure->detail);
    journal_put(worker->journal, &entry, reply);
}

static void record_flight(struct worker *worker, const struct seat *seat, struct flight *flight,
                          struct request_outcome *outcome)
{
    struct blame room;
    outcome->seq = flight->request.seq;
    outcome->due_ns = flight->request.due_ns;
    outcome->sent_ns = flight->sent_ns;
    outcome->first_ns = flight->first_ns;
    outcome->messages = flight->reply.messages;
    outcome->bytes = flight->reply.bytes;
    outcome->failure = blame(worker, flight, outcome->failure, &room);
    if (recorder_wants_sample(worker->recorder, outcome->seq, outcome->due_ns))
        outcome->prompt = plan_prompt(worker->plan, outcome->seq)->text;
    if (flight->reply.text.length > 0)
        outcome->reply = buffer_text(&flight->reply.text);
    worker->outstanding--;
    recorder_request_done(worker->recorder, outcome);
    if (worker->journal)
        write_entry(worker, seat, flight, outcome);
    if (worker->stream) /* a reply of one message has nothing to release */
        reply_clear(&flight->reply);
}

void seat_record_end(struct worker *worker, struct seat *seat, const struct connection_step *step,
                     uint64_t done_ns, struct text reply)
{
    const struct failure *failure = step->failure;
    if (step->ended == 0 && failure)
        recorder_connection_failed(worker->recorder, failure);
    for (unsigned i = 0; i < step->ended; i++, failure = step->others) {
        struct flight *flight = flights_pop(&seat->connection.flights);
        struct request_outcome outcome = {.done_ns = done_ns, .failure = failure, .reply = reply};
        record_flight(worker, seat, flight, &outcome);
        reply = (struct text){0}; /* of the oldest alone */
    }
}

void seat_abandon_oldest(struct worker *worker, struct seat *seat)
{
    struct flight *flight = flights_pop(&seat->connection.flights);
    struct accounting *account = recorder_account(worker->recorder, flight->request.due_ns);
    worker->outstanding--;
    if (flight->sent_ns) {
        account->unanswered++;
        if (worker->journal)
            write_entry(worker, seat, flight, &(struct request_outcome){0});
    } else {
        account->skipped++;
    }
    reply_clear(&flight->reply);
}

/* --- Messages --- */

static struct failure gateway_failure(const struct message_meaning *meaning, struct text message)
{
    return (struct failure){FAILURE_GATEWAY_ERROR, meaning->gateway.message, message};
}

/* API Gateway's word that says nothing final. */
static bool goes_by(const struct message_meaning *meaning)
{
    return meaning->error == MESSAGE_GATEWAY_ERROR && meaning->error_goes_on;
}

static void count_gateway_error(struct worker *worker, struct text message,
                                const struct message_meaning *meaning)
{
    struct failure failure = gateway_failure(meaning, message);
    recorder_connection_failed(worker->recorder, &failure);
}

/* JSON-RPC answers what it could not read with an id of null. */
static bool has_id(const struct message_meaning *meaning)
{
    return meaning->id.kind != JSON_ABSENT && meaning->id.kind != JSON_NULL;
}

/* Counts a message that belongs to no request. With ids an error without one is the connection's.
 */
static void count_stray(struct worker *worker, const struct seat *seat, struct text message,
                        const struct message_meaning *meaning)
{
    bool by_id = worker->settings.by_id;
    if (meaning->error == MESSAGE_GATEWAY_ERROR) {
        count_gateway_error(worker, message, meaning);
    } else if (by_id && meaning->error == MESSAGE_ERROR && !has_id(meaning)) {
        struct failure failure = {FAILURE_ERROR_REPLY, "", message};
        recorder_connection_failed(worker->recorder, &failure);
    } else if (!by_id && seat->connection.any_ended) {
        worker->recorder->late++;
    } else {
        worker->recorder->unsolicited++;
    }
}

/* Whether the worker has given out request SEQ. */
static bool was_issued(const struct worker *worker, uint64_t seq)
{
    const struct plan *plan = worker->plan;
    uint64_t next = plan->model == LOAD_OPEN ? worker->arrivals.seq : worker->schedule.next_seq;
    return seq % plan->workers == worker->index && seq < next;
}

/* By its id. A step in front of a request is answered without one, and an error without one can
 * only be blamed on a request that is alone. */
static struct flight *flight_by_id(struct worker *worker, const struct seat *seat,
                                   struct text message, const struct message_meaning *meaning)
{
    const struct flights *flights = &seat->connection.flights;
    uint64_t seq;
    if (meaning->id.kind == JSON_STRING &&
        plan_request_of_id(worker->plan, meaning->id.raw, &seq) && was_issued(worker, seq)) {
        struct flight *flight = flights_find(flights, seq);
        if (!flight)
            worker->recorder->late++;
        return flight;
    }
    if (flights->count == 1 &&
        (flights_oldest(flights)->awaited || (!has_id(meaning) && meaning->error != MESSAGE_FINE)))
        return flights_oldest(flights);
    count_stray(worker, seat, message, meaning);
    return NULL;
}

/* In order. What was read before the request was sent is what was left of the reply before. */
static struct flight *flight_in_order(const struct worker *worker, const struct seat *seat)
{
    const struct flights *flights = &seat->connection.flights;
    const struct transport_ops *ops = worker->transport->ops;
    if (flights->count == 0)
        return NULL;
    struct flight *flight = flights_oldest(flights);
    uint32_t reads = ops->reads(worker->transport, seat->id);
    return reads == 0 || reads != flight->sent_read ? flight : NULL;
}

/* The request that MESSAGE belongs to; NULL when there is none, and it is counted as what it is. */
static struct flight *flight_of(struct worker *worker, const struct seat *seat, struct text message,
                                const struct message_meaning *meaning)
{
    struct flight *flight;
    bool opening = seat->connection.state == CONNECTION_OPENING; /* it came behind the 101 */
    if (!opening && worker->settings.by_id)
        return flight_by_id(worker, seat, message, meaning);
    if (!opening && (flight = flight_in_order(worker, seat)))
        return flight;
    count_stray(worker, seat, message, meaning);
    return NULL;
}

/* The peer broke the protocol. */
static void on_invalid(struct worker *worker, struct seat *seat, uint64_t now)
{
    static const char what[] = "a text message that is not valid UTF-8";
    struct failure failure = {FAILURE_PROTOCOL, "", {what, sizeof(what) - 1}};
    if (seat->connection.state == CONNECTION_SETTING_UP)
        steps_failed(worker, seat, &failure);
    if (seat->connection.state != CONNECTION_OPEN)
        return;
    struct connection_step step = connection_on_fault(&seat->connection, &failure, now);
    seat_record_end(worker, seat, &step, now, (struct text){0});
    seat_act(worker, seat, &step, now);
}

/* A connection of a closed run rests before its next prompt, when that is asked for and it will
 * have one. */
static void think(const struct worker *worker, struct seat *seat, struct connection_step *step,
                  uint64_t seq, uint64_t now)
{
    const struct plan *plan = worker->plan;
    if (plan->think.law == THINK_NONE || step->action != CONNECTION_NEXT ||
        seat->id >= worker->active)
        return;
    step->action = CONNECTION_WAIT;
    seat->rest_until_ns = now + think_time_ns(&plan->think, plan->seed, seq);
}

/* The reply to the oldest request is over with what came last, MESSAGE if any. */
static void take_end(struct worker *worker, struct seat *seat, struct connection_step *step,
                     struct text message, uint64_t now)
{
    const struct flight *flight = flights_oldest(&seat->connection.flights);
    uint64_t seq = flight->request.seq;
    seat_record_end(worker, seat, step, flight->last_ns, message);
    think(worker, seat, step, seq, now);
    seat_act(worker, seat, step, now);
}

void seat_silent(struct worker *worker, struct seat *seat, struct connection_step *step,
                 uint64_t now)
{
    struct failure failure;
    const struct flight *flight = flights_oldest(&seat->connection.flights);
    if (reply_failed(&flight->reply, &worker->plan->reply_rules, (struct text){0}, NULL, &failure))
        step->failure = &failure;
    take_end(worker, seat, step, (struct text){0}, now);
}

/* Whether the backend may go on with a reply that has failed with the message of MEANING. Of API
 * Gateway's errors only the timeout leaves it at work. */
static bool more_may_come(const struct message_meaning *meaning)
{
    if (meaning->error == MESSAGE_GATEWAY_ERROR)
        return meaning->gateway.timeout;
    return meaning->error == MESSAGE_ERROR && !meaning->error_goes_on && !meaning->last;
}

static void end_reply(struct worker *worker, struct seat *seat, struct flight *flight,
                      struct text message, const struct message_meaning *meaning)
{
    struct failure failure;
    uint64_t now = flight->last_ns;
    bool failed = reply_failed(&flight->reply, &worker->plan->reply_rules, message, meaning,
                               &failure);
    struct connection_step step = failed && !worker->settings.by_id && more_may_come(meaning)
                                      ? connection_on_cut(&seat->connection, &failure, now)
                                      : connection_on_reply(&seat->connection, flight,
                                                            failed ? &failure : NULL, now);
    take_end(worker, seat, &step, message, now);
    if (worker->outstanding == 0)
        worker_maybe_finish(worker);
}

static void note_times(struct worker *worker, struct flight *flight, uint64_t now)
{
    if (flight->first_ns == 0)
        flight->first_ns = now;
    else
        recorder_gap(worker->recorder, flight->request.due_ns, now - flight->last_ns);
    flight->last_ns = now;
}

static void on_part(struct worker *worker, struct seat *seat, struct flight *flight,
                    struct text message, const struct message_meaning *meaning)
{
    note_times(worker, flight, seat->active_ns);
    if (reply_add(&flight->reply, &worker->plan->reply_rules, message, meaning))
        end_reply(worker, seat, flight, message, meaning);
    else if (worker->settings.silence_ns)
        seat_arm(worker, seat, connection_deadline_ns(&seat->connection));
}

void seat_message(struct worker *worker, struct seat *seat, struct text message, bool binary)
{
    struct message_meaning meaning;
    struct flight *flight;
    seat->active_ns = worker_now_ns(worker); /* before any work on the message */
    recorder_message_received(worker->recorder, message.length);
    message_read(&worker->plan->reply_rules, message, binary, &meaning);
    if (meaning.invalid)
        on_invalid(worker, seat, seat->active_ns);
    else if (meaning.ignored)
        worker->recorder->ignored++;
    else if (goes_by(&meaning))
        count_gateway_error(worker, message, &meaning);
    else if (seat->connection.state == CONNECTION_SETTING_UP)
        steps_on_message(worker, seat, message, &meaning);
    else if (!(flight = flight_of(worker, seat, message, &meaning)))
        return;
    else if (flight->awaited)
        steps_on_answer(worker, seat, flight, message, &meaning);
    else
        on_part(worker, seat, flight, message, &meaning);
}

/* --- Other ends --- */

bool reply_ends_by_close(const struct worker *worker, const struct seat *seat,
                         const struct failure *failure)
{
    const struct flights *flights = &seat->connection.flights;
    bool normal = failure->kind == FAILURE_CLOSED &&
                  (strcmp(failure->detail, "1000") == 0 || strcmp(failure->detail, "1001") == 0 ||
                   strcmp(failure->detail, "1005") == 0);
    return worker->plan->reply_rules.end_on_close && normal && flights->count > 0 &&
           flights_oldest(flights)->reply.messages > 0;
}
