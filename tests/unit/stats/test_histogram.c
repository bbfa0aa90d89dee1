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
    histogram_reset(&histogram);
    histogram_reset(&other);
    histogram_reset(&third);
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
    } cases[] = {{50, 50000}, {90, 90000}, {95, 95000}, {99, 99000}, {99.9, 99900}};
    qsort(samples, SAMPLES, sizeof(samples[0]), compare);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint64_t exact = samples[cases[i].rank - 1];
        uint64_t got = histogram_percentile_ns(&histogram, cases[i].percent);
        if (got < exact || got - exact > exact / 1000)
            fail_msg("%s p%g: exactly %llu, got %llu", name, cases[i].percent,
                     (unsigned long long)exact, (unsigned long long)got);
    }
    assert_int_equal(histogram.min_ns, samples[0]);
    assert_int_equal(histogram.max_ns, samples[SAMPLES - 1]);
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
    if (fabs(histogram_mean_ns(&histogram) - (double)mean) > 1e-3 ||
        fabs(histogram_stddev_ns(&histogram) - stddev) > 1e-9 * stddev + 1e-3)
        fail_msg("%s: mean %.3f, stddev %.3f; got %.3f and %.3f", name, (double)mean, stddev,
                 histogram_mean_ns(&histogram), histogram_stddev_ns(&histogram));
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
        assert_int_equal(histogram_percentile_ns(&histogram, cases[i].percent), cases[i].rank);
        assert_int_equal(histogram_samples_beyond(&histogram, cases[i].percent),
                         cases[i].count - cases[i].rank);
    }
}

static void assert_bucket_holds(uint64_t value)
{
    histogram_reset(&histogram);
    histogram_record(&histogram, value);
    histogram_record(&histogram, HOUR_NS); /* so that the maximum does not narrow the answer */
    uint64_t got = histogram_percentile_ns(&histogram, 50);
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

static void test_histogram_percentile_stays_between_minimum_and_maximum(void **state)
{
    (void)state;
    histogram_record(&histogram, 1000000001);
    assert_int_equal(histogram_percentile_ns(&histogram, 0), 1000000001);
    assert_int_equal(histogram_percentile_ns(&histogram, 50), 1000000001);
    assert_int_equal(histogram_percentile_ns(&histogram, 100), 1000000001);
}

static void test_histogram_counts_what_is_out_of_range_at_the_end(void **state)
{
    (void)state;
    histogram_record(&histogram, 0);
    histogram_record(&histogram, 5);
    histogram_record(&histogram, 2 * HOUR_NS);
    histogram_record(&histogram, 3 * HOUR_NS);
    assert_int_equal(histogram.count, 4);
    assert_int_equal(histogram.min_ns, 0);
    assert_int_equal(histogram.max_ns, 3 * HOUR_NS);
    assert_int_equal(histogram_percentile_ns(&histogram, 25), 0);
    assert_int_equal(histogram_percentile_ns(&histogram, 50), 5);
    assert_in_range(histogram_percentile_ns(&histogram, 75), HOUR_NS, HOUR_NS + HOUR_NS / 1000);
    assert_true(histogram_mean_ns(&histogram) == (5 + 5 * (double)HOUR_NS) / 4);

    reset(NULL);
    histogram_record(&histogram, UINT64_MAX);
    assert_true(histogram_percentile_ns(&histogram, 50) == UINT64_MAX);
}

static void test_histogram_empty_has_no_figures(void **state)
{
    (void)state;
    assert_int_equal(histogram_percentile_ns(&histogram, 50), 0);
    assert_int_equal(histogram_samples_beyond(&histogram, 50), 0);
    assert_true(histogram_mean_ns(&histogram) == 0);
    assert_true(histogram_stddev_ns(&histogram) == 0);
    assert_true(histogram.min_ns == UINT64_MAX);
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
        assert_true(histogram_mean_ns(&histogram) == (double)offsets[i] + 5);
        assert_true(histogram_stddev_ns(&histogram) == 2);
    }
}

static void test_histogram_moments_survive_a_fractional_mean(void **state)
{
    (void)state;
    histogram_record(&histogram, HOUR_NS);
    histogram_record(&histogram, HOUR_NS + 1);
    assert_true(histogram_mean_ns(&histogram) == (double)HOUR_NS + 0.5);
    assert_true(histogram_stddev_ns(&histogram) == 0.5);
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
    assert_true(histogram_mean_ns(&histogram) == (double)HOUR_NS);
    assert_true(histogram_stddev_ns(&histogram) == 2);
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
    static struct histogram one_way;
    static struct histogram other_way;
    static const uint64_t few[] = {1, 50000000, 3 * HOUR_NS};
    (void)state;
    record_all(&histogram, few, ARRAY_LENGTH(few));
    histogram_record(&other, 40000000);
    histogram_reset(&one_way);
    histogram_merge(&one_way, &histogram);
    histogram_merge(&one_way, &other);
    histogram_merge(&one_way, &third); /* empty */
    histogram_reset(&other_way);
    histogram_merge(&other_way, &third);
    histogram_merge(&other_way, &other);
    histogram_merge(&other_way, &histogram);
    assert_memory_equal(&one_way, &other_way, sizeof(one_way));
    assert_int_equal(one_way.count, 4);
    assert_int_equal(one_way.min_ns, 1);
    assert_int_equal(one_way.max_ns, 3 * HOUR_NS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_histogram_agrees_with_exact_sorting, reset),
        cmocka_unit_test_setup(test_histogram_percentile_is_the_nearest_rank, reset),
        cmocka_unit_test_setup(test_histogram_buckets_hold_their_precision_at_every_power_of_two,
                               reset),
        cmocka_unit_test_setup(test_histogram_percentile_stays_between_minimum_and_maximum, reset),
        cmocka_unit_test_setup(test_histogram_counts_what_is_out_of_range_at_the_end, reset),
        cmocka_unit_test_setup(test_histogram_empty_has_no_figures, reset),
        cmocka_unit_test_setup(test_histogram_moments_survive_a_large_offset, reset),
        cmocka_unit_test_setup(test_histogram_moments_survive_a_fractional_mean, reset),
        cmocka_unit_test_setup(test_histogram_moments_survive_a_trillion_samples, reset),
        cmocka_unit_test_setup(test_histogram_merge_equals_recording_everything, reset),
        cmocka_unit_test_setup(test_histogram_merge_order_does_not_matter, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
