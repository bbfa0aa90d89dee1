#include "testing.h"

#include "wsload/base/clock.h"
#include "wsload/judge/thresholds.h"

#define NONE CLOCK_NEVER

static void test_service_levels_are_the_lowest_upper_limits_of_each_time(void **state)
{
    static const struct {
        const char *texts[4];
        struct service_levels levels;
    } cases[] = {
        {{"latency:avg<=500ms"}, {true, {NONE, 500000000, NONE, NONE, NONE}}},
        {{"latency:avg<500ms"}, {true, {NONE, 499999999, NONE, NONE, NONE}}},
        {{"latency:p(95)<2s", "latency:max<=1s", "latency:med<=3s"},
         {true, {NONE, 1000000000, NONE, NONE, NONE}}},
        {{"response_time:p99<1ms"}, {true, {NONE, NONE, 999999, NONE, NONE}}},
        {{"ttfm:p(95)<800ms"}, {true, {NONE, NONE, NONE, 799999999, NONE}}},
        {{"tpom:avg<=40us"}, {true, {NONE, NONE, NONE, NONE, 40000}}},
        {{"latency:min<=1s", "response_time:avg<=2s", "ttfm:med<=3s", "tpom:max<=4s"},
         {true, {NONE, 1000000000, 2000000000, 3000000000, 4000000000}}},
        {{"latency:max<=1000h"}, {true, {NONE, 3600000 * NS_PER_S, NONE, NONE, NONE}}},
        {{"latency:max<0s"}, {true, {NONE, 0, NONE, NONE, NONE}}},
        {{"latency:max<=0s"}, {true, {NONE, 0, NONE, NONE, NONE}}},
        /* of no request's own time, or no upper limit of it */
        {{"latency:max>1s", "latency:avg>=1s", "latency:max==1s", "latency:max!=1s"},
         {false, {NONE, NONE, NONE, NONE, NONE}}},
        {{"latency:count<5", "latency:rate<5", "latency:stddev<1s", "ttfm:count<=5"},
         {false, {NONE, NONE, NONE, NONE, NONE}}},
        {{"gap:max<1s", "send_lag:p(99)<1s", "connect:avg<1s", "total_time<1s"},
         {false, {NONE, NONE, NONE, NONE, NONE}}},
        {{"success_rate>99", "errors<5", "bytes_per_reply:max<5KiB", "messages_per_reply:max<5"},
         {false, {NONE, NONE, NONE, NONE, NONE}}},
        {{NULL}, {false, {NONE, NONE, NONE, NONE, NONE}}},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        static struct thresholds thresholds;
        struct error error;
        thresholds.count = 0;
        for (size_t j = 0; j < ARRAY_LENGTH(cases[i].texts) && cases[i].texts[j]; j++)
            if (thresholds_parse(&thresholds, cases[i].texts[j], &error))
                fail_msg("%s: %s", cases[i].texts[j], error.text);
        struct service_levels levels = thresholds_service_levels(&thresholds);
        const struct service_levels *expected = &cases[i].levels;
        for (size_t level = 0; level < LEVEL_COUNT; level++)
            if (levels.any != expected->any || levels.ns[level] != expected->ns[level])
                fail_msg("case %zu", i);
    }
}

static void test_service_levels_take_the_thresholds_of_options_too(void **state)
{
    static struct thresholds thresholds;
    (void)state;
    assert_int_equal(
        thresholds_add(&thresholds, "max_latency", "latency:avg", THRESHOLD_AT_MOST, 0.35), 0);
    assert_int_equal(
        thresholds_add(&thresholds, "min_success_rate", "success_rate", THRESHOLD_AT_LEAST, 99), 0);
    struct service_levels levels = thresholds_service_levels(&thresholds);
    assert_true(levels.any);
    assert_int_equal(levels.ns[LEVEL_LATENCY], 350000000);
    assert_int_equal(levels.ns[LEVEL_RESPONSE], NONE);
}

static void test_service_levels_begin_beyond_the_last_good_sample(void **state)
{
    static const struct {
        const char *text;
        uint64_t first_beyond;
    } cases[] = {
        {"latency:max<1us", 1000},
        {"latency:max<=1us", 1001},
        {"messages_per_reply:max<3", 3},
        {"messages_per_reply:max<=3", 4},
        {"bytes_per_reply:max<1KiB", 1024},
        {"bytes_per_reply:max<=1KiB", 1025},
        {"messages_per_reply:max<18000000000g", (UINT64_C(1) << 62) + 1},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        static struct thresholds thresholds;
        struct error error;
        thresholds.count = 0;
        assert_int_equal(thresholds_parse(&thresholds, cases[i].text, &error), 0);
        assert_int_equal(threshold_first_beyond(&thresholds.items[0]), cases[i].first_beyond);
    }
}

TEST_GROUP(service_levels)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_service_levels_are_the_lowest_upper_limits_of_each_time),
        cmocka_unit_test(test_service_levels_take_the_thresholds_of_options_too),
        cmocka_unit_test(test_service_levels_begin_beyond_the_last_good_sample),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
