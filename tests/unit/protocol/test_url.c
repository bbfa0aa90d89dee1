#include "testing.h"

#include <string.h>

#include "wsload/protocol/handshake.h"

static void test_url_parse_takes_websocket_urls(void **state)
{
    static const struct {
        const char *text;
        bool secure;
        const char *host;
        uint16_t port;
        const char *path;
        const char *host_header;
        const char *origin;
    } cases[] = {
        {"ws://example.com", false, "example.com", 80, "/", "example.com", "http://example.com"},
        {"wss://example.com", true, "example.com", 443, "/", "example.com", "https://example.com"},
        {"WSS://API.Example.COM/Prod", true, "api.example.com", 443, "/Prod", "api.example.com",
         "https://api.example.com"},
        {"ws://localhost:8080/a/b?x=1&y=2", false, "localhost", 8080, "/a/b?x=1&y=2",
         "localhost:8080", "http://localhost:8080"},
        {"wss://h:443/", true, "h", 443, "/", "h", "https://h"},
        {"ws://h:443/", false, "h", 443, "/", "h:443", "http://h:443"},
        {"wss://h:80", true, "h", 80, "/", "h:80", "https://h:80"},
        {"ws://h?token=%41%zz", false, "h", 80, "/?token=%41%zz", "h", "http://h"},
        {"ws://127.0.0.1:1", false, "127.0.0.1", 1, "/", "127.0.0.1:1", "http://127.0.0.1:1"},
        {"ws://h:65535", false, "h", 65535, "/", "h:65535", "http://h:65535"},
        {"ws://[::1]", false, "::1", 80, "/", "[::1]", "http://[::1]"},
        {"wss://[2001:DB8::1]:8443/x", true, "2001:db8::1", 8443, "/x", "[2001:db8::1]:8443",
         "https://[2001:db8::1]:8443"},
        {"ws://my_host-1.example./", false, "my_host-1.example.", 80, "/", "my_host-1.example.",
         "http://my_host-1.example."},
        {"ws://h/a@b?c@d", false, "h", 80, "/a@b?c@d", "h", "http://h"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct url url;
        struct error error = {""};
        char out[URL_ORIGIN_SIZE];

        assert_int_equal(url_parse(cases[i].text, &url, &error), 0);
        assert_int_equal(url.secure, cases[i].secure);
        assert_string_equal(url.host, cases[i].host);
        assert_int_equal(url.host_is_ipv6, strchr(cases[i].host, ':') != NULL);
        assert_int_equal(url.port, cases[i].port);
        assert_string_equal(url.path, cases[i].path);
        assert_string_equal(url_host_header(&url, out), cases[i].host_header);
        assert_string_equal(url_origin(&url, out), cases[i].origin);
    }
}

static void test_url_parse_offers_what_was_meant(void **state)
{
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"http://api.example.com/prod",
         "http://api.example.com/prod: a WebSocket URL starts with ws:// or wss://; did you mean "
         "ws://api.example.com/prod ?"},
        {"HTTPS://h",
         "HTTPS://h: a WebSocket URL starts with ws:// or wss://; did you mean wss://h ?"},
        {"api.example.com:8080/prod",
         "api.example.com:8080/prod: a WebSocket URL starts with ws:// or wss://; did you mean "
         "wss://api.example.com:8080/prod ?"},
        {"ws:/host/path", "ws:/host/path: a WebSocket URL starts with ws:// or wss://; did you "
                          "mean ws://host/path ?"},
        {"WSS:/h", "WSS:/h: a WebSocket URL starts with ws:// or wss://; did you mean wss://h ?"},
        {"ws//h", "ws//h: a WebSocket URL starts with ws:// or wss://; did you mean ws://h ?"},
        {"ws:80/p", "ws:80/p: a WebSocket URL starts with ws:// or wss://; did you mean "
                    "wss://ws:80/p ?"}, /* a host of that name */
        {"ftp://h", "ftp://h: a WebSocket URL starts with ws:// or wss://"},
        {"", "the URL is empty; write it as in wss://api.example.com/prod"},
        {"https://user:SECRET@h/p?t=SECRET#SECRET",
         "https://***@h/p?***: a WebSocket URL starts with ws:// or wss://; did you mean "
         "wss://***@h/p?*** ?"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct url url;
        struct error error;

        assert_int_equal(url_parse(cases[i].text, &url, &error), -1);
        assert_string_equal(error.text, cases[i].expected);
    }
}

static void test_host_plain_is_one_spelling(void **state)
{
    static const struct {
        const char *host;
        const char *plain;
    } cases[] = {
        {"localhost", "localhost"}, {"LocalHost.", "localhost"}, {".", "."},
        {"[::1]", "::1"},           {"0:0:0:0:0:0:0:1", "::1"},  {"::FFFF:1", "::255.255.0.1"},

    };
    char plain[URL_HOST_SIZE];
    char longest[2 * URL_HOST_SIZE];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_string_equal(host_plain(cases[i].host, plain), cases[i].plain);
        assert_true(host_equal(cases[i].host, cases[i].plain));
    }
    assert_false(host_equal("localhost", "localhost.localdomain"));
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(strlen(host_plain(longest, plain)), URL_HOST_SIZE - 1);
}

static void test_url_parse_refuses(void **state)
{
    static const struct {
        const char *text;
        const char *expected; /* part of the error */
    } cases[] = {
        {"ws://", "no valid host"},
        {"ws:///path", "no valid host"},
        {"ws://?x", "no valid host"},
        {"ws://:80", "no valid host"},
        {"ws://a..b", "no valid host"},
        {"ws://.", "no valid host"},
        {"ws://a%41", "no valid host"},
        {"ws://a*b", "no valid host"},
        {"ws://h:", "no such port"},
        {"ws://h:0", "no such port"},
        {"ws://h:65536", "no such port"},
        {"ws://h:99999999999999999999", "no such port"},
        {"ws://h:8o", "the port is not a number"},
        {"ws://h:-1", "the port is not a number"},
        {"ws://h:+1", "the port is not a number"},
        {"ws://::1/", "write an IPv6 address as in [::1]"},
        {"ws://[::1", "no IPv6 address in the brackets"},
        {"ws://[]", "no IPv6 address in the brackets"},
        {"ws://[1.2.3.4]", "no IPv6 address in the brackets"},
        {"ws://[::1%25eth0]", "no IPv6 address in the brackets"},
        {"ws://[::1]x", "no port"},
        {"ws://h/#top", "no fragment"},
        {"ws://h#", "no fragment"},
        {"ws://user:SECRET@h/", "a user and password have no place"},
        {"ws://SECRET@h?SECRET", "ws://***@h?***: a user and password"},
        {"ws://user:SEC?RET@h/", "ws://***@h/: "},
        {"SECRET#SECRET@h", "***@h: "},
        {"ws:/user:SECRET@h/?t=SECRET", "did you mean ws://***@h/?*** ?"},
        {"ws://h/a b", "at place 9"},
        {" ws://h", "did you mean"},
        {"ws://h\n", "at place 7"},
        {"ws://h/\x7F", "at place 8"},
        {"ws://h/caf\xC3\xA9", "percent-encode it"},
        {"ws://h:8o/?t=SECRET", "ws://h:8o/?***: the port"},
        {"ws://h/?a=http://SECRET b", "ws://h/?***: white space"},
        {"x@y?a=http://SECRET", "***@y?***: a WebSocket URL"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct url url;
        struct error error;

        assert_int_equal(url_parse(cases[i].text, &url, &error), -1);
        assert_non_null(strstr(error.text, cases[i].expected));
        assert_null(strstr(error.text, "SECRET"));
        for (const char *p = error.text; *p != '\0'; p++)
            assert_in_range((unsigned char)*p, ' ', '~');
    }
}

/* "ws://" and LENGTH times the letter a, with a dot after each 60. */
static void assert_host_length(size_t length, int expected)
{
    char text[400] = "ws://";
    struct url url;
    struct error error;

    for (size_t i = 0; i < length; i++)
        text[5 + i] = i % 61 == 60 ? '.' : 'a';
    assert_int_equal(url_parse(text, &url, &error), expected);
}

static void test_url_parse_bounds_the_host(void **state)
{
    static const char label[] =
        "ws://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"; /* 64 of them */
    struct url url;
    struct error error;

    (void)state;
    assert_host_length(253, 0);
    assert_host_length(254, -1);
    assert_host_length(300, -1);
    assert_int_equal(strlen(label), 5 + 64);
    assert_int_equal(url_parse(label, &url, &error), -1);
}

static void test_url_parse_bounds_the_path(void **state)
{
    static char text[URL_PATH_SIZE + 100];
    struct url url;
    struct error error;

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    memcpy(text, "ws://h/", 7);
    assert_int_equal(url_parse(text, &url, &error), -1);
    assert_non_null(strstr(error.text, "the path is longer than 8190 bytes"));
    text[6 + URL_PATH_SIZE - 2] = '\0';
    assert_int_equal(url_parse(text, &url, &error), 0);
    assert_int_equal(strlen(url.path), URL_PATH_SIZE - 2);
}

static void test_url_display_hides_query_values(void **state)
{
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"ws://h", "ws://h/"},
        {"WSS://H:443/p", "wss://h/p"},
        {"ws://[::1]:8080/p?", "ws://[::1]:8080/p?"},
        {"ws://h/p?a=1", "ws://h/p?a=***"},
        {"ws://h/p?a=1&b=&c=2", "ws://h/p?a=***&***&c=***"},
        {"ws://h?a=1=2", "ws://h/?a=***"},
        {"ws://h?eyJhbGciOiJIUzI1NiJ9", "ws://h/?***"},
        {"ws://h?QmFzZTY0=", "ws://h/?***"},
        {"ws://h?QmFzZTY=", "ws://h/?***"},
        {"ws://h?Qm==&a=b", "ws://h/?***&a=***"},
        {"ws://h?&&a=?", "ws://h/?&&a=***"},
        {"ws://h?=x", "ws://h/?=***"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct url url;
        struct error error;
        char out[200];

        assert_int_equal(url_parse(cases[i].text, &url, &error), 0);
        assert_ptr_equal(url_display(&url, out, sizeof(out)), out);
        assert_string_equal(out, cases[i].expected);
    }
}

static void test_url_display_is_cut_at_its_size(void **state)
{
    static const char full[] = "ws://host/path?a=***&b=***";
    struct url url;
    struct error error;
    char out[sizeof(full) + 1];

    (void)state;
    assert_int_equal(url_parse("ws://host/path?a=1&b=2", &url, &error), 0);
    for (size_t size = 1; size <= sizeof(full); size++) {
        memset(out, '#', sizeof(out));
        url_display(&url, out, size);
        assert_int_equal(strlen(out), size - 1);
        assert_memory_equal(out, full, size - 1);
        assert_int_equal(out[size], '#');
    }
}

TEST_GROUP(url)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_url_parse_takes_websocket_urls),
        cmocka_unit_test(test_url_parse_offers_what_was_meant),
        cmocka_unit_test(test_host_plain_is_one_spelling),
        cmocka_unit_test(test_url_parse_refuses),
        cmocka_unit_test(test_url_parse_bounds_the_host),
        cmocka_unit_test(test_url_parse_bounds_the_path),
        cmocka_unit_test(test_url_display_hides_query_values),
        cmocka_unit_test(test_url_display_is_cut_at_its_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
