#include "times.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "figures.h"
#include "wsload/base/helpers.h"

#define CELL_COLUMNS   8  /* a figure and its mark */
#define FIGURE_COLUMNS 6  /* of the widest one: "99,999" */
#define SAMPLES_ENOUGH 10 /* beyond a percentile, to take it without a mark */
#define DECIMALS_MAX   4  /* "0.0512" */

static const struct cell {
    const char *title;
    double percent; /* of a percentile */
    bool always;    /* in narrow terminals, too */
} cells[] = {
    {"min", 0, false}, {"avg", 0, true},  {"p50", 50, true},      {"p90", 90, false},
    {"p95", 95, true}, {"p99", 99, true}, {"p99.9", 99.9, false}, {"max", 0, true},
};

#define CELLS    ARRAY_LENGTH(cells)
#define CELL_MIN 0
#define CELL_AVG 1
#define CELL_MAX (CELLS - 1)

static double cell_ns(size_t cell, const struct histogram *histogram)
{
    switch (cell) {
    case CELL_MIN:
        return (double)histogram->min;
    case CELL_AVG:
        return histogram_mean(histogram);
    case CELL_MAX:
        return (double)histogram->max;
    default:
        return (double)histogram_percentile(histogram, cells[cell].percent);
    }
}

static bool is_marked(size_t cell, const struct histogram *histogram)
{
    double percent = cells[cell].percent;
    return percent > 0 && histogram_samples_beyond(histogram, percent) < SAMPLES_ENOUGH;
}

static bool is_shown(size_t cell, const struct screen *screen)
{
    return cells[cell].always || SCREEN_LABEL + CELL_COLUMNS * CELLS <= screen_width(screen);
}

/* One unit for a whole row, and the most digits after the point. */
struct row_format {
    const struct time_unit *unit;
    int decimals;
};

/* The digits that make three significant ones of VALUE: more than that nothing deserves. */
static int decimals_of(double value)
{
    int decimals = figure_decimals(value);
    for (double limit = 0.09995; decimals < DECIMALS_MAX && value < limit; limit /= 10)
        decimals++;
    return decimals;
}

/* The median has three significant digits, whatever a few slow samples are; for those the unit has
 * to be large enough. */
static struct row_format choose_format(const struct histogram *histogram)
{
    char widest[FIGURE_SIZE];
    double median_ns = (double)histogram_percentile(histogram, 50);
    const struct time_unit *unit = figure_time_unit(median_ns);
    const struct time_unit *larger = unit;
    do {
        unit = larger;
        larger = figure_time_unit(unit->ns * 1000);
        figure_number((double)histogram->max / unit->ns, 0, widest);
    } while (strlen(widest) > FIGURE_COLUMNS && larger != unit);
    return (struct row_format){unit, decimals_of(median_ns / unit->ns)};
}

/* Right-aligned to END; a mark after the figure leaves digits below digits. */
static void put_cell(struct screen *screen, size_t end, const char *text)
{
    screen_pad(screen, end - strlen(text));
    screen_print(screen, "%s", text);
}

/* What is there is not shown as 0. */
static const char *shown_time(struct row_format format, double ns, char out[FIGURE_SIZE])
{
    double value = ns / format.unit->ns;
    double least = pow(10, -format.decimals);
    int decimals = format.decimals;
    if (value > 0 && decimals_of(value) < decimals)
        decimals = decimals_of(value);
    if (value > 0 && value < least / 2)
        snprintf(out, FIGURE_SIZE, "<%.*f", format.decimals, least);
    else
        figure_number(value, decimals, out);
    return out;
}

/* Whether any figure had to be marked. */
static bool put_times_row(struct screen *screen, const char *label,
                          const struct histogram *histogram)
{
    bool marked = false;
    size_t end = SCREEN_LABEL - 1;
    struct row_format format = choose_format(histogram);
    screen_print(screen, "  %s, %s", label, format.unit->name);
    for (size_t cell = 0; cell < CELLS; cell++) {
        if (!is_shown(cell, screen))
            continue;
        end += CELL_COLUMNS;
        put_cell(screen, end, shown_time(format, cell_ns(cell, histogram), SCRATCH));
        if (!is_marked(cell, histogram))
            continue;
        screen_print(screen, "*");
        marked = true;
    }
    screen_break(screen);
    return marked;
}

static void put_times_head(struct screen *screen)
{
    size_t end = SCREEN_LABEL - 1;
    screen_break(screen);
    for (size_t cell = 0; cell < CELLS; cell++)
        if (is_shown(cell, screen))
            put_cell(screen, end += CELL_COLUMNS, cells[cell].title);
    screen_break(screen);
}

void times_print(struct screen *screen, const struct measurement *measurement)
{
    unsigned kinds = metric_run_kinds(&measurement->load);
    size_t rows = 0;
    bool marked = false;
    for (enum distribution id = 0; id < DISTRIBUTION_COUNT; id++) {
        const struct metric *metric = metric_of_distribution(id);
        const struct histogram *histogram = &measurement->distributions[id];
        if (!metric->shown || (metric->shown & ~kinds) || histogram->count == 0)
            continue;
        if (rows++ == 0)
            put_times_head(screen);
        marked |= put_times_row(screen, metric->short_label, histogram);
    }
    if (marked) {
        screen_print(screen, "  * fewer than %d samples beyond it", SAMPLES_ENOUGH);
        screen_break(screen);
    }
}
