#include "testing.h"

#include <string.h>

#include "figures.h"
#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"

static void test_figures_number_groups_thousands(void **state)
{
    static const struct {
        double value;
        int decimals;
        const char *text;
    } cases[] = {{0, 0, "0"},
                 {52, 1, "52.0"},
                 {1234.56, 1, "1,234.6"},
                 {999.96, 1, "1,000.0"},
                 {1234567, 0, "1,234,567"},
                 {0.0512, 3, "0.051"}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char out[FIGURE_SIZE];
        assert_string_equal(figure_number(cases[i].value, cases[i].decimals, out), cases[i].text);
    }
}

static void test_figures_have_three_significant_digits(void **state)
{
    static const struct {
        double value;
        int decimals;
    } cases[] = {{0.512, 3}, {0.9994, 3}, {0.9996, 2}, {1.9, 2}, {9.994, 2},
                 {9.996, 1}, {52, 1},     {99.96, 0},  {376, 0}, {12345, 0}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(figure_decimals(cases[i].value), cases[i].decimals);
}

static void test_figures_choose_the_time_unit_that_reads_best(void **state)
{
    static const struct {
        double ns;
        const char *unit;
    } cases[] = {{0, "us"},  {999499, "us"},    {999500, "ms"},   {52e6, "ms"},
                 {1e9, "s"}, {999499000, "ms"}, {999500000, "s"}, {3.6e12, "s"}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_string_equal(figure_time_unit(cases[i].ns)->name, cases[i].unit);
}

static void test_figures_repeat_what_was_asked_for(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0, "0"},          {500, "500"},          {0.5, "0.5"}, {2.25, "2.25"},
                 {12345, "12,345"}, {1.0 / 3, "0.333333"}, {0.3, "0.3"}, {1e-7, "0"}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char out[FIGURE_SIZE];
        assert_string_equal(figure_exact(cases[i].value, out), cases[i].text);
    }
}

static void test_figures_money_shows_no_more_than_is_known(void **state)
{
    static const struct {
        double usd;
        const char *text;
    } cases[] = {{12.4, "$12.40"},        {1234.567, "$1,234.57"},
                 {0.994, "$0.99"},        {0.1, "$0.10"},
                 {0.0996, "$0.10"},       {0.0994, "$0.099"},
                 {0.05, "$0.050"},        {0.0108, "$0.011"},
                 {0.00214, "$0.0021"},    {0.0000199, "$0.000020"},
                 {0.000002, "$0.000002"}, {0.0000006, "$0.000001"},
                 {2.5e-9, "<$0.000001"},  {0, "$0.00"}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char out[FIGURE_SIZE];
        assert_string_equal(figure_usd(cases[i].usd, out), cases[i].text);
    }
}

static void test_figures_prices_read_as_they_were_given(void **state)
{
    static const struct {
        double usd;
        const char *text;
    } cases[] = {
        {1, "$1.00"}, {0.8, "$0.80"}, {0.2125, "$0.2125"}, {1200, "$1,200.00"}, {0, "$0.00"}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char out[FIGURE_SIZE];
        assert_string_equal(figure_price(cases[i].usd, out), cases[i].text);
    }
}

static void test_figures_durations_read_as_they_are_typed(void **state)
{
    static const struct {
        uint64_t us;
        const char *text;
    } cases[] = {{0, "0s"},           {30000000, "30s"},
                 {90000000, "1m30s"}, {3600000000, "1h"},
                 {500000, "500ms"},   {1500000, "1s500ms"},
                 {250, "250us"},      {90061001001, "25h1m1s1ms1us"}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char out[FIGURE_SIZE];
        assert_string_equal(figure_typed_duration(cases[i].us * NS_PER_US, out), cases[i].text);
    }
}

static void test_figures_plural_is_for_all_but_one(void **state)
{
    (void)state;
    assert_string_equal(figure_plural(0), "s");
    assert_string_equal(figure_plural(1), "");
    assert_string_equal(figure_plural(2), "s");
}

static void test_figures_actual_stands_on_its_side_of_the_limit(void **state)
{
    static const struct {
        const char *metric;
        double actual;
        double limit;
        const char *actual_number;
        const char *actual_unit;
        const char *limit_number;
        const char *limit_unit;
    } cases[] = {
        {"latency:avg", 0.052, 0.5, "52.0", "ms", "500", "ms"},
        {"latency:avg", 0.5004, 0.5, "500.4", "ms", "500", "ms"},
        {"latency:avg", 0.5, 0.5, "500", "ms", "500", "ms"},
        {"latency:avg", 0.50004, 0.5, "500.04", "ms", "500", "ms"},
        {"latency:avg", 0.49996, 0.5, "499.96", "ms", "500", "ms"},
        {"latency:avg", 0.5000000001, 0.5, "500.000001", "ms", "500", "ms"},
        {"latency:avg", 0.4999999999, 0.5, "499.999999", "ms", "500", "ms"},
        {"latency:avg", 1.2, 0.5125, "1.20", "s", "512.5", "ms"},
        {"latency:avg", 0.00005, 120, "50.0", "us", "120", "s"},
        {"requests_per_second", 376.47, 100, "376", "", "100", ""},
        {"requests_per_second", 99.97, 100, "99.97", "", "100", ""},
        {"requests_per_second", 12345.6, 0.5, "12,346", "", "0.5", ""},
        {"success_rate", 100, 95, "100.0", "%", "95", "%"},
        {"success_rate", 99.96, 100, "99.9", "%", "100", "%"},
        {"success_rate", 94.99, 95, "94.9", "%", "95", "%"},
        {"success_rate", 99.95, 99.95, "99.95", "%", "99.95", "%"},
        {"success_rate", 99.995, 99, "99.9", "%", "99", "%"},
        {"success_rate", 100 * (1 - 1e-9), 99, "99.9", "%", "99", "%"},
        {"success_rate", 100 * (1 - 1e-12), 99, "99.9", "%", "99", "%"},
        {"success_rate", 100 * 0.29, 20, "29.0", "%", "20", "%"},
        {"success_rate", 100 * (1 - 1e-9), 100, "99.9", "%", "100", "%"},
        {"success_rate", 1e-9, 95, "0.000001", "%", "95", "%"},
        {"success_rate", 0.004, 95, "0.004", "%", "95", "%"},
        {"success_rate", 0, 95, "0.0", "%", "95", "%"},
        {"achieved_rate", 99.999, 98, "99.9", "%", "98", "%"},
        {"failed_requests", 1234, 1000, "1,234", "", "1,000", ""},
        {"errors:rate", 0.0512, 0.25, "0.051", "", "0.25", ""},
        {"messages_per_reply:avg", 15.0333, 12, "15.0", "", "12", ""},
        {"messages_per_reply:max", 15, 12, "15", "", "12", ""},
        {"bytes_per_reply:avg", 4301.27, 4096, "4,301", "B", "4,096", "B"},
        {"bytes_per_reply:min", 12, 12.5, "12", "B", "12.5", "B"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        struct judgement judgement = {
            .threshold.limit = cases[i].limit,
            .has_actual = true,
            .actual = cases[i].actual,
        };
        struct selector *selector = &judgement.threshold.selector;
        assert_int_equal(selector_parse(cases[i].metric, strlen(cases[i].metric), selector, &error),
                         0);
        struct figure actual = figure_actual(&judgement);
        struct figure limit = figure_limit(&judgement.threshold);
        assert_string_equal(actual.number, cases[i].actual_number);
        assert_string_equal(actual.unit, cases[i].actual_unit);
        assert_string_equal(limit.number, cases[i].limit_number);
        assert_string_equal(limit.unit, cases[i].limit_unit);
    }
}

static void test_figures_beside_a_limit_show_their_side(void **state)
{
    static const struct {
        double value;
        double limit;
        const char *text;
    } cases[] = {{265, 10000, "265"},        {9999.7, 10000, "9,999.7"},
                 {10000, 10000, "10,000"},   {10000.004, 10000, "10,000.004"},
                 {0.000667, 10000, "0.001"}, {0.0000667, 10000, "0.0001"}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char out[FIGURE_SIZE];
        assert_string_equal(figure_beside(cases[i].value, cases[i].limit, out), cases[i].text);
    }
}

TEST_GROUP(figures)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures_number_groups_thousands),
        cmocka_unit_test(test_figures_have_three_significant_digits),
        cmocka_unit_test(test_figures_choose_the_time_unit_that_reads_best),
        cmocka_unit_test(test_figures_repeat_what_was_asked_for),
        cmocka_unit_test(test_figures_money_shows_no_more_than_is_known),
        cmocka_unit_test(test_figures_prices_read_as_they_were_given),
        cmocka_unit_test(test_figures_durations_read_as_they_are_typed),
        cmocka_unit_test(test_figures_plural_is_for_all_but_one),
        cmocka_unit_test(test_figures_actual_stands_on_its_side_of_the_limit),
        cmocka_unit_test(test_figures_beside_a_limit_show_their_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
