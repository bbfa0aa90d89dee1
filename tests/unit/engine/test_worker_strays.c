#include "testing.h"

#include "fake_run.h"
#include "wsload/base/clock.h"

/* Messages that look like a reply to the request that is there, and belong to none or to one before
 * it. */

#define MS NS_PER_MS

static const char timed_out[] = "{\"message\": \"Endpoint request timed out\", "
                                "\"connectionId\": \"a\", \"requestId\": \"b\"}";

static void stop(struct fake_transport *fake)
{
    run_control_stop(&run.control, STOP_NOW);
    fake_advance(fake, 0);
}

/* --- Behind the 101, before the opening is told --- */

static void greet_while_opening(struct fake_transport *fake)
{
    fake_reply(fake, 0, "welcome");
    fake_opened(fake, 0);
    fake_reply(fake, 0, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    fake_reply(fake, 0, "welcome back");
    fake_opened(fake, 0);
    fake_reply(fake, 0, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_takes_no_greeting_for_a_reply(void **state)
{
    (void)state;
    run_set_up(1, 2);
    run.plan.load.connection_per_request = true;
    const struct recorder *recorder = run_execute(greet_while_opening);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 2);
    assert_int_equal(recorder->seen->counts[COUNT_UNSOLICITED],
                     2); /* the second, too: it is another connection */
    assert_int_equal(recorder->seen->counts[COUNT_LATE], 0);
    run_tear_down();
}

/* --- In the read that brought the end of the reply before --- */

static void say_more_in_one_read(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake->connections[0].reads = 1;
    fake_reply(fake, 0, "first");
    assert_int_equal(fake->sends, 2);
    fake_reply(fake, 0, "left over");
    fake_reply(fake, 0, "left over");
    assert_int_equal(fake->sends, 2);
    fake->connections[0].reads = 2;
    fake_reply(fake, 0, "second");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_tells_what_was_read_before_the_request_was_sent(void **state)
{
    (void)state;
    run_set_up(1, 2);
    const struct recorder *recorder = run_execute(say_more_in_one_read);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 2);
    assert_int_equal(recorder->seen->counts[COUNT_LATE], 2);
    assert_string_equal(recorder->seen->samples[1].reply, "second");
    run_tear_down();
}

/* --- Behind an end that was none --- */

static void answer_after_the_timeout(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_reply(fake, 0, timed_out);
    assert_int_equal(fake->sends, 1);
    assert_int_equal(fake->connections[0].closes, 1);
    fake_reply(fake, 0, "the answer after all");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    assert_int_equal(fake->connections[0].opens, 2); /* at once: nothing broke */
    fake_opened(fake, 0);
    fake_reply(fake, 0, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_does_not_wait_behind_a_gateway_timeout(void **state)
{
    (void)state;
    run_set_up(1, 2);
    const struct recorder *recorder = run_execute(answer_after_the_timeout);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 1);
    assert_int_equal(recorder->seen->counts[COUNT_LATE], 1);
    assert_failure(recorder, 0, FAILURE_GATEWAY_ERROR, "Endpoint request timed out", 1);
    assert_string_equal(recorder->seen->samples[1].reply, "ok");
    run_tear_down();
}

static void fail_the_first_of_three(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_advance(fake, 200 * MS);
    assert_int_equal(fake->sends, 3);
    fake_reply(fake, 0, "NO");
    assert_int_equal(fake->connections[0].closes, 1);
    stop(fake);
}

/* Their replies could not be told from the rest of the one that failed. */
static void test_worker_fails_those_behind_a_reply_that_was_cut(void **state)
{
    (void)state;
    struct error error;
    run_set_up_open(1, 10, 60 * NS_PER_S);
    run.plan.load.in_flight = 3;
    run_end_replies("text:END");
    assert_int_equal(reply_rules_add_error(&run.plan.reply_rules, "NO", &error), 0);
    const struct recorder *recorder = run_execute(fail_the_first_of_three);
    assert_conserved(recorder);
    assert_failure(recorder, 0, FAILURE_ERROR_REPLY, "", 1);
    assert_failure(recorder, 1, FAILURE_REPLY_TIMEOUT, "after another", 2);
    assert_string_equal(recorder->seen->samples[0].reply, "NO");
    assert_false(recorder->seen->samples[1].has_reply);
    run_tear_down();
}

/* --- An error that says it has no id --- */

static void answer_with_a_null_id(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_reply(fake, 0, "{\"id\": null, \"error\": 1}");
    stop(fake);
}

static void test_worker_takes_an_id_of_null_for_none(void **state)
{
    (void)state;
    struct error error;
    run_set_up(1, 1);
    run_correlate();
    assert_int_equal(reply_rules_add_error(&run.plan.reply_rules, "json:error", &error), 0);
    const struct recorder *recorder = run_execute(answer_with_a_null_id);
    assert_conserved(recorder);
    assert_failure(recorder, 0, FAILURE_ERROR_REPLY, "", 1);
    run_tear_down();
}

/* --- Ends of other kinds --- */

static void answer_each_step(struct fake_transport *fake)
{
    run_open_all(fake);
    for (int i = 0; i < 5; i++) {
        fake_advance(fake, 100 * MS);
        fake_reply(fake, 0, "started");
    }
    stop(fake);
}

static void test_worker_one_way_is_free_again_behind_its_steps(void **state)
{
    (void)state;
    run_set_up_open(1, 10, 60 * NS_PER_S);
    run.plan.reply_rules.one_way = true;
    run_set_steps("{\"before_request\": [{\"send\": \"go\", \"expect\": \"text:started\"}]}");
    const struct recorder *recorder = run_execute(answer_each_step);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 5);
    run_tear_down();
}

static void retire_with_a_backlog(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_advance(fake, 1000 * MS); /* nothing more comes due, eight wait, the connection is old */
    for (int i = 0; i < 2; i++)
        fake_reply(fake, 0, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    fake_opened(fake, 0);
    for (int i = 0; i < 8; i++)
        fake_reply(fake, 0, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_replaces_a_connection_that_the_backlog_needs(void **state)
{
    (void)state;
    run_set_up_open(1, 10, 1000 * MS);
    run.plan.load.in_flight = 2;
    run.plan.max_lifetime_ns = 900 * MS;
    const struct recorder *recorder = run_execute(retire_with_a_backlog);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 10);
    assert_int_equal(recorder->seen->counts[COUNT_SKIPPED], 0);
    assert_int_equal(recorder->seen->counts[COUNT_ROTATED], 1);
    run_tear_down();
}

TEST_GROUP(worker_strays)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worker_takes_no_greeting_for_a_reply),
        cmocka_unit_test(test_worker_tells_what_was_read_before_the_request_was_sent),
        cmocka_unit_test(test_worker_does_not_wait_behind_a_gateway_timeout),
        cmocka_unit_test(test_worker_fails_those_behind_a_reply_that_was_cut),
        cmocka_unit_test(test_worker_takes_an_id_of_null_for_none),
        cmocka_unit_test(test_worker_one_way_is_free_again_behind_its_steps),
        cmocka_unit_test(test_worker_replaces_a_connection_that_the_backlog_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
