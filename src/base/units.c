#include "wsload/base/units.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"
#include "wsload/base/text.h"

#define MINUTE_NS    (60 * NS_PER_S)
#define HOUR_NS      (60 * MINUTE_NS)
#define DURATION_MAX (1000 * HOUR_NS)

#define FRACTION_DIGITS_MAX 9

#define DURATION_HINT "use us, ms, s, m or h, as in 500ms"
#define COUNT_HINT    "use k, m or g (powers of 1000), as in 2.5k"
#define SIZE_HINT     "use B, KB, MB, GB, KiB, MiB or GiB, as in 128KiB"
#define RATE_HINT     "use k, m or g, then /s, /m or /h, as in 5k or 300/m"
#define PERCENT_HINT  "use a number from 0 to 100, as in 99.5 or 99.5%"

struct unit {
    const char *name;
    uint64_t factor;
};

/* Each table ends with an empty row. */
static const struct unit duration_units[] = {
    {"us", NS_PER_US}, {"ms", NS_PER_MS}, {"s", NS_PER_S}, {"m", MINUTE_NS}, {"h", HOUR_NS}, {0},
};
static const struct unit count_units[] = {
    {"", 1}, {"k", 1000}, {"m", 1000000}, {"g", 1000000000}, {0},
};
static const struct unit size_units[] = {
    {"", 1},          {"B", 1},           {"KB", 1000},
    {"MB", 1000000},  {"GB", 1000000000}, {"KiB", 1 << 10},
    {"MiB", 1 << 20}, {"GiB", 1 << 30},   {0},
};
static const struct unit periods[] = {
    {"", 1}, {"/s", 1}, {"/m", 60}, {"/h", 3600}, {0},
};

/* A decimal number kept exact: whole + fraction / scale. */
struct decimal {
    uint64_t whole;
    uint64_t fraction;
    uint64_t scale; /* a power of ten, more than fraction */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads the number that *TEXT begins with and moves *TEXT past it. */
static int decimal_read(struct decimal *decimal, const char **text, const char *hint,
                        struct error *error)
{
    const char *p = *text;
    int places = 0;
    *decimal = (struct decimal){.scale = 1};
    for (; is_digit(*p); p++) {
        uint64_t digit = (uint64_t)(*p - '0');
        if (decimal->whole > (UINT64_MAX - digit) / 10)
            return error_set(error, "too large");
        decimal->whole = decimal->whole * 10 + digit;
    }
    if (p[0] == '.' && is_digit(p[1])) {
        for (p++; is_digit(*p); p++) {
            if (++places > FRACTION_DIGITS_MAX)
                return error_set(error, "more than %d digits after the point", FRACTION_DIGITS_MAX);
            decimal->fraction = decimal->fraction * 10 + (uint64_t)(*p - '0');
            decimal->scale *= 10;
        }
    }
    if (p == *text)
        return error_set(error, "not a number; %s", hint);
    *text = p;
    return 0;
}

/* PRODUCT = DECIMAL times FACTOR, cut to a whole number. -1 when it is too large. With fraction and
 * scale of at most 10^9 nothing in the fraction's part can overflow. */
static int decimal_multiply(const struct decimal *decimal, uint64_t factor, uint64_t *product,
                            bool *exact)
{
    uint64_t tail = decimal->fraction * (factor % decimal->scale);
    uint64_t part = decimal->fraction * (factor / decimal->scale) + tail / decimal->scale;
    if (decimal->whole > (UINT64_MAX - part) / factor)
        return -1;
    *product = decimal->whole * factor + part;
    *exact = tail % decimal->scale == 0;
    return 0;
}

static double decimal_value(const struct decimal *decimal)
{
    return (double)decimal->whole + (double)decimal->fraction / (double)decimal->scale;
}

/* The unit named NAME in UNITS, or NULL and an error that names it. */
static const struct unit *unit_find(const struct unit *units, struct text name, const char *hint,
                                    struct error *error)
{
    for (; units->name; units++) {
        if (text_equal(text_of(units->name), name))
            return units;
    }
    if (name.length == 0)
        error_set(error, "unit missing; %s", hint);
    else
        error_set(error, "unknown unit '%.*s'; %s", (int)name.length, name.data, hint);
    return NULL;
}

/* Reads one part, such as the "30m" of "1h30m", and moves *TEXT past it. */
static int duration_part(const char **text, bool first, uint64_t *ns, struct error *error)
{
    uint64_t factor = NS_PER_S;
    struct decimal decimal;
    if (decimal_read(&decimal, text, DURATION_HINT, error))
        return -1;
    /* A bare number is seconds only when it stands alone: "1h30" could be meant either way. */
    if (!first || **text != '\0') {
        struct text name = {*text, strcspn(*text, "0123456789.")};
        const struct unit *unit = unit_find(duration_units, name, DURATION_HINT, error);
        if (!unit)
            return -1;
        factor = unit->factor;
        *text += name.length;
    }
    bool exact;
    if (decimal_multiply(&decimal, factor, ns, &exact))
        *ns = UINT64_MAX; /* longer than any sum may be */
    return 0;
}

int units_parse_duration(const char *text, uint64_t *ns, struct error *error)
{
    uint64_t total = 0;
    bool first = true;
    do {
        uint64_t part;
        if (duration_part(&text, first, &part, error))
            return -1;
        if (part > DURATION_MAX - total)
            return error_set(error, "longer than 1,000 hours");
        total += part;
        first = false;
    } while (*text != '\0');
    *ns = total;
    return 0;
}

/* A number and one of UNITS that make a whole number together. */
static int parse_whole(const char *text, const struct unit *units, const char *hint,
                       uint64_t *number, struct error *error)
{
    struct decimal decimal;
    if (decimal_read(&decimal, &text, hint, error))
        return -1;
    const struct unit *unit = unit_find(units, text_of(text), hint, error);
    if (!unit)
        return -1;
    uint64_t product;
    bool exact;
    if (decimal_multiply(&decimal, unit->factor, &product, &exact))
        return error_set(error, "too large");
    if (!exact)
        return error_set(error, "not a whole number; %s", hint);
    *number = product;
    return 0;
}

int units_parse_count(const char *text, uint64_t *count, struct error *error)
{
    return parse_whole(text, count_units, COUNT_HINT, count, error);
}

int units_parse_size(const char *text, uint64_t *bytes, struct error *error)
{
    return parse_whole(text, size_units, SIZE_HINT, bytes, error);
}

int units_parse_rate(const char *text, double *per_s, struct error *error)
{
    struct decimal decimal;
    if (decimal_read(&decimal, &text, RATE_HINT, error))
        return -1;
    size_t slash = strcspn(text, "/");
    const struct unit *unit = unit_find(count_units, (struct text){text, slash}, RATE_HINT, error);
    const struct unit *period = unit_find(periods, text_of(text + slash), RATE_HINT, error);
    if (!unit || !period)
        return -1;
    *per_s = decimal_value(&decimal) * (double)unit->factor / (double)period->factor;
    return 0;
}

int units_parse_percent(const char *text, double *percent, struct error *error)
{
    struct decimal decimal;
    if (decimal_read(&decimal, &text, PERCENT_HINT, error))
        return -1;
    if (*text != '\0' && strcmp(text, "%") != 0)
        return error_set(error, "unknown unit '%s'; %s", text, PERCENT_HINT);
    double value = decimal_value(&decimal);
    if (value > 100.0)
        return error_set(error, "more than 100; %s", PERCENT_HINT);
    *percent = value;
    return 0;
}

int units_parse_limit_time(const char *text, uint64_t *ns, struct error *error)
{
    if (units_parse_duration(text, ns, error))
        return -1;
    if (*ns > 0 && text[strspn(text, "0123456789.")] == '\0')
        return error_set(error, "a limit needs its unit; is it %sms or %ss ?", text, text);
    return 0;
}

int units_parse_limit_percent(const char *text, double *percent, struct error *error)
{
    if (units_parse_percent(text, percent, error))
        return -1;
    if (*percent > 0 && *percent <= 1 && !strchr(text, '%'))
        return error_set(error, "at most 1 percent; did you mean %.10g ? If not, write %s%%",
                         *percent * 100, text);
    return 0;
}

char *units_format_count(uint64_t count, char out[UNITS_SIZE])
{
    char digits[UNITS_SIZE];
    size_t length = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, count);
    char *p = out;
    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *p++ = ',';
        *p++ = digits[i];
    }
    *p = '\0';
    return out;
}

/* How many decimals show NUMBER with three significant digits, after rounding: 9.996 is "10.0". */
static int decimals_for(double number)
{
    int decimals = 0;
    for (double limit = 99.95; number < limit && decimals < 12; limit /= 10)
        decimals++;
    return decimals;
}

char *units_format_number(double number, char out[UNITS_SIZE])
{
    if (!(number < 1e15)) /* infinity and NaN too */
        snprintf(out, UNITS_SIZE, "%.3g", number);
    else if (number <= 0)
        snprintf(out, UNITS_SIZE, "0");
    else if (number >= 99.95)
        units_format_count((uint64_t)(number + 0.5), out);
    else
        snprintf(out, UNITS_SIZE, "%.*f", decimals_for(number), number);
    return out;
}

/* Drops the zeros at the end of NUMBER's fraction. */
static void drop_zeros(char *number)
{
    size_t length = strlen(number);
    if (!strchr(number, '.'))
        return;
    while (number[length - 1] == '0')
        length--;
    if (number[length - 1] == '.')
        length--;
    number[length] = '\0';
}

/* A minute and more: two whole parts, the second one left out when it is 0. */
static char *format_long_duration(uint64_t ns, char out[UNITS_SIZE])
{
    uint64_t seconds = ns / NS_PER_S + (ns % NS_PER_S >= NS_PER_S / 2);
    bool hours = seconds >= 3600;
    uint64_t small = hours ? (seconds + 30) / 60 : seconds;
    const char *small_unit = hours ? "min" : "s";
    const char *large_unit = hours ? "h" : "min";
    if (small % 60 == 0)
        snprintf(out, UNITS_SIZE, "%" PRIu64 " %s", small / 60, large_unit);
    else
        snprintf(out, UNITS_SIZE, "%" PRIu64 " %s %" PRIu64 " %s", small / 60, large_unit,
                 small % 60, small_unit);
    return out;
}

/* The next unit is due when rounding to three digits reaches it: 999.5 us is "1.00 ms". */
static const struct unit *shown_unit(uint64_t ns)
{
    static const struct unit units[] = {
        {"ns", 1}, {"us", NS_PER_US}, {"ms", NS_PER_MS}, {"s", NS_PER_S}};
    const struct unit *unit = units;
    while (unit->factor < NS_PER_S && ns >= unit->factor * 1000 - unit->factor / 2)
        unit++;
    return unit;
}

char *units_format_duration(uint64_t ns, char out[UNITS_SIZE])
{
    const struct unit *unit = shown_unit(ns);
    if (ns >= MINUTE_NS - 50 * NS_PER_MS) /* 59.95 s would read "60.0 s" */
        return format_long_duration(ns, out);
    units_format_number((double)ns / (double)unit->factor, out);
    if (strtod(out, NULL) * (double)unit->factor == (double)ns) /* nothing was rounded away */
        drop_zeros(out);
    size_t length = strlen(out);
    snprintf(out + length, UNITS_SIZE - length, " %s", unit->name);
    return out;
}

char *units_format_size(uint64_t bytes, char out[UNITS_SIZE])
{
    static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes;
    size_t i = 0;
    for (; value >= 1023.95 && i + 1 < ARRAY_LENGTH(names); i++)
        value /= 1024;
    if (value == (double)(uint64_t)value)
        snprintf(out, UNITS_SIZE, "%" PRIu64 " %s", (uint64_t)value, names[i]);
    else
        snprintf(out, UNITS_SIZE, "%.1f %s", value, names[i]);
    return out;
}

/* --- Figures beside a limit --- */

#define BESIDE_DECIMALS_MAX 6

static int side(double value, double limit)
{
    return (value > limit) - (value < limit);
}

static bool tells_side(double shown, double value, double limit)
{
    return side(shown, limit) == side(value, limit) && side(shown, 0) == side(value, 0);
}

/* What the last bit of VALUE is off does not count. */
static double rounded(double value, enum rounding rounding, double power)
{
    return rounding == ROUND_DOWN ? floor(value * power * (1 + 2 * DBL_EPSILON)) / power
                                  : round(value * power) / power;
}

double units_round_beside(double value, double limit, enum rounding rounding, int *decimals)
{
    double power = pow(10, *decimals);
    double shown = rounded(value, rounding, power);
    for (; *decimals < BESIDE_DECIMALS_MAX && !tells_side(shown, value, limit); ++*decimals) {
        power *= 10;
        shown = rounded(value, rounding, power);
    }
    if (tells_side(shown, value, limit))
        return shown;
    return value < limit && shown > 0 ? shown - 1 / power : shown + 1 / power;
}

char *units_format_duration_beside(uint64_t ns, uint64_t limit_ns, char out[UNITS_SIZE])
{
    const struct unit *unit = shown_unit(ns);
    double factor = (double)unit->factor;
    int decimals = decimals_for((double)ns / factor);
    int enough = decimals;
    double shown = units_round_beside((double)ns / factor, (double)limit_ns / factor, ROUND_NEAREST,
                                      &enough);
    if (enough == decimals)
        return units_format_duration(ns, out);
    snprintf(out, UNITS_SIZE, "%.*f %s", enough, shown, unit->name);
    return out;
}
