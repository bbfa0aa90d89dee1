#include "testing.h"

#include <arpa/inet.h>
#include <string.h>

#include "wsload/protocol/route.h"

static struct sources parsed(const char *text)
{
    struct sources sources;
    struct error error = {""};
    if (sources_parse(text, &sources, &error))
        fail_msg("%s: %s", text, error.text);
    return sources;
}

static void assert_picks(const struct sources *sources, uint64_t index, int family,
                         const char *expected)
{
    char out[SOURCE_TEXT_SIZE];
    char *picked = sources_pick(sources, index, family, out);
    if (expected == NULL) {
        assert_null(picked);
        return;
    }
    assert_ptr_equal(picked, out);
    assert_string_equal(out, expected);
}

/* Counts and ends of blocks as python3's ipaddress.ip_network(..., strict=False).hosts() gives
 * them; for IPv6 it leaves out the first as well. */
static void test_sources_blocks_give_their_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t count;
        const char *first;
        const char *last;
    } cases[] = {
        {"127.0.0.2", 1, "127.0.0.2", "127.0.0.2"},
        {"::1", 1, "::1", "::1"},
        {"127.0.0.2,127.0.0.3", 2, "127.0.0.2", "127.0.0.3"},
        {"127.0.0.8/29", 6, "127.0.0.9", "127.0.0.14"},
        {"127.0.0.13/29", 6, "127.0.0.9", "127.0.0.14"},
        {"127.0.0.4/30", 2, "127.0.0.5", "127.0.0.6"},
        {"127.0.0.5/31", 2, "127.0.0.4", "127.0.0.5"},
        {"127.0.0.4/32", 1, "127.0.0.4", "127.0.0.4"},
        {"127.0.0.0/8", 16777214, "127.0.0.1", "127.255.255.254"},
        {"10.20.30.40/12", 1048574, "10.16.0.1", "10.31.255.254"},
        {"0.0.0.0/0", 4294967294, "0.0.0.1", "255.255.255.254"},
        {"fd00::10/124", 16, "fd00::10", "fd00::1f"},
        {"fd00::ff/120", 256, "fd00::", "fd00::ff"},
        {"fd00::/97", UINT64_C(1) << 31, "fd00::", "fd00::7fff:ffff"},
        {"fd00::5/128", 1, "fd00::5", "fd00::5"},
        {"fd00:1:2:3::/64", UINT64_C(1) << 32, "fd00:1:2:3::", "fd00:1:2:3::ffff:ffff"},
        {"fdff::/8", UINT64_C(1) << 32, "fd00::", "fd00::ffff:ffff"},
        {"127.0.0.8/29,::1", 7, "127.0.0.9", "::1"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct sources sources = parsed(cases[i].text);
        assert_int_equal(sources.count, cases[i].count);
        assert_picks(&sources, 0, AF_UNSPEC, cases[i].first);
        assert_picks(&sources, cases[i].count - 1, AF_UNSPEC, cases[i].last);
    }
}

static void test_sources_are_picked_in_turn(void **state)
{
    (void)state;
    static const char *const expected[] = {"127.0.0.2", "127.0.0.9", "127.0.0.10",
                                           "::1",       "127.0.0.3", "127.0.0.2"};
    struct sources sources = parsed("127.0.0.2,127.0.0.8/30,::1,127.0.0.3");
    for (size_t i = 0; i < ARRAY_LENGTH(expected); i++)
        assert_picks(&sources, i, AF_UNSPEC, expected[i]);
    assert_picks(&sources, UINT64_MAX, AF_UNSPEC, expected[UINT64_MAX % 5]);
}

static void test_sources_of_a_family_are_picked_in_turn(void **state)
{
    (void)state;
    static const char *const expected[] = {"::1", "fd00::2", "fd00::3", "::1"};
    struct sources sources = parsed("::1,127.0.0.2,fd00::2/127");
    for (size_t i = 0; i < ARRAY_LENGTH(expected); i++)
        assert_picks(&sources, i, AF_INET6, expected[i]);
    assert_picks(&sources, 0, AF_INET, "127.0.0.2");
    assert_picks(&sources, 7, AF_INET, "127.0.0.2");
}

static void test_sources_may_have_none_of_a_family(void **state)
{
    (void)state;
    struct sources sources = parsed("127.0.0.2");
    assert_picks(&sources, 0, AF_INET6, NULL);
    assert_picks(&(struct sources){0}, 0, AF_UNSPEC, NULL);
}

static void test_sources_carry_into_higher_bytes(void **state)
{
    (void)state;
    struct sources sources = parsed("10.0.0.0/8,fd00::/96");
    assert_picks(&sources, 254, AF_INET, "10.0.0.255");
    assert_picks(&sources, 255, AF_INET, "10.0.1.0");
    assert_picks(&sources, 65535, AF_INET, "10.1.0.0");
    assert_picks(&sources, 0x1000000, AF_INET6, "fd00::100:0");
}

static void test_sources_refuse_what_is_no_address(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "127.0.0",
        "127.0.0.256",
        "localhost",
        "127.0.0.1,",
        ",127.0.0.1",
        "127.0.0.1/",
        "127.0.0.1/33",
        "::1/129",
        "127.0.0.1/8x",
        "1.2.3.4/-1",
        "127.0.0.1 ",
        "[::1]",
        "eth0",
        "127.0.0.1/+8",
        "::1/0128",
        "127.0.0.1/8/9",
        "127.0.0.1:80",
        "fd00::1%lo",
        "127.0.0.1,,127.0.0.2",
        "0000000000000000000000000000000000000000000000000000000000000001",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct sources sources;
        struct error error = {""};
        assert_int_equal(sources_parse(cases[i], &sources, &error), -1);
        assert_non_null(strstr(error.text, "is no address; use addresses and blocks, as in "));
    }
}

static void test_sources_error_names_the_item(void **state)
{
    (void)state;
    struct sources sources;
    struct error error = {""};
    assert_int_equal(sources_parse("127.0.0.2,127.0.0.x,127.0.0.3", &sources, &error), -1);
    assert_string_equal(error.text, "'127.0.0.x' is no address; use addresses and blocks, as in "
                                    "127.0.0.2,127.0.0.8/29");
}

static void test_sources_take_a_limited_list(void **state)
{
    (void)state;
    char text[SOURCES_MAX * 4 + 4] = "::1";
    struct sources sources;
    struct error error = {""};
    for (size_t i = 1; i < SOURCES_MAX; i++)
        memcpy(text + i * 4 - 1, ",::1", 5);
    assert_int_equal(sources_parse(text, &sources, &error), 0);
    assert_int_equal(sources.count, SOURCES_MAX);
    memcpy(text + SOURCES_MAX * 4 - 1, ",::1", 5);
    assert_int_equal(sources_parse(text, &sources, &error), -1);
    assert_string_equal(error.text, "more than 64 addresses; use blocks, as in 127.0.0.0/24");
}

TEST_GROUP(sources)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sources_blocks_give_their_addresses),
        cmocka_unit_test(test_sources_are_picked_in_turn),
        cmocka_unit_test(test_sources_of_a_family_are_picked_in_turn),
        cmocka_unit_test(test_sources_may_have_none_of_a_family),
        cmocka_unit_test(test_sources_carry_into_higher_bytes),
        cmocka_unit_test(test_sources_refuse_what_is_no_address),
        cmocka_unit_test(test_sources_error_names_the_item),
        cmocka_unit_test(test_sources_take_a_limited_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
