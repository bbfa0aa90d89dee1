#include "testing.h"

#include <stdlib.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/base/random.h"
#include "wsload/report/hdr.h"

#define LOG_SIZE_MAX (1024 * 1024)
#define START_S      UINT64_C(1700000000)

static struct histogram histogram;
static struct histogram decoded;
static struct measurement *measurement;
static struct buffer out;
static struct error error;

static int start(void **state)
{
    static const struct load load = {.shards = 1};
    (void)state;
    histogram_init(&histogram);
    buffer_init(&out, LOG_SIZE_MAX);
    measurement = measurement_new(&load);
    return measurement ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    measurement_free(measurement);
    buffer_free(&out);
    return 0;
}

/* --- Base64 --- */

static int read_base64(const char *text)
{
    error.text[0] = '\0';
    int result = histogram_base64_read(text_of(text), &decoded, &error);
    assert_int_equal(result == 0, error.text[0] == '\0');
    return result;
}

static void test_histogram_base64_gives_back_what_was_written(void **state)
{
    struct random random;
    (void)state;
    random_init(&random, 1);
    for (int round = 0; round < 100; round++) {
        buffer_clear(&out);
        assert_int_equal(histogram_base64_write(&histogram, &out), 0);
        assert_int_equal(out.length, strlen(out.data));
        assert_memory_equal(out.data, "HISTFAAA", 8);
        assert_int_equal(read_base64(out.data), 0);
        assert_memory_equal(decoded.buckets, histogram.buckets, sizeof(decoded.buckets));
        histogram_record(&histogram, random_next(&random) >> random_between(&random, 22, 63));
    }
}

static void test_histogram_base64_is_appended(void **state)
{
    (void)state;
    assert_int_equal(buffer_append(&out, "x,", 2), 0);
    assert_int_equal(histogram_base64_write(&histogram, &out), 0);
    assert_int_equal(read_base64(out.data + 2), 0);
    struct buffer small;
    buffer_init(&small, out.length - 3);
    assert_int_equal(histogram_base64_write(&histogram, &small), -1);
    assert_int_equal(small.length, 0);
    buffer_free(&small);
}

/* HdrHistogram's own example is 1, 1, 2500 by PyPI hdrhistogram 0.10.8. */
static void test_histogram_base64_is_refused_in_any_other_form(void **state)
{
    static const char *const cases[] = {
        "",
        "=",
        "====",
        "HIST",
        "HISTFAAAACV4nJNpmSzMwMDAygABzFCaEch0M9ixgMH+A1SAZb8yEwBnCAU",
        "HISTFAAAACV4nJNpmSzMwMDAygABzFCaEch0M9ixgMH+A1SAZb8yEwBnCAU5\n",
        " HISTFAAAACV4nJNpmSzMwMDAygABzFCaEch0M9ixgMH+A1SAZb8yEwBnCAU5",
        "HISTFAAAACV4nJNpmSzMwMDAygABzFCaEch0M9ixgMH-A1SAZb8yEwBnCAU5",
        "HISTFAAAACV4nJNpmSzMwMDAygABzFCaEch0M9ixgMH+A1SAZb8yEwBnCAU=",
        "HISTFAAAACV4nJNpmSzMwMDAygABzFCaEch0M9ixgMH+A1SAZb8yEwBnCAU5AAAA",
        "HISTFAAAACV4nJNpmSzMwMDAygABzFCaEch0M9i=gMH+A1SAZb8yEwBnCAU5",
    };
    (void)state;
    assert_int_equal(read_base64("HISTFAAAACV4nJNpmSzMwMDAygABzFCaEch0M9ixgMH+A1SAZb8yEwBnCAU5"),
                     0);
    assert_int_equal(decoded.count, 3);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        if (read_base64(cases[i]) == 0)
            fail_msg("'%s'", cases[i]);
    }
}

/* --- The log --- */

/* The line of OUT at INDEX, terminated where it ends. */
static char *line_at(size_t index)
{
    static char text[LOG_SIZE_MAX];
    char *line = text;
    memcpy(text, out.data, out.length + 1);
    for (; index > 0; index--)
        line = strchr(line, '\n') + 1;
    *strchr(line, '\n') = '\0';
    return line;
}

static void test_hlog_has_a_line_for_each_row(void **state)
{
    (void)state;
    struct timeline *timeline = &measurement->timeline;
    timeline->first = START_S / 2;
    timeline->count = 3;
    timeline->width_s = 2;
    memset(timeline->rows, 0, 3 * sizeof(timeline->rows[0]));
    timeline->rows[0].counts[500] = 7;
    timeline->rows[2].counts[0] = 1;
    assert_int_equal(hlog_write(measurement, NULL, &out), 0);
    assert_string_equal(line_at(0), "#[Histogram log format version 1.3]");
    assert_string_equal(
        line_at(1),
        "#[StartTime: 1700000000.000 (seconds since epoch), Tue Nov 14 22:13:20 UTC 2023]");
    assert_string_equal(line_at(2), "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
                                    "\"Interval_Compressed_Histogram\"");
    uint64_t middle_ns = timeline_bucket_middle_ns(500);
    assert_memory_equal(line_at(3), "0.000,2.000,27.525,HISTF", 24);
    assert_int_equal(middle_ns, 27525120);
    assert_int_equal(read_base64(line_at(3) + 19), 0);
    assert_int_equal(decoded.count, 7);
    assert_int_equal(decoded.buckets[histogram_bucket_of(middle_ns)], 7);
    assert_memory_equal(line_at(4), "2.000,2.000,0.000,HISTF", 23);
    assert_int_equal(read_base64(line_at(4) + 18), 0);
    assert_int_equal(decoded.count, 0);
    assert_memory_equal(line_at(5), "4.000,2.000,0.000,HISTF", 23);
    assert_int_equal(read_base64(line_at(5) + 18), 0);
    assert_int_equal(decoded.count, 1);
}

static void test_hlog_of_a_buffer_that_is_too_small_fails(void **state)
{
    (void)state;
    timeline_row(&measurement->timeline, START_S);
    assert_int_equal(hlog_write(measurement, NULL, &out), 0);
    struct buffer small;
    buffer_init(&small, out.length - 1);
    assert_int_equal(hlog_write(measurement, NULL, &small), -1);
    buffer_free(&small);
}

TEST_GROUP(hlog)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_histogram_base64_gives_back_what_was_written, start,
                                        end),
        cmocka_unit_test_setup_teardown(test_histogram_base64_is_appended, start, end),
        cmocka_unit_test_setup_teardown(test_histogram_base64_is_refused_in_any_other_form, start,
                                        end),
        cmocka_unit_test_setup_teardown(test_hlog_has_a_line_for_each_row, start, end),
        cmocka_unit_test_setup_teardown(test_hlog_of_a_buffer_that_is_too_small_fails, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
