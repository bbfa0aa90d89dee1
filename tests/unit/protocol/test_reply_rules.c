#include "testing.h"

#include <string.h>

#include "wsload/protocol/reply.h"

static void test_reply_rules_keep_the_smallest_count_and_silence(void **state)
{
    static const char *const ends[] = {"count:5", "silence:500ms", "close",
                                       "count:7", "silence:1s",    "count:3"};
    struct reply_rules rules = {0};
    struct error error;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
        assert_int_equal(reply_rules_add_end(&rules, ends[i], &error), 0);
        assert_true(rules.end_given);
        assert_int_equal(rules.end_on_close, i >= 2);
    }
    assert_int_equal(rules.end_messages, 3);
    assert_int_equal(rules.end_silence_ns, 500000000);
    assert_int_equal(reply_rules_add_end(&rules, "silence:20ms", &error), 0);
    assert_int_equal(rules.end_silence_ns, 20000000);
    reply_rules_free(&rules);
}

static void test_reply_rules_refuse_ends_that_are_none(void **state)
{
    static const struct {
        const char *earlier; /* NULL: none */
        const char *end;
        const char *expected; /* part of the error */
    } cases[] = {
        {NULL, "", "unknown end ''; use one of first, text:EXACT, contains:TEXT, icontains:TEXT"},
        {NULL, "last", "count:N, silence:T, close"},
        {NULL, "closed", "unknown end 'closed'"},
        {NULL, "count:", "count:: not a number"},
        {NULL, "count:0", "count:0 must be from 1 to 1,000,000,000"},
        {NULL, "count:2g", "must be from 1"},
        {NULL, "count:x", "count:x: not a number"},
        {NULL, "silence:0s", "silence:0s must be longer than 0"},
        {NULL, "silence:5x", "silence:5x: unknown unit 'x'"},
        {NULL, "json:a..b", "'a..b': not a path"},
        {NULL, "text:", "'text:' lacks its text"},
        {"first", "close", "'first' goes with no other end"},
        {"close", "first", "'first' goes with no other end"},
        {"count:3", "first", "'first' goes with no other end"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct reply_rules rules = {0};
        struct error error;

        if (cases[i].earlier != NULL)
            assert_int_equal(reply_rules_add_end(&rules, cases[i].earlier, &error), 0);
        assert_int_equal(reply_rules_add_end(&rules, cases[i].end, &error), -1);
        assert_non_null(strstr(error.text, cases[i].expected));
        assert_int_equal(rules.end_given,
                         cases[i].earlier != NULL && strcmp(cases[i].earlier, "first") != 0);
        reply_rules_free(&rules);
    }
}

static void test_reply_rules_have_a_maximum(void **state)
{
    struct reply_rules rules = {0};
    struct error error;

    (void)state;
    for (int i = 0; i < RULES_MAX; i++)
        assert_int_equal(reply_rules_add_ignored(&rules, "text:a", &error), 0);
    assert_int_equal(reply_rules_add_ignored(&rules, "text:a", &error), -1);
    assert_string_equal(error.text, "more than 64 rules");
    assert_int_equal(reply_rules_add_error(&rules, "a", &error), 0);
    reply_rules_free(&rules);
}

static void test_reply_rules_read_limits_of_bytes(void **state)
{
    static const struct {
        const char *text;
        int status;
        uint64_t min;
        uint64_t max;
    } cases[] = {
        {"1-100", 0, 1, 100},
        {"100-100", 0, 100, 100},
        {"1KiB-1.5MB", 0, 1024, 1500000},
        {"5-", 0, 5, UINT64_MAX},
        {"-5", 0, 0, 5},
        {"0-5", 0, 0, 5},
        {"-", -1, 0, 0},
        {"", -1, 0, 0},
        {"5", -1, 0, 0},
        {"6-5", -1, 0, 0},
        {"0-0", -1, 0, 0},
        {"-0", -1, 0, 0},
        {"1-2-3", -1, 0, 0},
        {"x-5", -1, 0, 0},
        {"5-x", -1, 0, 0},
        {"00000000000000000000000000000000005-", -1, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct reply_rules rules = {0};
        struct error error = {{0}};

        assert_int_equal(reply_rules_set_bytes(&rules, cases[i].text, &error), cases[i].status);
        assert_int_equal(rules.bytes_min, cases[i].min);
        assert_int_equal(rules.bytes_max, cases[i].max);
        assert_int_equal(error.text[0] != '\0', cases[i].status == -1);
    }
}

static void test_reply_rules_stream_unless_the_first_message_ends_it(void **state)
{
    static const struct {
        const char *end; /* NULL: none is given */
        const char *expected;
        bool stream;
        bool needs_text;
    } cases[] = {
        {NULL, "contains:a", false, false},      {"first", "contains:a", false, false},
        {"count:1", "contains:a", false, false}, {"count:2", "contains:a", true, true},
        {"silence:1s", "text:a", true, true},    {"close", "json:a", true, false},
        {"close", "json:a=b", true, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct reply_rules rules = {0};
        struct error error;

        if (cases[i].end != NULL)
            assert_int_equal(reply_rules_add_end(&rules, cases[i].end, &error), 0);
        assert_false(reply_rules_need_text(&rules));
        assert_int_equal(reply_rules_add_expected(&rules, cases[i].expected, &error), 0);
        assert_int_equal(reply_rules_stream(&rules), cases[i].stream);
        assert_int_equal(reply_rules_need_text(&rules), cases[i].needs_text);
        reply_rules_free(&rules);
    }
}

TEST_GROUP(reply_rules)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reply_rules_keep_the_smallest_count_and_silence),
        cmocka_unit_test(test_reply_rules_refuse_ends_that_are_none),
        cmocka_unit_test(test_reply_rules_have_a_maximum),
        cmocka_unit_test(test_reply_rules_read_limits_of_bytes),
        cmocka_unit_test(test_reply_rules_stream_unless_the_first_message_ends_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
