#include "testing.h"

#include <string.h>

#include "wsload/base/text.h"

static void test_text_of_null_is_empty(void **state)
{
    (void)state;
    assert_int_equal(text_of(NULL).length, 0);
    assert_non_null(text_of(NULL).data);
    assert_int_equal(text_of("abc").length, 3);
}

static void test_text_equal_compares_bytes(void **state)
{
    (void)state;
    assert_true(text_equal(text_of("abc"), text_of("abc")));
    assert_false(text_equal(text_of("abc"), text_of("abd")));
    assert_false(text_equal(text_of("abc"), text_of("ab")));
    assert_true(text_equal((struct text){"a\0b", 3}, (struct text){"a\0b", 3}));
    assert_false(text_equal((struct text){"a\0b", 3}, (struct text){"a\0c", 3}));
    assert_true(text_equal((struct text){NULL, 0}, text_of("")));
}

static void test_text_contains_finds_anywhere(void **state)
{
    static const struct {
        const char *haystack;
        const char *needle;
        bool expected;
    } cases[] = {
        {"Une erreur", "Une", true},
        {"Une erreur", "erreur", true},
        {"Une erreur", "error", false},
        {"Une", "Une erreur", false},
        {"", "", true},
        {"abc", "", true},
        {"", "a", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(text_contains(text_of(cases[i].haystack), text_of(cases[i].needle)),
                         cases[i].expected);
    assert_true(text_contains((struct text){"a\0bc", 4}, text_of("bc")));
    assert_false(text_contains((struct text){"abc", 2}, text_of("bc")));
}

static void test_text_trim_drops_white_space_at_both_ends(void **state)
{
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {" \t\n\v\f\ra b\r\f\v\n\t ", "a b"},
        {"a", "a"},
        {"", ""},
        {" \r\n", ""},
        {"\x1f"
         "a\b",
         "\x1f"
         "a\b"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_true(text_equal(text_trim(text_of(cases[i].text)), text_of(cases[i].expected)));
}

static void test_text_put_decimal_writes_any_number(void **state)
{
    static const struct {
        uint64_t number;
        const char *expected;
    } cases[] = {
        {0, "0"},
        {9, "9"},
        {10, "10"},
        {1234567890, "1234567890"},
        {UINT64_MAX, "18446744073709551615"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char out[TEXT_DECIMAL_MAX];
        struct text text = {out, (size_t)(text_put_decimal(out, cases[i].number) - out)};

        assert_true(text_equal(text, text_of(cases[i].expected)));
    }
}

static void test_text_hex_digit_knows_both_cases_alone(void **state)
{
    static const char digits[] = "0123456789abcdefABCDEF";

    (void)state;
    for (int c = 0; c < 256; c++) {
        const char *found = c != 0 ? strchr(digits, c) : NULL;
        int expected = found == NULL ? -1 : (int)(found - digits);

        assert_int_equal(text_hex_digit((char)c), expected >= 16 ? expected - 6 : expected);
    }
}

static void test_text_nearest_knows_slips_of_the_finger(void **state)
{
    static const char *const candidates[] = {"--connections", "--requests", "--duration", "-c"};
    static const struct {
        const char *word;
        const char *expected;
    } cases[] = {
        {"--conections", "--connections"},  /* left out */
        {"--connectoins", "--connections"}, /* swapped */
        {"--connectiions", "--connections"},
        {"--duratiom", "--duration"},
        {"--requests", "--requests"},
        {"--req", NULL}, /* five characters short of ten */
        {"--verbose", NULL},
        {"-d", "-c"},
        {"dd", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const char *nearest = text_nearest(cases[i].word, candidates, ARRAY_LENGTH(candidates));

        if (cases[i].expected == NULL)
            assert_null(nearest);
        else
            assert_string_equal(nearest, cases[i].expected);
    }
}

static void test_text_nearest_allows_a_third_of_the_longer_word(void **state)
{
    static const char *const candidates[] = {"abcdefghi"};

    (void)state;
    assert_non_null(text_nearest("XYZdefghi", candidates, 1));
    assert_null(text_nearest("WXYZefghi", candidates, 1));
    assert_non_null(text_nearest("bacdefhg", candidates, 1)); /* two swaps and one left out */
}

static void test_text_nearest_ignores_words_too_long_for_a_name(void **state)
{
    static const char *const candidates[] = {"a", "bc"};
    char word[1000];
    const char *const long_candidate = word;

    (void)state;
    memset(word, 'a', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    assert_null(text_nearest(word, candidates, ARRAY_LENGTH(candidates)));
    assert_null(text_nearest(word, &long_candidate, 1));
    assert_null(text_nearest("word", candidates, 0));
    assert_null(text_nearest("", candidates + 1, 1));
}

TEST_GROUP(text)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_of_null_is_empty),
        cmocka_unit_test(test_text_equal_compares_bytes),
        cmocka_unit_test(test_text_contains_finds_anywhere),
        cmocka_unit_test(test_text_trim_drops_white_space_at_both_ends),
        cmocka_unit_test(test_text_put_decimal_writes_any_number),
        cmocka_unit_test(test_text_hex_digit_knows_both_cases_alone),
        cmocka_unit_test(test_text_nearest_knows_slips_of_the_finger),
        cmocka_unit_test(test_text_nearest_allows_a_third_of_the_longer_word),
        cmocka_unit_test(test_text_nearest_ignores_words_too_long_for_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
