#include "wsload/report/console.h"

#include <stdio.h>
#include <string.h>

#include "wsload/base/units.h"
#include "wsload/report/figures.h"
#include "wsload/report/screen.h"
#include "wsload/report/verdict.h"
#include "wsload/stats/metrics.h"

#define LABEL_COLUMNS  14 /* "connections   " */
#define CELL_COLUMNS   8  /* a figure of the latency table and its mark */
#define CLASSES_SHOWN  12 /* of errors: more would push the rest off the screen */
#define SAMPLES_ENOUGH 10 /* beyond a percentile, to take it without a mark */

/* --- Setup --- */

static void put_setup(struct screen *screen, const struct results_setup *setup)
{
    char text[UNITS_SIZE];
    screen_print(screen, "wsload %s", WSLOAD_VERSION);
    size_t indent = screen->column + 3;
    screen_item(screen, indent, "%s", setup->url);
    screen_item(screen, indent, "%s connection%s%s", units_format_count(setup->connections, text),
                figure_plural(setup->connections),
                setup->connection_per_request ? ", one per request" : "");
    screen_item(screen, indent, "%s prompt%s", units_format_count(setup->prompts, text),
                figure_plural(setup->prompts));
    if (setup->requests > 0 && setup->requests != setup->prompts)
        screen_item(screen, indent, "%s request%s", units_format_count(setup->requests, text),
                    figure_plural(setup->requests));
    if (setup->duration_ns > 0)
        screen_item(screen, indent, "%s", units_format_duration(setup->duration_ns, text));
    screen_item(screen, indent, "closed loop, %u worker%s", setup->workers,
                figure_plural(setup->workers));
    screen_break(screen);
}

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
    const struct recorder *recorded = &results->recorded;
    char text[UNITS_SIZE];
    double per_second = 0;
    screen_print(screen, "requests");
    put_count(screen, recorded->sent, "sent");
    put_count(screen, recorded->ok, "ok");
    put_count(screen, recorded->failed, "failed");
    put_count_if_any(screen, recorded->unanswered, "unanswered");
    put_count_if_any(screen, recorded->unsolicited, "unsolicited");
    if (results->total_time_ns > 0) {
        metric_find("requests_per_second")->get(results, &per_second);
        screen_item(screen, LABEL_COLUMNS, "%s",
                    units_format_duration(results->total_time_ns, text));
        screen_item(screen, LABEL_COLUMNS, "%s/s", units_format_number(per_second, text));
    }
    screen_break(screen);
}

static void put_opened(struct screen *screen, const struct results *results)
{
    uint64_t opened = results->recorded.connections.opened;
    char count[UNITS_SIZE];
    char time[UNITS_SIZE];
    units_format_count(opened, count);
    if (results->setup.connection_per_request)
        screen_item(screen, LABEL_COLUMNS, "%s opened, one per request", count);
    else
        screen_item(screen, LABEL_COLUMNS, "%s opened in %s", count,
                    units_format_duration(results->open_time_ns, time));
}

static void put_connections(struct screen *screen, const struct results *results)
{
    const struct connection_counts *counts = &results->recorded.connections;
    screen_print(screen, "connections");
    put_opened(screen, results);
    put_count_if_any(screen, counts->failed, "failed to open");
    put_count(screen, counts->closed_by_server, "lost");
    put_count_if_any(screen, counts->reopened, "reopened");
    screen_break(screen);
}

/* --- Latency table --- */

static const struct {
    const char *title;
    double percent;
} percentiles[] = {{"p50", 50}, {"p90", 90}, {"p95", 95}, {"p99", 99}, {"p99.9", 99.9}};

#define PERCENTILES (sizeof(percentiles) / sizeof(percentiles[0]))

/* The cells of a row: min, avg, the percentiles, max. */
enum { CELL_MIN, CELL_AVERAGE, CELL_PERCENTILE, CELL_MAX = CELL_PERCENTILE + PERCENTILES };

/* One unit and one number of decimals for a whole row. */
struct row_format {
    const struct time_unit *unit;
    int decimals;
};

/* The median reads best, but no figure is wider than its cell. */
static struct row_format choose_format(const struct histogram *histogram)
{
    double median_ns = (double)histogram_percentile_ns(histogram, 50);
    const struct time_unit *unit = figure_time_unit(median_ns);
    const struct time_unit *narrow = figure_time_unit((double)histogram->max_ns / 1000);
    if (narrow->ns > unit->ns)
        unit = narrow;
    return (struct row_format){unit, figure_decimals(median_ns / unit->ns)};
}

/* Right-aligned; what is marked behind it leaves digits below digits. */
static void put_cell(struct screen *screen, size_t cell, const char *text)
{
    size_t end = LABEL_COLUMNS + CELL_COLUMNS * (cell + 1) - 1;
    screen_pad(screen, end - strlen(text));
    screen_print(screen, "%s", text);
}

/* What is too wide for its cell is so large that it needs no decimals. */
static void put_time(struct screen *screen, size_t cell, struct row_format format, double ns)
{
    char text[FIGURE_SIZE];
    figure_number(ns / format.unit->ns, format.decimals, text);
    if (strlen(text) >= CELL_COLUMNS)
        figure_number(ns / format.unit->ns, 0, text);
    put_cell(screen, cell, text);
}

/* Whether any figure had to be marked. */
static bool put_times(struct screen *screen, const char *label, const struct histogram *histogram)
{
    bool marked = false;
    if (histogram->count == 0)
        return false;
    struct row_format format = choose_format(histogram);
    screen_print(screen, "  %s, %s", label, format.unit->name);
    put_time(screen, CELL_MIN, format, (double)histogram->min_ns);
    put_time(screen, CELL_AVERAGE, format, histogram_mean_ns(histogram));
    for (size_t i = 0; i < PERCENTILES; i++) {
        double percent = percentiles[i].percent;
        put_time(screen, CELL_PERCENTILE + i, format,
                 (double)histogram_percentile_ns(histogram, percent));
        if (histogram_samples_beyond(histogram, percent) >= SAMPLES_ENOUGH)
            continue;
        screen_print(screen, "*");
        marked = true;
    }
    put_time(screen, CELL_MAX, format, (double)histogram->max_ns);
    screen_break(screen);
    return marked;
}

static void put_latencies(struct screen *screen, const struct recorder *recorded)
{
    if (recorded->latency.count == 0 && recorded->connect.count == 0)
        return;
    screen_break(screen);
    put_cell(screen, CELL_MIN, "min");
    put_cell(screen, CELL_AVERAGE, "avg");
    for (size_t i = 0; i < PERCENTILES; i++)
        put_cell(screen, CELL_PERCENTILE + i, percentiles[i].title);
    put_cell(screen, CELL_MAX, "max");
    screen_break(screen);
    bool latency_marked = put_times(screen, "latency", &recorded->latency);
    bool connect_marked = put_times(screen, "connect", &recorded->connect);
    if (!latency_marked && !connect_marked)
        return;
    screen_print(screen, "  * fewer than %d samples beyond it", SAMPLES_ENOUGH);
    screen_break(screen);
}

/* --- The page --- */

int report_verdict(const struct results *results, const struct console_style *style,
                   struct buffer *out)
{
    struct screen screen = {.out = out, .color = style->color};
    verdict_print(&screen, results);
    return screen.failed ? -1 : 0;
}

int report_console(const struct results *results, const struct console_style *style,
                   struct buffer *out)
{
    struct screen screen = {.out = out, .color = style->color};
    put_setup(&screen, &results->setup);
    screen_break(&screen);
    put_verdict_line(&screen, results);
    if (results->thresholds.count > 0) {
        screen_break(&screen);
        verdict_print_thresholds(&screen, &results->thresholds);
    }
    put_errors(&screen, &results->recorded.failures);
    screen_break(&screen);
    put_requests(&screen, results);
    put_connections(&screen, results);
    put_latencies(&screen, &results->recorded);
    if (style->summary_path != NULL) {
        screen_break(&screen);
        screen_print(&screen, "summary: %s", style->summary_path);
        screen_break(&screen);
    }
    return screen.failed ? -1 : 0;
}
