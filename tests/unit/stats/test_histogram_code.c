#include "testing.h"

#include <stdlib.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/base/random.h"
#include "wsload/stats/histogram_code.h"

#define CODE_SIZE_MAX (1024 * 1024)
#define HOUR_NS       (3600 * NS_PER_S)

/* Too large for a stack that sanitizers share. */
static struct histogram histogram;
static struct histogram decoded;
static struct buffer code;
static struct error error;

static int start(void **state)
{
    (void)state;
    histogram_init(&histogram);
    buffer_init(&code, CODE_SIZE_MAX);
    return 0;
}

static int end(void **state)
{
    (void)state;
    buffer_free(&code);
    return 0;
}

static void encode(void)
{
    buffer_clear(&code);
    assert_int_equal(histogram_encode(&histogram, &code), 0);
}

/* Decodes a copy that is exactly as long, so that a sanitizer sees a byte too many. */
static int decode(const void *bytes, size_t length)
{
    char *copy = malloc(length > 0 ? length : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, length);
    error.text[0] = '\0';
    int result = histogram_decode((struct text){copy, length}, &decoded, &error);
    free(copy);
    assert_int_equal(result == 0, error.text[0] == '\0');
    return result;
}

static void assert_round_trip(void)
{
    encode();
    assert_int_equal(decode(code.data, code.length), 0);
    assert_memory_equal(&decoded, &histogram, sizeof(histogram));
}

static void record_log_uniform(size_t count)
{
    struct random random;
    random_init(&random, 3);
    for (size_t i = 0; i < count; i++)
        histogram_record(&histogram, random_next(&random) >> random_between(&random, 22, 63));
}

/* --- What is good --- */

static void test_histogram_code_is_the_documented_form(void **state)
{
    /* Written by another program after the description in the header. */
    static const unsigned char expected[] = {1,    10,   3,    1, 0xC4, 0x13, 0xC6, 0x13, 0x92,
                                             0xBC, 0xFD, 0x02, 2, 2,    0xE1, 0x11, 1};
    (void)state;
    histogram_record(&histogram, 1);
    histogram_record(&histogram, 1);
    histogram_record(&histogram, 2500);
    encode();
    assert_int_equal(code.length, sizeof(expected));
    assert_memory_equal(code.data, expected, sizeof(expected));
}

static void test_histogram_code_gives_back_what_was_recorded(void **state)
{
    static const uint64_t values[][2] = {{0, 0},
                                         {1, 1},
                                         {2047, 2048},
                                         {127, 128},
                                         {0, HOUR_NS},
                                         {HOUR_NS, HOUR_NS + 1},
                                         {UINT64_MAX, UINT64_MAX},
                                         {0, UINT64_MAX}};
    (void)state;
    assert_round_trip(); /* empty */
    for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
        histogram_reset(&histogram);
        histogram_record(&histogram, values[i][0]);
        assert_round_trip();
        histogram_record(&histogram, values[i][1]);
        assert_round_trip();
    }
    record_log_uniform(100000);
    assert_round_trip();
}

static void test_histogram_code_keeps_large_counts(void **state)
{
    static struct histogram twin;
    (void)state;
    record_log_uniform(1000);
    for (int doubling = 0; doubling < 30; doubling++) {
        twin = histogram;
        histogram_merge(&histogram, &twin);
    }
    assert_int_equal(histogram.count, UINT64_C(1000) << 30);
    assert_round_trip();
}

static void test_histogram_code_is_refused_room_that_is_too_small(void **state)
{
    (void)state;
    record_log_uniform(20);
    encode();
    for (size_t size = 0; size < code.length; size++) {
        struct buffer small;
        buffer_init(&small, size);
        assert_int_equal(histogram_encode(&histogram, &small), -1);
        buffer_free(&small);
    }
}

/* --- What is hostile --- */

static void test_histogram_code_is_refused_when_cut(void **state)
{
    (void)state;
    record_log_uniform(200);
    encode();
    for (size_t length = 0; length < code.length; length++)
        assert_int_equal(decode(code.data, length), -1);
    assert_int_equal(decode(code.data, code.length), 0);
}

static void test_histogram_code_with_a_wrong_bit_is_refused_or_another_histogram(void **state)
{
    (void)state;
    record_log_uniform(200);
    encode();
    size_t length = code.length;
    unsigned char *flipped = malloc(length);
    assert_non_null(flipped);
    for (size_t bit = 0; bit < 8 * length; bit++) {
        encode();
        memcpy(flipped, code.data, length);
        flipped[bit / 8] ^= (unsigned char)(1 << bit % 8);
        if (decode(flipped, length) != 0)
            continue;
        buffer_clear(&code);
        assert_int_equal(histogram_encode(&decoded, &code), 0);
        assert_int_equal(code.length, length);
        assert_memory_equal(code.data, flipped, length);
    }
    free(flipped);
}

static void test_histogram_code_is_refused_when_its_figures_do_not_fit(void **state)
{
    (void)state;
    histogram_record(&histogram, 3000);
    histogram_record(&histogram, 3001);
    assert_round_trip();
    histogram.count++;
    encode();
    assert_int_equal(decode(code.data, code.length), -1);
    histogram.count--;
    histogram.max_ns += 10000;
    encode();
    assert_int_equal(decode(code.data, code.length), -1);
}

#define BYTES(string) string, sizeof(string) - 1

static void test_histogram_code_is_refused_when_its_bytes_are_not_the_form(void **state)
{
    /* All but the first are changes of the documented form of 1, 1, 2500. */
    static const struct {
        const char *name;
        const char *bytes;
        size_t length;
        int result;
    } cases[] = {
        {"right", BYTES("\1\12\3\1\xC4\x13\xC6\x13\x92\xBC\xFD\2\2\2\xE1\x11\1"), 0},
        {"another version", BYTES("\2\12\3\1\xC4\x13\xC6\x13\x92\xBC\xFD\2\2\2\xE1\x11\1"), -1},
        {"other buckets", BYTES("\1\13\3\1\xC4\x13\xC6\x13\x92\xBC\xFD\2\2\2\xE1\x11\1"), -1},
        {"a longer version", BYTES("\x81\0\12\3\1\xC4\x13\xC6\x13\x92\xBC\xFD\2\2\2\xE1\x11\1"),
         -1},
        {"a longer count", BYTES("\1\12\x83\0\1\xC4\x13\xC6\x13\x92\xBC\xFD\2\2\2\xE1\x11\1"), -1},
        {"a count of 2^64 + 3",
         BYTES("\1\12\x83\x80\x80\x80\x80\x80\x80\x80\x80\2\1\xC4\x13\xC6\x13\x92\xBC\xFD\2\2\2"
               "\xE1\x11\1"),
         -1},
        {"a sum of 2^128 + 2502",
         BYTES("\1\12\3\1\xC4\x13\xC6\x93\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"
               "\x80\x80\4\x92\xBC\xFD\2\2\2\xE1\x11\1"),
         -1},
        {"a sum of 20 bytes",
         BYTES("\1\12\3\1\xC4\x13\xC6\x93\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"
               "\x80\x80\x80\1\x92\xBC\xFD\2\2\2\xE1\x11\1"),
         -1},
        {"a bucket twice", BYTES("\1\12\3\1\xC4\x13\xC6\x13\x92\xBC\xFD\2\2\1\0\2\xE1\x11\1"), -1},
        {"an empty bucket", BYTES("\1\12\3\1\xC4\x13\xC6\x13\x92\xBC\xFD\2\2\2\5\0\xDC\x11\1"), -1},
        {"the last bucket that there is",
         BYTES("\1\12\3\1\xC4\x13\xC6\x13\x92\xBC\xFD\2\2\2\xE1\x11\1\x9D\xF6\1\1"), -1},
        {"a bucket behind the last",
         BYTES("\1\12\3\1\xC4\x13\xC6\x13\x92\xBC\xFD\2\2\2\xE1\x11\1\x9E\xF6\1\1"), -1},
        {"a bucket far away",
         BYTES("\1\12\3\1\xC4\x13\xC6\x13\x92\xBC\xFD\2\2\2\xE1\x11\1\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
               "\xFF\xFF\1\1"),
         -1},
        {"a byte too many", BYTES("\1\12\3\1\xC4\x13\xC6\x13\x92\xBC\xFD\2\2\2\xE1\x11\1\0"), -1},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        if (decode(cases[i].bytes, cases[i].length) != cases[i].result)
            fail_msg("%s", cases[i].name);
    }
}

TEST_GROUP(histogram_code)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_histogram_code_is_the_documented_form, start, end),
        cmocka_unit_test_setup_teardown(test_histogram_code_gives_back_what_was_recorded, start,
                                        end),
        cmocka_unit_test_setup_teardown(test_histogram_code_keeps_large_counts, start, end),
        cmocka_unit_test_setup_teardown(test_histogram_code_is_refused_room_that_is_too_small,
                                        start, end),
        cmocka_unit_test_setup_teardown(test_histogram_code_is_refused_when_cut, start, end),
        cmocka_unit_test_setup_teardown(
            test_histogram_code_with_a_wrong_bit_is_refused_or_another_histogram, start, end),
        cmocka_unit_test_setup_teardown(test_histogram_code_is_refused_when_its_figures_do_not_fit,
                                        start, end),
        cmocka_unit_test_setup_teardown(
            test_histogram_code_is_refused_when_its_bytes_are_not_the_form, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
