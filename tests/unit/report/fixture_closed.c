#include "fixture_runs.h"

#include <signal.h>
#include <stdio.h>

#include "wsload/base/clock.h"

void fill_passed(struct fixture *run)
{
    add_thresholds(run, 0.5, 100, 95);
    open_connections(run, 20);
    succeed_many(run, 0, 200, 2656250);
    set_count(run, COUNT_TOTAL_TIME, 531250 * NS_PER_US);
}

void fill_no_thresholds(struct fixture *run)
{
    static const struct failure reset = {FAILURE_RESET, "", {NULL, 0}};
    struct load *load = &run->measurement->load;
    load->origin[0] = '\0';
    load->requests = 0;
    load->duration_ns = 30 * NS_PER_S;
    load->workers = 2;
    open_connections(run, 20);
    succeed_many(run, 0, 1997, 15 * NS_PER_MS);
    fail_many(run, 1997, 3, &reset);
    set_count(run, COUNT_CLOSED_BY_SERVER, 3);
    set_count(run, COUNT_REOPENED, 3);
    set_count(run, COUNT_UNSOLICITED, 12);
    set_count(run, COUNT_TOTAL_TIME, 30 * NS_PER_S);
}

void fill_failed(struct fixture *run)
{
    static const struct failure timeout = {FAILURE_REPLY_TIMEOUT, "", {NULL, 0}};
    static const char body[] = "{\"message\": \"Limit Exceeded\"}";
    static const struct failure throttled = {
        FAILURE_HANDSHAKE_STATUS, "429", {body, sizeof(body) - 1}};
    static const char frame[] = "{\"message\": \"Internal server error\", "
                                "\"connectionId\":\"Qyi3UG41tjMFlUg=\", \"requestId\":\"Qyi3Zg=\"}";
    static const struct failure gateway = {
        FAILURE_GATEWAY_ERROR, "Internal server error", {frame, sizeof(frame) - 1}};
    add_thresholds(run, 0.5, 1000, 95);
    open_connections(run, 20);
    succeed_many(run, 0, 2, 10 * NS_PER_MS);
    fail_many(run, 2, 12, &timeout);
    fail_many(run, 14, 3, &gateway);
    fail_unsent(run, 17, 5, &throttled);
    recorder_connection_failed(run->recorder, &throttled);
    succeed_many(run, 22, 178, 170 * NS_PER_MS);
    set_count(run, COUNT_OPEN_FAILED, 6);
    recorder_connection_lost(run->recorder, 29 * NS_PER_S);
    set_count(run, COUNT_CLOSED_BY_SERVER, 5);
    set_count(run, COUNT_REOPENED, 4);
    set_count(run, COUNT_RETRANSMITS, 3);
    set_count(run, COUNT_OUT_OF_ORDER, 2);
    set_count(run, COUNT_OPEN_AT_END, 19);
    set_count(run, COUNT_TOTAL_TIME, 30 * NS_PER_S + 531 * NS_PER_MS);
}

void fill_no_success(struct fixture *run)
{
    static const char reply[] = "Une erreur s'est produite";
    static const struct failure error = {FAILURE_ERROR_REPLY, "", {reply, sizeof(reply) - 1}};
    add_thresholds(run, 0.5, 100, 95);
    open_connections(run, 20);
    fail_many(run, 0, 200, &error);
    set_count(run, COUNT_TOTAL_TIME, 900 * NS_PER_MS);
}

void fill_no_connection(struct fixture *run)
{
    static const struct failure refused = {FAILURE_CONNECT_REFUSED, "", {NULL, 0}};
    for (int i = 0; i < 20; i++)
        recorder_connection_failed(run->recorder, &refused);
    set_count(run, COUNT_OPEN_FAILED, 20);
    set_count(run, COUNT_OPEN_TIME, 3 * NS_PER_MS);
}

void fill_interrupted(struct fixture *run)
{
    run->measurement->load.requests = 2000;
    add_thresholds(run, 0.5, 100, 95);
    open_connections(run, 20);
    succeed_many(run, 0, 120, 20 * NS_PER_MS);
    add_count(run, COUNT_PLANNED, 7);
    add_count(run, COUNT_SENT, 7);
    set_count(run, COUNT_UNANSWERED, 7);
    run->measurement->signal = SIGINT;
    set_count(run, COUNT_TOTAL_TIME, 2400 * NS_PER_MS);
}

void fill_connection_per_request(struct fixture *run)
{
    static const struct failure tls = {FAILURE_TLS, "certificate has expired", {NULL, 0}};
    run->measurement->load.connection_per_request = true;
    add_thresholds(run, 0.5, 100, 95);
    open_connections(run, 199);
    succeed_many(run, 0, 199, 2656250);
    fail_unsent(run, 199, 1, &tls);
    set_count(run, COUNT_OPEN_FAILED, 1);
    set_count(run, COUNT_OPEN_AT_END, 0);
    set_count(run, COUNT_TOTAL_TIME, 531250 * NS_PER_US);
}

/* The closed run with everything that is kept out of the figures. */
void fill_warm_up(struct fixture *run)
{
    struct load *load = &run->measurement->load;
    load->requests = 0;
    load->duration_ns = 30 * NS_PER_S;
    load->warmup_ns = 10 * NS_PER_S;
    load->think = (struct think){THINK_UNIFORM, 100 * NS_PER_MS, 300 * NS_PER_MS};
    load->connect_rate = 500;
    load->seed = 42;
    set_count(run, COUNT_WARMUP_PLANNED, 760);
    set_count(run, COUNT_WARMUP_SENT, 758);
    set_count(run, COUNT_WARMUP_UNSENT, 2);
    set_count(run, COUNT_WARMUP_OK, 757);
    set_count(run, COUNT_WARMUP_FAILED, 3);
    add_thresholds(run, 0.5, 50, 95);
    for (int i = 0; i < 758; i++)
        recorder_message_sent(run->recorder, 28);
    for (int i = 0; i < 757; i++)
        recorder_message_received(run->recorder, 36);
    open_connections(run, 20);
    succeed_many(run, 0, 2400, 12500 * NS_PER_US);
    run->recorder->end_ns = now_ns();
    succeed_many(run, 2400, 16, 2 * NS_PER_MS);
    set_count(run, COUNT_TOTAL_TIME, 30 * NS_PER_S);
    set_count(run, COUNT_DRAIN_TIME, 32 * NS_PER_MS);
}

/* A closed run without thresholds, of which one request in twenty failed and which was too busy. */
void fill_doubtful_failures(struct fixture *run)
{
    static const struct failure reset = {FAILURE_RESET, "", {NULL, 0}};
    run->measurement->load.requests = 0;
    run->measurement->load.duration_ns = 30 * NS_PER_S;
    open_connections(run, 20);
    succeed_many(run, 0, 110988, 270 * NS_PER_US);
    fail_many(run, 110988, 5837, &reset);
    set_count(run, COUNT_CLOSED_BY_SERVER, 5837);
    set_count(run, COUNT_REOPENED, 5837);
    set_count(run, COUNT_TOTAL_TIME, 30 * NS_PER_S);
    set_usage(run, (double[]){0.984}, 18);
}

/* Connections without messages; two were not kept. */
void fill_hold(struct fixture *run)
{
    static const struct failure closed = {FAILURE_CLOSED, "1001", {NULL, 0}};
    struct load *load = &run->measurement->load;
    load->model = LOAD_HOLD;
    load->reply = REPLY_NONE;
    load->requests = 0;
    load->prompts = 0;
    load->duration_ns = 300 * NS_PER_S;
    open_connections(run, 20);
    set_count(run, COUNT_OPEN_AT_END, 18);
    for (uint64_t i = 1; i <= 2; i++) {
        recorder_connection_lost(run->recorder, i * 100 * NS_PER_S);
        recorder_connection_failed(run->recorder, &closed);
    }
    advance(run, 300 * NS_PER_S);
    set_count(run, COUNT_TOTAL_TIME, 300 * NS_PER_S);
}

/* Ended early by the first of two thresholds. */
void fill_aborted(struct fixture *run)
{
    static const struct failure timeout = {FAILURE_REPLY_TIMEOUT, "", {NULL, 0}};
    add_threshold(run, "errors{kind=reply_timeout}<10,abort");
    add_threshold(run, "latency:p(95)<500ms");
    open_connections(run, 20);
    succeed_many(run, 0, 60, 50 * NS_PER_MS);
    fail_many(run, 60, 10, &timeout);
    add_count(run, COUNT_PLANNED, 10);
    add_count(run, COUNT_SENT, 10);
    set_count(run, COUNT_UNANSWERED, 10);
    snprintf(run->measurement->aborted_by, sizeof(run->measurement->aborted_by), "%s",
             run->thresholds.items[0].name);
    set_count(run, COUNT_TOTAL_TIME, 3 * NS_PER_S);
}

/* Everything that a server or an argument can choose tries to break out. */
void fill_hostile(struct fixture *run)
{
    static const char evil[] = "\x1b]0;owned\x07\x1b[2J\r\n\"quoted\" \\ \t\x7f\xC2\x9B"
                               "31m\xFF\xFE \xE2\x80\xAE"
                               "evil \xE4\xBD\xA0\xE5\xA5\xBD \xF0\x9F\x98\x80 </script>";
    static const struct failure closed = {FAILURE_CLOSED, "\x1b[31m", {evil, sizeof(evil) - 1}};
    static const struct remark remark = {1, "\x1b]0;me\x07.json", "\x1b[2J", "\x1b[31mlate\r"};
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
    struct load *load = &run->measurement->load;
    snprintf(load->url, sizeof(load->url), "wss://h\xFFst/\x1b[31m");
    snprintf(load->origin, sizeof(load->origin), "https://\x1b[31m\xFF");
    measurement_add_remark(run->measurement, &remark);
    open_connections(run, 20);
    recorder_count(run->recorder, COUNT_PLANNED);
    recorder_request_sent(run->recorder, outcome.due_ns, outcome.sent_ns, false);
    recorder_message_sent(run->recorder, outcome.prompt.length);
    send_text(run, &outcome, outcome.prompt);
    recorder_message_received(run->recorder, outcome.bytes);
    recorder_request_done(run->recorder, &outcome);
    fail_many(run, 1, 1, &closed);
    set_count(run, COUNT_TOTAL_TIME, NS_PER_S);
}
