#include "testing.h"

#include <string.h>

#include "wsload/protocol/rule.h"

/* Whether the rule TEXT holds for MESSAGE. */
static bool holds(const char *text, const char *message)
{
    struct json_value values[JSON_PATHS_MAX];
    struct json_paths paths = {0};
    struct error error;
    struct rule rule;
    bool result;

    assert_int_equal(rule_parse(text, &paths, &rule, &error), 0);
    assert_ptr_equal(rule.given, text);
    assert_false(rule.goes_on);
    json_scan(&paths, text_of(message), values);
    result = rule_holds(&rule, text_of(message), values);
    json_paths_free(&paths);
    return result;
}

static void test_rule_holds_for_what_it_says(void **state)
{
    static const struct {
        const char *rule;
        const char *message;
        bool expected;
    } cases[] = {
        {"text:<End of LLM response>", "<End of LLM response>", true},
        {"text:<End of LLM response>", "<End of LLM response> ", false},
        {"text:a", "A", false},
        {"text:a=b", "a=b", true},
        {"contains:Une erreur", "{\"message\":\"Une erreur est survenue\"}", true},
        {"contains:Une erreur", "une erreur", false},
        {"contains:json:a", "json:a", true},
        {"Une erreur", "{\"message\":\"Une erreur est survenue\"}", true},
        {"Text:a", "no Text:a", true},
        {"Error: no", "Error: no", true},
        {"firsts", "the firsts", true},
        {"icontains:une ERREUR", "{\"message\":\"Une erreur est survenue\"}", true},
        {"icontains:une erreur", "un erreur", false},
        {"json:\\$.a=b", "{\"$\":{\"a\":\"b\"}}", true},
        {"json:a=\"", "{\"a\":\"\\\"\"}", true},
        {"contains:ab", "a b", false},
        {"json:status=STREAMING_END", "{\"status\":\"STREAMING_END\"}", true},
        {"json:status=STREAMING_END", "{\"status\":\"STREAMING\"}", false},
        {"json:status=STREAMING_END", "{\"completion\":\"STREAMING_END\"}", false},
        {"json:status=STREAMING_END", "STREAMING_END", false},
        {"json:a=", "{\"a\":\"\"}", true},
        {"json:a=", "{\"a\":null}", false},
        {"json:a=b=c", "{\"a\":\"b=c\"}", true},
        {"json:a=!=", "{\"a\":\"!=\"}", true},
        {"json:a\\=b=c", "{\"a=b\":\"c\"}", true},
        {"json:a\\!=b", "{\"a!\":\"b\"}", true},
        {"json:a!b=c", "{\"a!b\":\"c\"}", true},
        {"json:n=7", "{\"n\":7}", true},
        {"json:n=true", "{\"n\":true}", true},
        {"json:n=null", "{\"n\":null}", true},
        {"json:n=null", "{}", false},
        {"json:choices[0].delta", "{\"choices\":[{\"delta\":null}]}", true},
        {"json:choices[0].delta", "{\"choices\":[]}", false},
        {"json:error", "{\"error\":null}", true},
        {"json:error", "{\"errors\":1}", false},
        {"json:message.stop_reason!=null", "{\"message\":{\"stop_reason\":\"end_turn\"}}", true},
        {"json:message.stop_reason!=null", "{\"message\":{\"stop_reason\":\"null\"}}", true},
        {"json:message.stop_reason!=null", "{\"message\":{\"stop_reason\":null}}", false},
        {"json:message.stop_reason!=null", "{\"message\":{}}", false},
        {"json:code!=0", "{\"code\":1}", true},
        {"json:code!=0", "{\"code\":0}", false},
        {"json:code!=", "{\"code\":\"\"}", false},
        {"json:code!=", "{\"code\":\"x\"}", true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(holds(cases[i].rule, cases[i].message), cases[i].expected);
}

static void test_rule_parse_refuses_what_is_no_rule(void **state)
{
    static const struct {
        const char *rule;
        const char *expected; /* part of the error */
    } cases[] = {
        {"", "'' lacks its text; use one of text:EXACT, contains:TEXT, icontains:TEXT, json:PATH"},
        {"first", "did you mean --reply-end first ? Use contains:first if the text is meant, or"},
        {"close", "did you mean --reply-end close ?"},
        {"count:3", "did you mean --reply-end count:3 ?"},
        {"silence:2s", "did you mean --reply-end silence:2s ?"},
        {"jsn:a=b", "did you mean json: ? Use contains:jsn:a=b if the text is meant"},
        {"contain:a", "did you mean contains: ?"},
        {"Icontains:a", "did you mean icontains: ?"},
        {"icontains:", "'icontains:' lacks its text"},
        {"json:a==b", "'json:a==b': one '=' compares, as in json:status=done or json:code!=0"},
        {"json:a!==b", "one '=' compares"},
        {"json:a=\"b\"", "'json:a=\"b\"': values stand without quotes, as in json:status=done"},
        {"json:a!=\"\"", "values stand without quotes"},
        {"json:$.a=b", "'$.a': paths have no '$' before them, as in message.status; a member of "},
        {"json:$[0]", "'$[0]': paths have no '$' before them"},
        {"text:", "'text:' lacks its text"},
        {"contains:", "'contains:' lacks its text"},
        {"json:", "'': not a path"},
        {"json:=a", "'': not a path"},
        {"json:!=null", "'': not a path"},
        {"json:a..b=c", "'a..b': not a path"},
    };
    struct json_paths paths = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        struct rule rule;

        assert_int_equal(rule_parse(cases[i].rule, &paths, &rule, &error), -1);
        assert_non_null(strstr(error.text, cases[i].expected));
    }
    assert_int_equal(paths.count, 0);
}

static void test_rule_parse_shares_paths(void **state)
{
    struct json_paths paths = {0};
    struct rule rules[3];
    struct error error;

    (void)state;
    assert_int_equal(rule_parse("json:a.b=1", &paths, &rules[0], &error), 0);
    assert_int_equal(rule_parse("json:c", &paths, &rules[1], &error), 0);
    assert_int_equal(rule_parse("json:a.b!=null", &paths, &rules[2], &error), 0);
    assert_int_equal(paths.count, 2);
    assert_int_equal(rules[0].path, rules[2].path);
    assert_int_not_equal(rules[0].path, rules[1].path);
    json_paths_free(&paths);
}

static void test_rule_parse_error_takes_bare_text_and_continue(void **state)
{
    static const struct {
        const char *text;
        enum rule_kind kind;
        const char *expected; /* the rule's own text */
        bool goes_on;
    } cases[] = {
        {"Une erreur", RULE_CONTAINS, "Une erreur", false},
        {"Une erreur,continue", RULE_CONTAINS, "Une erreur", true},
        {"a,continue,continue", RULE_CONTAINS, "a,continue", true},
        {"a,continued", RULE_CONTAINS, "a,continued", false},
        {"Text:a", RULE_CONTAINS, "Text:a", false},
        {"text:a", RULE_TEXT, "a", false},
        {"text:a,continue", RULE_TEXT, "a", true},
        {"contains:a,continue", RULE_CONTAINS, "a", true},
        {"json:status=ERROR", RULE_JSON_IS, "ERROR", false},
        {"json:status=ERROR,continue", RULE_JSON_IS, "ERROR", true},
        {"json:errorMessage,continue", RULE_JSON_PRESENT, "", true},
        {"json:error!=null,continue", RULE_JSON_IS_NOT, "null", true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct json_paths paths = {0};
        struct error error;
        struct rule rule;

        assert_int_equal(rule_parse_error(cases[i].text, &paths, &rule, &error), 0);
        assert_int_equal(rule.kind, cases[i].kind);
        assert_true(text_equal(rule.text, text_of(cases[i].expected)));
        assert_int_equal(rule.goes_on, cases[i].goes_on);
        assert_ptr_equal(rule.given, cases[i].text);
        json_paths_free(&paths);
    }
}

static void test_rule_parse_error_refuses_what_every_message_contains(void **state)
{
    static const char *const texts[] = {
        "", ",continue", "contains:", "contains:,continue", "text:,continue", "json:,continue"};
    struct json_paths paths = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct error error;
        struct rule rule;

        assert_int_equal(rule_parse_error(texts[i], &paths, &rule, &error), -1);
    }
}

static void test_rule_has_prefix_tells_rules_from_other_words(void **state)
{
    (void)state;
    assert_true(rule_has_prefix("text:"));
    assert_true(rule_has_prefix("contains:a"));
    assert_true(rule_has_prefix("icontains:a"));
    assert_true(rule_has_prefix("json:a"));
    assert_false(rule_has_prefix(""));
    assert_false(rule_has_prefix("text"));
    assert_false(rule_has_prefix("count:3"));
    assert_false(rule_has_prefix("a text:"));
}

TEST_GROUP(rule)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rule_holds_for_what_it_says),
        cmocka_unit_test(test_rule_parse_refuses_what_is_no_rule),
        cmocka_unit_test(test_rule_parse_shares_paths),
        cmocka_unit_test(test_rule_parse_error_takes_bare_text_and_continue),
        cmocka_unit_test(test_rule_parse_error_refuses_what_every_message_contains),
        cmocka_unit_test(test_rule_has_prefix_tells_rules_from_other_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
