/* Numbers with units: results in range, errors that say something, and counts that read back. */
#include "fuzz.h"

#include <math.h>

#include "wsload/base/clock.h"
#include "wsload/base/text.h"
#include "wsload/base/units.h"

static void check_count_reads_back(uint64_t count)
{
    char out[UNITS_SIZE];
    char digits[UNITS_SIZE];
    size_t length = 0;
    struct error error;
    uint64_t again;

    units_format_count(count, out);
    for (const char *p = out; *p != '\0'; p++) {
        if (*p != ',')
            digits[length++] = *p;
    }
    digits[length] = '\0';
    REQUIRE(units_parse_count(digits, &again, &error) == 0 && again == count);
}

static void check_formats(uint64_t number)
{
    char out[UNITS_SIZE];

    check_count_reads_back(number);
    REQUIRE(strlen(units_format_duration(number, out)) < sizeof(out) - 1);
    REQUIRE(strlen(units_format_size(number, out)) < sizeof(out) - 1);
    REQUIRE(strlen(units_format_number((double)number / 1000, out)) < sizeof(out) - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string("", data, size, "");
    struct error error = {""};
    uint64_t number = 0;
    double real = 0;

    if (units_parse_duration(text, &number, &error) == 0)
        REQUIRE(number <= 3600000 * NS_PER_S);
    else
        REQUIRE(error.text[0] != '\0');
    if (units_parse_count(text, &number, &error) == 0)
        check_formats(number);
    if (units_parse_size(text, &number, &error) == 0)
        check_formats(number);
    if (units_parse_rate(text, &real, &error) == 0)
        REQUIRE(isfinite(real) && real >= 0);
    if (units_parse_percent(text, &real, &error) == 0)
        REQUIRE(real >= 0 && real <= 100);
    if (size >= sizeof(number)) {
        memcpy(&number, data, sizeof(number));
        check_formats(number);
    }
    free(text);
    return 0;
}
