#include "testing.h"

#include <stdio.h>
#include <string.h>

#include "wsload/protocol/telling.h"

#define MESSAGES_MAX 4

/* Messages of which the first ones are to be told from the others. */
struct telling_case {
    const char *chosen[MESSAGES_MAX];
    const char *others[MESSAGES_MAX];
    const char *rule; /* NULL: there is none */
};

static size_t texts_of(const char *const messages[MESSAGES_MAX], struct text texts[MESSAGES_MAX])
{
    size_t count = 0;
    for (; count < MESSAGES_MAX && messages[count]; count++)
        texts[count] = text_of(messages[count]);
    return count;
}

static void test_telling_finds_what_a_person_would_choose(void **state)
{
    static const struct telling_case cases[] = {
        {{"{\"id\": 7, \"type\": \"end\"}"}, {"{\"id\": 8, \"type\": \"token\"}"}, "json:type=end"},
        {{"{\"x\": {\"status\": \"done\"}}"},
         {"{\"x\": {\"status\": \"no\"}}"},
         "json:x.status=done"},
        {{"{\"m\": {\"stop_reason\": \"length\"}}"},
         {"{\"m\": {\"stop_reason\": null}}"},
         "json:m.stop_reason!=null"},
        {{"{\"choices\": [{\"finish_reason\": \"stop\"}]}"},
         {"{\"choices\": [{\"finish_reason\": null}]}"},
         "json:choices.0.finish_reason!=null"},
        {{"{\"text\": \"\", \"usage\": {\"n\": 1}}", "{\"text\": \"\", \"usage\": {\"n\": 2}}"},
         {"{\"text\": \"a\"}"},
         "json:usage!=null"},
        {{"{\"is_final\": true}"}, {"{\"is_final\": false}"}, "json:is_final=true"},
        {{"{\"a.b\": {\"c=d\": \"x\"}}"}, {"{}"}, "json:a\\.b.c\\=d=x"},
        {{"[DONE]"}, {"a", "b"}, "text:[DONE]"},
        {{"{\"type\": \"requ\\u00eate\"}"}, {"{}"}, "json:type=requ\u00eate"},
        {{"{\"type\": \"a\"}", "{\"type\": \"b\"}"}, {"{\"type\": \"c\"}"}, NULL},
        {{"same"}, {"same"}, NULL},
        /* What differs each time is no part of a rule; neither are line ends. */
        {{"Welcome, user 7fb260!"}, {"hello"}, "contains:Welcome, user"},
        {{"0{\"sid\":\"7fb2\"}"}, {"42[1]"}, "contains:{\"sid\":\""},
        {{"tick 12:30", "tick 12:31"}, {"tock"}, "contains:tick"},
        {{"answer 1"}, {"answer x"}, "text:answer 1"},
        {{"data: [DONE]\n\n"}, {"data: {}\n\n"}, "contains:data: [DONE]"},
        {{"12:30", "12:31"}, {"tock"}, NULL},
        {{"{}"}, {"{\"a\": 1}"}, "text:{}"},
        {{"two\nlines"}, {NULL}, NULL},
        {{""}, {"a"}, NULL},
        {{"{\"type\": \"end\""}, {"a"}, "json:type=end"}, /* broken after that */
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct text chosen[MESSAGES_MAX];
        struct text others[MESSAGES_MAX];
        struct telling_rule rule = {.text = "none"};
        size_t chosen_count = texts_of(cases[i].chosen, chosen);
        size_t other_count = texts_of(cases[i].others, others);
        bool found = telling_rule_find(chosen, chosen_count, others, other_count, &rule);
        if (found != (cases[i].rule != NULL) || (found && strcmp(rule.text, cases[i].rule) != 0))
            fail_msg("case %zu: %s", i, rule.text);
    }
}

static void test_telling_knows_what_speaks_of_an_end(void **state)
{
    struct telling_rules rules;
    (void)state;
    assert_int_equal(telling_rules_of(&rules, TEXT("{\"s\": \"STREAMING_END\", \"t\": \"a\"}")), 0);
    for (size_t i = 0; i < rules.count; i++)
        assert_int_equal(rules.items[i].ends,
                         strcmp(rules.items[i].text, "json:s=STREAMING_END") == 0);
    telling_rules_free(&rules);
}

static void test_telling_bounds_what_it_makes(void **state)
{
    static char message[200000];
    struct telling_rules rules;
    size_t length = 1;
    (void)state;
    message[0] = '{';
    for (unsigned i = 0; length < sizeof(message) - 40; i++)
        length += (size_t)snprintf(message + length, 40, "\"m%u\": [{\"a\": 1}], ", i);
    assert_int_equal(telling_rules_of(&rules, (struct text){message, length}), 0);
    assert_int_equal(rules.count, 256);
    telling_rules_free(&rules);
}

TEST_GROUP(telling)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_telling_finds_what_a_person_would_choose),
        cmocka_unit_test(test_telling_knows_what_speaks_of_an_end),
        cmocka_unit_test(test_telling_bounds_what_it_makes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
