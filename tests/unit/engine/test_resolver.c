#include "testing.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/engine/resolver.h"

static struct addresses lookup(const char *host, enum address_family family,
                               const struct resolve_rule *rule)
{
    struct addresses addresses;
    struct target target = {.family = family, .url = {.port = 443}};
    strncpy(target.url.host, host, sizeof(target.url.host) - 1);
    target.routes = (struct routes){.resolve = rule, .resolve_count = rule ? 1 : 0};
    resolver_lookup(&target, &addresses);
    return addresses;
}

static void test_resolver_takes_numeric_addresses_as_they_are(void **state)
{
    (void)state;
    struct addresses four = lookup("127.0.0.1", FAMILY_ANY, NULL);
    assert_int_equal(four.count, 1);
    assert_string_equal(four.items[0], "127.0.0.1");
    assert_int_equal(four.port, 443);
    struct addresses six = lookup("::1", FAMILY_ANY, NULL);
    assert_int_equal(six.count, 1);
    assert_string_equal(six.items[0], "::1");
}

static void test_resolver_follows_resolve_in_order_without_repeats(void **state)
{
    (void)state;
    struct resolve_rule rule = {"api.example.com", 443, "127.0.0.2,::1,127.0.0.2"};
    struct addresses addresses = lookup("api.example.com", FAMILY_ANY, &rule);
    assert_int_equal(addresses.count, 2);
    assert_string_equal(addresses.items[0], "127.0.0.2");
    assert_string_equal(addresses.items[1], "::1");
}

static void test_resolver_takes_the_port_of_the_route(void **state)
{
    (void)state;
    struct addresses addresses;
    struct connect_to_rule rule = {"api.example.com", 443, "127.0.0.5", 8443};
    struct target target = {
        .url = {.host = "api.example.com", .port = 443},
        .routes = {.connect_to = &rule, .connect_to_count = 1},
    };
    resolver_lookup(&target, &addresses);
    assert_int_equal(addresses.count, 1);
    assert_string_equal(addresses.items[0], "127.0.0.5");
    assert_int_equal(addresses.port, 8443);
}

static void test_resolver_leaves_out_what_has_no_room(void **state)
{
    (void)state;
    struct resolve_rule rule = {"api.example.com", 443, ""};
    for (size_t i = 1; i <= ADDRESSES_MAX + 1; i++) {
        size_t used = strlen(rule.addresses);
        snprintf(rule.addresses + used, sizeof(rule.addresses) - used, "%s127.0.0.%zu",
                 used ? "," : "", i);
    }
    struct addresses addresses = lookup("api.example.com", FAMILY_ANY, &rule);
    assert_int_equal(addresses.count, ADDRESSES_MAX);
    assert_string_equal(addresses.items[ADDRESSES_MAX - 1], "127.0.0.16");
}

static void test_resolver_keeps_to_the_family(void **state)
{
    (void)state;
    struct resolve_rule rule = {"api.example.com", 443, "127.0.0.2,::1"};
    struct addresses four = lookup("api.example.com", FAMILY_IPV4, &rule);
    assert_int_equal(four.count, 1);
    assert_string_equal(four.items[0], "127.0.0.2");
    struct addresses six = lookup("api.example.com", FAMILY_IPV6, &rule);
    assert_int_equal(six.count, 1);
    assert_string_equal(six.items[0], "::1");
}

static void test_resolver_says_why_there_is_no_address(void **state)
{
    (void)state;
    struct addresses addresses = lookup("127.0.0.1", FAMILY_IPV6, NULL);
    assert_int_equal(addresses.count, 0);
    assert_non_null(strstr(addresses.reason, "127.0.0.1: "));
}

static void test_resolver_times_names_only(void **state)
{
    (void)state;
    struct resolve_rule rule = {"api.example.com", 443, "127.0.0.2,::1"};
    assert_int_equal(lookup("127.0.0.1", FAMILY_ANY, NULL).lookup_ns, CLOCK_NEVER);
    assert_int_equal(lookup("::1", FAMILY_ANY, NULL).lookup_ns, CLOCK_NEVER);
    assert_int_equal(lookup("api.example.com", FAMILY_ANY, &rule).lookup_ns, CLOCK_NEVER);
    uint64_t before_ns = clock_monotonic_ns();
    uint64_t lookup_ns = lookup("localhost", FAMILY_ANY, NULL).lookup_ns;
    assert_in_range(lookup_ns, 1, clock_monotonic_ns() - before_ns);
}

static void test_addresses_are_local_when_every_one_is(void **state)
{
    (void)state;
    static const struct {
        const char *items[2];
        bool local;
    } cases[] = {
        {{NULL, NULL}, false},
        {{"127.0.0.1", NULL}, true},
        {{"127.255.3.4", "::1"}, true},
        {{"192.0.2.1", NULL}, false}, /* RFC 5737: no machine's */
        {{"127.0.0.1", "192.0.2.1"}, false},
        {{"192.0.2.1", "127.0.0.1"}, false},
        {{"2001:db8::1", "::1"}, false}, /* RFC 3849 */
        {{"12.7.0.1", NULL}, false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct addresses addresses = {0};
        for (size_t j = 0; j < 2 && cases[i].items[j]; j++)
            snprintf(addresses.items[addresses.count++], ADDRESS_TEXT_SIZE, "%s",
                     cases[i].items[j]);
        assert_int_equal(addresses_are_local(&addresses), cases[i].local);
    }
}

/* The first address of this machine that is not of its loopback. */
static bool own_address(char text[ADDRESS_TEXT_SIZE])
{
    struct ifaddrs *interfaces = NULL;
    bool found = false;
    if (getifaddrs(&interfaces) != 0)
        return false;
    for (const struct ifaddrs *one = interfaces; one && !found; one = one->ifa_next)
        found = one->ifa_addr && one->ifa_addr->sa_family == AF_INET &&
                !(one->ifa_flags & IFF_LOOPBACK) &&
                getnameinfo(one->ifa_addr, sizeof(struct sockaddr_in), text, ADDRESS_TEXT_SIZE,
                            NULL, 0, NI_NUMERICHOST) == 0;
    freeifaddrs(interfaces);
    return found;
}

static void test_addresses_of_an_interface_are_local(void **state)
{
    (void)state;
    struct addresses addresses = {.count = 1};
    if (!own_address(addresses.items[0]))
        skip(); /* a machine without a network */
    assert_true(addresses_are_local(&addresses));
}

TEST_GROUP(resolver)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resolver_takes_numeric_addresses_as_they_are),
        cmocka_unit_test(test_resolver_follows_resolve_in_order_without_repeats),
        cmocka_unit_test(test_resolver_takes_the_port_of_the_route),
        cmocka_unit_test(test_resolver_leaves_out_what_has_no_room),
        cmocka_unit_test(test_resolver_keeps_to_the_family),
        cmocka_unit_test(test_resolver_says_why_there_is_no_address),
        cmocka_unit_test(test_resolver_times_names_only),
        cmocka_unit_test(test_addresses_are_local_when_every_one_is),
        cmocka_unit_test(test_addresses_of_an_interface_are_local),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
