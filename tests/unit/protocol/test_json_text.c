#include "testing.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "wsload/protocol/json_text.h"

static void test_json_escape_follows_rfc_8259(void **state)
{
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"say \"hi\"", "say \\\"hi\\\""},
        {"C:\\dir/file", "C:\\\\dir/file"},
        {"\b\f\n\r\t", "\\b\\f\\n\\r\\t"},
        {"\x01\x1F\x7F", "\\u0001\\u001f\x7F"},
        {"\xC3\xA9\xF0\x9F\x98\x80", "\xC3\xA9\xF0\x9F\x98\x80"},
        {"\"", "\\\""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct buffer out;

        buffer_init(&out, 100);
        assert_int_equal(json_escape(&out, text_of(cases[i].text)), 0);
        assert_string_equal(out.data, cases[i].expected);
        assert_int_equal(json_escaped_length(text_of(cases[i].text)), out.length);
        assert_int_equal(json_escape_needed(text_of(cases[i].text)),
                         strcmp(cases[i].text, cases[i].expected) != 0);
        buffer_free(&out);
    }
}

/* cJSON, which is not ours, reads back each byte that can stand in a text. */
static void test_json_escape_is_read_back_by_another_parser(void **state)
{
    struct buffer out;
    char all[256];
    cJSON *json;

    (void)state;
    for (int i = 0; i < 255; i++)
        all[i] = (char)(i + 1);
    all[255] = '\0';
    buffer_init(&out, 2000);
    buffer_append(&out, "\"", 1);
    assert_int_equal(json_escape(&out, text_of(all)), 0);
    buffer_append(&out, "\"", 1);
    json = cJSON_Parse(out.data);
    assert_non_null(json);
    assert_string_equal(json->valuestring, all);
    cJSON_Delete(json);
    buffer_free(&out);
}

static void test_json_escape_passes_on_that_out_is_full(void **state)
{
    static const char *const texts[] = {"123456", "12345\"", "\"123456", "\x01\x01"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct buffer out;

        buffer_init(&out, 5);
        assert_int_equal(json_escape(&out, text_of(texts[i])), -1);
        buffer_free(&out);
    }
}

static void test_json_escape_writes_nul(void **state)
{
    struct buffer out;

    (void)state;
    buffer_init(&out, 20);
    assert_int_equal(json_escape(&out, (struct text){"a\0b", 3}), 0);
    assert_string_equal(out.data, "a\\u0000b");
    buffer_free(&out);
}

static void test_json_has_escaped_nul_knows_what_is_escaped(void **state)
{
    static const struct {
        const char *text;
        bool expected;
    } cases[] = {
        {"\"\\u0000\"", true},  {"{\"a\":\"b\\n\\u0000\"}", true},
        {"\\\\\\u0000", true},  {"\"\\\\u0000\"", false},
        {"\"\\u0001\"", false}, {"\"u0000\"", false},
        {"\\u000", false},      {"", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(json_has_escaped_nul(text_of(cases[i].text)), cases[i].expected);
}

TEST_GROUP(json_text)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_escape_follows_rfc_8259),
        cmocka_unit_test(test_json_escape_is_read_back_by_another_parser),
        cmocka_unit_test(test_json_escape_passes_on_that_out_is_full),
        cmocka_unit_test(test_json_escape_writes_nul),
        cmocka_unit_test(test_json_has_escaped_nul_knows_what_is_escaped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
