#include "testing.h"

#include <string.h>

#include "wsload/protocol/handshake.h"

static void test_header_parse_splits_name_and_value(void **state)
{
    static const struct {
        const char *text;
        const char *name;
        const char *value;
    } cases[] = {
        {"Authorization: Bearer abc", "Authorization", "Bearer abc"},
        {"x-api-key:k", "x-api-key", "k"},
        {"X: \t a: b \t", "X", "a: b"},
        {"X:", "X", ""},
        {"X:   ", "X", ""},
        {"!#$%&'*+-.^_`|~09azAZ: v", "!#$%&'*+-.^_`|~09azAZ", "v"},
        {"X: a\tb", "X", "a\tb"},
        {"X: caf\xC3\xA9", "X", "caf\xC3\xA9"},
        {"Origin: https://a", "Origin", "https://a"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct header header;
        struct error error;

        assert_int_equal(header_parse(cases[i].text, &header, &error), 0);
        assert_true(text_equal(header.name, text_of(cases[i].name)));
        assert_true(text_equal(header.value, text_of(cases[i].value)));
    }
}

static void test_header_parse_refuses_and_never_shows_the_value(void **state)
{
    static const struct {
        const char *text;
        const char *expected; /* part of the error */
    } cases[] = {
        {"SECRET", "without a colon"},
        {"Authorization SECRET", "without a colon"},
        {": SECRET", "header name"},
        {"SECRET is here: SECRET", "header name"},
        {"Name : SECRET", "right after it"},
        {"N\xC3\xA9: SECRET", "header name"},
        {"X: SECRET\r\nY: SECRET", "header 'X': its value holds a line break"},
        {"X: SECRET\n", "header 'X'"},
        {"X: \x7FSECRET", "header 'X'"},
        {"X: SECRET\x01", "header 'X'"},
        {"Upgrade: SECRET", "header 'Upgrade': the handshake sets it itself"},
        {"connection: SECRET", "header 'connection': the handshake sets it itself"},
        {"Sec-WebSocket-Key: SECRET", "header 'Sec-WebSocket-Key': the handshake sets it"},
        {"SEC-WEBSOCKET-EXTENSIONS: SECRET", "the handshake sets it itself"},
        {"Sec-WebSocket-Protocol: SECRET", "use --subprotocol"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct header header;
        struct error error;

        assert_int_equal(header_parse(cases[i].text, &header, &error), -1);
        assert_non_null(strstr(error.text, cases[i].expected));
        assert_null(strstr(error.text, "SECRET"));
    }
}

static void test_header_is_ignores_case(void **state)
{
    struct header header;
    struct error error;

    (void)state;
    assert_int_equal(header_parse("hOST: a", &header, &error), 0);
    assert_true(header_is(&header, "Host"));
    assert_false(header_is(&header, "Hos"));
    assert_false(header_is(&header, "Hosts"));
}

static void test_handshake_token_follows_rfc_9110(void **state)
{
    (void)state;
    assert_true(handshake_token_valid("chat"));
    assert_true(handshake_token_valid("v1.chat+json"));
    assert_false(handshake_token_valid(""));
    assert_false(handshake_token_valid("a b"));
    assert_false(handshake_token_valid("a,b"));
    assert_false(handshake_token_valid("a/b"));
    assert_false(handshake_token_valid("a\"b"));
    assert_false(handshake_token_valid("\xC3\xA9"));
}

static void test_answer_tells_refusal_by_some_headers(void **state)
{
    static const struct {
        const char *line;
        bool tells;
    } cases[] = {
        {"Location: https://login.test/", true},
        {"WWW-Authenticate: Bearer", true},
        {"retry-after:120", true},
        {"x-amzn-ErrorType: ForbiddenException", true},
        {"Location", true},
        {"Content-Location: /", false},
        {"Set-Cookie: a=b", false},
        {"", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(answer_tells_refusal(text_of(cases[i].line)), cases[i].tells);
}

static void test_answer_is_interim_but_for_101(void **state)
{
    (void)state;
    assert_true(answer_is_interim(text_of("HTTP/1.1 103 Early Hints\r\nLink: ")));
    assert_true(answer_is_interim(text_of("HTTP/1.1 100")));
    assert_false(answer_is_interim(text_of("HTTP/1.1 101")));
    assert_false(answer_is_interim(text_of("HTTP/1.1 10"))); /* nobody can tell yet */
    assert_false(answer_is_interim(text_of("HTTP/1.1 200 OK")));
}

#define CHUNKED "HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n"
#define PLAIN   "HTTP/1.1 403 Forbidden\r\nContent-Length: 7\r\n\r\n"

static void test_answer_chunks_are_joined(void **state)
{
    static const struct {
        const char *answer;
        const char *joined;
        bool ended;
    } cases[] = {
        {CHUNKED "5\r\nhello\r\n0\r\n\r\n", CHUNKED "hello", true},
        {CHUNKED "5\r\nhello\r\n7;a=b\r\n, world\r\n0\r\n\r\n", CHUNKED "hello, world", true},
        {CHUNKED "0A\r\na\r\nb\r\n0\r\nc\r\n0\r\n\r\n", CHUNKED "a\r\nb\r\n0\r\nc", true},
        {CHUNKED "0\r\n\r\n", CHUNKED, true},
        {CHUNKED "5\r\nhel", CHUNKED "hel", false},
        {CHUNKED "5\r\nhello\r\n7", CHUNKED "hello", false},
        {CHUNKED "5\r\nhello", CHUNKED "hello", false},
        {CHUNKED "no size\r\n", CHUNKED, false},
        {CHUNKED "fffffffff\r\nx", CHUNKED, false},
        {CHUNKED "ffffffff\r\nx", CHUNKED "x", false},
        {CHUNKED, CHUNKED, false},
        {"HTTP/1.1 403 x\r\ntransfer-ENCODING:Chunked\r\nA: b\r\n\r\n1\r\nx\r\n",
         "HTTP/1.1 403 x\r\ntransfer-ENCODING:Chunked\r\nA: b\r\n\r\nx", false},
        {PLAIN "5\r\nhello\r\n", PLAIN "5\r\nhello\r\n", false},
        {"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n",
         "HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n", false},
        {"", "", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct text answer = text_of(cases[i].answer);
        char *copy = test_malloc(answer.length + 1); /* bounds are checked */
        memcpy(copy, answer.data, answer.length);
        assert_int_equal(answer_chunks_ended((struct text){copy, answer.length}), cases[i].ended);
        size_t length = answer_join_chunks(copy, answer.length);
        assert_int_equal(length, strlen(cases[i].joined));
        assert_memory_equal(copy, cases[i].joined, length);
        test_free(copy);
    }
}

TEST_GROUP(handshake)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_parse_splits_name_and_value),
        cmocka_unit_test(test_header_parse_refuses_and_never_shows_the_value),
        cmocka_unit_test(test_header_is_ignores_case),
        cmocka_unit_test(test_handshake_token_follows_rfc_9110),
        cmocka_unit_test(test_answer_tells_refusal_by_some_headers),
        cmocka_unit_test(test_answer_is_interim_but_for_101),
        cmocka_unit_test(test_answer_chunks_are_joined),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
