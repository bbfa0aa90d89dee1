#include "testing.h"

#include <string.h>

#include "fake_run.h"
#include "wsload/base/clock.h"

/* Replies that go wrong, and messages that belong to none; without ids. */

#define MS NS_PER_MS

static const char internal_error[] = "{\"message\": \"Internal server error\", "
                                     "\"connectionId\": \"a\", \"requestId\": \"b\"}";
static const char timed_out[] = "{\"message\": \"Endpoint request timed out\", "
                                "\"connectionId\": \"a\", \"requestId\": \"b\"}";

static void say(struct fake_transport *fake, uint64_t after_ms, const char *message)
{
    fake_advance(fake, after_ms * MS);
    fake_reply(fake, 0, message);
}

static void stop(struct fake_transport *fake)
{
    run_control_stop(&run.control, STOP_NOW);
    fake_advance(fake, 0);
}

static void fail_on(const char *rule)
{
    struct error error;
    assert_int_equal(reply_rules_add_error(&run.plan.reply_rules, rule, &error), 0);
}

/* --- Error replies --- */

static void err_in_a_stream(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    say(fake, 10, "a");
    say(fake, 10, "ERROR: no");
    assert_int_equal(fake->connections[0].closes, 1); /* the rest could be of the next reply */
    say(fake, 10, "b");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    fake_opened(fake, 0);
    assert_int_equal(fake->sends, 2);
    say(fake, 10, "END");
    assert_int_equal(fake->connections[0].closes, 2);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_ends_a_reply_with_an_error(void **state)
{
    (void)state;
    run_set_up(1, 2);
    run_end_replies("text:END");
    fail_on("ERROR");
    const struct recorder *recorder = run_execute(err_in_a_stream);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 1);
    assert_int_equal(recorder->seen->failures.count, 1);
    assert_failure(recorder, 0, FAILURE_ERROR_REPLY, "", 1);
    assert_string_equal(recorder->seen->failures.classes[0].example, "ERROR: no");
    assert_times(&recorder->seen->distributions[DIST_TTFM], 1, 10 * MS, 10 * MS);
    assert_int_equal(recorder->last_ns, FAKE_START_NS + 40 * MS);
    run_tear_down();
}

static void err_and_go_on(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    say(fake, 10, "a");
    say(fake, 10, "WARNING: slow");
    say(fake, 10, "WARNING: slower");
    assert_int_equal(fake->sends, 1);
    say(fake, 10, "END");
    assert_int_equal(fake->connections[0].closes, 1);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_goes_on_with_a_reply_that_failed(void **state)
{
    (void)state;
    run_set_up(1, 1);
    run_end_replies("text:END");
    fail_on("WARNING,continue");
    const struct recorder *recorder = run_execute(err_and_go_on);
    assert_conserved(recorder);
    assert_failure(recorder, 0, FAILURE_ERROR_REPLY, "", 1);
    assert_int_equal(recorder->seen->failures.classes[0].count, 1);
    assert_string_equal(recorder->seen->failures.classes[0].example, "WARNING: slow");
    assert_int_equal(recorder->last_ns, FAKE_START_NS + 40 * MS);
    assert_int_equal(recorder->seen->counts[COUNT_LATE], 0);
    run_tear_down();
}

/* --- Errors of API Gateway --- */

static void gateway_fails(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    say(fake, 10, "a");
    say(fake, 10, internal_error);
    assert_int_equal(fake->sends, 2); /* nothing more can come of the first */
    stop(fake);
}

static void test_worker_ends_a_stream_with_a_gateway_error(void **state)
{
    (void)state;
    run_set_up(1, 2);
    run_end_replies("text:END");
    const struct recorder *recorder = run_execute(gateway_fails);
    assert_conserved(recorder);
    assert_failure(recorder, 0, FAILURE_GATEWAY_ERROR, "Internal server error", 1);
    assert_string_equal(recorder->seen->failures.classes[0].example, internal_error);
    run_tear_down();
}

static void gateway_times_out(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    say(fake, 29000, timed_out);
    assert_int_equal(fake->sends, 1);
    say(fake, 100, "a");
    say(fake, 100, timed_out);
    say(fake, 100, "END");
    assert_int_equal(fake->sends, 2);
    stop(fake);
}

static void test_worker_goes_on_with_a_stream_when_the_gateway_timed_out(void **state)
{
    (void)state;
    run_set_up(1, 2);
    run_end_replies("text:END");
    const struct recorder *recorder = run_execute(gateway_times_out);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 1);
    assert_int_equal(recorder->seen->counts[COUNT_FAILED], 0);
    assert_failure(recorder, 0, FAILURE_GATEWAY_ERROR, "Endpoint request timed out", 0);
    assert_int_equal(recorder->seen->failures.classes[0].count, 2);
    assert_times(&recorder->seen->distributions[DIST_TTFM], 1, 29100 * MS,
                 29100 * MS); /* of what is of the reply */
    assert_times(&recorder->seen->distributions[DIST_GAP], 1, 200 * MS, 200 * MS);
    assert_times(&recorder->seen->distributions[DIST_REPLY_MESSAGES], 1, 2, 2);
    assert_string_equal(recorder->seen->samples[0].reply, "a\nEND");
    assert_int_equal(recorder->seen->counts[COUNT_LATE] + recorder->seen->counts[COUNT_UNSOLICITED],
                     0);
    run_tear_down();
}

static void gateway_times_out_once(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    say(fake, 29000, timed_out);
    stop(fake);
}

static void test_worker_ends_with_the_timeout_of_the_gateway_when_that_is_final(void **state)
{
    (void)state;
    static const struct {
        bool stream;
        bool given;
        bool final;
        bool ends;
    } cases[] = {
        {false, false, false, true},
        {false, true, false, false},
        {true, false, false, false},
        {true, true, true, true},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        run_set_up(1, 2);
        if (cases[i].stream)
            run_end_replies("text:END");
        run.plan.reply_rules.gateway_timeout_given = cases[i].given;
        run.plan.reply_rules.gateway_timeout_final = cases[i].final;
        const struct recorder *recorder = run_execute(gateway_times_out_once);
        assert_conserved(recorder);
        assert_int_equal(recorder->seen->counts[COUNT_FAILED], cases[i].ends);
        assert_failure(recorder, 0, FAILURE_GATEWAY_ERROR, "Endpoint request timed out",
                       cases[i].ends);
        assert_int_equal(recorder->seen->failures.classes[0].count, 1);
        run_tear_down();
    }
}

/* --- What cuts a reply off --- */

struct cut {
    enum failure_kind kind;
    const char *detail;
    const char *truncated; /* the detail of it then */
};

static const struct cut *cut;

static void cut_two_off(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 10 * MS);
    fake_closed(fake, 0, cut->kind, cut->detail); /* before the first message */
    fake_advance(fake, 100 * MS);
    fake_opened(fake, 0);
    say(fake, 10, "a");
    say(fake, 10, "b");
    fake_closed(fake, 0, cut->kind, cut->detail);
    assert_true(fake->stopped);
}

static void test_worker_tells_what_cut_a_reply_off(void **state)
{
    (void)state;
    static const struct cut cuts[] = {
        {FAILURE_CLOSED, "1011", "closed 1011"},
        {FAILURE_CLOSED, "1000", "closed 1000"},
        {FAILURE_EOF, "", "eof"},
        {FAILURE_RESET, "", "reset"},
        {FAILURE_TLS, "bad record mac", "tls bad record mac"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cuts); i++) {
        cut = &cuts[i];
        run_set_up(1, 2);
        run_end_replies("text:END");
        const struct recorder *recorder = run_execute(cut_two_off);
        assert_conserved(recorder);
        assert_int_equal(recorder->seen->counts[COUNT_FAILED], 2);
        assert_failure(recorder, 0, cut->kind, cut->detail, 1);
        assert_failure(recorder, 1, FAILURE_TRUNCATED, cut->truncated, 1);
        assert_string_equal(recorder->seen->failures.classes[1].example,
                            "2 messages came, none was text:END; the last: b");
        assert_times(&recorder->seen->distributions[DIST_GAP], 1, 10 * MS, 10 * MS);
        assert_int_equal(recorder->seen->distributions[DIST_TTFM].count, 0);
        assert_string_equal(recorder->seen->samples[1].reply, "a\nb");
        run_tear_down();
    }
}

static void break_the_protocol(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    say(fake, 10, "a");
    fake_closed(fake, 0, FAILURE_PROTOCOL, "");
    assert_true(fake->stopped);
}

static void test_worker_calls_a_broken_protocol_by_its_name(void **state)
{
    (void)state;
    run_set_up(1, 1);
    run_end_replies("text:END");
    const struct recorder *recorder = run_execute(break_the_protocol);
    assert_conserved(recorder);
    assert_failure(recorder, 0, FAILURE_PROTOCOL, "", 1);
    run_tear_down();
}

/* Three are in flight: the first has begun, the second has not. */
static void be_late(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    assert_int_equal(fake->sends, 3);
    say(fake, 10, "a");
    fake_advance(fake, 30 * NS_PER_S - 10 * MS - 1);
    assert_int_equal(fake->connections[0].closes, 0);
    fake_advance(fake, 1); /* --timeout counts to the end of the reply */
    assert_int_equal(fake->connections[0].closes, 1);
    fake_reply(fake, 0, "END"); /* late */
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_truncates_what_is_not_over_in_time(void **state)
{
    (void)state;
    run_set_up(1, 3);
    run.plan.load.in_flight = 3;
    run_end_replies("text:END");
    const struct recorder *recorder = run_execute(be_late);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_failure(recorder, 0, FAILURE_TRUNCATED, "reply_timeout", 1);
    assert_string_equal(recorder->seen->failures.classes[0].example,
                        "1 message came, none was text:END; the last: a");
    assert_failure(recorder, 1, FAILURE_REPLY_TIMEOUT, "after another", 2);
    assert_int_equal(recorder->seen->counts[COUNT_LATE], 1);
    assert_int_equal(recorder->seen->counts[COUNT_CLOSED_BY_SERVER], 0);
    run_tear_down();
}

static void say_long(struct fake_transport *fake)
{
    static char message[2000];
    fake_opened(fake, 0);
    for (size_t i = 0; i + 3 < sizeof(message); i += 3)
        memcpy(message + i, "\xE2\x82\xAC", 3); /* EURO SIGN */
    say(fake, 10, message);
    fake_closed(fake, 0, FAILURE_EOF, "");
}

static void test_worker_cuts_a_last_message_between_characters(void **state)
{
    (void)state;
    run_set_up(1, 1);
    run_end_replies("count:5");
    const struct recorder *recorder = run_execute(say_long);
    const char *example = recorder->seen->failures.classes[0].example;
    assert_ptr_equal(strstr(example, "1 message came, not 5; the last: \xE2\x82\xAC"), example);
    assert_string_equal(example + strlen(example) - 6, "\xE2\x82\xAC\xE2\x82\xAC");
    run_tear_down();
}

/* --- Messages that belong to no reply --- */

static void talk_out_of_turn(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_reply(fake, 0, "hello"); /* the clock has not started, and no request was ever sent */
    fake_opened(fake, 1);
    say(fake, 10, "ok");
    fake_advance(fake, 10 * MS);
    fake_reply(fake, 0, "Message sent."); /* behind the end */
    fake_reply(fake, 0, "ok");
    fake_reply(fake, 0, internal_error); /* an error of the connection */
    fake_reply(fake, 1, "ok");           /* its own */
    fake_reply(fake, 1, "ok");
    fake_closed(fake, 0, FAILURE_RESET, "");
    fake_advance(fake, 30 * NS_PER_S); /* a new connection, with a request of its own */
    fake_opened(fake, 0);
    stop(fake);
}

static void test_worker_tells_late_messages_from_unsolicited_ones(void **state)
{
    (void)state;
    run_set_up(2, 0);
    run.plan.load.duration_ns = 600 * NS_PER_S;
    run.plan.load.think = (struct think){THINK_UNIFORM, 20 * NS_PER_S, 20 * NS_PER_S};
    const struct recorder *recorder = run_execute(talk_out_of_turn);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 2);
    assert_int_equal(recorder->seen->counts[COUNT_UNSOLICITED], 1);
    assert_int_equal(recorder->seen->counts[COUNT_LATE], 3);
    assert_failure(recorder, 0, FAILURE_GATEWAY_ERROR, "Internal server error", 0);
    assert_failure(recorder, 1, FAILURE_RESET, "", 0);
    run_tear_down();
}

static void open_again_and_talk(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 0);
    say(fake, 10, "ok");
    say(fake, 10, "late");
    fake_closed(fake, 0, FAILURE_RESET, "");
    fake_advance(fake, 100 * MS);
    fake_opened(fake, 0);
    say(fake, 10, "not late: no request was sent here");
    stop(fake);
}

static void test_worker_forgets_with_the_connection_that_requests_ended(void **state)
{
    (void)state;
    run_set_up_open(1, 0.1, 600 * NS_PER_S);
    const struct recorder *recorder = run_execute(open_again_and_talk);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_LATE], 1);
    assert_int_equal(recorder->seen->counts[COUNT_UNSOLICITED], 1);
    run_tear_down();
}

TEST_GROUP(worker_truncated)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worker_ends_a_reply_with_an_error),
        cmocka_unit_test(test_worker_goes_on_with_a_reply_that_failed),
        cmocka_unit_test(test_worker_ends_a_stream_with_a_gateway_error),
        cmocka_unit_test(test_worker_goes_on_with_a_stream_when_the_gateway_timed_out),
        cmocka_unit_test(test_worker_ends_with_the_timeout_of_the_gateway_when_that_is_final),
        cmocka_unit_test(test_worker_tells_what_cut_a_reply_off),
        cmocka_unit_test(test_worker_calls_a_broken_protocol_by_its_name),
        cmocka_unit_test(test_worker_truncates_what_is_not_over_in_time),
        cmocka_unit_test(test_worker_cuts_a_last_message_between_characters),
        cmocka_unit_test(test_worker_tells_late_messages_from_unsolicited_ones),
        cmocka_unit_test(test_worker_forgets_with_the_connection_that_requests_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
