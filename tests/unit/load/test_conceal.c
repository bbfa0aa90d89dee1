#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/load/identity.h"

#define TOKEN "6e86291e8372ff2a/260956d9b8aae1d7+63fbf315=="

/* What becomes of ANSWER, to a handshake of PATH with these headers and parameters. */
static void assert_concealed(const struct identity_setup *setup, const char *answer,
                             const char *expected)
{
    struct identity_cache cache = {0};
    struct error error;
    struct buffer text;
    struct identity *identity = identity_new(setup, &error);
    assert_non_null(identity);
    buffer_init(&text, 4096);
    assert_int_equal(buffer_append(&text, answer, strlen(answer)), 0);
    identity_conceal(identity, &cache, 0, 1440938160, &text);
    assert_string_equal(text.data, expected);
    buffer_free(&text);
    identity_cache_free(&cache);
    identity_free(identity);
}

static void test_conceal_blanks_what_the_handshake_carried(void **state)
{
    (void)state;
    static const char *const query[] = {"room=very secret/room", "x=short"};
    static const struct header headers[] = {
        {{"Authorization", 13}, {"Bearer eyJhbGciOi.J9", 20}},
        {{"User-Agent", 10}, {"wsload/9.9.9", 12}},
    };
    static const struct {
        const char *answer;
        const char *expected;
    } cases[] = {
        {"{\"message\":\"Forbidden\"}", "{\"message\":\"Forbidden\"}"},
        {"token pathsecret1 is bad", "token *********** is bad"},
        {"very%20secret%2Froom, very secret/room", "********************, ****************"},
        {"eyJhbGciOi.J9eyJhbGciOi.J9", "**************************"},
        {"bare-thing", "**********"},
        {"short, wsload/9.9.9 and https://origin.example",
         "short, wsload/9.9.9 and https://origin.example"},
        {"", ""},
    };
    struct url url = {.path = "/prod?token=pathsecret1&bare-thing&a="};
    struct identity_setup setup = {
        .url = &url,
        .host_header = "h",
        .origin = "https://origin.example",
        .headers = headers,
        .header_count = 2,
        .query = query,
        .query_count = 2,
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        if (cases[i].answer[0])
            assert_concealed(&setup, cases[i].answer, cases[i].expected);
    }
}

/* As a refused signature is answered: with all that was signed. */
static void test_conceal_blanks_the_session_token_as_sent_and_decoded(void **state)
{
    (void)state;
    struct url url = {.path = "/prod"};
    struct identity_setup setup = {
        .url = &url, .host_header = "h", .origin = "", .sigv4 = "us-east-1:execute-api"};
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    setenv("AWS_SESSION_TOKEN", TOKEN, 1);
    assert_concealed(&setup, "X-Amz-Security-Token=" TOKEN " host",
                     "X-Amz-Security-Token=******************************************** host");
    assert_concealed(&setup, "=6e86291e8372ff2a%2F260956d9b8aae1d7%2B63fbf315%3D%3D&",
                     "=****************************************************&");
    setup.sigv4_in_header = true;
    assert_concealed(&setup, "token:6e86291e8372ff2a/260956d9b8aae1d7+63fbf315==",
                     "token:******************************************==");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conceal_blanks_what_the_handshake_carried),
        cmocka_unit_test(test_conceal_blanks_the_session_token_as_sent_and_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
