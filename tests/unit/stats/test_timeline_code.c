#include "testing.h"

#include <stdlib.h>
#include <string.h>

#include "wsload/base/random.h"
#include "wsload/stats/timeline.h"

#define TEXT_SIZE_MAX 65536

static struct timeline_row row;
static struct timeline_row again;
static struct buffer text;
static struct error error;

static int start(void **state)
{
    (void)state;
    memset(&row, 0, sizeof(row));
    buffer_init(&text, TEXT_SIZE_MAX);
    return 0;
}

static int end(void **state)
{
    (void)state;
    buffer_free(&text);
    return 0;
}

/* Parses a copy that is exactly as long, so that a sanitizer sees a byte too many. */
static int parse(struct text given)
{
    char *copy = malloc(given.length > 0 ? given.length : 1);
    assert_non_null(copy);
    if (given.length > 0)
        memcpy(copy, given.data, given.length);
    error.text[0] = '\0';
    int result = timeline_counts_parse((struct text){copy, given.length}, &again, &error);
    free(copy);
    assert_int_equal(result == 0, error.text[0] == '\0');
    return result;
}

static void assert_round_trip(void)
{
    buffer_clear(&text);
    assert_int_equal(timeline_counts_format(&row, &text), 0);
    assert_int_equal(parse(buffer_text(&text)), 0);
    assert_memory_equal(again.counts, row.counts, sizeof(row.counts));
}

static void test_timeline_counts_are_the_documented_form(void **state)
{
    (void)state;
    assert_round_trip();
    assert_int_equal(text.length, 0);
    row.counts[300] = 5;
    row.counts[301] = 7;
    row.counts[303] = 2;
    assert_round_trip();
    assert_string_equal(text.data, "300:5 7 1:2");
    row.counts[0] = UINT32_MAX;
    assert_round_trip();
    assert_string_equal(text.data, "4294967295 299:5 7 1:2");
    memset(row.counts, 0, sizeof(row.counts));
    row.counts[TIMELINE_BUCKETS - 1] = 1;
    assert_round_trip();
    assert_string_equal(text.data, "1055:1");
}

static void test_timeline_counts_give_back_random_counts(void **state)
{
    struct random random;
    (void)state;
    random_init(&random, 5);
    for (int round = 0; round < 200; round++) {
        uint64_t gap = random_between(&random, 1, 200);
        for (size_t i = 0; i < TIMELINE_BUCKETS; i++)
            row.counts[i] = random_between(&random, 1, gap) > 1
                                ? 0
                                : (uint32_t)(random_next(&random) >>
                                             random_between(&random, 32, 63));
        assert_round_trip();
    }
}

static void test_timeline_counts_leave_the_rest_of_a_row(void **state)
{
    (void)state;
    again = (struct timeline_row){.done = 4, .failed = 3, .in_flight = 2, .open = 1};
    again.counts[7] = 7;
    assert_int_equal(parse(text_of("1")), 0);
    assert_int_equal(again.done + 10 * again.failed + 100 * again.in_flight + 1000 * again.open,
                     1234);
    assert_int_equal(again.counts[0], 1);
    assert_int_equal(again.counts[7], 0);
}

static void test_timeline_counts_are_refused_in_any_other_form(void **state)
{
    static const char *const cases[] = {
        " ",    " 1",     "1 ",         "1  2",         "0",
        "0:1",  "1:0",    "1:",         ":1",           "1:2:3",
        "01",   "1:01",   "-1",         "+1",           "1,2",
        "1\n",  "1056:1", "1055:1 1",   "1 1055:1",     "x",
        "1 x",  "1x",     "4294967296", "4294967296:1", "99999999999999999999",
        "1: 2", "1 :2",   "1.5"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        if (parse(text_of(cases[i])) == 0)
            fail_msg("'%s'", cases[i]);
    }
}

static void test_timeline_counts_are_refused_room_that_is_too_small(void **state)
{
    struct buffer small;
    (void)state;
    row.counts[300] = 5;
    row.counts[301] = 7;
    buffer_init(&small, 6);
    assert_int_equal(timeline_counts_format(&row, &small), -1);
    buffer_free(&small);
}

static void test_timeline_counts_are_recorded_as_the_middles_of_their_buckets(void **state)
{
    static struct histogram histogram;
    (void)state;
    histogram_init(&histogram);
    row.counts[0] = 2;                    /* 0..31 */
    row.counts[TIMELINE_BUCKETS / 2] = 3; /* 2^25.. */
    timeline_counts_record(&row, &histogram);
    assert_int_equal(histogram.count, 5);
    assert_int_equal(histogram.min, 16);
    assert_int_equal(histogram.max, timeline_percentile_ns(&row, 100));
    assert_true(histogram.sum == 2 * 16 + 3 * (histogram_sum)histogram.max);
    assert_true(histogram_consistent(&histogram));
}

TEST_GROUP(timeline_code)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_timeline_counts_are_the_documented_form, start, end),
        cmocka_unit_test_setup_teardown(test_timeline_counts_give_back_random_counts, start, end),
        cmocka_unit_test_setup_teardown(test_timeline_counts_leave_the_rest_of_a_row, start, end),
        cmocka_unit_test_setup_teardown(test_timeline_counts_are_refused_in_any_other_form, start,
                                        end),
        cmocka_unit_test_setup_teardown(test_timeline_counts_are_refused_room_that_is_too_small,
                                        start, end),
        cmocka_unit_test_setup_teardown(
            test_timeline_counts_are_recorded_as_the_middles_of_their_buckets, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
