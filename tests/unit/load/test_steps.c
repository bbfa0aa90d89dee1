#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wsload/load/steps.h"

static const char *const column_names[] = {"id_token"};
static const struct template_scope columns = {.columns = column_names, .column_count = 1};

static struct json_paths paths;

static void release(struct steps *steps)
{
    steps_free(steps);
    json_paths_free(&paths);
}

static void parse(struct steps *steps, const char *text)
{
    struct error error = {""};

    assert_int_equal(steps_parse(steps, text_of(text), &columns, &paths, &error), 0);
    assert_string_equal(error.text, "");
}

static void assert_renders(const struct template *template, const struct template_values *values,
                           const char *expected)
{
    char out[512];

    assert_true(template_bound(template, values) <= sizeof(out));
    assert_true(
        text_equal((struct text){out, template_render(template, values, out)}, text_of(expected)));
}

static void test_steps_are_read_from_both_lists(void **state)
{
    const struct template_column token = {text_of("t"), text_of("t")};
    const struct template_values values = {
        .connection = 7, .seq = 42, .columns = &token, .prompt = {"hello", 5}};
    const struct step *step;
    struct steps steps;

    (void)state;
    parse(&steps,
          "\xEF\xBB\xBF{\"on_connect\": [{\"expect\": \"contains:welcome\"},"
          " {\"send\": \"{{connection}} {{id_token}}\"}],\n"
          "\"before_request\": [{\"send\": \"START {{seq}}\", \"expect\": \"json:ok=true\"}]"
          "}\n");
    assert_int_equal(steps.on_connect.count, 2);
    step = &steps.on_connect.items[0];
    assert_false(step->sends);
    assert_true(step->waits);
    assert_int_equal(step->expect.kind, RULE_CONTAINS);
    assert_string_equal(step->expect_text, "contains:welcome");
    assert_string_equal(step->detail, "on_connect 1");
    step = &steps.on_connect.items[1];
    assert_true(step->sends);
    assert_false(step->waits);
    assert_renders(&step->message, &values, "7 t");
    assert_int_equal(steps.before_request.count, 1);
    step = &steps.before_request.items[0];
    assert_renders(&step->message, &values, "START 42");
    assert_false(step->parted);
    assert_int_equal(step->expect.kind, RULE_JSON_IS);
    assert_int_equal(paths.count, 1);
    assert_string_equal(step->detail, "before_request 1");
    release(&steps);
}

static void test_steps_may_be_none(void **state)
{
    static const char *const texts[] = {"{}", "{\"on_connect\":[]}",
                                        " {\"before_request\":[], \"on_connect\":[]}"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct steps steps;

        parse(&steps, texts[i]);
        assert_int_equal(steps.on_connect.count + steps.before_request.count, 0);
        assert_false(steps_wait_before_request(&steps));
        release(&steps);
    }
}

static void test_steps_with_a_part_are_repeated(void **state)
{
    static const struct {
        const char *members;
        const char *parts_of;
        size_t characters;
    } cases[] = {
        {"", "say \"hi\"", 32000},
        {",\"part_characters\": 100", "say \"hi\"", 100},
        {",\"part_characters\": 1e3, \"parts_of\": \"{{seq}}:{{prompt}}\"", "42:say \\\"hi\\\"",
         1000},
    };
    const struct template_values values = {.seq = 42,
                                           .part_index = 3,
                                           .part = {"hi", 2},
                                           .prompt = {"say \"hi\"", 8},
                                           .prompt_escaped = {"say \\\"hi\\\"", 10}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct step *step;
        struct steps steps;
        char text[256];

        snprintf(text, sizeof(text),
                 "{\"before_request\": [{\"send\": \"{{part}}={{prompt:part}}\"%s}]}",
                 cases[i].members);
        parse(&steps, text);
        step = &steps.before_request.items[0];
        assert_true(step->parted);
        assert_int_equal(step->part_characters, cases[i].characters);
        assert_renders(&step->message, &values, "3=hi");
        assert_renders(&step->parts_of, &values, cases[i].parts_of);
        release(&steps);
    }
}

static void test_steps_know_whether_requests_wait(void **state)
{
    struct steps steps;

    (void)state;
    parse(&steps, "{\"on_connect\": [{\"send\": \"a\", \"expect\": \"text:b\"}],"
                  "\"before_request\": [{\"send\": \"a\"}, {\"send\": \"b\"}]}");
    assert_false(steps_wait_before_request(&steps));
    release(&steps);
    parse(&steps, "{\"before_request\": [{\"send\": \"a\"}, {\"send\": \"b\", "
                  "\"expect\": \"text:c\"}]}");
    assert_true(steps_wait_before_request(&steps));
    release(&steps);
}

/* What stands in the one step of on_connect or before_request, and what is said of it. */
static void test_steps_errors_name_the_step(void **state)
{
    static const struct {
        const char *list;
        const char *step;
        const char *expected;
    } cases[] = {
        {"on_connect", "7", "not an object"},
        {"on_connect", "{}", "neither 'send' nor 'expect': there is nothing to do"},
        {"on_connect", "{\"sned\": \"a\"}",
         "unknown member 'sned'; there are 'send', 'expect'; did you mean 'send' ?"},
        {"on_connect", "{\"send\": \"a\", \"parts_of\": \"b\"}",
         "unknown member 'parts_of'; there are 'send', 'expect'"},
        {"on_connect", "{\"send\": 7}", "member 'send' is not a string"},
        {"on_connect", "{\"send\": \"a\", \"send\": \"b\"}", "member 'send' comes twice"},
        {"on_connect", "{\"send\": \"{{prompt}}\"}",
         "'send': unknown variable {{prompt}}; there are {{timestamp}}, {{connection}}, "
         "{{id_token}}"},
        {"on_connect", "{\"send\": \"{{id\"}",
         "'send': a variable begins with {{ and does not end; close it with }}"},
        {"on_connect", "{\"expect\": null}", "member 'expect' is not a string"},
        {"before_request", "{\"expect\": \"text:a\"}",
         "no member 'send'; only a step of on_connect may do no more than wait"},
        {"before_request", "{\"send\": \"a\", \"part\": 7, \"expect\": \"text:a\"}",
         "unknown member 'part'; there are 'send', 'expect', 'parts_of', 'part_characters'"},
        {"before_request", "{\"send\": \"a\", \"parts_of\": \"b\"}",
         "member 'parts_of' needs {{prompt:part}} in 'send'"},
        {"before_request", "{\"send\": \"a\", \"part_characters\": 7}",
         "member 'part_characters' needs {{prompt:part}} in 'send'"},
        {"before_request", "{\"send\": \"{{part}}\"}",
         "'send': {{part}} needs {{prompt:part}} beside it"},
        {"before_request", "{\"send\": \"{{prompt:part}}\", \"parts_of\": 7}",
         "member 'parts_of' is not a string"},
        {"before_request", "{\"send\": \"{{prompt:part}}\", \"part_characters\": 0}",
         "member 'part_characters' is not a whole number of at least 1"},
        {"before_request", "{\"send\": \"{{prompt:part}}\", \"part_characters\": 1.5}",
         "member 'part_characters' is not a whole number of at least 1"},
        {"before_request", "{\"send\": \"{{prompt:part}}\", \"part_characters\": 1e12}",
         "member 'part_characters' is not a whole number of at least 1"},
        {"before_request", "{\"send\": \"{{prompt:part}}\", \"part_characters\": \"7\"}",
         "member 'part_characters' is not a whole number of at least 1"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct steps steps;
        struct error error;
        char text[256];
        char expected[256];

        snprintf(text, sizeof(text), "{\"%s\": [{\"send\": \"fine\"}, %s]}", cases[i].list,
                 cases[i].step);
        snprintf(expected, sizeof(expected), "%s 2: %s", cases[i].list, cases[i].expected);
        assert_int_equal(steps_parse(&steps, text_of(text), &columns, &paths, &error), -1);
        assert_string_equal(error.text, expected);
        release(&steps);
    }
}

/* A part cannot be made of parts, and a rule needs to say what it is. */
static void test_steps_errors_pass_on_what_templates_and_rules_say(void **state)
{
    static const struct {
        const char *text;
        const char *begin;
    } cases[] = {
        {"{\"before_request\": [{\"send\": \"{{prompt:part}}\", \"parts_of\": "
         "\"{{prompt:part}}\"}]}",
         "before_request 1: 'parts_of': unknown variable {{prompt:part}}; there are {{prompt}}, "},
        {"{\"on_connect\": [{\"expect\": \"first\"}]}",
         "on_connect 1: 'expect': did you mean --reply-end first ? Use contains:first "},
        {"{\"on_connect\": [{\"expect\": \"json:\"}]}", "on_connect 1: 'expect': "},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct steps steps;
        struct error error = {""};

        assert_int_equal(steps_parse(&steps, text_of(cases[i].text), &columns, &paths, &error), -1);
        assert_memory_equal(error.text, cases[i].begin, strlen(cases[i].begin));
        release(&steps);
    }
}

#define CONTENTS(literal)                                                                          \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

static void test_steps_errors_of_the_whole_file(void **state)
{
    static const struct {
        struct text text;
        const char *expected;
    } cases[] = {
        {CONTENTS(""), "line 1: not valid JSON"},
        {CONTENTS("{\n\"on_connect\":\n [}"), "line 3: not valid JSON"},
        {CONTENTS("{}\n{}"), "line 1: not valid JSON"},
        {CONTENTS("[]"),
         "not a JSON object; write {\"on_connect\": [...], \"before_request\": [...]}"},
        {CONTENTS("{\"on_conect\": []}"),
         "unknown member 'on_conect'; there are 'on_connect', 'before_request'; did you mean "
         "'on_connect' ?"},
        {CONTENTS("{\"on_connect\": [], \"on_connect\": []}"), "member 'on_connect' comes twice"},
        {CONTENTS("{\"on_connect\": {\"send\": \"a\"}}"),
         "member 'on_connect' is not an array of steps"},
        {CONTENTS("{\"on_connect\": [{\"send\": \"a\\u0000b\"}]}"),
         "a NUL (\\u0000), which no step can hold; take it out"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct steps steps;
        struct error error;

        assert_int_equal(steps_parse(&steps, cases[i].text, &columns, &paths, &error), -1);
        assert_string_equal(error.text, cases[i].expected);
        release(&steps);
    }
}

static void append_steps(struct buffer *text, int count)
{
    buffer_clear(text);
    buffer_printf(text, "{\"on_connect\": [{\"send\": \"1\"}");
    for (int i = 1; i < count; i++)
        buffer_printf(text, ", {\"send\": \"%d\"}", i);
    buffer_printf(text, "]}");
}

static void test_steps_are_bounded_in_number(void **state)
{
    struct buffer text;
    struct steps steps;
    struct error error;

    (void)state;
    buffer_init(&text, 4096);
    append_steps(&text, STEPS_MAX);
    parse(&steps, text.data);
    assert_int_equal(steps.on_connect.count, STEPS_MAX);
    assert_string_equal(steps.on_connect.items[STEPS_MAX - 1].detail, "on_connect 32");
    release(&steps);
    append_steps(&text, STEPS_MAX + 1);
    assert_int_equal(steps_parse(&steps, buffer_text(&text), &columns, &paths, &error), -1);
    assert_string_equal(error.text, "member 'on_connect' has more than 32 steps");
    buffer_free(&text);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void test_steps_load_names_the_file(void **state)
{
    char directory[] = "/tmp/wsload-test-XXXXXX";
    struct steps steps;
    struct error error;

    (void)state;
    assert_non_null(mkdtemp(directory));
    assert_int_equal(chdir(directory), 0);
    write_file("s.json", "{\"on_connect\": [{\"send\": \"a\"}, {}]}");
    assert_int_equal(steps_load(&steps, "s.json", &columns, &paths, &error), -1);
    assert_string_equal(error.text, "s.json: on_connect 2: neither 'send' nor 'expect': there is "
                                    "nothing to do");
    write_file("s.json", "{\"on_connect\": [{\"send\": \"a\"}]}");
    assert_int_equal(steps_load(&steps, "s.json", &columns, &paths, &error), 0);
    assert_int_equal(steps.on_connect.count, 1);
    release(&steps);
    assert_int_equal(unlink("s.json"), 0);
    assert_int_equal(steps_load(&steps, "s.json", &columns, &paths, &error), -1);
    assert_string_equal(error.text, "s.json: No such file or directory");
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(directory), 0);
}

/* The example of the documentation: a long prompt goes out in parts that make up valid JSON. */
static void test_steps_load_the_bedrock_chat_example(void **state)
{
    const struct template_column token = {text_of("secret"), text_of("secret")};
    const struct template_values values = {.run_id = 0x0badcafe,
                                           .seq = 42,
                                           .prompt_escaped = {"say \\\"hi\\\"", 10},
                                           .part_index = 1,
                                           .part = {"{\\\"a\\\":", 7},
                                           .columns = &token};
    const struct step *items;
    struct steps steps;
    struct error error = {""};

    (void)state;
    steps_load(&steps, WSLOAD_TEST_DATA "/../docs/examples/bedrock-chat.setup.json", &columns,
               &paths, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(steps.on_connect.count, 0);
    assert_int_equal(steps.before_request.count, 2);
    items = steps.before_request.items;
    assert_renders(&items[0].message, &values, "{\"step\":\"START\",\"token\":\"secret\"}");
    assert_string_equal(items[0].expect_text, "text:Session started.");
    assert_renders(&items[1].message, &values,
                   "{\"step\":\"BODY\",\"index\":1,\"part\":\"{\\\"a\\\":\"}");
    assert_string_equal(items[1].expect_text, "text:Message part received.");
    assert_true(items[1].parted);
    assert_int_equal(items[1].part_characters, 32000);
    assert_renders(&items[1].parts_of, &values,
                   "{\"conversationId\":\"0badcafe-2a\",\"message\":{\"role\":\"user\","
                   "\"content\":[{\"contentType\":\"text\",\"body\":\"say \\\"hi\\\"\"}],"
                   "\"model\":\"claude-v3.5-sonnet\",\"parentMessageId\":null}}");
    release(&steps);
}

static void test_step_part_cuts_between_characters(void **state)
{
    static const struct {
        const char *text;
        size_t characters;
        const char *parts[5];
    } cases[] = {
        {"", 3, {""}},
        {"abc", 3, {"abc", ""}},
        {"abcdefgh", 3, {"abc", "def", "gh", ""}},
        {"caf\xC3\xA9\xF0\x9F\x98\x80", 4, {"caf\xC3\xA9", "\xF0\x9F\x98\x80", ""}},
        {"\xE2\x82\xAC\xE2\x82\xAC", 1, {"\xE2\x82\xAC", "\xE2\x82\xAC", ""}},
        {"a\xFF\xC3", 2, {"a\xFF", "\xC3", ""}},
        {"ab", SIZE_MAX, {"ab"}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct text text = text_of(cases[i].text);
        size_t at = 0;

        for (size_t part = 0; cases[i].parts[part] != NULL; part++) {
            struct text got = step_part(text, at, cases[i].characters);

            assert_true(text_equal(got, text_of(cases[i].parts[part])));
            at += got.length;
        }
    }
}

TEST_GROUP(steps)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps_are_read_from_both_lists),
        cmocka_unit_test(test_steps_may_be_none),
        cmocka_unit_test(test_steps_with_a_part_are_repeated),
        cmocka_unit_test(test_steps_know_whether_requests_wait),
        cmocka_unit_test(test_steps_errors_name_the_step),
        cmocka_unit_test(test_steps_errors_pass_on_what_templates_and_rules_say),
        cmocka_unit_test(test_steps_errors_of_the_whole_file),
        cmocka_unit_test(test_steps_are_bounded_in_number),
        cmocka_unit_test(test_steps_load_names_the_file),
        cmocka_unit_test(test_steps_load_the_bedrock_chat_example),
        cmocka_unit_test(test_step_part_cuts_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
