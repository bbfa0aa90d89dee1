/* The counts of a row from outside: what is accepted is written again as it was read. */
#include "fuzz.h"

#include "wsload/stats/timeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct timeline_row row;
    struct text text = {(const char *)data, size};
    struct error error = {""};
    if (timeline_counts_parse(text, &row, &error)) {
        REQUIRE(error.text[0] != '\0');
        return 0;
    }
    struct buffer again;
    buffer_init(&again, size);
    REQUIRE(timeline_counts_format(&row, &again) == 0);
    REQUIRE(text_equal(buffer_text(&again), text));
    buffer_free(&again);
    timeline_percentile_ns(&row, 99);
    return 0;
}
