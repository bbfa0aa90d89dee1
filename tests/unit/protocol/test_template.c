#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/protocol/template.h"

static const char *const columns[] = {"user", "api-key", "a.b_2"};

static const struct template_scope everything = {
    .variables = TEMPLATE_CLIENT_VARIABLES | TEMPLATE_SERVER_VARIABLES | TEMPLATE_PART |
                 TEMPLATE_PART_INDEX,
    .columns = columns,
    .column_count = ARRAY_LENGTH(columns),
};

static const struct template_scope client = {.variables = TEMPLATE_CLIENT_VARIABLES};

static const struct template_column cells[] = {
    {{"o\"neil", 6}, {"o\\\"neil", 7}},
    {{"k-1", 3}, {"k-1", 3}},
    {{"", 0}, {"", 0}},
};

static const struct template_values values = {
    .prompt = {"say \"hi\"", 8},
    .prompt_escaped = {"say \\\"hi\\\"", 10},
    .run_id = 0x0badcafe,
    .seq = 42,
    .unix_ms = 1795341600123,
    .connection_id = {"Qyi07eCbtjMCJKw=", 16},
    .request_id = {"Qyi3UG41tjMFlUg=", 16},
    .connection = 7,
    .part = {"one\\ntwo", 8},
    .token = {"tok", 3},
    .correlation = {"0badcafe-29", 11},
    .part_index = 3,
    .columns = cells,
};

/* Renders into memory of exactly the bound, so that a sanitizer sees a byte too many. */
static void assert_renders(const char *text, const char *expected)
{
    struct template template;
    struct error error = {""};
    size_t bound;
    size_t length;
    char *out;

    assert_int_equal(template_compile(&template, text_of(text), &everything, &error), 0);
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
        {"{{connection}}", "7"},
        {"{{part}}: {{prompt:part}}", "3: one\\ntwo"},
        {"{{token}} of {{correlation}}", "tok of 0badcafe-29"},
        {"{{user}} {{user:raw}}", "o\\\"neil o\"neil"},
        {"{{ api-key }}/{{a.b_2:raw}}/{{a.b_2}}", "k-1//"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_renders(cases[i].text, cases[i].expected);
}

static void test_template_renders_the_longest_numbers_within_its_bound(void **state)
{
    static const struct template_values longest = {.run_id = UINT32_MAX,
                                                   .seq = UINT64_MAX,
                                                   .unix_ms = UINT64_MAX,
                                                   .connection = UINT64_MAX,
                                                   .part_index = UINT64_MAX};
    static const char expected[] =
        "ffffffff-ffffffffffffffff 18446744073709551615 18446744073709551615 "
        "18446744073709551615 18446744073709551615";
    struct template template;
    struct error error;
    char out[sizeof(expected)];

    (void)state;
    assert_int_equal(
        template_compile(&template, text_of("{{id}} {{seq}} {{timestamp}} {{connection}} {{part}}"),
                         &everything, &error),
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
        template_compile(&template, (struct text){"\0\xFF{{seq}}\0", 10}, &everything, &error), 0);
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
    assert_int_equal(
        template_compile(&template, text_of("x{{prompt:raw}}y{{timestamp}}"), &everything, &error),
        0);
    assert_true(template.variables & TEMPLATE_PROMPT_RAW);
    assert_true(template.variables & TEMPLATE_TIMESTAMP);
    assert_false(template.variables & TEMPLATE_PROMPT);
    assert_false(template.variables & TEMPLATE_SEQ);
    template_free(&template);
    assert_false(template.variables & TEMPLATE_TIMESTAMP);
    template_free(&template);
}

static void test_template_refuses_what_it_does_not_know(void **state)
{
    static const char there_are[] =
        "there are {{prompt}}, {{prompt:raw}}, {{id}}, {{seq}}, {{timestamp}}, {{connection}}";
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
        {"{{connectionId}}", "{{connectionId}}", "; did you mean {{connection}} ?"},
        {"{{user}}", "{{user}}", ""},
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
        assert_int_equal(template_compile(&template, text_of(cases[i].text), &client, &error), -1);
        assert_string_equal(error.text, expected);
        assert_null(template.parts);
    }
}

static void test_template_knows_a_column_whichever_it_is(void **state)
{
    static const struct {
        const char *text;
        bool column;
        bool raw;
    } cases[] = {{"{{user}}", true, false}, {"{{a.b_2:raw}}", false, true}, {"user", false, false}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct template template;
        struct error error;

        assert_int_equal(template_compile(&template, text_of(cases[i].text), &everything, &error),
                         0);
        assert_int_equal((template.variables & TEMPLATE_COLUMN) != 0, cases[i].column);
        assert_int_equal((template.variables & TEMPLATE_COLUMN_RAW) != 0, cases[i].raw);
        template_free(&template);
    }
}

static void test_template_columns_are_raw_where_the_scope_says_so(void **state)
{
    struct template_scope scope = everything;
    struct template template;
    struct error error;
    char out[2 * 7 + 1];

    (void)state;
    scope.columns_raw = true;
    assert_int_equal(template_compile(&template, text_of("{{user}} {{user:raw}}"), &scope, &error),
                     0);
    assert_int_equal(template_render(&template, &values, out), 13);
    assert_memory_equal(out, "o\"neil o\"neil", 13);
    assert_false(template.variables & TEMPLATE_COLUMN);
    template_free(&template);
}

static const char *const field_names[] = {"lang", "n", "user", "seq", "x y"};

static void test_template_gives_places_to_the_fields_that_it_uses(void **state)
{
    static const struct template_column row[] = {{{"2", 1}, {"2", 1}}, {{"\"", 1}, {"\\\"", 2}}};
    size_t places[ARRAY_LENGTH(field_names)] = {0};
    struct template_fields fields = {field_names, ARRAY_LENGTH(field_names), places, 0};
    struct template_scope scope = {.variables = TEMPLATE_CLIENT_VARIABLES, .fields = &fields};
    struct template_values with_row = {.seq = 7, .fields = row};
    struct template template;
    struct error error;
    char out[16];

    (void)state;
    assert_int_equal(template_compile(&template, text_of("{{n}}{{seq}}"), &scope, &error), 0);
    assert_true(template.variables & TEMPLATE_FIELD);
    template_free(&template);
    assert_int_equal(
        template_compile(&template, text_of("{{x y}}{{x y:raw}}{{ n }}{{n:raw}}"), &scope, &error),
        0);
    assert_int_equal(fields.used, 2);
    assert_int_equal(places[1], 1);
    assert_int_equal(places[4], 2);
    assert_int_equal(template_bound(&template, &with_row), 5);
    assert_int_equal(template_render(&template, &with_row, out), 5);
    assert_memory_equal(out, "\\\"\"22", 5);
    with_row.fields = NULL;
    assert_int_equal(template_bound(&template, &with_row), 0);
    template_free(&template);
}

static void test_template_refuses_a_name_of_two_meanings(void **state)
{
    size_t places[ARRAY_LENGTH(field_names)] = {0};
    struct template_fields fields = {field_names, ARRAY_LENGTH(field_names), places, 0};
    struct template_scope scope = {
        .columns = columns, .column_count = ARRAY_LENGTH(columns), .fields = &fields};
    struct template template;
    struct error error;

    (void)state;
    assert_int_equal(template_compile(&template, text_of("{{user:raw}}"), &scope, &error), -1);
    assert_string_equal(error.text,
                        "{{user}} is a column of the users and a field of the prompts; rename one");
    assert_int_equal(template_compile(&template, text_of("{{lnag}}"), &scope, &error), -1);
    assert_string_equal(error.text,
                        "unknown variable {{lnag}}; there are {{user}}, {{api-key}}, {{a.b_2}}, "
                        "{{lang}}, {{n}}, {{user}}, {{seq}}, {{x y}}; did you mean {{lang}} ?");
}

static void test_template_offers_columns(void **state)
{
    static const struct template_scope scope = {.variables = TEMPLATE_CONNECTION,
                                                .columns = columns,
                                                .column_count = ARRAY_LENGTH(columns)};
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"{{usr}}", "{{usr}}; there are {{connection}}, {{user}}, {{api-key}}, {{a.b_2}}; did you "
                    "mean {{user}} ?"},
        {"{{api_key:raw}}", "{{api_key:raw}}; there are {{connection}}, {{user}}, {{api-key}}, "
                            "{{a.b_2}}; did you mean {{api-key}} ?"},
        {"{{conection}}", "{{conection}}; there are {{connection}}, {{user}}, {{api-key}}, "
                          "{{a.b_2}}; did you mean {{connection}} ?"},
        {"{{:raw}}", "{{:raw}}; there are {{connection}}, {{user}}, {{api-key}}, {{a.b_2}}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct template template;
        struct error error;

        assert_int_equal(template_compile(&template, text_of(cases[i].text), &scope, &error), -1);
        assert_non_null(strstr(error.text, cases[i].expected));
        assert_string_equal(strstr(error.text, cases[i].expected), cases[i].expected);
    }
}

static void test_template_offers_nothing_where_there_is_nothing(void **state)
{
    static const struct template_scope nothing = {0};
    struct template template;
    struct error error;

    (void)state;
    assert_int_equal(template_compile(&template, text_of("{{seq}}"), &nothing, &error), -1);
    assert_string_equal(error.text, "unknown variable {{seq}}; there are none");
}

static void test_template_cuts_a_long_list_of_columns(void **state)
{
    enum { COUNT = 100 };
    char names[COUNT][16];
    const char *many[COUNT];
    struct template_scope scope = {.columns = many, .column_count = COUNT};
    struct template template;
    struct error error;

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof(names[i]), "column-%zu", i);
        many[i] = names[i];
    }
    assert_int_equal(template_compile(&template, text_of("{{clumn-77}}"), &scope, &error), -1);
    assert_non_null(strstr(error.text, ", {{column-39}}, ...; did you mean {{column-77}} ?"));
}

static void test_template_column_names_are_plain_and_new(void **state)
{
    static const struct {
        const char *name;
        bool valid;
    } cases[] = {
        {"user", true},  {"User_2.x-y", true}, {"9", true},           {"raw", true},
        {"token", true}, {"requestId", true},  {"Prompt", true},      {"", false},
        {"a b", false},  {"a:raw", false},     {"caf\u00e9", false},  {"a}", false},
        {"a,b", false},  {"prompt", false},    {"prompt:raw", false}, {"part", false},
        {"id", false},   {"seq", false},       {"timestamp", false},  {"connection", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(template_column_valid(cases[i].name), cases[i].valid);
}

static void test_template_refuses_an_unfinished_variable(void **state)
{
    static const char *const texts[] = {"{{",         "{{prompt", "{{prompt}",
                                        "a{{seq}}{{", "{{{",      "{{seq} }"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct template template;
        struct error error;

        assert_int_equal(template_compile(&template, text_of(texts[i]), &everything, &error), -1);
        assert_non_null(strstr(error.text, "close it with }}"));
    }
}

static void test_template_id_is_read_back(void **state)
{
    static const char *const others[] = {"",
                                         "0badcafe",
                                         "0badcafe-",
                                         "0badcafe-0",
                                         "0badcafe-02a",
                                         "0badcafe_2a",
                                         "0badcaf-2a",
                                         "0BADCAFE-2a",
                                         "0badcafe-2A",
                                         "0badcafe-2g",
                                         "0badcafe-2a ",
                                         "0badcafe-11111111111111111"};
    static const uint64_t numbers[] = {1, 42, UINT64_C(0xffffffffff), UINT64_MAX};
    char text[TEMPLATE_ID_SIZE];
    uint32_t run_id;
    uint64_t seq;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        size_t length = template_id(0x0badcafe, numbers[i], text);

        assert_true(template_id_read((struct text){text, length}, &run_id, &seq));
        assert_int_equal(run_id, 0x0badcafe);
        assert_int_equal(seq, numbers[i]);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
        assert_false(template_id_read(text_of(others[i]), &run_id, &seq));
}

TEST_GROUP(template)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_template_renders_variables),
        cmocka_unit_test(test_template_renders_the_longest_numbers_within_its_bound),
        cmocka_unit_test(test_template_keeps_bytes_that_are_no_text),
        cmocka_unit_test(test_template_knows_what_it_uses),
        cmocka_unit_test(test_template_refuses_what_it_does_not_know),
        cmocka_unit_test(test_template_knows_a_column_whichever_it_is),
        cmocka_unit_test(test_template_columns_are_raw_where_the_scope_says_so),
        cmocka_unit_test(test_template_gives_places_to_the_fields_that_it_uses),
        cmocka_unit_test(test_template_refuses_a_name_of_two_meanings),
        cmocka_unit_test(test_template_offers_columns),
        cmocka_unit_test(test_template_offers_nothing_where_there_is_nothing),
        cmocka_unit_test(test_template_cuts_a_long_list_of_columns),
        cmocka_unit_test(test_template_column_names_are_plain_and_new),
        cmocka_unit_test(test_template_refuses_an_unfinished_variable),
        cmocka_unit_test(test_template_id_is_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
