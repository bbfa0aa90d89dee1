#include "testing.h"

#include <math.h>
#include <stdlib.h>

#include "wsload/base/clock.h"
#include "wsload/base/random.h"
#include "wsload/stats/histogram.h"

#define SAMPLES 100000
#define HOUR_NS (3600 * NS_PER_S)

/* Too large for a stack that sanitizers share. */
static struct histogram histogram;
static struct histogram other;
static struct histogram third;
static uint64_t samples[SAMPLES];

static int reset(void **state)
{
    (void)state;
    histogram_init(&histogram);
    histogram_init(&other);
    histogram_init(&third);
    return 0;
}

static void record_all(struct histogram *into, const uint64_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        histogram_record(into, values[i]);
}

/* --- Against exact sorting --- */

static double uniform(struct random *random)
{
    return random_unit(random) * 1e9;
}

static double exponential(struct random *random)
{
    return -log(1 - random_unit(random)) * 50e6;
}

static double log_normal(struct random *random)
{
    double radius = sqrt(-2 * log(1 - random_unit(random)));
    return exp(log(20e6) + 1.5 * radius * cos(6.283185307179586 * random_unit(random)));
}

static double bimodal(struct random *random)
{
    double center = random_unit(random) < 0.93 ? 2e6 : 30e9;
    return center * (1 + 0.1 * random_unit(random));
}

static double constant(struct random *random)
{
    (void)random;
    return 52123457;
}

static int compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static void assert_percentiles_match(const char *name)
{
    static const struct {
        double percent;
        size_t rank; /* of 100,000 */
    } cases[] = {{0, 1},      {25, 25000},   {50, 50000},    {90, 90000},     {95, 95000},
                 {99, 99000}, {99.9, 99900}, {99.99, 99990}, {99.999, 99999}, {100, 100000}};
    qsort(samples, SAMPLES, sizeof(samples[0]), compare);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint64_t exact = samples[cases[i].rank - 1];
        uint64_t got = histogram_percentile(&histogram, cases[i].percent);
        if (got < exact || got - exact > exact / 1000)
            fail_msg("%s p%g: exactly %llu, got %llu", name, cases[i].percent,
                     (unsigned long long)exact, (unsigned long long)got);
    }
    assert_int_equal(histogram.min, samples[0]);
    assert_int_equal(histogram.max, samples[SAMPLES - 1]);
}

/* The samples from FIRST_NS on, of those that are sorted. */
static size_t samples_from(uint64_t first_ns)
{
    size_t index = 0;
    while (index < SAMPLES && samples[index] < first_ns)
        index++;
    return SAMPLES - index;
}

/* What is counted above a sample is above it, and all that is 0.1 % above it is counted. */
static void assert_counts_above_match(const char *name)
{
    for (size_t i = 0; i < SAMPLES; i += SAMPLES / 50) {
        uint64_t value = samples[i];
        uint64_t above = histogram_count_above(&histogram, value);
        if (above > samples_from(value + 1) || above < samples_from(value + value / 1000 + 1))
            fail_msg("%s: %llu above %llu", name, (unsigned long long)above,
                     (unsigned long long)value);
    }
}

static void assert_moments_match(const char *name)
{
    long double mean = 0;
    long double variance = 0;
    for (size_t i = 0; i < SAMPLES; i++)
        mean += (long double)samples[i] / SAMPLES;
    for (size_t i = 0; i < SAMPLES; i++)
        variance += ((long double)samples[i] - mean) * ((long double)samples[i] - mean) / SAMPLES;
    double stddev = (double)sqrtl(variance);
    if (fabs(histogram_mean(&histogram) - (double)mean) > 1e-3 ||
        fabs(histogram_stddev(&histogram) - stddev) > 1e-9 * stddev + 1e-3)
        fail_msg("%s: mean %.3f, stddev %.3f; got %.3f and %.3f", name, (double)mean, stddev,
                 histogram_mean(&histogram), histogram_stddev(&histogram));
}

static void test_histogram_agrees_with_exact_sorting(void **state)
{
    static const struct {
        const char *name;
        double (*draw)(struct random *random);
    } cases[] = {{"uniform", uniform},
                 {"exponential", exponential},
                 {"log-normal", log_normal},
                 {"bimodal", bimodal},
                 {"constant", constant}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct random random;
        random_init(&random, 20261122);
        reset(state);
        for (size_t j = 0; j < SAMPLES; j++)
            samples[j] = (uint64_t)cases[i].draw(&random);
        record_all(&histogram, samples, SAMPLES);
        assert_percentiles_match(cases[i].name);
        assert_counts_above_match(cases[i].name);
        assert_moments_match(cases[i].name);
    }
}

/* --- Ranks and buckets --- */

static void test_histogram_percentile_is_the_nearest_rank(void **state)
{
    static const struct {
        double percent;
        uint64_t count;
        uint64_t rank;
    } cases[] =
        {
            {99.9, 1000, 999}, /* 0.999 * 1000 is more than 999 in floating point */
            {99.9, 1001, 1000}, {99.9, 2000, 1998}, {99.99, 1000, 1000},
            {7, 100, 7},   /* 0.07 * 100 is more than 7 */
            {57, 100, 57}, /* 0.57 * 100 is less than 57 */
            {50, 1, 1},         {50, 2, 1},         {50, 3, 2},
            {0, 10, 1},         {100, 10, 10},      {0.000001, 2000, 1},
        };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        reset(state);
        for (uint64_t value = 1; value <= cases[i].count; value++)
            histogram_record(&histogram, value); /* so small that buckets are exact */
        assert_int_equal(histogram_percentile(&histogram, cases[i].percent), cases[i].rank);
        assert_int_equal(histogram_samples_beyond(&histogram, cases[i].percent),
                         cases[i].count - cases[i].rank);
    }
}

static void assert_bucket_holds(uint64_t value)
{
    histogram_init(&histogram);
    histogram_record(&histogram, value);
    histogram_record(&histogram, HOUR_NS); /* so that the maximum does not narrow the answer */
    uint64_t got = histogram_percentile(&histogram, 50);
    assert_in_range(got, value, value + value / 1000);
}

static void test_histogram_buckets_hold_their_precision_at_every_power_of_two(void **state)
{
    (void)state;
    for (uint64_t power = 1; power < HOUR_NS; power *= 2) {
        assert_bucket_holds(power - 1);
        assert_bucket_holds(power);
        assert_bucket_holds(power + 1);
        assert_bucket_holds(power + power / 2);
    }
}

static void test_histogram_buckets_begin_where_the_one_before_ends(void **state)
{
    (void)state;
    assert_int_equal(histogram_bucket_start(0), 0);
    for (size_t bucket = 1; bucket < HISTOGRAM_BUCKETS; bucket++) {
        uint64_t start_ns = histogram_bucket_start(bucket);
        if (start_ns > HISTOGRAM_HIGHEST_NS)
            break;
        assert_int_equal(histogram_bucket_of(start_ns), bucket);
        assert_int_equal(histogram_bucket_of(start_ns - 1), bucket - 1);
    }
    assert_int_equal(histogram_bucket_start(HISTOGRAM_BUCKETS), UINT64_C(1) << 42);
}

static void test_histogram_counts_above_what_is_surely_above(void **state)
{
    (void)state;
    assert_int_equal(histogram_count_above(&histogram, 0), 0);
    record_all(&histogram, (uint64_t[]){0, 1, 1, 5000000, 2 * HOUR_NS}, 5);
    assert_int_equal(histogram_count_above(&histogram, 0), 4);
    assert_int_equal(histogram_count_above(&histogram, 1), 2);
    assert_int_equal(histogram_count_above(&histogram, 4990000), 2);
    assert_int_equal(histogram_count_above(&histogram, 4999999), 1); /* the same bucket */
    assert_int_equal(histogram_count_above(&histogram, 5000000), 1);
    assert_int_equal(histogram_count_above(&histogram, HOUR_NS), 0); /* the same bucket */
    assert_int_equal(histogram_count_above(&histogram, UINT64_MAX), 0);
}

static void test_histogram_percentile_stays_between_minimum_and_maximum(void **state)
{
    (void)state;
    histogram_record(&histogram, 1000000001);
    assert_int_equal(histogram_percentile(&histogram, 0), 1000000001);
    assert_int_equal(histogram_percentile(&histogram, 50), 1000000001);
    assert_int_equal(histogram_percentile(&histogram, 100), 1000000001);
}

static void test_histogram_counts_what_is_out_of_range_at_the_end(void **state)
{
    (void)state;
    histogram_record(&histogram, 0);
    histogram_record(&histogram, 5);
    histogram_record(&histogram, 2 * HOUR_NS);
    histogram_record(&histogram, 3 * HOUR_NS);
    assert_int_equal(histogram.count, 4);
    assert_int_equal(histogram.min, 0);
    assert_int_equal(histogram.max, 3 * HOUR_NS);
    assert_int_equal(histogram_percentile(&histogram, 25), 0);
    assert_int_equal(histogram_percentile(&histogram, 50), 5);
    assert_in_range(histogram_percentile(&histogram, 75), HOUR_NS, HOUR_NS + HOUR_NS / 1000);
    assert_true(histogram_mean(&histogram) == (5 + 5 * (double)HOUR_NS) / 4);

    reset(NULL);
    histogram_record(&histogram, UINT64_MAX);
    assert_true(histogram_percentile(&histogram, 50) == UINT64_MAX);
}

static void test_histogram_empty_has_no_figures(void **state)
{
    (void)state;
    assert_int_equal(histogram_percentile(&histogram, 50), 0);
    assert_int_equal(histogram_samples_beyond(&histogram, 50), 0);
    assert_true(histogram_mean(&histogram) == 0);
    assert_true(histogram_stddev(&histogram) == 0);
    assert_true(histogram.min == UINT64_MAX);
}

/* --- Moments --- */

static void test_histogram_moments_survive_a_large_offset(void **state)
{
    static const uint64_t offsets[] = {0, 1000, NS_PER_S, HOUR_NS, 250 * HOUR_NS};
    static const uint64_t values[] = {2, 4, 4, 4, 5, 5, 7, 9}; /* mean 5, deviation 2 */
    for (size_t i = 0; i < ARRAY_LENGTH(offsets); i++) {
        reset(state);
        for (size_t j = 0; j < ARRAY_LENGTH(values); j++)
            histogram_record(&histogram, offsets[i] + values[j]);
        assert_true(histogram_mean(&histogram) == (double)offsets[i] + 5);
        assert_true(histogram_stddev(&histogram) == 2);
    }
}

static void test_histogram_moments_survive_a_fractional_mean(void **state)
{
    (void)state;
    histogram_record(&histogram, HOUR_NS);
    histogram_record(&histogram, HOUR_NS + 1);
    assert_true(histogram_mean(&histogram) == (double)HOUR_NS + 0.5);
    assert_true(histogram_stddev(&histogram) == 0.5);
}

static void test_histogram_moments_survive_a_trillion_samples(void **state)
{
    (void)state;
    histogram_record(&histogram, HOUR_NS - 2);
    histogram_record(&histogram, HOUR_NS + 2);
    for (int doubling = 0; doubling < 40; doubling++) {
        other = histogram;
        histogram_merge(&histogram, &other);
    }
    assert_int_equal(histogram.count, UINT64_C(1) << 41);
    assert_true(histogram_mean(&histogram) == (double)HOUR_NS);
    assert_true(histogram_stddev(&histogram) == 2);
    assert_int_equal(histogram_samples_beyond(&histogram, 50), UINT64_C(1) << 40);
}

/* --- Merging --- */

static void test_histogram_merge_equals_recording_everything(void **state)
{
    struct random random;
    (void)state;
    random_init(&random, 7);
    for (size_t i = 0; i < 3000; i++)
        samples[i] = (uint64_t)log_normal(&random);
    record_all(&histogram, samples, 3000);
    record_all(&other, samples, 1000);
    record_all(&third, samples + 1000, 2000);
    histogram_merge(&other, &third);
    assert_memory_equal(&other, &histogram, sizeof(histogram));
}

static void test_histogram_merge_order_does_not_matter(void **state)
{
    static const size_t orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}, {2, 0, 3, 1}};
    static const uint64_t few[] = {1, 50000000, 3 * HOUR_NS};
    static struct histogram fourth; /* stays empty */
    static struct histogram merged[ARRAY_LENGTH(orders)];
    const struct histogram *const parts[] = {&histogram, &other, &third, &fourth};
    (void)state;
    histogram_init(&fourth);
    record_all(&histogram, few, ARRAY_LENGTH(few));
    histogram_record(&other, 40000000);
    histogram_record(&third, 50000);
    for (size_t i = 0; i < ARRAY_LENGTH(orders); i++) {
        histogram_init(&merged[i]);
        for (size_t j = 0; j < ARRAY_LENGTH(parts); j++)
            histogram_merge(&merged[i], parts[orders[i][j]]);
        assert_memory_equal(&merged[i], &merged[0], sizeof(merged[0]));
    }
    assert_int_equal(merged[0].count, 5);
    assert_int_equal(merged[0].min, 1);
    assert_int_equal(merged[0].max, 3 * HOUR_NS);
}

static void test_histogram_reset_leaves_nothing_behind(void **state)
{
    static const uint64_t values[][2] = {{0, 0},
                                         {7, HOUR_NS},
                                         {NS_PER_MS, 2 * HOUR_NS},
                                         {NS_PER_S, NS_PER_S},
                                         {UINT64_MAX, UINT64_MAX}};
    static struct histogram zeroed;
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
        record_all(&histogram, values[i], 2);
        histogram_reset(&histogram);
        assert_memory_equal(&histogram, &other, sizeof(histogram));
    }
    histogram_reset(&histogram);
    assert_memory_equal(&histogram, &other, sizeof(histogram));
    histogram_reset(&zeroed);
    assert_memory_equal(&zeroed, &other, sizeof(zeroed));
}

/* --- Consistency --- */

static void test_histogram_consistent_is_what_could_be_recorded(void **state)
{
    static const struct {
        const char *name;
        uint64_t count, min, max, sum, sum_squares;
        bool consistent;
    } cases[] = {
        {"as recorded", 2, 1000, 2000, 3000, 5000000, true},
        {"fewer", 1, 1000, 2000, 2000, 4000000, false},
        {"more", 3, 1000, 2000, 4500, 6750000, false},
        {"none", 0, UINT64_MAX, 0, 0, 0, false},
        {"a smaller minimum", 2, 999, 2000, 3000, 5000000, false},
        {"a larger minimum", 2, 1001, 2000, 3000, 5000000, false},
        {"a smaller maximum", 2, 1000, 1999, 3000, 5000000, false},
        {"a larger maximum", 2, 1000, 2001, 3000, 5000000, false},
        {"a smaller sum", 2, 1000, 2000, 2999, 5000000, false},
        {"a larger sum", 2, 1000, 2000, 3001, 5000001, false},
        {"smaller squares", 2, 1000, 2000, 3000, 4999999, false},
        {"larger squares", 2, 1000, 2000, 3000, 5000001, false},
    };
    (void)state;
    histogram.buckets[1000] = 1;
    histogram.buckets[2000] = 1;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        histogram.count = cases[i].count;
        histogram.min = cases[i].min;
        histogram.max = cases[i].max;
        histogram.sum = cases[i].sum;
        histogram.sum_squares = cases[i].sum_squares;
        if (histogram_consistent(&histogram) != cases[i].consistent)
            fail_msg("%s", cases[i].name);
    }
}

/* Three samples of 2^20..2^20 + 1023 and one of 2^21..2^21 + 2047: of two of the three it is only
 * known that they lie between the minimum, which is 10 above, and the end of their bucket. */
#define LOW  ((UINT64_C(1) << 20) + 10)
#define END  ((UINT64_C(1) << 20) + 1023)
#define HIGH ((UINT64_C(1) << 21) + 30)

static void add(histogram_sum *sum, int64_t more)
{
    if (more < 0)
        *sum -= (uint64_t)-more;
    else
        *sum += (uint64_t)more;
}

static void test_histogram_consistent_is_what_buckets_allow(void **state)
{
    static const struct {
        const char *name;
        uint64_t others[2]; /* what the two would have to be */
        int64_t sum_more, squares_more;
        bool consistent;
    } cases[] = {
        {"both the least", {LOW, LOW}, 0, 0, true},
        {"both the most", {END, END}, 0, 0, true},
        {"apart", {LOW, END}, 0, 0, true},
        {"less than the least", {LOW - 1, LOW}, 0, 0, false},
        {"more than the most", {END, END + 1}, 0, 0, false},
        {"a smaller sum", {LOW, LOW}, -1, -2 * (int64_t)LOW, false},
        {"a larger sum", {END, END}, 1, 2 * (int64_t)END, false},
        {"smaller squares", {LOW, LOW}, 0, -(INT64_C(1) << 31), false},
        {"larger squares", {LOW, END}, 0, INT64_C(1) << 32, false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        histogram_reset(&histogram);
        record_all(&histogram, (uint64_t[]){LOW, HIGH, LOW, LOW}, 4);
        for (size_t j = 0; j < 2; j++) {
            uint64_t value = cases[i].others[j];
            histogram.sum += value - LOW;
            histogram.sum_squares += (histogram_sum)value * value - (histogram_sum)LOW * LOW;
        }
        add(&histogram.sum, cases[i].sum_more);
        add(&histogram.sum_squares, cases[i].squares_more);
        if (histogram_consistent(&histogram) != cases[i].consistent)
            fail_msg("%s", cases[i].name);
    }
}

/* Whatever the numbers, what was recorded can have been recorded. */
static void test_histogram_consistent_is_what_was_recorded(void **state)
{
    struct random random;
    (void)state;
    random_init(&random, 7);
    for (int round = 0; round < 300; round++) {
        histogram_init(&histogram);
        uint64_t shift = random_between(&random, 14, 63);
        uint64_t spread = random_between(&random, 0, 63 - shift);
        for (uint64_t i = random_between(&random, 1, 40); i > 0; i--)
            histogram_record_many(
                &histogram, random_next(&random) >> random_between(&random, shift, shift + spread),
                random_between(&random, 0, 3));
        assert_true(histogram_consistent(&histogram));
    }
}

static void test_histogram_consistent_has_no_minimum_above_the_maximum(void **state)
{
    (void)state;
    record_all(&histogram, (uint64_t[]){3000, 3001}, 2);
    assert_int_equal(histogram_bucket_of(3000), histogram_bucket_of(3001));
    assert_true(histogram_consistent(&histogram));
    histogram.min = 3001;
    histogram.max = 3000;
    histogram.sum = 6002;
    histogram.sum_squares = 2 * 3001 * 3001;
    assert_false(histogram_consistent(&histogram));
}

static void test_histogram_consistent_and_empty_has_no_figures(void **state)
{
    static const struct {
        uint64_t min, max, sum, sum_squares;
        bool consistent;
    } cases[] = {{UINT64_MAX, 0, 0, 0, true},  {UINT64_MAX - 1, 0, 0, 0, false},
                 {0, 0, 0, 0, false},          {UINT64_MAX, 1, 0, 0, false},
                 {UINT64_MAX, 0, 1, 0, false}, {UINT64_MAX, 0, 0, 1, false}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        histogram.min = cases[i].min;
        histogram.max = cases[i].max;
        histogram.sum = cases[i].sum;
        histogram.sum_squares = cases[i].sum_squares;
        assert_int_equal(histogram_consistent(&histogram), cases[i].consistent);
    }
}

TEST_GROUP(histogram)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_histogram_agrees_with_exact_sorting, reset),
        cmocka_unit_test_setup(test_histogram_percentile_is_the_nearest_rank, reset),
        cmocka_unit_test_setup(test_histogram_buckets_hold_their_precision_at_every_power_of_two,
                               reset),
        cmocka_unit_test_setup(test_histogram_buckets_begin_where_the_one_before_ends, reset),
        cmocka_unit_test_setup(test_histogram_counts_above_what_is_surely_above, reset),
        cmocka_unit_test_setup(test_histogram_percentile_stays_between_minimum_and_maximum, reset),
        cmocka_unit_test_setup(test_histogram_counts_what_is_out_of_range_at_the_end, reset),
        cmocka_unit_test_setup(test_histogram_empty_has_no_figures, reset),
        cmocka_unit_test_setup(test_histogram_moments_survive_a_large_offset, reset),
        cmocka_unit_test_setup(test_histogram_moments_survive_a_fractional_mean, reset),
        cmocka_unit_test_setup(test_histogram_moments_survive_a_trillion_samples, reset),
        cmocka_unit_test_setup(test_histogram_merge_equals_recording_everything, reset),
        cmocka_unit_test_setup(test_histogram_merge_order_does_not_matter, reset),
        cmocka_unit_test_setup(test_histogram_reset_leaves_nothing_behind, reset),
        cmocka_unit_test_setup(test_histogram_consistent_is_what_could_be_recorded, reset),
        cmocka_unit_test_setup(test_histogram_consistent_is_what_buckets_allow, reset),
        cmocka_unit_test_setup(test_histogram_consistent_is_what_was_recorded, reset),
        cmocka_unit_test_setup(test_histogram_consistent_has_no_minimum_above_the_maximum, reset),
        cmocka_unit_test_setup(test_histogram_consistent_and_empty_has_no_figures, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
