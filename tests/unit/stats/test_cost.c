#include "testing.h"

#include <math.h>

#include "wsload/base/clock.h"
#include "wsload/stats/results.h"

static struct results results;

static void assert_near(double actual, double expected)
{
    if (fabs(actual - expected) > 1e-12 * fabs(expected))
        fail_msg("%.15g, expected %.15g", actual, expected);
}

/* 100 connections for 90 minutes, 20 s warm-up, 5,000 s measured and 30 s draining; 250,000 prompts
 * with 10 messages of reply each, every 10th of them over 32 KiB. */
static void fill(void)
{
    results = (struct results){0};
    results.setup.prices = (struct prices){PRICE_PER_MILLION_MESSAGES, PRICE_PER_MILLION_MINUTES};
    results.setup.warmup_ns = 20 * NS_PER_S;
    results.total_time_ns = 5000 * NS_PER_S;
    results.drain_time_ns = 30 * NS_PER_S;
    results.recorded.measured.sent = 249000;
    results.recorded.warmup.sent = 1000;
    results.recorded.traffic = (struct traffic){
        .sent_messages = 250000,
        .sent_units = 250000,
        .received_messages = 2500000,
        .received_units = 2750000,
        .connected_ns = 100 * 5400 * NS_PER_S,
    };
}

static void test_cost_is_what_the_price_list_says(void **state)
{
    (void)state;
    fill();
    struct cost cost = cost_estimate(&results);
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
    fill();
    results.setup.prices = (struct prices){.per_million_messages = 1.14,
                                           .per_million_minutes = 0.285};
    struct cost cost = cost_estimate(&results);
    assert_near(cost.messages_usd, 3.42);
    assert_near(cost.minutes_usd, 0.002565);
    assert_near(cost.per_1000_prompts_usd, 3.422565 / 250);
}

static void test_cost_of_a_run_without_prompts_has_no_price_per_prompt(void **state)
{
    (void)state;
    fill();
    results.recorded.measured.sent = 0;
    results.recorded.warmup.sent = 0;
    results.recorded.traffic.sent_units = 0;
    results.recorded.traffic.received_units = 0;
    struct cost cost = cost_estimate(&results);
    assert_int_equal(cost.billed_messages, 0);
    assert_near(cost.total_usd, 0.00225);
    assert_true(cost.per_1000_prompts_usd < 0);
    assert_true(cost.messages_per_s == 0);
}

static void test_cost_of_a_run_without_time_has_no_rate(void **state)
{
    (void)state;
    fill();
    results.setup.warmup_ns = 0;
    results.total_time_ns = 0;
    results.drain_time_ns = 0;
    assert_true(cost_estimate(&results).messages_per_s == 0);
}

TEST_GROUP(cost)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cost_is_what_the_price_list_says),
        cmocka_unit_test(test_cost_goes_by_the_given_prices),
        cmocka_unit_test(test_cost_of_a_run_without_prompts_has_no_price_per_prompt),
        cmocka_unit_test(test_cost_of_a_run_without_time_has_no_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
