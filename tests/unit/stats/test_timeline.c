#include "testing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/base/random.h"
#include "wsload/stats/timeline.h"

#include "allocations.h"
#include "measuring.h"

#define HOUR_SECONDS 3600
#define SAMPLES      10000

static struct timeline timeline;
static struct timeline other;
static uint64_t samples[SAMPLES];

static int start(void **state)
{
    (void)state;
    return timeline_init(&timeline) | timeline_init(&other);
}

static int end(void **state)
{
    (void)state;
    timeline_free(&timeline);
    timeline_free(&other);
    return 0;
}

/* Second NUMBER, in which three requests ended, two of them well; its gauges tell its number. */
static void add_second(struct timeline *into, uint64_t number)
{
    struct timeline_row *row = timeline_row(into, number);
    row->done += 3;
    row->failed += 1;
    row->in_flight += 10 * number;
    row->open += number + 1;
    timeline_count(row, 5 * NS_PER_MS);
    timeline_count(row, (1 + number % 50) * NS_PER_MS);
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

/* That every row holds what add_second() put into its seconds, of COUNT in all, TIMES over; gauges
 * are sums over the seconds. */
static void assert_holds_seconds(const struct timeline *whole, uint64_t count, uint64_t times_over)
{
    uint64_t width = whole->width_s;
    assert_int_equal(whole->first, 0);
    assert_int_equal(whole->count, (count + width - 1) / width);
    for (size_t i = 0; i < whole->count; i++) {
        const struct timeline_row *row = &whole->rows[i];
        uint64_t first = i * width;
        uint64_t last = (i + 1 < whole->count ? first + width : count) - 1;
        uint64_t seconds = last - first + 1;
        assert_int_equal(row->done, 3 * seconds * times_over);
        assert_int_equal(row->failed, seconds * times_over);
        assert_int_equal(row_times(row), 2 * seconds * times_over);
        uint64_t numbers = (first + last) * seconds / 2;
        assert_int_equal(row->in_flight, 10 * numbers * times_over);
        assert_int_equal(row->open, (numbers + seconds) * times_over);
    }
}

static void test_timeline_has_a_row_for_each_second(void **state)
{
    (void)state;
    assert_int_equal(timeline.count, 0);
    add_seconds(&timeline, TIMELINE_ROWS_MAX);
    assert_int_equal(timeline.width_s, 1);
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
    assert_int_equal(timeline.rows[3].in_flight, 30 + 30);
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
        assert_int_equal(timeline.width_s, cases[i].width);
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
    assert_int_equal(timeline.width_s, 1024);
    assert_int_equal(timeline.count, 1000000 / 1024 + 1);
    assert_int_equal(timeline.rows[0].done, 9);
    assert_int_equal(timeline.rows[0].open, 1 + 2 + 3);
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
    assert_int_equal(timeline.width_s, 1);
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
    timeline_row(&other, 4000);
    assert_int_equal(other.width_s, 8);

    timeline_merge(&into_finer, &other);
    timeline_merge(&other, &timeline);
    assert_timelines_equal(&into_finer, &other);
    assert_int_equal(other.count, 501);
    assert_int_equal(other.rows[500].done, 0);
    other.count = 125;
    assert_holds_seconds(&other, 1000, 2);
    timeline_free(&into_finer);
}

/* As of a long run of which only the beginning has anything. */
static void test_timeline_merge_takes_the_wider_even_of_few_rows(void **state)
{
    (void)state;
    static struct timeline few;
    assert_int_equal(timeline_init(&few), 0);
    few.width_s = 8;
    add_second(&few, 16);
    add_second(&other, 17);
    add_second(&other, 24);
    timeline_merge(&timeline, &other);
    timeline_merge(&timeline, &few);
    timeline_merge(&few, &other);
    assert_timelines_equal(&timeline, &few);
    assert_int_equal(few.width_s, 8);
    assert_int_equal(few.first, 2);
    assert_int_equal(few.count, 2);
    assert_int_equal(few.rows[0].done, 6);
    timeline_free(&few);
}

static void test_timeline_merge_keeps_the_gauges_of_a_last_row_that_is_not_full(void **state)
{
    (void)state;
    add_seconds(&timeline, 1001);
    add_seconds(&other, 999);
    timeline_merge(&timeline, &other);
    assert_int_equal(timeline.rows[498].open, 2 * (997 + 998));
    assert_int_equal(timeline.rows[499].open, 999 + 1000 + 999);
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
        timeline_count(timeline_row(&timeline, 0), samples[i]);
    }
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
    assert_int_equal(timeline_percentile_ns(timeline_row(&timeline, 0), 50), 0);
    timeline_count(timeline_row(&timeline, 1), 0);
    assert_int_equal(timeline_percentile_ns(&timeline.rows[1], 50), 16);
    timeline_count(timeline_row(&timeline, 2), UINT64_MAX);
    assert_in_range(timeline_percentile_ns(&timeline.rows[2], 50),
                    HISTOGRAM_HIGHEST_NS - HISTOGRAM_HIGHEST_NS / 60,
                    HISTOGRAM_HIGHEST_NS + HISTOGRAM_HIGHEST_NS / 60);
}

static void test_timeline_bucket_that_is_full_stays_full(void **state)
{
    (void)state;
    timeline_count(timeline_row(&timeline, 0), NS_PER_S);
    for (int doubling = 0; doubling < 33; doubling++) {
        timeline_merge(&other, &timeline);
        timeline_merge(&timeline, &other);
    }
    timeline_count(timeline_row(&timeline, 0), NS_PER_S);
    assert_int_equal(row_times(&timeline.rows[0]), UINT32_MAX);
    assert_in_range(timeline_percentile_ns(&timeline.rows[0], 99), 984 * NS_PER_MS,
                    1016 * NS_PER_MS);
}

/* --- Wall time --- */

/* Up to three machines that began and ended at any time, at widths of 1 to 8. */
static void fill_at_random(struct timeline *into, struct random *random)
{
    static const uint64_t spans[] = {0, 1, 2, 5, 7, 10, 60, 500, 999, 1000, 1999, 2000, 8000};
    uint64_t first = 1700000000 + random_between(random, 0, 1) * random_between(random, 0, 3000);
    uint64_t last = first + spans[random_between(random, 0, ARRAY_LENGTH(spans) - 1)];
    timeline_row(into, first)->open += 1;
    for (int i = 0; i < 20; i++) {
        struct timeline_row *row = timeline_row(into, random_between(random, first, last));
        row->done += random_between(random, 1, 9);
        row->failed += random_between(random, 0, 1);
        row->in_flight += random_between(random, 0, 99);
        timeline_count(row, random_between(random, 0, NS_PER_S));
    }
}

static void set_to(struct timeline *into, const struct timeline *from)
{
    timeline_free(into);
    assert_int_equal(timeline_init(into), 0);
    timeline_merge(into, from);
}

static void test_timeline_merge_gives_the_same_in_any_order(void **state)
{
    (void)state;
    static const size_t orders[][3] = {{0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static struct timeline parts[3];
    struct random random;
    random_init(&random, 6);
    for (int run = 0; run < 80; run++) {
        for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
            assert_int_equal(timeline_init(&parts[i]), 0);
            if (random_between(&random, 0, 9) > 0) /* else it stays empty */
                fill_at_random(&parts[i], &random);
        }
        set_to(&timeline, &parts[0]);
        timeline_merge(&timeline, &parts[1]);
        timeline_merge(&timeline, &parts[2]);
        for (size_t i = 0; i < ARRAY_LENGTH(orders); i++) {
            set_to(&other, &parts[orders[i][0]]);
            timeline_merge(&other, &parts[orders[i][1]]);
            timeline_merge(&other, &parts[orders[i][2]]);
            assert_timelines_equal(&other, &timeline);
        }
        timeline_merge(&parts[1], &parts[2]); /* a sum of sums */
        timeline_merge(&parts[0], &parts[1]);
        assert_timelines_equal(&parts[0], &timeline);
        for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
            timeline_free(&parts[i]);
    }
}

static void test_timeline_rows_lie_over_each_other_by_wall_clock(void **state)
{
    (void)state;
    for (uint64_t second = 1001; second < 1004; second++)
        add_second(&timeline, second);
    for (uint64_t second = 1002; second < 1006; second++)
        add_second(&other, second);
    timeline_merge(&timeline, &other);
    static const uint64_t done[] = {3, 6, 6, 3, 3};
    assert_int_equal(timeline.first, 1001);
    assert_int_equal(timeline.count, ARRAY_LENGTH(done));
    for (size_t i = 0; i < ARRAY_LENGTH(done); i++)
        assert_int_equal(timeline.rows[i].done, done[i]);
}

/* The rows of width 2 are those of seconds 1000 and 1001, 1002 and 1003 and so on. */
static void test_timeline_pairs_begin_with_an_even_number(void **state)
{
    (void)state;
    for (uint64_t second = 1001; second <= 2001; second++)
        add_second(&timeline, second);
    assert_int_equal(timeline.width_s, 2);
    assert_int_equal(timeline.first, 500);
    assert_int_equal(timeline.count, 501);
    assert_int_equal(timeline.rows[0].done, 3);
    assert_int_equal(timeline.rows[1].done, 6);
    assert_int_equal(timeline.rows[500].done, 6);
}

static void test_timeline_merge_puts_earlier_rows_first(void **state)
{
    (void)state;
    add_second(&timeline, 5000);
    add_second(&other, 4998);
    timeline_merge(&timeline, &other);
    assert_int_equal(timeline.first, 4998);
    assert_int_equal(timeline.count, 3);
    assert_int_equal(timeline.rows[0].open, 4999);
    assert_int_equal(timeline.rows[1].done, 0);
    assert_int_equal(timeline.rows[2].open, 5001);
}

static void test_timeline_trim_drops_a_last_row_of_nothing(void **state)
{
    (void)state;
    timeline_trim(&timeline);
    assert_int_equal(timeline.count, 0);
    add_second(&timeline, 7);
    timeline_trim(&timeline);
    assert_int_equal(timeline.count, 1);
    timeline_row(&timeline, 9);
    timeline_trim(&timeline);
    assert_int_equal(timeline.count, 2);
    timeline_row(&timeline, 8)->open = 1;
    timeline_trim(&timeline);
    assert_int_equal(timeline.count, 2);
    timeline_row(&timeline, 9)->in_flight = 1;
    timeline_trim(&timeline);
    assert_int_equal(timeline.count, 3);
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
        TEST(test_timeline_merge_takes_the_wider_even_of_few_rows),
        TEST(test_timeline_merge_keeps_the_gauges_of_a_last_row_that_is_not_full),
        TEST(test_timeline_percentiles_are_within_1_6_percent),
        TEST(test_timeline_percentile_at_the_ends_of_the_range),
        TEST(test_timeline_bucket_that_is_full_stays_full),
        TEST(test_timeline_merge_gives_the_same_in_any_order),
        TEST(test_timeline_rows_lie_over_each_other_by_wall_clock),
        TEST(test_timeline_pairs_begin_with_an_even_number),
        TEST(test_timeline_merge_puts_earlier_rows_first),
        TEST(test_timeline_trim_drops_a_last_row_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
