#include "testing.h"

#include <stdio.h>
#include <string.h>

#include "wsload/protocol/json_scan.h"

static void test_json_value_is_compares_what_is_meant(void **state)
{
    static const struct {
        const char *json;
        const char *content;
        bool expected;
    } cases[] = {
        {"\"done\"", "done", true},
        {"\"done\"", "Done", false},
        {"\"done\"", "don", false},
        {"\"don\"", "done", false},
        {"\"\"", "", true},
        {"\"d\\u006fne\"", "done", true},
        {"\"a\\/b\\n\\t\\\"\\\\\"", "a/b\n\t\"\\", true},
        {"\"\\ud83d\\ude00!\"", "\xF0\x9F\x98\x80!", true},
        {"\"\\uD83D\\uDE00\"", "\xF0\x9F\x98\x80", true},
        {"\"\\u20ac\"", "\xE2\x82\xAC", true},
        {"\"\\u00\"", "\xEF\xBF\xBDu00", true},
        {"\"7\"", "7", true},
        {"7", "7", true},
        {"7.0", "7", false}, /* by its letters */
        {"1e2", "100", false},
        {"true", "true", true},
        {"true", "True", false},
        {"\"true\"", "true", true},
        {"false", "", false},
        {"null", "null", true},
        {"\"null\"", "null", false},
        {"null", "", false},
        {"[1, 2]", "[1, 2]", true},
        {"[1, 2]", "[1,2]", false},
        {"{}", "{}", true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct json_members members = {0};
        struct json_value value;
        struct text name;
        char document[100];

        snprintf(document, sizeof(document), "{\"a\":%s}", cases[i].json);
        members.document = text_of(document);
        assert_true(json_members_next(&members, &name, &value));
        assert_int_equal(json_value_is(&value, text_of(cases[i].content)), cases[i].expected);
    }
    assert_false(json_value_is(&(struct json_value){0}, text_of("")));
}

/* Answers by the tables of RFC 8259 section 7 and RFC 3629. */
static void test_json_value_decode_follows_rfc_8259(void **state)
{
#define FFFD "\xEF\xBF\xBD"
    static const struct {
        const char *raw;
        struct text expected;
    } cases[] = {
        {"", {"", 0}},
        {"plain", {"plain", 5}},
        {"\\\"\\\\\\/\\b\\f\\n\\r\\t", {"\"\\/\b\f\n\r\t", 8}},
        {"a\\u0000b", {"a\0b", 3}},
        {"\\u007f\\u0080\\u07FF\\u0800\\uffff",
         {"\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF", 11}},
        {"\\ud800\\udc00\\udbff\\udfff", {"\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", 8}},
        {"\\ud800", {FFFD, 3}},
        {"\\udc00", {FFFD, 3}},
        {"\\ud800x", {FFFD "x", 4}},
        {"\\ud800\\n", {FFFD "\n", 4}},
        {"\\ud800\\u0041", {FFFD "A", 4}},
        {"\\ud800\\ud800\\udc00", {FFFD "\xF0\x90\x80\x80", 7}},
        {"\\udc00\\ud800", {FFFD FFFD, 6}},
        {"\\udc00\\udc00", {FFFD FFFD, 6}},
        {"\\ud800\\ue000", {FFFD "\xEE\x80\x80", 6}},
        {"\\x41", {FFFD "x41", 6}},
        {"\\u12G4", {FFFD "u12G4", 8}},
        {"\\u12", {FFFD "u12", 6}},
        {"\\\xC3\xA9", {FFFD "\xC3\xA9", 5}},
        {"caf\xC3\xA9\\n", {"caf\xC3\xA9\n", 6}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct json_value value = {JSON_STRING, text_of(cases[i].raw)};
        struct buffer out;

        buffer_init(&out, 100);
        assert_int_equal(json_value_decode(&value, &out), 0);
        assert_int_equal(out.length, cases[i].expected.length);
        if (out.length > 0)
            assert_memory_equal(out.data, cases[i].expected.data, out.length);
        assert_true(json_value_is(&value, cases[i].expected));
        buffer_free(&out);
    }
}

static void test_json_value_decode_fills_what_there_is_room_for(void **state)
{
    static const struct {
        struct json_value value;
        const char *expected;
    } cases[] = {
        {{JSON_STRING, {"12345", 5}}, "12345"},
        {{JSON_STRING, {"123456", 6}}, "12345"},
        {{JSON_STRING, {"1234\xC3\xA9", 6}}, "1234"},
        {{JSON_STRING, {"1234\\u00e9", 10}}, "1234"},
        {{JSON_STRING, {"12345\\n", 7}}, "12345"},
        {{JSON_NUMBER, {"123456", 6}}, "12345"},
        {{JSON_NUMBER, {"12", 2}}, "12"},
        {{JSON_NUMBER, {"\\n", 2}}, "\\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        bool fits = strlen(cases[i].expected) == cases[i].value.raw.length;
        struct buffer out;

        buffer_init(&out, 5);
        assert_int_equal(json_value_decode(&cases[i].value, &out), fits ? 0 : -1);
        assert_string_equal(out.data, cases[i].expected);
        buffer_free(&out);
    }
}

TEST_GROUP(json_value)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_value_is_compares_what_is_meant),
        cmocka_unit_test(test_json_value_decode_follows_rfc_8259),
        cmocka_unit_test(test_json_value_decode_fills_what_there_is_room_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
