#include "testing.h"

#include <string.h>

#include "fixtures.h"
#include "wsload/base/clock.h"
#include "wsload/report/hdr.h"

static void assert_hgrm(const struct fixture *run, const char *expected)
{
    struct buffer out;
    buffer_init(&out, 1 << 20);
    assert_int_equal(hgrm_write(run->measurement, &run->verdict, &out), 0);
    assert_string_equal(out.data, expected);
    buffer_free(&out);
}

#define HEAD "       Value     Percentile TotalCount 1/(1-Percentile)\n\n"

#define TAIL "#[Buckets =           32, SubBuckets     =         2048]\n"

/* Made by hand: 10, 20 ... 100 ms, once each, and the ends of their buckets. The steps are 10 % up
 * to the median, then 5 % to 75, 2.5 % to 87.5 and 1.25 %; the first one after 90 % reaches the
 * last sample. The standard deviation of 1 ... 10 is the square root of 8.25. */
static void test_hgrm_has_five_steps_per_half_of_the_rest(void **state)
{
    struct fixture *run = fixture("passed");
    (void)state;
    histogram_reset(&run->measurement->distributions[DIST_LATENCY]);
    for (uint64_t i = 1; i <= 10; i++)
        histogram_record(&run->measurement->distributions[DIST_LATENCY], i * 10 * NS_PER_MS);
    assert_hgrm(run, HEAD "      10.002 0.000000000000          1           1.00\n"
                          "      10.002 0.100000000000          1           1.11\n"
                          "      20.005 0.200000000000          2           1.25\n"
                          "      30.015 0.300000000000          3           1.43\n"
                          "      40.010 0.400000000000          4           1.67\n"
                          "      50.004 0.500000000000          5           2.00\n"
                          "      60.031 0.550000000000          6           2.22\n"
                          "      60.031 0.600000000000          6           2.50\n"
                          "      70.058 0.650000000000          7           2.86\n"
                          "      70.058 0.700000000000          7           3.33\n"
                          "      80.019 0.750000000000          8           4.00\n"
                          "      80.019 0.775000000000          8           4.44\n"
                          "      80.019 0.800000000000          8           5.00\n"
                          "      90.046 0.825000000000          9           5.71\n"
                          "      90.046 0.850000000000          9           6.67\n"
                          "      90.046 0.875000000000          9           8.00\n"
                          "      90.046 0.887500000000          9           8.89\n"
                          "      90.046 0.900000000000          9          10.00\n"
                          "     100.000 0.912500000000         10          11.43\n"
                          "     100.000 1.000000000000         10\n"
                          "#[Mean    =       55.000, StdDeviation   =       28.723]\n"
                          "#[Max     =      100.000, Total count    =           10]\n" TAIL);
}

static void test_hgrm_counts_the_samples_up_to_the_value(void **state)
{
    struct fixture *run = fixture("passed");
    (void)state;
    histogram_reset(&run->measurement->distributions[DIST_LATENCY]);
    for (int i = 0; i < 3; i++)
        histogram_record(&run->measurement->distributions[DIST_LATENCY], 2000);
    histogram_record(&run->measurement->distributions[DIST_LATENCY], 5000);
    assert_hgrm(run, HEAD "       0.002 0.000000000000          3           1.00\n"
                          "       0.002 0.100000000000          3           1.11\n"
                          "       0.002 0.200000000000          3           1.25\n"
                          "       0.002 0.300000000000          3           1.43\n"
                          "       0.002 0.400000000000          3           1.67\n"
                          "       0.002 0.500000000000          3           2.00\n"
                          "       0.002 0.550000000000          3           2.22\n"
                          "       0.002 0.600000000000          3           2.50\n"
                          "       0.002 0.650000000000          3           2.86\n"
                          "       0.002 0.700000000000          3           3.33\n"
                          "       0.002 0.750000000000          3           4.00\n"
                          "       0.005 0.775000000000          4           4.44\n"
                          "       0.005 1.000000000000          4\n"
                          "#[Mean    =        0.003, StdDeviation   =        0.001]\n"
                          "#[Max     =        0.005, Total count    =            4]\n" TAIL);
}

static void test_hgrm_of_an_open_run_is_of_response_times(void **state)
{
    struct fixture *run = fixture("doubtful");
    struct buffer out;
    (void)state;
    buffer_init(&out, 1 << 20);
    assert_int_equal(hgrm_write(run->measurement, &run->verdict, &out), 0);
    assert_non_null(strstr(out.data, "\n      70.000 1.000000000000      10000\n#[Mean"));
    buffer_free(&out);
}

static void test_hgrm_of_nothing_has_no_rows(void **state)
{
    (void)state;
    assert_hgrm(fixture("no_connection"),
                HEAD "#[Mean    =        0.000, StdDeviation   =        0.000]\n"
                     "#[Max     =        0.000, Total count    =            0]\n" TAIL);
}

static void test_hgrm_fails_when_it_does_not_fit(void **state)
{
    const struct fixture *run = fixture("passed");
    struct buffer whole;
    (void)state;
    buffer_init(&whole, 1 << 20);
    assert_int_equal(hgrm_write(run->measurement, &run->verdict, &whole), 0);
    for (size_t maximum = 0; maximum < whole.length; maximum += 37) {
        struct buffer out;
        buffer_init(&out, maximum);
        assert_int_equal(hgrm_write(run->measurement, &run->verdict, &out), -1);
        buffer_free(&out);
    }
    buffer_free(&whole);
}

TEST_GROUP(hgrm)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hgrm_has_five_steps_per_half_of_the_rest),
        cmocka_unit_test(test_hgrm_counts_the_samples_up_to_the_value),
        cmocka_unit_test(test_hgrm_of_an_open_run_is_of_response_times),
        cmocka_unit_test(test_hgrm_of_nothing_has_no_rows),
        cmocka_unit_test(test_hgrm_fails_when_it_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
