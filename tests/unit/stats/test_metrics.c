#include "testing.h"

#include <math.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/stats/metrics.h"
#include "wsload/stats/results.h"

static struct results results;

static int reset(void **state)
{
    (void)state;
    memset(&results, 0, sizeof(results));
    recorder_init(&results.recorded);
    return 0;
}

/* 1,000 good requests of 1 us to 1,000 us, 250 failed ones, in 5 s. */
static void fill(void)
{
    for (uint64_t us = 1; us <= 1000; us++)
        histogram_record(&results.recorded.latency, us * NS_PER_US);
    results.recorded.ok = 1000;
    results.recorded.failed = 250;
    results.recorded.unanswered = 7;
    results.total_time_ns = 5 * NS_PER_S;
    results.open_time_ns = 41 * NS_PER_MS;
    results.recorded.connections = (struct connection_counts){20, 2, 3, 4};
}

static void test_metrics_give_the_figures_of_a_run(void **state)
{
    static const struct {
        const char *name;
        double value;
        double tolerance; /* relative; the histogram's for percentiles */
    } cases[] = {
        {"total_requests", 1250, 0},
        {"successful_requests", 1000, 0},
        {"failed_requests", 250, 0},
        {"unanswered_requests", 7, 0},
        {"success_rate", 80, 0},
        {"total_time", 5, 0},
        {"requests_per_second", 250, 0},
        {"latency.average", 0.0005005, 1e-12},
        {"latency.median", 0.0005, 1e-3},
        {"latency.min", 0.000001, 1e-12},
        {"latency.max", 0.001, 1e-12},
        {"latency.p90", 0.0009, 1e-3},
        {"latency.p95", 0.00095, 1e-3},
        {"latency.p99", 0.00099, 1e-3},
        {"latency.p999", 0.000999, 1e-3},
        {"latency.stddev", 0.000288674990257, 1e-9}, /* sqrt((1000^2 - 1) / 12) us */
        {"connections.opened", 20, 0},
        {"connections.open_time", 0.041, 1e-12},
        {"connections.failed", 3, 0},
        {"connections.closed_by_server", 4, 0},
        {"connections.reopened", 2, 0},
    };
    size_t count;
    (void)state;
    fill();
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct metric *metric = metric_find(cases[i].name);
        double value = -1;
        assert_non_null(metric);
        assert_true(metric->get(&results, &value));
        if (fabs(value - cases[i].value) > cases[i].tolerance * cases[i].value)
            fail_msg("%s: %.12g, expected %.12g", cases[i].name, value, cases[i].value);
    }
    metrics_table(&count);
    assert_int_equal(count, ARRAY_LENGTH(cases));
}

static void test_metrics_have_no_latency_without_a_success(void **state)
{
    size_t count;
    const struct metric *metrics = metrics_table(&count);
    (void)state;
    results.recorded.failed = 3;
    for (size_t i = 0; i < count; i++) {
        double value = 42;
        bool is_latency = strncmp(metrics[i].name, "latency.", 8) == 0;
        assert_int_equal(metrics[i].get(&results, &value), !is_latency);
        assert_true(isfinite(value));
        if (is_latency)
            assert_true(value == 42);
    }
}

static void test_metrics_of_an_empty_run_do_not_divide_by_zero(void **state)
{
    double value = 42;
    (void)state;
    assert_false(metric_find("success_rate")->get(&results, &value));
    assert_true(metric_find("requests_per_second")->get(&results, &value));
    assert_true(value == 0);
}

static void test_metrics_have_no_open_time_with_a_connection_per_request(void **state)
{
    double value;
    (void)state;
    fill();
    results.setup.connection_per_request = true;
    assert_false(metric_find("connections.open_time")->get(&results, &value));
}

static void test_metric_find_knows_only_the_table(void **state)
{
    size_t count;
    const struct metric *metrics = metrics_table(&count);
    (void)state;
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(metric_find(metrics[i].name), &metrics[i]);
        assert_true(strlen(metrics[i].label) > 0);
        assert_int_equal(metrics[i].meaning[strlen(metrics[i].meaning) - 1], '.');
    }
    assert_null(metric_find("latency"));
    assert_null(metric_find(""));
    assert_null(metric_find(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_metrics_give_the_figures_of_a_run, reset),
        cmocka_unit_test_setup(test_metrics_have_no_latency_without_a_success, reset),
        cmocka_unit_test_setup(test_metrics_of_an_empty_run_do_not_divide_by_zero, reset),
        cmocka_unit_test_setup(test_metrics_have_no_open_time_with_a_connection_per_request, reset),
        cmocka_unit_test_setup(test_metric_find_knows_only_the_table, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
