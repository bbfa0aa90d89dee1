#include "fixture_runs.h"

#include "wsload/base/clock.h"

void fill_passed(struct results *results)
{
    add_thresholds(results, 0.5, 100, 95);
    open_connections(results, 20);
    succeed_many(results, 0, 200, 2656250);
    results->total_time_ns = 531250 * NS_PER_US;
}

void fill_no_thresholds(struct results *results)
{
    static const struct failure reset = {FAILURE_RESET, "", {NULL, 0}};
    results->setup.origin = "";
    results->setup.requests = 0;
    results->setup.duration_ns = 30 * NS_PER_S;
    results->setup.workers = 2;
    open_connections(results, 20);
    succeed_many(results, 0, 1997, 15 * NS_PER_MS);
    fail_many(results, 1997, 3, &reset);
    results->recorded.connections.closed_by_server = 3;
    results->recorded.connections.reopened = 3;
    results->recorded.unsolicited = 12;
    results->total_time_ns = 30 * NS_PER_S;
}

void fill_failed(struct results *results)
{
    static const struct failure timeout = {FAILURE_REPLY_TIMEOUT, "", {NULL, 0}};
    static const char body[] = "{\"message\": \"Limit Exceeded\"}";
    static const struct failure throttled = {
        FAILURE_HANDSHAKE_STATUS, "429", {body, sizeof(body) - 1}};
    static const char frame[] = "{\"message\": \"Internal server error\", "
                                "\"connectionId\":\"Qyi3UG41tjMFlUg=\", \"requestId\":\"Qyi3Zg=\"}";
    static const struct failure gateway = {
        FAILURE_GATEWAY_ERROR, "Internal server error", {frame, sizeof(frame) - 1}};
    add_thresholds(results, 0.5, 1000, 95);
    open_connections(results, 20);
    succeed_many(results, 0, 2, 10 * NS_PER_MS);
    fail_many(results, 2, 12, &timeout);
    fail_many(results, 14, 3, &gateway);
    fail_unsent(results, 17, 5, &throttled);
    recorder_connection_failed(&results->recorded, &throttled);
    succeed_many(results, 22, 178, 170 * NS_PER_MS);
    results->recorded.connections.failed = 6;
    results->recorded.connections.closed_by_server = 5;
    histogram_record(&results->recorded.lifetime, 29 * NS_PER_S);
    results->recorded.connections.reopened = 4;
    results->recorded.connections.open_at_end = 19;
    results->total_time_ns = 30 * NS_PER_S + 531 * NS_PER_MS;
}

void fill_no_success(struct results *results)
{
    static const char reply[] = "Une erreur s'est produite";
    static const struct failure error = {FAILURE_ERROR_REPLY, "", {reply, sizeof(reply) - 1}};
    add_thresholds(results, 0.5, 100, 95);
    open_connections(results, 20);
    fail_many(results, 0, 200, &error);
    results->total_time_ns = 900 * NS_PER_MS;
}

void fill_no_connection(struct results *results)
{
    static const struct failure refused = {FAILURE_CONNECT_REFUSED, "", {NULL, 0}};
    for (int i = 0; i < 20; i++)
        recorder_connection_failed(&results->recorded, &refused);
    results->recorded.connections.failed = 20;
    results->open_time_ns = 3 * NS_PER_MS;
}

void fill_interrupted(struct results *results)
{
    results->setup.requests = 2000;
    add_thresholds(results, 0.5, 100, 95);
    open_connections(results, 20);
    succeed_many(results, 0, 120, 20 * NS_PER_MS);
    results->recorded.measured.planned += 7;
    results->recorded.measured.sent += 7;
    results->recorded.measured.unanswered = 7;
    results->total_time_ns = 2400 * NS_PER_MS;
}

void fill_connection_per_request(struct results *results)
{
    static const struct failure tls = {FAILURE_TLS, "certificate has expired", {NULL, 0}};
    results->setup.connection_per_request = true;
    add_thresholds(results, 0.5, 100, 95);
    open_connections(results, 199);
    succeed_many(results, 0, 199, 2656250);
    fail_unsent(results, 199, 1, &tls);
    results->recorded.connections.failed = 1;
    results->recorded.connections.open_at_end = 0;
    results->total_time_ns = 531250 * NS_PER_US;
}

/* The closed run with everything that is kept out of the figures. */
void fill_warm_up(struct results *results)
{
    results->setup.requests = 0;
    results->setup.duration_ns = 30 * NS_PER_S;
    results->setup.warmup_ns = 10 * NS_PER_S;
    results->setup.think_time = "100ms-300ms";
    results->setup.connect_rate = 500;
    results->setup.seed = 42;
    results->recorded.warmup = (struct accounting){
        .planned = 760, .sent = 758, .unsent = 2, .ok = 757, .failed = 3};
    add_thresholds(results, 0.5, 50, 95);
    for (int i = 0; i < 758; i++)
        recorder_message_sent(&results->recorded, 28);
    for (int i = 0; i < 757; i++)
        recorder_message_received(&results->recorded, 36);
    open_connections(results, 20);
    succeed_many(results, 0, 2400, 12500 * NS_PER_US);
    results->recorded.setup.end_ns = now_ns();
    succeed_many(results, 2400, 16, 2 * NS_PER_MS);
    results->total_time_ns = 30 * NS_PER_S;
    results->drain_time_ns = 32 * NS_PER_MS;
}

/* A closed run without thresholds, of which one request in twenty failed and which was too busy. */
void fill_doubtful_failures(struct results *results)
{
    static const struct failure reset = {FAILURE_RESET, "", {NULL, 0}};
    results->setup.requests = 0;
    results->setup.duration_ns = 30 * NS_PER_S;
    open_connections(results, 20);
    succeed_many(results, 0, 110988, 270 * NS_PER_US);
    fail_many(results, 110988, 5837, &reset);
    results->recorded.connections.closed_by_server = 5837;
    results->recorded.connections.reopened = 5837;
    results->total_time_ns = 30 * NS_PER_S;
    results->self = (struct self_usage){{0.984}, UINT64_C(18) << 20};
}

/* Connections without messages; two were not kept. */
void fill_hold(struct results *results)
{
    static const struct failure closed = {FAILURE_CLOSED, "1001", {NULL, 0}};
    results->setup.model = LOAD_HOLD;
    results->setup.requests = 0;
    results->setup.prompts = 0;
    results->setup.duration_ns = 300 * NS_PER_S;
    open_connections(results, 20);
    results->recorded.connections.open_at_end = 18;
    results->recorded.connections.closed_by_server = 2;
    for (uint64_t i = 1; i <= 2; i++) {
        histogram_record(&results->recorded.lifetime, i * 100 * NS_PER_S);
        recorder_connection_failed(&results->recorded, &closed);
    }
    advance(results, 300 * NS_PER_S);
    results->total_time_ns = 300 * NS_PER_S;
}

/* Ended early by the first of two thresholds. */
void fill_aborted(struct results *results)
{
    static const struct failure timeout = {FAILURE_REPLY_TIMEOUT, "", {NULL, 0}};
    add_threshold(results, "errors{kind=reply_timeout}<10,abort");
    add_threshold(results, "latency:p(95)<500ms");
    open_connections(results, 20);
    succeed_many(results, 0, 60, 50 * NS_PER_MS);
    fail_many(results, 60, 10, &timeout);
    results->recorded.measured.planned += 10;
    results->recorded.measured.sent += 10;
    results->recorded.measured.unanswered = 10;
    results->aborted_by = &results->thresholds.items[0];
    results->total_time_ns = 3 * NS_PER_S;
}

/* Everything that a server or an argument can choose tries to break out. */
void fill_hostile(struct results *results)
{
    static const char evil[] = "\x1b]0;owned\x07\x1b[2J\r\n\"quoted\" \\ \t\x7f\xC2\x9B"
                               "31m\xFF\xFE \xE2\x80\xAE"
                               "evil \xE4\xBD\xA0\xE5\xA5\xBD \xF0\x9F\x98\x80 </script>";
    static const struct failure closed = {FAILURE_CLOSED, "\x1b[31m", {evil, sizeof(evil) - 1}};
    struct request_outcome outcome = {
        .due_ns = now_ns(),
        .sent_ns = now_ns(),
        .first_ns = now_ns() + 52 * NS_PER_MS,
        .done_ns = now_ns() + 52 * NS_PER_MS,
        .messages = 1,
        .bytes = sizeof(evil) - 1,
        .prompt = {evil, sizeof(evil)}, /* with its NUL */
        .reply = {evil, sizeof(evil) - 1},
    };
    results->setup.url = "wss://h\xFFst/\x1b[31m";
    results->setup.origin = "https://\x1b[31m\xFF";
    results->setup.think_time = "\x1b[31m";
    open_connections(results, 1);
    results->recorded.measured.planned++;
    recorder_request_sent(&results->recorded, outcome.due_ns, outcome.sent_ns, false);
    recorder_message_sent(&results->recorded, outcome.prompt.length);
    recorder_message_received(&results->recorded, outcome.bytes);
    recorder_request_done(&results->recorded, &outcome);
    fail_many(results, 1, 1, &closed);
    results->total_time_ns = NS_PER_S;
}
