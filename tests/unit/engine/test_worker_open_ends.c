#include "testing.h"

#include "fake_run.h"
#include "worker_internal.h"
#include "wsload/base/clock.h"
#include "wsload/load/schedule.h"

/* How a run of the open model ends, and what it does when connections break. */

/* --- Ends --- */

static void answer_after_the_end(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_advance(fake, 600 * NS_PER_MS);
    assert_int_equal(fake->sends, 1);
    for (unsigned i = 1; i <= 5; i++) {
        assert_int_equal(fake->sends, i);
        assert_int_equal(fake->connections[0].closes, 0);
        fake_advance(fake, 10 * NS_PER_MS);
        fake_reply(fake, 0, "ok");
    }
    assert_int_equal(fake->connections[0].closes, 1);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_serves_what_waits_after_the_duration(void **state)
{
    (void)state;
    run_set_up_open(1, 10, 500 * NS_PER_MS);
    const struct recorder *recorder = run_execute(answer_after_the_end);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_PLANNED], 5); /* that of 500 ms is too late */
    assert_int_equal(recorder->seen->counts[COUNT_OK], 5);
    assert_int_equal(recorder->seen->counts[COUNT_DRAINED], 5);
    assert_int_equal(recorder->seen->counts[COUNT_OPEN_AT_END], 1);
    assert_int_equal(run_total_ns(), 500 * NS_PER_MS);
    run_tear_down();
}

static void answer_slowly(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_advance(fake, 20 * NS_PER_S);
    fake_reply(fake, 0, "ok");
    fake_advance(fake, 10500 * NS_PER_MS - 1);
    assert_int_equal(worker_peek(run.worker).queued, 3);
    fake_advance(fake, 1); /* 30 s after the end, what still waits is given up */
    fake_advance(fake, 9 * NS_PER_S);
    assert_int_equal(worker_peek(run.worker).queued, 0);
    fake_reply(fake, 0, "ok"); /* and what is in flight is not */
    assert_int_equal(fake->connections[0].closes, 1);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_skips_what_waits_too_long_after_the_duration(void **state)
{
    (void)state;
    run_set_up_open(1, 10, 500 * NS_PER_MS);
    const struct recorder *recorder = run_execute(answer_slowly);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 2);
    assert_int_equal(recorder->seen->counts[COUNT_SKIPPED], 3);
    run_tear_down();
}

static void interrupt_with_a_queue(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_advance(fake, 450 * NS_PER_MS);
    run_control_stop(&run.control, STOP_POLITELY);
    fake_advance(fake, 0);
    assert_int_equal(fake->connections[0].closes, 0);
    fake_advance(fake, 2 * NS_PER_S - 1);
    assert_int_equal(fake->connections[0].closes, 0);
    fake_reply(fake, 0, "ok"); /* the one in flight was waited for; nothing else is sent */
    assert_int_equal(fake->connections[0].sends, 1);
    assert_int_equal(fake->connections[0].closes, 1);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_interrupted_gives_up_what_waits(void **state)
{
    (void)state;
    run_set_up_open(1, 10, 60 * NS_PER_S);
    const struct recorder *recorder = run_execute(interrupt_with_a_queue);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_PLANNED], 5); /* nothing came due afterwards */
    assert_int_equal(recorder->seen->counts[COUNT_OK], 1);
    assert_int_equal(recorder->seen->counts[COUNT_SKIPPED], 4);
    assert_int_equal(run_total_ns(), 450 * NS_PER_MS);
    run_tear_down();
}

static void serve(struct fake_transport *fake)
{
    fake_serve(fake, 30 * NS_PER_S);
}

static void serve_all(struct fake_transport *fake)
{
    fake_serve_all(fake, run.plan.load.workers, 30 * NS_PER_S);
}

static void test_worker_ends_with_the_last_request(void **state)
{
    (void)state;
    static const struct {
        enum load_model model;
        uint64_t duration_ns;
        uint64_t total_ns;
        uint64_t drained;
    } cases[] = {
        {LOAD_OPEN, 0, 500 * NS_PER_MS, 0}, /* when one more would have come due */
        {LOAD_OPEN, 20 * NS_PER_S, 500 * NS_PER_MS, 0},
        {LOAD_OPEN, 450 * NS_PER_MS, 450 * NS_PER_MS, 0},
        {LOAD_OPEN, 403 * NS_PER_MS, 403 * NS_PER_MS, 1},
        {LOAD_CLOSED, 0, 21 * NS_PER_MS, 0}, /* when the last reply was there */
        {LOAD_CLOSED, 20 * NS_PER_S, 21 * NS_PER_MS, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        run_set_up_open(2, 10, cases[i].duration_ns);
        run.plan.load.model = cases[i].model;
        run.plan.load.requests = 5;
        run.delay_ns = 7 * NS_PER_MS;
        const struct recorder *recorder = run_execute(serve);
        assert_true(run.fake->stopped);
        assert_conserved(recorder);
        assert_int_equal(recorder->seen->counts[COUNT_PLANNED], 5);
        assert_int_equal(recorder->seen->counts[COUNT_OK], 5);
        assert_int_equal(run_total_ns(), cases[i].total_ns);
        assert_int_equal(recorder->seen->counts[COUNT_DRAINED], cases[i].drained);
        run_tear_down();
    }
}

/* The rate of the whole run is what was asked for, so all its workers end at one time. */
static void test_workers_end_together_with_the_last_request(void **state)
{
    (void)state;
    run_set_up_open(3, 10, 0);
    run.plan.load.requests = 5;
    run.plan.load.workers = 3;
    run.delay_ns = 7 * NS_PER_MS;
    run_execute(serve_all);
    for (unsigned i = 0; i < run.plan.load.workers; i++) {
        assert_true(run.fakes[i].stopped);
        assert_conserved(run.workers[i]->recorder);
        assert_int_equal(run.workers[i]->recorder->seen->counts[COUNT_OK], i < 2 ? 2 : 1);
        assert_int_equal(run.workers[i]->recorder->end_ns - run.workers[i]->recorder->start_ns,
                         500 * NS_PER_MS);
    }
    run_tear_down();
}

/* Chance says when one more would have come due, and it is not asked. */
static void test_worker_ends_when_the_last_poisson_request_came_due(void **state)
{
    (void)state;
    run_set_up_open(2, 10, 0);
    run.plan.load.arrival = ARRIVAL_POISSON;
    run.plan.load.requests = 5;
    run.delay_ns = 7 * NS_PER_MS;
    struct arrivals arrivals;
    uint64_t last_ns = 0;
    arrivals_init(&arrivals, &(struct arrivals_plan){.rate = &run.plan.load.stages,
                                                     .law = ARRIVAL_POISSON,
                                                     .seed = run.plan.load.seed,
                                                     .duration_ns = CLOCK_NEVER,
                                                     .requests = 5,
                                                     .workers = 1});
    for (; arrivals.due_ns != CLOCK_NEVER; arrivals_take(&arrivals))
        last_ns = arrivals.due_ns;
    const struct recorder *recorder = run_execute(serve);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 5);
    assert_int_equal(run_total_ns(), last_ns);
    run_tear_down();
}

static void test_worker_ends_with_the_duration_if_that_is_first(void **state)
{
    (void)state;
    run_set_up_open(2, 10, 350 * NS_PER_MS);
    run.plan.load.requests = 5;
    run.delay_ns = 7 * NS_PER_MS;
    const struct recorder *recorder = run_execute(serve);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_PLANNED], 4);
    assert_int_equal(run_total_ns(), 350 * NS_PER_MS);
    run_tear_down();
}

/* --- Breaking --- */

static void break_one(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_advance(fake, 30 * NS_PER_MS);
    fake_closed(fake, 0, FAILURE_RESET, "");
    fake_advance(fake, 50 * NS_PER_MS - 1);
    assert_int_equal(fake->connections[0].opens, 1);
    fake_advance(fake, 50 * NS_PER_MS + 1);
    assert_int_equal(fake->connections[0].opens, 2); /* for no request of its own */
    assert_int_equal(worker_peek(run.worker).in_flight, 0);
    fake_failed(fake, 0, FAILURE_CONNECT_REFUSED); /* which fails none */
    fake_advance(fake, 200 * NS_PER_MS);
    assert_int_equal(fake->connections[0].opens, 3);
    assert_int_equal(fake->sends, 1); /* 3 wait */
    fake_opened(fake, 0);
    assert_string_equal(fake->connections[0].last_message, "2 two");
    for (unsigned i = 0; i < 3; i++)
        fake_reply(fake, 0, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1001"); /* idle */
    fake_advance(fake, 50 * NS_PER_MS - 1);
    assert_int_equal(fake->connections[0].opens, 3); /* not for the one that came due, either */
    fake_advance(fake, 50 * NS_PER_MS + 1);
    assert_int_equal(fake->connections[0].opens, 4);
    fake_opened(fake, 0);
    assert_string_equal(fake->connections[0].last_message, "5 two");
    fake_reply(fake, 0, "ok");
    run_control_stop(&run.control, STOP_POLITELY);
    fake_advance(fake, 0);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_reopens_a_broken_connection_for_those_that_wait(void **state)
{
    (void)state;
    run_set_up_open(1, 10, 60 * NS_PER_S);
    const struct recorder *recorder = run_execute(break_one);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 4);
    assert_int_equal(recorder->seen->counts[COUNT_FAILED], 1);
    assert_int_equal(recorder->seen->counts[COUNT_UNSENT], 0);
    assert_failure(recorder, 0, FAILURE_RESET, "", 1);
    assert_failure(recorder, 1, FAILURE_CONNECT_REFUSED, "", 0);
    assert_failure(recorder, 2, FAILURE_CLOSED, "1001", 0);
    assert_int_equal(recorder->seen->counts[COUNT_OPENED], 1);
    assert_int_equal(recorder->seen->counts[COUNT_REOPENED], 2);
    assert_int_equal(recorder->seen->counts[COUNT_OPEN_FAILED], 1);
    assert_int_equal(recorder->seen->counts[COUNT_CLOSED_BY_SERVER], 2);
    assert_int_equal(recorder->seen->distributions[DIST_LIFETIME].count, 2);
    assert_int_equal(recorder->seen->distributions[DIST_LIFETIME].max, 30 * NS_PER_MS);
    run_tear_down();
}

static void break_all_for_a_second(struct fake_transport *fake)
{
    fake_serve(fake, 508 * NS_PER_MS);
    fake->silent_from_ns = fake->now_ns;
    fake->silent_until_ns = fake->now_ns + NS_PER_S;
    for (uint32_t id = 0; id < 3; id++)
        fake_closed(fake, id, FAILURE_RESET, "");
    fake_serve(fake, 10 * NS_PER_S);
}

static void test_worker_queues_while_no_connection_is_open(void **state)
{
    (void)state;
    run_set_up_open(3, 100, 3 * NS_PER_S);
    run.delay_ns = 5 * NS_PER_MS;
    const struct recorder *recorder = run_execute(break_all_for_a_second);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_PLANNED], 300);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 299);
    assert_failure(recorder, 0, FAILURE_RESET, "", 1); /* the one in flight */
    assert_int_equal(recorder->seen->counts[COUNT_REOPENED], 3);
    assert_in_range(recorder->seen->distributions[DIST_RESPONSE_TIME].max, 990 * NS_PER_MS,
                    1010 * NS_PER_MS);
    assert_int_equal(recorder->seen->distributions[DIST_LATENCY].max, 5 * NS_PER_MS);
    run_tear_down();
}

static void break_before_the_end(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_advance(fake, 350 * NS_PER_MS);
    fake_closed(fake, 0, FAILURE_RESET, "");
    fake_advance(fake, 100 * NS_PER_MS);
    assert_int_equal(fake->connections[0].opens, 2);
    fake_advance(fake, 100 * NS_PER_MS); /* the end comes while it opens again */
    assert_int_equal(fake->connections[0].drops, 0);
    fake_opened(fake, 0);
    for (unsigned i = 0; i < 4; i++)
        fake_reply(fake, 0, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_opens_for_those_that_wait_at_the_end(void **state)
{
    (void)state;
    run_set_up_open(1, 10, 500 * NS_PER_MS);
    const struct recorder *recorder = run_execute(break_before_the_end);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 4);
    assert_int_equal(recorder->seen->counts[COUNT_SKIPPED], 0);
    run_tear_down();
}

static void break_after_the_end(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_advance(fake, 550 * NS_PER_MS);
    fake_closed(fake, 0, FAILURE_RESET, "");
    fake_advance(fake, 100 * NS_PER_MS);
    assert_int_equal(fake->connections[0].opens, 2);
    fake_opened(fake, 0);
    for (unsigned i = 0; i < 4; i++)
        fake_reply(fake, 0, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_reopens_for_those_that_wait_after_the_end(void **state)
{
    (void)state;
    run_set_up_open(1, 10, 500 * NS_PER_MS);
    const struct recorder *recorder = run_execute(break_after_the_end);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 4);
    assert_int_equal(recorder->seen->counts[COUNT_FAILED], 1);
    run_tear_down();
}

static void reopen_in_vain(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_advance(fake, 550 * NS_PER_MS);
    fake_closed(fake, 0, FAILURE_RESET, "");
    for (unsigned i = 0; i < 100 && !fake->stopped; i++) {
        unsigned opens = fake->connections[0].opens;
        fake_advance(fake, NS_PER_S);
        if (fake->connections[0].opens > opens)
            fake_failed(fake, 0, FAILURE_CONNECT_REFUSED);
    }
}

static void test_worker_ends_when_those_that_wait_find_nobody(void **state)
{
    (void)state;
    run_set_up_open(1, 10, 500 * NS_PER_MS);
    const struct recorder *recorder = run_execute(reopen_in_vain);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_SKIPPED], 4);
    run_tear_down();
}

TEST_GROUP(worker_open_ends)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worker_serves_what_waits_after_the_duration),
        cmocka_unit_test(test_worker_skips_what_waits_too_long_after_the_duration),
        cmocka_unit_test(test_worker_interrupted_gives_up_what_waits),
        cmocka_unit_test(test_worker_ends_with_the_last_request),
        cmocka_unit_test(test_workers_end_together_with_the_last_request),
        cmocka_unit_test(test_worker_ends_when_the_last_poisson_request_came_due),
        cmocka_unit_test(test_worker_ends_with_the_duration_if_that_is_first),
        cmocka_unit_test(test_worker_reopens_a_broken_connection_for_those_that_wait),
        cmocka_unit_test(test_worker_queues_while_no_connection_is_open),
        cmocka_unit_test(test_worker_opens_for_those_that_wait_at_the_end),
        cmocka_unit_test(test_worker_reopens_for_those_that_wait_after_the_end),
        cmocka_unit_test(test_worker_ends_when_those_that_wait_find_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
