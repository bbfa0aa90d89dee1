#include "wsload/report/console.h"

#include <stdio.h>
#include <string.h>

#include "headline.h"
#include "timings.h"
#include "wsload/base/units.h"
#include "wsload/report/figures.h"
#include "wsload/report/screen.h"
#include "wsload/report/verdict.h"

#define CLASSES_SHOWN 12 /* of errors: more would push the rest off the screen */

/* --- Verdict line --- */

static void put_verdict_line(struct screen *screen, const struct results *results)
{
    char code[UNITS_SIZE];
    verdict_print(screen, results);
    int length = snprintf(code, sizeof(code), "exit %d", (int)results->exit_code);
    screen_pad(screen, screen->column + 3);
    screen_pad(screen, SCREEN_COLUMNS - (size_t)length);
    screen_print(screen, "%s", code);
    screen_break(screen);
}

/* --- Errors: count, kind, what it usually means, an example --- */

/* Columns that the longest of the counts and of the kinds shown take. */
struct error_widths {
    size_t count;
    size_t kind;
};

static struct error_widths measure_errors(const struct failures *failures)
{
    struct error_widths widths = {0};
    for (size_t i = 0; i < failures->count && i < CLASSES_SHOWN; i++) {
        const struct failure_class *class = &failures->classes[i];
        char count[UNITS_SIZE];
        size_t count_length = strlen(units_format_count(class->count, count));
        size_t kind_length = strlen(failure_name(class->kind));
        widths.count = count_length > widths.count ? count_length : widths.count;
        widths.kind = kind_length > widths.kind ? kind_length : widths.kind;
    }
    return widths;
}

static void put_error(struct screen *screen, const struct failure_class *class,
                      const struct error_widths *widths)
{
    char count[UNITS_SIZE];
    char text[FAILURE_DETAIL_SIZE + 256];
    size_t kind_start = LABEL_COLUMNS + widths->count + 3;
    units_format_count(class->count, count);
    screen_pad(screen, LABEL_COLUMNS + widths->count - strlen(count));
    screen_print(screen, "%s   ", count);
    screen_word(screen, SCREEN_RED, failure_name(class->kind));
    screen_pad(screen, kind_start + widths->kind + 3);
    snprintf(text, sizeof(text), "%s%s%s", class->detail, class->detail[0] != '\0' ? ": " : "",
             failure_hint(class->kind, class->detail));
    screen_words(screen, text);
    screen_break(screen);
    if (class->example[0] == '\0')
        return;
    screen_pad(screen, kind_start);
    screen_print_until(screen, SCREEN_COLUMNS, "e.g. %s", class->example);
    screen_break(screen);
}

/* FAILURES are sorted. */
static void put_errors(struct screen *screen, const struct failures *failures)
{
    struct error_widths widths = measure_errors(failures);
    if (failures->count == 0)
        return;
    screen_break(screen);
    screen_print(screen, "errors");
    for (size_t i = 0; i < failures->count && i < CLASSES_SHOWN; i++)
        put_error(screen, &failures->classes[i], &widths);
    if (failures->count > CLASSES_SHOWN) {
        screen_pad(screen, LABEL_COLUMNS);
        screen_print(screen, "and %zu more", failures->count - CLASSES_SHOWN);
        screen_break(screen);
    }
}

/* --- Requests and connections --- */

static void put_count(struct screen *screen, uint64_t count, const char *what)
{
    char text[UNITS_SIZE];
    screen_item(screen, LABEL_COLUMNS, "%s %s", units_format_count(count, text), what);
}

static void put_count_if_any(struct screen *screen, uint64_t count, const char *what)
{
    if (count > 0)
        put_count(screen, count, what);
}

static void put_requests(struct screen *screen, const struct results *results)
{
    const struct accounting *account = &results->recorded.measured;
    char text[UNITS_SIZE];
    screen_print(screen, "requests");
    if (account->skipped > 0)
        put_count(screen, account->planned, "planned");
    put_count(screen, account->sent, "sent");
    put_count_if_any(screen, account->skipped, "skipped");
    put_count(screen, account->ok, "ok");
    put_count(screen, account->failed, "failed");
    put_count_if_any(screen, account->unanswered, "unanswered");
    put_count_if_any(screen, results->recorded.unsolicited, "unsolicited");
    if (results->total_time_ns > 0) {
        screen_item(screen, LABEL_COLUMNS, "%s",
                    units_format_duration(results->total_time_ns, text));
        screen_item(screen, LABEL_COLUMNS, "%s/s",
                    units_format_number(results_requests_per_s(results), text));
    }
    screen_break(screen);
}

static void put_rate(struct screen *screen, const struct results *results)
{
    char text[UNITS_SIZE];
    screen_print(screen, "rate");
    screen_item(screen, LABEL_COLUMNS, "%s/s asked",
                units_format_number(results->asked_per_s, text));
    screen_item(screen, LABEL_COLUMNS, "%s/s achieved",
                units_format_number(results_achieved_per_s(results), text));
    put_count_if_any(screen, results->recorded.waited, "waited for a free connection");
    screen_break(screen);
}

static void put_started(struct screen *screen, uint64_t time_ns, uint64_t requests)
{
    char text[UNITS_SIZE];
    screen_item(screen, LABEL_COLUMNS, "%s", units_format_duration(time_ns, text));
    screen_item(screen, LABEL_COLUMNS, "%s request%s", units_format_count(requests, text),
                figure_plural(requests));
}

/* What the figures leave out or came late: the warm-up and the drain. */
static void put_apart(struct screen *screen, const struct results *results)
{
    const struct accounting *warmup = &results->recorded.warmup;
    if (results->setup.warmup_ns > 0) {
        screen_print(screen, "warm-up");
        put_started(screen, results->setup.warmup_ns, warmup->sent + warmup->unsent);
        put_count(screen, warmup->ok, "ok");
        put_count(screen, warmup->failed, "failed");
        screen_break(screen);
    }
    if (results->recorded.drained > 0) {
        screen_print(screen, "drain");
        put_started(screen, results->drain_time_ns, results->recorded.drained);
        screen_break(screen);
    }
}

static void put_opened(struct screen *screen, const struct results *results)
{
    uint64_t opened = results->recorded.connections.opened;
    char count[UNITS_SIZE];
    char time[UNITS_SIZE];
    units_format_count(opened, count);
    if (results->setup.connection_per_request)
        screen_item(screen, LABEL_COLUMNS, "%s opened, one per request", count);
    else if (results->open_time_ns == 0)
        screen_item(screen, LABEL_COLUMNS, "%s opened", count);
    else
        screen_item(screen, LABEL_COLUMNS, "%s opened in %s", count,
                    units_format_duration(results->open_time_ns, time));
}

static void put_still_open(struct screen *screen, const struct results *results)
{
    char count[UNITS_SIZE];
    char time[UNITS_SIZE];
    screen_item(screen, LABEL_COLUMNS, "%s still open after %s",
                units_format_count(results->recorded.connections.open_at_end, count),
                units_format_duration(results->total_time_ns, time));
}

static void put_connections(struct screen *screen, const struct results *results)
{
    const struct connection_counts *counts = &results->recorded.connections;
    screen_print(screen, "connections");
    put_opened(screen, results);
    put_count_if_any(screen, counts->failed, "failed to open");
    if (results->setup.model == LOAD_HOLD)
        put_still_open(screen, results);
    put_count(screen, counts->closed_by_server, "lost");
    put_count_if_any(screen, counts->reopened, "reopened");
    put_count_if_any(screen, results->recorded.keepalives, "keepalives sent");
    screen_break(screen);
}

/* What is worth knowing about the run and no fault of it. */
static void put_note(struct screen *screen, const struct trust_reason *note)
{
    screen_print(screen, "note");
    screen_pad(screen, LABEL_COLUMNS);
    screen_words(screen, note->text);
    screen_break(screen);
    if (note->advice[0] == '\0')
        return;
    screen_pad(screen, LABEL_COLUMNS);
    screen_words(screen, note->advice);
    screen_break(screen);
}

static void put_notes(struct screen *screen, const struct trust *trust)
{
    for (size_t i = 0; i < trust->count; i++) {
        if (trust->reasons[i].grade == TRUST_VALID)
            put_note(screen, &trust->reasons[i]);
    }
}

/* --- The page --- */

int report_verdict(const struct results *results, const struct console_style *style,
                   struct buffer *out)
{
    struct screen screen = {.out = out, .color = style->color};
    verdict_print(&screen, results);
    return screen.failed ? -1 : 0;
}

static void put_judgement(struct screen *screen, const struct results *results)
{
    put_verdict_line(screen, results);
    if (results->trust.grade != TRUST_VALID)
        verdict_print_doubts(screen, &results->trust);
    if (results->thresholds.count > 0) {
        screen_break(screen);
        verdict_print_thresholds(screen, &results->thresholds);
    }
}

static void put_counts(struct screen *screen, const struct results *results)
{
    screen_break(screen);
    if (results->setup.model != LOAD_HOLD)
        put_requests(screen, results);
    if (results->setup.model == LOAD_OPEN)
        put_rate(screen, results);
    put_apart(screen, results);
    put_connections(screen, results);
    put_notes(screen, &results->trust);
}

int report_console(const struct results *results, const struct console_style *style,
                   struct buffer *out)
{
    struct screen screen = {.out = out, .color = style->color};
    headline_print(&screen, &results->setup);
    screen_break(&screen);
    put_judgement(&screen, results);
    put_errors(&screen, &results->recorded.failures);
    put_counts(&screen, results);
    timings_print(&screen, results);
    if (style->summary_path != NULL) {
        screen_break(&screen);
        screen_print(&screen, "summary: %s", style->summary_path);
        screen_break(&screen);
    }
    return screen.failed ? -1 : 0;
}
