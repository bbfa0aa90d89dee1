#include "testing.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "wsload/base/clock.h"
#include "wsload/base/random.h"
#include "wsload/stats/histogram_code.h"

#define CODE_SIZE_MAX (1024 * 1024)
#define HOUR_NS       (3600 * NS_PER_S)
#define BYTES(string) string, sizeof(string) - 1

/* The 40 bytes before the counts, but for the counts' length. */
#define COOKIE   "\x1C\x84\x93\x13"
#define GEOMETRY "\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\1\0\0\3\x46\x30\xB8\xA0\0\x3F\xF0\0\0\0\0\0\0"

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

static void encode(const struct histogram *of)
{
    buffer_clear(&code);
    assert_int_equal(histogram_encode(of, &code), 0);
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

static void assert_decodes(const void *bytes, size_t length)
{
    if (decode(bytes, length))
        fail_msg("%s", error.text);
}

static int restore(void)
{
    struct histogram_figures figures = {histogram.min, histogram.max, histogram.sum,
                                        histogram.sum_squares};
    return histogram_restore(&decoded, &figures, &error);
}

static void assert_round_trip(void)
{
    static struct buffer again;
    encode(&histogram);
    assert_decodes(code.data, code.length);
    buffer_init(&again, CODE_SIZE_MAX);
    assert_int_equal(histogram_encode(&decoded, &again), 0);
    assert_true(text_equal(buffer_text(&again), buffer_text(&code)));
    buffer_free(&again);
    assert_int_equal(restore(), 0);
    assert_memory_equal(&decoded, &histogram, sizeof(histogram));
}

static void record_log_uniform(size_t count)
{
    struct random random;
    random_init(&random, 3);
    for (size_t i = 0; i < count; i++)
        histogram_record(&histogram, random_next(&random) >> random_between(&random, 22, 63));
}

static void put_big_endian(unsigned char *at, size_t number)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(number >> 8 * (3 - i));
}

/* Puts PLAIN into CODE as the compressed form has it. */
static void compress_plain(const void *plain, size_t length)
{
    static unsigned char bytes[CODE_SIZE_MAX];
    uLongf size = sizeof(bytes) - 8;
    memcpy(bytes, "\x1C\x84\x93\x14", 4);
    assert_int_equal(compress2(bytes + 8, &size, plain, length, 1), Z_OK);
    put_big_endian(bytes + 4, size);
    buffer_clear(&code);
    assert_int_equal(buffer_append(&code, bytes, 8 + size), 0);
}

/* Puts COUNTS into CODE with the head that they need. */
static void compress_counts(const void *counts, size_t length)
{
    static unsigned char plain[CODE_SIZE_MAX];
    memcpy(plain, COOKIE, 4);
    put_big_endian(plain + 4, length);
    memcpy(plain + 8, GEOMETRY, 32);
    memcpy(plain + 40, counts, length);
    compress_plain(plain, 40 + length);
}

/* --- What is good --- */

static void test_histogram_code_is_hdrhistograms(void **state)
{
    /* What 1, 1 and 2500 are in the form before its compression, by hdrhistogram-go 1.1.2. */
    static const char expected[] = COOKIE "\0\0\0\5" GEOMETRY "\0\4\xBF\x23\2";
    unsigned char plain[sizeof(expected)];
    uLongf length = sizeof(plain);
    (void)state;
    histogram_record_many(&histogram, 1, 2);
    histogram_record(&histogram, 2500);
    encode(&histogram);
    assert_memory_equal(code.data, "\x1C\x84\x93\x14\0\0\0", 7);
    assert_int_equal((unsigned char)code.data[7], code.length - 8);
    assert_int_equal(uncompress(plain, &length, (Bytef *)code.data + 8, code.length - 8), Z_OK);
    assert_int_equal(length, sizeof(expected) - 1);
    assert_memory_equal(plain, expected, length);
}

/* The same three by PyPI hdrhistogram 0.10.8, which has another way to say one empty bucket. */
static void test_histogram_code_of_another_program_is_read(void **state)
{
    static const char theirs[] =
        "\x1c\x84\x93\x14\x00\x00\x00\x25\x78\x9c\x93\x69\x99\x2c\xcc\xc0\xc0\xc0\xca\x00\x01\xcc"
        "\x50\x9a\x11\xc8\x74\x33\xd8\xb1\x80\xc1\xfe\x03\x54\x80\x65\xbf\x32\x13\x00\x67\x08\x05"
        "\x39";
    (void)state;
    histogram_record_many(&histogram, 1, 2);
    histogram_record(&histogram, 2500);
    assert_decodes(BYTES(theirs));
    assert_int_equal(decoded.count, 3);
    assert_int_equal(decoded.min, 1);
    assert_int_equal(decoded.max, 2501);
    assert_int_equal(restore(), 0);
    assert_memory_equal(&decoded, &histogram, sizeof(histogram));
}

/* Zeros may be written one by one, in several runs, and after the last count. */
static void test_histogram_code_of_zeros_in_any_form_is_read(void **state)
{
    static const struct {
        const char *counts;
        size_t length;
    } cases[] = {{BYTES("\5\2")},     {BYTES("\0\0\0\2")},       {BYTES("\1\3\2")},
                 {BYTES("\3\0\2\0")}, {BYTES("\5\2\xF7\x8F\4")}, {BYTES("\1\1\1\2\1\1")}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        compress_counts(cases[i].counts, cases[i].length);
        assert_decodes(code.data, code.length);
        assert_int_equal(decoded.count, 1);
        assert_int_equal(decoded.buckets[3], 1);
    }
    compress_counts("", 0);
    assert_decodes(code.data, code.length);
    assert_int_equal(decoded.count, 0);
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
    histogram_reset(&histogram);
    record_log_uniform(100000);
    assert_round_trip();
}

/* Few values or many, near or far from each other, each once or often. */
static void test_histogram_code_gives_back_random_histograms(void **state)
{
    struct random random;
    (void)state;
    random_init(&random, 11);
    for (int round = 0; round < 200; round++) {
        histogram_init(&histogram);
        uint64_t shift = random_between(&random, 22, 63);
        uint64_t spread = random_between(&random, 0, 63 - shift);
        unsigned often = (unsigned)random_between(&random, 34, 63);
        for (uint64_t i = random_between(&random, 0, 500); i > 0; i--) {
            uint64_t value = random_next(&random) >> random_between(&random, shift, shift + spread);
            histogram_record_many(&histogram, value, random_next(&random) >> often);
        }
        assert_round_trip();
    }
}

static void test_histogram_code_has_room_for_every_bucket(void **state)
{
    (void)state;
    for (size_t i = 0; i <= histogram_bucket_of(UINT64_MAX); i++)
        histogram_record_many(&histogram, histogram_bucket_start(i), i * i | 1);
    assert_round_trip();
    assert_true(code.length <= HISTOGRAM_CODE_MAX);
}

static void test_histogram_code_has_up_to_2_63_samples(void **state)
{
    (void)state;
    histogram_record_many(&histogram, 5, INT64_MAX - 1);
    histogram_record(&histogram, 7);
    assert_round_trip();
    encode(&histogram);
    size_t length = code.length;
    histogram_record(&histogram, 7);
    assert_int_equal(histogram_encode(&histogram, &code), -1);
    assert_int_equal(code.length, length);
}

static void test_histogram_code_is_refused_room_that_is_too_small(void **state)
{
    (void)state;
    record_log_uniform(20);
    encode(&histogram);
    for (size_t size = 0; size < code.length; size++) {
        struct buffer small;
        buffer_init(&small, size);
        assert_int_equal(histogram_encode(&histogram, &small), -1);
        assert_int_equal(small.length, 0);
        buffer_free(&small);
    }
}

/* --- What is hostile --- */

static void test_histogram_code_is_refused_when_cut(void **state)
{
    (void)state;
    record_log_uniform(200);
    encode(&histogram);
    for (size_t length = 0; length < code.length; length++)
        assert_int_equal(decode(code.data, length), -1);
    assert_int_equal(decode(code.data, code.length), 0);
}

/* zlib's checksum sees it, or it stands in the head; only in zlib's own first two bytes a bit may
 * say nothing of the contents. */
static void test_histogram_code_with_a_wrong_bit_is_refused(void **state)
{
    (void)state;
    record_log_uniform(200);
    encode(&histogram);
    for (size_t bit = 0; bit < 8 * code.length; bit++) {
        code.data[bit / 8] = (char)(code.data[bit / 8] ^ 1 << bit % 8);
        if (decode(code.data, code.length) == 0)
            assert_memory_equal(decoded.buckets, histogram.buckets, sizeof(decoded.buckets));
        code.data[bit / 8] = (char)(code.data[bit / 8] ^ 1 << bit % 8);
    }
}

static void assert_refused(const char *name, const char *why)
{
    if (decode(code.data, code.length) == 0 || !strstr(error.text, why))
        fail_msg("%s: %s", name, error.text);
}

static void test_histogram_code_is_refused_when_its_counts_are_not(void **state)
{
    static const struct {
        const char *name;
        const char *counts;
        size_t length;
        const char *why;
    } cases[] = {
        {"a cut count", BYTES("\5\x82"), "cut"},
        {"a longer count", BYTES("\5\x82\0"), "longer than it need be"},
        {"a count of 9 bytes that needs 8", BYTES("\x82\x80\x80\x80\x80\x80\x80\x80\0"),
         "longer than it need be"},
        {"2^63 samples", BYTES("\2\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), "2^63 - 1"},
        {"over 1 h", BYTES("\x99\x8A\4\2"), "over 1 h"},
        {"an index too many", BYTES("\xFF\x8F\4\0\0"), "more than 33792 counts"},
        {"zeros too many", BYTES("\x81\x90\4"), "more than 33792 counts"},
        {"zeros far too many", BYTES("\2\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"),
         "more than 33792 counts"},
    };
    (void)state;
    compress_counts(BYTES("\x97\x8A\4\2")); /* 1 h */
    assert_decodes(code.data, code.length);
    assert_int_equal(decoded.buckets[histogram_bucket_of(HOUR_NS)], 1);
    compress_counts(BYTES("\xFF\x8F\4")); /* all zeros */
    assert_decodes(code.data, code.length);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        compress_counts(cases[i].counts, cases[i].length);
        assert_refused(cases[i].name, cases[i].why);
    }
}

static void test_histogram_code_is_refused_when_it_is_of_another_kind(void **state)
{
    static const struct {
        const char *name;
        const char *plain;
        size_t length;
        const char *why;
    } cases[] = {
        {"no head", BYTES(COOKIE), "cut: 4 bytes"},
        {"version 1", BYTES("\x1C\x84\x93\1\0\0\0\0" GEOMETRY), "1c849301 and not 1c849313"},
        {"counts of 2 bytes", BYTES("\x1C\x84\x93\x23\0\0\0\0" GEOMETRY), "not 1c849313"},
        {"a shift",
         BYTES(COOKIE "\0\0\0\0\0\0\0\1\0\0\0\3\0\0\0\0\0\0\0\1\0\0\3\x46\x30\xB8\xA0\0\x3F\xF0"
                      "\0\0\0\0\0\0"),
         "shifted"},
        {"2 digits",
         BYTES(COOKIE "\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\1\0\0\3\x46\x30\xB8\xA0\0\x3F\xF0"
                      "\0\0\0\0\0\0"),
         "from 1 to 3600000000000 with 2 significant digits; this wsload reads from 1 to "
         "3600000000000 with 3 only"},
        {"from 1000",
         BYTES(COOKIE "\0\0\0\0\0\0\0\0\0\0\0\3\0\0\0\0\0\0\3\xE8\0\0\3\x46\x30\xB8\xA0\0\x3F\xF0"
                      "\0\0\0\0\0\0"),
         "from 1000 to 3600000000000 with 3 significant digits"},
        {"to 2^40",
         BYTES(COOKIE "\0\0\0\0\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\1\0\0\1\0\0\0\0\0\x3F\xF0"
                      "\0\0\0\0\0\0"),
         "to 1099511627776"},
        {"a ratio of 2",
         BYTES(COOKIE "\0\0\0\0\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\1\0\0\3\x46\x30\xB8\xA0\0\x40\0"
                      "\0\0\0\0\0\0"),
         "scaled"},
        {"counts that are missing", BYTES(COOKIE "\0\0\0\1" GEOMETRY), "0 bytes of counts"},
        {"counts too many", BYTES(COOKIE "\0\0\0\1" GEOMETRY "\2\2"), "2 bytes of counts"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        compress_plain(cases[i].plain, cases[i].length);
        assert_refused(cases[i].name, cases[i].why);
    }
}

static void test_histogram_code_is_refused_when_its_stream_is_not_all(void **state)
{
    static const char bomb[CODE_SIZE_MAX];
    (void)state;
    encode(&histogram);
    code.data[3] = 0x13;
    assert_refused("not compressed", "begins with 1c849313 and not with 1c849314");
    code.data[3] = 0x14;
    assert_int_equal(buffer_append(&code, "\0", 1), 0);
    assert_refused("a byte too many", "bytes after its length");
    code.data[7]++;
    assert_refused("a byte too many in the stream", "stream is damaged");
    compress_plain(bomb, sizeof(bomb));
    assert_true(code.length < sizeof(bomb) / 100);
    assert_refused("a bomb", "more than any histogram has");
}

/* --- The exact figures --- */

static void test_histogram_restore_takes_what_can_be_of_the_buckets(void **state)
{
    (void)state;
    histogram_record(&histogram, 3000);
    histogram_record(&histogram, 4003);
    encode(&histogram);
    assert_decodes(code.data, code.length);
    assert_int_equal(restore(), 0);
    histogram.sum++;
    assert_int_equal(restore(), -1);
    assert_non_null(strstr(error.text, "sum"));
    histogram.sum--;
    histogram.min += 2;
    assert_int_equal(restore(), -1);
    histogram.min -= 2;
    assert_int_equal(restore(), 0);
}

static void test_histogram_sum_is_read_as_it_is_written(void **state)
{
    static const struct {
        const char *text;
        histogram_sum sum;
    } cases[] = {{"0", 0},
                 {"1", 1},
                 {"10", 10},
                 {"18446744073709551616", (histogram_sum)1 << 64},
                 {"340282366920938463463374607431768211455", ~(histogram_sum)0}};
    char text[HISTOGRAM_SUM_SIZE];
    histogram_sum sum;
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_string_equal(histogram_sum_format(cases[i].sum, text), cases[i].text);
        assert_int_equal(histogram_sum_parse(text_of(cases[i].text), &sum, &error), 0);
        assert_true(sum == cases[i].sum);
    }
}

static void test_histogram_sum_is_refused_in_any_other_form(void **state)
{
    static const char *const cases[] = {"",
                                        " 1",
                                        "1 ",
                                        "00",
                                        "01",
                                        "+1",
                                        "-1",
                                        "1e3",
                                        "1.0",
                                        "0x1",
                                        "340282366920938463463374607431768211456",
                                        "340282366920938463463374607431768211465",
                                        "1000000000000000000000000000000000000000"};
    histogram_sum sum;
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        if (histogram_sum_parse(text_of(cases[i]), &sum, &error) == 0)
            fail_msg("'%s'", cases[i]);
    }
}

TEST_GROUP(histogram_code)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_histogram_code_is_hdrhistograms, start, end),
        cmocka_unit_test_setup_teardown(test_histogram_code_of_another_program_is_read, start, end),
        cmocka_unit_test_setup_teardown(test_histogram_code_of_zeros_in_any_form_is_read, start,
                                        end),
        cmocka_unit_test_setup_teardown(test_histogram_code_gives_back_what_was_recorded, start,
                                        end),
        cmocka_unit_test_setup_teardown(test_histogram_code_gives_back_random_histograms, start,
                                        end),
        cmocka_unit_test_setup_teardown(test_histogram_code_has_room_for_every_bucket, start, end),
        cmocka_unit_test_setup_teardown(test_histogram_code_has_up_to_2_63_samples, start, end),
        cmocka_unit_test_setup_teardown(test_histogram_code_is_refused_room_that_is_too_small,
                                        start, end),
        cmocka_unit_test_setup_teardown(test_histogram_code_is_refused_when_cut, start, end),
        cmocka_unit_test_setup_teardown(test_histogram_code_with_a_wrong_bit_is_refused, start,
                                        end),
        cmocka_unit_test_setup_teardown(test_histogram_code_is_refused_when_its_counts_are_not,
                                        start, end),
        cmocka_unit_test_setup_teardown(test_histogram_code_is_refused_when_it_is_of_another_kind,
                                        start, end),
        cmocka_unit_test_setup_teardown(test_histogram_code_is_refused_when_its_stream_is_not_all,
                                        start, end),
        cmocka_unit_test_setup_teardown(test_histogram_restore_takes_what_can_be_of_the_buckets,
                                        start, end),
        cmocka_unit_test(test_histogram_sum_is_read_as_it_is_written),
        cmocka_unit_test(test_histogram_sum_is_refused_in_any_other_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
