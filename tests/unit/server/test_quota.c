#include "admission.h"

#include "testing.h"
#include "wsload/base/clock.h"

#define START_NS (1000 * NS_PER_S)

static void test_quota_lets_a_second_through_and_then_an_even_rate(void **state)
{
    static const struct {
        double per_s;
        uint64_t later_ns; /* after a first rush that emptied the bucket */
        int first;         /* how many of the rush are let through */
        int second;        /* how many of a second rush */
    } cases[] = {
        {5, 0, 5, 0},
        {5, 199 * NS_PER_MS, 5, 0},
        {5, 200 * NS_PER_MS, 5, 1},
        {5, 401 * NS_PER_MS, 5, 2},
        {5, 3600 * NS_PER_S, 5, 5}, /* it does not save up */
        {1, 999 * NS_PER_MS, 1, 0},
        {0.5, NS_PER_S, 1, 0},
        {0.5, 2 * NS_PER_S, 1, 1},
        {2.5, NS_PER_S, 2, 2},
        {0, 3600 * NS_PER_S, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct quota quota;
        int first = 0;
        int second = 0;

        quota_init(&quota, (struct server_quota){true, cases[i].per_s}, START_NS);
        for (int rush = 0; rush < 10; rush++)
            first += quota_take(&quota, START_NS);
        for (int rush = 0; rush < 10; rush++)
            second += quota_take(&quota, START_NS + cases[i].later_ns);
        assert_int_equal(first, cases[i].first);
        assert_int_equal(second, cases[i].second);
    }
}

static void test_quota_without_a_limit_lets_everything_through(void **state)
{
    struct quota quota;

    (void)state;
    quota_init(&quota, (struct server_quota){0}, START_NS);
    for (int i = 0; i < 100000; i++)
        assert_true(quota_take(&quota, START_NS));
}

TEST_GROUP(quota)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quota_lets_a_second_through_and_then_an_even_rate),
        cmocka_unit_test(test_quota_without_a_limit_lets_everything_through),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
