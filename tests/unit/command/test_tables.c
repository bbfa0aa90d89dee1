#include "testing.h"

#include <stdio.h>
#include <string.h>

#include "help.h"
#include "option_parse.h"
#include "run_options.h"
#include "serve_options.h"
#include "wsload/judge/thresholds.h"
#include "wsload/protocol/reply.h"
#include "wsload/protocol/template.h"
#include "wsload/report/formats.h"

static const struct option_set *const sets[] = {&run_option_set, &serve_option_set,
                                                &report_option_set, &merge_option_set};

/* Every line of TEXT is at most LIMIT columns (the texts are ASCII). Returns how many there are. */
static size_t count_lines(const char *text, size_t limit)
{
    size_t lines = 0;
    for (; *text; lines++) {
        size_t length = strcspn(text, "\n");
        if (length > limit)
            fail_msg("%zu columns: %.*s", length, (int)length, text);
        text += length + (text[length] == '\n');
    }
    return lines;
}

static void test_tables_have_no_name_twice(void **state)
{
    (void)state;
    for (size_t s = 0; s < ARRAY_LENGTH(sets); s++) {
        assert_true(option_count(sets[s]) <= OPTION_ROWS_MAX);
        for (size_t i = 0; i < option_count(sets[s]); i++) {
            const struct option_row *row = option_at(sets[s], i);
            char letter[] = {'-', row->letter, '\0'};
            assert_ptr_equal(option_find(sets[s], row->name), row);
            if (row->letter)
                assert_ptr_equal(option_find(sets[s], letter), row);
        }
    }
}

static void test_tables_rows_are_whole(void **state)
{
    (void)state;
    for (size_t s = 0; s < ARRAY_LENGTH(sets); s++) {
        for (size_t i = 0; i < option_count(sets[s]); i++) {
            const struct option_row *row = option_at(sets[s], i);
            assert_true(row->group && row->help);
            assert_int_equal(row->argument == NULL, row->type == OPTION_FLAG);
            assert_int_equal(row->choices != NULL, row->type == OPTION_CHOICE);
        }
    }
}

static void test_tables_defaults_pass_their_own_checks(void **state)
{
    (void)state;
    char *argv[] = {(char *)"wsload", NULL};
    struct run_options run;
    struct serve_options serve;
    struct error error;
    assert_int_equal(run_options_parse(1, argv, &run, &error), 0); /* aborts otherwise */
    assert_int_equal(options_parse(&serve_option_set, 1, argv, &serve, NULL, &error), 0);
    assert_int_equal(run.connections, 0); /* not given */
    assert_int_equal(run.plan.reply_timeout_ns, UINT64_C(30000000000));
    assert_int_equal(run.plan.connect_timeout_ns, UINT64_C(10000000000));
    assert_string_equal(run.template, "{\"message\": \"{{prompt}}\"}");
    assert_string_equal(run.summary, "load_test_summary.json");
    assert_string_equal(serve.listen, "127.0.0.1:8080");
}

/* Each has room in the list of them all. */
static void test_tables_variables_are_all_known(void **state)
{
    size_t total = 0;
    struct error error;
    (void)state;
    for (size_t s = 0; s < ARRAY_LENGTH(sets); s++) {
        total += option_count(sets[s]) + sets[s]->arguments_max * (sets[s]->argument_env != NULL);
        for (size_t i = 0; i < option_count(sets[s]); i++) {
            char variable[80];
            const char *const environment[] = {variable, NULL};
            option_environment_name(sets[s], option_at(sets[s], i), variable);
            memcpy(variable + strlen(variable), "=1", 3);
            if (option_check_environment(sets, ARRAY_LENGTH(sets), environment, &error))
                fail_msg("%s", error.text);
        }
    }
    assert_true(total <= OPTION_VARIABLES_MAX);
}

/* No name is one of ours, and what is said instead is. */
static void check_synonym(const struct option_set *set, const struct option_synonym *row)
{
    char names[200];
    char ours[64];
    char *rest = NULL;
    snprintf(names, sizeof(names), "%s", row->names);
    for (char *name = strtok_r(names, " ", &rest); name; name = strtok_r(NULL, " ", &rest))
        if (option_find(set, name))
            fail_msg("%s is an option", name);
    snprintf(ours, sizeof(ours), "%.*s", (int)strcspn(row->ours, " ,"), row->ours);
    if (ours[0] == '-' && !option_find(set, ours))
        fail_msg("%s is no option", ours);
}

static void test_tables_synonyms_lead_to_options(void **state)
{
    (void)state;
    for (const struct option_synonym *row = run_option_set.synonyms; row->names; row++)
        check_synonym(&run_option_set, row);
    for (const struct option_synonym *row = serve_option_set.synonyms; row->names; row++)
        check_synonym(&serve_option_set, row);
}

static void test_tables_help_fits_the_screen(void **state)
{
    (void)state;
    for (size_t s = 0; s < ARRAY_LENGTH(sets); s++) {
        struct buffer out;
        buffer_init(&out, 1 << 16);
        help_options(sets[s], HELP_COMMON, &out);
        assert_true(count_lines(out.data, 80) < 50); /* with head and tail below 60 */
        buffer_clear(&out);
        help_options(sets[s], HELP_ALL, &out);
        count_lines(out.data, 80);
        buffer_clear(&out);
        for (size_t i = 0; i < option_count(sets[s]); i++)
            help_option(sets[s], option_at(sets[s], i), &out);
        count_lines(out.data, 80);
        buffer_free(&out);
    }
}

/* Each line that is no heading has its help in the same column, with two spaces in front. */
static void test_tables_help_is_aligned(void **state)
{
    (void)state;
    for (size_t s = 0; s < ARRAY_LENGTH(sets); s++) {
        struct buffer out;
        buffer_init(&out, 1 << 16);
        help_options(sets[s], HELP_ALL, &out);
        for (const char *line = out.data; *line; line = strchr(line, '\n') + 1) {
            if (line[0] == ' ' && (strncmp(line + 34, "  ", 2) != 0 || line[36] == ' '))
                fail_msg("not aligned: %.36s", line);
        }
        buffer_free(&out);
    }
}

/* Whether TEXT holds WORD with nothing behind it that would make it another one. */
static bool has_word(const char *text, const char *word)
{
    for (const char *found = text; (found = strstr(found, word)); found++)
        if (strchr(" ,\n", found[strlen(word)]))
            return true;
    return false;
}

/* In the short help as "--name", in the long one with its argument. */
static void test_tables_help_names_every_option(void **state)
{
    (void)state;
    for (size_t s = 0; s < ARRAY_LENGTH(sets); s++) {
        struct buffer brief;
        struct buffer all;
        buffer_init(&brief, 1 << 16);
        buffer_init(&all, 1 << 16);
        help_options(sets[s], HELP_COMMON, &brief);
        help_options(sets[s], HELP_ALL, &all);
        for (size_t i = 0; i < option_count(sets[s]); i++) {
            char name[64];
            const struct option_row *row = option_at(sets[s], i);
            int length = snprintf(name, sizeof(name), "--%s", row->name);
            if (!has_word(brief.data, name))
                fail_msg("'%s' is not in --help", name);
            if (row->argument)
                snprintf(name + length, sizeof(name) - (size_t)length, " %s", row->argument);
            if (!has_word(all.data, name))
                fail_msg("'%s' is not in help all", name);
        }
        buffer_free(&brief);
        buffer_free(&all);
    }
}

static void test_tables_help_of_an_option_tells_all(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 1 << 16);
    help_option(&run_option_set, option_find(&run_option_set, "--timeout"), &out);
    assert_string_equal(
        out.data, "--timeout T   (wsload, Replies)\n"
                  "\n"
                  "  wait this long for the end of a reply\n"
                  "  A reply that comes later would be taken for that of the next request, so the\n"
                  "  connection is closed as well and opened again, unless --correlate tells them\n"
                  "  apart.\n"
                  "\n"
                  "  Allowed: at least 1 ms.\n"
                  "  Default: 30s.\n"
                  "  Environment: WSLOAD_TIMEOUT.\n");
    buffer_free(&out);
}

/* Each word of LIST, which a parser gives, stands in the help of the option. */
static void expect_words(const struct option_set *set, const char *option, const char *list)
{
    const struct option_row *row = option_find(set, option);
    while (*list) {
        char word[64];
        size_t length = strcspn(list, ", ");
        snprintf(word, sizeof(word), "%.*s", (int)length, list);
        if (!strstr(row->more, word))
            fail_msg("'%s' is not in the help of --%s", word, option);
        list += length + strspn(list + length, ", ");
    }
}

/* What stands behind WORDS in the error. */
static const char *behind(const struct error *error, const char *words)
{
    const char *found = strstr(error->text, words);
    assert_non_null(found);
    return found + strlen(words);
}

static void test_tables_help_lists_what_parsers_take(void **state)
{
    (void)state;
    static const char *const with_rules[] = {"reply-end", "ignore", "fail-on", "expect"};
    struct template_scope scope = {.variables = TEMPLATE_CLIENT_VARIABLES};
    struct template template;
    struct thresholds thresholds = {0};
    struct error error;
    assert_int_equal(template_compile(&template, text_of("{{?}}"), &scope, &error), -1);
    expect_words(&run_option_set, "template", behind(&error, "there are "));
    scope.variables = TEMPLATE_SERVER_VARIABLES;
    assert_int_equal(template_compile(&template, text_of("{{?}}"), &scope, &error), -1);
    expect_words(&serve_option_set, "reply", behind(&error, "there are "));
    assert_int_equal(thresholds_parse(&thresholds, "latency:?<1", &error), -1);
    expect_words(&run_option_set, "threshold", behind(&error, "; use "));
    for (size_t i = 0; i < ARRAY_LENGTH(with_rules); i++)
        expect_words(&run_option_set, with_rules[i], RULE_FORMS);
    size_t count;
    const struct format *formats = formats_table(&count);
    for (size_t i = 0; i < count; i++) {
        expect_words(&run_option_set, "out", formats[i].kind);
        expect_words(&report_option_set, "out", formats[i].kind);
        expect_words(&merge_option_set, "out", formats[i].kind);
    }
}

TEST_GROUP(tables)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_have_no_name_twice),
        cmocka_unit_test(test_tables_rows_are_whole),
        cmocka_unit_test(test_tables_defaults_pass_their_own_checks),
        cmocka_unit_test(test_tables_variables_are_all_known),
        cmocka_unit_test(test_tables_synonyms_lead_to_options),
        cmocka_unit_test(test_tables_help_fits_the_screen),
        cmocka_unit_test(test_tables_help_is_aligned),
        cmocka_unit_test(test_tables_help_names_every_option),
        cmocka_unit_test(test_tables_help_of_an_option_tells_all),
        cmocka_unit_test(test_tables_help_lists_what_parsers_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
