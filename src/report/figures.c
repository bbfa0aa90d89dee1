#include "figures.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"
#include "wsload/base/units.h"

#define DECIMALS_MAX 6
#define CENTS        2 /* digits after the point */

const struct time_unit *figure_time_unit(double ns)
{
    static const struct time_unit us = {"us", (double)NS_PER_US};
    static const struct time_unit ms = {"ms", (double)NS_PER_MS};
    static const struct time_unit s = {"s", (double)NS_PER_S};
    if (ns < 999.5 * us.ns) /* from there on it would be rounded to 1,000 */
        return &us;
    return ns < 999.5 * ms.ns ? &ms : &s;
}

int figure_decimals(double value)
{
    if (value >= 99.95)
        return 0;
    if (value >= 9.995)
        return 1;
    return value >= 0.9995 ? 2 : 3;
}

char *figure_number(double value, int decimals, char out[FIGURE_SIZE])
{
    char plain[FIGURE_SIZE];
    char grouped[UNITS_SIZE];
    snprintf(plain, sizeof(plain), "%.*f", decimals, value);
    units_format_count(strtoull(plain, NULL, 10), grouped);
    const char *fraction = strchr(plain, '.');
    snprintf(out, FIGURE_SIZE, "%s%.*s", grouped, DECIMALS_MAX + 1, fraction ? fraction : "");
    return out;
}

const char *figure_plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static double rounded(double value, int decimals)
{
    double power = pow(10, decimals);
    return round(value * power) / power;
}

/* The digits after the point, at least LEAST, that VALUE takes. */
static int exact_decimals(double value, int least)
{
    int decimals = least;
    while (decimals < DECIMALS_MAX && rounded(value, decimals) != rounded(value, DECIMALS_MAX))
        decimals++;
    return decimals;
}

char *figure_exact(double value, char out[FIGURE_SIZE])
{
    return figure_number(value, exact_decimals(value, 0), out);
}

static char *dollars(double usd, int decimals, char out[FIGURE_SIZE])
{
    char number[FIGURE_SIZE];
    snprintf(out, FIGURE_SIZE, "$%.*s", FIGURE_SIZE - 2, figure_number(usd, decimals, number));
    return out;
}

/* What is there is not shown as 0. */
char *figure_usd(double usd, char out[FIGURE_SIZE])
{
    int decimals = CENTS;
    double least = pow(10, -DECIMALS_MAX);
    if (usd == 0)
        return dollars(usd, CENTS, out);
    if (usd < least / 2) {
        snprintf(out, FIGURE_SIZE, "<$%.*f", DECIMALS_MAX, least);
        return out;
    }
    while (decimals < DECIMALS_MAX && rounded(usd, decimals + 1) < pow(10, 1 - decimals))
        decimals++;
    return dollars(usd, decimals, out);
}

char *figure_price(double usd, char out[FIGURE_SIZE])
{
    return dollars(usd, exact_decimals(usd, CENTS), out);
}

char *figure_typed_duration(uint64_t ns, char out[FIGURE_SIZE])
{
    static const struct {
        const char *name;
        uint64_t ns;
    } units[] = {{"h", 3600 * NS_PER_S},
                 {"m", 60 * NS_PER_S},
                 {"s", NS_PER_S},
                 {"ms", NS_PER_MS},
                 {"us", NS_PER_US}};
    size_t length = 0;
    snprintf(out, FIGURE_SIZE, "0s");
    for (size_t i = 0; i < ARRAY_LENGTH(units); i++) {
        uint64_t part = ns / units[i].ns;
        if (part > 0)
            length += (size_t)snprintf(out + length, FIGURE_SIZE - length, "%" PRIu64 "%s", part,
                                       units[i].name);
        ns %= units[i].ns;
    }
    return out;
}

/* What one unit on screen is worth in the metric's unit, and its name. */
static double scale_of(enum metric_unit unit, double value, const char **name)
{
    *name = unit == METRIC_PERCENT ? "%" : unit == METRIC_BYTES ? "B" : "";
    if (unit != METRIC_SECONDS)
        return 1;
    const struct time_unit *time_unit = figure_time_unit(value * (double)NS_PER_S);
    *name = time_unit->name;
    return time_unit->ns / (double)NS_PER_S;
}

struct figure figure_limit(const struct threshold *threshold)
{
    struct figure figure;
    enum metric_unit unit = selector_unit(&threshold->selector);
    double scale = scale_of(unit, threshold->limit, &figure.unit);
    figure_exact(threshold->limit / scale, figure.number);
    return figure;
}

/* Counts and bytes are whole, but for their averages. */
static int first_decimals(enum metric_unit unit, double value)
{
    if ((unit == METRIC_COUNT || unit == METRIC_BYTES) && value == rounded(value, 0))
        return 0;
    return unit == METRIC_PERCENT ? 1 : figure_decimals(value);
}

struct figure figure_actual(const struct judgement *judgement)
{
    struct figure figure;
    enum metric_unit unit = selector_unit(&judgement->threshold.selector);
    double scale = scale_of(unit, judgement->actual, &figure.unit);
    double value = judgement->actual / scale;
    int decimals = first_decimals(unit, value);
    value = units_round_beside(value, judgement->threshold.limit / scale,
                               unit == METRIC_PERCENT ? ROUND_DOWN : ROUND_NEAREST, &decimals);
    figure_number(value, decimals, figure.number);
    return figure;
}

char *figure_beside(double value, double limit, char out[FIGURE_SIZE])
{
    int decimals = figure_decimals(value);
    value = units_round_beside(value, limit, ROUND_NEAREST, &decimals);
    return figure_number(value, decimals, out);
}
