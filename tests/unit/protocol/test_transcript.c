#include "testing.h"

#include <stdlib.h>
#include <string.h>

#include "wsload/protocol/transcript.h"

#define MS UINT64_C(1000000)

static struct transcript transcript;

static const struct said *say(enum said_kind kind, uint64_t at_ms, const char *text)
{
    struct said said = {.kind = kind, .at_ns = at_ms * MS, .data = strdup(text)};
    said.length = strlen(text);
    return transcript_add(&transcript, said);
}

static int tear_down(void **state)
{
    (void)state;
    transcript_free(&transcript);
    memset(&transcript, 0, sizeof(transcript));
    return 0;
}

static void test_transcript_alike_but_for_numbers(void **state)
{
    static const struct {
        const char *a, *b;
        bool alike;
    } cases[] = {
        {"", "", true},
        {"ping", "ping", true},
        {"ping", "pong", false},
        {"ping", "ping ", false},
        {"ping 1", "ping 23", true},
        {"{\"at\": 1700000000.5}", "{\"at\": 17}", true},
        {"2026-11-30T12:00:00Z", "2026-11-30T12:00:30Z", true},
        {"id 6de561c2-1", "id 00ff-a7", true},
        {"word1", "word2", false}, /* a name with a number in it */
        {"1", "a", false},
        {"feed", "face", false}, /* letters alone are a word */
        {"1", "", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct text a = text_of(cases[i].a);
        struct text b = text_of(cases[i].b);
        if (said_alike(a, b) != cases[i].alike || said_alike(b, a) != cases[i].alike)
            fail_msg("'%s' and '%s'", cases[i].a, cases[i].b);
    }
}

static void test_transcript_numbers_prompts(void **state)
{
    (void)state;
    assert_int_equal(say(SAID_OPENED, 0, "")->prompt, 0);
    assert_int_equal(say(SAID_STEP, 1, "hello")->prompt, 0);
    assert_int_equal(say(SAID_PROMPT, 2, "one")->prompt, 1);
    assert_int_equal(say(SAID_MESSAGE, 3, "answer")->prompt, 1);
    assert_int_equal(say(SAID_STEP, 4, "before two")->prompt, 1);
    assert_int_equal(say(SAID_PROMPT, 5, "two")->prompt, 2);
    assert_int_equal(transcript.prompts, 2);
    assert_int_equal(transcript_prompt_ns(&transcript, 1), 2 * MS);
    assert_int_equal(transcript_prompt_ns(&transcript, 2), 5 * MS);
    assert_int_equal(transcript_prompt_ns(&transcript, 3), 0);
}

static void test_transcript_knows_what_recurs(void **state)
{
    (void)state;
    assert_false(say(SAID_MESSAGE, 0, "{\"ping\": 1}")->recurs);
    assert_false(say(SAID_MESSAGE, 249, "{\"ping\": 2}")->recurs); /* as a stream might */
    assert_true(say(SAID_MESSAGE, 500, "{\"ping\": 3}")->recurs);
    assert_false(say(SAID_MESSAGE, 600, "{\"ping\": 4}")->recurs); /* the nearest one counts */
    assert_false(say(SAID_PROMPT, 1000, "{\"ping\": 5}")->recurs);
    assert_false(say(SAID_MESSAGE, 1500, "{\"ping\": 6}")->recurs); /* as a reply might */
    assert_true(say(SAID_MESSAGE, 2000, "{\"ping\": 7}")->recurs);
}

static void test_transcript_has_a_limit(void **state)
{
    (void)state;
    for (size_t i = 0; i < TRANSCRIPT_ENTRIES_MAX; i++)
        assert_non_null(transcript_add(&transcript, (struct said){.kind = SAID_OPENED}));
    assert_null(say(SAID_PROMPT, 0, "too many"));
    assert_int_equal(transcript.left_out, 1);
    assert_int_equal(transcript.prompts, 1);
}

static void note_newest(void *user, const struct transcript *told)
{
    *(size_t *)user = told->count;
}

static void test_transcript_tells(void **state)
{
    size_t count = 0;
    (void)state;
    transcript.tell = note_newest;
    transcript.user = &count;
    say(SAID_MESSAGE, 0, "one");
    assert_int_equal(count, 1);
}

TEST_GROUP(transcript)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transcript_alike_but_for_numbers),
        cmocka_unit_test_teardown(test_transcript_numbers_prompts, tear_down),
        cmocka_unit_test_teardown(test_transcript_knows_what_recurs, tear_down),
        cmocka_unit_test_teardown(test_transcript_has_a_limit, tear_down),
        cmocka_unit_test_teardown(test_transcript_tells, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
