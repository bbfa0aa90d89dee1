#include "fixtures.h"

#include <signal.h>
#include <string.h>

#include "testing.h"
#include "wsload/base/clock.h"
#include "wsload/report/console.h"
#include "wsload/report/json.h"

#define STARTED_MS UINT64_C(1795341600123) /* 2026-11-22T10:00:00.123Z */
#define START_NS   NS_PER_S                /* of the measured part, on the fixtures' own clock */

/* When the next request ends. */
static uint64_t now_ns;

static const struct results_setup usual_setup = {
    .url = "wss://api.example.com/prod",
    .origin = "https://api.example.com",
    .started_unix_ms = STARTED_MS,
    .connections = 20,
    .requests = 200,
    .prompts = 200,
    .workers = 1,
    .in_flight = 1,
    .seed = UINT64_C(18446744073709551557),
};

static void add_thresholds(struct results *results, double max_latency, double min_rps,
                           double min_success_rate)
{
    struct thresholds *thresholds = &results->thresholds;
    thresholds_add(thresholds, "max_latency", "latency:avg", THRESHOLD_AT_MOST, max_latency);
    thresholds_add(thresholds, "min_rps", "requests_per_second", THRESHOLD_AT_LEAST, min_rps);
    thresholds_add(thresholds, "min_success_rate", "success_rate", THRESHOLD_AT_LEAST,
                   min_success_rate);
}

static void add_threshold(struct results *results, const char *text)
{
    struct error error;
    if (thresholds_parse(&results->thresholds, text, &error) != 0)
        fail_msg("%s", error.text);
}

/* Its clock goes on; the seconds that are over become rows of the timeline. */
static void advance(struct results *results, uint64_t ns)
{
    now_ns += ns;
    recorder_tick(&results->recorded, now_ns, results->setup.connections,
                  results->setup.connections);
}

/* A request that was due LAG_NS before it was sent and ends now; WAITED for a free connection. */
struct timing {
    uint64_t lag_ns;
    uint64_t latency_ns;
    bool waited;
};

static void end_request(struct results *results, uint64_t seq, const struct timing *timing,
                        const struct failure *failure)
{
    uint64_t sent_ns = now_ns - timing->latency_ns;
    struct request_outcome outcome = {
        .seq = seq,
        .due_ns = sent_ns - timing->lag_ns,
        .sent_ns = sent_ns,
        .done_ns = now_ns,
        .failure = failure,
        .prompt = text_of(failure ? "Tell me a story." : "What does \"idempotent\" mean?"),
    };
    if (failure == NULL)
        outcome.reply = text_of("{\"message\": \"Bonjour, d\xC3\xA9j\xC3\xA0 l\xC3\xA0 ?\"}");
    recorder_account(&results->recorded, outcome.due_ns)->planned++;
    recorder_request_sent(&results->recorded, outcome.due_ns, sent_ns, timing->waited);
    recorder_request_done(&results->recorded, &outcome);
}

/* COUNT good requests from number FIRST_SEQ on, one every STEP_NS, of 50.1 ms to 55.0 ms. */
static void succeed_many(struct results *results, uint64_t first_seq, uint64_t count,
                         uint64_t step_ns)
{
    for (uint64_t i = 0; i < count; i++) {
        struct timing timing = {.latency_ns = (501 + i * i % 50) * 100 * NS_PER_US};
        advance(results, step_ns);
        end_request(results, first_seq + i, &timing, NULL);
    }
}

/* The same of an open run: each is sent 20 us to 60 us late. */
static void succeed_on_time(struct results *results, uint64_t first_seq, uint64_t count,
                            uint64_t step_ns)
{
    for (uint64_t i = 0; i < count; i++) {
        struct timing timing = {.lag_ns = (20 + i * i % 41) * NS_PER_US,
                                .latency_ns = (501 + i * i % 50) * 100 * NS_PER_US};
        advance(results, step_ns);
        end_request(results, first_seq + i, &timing, NULL);
    }
}

static void fail_many(struct results *results, uint64_t first_seq, uint64_t count,
                      const struct failure *failure)
{
    static const struct timing at_once = {0};
    for (uint64_t i = 0; i < count; i++)
        end_request(results, first_seq + i, &at_once, failure);
}

static void fail_unsent(struct results *results, uint64_t first_seq, uint64_t count,
                        const struct failure *failure)
{
    for (uint64_t i = 0; i < count; i++) {
        struct request_outcome outcome = {
            .seq = first_seq + i,
            .due_ns = now_ns,
            .done_ns = now_ns,
            .failure = failure,
            .prompt = text_of("Tell me a story."),
        };
        results->recorded.measured.planned++;
        recorder_request_done(&results->recorded, &outcome);
    }
}

/* COUNT of them, and a loop that goes round while they are open. Each takes 1.9 ms and 70 us
 * more than the one before: half of it TLS, if that is used. */
static void open_connections(struct results *results, uint64_t count)
{
    bool tls = strncmp(results->setup.url, "wss:", 4) == 0;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t total_ns = (190 + i * 7) * 10 * NS_PER_US;
        struct connect_times times = {{
            [CONNECT_DNS] = i == 0 ? 3 * NS_PER_MS : CLOCK_NEVER,
            [CONNECT_TCP] = total_ns / 8,
            [CONNECT_TLS] = tls ? total_ns / 2 : CLOCK_NEVER,
            [CONNECT_UPGRADE] = total_ns / 4,
            [CONNECT_TOTAL] = total_ns,
        }};
        recorder_connection_opened(&results->recorded, &times, false);
    }
    for (uint64_t i = 0; i < 100; i++)
        histogram_record(&results->recorded.loop_lag, (1 + i % 7 * i % 31) * NS_PER_US);
    results->recorded.connections.open_at_end = count;
    results->open_time_ns = 41 * NS_PER_MS;
}

static void fill_passed(struct results *results)
{
    add_thresholds(results, 0.5, 100, 95);
    open_connections(results, 20);
    succeed_many(results, 0, 200, 2656250);
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
    succeed_many(results, 0, 1997, 15 * NS_PER_MS);
    fail_many(results, 1997, 3, &reset);
    results->recorded.connections.closed_by_server = 3;
    results->recorded.connections.reopened = 3;
    results->recorded.unsolicited = 12;
    results->total_time_ns = 30 * NS_PER_S;
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

static void fill_no_success(struct results *results)
{
    static const char reply[] = "Une erreur s'est produite";
    static const struct failure error = {FAILURE_ERROR_REPLY, "", {reply, sizeof(reply) - 1}};
    add_thresholds(results, 0.5, 100, 95);
    open_connections(results, 20);
    fail_many(results, 0, 200, &error);
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
    succeed_many(results, 0, 120, 20 * NS_PER_MS);
    results->recorded.measured.planned += 7;
    results->recorded.measured.sent += 7;
    results->recorded.measured.unanswered = 7;
    results->total_time_ns = 2400 * NS_PER_MS;
}

static void fill_connection_per_request(struct results *results)
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
static void fill_warm_up(struct results *results)
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
    open_connections(results, 20);
    succeed_many(results, 0, 2400, 12500 * NS_PER_US);
    results->recorded.setup.end_ns = now_ns;
    succeed_many(results, 2400, 16, 2 * NS_PER_MS);
    results->total_time_ns = 30 * NS_PER_S;
    results->drain_time_ns = 32 * NS_PER_MS;
}

static void set_open_model(struct results *results, double rate, uint64_t duration_s)
{
    results->setup.model = LOAD_OPEN;
    results->setup.requests = 0;
    results->setup.duration_ns = duration_s * NS_PER_S;
    results->setup.workers = 2;
    results->setup.stages.start = rate;
    results->setup.max_queue = 100000;
    results->setup.seed = 42;
    results->recorded.setup.open_model = true;
    results->asked_per_s = rate;
    results->total_time_ns = duration_s * NS_PER_S;
}

/* A ramp up, a plateau and a ramp down, all as it should be. */
static void fill_open_stages(struct results *results)
{
    static const struct stage stages[] = {
        {30 * NS_PER_S, 500}, {60 * NS_PER_S, 500}, {15 * NS_PER_S, 0}};
    set_open_model(results, 0, 105);
    results->setup.url = "ws://127.0.0.1:8080/chat";
    results->setup.arrival = ARRIVAL_POISSON;
    results->setup.in_flight = 4;
    results->setup.same_machine = true;
    memcpy(results->setup.stages.items, stages, sizeof(stages));
    results->setup.stages.count = ARRAY_LENGTH(stages);
    add_threshold(results, "response_time:p(99)<2s");
    add_threshold(results, "success_rate>99");
    add_threshold(results, "achieved_rate>98");
    open_connections(results, 20);
    succeed_on_time(results, 0, 7500, 4 * NS_PER_MS);
    succeed_on_time(results, 7500, 30000, 2 * NS_PER_MS);
    succeed_on_time(results, 37500, 3750, 4 * NS_PER_MS);
    results->asked_per_s = 41250.0 / 105;
    results->self = (struct self_usage){{0.0512, 0.0498}, UINT64_C(12) << 20};
}

/* The generator was late: one request in fifty is sent 38 ms behind its time. */
static void fill_doubtful(struct results *results)
{
    set_open_model(results, 1000, 10);
    add_threshold(results, "response_time:p(95)<500ms");
    open_connections(results, 20);
    for (uint64_t i = 0; i < 200; i++) {
        struct timing late = {.lag_ns = 38 * NS_PER_MS, .latency_ns = 52 * NS_PER_MS};
        succeed_on_time(results, i * 50, 49, NS_PER_MS);
        advance(results, NS_PER_MS);
        end_request(results, i * 50 + 49, &late, NULL);
    }
    results->self = (struct self_usage){{0.35, 0.97}, UINT64_C(18) << 20};
}

/* A closed run without thresholds, of which one request in twenty failed and which was too busy. */
static void fill_doubtful_failures(struct results *results)
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

/* The target kept up with half of the rate: the queue ran over. */
static void fill_slow_target(struct results *results)
{
    set_open_model(results, 2000, 10);
    results->setup.max_queue = 1000;
    add_threshold(results, "success_rate>99");
    open_connections(results, 20);
    for (uint64_t i = 0; i < 10000; i++) {
        struct timing timing = {NS_PER_S - i * 10 * NS_PER_US, 52 * NS_PER_MS, true};
        advance(results, NS_PER_MS);
        if (timing.lag_ns + timing.latency_ns <= now_ns - START_NS)
            end_request(results, i, &timing, NULL);
        else
            succeed_many(results, i, 1, 0);
    }
    results->recorded.measured.planned += 10000;
    results->recorded.measured.skipped = 10000;
    results->self = (struct self_usage){{0.12, 0.115}, UINT64_C(18) << 20};
}

static void end_late(struct results *results, uint64_t first_seq, uint64_t count)
{
    static const struct timing late = {.lag_ns = 600 * NS_PER_MS, .latency_ns = 52 * NS_PER_MS};
    for (uint64_t i = 0; i < count; i++)
        end_request(results, first_seq + i, &late, NULL);
}

/* Three requests in four were sent in time, and many of those late, while connections were free; an
 * invalid run is not to pass. */
static void fill_invalid(struct results *results)
{
    set_open_model(results, 2000, 10);
    results->setup.strict = true;
    add_threshold(results, "success_rate>99");
    open_connections(results, 20);
    succeed_on_time(results, 0, 8000, NS_PER_MS);
    results->recorded.setup.end_ns = START_NS + 10 * NS_PER_S;
    end_late(results, 8000, 7000);
    advance(results, 2 * NS_PER_S);
    end_late(results, 15000, 5000);
    results->drain_time_ns = 100 * NS_PER_MS;
    results->self = (struct self_usage){{0.99, 0.985}, UINT64_C(18) << 20};
}

/* Connections without messages; two were not kept. */
static void fill_hold(struct results *results)
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
static void fill_aborted(struct results *results)
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
static void fill_hostile(struct results *results)
{
    static const char evil[] = "\x1b]0;owned\x07\x1b[2J\r\n\"quoted\" \\ \t\x7f\xC2\x9B"
                               "31m\xFF\xFE \xE2\x80\xAE"
                               "evil \xE4\xBD\xA0\xE5\xA5\xBD \xF0\x9F\x98\x80 </script>";
    static const struct failure closed = {FAILURE_CLOSED, "\x1b[31m", {evil, sizeof(evil) - 1}};
    struct request_outcome outcome = {
        .due_ns = now_ns,
        .sent_ns = now_ns,
        .done_ns = now_ns + 52 * NS_PER_MS,
        .prompt = {evil, sizeof(evil)}, /* with its NUL */
        .reply = {evil, sizeof(evil) - 1},
    };
    results->setup.url = "wss://h\xFFst/\x1b[31m";
    results->setup.origin = "https://\x1b[31m\xFF";
    results->setup.think_time = "\x1b[31m";
    open_connections(results, 1);
    results->recorded.measured.planned++;
    recorder_request_sent(&results->recorded, outcome.due_ns, outcome.sent_ns, false);
    recorder_request_done(&results->recorded, &outcome);
    fail_many(results, 1, 1, &closed);
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
    {"warm_up", fill_warm_up},
    {"open_stages", fill_open_stages},
    {"doubtful", fill_doubtful},
    {"doubtful_failures", fill_doubtful_failures},
    {"slow_target", fill_slow_target},
    {"invalid", fill_invalid},
    {"hold", fill_hold},
    {"aborted", fill_aborted},
};

const struct fixture *fixtures_table(size_t *count)
{
    *count = ARRAY_LENGTH(fixtures);
    return fixtures;
}

/* Judged as the engine's results are. */
static void judge(struct results *results, int signal_number)
{
    failures_sort(&results->recorded.failures);
    thresholds_judge(&results->thresholds, results);
    trust_judge(&results->trust, results);
    results_decide(results, signal_number);
}

struct results *fixture_results(const char *name)
{
    static struct results results;
    size_t i = 0;
    while (strcmp(fixtures[i].name, name) != 0)
        i++;
    recorder_free(&results.recorded);
    memset(&results, 0, sizeof(results));
    assert_int_equal(recorder_init(&results.recorded), 0);
    recorder_start(&results.recorded,
                   &(struct recorder_setup){.start_ns = START_NS, .end_ns = CLOCK_NEVER});
    results.setup = usual_setup;
    now_ns = START_NS + 100 * NS_PER_MS;
    fixtures[i].fill(&results);
    recorder_finish(&results.recorded, now_ns, 0, results.recorded.connections.open_at_end);
    judge(&results, strcmp(name, "interrupted") == 0 ? SIGINT : 0);
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
