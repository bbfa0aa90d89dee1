#include "testing.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wsload/base/file.h"
#include "wsload/load/identity.h"

#define SECRET "S3CR3T"

/* AWS's test suite: 20150830T123600Z and its keys. */
#define UNIX_S     1440938160
#define SECRET_KEY "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define TOKEN      "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"

static char directory[] = "/tmp/wsload-test-XXXXXX";

/* ---- helpers ---- */

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) == NULL || chdir(directory) != 0;
}

static int remove_directory(void **state)
{
    (void)state;
    unlink("secret");
    unlink("users.csv");
    return chdir("/") != 0 || rmdir(directory) != 0;
}

static int set_suite_credentials(void **state)
{
    (void)state;
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY, 1);
    setenv("AWS_SESSION_TOKEN", TOKEN, 1);
    return 0;
}

static int clear_credentials(void **state)
{
    (void)state;
    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");
    unsetenv("AWS_SESSION_TOKEN");
    return 0;
}

static void write_file(const char *path, const char *contents)
{
    struct error error;

    assert_int_equal(file_write_atomic(path, text_of(contents), &error), 0);
}

/* Writes PATH with SECOND as the time of its last change. */
static void write_file_at(const char *path, const char *contents, time_t second)
{
    struct timespec times[2] = {{.tv_sec = second}, {.tv_sec = second}};

    write_file(path, contents);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* A setup of the URL's PATH alone. */
static struct identity_config setup_of(struct url *url, const char *path)
{
    *url = (struct url){.secure = true, .port = 443, .host = "example.amazonaws.com"};
    snprintf(url->path, sizeof(url->path), "%s", path);
    return (struct identity_config){
        .url = url, .host_header = "example.amazonaws.com", .origin = ""};
}

static struct identity *new_identity(const struct identity_config *setup)
{
    struct error error = {""};
    struct identity *identity = identity_new(setup, &error);

    if (identity == NULL)
        fail_msg("%s", error.text);
    return identity;
}

static void assert_path(const struct identity *identity, uint64_t connection, const char *expected)
{
    struct buffer out;

    buffer_init(&out, URL_PATH_SIZE);
    assert_int_equal(identity_path(identity, connection, UNIX_S, &out), 0);
    assert_string_equal(out.data, expected);
    buffer_free(&out);
}

static void assert_headers(const struct identity *identity, uint64_t connection,
                           const char *expected)
{
    struct buffer out;

    buffer_init(&out, URL_PATH_SIZE);
    assert_int_equal(identity_headers(identity, connection, UNIX_S, &out), 0);
    assert_string_equal(buffer_text(&out).data, expected);
    buffer_free(&out);
}

/* That identity_new() fails, with EXPECTED in the error and no secret. */
static void assert_refused(const struct identity_config *setup, const char *expected)
{
    struct error error = {""};

    assert_null(identity_new(setup, &error));
    assert_non_null(strstr(error.text, expected));
    assert_null(strstr(error.text, SECRET));
}

/* ---- the path ---- */

static void test_identity_path_is_the_urls_with_what_is_added(void **state)
{
    static const char *const both[] = {"room=a b/\u00e9", "n o=+&=?"};
    static const char *const empty[] = {"a="};
    static const struct {
        const char *path;
        const char *const *query;
        size_t count;
        const char *expected;
    } cases[] = {
        {"/", NULL, 0, "/"},
        {"/prod", NULL, 0, "/prod"},
        {"/prod?", NULL, 0, "/prod?"},
        {"/prod?b=%7e+&a", NULL, 0, "/prod?b=%7e+&a"},
        {"/a/../b//", NULL, 0, "/a/../b//"},
        {"/", empty, 1, "/?a="},
        {"/prod", both, 2, "/prod?room=a%20b%2F%C3%A9&n%20o=%2B%26%3D%3F"},
        {"/prod?", both, 1, "/prod?room=a%20b%2F%C3%A9"},
        {"/prod?z=%7e", both, 1, "/prod?z=%7e&room=a%20b%2F%C3%A9"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct url url;
        struct identity_config setup = setup_of(&url, cases[i].path);
        struct identity *identity;

        setup.query = cases[i].query;
        setup.query_count = cases[i].count;
        identity = new_identity(&setup);
        assert_path(identity, 0, cases[i].expected);
        assert_int_equal(identity_longest_path(identity, 1), strlen(cases[i].expected));
        identity_free(identity);
    }
}

static void test_identity_path_is_of_the_connection(void **state)
{
    static const char *const query[] = {"n={{connection}}", "at={{timestamp}}"};
    struct url url;
    struct identity_config setup = setup_of(&url, "/");
    struct identity *identity;

    (void)state;
    setup.query = query;
    setup.query_count = 2;
    identity = new_identity(&setup);
    assert_path(identity, 0, "/?n=1&at=1440938160000");
    assert_path(identity, 41, "/?n=42&at=1440938160000");
    assert_int_equal(identity_longest_path(identity, 1), strlen("/?n=1&at=1440938160000"));
    assert_int_equal(identity_longest_path(identity, 1000), strlen("/?n=1000&at=1440938160000"));
    identity_free(identity);
}

static void test_identity_path_and_headers_have_the_users_cells_as_they_are(void **state)
{
    static const char *const query[] = {"u={{user}}", "k={{token:raw}}"};
    static const struct header headers[] = {{{"X-User", 6}, {"<{{user}}>", 10}}};
    struct url url;
    struct identity_config setup = setup_of(&url, "/?a=1");
    struct identity *identity;
    struct users users;
    struct error error;

    (void)state;
    write_file("users.csv", "user,token\n\"say \"\"hi\"\"\",t/1\nbob,{{connection}}\nlong-name,\n");
    assert_int_equal(users_load(&users, "users.csv", &error), 0);
    setup.users = &users;
    setup.query = query;
    setup.query_count = 2;
    setup.headers = headers;
    setup.header_count = 1;
    identity = new_identity(&setup);
    assert_path(identity, 0, "/?a=1&u=say%20%22hi%22&k=t%2F1");
    assert_path(identity, 1, "/?a=1&u=bob&k=%7B%7Bconnection%7D%7D");
    assert_path(identity, 3, "/?a=1&u=say%20%22hi%22&k=t%2F1");
    assert_headers(identity, 0, "X-User: <say \"hi\">\r\n");
    assert_headers(identity, 5, "X-User: <long-name>\r\n");
    assert_int_equal(identity_longest_path(identity, 1), strlen("/?a=1&u=say%20%22hi%22&k=t%2F1"));
    assert_int_equal(identity_longest_path(identity, 9),
                     strlen("/?a=1&u=bob&k=%7B%7Bconnection%7D%7D"));
    identity_free(identity);
    users_free(&users);
}

static void test_identity_says_when_there_is_no_room(void **state)
{
    static const struct header headers[] = {{{"X-Long", 6}, {"0123456789", 10}}};
    struct url url;
    struct identity_config setup = setup_of(&url, "/0123456789");
    struct identity *identity;
    struct buffer out;

    (void)state;
    setup.headers = headers;
    setup.header_count = 1;
    identity = new_identity(&setup);
    buffer_init(&out, 10);
    assert_int_equal(identity_path(identity, 0, UNIX_S, &out), -1);
    assert_int_equal(identity_headers(identity, 0, UNIX_S, &out), -1);
    buffer_free(&out);
    identity_free(identity);
}

/* ---- headers ---- */

static void test_identity_headers_come_in_order(void **state)
{
    static const struct header headers[] = {
        {{"X-Room", 6}, {"room {{connection}}", 19}},
        {{"X-Empty", 7}, {"", 0}},
        {{"User-Agent", 10}, {"wsload", 6}},
    };
    struct url url;
    struct identity_config setup = setup_of(&url, "/");
    struct identity *identity;

    (void)state;
    write_file("secret", "  token-{{connection}}\r\n");
    setup.origin = "https://example.com";
    setup.headers = headers;
    setup.header_count = ARRAY_LENGTH(headers);
    setup.bearer_file = "secret";
    setup.api_key_file = "secret";
    identity = new_identity(&setup);
    assert_headers(identity, 6,
                   "Origin: https://example.com\r\n"
                   "X-Room: room 7\r\n"
                   "X-Empty: \r\n"
                   "User-Agent: wsload\r\n"
                   "Authorization: Bearer token-7\r\n"
                   "x-api-key: token-7\r\n");
    identity_free(identity);
}

static void test_identity_headers_may_be_none(void **state)
{
    struct url url;
    struct identity_config setup = setup_of(&url, "/");
    struct identity *identity = new_identity(&setup);

    (void)state;
    assert_headers(identity, 0, "");
    identity_free(identity);
    identity_free(NULL);
}

static void test_identity_headers_follow_a_file_that_changes(void **state)
{
    static const struct {
        const char *contents; /* NULL: the file is away */
        time_t changed;
        const char *expected;
    } cases[] = {
        {"one", 1000, "one"},
        {"two", 1001, "two"},
        {"unseen", 1001, "two"}, /* as its time has not changed */
        {"", 1002, "two"},
        {"a\nb", 1003, "two"},
        {"{{nothing}}", 1004, "two"},
        {NULL, 0, "two"},
        {"three", 900, "three"}, /* older, as after a move */
        {"n{{connection}}", 1005, "n1"},
    };
    struct url url;
    struct identity_config setup = setup_of(&url, "/");
    struct identity *identity;

    (void)state;
    write_file_at("secret", "one", 1000);
    setup.api_key_file = "secret";
    identity = new_identity(&setup);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char expected[64];

        if (cases[i].contents == NULL)
            assert_int_equal(unlink("secret"), 0);
        else
            write_file_at("secret", cases[i].contents, cases[i].changed);
        snprintf(expected, sizeof(expected), "x-api-key: %s\r\n", cases[i].expected);
        assert_headers(identity, 0, expected);
    }
    assert_headers(identity, 0, "x-api-key: n1\r\n");
    identity_free(identity);
}

/* Opening a named pipe waits for who writes into it, which happens once. */
static void test_identity_headers_read_a_pipe_only_once(void **state)
{
    static const struct timespec later[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    struct url url;
    struct identity_config setup = setup_of(&url, "/");
    struct identity *identity;
    pid_t writer;
    int status;

    (void)state;
    assert_int_equal(mkfifo("pipe", 0600), 0);
    writer = fork();
    assert_true(writer >= 0);
    if (writer == 0) {
        int fd = open("pipe", O_WRONLY);

        _exit(write(fd, "piped\n", 6) == 6 ? 0 : 1);
    }
    setup.bearer_file = "pipe";
    identity = new_identity(&setup);
    assert_int_equal(waitpid(writer, &status, 0), writer);
    assert_int_equal(status, 0);
    assert_int_equal(utimensat(AT_FDCWD, "pipe", later, 0), 0);
    assert_headers(identity, 0, "Authorization: Bearer piped\r\n");
    assert_int_equal(unlink("pipe"), 0);
    identity_free(identity);
}

/* ---- signatures ---- */

static void test_identity_signs_in_the_query(void **state)
{
    /* as botocore signs it */
    static const char expected[] =
        "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2F"
        "service%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=300&X-Amz-SignedHeaders="
        "host&X-Amz-Security-Token=" TOKEN
        "&X-Amz-Signature=6a6aac830e3f1890b0723d373d42c4fb46c762dfeaf714d4245051c71b466506";
    struct url url;
    struct identity_config setup = setup_of(&url, "/");
    struct identity *identity;

    (void)state;
    setup.sigv4 = "us-east-1:service";
    identity = new_identity(&setup);
    assert_path(identity, 0, expected);
    assert_int_equal(identity_longest_path(identity, 1), strlen(expected));
    assert_headers(identity, 0, "");
    identity_free(identity);
}

static void test_identity_signs_in_headers(void **state)
{
    /* AWS's test suite, get-vanilla-with-session-token */
    static const char expected[] =
        "X-Amz-Date: 20150830T123600Z\r\n"
        "X-Amz-Security-Token: " TOKEN "\r\n"
        "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/"
        "aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token, "
        "Signature=07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8\r\n";
    struct url url;
    struct identity_config setup = setup_of(&url, "/");
    struct identity *identity;

    (void)state;
    setup.sigv4 = "aws:amz:us-east-1:service";
    setup.sigv4_in_header = true;
    identity = new_identity(&setup);
    assert_path(identity, 0, "/");
    assert_headers(identity, 0, expected);
    identity_free(identity);
}

/* The signature in what identity_path() and identity_headers() make. */
static void find_signature(const struct identity_config *setup, uint64_t connection,
                           uint64_t unix_s, char signature[65])
{
    struct identity *identity = new_identity(setup);
    struct buffer out;
    const char *found;

    buffer_init(&out, URL_PATH_SIZE);
    assert_int_equal(identity_path(identity, connection, unix_s, &out), 0);
    assert_int_equal(identity_headers(identity, connection, unix_s, &out), 0);
    found = strstr(out.data, "Signature=");
    assert_non_null(found);
    snprintf(signature, 65, "%s", found + strlen("Signature="));
    buffer_free(&out);
    identity_free(identity);
}

static void test_identity_signature_is_of_the_moment_host_and_query(void **state)
{
    static const char *const query[] = {"n={{connection}}"};
    char signatures[6][65];

    (void)state;
    for (int in_header = 0; in_header < 2; in_header++) {
        struct url url;
        struct identity_config setup = setup_of(&url, "/prod");

        setup.sigv4 = "us-east-1:execute-api";
        setup.sigv4_in_header = in_header == 1;
        find_signature(&setup, 0, UNIX_S, signatures[0]);
        find_signature(&setup, 0, UNIX_S + 1, signatures[1]);
        setup.sigv4_host = "other.example.com";
        find_signature(&setup, 0, UNIX_S, signatures[2]);
        setup.query = query;
        setup.query_count = 1;
        find_signature(&setup, 0, UNIX_S, signatures[3]);
        find_signature(&setup, 1, UNIX_S, signatures[4]);
        setup.sigv4 = "us-east-2:execute-api";
        find_signature(&setup, 1, UNIX_S, signatures[5]);
        for (size_t i = 0; i < ARRAY_LENGTH(signatures); i++) {
            for (size_t j = 0; j < i; j++)
                assert_string_not_equal(signatures[i], signatures[j]);
        }
        find_signature(&setup, 1, UNIX_S, signatures[0]);
        assert_string_equal(signatures[0], signatures[5]);
    }
}

/* ---- what is refused ---- */

static void test_identity_new_refuses_parameters_without_a_name(void **state)
{
    static const char *const items[] = {SECRET, ("=" SECRET), ""};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(items); i++) {
        const char *const query[] = {"a=b", items[i]};
        struct url url;
        struct identity_config setup = setup_of(&url, "/");

        setup.query = query;
        setup.query_count = 2;
        assert_refused(&setup, "--query: number 2 of them is not NAME=VALUE");
    }
}

static void test_identity_new_refuses_unknown_variables(void **state)
{
    static const char *const query[] = {"n={{conection}}&" SECRET};
    static const struct header headers[] = {{{"X-A", 3}, {SECRET " {{prompt}}", 17}}};
    struct url url;
    struct identity_config setup = setup_of(&url, "/");

    (void)state;
    setup.query = query;
    setup.query_count = 1;
    assert_refused(&setup, "--query n: unknown variable {{conection}}; there are {{timestamp}}, "
                           "{{connection}}; did you mean {{connection}} ?");
    setup.query_count = 0;
    setup.headers = headers;
    setup.header_count = 1;
    assert_refused(&setup, "--header X-A: unknown variable {{prompt}}");
}

static void test_identity_new_refuses_what_is_no_secret(void **state)
{
    static const struct {
        const char *contents;
        const char *expected;
    } cases[] = {
        {"", "secret: nothing in it"},
        {" \r\n\t ", "secret: nothing in it"},
        {SECRET "\n" SECRET "\n", "secret: a line break or another control character"},
        {SECRET "\x01", "secret: a line break or another control character"},
        {SECRET "{{" SECRET "}}", "secret: what follows {{ in it"},
        {SECRET "{{", "secret: what follows {{ in it"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct url url;
        struct identity_config setup = setup_of(&url, "/");
        char expected[100];

        write_file("secret", cases[i].contents);
        setup.bearer_file = "secret";
        snprintf(expected, sizeof(expected), "--bearer-file: %s", cases[i].expected);
        assert_refused(&setup, expected);
        setup.bearer_file = NULL;
        setup.api_key_file = "secret";
        snprintf(expected, sizeof(expected), "--api-key-file: %s", cases[i].expected);
        assert_refused(&setup, expected);
    }
}

static void test_identity_new_refuses_files_that_are_not_there_or_too_large(void **state)
{
    struct url url;
    struct identity_config setup = setup_of(&url, "/");
    char large[20000];

    (void)state;
    setup.bearer_file = "nowhere";
    assert_refused(&setup, "--bearer-file: nowhere: No such file or directory");
    memset(large, 'x', sizeof(large) - 1);
    large[sizeof(large) - 1] = '\0';
    write_file("secret", large);
    setup.bearer_file = NULL;
    setup.api_key_file = "secret";
    assert_refused(&setup, "--api-key-file: secret: larger than 16,384 bytes");
}

static void test_identity_new_names_the_option_of_a_signature(void **state)
{
    struct url url;
    struct identity_config setup = setup_of(&url, "/");

    (void)state;
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials", 1);
    setup.sigv4 = "us-east-1";
    assert_refused(&setup, "--aws-sigv4: 'us-east-1': no scope of a signature");
    setup.sigv4 = "us-east-1:execute-api";
    assert_refused(&setup, "--aws-sigv4: no AWS credentials; set AWS_ACCESS_KEY_ID");
    setup.profile = "work";
    assert_refused(&setup, "--profile: /nonexistent/credentials: No such file or directory");
    unsetenv("AWS_SHARED_CREDENTIALS_FILE");
}

TEST_GROUP(identity)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity_path_is_the_urls_with_what_is_added),
        cmocka_unit_test(test_identity_path_is_of_the_connection),
        cmocka_unit_test(test_identity_path_and_headers_have_the_users_cells_as_they_are),
        cmocka_unit_test(test_identity_says_when_there_is_no_room),
        cmocka_unit_test(test_identity_headers_come_in_order),
        cmocka_unit_test(test_identity_headers_may_be_none),
        cmocka_unit_test(test_identity_headers_follow_a_file_that_changes),
        cmocka_unit_test(test_identity_headers_read_a_pipe_only_once),
        cmocka_unit_test_setup_teardown(test_identity_signs_in_the_query, set_suite_credentials,
                                        clear_credentials),
        cmocka_unit_test_setup_teardown(test_identity_signs_in_headers, set_suite_credentials,
                                        clear_credentials),
        cmocka_unit_test_setup_teardown(test_identity_signature_is_of_the_moment_host_and_query,
                                        set_suite_credentials, clear_credentials),
        cmocka_unit_test(test_identity_new_refuses_parameters_without_a_name),
        cmocka_unit_test(test_identity_new_refuses_unknown_variables),
        cmocka_unit_test(test_identity_new_refuses_what_is_no_secret),
        cmocka_unit_test(test_identity_new_refuses_files_that_are_not_there_or_too_large),
        cmocka_unit_test_setup(test_identity_new_names_the_option_of_a_signature,
                               clear_credentials),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
