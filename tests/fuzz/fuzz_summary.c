/* Summaries: what is read is written, read and written again as the same bytes; what is not read is
 * refused in one line. */
#include "fuzz.h"

#include <stdbool.h>

#include "wsload/report/console.h"
#include "wsload/report/summary.h"
#include "wsload/stats/measurement.h"

static struct verdict verdict;
static struct thresholds thresholds;

static void check_error(const struct error *error)
{
    REQUIRE(error->text[0] != '\0');
    for (const char *p = error->text; *p != '\0'; p++)
        REQUIRE((unsigned char)*p >= ' ' && *p != 0x7F);
}

/* MEASUREMENT as a summary into OUT, and on the screen. */
static void show(const struct measurement *measurement, struct buffer *out)
{
    const struct console_style style = {.color = false, .summary_path = "summary.json"};
    struct buffer screen;
    buffer_init(out, SUMMARY_SIZE_MAX);
    buffer_init(&screen, SUMMARY_SIZE_MAX);
    judge(&verdict, measurement, &thresholds);
    REQUIRE(summary_write(measurement, &verdict, out) == 0);
    REQUIRE(report_console(measurement, &verdict, &style, &screen) == 0);
    buffer_free(&screen);
}

static void check_read(struct measurement *first)
{
    struct buffer written;
    struct buffer again;
    struct measurement *second;
    struct error error;
    show(first, &written);
    if (summary_read(buffer_text(&written), &second, &thresholds, &error) != 0) {
        fprintf(stderr, "%s\n", error.text);
        REQUIRE(false);
    }
    show(second, &again);
    REQUIRE(text_equal(buffer_text(&written), buffer_text(&again)));
    measurement_add(first, second);
    measurement_free(second);
    buffer_free(&again);
    buffer_free(&written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {""};
    struct measurement *measurement;
    if (summary_read((struct text){(const char *)data, size}, &measurement, &thresholds, &error)) {
        check_error(&error);
        REQUIRE(!measurement);
        return 0;
    }
    check_read(measurement);
    measurement_free(measurement);
    return 0;
}
