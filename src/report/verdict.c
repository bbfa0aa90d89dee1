#include "wsload/report/verdict.h"

#include <stdio.h>
#include <string.h>

#include "wsload/base/units.h"
#include "wsload/report/figures.h"

#define ASKED_SIZE (FIGURE_SIZE + 32) /* a limit with its relation and unit */

static const char *relation_words(enum threshold_relation relation)
{
    static const char *const words[] = {
        [THRESHOLD_BELOW] = "below",   [THRESHOLD_AT_MOST] = "at most",
        [THRESHOLD_ABOVE] = "above",   [THRESHOLD_AT_LEAST] = "at least",
        [THRESHOLD_EQUAL] = "exactly", [THRESHOLD_NOT_EQUAL] = "not",
    };
    return words[relation];
}

static const char *unit_gap(const struct figure *figure)
{
    return figure->unit[0] != '\0' ? " " : "";
}

/* "success rate 90.0 %, at least 95 % was asked" */
static void put_broken_threshold(struct screen *screen, const struct threshold *threshold)
{
    char label[SELECTOR_SIZE];
    struct figure limit = figure_limit(threshold);
    selector_label(&threshold->selector, label);
    if (threshold->has_actual) {
        struct figure actual = figure_actual(threshold);
        screen_print(screen, "%s %s%s%s", label, actual.number, unit_gap(&actual), actual.unit);
    } else {
        screen_print(screen, "no %s", label);
    }
    screen_print(screen, ", %s %s%s%s was asked", relation_words(threshold->relation), limit.number,
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

static void put_no_success(struct screen *screen, uint64_t requests)
{
    char count[UNITS_SIZE];
    if (requests == 0)
        screen_print(screen, "no request ended");
    else
        screen_print(screen, "no request succeeded, %s failed",
                     units_format_count(requests, count));
}

static void put_why_failed(struct screen *screen, const struct results *results)
{
    if (results->aborted_by != NULL) {
        put_broken_threshold(screen, results->aborted_by);
        screen_print(screen, "; run aborted");
    } else if (results->recorded.measured.ok == 0 && results->setup.model != LOAD_HOLD) {
        put_no_success(screen, results_requests(results));
    } else {
        put_broken(screen, &results->thresholds);
    }
}

static void put_what_passed(struct screen *screen, const struct results *results)
{
    char failed[UNITS_SIZE];
    char requests[UNITS_SIZE];
    size_t thresholds = results->thresholds.count;
    const char *gap = thresholds > 0 ? ", " : "";
    if (thresholds > 0)
        screen_print(screen, "%zu of %zu threshold%s", thresholds, thresholds,
                     figure_plural(thresholds));
    else if (results->recorded.measured.failed == 0)
        screen_print(screen, "no thresholds set");
    if (results->recorded.measured.failed > 0)
        screen_print(screen, "%s%s of %s request%s failed", gap,
                     units_format_count(results->recorded.measured.failed, failed),
                     units_format_count(results_requests(results), requests),
                     figure_plural(results_requests(results)));
    screen_print(screen, "   run %s", trust_grade_name(results->trust.grade));
}

static void put_when_interrupted(struct screen *screen, const struct results *results)
{
    char done[UNITS_SIZE];
    char planned[UNITS_SIZE];
    if (results->setup.model == LOAD_HOLD) {
        screen_print(screen, "after %s", units_format_duration(results->total_time_ns, done));
        return;
    }
    units_format_count(results_requests(results), done);
    if (results->setup.requests > 0)
        screen_print(screen, "after %s of %s request%s", done,
                     units_format_count(results->setup.requests, planned),
                     figure_plural(results->setup.requests));
    else
        screen_print(screen, "after %s request%s", done, figure_plural(results_requests(results)));
}

static void put_word(struct screen *screen, enum screen_color color, const char *word)
{
    screen_word(screen, color, word);
    screen_print(screen, "   ");
}

void verdict_print(struct screen *screen, const struct results *results)
{
    char connections[UNITS_SIZE];
    switch (results->exit_code) {
    case EXIT_PASSED:
        put_word(screen, SCREEN_GREEN, "PASSED");
        put_what_passed(screen, results);
        break;
    case EXIT_USAGE:
        put_word(screen, SCREEN_RED, "FAILED");
        screen_print(screen, "%s", results->exit_reason);
        break;
    case EXIT_NO_CONNECTION:
        put_word(screen, SCREEN_RED, "NO CONNECTION");
        screen_print(screen, "none of %s could be opened",
                     units_format_count(results->setup.connections, connections));
        break;
    case EXIT_UNTRUSTED:
        put_word(screen, SCREEN_RED, "UNTRUSTED");
        screen_print(screen, "%s", results->exit_reason);
        break;
    case EXIT_INTERRUPTED:
    case EXIT_TERMINATED:
        put_word(screen, SCREEN_YELLOW, "INTERRUPTED");
        put_when_interrupted(screen, results);
        break;
    default:
        put_word(screen, SCREEN_RED, "FAILED");
        put_why_failed(screen, results);
        break;
    }
}

/* --- Doubts about the run itself --- */

static bool said_before(const struct trust *trust, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(trust->reasons[i].advice, trust->reasons[index].advice) == 0)
            return true;
    }
    return false;
}

static void put_indented(struct screen *screen, size_t indent, const char *text)
{
    screen_pad(screen, indent);
    screen_words(screen, text);
    screen_break(screen);
}

/* What was seen, then what to do about it. */
void verdict_print_doubts(struct screen *screen, const struct trust *trust)
{
    bool invalid = trust->grade == TRUST_INVALID;
    screen_break(screen);
    put_word(screen, invalid ? SCREEN_RED : SCREEN_YELLOW, invalid ? "INVALID" : "DOUBTFUL");
    size_t indent = screen->column;
    for (size_t i = 0; i < trust->count; i++) {
        if (trust->reasons[i].grade != TRUST_VALID)
            put_indented(screen, indent, trust->reasons[i].text);
    }
    for (size_t i = 0; i < trust->count; i++) {
        const struct trust_reason *reason = &trust->reasons[i];
        if (reason->grade != TRUST_VALID && reason->advice[0] != '\0' && !said_before(trust, i))
            put_indented(screen, indent, reason->advice);
    }
}

/* --- Thresholds: name, actual with the points aligned, limit, verdict --- */

struct threshold_widths {
    size_t label;
    size_t whole;    /* of the actual, in front of the point */
    size_t fraction; /* of the actual, from the point on */
    size_t unit;
    size_t asked;
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

/* "at most 500 ms" */
static const char *shown_limit(const struct threshold *threshold, char out[ASKED_SIZE])
{
    struct figure limit = figure_limit(threshold);
    snprintf(out, ASKED_SIZE, "%s %s%s%s", relation_words(threshold->relation), limit.number,
             unit_gap(&limit), limit.unit);
    return out;
}

static struct threshold_widths measure_thresholds(const struct thresholds *thresholds)
{
    struct threshold_widths widths = {0};
    for (size_t i = 0; i < thresholds->count; i++) {
        const struct threshold *threshold = &thresholds->items[i];
        char label[SELECTOR_SIZE];
        char asked[ASKED_SIZE];
        struct figure actual = shown_actual(threshold);
        size_t whole = strcspn(actual.number, ".");
        widen(&widths.label, strlen(selector_label(&threshold->selector, label)));
        widen(&widths.whole, whole);
        widen(&widths.fraction, strlen(actual.number + whole));
        widen(&widths.unit, strlen(actual.unit));
        widen(&widths.asked, strlen(shown_limit(threshold, asked)));
    }
    return widths;
}

static void put_threshold(struct screen *screen, const struct threshold *threshold,
                          const struct threshold_widths *widths)
{
    char label[SELECTOR_SIZE];
    char asked[ASKED_SIZE];
    struct figure actual = shown_actual(threshold);
    size_t whole_start = 2 + widths->label + 3;
    size_t unit_start = whole_start + widths->whole + widths->fraction + 1;
    size_t asked_start = unit_start + widths->unit + 3;
    screen_print(screen, "  %s", selector_label(&threshold->selector, label));
    screen_pad(screen, whole_start + widths->whole - strcspn(actual.number, "."));
    screen_print(screen, "%s", actual.number);
    screen_pad(screen, unit_start);
    screen_print(screen, "%s", actual.unit);
    screen_pad(screen, asked_start);
    screen_print(screen, "%s", shown_limit(threshold, asked));
    screen_pad(screen, asked_start + widths->asked + 3);
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
