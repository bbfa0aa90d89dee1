#include "testing.h"

#include "fake_run.h"
#include "wsload/base/clock.h"

#define WORKERS 3

/* A closed run that keeps several prompts in flight on each connection. */

#define MS NS_PER_MS

static void stop(struct fake_transport *fake)
{
    run_control_stop(&run.control, STOP_NOW);
    fake_advance(fake, 0);
}

static void set_up(uint32_t connections, uint64_t requests, unsigned in_flight)
{
    run_set_up(connections, requests);
    run.plan.load.in_flight = in_flight;
}

static void answer_one_by_one(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    assert_int_equal(fake->sends, 0); /* not before the other is open, too */
    fake_opened(fake, 1);
    for (uint64_t answered = 0; answered < 17; answered++) {
        uint64_t expected = answered + 2 * 3;
        assert_int_equal(fake->sends, expected < 17 ? expected : 17);
        fake_advance(fake, MS);
        fake_reply(fake, answered % 2, "ok");
    }
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    fake_closed(fake, 1, FAILURE_CLOSED, "1000");
}

static void test_worker_keeps_so_many_in_flight(void **state)
{
    (void)state;
    set_up(2, 17, 3);
    const struct recorder *recorder = run_execute(answer_one_by_one);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 17);
    assert_int_equal(recorder->seen->counts[COUNT_OPENED], 2);
    run_tear_down();
}

static void serve(struct fake_transport *fake)
{
    fake_serve_all(fake, run.plan.load.workers, 100 * NS_PER_S);
}

static void test_worker_sends_exactly_so_many_with_several_in_flight(void **state)
{
    (void)state;
    static const uint64_t requests[] = {1, 3, 20, 1000, 1001};
    for (unsigned workers = 1; workers <= WORKERS; workers++)
        for (size_t i = 0; i < ARRAY_LENGTH(requests); i++) {
            uint64_t done = 0;
            set_up(5, requests[i], 7);
            run.plan.load.workers = workers;
            run.delay_ns = 10 * MS;
            run_execute(serve);
            for (unsigned worker = 0; worker < workers; worker++) {
                assert_true(run.fakes[worker].stopped);
                assert_conserved(run_recorder(worker));
                done += run_recorder(worker)->seen->counts[COUNT_OK];
            }
            assert_int_equal(done, requests[i]);
            run_tear_down();
        }
}

/* 2 connections with 5 in flight, answered after 10 ms: 1,000 a second. */
static void test_worker_sends_for_the_duration_with_several_in_flight(void **state)
{
    (void)state;
    set_up(2, 0, 5);
    run.plan.load.warmup_ns = NS_PER_S;
    run.plan.load.duration_ns = 2 * NS_PER_S;
    run.delay_ns = 10 * MS;
    const struct recorder *recorder = run_execute(serve);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_WARMUP_OK], 1000);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 2000);
    assert_times(&recorder->seen->distributions[DIST_LATENCY], 2000, 10 * MS, 10 * MS);
    run_tear_down();
}

static void break_and_come_back(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_reply(fake, 0, "ok");
    assert_int_equal(fake->sends, 4);
    fake_closed(fake, 0, FAILURE_RESET, "");
    fake_advance(fake, 100 * MS);
    assert_int_equal(fake->connections[0].opens, 2);
    fake_opened(fake, 0);
    assert_int_equal(fake->sends, 4 + 3); /* at once as many as before */
    stop(fake);
}

static void test_worker_has_as_many_in_flight_after_a_break(void **state)
{
    (void)state;
    set_up(1, 100, 3);
    const struct recorder *recorder = run_execute(break_and_come_back);
    assert_conserved(recorder);
    assert_failure(recorder, 0, FAILURE_RESET, "", 3);
    assert_int_equal(recorder->seen->counts[COUNT_REOPENED], 1);
    assert_int_equal(recorder->seen->counts[COUNT_UNANSWERED], 3);
    run_tear_down();
}

static void end_with_several_in_flight(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 500 * MS);
    fake_reply(fake, 0, "ok");
    fake_advance(fake, 500 * MS); /* the end */
    fake_reply(fake, 0, "ok");
    fake_reply(fake, 0, "ok");
    assert_int_equal(fake->sends, 4);
    assert_int_equal(fake->connections[0].closes, 0);
    fake_reply(fake, 0, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_awaits_all_that_are_in_flight_at_the_end(void **state)
{
    (void)state;
    set_up(1, 0, 3);
    run.plan.load.duration_ns = NS_PER_S;
    const struct recorder *recorder = run_execute(end_with_several_in_flight);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 4);
    assert_int_equal(recorder->seen->counts[COUNT_DRAINED], 3);
    run_tear_down();
}

TEST_GROUP(worker_flights)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worker_keeps_so_many_in_flight),
        cmocka_unit_test(test_worker_sends_exactly_so_many_with_several_in_flight),
        cmocka_unit_test(test_worker_sends_for_the_duration_with_several_in_flight),
        cmocka_unit_test(test_worker_has_as_many_in_flight_after_a_break),
        cmocka_unit_test(test_worker_awaits_all_that_are_in_flight_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
