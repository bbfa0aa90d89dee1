#include "worker_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRUNCATED_DETAIL_SIZE (FAILURE_DETAIL_SIZE + 16)

/* --- The last message --- */

static bool utf8_continues(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

void record_last(struct worker *worker, const struct slot *slot, const struct flight *flight,
                 struct text message)
{
    struct last_message *last = worker_last_message(worker, slot);
    if (!last)
        return;
    last->seq = flight->request.seq;
    last->length = (uint32_t)u64_min(message.length, sizeof(last->text));
    while (last->length < message.length && utf8_continues(message.data[last->length]))
        last->length--; /* whole characters */
    memcpy(last->text, message.data, last->length);
}

/* --- What a failure is for one request --- */

/* A failure that is told otherwise for one request, and what it points to. */
struct attribution {
    struct failure failure;
    char detail[TRUNCATED_DETAIL_SIZE];
    char example[FAILURE_EXAMPLE_SIZE];
};

static bool breaks_off(enum failure_kind kind)
{
    return kind == FAILURE_CLOSED || kind == FAILURE_EOF || kind == FAILURE_RESET ||
           kind == FAILURE_TLS || kind == FAILURE_REPLY_TIMEOUT;
}

/* What truncated the reply of FLIGHT, and what had come of it. */
static void attribute_truncated(const struct worker *worker, const struct slot *slot,
                                const struct flight *flight, struct attribution *room)
{
    const struct failure *cause = &room->failure;
    const struct last_message *last = worker_last_message(worker, slot);
    struct text known = {0};
    /* A buffer that has all it may ever hold allocates nothing. */
    struct buffer example = {.data = room->example,
                             .capacity = sizeof(room->example),
                             .maximum = sizeof(room->example) - 1};
    snprintf(room->detail, sizeof(room->detail), "%s%s%s", failure_name(cause->kind),
             cause->detail[0] ? " " : "", cause->detail);
    if (cause->kind == FAILURE_CLOSED && cause->example.length > 0) /* the server's own reason */
        (void)(utf8_append_clean(&example, cause->example, SIZE_MAX) ||
               buffer_printf(&example, "; "));
    if (last && last->seq == flight->request.seq)
        known = (struct text){last->text, last->length};
    (void)reply_unended(&flight->reply, &worker->plan->reply_rules, known, &example);
    room->failure = (struct failure){FAILURE_TRUNCATED, room->detail, buffer_text(&example)};
}

/* FAILURE as it is for FLIGHT: it truncates an answer that had begun; a timeout may be a step's. */
static const struct failure *attribute(const struct worker *worker, const struct slot *slot,
                                       const struct flight *flight, const struct failure *failure,
                                       struct attribution *room)
{
    if (!failure || !breaks_off(failure->kind))
        return failure;
    room->failure = *failure;
    if (flight->reply.messages > 0) {
        attribute_truncated(worker, slot, flight, room);
    } else if (flight->awaited && failure->kind == FAILURE_REPLY_TIMEOUT) {
        const struct step_list *steps = &worker->plan->steps->before_request;
        room->failure.kind = FAILURE_SETUP;
        room->failure.detail = steps->items[flight->awaited - 1u].detail;
    }
    return &room->failure;
}

/* --- Without secrets --- */

/* Servers repeat what they were sent. Only texts that the recorder is going to keep are redacted,
 * before they are cut: a failure that is counted again costs a look-up. */

/* More than is kept of any detail, which reports cut at a fourth of it. */
#define DETAIL_SIZE ((size_t)256)

/* A failure without secrets. */
struct redacted_failure {
    struct failure failure;
    char detail[DETAIL_SIZE];
    char example[FAILURE_EXAMPLE_SIZE];
};

/* TEXT without the secrets of the slot's connection, in ROOM of SIZE bytes. What does not fit is
 * some bytes after the last character that is kept: enough of a secret that begins before that to
 * know it by. */
static struct text redact(const struct worker *worker, const struct slot *slot, struct text text,
                          char *room, size_t size)
{
    if (!text.data)
        return text;
    if (text.length > size)
        text.length = size;
    identity_redact(worker->plan->target.identity, slot_number(worker, slot), text, room);
    return (struct text){room, text.length};
}

/* FAILURE as it may be kept. Two details may become one: it is looked up again. */
static const struct failure *redact_failure(const struct worker *worker, const struct slot *slot,
                                            const struct failure *failure,
                                            struct redacted_failure *room)
{
    struct failures *failures = &worker->recorder->seen->failures;
    if (!failures_want(failures, failure))
        return failure;
    struct text detail = redact(worker, slot, text_of(failure->detail), room->detail,
                                DETAIL_SIZE - 1);
    room->detail[detail.length] = '\0';
    room->failure = (struct failure){failure->kind, room->detail, failure->example};
    if (failures_want(failures, &room->failure))
        room->failure.example = redact(worker, slot, failure->example, room->example,
                                       sizeof(room->example));
    return &room->failure;
}

/* --- What is said --- */

/* What came has its time already; all else is said now. */
const struct said *record_said(struct worker *worker, const struct slot *slot, struct said said,
                               struct text text)
{
    if (!worker->transcript)
        return NULL;
    if (said.at_ns == 0)
        said.at_ns = worker_now_ns(worker);
    said.data = text.length ? malloc(text.length) : NULL;
    said.length = said.data ? text.length : 0;
    if (said.data)
        identity_redact(worker->plan->target.identity, slot_number(worker, slot), text, said.data);
    return transcript_add(worker->transcript, said);
}

void record_said_closed(struct worker *worker, const struct slot *slot,
                        const struct failure *failure)
{
    char text[256];
    int length = snprintf(text, sizeof(text), "%s%s%s%s%.*s", failure_name(failure->kind),
                          failure->detail[0] ? " " : "", failure->detail,
                          failure->example.length ? ": " : "",
                          (int)u64_min(failure->example.length, 125), failure->example.data);
    record_said(worker, slot, (struct said){.kind = SAID_CLOSED},
                (struct text){text, u64_min((uint64_t)length, sizeof(text) - 1)});
}

void record_said_message(struct worker *worker, const struct slot *slot, const struct step *step,
                         bool binary, struct message_meaning *meaning)
{
    const struct said said = {.kind = SAID_MESSAGE,
                              .at_ns = slot->came_ns,
                              .binary = binary,
                              .ignored = meaning->ignored || step};
    const struct said *kept = record_said(worker, slot, said, meaning->message);
    *meaning = (struct message_meaning){
        .message = meaning->message,
        .ignored = meaning->ignored || (kept && kept->recurs && !step),
        .answers = meaning->answers,
    };
}

/* --- Writing down --- */

/* Of OUTCOME a text may be kept. */
static void record_redacted(struct worker *worker, const struct slot *slot,
                            struct request_outcome *outcome)
{
    struct redacted_failure failure;
    char reply[SAMPLE_SIZE];
    if (outcome->failure && outcome->due_ns >= worker->recorder->start_ns)
        outcome->failure = redact_failure(worker, slot, outcome->failure, &failure);
    if (recorder_wants_sample(worker->recorder, outcome->seq, outcome->due_ns))
        outcome->reply = redact(worker, slot, outcome->reply, reply, sizeof(reply));
    recorder_request_done(worker->recorder, outcome);
}

static void write_entry(struct worker *worker, const struct slot *slot, const struct flight *flight,
                        const struct request_outcome *outcome)
{
    const struct failure *failure = outcome->failure;
    struct text reply = outcome->reply;
    bool replied = worker->plan->keep_replies && reply.data;
    if (reply.length > REPLY_TEXT_MAX)
        reply.length = REPLY_TEXT_MAX;
    struct journal_entry entry = {
        .seq = flight->request.seq,
        .connection = slot_number(worker, slot),
        .due_ns = flight->request.due_ns,
        .sent_ns = flight->sent_ns,
        .first_ns = flight->first_ns,
        .done_ns = outcome->done_ns,
        .bytes = flight->reply.bytes,
        .messages = flight->reply.messages,
        .warmup = flight->request.due_ns < worker->recorder->start_ns,
        .unanswered = outcome->done_ns == 0,
        .failed = failure,
        .kind = failure ? failure->kind : (enum failure_kind)0,
        .reply_length = replied ? reply.length : JOURNAL_NO_REPLY,
    };
    if (failure)
        snprintf(entry.detail, sizeof(entry.detail), "%s", failure->detail);
    journal_put(worker->journal, &entry, reply);
}

static void record_flight(struct worker *worker, const struct slot *slot, struct flight *flight,
                          struct request_outcome *outcome)
{
    struct attribution room;
    outcome->seq = flight->request.seq;
    outcome->due_ns = flight->request.due_ns;
    outcome->late_ns = flight->request.late_ns;
    outcome->sent_ns = flight->sent_ns;
    outcome->first_ns = flight->first_ns;
    outcome->messages = flight->reply.messages;
    outcome->bytes = flight->reply.bytes;
    outcome->failure = attribute(worker, slot, flight, outcome->failure, &room);
    bool sample = recorder_wants_sample(worker->recorder, outcome->seq, outcome->due_ns);
    if (sample)
        outcome->prompt = plan_prompt(worker->plan, outcome->seq)->text;
    if (flight->reply.text.length > 0)
        outcome->reply = buffer_text(&flight->reply.text);
    worker->outstanding--;
    if (worker->journal)
        write_entry(worker, slot, flight, outcome);
    if (outcome->failure || sample)
        record_redacted(worker, slot, outcome);
    else
        recorder_request_done(worker->recorder, outcome);
    if (worker->stream) /* a reply of one message has nothing to release */
        reply_clear(&flight->reply);
}

void record_failure(struct worker *worker, const struct slot *slot, const struct failure *failure)
{
    struct redacted_failure room;
    recorder_connection_failed(worker->recorder, redact_failure(worker, slot, failure, &room));
}

void record_sent(struct worker *worker, const struct slot *slot, const struct flight *flight,
                 struct text message)
{
    char room[SAMPLE_SIZE];
    const struct request *request = &flight->request;
    if (recorder_wants_sent(worker->recorder, request->seq, request->due_ns))
        recorder_keep_sent(worker->recorder, request->seq,
                           redact(worker, slot, message, room, sizeof(room)));
}

void record_unasked(struct worker *worker, struct slot *slot, enum counter id, struct text message)
{
    char rule[RULE_FOR_SIZE];
    char room[RULE_FOR_LOOKS_AT];
    struct unasked *unasked = &worker->recorder->seen->unasked;
    uint64_t since_ns = slot->came_ns > slot->replied_ns ? slot->came_ns - slot->replied_ns : 0;
    recorder_unasked(worker->recorder, id, slot->replied_ns ? since_ns : CLOCK_NEVER,
                     !slot->unasked);
    slot->unasked = true;
    rule_for(message, rule);
    if (unasked_wants(unasked, rule)) {
        message = redact(worker, slot, message, room, sizeof(room));
        rule_for(message, rule);
    }
    unasked_add(unasked, rule, message);
}

void record_end(struct worker *worker, struct slot *slot, const struct connection_step *step,
                uint64_t done_ns, struct text reply)
{
    const struct failure *failure = step->failure;
    if (step->ended == 0 && failure)
        record_failure(worker, slot, failure);
    for (unsigned i = 0; i < step->ended; i++, failure = step->others) {
        struct flight *flight = flights_pop(&slot->connection.flights);
        struct request_outcome outcome = {.done_ns = done_ns, .failure = failure, .reply = reply};
        record_flight(worker, slot, flight, &outcome);
        reply = (struct text){0}; /* of the oldest alone */
    }
}

void record_given_up(struct worker *worker, struct slot *slot)
{
    struct flight *flight = flights_pop(&slot->connection.flights);
    worker->outstanding--;
    if (flight->sent_ns) {
        recorder_count_request(worker->recorder, COUNT_UNANSWERED, flight->request.due_ns);
        if (worker->journal)
            write_entry(worker, slot, flight, &(struct request_outcome){0});
    } else {
        recorder_count_request(worker->recorder, COUNT_SKIPPED, flight->request.due_ns);
    }
    reply_clear(&flight->reply);
}
