#include "testing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/base/random.h"
#include "wsload/stats/timeline.h"

#include "allocations.h"

#define HOUR_SECONDS 3600
#define SAMPLES      10000

static struct timeline timeline;
static struct timeline other;
static struct histogram times;
static uint64_t samples[SAMPLES];

static int start(void **state)
{
    (void)state;
    histogram_init(&times);
    return timeline_init(&timeline) | timeline_init(&other);
}

static int end(void **state)
{
    (void)state;
    timeline_free(&timeline);
    timeline_free(&other);
    return 0;
}

/* A second in which three requests ended, two of them well; its gauges tell its number. */
static void add_second(struct timeline *into, uint64_t number)
{
    struct timeline_second second = {.number = number,
                                     .done = 3,
                                     .failed = 1,
                                     .in_flight = 10 * number,
                                     .open = number + 1,
                                     .times = &times};
    histogram_reset(&times);
    histogram_record(&times, 5 * NS_PER_MS);
    histogram_record(&times, (1 + number % 50) * NS_PER_MS);
    timeline_add(into, &second);
}

static void add_seconds(struct timeline *into, uint64_t count)
{
    for (uint64_t number = 0; number < count; number++)
        add_second(into, number);
}

static uint64_t row_times(const struct timeline_row *row)
{
    uint64_t count = 0;
    for (size_t i = 0; i < TIMELINE_BUCKETS; i++)
        count += row->counts[i];
    return count;
}

/* That every row holds what add_second() put into its seconds, of COUNT in all, TIMES over. */
static void assert_holds_seconds(const struct timeline *whole, uint64_t count, uint64_t times_over)
{
    uint64_t width = whole->width_ns / TIMELINE_SECOND_NS;
    assert_int_equal(whole->count, (count + width - 1) / width);
    for (size_t i = 0; i < whole->count; i++) {
        const struct timeline_row *row = &whole->rows[i];
        uint64_t first = i * width;
        uint64_t last = (i + 1 < whole->count ? first + width : count) - 1;
        uint64_t seconds = last - first + 1;
        assert_int_equal(row->done, 3 * seconds * times_over);
        assert_int_equal(row->failed, seconds * times_over);
        assert_int_equal(row_times(row), 2 * seconds * times_over);
        assert_int_equal(row->in_flight, 10 * last * times_over);
        assert_int_equal(row->open, (last + 1) * times_over);
    }
}

static void assert_timelines_equal(const struct timeline *a, const struct timeline *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->width_ns, b->width_ns);
    assert_memory_equal(a->rows, b->rows, a->count * sizeof(a->rows[0]));
}

static void test_timeline_has_a_row_for_each_second(void **state)
{
    (void)state;
    assert_int_equal(timeline.count, 0);
    add_seconds(&timeline, TIMELINE_ROWS_MAX);
    assert_int_equal(timeline.width_ns, NS_PER_S);
    assert_holds_seconds(&timeline, TIMELINE_ROWS_MAX, 1);
}

static void test_timeline_seconds_that_were_left_out_are_empty_rows(void **state)
{
    static const struct timeline_row empty;
    (void)state;
    memset(timeline.rows, 0xA5, TIMELINE_ROWS_MAX * sizeof(timeline.rows[0]));
    add_second(&timeline, 0);
    add_second(&timeline, 3);
    add_second(&timeline, 3);
    assert_int_equal(timeline.count, 4);
    assert_int_equal(timeline.rows[0].done, 3);
    assert_memory_equal(&timeline.rows[1], &empty, sizeof(empty));
    assert_memory_equal(&timeline.rows[2], &empty, sizeof(empty));
    assert_int_equal(timeline.rows[3].done, 6);
    assert_int_equal(timeline.rows[3].in_flight, 30);
    assert_int_equal(row_times(&timeline.rows[3]), 4);
}

static void test_timeline_merges_neighbours_beyond_1000_rows_and_loses_nothing(void **state)
{
    static const struct {
        uint64_t seconds;
        uint64_t width; /* seconds */
    } cases[] = {{1000, 1}, {1001, 2}, {2000, 2}, {2001, 4}, {4095, 8}, {10 * HOUR_SECONDS, 64}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        end(state);
        assert_int_equal(start(state), 0);
        add_seconds(&timeline, cases[i].seconds);
        assert_int_equal(timeline.width_ns, cases[i].width * NS_PER_S);
        assert_true(timeline.count <= TIMELINE_ROWS_MAX);
        assert_holds_seconds(&timeline, cases[i].seconds, 1);
    }
}

static void test_timeline_leaps_over_any_time(void **state)
{
    (void)state;
    add_second(&timeline, 0);
    add_second(&timeline, 1);
    add_second(&timeline, 2);
    add_second(&timeline, 1000000);
    assert_int_equal(timeline.width_ns, 1024 * NS_PER_S);
    assert_int_equal(timeline.count, 1000000 / 1024 + 1);
    assert_int_equal(timeline.rows[0].done, 9);
    assert_int_equal(timeline.rows[0].open, 3);
    assert_int_equal(timeline.rows[1].done, 0);
    assert_int_equal(timeline.rows[timeline.count - 1].done, 3);
}

static void test_timeline_of_ten_hours_needs_no_more_memory_than_of_ten_minutes(void **state)
{
    (void)state;
    allocations = 0;
    add_seconds(&timeline, HOUR_SECONDS / 6);
    add_seconds(&other, 10 * HOUR_SECONDS);
    timeline_merge(&timeline, &other);
    assert_int_equal(allocations, 0);
    end(state);
    assert_int_equal(start(state), 0);
    assert_int_equal(allocations, 2); /* the counting itself works */
}

static void test_timeline_merge_of_one_width_adds_row_to_row(void **state)
{
    (void)state;
    add_seconds(&timeline, 100);
    add_seconds(&other, 100);
    timeline_merge(&timeline, &other);
    assert_int_equal(timeline.width_ns, NS_PER_S);
    assert_holds_seconds(&timeline, 100, 2);
}

static void test_timeline_merge_into_an_empty_one_is_a_copy(void **state)
{
    (void)state;
    add_seconds(&other, 4095);
    timeline_merge(&timeline, &other);
    assert_timelines_equal(&timeline, &other);
    timeline_free(&other);
    assert_int_equal(timeline_init(&other), 0);
    timeline_merge(&timeline, &other); /* and of an empty one changes nothing */
    assert_holds_seconds(&timeline, 4095, 1);
}

/* The same 1,000 seconds, but one timeline had to merge its rows: it has a last second in which
 * nothing happened. */
static void test_timeline_merge_of_different_widths_takes_the_wider(void **state)
{
    static struct timeline into_finer;
    (void)state;
    assert_int_equal(timeline_init(&into_finer), 0);
    add_seconds(&into_finer, 1000);
    add_seconds(&timeline, 1000);
    add_seconds(&other, 1000);
    histogram_reset(&times);
    timeline_add(&other, &(struct timeline_second){.number = 4000, .times = &times});
    assert_int_equal(other.width_ns, 8 * NS_PER_S);

    timeline_merge(&into_finer, &other);
    timeline_merge(&other, &timeline);
    assert_timelines_equal(&into_finer, &other);
    assert_int_equal(other.count, 501);
    assert_int_equal(other.rows[500].done, 0);
    other.count = 125;
    assert_holds_seconds(&other, 1000, 2);
    timeline_free(&into_finer);
}

static void test_timeline_merge_keeps_the_gauges_of_a_last_row_that_is_not_full(void **state)
{
    (void)state;
    add_seconds(&timeline, 1001);
    add_seconds(&other, 999);
    timeline_merge(&timeline, &other);
    assert_int_equal(timeline.rows[498].open, 2 * 998);
    assert_int_equal(timeline.rows[499].open, 1000 + 999);
    assert_int_equal(timeline.rows[500].open, 1001);
}

static int compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static void test_timeline_percentiles_are_within_1_6_percent(void **state)
{
    static const double percents[] = {0, 1, 25, 50, 75, 90, 95, 99, 99.9, 100};
    struct random random;
    (void)state;
    random_init(&random, 5);
    for (size_t i = 0; i < SAMPLES; i++) {
        samples[i] = (uint64_t)(1024 * pow(2, 31 * random_unit(&random))); /* 1 us to 37 min */
        histogram_record(&times, samples[i]);
    }
    timeline_add(&timeline, &(struct timeline_second){.times = &times});
    qsort(samples, SAMPLES, sizeof(samples[0]), compare);
    for (size_t i = 0; i < ARRAY_LENGTH(percents); i++) {
        uint64_t rank = histogram_rank(SAMPLES, percents[i]);
        uint64_t exact = samples[rank - 1];
        uint64_t got = timeline_percentile_ns(&timeline.rows[0], percents[i]);
        assert_in_range(got, exact - exact * 16 / 1000, exact + exact * 16 / 1000);
    }
}

static void test_timeline_percentile_at_the_ends_of_the_range(void **state)
{
    (void)state;
    timeline_add(&timeline, &(struct timeline_second){.number = 0, .times = &times});
    assert_int_equal(timeline_percentile_ns(&timeline.rows[0], 50), 0);
    histogram_record(&times, 0);
    timeline_add(&timeline, &(struct timeline_second){.number = 1, .times = &times});
    assert_int_equal(timeline_percentile_ns(&timeline.rows[1], 50), 16);
    histogram_reset(&times);
    histogram_record(&times, UINT64_MAX);
    timeline_add(&timeline, &(struct timeline_second){.number = 2, .times = &times});
    assert_in_range(timeline_percentile_ns(&timeline.rows[2], 50),
                    HISTOGRAM_HIGHEST_NS - HISTOGRAM_HIGHEST_NS / 60,
                    HISTOGRAM_HIGHEST_NS + HISTOGRAM_HIGHEST_NS / 60);
}

static void test_timeline_bucket_that_is_full_stays_full(void **state)
{
    static struct histogram twin;
    (void)state;
    histogram_record(&times, NS_PER_S);
    for (int doubling = 0; doubling < 33; doubling++) {
        twin = times;
        histogram_merge(&times, &twin);
    }
    timeline_add(&timeline, &(struct timeline_second){.number = 0, .times = &times});
    timeline_add(&timeline, &(struct timeline_second){.number = 0, .times = &times});
    timeline_add(&other, &(struct timeline_second){.number = 0, .times = &times});
    timeline_merge(&timeline, &other);
    assert_int_equal(row_times(&timeline.rows[0]), UINT32_MAX);
    assert_in_range(timeline_percentile_ns(&timeline.rows[0], 99), 984 * NS_PER_MS,
                    1016 * NS_PER_MS);
}

TEST_GROUP(timeline)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(test_timeline_has_a_row_for_each_second),
        TEST(test_timeline_seconds_that_were_left_out_are_empty_rows),
        TEST(test_timeline_merges_neighbours_beyond_1000_rows_and_loses_nothing),
        TEST(test_timeline_leaps_over_any_time),
        TEST(test_timeline_of_ten_hours_needs_no_more_memory_than_of_ten_minutes),
        TEST(test_timeline_merge_of_one_width_adds_row_to_row),
        TEST(test_timeline_merge_into_an_empty_one_is_a_copy),
        TEST(test_timeline_merge_of_different_widths_takes_the_wider),
        TEST(test_timeline_merge_keeps_the_gauges_of_a_last_row_that_is_not_full),
        TEST(test_timeline_percentiles_are_within_1_6_percent),
        TEST(test_timeline_percentile_at_the_ends_of_the_range),
        TEST(test_timeline_bucket_that_is_full_stays_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
