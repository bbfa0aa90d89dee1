#include "testing.h"

#include "fake_run.h"
#include "wsload/base/clock.h"

/* Requests that no reply is expected to (--one-way): sent is done. */

#define MS NS_PER_MS

static void stop(struct fake_transport *fake)
{
    run_control_stop(&run.control, STOP_NOW);
    fake_advance(fake, 0);
}

static void set_up(uint32_t connections, uint64_t requests)
{
    run_set_up(connections, requests);
    run.plan.reply_rules.one_way = true;
}

static void assert_no_times(const struct recorder *recorder)
{
    assert_int_equal(recorder->seen->distributions[DIST_LATENCY].count +
                         recorder->seen->distributions[DIST_RESPONSE_TIME].count,
                     0);
    assert_int_equal(recorder->seen->distributions[DIST_TTFM].count +
                         recorder->seen->distributions[DIST_TPOM].count +
                         recorder->seen->distributions[DIST_GAP].count,
                     0);
    assert_int_equal(recorder->seen->distributions[DIST_REPLY_MESSAGES].count +
                         recorder->seen->distributions[DIST_REPLY_BYTES].count,
                     0);
}

/* --- Closed --- */

static void let_it_send(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_opened(fake, 1);
    fake_advance(fake, MS);
    assert_int_equal(fake->connections[0].closes + fake->connections[1].closes, 2);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    fake_closed(fake, 1, FAILURE_CLOSED, "1000");
}

static void test_worker_one_way_sends_exactly_so_many(void **state)
{
    (void)state;
    set_up(2, 1001);
    const struct recorder *recorder = run_execute(let_it_send);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 1001);
    assert_int_equal(run.fake->sends, 1001);
    assert_in_range(run.fake->connections[0].sends, 500, 501); /* by turns */
    assert_no_times(recorder);
    assert_int_equal(recorder->seen->failures.count, 0);
    run_tear_down();
}

static void fill_the_socket(struct fake_transport *fake)
{
    fake_stall(fake, 0, true);
    fake_opened(fake, 0);
    fake_advance(fake, 100);
    assert_int_equal(fake->sends, 1);
    fake_advance(fake, 500 * MS);
    assert_int_equal(fake->sends, 1); /* it does not pile up */
    assert_in_range(fake->wakes, 400, 700);
    fake_stall(fake, 0, false);
    fake_advance(fake, MS);
    assert_int_equal(fake->connections[0].closes, 1);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_one_way_waits_for_the_socket(void **state)
{
    (void)state;
    set_up(1, 100);
    const struct recorder *recorder = run_execute(fill_the_socket);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 100);
    run_tear_down();
}

static void open_congested(struct fake_transport *fake)
{
    fake_stall(fake, 0, true);
    fake_opened(fake, 0);
    fake_advance(fake, 10 * MS);
    assert_int_equal(fake->sends, 1); /* the step */
    fake_stall(fake, 0, false);
    fake_advance(fake, 10 * MS);
    assert_int_equal(fake->sends, 1 + 3);
    assert_int_equal(fake->connections[0].closes, 1);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

/* Steps may have filled it. */
static void test_worker_one_way_waits_for_the_socket_of_a_new_connection(void **state)
{
    (void)state;
    static const enum load_model models[] = {LOAD_CLOSED, LOAD_OPEN};
    for (size_t i = 0; i < ARRAY_LENGTH(models); i++) {
        run_set_up_open(1, 10000, NS_PER_S);
        run.plan.load.model = models[i];
        run.plan.load.requests = 3;
        run.plan.reply_rules.one_way = true;
        run_set_steps("{\"on_connect\": [{\"send\": \"hello\"}]}");
        const struct recorder *recorder = run_execute(open_congested);
        assert_true(run.fake->stopped);
        assert_conserved(recorder);
        assert_int_equal(recorder->seen->counts[COUNT_OK], 3);
        run_tear_down();
    }
}

static void think_in_between(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 10 * NS_PER_S - MS);
    assert_int_equal(fake->sends, 5); /* at 0, 2, 4, 6 and 8 s */
    stop(fake);
}

static void test_worker_one_way_thinks(void **state)
{
    (void)state;
    set_up(1, 100);
    run.plan.load.think = (struct think){THINK_UNIFORM, 2 * NS_PER_S, 2 * NS_PER_S};
    const struct recorder *recorder = run_execute(think_in_between);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 5);
    run_tear_down();
}

static void live_and_break(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 1500 * MS);
    fake_closed(fake, 0, FAILURE_RESET, "");
    fake_serve(fake, 20 * NS_PER_S);
    assert_true(fake->stopped);
}

/* Sends every second, is lost once, and replaced when it is old enough. */
static void test_worker_one_way_goes_on_over_breaks(void **state)
{
    (void)state;
    set_up(1, 10);
    run.plan.load.think = (struct think){THINK_UNIFORM, NS_PER_S, NS_PER_S};
    run.plan.max_lifetime_ns = 5 * NS_PER_S;
    run.delay_ns = MS;
    const struct recorder *recorder = run_execute(live_and_break);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 10);
    assert_int_equal(recorder->seen->counts[COUNT_REOPENED], 1);
    assert_int_equal(recorder->seen->counts[COUNT_ROTATED], 1);
    assert_failure(recorder, 0, FAILURE_RESET, "", 0);
    run_tear_down();
}

/* --- Per request --- */

static void serve(struct fake_transport *fake)
{
    fake_serve(fake, 10 * NS_PER_S);
    assert_true(fake->stopped);
}

static void test_worker_one_way_closes_per_request(void **state)
{
    (void)state;
    set_up(2, 7);
    run.plan.load.connection_per_request = true;
    run.delay_ns = 10 * MS;
    const struct recorder *recorder = run_execute(serve);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 7);
    assert_int_equal(recorder->seen->counts[COUNT_OPENED], 7);
    assert_int_equal(run.fake->connections[0].closes + run.fake->connections[1].closes, 7);
    assert_no_times(recorder);
    run_tear_down();
}

/* --- Open --- */

static void keep_the_rate(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_advance(fake, 500 * MS);
    assert_in_range(fake->sends, 500, 501);
    fake_stall(fake, 0, true);
    fake_stall(fake, 1, true);
    fake_advance(fake, 100 * MS);
    uint64_t sent = fake->sends;
    assert_in_range(sent, 500, 504);
    fake_advance(fake, 100 * MS);
    assert_int_equal(fake->sends, sent);
    fake_stall(fake, 1, false);
    fake_advance(fake, 5 * MS); /* it takes all that waited */
    assert_in_range(fake->sends, 700, 706);
    assert_in_range(fake->connections[0].sends, 250, 252);
    fake_advance(fake, 300 * MS);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    fake_closed(fake, 1, FAILURE_CLOSED, "1000");
}

static void test_worker_one_way_sends_at_a_rate(void **state)
{
    (void)state;
    run_set_up_open(2, 1000, NS_PER_S);
    run.plan.reply_rules.one_way = true;
    const struct recorder *recorder = run_execute(keep_the_rate);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 1000);
    assert_no_times(recorder);
    run_tear_down();
}

static void keep_alive_a_stalled_one(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 0); /* the first request; the next is due at 10 s */
    fake_stall(fake, 0, true);
    fake_advance(fake, 12 * NS_PER_S);
    assert_string_equal(fake->connections[0].last_message, "ping!");
    fake_stall(fake, 0, false);
    fake_advance(fake, MS);
    assert_string_equal(fake->connections[0].last_message, "2 two");
    stop(fake);
}

static void test_worker_one_way_sends_again_after_a_keepalive_that_was_stuck(void **state)
{
    (void)state;
    run_set_up_open(1, 0.1, 60 * NS_PER_S);
    run.plan.reply_rules.one_way = true;
    run.plan.keepalive = (struct text){"ping!", 5};
    run.plan.keepalive_ns = 4 * NS_PER_S;
    const struct recorder *recorder = run_execute(keep_alive_a_stalled_one);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 2);
    run_tear_down();
}

/* --- What comes all the same --- */

static void answer_nevertheless(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_reply(fake, 0, "welcome"); /* the clock has not started */
    fake_opened(fake, 1);
    fake_reply(fake, 0, "ok");
    fake_reply(fake, 0,
               "{\"message\": \"Forbidden\", \"connectionId\": \"a\", "
               "\"requestId\": \"b\"}");
    fake_reply(fake, 1, "ok");
    assert_int_equal(fake->sends, 2);
    stop(fake);
}

static void test_worker_one_way_counts_what_comes(void **state)
{
    (void)state;
    set_up(2, 100);
    run.plan.load.think = (struct think){THINK_UNIFORM, 2 * NS_PER_S, 2 * NS_PER_S};
    const struct recorder *recorder = run_execute(answer_nevertheless);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_UNSOLICITED], 1);
    assert_int_equal(recorder->seen->counts[COUNT_LATE], 2);
    assert_failure(recorder, 0, FAILURE_GATEWAY_ERROR, "Forbidden", 0);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 2);
    run_tear_down();
}

static void answer_the_step(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    assert_int_equal(fake->sends, 1);
    fake_advance(fake, 10 * MS);
    fake_reply(fake, 0, "started");
    assert_int_equal(fake->sends, 2);
    fake_advance(fake, MS);
    assert_int_equal(fake->sends, 3);
    stop(fake);
}

static void test_worker_one_way_awaits_its_steps(void **state)
{
    (void)state;
    set_up(1, 100);
    run_set_steps("{\"before_request\": [{\"send\": \"START\", \"expect\": \"text:started\"}]}");
    const struct recorder *recorder = run_execute(answer_the_step);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 1);
    assert_int_equal(recorder->seen->counts[COUNT_UNANSWERED], 1);
    run_tear_down();
}

TEST_GROUP(worker_one_way)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worker_one_way_sends_exactly_so_many),
        cmocka_unit_test(test_worker_one_way_waits_for_the_socket),
        cmocka_unit_test(test_worker_one_way_waits_for_the_socket_of_a_new_connection),
        cmocka_unit_test(test_worker_one_way_thinks),
        cmocka_unit_test(test_worker_one_way_goes_on_over_breaks),
        cmocka_unit_test(test_worker_one_way_closes_per_request),
        cmocka_unit_test(test_worker_one_way_sends_at_a_rate),
        cmocka_unit_test(test_worker_one_way_sends_again_after_a_keepalive_that_was_stuck),
        cmocka_unit_test(test_worker_one_way_counts_what_comes),
        cmocka_unit_test(test_worker_one_way_awaits_its_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
