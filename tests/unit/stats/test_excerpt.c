#include "testing.h"

#include <string.h>

#include "wsload/stats/failures.h"

#define BAD "\xEF\xBF\xBD" /* U+FFFD */

static void test_excerpt_keeps_what_is_good_and_replaces_the_rest(void **state)
{
    static const struct {
        const char *text;
        const char *kept;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"d\xC3\xA9j\xC3\xA0 \xE2\x82\xAC \xF0\x9F\x98\x80",
         "d\xC3\xA9j\xC3\xA0 \xE2\x82\xAC \xF0\x9F\x98\x80"},
        {"a\x80z", "a" BAD "z"},               /* a lone continuation byte */
        {"a\xC3", "a" BAD},                    /* the second byte is missing */
        {"a\xC3z", "a" BAD "z"},               /* something else in its place */
        {"\xC0\xAF", BAD BAD},                 /* overlong */
        {"\xED\xA0\x80", BAD BAD BAD},         /* a surrogate */
        {"\xF4\x90\x80\x80", BAD BAD BAD BAD}, /* above U+10FFFF */
        {"\xFF\xFE", BAD BAD},
        {"quote\" \x1b[31m\n", "quote\" \x1b[31m\n"}, /* a report's own business */
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char out[64];
        excerpt_copy(text_of(cases[i].text), SIZE_MAX, out, sizeof(out));
        assert_string_equal(out, cases[i].kept);
    }
}

static void test_excerpt_replaces_nul(void **state)
{
    char out[16];
    (void)state;
    excerpt_copy((struct text){"a\0b", 3}, SIZE_MAX, out, sizeof(out));
    assert_string_equal(out, "a" BAD "b");
}

static void test_excerpt_counts_characters_and_not_bytes(void **state)
{
    char out[64];
    (void)state;
    excerpt_copy(text_of("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z"), 3, out, sizeof(out));
    assert_string_equal(out, "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    excerpt_copy(text_of("abc"), 0, out, sizeof(out));
    assert_string_equal(out, "");
}

static void test_excerpt_never_splits_a_character_to_fit(void **state)
{
    static const struct {
        size_t size;
        const char *kept;
    } cases[] = {
        {1, ""}, {2, "a"}, {3, "a"}, {4, "a"}, {5, "a\xE2\x82\xAC"}, {6, "a\xE2\x82\xACz"}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char out[8];
        memset(out, '#', sizeof(out));
        excerpt_copy(text_of("a\xE2\x82\xACz"), SIZE_MAX, out, cases[i].size);
        assert_string_equal(out, cases[i].kept);
        assert_int_equal(out[cases[i].size], '#');
    }
}

TEST_GROUP(excerpt)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_excerpt_keeps_what_is_good_and_replaces_the_rest),
        cmocka_unit_test(test_excerpt_replaces_nul),
        cmocka_unit_test(test_excerpt_counts_characters_and_not_bytes),
        cmocka_unit_test(test_excerpt_never_splits_a_character_to_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
