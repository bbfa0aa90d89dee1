#include "testing.h"

#include <string.h>

#include "wsload/protocol/failure.h"

static void test_failure_names_are_those_of_the_summary(void **state)
{
    static const char *const expected[] = {
        "dns",
        "connect_refused",
        "connect_timeout",
        "exhausted",
        "tls",
        "handshake_status",
        "protocol",
        "reply_timeout",
        "truncated",
        "closed",
        "eof",
        "reset",
        "setup",
        "error_reply",
        "unexpected_reply",
        "gateway_error",
    };

    (void)state;
    assert_int_equal(FAILURE_KIND_COUNT, ARRAY_LENGTH(expected));
    for (size_t i = 0; i < ARRAY_LENGTH(expected); i++) {
        enum failure_kind kind;
        assert_string_equal(failure_name((enum failure_kind)i), expected[i]);
        assert_true(failure_kind_of(expected[i], &kind));
        assert_int_equal(kind, i);
    }
    assert_false(failure_kind_of("", &(enum failure_kind){FAILURE_DNS}));
    assert_false(failure_kind_of("dn", &(enum failure_kind){FAILURE_DNS}));
}

static void test_failure_hint_knows_api_gateway(void **state)
{
    static const struct {
        enum failure_kind kind;
        const char *detail;
        const char *expected; /* part of the hint */
    } cases[] = {
        {FAILURE_HANDSHAKE_STATUS, "400", "unknown subprotocol"},
        {FAILURE_HANDSHAKE_STATUS, "401", "Unauthorized"},
        {FAILURE_HANDSHAKE_STATUS, "403", "signature or API key"},
        {FAILURE_HANDSHAKE_STATUS, "426", "Upgrade"},
        {FAILURE_HANDSHAKE_STATUS, "429",
         "account quota, usage plan, or a stage deployed with throttling 0"},
        {FAILURE_HANDSHAKE_STATUS, "500", "authorizer"},
        {FAILURE_HANDSHAKE_STATUS, "502", "$connect backend"},
        {FAILURE_HANDSHAKE_STATUS, "503", "unavailable"},
        {FAILURE_HANDSHAKE_STATUS, "504", "timed out"},
        {FAILURE_CLOSED, "1000", "normal closure"},
        {FAILURE_CLOSED, "1001", "10 minutes idle or 2 hours"},
        {FAILURE_CLOSED, "1001 idle", "10 minutes without a message"},
        {FAILURE_CLOSED, "1001 idle", "--keepalive"},
        {FAILURE_CLOSED, "1001 lifetime", "2 hours of life"},
        {FAILURE_CLOSED, "1001 lifetime", "--max-lifetime"},
        {FAILURE_CLOSED, "1003", "text frames only"},
        {FAILURE_CLOSED, "1005", "without a code"},
        {FAILURE_CLOSED, "1009", "128 KiB"},
        {FAILURE_CLOSED, "1011", "internal error"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_non_null(strstr(failure_hint(cases[i].kind, cases[i].detail), cases[i].expected));
}

static void test_failure_hint_tells_how_to_get_more_of_what_is_exhausted(void **state)
{
    (void)state;
    assert_non_null(strstr(failure_hint(FAILURE_EXHAUSTED, "ports"), "--interface"));
    assert_non_null(strstr(failure_hint(FAILURE_EXHAUSTED, "descriptors"), "ulimit -n"));
    assert_string_equal(failure_hint(FAILURE_EXHAUSTED, "memory"),
                        "this machine has no more of what a connection needs");
}

static void test_failure_hint_falls_back_to_the_kind(void **state)
{
    (void)state;
    assert_string_equal(failure_hint(FAILURE_REPLY_TIMEOUT, ""), "no reply in time");
    assert_string_equal(failure_hint(FAILURE_HANDSHAKE_STATUS, "418"),
                        "the upgrade was answered with this status");
    assert_string_equal(failure_hint(FAILURE_CLOSED, "4001"), "the connection was closed");
    assert_string_equal(failure_hint(FAILURE_CLOSED, "1006"), "the connection was closed");
    assert_string_equal(failure_hint(FAILURE_EOF, ""),
                        "abnormal closure: ended without a close frame");
    assert_string_equal(failure_hint(FAILURE_TRUNCATED, "closed 1001"),
                        "the reply broke off before its end");
    assert_string_equal(failure_hint(FAILURE_RESET, "1001"), "the connection was reset");
}

TEST_GROUP(failure)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failure_names_are_those_of_the_summary),
        cmocka_unit_test(test_failure_hint_knows_api_gateway),
        cmocka_unit_test(test_failure_hint_tells_how_to_get_more_of_what_is_exhausted),
        cmocka_unit_test(test_failure_hint_falls_back_to_the_kind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
