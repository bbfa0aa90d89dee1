#include "testing.h"

#include <string.h>

#include "wsload/protocol/sigv4.h"

/* Signatures marked "suite" are those that AWS publishes with its test suite; more of it, and other
 * implementations, are asked in tests/e2e/test_sigv4.py. */
#define HOST   "example.amazonaws.com"
#define DATE   "20150830T123600Z"
#define UNIX_S 1440938160
#define TOKEN  "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"

static struct sigv4_signer suite_signer(const char *token)
{
    return (struct sigv4_signer){
        .scope = {text_of("us-east-1"), text_of("service")},
        .credentials = {text_of("AKIDEXAMPLE"), text_of("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                        text_of(token)},
        .unix_s = UNIX_S,
    };
}

/* The signature of a GET of PATH and QUERY with Host, X-Amz-Date and COUNT headers MORE. */
static void sign_get(const char *path, const char *query, const struct header *more, size_t count,
                     char signature[SIGV4_SIGNATURE_SIZE])
{
    struct sigv4_signer signer = suite_signer("");
    struct header headers[8] = {{text_of("X-Amz-Date"), text_of(DATE)},
                                {text_of("Host"), text_of(HOST)}};
    struct sigv4_request request = {
        .method = text_of("GET"),
        .path = text_of(path),
        .query = text_of(query),
        .headers = headers,
        .header_count = 2 + count,
    };

    assert_true(request.header_count <= ARRAY_LENGTH(headers));
    for (size_t i = 0; i < count; i++)
        headers[2 + i] = more[i];
    assert_int_equal(sigv4_sign(&request, &signer.scope, &signer.credentials, DATE, signature), 0);
}

static void test_sigv4_sign_gives_the_published_signatures(void **state)
{
    static const struct {
        const char *path;
        const char *query;
        const char *signature;
    } cases[] = {
        /* suite: get-vanilla, -unreserved, -utf8, -space-normalized */
        {"/", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {"/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "",
         "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
        {"/\u1234", "", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
        {"/example space/", "", "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
        /* suite: get-vanilla-query-order-encoded: "Param" in front of "Param-3" */
        {"/", "Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
         "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char signature[SIGV4_SIGNATURE_SIZE];

        sign_get(cases[i].path, cases[i].query, NULL, 0, signature);
        assert_string_equal(signature, cases[i].signature);
    }
}

static void test_sigv4_sign_takes_what_means_the_same_for_the_same(void **state)
{
    static const struct {
        const char *path;
        const char *query;
        const char *other_path;
        const char *other_query;
    } cases[] = {
        {"//a//b/", "", "/a/b/", ""},
        {"/./a/../b/.", "", "/b", ""},
        {"/a/b/..", "", "/a", ""},
        {"/../..", "", "/", ""},
        {"/...", "", "/.../.", ""},
        {"", "", "/", ""},
        {"/", "b=2&a=1", "/", "a=1&b=2"},
        {"/", "a=2&a=1", "/", "a=1&a=2"},
        {"/", "a-b=1&a=2", "/", "a=2&a-b=1"},
        {"/", "a", "/", "a="},
        {"/", "&a=1&&b=2&", "/", "a=1&b=2"},
        {"/", "a=%7e%2fx%2F", "/", "a=~/x/"},
        {"/", "a=b=c", "/", "a=b%3Dc"},
        {"/", "a=1+2", "/", "a=1%202"},
        {"/", "a=%2B", "/", "a=%2b"},
        {"/", "a=%", "/", "a=%25"},
        {"/", "a=%zz%4", "/", "a=%25zz%254"},
        {"/", "\u00e9=1", "/", "%c3%a9=1"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char one[SIGV4_SIGNATURE_SIZE];
        char other[SIGV4_SIGNATURE_SIZE];

        sign_get(cases[i].path, cases[i].query, NULL, 0, one);
        sign_get(cases[i].other_path, cases[i].other_query, NULL, 0, other);
        assert_string_equal(one, other);
    }
}

/* The text goes on behind its length, as it does in a URL. */
static void test_sigv4_sign_stays_within_its_texts(void **state)
{
    static const char path_and_query[] = "/a/b?c=%41&d";
    struct sigv4_signer signer = suite_signer("");
    struct header host = {{"Hostile", 4}, {"example.amazonaws.com:80", 21}};
    struct sigv4_request request = {
        .method = {"GETTING", 3},
        .path = {path_and_query, 3},      /* "/a/" */
        .query = {path_and_query + 5, 4}, /* "c=%4" */
        .headers = &host,
        .header_count = 1,
        .body = {"body", 0},
    };
    struct header whole_host = {text_of("Host"), text_of(HOST)};
    struct sigv4_request whole = {
        .method = text_of("GET"),
        .path = text_of("/a/"),
        .query = text_of("c=%4"),
        .headers = &whole_host,
        .header_count = 1,
    };
    char one[SIGV4_SIGNATURE_SIZE];
    char other[SIGV4_SIGNATURE_SIZE];

    (void)state;
    assert_int_equal(sigv4_sign(&request, &signer.scope, &signer.credentials, DATE, one), 0);
    assert_int_equal(sigv4_sign(&whole, &signer.scope, &signer.credentials, DATE, other), 0);
    assert_string_equal(one, other);
}

static void test_sigv4_sign_tells_apart_what_differs(void **state)
{
    static const struct {
        const char *path;
        const char *query;
    } cases[] = {
        {"/", ""},        {"/a", ""},     {"/a/", ""},   {"/A", ""},      {"/a%20b", ""},
        {"/a%2520b", ""}, {"/a b", ""},   {"/a/b", ""},  {"/a%2Fb", ""},  {"/", "a"},
        {"/", "A"},       {"/", "a=1"},   {"/", "a=1 "}, {"/", "a=%2B1"}, {"/", "a=1&a=1"},
        {"/", "a%3D1"},   {"/", "a%26b"}, {"/", "a&b"},  {"/", "=a"},     {"/", "a=%00"},
        {"/", "a=%2525"}, {"/", "a=%25"},
    };
    char signatures[ARRAY_LENGTH(cases)][SIGV4_SIGNATURE_SIZE];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        sign_get(cases[i].path, cases[i].query, NULL, 0, signatures[i]);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(signatures[i], signatures[j]);
    }
}

static void test_sigv4_sign_reads_headers_in_their_canonical_form(void **state)
{
    static const struct header trimmed[] = {
        {{"My-Header2", 10}, {" \"a   b   c\"", 12}},
        {{"My-Header1", 10}, {" value1", 7}},
    };
    static const struct header duplicate[] = {
        {{"My-Header1", 10}, {"value2", 6}},
        {{"my-header1", 10}, {"value2\t ", 8}},
        {{"MY-HEADER1", 10}, {"value1", 6}},
    };
    char signature[SIGV4_SIGNATURE_SIZE];

    (void)state;
    sign_get("/", "", trimmed, 2, signature); /* suite: get-header-value-trim */
    assert_string_equal(signature,
                        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736");
    sign_get("/", "", duplicate, 3, signature); /* suite: get-header-key-duplicate */
    assert_string_equal(signature,
                        "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea");
}

static void test_sigv4_presign_puts_the_session_token_into_what_is_signed(void **state)
{
    /* suite: get-vanilla-with-session-token, query-signature */
    static const char expected[] =
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2F"
        "service%2Faws4_request&X-Amz-Date=" DATE
        "&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Security-Token=" TOKEN
        "&X-Amz-Signature=7ff2b50b376cb4d151970630573d6291dc128cc5c2a12ffb237f73cc53f67b6c";
    struct sigv4_signer signer = suite_signer(TOKEN);
    struct buffer query;

    (void)state;
    buffer_init(&query, 4096);
    assert_int_equal(sigv4_presign(&query, text_of(HOST), text_of("/"), 3600, &signer), 0);
    assert_string_equal(query.data, expected);
    buffer_free(&query);
}

static void test_sigv4_presign_goes_on_behind_a_query(void **state)
{
    struct sigv4_signer signer = suite_signer("");
    struct buffer query;

    (void)state;
    buffer_init(&query, 4096);
    assert_int_equal(buffer_printf(&query, "room=a%%20b&z"), 0);
    assert_int_equal(
        sigv4_presign(&query, text_of(HOST), text_of("/prod"), SIGV4_EXPIRES_S, &signer), 0);
    assert_non_null(strstr(query.data, "room=a%20b&z&X-Amz-Algorithm=AWS4-HMAC-SHA256&"));
    assert_ptr_equal(strstr(query.data, "room="), query.data);
    assert_non_null(strstr(query.data, "&X-Amz-Expires=300&"));
    assert_null(strstr(query.data, "Token"));
    buffer_free(&query);
}

static void test_sigv4_presign_encodes_a_token(void **state)
{
    struct sigv4_signer signer = suite_signer("a+b/c==");
    struct buffer query;

    (void)state;
    buffer_init(&query, 4096);
    assert_int_equal(sigv4_presign(&query, text_of(HOST), text_of("/"), 60, &signer), 0);
    assert_non_null(strstr(query.data, "&X-Amz-Security-Token=a%2Bb%2Fc%3D%3D&"));
    buffer_free(&query);
}

static void assert_authorized(const char *token, const char *expected)
{
    struct sigv4_signer signer = suite_signer(token);
    struct buffer headers;

    buffer_init(&headers, 4096);
    assert_int_equal(sigv4_authorize(&headers, text_of(HOST), text_of("/"), text_of(""), &signer),
                     0);
    assert_string_equal(headers.data, expected);
    buffer_free(&headers);
}

static void test_sigv4_authorize_writes_header_lines(void **state)
{
    /* suite: get-vanilla-with-session-token, header-signature */
    static const char expected[] =
        "X-Amz-Date: " DATE "\r\n"
        "X-Amz-Security-Token: " TOKEN "\r\n"
        "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/"
        "aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token, "
        "Signature=07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8\r\n";

    (void)state;
    assert_authorized(TOKEN, expected);
}

static void test_sigv4_authorize_leaves_out_a_token_that_is_not_there(void **state)
{
    /* suite: get-vanilla */
    static const char expected[] =
        "X-Amz-Date: " DATE "\r\n"
        "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/"
        "aws4_request, SignedHeaders=host;x-amz-date, "
        "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31\r\n";

    (void)state;
    assert_authorized("", expected);
}

static void test_sigv4_says_when_there_is_no_room(void **state)
{
    struct sigv4_signer signer = suite_signer(TOKEN);
    size_t length = 0;

    (void)state;
    for (size_t room = 0; length == 0 && room < 4096; room++) {
        struct buffer out;

        buffer_init(&out, room);
        if (sigv4_presign(&out, text_of(HOST), text_of("/"), 3600, &signer) == 0)
            length = out.length;
        assert_true(out.length <= room);
        assert_true(length == 0 || length == room);
        buffer_free(&out);
    }
    assert_true(length > 0);
}

static void test_sigv4_parse_scope_reads_both_forms(void **state)
{
    static const char *const texts[] = {"eu-west-1:execute-api", "aws:amz:eu-west-1:execute-api"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct sigv4_scope scope;
        struct error error;

        assert_int_equal(sigv4_parse_scope(texts[i], &scope, &error), 0);
        assert_true(text_equal(scope.region, text_of("eu-west-1")));
        assert_true(text_equal(scope.service, text_of("execute-api")));
    }
}

static void test_sigv4_parse_scope_refuses_others(void **state)
{
    static const char *const texts[] = {
        "",          ":",           "eu-west-1",     "eu-west-1:", ":execute-api",
        "aws:amz::", "aws:amz:a",   "aws:amz:a:b:c", "a:b:c",      "a b:c",
        "a:b/c",     "osc:amz:a:b", "aws:amz:a:",    "a\n:b",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct sigv4_scope scope;
        struct error error;

        assert_int_equal(sigv4_parse_scope(texts[i], &scope, &error), -1);
        assert_non_null(strstr(error.text, "eu-west-1:execute-api"));
    }
}

static void test_sigv4_date_is_utc(void **state)
{
    static const struct {
        uint64_t unix_s;
        const char *expected;
    } cases[] = {
        {0, "19700101T000000Z"},          {UNIX_S, DATE},
        {1709164799, "20240228T235959Z"}, {1709164800, "20240229T000000Z"},
        {UINT64_MAX, "99991231T235959Z"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct sigv4_signer signer = suite_signer("");
        struct buffer query;
        const char *date;

        signer.unix_s = cases[i].unix_s;
        buffer_init(&query, 1000);
        assert_int_equal(sigv4_presign(&query, text_of(HOST), text_of("/"), 60, &signer), 0);
        date = strstr(query.data, "X-Amz-Date=");
        assert_non_null(date);
        date += strlen("X-Amz-Date=");
        assert_int_equal(strcspn(date, "&"), strlen(cases[i].expected));
        assert_memory_equal(date, cases[i].expected, strlen(cases[i].expected));
        buffer_free(&query);
    }
}

static void test_sigv4_encode_keeps_only_unreserved_characters(void **state)
{
    static const struct {
        const char *text;
        bool keep_slash;
        const char *expected;
    } cases[] = {
        {"", false, ""},
        {"azAZ09-._~", false, "azAZ09-._~"},
        {"a b/c", false, "a%20b%2Fc"},
        {"a b/c", true, "a%20b/c"},
        {"+&=?#%*'()!@,;:", false, "%2B%26%3D%3F%23%25%2A%27%28%29%21%40%2C%3B%3A"},
        {"\u00e9\u20ac\U0001F600\x01\x7f", false, "%C3%A9%E2%82%AC%F0%9F%98%80%01%7F"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct buffer out;

        buffer_init(&out, 100);
        assert_int_equal(sigv4_encode(&out, text_of(cases[i].text), cases[i].keep_slash), 0);
        assert_string_equal(buffer_text(&out).data, cases[i].expected);
        buffer_free(&out);
    }
}

TEST_GROUP(sigv4)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sigv4_sign_gives_the_published_signatures),
        cmocka_unit_test(test_sigv4_sign_takes_what_means_the_same_for_the_same),
        cmocka_unit_test(test_sigv4_sign_stays_within_its_texts),
        cmocka_unit_test(test_sigv4_sign_tells_apart_what_differs),
        cmocka_unit_test(test_sigv4_sign_reads_headers_in_their_canonical_form),
        cmocka_unit_test(test_sigv4_presign_puts_the_session_token_into_what_is_signed),
        cmocka_unit_test(test_sigv4_presign_goes_on_behind_a_query),
        cmocka_unit_test(test_sigv4_presign_encodes_a_token),
        cmocka_unit_test(test_sigv4_authorize_writes_header_lines),
        cmocka_unit_test(test_sigv4_authorize_leaves_out_a_token_that_is_not_there),
        cmocka_unit_test(test_sigv4_says_when_there_is_no_room),
        cmocka_unit_test(test_sigv4_parse_scope_reads_both_forms),
        cmocka_unit_test(test_sigv4_parse_scope_refuses_others),
        cmocka_unit_test(test_sigv4_date_is_utc),
        cmocka_unit_test(test_sigv4_encode_keeps_only_unreserved_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
