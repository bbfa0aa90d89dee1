#include "testing.h"

#include <string.h>

#include "fake_transport.h"
#include "wsload/base/clock.h"
#include "wsload/engine/worker.h"

/* --- A run over the fake transport --- */

static struct prompt prompt_items[] = {
    {{"one", 3}, {"one", 3}, 1},
    {{"two", 3}, {"two", 3}, 2},
    {{"three", 5}, {"three", 5}, 3},
};
static const struct prompts prompts = {.items = prompt_items, .count = 3};

struct run {
    struct template message;
    struct plan plan;
    atomic_int stop;
    struct worker *worker;
    struct fake_transport fake;
};

static struct run run; /* one at a time; the scripts see it */

static void set_up(uint32_t connections, uint64_t requests)
{
    struct error error;
    memset(&run, 0, sizeof run);
    assert_int_equal(
        template_compile(&run.message, text_of("<{{prompt}}>"), TEMPLATE_CLIENT_VARIABLES, &error),
        0);
    run.plan = (struct plan){
        .prompts = &prompts,
        .message = &run.message,
        .connections = connections,
        .requests = requests,
        .reply_timeout_ns = 30 * NS_PER_S,
        .connect_timeout_ns = 10 * NS_PER_S,
    };
}

static const struct recorder *execute(void (*script)(struct fake_transport *))
{
    struct error error;
    run.worker = worker_new(&run.plan, &run.stop, &error);
    assert_non_null(run.worker);
    fake_init(&run.fake, run.worker, &worker_events);
    run.fake.script = script;
    worker_run(run.worker, &run.fake.base);
    return worker_recorder(run.worker);
}

static void tear_down(void)
{
    worker_free(run.worker);
    fake_free(&run.fake);
    template_free(&run.message);
}

/* What must hold after every run: each request that was sent ended in exactly one way, unless it
 * failed before it was sent. */
static void assert_conserved(const struct recorder *recorder)
{
    assert_int_equal(recorder->sent, run.fake.sends);
    assert_true(recorder->ok + recorder->failed + recorder->unanswered >= recorder->sent);
    assert_int_equal(failures_requests(&recorder->failures), recorder->failed);
    assert_int_equal(recorder->latency.count, recorder->ok);
}

static void assert_failure(const struct recorder *recorder, size_t index, enum failure_kind kind,
                           const char *detail, uint64_t requests)
{
    assert_true(index < recorder->failures.count);
    const struct failure_class *class = &recorder->failures.classes[index];
    assert_int_equal(class->kind, kind);
    assert_string_equal(class->detail, detail);
    assert_int_equal(class->requests, requests);
}

/* --- Opening --- */

static void open_late_then_answer(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    assert_int_equal(fake->sends, 0); /* not before the other is open, too */
    fake_advance(fake, 40 * NS_PER_MS);
    fake_opened(fake, 1);
    assert_int_equal(fake->sends, 2);
    assert_string_equal(fake->connections[0].last_message, "<one>");
    assert_string_equal(fake->connections[1].last_message, "<two>");
    fake_advance(fake, 7 * NS_PER_MS);
    fake_reply(fake, 1, "ok");
    assert_string_equal(fake->connections[1].last_message, "<three>");
    fake_advance(fake, 3 * NS_PER_MS);
    fake_reply(fake, 0, "ok");
    assert_string_equal(fake->connections[0].last_message, "<one>"); /* round again */
    fake_advance(fake, 5 * NS_PER_MS);
    fake_reply(fake, 0, "ok");
    fake_reply(fake, 1, "ok");
    assert_int_equal(fake->connections[0].closes, 1);
    assert_int_equal(fake->connections[1].closes, 1);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    assert_false(fake->stopped);
    fake_closed(fake, 1, FAILURE_CLOSED, "1000");
    assert_true(fake->stopped);
}

static void test_worker_starts_the_clock_when_all_are_open(void **state)
{
    (void)state;
    set_up(2, 4);
    const struct recorder *recorder = execute(open_late_then_answer);
    assert_conserved(recorder);
    assert_int_equal(recorder->ok, 4);
    assert_int_equal(recorder->connections.opened, 2);
    assert_int_equal(recorder->connections.closed_by_server, 0);
    assert_int_equal(worker_open_time_ns(run.worker), 40 * NS_PER_MS);
    assert_int_equal(worker_total_time_ns(run.worker), 15 * NS_PER_MS);
    assert_int_equal(recorder->latency.min_ns, 5 * NS_PER_MS);
    assert_int_equal(recorder->latency.max_ns, 10 * NS_PER_MS);
    tear_down();
}

static void refuse_both(struct fake_transport *fake)
{
    fake_failed(fake, 0, FAILURE_CONNECT_REFUSED);
    assert_false(fake->stopped);
    fake_failed(fake, 1, FAILURE_CONNECT_REFUSED);
}

static void test_worker_ends_when_no_connection_opens(void **state)
{
    (void)state;
    set_up(2, 4);
    const struct recorder *recorder = execute(refuse_both);
    assert_true(run.fake.stopped);
    assert_int_equal(recorder->sent + recorder->ok + recorder->failed, 0);
    assert_int_equal(recorder->connections.failed, 2);
    assert_failure(recorder, 0, FAILURE_CONNECT_REFUSED, "", 0);
    assert_int_equal(recorder->failures.classes[0].count, 2);
    assert_int_equal(worker_total_time_ns(run.worker), 0);
    tear_down();
}

static void refuse_one_first(struct fake_transport *fake)
{
    fake_failed(fake, 0, FAILURE_CONNECT_REFUSED);
    fake_opened(fake, 1);
    assert_int_equal(fake->sends, 1);
    fake_advance(fake, 100 * NS_PER_MS);
    assert_int_equal(fake->connections[0].opens, 2); /* with a prompt of its own, after 100 ms */
    fake_opened(fake, 0);
    assert_int_equal(fake->sends, 2);
    fake_reply(fake, 0, "ok");
    fake_reply(fake, 1, "ok");
    fake_reply(fake, 0, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    fake_closed(fake, 1, FAILURE_CLOSED, "1000");
}

static void test_worker_tries_again_what_did_not_open_first(void **state)
{
    (void)state;
    set_up(2, 3);
    const struct recorder *recorder = execute(refuse_one_first);
    assert_conserved(recorder);
    assert_true(run.fake.stopped);
    assert_int_equal(recorder->ok, 3);
    assert_int_equal(recorder->failed, 0);
    assert_int_equal(recorder->connections.opened, 2);
    assert_int_equal(recorder->connections.reopened, 0);
    assert_int_equal(recorder->connections.failed, 1);
    tear_down();
}

static void count_openings(struct fake_transport *fake)
{
    for (uint32_t id = 0; id < WORKER_HANDSHAKES_MAX; id++)
        assert_int_equal(fake->connections[id].opens, 1);
    assert_int_equal(fake->connections[WORKER_HANDSHAKES_MAX].opens, 0);
    fake_opened(fake, 3);
    assert_int_equal(fake->connections[WORKER_HANDSHAKES_MAX].opens, 1);
    assert_int_equal(fake->connections[WORKER_HANDSHAKES_MAX + 1].opens, 0);
}

static void test_worker_bounds_the_handshakes_under_way(void **state)
{
    (void)state;
    set_up(1000, 3);
    execute(count_openings);
    tear_down();
}

static void do_nothing(struct fake_transport *fake)
{
    (void)fake;
}

static void test_worker_survives_many_failures_inside_open(void **state)
{
    (void)state;
    static const struct failure unreachable = {FAILURE_CONNECT_REFUSED, "", {0}};
    set_up(FAKE_CONNECTIONS, 3);
    struct error error;
    run.worker = worker_new(&run.plan, &run.stop, &error);
    fake_init(&run.fake, run.worker, &worker_events);
    run.fake.script = do_nothing;
    run.fake.refuse_with = &unreachable;
    worker_run(run.worker, &run.fake.base);
    assert_true(run.fake.stopped);
    assert_int_equal(worker_recorder(run.worker)->connections.failed, FAKE_CONNECTIONS);
    tear_down();
}

/* --- Breaking --- */

static void break_twice(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_closed(fake, 0, FAILURE_CLOSED, "1011");
    assert_int_equal(fake->connections[0].opens, 1);
    fake_advance(fake, 99 * NS_PER_MS);
    assert_int_equal(fake->connections[0].opens, 1);
    fake_advance(fake, NS_PER_MS);
    assert_int_equal(fake->connections[0].opens, 2);
    fake_opened(fake, 0);
    fake_closed(fake, 0, FAILURE_RESET, "");
    fake_advance(fake, 199 * NS_PER_MS);
    assert_int_equal(fake->connections[0].opens, 2);
    fake_advance(fake, NS_PER_MS);
    assert_int_equal(fake->connections[0].opens, 3);
    fake_opened(fake, 0);
    fake_reply(fake, 0, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_fails_the_request_of_a_connection_that_breaks(void **state)
{
    (void)state;
    set_up(1, 3);
    const struct recorder *recorder = execute(break_twice);
    assert_conserved(recorder);
    assert_int_equal(recorder->ok, 1);
    assert_int_equal(recorder->failed, 2);
    assert_failure(recorder, 0, FAILURE_CLOSED, "1011", 1);
    assert_failure(recorder, 1, FAILURE_RESET, "", 1);
    assert_int_equal(recorder->connections.opened, 1);
    assert_int_equal(recorder->connections.reopened, 2);
    assert_int_equal(recorder->connections.closed_by_server, 2);
    tear_down();
}

static void never_reopen(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_closed(fake, 0, FAILURE_RESET, "");
    for (int attempt = 0; attempt < 2; attempt++) {
        fake_advance(fake, 5 * NS_PER_S);
        fake_failed(fake, 0, FAILURE_CONNECT_REFUSED);
    }
}

static void test_worker_fails_a_request_for_each_attempt_to_reopen(void **state)
{
    (void)state;
    set_up(1, 3);
    const struct recorder *recorder = execute(never_reopen);
    assert_true(run.fake.stopped); /* and not for ever */
    assert_conserved(recorder);
    assert_int_equal(recorder->sent, 1);
    assert_int_equal(recorder->failed, 3);
    assert_failure(recorder, 0, FAILURE_RESET, "", 1);
    assert_failure(recorder, 1, FAILURE_CONNECT_REFUSED, "", 2);
    tear_down();
}

static void never_answer(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 30 * NS_PER_S - 1);
    assert_int_equal(fake->connections[0].closes, 0);
    fake_advance(fake, 1);
    assert_int_equal(fake->connections[0].closes, 1);
    fake_reply(fake, 0, "late"); /* belongs to no request any more */
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    assert_int_equal(fake->connections[0].opens, 2); /* at once: nothing broke */
    fake_opened(fake, 0);
    fake_reply(fake, 0, "in time");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_does_not_take_a_late_reply_for_the_next(void **state)
{
    (void)state;
    set_up(1, 2);
    const struct recorder *recorder = execute(never_answer);
    assert_conserved(recorder);
    assert_int_equal(recorder->ok, 1);
    assert_int_equal(recorder->failed, 1);
    assert_failure(recorder, 0, FAILURE_REPLY_TIMEOUT, "", 1);
    assert_string_equal(recorder->failures.classes[0].example, "no reply within 30 s");
    assert_int_equal(recorder->unsolicited, 1);
    assert_int_equal(recorder->latency.max_ns, 0);
    assert_int_equal(recorder->connections.closed_by_server, 0);
    tear_down();
}

static void never_open(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 10 * NS_PER_S);
    assert_int_equal(fake->connections[1].drops, 1);
    assert_int_equal(fake->sends, 1);
    fake_reply(fake, 0, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_gives_up_a_connection_that_does_not_open(void **state)
{
    (void)state;
    set_up(2, 1);
    const struct recorder *recorder = execute(never_open);
    assert_true(run.fake.stopped);
    assert_int_equal(recorder->ok, 1);
    assert_int_equal(recorder->connections.failed, 1);
    assert_failure(recorder, 0, FAILURE_CONNECT_TIMEOUT, "", 0);
    assert_int_equal(worker_open_time_ns(run.worker), 10 * NS_PER_S);
    tear_down();
}

/* --- Replies --- */

static void answer_badly(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_reply(fake, 0, "Une erreur est survenue");
    fake_reply(fake, 0,
               "{\"message\": \"Internal server error\", \"connectionId\": \"a\", "
               "\"requestId\": \"b\"}");
    fake_reply(fake, 0, "fine");
    fake_reply(fake, 0, "\xff\xfe");
    assert_int_equal(fake->connections[0].closes, 1); /* RFC 6455: not UTF-8 ends the connection */
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_tells_error_replies_from_good_ones(void **state)
{
    (void)state;
    static const struct text fail_on[] = {{"Une erreur", 10}};
    set_up(1, 4);
    run.plan.reply_rules = (struct reply_rules){fail_on, 1};
    const struct recorder *recorder = execute(answer_badly);
    assert_conserved(recorder);
    assert_int_equal(recorder->ok, 1);
    assert_failure(recorder, 0, FAILURE_ERROR_REPLY, "", 1);
    assert_failure(recorder, 1, FAILURE_GATEWAY_ERROR, "", 1);
    assert_failure(recorder, 2, FAILURE_PROTOCOL, "", 1);
    tear_down();
}

/* --- Ends --- */

static void answer_for_a_second(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_opened(fake, 1);
    for (int i = 0; i < 9; i++) {
        fake_advance(fake, 100 * NS_PER_MS);
        fake_reply(fake, 0, "ok");
    }
    fake_advance(fake, 100 * NS_PER_MS);
    fake_reply(fake, 0, "ok"); /* at 1 s: no further request, but connection 1 is awaited */
    assert_int_equal(fake->connections[0].closes, 0);
    fake_advance(fake, 500 * NS_PER_MS);
    fake_reply(fake, 1, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    fake_closed(fake, 1, FAILURE_CLOSED, "1000");
}

static void test_worker_sends_for_the_duration_and_awaits_the_rest(void **state)
{
    (void)state;
    set_up(2, 0);
    run.plan.duration_ns = NS_PER_S;
    const struct recorder *recorder = execute(answer_for_a_second);
    assert_true(run.fake.stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->ok, 11);
    assert_int_equal(worker_total_time_ns(run.worker), 1500 * NS_PER_MS);
    tear_down();
}

static void idle_out(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_closed(fake, 0, FAILURE_CLOSED, "1001");
    fake_advance(fake, 100 * NS_PER_MS);
    fake_failed(fake, 0, FAILURE_CONNECT_REFUSED);
    fake_advance(fake, 150 * NS_PER_MS); /* backing off until 300 ms; the run is over at 250 ms */
}

static void test_worker_ends_on_time_with_nothing_under_way(void **state)
{
    (void)state;
    set_up(1, 0);
    run.plan.duration_ns = 250 * NS_PER_MS;
    execute(idle_out);
    assert_true(run.fake.stopped);
    tear_down();
}

static void answer_one_by_one(struct fake_transport *fake)
{
    for (unsigned round = 1; round <= 2; round++) {
        for (uint32_t id = 0; id < 2; id++) {
            assert_int_equal(fake->connections[id].opens, round);
            fake_opened(fake, id);
            assert_int_equal(fake->connections[id].sends, round);
            fake_advance(fake, NS_PER_MS);
            fake_reply(fake, id, "ok");
            assert_int_equal(fake->connections[id].closes, round);
            fake_closed(fake, id, FAILURE_CLOSED, "1000");
        }
    }
}

static void test_worker_opens_a_connection_per_request(void **state)
{
    (void)state;
    set_up(2, 4);
    run.plan.connection_per_request = true;
    const struct recorder *recorder = execute(answer_one_by_one);
    assert_true(run.fake.stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->ok, 4);
    assert_int_equal(recorder->connections.opened, 4);
    assert_int_equal(recorder->connections.reopened, 0);
    tear_down();
}

static void refuse_per_request(struct fake_transport *fake)
{
    fake_failed(fake, 0, FAILURE_CONNECT_REFUSED);
    fake_failed(fake, 1, FAILURE_CONNECT_REFUSED);
}

static void test_worker_per_request_ends_when_every_first_attempt_fails(void **state)
{
    (void)state;
    set_up(2, 1000);
    run.plan.connection_per_request = true;
    const struct recorder *recorder = execute(refuse_per_request);
    assert_true(run.fake.stopped);
    assert_int_equal(recorder->failed, 2);
    assert_failure(recorder, 0, FAILURE_CONNECT_REFUSED, "", 2);
    tear_down();
}

static void interrupt_run(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_opened(fake, 1);
    fake_opened(fake, 2);
    fake_closed(fake, 2, FAILURE_RESET, "");
    fake_advance(fake, 100 * NS_PER_MS); /* connection 2 is opening again, with a request */
    atomic_store(&run.stop, STOP_POLITELY);
    fake->events->woken(fake->worker);
    assert_int_equal(fake->connections[2].drops, 1);
    fake_advance(fake, NS_PER_S);
    fake_reply(fake, 0, "ok");
    assert_int_equal(fake->sends, 3); /* nothing new */
    fake_advance(fake, NS_PER_S - 1);
    assert_int_equal(fake->connections[1].closes, 0);
    fake_advance(fake, 1);
    assert_int_equal(fake->connections[1].closes, 1);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    fake_advance(fake, NS_PER_S); /* connection 1 does not answer the close */
}

static void test_worker_interrupted_awaits_replies_for_2_s(void **state)
{
    (void)state;
    set_up(3, 100);
    const struct recorder *recorder = execute(interrupt_run);
    assert_true(run.fake.stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->sent, 3);
    assert_int_equal(recorder->ok, 1);
    assert_int_equal(recorder->failed, 1);
    assert_int_equal(recorder->unanswered, 1);
    tear_down();
}

static void interrupt_opening(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    atomic_store(&run.stop, STOP_POLITELY);
    fake->events->woken(fake->worker);
    assert_int_equal(fake->connections[0].closes, 1);
    assert_int_equal(fake->connections[1].drops, 1);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_interrupted_while_opening_sends_nothing(void **state)
{
    (void)state;
    set_up(2, 100);
    const struct recorder *recorder = execute(interrupt_opening);
    assert_true(run.fake.stopped);
    assert_int_equal(recorder->sent, 0);
    tear_down();
}

static void stop_now(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    atomic_store(&run.stop, STOP_NOW);
    fake->events->woken(fake->worker);
}

static void test_worker_stops_at_once_when_told_twice(void **state)
{
    (void)state;
    set_up(1, 100);
    const struct recorder *recorder = execute(stop_now);
    assert_true(run.fake.stopped);
    assert_int_equal(recorder->unanswered, 1);
    tear_down();
}

/* --- Progress --- */

static void look_on(struct fake_transport *fake)
{
    fake_advance(fake, 100 * NS_PER_MS);
    struct snapshot opening = worker_peek(run.worker);
    assert_int_equal(opening.phase, PHASE_OPENING);
    assert_int_equal(opening.connections, 2);
    fake_opened(fake, 0);
    fake_opened(fake, 1);
    fake_advance(fake, 20 * NS_PER_MS);
    fake_reply(fake, 0, "ok");
    fake_advance(fake, 80 * NS_PER_MS);
    struct snapshot running = worker_peek(run.worker);
    assert_int_equal(running.phase, PHASE_RUNNING);
    assert_int_equal(running.open, 2);
    assert_int_equal(running.done, 1);
    assert_int_equal(running.in_flight, 2);
    assert_int_equal(running.planned, 50);
    assert_int_equal(running.recent_p95_ns, 20 * NS_PER_MS);
}

static void test_worker_publishes_its_progress(void **state)
{
    (void)state;
    set_up(2, 50);
    execute(look_on);
    tear_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worker_starts_the_clock_when_all_are_open),
        cmocka_unit_test(test_worker_ends_when_no_connection_opens),
        cmocka_unit_test(test_worker_tries_again_what_did_not_open_first),
        cmocka_unit_test(test_worker_bounds_the_handshakes_under_way),
        cmocka_unit_test(test_worker_survives_many_failures_inside_open),
        cmocka_unit_test(test_worker_fails_the_request_of_a_connection_that_breaks),
        cmocka_unit_test(test_worker_fails_a_request_for_each_attempt_to_reopen),
        cmocka_unit_test(test_worker_does_not_take_a_late_reply_for_the_next),
        cmocka_unit_test(test_worker_gives_up_a_connection_that_does_not_open),
        cmocka_unit_test(test_worker_tells_error_replies_from_good_ones),
        cmocka_unit_test(test_worker_sends_for_the_duration_and_awaits_the_rest),
        cmocka_unit_test(test_worker_ends_on_time_with_nothing_under_way),
        cmocka_unit_test(test_worker_opens_a_connection_per_request),
        cmocka_unit_test(test_worker_per_request_ends_when_every_first_attempt_fails),
        cmocka_unit_test(test_worker_interrupted_awaits_replies_for_2_s),
        cmocka_unit_test(test_worker_interrupted_while_opening_sends_nothing),
        cmocka_unit_test(test_worker_stops_at_once_when_told_twice),
        cmocka_unit_test(test_worker_publishes_its_progress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
