#include "testing.h"

#include "fake_run.h"
#include "wsload/base/clock.h"

/* The open model: requests come due at a rate, whether or not replies are back. */

static void assert_sent(const struct fake_transport *fake, uint32_t id, const char *message)
{
    assert_string_equal(fake->connections[id].last_message, message);
}

/* --- Free connections --- */

static void answer_out_of_turn(struct fake_transport *fake)
{
    run_open_all(fake);
    assert_sent(fake, 0, "1 one"); /* the first is due at once */
    fake_advance(fake, 100 * NS_PER_MS - 1);
    assert_int_equal(fake->sends, 1);
    fake_advance(fake, 1);
    assert_sent(fake, 1, "2 two");
    fake_advance(fake, 100 * NS_PER_MS);
    assert_sent(fake, 2, "3 three");
    fake_reply(fake, 1, "ok");
    fake_reply(fake, 0, "ok");
    fake_reply(fake, 2, "ok");
    assert_int_equal(fake->sends, 3); /* a reply alone makes no request due */
    fake_advance(fake, 100 * NS_PER_MS);
    assert_sent(fake, 1, "4 one"); /* the one that is free for longest */
    fake_advance(fake, 100 * NS_PER_MS);
    assert_sent(fake, 0, "5 two");
    fake_reply(fake, 0, "ok");
    fake_advance(fake, 100 * NS_PER_MS);
    assert_sent(fake, 2, "6 three");
    fake_advance(fake, 100 * NS_PER_MS);
    assert_sent(fake, 0, "7 one"); /* the only one */
    run_control_stop(&run.control, STOP_NOW);
    fake_advance(fake, 0);
}

static void test_worker_sends_at_the_rate_over_free_connections_in_turn(void **state)
{
    (void)state;
    run_set_up_open(3, 10, 60 * NS_PER_S);
    const struct recorder *recorder = run_execute(answer_out_of_turn);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_PLANNED], 7);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 4);
    assert_int_equal(recorder->seen->counts[COUNT_UNANSWERED], 3);
    assert_int_equal(recorder->seen->distributions[DIST_SEND_LAG].max, 0);
    assert_int_equal(recorder->seen->counts[COUNT_WAITED], 0);
    assert_int_equal(run_total_ns(), 600 * NS_PER_MS);
    run_tear_down();
}

static void send_slowly(struct fake_transport *fake)
{
    uint64_t start_ns = fake->now_ns;
    fake->send_ns = 50000;
    run_open_all(fake); /* and the first is sent */
    assert_int_equal(fake->wake_ns, start_ns + fake->send_ns + WORKER_WAKE_EVERY_NS);
    fake_advance(fake, WORKER_WAKE_EVERY_NS);
    assert_int_equal(fake->sends, 2);
    assert_int_equal(fake->wake_ns, start_ns + 2 * (fake->send_ns + WORKER_WAKE_EVERY_NS));
    run_control_stop(&run.control, STOP_NOW);
    fake_advance(fake, 0);
}

static void test_worker_rests_between_what_it_sends_at_a_high_rate(void **state)
{
    (void)state;
    run_set_up_open(10, 10000, 60 * NS_PER_S);
    run_execute(send_slowly);
    run_tear_down();
}

static void keep_one_busy(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_advance(fake, 250 * NS_PER_MS); /* requests 2 and 3 wait */
    assert_int_equal(fake->sends, 1);
    assert_int_equal(worker_peek(run.worker).queued, 2);
    assert_int_equal(worker_peek(run.worker).in_flight, 1);
    fake_reply(fake, 0, "ok");
    assert_sent(fake, 0, "2 two"); /* the oldest first, and at once */
    fake_advance(fake, 10 * NS_PER_MS);
    fake_reply(fake, 0, "ok");
    assert_sent(fake, 0, "3 three");
    fake_advance(fake, 10 * NS_PER_MS);
    fake_reply(fake, 0, "ok");
    assert_int_equal(fake->sends, 3);
    fake_advance(fake, 30 * NS_PER_MS);
    assert_sent(fake, 0, "4 one");
    fake_reply(fake, 0, "ok");
    run_control_stop(&run.control, STOP_POLITELY);
    fake_advance(fake, 0);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_keeps_due_times_of_requests_that_wait(void **state)
{
    (void)state;
    run_set_up_open(1, 10, 60 * NS_PER_S);
    const struct recorder *recorder = run_execute(keep_one_busy);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 4);
    assert_int_equal(recorder->seen->distributions[DIST_LATENCY].max, 250 * NS_PER_MS);
    assert_int_equal(recorder->seen->distributions[DIST_LATENCY].sum,
                     (250 + 10 + 10 + 0) * NS_PER_MS);
    assert_int_equal(recorder->seen->distributions[DIST_RESPONSE_TIME].max, 250 * NS_PER_MS);
    assert_int_equal(recorder->seen->distributions[DIST_RESPONSE_TIME].sum,
                     (250 + 160 + 70 + 0) * NS_PER_MS);
    assert_int_equal(recorder->seen->distributions[DIST_SEND_LAG].max, 150 * NS_PER_MS);
    assert_int_equal(recorder->seen->distributions[DIST_SEND_LAG].sum,
                     (0 + 150 + 60 + 0) * NS_PER_MS);
    assert_int_equal(recorder->seen->counts[COUNT_WAITED], 2);
    assert_int_equal(recorder->seen->distributions[DIST_PACING_LAG].count,
                     2); /* of those that did not wait */
    assert_int_equal(recorder->seen->distributions[DIST_PACING_LAG].max, 0);
    run_tear_down();
}

static void wake_late(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_reply(fake, 0, "ok");
    fake->now_ns += 130 * NS_PER_MS; /* the machine had other things to do */
    fake_advance(fake, 0);
    assert_sent(fake, 1, "2 two");
    run_control_stop(&run.control, STOP_NOW);
    fake_advance(fake, 0);
}

static void test_worker_admits_its_own_lateness(void **state)
{
    (void)state;
    run_set_up_open(2, 10, 60 * NS_PER_S);
    const struct recorder *recorder = run_execute(wake_late);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->distributions[DIST_PACING_LAG].count, 2);
    assert_int_equal(recorder->seen->distributions[DIST_PACING_LAG].max, 30 * NS_PER_MS);
    assert_int_equal(recorder->seen->distributions[DIST_LOOP_LAG].max,
                     120 * NS_PER_MS); /* the beat was due at 10 ms */
    run_tear_down();
}

static void come_late(struct fake_transport *fake)
{
    run_open_all(fake);
    fake->now_ns += WORKER_HEARTBEAT_NS + run.delay_ns;
    fake_advance(fake, 0);
    run_control_stop(&run.control, STOP_NOW);
    fake_advance(fake, 0);
}

/* As late as each look would have found it that it missed meanwhile. */
static void test_worker_makes_up_for_the_looks_that_it_missed(void **state)
{
    (void)state;
    static const struct {
        uint64_t late_ns;
        uint64_t looks;
        uint64_t sum;
    } cases[] = {
        {0, 1, 0},
        {10 * NS_PER_MS, 1, 10 * NS_PER_MS},
        {10 * NS_PER_MS + 1, 2, 10 * NS_PER_MS + 1 + 1},
        {25 * NS_PER_MS, 3, (25 + 15 + 5) * NS_PER_MS},
        {NS_PER_S, 100, 50500 * NS_PER_MS}, /* 1,000 ms, 990 ms ... 10 ms */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        run_set_up_open(1, 1e-3, 60 * NS_PER_S);
        run.delay_ns = cases[i].late_ns;
        const struct histogram *lag = &run_execute(come_late)->seen->distributions[DIST_LOOP_LAG];
        assert_int_equal(lag->count, cases[i].looks);
        assert_int_equal(lag->max, cases[i].late_ns);
        assert_int_equal(lag->sum, cases[i].sum);
        if (cases[i].late_ns == NS_PER_S)
            assert_in_range(histogram_percentile(lag, 99), 980 * NS_PER_MS, NS_PER_S);
        run_tear_down();
    }
}

/* --- The queue --- */

static void never_answer(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_advance(fake, 500 * NS_PER_MS); /* 6 have come due */
    fake_reply(fake, 0, "ok");
    assert_sent(fake, 0, run.plan.load.max_queue ? "2 two" : "1 one");
    fake_advance(fake, 99 * NS_PER_MS);
    run_control_stop(&run.control, STOP_NOW);
    fake_advance(fake, 0);
}

static void test_worker_skips_what_finds_the_queue_full(void **state)
{
    (void)state;
    static const struct {
        uint64_t max_queue;
        uint64_t sent;
        uint64_t waited;
    } cases[] = {{0, 1, 0}, {1, 2, 1}, {2, 2, 1}, {4, 2, 1}, {5, 2, 1}, {100, 2, 1}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        run_set_up_open(1, 10, 60 * NS_PER_S);
        run.plan.load.max_queue = cases[i].max_queue;
        const struct recorder *recorder = run_execute(never_answer);
        assert_conserved(recorder);
        assert_int_equal(recorder->seen->counts[COUNT_PLANNED], 6);
        assert_int_equal(recorder->seen->counts[COUNT_SENT], cases[i].sent);
        assert_int_equal(recorder->seen->counts[COUNT_WAITED], cases[i].waited);
        assert_int_equal(recorder->seen->counts[COUNT_SKIPPED], 6 - cases[i].sent);
        run_tear_down();
    }
}

static void fill_and_empty(struct fake_transport *fake)
{
    run_open_all(fake);
    for (unsigned round = 0; round < 3; round++) {
        fake_advance(fake, 500 * NS_PER_MS);
        for (unsigned i = 0; i < 3; i++)
            fake_reply(fake, 0, "ok");
        assert_int_equal(fake->sends, 3 * (round + 1));
    }
}

static void test_worker_uses_the_places_of_the_queue_again(void **state)
{
    (void)state;
    run_set_up_open(1, 10, 60 * NS_PER_S);
    run.plan.load.max_queue = 2;
    const struct recorder *recorder = run_execute(fill_and_empty);
    /* Due at 0 to 500 ms: 1 sent, 2 queued, 3 skipped. Then at each of 5, with none in flight: the
     * same, but 2 skipped. */
    assert_int_equal(recorder->seen->counts[COUNT_PLANNED], 16);
    assert_int_equal(recorder->seen->counts[COUNT_SKIPPED], 3 + 2 + 2);
    run_tear_down();
}

/* --- Several in flight --- */

static void send_two_each(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_advance(fake, 100 * NS_PER_MS);
    assert_sent(fake, 0, "1 one");
    assert_sent(fake, 1, "2 two");
    fake_advance(fake, 200 * NS_PER_MS);
    assert_sent(fake, 0, "3 three"); /* each in turn, and not one until it is full */
    assert_sent(fake, 1, "4 one");
    fake_advance(fake, 100 * NS_PER_MS);
    assert_int_equal(fake->sends, 4); /* the fifth waits */
    fake_reply(fake, 1, "ok");
    assert_sent(fake, 1, "5 two");
    fake_advance(fake, 50 * NS_PER_MS);
    for (unsigned i = 0; i < 2; i++) {
        fake_reply(fake, 0, "ok");
        fake_reply(fake, 1, "ok");
    }
    fake_reply(fake, 1, "of no request");
    run_control_stop(&run.control, STOP_POLITELY);
    fake_advance(fake, 0);
}

static void test_worker_has_several_requests_in_flight(void **state)
{
    (void)state;
    run_set_up_open(2, 10, 60 * NS_PER_S);
    run.plan.load.in_flight = 2;
    const struct recorder *recorder = run_execute(send_two_each);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 5);
    assert_int_equal(recorder->seen->counts[COUNT_LATE], 1);
    assert_int_equal(recorder->seen->counts[COUNT_WAITED], 1);
    /* Due at 0, 100, 200, 300, 400 ms; the second was answered at 400, all others at 450. */
    assert_int_equal(recorder->seen->distributions[DIST_LATENCY].sum,
                     (450 + 300 + 250 + 150 + 50) * NS_PER_MS);
    assert_int_equal(recorder->seen->distributions[DIST_RESPONSE_TIME].sum,
                     (450 + 300 + 250 + 150 + 50) * NS_PER_MS);
    run_tear_down();
}

static void time_out_two(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_advance(fake, 30 * NS_PER_S);
    assert_int_equal(fake->connections[0].closes, 1);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    assert_int_equal(fake->connections[0].opens, 2); /* for what waits */
    fake_opened(fake, 0);
    assert_sent(fake, 0, "3 three");
    fake_reply(fake, 0, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_fails_what_is_behind_a_timeout(void **state)
{
    (void)state;
    run_set_up_open(1, 1, 3 * NS_PER_S);
    run.plan.load.in_flight = 2;
    const struct recorder *recorder = run_execute(time_out_two);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_PLANNED], 3);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 1);
    assert_failure(recorder, 0, FAILURE_REPLY_TIMEOUT, "", 1);
    assert_failure(recorder, 1, FAILURE_REPLY_TIMEOUT, "after another", 1);
    run_tear_down();
}

/* --- The stall: Tene, "How NOT to measure latency"; wrk2's own demonstration --- */

static void fall_silent(struct fake_transport *fake)
{
    fake->silent_from_ns = FAKE_START_NS + 4 * NS_PER_S;
    fake->silent_until_ns = FAKE_START_NS + 5400 * NS_PER_MS;
    fake_serve(fake, 12 * NS_PER_S);
}

static void test_worker_shows_a_stall_in_the_response_time(void **state)
{
    (void)state;
    run_set_up_open(20, 2000, 10 * NS_PER_S);
    run.delay_ns = NS_PER_MS;
    const struct recorder *recorder = run_execute(fall_silent);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_PLANNED], 20000);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 20000);
    assert_in_range(histogram_percentile(&recorder->seen->distributions[DIST_RESPONSE_TIME], 99),
                    900 * NS_PER_MS, 1500 * NS_PER_MS);
    assert_in_range(histogram_percentile(&recorder->seen->distributions[DIST_LATENCY], 99),
                    NS_PER_MS, 2 * NS_PER_MS);
    assert_in_range(recorder->seen->distributions[DIST_LATENCY].max, 1398 * NS_PER_MS,
                    1402 * NS_PER_MS);
    assert_int_equal(recorder->seen->distributions[DIST_RESPONSE_TIME].max,
                     recorder->seen->distributions[DIST_LATENCY].max);
    run_tear_down();
}

/* --- More than can be kept up with --- */

#define ABSURD_RATE 1000000

static void interrupt_absurdity(struct fake_transport *fake)
{
    const struct recorder *recorder = run_recorder(0);
    run_open_all(fake);
    fake->now_ns += NS_PER_S; /* a million have come due meanwhile */
    fake_advance(fake, 0);
    uint64_t taken = recorder->seen->counts[COUNT_PLANNED];
    assert_in_range(taken, 2, ABSURD_RATE / 10); /* and then it looks at its connections */
    assert_in_range(fake->wake_ns, fake->now_ns, fake->now_ns + WORKER_WAKE_EVERY_NS);
    fake_advance(fake, WORKER_WAKE_EVERY_NS);
    assert_in_range(recorder->seen->counts[COUNT_PLANNED], taken + 1, 2 * taken);
    taken = recorder->seen->counts[COUNT_PLANNED];
    run_control_stop(&run.control, STOP_POLITELY);
    fake_advance(fake, 0);
    assert_in_range(recorder->seen->counts[COUNT_PLANNED], taken, 2 * taken);
    assert_int_equal(fake->connections[0].closes, 0);
    fake_reply(fake, 0, "ok");
    assert_int_equal(fake->connections[0].closes, 1);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_can_be_interrupted_at_an_absurd_rate(void **state)
{
    (void)state;
    run_set_up_open(1, ABSURD_RATE, 60 * NS_PER_S);
    run.plan.load.max_queue = 100;
    const struct recorder *recorder = run_execute(interrupt_absurdity);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 1);
    assert_int_equal(recorder->seen->counts[COUNT_SKIPPED],
                     recorder->seen->counts[COUNT_PLANNED] - 1);
    run_tear_down();
}

static void sleep_past_the_end(struct fake_transport *fake)
{
    fake_serve(fake, 0);
    fake->now_ns += 2 * NS_PER_S;
    fake_serve(fake, NS_PER_S);
}

static void test_worker_accounts_for_all_that_came_due_at_an_absurd_rate(void **state)
{
    (void)state;
    run_set_up_open(1, ABSURD_RATE, NS_PER_S);
    run.plan.load.max_queue = 100;
    const struct recorder *recorder = run_execute(sleep_past_the_end);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_PLANNED], ABSURD_RATE);
    assert_int_equal(recorder->seen->counts[COUNT_OK],
                     1 + 1 + 100); /* at once, then one and the queue */
    run_tear_down();
}

/* --- Punctuality and its price --- */

static void serve_for_a_second(struct fake_transport *fake)
{
    fake_serve(fake, 2 * NS_PER_S);
}

static void test_worker_wakes_for_each_request_at_a_low_rate(void **state)
{
    (void)state;
    run_set_up_open(10, 1000, NS_PER_S);
    run.delay_ns = NS_PER_MS;
    const struct recorder *recorder = run_execute(serve_for_a_second);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 1000);
    assert_int_equal(recorder->seen->distributions[DIST_SEND_LAG].max, 0);
    run_tear_down();
}

static void test_worker_wakes_now_and_then_at_a_high_rate(void **state)
{
    (void)state;
    run_set_up_open(100, 40000, NS_PER_S);
    run.delay_ns = NS_PER_MS;
    const struct recorder *recorder = run_execute(serve_for_a_second);
    const uint64_t slots = NS_PER_S / WORKER_WAKE_EVERY_NS;
    const uint64_t beats = NS_PER_S / WORKER_HEARTBEAT_NS;
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 40000);
    assert_in_range(run.fake->wakes, slots / 2, slots + beats + 20); /* and to open and to end */
    assert_int_equal(recorder->seen->counts[COUNT_WAITED], 0);
    assert_in_range(recorder->seen->distributions[DIST_PACING_LAG].max, 1, WORKER_WAKE_EVERY_NS);
    assert_true(histogram_mean(&recorder->seen->distributions[DIST_PACING_LAG]) <
                (double)WORKER_WAKE_EVERY_NS / 2);
    run_tear_down();
}

TEST_GROUP(worker_open)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worker_sends_at_the_rate_over_free_connections_in_turn),
        cmocka_unit_test(test_worker_rests_between_what_it_sends_at_a_high_rate),
        cmocka_unit_test(test_worker_keeps_due_times_of_requests_that_wait),
        cmocka_unit_test(test_worker_admits_its_own_lateness),
        cmocka_unit_test(test_worker_makes_up_for_the_looks_that_it_missed),
        cmocka_unit_test(test_worker_skips_what_finds_the_queue_full),
        cmocka_unit_test(test_worker_uses_the_places_of_the_queue_again),
        cmocka_unit_test(test_worker_has_several_requests_in_flight),
        cmocka_unit_test(test_worker_fails_what_is_behind_a_timeout),
        cmocka_unit_test(test_worker_shows_a_stall_in_the_response_time),
        cmocka_unit_test(test_worker_can_be_interrupted_at_an_absurd_rate),
        cmocka_unit_test(test_worker_accounts_for_all_that_came_due_at_an_absurd_rate),
        cmocka_unit_test(test_worker_wakes_for_each_request_at_a_low_rate),
        cmocka_unit_test(test_worker_wakes_now_and_then_at_a_high_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
