#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wsload/load/prompts.h"

static char directory[] = "/tmp/wsload-test-XXXXXX";

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) == NULL || chdir(directory) != 0;
}

static int remove_directory(void **state)
{
    (void)state;
    unlink("p.txt");
    unlink("p.jsonl");
    return chdir("/") != 0 || rmdir(directory) != 0;
}

static void write_bytes(const char *path, const char *data, size_t length)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

struct expected_prompt {
    size_t line;
    const char *text;
    const char *escaped;
};

static int load(struct prompts *prompts, const char *path, const char *field, struct error *error)
{
    return prompts_open(prompts, path, field, error) || prompts_load(prompts, error) ? -1 : 0;
}

static void assert_loads(const char *path, const char *field, const char *contents,
                         const struct expected_prompt *expected, size_t count)
{
    struct prompts prompts;
    struct error error = {""};

    write_bytes(path, contents, strlen(contents));
    assert_int_equal(load(&prompts, path, field, &error), 0);
    assert_int_equal(prompts.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(prompts.items[i].line, expected[i].line);
        assert_true(text_equal(prompts.items[i].text, text_of(expected[i].text)));
        assert_true(text_equal(prompts.items[i].escaped, text_of(expected[i].escaped)));
    }
    prompts_free(&prompts);
}

static void test_prompts_are_the_lines_of_a_text(void **state)
{
    static const struct expected_prompt expected[] = {
        {1, "first", "first"},
        {3, "say \"hi\"", "say \\\"hi\\\""},
        {4, "caf\xC3\xA9\tau lait", "caf\xC3\xA9\\tau lait"},
        {6, "C:\\", "C:\\\\"},
        {7, "last", "last"},
    };

    (void)state;
    assert_loads("p.txt", NULL,
                 "\xEF\xBB\xBF"
                 "first\r\n\n  say \"hi\" \t\ncaf\xC3\xA9\tau lait\r\n \t\r\nC:\\\nlast",
                 expected, ARRAY_LENGTH(expected));
}

static void test_prompts_are_members_of_json_lines(void **state)
{
    static const struct expected_prompt expected[] = {
        {1, "a", "a"},
        {2, "b", "b"},
        {4, "say \"hi\"\n", "say \\\"hi\\\"\\n"},
        {5, " \xC3\xA9\xF0\x9F\x98\x80 ", " \xC3\xA9\xF0\x9F\x98\x80 "},
        {6, "", ""},
    };

    (void)state;
    assert_loads("p.jsonl", NULL,
                 "\xEF\xBB\xBF{\"prompt\":\"a\"}\r\n"
                 "  {\"Question\":\"b\", \"Answer\":\"c\"}\n"
                 "\n"
                 "{\"Question\":\"no\", \"prompt\":\"say \\\"hi\\\"\\n\"}\n"
                 "{\"prompt\":\" \\u00e9\\ud83d\\ude00 \"}\n"
                 "{\"prompt\":\"\"}\n",
                 expected, ARRAY_LENGTH(expected));
}

static void test_prompts_take_the_field_that_was_named(void **state)
{
    static const struct expected_prompt expected[] = {{1, "c", "c"}};

    (void)state;
    assert_loads("p.jsonl", "Answer", "{\"prompt\":\"a\",\"Answer\":\"c\"}", expected, 1);
}

/* The escaped texts share one buffer that moves while it grows. */
static void test_prompts_keep_their_escapes_apart(void **state)
{
    enum { COUNT = 5000 };
    struct buffer contents;
    struct prompts prompts;
    struct error error;

    (void)state;
    buffer_init(&contents, 1 << 20);
    for (int i = 0; i < COUNT; i++)
        buffer_printf(&contents, i % 3 == 0 ? "plain %d\n" : "\"quoted\" %d\n", i);
    write_bytes("p.txt", contents.data, contents.length);
    assert_int_equal(load(&prompts, "p.txt", NULL, &error), 0);
    assert_int_equal(prompts.count, COUNT);
    for (int i = 0; i < COUNT; i++) {
        char expected[40];

        snprintf(expected, sizeof(expected), i % 3 == 0 ? "plain %d" : "\\\"quoted\\\" %d", i);
        assert_true(text_equal(prompts.items[i].escaped, text_of(expected)));
    }
    prompts_free(&prompts);
    buffer_free(&contents);
}

static void test_prompts_come_from_standard_input(void **state)
{
    int saved = dup(STDIN_FILENO);
    int ends[2];
    struct prompts prompts;
    struct error error;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "one\ntwo\n", 8), 8);
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    assert_int_equal(load(&prompts, "-", NULL, &error), 0);
    assert_int_equal(prompts.count, 2);
    prompts_free(&prompts);
    assert_int_equal(load(&prompts, "-", NULL, &error), -1);
    assert_string_equal(error.text, "standard input: no prompts in it; write one on each line");
    dup2(saved, STDIN_FILENO);
    close(saved);
}

#define CONTENTS(literal) literal, sizeof(literal) - 1

static void test_prompts_errors_name_path_and_line(void **state)
{
    static const struct {
        const char *path;
        const char *field;
        const char *contents;
        size_t length;
        const char *expected;
    } cases[] = {
        {"p.txt", NULL, CONTENTS(""), "p.txt: no prompts in it; write one on each line"},
        {"p.txt", NULL, CONTENTS("\xEF\xBB\xBF \r\n\n"),
         "p.txt: no prompts in it; write one on each line"},
        {"p.txt", NULL, CONTENTS("a\nb\ncaf\xE9\n"),
         "p.txt: line 3: not valid UTF-8; save the file as UTF-8"},
        {"p.txt", NULL, CONTENTS("a\n\nb\0c\n"),
         "p.txt: line 3: a NUL byte: this is no text, or UTF-16; save the file as UTF-8"},
        {"p.jsonl", NULL, CONTENTS("{\"prompt\":\"a\"}\nhello\n"),
         "p.jsonl: line 2: not a JSON object; JSON lines have one on each line"},
        {"p.jsonl", NULL, CONTENTS("{\"prompt\":\"a\\u0000b\"}"),
         "p.jsonl: line 1: a NUL (\\u0000), which no prompt can hold; take it out"},
        {"p.jsonl", NULL, CONTENTS("[\"prompt\"]"),
         "p.jsonl: line 1: a JSON array; JSON lines have an object on each line, as `jq -c '.[]'` "
         "makes them"},
        {"p.jsonl", NULL, CONTENTS("{\"prompt\":\"a\"} {\"prompt\":\"b\"}"),
         "p.jsonl: line 1: not a JSON object; JSON lines have one on each line"},
        {"p.jsonl", NULL, CONTENTS("{\"prompt\":\"a\""),
         "p.jsonl: line 1: not a JSON object; JSON lines have one on each line"},
        {"p.jsonl", NULL, CONTENTS("{\"text\":\"a\"}"),
         "p.jsonl: line 1: no member 'prompt' or 'Question'; the first line has 'text'; name the "
         "right one "
         "with --prompt-field"},
        {"p.jsonl", "q", CONTENTS("{\"q\":\"a\"}\n{\"prompt\":\"a\"}"),
         "p.jsonl: line 2: no member 'q'; the first line has 'q'; name the right one with "
         "--prompt-field"},
        {"p.jsonl", NULL, CONTENTS("{\"prompt\":7}"),
         "p.jsonl: line 1: member 'prompt' is not a string; name another one with --prompt-field"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct prompts prompts;
        struct error error;

        write_bytes(cases[i].path, cases[i].contents, cases[i].length);
        assert_int_equal(load(&prompts, cases[i].path, cases[i].field, &error), -1);
        assert_string_equal(error.text, cases[i].expected);
        assert_null(prompts.items);
        prompts_free(&prompts);
    }
}

static void test_prompts_errors_say_how_to_mend_a_missing_file(void **state)
{
    struct prompts prompts;
    struct error error;

    (void)state;
    assert_int_equal(load(&prompts, "absent.txt", NULL, &error), -1);
    assert_string_equal(error.text,
                        "absent.txt: No such file or directory; give the file of prompts as the "
                        "second argument, or create it");
    assert_int_equal(load(&prompts, ".", NULL, &error), -1);
    assert_string_equal(error.text, ".: Is a directory");
}

/* The file is sparse: it takes no room on the disk, and is refused before it is read. */
static void test_prompts_bound_the_size_of_the_file(void **state)
{
    struct prompts prompts;
    struct error error;

    (void)state;
    write_bytes("p.txt", "a\n", 2);
    assert_int_equal(truncate("p.txt", (off_t)1 << 32), 0);
    assert_int_equal(load(&prompts, "p.txt", NULL, &error), -1);
    assert_string_equal(error.text,
                        "p.txt: larger than 4,294,967,295 bytes, the most that is allowed");
}

/* --- Fields --- */

/* Opens PATH with CONTENTS, compiles TEMPLATE_TEXT for it, and loads. */
static int load_using(struct prompts *prompts, const char *path, const char *field,
                      const char *contents, const char *template_text, struct error *error)
{
    struct template template = {0};
    struct template_scope scope = {.variables = TEMPLATE_CLIENT_VARIABLES,
                                   .fields = &prompts->fields};

    write_bytes(path, contents, strlen(contents));
    if (prompts_open(prompts, path, field, error))
        return -1;
    if (template_compile(&template, text_of(template_text), &scope, error)) {
        prompts_free(prompts);
        return -1;
    }
    template_free(&template);
    return prompts_load(prompts, error);
}

/* What a template makes of the file's prompts, each on a line. */
static void test_prompts_have_fields(void **state)
{
    static const struct {
        const char *path;
        const char *field;
        const char *contents;
        const char *template;
        const char *expected;
    } cases[] = {
        /* JSON lines: strings decoded, numbers and words as they stand */
        {"p.jsonl", NULL,
         "{\"prompt\": \"a\", \"lang\": \"fr\"}\n{\"lang\": \"\\u00e9\\\"\", \"prompt\": \"b\"}",
         "{{prompt}} {{lang}} {{lang:raw}};", "a fr fr;b \u00e9\\\" \u00e9\";"},
        {"p.jsonl", NULL,
         "{\"prompt\": \"a\", \"n\": 1.10, \"big\": 12345678901234567890, \"yes\": true, "
         "\"no\":false}",
         "{{big}} {{n}} {{yes}} {{no:raw}};", "12345678901234567890 1.10 true false;"},
        {"p.jsonl", "q", "{\"q\": \"a\", \"q\": \"b\", \"x y\": \"c\", \"x y\": \"d\"}",
         "{{prompt}} {{q}} {{ x y }};", "a a c;"},
        /* wsload's own names mean the same everywhere */
        {"p.jsonl", "q", "{\"q\": \"a\", \"prompt\": \"b\", \"seq\": \"c\"}", "{{prompt}} {{seq}};",
         "a 0;"},
        /* by content, whatever the name */
        {"p.txt", "q", " \n {\"q\": \"a\"}\n\n{\"q\": \"b\"}", "{{q}};", "a;b;"},
        {"p.csv", "q", "{\"q\": \"a\"}", "{{q}};", "a;"},
        {"p.txt", NULL, "{\"q\": \"a\"}", "{{prompt:raw}};", "{\"q\": \"a\"};"},
        {"p.txt", NULL, "{curly} text\n", "{{prompt}};", "{curly} text;"},
        /* CSV */
        {"p.csv", NULL, "lang,prompt\nfr,a\nde,b\n", "{{prompt}} {{lang}};", "a fr;b de;"},
        {"p.csv", NULL, "Question,x\na,1\n", "{{prompt}};", "a;"},
        {"p.txt", "b c", "a,b c\n1,2\n", "{{prompt}} {{a}} {{b c}};", "2 1 2;"},
        {"p.csv", "q", "q , x\n a , b \n", "[{{q}}][{{x}}];", "[ a ][ b ];"},
        {"p.csv", "q", "q,x,,\n\"say \"\"hi\"\"\",\"one,\ntwo\",,\n", "{{prompt}}/{{x}};",
         "say \\\"hi\\\"/one,\\ntwo;"},
        {"p.csv", "q", "q\n\n\"\"\nb\n", "<{{q}}>", "<><b>"},
        {"p.csv", "q", "\"q\"\r\n\"a\r\nb\"\r\n", "{{q:raw}};", "a\nb;"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct prompts prompts;
        struct error error = {""};
        struct template template;
        struct template_scope scope = {.variables = TEMPLATE_CLIENT_VARIABLES,
                                       .fields = &prompts.fields};
        char out[200];
        size_t length = 0;

        if (load_using(&prompts, cases[i].path, cases[i].field, cases[i].contents,
                       cases[i].template, &error))
            fail_msg("case %zu: %s", i, error.text);
        assert_int_equal(template_compile(&template, text_of(cases[i].template), &scope, &error),
                         0);
        for (size_t k = 0; k < prompts.count; k++) {
            struct template_values values = {.prompt = prompts.items[k].text,
                                             .prompt_escaped = prompts.items[k].escaped,
                                             .fields = prompts_fields(&prompts, k)};
            length += template_render(&template, &values, out + length);
        }
        if (!text_equal((struct text){out, length}, text_of(cases[i].expected)))
            fail_msg("case %zu: %.*s", i, (int)length, out);
        template_free(&template);
        prompts_free(&prompts);
        unlink("p.csv");
    }
}

static void test_prompts_keep_only_fields_that_are_used(void **state)
{
    struct prompts prompts;
    struct error error = {""};

    (void)state;
    assert_int_equal(load_using(&prompts, "p.jsonl", NULL,
                                "{\"a\": \"1\", \"b\": \"2\", \"prompt\": \"p\"}", "{{b}}{{b:raw}}",
                                &error),
                     0);
    assert_int_equal(prompts.fields.count, 3);
    assert_int_equal(prompts.fields.used, 1);
    assert_int_equal(prompts.texts.length, 2);
    assert_null(prompts.raw.data);
    prompts_free(&prompts);
    assert_int_equal(
        load_using(&prompts, "p.jsonl", NULL, "{\"a\": 1, \"prompt\": \"p\"}", "", &error), 0);
    assert_null(prompts_fields(&prompts, 0));
    prompts_free(&prompts);
}

static void test_prompts_errors_of_fields_name_the_line(void **state)
{
    static const struct {
        const char *path;
        const char *field;
        const char *contents;
        const char *template;
        const char *expected;
    } cases[] = {
        {"p.jsonl", NULL, "{\"prompt\": \"a\", \"lang\": \"fr\"}\n\n{\"prompt\": \"b\"}\n",
         "{{lang}}", "p.jsonl: line 3: no member 'lang', which a template uses"},
        {"p.jsonl", NULL, "{\"prompt\": \"a\", \"x\": null}", "{{x}}",
         "p.jsonl: line 1: member 'x' is no string, number, true or false, and a template uses it"},
        {"p.jsonl", NULL, "{\"prompt\": \"a\", \"x\": [1]}", "{{x}}",
         "p.jsonl: line 1: member 'x' is no string, number, true or false, and a template uses it"},
        {"p.jsonl", NULL, "{\"prompt\": \"a\", \"lang\": \"fr\"}", "{{lnag}}",
         "unknown variable {{lnag}}; there are {{prompt}}, {{prompt:raw}}, {{id}}, {{seq}}, "
         "{{timestamp}}, {{connection}}, {{lang}}; did you mean {{lang}} ?"},
        {"p.jsonl", NULL, "\n\n", "",
         "p.jsonl: no prompts in it; write a JSON object with one on each line"},
        {"p.txt", "q", "[{\"q\": \"a\"}]", "",
         "p.txt: line 1: a JSON array; JSON lines have an object on each line, as `jq -c '.[]'` "
         "makes them"},
        {"p.txt", "q", "{\n\"q\": \"a\"\n}", "",
         "p.txt: line 1: not a JSON object; JSON lines have one on each line"},
        {"p.txt", "q", "What is it?\nWhy?\n", "",
         "p.txt: line 1: no column 'q'; the first line has 'What is it?'; name the right one with "
         "--prompt-field"},
        {"p.csv", NULL, "a,\"b\nc\"\n1,2\n", "",
         "p.csv: line 1: no column 'prompt' or 'Question'; the first line has 'a', 'b\nc'; name "
         "the "
         "right one with --prompt-field"},
        {"p.csv", "q", "q,x\n1,\"2\n3\"\n4\n", "",
         "p.csv: line 4: 1 cell, and the first line has 2"},
        {"p.csv", "q", "q\n1,2,3\n", "", "p.csv: line 2: 3 cells, and the first line has 1"},
        {"p.csv", "q", "q\na\n5\" pipe\n", "",
         "p.csv: line 3: a quote out of place; a cell with quotes, commas or line breaks is \"one "
         "\"\"cell\"\"\""},
        {"p.csv", "q", "q,x,q\na,b,c\n", "",
         "p.csv: line 1: column 3 has the name of an earlier one; give each its own"},
        {"p.csv", "q", "q,x\n", "",
         "p.csv: no prompts in it; the first line names the columns, and each further row has one"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct prompts prompts;
        struct error error = {""};

        assert_int_equal(load_using(&prompts, cases[i].path, cases[i].field, cases[i].contents,
                                    cases[i].template, &error),
                         -1);
        assert_string_equal(error.text, cases[i].expected);
        assert_null(prompts.items);
        unlink("p.csv");
    }
}

static void test_prompts_tell_text_that_looks_like_json(void **state)
{
    static const struct {
        const char *contents;
        bool begins;
    } cases[] = {
        {"\n {\"prompt\": \"a\"}\nb\n", true},
        {"{}\n", true},
        {"a\n{}\n", false},
        {"{curly}\n", false},
        {"[1]\n", false},
        {"{} and more\n", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct prompts prompts;
        struct error error = {""};

        assert_int_equal(
            load_using(&prompts, "p.txt", NULL, cases[i].contents, "{{prompt}}", &error), 0);
        assert_int_equal(prompts.begins_with_object, cases[i].begins);
        prompts_free(&prompts);
    }
}

TEST_GROUP(prompts)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prompts_are_the_lines_of_a_text),
        cmocka_unit_test(test_prompts_are_members_of_json_lines),
        cmocka_unit_test(test_prompts_take_the_field_that_was_named),
        cmocka_unit_test(test_prompts_keep_their_escapes_apart),
        cmocka_unit_test(test_prompts_come_from_standard_input),
        cmocka_unit_test(test_prompts_errors_name_path_and_line),
        cmocka_unit_test(test_prompts_errors_say_how_to_mend_a_missing_file),
        cmocka_unit_test(test_prompts_bound_the_size_of_the_file),
        cmocka_unit_test(test_prompts_have_fields),
        cmocka_unit_test(test_prompts_keep_only_fields_that_are_used),
        cmocka_unit_test(test_prompts_errors_of_fields_name_the_line),
        cmocka_unit_test(test_prompts_tell_text_that_looks_like_json),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
