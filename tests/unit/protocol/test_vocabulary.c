#include "testing.h"

#include "wsload/protocol/vocabulary.h"

static void test_vocabulary_has_a_name_for_each_kind(void **state)
{
    (void)state;
    for (size_t i = 0; i < VOCABULARY_KINDS; i++)
        assert_true(vocabulary_names_kind(text_of(vocabulary_kinds[i])));
    assert_null(vocabulary_kinds[VOCABULARY_KINDS]);
    assert_true(vocabulary_names_kind(TEXT("Type")));
    assert_false(vocabulary_names_kind(TEXT("types")));
    assert_true(vocabulary_names_end(TEXT("done")));
    assert_false(vocabulary_names_end(TEXT("type")));
}

static void test_vocabulary_of_ends(void **state)
{
    static const struct {
        const char *text;
        bool ends;
    } cases[] = {
        {"json:s=STREAMING_END", true},
        {"json:s=streamEnd", true},
        {"json:s=message_stop", true},
        {"json:a=final_response", true},
        {"<End of text>", true},
        {"json:done=true", true},
        {"[DONE]", true},
        {"json:s=calendar", false},
        {"json:s=endless", false},
        {"json:sender=a", false},
        {"", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        if (vocabulary_speaks_of_end(cases[i].text) != cases[i].ends)
            fail_msg("%s", cases[i].text);
}

static void test_vocabulary_of_errors_and_refusals(void **state)
{
    (void)state;
    assert_true(vocabulary_names_error(TEXT("errorMessage")));
    assert_false(vocabulary_names_error(TEXT("message")));
    assert_true(vocabulary_is_error(TEXT("ERROR")));
    assert_false(vocabulary_is_error(TEXT("no error")));
    assert_true(vocabulary_refuses(TEXT("Error: No Supported Action in Payload '{}'")));
    assert_false(vocabulary_refuses(TEXT("It left our house on Monday.")));
    assert_false(vocabulary_refuses((struct text){"", 0}));
}

static void test_vocabulary_of_idle_values_and_control_words(void **state)
{
    (void)state;
    assert_true(vocabulary_is_idle(TEXT("##KEEP_ALIVE##")));
    assert_true(vocabulary_is_idle(TEXT(" ping\n")));
    assert_false(vocabulary_is_idle(TEXT("shipping")));
    assert_true(vocabulary_is_control(TEXT("Welcome")));
    assert_false(vocabulary_is_control(TEXT("token")));
}

TEST_GROUP(vocabulary)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vocabulary_has_a_name_for_each_kind),
        cmocka_unit_test(test_vocabulary_of_ends),
        cmocka_unit_test(test_vocabulary_of_errors_and_refusals),
        cmocka_unit_test(test_vocabulary_of_idle_values_and_control_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
