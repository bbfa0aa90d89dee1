#include "testing.h"

#include "fake_run.h"
#include "wsload/base/clock.h"

/* Replies of several messages: their figures, and which message is their end. Each test has one
 * connection, unless it says otherwise. */

#define MS NS_PER_MS

/* So long passes before each message of a reply. */
static void say(struct fake_transport *fake, uint64_t after_ms, const char *message)
{
    fake_advance(fake, after_ms * MS);
    fake_reply(fake, 0, message);
}

static void say_goodbye(struct fake_transport *fake)
{
    assert_int_equal(fake->connections[0].closes, 1);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    assert_true(fake->stopped);
}

/* --- Figures --- */

static void stream_two(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    say(fake, 100, "first");
    say(fake, 20, "second");
    say(fake, 40, "END");
    assert_int_equal(fake->sends, 2);
    say(fake, 300, "only");
    say(fake, 30, "END");
    say_goodbye(fake);
}

static void test_worker_takes_the_times_of_a_stream(void **state)
{
    (void)state;
    run_set_up(1, 2);
    run_end_replies("text:END");
    const struct recorder *recorder = run_execute(stream_two);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 2);
    assert_times(&recorder->seen->distributions[DIST_LATENCY], 2, 160 * MS, 330 * MS);
    assert_times(&recorder->seen->distributions[DIST_TTFM], 2, 100 * MS, 300 * MS);
    assert_times(&recorder->seen->distributions[DIST_GAP], 3, 20 * MS, 40 * MS);
    assert_int_equal(recorder->seen->distributions[DIST_GAP].sum, (20 + 40 + 30) * MS);
    assert_times(&recorder->seen->distributions[DIST_TPOM], 2, 30 * MS,
                 30 * MS); /* 60 ms by 2, and 30 ms by 1 */
    assert_times(&recorder->seen->distributions[DIST_REPLY_MESSAGES], 2, 2, 3);
    assert_times(&recorder->seen->distributions[DIST_REPLY_BYTES], 2, 4 + 3, 5 + 6 + 3);
    assert_string_equal(recorder->seen->samples[0].reply, "first\nsecond\nEND");
    assert_int_equal(recorder->last_ns, FAKE_START_NS + 490 * MS);
    run_tear_down();
}

static void answer_with_one_message(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    say(fake, 70, "END");
    say_goodbye(fake);
}

static void test_worker_has_no_tpom_of_a_single_message(void **state)
{
    (void)state;
    run_set_up(1, 1);
    run_end_replies("text:END");
    const struct recorder *recorder = run_execute(answer_with_one_message);
    assert_conserved(recorder);
    assert_times(&recorder->seen->distributions[DIST_TTFM], 1, 70 * MS, 70 * MS);
    assert_int_equal(recorder->seen->distributions[DIST_TPOM].count, 0);
    assert_int_equal(recorder->seen->distributions[DIST_GAP].count, 0);
    run_tear_down();
}

/* --- Ends --- */

static const char *const *script_messages; /* of the one reply; NULL behind the last */

static void say_all(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    for (const char *const *message = script_messages; *message; message++) {
        assert_int_equal(fake->sends, 1);
        say(fake, 10, *message);
    }
    assert_int_equal(fake->sends, 2); /* that was the end */
    run_control_stop(&run.control, STOP_NOW);
    fake_advance(fake, 0);
}

static void test_worker_ends_a_reply_by_its_rule(void **state)
{
    (void)state;
    static const struct {
        const char *rules[3];
        const char *messages[5];
    } cases[] = {
        {{"first"}, {"a"}},
        {{"text:END"}, {"a", "END ", "the END", "END"}},
        {{"contains:END"}, {"a", "en d", "the END."}},
        {{"json:end"}, {"a", "{\"e\":1}", "{\"x\":{\"end\":1}}", "{\"end\":null}"}},
        {{"json:status=done"}, {"{\"status\":\"doing\"}", "done", "{\"status\":\"done\"}"}},
        {{"json:a.b!=null"}, {"{\"a\":{}}", "{\"a\":{\"b\":null}}", "{\"a\":{\"b\":\"x\"}}"}},
        {{"json:l.1=x"}, {"{\"l\":[\"x\"]}", "{\"l\":[\"y\",\"x\"]}"}},
        {{"count:1"}, {"a"}},
        {{"count:4"}, {"a", "b", "c", "d"}},
        {{"count:3", "text:END"}, {"a", "END"}},
        {{"text:END", "count:3", "contains:stop"}, {"a", "b", "c"}},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        run_set_up(1, 0);
        run.plan.load.duration_ns = 60 * NS_PER_S;
        for (size_t rule = 0; rule < 3 && cases[i].rules[rule]; rule++)
            run_end_replies(cases[i].rules[rule]);
        script_messages = cases[i].messages;
        const struct recorder *recorder = run_execute(say_all);
        assert_conserved(recorder);
        assert_int_equal(recorder->seen->counts[COUNT_OK], 1);
        assert_int_equal(recorder->seen->counts[COUNT_UNANSWERED], 1);
        run_tear_down();
    }
}

static void fall_silent(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 700 * MS); /* nothing came: that is no silence behind a reply */
    assert_int_equal(fake->sends, 1);
    fake_reply(fake, 0, "a");
    say(fake, 100, "b");
    say(fake, 499, "c");
    fake_advance(fake, 500 * MS - 1);
    assert_int_equal(fake->sends, 1);
    fake_advance(fake, 1);
    assert_int_equal(fake->sends, 2); /* at once */
    say(fake, 30, "d");
    fake_advance(fake, 500 * MS);
    say_goodbye(fake);
}

static void test_worker_ends_a_reply_by_silence_with_its_last_message(void **state)
{
    (void)state;
    run_set_up(1, 2);
    run_end_replies("silence:500ms");
    const struct recorder *recorder = run_execute(fall_silent);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 2);
    assert_times(&recorder->seen->distributions[DIST_LATENCY], 2, 30 * MS,
                 (700 + 100 + 499) * MS); /* without the silence */
    assert_times(&recorder->seen->distributions[DIST_TTFM], 2, 30 * MS, 700 * MS);
    assert_times(&recorder->seen->distributions[DIST_GAP], 2, 100 * MS, 499 * MS);
    assert_string_equal(recorder->seen->samples[0].reply, "a\nb\nc");
    run_tear_down();
}

static void fall_silent_and_think(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    say(fake, 10, "a");
    fake_advance(fake, 500 * MS + 2 * NS_PER_S - 1);
    assert_int_equal(fake->sends, 1);
    fake_advance(fake, 1);
    assert_int_equal(fake->sends, 2);
    say(fake, 10, "b");
    fake_advance(fake, 500 * MS);
    say_goodbye(fake);
}

static void test_worker_thinks_behind_the_silence(void **state)
{
    (void)state;
    run_set_up(1, 2);
    run_end_replies("silence:500ms");
    run.plan.load.think = (struct think){THINK_UNIFORM, 2 * NS_PER_S, 2 * NS_PER_S};
    const struct recorder *recorder = run_execute(fall_silent_and_think);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 2);
    run_tear_down();
}

static const char *close_code;

static void answer_and_close(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    say(fake, 10, "a");
    say(fake, 20, "b");
    fake_advance(fake, 30 * MS);
    fake_closed(fake, 0, FAILURE_CLOSED, close_code);
    assert_int_equal(fake->connections[0].opens, 2); /* at once, and without a break */
    fake_opened(fake, 0);
    say(fake, 40, "c");
    fake_closed(fake, 0, FAILURE_CLOSED, close_code);
    assert_true(fake->stopped);
}

static void test_worker_ends_a_reply_by_the_close_of_the_server(void **state)
{
    (void)state;
    static const char *const codes[] = {"1000", "1001", "1005"};
    for (size_t i = 0; i < ARRAY_LENGTH(codes); i++) {
        run_set_up(1, 2);
        run_end_replies("close");
        close_code = codes[i];
        const struct recorder *recorder = run_execute(answer_and_close);
        assert_conserved(recorder);
        assert_int_equal(recorder->seen->counts[COUNT_OK], 2);
        assert_int_equal(recorder->seen->failures.count, 0);
        assert_times(&recorder->seen->distributions[DIST_LATENCY], 2, 40 * MS,
                     60 * MS); /* to the close */
        assert_times(&recorder->seen->distributions[DIST_GAP], 1, 20 * MS, 20 * MS);
        assert_int_equal(recorder->seen->counts[COUNT_CLOSED_BY_SERVER], 0);
        assert_int_equal(recorder->seen->distributions[DIST_LIFETIME].count, 0);
        assert_int_equal(recorder->seen->counts[COUNT_REOPENED], 0);
        assert_int_equal(recorder->seen->counts[COUNT_OPENED], 2);
        run_tear_down();
    }
}

static void close_badly(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000"); /* before any reply */
    fake_advance(fake, 100 * MS);
    fake_opened(fake, 0);
    say(fake, 10, "a");
    fake_closed(fake, 0, FAILURE_CLOSED, "1011");
    fake_advance(fake, 200 * MS);
    fake_opened(fake, 0);
    say(fake, 10, "a");
    fake_closed(fake, 0, FAILURE_EOF, "");
    assert_true(fake->stopped);
}

static void test_worker_takes_no_other_close_for_the_end_of_a_reply(void **state)
{
    (void)state;
    run_set_up(1, 3);
    run_end_replies("close");
    const struct recorder *recorder = run_execute(close_badly);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 0);
    assert_failure(recorder, 0, FAILURE_CLOSED, "1000", 1);
    assert_failure(recorder, 1, FAILURE_TRUNCATED, "closed 1011", 1);
    assert_failure(recorder, 2, FAILURE_TRUNCATED, "eof", 1);
    assert_int_equal(recorder->seen->counts[COUNT_CLOSED_BY_SERVER], 3);
    run_tear_down();
}

/* --- Messages that are no part of a reply --- */

static void chatter(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    say(fake, 100, "##KEEP_ALIVE##");
    say(fake, 100, "a");
    say(fake, 10, "##KEEP_ALIVE##");
    say(fake, 10, "##PROCESSING## END");
    say(fake, 10, "END");
    say_goodbye(fake);
}

static void test_worker_leaves_out_what_is_ignored(void **state)
{
    (void)state;
    struct error error;
    run_set_up(1, 1);
    run_end_replies("contains:END");
    assert_int_equal(reply_rules_add_ignored(&run.plan.reply_rules, "contains:##", &error), 0);
    const struct recorder *recorder = run_execute(chatter);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 1);
    assert_int_equal(recorder->seen->counts[COUNT_IGNORED], 3);
    assert_times(&recorder->seen->distributions[DIST_TTFM], 1, 200 * MS, 200 * MS);
    assert_times(&recorder->seen->distributions[DIST_GAP], 1, 30 * MS, 30 * MS);
    assert_times(&recorder->seen->distributions[DIST_REPLY_MESSAGES], 1, 2, 2);
    assert_times(&recorder->seen->distributions[DIST_REPLY_BYTES], 1, 4, 4);
    assert_string_equal(recorder->seen->samples[0].reply, "a\nEND");
    assert_int_equal(recorder->seen->counts[COUNT_LATE] + recorder->seen->counts[COUNT_UNSOLICITED],
                     0);
    run_tear_down();
}

static void chatter_while_idle(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_reply(fake, 0, "##"); /* before the clock starts */
    fake_opened(fake, 1);
    say(fake, 10, "a");
    say(fake, 10, "##"); /* while it thinks */
    fake_advance(fake, 5 * NS_PER_S);
    run_control_stop(&run.control, STOP_NOW);
    fake_advance(fake, 0);
}

static void test_worker_ignores_while_nothing_is_in_flight_too(void **state)
{
    (void)state;
    struct error error;
    run_set_up(2, 0);
    run.plan.load.duration_ns = 60 * NS_PER_S;
    run.plan.load.think = (struct think){THINK_UNIFORM, 30 * NS_PER_S, 30 * NS_PER_S};
    assert_int_equal(reply_rules_add_ignored(&run.plan.reply_rules, "text:##", &error), 0);
    const struct recorder *recorder = run_execute(chatter_while_idle);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_IGNORED], 2);
    assert_int_equal(recorder->seen->counts[COUNT_LATE] + recorder->seen->counts[COUNT_UNSOLICITED],
                     0);
    run_tear_down();
}

/* --- What is not expected --- */

static void test_worker_looks_whether_a_reply_is_what_was_expected(void **state)
{
    (void)state;
    static const struct {
        const char *expect;
        const char *bytes;
        const char *detail; /* of the failure; NULL: it goes well */
    } cases[] = {
        {"contains:second", NULL, NULL},
        {"contains:tsec", NULL, NULL}, /* of all messages together */
        {"text:firstsecondEND", NULL, NULL},
        {"contains:third", NULL, "contains:third"},
        {"text:END", NULL, "text:END"},
        {NULL, "14-14", NULL},
        {NULL, "15-", "--expect-bytes"},
        {NULL, "-13", "--expect-bytes"},
    };
    static const char *const messages[] = {"first", "second", "END", NULL};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        run_set_up(1, 0);
        run.plan.load.duration_ns = 60 * NS_PER_S;
        run_end_replies("text:END");
        struct reply_rules *rules = &run.plan.reply_rules;
        if (cases[i].expect)
            assert_int_equal(reply_rules_add_expected(rules, cases[i].expect, &error), 0);
        if (cases[i].bytes)
            assert_int_equal(reply_rules_set_bytes(rules, cases[i].bytes, &error), 0);
        script_messages = messages;
        const struct recorder *recorder = run_execute(say_all);
        assert_conserved(recorder);
        assert_int_equal(recorder->seen->counts[COUNT_OK], cases[i].detail == NULL);
        if (cases[i].detail)
            assert_failure(recorder, 0, FAILURE_UNEXPECTED_REPLY, cases[i].detail, 1);
        run_tear_down();
    }
}

static void end_unexpectedly(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    say(fake, 10, "a");
    fake_advance(fake, 500 * MS);
    assert_int_equal(fake->sends, 2);
    say(fake, 10, "a");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    assert_true(fake->stopped);
}

static void test_worker_expects_of_silence_and_close_as_well(void **state)
{
    (void)state;
    struct error error;
    run_set_up(1, 2);
    run_end_replies("silence:500ms");
    run_end_replies("close");
    assert_int_equal(reply_rules_add_expected(&run.plan.reply_rules, "contains:b", &error), 0);
    const struct recorder *recorder = run_execute(end_unexpectedly);
    assert_conserved(recorder);
    assert_failure(recorder, 0, FAILURE_UNEXPECTED_REPLY, "contains:b", 2);
    assert_int_equal(recorder->seen->failures.count, 1);
    assert_int_equal(recorder->seen->counts[COUNT_CLOSED_BY_SERVER], 0);
    run_tear_down();
}

TEST_GROUP(worker_replies)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worker_takes_the_times_of_a_stream),
        cmocka_unit_test(test_worker_has_no_tpom_of_a_single_message),
        cmocka_unit_test(test_worker_ends_a_reply_by_its_rule),
        cmocka_unit_test(test_worker_ends_a_reply_by_silence_with_its_last_message),
        cmocka_unit_test(test_worker_thinks_behind_the_silence),
        cmocka_unit_test(test_worker_ends_a_reply_by_the_close_of_the_server),
        cmocka_unit_test(test_worker_takes_no_other_close_for_the_end_of_a_reply),
        cmocka_unit_test(test_worker_leaves_out_what_is_ignored),
        cmocka_unit_test(test_worker_ignores_while_nothing_is_in_flight_too),
        cmocka_unit_test(test_worker_looks_whether_a_reply_is_what_was_expected),
        cmocka_unit_test(test_worker_expects_of_silence_and_close_as_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
