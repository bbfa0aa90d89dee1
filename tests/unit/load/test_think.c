#include "testing.h"

#include <math.h>

#include "wsload/base/clock.h"
#include "wsload/load/schedule.h"

#define S NS_PER_S

static void test_think_parse_takes_its_three_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct think expected;
    } cases[] = {
        {"2s", {THINK_UNIFORM, 2 * S, 2 * S}},      {"0", {THINK_UNIFORM, 0, 0}},
        {"1m30s", {THINK_UNIFORM, 90 * S, 90 * S}}, {"1s-5s", {THINK_UNIFORM, S, 5 * S}},
        {"500ms-2", {THINK_UNIFORM, S / 2, 2 * S}}, {"1s-1s", {THINK_UNIFORM, S, S}},
        {"exp:2s", {THINK_EXPONENTIAL, 2 * S, 0}},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct think think;
        struct error error;
        assert_int_equal(think_parse(cases[i].text, &think, &error), 0);
        assert_int_equal(think.law, cases[i].expected.law);
        assert_int_equal(think.low_ns, cases[i].expected.low_ns);
        assert_int_equal(think.high_ns, cases[i].expected.high_ns);
    }
}

static void test_think_parse_says_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *error;
    } cases[] = {
        {"", "not a number; use us, ms, s, m or h, as in 500ms"},
        {"-2s", "not a number; use us, ms, s, m or h, as in 500ms"},
        {"2s-", "not a number; use us, ms, s, m or h, as in 500ms"},
        {"exp:", "not a number; use us, ms, s, m or h, as in 500ms"},
        {"exp:1s-2s", "unknown unit 's-'; use us, ms, s, m or h, as in 500ms"},
        {"2x", "unknown unit 'x'; use us, ms, s, m or h, as in 500ms"},
        {"5s-1s", "the longer time comes first; use LOW-HIGH, as in 1s-5s"},
        {"1000000000000000000000000000000000000000000000000000000000000000s-1s",
         "not a time; use 2s, 1s-5s or exp:2s"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct think think;
        struct error error = {""};
        assert_int_equal(think_parse(cases[i].text, &think, &error), -1);
        assert_string_equal(error.text, cases[i].error);
    }
}

static void test_think_format_is_read_back_to_the_ns(void **state)
{
    (void)state;
    static const struct {
        struct think think;
        const char *text;
    } cases[] = {
        {{THINK_UNIFORM, 2 * S, 2 * S}, "2s"},
        {{THINK_UNIFORM, 0, 0}, "0s"},
        {{THINK_UNIFORM, 90 * S, 3600 * S}, "90s-3600s"},
        {{THINK_UNIFORM, S / 10, 3 * S / 10}, "100ms-300ms"},
        {{THINK_UNIFORM, 1, 2 * S + 1}, "0.001us-2000000.001us"},
        {{THINK_EXPONENTIAL, 1500 * NS_PER_US, 0}, "exp:1500us"},
        {{THINK_EXPONENTIAL, 3600000 * S - 1, 0}, "exp:3599999999999.999us"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char text[THINK_TEXT_SIZE];
        struct think again;
        struct error error;
        assert_string_equal(think_format(&cases[i].think, text), cases[i].text);
        assert_int_equal(think_parse(text, &again, &error), 0);
        assert_int_equal(again.law, cases[i].think.law);
        assert_int_equal(again.low_ns, cases[i].think.low_ns);
        assert_int_equal(again.high_ns, cases[i].think.high_ns);
    }
}

static void test_think_time_is_none_or_fixed(void **state)
{
    (void)state;
    static const struct think none = {THINK_NONE, S, S};
    static const struct think fixed = {THINK_UNIFORM, 2 * S, 2 * S};
    static const struct think nothing = {THINK_EXPONENTIAL, 0, 0};
    for (uint64_t seq = 0; seq < 100; seq++) {
        assert_int_equal(think_time_ns(&none, 1, seq), 0);
        assert_int_equal(think_time_ns(&fixed, 1, seq), 2 * S);
        assert_int_equal(think_time_ns(&nothing, 1, seq), 0);
    }
}

/* Mean and standard deviation of COUNT times, in seconds, and the least and the greatest of them.
 */
static void measure(const struct think *think, int count, double *mean, double *deviation,
                    uint64_t range_ns[2])
{
    double sum = 0;
    double squares = 0;
    range_ns[0] = UINT64_MAX;
    range_ns[1] = 0;
    for (int i = 0; i < count; i++) {
        uint64_t time_ns = think_time_ns(think, 7, (uint64_t)i);
        double time = clock_seconds(time_ns);
        sum += time;
        squares += time * time;
        range_ns[0] = time_ns < range_ns[0] ? time_ns : range_ns[0];
        range_ns[1] = time_ns > range_ns[1] ? time_ns : range_ns[1];
    }
    *mean = sum / count;
    *deviation = sqrt(squares / count - *mean * *mean);
}

static void test_think_time_is_uniform_between_two(void **state)
{
    (void)state;
    static const struct think think = {THINK_UNIFORM, S, 5 * S};
    double mean;
    double deviation;
    uint64_t range_ns[2];
    measure(&think, 100000, &mean, &deviation, range_ns);
    assert_true(range_ns[0] >= S && range_ns[0] < S + S / 1000);
    assert_true(range_ns[1] <= 5 * S && range_ns[1] > 5 * S - S / 1000);
    assert_true(fabs(mean - 3) < 0.02);
    assert_true(fabs(deviation - 4 / sqrt(12)) < 0.02);
}

static void test_think_time_is_exponential(void **state)
{
    (void)state;
    static const struct think think = {THINK_EXPONENTIAL, 2 * S, 0};
    double mean;
    double deviation;
    uint64_t range_ns[2];
    measure(&think, 100000, &mean, &deviation, range_ns);
    assert_true(fabs(mean / 2 - 1) < 0.02);
    assert_true(fabs(deviation / mean - 1) < 0.02);
    assert_true(range_ns[1] > 16 * S); /* the tail: e^-8 of them are longer */
    assert_true(range_ns[1] <= 40 * S);
}

static void test_think_time_has_an_end(void **state)
{
    (void)state;
    /* Found by trying: one in 500 million, 20.0 to 36.7 means long if it were not cut. */
    static const struct think think = {THINK_EXPONENTIAL, 2 * S, 0};
    assert_int_equal(think_time_ns(&think, 7, 380069250), 40 * S);
    assert_int_equal(think_time_ns(&think, 7, 927048158), 40 * S);
}

static void test_think_time_hangs_on_seed_and_number_alone(void **state)
{
    (void)state;
    static const struct think think = {THINK_UNIFORM, 0, 1000 * S};
    int equal = 0;
    for (uint64_t seq = 0; seq < 1000; seq++) {
        uint64_t time_ns = think_time_ns(&think, 7, seq);
        assert_int_equal(think_time_ns(&think, 7, seq), time_ns);
        equal += think_time_ns(&think, 8, seq) == time_ns;
        equal += think_time_ns(&think, 7, seq + 1) == time_ns;
        equal += think_time_ns(&think, 8, seq + 1) == time_ns;
        equal += think_time_ns(&think, 6, seq + 1) == time_ns;
    }
    assert_int_equal(equal, 0);
}

TEST_GROUP(think)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_think_parse_takes_its_three_forms),
        cmocka_unit_test(test_think_parse_says_what_is_wrong),
        cmocka_unit_test(test_think_format_is_read_back_to_the_ns),
        cmocka_unit_test(test_think_time_is_none_or_fixed),
        cmocka_unit_test(test_think_time_is_uniform_between_two),
        cmocka_unit_test(test_think_time_is_exponential),
        cmocka_unit_test(test_think_time_has_an_end),
        cmocka_unit_test(test_think_time_hangs_on_seed_and_number_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
