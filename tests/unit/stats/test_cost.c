#include "testing.h"

#include <math.h>

#include "wsload/base/clock.h"
#include "wsload/stats/cost.h"

#include "measuring.h"

static struct measurement *seen;

static void assert_near(double actual, double expected)
{
    if (fabs(actual - expected) > 1e-12 * fabs(expected))
        fail_msg("%.15g, expected %.15g", actual, expected);
}

/* 100 connections for 90 minutes, 20 s warm-up, 5,000 s measured and 30 s draining; 250,000 prompts
 * with 10 messages of reply each, every 10th of them over 32 KiB. */
static int fill(void **state)
{
    static const struct load load = {
        .prices = {PRICE_PER_MILLION_MESSAGES, PRICE_PER_MILLION_MINUTES},
        .warmup_ns = 20 * NS_PER_S,
        .shards = 1,
    };
    (void)state;
    seen = measurement_new(&load);
    if (!seen)
        return -1;
    seen->counts[COUNT_TOTAL_TIME] = 5000 * NS_PER_S;
    seen->counts[COUNT_DRAIN_TIME] = 30 * NS_PER_S;
    seen->counts[COUNT_SENT] = 249000;
    seen->counts[COUNT_WARMUP_SENT] = 1000;
    seen->counts[COUNT_SENT_MESSAGES] = 250000;
    seen->counts[COUNT_SENT_UNITS] = 250000;
    seen->counts[COUNT_RECEIVED_MESSAGES] = 2500000;
    seen->counts[COUNT_RECEIVED_UNITS] = 2750000;
    seen->counts[COUNT_CONNECTED_NS] = 100 * 5400 * NS_PER_S;
    return 0;
}

static int release(void **state)
{
    (void)state;
    measurement_free(seen);
    return 0;
}

static void test_cost_is_what_the_price_list_says(void **state)
{
    (void)state;
    struct cost cost = cost_estimate(seen);
    assert_int_equal(cost.billed_messages, 3000000);
    assert_near(cost.connection_minutes, 9000);
    assert_near(cost.messages_usd, 3);
    assert_near(cost.minutes_usd, 0.00225);
    assert_near(cost.total_usd, 3.00225);
    assert_near(cost.per_1000_prompts_usd, 0.012009);
    assert_near(cost.messages_per_s, 3000000.0 / 5050);
}

static void test_cost_goes_by_the_given_prices(void **state)
{
    (void)state;
    seen->load.prices = (struct prices){.per_million_messages = 1.14, .per_million_minutes = 0.285};
    struct cost cost = cost_estimate(seen);
    assert_near(cost.messages_usd, 3.42);
    assert_near(cost.minutes_usd, 0.002565);
    assert_near(cost.per_1000_prompts_usd, 3.422565 / 250);
}

static void test_cost_of_a_run_without_prompts_has_no_price_per_prompt(void **state)
{
    (void)state;
    seen->counts[COUNT_SENT] = 0;
    seen->counts[COUNT_WARMUP_SENT] = 0;
    seen->counts[COUNT_SENT_UNITS] = 0;
    seen->counts[COUNT_RECEIVED_UNITS] = 0;
    struct cost cost = cost_estimate(seen);
    assert_int_equal(cost.billed_messages, 0);
    assert_near(cost.total_usd, 0.00225);
    assert_true(cost.per_1000_prompts_usd < 0);
    assert_true(cost.messages_per_s == 0);
}

static void test_cost_of_a_run_without_time_has_no_rate(void **state)
{
    (void)state;
    seen->load.warmup_ns = 0;
    seen->counts[COUNT_TOTAL_TIME] = 0;
    seen->counts[COUNT_DRAIN_TIME] = 0;
    assert_true(cost_estimate(seen).messages_per_s == 0);
}

TEST_GROUP(cost)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fill, release)
    const struct CMUnitTest tests[] = {
        TEST(test_cost_is_what_the_price_list_says),
        TEST(test_cost_goes_by_the_given_prices),
        TEST(test_cost_of_a_run_without_prompts_has_no_price_per_prompt),
        TEST(test_cost_of_a_run_without_time_has_no_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
