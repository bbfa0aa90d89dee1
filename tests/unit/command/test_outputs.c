#include "testing.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "outputs.h"
#include "wsload/base/file.h"

/* In a directory that does not exist, so that nothing can be written by mistake. */
#define NOWHERE "/nonexistent/file"

static char directory[] = "/tmp/wsload-test-XXXXXX";
static char original_directory[4096];
static struct outputs outputs;
static struct error error;

/* Each test runs in a fresh directory with the file "there", "link" and "hard" that lead to it, the
 * directory "dir" and "dirlink" that leads to that. */
static int enter_directory(void **state)
{
    char made[] = "XXXXXX";
    (void)state;
    outputs.count = 0;
    memcpy(directory + sizeof(directory) - 7, "XXXXXX", 6);
    if (!getcwd(original_directory, sizeof(original_directory)) || !mkdtemp(directory) ||
        chdir(directory))
        return -1;
    int fd = open("there", O_WRONLY | O_CREAT, 0600);
    return fd < 0 || close(fd) || symlink("there", "link") || link("there", "hard") ||
           !mkdtemp(made) || rename(made, "dir") || symlink("dir", "dirlink");
}

static int leave_directory(void **state)
{
    static const char *const files[] = {"there", "link", "hard", "dirlink", "a", "b", "out", "err"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++)
        unlink(files[i]);
    return rmdir("dir") || chdir(original_directory) || rmdir(directory);
}

/* Adds what --out was given for each of WORDS, up to a NULL, to empty outputs. */
static int add_list(const char *const *words)
{
    struct option_list list = {.count = 0};
    for (; words[list.count]; list.count++)
        list.items[list.count] = words[list.count];
    outputs.count = 0;
    error.text[0] = '\0';
    return outputs_add_list(&outputs, &list, &error);
}

#define ADD_LIST(...) add_list((const char *const[]){__VA_ARGS__, NULL})

/* --- Adding --- */

static void test_outputs_of_lists_have_a_kind_and_a_path(void **state)
{
    (void)state;
    assert_int_equal(ADD_LIST("json=a=b", "hgrm=-", "hlog=x"), 0);
    assert_int_equal(outputs.count, 3);
    assert_string_equal(outputs.items[0].path, "a=b");
    assert_string_equal(outputs.items[0].format->kind, "json");
    assert_string_equal(outputs.items[1].path, "-");
    assert_string_equal(outputs.items[1].format->kind, "hgrm");
    assert_string_equal(outputs.items[2].option, "--out");
    assert_string_equal(outputs.items[2].format->kind, "hlog");
}

static void test_outputs_of_lists_refuse_what_is_none(void **state)
{
    static const struct {
        const char *text;
        const char *error;
    } cases[] = {
        {"json", "--out 'json': use KIND=PATH, as in json=run.json; KIND is one of json, hgrm, "
                 "hlog"},
        {"", "--out '': use KIND=PATH, as in json=run.json; KIND is one of json, hgrm, hlog"},
        {"xml=a", "--out 'xml=a': no such kind; use one of json, hgrm, hlog"},
        {"jsonl=a", "--out 'jsonl=a': no such kind; use one of json, hgrm, hlog"},
        {"jso=a", "--out 'jso=a': no such kind; use one of json, hgrm, hlog"},
        {"=a", "--out '=a': no such kind; use one of json, hgrm, hlog"},
        {"json=", "--out 'json=': the path is missing; use KIND=PATH, where '-' is standard "
                  "output"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(ADD_LIST("hgrm=x", cases[i].text), -1);
        assert_string_equal(error.text, cases[i].error);
    }
}

/* As many as can be asked for. */
static void test_outputs_hold_all_that_options_give(void **state)
{
    const char *words[OPTION_LIST_MAX + 1] = {NULL};
    (void)state;
    for (size_t i = 0; i < OPTION_LIST_MAX; i++)
        words[i] = "json=/dev/null";
    assert_int_equal(add_list(words), 0);
    outputs_add(&outputs, "--summary", "json", "a");
    outputs_add(&outputs, "--hgrm", "hgrm", "b");
    outputs_add(&outputs, "--record", NULL, "c");
    assert_int_equal(outputs.count, OUTPUTS_MAX);
    assert_int_equal(outputs_check(&outputs, &error), 0);
}

/* --- Checking --- */

static void test_outputs_have_places_of_their_own(void **state)
{
    static const struct {
        const char *summary;
        const char *hgrm;
        const char *record;
        const char *text; /* of the error; NULL: fine */
    } cases[] = {
        {"-", NULL, NULL, NULL},
        {"-", "/dev/null", NULL, NULL},
        {"/dev/null", NULL, "-", NULL},
        {"-", "/dev/null", "/dev/null", NULL},
        {"a", "b", NULL, NULL},
        {"-", "-", NULL, "--hgrm -: --summary - goes there; give another path"},
        {"-", NULL, "-", "--record -: --summary - goes there; give another path"},
        {"/dev/null", "a", "a", "--record a: --hgrm a goes there; give another path"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        outputs.count = 0;
        error.text[0] = '\0';
        outputs_add(&outputs, "--summary", "json", cases[i].summary);
        outputs_add(&outputs, "--hgrm", "hgrm", cases[i].hgrm);
        outputs_add(&outputs, "--record", NULL, cases[i].record);
        assert_int_equal(outputs_check(&outputs, &error), cases[i].text ? -1 : 0);
        assert_string_equal(error.text, cases[i].text ? cases[i].text : "");
    }
}

/* Names of one file, and of two. */
static const struct {
    const char *a;
    const char *b;
    bool same;
} names[] = {
    {"there", "there", true},
    {"there", "./there", true},
    {"there", "link", true},
    {"there", "hard", true},
    {"link", "hard", true},
    {"there", "dir/../there", true},
    {"there", "dirlink/../there", true},
    {"a", "a", true},
    {"a", "./a", true}, /* not there yet */
    {"dir/a", "dir/../dir/a", true},
    {"dir/a", "dirlink/a", true},
    {"a", "there", false},
    {"a", "b", false},
    {"a", "dir/a", false},
    {"/dev/null", "/dev/null", false},
};

static void test_outputs_are_one_file_however_it_is_spelt(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        char first[64];
        char second[64];
        char text[256] = "";
        snprintf(first, sizeof(first), "json=%s", names[i].a);
        snprintf(second, sizeof(second), "hgrm=%s", names[i].b);
        if (names[i].same)
            snprintf(text, sizeof(text), "--out %s: --out %s goes there; give another path", second,
                     first);
        assert_int_equal(ADD_LIST(first, second), 0);
        assert_int_equal(outputs_check(&outputs, &error), names[i].same ? -1 : 0);
        assert_string_equal(error.text, text);
    }
}

static void test_outputs_do_not_go_where_something_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        char word[64];
        char text[256] = "";
        snprintf(word, sizeof(word), "hlog=%s", names[i].a);
        if (names[i].same)
            snprintf(text, sizeof(text), "--out %s: --users %s is read; give another path", word,
                     names[i].b);
        assert_int_equal(ADD_LIST(word), 0);
        assert_int_equal(outputs_check_input(&outputs, "--users", names[i].b, &error),
                         names[i].same ? -1 : 0);
        assert_string_equal(error.text, text);
    }
    assert_int_equal(ADD_LIST("json=-", "hgrm=a"), 0);
    assert_int_equal(outputs_check_input(&outputs, "PROMPTS_FILE", "-", &error), 0);
    assert_int_equal(outputs_check_input(&outputs, "--users", NULL, &error), 0);
}

static void test_outputs_are_checked_before_the_run(void **state)
{
    static const struct {
        const char *option;
        const char *kind;
        const char *begin; /* of the error */
    } cases[] = {
        {"--summary", "json", "--summary: " NOWHERE},
        {"--hgrm", "hgrm", "--hgrm: " NOWHERE},
        {"--record", NULL, "--record: " NOWHERE},
        {"--out", "hlog", "--out: " NOWHERE},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        outputs.count = 0;
        outputs_add(&outputs, "--summary", "json", "-");
        outputs_add(&outputs, cases[i].option, cases[i].kind, NOWHERE);
        assert_int_equal(outputs_check(&outputs, &error), -1);
        if (strncmp(error.text, cases[i].begin, strlen(cases[i].begin)) != 0)
            fail_msg("%s", error.text);
    }
}

static void test_outputs_know_their_files(void **state)
{
    (void)state;
    assert_int_equal(ADD_LIST("json=-", "hgrm=a", "json=b", "json=c"), 0);
    assert_string_equal(outputs_file_of(&outputs, "json"), "b");
    assert_string_equal(outputs_file_of(&outputs, "hgrm"), "a");
    assert_null(outputs_file_of(&outputs, "hlog"));
}

/* --- Writing --- */

/* A run of nothing, and what is made of it. */
struct nothing {
    struct measurement *measurement;
    struct verdict verdict;
};

static struct nothing measure_nothing(void)
{
    static const struct load load = {.url = "ws://host/",
                                     .connections = 1,
                                     .workers = 1,
                                     .in_flight = 1,
                                     .requests = 1,
                                     .shards = 1};
    static const struct thresholds none;
    struct nothing nothing = {.measurement = measurement_new(&load)};
    assert_non_null(nothing.measurement);
    judge(&nothing.verdict, nothing.measurement, &none);
    assert_int_equal(nothing.verdict.code, EXIT_NO_CONNECTION);
    return nothing;
}

static void assert_file_begins(const char *path, const char *beginning)
{
    struct buffer text;
    buffer_init(&text, 1 << 20);
    assert_int_equal(file_read(path, &text, &error), 0);
    if (!text_begins(buffer_text(&text), beginning) || (!beginning[0] && text.length))
        fail_msg("%s: %s", path, text.data);
    buffer_free(&text);
}

static void test_outputs_that_fail_lose_no_others(void **state)
{
    struct nothing nothing = measure_nothing();
    (void)state;
    assert_int_equal(ADD_LIST("hgrm=" NOWHERE "1", "json=a", "hgrm=" NOWHERE "2", "hlog=b"), 0);
    assert_int_equal(outputs_write_files(&outputs, nothing.measurement, &nothing.verdict, &error),
                     -1);
    assert_string_equal(error.text, NOWHERE "1: No such file or directory"); /* the first one's */
    assert_file_begins("a", "{");
    assert_file_begins("b", "#[");
    measurement_free(nothing.measurement);
}

/* Prints to the files "out" and "err" instead of standard output and error. */
static void print(const struct nothing *nothing, bool quiet)
{
    const struct show show = {.quiet = quiet, .summary_path = "sum.json"};
    static const char *const paths[] = {[STDOUT_FILENO] = "out", [STDERR_FILENO] = "err"};
    int saved[3];
    fflush(stdout);
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
        int file = open(paths[fd], O_WRONLY | O_CREAT | O_TRUNC, 0600);
        saved[fd] = dup(fd);
        dup2(file, fd);
        close(file);
    }
    int status = outputs_print(&outputs, &show, nothing->measurement, &nothing->verdict, &error);
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
        dup2(saved[fd], fd);
        close(saved[fd]);
    }
    assert_int_equal(status, 0);
}

static void test_outputs_leave_standard_output_to_results(void **state)
{
    static const struct {
        const char *option;
        const char *kind;
        const char *path;
        bool quiet;
        const char *out; /* what it begins with; "": empty */
        const char *err;
    } cases[] = {
        {"--summary", "json", "a", false, "wsload ", ""},
        {"--summary", "json", "-", false, "{", "wsload "},
        {"--hgrm", "hgrm", "-", false, "       Value ", "wsload "},
        {"--out", "hlog", "-", false, "#[", "wsload "},
        {"--record", NULL, "-", false, "", "wsload "}, /* written by somebody else */
        {"--summary", "json", "a", true, "", "NO CONNECTION"},
        {"--summary", "json", "-", true, "{", "NO CONNECTION"},
    };
    struct nothing nothing = measure_nothing();
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        outputs.count = 0;
        outputs_add(&outputs, cases[i].option, cases[i].kind, cases[i].path);
        print(&nothing, cases[i].quiet);
        assert_file_begins("out", cases[i].out);
        assert_file_begins("err", cases[i].err);
    }
    measurement_free(nothing.measurement);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, enter_directory, leave_directory)

TEST_GROUP(outputs)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outputs_of_lists_have_a_kind_and_a_path),
        cmocka_unit_test(test_outputs_of_lists_refuse_what_is_none),
        cmocka_unit_test(test_outputs_hold_all_that_options_give),
        IN_DIRECTORY(test_outputs_have_places_of_their_own),
        IN_DIRECTORY(test_outputs_are_one_file_however_it_is_spelt),
        IN_DIRECTORY(test_outputs_do_not_go_where_something_is_read),
        IN_DIRECTORY(test_outputs_are_checked_before_the_run),
        cmocka_unit_test(test_outputs_know_their_files),
        IN_DIRECTORY(test_outputs_that_fail_lose_no_others),
        IN_DIRECTORY(test_outputs_leave_standard_output_to_results),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
