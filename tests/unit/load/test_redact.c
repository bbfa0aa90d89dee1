#include "testing.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "wsload/base/file.h"
#include "wsload/load/identity.h"

#define TOKEN     "6e86291e8372ff2a/260956d9b8aae1d7+63fbf315=="
#define SIGNATURE "6a6aac830e3f1890b0723d373d42c4fb46c762dfeaf714d4245051c71b466506"

static char directory[] = "/tmp/wsload-test-XXXXXX";

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

static void write_file(const char *path, const char *contents)
{
    struct error error;

    assert_int_equal(file_write_atomic(path, text_of(contents), &error), 0);
}

struct example {
    const char *said;
    const char *expected;
};

/* The room is as long as the text, so that a sanitizer sees what goes past its end. */
static void assert_redacted(const struct identity *identity, uint64_t connection,
                            struct example example)
{
    struct text said = text_of(example.said);
    char *out = malloc(said.length + 1);

    assert_int_equal(said.length, strlen(example.expected));
    memset(out, '?', said.length + 1);
    identity_redact(identity, connection, said, out);
    assert_memory_equal(out, example.expected, said.length);
    assert_int_equal(out[said.length], '?');
    free(out);
}

/* What becomes of COUNT texts, on CONNECTION of SETUP. */
static void assert_all_redacted(const struct identity_config *setup, uint64_t connection,
                                const struct example *examples, size_t count)
{
    struct error error = {""};
    struct identity *identity = identity_new(setup, &error);

    assert_string_equal(error.text, "");
    for (size_t i = 0; i < count; i++)
        assert_redacted(identity, connection, examples[i]);
    identity_free(identity);
}

static struct identity_config setup_of(struct url *url, const char *path)
{
    *url = (struct url){0};
    snprintf(url->path, sizeof(url->path), "%s", path);
    return (struct identity_config){.url = url, .host_header = "h", .origin = ""};
}

static void test_redact_blanks_what_the_handshake_carried(void **state)
{
    static const char *const query[] = {"room=very secret/room", "x=short", "q=say \"hi\""};
    static const struct header headers[] = {
        {{"Authorization", 13}, {"Bearer eyJhbGciOi.J9", 20}},
        {{"X-Padded", 8}, {"cGFkZGVk==", 10}},
        {{"Cookie", 6}, {"id=cookie-id; other=cookie-other", 32}},
        {{"X-Words", 7}, {"first-word== Bearer last-word==", 31}},
        {{"User-Agent", 10}, {"wsload/9.9.9", 12}},
    };
    static const struct example examples[] = {
        {"{\"message\":\"Forbidden\"}", "{\"message\":\"Forbidden\"}"},
        {"token pathsecret1 is bad", "token *********** is bad"},
        {"very%20secret%2Froom, very secret/room", "********************, ****************"},
        {"eyJhbGciOi.J9eyJhbGciOi.J9", "**************************"},
        {"Bearer eyJhbGciOi.J9", "Bearer *************"},
        {"bare-thing", "**********"},
        {"cGFkZGVk== and cGFkZGVk", "********** and ********"},
        {"cookie-id", "*********"},
        {"first-word== or last-word==", "************ or ***********"},
        {"Bearer of news", "Bearer of news"},
        {"a plus", "******"},
        {"said \"say \\\"hi\\\"\"", "said \"**********\""},
        {"short, wsload/9.9.9 and https://origin.example",
         "short, wsload/9.9.9 and https://origin.example"},
        {"", ""},
    };
    struct url url;
    struct identity_config setup = setup_of(&url, "/prod?token=pathsecret1&bare-thing&p=a+plus&a=");

    (void)state;
    setup.origin = "https://origin.example";
    setup.headers = headers;
    setup.header_count = ARRAY_LENGTH(headers);
    setup.query = query;
    setup.query_count = ARRAY_LENGTH(query);
    assert_all_redacted(&setup, 0, examples, ARRAY_LENGTH(examples));
}

static void test_redact_blanks_a_beginning_where_the_text_was_cut(void **state)
{
    static const struct example examples[] = {
        {"denied: longsecre", "denied: *********"},   {"denied: longse", "denied: ******"},
        {"denied: longs", "denied: longs"}, /* too short to be told */
        {"denied: longsecre.", "denied: longsecre."}, {"longse", "******"},
    };
    struct url url;
    struct identity_config setup = setup_of(&url, "/?token=longsecret");

    (void)state;
    assert_all_redacted(&setup, 0, examples, ARRAY_LENGTH(examples));
}

static void test_redact_finds_secrets_that_overlap(void **state)
{
    static const struct example examples[] = {{"secret-1secret-12", "*****************"}};
    struct url url;
    struct identity_config setup = setup_of(&url, "/?a=secret-1&b=secret-12");

    (void)state;
    assert_all_redacted(&setup, 0, examples, ARRAY_LENGTH(examples));
}

static void test_redact_leaves_the_time_out_of_what_it_knows(void **state)
{
    static const char *const query[] = {"t=before-{{timestamp}}-behind"};
    static const struct example examples[] = {
        {"before-1440938160000-behind", "*******1440938160000*******"}};
    struct url url;
    struct identity_config setup = setup_of(&url, "/");

    (void)state;
    setup.query = query;
    setup.query_count = 1;
    assert_all_redacted(&setup, 0, examples, ARRAY_LENGTH(examples));
}

/* Row 2 is that of connections 1, 4, 7 ... */
static void test_redact_blanks_what_is_of_that_connection(void **state)
{
    static const char *const query[] = {"n=number-{{connection}}"};
    static const struct example examples[] = {
        {"cell-one cell-two cell-three", "cell-one ******** cell-three"},
        {"cell \\\"two\\\" cell \"two\" cell%20%22two%22",
         "************ ********** ****************"},
        {"number-4 number-5 number-6", "number-4 ******** number-6"},
    };
    struct url url;
    struct identity_config setup = setup_of(&url, "/");
    struct users users;
    struct error error;

    (void)state;
    write_file("users.csv", "a,b\ncell-one,x\ncell-two,\"cell \"\"two\"\"\"\ncell-three,x\n");
    assert_int_equal(users_load(&users, "users.csv", &error), 0);
    setup.users = &users;
    setup.query = query;
    setup.query_count = 1;
    assert_all_redacted(&setup, 4, examples, ARRAY_LENGTH(examples));
    users_free(&users);
}

static void test_redact_has_nothing_to_hide_without_an_identity(void **state)
{
    (void)state;
    assert_redacted(NULL, 7, (struct example){"as it is", "as it is"});
    identity_redact(NULL, 7, (struct text){0}, NULL); /* a text that there is not */
}

/* The file may hold another token than the one that was answered. */
static void test_redact_knows_every_token_that_was_read(void **state)
{
    static const char *const tokens[] = {"token-one=", "token-two=", "token-three="};
    static const struct example example = {"token-one= token-two= token-three= token-four=",
                                           "********** ********** ************ token-four="};
    struct url url;
    struct identity_config setup = setup_of(&url, "/");
    struct identity *identity = NULL;
    struct error error;

    (void)state;
    setup.bearer_file = "secret";
    for (size_t i = 0; i < ARRAY_LENGTH(tokens); i++) {
        struct timespec changed[2] = {{.tv_sec = (time_t)i + 1}, {.tv_sec = (time_t)i + 1}};
        struct buffer lines;

        write_file("secret", tokens[i]);
        assert_int_equal(utimensat(AT_FDCWD, "secret", changed, 0), 0);
        if (identity == NULL)
            identity = identity_new(&setup, &error);
        buffer_init(&lines, 1024);
        assert_int_equal(identity_headers(identity, 0, 1, &lines), 0);
        assert_non_null(strstr(lines.data, tokens[i]));
        buffer_free(&lines);
    }
    write_file("secret", "token-four=");
    assert_redacted(identity, 0, example);
    identity_free(identity);
}

/* As a refused signature is answered: with all that was signed. */
static void test_redact_blanks_what_was_signed_and_leaves_names(void **state)
{
    static const struct example examples[] = {
        {"X-Amz-Security-Token=" TOKEN " host",
         "X-Amz-Security-Token=******************************************** host"},
        {"=6e86291e8372ff2a%2F260956d9b8aae1d7%2B63fbf315%3D%3D&",
         "=****************************************************&"},
        {"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/execute-api/aws4_request, "
         "SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=" SIGNATURE ".",
         "AWS4-HMAC-SHA256 Credential=***********/20150830/us-east-1/execute-api/aws4_request, "
         "SignedHeaders=host;x-amz-date;x-amz-security-token, Signature="
         "****************************************************************."},
        {"Signature=6a6aac830e3f1890b072", "Signature=********************"},
        {"trace 67891233abcdef012345678912345678.", "trace 67891233abcdef012345678912345678."},
    };
    struct url url;
    struct identity_config setup = setup_of(&url, "/prod");

    (void)state;
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    setenv("AWS_SESSION_TOKEN", TOKEN, 1);
    setup.sigv4 = "us-east-1:execute-api";
    assert_all_redacted(&setup, 0, examples, ARRAY_LENGTH(examples));
    setup.sigv4_in_header = true;
    assert_all_redacted(&setup, 0, examples, ARRAY_LENGTH(examples));
}

TEST_GROUP(redact)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_redact_blanks_what_the_handshake_carried),
        cmocka_unit_test(test_redact_blanks_a_beginning_where_the_text_was_cut),
        cmocka_unit_test(test_redact_finds_secrets_that_overlap),
        cmocka_unit_test(test_redact_leaves_the_time_out_of_what_it_knows),
        cmocka_unit_test(test_redact_blanks_what_is_of_that_connection),
        cmocka_unit_test(test_redact_has_nothing_to_hide_without_an_identity),
        cmocka_unit_test(test_redact_knows_every_token_that_was_read),
        cmocka_unit_test(test_redact_blanks_what_was_signed_and_leaves_names),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
