#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wsload/load/inputs.h"

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

static void assert_loads(const char *path, const char *field, const char *contents,
                         const struct expected_prompt *expected, size_t count)
{
    struct prompts prompts;
    struct error error = {""};

    write_bytes(path, contents, strlen(contents));
    assert_int_equal(prompts_load(&prompts, path, field, &error), 0);
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
    assert_int_equal(prompts_load(&prompts, "p.txt", NULL, &error), 0);
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
    assert_int_equal(prompts_load(&prompts, "-", NULL, &error), 0);
    assert_int_equal(prompts.count, 2);
    prompts_free(&prompts);
    assert_int_equal(prompts_load(&prompts, "-", NULL, &error), -1);
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
         "p.jsonl: line 2: not a JSON object; a .jsonl file has one on each line"},
        {"p.jsonl", NULL, CONTENTS("{\"prompt\":\"a\\u0000b\"}"),
         "p.jsonl: line 1: a NUL (\\u0000), which no prompt can hold; take it out"},
        {"p.jsonl", NULL, CONTENTS("[\"prompt\"]"),
         "p.jsonl: line 1: not a JSON object; a .jsonl file has one on each line"},
        {"p.jsonl", NULL, CONTENTS("{\"prompt\":\"a\"} {\"prompt\":\"b\"}"),
         "p.jsonl: line 1: not a JSON object; a .jsonl file has one on each line"},
        {"p.jsonl", NULL, CONTENTS("{\"prompt\":\"a\""),
         "p.jsonl: line 1: not a JSON object; a .jsonl file has one on each line"},
        {"p.jsonl", NULL, CONTENTS("{\"text\":\"a\"}"),
         "p.jsonl: line 1: no member 'prompt' or 'Question'; name the right one with "
         "--prompt-field"},
        {"p.jsonl", "q", CONTENTS("{\"q\":\"a\"}\n{\"prompt\":\"a\"}"),
         "p.jsonl: line 2: no member 'q'; name the right one with --prompt-field"},
        {"p.jsonl", NULL, CONTENTS("{\"prompt\":7}"),
         "p.jsonl: line 1: member 'prompt' is not a string; name another one with --prompt-field"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct prompts prompts;
        struct error error;

        write_bytes(cases[i].path, cases[i].contents, cases[i].length);
        assert_int_equal(prompts_load(&prompts, cases[i].path, cases[i].field, &error), -1);
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
    assert_int_equal(prompts_load(&prompts, "absent.txt", NULL, &error), -1);
    assert_string_equal(error.text,
                        "absent.txt: No such file or directory; give the file of prompts as the "
                        "second argument, or create it");
    assert_int_equal(prompts_load(&prompts, ".", NULL, &error), -1);
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
    assert_int_equal(prompts_load(&prompts, "p.txt", NULL, &error), -1);
    assert_string_equal(error.text,
                        "p.txt: larger than 4,294,967,295 bytes, the most that is allowed");
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
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
