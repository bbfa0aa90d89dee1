/* Histograms from outside: as whole codes, as what a code's zlib stream holds, and, after 48 bytes
 * of exact figures, as counts alone, which a checksum would keep a fuzzer from. What is accepted is
 * the same again when it is written and read, and its figures are in order. */
#include "fuzz.h"

#include <zlib.h>

#include "wsload/base/helpers.h"
#include "wsload/stats/histogram_code.h"

#define CODE_MAX     (4 * 1024 * 1024)
#define FIGURES_SIZE 48
#define HEAD                                                                                       \
    "\x1C\x84\x93\x13\0\0\0\0\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\1\0\0\3\x46\x30\xB8\xA0\0\x3F\xF0\0\0" \
    "\0\0\0\0"

static struct histogram histogram;
static struct histogram again;
static struct error error;

static void put_length(unsigned char *at, size_t length)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(length >> 8 * (3 - i));
}

static void check_order(void)
{
    static const double percents[] = {0, 50, 99, 99.999, 100};
    uint64_t before = histogram.count > 0 ? histogram.min : 0;
    for (size_t i = 0; i < ARRAY_LENGTH(percents); i++) {
        uint64_t value = histogram_percentile(&histogram, percents[i]);
        REQUIRE(value >= before && value <= histogram.max);
        before = value;
    }
    REQUIRE(histogram_count_above(&histogram, 0) <= histogram.count);
}

static void check_round_trip(void)
{
    struct buffer code;
    buffer_init(&code, HISTOGRAM_CODE_MAX);
    REQUIRE(histogram_encode(&histogram, &code) == 0);
    REQUIRE(histogram_decode(buffer_text(&code), &again, &error) == 0);
    REQUIRE(memcmp(&again, &histogram, sizeof(again)) == 0);
    buffer_free(&code);
}

/* Whether CODE was accepted; HISTOGRAM is what it holds then. */
static bool decode(const void *code, size_t length)
{
    error.text[0] = '\0';
    if (histogram_decode((struct text){code, length}, &histogram, &error)) {
        REQUIRE(error.text[0] != '\0');
        return false;
    }
    check_order();
    check_round_trip();
    return true;
}

static bool decode_plain(const void *plain, size_t length)
{
    uLongf size = compressBound(length);
    unsigned char *code = malloc(8 + size);
    REQUIRE(code && compress2(code + 8, &size, plain, length, Z_NO_COMPRESSION) == Z_OK);
    memcpy(code, "\x1C\x84\x93\x14", 4);
    put_length(code + 4, size);
    bool good = decode(code, 8 + size);
    free(code);
    return good;
}

static bool decode_counts(const void *counts, size_t length)
{
    size_t head = sizeof(HEAD) - 1;
    unsigned char *plain = malloc(head + length);
    REQUIRE(plain);
    memcpy(plain, HEAD, head);
    memcpy(plain + head, counts, length);
    put_length(plain + 4, length);
    bool good = decode_plain(plain, head + length);
    free(plain);
    return good;
}

static void restore(const uint8_t *bytes)
{
    struct histogram_figures figures;
    REQUIRE(sizeof(figures) == FIGURES_SIZE);
    memcpy(&figures, bytes, sizeof(figures));
    if (histogram_restore(&histogram, &figures, &error))
        return;
    check_order();
    double mean = histogram_mean(&histogram);
    REQUIRE(histogram.count == 0 ||
            (mean >= (double)histogram.min && mean <= (double)histogram.max));
    REQUIRE(histogram_stddev(&histogram) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > CODE_MAX)
        return 0;
    decode(data, size);
    decode_plain(data, size);
    if (size >= FIGURES_SIZE && decode_counts(data + FIGURES_SIZE, size - FIGURES_SIZE))
        restore(data);
    return 0;
}
