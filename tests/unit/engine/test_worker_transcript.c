#include "testing.h"

#include <string.h>

#include "fake_run.h"
#include "wsload/base/clock.h"

/* A worker that only listens: all that is said is in the transcript, and what nobody knows a rule
 * for yet is a part of the reply, until nothing comes any more. */

#define MS NS_PER_MS

static struct transcript transcript;

static void set_up(uint64_t prompts)
{
    run_set_up(1, prompts);
    run_end_replies("silence:1s");
    run_end_replies("close");
    run.plan.listen_ns = 300 * MS;
    run.transcript = &transcript;
}

static void tear_down(void)
{
    run_tear_down();
    transcript_free(&transcript);
    memset(&transcript, 0, sizeof(transcript));
}

/* Entry INDEX is KIND with TEXT, AT_MS after the worker's start and after PROMPTS prompts. */
static void assert_said(size_t index, enum said_kind kind, uint64_t at_ms, const char *text,
                        uint32_t prompts)
{
    assert_true(index < transcript.count);
    const struct said *said = &transcript.items[index];
    assert_int_equal(said->kind, kind);
    assert_int_equal((said->at_ns - FAKE_START_NS) / MS, at_ms);
    assert_true(text_equal(said_text(said), text_of(text)));
    assert_int_equal(said->prompt, prompts);
}

/* --- An exchange --- */

static void greet_and_stream(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 100 * MS);
    fake_reply(fake, 0, "welcome");
    assert_int_equal(fake->sends, 0); /* it listens */
    fake_advance(fake, 200 * MS);
    assert_int_equal(fake->sends, 1);
    fake_reply(fake, 0, "a");
    fake_advance(fake, 999 * MS);
    fake_reply(fake, 0, "{\"message\": \"Internal server error\", \"requestId\": \"a\"}");
    fake_advance(fake, 999 * MS);
    assert_int_equal(fake->sends, 1);
    fake_advance(fake, 1 * MS);
    assert_int_equal(fake->sends, 2);
    fake_reply(fake, 0, "b");
    fake_advance(fake, 1000 * MS);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_transcript_of_two_prompts(void **state)
{
    (void)state;
    set_up(2);
    const struct recorder *recorder = run_execute(greet_and_stream);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 2);
    assert_said(0, SAID_OPENED, 0, "", 0);
    assert_said(1, SAID_MESSAGE, 100, "welcome", 0);
    assert_said(2, SAID_PROMPT, 300, "1 one", 1);
    assert_said(3, SAID_MESSAGE, 300, "a", 1);
    assert_said(5, SAID_PROMPT, 2299, "2 two", 2);
    assert_said(6, SAID_MESSAGE, 2299, "b", 2);
    assert_int_equal(transcript.count, 7); /* the end that we asked for is none of the server's */
    tear_down();
}

/* --- What keeps nobody waiting --- */

static void repeat_for_ever(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 300 * MS);
    fake_reply(fake, 0, "answer");
    for (int i = 0; i < 3; i++) {
        fake_advance(fake, 400 * MS);
        fake_reply(fake, 0, "{\"ping\": 1}");
    }
    assert_int_equal(fake->connections[0].closes, 0);
    fake_advance(fake, 200 * MS); /* a second after the first ping */
    assert_int_equal(fake->connections[0].closes, 1);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_what_recurs_does_not_prolong(void **state)
{
    (void)state;
    set_up(1);
    const struct recorder *recorder = run_execute(repeat_for_ever);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 1);
    assert_int_equal(recorder->seen->distributions[DIST_REPLY_MESSAGES].max,
                     2); /* the first ping */
    assert_true(transcript.count >= 5);
    tear_down();
}

/* --- The server closes --- */

static void close_after_each(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 300 * MS);
    fake_reply(fake, 0, "a");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    assert_int_equal(fake->connections[0].opens, 2);
    fake_opened(fake, 0); /* it listens again */
    assert_int_equal(fake->sends, 1);
    fake_advance(fake, 300 * MS);
    assert_int_equal(fake->sends, 2);
    fake_reply(fake, 0, "b");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_each_connection_is_listened_to(void **state)
{
    (void)state;
    set_up(2);
    const struct recorder *recorder = run_execute(close_after_each);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 2);
    assert_said(3, SAID_CLOSED, 300, "closed 1000", 1);
    assert_said(4, SAID_OPENED, 300, "", 1);
    assert_said(5, SAID_PROMPT, 600, "2 two", 2);
    tear_down();
}

/* --- Steps --- */

static void answer_steps(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_reply(fake, 0, "welcome");
    fake_advance(fake, 300 * MS);
    fake_reply(fake, 0, "go on");
    fake_reply(fake, 0, "a");
    fake_advance(fake, 1000 * MS);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_steps_are_said_and_answered(void **state)
{
    (void)state;
    set_up(1);
    run_set_steps("{\"on_connect\": [{\"expect\": \"text:welcome\"}],"
                  " \"before_request\": [{\"send\": \"begin\", \"expect\": \"text:go on\"}]}");
    const struct recorder *recorder = run_execute(answer_steps);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 1);
    assert_said(1, SAID_MESSAGE, 0, "welcome", 0);
    assert_said(2, SAID_STEP, 300, "begin", 0);
    assert_said(3, SAID_MESSAGE, 300, "go on", 0);
    assert_said(4, SAID_PROMPT, 300, "1 one", 1);
    assert_said(5, SAID_MESSAGE, 300, "a", 1);
    tear_down();
}

TEST_GROUP(worker_transcript)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transcript_of_two_prompts),
        cmocka_unit_test(test_what_recurs_does_not_prolong),
        cmocka_unit_test(test_each_connection_is_listened_to),
        cmocka_unit_test(test_steps_are_said_and_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
