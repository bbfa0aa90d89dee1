#include "testing.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wsload/base/file.h"

static char directory[] = "/tmp/wsload-test-XXXXXX";
static char original_directory[4096];

/* Each test runs in a fresh empty directory. */
static int enter_directory(void **state)
{
    (void)state;
    memcpy(directory + sizeof(directory) - 7, "XXXXXX", 6);
    return getcwd(original_directory, sizeof(original_directory)) == NULL ||
           mkdtemp(directory) == NULL || chdir(directory) != 0;
}

/* Calls VISIT for each entry; how many there are. */
static size_t each_entry(void visit(const char *name))
{
    DIR *entries = opendir(".");
    const struct dirent *entry;
    size_t count = 0;

    assert_non_null(entries);
    while ((entry = readdir(entries)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        visit(entry->d_name);
        count++;
    }
    closedir(entries);
    return count;
}

static void remove_entry(const char *name)
{
    assert_int_equal(remove(name), 0);
}

static void ignore_entry(const char *name)
{
    (void)name;
}

static int leave_directory(void **state)
{
    (void)state;
    each_entry(remove_entry);
    return chdir(original_directory) != 0 || rmdir(directory) != 0;
}

static void write_file(const char *path, const char *contents)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(contents, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void assert_file_holds(const char *path, const char *expected)
{
    struct buffer out;
    struct error error;

    buffer_init(&out, 1000);
    assert_int_equal(file_read(path, &out, &error), 0);
    assert_string_equal(buffer_text(&out).data, expected);
    buffer_free(&out);
}

static mode_t mode_of(const char *path)
{
    struct stat status;

    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 0777;
}

static void test_file_read_appends_the_whole_file(void **state)
{
    static char contents[200001]; /* several pieces */
    struct buffer out;
    struct error error;

    (void)state;
    memset(contents, 'x', sizeof(contents) - 1);
    contents[sizeof(contents) - 2] = 'y';
    write_file("a", contents);
    buffer_init(&out, 1 << 20);
    buffer_append(&out, ">", 1);
    assert_int_equal(file_read("a", &out, &error), 0);
    assert_int_equal(out.length, sizeof(contents));
    assert_int_equal(out.data[0], '>');
    assert_string_equal(out.data + 1, contents);
    buffer_free(&out);
}

static void test_file_read_takes_exactly_the_maximum(void **state)
{
    struct buffer out;
    struct error error;

    (void)state;
    write_file("a", "12345");
    buffer_init(&out, 5);
    assert_int_equal(file_read("a", &out, &error), 0);
    buffer_free(&out);
    buffer_init(&out, 4);
    assert_int_equal(file_read("a", &out, &error), -1);
    assert_string_equal(error.text, "a: larger than 4 bytes, the most that is allowed");
    buffer_free(&out);
}

/* Files in /proc say that they have no bytes. */
static void test_file_read_bounds_what_does_not_tell_its_size(void **state)
{
    struct buffer out;
    struct error error;

    (void)state;
    buffer_init(&out, 10);
    assert_int_equal(file_read("/proc/self/status", &out, &error), -1);
    assert_string_equal(error.text,
                        "/proc/self/status: larger than 10 bytes, the most that is allowed");
    buffer_free(&out);
    buffer_init(&out, 1 << 20);
    assert_int_equal(file_read("/proc/self/status", &out, &error), 0);
    assert_memory_equal(out.data, "Name:", 5);
    buffer_free(&out);
}

static void test_file_read_names_the_path_in_errors(void **state)
{
    struct buffer out;
    struct error error;

    (void)state;
    buffer_init(&out, 100);
    assert_int_equal(file_read("absent", &out, &error), -1);
    assert_string_equal(error.text, "absent: No such file or directory");
    assert_int_equal(file_read(".", &out, &error), -1);
    assert_string_equal(error.text, ".: Is a directory");
    buffer_free(&out);
}

static void test_file_read_takes_standard_input(void **state)
{
    int saved = dup(STDIN_FILENO);
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "piped", 5), 5);
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    assert_file_holds("-", "piped");
    dup2(saved, STDIN_FILENO);
    close(saved);
}

static void write_bytes(const char *path, struct text bytes)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.data, 1, bytes.length, file), bytes.length);
    assert_int_equal(fclose(file), 0);
}

static void test_file_read_text_drops_what_editors_add(void **state)
{
    static const struct {
        const char *bytes;
        const char *text;
    } cases[] = {
        {"", ""},
        {"a", "a"},
        {"a\nb", "a\nb"},
        {"a\n", "a"},
        {"\xEF\xBB\xBF", ""},
        {"\xEF\xBB\xBFone", "one"},
        {"\xEF\xBB\xBF\xEF\xBB\xBFone", "\xEF\xBB\xBFone"},
        {"a\r\nb\r\n\r\nc\r\n", "a\nb\n\nc"},
        {"a\r\r\nb\rc\r", "a\r\nb\rc\r"},
        {"a\r", "a\r"},
        {"\r\na\r\n", "\na"},
        {"  a  ", "  a  "},
        {"a \t\n \t\r\n\n\f\v", "a \t"},
        {" \r\n\t\n", ""},
        {"\n", ""},
        {"\r\n", ""},
        {"caf\u00e9\r\n", "caf\u00e9"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct buffer out;
        struct error error;
        buffer_init(&out, 100);
        write_bytes("a", text_of(cases[i].bytes));
        assert_int_equal(file_read_text("a", &out, &error), 0);
        assert_string_equal(buffer_text(&out).data, cases[i].text);
        assert_int_equal(out.length, strlen(cases[i].text));
        buffer_free(&out);
    }
}

static void test_file_read_text_refuses_what_is_none(void **state)
{
    static const struct {
        struct text bytes;
        const char *expected;
    } cases[] = {
        {{"\xFF\xFEo\0k\0", 6}, "a: UTF-16, which older PowerShells write; save the file as UTF-8"},
        {{"\xFE\xFF\0o\0k", 6}, "a: UTF-16, which older PowerShells write; save the file as UTF-8"},
        {{"\xFF\xFE", 2}, "a: UTF-16, which older PowerShells write; save the file as UTF-8"},
        {{"ok\n\ns3cret\0", 11},
         "a: line 3: a NUL byte: this is no text, or UTF-16; save the file as UTF-8"},
        {{"o\0k\0", 4},
         "a: line 1: a NUL byte: this is no text, or UTF-16; save the file as UTF-8"},
        {{"ok\r\ncaf\xE9\n", 9}, "a: line 2: not valid UTF-8; save the file as UTF-8"},
        {{"\xEF\xBB", 2}, "a: line 1: not valid UTF-8; save the file as UTF-8"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct buffer out;
        struct error error;
        buffer_init(&out, 100);
        write_bytes("a", cases[i].bytes);
        assert_int_equal(file_read_text("a", &out, &error), -1);
        assert_string_equal(error.text, cases[i].expected);
        buffer_free(&out);
    }
}

static void test_file_read_unmarked_keeps_all_else(void **state)
{
    struct buffer out;
    struct error error;
    (void)state;
    buffer_init(&out, 100);
    write_bytes("a", (struct text){"\xEF\xBB\xBFone\r\n\0\xE9 \r\n", 13});
    assert_int_equal(file_read_unmarked("a", &out, &error), 0);
    assert_true(text_equal(buffer_text(&out), (struct text){"one\r\n\0\xE9 \r\n", 10}));
    buffer_free(&out);
    write_bytes("a", (struct text){"\xFF\xFEo\0", 4});
    assert_int_equal(file_read_unmarked("a", &out, &error), -1);
    buffer_free(&out);
}

static void test_file_write_creates_and_replaces(void **state)
{
    struct error error;
    mode_t mask = umask(027);

    (void)state;
    assert_int_equal(file_write_atomic("a", text_of("one"), &error), 0);
    umask(mask);
    assert_file_holds("a", "one");
    assert_int_equal(mode_of("a"), 0640);
    assert_int_equal(chmod("a", 0604), 0);
    assert_int_equal(file_write_atomic("a", text_of("two"), &error), 0);
    assert_file_holds("a", "two");
    assert_int_equal(mode_of("a"), 0604);
    assert_int_equal(each_entry(ignore_entry), 1);
}

/* Whoever has the old file open goes on reading the old contents: it was replaced, not changed. */
static void test_file_write_leaves_the_old_contents_to_readers(void **state)
{
    struct error error;
    char text[4] = "";
    int fd;

    (void)state;
    write_file("a", "old");
    fd = open("a", O_RDONLY);
    assert_int_equal(file_write_atomic("a", text_of("new"), &error), 0);
    assert_int_equal(read(fd, text, 3), 3);
    assert_string_equal(text, "old");
    close(fd);
}

static void test_file_write_follows_symbolic_links(void **state)
{
    struct error error;
    struct stat status;

    (void)state;
    write_file("real", "old");
    assert_int_equal(symlink("real", "link"), 0);
    assert_int_equal(file_check_writable("link", &error), 0);
    assert_int_equal(file_write_atomic("link", text_of("new"), &error), 0);
    assert_int_equal(lstat("link", &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_file_holds("real", "new");
    assert_int_equal(symlink("nowhere", "dangling"), 0);
    assert_int_equal(file_check_writable("dangling", &error), -1);
    assert_string_equal(error.text,
                        "dangling: a symbolic link to nothing; create what it points to");
    assert_int_equal(file_write_atomic("dangling", text_of("new"), &error), -1);
}

static void test_file_write_goes_into_a_pipe(void **state)
{
    struct error error;
    char text[6] = "";
    struct stat status;
    int fd;

    (void)state;
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(file_check_writable("fifo", &error), 0);
    fd = open("fifo", O_RDONLY | O_NONBLOCK);
    assert_int_equal(file_write_atomic("fifo", text_of("hello"), &error), 0);
    assert_int_equal(read(fd, text, 5), 5);
    assert_string_equal(text, "hello");
    close(fd);
    assert_int_equal(stat("fifo", &status), 0);
    assert_true(S_ISFIFO(status.st_mode));
}

static void test_file_write_goes_into_devices(void **state)
{
    struct error error;

    (void)state;
    assert_int_equal(file_check_writable("/dev/null", &error), 0);
    assert_int_equal(file_write_atomic("/dev/null", text_of("gone"), &error), 0);
    assert_int_equal(file_check_writable("/dev/full", &error), 0);
    assert_int_equal(file_write_atomic("/dev/full", text_of("no"), &error), -1);
    assert_string_equal(error.text, "/dev/full: No space left on device");
}

/* As with "wsload --summary /dev/stdout > out": what was printed there before and after stays. */
static void test_file_write_joins_a_redirected_standard_output(void **state)
{
    struct error error;
    int saved;
    int fd = open("out", O_WRONLY | O_CREAT, 0600);
    int checked;
    int written;

    (void)state;
    fflush(stdout);
    saved = dup(STDOUT_FILENO);
    dup2(fd, STDOUT_FILENO);
    dprintf(STDOUT_FILENO, "before ");
    checked = file_check_writable("/dev/stdout", &error);
    written = file_write_atomic("/dev/stdout", text_of("summary"), &error);
    dprintf(STDOUT_FILENO, " after");
    dup2(saved, STDOUT_FILENO);
    close(saved);
    close(fd);
    assert_int_equal(checked, 0);
    assert_int_equal(written, 0);
    assert_file_holds("out", "before summary after");
}

static void test_file_write_joins_a_piped_standard_output(void **state)
{
    struct error error;
    char text[8] = "";
    int ends[2];
    int saved;
    int checked;
    int written;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    fflush(stdout);
    saved = dup(STDOUT_FILENO);
    dup2(ends[1], STDOUT_FILENO);
    checked = file_check_writable("/dev/stdout", &error);
    written = file_write_atomic("/dev/stdout", text_of("summary"), &error);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    close(ends[1]);
    assert_int_equal(checked, 0);
    assert_int_equal(written, 0);
    assert_int_equal(read(ends[0], text, sizeof(text)), 7);
    assert_string_equal(text, "summary");
    close(ends[0]);
}

static void test_file_check_writable_leaves_no_trace(void **state)
{
    struct error error;
    struct stat before;
    struct stat after;

    (void)state;
    assert_int_equal(file_check_writable("new", &error), 0);
    assert_int_equal(each_entry(ignore_entry), 0);
    write_file("old", "contents");
    assert_int_equal(stat("old", &before), 0);
    assert_int_equal(file_check_writable("old", &error), 0);
    assert_int_equal(stat("old", &after), 0);
    assert_memory_equal(&before, &after, sizeof(before));
    assert_int_equal(each_entry(ignore_entry), 1);
}

static void test_file_refuses_paths_that_cannot_be_written(void **state)
{
    static const struct {
        const char *path;
        const char *expected;
    } cases[] = {
        {".", ".: Is a directory"},
        {"absent/a", "absent/a: No such file or directory"},
        {"absent/", "absent/: No such file or directory"},
        {"", ": No such file or directory"},
        {"file/a", "file/a: Not a directory"},
        {"/proc/a", "/proc/a: No such file or directory"},
    };
    static char long_path[5000];
    struct error error;

    (void)state;
    write_file("file", "");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(file_check_writable(cases[i].path, &error), -1);
        assert_string_equal(error.text, cases[i].expected);
        assert_int_equal(file_write_atomic(cases[i].path, text_of("x"), &error), -1);
        assert_string_equal(error.text, cases[i].expected);
    }
    memset(long_path, 'a', sizeof(long_path) - 1);
    assert_int_equal(file_check_writable(long_path, &error), -1);
    assert_int_equal(each_entry(ignore_entry), 1);
}

/* Permissions do not bind root. */
static void test_file_refuses_what_permissions_forbid(void **state)
{
    struct error error;

    (void)state;
    if (geteuid() == 0)
        skip();
    write_file("locked", "old");
    assert_int_equal(chmod("locked", 0400), 0);
    assert_int_equal(file_check_writable("locked", &error), -1);
    assert_string_equal(error.text, "locked: Permission denied");
    assert_int_equal(file_check_writable("/usr/a", &error), -1);
    assert_string_equal(error.text, "/usr/a: Permission denied");
}

static void test_file_same_looks_at_files_and_not_at_names(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        bool same;
    } cases[] = {
        {"there", "there", true},
        {"there", "./there", true},
        {"there", "dir/../there", true},
        {"there", "linked/../there", true},
        {"there", "link", true},
        {"there", "hard", true},
        {"link", "hard", true},
        {"linked/inside", "dir/inside", true},
        {"there", "dir/inside", false},
        {"there", "other", false}, /* of the same contents */
        /* not there yet */
        {"a", "a", true},
        {"a", "./a", true},
        {"a", "dir/../a", true},
        {"dir/a", "linked/a", true},
        {"dir/a", "a", false},
        {"a", "b", false},
        {"a", "there", false},
        {"absent/a", "absent/a", false}, /* it cannot be made, either */
        /* several may write there */
        {"/dev/null", "/dev/null", false},
        {"pipe", "pipe", false},
        {"dir", "dir", false},
        {"-", "-", true},
        {"-", "there", false},
    };
    (void)state;
    write_file("there", "same");
    write_file("other", "same");
    assert_int_equal(symlink("there", "link"), 0);
    assert_int_equal(link("there", "hard"), 0);
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_int_equal(mkdir("dir", 0700), 0);
    write_file("dir/inside", "same");
    assert_int_equal(symlink("dir", "linked"), 0);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        if (file_same(cases[i].a, cases[i].b) != cases[i].same ||
            file_same(cases[i].b, cases[i].a) != cases[i].same)
            fail_msg("%s and %s", cases[i].a, cases[i].b);
    assert_int_equal(unlink("dir/inside"), 0);
}

/* "-" is the file that standard output was redirected to. */
static void test_file_same_knows_standard_output(void **state)
{
    int saved = dup(STDOUT_FILENO);
    (void)state;
    fflush(stdout);
    write_file("out", "");
    int fd = open("out", O_WRONLY);
    assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
    close(fd);
    bool same = file_same("-", "./out");
    bool other = file_same("other", "-");
    dup2(saved, STDOUT_FILENO);
    close(saved);
    assert_true(same);
    assert_false(other);
}

/* Whether NAME leads to standard output while that is OPENED. */
static bool is_stdout_as(const char *name, const char *opened)
{
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    int fd = open(opened, O_WRONLY);
    assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
    close(fd);
    bool is = file_is_stdout(name);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    return is;
}

static void test_file_knows_other_names_of_standard_streams(void **state)
{
    (void)state;
    write_file("out", "");
    write_file("in", "");
    assert_int_equal(symlink("out", "link"), 0);
    assert_true(is_stdout_as("-", "out"));
    assert_true(is_stdout_as("/dev/stdout", "out"));
    assert_true(is_stdout_as("./out", "out"));
    assert_true(is_stdout_as("link", "out"));
    assert_false(is_stdout_as("in", "out"));
    assert_false(is_stdout_as("absent", "out"));
    assert_true(is_stdout_as("-", "/dev/null"));
    assert_false(is_stdout_as("/dev/null", "/dev/null"));
    assert_false(is_stdout_as("/dev/stdout", "/dev/null"));

    int saved = dup(STDIN_FILENO);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    dup2(ends[0], STDIN_FILENO);
    assert_true(file_is_stdin("-"));
    assert_true(file_is_stdin("/dev/stdin"));
    assert_false(file_is_stdin("in"));
    int fd = open("in", O_RDONLY);
    dup2(fd, STDIN_FILENO);
    assert_true(file_is_stdin("-"));
    assert_false(file_is_stdin("/dev/stdin")); /* read from its beginning again */
    dup2(saved, STDIN_FILENO);
    close(saved);
    close(fd);
    close(ends[0]);
    close(ends[1]);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, enter_directory, leave_directory)

TEST_GROUP(file)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_file_read_appends_the_whole_file),
        IN_DIRECTORY(test_file_read_takes_exactly_the_maximum),
        IN_DIRECTORY(test_file_read_bounds_what_does_not_tell_its_size),
        IN_DIRECTORY(test_file_read_names_the_path_in_errors),
        IN_DIRECTORY(test_file_read_takes_standard_input),
        IN_DIRECTORY(test_file_read_text_drops_what_editors_add),
        IN_DIRECTORY(test_file_read_text_refuses_what_is_none),
        IN_DIRECTORY(test_file_read_unmarked_keeps_all_else),
        IN_DIRECTORY(test_file_write_creates_and_replaces),
        IN_DIRECTORY(test_file_write_leaves_the_old_contents_to_readers),
        IN_DIRECTORY(test_file_write_follows_symbolic_links),
        IN_DIRECTORY(test_file_write_goes_into_a_pipe),
        IN_DIRECTORY(test_file_write_goes_into_devices),
        IN_DIRECTORY(test_file_write_joins_a_redirected_standard_output),
        IN_DIRECTORY(test_file_write_joins_a_piped_standard_output),
        IN_DIRECTORY(test_file_check_writable_leaves_no_trace),
        IN_DIRECTORY(test_file_refuses_paths_that_cannot_be_written),
        IN_DIRECTORY(test_file_refuses_what_permissions_forbid),
        IN_DIRECTORY(test_file_same_looks_at_files_and_not_at_names),
        IN_DIRECTORY(test_file_same_knows_standard_output),
        IN_DIRECTORY(test_file_knows_other_names_of_standard_streams),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
