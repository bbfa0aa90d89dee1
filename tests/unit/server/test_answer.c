#include "answer.h"

#include <stdlib.h>
#include <string.h>

#include "testing.h"
#include "wsload/base/clock.h"

#define CONNECTION_ID "Qyi07eCbtjMCJKw="
#define RECEIVED_NS   (1000 * NS_PER_S)

static struct script compile(struct script_source source)
{
    struct script script;
    struct error error;

    assert_int_equal(script_compile(&script, &source, &error), 0);
    return script;
}

static struct script word(const char *text)
{
    return compile((struct script_source){1, {[SCRIPT_MESSAGE] = text_of(text)}});
}

/* An answer of two messages and an end. */
static struct script two_and_end(void)
{
    return compile((struct script_source){2,
                                          {[SCRIPT_MESSAGE] = text_of("{{part}} {{token}}"),
                                           [SCRIPT_END] = text_of("end of {{prompt:raw}}")}});
}

static struct answer answer_with(const struct script *script, const struct script *timeout,
                                 enum outgoing_kind kind)
{
    return (struct answer){
        .script = script,
        .timeout = timeout,
        .pace = {.delay_ns = 10 * NS_PER_MS, .gap_ns = 5 * NS_PER_MS},
        .received_ns = RECEIVED_NS,
        .timeout_ns = CLOCK_NEVER,
        .kind = kind,
        .prompt = text_of("it"),
    };
}

/* Checks the next message of ANSWER and when it was due, in ms. */
static void expect_next(struct answer *answer, uint64_t due_ms, const char *text,
                        enum outgoing_kind kind)
{
    struct outgoing *message;

    assert_int_equal(answer_due_ns(answer), RECEIVED_NS + due_ms * NS_PER_MS);
    message = answer_next(answer, CONNECTION_ID, 0);
    assert_non_null(message);
    assert_int_equal(message->length, strlen(text));
    assert_memory_equal(message->bytes + OUTGOING_HEADROOM, text, message->length);
    assert_int_equal(message->kind, kind);
    assert_int_equal(message->sent, 0);
    free(message);
}

static void test_answer_is_a_reply_with_its_last_message(void **state)
{
    struct script script = two_and_end();
    struct answer answer = answer_with(&script, NULL, OUTGOING_REPLY);

    (void)state;
    expect_next(&answer, 10, "0 tok1 ", OUTGOING_PART);
    expect_next(&answer, 15, "1 tok2 ", OUTGOING_PART);
    expect_next(&answer, 20, "end of it", OUTGOING_REPLY);
    assert_int_equal(answer_due_ns(&answer), CLOCK_NEVER);
    script_free(&script);
}

static void test_answer_is_a_reply_with_its_end_whatever_comes_after_it(void **state)
{
    struct script script = compile((struct script_source){1,
                                                          {[SCRIPT_MESSAGE] = text_of("{{part}}"),
                                                           [SCRIPT_END] = text_of("end"),
                                                           [SCRIPT_AFTER] = text_of("sent")}});
    struct answer answer = answer_with(&script, NULL, OUTGOING_REPLY);

    (void)state;
    expect_next(&answer, 10, "0", OUTGOING_PART);
    expect_next(&answer, 15, "end", OUTGOING_REPLY);
    expect_next(&answer, 20, "sent", OUTGOING_PART);
    assert_int_equal(answer_due_ns(&answer), CLOCK_NEVER);
    script_free(&script);
}

static void test_answer_is_an_error_with_its_first_message(void **state)
{
    struct script script = two_and_end();
    struct answer answer = answer_with(&script, NULL, OUTGOING_ERROR);

    (void)state;
    expect_next(&answer, 10, "0 tok1 ", OUTGOING_ERROR);
    expect_next(&answer, 15, "1 tok2 ", OUTGOING_PART);
    expect_next(&answer, 20, "end of it", OUTGOING_PART);
    script_free(&script);
}

static void test_answer_goes_on_behind_the_timeout(void **state)
{
    struct script script = two_and_end();
    struct script timeout = word("timed out");
    struct answer answer = answer_with(&script, &timeout, OUTGOING_REPLY);

    (void)state;
    answer.timeout_ns = RECEIVED_NS + 12 * NS_PER_MS;
    expect_next(&answer, 10, "0 tok1 ", OUTGOING_PART);
    expect_next(&answer, 12, "timed out", OUTGOING_ERROR);
    expect_next(&answer, 15, "1 tok2 ", OUTGOING_PART);
    expect_next(&answer, 20, "end of it", OUTGOING_REPLY);
    assert_int_equal(answer_due_ns(&answer), CLOCK_NEVER);
    script_free(&script);
    script_free(&timeout);
}

static void test_answer_without_a_message_is_never_due(void **state)
{
    struct script script = {0};
    struct answer answer = answer_with(&script, NULL, OUTGOING_ERROR);

    (void)state;
    assert_int_equal(answer_due_ns(&answer), CLOCK_NEVER);
}

static void test_answer_fills_in_what_it_answers(void **state)
{
    struct script script = word("{{seq}} {{prompt}} {{prompt:raw}} {{correlation}} "
                                "{{connectionId}} {{requestId}}");
    struct answer answer = answer_with(&script, NULL, OUTGOING_REPLY);

    (void)state;
    answer.seq = 7;
    answer.prompt = text_of("\"a\"");
    answer.prompt_escaped = text_of("\\\"a\\\"");
    answer.correlation = text_of("id-1");
    memcpy(answer.request_id, "Qyi3UG41tjMFlUg=", ID_SIZE);
    expect_next(&answer, 10,
                "7 \\\"a\\\" \"a\" id-1 " CONNECTION_ID " Qyi3UG41tjMFlUg=", OUTGOING_REPLY);
    script_free(&script);
}

TEST_GROUP(answer)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer_is_a_reply_with_its_last_message),
        cmocka_unit_test(test_answer_is_a_reply_with_its_end_whatever_comes_after_it),
        cmocka_unit_test(test_answer_is_an_error_with_its_first_message),
        cmocka_unit_test(test_answer_goes_on_behind_the_timeout),
        cmocka_unit_test(test_answer_without_a_message_is_never_due),
        cmocka_unit_test(test_answer_fills_in_what_it_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
