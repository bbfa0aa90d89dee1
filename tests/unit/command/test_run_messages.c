#include "building.h"

struct message_case {
    const char *template;
    const char *part; /* of the error; NULL: fine */
};

static void check(const struct message_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int status = BUILD("ws://h", "--template", cases[i].template);
        if (status != (cases[i].part ? -1 : 0))
            fail_msg("%s: %s", cases[i].template, status ? error.text : "no error");
        if (cases[i].part && !strstr(error.text, cases[i].part))
            fail_msg("'%s' is not in: %s", cases[i].part, error.text);
    }
}

static void test_run_messages_know_the_placeholders_of_others(void **state)
{
    static const struct message_case cases[] = {
        {"{\"q\": {prompt}}", "--template: '{prompt}' would be sent as it stands; did you mean "
                              "{{prompt}} ?"},
        {"{\"q\": \"$prompt\"}", "'$prompt'"},
        {"${prompt}", "'${prompt}'"},
        {"%prompt%", "'%prompt%'"},
        {"<prompt>", "'<prompt>'"},
        {"query($prompt: String) {{prompt}}", NULL}, /* there is one, so that is meant */
        {"prompt", NULL},
    };
    (void)state;
    check(cases, ARRAY_LENGTH(cases));
}

#define NO_JSON "--template: looks like JSON, and is none once it is filled in, from "

static void test_run_messages_that_look_like_json_are(void **state)
{
    static const struct message_case cases[] = {
        {"{\"q\": {{prompt}}}", NO_JSON "'one}' on; a text stands in quotes, as in {\"message\": "
                                        "\"{{prompt}}\"}. Messages that are meant like that can "
                                        "stand whole in PROMPTS_FILE, with --template "
                                        "'{{prompt:raw}}'"},
        {"{\"q\": \"{{prompt}}\"", NO_JSON "'\"' on"}, /* its end */
        {"{\"q\": \"{{prompt}}\"}}", NO_JSON "'}' on"},
        {"{'q': '{{prompt}}'}", NO_JSON "'q'"},
        {" [1, {{prompt}}]", NO_JSON "'one]'"},
        {"{\"q\": \"{{prompt}}\", \"n\": {{seq}}, \"t\": {{timestamp}}}\n", NULL},
        {"[chat] {{prompt}}", NULL},
        {"[{\"a\": 1}, \"{{prompt}}\"]", NULL},
        {"{{prompt}}", NULL},
        {"42[\"{{prompt}}", NULL},
        {"", NULL},
    };
    (void)state;
    check(cases, ARRAY_LENGTH(cases));
}

/* What stands in them as it is may break any of them. */
static void test_run_messages_are_json_with_each_raw_prompt_and_user(void **state)
{
    (void)state;
    static const char template[] = "{\"q\": \"{{prompt:raw}}\"}";
    char *argv[] = {(char *)"wsload",     (char *)"ws://h", other_path,
                    (char *)"--template", (char *)template, NULL};
    assert_int_equal(run_options_parse(5, argv, &options, &error), 0);
    write_other("{\"prompt\": \"a\"}\n{\"prompt\": \"say \\\"b\\\"\"}\n");
    release(NULL);
    assert_int_equal(run_plan_build(&run, &options, &error), -1);
    assert_non_null(strstr(error.text, NO_JSON "'b\"\"}' on"));
    write_other("{\"prompt\": \"a\"}\n");
    release(NULL);
    assert_int_equal(run_plan_build(&run, &options, &error), 0);

    write_other("n\n1\nx\n");
    assert_int_equal(BUILD("ws://h", "--users", other_path, "--template", "{\"n\": {{n:raw}}}"),
                     -1);
    assert_non_null(strstr(error.text, NO_JSON "'x}' on"));
    write_other("n\n1\n2\n");
    assert_int_equal(BUILD("ws://h", "--users", other_path, "--template", "{\"n\": {{n:raw}}}"), 0);
}

static void test_run_messages_of_steps_are_looked_at_as_well(void **state)
{
    (void)state;
    write_other("{\"on_connect\": [{\"send\": \"{a\"}]}");
    assert_int_equal(BUILD("ws://h", "--setup", other_path), -1);
    assert_non_null(strstr(error.text, "--setup: on_connect 1: looks like JSON"));
    char *hold[] = {(char *)"wsload", (char *)"ws://h",  (char *)"--hold", (char *)"-d",
                    (char *)"1s",     (char *)"--setup", other_path};
    assert_int_equal(run_options_parse(7, hold, &options, &error), 0);
    release(NULL);
    assert_int_equal(run_plan_build(&run, &options, &error), -1);
    assert_non_null(strstr(error.text, "--setup: on_connect 1: looks like JSON"));
    write_other("{\"before_request\": [{\"send\": \"{\\\"p\\\": \\\"{prompt}\\\"}\"}]}");
    assert_int_equal(BUILD("ws://h", "--setup", other_path, "--template", "END"), -1);
    assert_non_null(strstr(error.text, "--setup: before_request 1: '{prompt}' would be sent"));
    write_other("{\"before_request\": [{\"send\": \"{\\\"p\\\": \\\"{{prompt:part}}\\\"}\"}]}");
    assert_int_equal(BUILD("ws://h", "--setup", other_path, "--template", "END"), 0);
    assert_string_equal(run.note, "");
}

static void test_run_messages_without_a_prompt_get_a_note(void **state)
{
    (void)state;
    assert_int_equal(BUILD("ws://h", "--template", "{\"id\": \"{{id}}\"}"), 0);
    assert_non_null(strstr(run.note, "no message has {{prompt}} in it"));
    assert_non_null(strstr(run.note, prompts_path));
    write_other("q\nhello\n");
    assert_int_equal(BUILD("ws://h", "--users", other_path, "--template", "{{q}}"), 0);
    assert_string_equal(run.note, "");
    assert_int_equal(BUILD("ws://h"), 0);
    assert_string_equal(run.note, "");
}

TEST_GROUP(run_messages)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_run_messages_know_the_placeholders_of_others, release),
        cmocka_unit_test_teardown(test_run_messages_that_look_like_json_are, release),
        cmocka_unit_test_teardown(test_run_messages_are_json_with_each_raw_prompt_and_user,
                                  release),
        cmocka_unit_test_teardown(test_run_messages_of_steps_are_looked_at_as_well, release),
        cmocka_unit_test_teardown(test_run_messages_without_a_prompt_get_a_note, release),
    };
    return cmocka_run_group_tests(tests, write_prompts, remove_prompts);
}
