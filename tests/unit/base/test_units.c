#include "testing.h"

#include <math.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/base/units.h"

struct whole_case {
    const char *text;
    uint64_t expected;
};

struct error_case {
    const char *text;
    const char *expected; /* what the error begins with */
};

typedef int parse_whole(const char *text, uint64_t *out, struct error *error);

static void check_whole(parse_whole *parse, const struct whole_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct error error = {""};
        uint64_t number = 0;

        assert_int_equal(parse(cases[i].text, &number, &error), 0);
        assert_true(number == cases[i].expected);
    }
}

static void check_errors(parse_whole *parse, const struct error_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct error error = {""};
        uint64_t number = 77;

        assert_int_equal(parse(cases[i].text, &number, &error), -1);
        assert_int_equal(number, 77);
        error.text[strlen(cases[i].expected)] = '\0';
        assert_string_equal(error.text, cases[i].expected);
    }
}

static void test_units_parse_durations(void **state)
{
    static const struct whole_case cases[] = {
        {"0", 0},
        {"5", 5 * NS_PER_S},
        {"0.25", 250 * NS_PER_MS},
        {".5s", 500 * NS_PER_MS},
        {"250us", 250 * NS_PER_US},
        {"500ms", 500 * NS_PER_MS},
        {"1.5s", 1500 * NS_PER_MS},
        {"2m", 120 * NS_PER_S},
        {"1h30m", 5400 * NS_PER_S},
        {"1m0.5s", 60500 * NS_PER_MS},
        {"0.1h", 360 * NS_PER_S},
        {"0.123456789s", 123456789},
        {"0.999999999h", UINT64_C(3599999996400)},
        {"1000h", 3600000 * NS_PER_S},
    };

    (void)state;
    check_whole(units_parse_duration, cases, ARRAY_LENGTH(cases));
}

static void test_units_refuse_bad_durations(void **state)
{
    static const struct error_case cases[] = {
        {"5x", "unknown unit 'x'; use us, ms, s, m or h, as in 500ms"},
        {"5 s", "unknown unit ' s'; use us, ms, s, m or h, as in 500ms"},
        {"5S", "unknown unit 'S'"},
        {"", "not a number; use us, ms, s, m or h, as in 500ms"},
        {" 5s", "not a number"},
        {"-5s", "not a number"},
        {"ms", "not a number"},
        {"nan", "not a number"},
        {"1h30", "unit missing; use us, ms, s, m or h, as in 500ms"},
        {"1.2.3", "unit missing"},
        {"1e3", "unknown unit 'e'"},
        {"5.", "unit missing"},
        {"0.1234567890s", "more than 9 digits after the point"},
        {"1001h", "longer than 1,000 hours"},
        {"1000h1us", "longer than 1,000 hours"},
        {"18446744073709551615h", "longer than 1,000 hours"},
        {"18446744073709551616s", "too large"},
    };

    (void)state;
    check_errors(units_parse_duration, cases, ARRAY_LENGTH(cases));
}

static void test_units_parse_counts(void **state)
{
    static const struct whole_case cases[] = {
        {"0", 0},
        {"10", 10},
        {"2.5k", 2500},
        {"2.300k", 2300},
        {"1m", 1000000},
        {"0.000001m", 1},
        {"1.123456789g", 1123456789},
        {"18446744073709551615", UINT64_MAX},
        {"18446744073.709551615g", UINT64_MAX},
    };

    (void)state;
    check_whole(units_parse_count, cases, ARRAY_LENGTH(cases));
}

static void test_units_refuse_bad_counts(void **state)
{
    static const struct error_case cases[] = {
        {"abc", "not a number; use k, m or g (powers of 1000), as in 2.5k"},
        {"1.5", "not a whole number"},
        {"1.2345k", "not a whole number"},
        {"5K", "unknown unit 'K'"},
        {"10 ", "unknown unit ' '"},
        {"-1", "not a number"},
        {"+1", "not a number"},
        {"0x10", "unknown unit 'x10'"},
        {"18446744073709551616", "too large"},
        {"18446744073.709551616g", "too large"},
        {"18446744073709551615k", "too large"},
    };

    (void)state;
    check_errors(units_parse_count, cases, ARRAY_LENGTH(cases));
}

static void test_units_parse_sizes(void **state)
{
    static const struct whole_case cases[] = {
        {"7", 7},
        {"7B", 7},
        {"1KB", 1000},
        {"1KiB", 1024},
        {"1.5KiB", 1536},
        {"128KiB", 131072},
        {"2MB", 2000000},
        {"2MiB", 2097152},
        {"1GB", 1000000000},
        {"4GiB", UINT64_C(4294967296)},
    };

    (void)state;
    check_whole(units_parse_size, cases, ARRAY_LENGTH(cases));
    check_errors(units_parse_size,
                 (const struct error_case[]){
                     {"0.5B", "not a whole number"},
                     {"1k", "unknown unit 'k'; use B, KB, MB, GB, KiB, MiB or GiB, as in 128KiB"},
                     {"x", "not a number"},
                 },
                 3);
}

static void test_units_parse_rates(void **state)
{
    static const struct {
        const char *text;
        double expected;
    } cases[] = {
        {"0", 0},     {"100", 100},  {"0.5", 0.5},     {"5k", 5000},
        {"300/m", 5}, {"7.2k/h", 2}, {"2.5k/s", 2500}, {"1g", 1e9},
    };
    static const char *const bad[] = {"", "x", "-1", "5/x", "5/", "5k/mm", "5/s/s", "1e5", "inf"};
    struct error error;
    double rate;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(units_parse_rate(cases[i].text, &rate, &error), 0);
        assert_true(rate == cases[i].expected);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_int_equal(units_parse_rate(bad[i], &rate, &error), -1);
        assert_non_null(strstr(error.text, "use k, m or g, then /s, /m or /h, as in 5k or 300/m"));
    }
}

static void test_units_parse_percentages(void **state)
{
    static const struct {
        const char *text;
        double expected;
    } cases[] = {{"0", 0}, {"95", 95}, {"99.5%", 99.5}, {"100%", 100}, {"100.000", 100}};
    static const char *const bad[] = {"", "%", "101", "100.000000001", "-1", "5%%", "5 %", "x"};
    struct error error;
    double percent;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(units_parse_percent(cases[i].text, &percent, &error), 0);
        assert_true(percent == cases[i].expected);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_int_equal(units_parse_percent(bad[i], &percent, &error), -1);
        assert_non_null(strstr(error.text, "use a number from 0 to 100, as in 99.5 or 99.5%"));
    }
}

struct format_case {
    uint64_t number;
    const char *expected;
};

static void check_formats(char *format(uint64_t, char *), const struct format_case *cases,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char out[UNITS_SIZE];

        assert_ptr_equal(format(cases[i].number, out), out);
        assert_string_equal(out, cases[i].expected);
    }
}

static void test_units_format_counts(void **state)
{
    static const struct format_case cases[] = {
        {0, "0"},          {999, "999"},           {1000, "1,000"},
        {12345, "12,345"}, {1234567, "1,234,567"}, {UINT64_MAX, "18,446,744,073,709,551,615"},
    };

    (void)state;
    check_formats(units_format_count, cases, ARRAY_LENGTH(cases));
}

static void test_units_format_durations(void **state)
{
    static const struct format_case cases[] = {
        {0, "0 ns"},
        {950, "950 ns"},
        {1000, "1 us"},
        {1234, "1.23 us"},
        {950000, "950 us"},
        {950400, "950 us"},
        {999499, "999 us"},
        {999500, "1.00 ms"},
        {1000000, "1 ms"},
        {51999999, "52.0 ms"},
        {52000000, "52 ms"},
        {52040000, "52.0 ms"},
        {99949999, "99.9 ms"},
        {99950000, "100 ms"},
        {500 * NS_PER_MS, "500 ms"},
        {999 * NS_PER_MS + 600 * NS_PER_US, "1.00 s"},
        {1234 * NS_PER_MS, "1.23 s"},
        {1500 * NS_PER_MS, "1.5 s"},
        {30 * NS_PER_S, "30 s"},
        {59949 * NS_PER_MS, "59.9 s"},
        {59950 * NS_PER_MS, "1 min"},
        {60 * NS_PER_S, "1 min"},
        {725 * NS_PER_S, "12 min 5 s"},
        {3599 * NS_PER_S + 600 * NS_PER_MS, "1 h"},
        {7200 * NS_PER_S, "2 h"},
        {7500 * NS_PER_S, "2 h 5 min"},
        {7199 * NS_PER_S, "2 h"},
        {UINT64_MAX, "5124095 h 35 min"},
    };

    (void)state;
    check_formats(units_format_duration, cases, ARRAY_LENGTH(cases));
}

static void test_units_format_sizes(void **state)
{
    static const struct format_case cases[] = {
        {0, "0 B"},
        {1000, "1000 B"},
        {1023, "1023 B"},
        {1024, "1 KiB"},
        {1025, "1.0 KiB"},
        {1536, "1.5 KiB"},
        {131072, "128 KiB"},
        {1048575, "1.0 MiB"},
        {1572864, "1.5 MiB"},
        {UINT64_C(4294967296), "4 GiB"},
        {UINT64_MAX, "16777216 TiB"},
    };

    (void)state;
    check_formats(units_format_size, cases, ARRAY_LENGTH(cases));
}

static void test_units_format_numbers(void **state)
{
    static const struct {
        double number;
        const char *expected;
    } cases[] = {
        {0, "0"},          {0.512, "0.512"},    {0.0512, "0.0512"}, {1, "1.00"},
        {8.126, "8.13"},   {9.996, "10.0"},     {81, "81.0"},       {99.94, "99.9"},
        {99.96, "100"},    {376, "376"},        {376.5, "377"},     {999.6, "1,000"},
        {12345, "12,345"}, {12344.6, "12,345"}, {1e18, "1e+18"},    {1e-300, "0.000000000000"},
    };
    char out[UNITS_SIZE];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_string_equal(units_format_number(cases[i].number, out), cases[i].expected);
    assert_string_equal(units_format_number((double)INFINITY, out), "inf");
}

static void test_units_round_to_the_side_of_a_limit(void **state)
{
    static const struct {
        double value;
        double limit;
        enum rounding rounding;
        int least;
        int decimals;
        double shown;
    } cases[] = {
        {376.47, 100, ROUND_NEAREST, 0, 0, 376},
        {99.97, 100, ROUND_NEAREST, 1, 2, 99.97},
        {99.97, 100, ROUND_DOWN, 1, 1, 99.9},
        {99.95, 99, ROUND_DOWN, 1, 1, 99.9},
        {100 * 0.29, 20, ROUND_DOWN, 0, 0, 29}, /* a little less than 29 */
        {500.04, 500, ROUND_NEAREST, 0, 2, 500.04},
        {500, 500, ROUND_NEAREST, 0, 0, 500},
        {0.004, 95, ROUND_NEAREST, 1, 3, 0.004},
        {0, 95, ROUND_NEAREST, 1, 1, 0},
        {5e-9, 95, ROUND_DOWN, 1, 6, 0.000001},
        {500.00000001, 500, ROUND_NEAREST, 0, 6, 500.000001},
        {499.99999999, 500, ROUND_NEAREST, 0, 6, 499.999999},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int decimals = cases[i].least;
        double shown = units_round_beside(cases[i].value, cases[i].limit, cases[i].rounding,
                                          &decimals);
        assert_int_equal(decimals, cases[i].decimals);
        assert_true(fabs(shown - cases[i].shown) < 1e-9);
    }
}

static void test_units_durations_beside_a_limit(void **state)
{
    static const struct {
        uint64_t ns;
        uint64_t limit_ns;
        const char *text;
    } cases[] = {
        {38 * NS_PER_MS, 10 * NS_PER_MS, "38 ms"},
        {10 * NS_PER_MS, 10 * NS_PER_MS, "10 ms"},
        {10040 * NS_PER_US, 10 * NS_PER_MS, "10.04 ms"},
        {9999 * NS_PER_US, 10 * NS_PER_MS, "9.999 ms"},
        {1000400 * NS_PER_US, NS_PER_S, "1.0004 s"},
        {90 * NS_PER_S, 10 * NS_PER_MS, "1 min 30 s"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char out[UNITS_SIZE];
        assert_string_equal(units_format_duration_beside(cases[i].ns, cases[i].limit_ns, out),
                            cases[i].text);
    }
}

static void test_units_of_limits_are_not_guessed(void **state)
{
    static const struct {
        const char *text;
        const char *error; /* NULL: accepted */
        uint64_t ns;
    } times[] = {
        {"500ms", NULL, 500 * NS_PER_MS},
        {"1m0.5s", NULL, 60500 * NS_PER_MS},
        {"0", NULL, 0},
        {"500", "a limit needs its unit; is it 500ms or 500s ?", 0},
        {"0.5", "a limit needs its unit; is it 0.5ms or 0.5s ?", 0},
        {"", "not a number; use us, ms, s, m or h, as in 500ms", 0},
    };
    static const struct {
        const char *text;
        const char *error;
        double percent;
    } percentages[] = {
        {"99.5", NULL, 99.5},
        {"0", NULL, 0},
        {"1.1", NULL, 1.1},
        {"0.95%", NULL, 0.95},
        {"0.95", "at most 1 percent; did you mean 95 ? If not, write 0.95%", 0},
        {"0.999", "at most 1 percent; did you mean 99.9 ? If not, write 0.999%", 0},
        {"1", "at most 1 percent; did you mean 100 ? If not, write 1%", 0},
    };
    struct error error;
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(times); i++) {
        uint64_t ns = 0;
        assert_int_equal(units_parse_limit_time(times[i].text, &ns, &error),
                         times[i].error ? -1 : 0);
        if (times[i].error)
            assert_string_equal(error.text, times[i].error);
        else
            assert_int_equal(ns, times[i].ns);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(percentages); i++) {
        double percent = 0;
        assert_int_equal(units_parse_limit_percent(percentages[i].text, &percent, &error),
                         percentages[i].error ? -1 : 0);
        if (percentages[i].error)
            assert_string_equal(error.text, percentages[i].error);
        else
            assert_true(percent == percentages[i].percent);
    }
}

TEST_GROUP(units)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_units_parse_durations),
        cmocka_unit_test(test_units_refuse_bad_durations),
        cmocka_unit_test(test_units_parse_counts),
        cmocka_unit_test(test_units_refuse_bad_counts),
        cmocka_unit_test(test_units_parse_sizes),
        cmocka_unit_test(test_units_parse_rates),
        cmocka_unit_test(test_units_parse_percentages),
        cmocka_unit_test(test_units_of_limits_are_not_guessed),
        cmocka_unit_test(test_units_format_counts),
        cmocka_unit_test(test_units_format_durations),
        cmocka_unit_test(test_units_format_sizes),
        cmocka_unit_test(test_units_format_numbers),
        cmocka_unit_test(test_units_round_to_the_side_of_a_limit),
        cmocka_unit_test(test_units_durations_beside_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
