#include "fixtures.h"

#include <signal.h>
#include <string.h>

#include "testing.h"
#include "wsload/base/clock.h"
#include "wsload/report/console.h"
#include "wsload/report/json.h"

#define STARTED_MS UINT64_C(1795341600123) /* 2026-11-22T10:00:00.123Z */

static const struct results_setup usual_setup = {
    .url = "wss://api.example.com/prod",
    .origin = "https://api.example.com",
    .started_unix_ms = STARTED_MS,
    .connections = 20,
    .requests = 200,
    .prompts = 200,
    .workers = 1,
};

static void add_thresholds(struct results *results, double max_latency, double min_rps,
                           double min_success_rate)
{
    struct thresholds *thresholds = &results->thresholds;
    thresholds_add(thresholds, "max_latency", "latency.average", THRESHOLD_AT_MOST, max_latency);
    thresholds_add(thresholds, "min_rps", "requests_per_second", THRESHOLD_AT_LEAST, min_rps);
    thresholds_add(thresholds, "min_success_rate", "success_rate", THRESHOLD_AT_LEAST,
                   min_success_rate);
}

static void succeed(struct results *results, uint64_t seq, uint64_t latency_ns, const char *prompt)
{
    struct request_outcome outcome = {
        .seq = seq,
        .sent_ns = NS_PER_S,
        .done_ns = NS_PER_S + latency_ns,
        .prompt = text_of(prompt),
        .reply = text_of("{\"message\": \"Bonjour, d\xC3\xA9j\xC3\xA0 l\xC3\xA0 ?\"}"),
    };
    results->recorded.sent++;
    recorder_request_done(&results->recorded, &outcome);
}

/* COUNT good requests from number FIRST_SEQ on, of 50.1 ms to 55.0 ms. */
static void succeed_many(struct results *results, uint64_t first_seq, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        succeed(results, first_seq + i, (501 + i * i % 50) * 100 * NS_PER_US,
                "What does \"idempotent\" mean?");
}

static void fail_many(struct results *results, uint64_t first_seq, uint64_t count,
                      const struct failure *failure, bool sent)
{
    for (uint64_t i = 0; i < count; i++) {
        struct request_outcome outcome = {
            .seq = first_seq + i,
            .sent_ns = sent ? NS_PER_S : 0,
            .done_ns = 2 * NS_PER_S,
            .failure = failure,
            .prompt = text_of("Tell me a story."),
        };
        results->recorded.sent += sent;
        recorder_request_done(&results->recorded, &outcome);
    }
}

static void open_connections(struct results *results, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        recorder_connection_opened(&results->recorded, (190 + i * 7) * 10 * NS_PER_US, false);
}

static void fill_passed(struct results *results)
{
    add_thresholds(results, 0.5, 100, 95);
    open_connections(results, 20);
    succeed_many(results, 0, 200);
    results->open_time_ns = 41 * NS_PER_MS;
    results->total_time_ns = 531250 * NS_PER_US;
}

static void fill_no_thresholds(struct results *results)
{
    static const struct failure reset = {FAILURE_RESET, "", {NULL, 0}};
    results->setup.origin = "";
    results->setup.requests = 0;
    results->setup.duration_ns = 30 * NS_PER_S;
    results->setup.workers = 2;
    open_connections(results, 20);
    succeed_many(results, 0, 1997);
    fail_many(results, 1997, 3, &reset, true);
    results->recorded.connections.closed_by_server = 3;
    results->recorded.connections.reopened = 3;
    results->recorded.unsolicited = 12;
    results->open_time_ns = 41 * NS_PER_MS;
    results->total_time_ns = 30 * NS_PER_S + 52 * NS_PER_MS;
}

static void fill_failed(struct results *results)
{
    static const struct failure timeout = {FAILURE_REPLY_TIMEOUT, "", {NULL, 0}};
    static const char body[] = "{\"message\": \"Limit Exceeded\"}";
    static const struct failure throttled = {
        FAILURE_HANDSHAKE_STATUS, "429", {body, sizeof(body) - 1}};
    static const char frame[] = "{\"message\": \"Internal server error\", "
                                "\"connectionId\":\"Qyi3UG41tjMFlUg=\", \"requestId\":\"Qyi3Zg=\"}";
    static const struct failure gateway = {FAILURE_GATEWAY_ERROR, "", {frame, sizeof(frame) - 1}};
    add_thresholds(results, 0.5, 1000, 95);
    open_connections(results, 20);
    succeed_many(results, 0, 2);
    fail_many(results, 2, 12, &timeout, true);
    fail_many(results, 14, 3, &gateway, true);
    fail_many(results, 17, 5, &throttled, false);
    recorder_connection_failed(&results->recorded, &throttled);
    succeed_many(results, 22, 178);
    results->recorded.connections.failed = 6;
    results->recorded.connections.closed_by_server = 5;
    results->recorded.connections.reopened = 4;
    results->open_time_ns = 41 * NS_PER_MS;
    results->total_time_ns = 30 * NS_PER_S + 531 * NS_PER_MS;
}

static void fill_no_success(struct results *results)
{
    static const char reply[] = "Une erreur s'est produite";
    static const struct failure error = {FAILURE_ERROR_REPLY, "", {reply, sizeof(reply) - 1}};
    add_thresholds(results, 0.5, 100, 95);
    open_connections(results, 20);
    fail_many(results, 0, 200, &error, true);
    results->open_time_ns = 41 * NS_PER_MS;
    results->total_time_ns = 900 * NS_PER_MS;
}

static void fill_no_connection(struct results *results)
{
    static const struct failure refused = {FAILURE_CONNECT_REFUSED, "", {NULL, 0}};
    for (int i = 0; i < 20; i++)
        recorder_connection_failed(&results->recorded, &refused);
    results->recorded.connections.failed = 20;
    results->open_time_ns = 3 * NS_PER_MS;
}

static void fill_interrupted(struct results *results)
{
    results->setup.requests = 2000;
    add_thresholds(results, 0.5, 100, 95);
    open_connections(results, 20);
    succeed_many(results, 0, 120);
    results->recorded.sent += 7;
    results->recorded.unanswered = 7;
    results->open_time_ns = 41 * NS_PER_MS;
    results->total_time_ns = 2400 * NS_PER_MS;
}

static void fill_connection_per_request(struct results *results)
{
    static const struct failure tls = {FAILURE_TLS, "certificate has expired", {NULL, 0}};
    results->setup.connection_per_request = true;
    add_thresholds(results, 0.5, 100, 95);
    open_connections(results, 199);
    succeed_many(results, 0, 199);
    fail_many(results, 199, 1, &tls, false);
    results->recorded.connections.failed = 1;
    results->total_time_ns = 531250 * NS_PER_US;
}

/* Everything that a server or an argument can choose tries to break out. */
static void fill_hostile(struct results *results)
{
    static const char evil[] = "\x1b]0;owned\x07\x1b[2J\r\n\"quoted\" \\ \t\x7f\xC2\x9B"
                               "31m\xFF\xFE \xE2\x80\xAE"
                               "evil \xE4\xBD\xA0\xE5\xA5\xBD \xF0\x9F\x98\x80 </script>";
    static const struct failure closed = {FAILURE_CLOSED, "\x1b[31m", {evil, sizeof(evil) - 1}};
    struct request_outcome outcome = {
        .sent_ns = NS_PER_S,
        .done_ns = NS_PER_S + 52 * NS_PER_MS,
        .prompt = {evil, sizeof(evil)}, /* with its NUL */
        .reply = {evil, sizeof(evil) - 1},
    };
    results->setup.url = "wss://h\xFFst/\x1b[31m";
    results->setup.origin = "https://\x1b[31m\xFF";
    open_connections(results, 1);
    results->recorded.sent++;
    recorder_request_done(&results->recorded, &outcome);
    fail_many(results, 1, 1, &closed, true);
    results->open_time_ns = 2 * NS_PER_MS;
    results->total_time_ns = NS_PER_S;
}

static const struct fixture fixtures[] = {
    {"passed", fill_passed},
    {"no_thresholds", fill_no_thresholds},
    {"failed", fill_failed},
    {"no_success", fill_no_success},
    {"no_connection", fill_no_connection},
    {"interrupted", fill_interrupted},
    {"connection_per_request", fill_connection_per_request},
    {"hostile", fill_hostile},
};

const struct fixture *fixtures_table(size_t *count)
{
    *count = ARRAY_LENGTH(fixtures);
    return fixtures;
}

struct results *fixture_results(const char *name)
{
    static struct results results;
    size_t i = 0;
    while (strcmp(fixtures[i].name, name) != 0)
        i++;
    memset(&results, 0, sizeof(results));
    recorder_init(&results.recorded);
    results.setup = usual_setup;
    fixtures[i].fill(&results);
    failures_sort(&results.recorded.failures);
    thresholds_judge(&results.thresholds, &results);
    results_decide(&results, strcmp(name, "interrupted") == 0 ? SIGINT : 0);
    return &results;
}

void fixture_console(const struct results *results, bool color, struct buffer *out)
{
    struct console_style style = {color, "load_test_summary.json"};
    buffer_init(out, 1 << 20);
    assert_int_equal(report_console(results, &style, out), 0);
}

void fixture_json(const struct results *results, struct buffer *out)
{
    buffer_init(out, 1 << 20);
    assert_int_equal(report_json(results, out), 0);
}

size_t fixture_widest_line(const char *text)
{
    size_t widest = 0;
    size_t columns = 0;
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            columns = 0;
        else if (((unsigned char)*text & 0xC0) != 0x80)
            columns++;
        if (columns > widest)
            widest = columns;
    }
    return widest;
}
