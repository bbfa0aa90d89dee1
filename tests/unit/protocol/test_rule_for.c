#include "testing.h"

#include <string.h>

#include "wsload/protocol/reply.h"
#include "wsload/protocol/rule_for.h"

/* A rule that is made of a message holds for it. */
static void assert_holds(const char *given, const char *message)
{
    struct json_value values[JSON_PATHS_MAX];
    struct json_paths paths = {0};
    struct error error;
    struct rule rule;
    assert_int_equal(rule_parse(given, &paths, &rule, &error), 0);
    json_scan(&paths, text_of(message), values);
    if (!rule_holds(&rule, text_of(message), values))
        fail_msg("%s does not hold for %s", given, message);
    json_paths_free(&paths);
}

static void test_rule_for_a_message_holds_for_it(void **state)
{
    static const struct {
        const char *message, *rule;
    } cases[] = {
        {"{\"type\":\"keepalive\"}", "json:type=keepalive"},
        {"{\"t\":1,\"event\":\"hb\",\"n\":[1,{\"type\":\"x\"}]}", "json:event=hb"},
        {"{\"status\":\"open\",\"type\":\"welcome\"}", "json:type=welcome"},
        {"{\"type\":\"a\",\"type\":\"b\"}", "json:type=a"},
        {"{\"type\":null,\"type\":\"b\",\"op\":1}", "json:op=1"},
        {"{\"action\":\"it's \\\"so\\\"\"}", "json:action=it's \"so\""},
        {"{\"type\":\"requ\\u00eate\"}", "json:type=requ\u00eate"},
        {"{\"op\":11}", "json:op=11"},
        {"{\"type\":\"a=b\"}", "json:type=a=b"},
        {"{\"kind\":\"hb\"", "json:kind=hb"}, /* cut: what stands before is found */
        {"heartbeat", "text:heartbeat"},
        {"{\"ping\":1}", "text:{\"ping\":1}"},
        {"{\"type\":null}", "text:{\"type\":null}"},
        {"{\"type\":{\"a\":1}}", "text:{\"type\":{\"a\":1}}"},
        {"[\"type\",\"ping\"]", "text:[\"type\",\"ping\"]"},
        {"1234567890123456789012345678901234567890", /* as long as it may be */
         "text:1234567890123456789012345678901234567890"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char rule[RULE_FOR_SIZE];
        assert_true(rule_for(text_of(cases[i].message), rule));
        assert_string_equal(rule, cases[i].rule);
        assert_holds(rule, cases[i].message);
    }
}

static void test_rule_for_what_nobody_can_type_is_none(void **state)
{
    static const char *const messages[] = {
        "",
        "12345678901234567890123456789012345678901",
        "two\nlines",
        "a\x7f",
        "\xFF",
        "{\"message\":\"a text of its own that is longer than that\"}",
        "{\"type\":\"a text of its own that is longer than that\"}",
        "{\"type\":\"\", \"message\":\"a text that is longer than that\"}",
        "{\"type\":\"null\", \"message\":\"a text that is longer than that\"}",
        "{\"type\":\"a\\nb\", \"message\":\"a text that is longer than that\"}",
    };
    char rule[RULE_FOR_SIZE];
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(messages); i++)
        if (rule_for(text_of(messages[i]), rule) || rule[0])
            fail_msg("'%s': '%s'", messages[i], rule);
    assert_false(rule_for((struct text){"a\0b", 3}, rule));
}

static void test_rule_for_a_long_message_looks_at_its_beginning(void **state)
{
    static char message[RULE_FOR_LOOKS_AT + 100];
    static const char begin[] = "{\"type\":\"token\",\"text\":\"";
    char rule[RULE_FOR_SIZE];
    (void)state;
    memset(message, 'a', sizeof(message));
    memcpy(message, begin, strlen(begin));
    assert_true(rule_for((struct text){message, sizeof(message)}, rule));
    assert_string_equal(rule, "json:type=token");
}

static void test_rule_for_control_messages_is_known_by_its_words(void **state)
{
    static const struct {
        const char *rule;
        bool control;
    } cases[] = {
        {"json:type=keepalive", true},
        {"json:type=keep-alive", true},
        {"text:PING", true},
        {"text:{\"ping\":1}", true},
        {"json:type=connection_ack", true},
        {"text:welcome!", true},
        {"json:type=token", false},
        {"json:status=shipping", false},
        {"text:It ", false},
        {"", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        if (rule_for_is_control(cases[i].rule) != cases[i].control)
            fail_msg("%s", cases[i].rule);
}

TEST_GROUP(rule_for)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rule_for_a_message_holds_for_it),
        cmocka_unit_test(test_rule_for_what_nobody_can_type_is_none),
        cmocka_unit_test(test_rule_for_a_long_message_looks_at_its_beginning),
        cmocka_unit_test(test_rule_for_control_messages_is_known_by_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
