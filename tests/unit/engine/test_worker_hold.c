#include "testing.h"

#include <stdlib.h>

#include "fake_run.h"
#include "wsload/base/clock.h"

#define WORKERS 3

/* Connections that are opened at a rate, and connections that are only held. */

/* --- Connect rate --- */

#define RATE        50 /* per second */
#define CONNECTIONS 30

static uint64_t opened_at_ns(unsigned number)
{
    unsigned workers = run.plan.load.workers;
    return run.fakes[number % workers].connections[number / workers].open_ns;
}

static void assert_opened_at_the_rate(uint64_t first_ns, unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        uint64_t due_ns = first_ns + (i - first) * NS_PER_S / RATE;
        assert_in_range(opened_at_ns(i), due_ns, due_ns + 2); /* of rounding up */
    }
}

static void set_up_rate(unsigned workers)
{
    run_set_up(CONNECTIONS, 0);
    run.plan.load.connect_rate = RATE;
    run.plan.load.duration_ns = NS_PER_S;
    run.plan.load.workers = workers;
    run.delay_ns = 10 * NS_PER_MS;
}

static void serve_all(struct fake_transport *fake)
{
    fake_serve_all(fake, run.plan.load.workers, 10 * NS_PER_S);
}

static void test_worker_opens_at_the_connect_rate(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= WORKERS; workers++) {
        set_up_rate(workers);
        run_execute(serve_all);
        assert_opened_at_the_rate(FAKE_START_NS, 0, CONNECTIONS);
        for (unsigned i = 0; i < workers; i++) {
            assert_true(run.fakes[i].stopped);
            assert_conserved(run_recorder(i));
            assert_int_equal(run_recorder(i)->seen->counts[COUNT_OPENED], CONNECTIONS / workers);
        }
        run_tear_down();
    }
}

static void test_worker_opens_at_the_connect_rate_per_request(void **state)
{
    (void)state;
    set_up_rate(1);
    run.plan.load.connection_per_request = true;
    const struct recorder *recorder = run_execute(serve_all);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OPENED], RATE); /* in the second that it lasts */
    assert_opened_at_the_rate(FAKE_START_NS + 600 * NS_PER_MS, 0, RATE - CONNECTIONS); /* again */
    assert_opened_at_the_rate(FAKE_START_NS + 400 * NS_PER_MS, RATE - CONNECTIONS,
                              2 * CONNECTIONS - RATE);
    run_tear_down();
}

/* All break when each has been open for a while: an idle time earns no burst. */
static void break_all(struct fake_transport *fake)
{
    fake_serve(fake, 900 * NS_PER_MS);
    for (uint32_t id = 0; id < CONNECTIONS; id++)
        fake_closed(fake, id, FAILURE_RESET, "");
    fake_serve(fake, 10 * NS_PER_S);
}

static int compare_times(const void *a, const void *b)
{
    uint64_t first = *(const uint64_t *)a;
    uint64_t second = *(const uint64_t *)b;
    return (first > second) - (first < second);
}

static void test_worker_reopens_at_the_connect_rate(void **state)
{
    (void)state;
    set_up_rate(1);
    const struct recorder *recorder = run_execute(break_all);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    uint64_t times_ns[CONNECTIONS];
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        assert_int_equal(run.fake->connections[i].opens, 2);
        times_ns[i] = opened_at_ns(i);
    }
    qsort(times_ns, CONNECTIONS, sizeof(times_ns[0]), compare_times);
    assert_in_range(times_ns[0], FAKE_START_NS + 950 * NS_PER_MS, FAKE_START_NS + NS_PER_S);
    for (unsigned i = 1; i < CONNECTIONS; i++)
        assert_true(times_ns[i] + 2 >= times_ns[i - 1] + NS_PER_S / RATE);
    run_tear_down();
}

/* Opens are due every 20 ms. */
static void wake_late(struct fake_transport *fake)
{
    fake_advance(fake, 15 * NS_PER_MS);
    fake->now_ns += 13 * NS_PER_MS;
    fake_advance(fake, 0); /* at 28 ms, 8 too late */
    assert_int_equal(fake->connections[1].opens, 1);
    fake_advance(fake, 13 * NS_PER_MS);
    assert_int_equal(fake->connections[2].opens, 1); /* at 40 ms, and not 48 */
    fake->now_ns += 39 * NS_PER_MS;
    fake_advance(fake, 0); /* at 80 ms, 20 too late */
    assert_int_equal(fake->connections[3].opens, 1);
    assert_int_equal(fake->connections[4].opens, 0); /* no burst */
    fake_advance(fake, 10 * NS_PER_MS - 1);
    assert_int_equal(fake->connections[4].opens, 0);
    fake_advance(fake, 2); /* 10 ms are made up for */
    assert_int_equal(fake->connections[4].opens, 1);
    run_control_stop(&run.control, STOP_NOW);
    fake_advance(fake, 0);
}

static void test_worker_makes_up_for_a_late_wake(void **state)
{
    (void)state;
    set_up_rate(1);
    run_execute(wake_late);
    run_tear_down();
}

/* --- Held connections --- */

static void set_up_hold(uint32_t connections, uint64_t duration_ns)
{
    run_set_up(connections, 0);
    run.plan.load.model = LOAD_HOLD;
    run.plan.prompts = NULL;
    run.plan.load.duration_ns = duration_ns;
}

static void lose_some(struct fake_transport *fake)
{
    for (uint32_t id = 0; id < 3; id++)
        fake_opened(fake, id);
    fake_failed(fake, 3, FAILURE_CONNECT_REFUSED);
    fake_advance(fake, 2 * NS_PER_S);
    fake_closed(fake, 1, FAILURE_CLOSED, "1001");
    fake_advance(fake, 3 * NS_PER_S);
    fake_closed(fake, 0, FAILURE_RESET, "");
    fake_advance(fake, 5 * NS_PER_S - 1);
    assert_int_equal(fake->connections[2].closes, 0);
    fake_advance(fake, 1);
    assert_int_equal(fake->connections[2].closes, 1);
    for (uint32_t id = 0; id < 4; id++)
        assert_int_equal(fake->connections[id].opens, 1); /* what is lost stays lost */
    fake_closed(fake, 2, FAILURE_CLOSED, "1000");
}

static void test_worker_holds_connections_and_lets_lost_ones_go(void **state)
{
    (void)state;
    set_up_hold(4, 10 * NS_PER_S);
    const struct recorder *recorder = run_execute(lose_some);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_PLANNED], 0);
    assert_int_equal(recorder->seen->counts[COUNT_OPENED], 3);
    assert_int_equal(recorder->seen->counts[COUNT_OPEN_FAILED], 1);
    assert_int_equal(recorder->seen->counts[COUNT_CLOSED_BY_SERVER], 2);
    assert_int_equal(recorder->seen->counts[COUNT_OPEN_AT_END], 1);
    assert_int_equal(recorder->seen->distributions[DIST_LIFETIME].count, 2);
    assert_int_equal(recorder->seen->distributions[DIST_LIFETIME].min, 2 * NS_PER_S);
    assert_int_equal(recorder->seen->distributions[DIST_LIFETIME].max, 5 * NS_PER_S);
    assert_failure(recorder, 1, FAILURE_CLOSED, "1001", 0);
    assert_failure(recorder, 2, FAILURE_RESET, "", 0);
    assert_int_equal(run_total_ns(), 10 * NS_PER_S);
    run_tear_down();
}

static void keep_alive(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 400 * NS_PER_MS);
    fake_opened(fake, 1); /* now the clock starts */
    fake_advance(fake, NS_PER_S - 1);
    assert_int_equal(fake->connections[1].sends, 0);
    fake_advance(fake, 1);
    assert_int_equal(fake->connections[1].sends, 1);
    assert_string_equal(fake->connections[1].last_message, "ping!");
    fake_reply(fake, 1, "pong"); /* belongs to no request */
    fake_advance(fake, NS_PER_S / 2);
    fake_closed(fake, 1, FAILURE_RESET, "");
    unsigned before = fake->connections[0].sends;
    fake_advance(fake, 3 * NS_PER_S);
    assert_int_equal(fake->connections[0].sends, before + 3);
    assert_int_equal(fake->connections[1].sends, 1);
    fake_advance(fake, 5 * NS_PER_S);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_keeps_held_connections_alive(void **state)
{
    (void)state;
    set_up_hold(2, 9500 * NS_PER_MS);
    run.plan.keepalive = (struct text){"ping!", 5};
    run.plan.keepalive_ns = NS_PER_S;
    const struct recorder *recorder = run_execute(keep_alive);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_KEEPALIVES], 9 + 1); /* in 9.5 s, and in 1.5 s */
    assert_int_equal(recorder->seen->counts[COUNT_KEEPALIVE_ANSWERS], 1);
    assert_int_equal(measurement_unasked(recorder->seen), 0);
    assert_int_equal(recorder->seen->counts[COUNT_OPEN_AT_END], 1);
    run_tear_down();
}

static void open_one_late(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 2500 * NS_PER_MS); /* the clock has not started yet */
    assert_int_equal(fake->connections[0].sends, 2);
    fake_opened(fake, 1);
    fake_advance(fake, 500 * NS_PER_MS - 1);
    assert_int_equal(fake->sends, 2); /* the start of the clock changes nothing */
    fake_advance(fake, 1);
    assert_int_equal(fake->connections[0].sends, 3);
    fake_advance(fake, 500 * NS_PER_MS);
    assert_int_equal(fake->connections[1].sends, 1);
    run_control_stop(&run.control, STOP_POLITELY);
    fake_advance(fake, 0);
    fake_advance(fake, 900 * NS_PER_MS);
    assert_int_equal(fake->sends, 4); /* they are closing */
    for (uint32_t id = 0; id < 2; id++)
        fake_closed(fake, id, FAILURE_CLOSED, "1000");
}

static void test_worker_keeps_held_connections_alive_while_others_open(void **state)
{
    (void)state;
    set_up_hold(2, 60 * NS_PER_S);
    run.plan.keepalive = (struct text){"ping!", 5};
    run.plan.keepalive_ns = NS_PER_S;
    const struct recorder *recorder = run_execute(open_one_late);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_KEEPALIVES], 4);
    run_tear_down();
}

static void interrupt(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 1234 * NS_PER_MS);
    run_control_stop(&run.control, STOP_POLITELY);
    fake_advance(fake, 0);
    assert_int_equal(fake->connections[0].closes, 1); /* there is nothing to wait for */
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_interrupted_lets_held_connections_go(void **state)
{
    (void)state;
    set_up_hold(1, 60 * NS_PER_S);
    const struct recorder *recorder = run_execute(interrupt);
    assert_true(run.fake->stopped);
    assert_int_equal(recorder->seen->counts[COUNT_OPEN_AT_END], 1);
    assert_int_equal(run_total_ns(), 1234 * NS_PER_MS);
    run_tear_down();
}

TEST_GROUP(worker_hold)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worker_opens_at_the_connect_rate),
        cmocka_unit_test(test_worker_opens_at_the_connect_rate_per_request),
        cmocka_unit_test(test_worker_reopens_at_the_connect_rate),
        cmocka_unit_test(test_worker_makes_up_for_a_late_wake),
        cmocka_unit_test(test_worker_holds_connections_and_lets_lost_ones_go),
        cmocka_unit_test(test_worker_keeps_held_connections_alive),
        cmocka_unit_test(test_worker_keeps_held_connections_alive_while_others_open),
        cmocka_unit_test(test_worker_interrupted_lets_held_connections_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
