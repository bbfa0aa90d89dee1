#include "testing.h"

#include "fake_run.h"
#include "wsload/base/clock.h"

/* The life of a connection: replaced when it is old enough, kept up while it is idle. */

#define MS NS_PER_MS

static void serve_to_the_end(struct fake_transport *fake)
{
    for (int i = 0; !fake->stopped && i < 1000; i++)
        fake_serve(fake, NS_PER_S);
    assert_true(fake->stopped);
}

static void stop(struct fake_transport *fake)
{
    run_control_stop(&run.control, STOP_NOW);
    fake_advance(fake, 0);
}

/* So often a connection that lives 9 to 10 s is replaced in DURATION. */
static void assert_rotated(const struct recorder *recorder, uint64_t connections,
                           uint64_t duration_s)
{
    assert_in_range(recorder->seen->counts[COUNT_ROTATED], connections * (duration_s / 11),
                    connections * (duration_s / 9));
    assert_int_equal(recorder->seen->counts[COUNT_OPENED], connections);
    assert_int_equal(recorder->seen->counts[COUNT_REOPENED], 0);
    assert_int_equal(recorder->seen->counts[COUNT_CLOSED_BY_SERVER], 0);
    assert_int_equal(recorder->seen->failures.count, 0);
    assert_int_equal(recorder->seen->counts[COUNT_FAILED], 0);
}

/* --- Replaced between requests --- */

static void test_worker_replaces_connections_between_requests(void **state)
{
    (void)state;
    static const struct {
        enum load_model model;
        unsigned in_flight;
        uint64_t think_ns;
    } cases[] = {
        {LOAD_CLOSED, 1, 0}, {LOAD_CLOSED, 3, 0}, {LOAD_CLOSED, 1, 500 * MS},
        {LOAD_OPEN, 1, 0},   {LOAD_OPEN, 3, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        run_set_up_open(4, 20, 100 * NS_PER_S);
        run.plan.load.model = cases[i].model;
        run.plan.load.in_flight = cases[i].in_flight;
        run.plan.max_lifetime_ns = 10 * NS_PER_S;
        if (cases[i].think_ns)
            run.plan.load.think = (struct think){THINK_UNIFORM, cases[i].think_ns,
                                                 cases[i].think_ns};
        run.delay_ns = 50 * MS;
        const struct recorder *recorder = run_execute(serve_to_the_end);
        assert_conserved(recorder);
        assert_rotated(recorder, 4, 100);
        assert_int_equal(recorder->seen->counts[COUNT_OK], recorder->seen->counts[COUNT_SENT]);
        assert_true(recorder->seen->counts[COUNT_OK] > 500);
        run_tear_down();
    }
}

static void retire_with_three_in_flight(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 10 * NS_PER_S);
    assert_int_equal(fake->connections[0].closes, 0); /* none has been answered */
    fake_reply(fake, 0, "ok");
    fake_reply(fake, 0, "ok");
    assert_int_equal(fake->sends, 3); /* it takes no more */
    assert_int_equal(fake->connections[0].closes, 0);
    fake_advance(fake, NS_PER_S);
    fake_reply(fake, 0, "ok");
    assert_int_equal(fake->connections[0].closes, 1);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    assert_int_equal(fake->connections[0].opens, 2); /* at once */
    fake_opened(fake, 0);
    assert_int_equal(fake->sends, 6);
    stop(fake);
}

static void test_worker_lets_what_is_in_flight_end_before(void **state)
{
    (void)state;
    run_set_up(1, 100);
    run.plan.load.in_flight = 3;
    run.plan.max_lifetime_ns = 10 * NS_PER_S;
    const struct recorder *recorder = run_execute(retire_with_three_in_flight);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 3);
    assert_int_equal(recorder->seen->counts[COUNT_ROTATED], 1);
    assert_int_equal(recorder->seen->counts[COUNT_REOPENED], 0);
    run_tear_down();
}

#define MANY 1000

static void look_when_they_close(struct fake_transport *fake)
{
    run_open_all(fake);
    unsigned closed_before = 0;
    fake_advance(fake, 9 * NS_PER_S - 1);
    for (int tenth = 0; tenth < 10; tenth++) {
        unsigned closed = 0;
        for (uint32_t id = 0; id < MANY; id++)
            closed += fake->connections[id].closes;
        if (tenth == 0)
            assert_int_equal(closed, 0); /* not a moment before nine tenths */
        else
            assert_in_range(closed - closed_before, 50, 150); /* of 100 that are to be expected */
        closed_before = closed;
        fake_advance(fake, 100 * MS);
    }
    fake_advance(fake, 1);
    for (uint32_t id = 0; id < MANY; id++)
        assert_int_equal(fake->connections[id].closes, 1);
    stop(fake);
}

static void set_up_hold(uint32_t connections, uint64_t duration_ns)
{
    run_set_up(connections, 0);
    run.plan.load.model = LOAD_HOLD;
    run.plan.prompts = NULL;
    run.plan.load.duration_ns = duration_ns;
}

static void test_worker_replaces_connections_not_all_at_once(void **state)
{
    (void)state;
    set_up_hold(MANY, 60 * NS_PER_S);
    run.plan.max_lifetime_ns = 10 * NS_PER_S;
    run_execute(look_when_they_close);
    run_tear_down();
}

/* Connection 1 is lost, 2 is replaced twice, 3 never opened. */
static void hold_some(struct fake_transport *fake)
{
    for (uint32_t id = 0; id < 3; id++)
        fake_opened(fake, id);
    fake_failed(fake, 3, FAILURE_CONNECT_REFUSED);
    fake_advance(fake, 5 * NS_PER_S);
    fake_closed(fake, 1, FAILURE_RESET, "");
    fake_advance(fake, 5 * NS_PER_S);
    assert_int_equal(fake->connections[0].closes, 1);
    assert_int_equal(fake->connections[2].closes, 1);
    fake_closed(fake, 2, FAILURE_CLOSED, "1000");
    assert_int_equal(fake->connections[2].opens, 2);
    fake_failed(fake, 2, FAILURE_CONNECT_REFUSED); /* it is wanted all the same */
    fake_advance(fake, NS_PER_S); /* connection 0 did not answer the close, and is wanted, too */
    assert_int_equal(fake->connections[0].opens, 2);
    assert_int_equal(fake->connections[2].opens, 3);
    fake_opened(fake, 0);
    fake_opened(fake, 2);
    fake_advance(fake, 10 * NS_PER_S);
    fake_closed(fake, 2, FAILURE_CLOSED, "1000");
    fake_opened(fake, 2);
    assert_int_equal(fake->connections[1].opens, 1);
    assert_int_equal(fake->connections[3].opens, 1);
    stop(fake);
}

static void test_worker_opens_again_what_it_holds_and_replaces(void **state)
{
    (void)state;
    set_up_hold(4, 60 * NS_PER_S);
    run.plan.max_lifetime_ns = 10 * NS_PER_S;
    const struct recorder *recorder = run_execute(hold_some);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OPENED], 3);
    assert_int_equal(recorder->seen->counts[COUNT_ROTATED], 3);
    assert_int_equal(recorder->seen->counts[COUNT_REOPENED], 0);
    assert_int_equal(recorder->seen->counts[COUNT_CLOSED_BY_SERVER], 1);
    assert_int_equal(recorder->seen->counts[COUNT_OPEN_FAILED], 2);
    run_tear_down();
}

static void open_one_late(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 20 * NS_PER_S); /* old before the clock has started */
    assert_int_equal(fake->connections[0].closes, 0);
    fake_opened(fake, 1);
    assert_int_equal(fake->connections[0].closes, 1);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    assert_int_equal(fake->connections[0].opens, 2);
    fake_opened(fake, 0);
    fake_advance(fake, 9 * NS_PER_S);
    stop(fake);
}

static void test_worker_replaces_what_grew_old_while_others_opened(void **state)
{
    (void)state;
    static const enum load_model models[] = {LOAD_CLOSED, LOAD_OPEN, LOAD_HOLD};
    for (size_t i = 0; i < ARRAY_LENGTH(models); i++) {
        run_set_up_open(2, 0.001, 60 * NS_PER_S);
        run.plan.load.model = models[i];
        run.plan.max_lifetime_ns = 10 * NS_PER_S;
        run.plan.connect_timeout_ns = 60 * NS_PER_S;
        const struct recorder *recorder = run_execute(open_one_late);
        assert_conserved(recorder);
        assert_int_equal(recorder->seen->counts[COUNT_ROTATED], 1);
        run_tear_down();
    }
}

/* All idle, but for one reply that is awaited for longer than they live. */
static void await_the_last(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_opened(fake, 1);
    fake_advance(fake, 20 * NS_PER_S);
    uint32_t busy = fake->connections[0].sends ? 0 : 1;
    assert_int_equal(fake->connections[1 - busy].closes, 0); /* it is not replaced any more */
    fake_reply(fake, busy, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    fake_closed(fake, 1, FAILURE_CLOSED, "1000");
}

static void test_worker_replaces_nothing_after_the_last_request(void **state)
{
    (void)state;
    run_set_up_open(2, 1, 0);
    run.plan.load.requests = 1;
    run.plan.max_lifetime_ns = 10 * NS_PER_S;
    const struct recorder *recorder = run_execute(await_the_last);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_ROTATED], 0);
    run_tear_down();
}

static void grow_old_while_thinking(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_reply(fake, 0, "ok");
    fake_advance(fake, 15 * NS_PER_S - 1);
    assert_int_equal(fake->connections[0].closes, 0);
    fake_advance(fake, 1);
    assert_int_equal(fake->connections[0].closes, 1);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    fake_opened(fake, 0);
    assert_int_equal(fake->sends, 2); /* with the next prompt, when that is due */
    stop(fake);
}

static void test_worker_thinks_to_the_end_before_it_replaces(void **state)
{
    (void)state;
    run_set_up(1, 100);
    run.plan.max_lifetime_ns = 10 * NS_PER_S;
    run.plan.load.think = (struct think){THINK_UNIFORM, 15 * NS_PER_S, 15 * NS_PER_S};
    const struct recorder *recorder = run_execute(grow_old_while_thinking);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_ROTATED], 1);
    run_tear_down();
}

/* --- Kept alive --- */

static void keep_alive_while_thinking(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 3 * NS_PER_S); /* longer than the time of the keep-alive, but not idle */
    assert_int_equal(fake->sends, 1);
    fake_reply(fake, 0, "ok");
    fake_advance(fake, 2 * NS_PER_S - 1);
    assert_int_equal(fake->sends, 1); /* idle since the reply */
    fake_advance(fake, 1);
    assert_string_equal(fake->connections[0].last_message, "ping!");
    fake_advance(fake, NS_PER_S);
    fake_reply(fake, 0, "pong"); /* not idle any more */
    fake_advance(fake, 2 * NS_PER_S - 1);
    assert_int_equal(fake->sends, 2);
    fake_advance(fake, 1);
    assert_int_equal(fake->sends, 3);
    fake_advance(fake, NS_PER_S - 1); /* 6 s from the reply on */
    assert_int_equal(fake->sends, 3);
    fake_advance(fake, 1);
    assert_string_equal(fake->connections[0].last_message, "2 two");
    stop(fake);
}

static void set_keepalive(void)
{
    run.plan.keepalive = (struct text){"ping!", 5};
    run.plan.keepalive_ns = 2 * NS_PER_S;
}

static void test_worker_keeps_thinking_connections_alive(void **state)
{
    (void)state;
    run_set_up(1, 100);
    run.plan.load.think = (struct think){THINK_UNIFORM, 6 * NS_PER_S, 6 * NS_PER_S};
    set_keepalive();
    const struct recorder *recorder = run_execute(keep_alive_while_thinking);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_KEEPALIVES], 2);
    assert_int_equal(recorder->seen->counts[COUNT_KEEPALIVE_ANSWERS], 1);
    assert_int_equal(measurement_unasked(recorder->seen), 0);
    run_tear_down();
}

static void keep_alive_between_arrivals(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 0);
    fake_advance(fake, NS_PER_S);
    fake_reply(fake, 0, "ok");
    fake_advance(fake, 8 * NS_PER_S); /* at 3, 5, 7 and 9 s; the next request is due at 10 s */
    assert_int_equal(fake->sends, 1 + 4);
    fake_advance(fake, NS_PER_S);
    assert_string_equal(fake->connections[0].last_message, "2 two");
    fake_advance(fake, 5 * NS_PER_S);
    assert_int_equal(fake->sends, 1 + 4 + 1);
    stop(fake);
}

static void test_worker_keeps_idle_connections_alive_in_an_open_run(void **state)
{
    (void)state;
    run_set_up_open(1, 0.1, 600 * NS_PER_S);
    set_keepalive();
    const struct recorder *recorder = run_execute(keep_alive_between_arrivals);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_KEEPALIVES], 4);
    run_tear_down();
}

/* --- Why API Gateway went away --- */

#define SECONDS(count) ((count)*NS_PER_S)

static const struct going {
    uint64_t alive_ns; /* a keep-alive is answered every 5 minutes so long */
    uint64_t idle_ns;  /* and then nothing */
    const char *detail;
} * going;

static void go_away(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    for (uint64_t alive_ns = 0; alive_ns < going->alive_ns; alive_ns += SECONDS(300)) {
        fake_advance(fake, SECONDS(300));
        fake_reply(fake, 0, "news");
    }
    fake_advance(fake, going->idle_ns);
    fake_closed(fake, 0, FAILURE_CLOSED, "1001");
    stop(fake);
}

static void test_worker_names_why_the_gateway_went_away(void **state)
{
    (void)state;
    static const struct going cases[] = {
        {0, SECONDS(10), "1001"},
        {0, SECONDS(595) - 1, "1001"},
        {0, SECONDS(595), "1001 idle"},
        {0, SECONDS(604), "1001 idle"}, /* as captured */
        {SECONDS(600), SECONDS(300), "1001"},
        {SECONDS(600), SECONDS(600), "1001 idle"},
        {SECONDS(6900), SECONDS(295) - 1, "1001"},
        {SECONDS(6900), SECONDS(295), "1001 lifetime"},
        {SECONDS(6600), SECONDS(600), "1001 lifetime"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        going = &cases[i];
        set_up_hold(1, SECONDS(100000));
        const struct recorder *recorder = run_execute(go_away);
        assert_conserved(recorder);
        assert_failure(recorder, 0, FAILURE_CLOSED, going->detail, 0);
        run_tear_down();
    }
}

static void go_away_for_another_reason(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, SECONDS(600));
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    stop(fake);
}

static void test_worker_names_no_other_close_so(void **state)
{
    (void)state;
    set_up_hold(1, SECONDS(100000));
    const struct recorder *recorder = run_execute(go_away_for_another_reason);
    assert_failure(recorder, 0, FAILURE_CLOSED, "1000", 0);
    run_tear_down();
}

/* --- How long connections were open --- */

static void open_for_known_times(struct fake_transport *fake)
{
    for (uint32_t id = 0; id < 4; id++)
        fake_opened(fake, id);
    fake_advance(fake, SECONDS(3));
    fake_closed(fake, 0, FAILURE_RESET, "");
    fake_advance(fake, SECONDS(7)); /* the end */
    fake_closed(fake, 1, FAILURE_CLOSED, "1000");
    fake_advance(fake, SECONDS(1) / 2);
    fake_closed(fake, 2, FAILURE_CLOSED, "1000");
    fake_advance(fake, SECONDS(1) / 2); /* connection 3 does not answer the close */
    assert_true(fake->stopped);
}

static void test_worker_adds_up_how_long_connections_were_open(void **state)
{
    (void)state;
    set_up_hold(4, SECONDS(10));
    const struct recorder *recorder = run_execute(open_for_known_times);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_CONNECTED_NS],
                     SECONDS(3) + SECONDS(10) + SECONDS(21) / 2 + SECONDS(11));
    run_tear_down();
}

/* --- The network of each connection --- */

static void network_is(struct fake_transport *fake, uint64_t rtt_ms, uint64_t retransmits)
{
    fake->network = (struct network_seen){.rtt_ns = rtt_ms * NS_PER_MS, .retransmits = retransmits};
}

/* 0 is reset, 1 is replaced and does not answer, 2 closes first, 3 never opens, 4 is open at the
 * end: it ends while the run does. */
static void end_in_all_ways(struct fake_transport *fake)
{
    for (uint32_t id = 0; id < 3; id++)
        fake_opened(fake, id);
    fake_failed(fake, 3, FAILURE_CONNECT_REFUSED);
    fake_opened(fake, 4);
    network_is(fake, 10, 1);
    fake_closed(fake, 0, FAILURE_RESET, "");
    network_is(fake, 20, 10);
    fake_closed(fake, 2, FAILURE_CLOSED, "1001");
    network_is(fake, 40, 100);
    fake_advance(fake, SECONDS(11)); /* 1 and 4 are old enough, and do not answer */
    assert_int_equal(fake->connections[1].drops, 1);
    assert_int_equal(fake->connections[4].drops, 1);
    fake_opened(fake, 4);
    network_is(fake, 80, 1000);
    run_control_stop(&run.control, STOP_NOW);
    fake_advance(fake, 0);
    assert_true(fake->stopped);
}

static void test_worker_records_the_network_of_each_connection_once(void **state)
{
    (void)state;
    set_up_hold(5, SECONDS(60));
    run.plan.max_lifetime_ns = SECONDS(10);
    const struct recorder *recorder = run_execute(end_in_all_ways);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->distributions[DIST_RTT].count, 5);
    assert_int_equal(recorder->seen->distributions[DIST_RTT].sum, 190 * NS_PER_MS);
    assert_int_equal(recorder->seen->counts[COUNT_RETRANSMITS], 1211);
    run_tear_down();
}

TEST_GROUP(worker_life)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worker_replaces_connections_between_requests),
        cmocka_unit_test(test_worker_lets_what_is_in_flight_end_before),
        cmocka_unit_test(test_worker_replaces_connections_not_all_at_once),
        cmocka_unit_test(test_worker_opens_again_what_it_holds_and_replaces),
        cmocka_unit_test(test_worker_replaces_what_grew_old_while_others_opened),
        cmocka_unit_test(test_worker_replaces_nothing_after_the_last_request),
        cmocka_unit_test(test_worker_thinks_to_the_end_before_it_replaces),
        cmocka_unit_test(test_worker_keeps_thinking_connections_alive),
        cmocka_unit_test(test_worker_keeps_idle_connections_alive_in_an_open_run),
        cmocka_unit_test(test_worker_names_why_the_gateway_went_away),
        cmocka_unit_test(test_worker_names_no_other_close_so),
        cmocka_unit_test(test_worker_adds_up_how_long_connections_were_open),
        cmocka_unit_test(test_worker_records_the_network_of_each_connection_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
