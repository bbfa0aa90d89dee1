#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wsload/base/file.h"
#include "wsload/load/users.h"

static char path[] = "/tmp/wsload-test-XXXXXX";

static int make_file(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    return fd < 0 || close(fd) != 0;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path) != 0;
}

static int load(struct users *users, struct text contents, struct error *error)
{
    assert_int_equal(file_write_atomic(path, contents, error), 0);
    return users_load(users, path, error);
}

static void test_users_reads_rows_of_cells(void **state)
{
    static const struct {
        const char *contents;
        size_t columns;
        size_t rows;
        const char *last; /* cell of the last row */
        const char *escaped;
    } cases[] = {
        {"user\nann\n", 1, 1, "ann", "ann"},
        {"user\nann", 1, 1, "ann", "ann"},
        {"user,key\r\nann,1\r\nbob,2\r\n", 2, 2, "2", "2"},
        {"user,key\nann,\n", 2, 1, "", ""},
        {"key,user\n,\n", 2, 1, "", ""},
        {"user\n\"a,b\"\n", 1, 1, "a,b", "a,b"},
        {"user\n\"say \"\"hi\"\"\"\n", 1, 1, "say \"hi\"", "say \\\"hi\\\""},
        {"\"user\",\"the-key\"\n\"a\",\"\\\"\n", 2, 1, "\\", "\\\\"},
        {"user\n  a b  \n", 1, 1, "  a b  ", "  a b  "},
        {"user\na\tb\n", 1, 1, "a\tb", "a\\tb"},
        {"\xEF\xBB\xBFuser\n\u00e9\U0001F600\n", 1, 1, "\u00e9\U0001F600", "\u00e9\U0001F600"},
        {"\n\nuser\n\nann\n\n\nbob\n\n", 1, 2, "bob", "bob"},
        {"user\nann\n\"\"\n", 1, 2, "", ""},
        {"user\n{{connection}}\n", 1, 1, "{{connection}}", "{{connection}}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct template_column *last;
        struct users users;
        struct error error;

        assert_int_equal(load(&users, text_of(cases[i].contents), &error), 0);
        assert_int_equal(users.columns, cases[i].columns);
        assert_int_equal(users.rows, cases[i].rows);
        last = &users.cells[users.rows * users.columns - 1];
        assert_true(text_equal(last->text, text_of(cases[i].last)));
        assert_true(text_equal(last->escaped, text_of(cases[i].escaped)));
        users_free(&users);
    }
}

static void test_users_names_are_those_of_the_first_line(void **state)
{
    struct users users;
    struct error error;

    (void)state;
    assert_int_equal(load(&users, text_of("user,\"api-key\",a.b_2\n1,2,3\n"), &error), 0);
    assert_int_equal(users.columns, 3);
    assert_string_equal(users.names[0], "user");
    assert_string_equal(users.names[1], "api-key");
    assert_string_equal(users.names[2], "a.b_2");
    users_free(&users);
}

static void test_users_row_goes_round(void **state)
{
    static const char *const expected[] = {"a\"", "b", "c", "a\"", "b", "c", "a\""};
    struct users users;
    struct error error;

    (void)state;
    assert_int_equal(load(&users, text_of("n,user\n1,\"a\"\"\"\n2,b\n3,c\n"), &error), 0);
    for (uint64_t i = 0; i < ARRAY_LENGTH(expected); i++)
        assert_true(text_equal(users_row(&users, i)[1].text, text_of(expected[i])));
    assert_true(text_equal(users_row(&users, UINT64_MAX)[1].text, text_of("a\"")));
    users_free(&users);
}

static void test_users_row_is_none_without_users(void **state)
{
    static const struct users none = {0};

    (void)state;
    assert_null(users_row(NULL, 0));
    assert_null(users_row(&none, 7));
}

static void test_users_keeps_many_cells_apart(void **state)
{
    enum { ROWS = 5000 };
    struct buffer contents;
    struct users users;
    struct error error;

    (void)state;
    buffer_init(&contents, SIZE_MAX);
    assert_int_equal(buffer_printf(&contents, "plain,quoted\n"), 0);
    for (int i = 0; i < ROWS; i++)
        assert_int_equal(buffer_printf(&contents, "p%d,\"\"\"%d\"\"\"\n", i, i), 0);
    assert_int_equal(load(&users, buffer_text(&contents), &error), 0);
    assert_int_equal(users.rows, ROWS);
    for (int i = 0; i < ROWS; i++) {
        const struct template_column *row = users_row(&users, (uint64_t)i);
        char plain[16];
        char quoted[16];

        snprintf(plain, sizeof(plain), "p%d", i);
        snprintf(quoted, sizeof(quoted), "\\\"%d\\\"", i);
        assert_true(text_equal(row[0].escaped, text_of(plain)));
        assert_true(text_equal(row[1].escaped, text_of(quoted)));
    }
    users_free(&users);
    buffer_free(&contents);
}

/* Every case has a secret in it, which no error repeats. */
static void test_users_refuses_what_is_no_table_of_users(void **state)
{
#define SECRET "S3CR3T"
    static const struct {
        const char *contents;
        const char *expected; /* behind the path */
    } cases[] = {
        {"", ": no user in it; the first line names the columns, each further line is a user"},
        {"\n\n", ": no user in it"},
        {SECRET "\n", ": no user in it"},
        {"user\n" SECRET ",b\n", ": line 2: 2 cells, and the first line has 1"},
        {"user,key\n1,2\n\n" SECRET "\n", ": line 4: 1 cell, and the first line has 2"},
        {SECRET "," SECRET "\n1,2\n", ": line 1: column 2: the name of an earlier column"},
        {"user," SECRET "!\n1,2\n", ": line 1: column 2: no name for a variable"},
        {"user,,\n" SECRET ",2,3\n", ": line 1: column 2: no name for a variable"},
        {" user\n" SECRET "\n", ": line 1: column 1: no name for a variable"},
        {"prompt\n" SECRET "\n", ": line 1: column 1: no name for a variable"},
        {"user\n\"" SECRET "\n", ": line 2: a quote out of place"},
        {"user\n" SECRET "\"\n", ": line 2: a quote out of place"},
        {"user\n\"" SECRET "\" \n", ": line 2: a quote out of place"},
        {"user\n\"" SECRET "\"x\n", ": line 2: a quote out of place"},
        {"user\n\"two\n" SECRET "\"\n", ": line 2: column 1: a line break"},
        {"user\nok\n" SECRET "\xFF\n", ": line 3: not valid UTF-8"},
        {"user\n" SECRET "\rX-Injected: 1\n",
         ": line 2: column 1: a line break or another control character"},
        {"user\n" SECRET "\x7F\n", ": line 2: column 1: a line break or another control character"},
        {"user\n" SECRET "\x1B[31m\n",
         ": line 2: column 1: a line break or another control character"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct users users;
        struct error error;
        char expected[500];

        snprintf(expected, sizeof(expected), "%s%s", path, cases[i].expected);
        assert_int_equal(load(&users, text_of(cases[i].contents), &error), -1);
        assert_ptr_equal(strstr(error.text, expected), error.text);
        assert_null(strstr(error.text, SECRET));
        assert_null(users.cells);
        assert_null(users.names);
    }
}

static void test_users_refuses_a_nul(void **state)
{
    struct users users;
    struct error error;

    (void)state;
    assert_int_equal(load(&users, (struct text){"user\na\0b\n", 9}, &error), -1);
    assert_non_null(strstr(error.text, "line 2: a NUL byte"));
}

static void test_users_says_when_there_is_no_file(void **state)
{
    struct users users;
    struct error error;

    (void)state;
    assert_int_equal(users_load(&users, "/nonexistent/users.csv", &error), -1);
    assert_string_equal(error.text, "/nonexistent/users.csv: No such file or directory");
    users_free(&users);
}

TEST_GROUP(users)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_users_reads_rows_of_cells),
        cmocka_unit_test(test_users_names_are_those_of_the_first_line),
        cmocka_unit_test(test_users_row_goes_round),
        cmocka_unit_test(test_users_row_is_none_without_users),
        cmocka_unit_test(test_users_keeps_many_cells_apart),
        cmocka_unit_test(test_users_refuses_what_is_no_table_of_users),
        cmocka_unit_test(test_users_refuses_a_nul),
        cmocka_unit_test(test_users_says_when_there_is_no_file),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
