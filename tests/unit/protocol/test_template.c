#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/protocol/template.h"

#define ALL_VARIABLES (TEMPLATE_CLIENT_VARIABLES | TEMPLATE_SERVER_VARIABLES)

static const struct template_values values = {
    .prompt = {"say \"hi\"", 8},
    .prompt_escaped = {"say \\\"hi\\\"", 10},
    .run_id = 0x0badcafe,
    .seq = 42,
    .unix_ms = 1795341600123,
    .connection_id = {"Qyi07eCbtjMCJKw=", 16},
    .request_id = {"Qyi3UG41tjMFlUg=", 16},
};

/* Renders into memory of exactly the bound, so that a sanitizer sees a byte too many. */
static void assert_renders(const char *text, const char *expected)
{
    struct template template;
    struct error error = {""};
    size_t bound;
    size_t length;
    char *out;

    assert_int_equal(template_compile(&template, text_of(text), ALL_VARIABLES, &error), 0);
    bound = template_bound(&template, &values);
    out = malloc(bound + (bound == 0));
    assert_non_null(out);
    length = template_render(&template, &values, out);
    assert_true(length <= bound);
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(out, expected, length);
    free(out);
    template_free(&template);
}

static void test_template_renders_variables(void **state)
{
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"{\"message\": \"{{prompt}}\"}", "{\"message\": \"say \\\"hi\\\"\"}"},
        {"{{prompt:raw}}", "say \"hi\""},
        {"{{id}}", "0badcafe-2a"},
        {"{{seq}}", "42"},
        {"{{timestamp}}", "1795341600123"},
        {"{{connectionId}}/{{requestId}}", "Qyi07eCbtjMCJKw=/Qyi3UG41tjMFlUg="},
        {"{{ prompt }}{{\tseq\n}}", "say \\\"hi\\\"42"},
        {"{{seq}}{{seq}}{{seq}}", "424242"},
        {"a{b}c} }} {", "a{b}c} }} {"},
        {"{\"a\":{\"b\":{{seq}}}}", "{\"a\":{\"b\":42}}"},
        {"{", "{"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_renders(cases[i].text, cases[i].expected);
}

static void test_template_renders_the_longest_numbers_within_its_bound(void **state)
{
    static const struct template_values longest = {
        .run_id = UINT32_MAX, .seq = UINT64_MAX, .unix_ms = UINT64_MAX};
    static const char expected[] =
        "ffffffff-ffffffffffffffff 18446744073709551615 18446744073709551615";
    struct template template;
    struct error error;
    char out[sizeof(expected)];

    (void)state;
    assert_int_equal(template_compile(&template, text_of("{{id}} {{seq}} {{timestamp}}"),
                                      TEMPLATE_CLIENT_VARIABLES, &error),
                     0);
    assert_int_equal(template_bound(&template, &longest), strlen(expected));
    assert_int_equal(template_render(&template, &longest, out), strlen(expected));
    assert_memory_equal(out, expected, strlen(expected));
    template_free(&template);
}

static void test_template_keeps_bytes_that_are_no_text(void **state)
{
    struct template template;
    struct error error;
    char out[8];

    (void)state;
    assert_int_equal(
        template_compile(&template, (struct text){"\0\xFF{{seq}}\0", 10}, ALL_VARIABLES, &error),
        0);
    assert_int_equal(template_render(&template, &values, out), 5);
    assert_memory_equal(out,
                        "\0\xFF"
                        "42\0",
                        5);
    template_free(&template);
}

static void test_template_knows_what_it_uses(void **state)
{
    struct template template;
    struct error error;

    (void)state;
    assert_int_equal(template_compile(&template, text_of("x{{prompt:raw}}y{{timestamp}}"),
                                      ALL_VARIABLES, &error),
                     0);
    assert_true(template_uses_any(&template, TEMPLATE_PROMPT_RAW));
    assert_true(template_uses_any(&template, TEMPLATE_TIMESTAMP));
    assert_false(template_uses_any(&template, TEMPLATE_PROMPT));
    assert_false(template_uses_any(&template, TEMPLATE_SEQ));
    template_free(&template);
    assert_false(template_uses_any(&template, TEMPLATE_TIMESTAMP));
    template_free(&template);
}

static void test_template_refuses_what_it_does_not_know(void **state)
{
    static const char there_are[] =
        "there are {{prompt}}, {{prompt:raw}}, {{id}}, {{seq}}, {{timestamp}}";
    static const char meant_prompt[] = "; did you mean {{prompt}} ?";
    static const struct {
        const char *text;
        const char *name;
        const char *offer;
    } cases[] = {
        {"{{promt}}", "{{promt}}", meant_prompt},
        {"a {{ nothing }}", "{{nothing}}", ""},
        {"{{}}", "{{}}", ""},
        {"{{Prompt}}", "{{Prompt}}", meant_prompt},
        {"{{connectionId}}", "{{connectionId}}", ""},
        {"{{{prompt}}}", "{{{prompt}}", meant_prompt},
        {"{{\xFF\xFF\xFF\xFF}}", "{{\uFFFD\uFFFD\uFFFD\uFFFD}}", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct template template;
        struct error error;
        char expected[500];

        snprintf(expected, sizeof(expected), "unknown variable %s; %s%s", cases[i].name, there_are,
                 cases[i].offer);
        assert_int_equal(
            template_compile(&template, text_of(cases[i].text), TEMPLATE_CLIENT_VARIABLES, &error),
            -1);
        assert_string_equal(error.text, expected);
        assert_null(template.parts);
    }
}

static void test_template_refuses_an_unfinished_variable(void **state)
{
    static const char *const texts[] = {"{{",         "{{prompt", "{{prompt}",
                                        "a{{seq}}{{", "{{{",      "{{seq} }"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct template template;
        struct error error;

        assert_int_equal(template_compile(&template, text_of(texts[i]), ALL_VARIABLES, &error), -1);
        assert_non_null(strstr(error.text, "close it with }}"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_template_renders_variables),
        cmocka_unit_test(test_template_renders_the_longest_numbers_within_its_bound),
        cmocka_unit_test(test_template_keeps_bytes_that_are_no_text),
        cmocka_unit_test(test_template_knows_what_it_uses),
        cmocka_unit_test(test_template_refuses_what_it_does_not_know),
        cmocka_unit_test(test_template_refuses_an_unfinished_variable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
