#include "testing.h"

#include "fake_run.h"
#include "wsload/base/clock.h"

/* Steps on a new connection, in front of all prompts. */

#define MS NS_PER_MS

#define GREETING "{\"on_connect\": [{\"expect\": \"contains:welcome\"}]}"
#define LOGIN                                                                                      \
    "{\"on_connect\": [{\"send\": \"login {{connection}}\"},"                                      \
    " {\"send\": \"join\", \"expect\": \"json:ok=true\"}]}"

static const char internal_error[] = "{\"message\": \"Internal server error\", "
                                     "\"connectionId\": \"a\", \"requestId\": \"b\"}";
static const char timed_out[] = "{\"message\": \"Endpoint request timed out\", "
                                "\"connectionId\": \"a\", \"requestId\": \"b\"}";

static void stop(struct fake_transport *fake)
{
    run_control_stop(&run.control, STOP_NOW);
    fake_advance(fake, 0);
}

static void assert_backed_off_from(struct fake_transport *fake, unsigned opens)
{
    fake_advance(fake, 50 * MS - 1);
    assert_int_equal(fake->connections[0].opens, opens);
    fake_advance(fake, 50 * MS + 1);
    assert_int_equal(fake->connections[0].opens, opens + 1);
}

/* --- Going well --- */

static void greet(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_opened(fake, 1);
    fake_advance(fake, 40 * MS);
    fake_reply(fake, 1, "welcome");
    assert_int_equal(fake->sends, 0); /* the clock starts when both are ready */
    assert_int_equal(worker_peek(run.worker).phase, PHASE_OPENING);
    fake_advance(fake, 60 * MS);
    fake_reply(fake, 0, "be welcome");
    assert_int_equal(fake->sends, 2);
    fake_advance(fake, 5 * MS);
    fake_reply(fake, 0, "ok");
    fake_reply(fake, 1, "ok");
    for (uint32_t id = 0; id < 2; id++)
        fake_closed(fake, id, FAILURE_CLOSED, "1000");
}

static void test_worker_waits_for_what_the_server_says_first(void **state)
{
    (void)state;
    run_set_up(2, 2);
    run_set_steps(GREETING);
    const struct recorder *recorder = run_execute(greet);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 2);
    assert_times(&recorder->seen->distributions[DIST_LATENCY], 2, 5 * MS,
                 5 * MS); /* no greeting in it */
    assert_int_equal(worker_measurement(run.worker)->counts[COUNT_OPEN_TIME], 100 * MS);
    assert_int_equal(recorder->seen->counts[COUNT_UNSOLICITED] + recorder->seen->counts[COUNT_LATE],
                     0);
    assert_int_equal(recorder->seen->failures.count, 0);
    run_tear_down();
}

static void log_in(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_opened(fake, 1);
    assert_string_equal(fake->log.data, "0 login 1\n0 join\n1 login 2\n1 join\n");
    for (uint32_t id = 0; id < 2; id++) {
        fake_reply(fake, id, "##");
        fake_reply(fake, id, timed_out); /* it may answer still */
        fake_reply(fake, id, "{\"ok\": true}");
    }
    assert_string_equal(fake->log.data, "0 login 1\n0 join\n1 login 2\n1 join\n0 1 one\n1 2 two\n");
    fake_reply(fake, 0, "END");
    fake_reply(fake, 1, "END");
    for (uint32_t id = 0; id < 2; id++)
        fake_closed(fake, id, FAILURE_CLOSED, "1000");
}

static void test_worker_says_its_steps_on_each_connection(void **state)
{
    (void)state;
    struct error error;
    run_set_up(2, 2);
    run_set_steps(LOGIN);
    run_end_replies("text:END");
    assert_int_equal(reply_rules_add_ignored(&run.plan.reply_rules, "text:##", &error), 0);
    run.keeps_log = true;
    const struct recorder *recorder = run_execute(log_in);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 2);
    assert_int_equal(recorder->seen->counts[COUNT_SENT], 2);
    assert_int_equal(recorder->seen->counts[COUNT_IGNORED], 2);
    assert_int_equal(recorder->seen->failures.count, 1);
    assert_failure(recorder, 0, FAILURE_GATEWAY_ERROR, "Endpoint request timed out", 0);
    assert_int_equal(recorder->seen->failures.classes[0].count, 2);
    run_tear_down();
}

static void serve_one_and_break(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_reply(fake, 0, "welcome");
    fake_closed(fake, 0, FAILURE_RESET, "");
    fake_advance(fake, 100 * MS);
    fake_opened(fake, 0);
    fake_advance(fake, 20 * MS);
    assert_int_equal(fake->sends, 3);
    fake_reply(fake, 0, "welcome back");
    assert_int_equal(fake->sends, 3 + 3); /* as many as it has room for */
    stop(fake);
}

static void test_worker_sets_a_connection_up_each_time_it_opens(void **state)
{
    (void)state;
    run_set_up(1, 100);
    run.plan.load.in_flight = 3;
    run_set_steps(GREETING);
    const struct recorder *recorder = run_execute(serve_one_and_break);
    assert_conserved(recorder);
    assert_failure(recorder, 0, FAILURE_RESET, "", 3);
    assert_int_equal(recorder->seen->counts[COUNT_UNANSWERED], 3);
    run_tear_down();
}

static void hold(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_reply(fake, 0, "welcome");
    fake_advance(fake, NS_PER_S);
    assert_int_equal(fake->connections[0].closes, 1);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_sets_up_what_it_holds(void **state)
{
    (void)state;
    run_set_up(1, 0);
    run.plan.load.model = LOAD_HOLD;
    run.plan.prompts = NULL;
    run.plan.load.duration_ns = NS_PER_S;
    run_set_steps(GREETING);
    const struct recorder *recorder = run_execute(hold);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OPEN_AT_END], 1);
    assert_int_equal(recorder->seen->failures.count, 0);
    run_tear_down();
}

/* --- Going wrong --- */

static void answer_wrongly(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_opened(fake, 1);
    fake_reply(fake, 1, "{\"ok\": true}");
    fake_reply(fake, 0, "{\"ok\": false}");
    assert_int_equal(fake->connections[0].closes, 1);
    assert_int_equal(fake->connections[1].sends, 3); /* the clock has started without the other */
    fake_reply(fake, 0, "stray");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    assert_backed_off_from(fake, 1);
    fake_opened(fake, 0); /* with a request now */
    fake_reply(fake, 0, internal_error);
    assert_int_equal(fake->connections[0].closes, 2);
    fake_advance(fake, NS_PER_S); /* it does not answer the close */
    assert_int_equal(fake->connections[0].drops, 1);
    fake_advance(fake, 100 * MS - 1);
    assert_int_equal(fake->connections[0].opens, 2); /* it backs off all the same */
    stop(fake);
}

static void test_worker_fails_with_a_step_that_is_answered_wrongly(void **state)
{
    (void)state;
    run_set_up(2, 100);
    run_set_steps(LOGIN);
    const struct recorder *recorder = run_execute(answer_wrongly);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->failures.count, 2);
    assert_failure(recorder, 0, FAILURE_SETUP, "on_connect 2", 0);
    assert_int_equal(recorder->seen->failures.classes[0].count, 1);
    assert_string_equal(recorder->seen->failures.classes[0].example, "{\"ok\": false}");
    assert_failure(recorder, 1, FAILURE_GATEWAY_ERROR, "Internal server error", 1);
    assert_int_equal(recorder->seen->counts[COUNT_UNSENT], 1);
    assert_int_equal(recorder->seen->counts[COUNT_SENT], 1);
    assert_int_equal(recorder->seen->counts[COUNT_UNSOLICITED], 1);
    assert_int_equal(recorder->seen->counts[COUNT_CLOSED_BY_SERVER], 0);
    run_tear_down();
}

static void stay_silent(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 30 * NS_PER_S - 1);
    assert_int_equal(fake->connections[0].closes, 0);
    fake_advance(fake, 1);
    assert_int_equal(fake->connections[0].closes, 1);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    assert_backed_off_from(fake, 1);
    fake_opened(fake, 0);
    fake_advance(fake, 30 * NS_PER_S);
    assert_int_equal(fake->connections[0].closes, 2);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    assert_true(fake->stopped); /* that was the only request */
}

static void test_worker_fails_with_a_step_that_is_not_answered(void **state)
{
    (void)state;
    run_set_up(1, 1);
    run_set_steps(GREETING);
    const struct recorder *recorder = run_execute(stay_silent);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->failures.count, 1);
    assert_failure(recorder, 0, FAILURE_SETUP, "on_connect 1", 1);
    assert_int_equal(recorder->seen->failures.classes[0].count, 2);
    assert_string_equal(recorder->seen->failures.classes[0].example, "no reply within 30 s");
    assert_int_equal(recorder->seen->counts[COUNT_UNSENT], 1);
    run_tear_down();
}

static void answer_each_in_time(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 20 * NS_PER_S);
    fake_reply(fake, 0, "welcome");
    fake_advance(fake, 30 * NS_PER_S - 1);
    assert_int_equal(fake->connections[0].closes, 0);
    fake_advance(fake, 1);
    assert_int_equal(fake->connections[0].closes, 1);
    stop(fake);
}

static void test_worker_gives_each_step_its_time(void **state)
{
    (void)state;
    run_set_up(1, 1);
    run_set_steps("{\"on_connect\": [{\"expect\": \"text:welcome\"}, {\"send\": \"hello\", "
                  "\"expect\": \"text:ok\"}]}");
    const struct recorder *recorder = run_execute(answer_each_in_time);
    assert_conserved(recorder);
    assert_failure(recorder, 0, FAILURE_SETUP, "on_connect 2", 0);
    run_tear_down();
}

static void close_in_between(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_closed(fake, 0, FAILURE_CLOSED, "1008");
    assert_backed_off_from(fake, 1);
    fake_opened(fake, 0);
    fake_closed(fake, 0, FAILURE_CLOSED, "1008");
    assert_true(fake->stopped);
}

static void test_worker_fails_when_closed_during_its_steps(void **state)
{
    (void)state;
    run_set_up(1, 1);
    run_set_steps(LOGIN);
    const struct recorder *recorder = run_execute(close_in_between);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->failures.count, 1);
    assert_failure(recorder, 0, FAILURE_CLOSED, "1008", 1);
    assert_int_equal(recorder->seen->failures.classes[0].count, 2);
    assert_int_equal(recorder->seen->counts[COUNT_CLOSED_BY_SERVER], 2);
    assert_int_equal(recorder->seen->counts[COUNT_UNSENT], 1);
    run_tear_down();
}

static void greet_with_garbage(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_reply(fake, 0, "\xff\xfe");
    assert_int_equal(fake->connections[0].closes, 1);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    assert_backed_off_from(fake, 1); /* and does not come back at once for more of it */
    stop(fake);
}

static void test_worker_backs_off_from_a_greeting_that_is_not_text(void **state)
{
    (void)state;
    run_set_up(1, 1);
    run_set_steps(GREETING);
    const struct recorder *recorder = run_execute(greet_with_garbage);
    assert_conserved(recorder);
    assert_failure(recorder, 0, FAILURE_PROTOCOL, "", 0);
    assert_int_equal(recorder->seen->failures.classes[0].count, 1);
    run_tear_down();
}

/* --- The run ends meanwhile --- */

static void (*end_of_run)(struct fake_transport *fake);

static void end_while_it_is_set_up(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_opened(fake, 1);
    fake_reply(fake, 0, "welcome");
    fake_reply(fake, 1, "welcome");
    fake_closed(fake, 1, FAILURE_RESET, "");
    fake_advance(fake, 100 * MS);
    fake_opened(fake, 1); /* it takes a request, and awaits the greeting */
    end_of_run(fake);
    assert_int_equal(fake->connections[1].closes, 1);
    assert_int_equal(fake->connections[0].closes, 0); /* it has a request in flight */
    fake_reply(fake, 1, "welcome");
    assert_int_equal(fake->connections[1].sends, 1); /* nothing new */
    fake_reply(fake, 0, "ok");
    assert_int_equal(fake->connections[0].closes, 1);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    fake_closed(fake, 1, FAILURE_CLOSED, "1000");
}

static void interrupt(struct fake_transport *fake)
{
    run_control_stop(&run.control, STOP_POLITELY);
    fake_advance(fake, 0);
}

static void let_time_pass(struct fake_transport *fake)
{
    fake_advance(fake, 5 * NS_PER_S);
}

static void test_worker_sends_nothing_when_set_up_after_the_end(void **state)
{
    (void)state;
    static void (*const ends[])(struct fake_transport *) = {interrupt, let_time_pass};
    for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
        run_set_up(2, 0);
        run.plan.load.duration_ns = 5 * NS_PER_S;
        run_set_steps(GREETING);
        end_of_run = ends[i];
        const struct recorder *recorder = run_execute(end_while_it_is_set_up);
        assert_true(run.fake->stopped);
        assert_conserved(recorder);
        assert_int_equal(recorder->seen->counts[COUNT_OK], 1);
        assert_int_equal(recorder->seen->counts[COUNT_SKIPPED], 1);
        assert_int_equal(recorder->seen->counts[COUNT_UNANSWERED], 0);
        assert_failure(recorder, 0, FAILURE_RESET, "", 1);
        assert_int_equal(recorder->seen->counts[COUNT_SENT_LATE], 0);
        run_tear_down();
    }
}

static void interrupt_the_first_set_up(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_opened(fake, 1);
    fake_reply(fake, 0, "welcome");
    interrupt(fake);
    assert_int_equal(fake->connections[0].closes, 1);
    assert_int_equal(fake->connections[1].closes, 1);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    fake_closed(fake, 1, FAILURE_CLOSED, "1000");
}

static void test_worker_interrupted_while_set_up_ends(void **state)
{
    (void)state;
    run_set_up(2, 10);
    run_set_steps(GREETING);
    const struct recorder *recorder = run_execute(interrupt_the_first_set_up);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_PLANNED], 0);
    run_tear_down();
}

TEST_GROUP(worker_setup)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worker_waits_for_what_the_server_says_first),
        cmocka_unit_test(test_worker_says_its_steps_on_each_connection),
        cmocka_unit_test(test_worker_sets_a_connection_up_each_time_it_opens),
        cmocka_unit_test(test_worker_sets_up_what_it_holds),
        cmocka_unit_test(test_worker_fails_with_a_step_that_is_answered_wrongly),
        cmocka_unit_test(test_worker_fails_with_a_step_that_is_not_answered),
        cmocka_unit_test(test_worker_gives_each_step_its_time),
        cmocka_unit_test(test_worker_fails_when_closed_during_its_steps),
        cmocka_unit_test(test_worker_backs_off_from_a_greeting_that_is_not_text),
        cmocka_unit_test(test_worker_sends_nothing_when_set_up_after_the_end),
        cmocka_unit_test(test_worker_interrupted_while_set_up_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
