#include "testing.h"

#include <string.h>

#include "fake_run.h"
#include "wsload/base/clock.h"

/* Messages that no request asked for: what is kept of them, and how long the run listens. */

#define MS NS_PER_MS

static void stop(struct fake_transport *fake)
{
    run_control_stop(&run.control, STOP_NOW);
    fake_advance(fake, 0);
}

static void assert_kind(const struct recorder *recorder, size_t index, const char *rule,
                        uint64_t count, const char *example)
{
    const struct unasked *unasked = &recorder->seen->unasked;
    assert_true(index < unasked->count);
    assert_string_equal(unasked->kinds[index].rule, rule);
    assert_int_equal(unasked->kinds[index].count, count);
    assert_string_equal(unasked->kinds[index].example, example);
}

/* --- What is kept --- */

static void greet_and_go_on(struct fake_transport *fake)
{
    fake_reply(fake, 0, "welcome");
    fake_opened(fake, 0);
    fake_opened(fake, 1);
    fake_advance(fake, 10 * MS);
    fake_reply(fake, 0, "ok");
    fake_advance(fake, 20 * MS);
    fake_reply(fake, 0, "{\"type\": \"token\", \"text\": \"a\"}");
    fake_advance(fake, 10 * MS);
    fake_reply(fake, 0, "{\"type\": \"token\", \"text\": \"b\"}");
    stop(fake);
}

static void test_worker_keeps_what_came_unasked(void **state)
{
    (void)state;
    run_set_up_open(2, 1, 60 * NS_PER_S);
    const struct recorder *recorder = run_execute(greet_and_go_on);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_UNSOLICITED], 1);
    assert_int_equal(recorder->seen->counts[COUNT_LATE], 2);
    assert_int_equal(recorder->seen->counts[COUNT_UNASKED_CONNECTIONS], 1);
    assert_times(&recorder->seen->distributions[DIST_UNASKED], 2, 20 * MS, 30 * MS);
    assert_int_equal(recorder->seen->unasked.count, 2);
    assert_kind(recorder, 0, "text:welcome", 1, "welcome");
    assert_kind(recorder, 1, "json:type=token", 2, "{\"type\": \"token\", \"text\": \"a\"}");
    run_tear_down();
}

static void greet_twice(struct fake_transport *fake)
{
    for (int i = 0; i < 2; i++) {
        fake_reply(fake, 0, "welcome");
        fake_opened(fake, 0);
        fake_reply(fake, 0, "ok");
        fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    }
}

static void test_worker_counts_openings_that_saw_some(void **state)
{
    (void)state;
    run_set_up(1, 2);
    run.plan.load.connection_per_request = true;
    const struct recorder *recorder = run_execute(greet_twice);
    assert_int_equal(recorder->seen->counts[COUNT_UNASKED_CONNECTIONS], 2);
    assert_int_equal(recorder->seen->distributions[DIST_UNASKED].count, 0);
    run_tear_down();
}

/* --- Listening --- */

static void slip(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_advance(fake, 5 * MS);
    fake_reply(fake, 0, "welcome");
    fake_advance(fake, 95 * MS);
    fake_reply(fake, 0, "first");
    assert_int_equal(fake->connections[0].closes, 0);
    fake_advance(fake, 5 * MS);
    fake_reply(fake, 0, "second");
    fake_advance(fake, 295 * MS - 1);
    assert_int_equal(fake->connections[0].closes, 0);
    fake_advance(fake, 1);
    assert_int_equal(fake->connections[0].closes, 1);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_sees_what_is_left_over_by_a_slip(void **state)
{
    (void)state;
    run_set_up(1, 2);
    run.plan.linger_ns = 300 * MS;
    const struct recorder *recorder = run_execute(slip);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 2);
    assert_int_equal(recorder->seen->counts[COUNT_LATE], 1);
    assert_kind(recorder, 0, "text:second", 1, "second");
    assert_times(&recorder->seen->distributions[DIST_UNASKED], 1, 5 * MS, 5 * MS);
    assert_int_equal(run_total_ns(), 100 * MS);
    assert_int_equal(recorder->seen->counts[COUNT_DRAIN_TIME], 0);
    assert_int_equal(recorder->seen->timeline.count, 1);
    run_tear_down();
}

static void slip_slowly(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_advance(fake, 5 * MS);
    fake_reply(fake, 0, "welcome");
    fake_advance(fake, 995 * MS);
    fake_reply(fake, 0, "first");
    fake_advance(fake, 5 * MS);
    fake_reply(fake, 0, "second");
    fake_advance(fake, 995 * MS);
    fake_reply(fake, 0, "third");
    fake_advance(fake, 300 * MS - 1);
    assert_int_equal(fake->connections[0].closes, 0);
    fake_advance(fake, 1);
    assert_int_equal(fake->connections[0].closes, 1);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_listens_as_long_as_the_longest_reply_took(void **state)
{
    (void)state;
    run_set_up(1, 3);
    run.plan.linger_ns = 300 * MS;
    run.plan.linger_most_ns = 2000 * MS;
    const struct recorder *recorder = run_execute(slip_slowly);
    assert_true(run.fake->stopped);
    assert_int_equal(recorder->seen->counts[COUNT_LATE], 1);
    assert_kind(recorder, 0, "text:third", 1, "third");
    run_tear_down();
}

static void slip_on_connections_of_their_own(struct fake_transport *fake)
{
    for (unsigned i = 1; i <= 2; i++) {
        fake_opened(fake, 0);
        fake_advance(fake, 5 * MS);
        fake_reply(fake, 0, "welcome");
        assert_int_equal(fake->connections[0].closes, 1); /* but not the last one */
        if (i == 1)
            fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    }
    fake_advance(fake, 95 * MS);
    fake_reply(fake, 0, "second");
    fake_advance(fake, 205 * MS);
    assert_int_equal(fake->connections[0].closes, 2);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_listens_on_the_last_connections_for_one_request(void **state)
{
    (void)state;
    run_set_up(1, 2);
    run.plan.load.connection_per_request = true;
    run.plan.linger_ns = 300 * MS;
    const struct recorder *recorder = run_execute(slip_on_connections_of_their_own);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OPENED], 2);
    assert_int_equal(recorder->seen->counts[COUNT_LISTENED], 1);
    assert_kind(recorder, 0, "text:second", 1, "second");
    run_tear_down();
}

static void listen_for_seconds(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_reply(fake, 0, "ok");
    fake_advance(fake, 5 * NS_PER_S);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_that_listens_has_no_seconds(void **state)
{
    (void)state;
    run_set_up(1, 1);
    run.plan.linger_ns = 5 * NS_PER_S;
    const struct recorder *recorder = run_execute(listen_for_seconds);
    assert_true(run.fake->stopped);
    assert_int_equal(recorder->seen->timeline.count, 1);
    run_tear_down();
}

static void close_while_it_listens(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_reply(fake, 0, "ok");
    fake_reply(fake, 1, "ok");
    fake_advance(fake, 10 * MS);
    fake_closed(fake, 0, FAILURE_CLOSED, "1011");
    fake_advance(fake, 10 * MS);
    assert_false(fake->stopped);
    fake_closed(fake, 1, FAILURE_RESET, "");
    assert_true(fake->stopped); /* nobody can say anything any more */
}

static void test_worker_that_listens_takes_no_close_for_a_loss(void **state)
{
    (void)state;
    run_set_up(2, 2);
    run.plan.linger_ns = 300 * MS;
    const struct recorder *recorder = run_execute(close_while_it_listens);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_CLOSED_BY_SERVER], 0);
    assert_int_equal(recorder->seen->failures.count, 0);
    assert_int_equal(run.fake->connections[0].opens, 1);
    run_tear_down();
}

static void listen_while_others_open(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 40 * MS);
    fake_failed(fake, 1, FAILURE_CONNECT_REFUSED); /* the clock starts; it backs off */
    fake_advance(fake, 200 * MS);
    assert_true(fake->connections[1].opening);
    fake_reply(fake, 0, "ok");
    fake_reply(fake, 0, "ok");
    assert_int_equal(fake->connections[1].drops, 1);
    fake_advance(fake, 300 * MS);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_that_listens_opens_nothing(void **state)
{
    (void)state;
    run_set_up_open(2, 10, 0);
    run.plan.load.requests = 2;
    run.plan.linger_ns = 300 * MS;
    const struct recorder *recorder = run_execute(listen_while_others_open);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 2);
    run_tear_down();
}

/* --- Keep-alives --- */

static void set_keepalive(void)
{
    run.plan.keepalive = TEXT("ping!");
    run.plan.keepalive_ns = 100 * MS;
    run.plan.linger_ns = 300 * MS;
}

static void answer_keepalives(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_reply(fake, 0, "ok"); /* the next request is due after a second */
    fake_advance(fake, 100 * MS);
    assert_string_equal(fake->connections[0].last_message, "ping!");
    fake_reply(fake, 0, "pong"); /* it need not be an echo */
    fake_reply(fake, 0, "news"); /* nobody asked for that */
    fake_reply(fake, 0, "ping!");
    fake_advance(fake, 900 * MS);
    assert_string_equal(fake->connections[0].last_message, "2 two");
    fake_reply(fake, 0, "ping!"); /* the request has overtaken it */
    fake_reply(fake, 0, "ok");
    fake_advance(fake, 500 * MS); /* now it is over */
    unsigned sends = fake->connections[0].sends;
    fake_advance(fake, 300 * MS);
    assert_int_equal(fake->connections[0].sends, sends); /* it only listens */
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_knows_answers_to_keepalives(void **state)
{
    (void)state;
    run_set_up_open(1, 1, 1500 * MS);
    set_keepalive();
    run.plan.load.requests = 2;
    const struct recorder *recorder = run_execute(answer_keepalives);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 2);
    assert_int_equal(recorder->seen->counts[COUNT_KEEPALIVE_ANSWERS], 3);
    assert_string_equal(recorder->seen->samples[1].reply, "ok");
    assert_int_equal(measurement_unasked(recorder->seen), 1);
    assert_kind(recorder, 0, "text:news", 1, "news");
    run_tear_down();
}

TEST_GROUP(worker_unasked)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worker_keeps_what_came_unasked),
        cmocka_unit_test(test_worker_counts_openings_that_saw_some),
        cmocka_unit_test(test_worker_sees_what_is_left_over_by_a_slip),
        cmocka_unit_test(test_worker_listens_as_long_as_the_longest_reply_took),
        cmocka_unit_test(test_worker_listens_on_the_last_connections_for_one_request),
        cmocka_unit_test(test_worker_that_listens_has_no_seconds),
        cmocka_unit_test(test_worker_that_listens_takes_no_close_for_a_loss),
        cmocka_unit_test(test_worker_that_listens_opens_nothing),
        cmocka_unit_test(test_worker_knows_answers_to_keepalives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
