#include "timings.h"

#include <string.h>

#include "wsload/report/figures.h"

#define CELL_COLUMNS   8  /* a figure and its mark */
#define SAMPLES_ENOUGH 10 /* beyond a percentile, to take it without a mark */
#define ROWS_MAX       8
#define DECIMALS_MAX   3

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

/* Whether the widest figure leaves room in its cell for a mark and a space. */
static bool fits(struct row_format format, uint64_t max_ns)
{
    char text[FIGURE_SIZE];
    figure_number((double)max_ns / format.unit->ns, format.decimals, text);
    return strlen(text) <= CELL_COLUMNS - 2;
}

/* The median reads best; what is too wide for that costs it decimals, then its unit. */
static struct row_format choose_format(const struct histogram *histogram)
{
    double median_ns = (double)histogram_percentile_ns(histogram, 50);
    const struct time_unit *unit = figure_time_unit(median_ns);
    struct row_format format = {unit, figure_decimals(median_ns / unit->ns)};
    while (!fits(format, histogram->max_ns)) {
        const struct time_unit *larger = figure_time_unit(format.unit->ns * 1000);
        if (format.decimals > 0)
            format.decimals--;
        else if (larger != format.unit)
            format = (struct row_format){larger, DECIMALS_MAX};
        else
            break;
    }
    return format;
}

/* Right-aligned; what is marked behind it leaves digits below digits. */
static void put_cell(struct screen *screen, size_t cell, const char *text)
{
    size_t end = SCREEN_LABEL + CELL_COLUMNS * (cell + 1) - 1;
    screen_pad(screen, end - strlen(text));
    screen_print(screen, "%s", text);
}

/* What is there is not shown as 0. */
static void put_time(struct screen *screen, size_t cell, struct row_format format, double ns)
{
    char text[FIGURE_SIZE];
    figure_number(ns / format.unit->ns, format.decimals, text);
    put_cell(screen, cell, ns > 0 && strcmp(text, "0") == 0 ? "<1" : text);
}

/* Whether any figure had to be marked. */
static bool put_times(struct screen *screen, const char *label, const struct histogram *histogram)
{
    bool marked = false;
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

/* One line of the table. */
struct row {
    const char *label;
    const struct histogram *histogram;
};

/* The rows of a run, as far as anything was measured, into ROWS; returns how many. A closed run has
 * no response times of its own: they are its latencies. */
static size_t choose_rows(const struct results *results, struct row rows[ROWS_MAX])
{
    const struct recorder *recorded = &results->recorded;
    const struct row all[ROWS_MAX] = {
        {"latency", &recorded->latency},
        {"response", &recorded->response_time},
        {"ttfm", &recorded->ttfm},
        {"gap", &recorded->gap},
        {"tpom", &recorded->tpom},
        {"send lag", &recorded->send_lag},
        {"connect", &recorded->connect[CONNECT_TOTAL]},
        {"lifetime", &recorded->lifetime},
    };
    size_t count = 0;
    for (size_t i = 0; i < ROWS_MAX; i++) {
        bool wanted = all[i].histogram != &recorded->lifetime || results->setup.model == LOAD_HOLD;
        if (wanted && all[i].histogram->count > 0)
            rows[count++] = all[i];
    }
    return count;
}

static void put_head(struct screen *screen)
{
    put_cell(screen, CELL_MIN, "min");
    put_cell(screen, CELL_AVERAGE, "avg");
    for (size_t i = 0; i < PERCENTILES; i++)
        put_cell(screen, CELL_PERCENTILE + i, percentiles[i].title);
    put_cell(screen, CELL_MAX, "max");
    screen_break(screen);
}

void timings_print(struct screen *screen, const struct results *results)
{
    struct row rows[ROWS_MAX];
    size_t count = choose_rows(results, rows);
    bool marked = false;
    if (count == 0)
        return;
    screen_break(screen);
    put_head(screen);
    for (size_t i = 0; i < count; i++)
        marked |= put_times(screen, rows[i].label, rows[i].histogram);
    if (!marked)
        return;
    screen_print(screen, "  * fewer than %d samples beyond it", SAMPLES_ENOUGH);
    screen_break(screen);
}
