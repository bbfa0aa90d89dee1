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

static void test_text_begins_looks_at_the_beginning_alone(void **state)
{
    static const struct {
        const char *text;
        const char *prefix;
        bool expected;
    } cases[] = {
        {"exp:1s", "exp:", true}, {"exp:", "exp:", true}, {"exp", "exp:", false},
        {"1exp:", "exp:", false}, {"", "", true},         {"a", "", true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(text_begins(text_of(cases[i].text), cases[i].prefix), cases[i].expected);
    assert_false(text_begins((struct text){"abc", 2}, "abc"));
    assert_true(text_begins((struct text){NULL, 0}, ""));
}

static void test_text_of_a_literal_has_all_its_bytes(void **state)
{
    static const struct text constant = TEXT("kept");

    (void)state;
    assert_true(text_equal(TEXT("abc"), text_of("abc")));
    assert_true(text_equal(TEXT("a\0b"), (struct text){"a\0b", 3}));
    assert_int_equal(TEXT("").length, 0);
    assert_true(text_equal(constant, text_of("kept")));
}

static void test_helpers_tell_the_smaller_and_the_larger(void **state)
{
    (void)state;
    assert_int_equal(u64_min(1, 2), 1);
    assert_int_equal(u64_min(2, 1), 1);
    assert_int_equal(u64_max(1, UINT64_MAX), UINT64_MAX);
    assert_int_equal(u64_max(UINT64_MAX, 1), UINT64_MAX);
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

static void test_text_cut_takes_up_to_the_separator(void **state)
{
    static const struct {
        const char *text;
        const char *taken;
        const char *rest;
    } cases[] = {{"", "", ""},    {"a", "a", ""},      {"a,b", "a", "b"},
                 {",b", "", "b"}, {"a,,b", "a", ",b"}, {"a,", "a", ""}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct text rest = text_of(cases[i].text);
        assert_true(text_equal(text_cut(&rest, ','), text_of(cases[i].taken)));
        assert_true(text_equal(rest, text_of(cases[i].rest)));
    }
}

static void test_text_after_never_goes_beyond_the_end(void **state)
{
    (void)state;
    assert_true(text_equal(text_after(TEXT("abc"), 1), TEXT("bc")));
    assert_int_equal(text_after(TEXT("abc"), 3).length, 0);
    assert_int_equal(text_after(TEXT("abc"), 4).length, 0);
}

static void test_text_tells_what_it_is_made_of(void **state)
{
    (void)state;
    assert_true(text_made_of(TEXT("azAZ09-"), "-"));
    assert_true(text_made_of(TEXT(""), ""));
    assert_false(text_made_of(TEXT("a-b"), "_"));
    assert_false(text_made_of((struct text){"a\0b", 3}, "_"));
    assert_false(text_made_of(TEXT("\xC3\xA9"), "-"));
    assert_true(text_is_word(TEXT("hOST"), "Host"));
    assert_false(text_is_word(TEXT("Hos"), "Host"));
    assert_false(text_is_word(TEXT("Hosts"), "Host"));
    assert_true(text_ends(TEXT("a:raw"), ":raw"));
    assert_false(text_ends(TEXT("raw"), ":raw"));
    assert_true(text_ends(TEXT(""), ""));
}

static void test_text_copy_needs_room_for_the_nul(void **state)
{
    char out[4] = "###";
    (void)state;
    assert_int_equal(text_copy(TEXT("abcd"), out, sizeof(out)), -1);
    assert_string_equal(out, "###");
    assert_int_equal(text_copy(TEXT("abc"), out, sizeof(out)), 0);
    assert_string_equal(out, "abc");
}

static void test_text_percent_byte_wants_two_digits(void **state)
{
    (void)state;
    assert_int_equal(text_percent_byte(TEXT("%2fx")), '/');
    assert_int_equal(text_percent_byte(TEXT("%fF")), 0xFF);
    assert_int_equal(text_percent_byte(TEXT("%2")), -1);
    assert_int_equal(text_percent_byte(TEXT("%2g")), -1);
    assert_int_equal(text_percent_byte(TEXT("2f0")), -1);
}

TEST_GROUP(text)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_cut_takes_up_to_the_separator),
        cmocka_unit_test(test_text_after_never_goes_beyond_the_end),
        cmocka_unit_test(test_text_tells_what_it_is_made_of),
        cmocka_unit_test(test_text_copy_needs_room_for_the_nul),
        cmocka_unit_test(test_text_percent_byte_wants_two_digits),
        cmocka_unit_test(test_text_of_null_is_empty),
        cmocka_unit_test(test_text_equal_compares_bytes),
        cmocka_unit_test(test_text_begins_looks_at_the_beginning_alone),
        cmocka_unit_test(test_text_of_a_literal_has_all_its_bytes),
        cmocka_unit_test(test_helpers_tell_the_smaller_and_the_larger),
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
