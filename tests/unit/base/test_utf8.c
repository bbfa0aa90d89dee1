#include "testing.h"

#include <string.h>

#include "wsload/base/text.h"

/* From Markus Kuhn's "UTF-8 decoder capability and stress test" and RFC 3629 section 4. */
static const struct {
    const char *text;
    size_t length;
    bool valid;
    const char *clean; /* NULL: the same bytes */
} cases[] = {
    {"", 0, true, ""},
    {"plain ASCII, longer than eight bytes", 36, true, "plain ASCII, longer than eight bytes"},
    {"\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5", 11, true, NULL},
    {"\0", 1, true, NULL},
    {"\x7F", 1, true, "\x7F"},
    {"\xC2\x80", 2, true, "\xC2\x80"},
    {"\xDF\xBF", 2, true, "\xDF\xBF"},
    {"\xE0\xA0\x80", 3, true, "\xE0\xA0\x80"},
    {"\xED\x9F\xBF", 3, true, "\xED\x9F\xBF"},
    {"\xEE\x80\x80", 3, true, "\xEE\x80\x80"},
    {"\xEF\xBF\xBF", 3, true, "\xEF\xBF\xBF"},
    {"\xF0\x90\x80\x80", 4, true, "\xF0\x90\x80\x80"},
    {"\xF4\x8F\xBF\xBF", 4, true, "\xF4\x8F\xBF\xBF"},
    {"\xF4\x90\x80\x80", 4, false, "\uFFFD\uFFFD\uFFFD\uFFFD"}, /* above U+10FFFF */
    {"\xF5\x80\x80\x80", 4, false, "\uFFFD\uFFFD\uFFFD\uFFFD"},
    {"\x80", 1, false, "\uFFFD"}, /* continuation alone */
    {"\xBF", 1, false, "\uFFFD"},
    {"\xC0\xAF", 2, false, "\uFFFD\uFFFD"}, /* overlong */
    {"\xC1\xBF", 2, false, "\uFFFD\uFFFD"},
    {"\xE0\x9F\xBF", 3, false, "\uFFFD\uFFFD\uFFFD"},
    {"\xF0\x8F\xBF\xBF", 4, false, "\uFFFD\uFFFD\uFFFD\uFFFD"},
    {"\xED\xA0\x80", 3, false, "\uFFFD\uFFFD\uFFFD"}, /* surrogates */
    {"\xED\xBF\xBF", 3, false, "\uFFFD\uFFFD\uFFFD"},
    {"\xE2\x82", 2, false, "\uFFFD\uFFFD"}, /* cut */
    {"\xF0\x9F\x98", 3, false, "\uFFFD\uFFFD\uFFFD"},
    {"\xE2\x82\xAC", 2, false, "\uFFFD\uFFFD"}, /* its end is behind the text */
    {"\xF0\x9F\x98\x80", 3, false, "\uFFFD\uFFFD\uFFFD"},
    {"\xE2\x82z", 3, false, "\uFFFD\uFFFDz"},
    {"\xF0\x9F\x98z", 4, false, "\uFFFD\uFFFD\uFFFDz"},
    {"\xC3(", 2, false, "\uFFFD("},
    {"a\xFE\xFF"
     "b",
     4, false, "a\uFFFD\uFFFDb"},
};

static void test_utf8_valid_knows_rfc_3629(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(utf8_valid((struct text){cases[i].text, cases[i].length}), cases[i].valid);
}

/* Every place in and around the steps of eight bytes. */
static void test_utf8_valid_finds_a_bad_byte_anywhere(void **state)
{
    char text[33];

    (void)state;
    for (size_t length = 1; length <= 33; length++) {
        memset(text, 'a', sizeof(text));
        assert_true(utf8_valid((struct text){text, length}));
        for (size_t i = 0; i < length; i++) {
            text[i] = (char)0x80;
            assert_false(utf8_valid((struct text){text, length}));
            text[i] = 'a';
            if (i + 1 < length) {
                memcpy(text + i, "\xC3\xA9", 2);
                assert_true(utf8_valid((struct text){text, length}));
                memset(text + i, 'a', 2);
            }
        }
    }
}

static void test_utf8_append_clean_replaces_bad_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct text text = {cases[i].text, cases[i].length};
        struct text clean = cases[i].clean == NULL ? text : text_of(cases[i].clean);
        struct buffer out;

        buffer_init(&out, 100);
        assert_int_equal(utf8_append_clean(&out, text, SIZE_MAX), 0);
        assert_true(text_equal(buffer_text(&out), clean));
        buffer_free(&out);
    }
}

static void test_utf8_append_clean_counts_characters(void **state)
{
    struct buffer out;

    (void)state;
    buffer_init(&out, 100);
    assert_int_equal(utf8_append_clean(&out, text_of("é\xFF€x"), 3), 0);
    assert_string_equal(out.data, "é\uFFFD€");
    assert_int_equal(utf8_append_clean(&out, text_of("abc"), 0), 0);
    assert_string_equal(out.data, "é\uFFFD€");
    buffer_free(&out);
}

static void test_utf8_append_clean_stops_when_out_is_full(void **state)
{
    struct buffer out;

    (void)state;
    buffer_init(&out, 4);
    assert_int_equal(utf8_append_clean(&out, text_of("€€"), 2), -1);
    assert_string_equal(out.data, "€");
    buffer_free(&out);
}

TEST_GROUP(utf8)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8_valid_knows_rfc_3629),
        cmocka_unit_test(test_utf8_valid_finds_a_bad_byte_anywhere),
        cmocka_unit_test(test_utf8_append_clean_replaces_bad_bytes),
        cmocka_unit_test(test_utf8_append_clean_counts_characters),
        cmocka_unit_test(test_utf8_append_clean_stops_when_out_is_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
