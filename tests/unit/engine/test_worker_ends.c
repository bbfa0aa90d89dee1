#include "testing.h"

#include "fake_run.h"
#include "wsload/base/clock.h"

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
    run_set_up(2, 0);
    run.plan.load.duration_ns = NS_PER_S;
    const struct recorder *recorder = run_execute(answer_for_a_second);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 11);
    assert_int_equal(run_total_ns(), NS_PER_S);
    assert_int_equal(recorder->last_ns, FAKE_START_NS + 1500 * NS_PER_MS);
    assert_int_equal(recorder->seen->counts[COUNT_DRAINED], 2);
    run_tear_down();
}

static void open_too_late(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 250 * NS_PER_MS); /* connection 1 is still opening, with a request */
    assert_int_equal(fake->connections[1].drops, 1);
    fake_reply(fake, 0, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_sends_nothing_after_the_duration(void **state)
{
    (void)state;
    run_set_up(2, 0);
    run.plan.load.duration_ns = 250 * NS_PER_MS;
    run.plan.load.connection_per_request = true;
    const struct recorder *recorder = run_execute(open_too_late);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_SENT], 1);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 1);
    assert_int_equal(recorder->seen->counts[COUNT_FAILED], 0);
    run_tear_down();
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
    run_set_up(1, 0);
    run.plan.load.duration_ns = 250 * NS_PER_MS;
    run_execute(idle_out);
    assert_true(run.fake->stopped);
    run_tear_down();
}

static void idle_out_soon(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_closed(fake, 0, FAILURE_CLOSED, "1001");
    fake_advance(fake, 30 * NS_PER_MS - 1);
    assert_false(fake->stopped);
    fake_advance(fake, 1);
    assert_true(fake->stopped);
}

static void test_worker_ends_on_time_whatever_wakes_it(void **state)
{
    (void)state;
    run_set_up(1, 0);
    run.plan.load.duration_ns = 30 * NS_PER_MS;
    run_execute(idle_out_soon);
    run_tear_down();
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
    run_set_up(2, 4);
    run.plan.load.connection_per_request = true;
    const struct recorder *recorder = run_execute(answer_one_by_one);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 4);
    assert_int_equal(recorder->seen->counts[COUNT_OPENED], 4);
    assert_int_equal(recorder->seen->counts[COUNT_REOPENED], 0);
    assert_int_equal(run_total_ns(), 4 * NS_PER_MS); /* from the first attempt */
    run_tear_down();
}

static void refuse_one_twice(struct fake_transport *fake)
{
    fake_failed(fake, 0, FAILURE_CONNECT_REFUSED);
    fake_advance(fake, 100 * NS_PER_MS);
    fake_failed(fake, 0, FAILURE_CONNECT_REFUSED);
    assert_false(fake->stopped); /* connection 1 may still open */
    assert_int_equal(fake->connections[1].drops, 0);
    fake_opened(fake, 1);
    assert_int_equal(fake->connections[1].sends, 1);
}

static void test_worker_per_request_awaits_every_first_attempt(void **state)
{
    (void)state;
    run_set_up(2, 1000);
    run.plan.load.connection_per_request = true;
    run_execute(refuse_one_twice);
    run_tear_down();
}

static void refuse_per_request(struct fake_transport *fake)
{
    fake_failed(fake, 0, FAILURE_CONNECT_REFUSED);
    fake_failed(fake, 1, FAILURE_CONNECT_REFUSED);
}

static void test_worker_per_request_ends_when_every_first_attempt_fails(void **state)
{
    (void)state;
    run_set_up(2, 1000);
    run.plan.load.connection_per_request = true;
    const struct recorder *recorder = run_execute(refuse_per_request);
    assert_true(run.fake->stopped);
    assert_int_equal(recorder->seen->counts[COUNT_FAILED], 2);
    assert_failure(recorder, 0, FAILURE_CONNECT_REFUSED, "", 2);
    run_tear_down();
}

static void interrupt_run(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_opened(fake, 1);
    fake_opened(fake, 2);
    fake_closed(fake, 2, FAILURE_RESET, "");
    fake_advance(fake, 107 * NS_PER_MS); /* connection 2 is opening again, with a request */
    run_control_stop(&run.control, STOP_POLITELY);
    fake_advance(fake, 0);
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
    run_set_up(3, 100);
    const struct recorder *recorder = run_execute(interrupt_run);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_SENT], 3);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 1);
    assert_int_equal(recorder->seen->counts[COUNT_FAILED], 1);
    assert_int_equal(recorder->seen->counts[COUNT_UNANSWERED], 1);
    run_tear_down();
}

static void interrupt_reopening(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_closed(fake, 0, FAILURE_RESET, "");
    fake_advance(fake, 100 * NS_PER_MS);
    assert_int_equal(fake->connections[0].opens, 2);
    run_control_stop(&run.control, STOP_POLITELY);
    fake_advance(fake, 0);
    assert_true(fake->stopped); /* nothing was sent that could be answered */
}

static void test_worker_interrupted_does_not_await_what_was_not_sent(void **state)
{
    (void)state;
    run_set_up(1, 100);
    const struct recorder *recorder = run_execute(interrupt_reopening);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_UNANSWERED], 0);
    run_tear_down();
}

static void interrupt_opening(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 30 * NS_PER_MS);
    run_control_stop(&run.control, STOP_POLITELY);
    fake_advance(fake, 0);
    assert_int_equal(fake->connections[0].closes, 1);
    assert_int_equal(fake->connections[1].drops, 1);
    fake_advance(fake, 100 * NS_PER_MS);
    assert_int_equal(worker_peek(run.worker).phase, PHASE_CLOSING);
    assert_int_equal(worker_peek(run.worker).in_flight, 0);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_interrupted_while_opening_sends_nothing(void **state)
{
    (void)state;
    run_set_up(2, 100);
    const struct recorder *recorder = run_execute(interrupt_opening);
    assert_true(run.fake->stopped);
    assert_int_equal(recorder->seen->counts[COUNT_SENT], 0);
    assert_int_equal(worker_measurement(run.worker)->counts[COUNT_OPEN_TIME], 30 * NS_PER_MS);
    assert_int_equal(run_total_ns(), 0);
    run_tear_down();
}

static void stop_now(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 50 * NS_PER_MS);
    run_control_stop(&run.control, STOP_NOW);
    fake_advance(fake, 0);
}

static void test_worker_stops_at_once_when_told_twice(void **state)
{
    (void)state;
    run_set_up(1, 100);
    const struct recorder *recorder = run_execute(stop_now);
    assert_true(run.fake->stopped);
    assert_int_equal(recorder->seen->counts[COUNT_UNANSWERED], 1);
    assert_int_equal(run_total_ns(), 50 * NS_PER_MS);
    run_tear_down();
}

/* --- Progress --- */

static void look_on(struct fake_transport *fake)
{
    assert_int_equal(worker_peek(run.worker).connections, 2); /* from the first moment */
    fake_advance(fake, 100 * NS_PER_MS);
    struct snapshot opening = worker_peek(run.worker);
    assert_int_equal(opening.phase, PHASE_OPENING);
    assert_int_equal(opening.connections, 2);
    assert_int_equal(opening.elapsed_ns, 100 * NS_PER_MS);
    fake_opened(fake, 0);
    fake_opened(fake, 1);
    fake_advance(fake, 20 * NS_PER_MS);
    fake_reply(fake, 0, "ok");
    fake_advance(fake, 80 * NS_PER_MS);
    struct snapshot running = worker_peek(run.worker);
    assert_int_equal(running.phase, PHASE_RUNNING);
    assert_int_equal(running.elapsed_ns, 100 * NS_PER_MS);
    assert_int_equal(running.open, 2);
    assert_int_equal(running.done, 1);
    assert_int_equal(running.in_flight, 2);
    assert_int_equal(running.planned, 50);
    assert_in_range(running.recent_p95_ns, 19680 * NS_PER_US, 20320 * NS_PER_US);
}

static void look_on_failures(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_failed(fake, 1, FAILURE_CONNECT_REFUSED);
    fake_reply(fake, 0, "ok");
    fake_closed(fake, 0, FAILURE_RESET, "");
    fake_advance(fake, 50 * NS_PER_MS);
    fake_advance(fake, 50 * NS_PER_MS); /* both open again, for the last two requests */
    fake_opened(fake, 0);
    fake_advance(fake, 200 * NS_PER_MS);
    struct snapshot draining = worker_peek(run.worker);
    assert_int_equal(draining.phase, PHASE_DRAINING);
    assert_int_equal(draining.elapsed_ns, 300 * NS_PER_MS); /* of the run */
    assert_int_equal(draining.open, 1);
    assert_int_equal(draining.open_failed, 1);
    assert_int_equal(draining.duration_ns, 60 * NS_PER_S);
    assert_int_equal(draining.done, 2);
    assert_int_equal(draining.failed, 1);
    assert_int_equal(draining.in_flight, 2);
}

static void test_worker_publishes_its_failures(void **state)
{
    (void)state;
    run_set_up(2, 4);
    run.plan.load.duration_ns = 60 * NS_PER_S;
    run_execute(look_on_failures);
    run_tear_down();
}

static void test_worker_publishes_its_progress(void **state)
{
    (void)state;
    run_set_up(2, 50);
    run_execute(look_on);
    run_tear_down();
}

/* --- What was read already decides --- */

static void close_with_the_reply(struct fake_transport *fake)
{
    run_open_all(fake);
    fake->connections[0].unreported = true;
    fake_reply(fake, 0, "ok");
    assert_int_equal(fake->connections[0].sends, 1); /* the next one waits for what follows */
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    fake->connections[0].unreported = false;
    fake_advance(fake, 100 * NS_PER_MS);
    fake_opened(fake, 0);
    fake->connections[0].unreported = true;
    fake_reply(fake, 0, "ok");
    fake_drained(fake, 0); /* and nothing did */
    assert_int_equal(fake->connections[0].sends, 3);
    fake_reply(fake, 0, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_sends_nothing_into_a_close_that_was_read(void **state)
{
    (void)state;
    run_set_up(1, 3);
    const struct recorder *recorder = run_execute(close_with_the_reply);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 3);
    assert_int_equal(recorder->seen->counts[COUNT_FAILED], 0);
    run_tear_down();
}

/* The worker itself was late: the reply lay there when its time was up. */
static void answer_unseen(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_advance(fake, 29 * NS_PER_S);
    fake->connections[0].arrived = "ok";
    fake_advance(fake, 2 * NS_PER_S);
    assert_int_equal(fake->connections[0].closes, 0);
    assert_int_equal(fake->connections[0].sends, 2);
    fake_advance(fake, 29 * NS_PER_S);
    assert_int_equal(fake->connections[0].closes, 1);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_calls_no_reply_late_that_has_come(void **state)
{
    (void)state;
    run_set_up(1, 2);
    const struct recorder *recorder = run_execute(answer_unseen);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 1);
    assert_int_equal(recorder->seen->counts[COUNT_FAILED], 1);
    run_tear_down();
}

TEST_GROUP(worker_ends)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worker_sends_for_the_duration_and_awaits_the_rest),
        cmocka_unit_test(test_worker_sends_nothing_after_the_duration),
        cmocka_unit_test(test_worker_ends_on_time_with_nothing_under_way),
        cmocka_unit_test(test_worker_ends_on_time_whatever_wakes_it),
        cmocka_unit_test(test_worker_opens_a_connection_per_request),
        cmocka_unit_test(test_worker_per_request_awaits_every_first_attempt),
        cmocka_unit_test(test_worker_per_request_ends_when_every_first_attempt_fails),
        cmocka_unit_test(test_worker_interrupted_awaits_replies_for_2_s),
        cmocka_unit_test(test_worker_interrupted_does_not_await_what_was_not_sent),
        cmocka_unit_test(test_worker_interrupted_while_opening_sends_nothing),
        cmocka_unit_test(test_worker_stops_at_once_when_told_twice),
        cmocka_unit_test(test_worker_publishes_its_failures),
        cmocka_unit_test(test_worker_publishes_its_progress),
        cmocka_unit_test(test_worker_sends_nothing_into_a_close_that_was_read),
        cmocka_unit_test(test_worker_calls_no_reply_late_that_has_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
