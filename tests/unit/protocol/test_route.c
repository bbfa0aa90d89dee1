#include "testing.h"

#include <stdio.h>
#include <string.h>

#include "wsload/protocol/route.h"

static void test_route_parses_resolve(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *host;
        unsigned port;
        const char *addresses;
    } cases[] = {
        {"api.example.com:443:127.0.0.1", "api.example.com", 443, "127.0.0.1"},
        {"api.example.com:443:127.0.0.1,127.0.0.2", "api.example.com", 443, "127.0.0.1,127.0.0.2"},
        {"api.example.com:443:[::1]", "api.example.com", 443, "::1"},
        {"api.example.com:443:::1,127.0.0.1", "api.example.com", 443, "::1,127.0.0.1"},
        {"[::1]:80:127.0.0.1", "::1", 80, "127.0.0.1"},
        {"*:65535:127.0.0.1", "*", 65535, "127.0.0.1"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct resolve_rule rule;
        struct error error;
        assert_int_equal(route_parse_resolve(cases[i].text, &rule, &error), 0);
        assert_string_equal(rule.host, cases[i].host);
        assert_int_equal(rule.port, cases[i].port);
        assert_string_equal(rule.addresses, cases[i].addresses);
    }
}

static void test_route_refuses_what_is_no_resolve(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "host",
        "host:443",
        "host:443:",
        "host:443:name",
        ":443:::",
        "host::::1",
        "host:0:::1",
        "host:65536:::1",
        "host:http:::1",
        "[::1:80:127.0.0.1",
        "host:443:127.0.0.1,",
        "host:443:,127.0.0.1",
        "host:443:[::1",
        "host:443:127.0.0.1 ",
        "host:443:127.0.0.256",
        "h:[443]:127.0.0.1",
        "host:000443:::1",
        "[::1]x80:127.0.0.1",
        /* one more than the longest text of an address */
        "host:443:0000:0000:0000:0000:0000:0000:0000:0000:000000",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct resolve_rule rule;
        struct error error;
        if (route_parse_resolve(cases[i], &rule, &error) != -1)
            fail_msg("accepted: %s", cases[i]);
    }
}

/* "HHH...:443:127.0.0.1,127.0.0.1,..." with a host of HOST characters and ADDRESSES addresses, of
 * which the first LONGER are one character longer. */
static const char *long_resolve(size_t host, size_t addresses, size_t longer)
{
    static char text[4096];
    memset(text, 'h', host);
    size_t used = host + (size_t)snprintf(text + host, sizeof(text) - host, ":443:");
    for (size_t i = 0; i < addresses; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s127.0.0.%s", i ? "," : "",
                                 i < longer ? "10" : "1");
    return text;
}

static void test_route_bounds_what_a_resolve_holds(void **state)
{
    (void)state;
    static const struct {
        size_t host;
        size_t addresses;
        size_t longer;
        int status;
    } cases[] = {
        {ROUTE_HOST_SIZE - 1, 1, 0, 0},
        {ROUTE_HOST_SIZE, 1, 0, -1},
        {1, 102, 4, 0},  /* 1,023 characters: a NUL less than ROUTE_ADDRESS_SIZE */
        {1, 102, 5, -1}, /* and one too many */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct resolve_rule rule;
        struct error error;
        const char *text = long_resolve(cases[i].host, cases[i].addresses, cases[i].longer);
        assert_int_equal(route_parse_resolve(text, &rule, &error), cases[i].status);
        if (cases[i].status == 0)
            assert_string_equal(rule.addresses, text + cases[i].host + strlen(":443:"));
    }
}

static void test_route_parses_connect_to(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct connect_to_rule rule;
    } cases[] = {
        {"a:1:b:2", {"a", 1, "b", 2}},
        {"::b:2", {"", 0, "b", 2}},
        {"a:1::2", {"a", 1, "", 2}},
        {"a:1:b:", {"a", 1, "b", 0}},
        {"a:1:[::1]:8443", {"a", 1, "::1", 8443}},
        {":::", {"", 0, "", 0}},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct connect_to_rule rule;
        struct error error;
        assert_int_equal(route_parse_connect_to(cases[i].text, &rule, &error), 0);
        assert_string_equal(rule.from_host, cases[i].rule.from_host);
        assert_int_equal(rule.from_port, cases[i].rule.from_port);
        assert_string_equal(rule.to_host, cases[i].rule.to_host);
        assert_int_equal(rule.to_port, cases[i].rule.to_port);
    }
}

static void test_route_refuses_what_is_no_connect_to(void **state)
{
    (void)state;
    static const char *const cases[] = {"",          "a",         "a:1",       "a:1:b",
                                        "a:1:b:x",   "a:1:b:2:3", "a:x:b:2",   "a:1:b:70000",
                                        "a:[1]:b:2", "a:1:b:[2]", "a:1:b:[2]x"};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct connect_to_rule rule;
        struct error error;
        if (route_parse_connect_to(cases[i], &rule, &error) != -1)
            fail_msg("accepted: %s", cases[i]);
    }
}

static void test_route_follows_connect_to_then_resolve(void **state)
{
    (void)state;
    static const struct connect_to_rule connect_to[] = {
        {"other", 443, "wrong", 1},
        {"api.example.com", 444, "wrong", 1},
        {"API.example.com", 443, "localhost", 8443},
        {"", 0, "too-late", 2},
    };
    static const struct resolve_rule resolve[] = {
        {"api.example.com", 443, "127.0.0.9"}, /* of the name before the detour */
        {"localhost", 443, "127.0.0.8"},       /* of another port */
        {"LocalHost", 8443, "127.0.0.7"},
        {"*", 8443, "127.0.0.6"}, /* too late */
    };
    struct route route;
    struct routes routes = {connect_to, ARRAY_LENGTH(connect_to), resolve, ARRAY_LENGTH(resolve)};
    route_follow(&routes, "api.example.com", 443, &route);
    assert_string_equal(route.host, "127.0.0.7");
    assert_int_equal(route.port, 8443);
}

static void test_route_without_rules_leads_straight_there(void **state)
{
    (void)state;
    struct route route;
    struct routes routes = {0};
    route_follow(&routes, "api.example.com", 443, &route);
    assert_string_equal(route.host, "api.example.com");
    assert_int_equal(route.port, 443);
}

static void test_route_empty_parts_match_and_keep(void **state)
{
    (void)state;
    static const struct connect_to_rule port_only = {"", 0, "", 9000};
    static const struct resolve_rule any = {"*", 9000, "127.0.0.3"};
    struct route route;
    struct routes routes = {&port_only, 1, &any, 1};
    route_follow(&routes, "api.example.com", 443, &route);
    assert_string_equal(route.host, "127.0.0.3");
    assert_int_equal(route.port, 9000);

    static const struct connect_to_rule host_only = {"api.example.com", 0, "localhost", 0};
    routes = (struct routes){&host_only, 1, NULL, 0};
    route_follow(&routes, "api.example.com", 443, &route);
    assert_string_equal(route.host, "localhost");
    assert_int_equal(route.port, 443);

    routes = (struct routes){&port_only, 1, NULL, 0};
    route_follow(&routes, "api.example.com", 443, &route);
    assert_string_equal(route.host, "api.example.com");
    assert_int_equal(route.port, 9000);
}

static void test_route_knows_a_host_in_any_spelling(void **state)
{
    (void)state;
    static const struct connect_to_rule connect_to = {"Api.Example.com", 0, "::1", 0};
    static const struct resolve_rule resolve = {"0:0:0:0:0:0:0:1", 443, "127.0.0.3"};
    struct route route;
    struct routes routes = {&connect_to, 1, &resolve, 1};
    route_follow(&routes, "api.example.com.", 443, &route);
    assert_string_equal(route.host, "127.0.0.3");
}

TEST_GROUP(route)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_route_parses_resolve),
        cmocka_unit_test(test_route_refuses_what_is_no_resolve),
        cmocka_unit_test(test_route_bounds_what_a_resolve_holds),
        cmocka_unit_test(test_route_parses_connect_to),
        cmocka_unit_test(test_route_refuses_what_is_no_connect_to),
        cmocka_unit_test(test_route_follows_connect_to_then_resolve),
        cmocka_unit_test(test_route_without_rules_leads_straight_there),
        cmocka_unit_test(test_route_empty_parts_match_and_keep),
        cmocka_unit_test(test_route_knows_a_host_in_any_spelling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
