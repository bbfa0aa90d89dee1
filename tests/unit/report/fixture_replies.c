#include "fixture_runs.h"

#include <string.h>

#include "wsload/base/clock.h"

#define GATEWAY_URL "wss://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod"

/* A reply that ends now: MESSAGES of BYTES each, the first one FIRST_NS after the request was sent,
 * the others GAP_NS apart. */
struct stream {
    uint64_t first_ns;
    uint64_t gap_ns;
    uint64_t messages;
    uint64_t bytes;
};

static void end_stream(struct fixture *run, uint64_t seq, const struct stream *stream,
                       const struct failure *failure)
{
    struct recorder *recorder = run->recorder;
    uint64_t first_ns = now_ns() - (stream->messages - 1) * stream->gap_ns;
    struct request_outcome outcome = {
        .seq = seq,
        .due_ns = first_ns - stream->first_ns,
        .sent_ns = first_ns - stream->first_ns,
        .first_ns = first_ns,
        .done_ns = now_ns(),
        .messages = stream->messages,
        .bytes = stream->messages * stream->bytes,
        .failure = failure,
        .prompt = text_of("Tell me a story."),
        .reply = text_of("{\"status\": \"STREAMING\", \"completion\": \"Once\"}"),
    };
    recorder_count(recorder, COUNT_PLANNED);
    recorder_request_sent(recorder, outcome.due_ns, outcome.sent_ns, false);
    recorder_message_sent(recorder, outcome.prompt.length);
    send_text(
        run, &outcome,
        TEXT("{\"action\": \"sendMessage\", \"request_id\": \"6de561c2-1\", \"model\": "
             "\"anthropic.claude\", \"question\": \"Tell me a story, and do not make it short, "
             "since it has to fill more than these two lines.\"}"));
    for (uint64_t i = 0; i < stream->messages; i++)
        recorder_message_received(recorder, stream->bytes);
    for (uint64_t i = 1; i < stream->messages; i++)
        recorder_gap(recorder, outcome.due_ns, stream->gap_ns);
    recorder_request_done(recorder, &outcome);
}

/* COUNT replies of 15 messages, one every 50 ms; the first message comes after 300 ms to 888 ms. */
static void stream_many(struct fixture *run, uint64_t first_seq, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        struct stream stream = {.first_ns = (300 + i * i % 50 * 12) * NS_PER_MS,
                                .gap_ns = (38 + i % 5) * NS_PER_MS,
                                .messages = 15,
                                .bytes = 280 + i % 7};
        advance(run, 50 * NS_PER_MS);
        end_stream(run, first_seq + i, &stream, NULL);
    }
}

/* COUNT replies that break off after the fourth message. */
static void truncate_many(struct fixture *run, uint64_t first_seq, uint64_t count, const char *by)
{
    static const struct stream stream = {350 * NS_PER_MS, 40 * NS_PER_MS, 4, 280};
    struct failure failure = {FAILURE_TRUNCATED, by, {NULL, 0}};
    for (uint64_t i = 0; i < count; i++)
        end_stream(run, first_seq + i, &stream, &failure);
}

/* Streams on API Gateway, and all that goes wrong with them there. */
void fill_stream(struct fixture *run)
{
    static const char frame[] = "{\"message\": \"Internal server error\", "
                                "\"connectionId\":\"Qyi07eCbtjMCJKw=\", "
                                "\"requestId\":\"Qyi3UG41tjMFlUg=\"}";
    static const struct failure broken = {
        FAILURE_GATEWAY_ERROR, "Internal server error", {frame, sizeof(frame) - 1}};
    static const char slow[] = "{\"message\": \"Endpoint request timed out\", "
                               "\"connectionId\":\"Qyi07eCbtjMCJKw=\", "
                               "\"requestId\":\"Qyi9bFDZNjMFqXw=\"}";
    static const struct failure timed_out = {
        FAILURE_GATEWAY_ERROR, "Endpoint request timed out", {slow, sizeof(slow) - 1}};
    static const struct failure unexpected = {
        FAILURE_UNEXPECTED_REPLY, "contains:Once upon a time", {NULL, 0}};
    struct load *load = &run->measurement->load;
    set_url(run, GATEWAY_URL);
    load->gateway = true;
    load->reply = REPLY_STREAM;
    load->told_by = TOLD_BY_ID;
    load->record = true;
    add_threshold(run, "ttfm:p(90)<800ms");
    add_threshold(run, "tpom:avg<50ms");
    add_threshold(run, "bytes_per_reply:min>=1KiB");
    load->levels = thresholds_service_levels(&run->thresholds);
    open_connections(run, 20);
    advance(run, 2 * NS_PER_S);
    stream_many(run, 0, 180);
    truncate_many(run, 180, 9, "reply_timeout");
    truncate_many(run, 189, 2, "closed 1001");
    fail_many(run, 191, 6, &broken);
    fail_many(run, 197, 3, &unexpected);
    for (int i = 0; i < 4; i++)
        recorder_connection_failed(run->recorder, &timed_out);
    come_unasked(run, COUNT_LATE, 12, "{\"type\": \"usage\", \"output_tokens\": 22}");
    come_unasked(run, COUNT_UNSOLICITED, 3, "{\"type\": \"keepalive\"}");
    set_count(run, COUNT_IGNORED, 1040);
    set_count(run, COUNT_CLOSED_BY_SERVER, 2);
    set_count(run, COUNT_REOPENED, 2);
    set_count(run, COUNT_ROTATED, 5);
    set_count(run, COUNT_TOTAL_TIME, now_ns() - START_NS);
}

/* Messages of 40 KiB that nobody answers, at prices of their own; the record could not keep up. */
void fill_one_way(struct fixture *run)
{
    set_open_model(run, 1000, 10);
    struct load *load = &run->measurement->load;
    set_url(run, "ws://127.0.0.1:8080/events");
    load->gateway = true;
    load->prices = (struct prices){0.8, 0.2125};
    load->reply = REPLY_NONE;
    load->record = true;
    set_count(run, COUNT_RECORD_LOST, 37);
    add_threshold(run, "success_rate>99");
    open_connections(run, 20);
    for (uint64_t i = 0; i < 10000; i++) {
        advance(run, NS_PER_MS);
        uint64_t due_ns = now_ns() - (20 + i * i % 41) * NS_PER_US;
        struct request_outcome outcome = {.seq = i,
                                          .due_ns = due_ns,
                                          .sent_ns = now_ns(),
                                          .done_ns = now_ns(),
                                          .prompt = text_of("{\"event\": \"page\"}")};
        send_text(run, &outcome, outcome.prompt);
        recorder_count(run->recorder, COUNT_PLANNED);
        recorder_request_sent(run->recorder, due_ns, outcome.sent_ns, false);
        recorder_message_sent(run->recorder, 40 << 10);
        recorder_request_done(run->recorder, &outcome);
    }
    set_usage(run, (double[]){0.1, 0.11}, 12);
}

/* A route without a route response: nothing ever came back. */
void fill_silent(struct fixture *run)
{
    static const struct failure timeout = {FAILURE_REPLY_TIMEOUT, "", {NULL, 0}};
    set_url(run, GATEWAY_URL);
    run->measurement->load.gateway = true;
    open_connections(run, 20);
    for (uint64_t round = 0; round < 10; round++) {
        advance(run, 30 * NS_PER_S);
        fail_many(run, round * 20, 20, &timeout);
    }
    set_count(run, COUNT_TOTAL_TIME, 300 * NS_PER_S);
}

/* Without rules, keep-alives were taken for replies; one message was left over on each connection.
 */
void fill_shifted(struct fixture *run)
{
    add_threshold(run, "latency:p(95)<60ms");
    open_connections(run, 20);
    succeed_many(run, 0, 200, 2656250);
    come_unasked(run, COUNT_LATE, 12, "{\"message\": \"It left our house on Monday.\"}");
    come_unasked(run, COUNT_LATE, 8, "{\"type\": \"keepalive\"}");
    set_count(run, COUNT_UNASKED_CONNECTIONS, 20);
    set_count(run, COUNT_OPEN_AT_END, 20);
    set_count(run, COUNT_TOTAL_TIME, 531250 * NS_PER_US);
}
