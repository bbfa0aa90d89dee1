#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wsload/base/file.h"
#include "wsload/load/secrets.h"

#define SECRET "S3CR3T"

/* A home of our own, so that no test sees the real one. */
static char home[] = "/tmp/wsload-test-XXXXXX";

static const char file_text[] = "[default]\n"
                                "aws_access_key_id = AKIDDEFAULT\n"
                                "aws_secret_access_key = default/secret+key\n"
                                "\n"
                                "[work]\n"
                                "aws_access_key_id=AKIDWORK\n"
                                "aws_secret_access_key=work-secret\n"
                                "aws_session_token=work-token==\n";

static void clear_environment(void)
{
    static const char *const names[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
                                        "AWS_SESSION_TOKEN", "AWS_PROFILE",
                                        "AWS_SHARED_CREDENTIALS_FILE"};

    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        assert_int_equal(unsetenv(names[i]), 0);
    assert_int_equal(setenv("HOME", home, 1), 0);
}

static int set_up(void **state)
{
    struct error error;

    (void)state;
    if (mkdtemp(home) == NULL || chdir(home) != 0 || mkdir(".aws", 0700) != 0)
        return -1;
    return file_write_atomic(".aws/credentials", text_of(file_text), &error);
}

static int tear_down(void **state)
{
    (void)state;
    unlink("other");
    unlink(".aws/credentials");
    return rmdir(".aws") != 0 || chdir("/") != 0 || rmdir(home) != 0;
}

static int clean(void **state)
{
    (void)state;
    clear_environment();
    return 0;
}

static void assert_credentials(const struct credentials *credentials, const char *access_key,
                               const char *secret_key, const char *session_token)
{
    assert_string_equal(credentials->access_key, access_key);
    assert_string_equal(credentials->secret_key, secret_key);
    if (session_token == NULL)
        assert_null(credentials->session_token);
    else
        assert_string_equal(credentials->session_token, session_token);
}

/* ---- the file's text ---- */

static void test_credentials_parse_reads_a_profile(void **state)
{
    static const struct {
        const char *file;
        const char *secret_key;
        const char *session_token;
    } cases[] = {
        {"[p]\naws_access_key_id=A\naws_secret_access_key=s\n", "s", NULL},
        {"[p]\r\naws_access_key_id = A\r\naws_secret_access_key = s\r\n", "s", NULL},
        {"[ p ]\n  AWS_Access_Key_ID=A\n\taws_secret_access_key  =\ts  ", "s", NULL},
        {"[q]\naws_access_key_id=Q\n[p] # mine\naws_access_key_id=A\naws_secret_access_key=s\n[r]\n"
         "aws_access_key_id=R\naws_session_token=r\n",
         "s", NULL},
        {"# [q]\n; aws_access_key_id=Q\n[p]\n#aws_access_key_id=Q\naws_access_key_id=A\n"
         "aws_secret_access_key=s\n",
         "s", NULL},
        {"[p]\naws_access_key_id=A\naws_secret_access_key=s ; # / + = \" ' x\n",
         "s ; # / + = \" ' x", NULL},
        {"[p]\naws_access_key_id=A\naws_secret_access_key=s#;\naws_session_token=a=b:c==\n", "s#;",
         "a=b:c=="},
        {"[p]\nregion = x\nnonsense\n=\naws_access_key_id=A\naws_secret_access_key=s\n"
         "aws_session_token=\n",
         "s", NULL},
        {"[p]\naws_access_key_id=Z\naws_access_key_id=A\naws_secret_access_key=s\n", "s", NULL},
        {"[p]\naws_access_key_id=A\n[q]\naws_secret_access_key=z\n[p]\naws_secret_access_key=s\n",
         "s", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct credentials credentials;
        struct error error;

        assert_int_equal(credentials_parse(&credentials, text_of(cases[i].file), "p", &error), 0);
        assert_credentials(&credentials, "A", cases[i].secret_key, cases[i].session_token);
        credentials_free(&credentials);
    }
}

/* Session tokens are long, and profiles may have long names that begin alike. */
static void test_credentials_parse_cuts_nothing(void **state)
{
    enum { LONG = 5000 };
    char name[LONG + 1];
    char token[LONG + 1];
    struct buffer file;
    struct credentials credentials;
    struct error error;

    (void)state;
    memset(name, 'n', LONG);
    memset(token, 't', LONG);
    name[LONG] = token[LONG] = '\0';
    buffer_init(&file, SIZE_MAX);
    assert_int_equal(buffer_printf(&file,
                                   "[%sx]\naws_access_key_id=X\naws_secret_access_key=X\n"
                                   "[%s]\naws_access_key_id=A\naws_secret_access_key=s\n"
                                   "aws_session_token=%s\n",
                                   name, name, token),
                     0);
    assert_int_equal(credentials_parse(&credentials, buffer_text(&file), name, &error), 0);
    assert_credentials(&credentials, "A", "s", token);
    credentials_free(&credentials);
    buffer_free(&file);
}

static void test_credentials_parse_says_what_is_missing(void **state)
{
    static const struct {
        const char *file;
        const char *expected;
    } cases[] = {
        {"", "no profile [p] in it"},
        {"[" SECRET "]\naws_access_key_id=" SECRET "\n", "no profile [p] in it"},
        {"aws_access_key_id=" SECRET "\naws_secret_access_key=" SECRET "\n",
         "no profile [p] in it"},
        {"[profile p]\naws_access_key_id=A\n", "no profile [p] in it"},
        {"[p\naws_access_key_id=A\n", "no profile [p] in it"},
        {"[p]\n", "no aws_access_key_id in [p]; when it gets its keys elsewhere, put what `aws "
                  "configure export-credentials --profile p --format env` prints into the "
                  "environment"},
        {"[p]\naws_access_key_id=\naws_secret_access_key=" SECRET "\n",
         "no aws_access_key_id in [p];"},
        {"[p]\naws_access_key_id=" SECRET "\n", "no aws_secret_access_key in [p];"},
        {"[p]\naws_access_key_id=" SECRET "\naws_secret_access_key: " SECRET "\n",
         "no aws_secret_access_key in [p];"},
        {"[p]\naws_access_key_id=A\naws_secret_access_key=" SECRET "\x01" SECRET "\n",
         "aws_secret_access_key holds a control character"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct credentials credentials;
        struct error error;

        assert_int_equal(credentials_parse(&credentials, text_of(cases[i].file), "p", &error), -1);
        assert_ptr_equal(strstr(error.text, cases[i].expected), error.text);
        assert_null(strstr(error.text, SECRET));
        assert_null(credentials.access_key);
        assert_null(credentials.secret_key);
    }
}

/* ---- where they are found ---- */

static void test_credentials_find_prefers_a_given_profile_then_the_environment(void **state)
{
    struct credentials credentials;
    struct error error;

    (void)state;
    assert_int_equal(credentials_find(&credentials, NULL, &error), 0);
    assert_credentials(&credentials, "AKIDDEFAULT", "default/secret+key", NULL);
    credentials_free(&credentials);

    setenv("AWS_PROFILE", "work", 1);
    assert_int_equal(credentials_find(&credentials, NULL, &error), 0);
    assert_credentials(&credentials, "AKIDWORK", "work-secret", "work-token==");
    credentials_free(&credentials);

    setenv("AWS_ACCESS_KEY_ID", "AKIDENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "env-secret", 1);
    assert_int_equal(credentials_find(&credentials, NULL, &error), 0);
    assert_credentials(&credentials, "AKIDENV", "env-secret", NULL);
    credentials_free(&credentials);

    setenv("AWS_SESSION_TOKEN", "env-token", 1);
    assert_int_equal(credentials_find(&credentials, NULL, &error), 0);
    assert_credentials(&credentials, "AKIDENV", "env-secret", "env-token");
    credentials_free(&credentials);

    assert_int_equal(credentials_find(&credentials, "default", &error), 0);
    assert_credentials(&credentials, "AKIDDEFAULT", "default/secret+key", NULL);
    credentials_free(&credentials);
}

static void test_credentials_find_takes_empty_variables_for_none(void **state)
{
    struct credentials credentials;
    struct error error;

    (void)state;
    setenv("AWS_ACCESS_KEY_ID", "", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "", 1);
    setenv("AWS_PROFILE", "", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "", 1);
    assert_int_equal(credentials_find(&credentials, NULL, &error), 0);
    assert_credentials(&credentials, "AKIDDEFAULT", "default/secret+key", NULL);
    credentials_free(&credentials);
}

static void test_credentials_find_reads_the_file_that_the_environment_names(void **state)
{
    static const char other[] = "[default]\naws_access_key_id=O\naws_secret_access_key=o\n";
    struct credentials credentials;
    struct error error;

    (void)state;
    assert_int_equal(file_write_atomic("other", text_of(other), &error), 0);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "other", 1);
    unsetenv("HOME");
    assert_int_equal(credentials_find(&credentials, NULL, &error), 0);
    assert_credentials(&credentials, "O", "o", NULL);
    credentials_free(&credentials);
}

static void assert_not_found(const char *profile, const char *expected)
{
    struct credentials credentials;
    struct error error;

    assert_int_equal(credentials_find(&credentials, profile, &error), -1);
    assert_non_null(strstr(error.text, expected));
    assert_null(strstr(error.text, SECRET));
    assert_null(credentials.access_key);
    assert_null(credentials.secret_key);
}

static void test_credentials_find_says_what_is_missing(void **state)
{
    static const char nowhere[] = "no AWS credentials; set AWS_ACCESS_KEY_ID and "
                                  "AWS_SECRET_ACCESS_KEY, or mend the file: ";
    char expected[300];

    (void)state;
    snprintf(expected, sizeof(expected), "%s/.aws/credentials: no profile [nobody] in it", home);
    assert_not_found("nobody", expected);

    setenv("AWS_PROFILE", "nobody", 1);
    snprintf(expected, sizeof(expected), "%s%s/.aws/credentials: no profile [nobody] in it",
             nowhere, home);
    assert_not_found(NULL, expected);

    setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/file", 1);
    snprintf(expected, sizeof(expected), "%s/nonexistent/file: No such file", nowhere);
    assert_not_found(NULL, expected);

    unsetenv("AWS_SHARED_CREDENTIALS_FILE");
    unsetenv("HOME");
    snprintf(expected, sizeof(expected), "%sHOME is not set", nowhere);
    assert_not_found(NULL, expected);
}

static void test_credentials_find_refuses_half_an_environment(void **state)
{
    (void)state;
    setenv("AWS_ACCESS_KEY_ID", SECRET, 1);
    assert_not_found(NULL, "AWS_SECRET_ACCESS_KEY is not set");
    unsetenv("AWS_ACCESS_KEY_ID");
    setenv("AWS_SECRET_ACCESS_KEY", SECRET, 1);
    assert_not_found(NULL, "AWS_ACCESS_KEY_ID is not set");
    setenv("AWS_ACCESS_KEY_ID", "A", 1);
    setenv("AWS_SESSION_TOKEN", SECRET "\r\nX-Injected: 1", 1);
    assert_not_found(NULL, "AWS_SESSION_TOKEN holds a control character");
}

TEST_GROUP(credentials)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_credentials_parse_reads_a_profile),
        cmocka_unit_test(test_credentials_parse_cuts_nothing),
        cmocka_unit_test(test_credentials_parse_says_what_is_missing),
        cmocka_unit_test_setup(test_credentials_find_prefers_a_given_profile_then_the_environment,
                               clean),
        cmocka_unit_test_setup(test_credentials_find_takes_empty_variables_for_none, clean),
        cmocka_unit_test_setup(test_credentials_find_reads_the_file_that_the_environment_names,
                               clean),
        cmocka_unit_test_setup(test_credentials_find_says_what_is_missing, clean),
        cmocka_unit_test_setup(test_credentials_find_refuses_half_an_environment, clean),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
