#include "testing.h"

#include <stdlib.h>
#include <string.h>

#include "command_line.h"

static struct command_line line;
static struct buffer text;

static int set_up(void **state)
{
    (void)state;
    buffer_init(&text, 65536);
    command_line_add(&line, "wsload");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    command_line_free(&line);
    buffer_free(&text);
    return 0;
}

static void test_command_line_is_quoted_where_it_must_be(void **state)
{
    (void)state;
    command_line_add_option(&line, "insecure", NULL);
    command_line_add_option(&line, "reply-end", "json:type=end");
    command_line_add_option(&line, "ignore", "text:it's");
    command_line_write(&line, "ws://h/?a=***", &text);
    assert_string_equal(text.data, "wsload --insecure --reply-end json:type=end --ignore "
                                   "'text:it'\\''s' \\\n    'ws://h/?a=***'\n");
}

static void test_command_line_hides_what_may_be_secret(void **state)
{
    (void)state;
    command_line_add_option(&line, "header", "Authorization: Bearer abc");
    command_line_add_option(&line, "query", "token=abc");
    command_line_write(&line, "ws://h/", &text);
    assert_string_equal(text.data,
                        "wsload --header 'Authorization: ...' --query token=... ws://h/\n");
    assert_string_equal(line.words[2], "Authorization: Bearer abc");
}

static void test_command_line_keeps_values_with_their_options(void **state)
{
    char long_value[70];
    (void)state;
    memset(long_value, 'a', sizeof(long_value) - 1);
    long_value[sizeof(long_value) - 1] = '\0';
    command_line_add_option(&line, "template", long_value);
    command_line_write(&line, "ws://h/", &text);
    assert_non_null(strstr(text.data, "wsload \\\n    --template aaa"));
    assert_non_null(strstr(text.data, "aaa \\\n    ws://h/\n"));
}

static void test_command_line_has_an_end(void **state)
{
    (void)state;
    for (int i = 0; i < COMMAND_WORDS_MAX; i++)
        command_line_add(&line, "x");
    assert_true(line.full);
    assert_int_equal(line.count, COMMAND_WORDS_MAX);
    assert_null(line.words[COMMAND_WORDS_MAX]);
}

TEST_GROUP(command_line)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_command_line_is_quoted_where_it_must_be, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_command_line_hides_what_may_be_secret, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_command_line_keeps_values_with_their_options, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_command_line_has_an_end, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
