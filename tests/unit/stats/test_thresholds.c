#include "testing.h"

#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/stats/metrics.h"
#include "wsload/stats/results.h"

static struct results results;

/* 8 of 10 requests went well, each in half a second; 5 a second. */
static int fill(void **state)
{
    (void)state;
    memset(&results, 0, sizeof(results));
    recorder_init(&results.recorded);
    for (int i = 0; i < 8; i++)
        histogram_record(&results.recorded.latency, NS_PER_S / 2);
    results.recorded.ok = 8;
    results.recorded.failed = 2;
    results.total_time_ns = 2 * NS_PER_S;
    return 0;
}

static void test_thresholds_judge_each_side_and_let_the_limit_pass(void **state)
{
    static const struct {
        const char *metric;
        enum threshold_side side;
        double limit;
        double actual;
        bool passed;
    } cases[] = {
        {"latency.average", THRESHOLD_AT_MOST, 0.6, 0.5, true},
        {"latency.average", THRESHOLD_AT_MOST, 0.5, 0.5, true},
        {"latency.average", THRESHOLD_AT_MOST, 0.499999, 0.5, false},
        {"requests_per_second", THRESHOLD_AT_LEAST, 4, 5, true},
        {"requests_per_second", THRESHOLD_AT_LEAST, 5, 5, true},
        {"requests_per_second", THRESHOLD_AT_LEAST, 5.001, 5, false},
        {"success_rate", THRESHOLD_AT_LEAST, 80, 80, true},
        {"success_rate", THRESHOLD_AT_LEAST, 95, 80, false},
    };
    struct thresholds *thresholds = &results.thresholds;
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(
            thresholds_add(thresholds, "name", cases[i].metric, cases[i].side, cases[i].limit), 0);
    thresholds_judge(thresholds, &results);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_true(thresholds->items[i].has_actual);
        assert_true(thresholds->items[i].actual == cases[i].actual);
        assert_int_equal(thresholds->items[i].passed, cases[i].passed);
    }
    assert_int_equal(thresholds_broken(thresholds), 3);
}

static void test_thresholds_are_broken_without_a_figure(void **state)
{
    (void)state;
    recorder_init(&results.recorded);
    thresholds_add(&results.thresholds, "max_latency", "latency.average", THRESHOLD_AT_MOST, 1);
    thresholds_add(&results.thresholds, "min_success_rate", "success_rate", THRESHOLD_AT_LEAST, 0);
    thresholds_judge(&results.thresholds, &results);
    assert_false(results.thresholds.items[0].has_actual);
    assert_int_equal(thresholds_broken(&results.thresholds), 2);
}

static void test_thresholds_add_refuses_one_too_many(void **state)
{
    struct thresholds *thresholds = &results.thresholds;
    (void)state;
    for (size_t i = 0; i < THRESHOLDS_MAX; i++)
        assert_int_equal(thresholds_add(thresholds, "n", "total_requests", THRESHOLD_AT_LEAST, 1),
                         0);
    assert_int_equal(thresholds_add(thresholds, "n", "total_requests", THRESHOLD_AT_LEAST, 1), -1);
    assert_int_equal(thresholds->count, THRESHOLDS_MAX);
}

static void test_thresholds_remember_what_was_asked(void **state)
{
    (void)state;
    thresholds_add(&results.thresholds, "max_latency", "latency.average", THRESHOLD_AT_MOST, 0.5);
    const struct threshold *threshold = &results.thresholds.items[0];
    assert_string_equal(threshold->name, "max_latency");
    assert_string_equal(threshold->metric->name, "latency.average");
    assert_int_equal(threshold->side, THRESHOLD_AT_MOST);
    assert_true(threshold->limit == 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_thresholds_judge_each_side_and_let_the_limit_pass, fill),
        cmocka_unit_test_setup(test_thresholds_are_broken_without_a_figure, fill),
        cmocka_unit_test_setup(test_thresholds_add_refuses_one_too_many, fill),
        cmocka_unit_test_setup(test_thresholds_remember_what_was_asked, fill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
