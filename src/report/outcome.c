#include "outcome.h"

#include <stdio.h>
#include <string.h>

#include "figures.h"
#include "wsload/base/helpers.h"
#include "wsload/base/units.h"
#include "wsload/protocol/gateway.h"

#define ASKED_SIZE       (FIGURE_SIZE + 32) /* a limit with its relation and unit */
#define REASON_SIZE      (REMARK_SOURCE_SIZE + 2 + REMARK_TEXT_SIZE)
#define CLASSES_SHOWN    12 /* more would push the rest off the screen */
#define DESCRIPTION_SIZE (FAILURE_DETAIL_SIZE + 256)
#define EXAMPLE_LINES    3
#define LINE_MAX_BYTES   1024
#define FOLDED_INDENT    4  /* of a threshold whose label has a line of its own */
#define WORDS_LEAST      30 /* columns that a description needs beside the kind */
#define EXAMPLE          "e.g. "
#define EXCHANGE_COLUMN  17
#define EXCHANGE_LINES   2 /* of each message */

/* --- The line of the verdict --- */

static void put_word(struct screen *screen, enum screen_color color, const char *word)
{
    screen_word(screen, color, word);
    screen_print(screen, "   ");
}

static const char *unit_gap(const struct figure *figure)
{
    return figure->unit[0] ? " " : "";
}

/* "at most 500 ms" */
static const char *shown_limit(const struct threshold *threshold, char out[ASKED_SIZE])
{
    static const char *const words[] = {
        [THRESHOLD_BELOW] = "below",   [THRESHOLD_AT_MOST] = "at most",
        [THRESHOLD_ABOVE] = "above",   [THRESHOLD_AT_LEAST] = "at least",
        [THRESHOLD_EQUAL] = "exactly", [THRESHOLD_NOT_EQUAL] = "not",
    };
    struct figure limit = figure_limit(threshold);
    snprintf(out, ASKED_SIZE, "%s %s%s%s", words[threshold->relation], limit.number,
             unit_gap(&limit), limit.unit);
    return out;
}

/* "success rate 90.0 %, at least 95 % was asked" */
static void tell_broken_threshold(struct buffer *line, const struct judgement *judgement)
{
    char label[SELECTOR_SIZE];
    char asked[ASKED_SIZE];
    selector_label(&judgement->threshold.selector, label);
    if (judgement->has_actual) {
        struct figure actual = figure_actual(judgement);
        buffer_printf(line, "%s %s%s%s", label, actual.number, unit_gap(&actual), actual.unit);
    } else {
        buffer_printf(line, "no %s", label);
    }
    buffer_printf(line, ", %s %s", shown_limit(&judgement->threshold, asked),
                  threshold_is_default(&judgement->threshold) ? "is the default" : "was asked");
}

static void tell_why_failed(struct buffer *line, const struct measurement *measurement,
                            const struct verdict *verdict)
{
    uint64_t requests = measurement_requests(measurement);
    size_t first = 0;
    if (verdict->aborted) {
        tell_broken_threshold(line, &verdict->judgements[verdict->aborted_by]);
        buffer_printf(line, "; run aborted");
    } else if (measurement->counts[COUNT_OK] > 0 || measurement->load.model == LOAD_HOLD) {
        while (verdict->judgements[first].passed)
            first++;
        tell_broken_threshold(line, &verdict->judgements[first]);
        if (verdict->broken > 1)
            buffer_printf(line, ", and %zu more", verdict->broken - 1);
    } else if (requests == 0) {
        buffer_printf(line, "no request ended");
    } else {
        buffer_printf(line, "no request succeeded, %s failed",
                      units_format_count(requests, SCRATCH));
    }
}

/* How many thresholds somebody asked for. */
static size_t count_asked(const struct verdict *verdict)
{
    size_t asked = 0;
    for (size_t i = 0; i < verdict->count; i++)
        asked += !threshold_is_default(&verdict->judgements[i].threshold);
    return asked;
}

static void tell_what_passed(struct buffer *line, const struct measurement *measurement,
                             const struct verdict *verdict)
{
    uint64_t failed = measurement->counts[COUNT_FAILED];
    uint64_t requests = measurement_requests(measurement);
    size_t asked = count_asked(verdict);
    if (asked > 0)
        buffer_printf(line, "%zu of %zu threshold%s", asked, asked, figure_plural(asked));
    else
        buffer_printf(line, "no thresholds set");
    if (failed > 0)
        buffer_printf(line, ", %s of %s failed", units_format_count(failed, SCRATCH),
                      units_format_count(requests, SCRATCH));
}

static void tell_when_interrupted(struct buffer *line, const struct measurement *measurement)
{
    uint64_t requests = measurement_requests(measurement);
    uint64_t asked = (uint64_t)measurement_asked(measurement, (double)measurement->load.requests);
    if (measurement->load.model == LOAD_HOLD)
        buffer_printf(line, "after %s",
                      units_format_duration(measurement->counts[COUNT_TOTAL_TIME], SCRATCH));
    else if (asked > 0)
        buffer_printf(line, "after %s of %s request%s", units_format_count(requests, SCRATCH),
                      units_format_count(asked, SCRATCH), figure_plural(asked));
    else
        buffer_printf(line, "after %s request%s", units_format_count(requests, SCRATCH),
                      figure_plural(requests));
}

void outcome_print(struct screen *screen, const struct measurement *measurement,
                   const struct verdict *verdict)
{
    struct buffer buffer;
    struct buffer *line = &buffer;
    double asked = measurement_asked(measurement, measurement->load.connections);
    buffer_init(line, LINE_MAX_BYTES);
    switch (verdict->code) {
    case EXIT_PASSED:
        put_word(screen, SCREEN_GREEN, count_asked(verdict) > 0 ? "PASSED" : "DONE");
        tell_what_passed(line, measurement, verdict);
        break;
    case EXIT_THRESHOLD:
        put_word(screen, SCREEN_RED, "FAILED");
        tell_why_failed(line, measurement, verdict);
        break;
    case EXIT_NO_CONNECTION:
        put_word(screen, SCREEN_RED, "NO CONNECTION");
        buffer_printf(line, "none of %s could be opened",
                      units_format_count((uint64_t)asked, SCRATCH));
        break;
    case EXIT_USAGE:
    case EXIT_UNTRUSTED:
        put_word(screen, SCREEN_RED, verdict->code == EXIT_USAGE ? "FAILED" : "UNTRUSTED");
        buffer_printf(line, "%s", verdict->reason);
        break;
    case EXIT_INTERRUPTED:
    case EXIT_TERMINATED:
        put_word(screen, SCREEN_YELLOW, "INTERRUPTED");
        tell_when_interrupted(line, measurement);
        break;
    }
    size_t indent = screen->column;
    if (line->data)
        screen_words(screen, line->data);
    else
        screen->failed = true; /* there is something to say at each end */
    if (verdict->code == EXIT_PASSED)
        screen_item(screen, indent, "run %s", validity_grade_name(verdict->validity.grade));
    buffer_free(line);
}

/* --- Validity --- */

static void put_indented(struct screen *screen, size_t indent, const char *text)
{
    screen_pad(screen, indent);
    screen_words(screen, text);
    screen_break(screen);
}

/* "shard-2.json: a worker at 97 % CPU (90 % at most)" */
static void put_reason(struct screen *screen, size_t indent, const struct validity_reason *reason)
{
    char text[REASON_SIZE];
    snprintf(text, sizeof(text), "%s%s%s", reason->source, reason->source[0] ? ": " : "",
             reason->text);
    put_indented(screen, indent, text);
}

static bool said_before(const struct validity *validity, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(validity->reasons[i].advice, validity->reasons[index].advice) == 0)
            return true;
    return false;
}

/* What was seen, then what to do about it. */
static void put_doubts(struct screen *screen, const struct validity *validity)
{
    bool invalid = validity->grade == VALIDITY_INVALID;
    if (validity->grade == VALIDITY_VALID)
        return;
    screen_break(screen);
    put_word(screen, invalid ? SCREEN_RED : SCREEN_YELLOW, invalid ? "INVALID" : "DOUBTFUL");
    size_t indent = screen->column;
    for (size_t i = 0; i < validity->count; i++)
        if (validity->reasons[i].grade != VALIDITY_VALID)
            put_reason(screen, indent, &validity->reasons[i]);
    for (size_t i = 0; i < validity->count; i++) {
        const struct validity_reason *reason = &validity->reasons[i];
        if (reason->grade != VALIDITY_VALID && reason->advice[0] && !said_before(validity, i))
            put_indented(screen, indent, reason->advice);
    }
}

void outcome_print_notes(struct screen *screen, const struct validity *validity)
{
    for (size_t i = 0; i < validity->count; i++) {
        const struct validity_reason *reason = &validity->reasons[i];
        if (reason->grade != VALIDITY_VALID)
            continue;
        screen_print(screen, "note");
        put_reason(screen, SCREEN_LABEL, reason);
        if (reason->advice[0])
            put_indented(screen, SCREEN_LABEL, reason->advice);
    }
}

/* --- Thresholds: name, actual with the points aligned, limit, verdict --- */

struct threshold_widths {
    int label;
    int whole;    /* of the actual, before the point */
    int fraction; /* of the actual, from the point on */
    int unit;
    int asked;
};

static void widen(int *width, size_t length)
{
    *width = (int)length > *width ? (int)length : *width;
}

static struct figure shown_actual(const struct judgement *judgement)
{
    return judgement->has_actual ? figure_actual(judgement) : (struct figure){"none", ""};
}

static struct threshold_widths measure_thresholds(const struct verdict *verdict)
{
    struct threshold_widths widths = {0};
    for (size_t i = 0; i < verdict->count; i++) {
        const struct threshold *threshold = &verdict->judgements[i].threshold;
        char label[SELECTOR_SIZE];
        char asked[ASKED_SIZE];
        struct figure actual = shown_actual(&verdict->judgements[i]);
        size_t whole = strcspn(actual.number, ".");
        widen(&widths.label, strlen(selector_label(&threshold->selector, label)));
        widen(&widths.whole, whole);
        widen(&widths.fraction, strlen(actual.number + whole));
        widen(&widths.unit, strlen(actual.unit));
        widen(&widths.asked, strlen(shown_limit(threshold, asked)));
    }
    return widths;
}

/* All of a row, with the gaps and the longest verdict. */
static size_t threshold_columns(const struct threshold_widths *widths)
{
    int columns = 2 + widths->label + 3 + widths->whole + widths->fraction + 1 + widths->unit + 3 +
                  widths->asked + 3 + (int)strlen("BROKEN");
    return (size_t)columns;
}

/* FOLDED: the label stands in a line of its own. */
static void put_threshold(struct screen *screen, const struct judgement *judgement,
                          const struct threshold_widths *widths, bool folded)
{
    char label[SELECTOR_SIZE];
    char asked[ASKED_SIZE];
    struct figure actual = shown_actual(judgement);
    int whole = (int)strcspn(actual.number, ".");
    screen_print(screen, "  %s", selector_label(&judgement->threshold.selector, label));
    if (folded)
        screen_break(screen);
    screen_pad(screen, folded ? FOLDED_INDENT : 2 + (size_t)widths->label + 3);
    screen_print(screen, "%*.*s%-*s %-*s   %-*s   ", widths->whole, whole, actual.number,
                 widths->fraction, actual.number + whole, widths->unit, actual.unit, widths->asked,
                 shown_limit(&judgement->threshold, asked));
    screen_word(screen, judgement->passed ? SCREEN_PLAIN : SCREEN_RED,
                judgement->passed ? "ok" : "BROKEN");
    screen_break(screen);
}

/* Of a default one the line of the verdict says all that there is. */
static void put_thresholds(struct screen *screen, const struct verdict *verdict)
{
    struct threshold_widths widths = measure_thresholds(verdict);
    bool folded = threshold_columns(&widths) > screen_width(screen);
    if (count_asked(verdict) == 0)
        return;
    screen_break(screen);
    for (size_t i = 0; i < verdict->count; i++)
        put_threshold(screen, &verdict->judgements[i], &widths, folded);
}

/* --- Errors --- */

/* "429: account quota, ..."; what API Gateway said is quoted. */
static const char *describe(const struct failure_class *class, char out[DESCRIPTION_SIZE])
{
    const char *quote = class->kind == FAILURE_GATEWAY_ERROR ? "\"" : "";
    const char *hint = failure_hint(class->kind, class->detail);
    /* API Gateway says so of integrations, whose replies may come all the same. */
    if (class->kind == FAILURE_GATEWAY_ERROR && class->requests < class->count &&
        strcmp(class->detail, GATEWAY_TIMEOUT) == 0)
        hint = "the reply went on";
    if (class->detail[0])
        snprintf(out, DESCRIPTION_SIZE, "%s%s%s: %s", quote, class->detail, quote, hint);
    else
        snprintf(out, DESCRIPTION_SIZE, "%s", hint);
    return out;
}

/* Of API Gateway's error frames what its logs can be searched for, and AWS asks for: "requestId
 * Qyi3UG41tjMFlUg=   connectionId Qyi07eCbtjMCJKw=". Whether FRAME has any of it. */
static bool put_gateway_ids(struct screen *screen, struct text frame)
{
    struct gateway_id ids[GATEWAY_IDS];
    size_t count = gateway_ids_find(frame, ids);
    size_t indent = screen->column + strlen(EXAMPLE);
    if (count > 0)
        screen_print(screen, EXAMPLE);
    for (size_t i = 0; i < count; i++)
        screen_item(screen, indent, "%s %.*s", ids[i].name, (int)ids[i].value.length,
                    ids[i].value.data);
    return count > 0;
}

/* A refused handshake's headers have the ids that AWS asks for, after others. */
static void put_example(struct screen *screen, size_t indent, const struct failure_class *class)
{
    char text[sizeof(EXAMPLE) + sizeof(class->example)];
    if (!class->example[0])
        return;
    screen_pad(screen, indent);
    snprintf(text, sizeof(text), EXAMPLE "%s", class->example);
    if (class->kind != FAILURE_GATEWAY_ERROR || !put_gateway_ids(screen, text_of(class->example)))
        screen_wrap(screen, EXAMPLE_LINES, text_of(text));
    screen_break(screen);
}

/* In columns that the longest of the counts and of the kinds take. */
static void put_class(struct screen *screen, const struct failure_class *class, int count_width,
                      int kind_width)
{
    char description[DESCRIPTION_SIZE];
    screen_pad(screen, SCREEN_LABEL);
    screen_print(screen, "%*s   ", count_width, units_format_count(class->count, SCRATCH));
    size_t kind_start = screen->column;
    screen_word(screen, SCREEN_RED, failure_name(class->kind));
    if (kind_start + (size_t)kind_width + 3 + WORDS_LEAST <= screen_width(screen)) {
        screen_pad(screen, kind_start + (size_t)kind_width + 3);
    } else {
        screen_break(screen);
        screen_pad(screen, kind_start);
    }
    screen_words(screen, describe(class, description));
    screen_break(screen);
    put_example(screen, kind_start, class);
}

static void put_errors(struct screen *screen, const struct failures *failures)
{
    size_t shown = u64_min(failures->count, CLASSES_SHOWN);
    int count_width = 0;
    int kind_width = 0;
    if (failures->count == 0)
        return;
    screen_break(screen);
    screen_print(screen, "errors");
    for (size_t i = 0; i < shown; i++) {
        const struct failure_class *class = &failures->classes[i];
        widen(&count_width, strlen(units_format_count(class->count, SCRATCH)));
        widen(&kind_width, strlen(failure_name(class->kind)));
    }
    for (size_t i = 0; i < shown; i++)
        put_class(screen, &failures->classes[i], count_width, kind_width);
    if (failures->count > CLASSES_SHOWN) {
        screen_pad(screen, SCREEN_LABEL);
        screen_print(screen, "and %zu more", failures->count - CLASSES_SHOWN);
        screen_break(screen);
    }
}

/* --- One exchange: what was measured, so that a person can see it --- */

/* The first that went well, or else the first that was answered, or sent; NULL: none was. */
static const struct sample *choose_exchange(const struct sample *samples)
{
    const struct sample *chosen = NULL;
    for (size_t i = 0; i < SAMPLE_COUNT && samples[i].present; i++) {
        const struct sample *sample = &samples[i];
        if (!sample->sent[0])
            continue;
        if (sample->ok)
            return sample;
        if (!chosen || (sample->has_reply && !chosen->has_reply))
            chosen = sample;
    }
    return chosen;
}

static void put_message(struct screen *screen, const char *mark, const char *text)
{
    screen_pad(screen, EXCHANGE_COLUMN);
    screen_print(screen, "%s ", mark);
    screen_wrap(screen, EXCHANGE_LINES, text_of(text));
    screen_break(screen);
}

static void put_exchange(struct screen *screen, const struct sample *samples)
{
    const struct sample *sample = choose_exchange(samples);
    if (!sample)
        return;
    screen_break(screen);
    screen_print(screen, "  one exchange");
    put_message(screen, ">", sample->sent);
    if (sample->has_reply)
        put_message(screen, "<", sample->reply);
}

void outcome_print_details(struct screen *screen, const struct measurement *measurement,
                           const struct verdict *verdict)
{
    put_doubts(screen, &verdict->validity);
    put_thresholds(screen, verdict);
    put_errors(screen, &measurement->failures);
    put_exchange(screen, measurement->samples);
}
