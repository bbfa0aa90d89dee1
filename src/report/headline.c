#include "headline.h"

#include <inttypes.h>
#include <string.h>

#include "wsload/base/units.h"
#include "wsload/report/figures.h"

#define STAGES_LABEL "stages   "

static void put_load(struct screen *screen, size_t indent, const struct results_setup *setup)
{
    char text[UNITS_SIZE];
    screen_item(screen, indent, "%s connection%s%s", units_format_count(setup->connections, text),
                figure_plural(setup->connections),
                setup->connection_per_request ? ", one per request" : "");
    if (setup->model != LOAD_HOLD)
        screen_item(screen, indent, "%s prompt%s", units_format_count(setup->prompts, text),
                    figure_plural(setup->prompts));
    if (setup->requests > 0 && setup->requests != setup->prompts)
        screen_item(screen, indent, "%s request%s", units_format_count(setup->requests, text),
                    figure_plural(setup->requests));
    if (setup->duration_ns > 0)
        screen_item(screen, indent, "%s", units_format_duration(setup->duration_ns, text));
    if (setup->warmup_ns > 0)
        screen_item(screen, indent, "warm-up %s", units_format_duration(setup->warmup_ns, text));
}

/* "open model, 1,000/s constant, 2 workers"; with stages they tell the rate. */
static void put_model(struct screen *screen, size_t indent, const struct results_setup *setup)
{
    const char *law = setup->arrival == ARRIVAL_POISSON ? "Poisson" : "constant";
    const char *plural = figure_plural(setup->workers);
    char rate[FIGURE_SIZE];
    if (setup->model == LOAD_CLOSED)
        screen_item(screen, indent, "closed loop, %u worker%s", setup->workers, plural);
    else if (setup->model == LOAD_HOLD)
        screen_item(screen, indent, "hold, %u worker%s", setup->workers, plural);
    else if (setup->stages.count > 0)
        screen_item(screen, indent, "open model, %s, %u worker%s", law, setup->workers, plural);
    else
        screen_item(screen, indent, "open model, %s/s %s, %u worker%s",
                    figure_exact(setup->stages.start, rate), law, setup->workers, plural);
}

/* The seed matters where something is random. */
static void put_details(struct screen *screen, size_t indent, const struct results_setup *setup)
{
    char rate[FIGURE_SIZE];
    if (setup->in_flight > 1)
        screen_item(screen, indent, "%u in flight on each connection", setup->in_flight);
    if (setup->think_time != NULL)
        screen_item(screen, indent, "think time %s", setup->think_time);
    if (setup->connect_rate > 0)
        screen_item(screen, indent, "opening %s/s", figure_exact(setup->connect_rate, rate));
    if (setup->model == LOAD_OPEN || setup->think_time != NULL)
        screen_item(screen, indent, "seed %" PRIu64, setup->seed);
}

/* "stages   from 100   30s:500   1m:0", in a line of its own. */
static void put_stages(struct screen *screen, size_t indent, const struct stages *stages)
{
    char duration[FIGURE_SIZE];
    char level[FIGURE_SIZE];
    if (stages->count == 0)
        return;
    screen_break(screen);
    screen_pad(screen, indent);
    screen_print(screen, STAGES_LABEL);
    indent += strlen(STAGES_LABEL);
    if (stages->start > 0)
        screen_item(screen, indent, "from %s", figure_exact(stages->start, level));
    for (size_t i = 0; i < stages->count; i++)
        screen_item(screen, indent, "%s:%s",
                    figure_typed_duration(stages->items[i].duration_ns, duration),
                    figure_exact(stages->items[i].target, level));
}

void headline_print(struct screen *screen, const struct results_setup *setup)
{
    screen_print(screen, "wsload %s", WSLOAD_VERSION);
    size_t indent = screen->column + 3;
    screen_item(screen, indent, "%s", setup->url);
    put_load(screen, indent, setup);
    put_model(screen, indent, setup);
    put_details(screen, indent, setup);
    put_stages(screen, indent, &setup->stages);
    screen_break(screen);
}
