#include "wsload/report/verdict.h"

#include <string.h>

#include "wsload/base/units.h"
#include "wsload/report/figures.h"
#include "wsload/stats/metrics.h"

static const char *asked_words(const struct threshold *threshold)
{
    return threshold->side == THRESHOLD_AT_MOST ? "at most" : "at least";
}

static const char *unit_gap(const struct figure *figure)
{
    return figure->unit[0] != '\0' ? " " : "";
}

static void put_broken_threshold(struct screen *screen, const struct threshold *threshold)
{
    struct figure limit = figure_limit(threshold);
    if (threshold->has_actual) {
        struct figure actual = figure_actual(threshold);
        screen_print(screen, "%s %s%s%s", threshold->metric->label, actual.number,
                     unit_gap(&actual), actual.unit);
    } else {
        screen_print(screen, "no %s", threshold->metric->label);
    }
    screen_print(screen, ", %s %s%s%s was asked", asked_words(threshold), limit.number,
                 unit_gap(&limit), limit.unit);
}

static void put_broken(struct screen *screen, const struct thresholds *thresholds)
{
    size_t broken = thresholds_broken(thresholds);
    size_t first = 0;
    while (thresholds->items[first].passed)
        first++;
    put_broken_threshold(screen, &thresholds->items[first]);
    if (broken > 1)
        screen_print(screen, ", and %zu more", broken - 1);
}

static void put_why_failed(struct screen *screen, const struct results *results)
{
    char requests[UNITS_SIZE];
    if (results_requests(results) == 0)
        screen_print(screen, "no request ended");
    else if (results->recorded.ok == 0)
        screen_print(screen, "no request succeeded, %s failed",
                     units_format_count(results_requests(results), requests));
    else if (thresholds_broken(&results->thresholds) > 0)
        put_broken(screen, &results->thresholds);
    else
        screen_print(screen, "%s", results->exit_reason);
}

static void put_what_passed(struct screen *screen, const struct results *results)
{
    char failed[UNITS_SIZE];
    char requests[UNITS_SIZE];
    size_t thresholds = results->thresholds.count;
    if (thresholds == 0)
        screen_print(screen, "no thresholds set");
    else
        screen_print(screen, "%zu of %zu threshold%s", thresholds, thresholds,
                     figure_plural(thresholds));
    if (results->recorded.failed > 0)
        screen_print(screen, ", %s of %s request%s failed",
                     units_format_count(results->recorded.failed, failed),
                     units_format_count(results_requests(results), requests),
                     figure_plural(results_requests(results)));
}

static void put_when_interrupted(struct screen *screen, const struct results *results)
{
    char done[UNITS_SIZE];
    char planned[UNITS_SIZE];
    units_format_count(results_requests(results), done);
    if (results->setup.requests > 0)
        screen_print(screen, "after %s of %s request%s", done,
                     units_format_count(results->setup.requests, planned),
                     figure_plural(results->setup.requests));
    else
        screen_print(screen, "after %s request%s", done, figure_plural(results_requests(results)));
}

static void put_verdict_word(struct screen *screen, enum screen_color color, const char *word)
{
    screen_word(screen, color, word);
    screen_print(screen, "   ");
}

void verdict_print(struct screen *screen, const struct results *results)
{
    char connections[UNITS_SIZE];
    switch (results->exit_code) {
    case EXIT_PASSED:
        put_verdict_word(screen, SCREEN_GREEN, "PASSED");
        put_what_passed(screen, results);
        break;
    case EXIT_NO_CONNECTION:
        put_verdict_word(screen, SCREEN_RED, "NO CONNECTION");
        screen_print(screen, "none of %s could be opened",
                     units_format_count(results->setup.connections, connections));
        break;
    case EXIT_INTERRUPTED:
    case EXIT_TERMINATED:
        put_verdict_word(screen, SCREEN_YELLOW, "INTERRUPTED");
        put_when_interrupted(screen, results);
        break;
    default:
        put_verdict_word(screen, SCREEN_RED, "FAILED");
        put_why_failed(screen, results);
        break;
    }
}

/* --- Thresholds: name, actual with the points aligned, limit, verdict --- */

struct threshold_widths {
    size_t label;
    size_t whole;    /* of the actual, in front of the point */
    size_t fraction; /* of the actual, from the point on */
    size_t unit;
    size_t limit;
};

static void widen(size_t *width, size_t length)
{
    if (length > *width)
        *width = length;
}

static struct figure shown_actual(const struct threshold *threshold)
{
    return threshold->has_actual ? figure_actual(threshold) : (struct figure){"none", ""};
}

static struct threshold_widths measure_thresholds(const struct thresholds *thresholds)
{
    struct threshold_widths widths = {0};
    for (size_t i = 0; i < thresholds->count; i++) {
        const struct threshold *threshold = &thresholds->items[i];
        struct figure actual = shown_actual(threshold);
        struct figure limit = figure_limit(threshold);
        size_t whole = strcspn(actual.number, ".");
        widen(&widths.label, strlen(threshold->metric->label));
        widen(&widths.whole, whole);
        widen(&widths.fraction, strlen(actual.number + whole));
        widen(&widths.unit, strlen(actual.unit));
        widen(&widths.limit, strlen(limit.number) + strlen(unit_gap(&limit)) + strlen(limit.unit));
    }
    return widths;
}

static void put_threshold(struct screen *screen, const struct threshold *threshold,
                          const struct threshold_widths *widths)
{
    struct figure actual = shown_actual(threshold);
    struct figure limit = figure_limit(threshold);
    size_t whole_start = 2 + widths->label + 3;
    size_t unit_start = whole_start + widths->whole + widths->fraction + 1;
    size_t limit_start = unit_start + widths->unit + 3;
    screen_print(screen, "  %s", threshold->metric->label);
    screen_pad(screen, whole_start + widths->whole - strcspn(actual.number, "."));
    screen_print(screen, "%s", actual.number);
    screen_pad(screen, unit_start);
    screen_print(screen, "%s", actual.unit);
    screen_pad(screen, limit_start);
    screen_print(screen, "%s %s%s%s", asked_words(threshold), limit.number, unit_gap(&limit),
                 limit.unit);
    screen_pad(screen, limit_start + strlen("at least ") + widths->limit + 3);
    if (threshold->passed)
        screen_print(screen, "ok");
    else
        screen_word(screen, SCREEN_RED, "BROKEN");
    screen_break(screen);
}

void verdict_print_thresholds(struct screen *screen, const struct thresholds *thresholds)
{
    struct threshold_widths widths = measure_thresholds(thresholds);
    for (size_t i = 0; i < thresholds->count; i++)
        put_threshold(screen, &thresholds->items[i], &widths);
}
