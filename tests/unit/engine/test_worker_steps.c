#include "testing.h"

#include "fake_run.h"
#include "wsload/base/clock.h"

/* Steps in front of each request. */

#define MS NS_PER_MS

#define START "{\"before_request\": [{\"send\": \"START {{seq}}\", \"expect\": \"text:started\"}]}"

static const char internal_error[] = "{\"message\": \"Internal server error\", "
                                     "\"connectionId\": \"a\", \"requestId\": \"b\"}";

static void stop(struct fake_transport *fake)
{
    run_control_stop(&run.control, STOP_NOW);
    fake_advance(fake, 0);
}

static void say(struct fake_transport *fake, uint64_t after_ms, const char *message)
{
    fake_advance(fake, after_ms * MS);
    fake_reply(fake, 0, message);
}

/* --- Texts --- */

static void answer_each_step(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    assert_string_equal(fake->log.data, "0 START 1\n");
    say(fake, 100, "started");
    say(fake, 50, "ok");
    assert_string_equal(fake->log.data, "0 START 1\n0 BODY 1 one\n0 END\n0 1 one\n0 START 2\n");
    say(fake, 200, "started");
    say(fake, 50, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_counts_from_the_first_step_to_the_end_of_the_reply(void **state)
{
    (void)state;
    run_set_up(1, 2);
    run_set_steps("{\"before_request\": [{\"send\": \"START {{seq}}\", \"expect\": "
                  "\"text:started\"}, {\"send\": \"BODY {{seq}} {{prompt}}\"}, "
                  "{\"send\": \"END\"}]}");
    run.keeps_log = true;
    const struct recorder *recorder = run_execute(answer_each_step);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_SENT], 2); /* of 8 messages */
    assert_int_equal(recorder->seen->counts[COUNT_SENT_MESSAGES], 8);
    assert_times(&recorder->seen->distributions[DIST_LATENCY], 2, 150 * MS, 250 * MS);
    assert_times(&recorder->seen->distributions[DIST_REPLY_BYTES], 2, 2,
                 2); /* the answers to steps are no part of it */
    assert_int_equal(recorder->seen->counts[COUNT_LATE] + recorder->seen->counts[COUNT_UNSOLICITED],
                     0);
    run_tear_down();
}

static void answer_in_parts(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    say(fake, 100, "started");
    fake_advance(fake, 1000 * MS);
    say(fake, 0, "a");
    say(fake, 10, "END");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_takes_the_first_message_from_behind_the_steps(void **state)
{
    (void)state;
    run_set_up(1, 1);
    run_set_steps(START);
    run_end_replies("text:END");
    const struct recorder *recorder = run_execute(answer_in_parts);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_times(&recorder->seen->distributions[DIST_TTFM], 1, 1100 * MS, 1100 * MS);
    assert_times(&recorder->seen->distributions[DIST_GAP], 1, 10 * MS, 10 * MS);
    assert_times(&recorder->seen->distributions[DIST_REPLY_MESSAGES], 1, 2, 2);
    assert_string_equal(recorder->seen->samples[0].reply, "a\nEND");
    run_tear_down();
}

/* --- Parts --- */

static struct prompt long_prompts[] = {
    /* Of 1 to 4 bytes each, and such as JSON escapes. */
    {{"a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"\\x", 13}, {"unused", 6}, 1},
    {{"ab", 2}, {"ab", 2}, 2},
    {{"", 0}, {"", 0}, 3},
};
static const struct prompts long_prompt = {.items = long_prompts, .count = 3};

static void answer_prompts(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    for (int i = 0; i < 3; i++)
        fake_reply(fake, 0, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void answer_the_only_prompt(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_reply(fake, 0, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_splits_a_prompt_into_its_parts(void **state)
{
    (void)state;
    run_set_up(1, 3);
    run.plan.prompts = &long_prompt;
    run_send("{{seq}}");
    run_set_steps("{\"before_request\": [{\"send\": \"{{part}}:{{prompt:part}}\", "
                  "\"part_characters\": 2}]}");
    run.keeps_log = true;
    const struct recorder *recorder = run_execute(answer_prompts);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_string_equal(run.fake->log.data,
                        "0 0:a\xC3\xA9\n0 1:\xE2\x82\xAC\xF0\x9F\x98\x80\n0 2:\\\"\\\\\n0 3:x\n"
                        "0 1\n0 0:ab\n0 2\n0 0:\n0 3\n");
    run_tear_down();
}

static void test_worker_splits_anew_in_each_step(void **state)
{
    (void)state;
    run_set_up(1, 1);
    run_set_steps("{\"before_request\": [{\"send\": \"{{part}}:{{prompt:part}}\", "
                  "\"part_characters\": 2}, {\"send\": \"{{part}}={{prompt:part}}\", "
                  "\"part_characters\": 3}]}");
    run.keeps_log = true;
    const struct recorder *recorder = run_execute(answer_the_only_prompt);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_string_equal(run.fake->log.data, "0 0:on\n0 1:e\n0 0=one\n0 1 one\n");
    run_tear_down();
}

static void answer_each_part(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    assert_string_equal(fake->connections[0].last_message, "0:<on");
    say(fake, 10, "part 0");
    assert_string_equal(fake->connections[0].last_message, "1:e 1");
    say(fake, 10, "part 1");
    assert_string_equal(fake->connections[0].last_message, "2:>");
    say(fake, 10, "part 2");
    assert_string_equal(fake->connections[0].last_message, "1 one");
    say(fake, 10, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_awaits_the_answer_to_each_part(void **state)
{
    (void)state;
    run_set_up(1, 1);
    run_set_steps("{\"before_request\": [{\"send\": \"{{part}}:{{prompt:part}}\", "
                  "\"parts_of\": \"<{{prompt}} {{seq}}>\", \"part_characters\": 3, "
                  "\"expect\": \"contains:part\"}]}");
    const struct recorder *recorder = run_execute(answer_each_part);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_times(&recorder->seen->distributions[DIST_LATENCY], 1, 40 * MS, 40 * MS);
    run_tear_down();
}

/* --- Failures --- */

static const char *wrong_answer;

static void answer_wrongly(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    say(fake, 10, wrong_answer);
    assert_int_equal(fake->sends, 1); /* the prompt is not sent */
    assert_int_equal(fake->connections[0].closes, 1);
    fake_reply(fake, 0, "started"); /* too late */
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    fake_advance(fake, 100 * MS);
    assert_int_equal(fake->connections[0].opens, 2);
    fake_opened(fake, 0);
    assert_string_equal(fake->connections[0].last_message, "START 2");
    say(fake, 10, "started");
    say(fake, 10, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_fails_a_request_whose_step_is_answered_wrongly(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        enum failure_kind kind;
        const char *detail;
    } cases[] = {
        {"busy", FAILURE_SETUP, "before_request 1"},
        {internal_error, FAILURE_GATEWAY_ERROR, "Internal server error"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        run_set_up(1, 2);
        run_set_steps(START);
        wrong_answer = cases[i].answer;
        const struct recorder *recorder = run_execute(answer_wrongly);
        assert_true(run.fake->stopped);
        assert_conserved(recorder);
        assert_int_equal(recorder->seen->counts[COUNT_OK], 1);
        assert_int_equal(recorder->seen->counts[COUNT_UNSENT], 0); /* its first step was sent */
        assert_int_equal(recorder->seen->failures.count, 1);
        assert_failure(recorder, 0, cases[i].kind, cases[i].detail, 1);
        assert_string_equal(recorder->seen->failures.classes[0].example, cases[i].answer);
        assert_int_equal(recorder->seen->counts[COUNT_LATE], 1);
        run_tear_down();
    }
}

static void never_start(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 30 * NS_PER_S);
    assert_int_equal(fake->connections[0].closes, 1);
    fake_reply(fake, 0, "started");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    fake_opened(fake, 0);
    say(fake, 29000, "started");
    fake_advance(fake, NS_PER_S); /* 30 s from the first step on */
    assert_int_equal(fake->connections[0].closes, 2);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_names_the_step_that_is_overdue(void **state)
{
    (void)state;
    for (int by_id = 0; by_id < 2; by_id++) {
        run_set_up(1, 2);
        if (by_id)
            run_correlate();
        run_set_steps("{\"before_request\": [{\"send\": \"HELLO\"}, {\"send\": \"START\", "
                      "\"expect\": \"text:started\"}]}");
        const struct recorder *recorder = run_execute(never_start);
        assert_true(run.fake->stopped);
        assert_conserved(recorder);
        assert_failure(recorder, 0, FAILURE_SETUP, "before_request 2", 1);
        assert_failure(recorder, 1, FAILURE_REPLY_TIMEOUT, "", 1); /* it had started */
        run_tear_down();
    }
}

static void close_during_a_step(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_closed(fake, 0, FAILURE_CLOSED, "1011");
    assert_true(fake->stopped);
}

static void test_worker_fails_when_closed_during_a_step(void **state)
{
    (void)state;
    run_set_up(1, 1);
    run_set_steps(START);
    const struct recorder *recorder = run_execute(close_during_a_step);
    assert_conserved(recorder);
    assert_failure(recorder, 0, FAILURE_CLOSED, "1011", 1);
    assert_int_equal(recorder->seen->counts[COUNT_SENT], 1);
    run_tear_down();
}

/* --- With ids --- */

static void answer_a_step_without_an_id(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    say(fake, 10, "started");
    assert_string_equal(fake->connections[0].last_message, "0000cafe-1");
    fake_advance(fake, 30 * NS_PER_S - 10 * MS); /* overdue */
    assert_string_equal(fake->connections[0].last_message, "START 2");
    run_answer(fake, 0, 1, ""); /* late, and no answer to the step */
    say(fake, 10, "started");
    run_answer(fake, 0, 2, "");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_tells_the_answer_to_a_step_from_a_late_reply(void **state)
{
    (void)state;
    run_set_up(1, 2);
    run_correlate();
    run_set_steps(START);
    const struct recorder *recorder = run_execute(answer_a_step_without_an_id);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 1);
    assert_failure(recorder, 0, FAILURE_REPLY_TIMEOUT, "", 1);
    assert_int_equal(recorder->seen->counts[COUNT_LATE], 1);
    assert_int_equal(recorder->seen->counts[COUNT_OPENED], 1);
    assert_int_equal(recorder->seen->counts[COUNT_REOPENED], 0);
    run_tear_down();
}

static void answer_a_step_with_its_id(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    run_answer(fake, 0, 1, ", \"started\": 1");
    run_answer(fake, 0, 1, "");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_takes_the_answer_to_a_step_with_its_id(void **state)
{
    (void)state;
    run_set_up(1, 1);
    run_correlate();
    run_set_steps("{\"before_request\": [{\"send\": \"{{id}}\", \"expect\": \"json:started\"}]}");
    const struct recorder *recorder = run_execute(answer_a_step_with_its_id);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 1);
    run_tear_down();
}

/* --- Both lists, several in flight --- */

static void set_up_and_send(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_reply(fake, 0, "welcome");
    assert_string_equal(fake->log.data, "0 a1\n0 1 one\n0 a2\n0 2 two\n");
    fake_reply(fake, 0, "ok");
    assert_string_equal(fake->log.data, "0 a1\n0 1 one\n0 a2\n0 2 two\n0 a3\n0 3 three\n");
    stop(fake);
}

static void test_worker_says_steps_of_several_requests_in_flight(void **state)
{
    (void)state;
    run_set_up(1, 10);
    run.plan.load.in_flight = 2;
    run_set_steps("{\"on_connect\": [{\"expect\": \"text:welcome\"}], "
                  "\"before_request\": [{\"send\": \"a{{seq}}\"}]}");
    run.keeps_log = true;
    const struct recorder *recorder = run_execute(set_up_and_send);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 1);
    assert_int_equal(recorder->seen->counts[COUNT_UNANSWERED], 2);
    run_tear_down();
}

TEST_GROUP(worker_steps)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worker_counts_from_the_first_step_to_the_end_of_the_reply),
        cmocka_unit_test(test_worker_takes_the_first_message_from_behind_the_steps),
        cmocka_unit_test(test_worker_splits_a_prompt_into_its_parts),
        cmocka_unit_test(test_worker_splits_anew_in_each_step),
        cmocka_unit_test(test_worker_awaits_the_answer_to_each_part),
        cmocka_unit_test(test_worker_fails_a_request_whose_step_is_answered_wrongly),
        cmocka_unit_test(test_worker_names_the_step_that_is_overdue),
        cmocka_unit_test(test_worker_fails_when_closed_during_a_step),
        cmocka_unit_test(test_worker_tells_the_answer_to_a_step_from_a_late_reply),
        cmocka_unit_test(test_worker_takes_the_answer_to_a_step_with_its_id),
        cmocka_unit_test(test_worker_says_steps_of_several_requests_in_flight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
