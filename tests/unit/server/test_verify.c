#include "upgrade.h"

#include <stdio.h>
#include <string.h>

#include "testing.h"

/* Signed by botocore for GET https://api.example.com/stage%20one?room=a%2Fb&x=1. */
#define SIGNED_S 1440938160 /* 20150830T123600Z */
#define TOKEN    "session/token+=="
#define CLAIMS                                                                                     \
    "&X-Amz-Algorithm=AWS4-HMAC-SHA256"                                                            \
    "&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fexecute-api%2Faws4_request"            \
    "&X-Amz-Date=20150830T123600Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host"
#define QUERY                                                                                      \
    "room=a%2Fb&x=1" CLAIMS                                                                        \
    "&X-Amz-Signature=ef5c254ec41c151ccf9b3b19403719af0ccb8725d4ea3ce21d7a3037e2428920"
#define QUERY_WITH_TOKEN                                                                           \
    "room=a%2Fb&x=1" CLAIMS "&X-Amz-Security-Token=session%2Ftoken%2B%3D%3D"                       \
    "&X-Amz-Signature=44df3eb6ade43921125b7deee251a0ad7190fec1ad05181662c38cc9ff5f4d16"
#define CREDENTIAL "Credential=AKIDEXAMPLE/20150830/us-east-1/execute-api/aws4_request"
#define DATE       "X-Amz-Date: 20150830T123600Z\r\n"
#define AUTHORIZE(credential, signed_headers)                                                      \
    DATE "Authorization: AWS4-HMAC-SHA256 Credential=" credential                                  \
         ", SignedHeaders=" signed_headers ", "                                                    \
         "Signature=2b365cbe985f37e084391ae55fddb798b284f0ab2fe690243f242076b24fbefc\r\n"
#define WITHOUT_TOKEN                                                                              \
    AUTHORIZE("AKIDEXAMPLE/20150830/us-east-1/execute-api/aws4_request", "host;x-amz-date")
#define AUTHORIZATION_WITH_TOKEN                                                                   \
    "Authorization: AWS4-HMAC-SHA256 " CREDENTIAL                                                  \
    ", SignedHeaders=host;x-amz-date;x-amz-security-token, "                                       \
    "Signature=22c98cc40b03da27e09c66174a7052235e40751994ea84bc733565c784d79978\r\n"

/* A request, and what the verifying side has and asks for. */
struct case_ {
    const char *query;
    const char *headers;
    const char *token;
    uint64_t later_s;
};

static bool verify(const struct case_ *c, const char *path, const char *host, const char *region,
                   const char *secret)
{
    const struct sigv4_credentials credentials = {
        .access_key = text_of("AKIDEXAMPLE"),
        .secret_key = text_of(secret),
        .session_token = text_of(c->token),
    };
    struct upgrade upgrade;
    char request[4096];

    snprintf(request, sizeof(request), "GET %s?%s HTTP/1.1\r\nHost: %s\r\n%s\r\n", path, c->query,
             host, c->headers);
    assert_int_equal(upgrade_read(&upgrade, text_of(request)), 0);
    return verify_signature(&upgrade, text_of(region), &credentials, SIGNED_S + c->later_s);
}

#define PATH   "/stage%20one"
#define HOST   "api.example.com"
#define REGION "us-east-1"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

static const struct case_ good[] = {
    {QUERY, "", "", 0},
    {QUERY, "", "", (uint64_t)-300},
    {QUERY, "", "", 3600},
    {QUERY, "X-Other: not signed\r\n", "", 0},
    {QUERY_WITH_TOKEN, "", TOKEN, 0},
    {"room=a%2Fb&x=1", WITHOUT_TOKEN, "", 0},
    {"x=1&room=a%2fb", WITHOUT_TOKEN, "", 0}, /* canonical form is one */
    {"room=a%2Fb&x=1", WITHOUT_TOKEN, "", 300},
    {"room=a%2Fb&x=1", WITHOUT_TOKEN, "", (uint64_t)-300},
    {"room=a%2Fb&x=1", DATE "X-Amz-Security-Token: " TOKEN "\r\n" AUTHORIZATION_WITH_TOKEN, TOKEN,
     0},
};

static void test_verify_accepts_what_botocore_signed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++)
        assert_true(verify(&good[i], PATH, HOST, REGION, SECRET));
}

static void test_verify_covers_everything_that_is_signed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
        assert_false(verify(&good[i], "/stage%20two", HOST, REGION, SECRET));
        assert_false(verify(&good[i], "/stage%2520one", HOST, REGION, SECRET));
        assert_false(verify(&good[i], PATH, "example.com", REGION, SECRET));
        assert_false(verify(&good[i], PATH, HOST, "eu-west-1", SECRET));
        assert_false(verify(&good[i], PATH, HOST, REGION, "another secret"));
    }
}

static void test_verify_turns_down_what_does_not_hold(void **state)
{
    static const struct case_ bad[] = {
        {QUERY, "", "", 3601},
        {QUERY, "", "", (uint64_t)-301},
        {"room=a%2Fb&x=1", WITHOUT_TOKEN, "", 301},
        {"room=a%2Fb&x=1", WITHOUT_TOKEN, "", (uint64_t)-301},
        {"room=a%2Fb&x=2", WITHOUT_TOKEN, "", 0},
        {"room=a%2Fb&x=1", WITHOUT_TOKEN, TOKEN, 0},
        /* None of this is covered by the signature itself. */
        {"room=a%2Fb&x=1",
         AUTHORIZE("AKIDOTHER/20150830/us-east-1/execute-api/aws4_request", "host;x-amz-date"), "",
         0},
        {"room=a%2Fb&x=1",
         AUTHORIZE("AKIDEXAMPLE/20150831/us-east-1/execute-api/aws4_request", "host;x-amz-date"),
         "", 0},
        {"room=a%2Fb&x=1",
         AUTHORIZE("AKIDEXAMPLE/20150830/eu-west-1/execute-api/aws4_request", "host;x-amz-date"),
         "", 0},
        {"room=a%2Fb&x=1",
         AUTHORIZE("AKIDEXAMPLE/20150830/us-east-1/s3/aws4_request", "host;x-amz-date"), "", 0},
        {"room=a%2Fb&x=1",
         AUTHORIZE("AKIDEXAMPLE/20150830/us-east-1/execute-api/aws5_request", "host;x-amz-date"),
         "", 0},
        {"room=a%2Fb&x=1", AUTHORIZE("", "host;x-amz-date"), "", 0},
        {"room=a%2Fb&x=1",
         AUTHORIZE("AKIDEXAMPLE/20150830/us-east-1/execute-api/aws4_request",
                   "host;x-absent;x-amz-date"),
         "", 0},
        {"room=a%2Fb&x=1",
         AUTHORIZE("AKIDEXAMPLE/20150830/us-east-1/execute-api/aws4_request", "host;X-Amz-Date"),
         "", 0},
        {"room=a%2Fb&x=1", DATE, "", 0},
        {"room=a%2Fb&x=1", DATE "Authorization: Bearer AKIDEXAMPLE\r\n", "", 0},
        {"room=a%2Fb&x=1", DATE "Authorization:\r\n", "", 0},
        {QUERY, "Authorization: Bearer AKIDEXAMPLE\r\n", "", 0},
        {"room=a%2Fb&x=1" CLAIMS, "", "", 0},
        {"room=a%2Fb&x=1" CLAIMS "&X-Amz-Signature=", "", "", 0},
        {"", "", "", 0},
        {QUERY "0", "", "", 0},
        {QUERY "&more=1", "", "", 0},
        {QUERY "&X-Amz-Date=20150830", "", "", 0},
        {QUERY "&X-Amz-SignedHeaders=", "", "", 0},
        {QUERY "&X-Amz-SignedHeaders=host%3Bx-absent", "", "", 0},
        {QUERY, "", TOKEN, 0},
        {QUERY_WITH_TOKEN, "", "", 0},
        {QUERY_WITH_TOKEN, "", "session/token+=!", 0},
        {QUERY_WITH_TOKEN, "", "session/token+=", 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        if (verify(&bad[i], PATH, HOST, REGION, SECRET))
            fail_msg("case %zu was let in", i);
}

static void test_verify_honours_an_expiry_of_up_to_seven_days(void **state)
{
    static const struct {
        uint64_t expires_s;
        uint64_t later_s;
        bool good;
    } cases[] = {
        {1, 1, true},           {1, 2, false},
        {604800, 604800, true}, {604800, 604801, false},
        {604801, 0, false},     {18446744073709551615U, 0, false},
        {0, 0, false},
    };
    const struct sigv4_signer signer = {
        .scope = {text_of(REGION), text_of("execute-api")},
        .credentials = {text_of("AKIDEXAMPLE"), text_of(SECRET), text_of("")},
        .unix_s = SIGNED_S,
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct buffer query;
        struct case_ c = {.headers = "", .token = "", .later_s = cases[i].later_s};

        buffer_init(&query, 4096);
        assert_int_equal(
            sigv4_presign(&query, text_of(HOST), text_of(PATH), cases[i].expires_s, &signer), 0);
        c.query = query.data;
        assert_int_equal(verify(&c, PATH, HOST, REGION, SECRET), cases[i].good);
        buffer_free(&query);
    }
}

static void test_verify_wants_host_among_the_signed_headers(void **state)
{
    /* A good signature of nothing but the date, made with our own signing. */
    const struct header date = {text_of("X-Amz-Date"), text_of("20150830T123600Z")};
    const struct sigv4_scope scope = {text_of(REGION), text_of("execute-api")};
    const struct sigv4_credentials credentials = {text_of("AKIDEXAMPLE"), text_of(SECRET),
                                                  text_of("")};
    struct sigv4_request request = {
        .method = text_of("GET"), .path = text_of(PATH), .headers = &date, .header_count = 1};
    char signature[SIGV4_SIGNATURE_SIZE];
    char headers[512];

    (void)state;
    assert_int_equal(sigv4_sign(&request, &scope, &credentials, "20150830T123600Z", signature), 0);
    snprintf(headers, sizeof(headers),
             DATE "Authorization: AWS4-HMAC-SHA256 " CREDENTIAL
                  ",SignedHeaders=x-amz-date,Signature=%s\r\n",
             signature);
    assert_false(verify(&(struct case_){"", headers, "", 0}, PATH, HOST, REGION, SECRET));
}

TEST_GROUP(verify)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verify_accepts_what_botocore_signed),
        cmocka_unit_test(test_verify_covers_everything_that_is_signed),
        cmocka_unit_test(test_verify_turns_down_what_does_not_hold),
        cmocka_unit_test(test_verify_honours_an_expiry_of_up_to_seven_days),
        cmocka_unit_test(test_verify_wants_host_among_the_signed_headers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
