/* Histograms from outside: what is accepted is written again as it was read, and its figures are in
 * order, alone and merged. */
#include "fuzz.h"

#include "wsload/stats/histogram_code.h"

static struct histogram histogram;
static struct histogram merged;

static void check_figures(const struct histogram *accepted)
{
    static const double percents[] = {0, 50, 99, 99.999, 100};
    uint64_t before = accepted->count > 0 ? accepted->min_ns : 0;

    for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++) {
        uint64_t value = histogram_percentile_ns(accepted, percents[i]);

        REQUIRE(value >= before && value <= accepted->max_ns);
        before = value;
    }
    REQUIRE(histogram_mean_ns(accepted) >= 0 && histogram_stddev_ns(accepted) >= 0);
    REQUIRE(histogram_count_above(accepted, 0) <= accepted->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text code = {(const char *)data, size};
    struct error error = {""};
    struct buffer again;

    if (histogram_decode(code, &histogram, &error) != 0) {
        REQUIRE(error.text[0] != '\0');
        return 0;
    }
    buffer_init(&again, size);
    REQUIRE(histogram_encode(&histogram, &again) == 0);
    REQUIRE(text_equal(buffer_text(&again), code));
    buffer_free(&again);
    check_figures(&histogram);
    histogram_init(&merged);
    histogram_merge(&merged, &histogram);
    REQUIRE(memcmp(&merged, &histogram, sizeof(merged)) == 0);
    return 0;
}
