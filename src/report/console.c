#include "wsload/report/console.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "figures.h"
#include "outcome.h"
#include "screen.h"
#include "times.h"
#include "wsload/base/helpers.h"
#include "wsload/base/units.h"
#include "wsload/protocol/gateway.h"
#include "wsload/stats/cost.h"

/* --- What was asked --- */

#define STAGES_LABEL "stages"
#define URL_LINES    3
#define QUOTE_INDENT 2

/* Nothing of one whole run, which may have come in shards. */
static void put_parts(struct screen *screen, size_t indent, const struct measurement *measurement)
{
    uint64_t parts = measurement->parts;
    uint64_t shards = measurement->load.shards;
    if (parts % shards != 0)
        screen_item(screen, indent, "%" PRIu64 " of %" PRIu64 " shards", parts, shards);
    else if (parts > shards)
        screen_item(screen, indent, "%" PRIu64 " runs merged", parts / shards);
}

static void put_load(struct screen *screen, size_t indent, const struct load *load)
{
    screen_item(screen, indent, "%s connection%s%s", units_format_count(load->connections, SCRATCH),
                figure_plural(load->connections),
                load->connection_per_request ? ", one per request" : "");
    if (load->model != LOAD_HOLD)
        screen_item(screen, indent, "%s prompt%s", units_format_count(load->prompts, SCRATCH),
                    figure_plural(load->prompts));
    if (load->requests > 0 && load->requests != load->prompts)
        screen_item(screen, indent, "%s request%s", units_format_count(load->requests, SCRATCH),
                    figure_plural(load->requests));
    if (load->duration_ns > 0)
        screen_item(screen, indent, "%s", units_format_duration(load->duration_ns, SCRATCH));
    if (load->warmup_ns > 0)
        screen_item(screen, indent, "warm-up %s", units_format_duration(load->warmup_ns, SCRATCH));
}

/* "open model, 1,000/s constant, 2 workers"; with stages they tell the rate. */
static void put_model(struct screen *screen, size_t indent, const struct load *load)
{
    static const char *const models[] = {"closed loop", "open model", "hold"};
    const char *law = load->arrival == ARRIVAL_POISSON ? "Poisson" : "constant";
    char arrivals[FIGURE_SIZE + 16] = "";
    if (load->model == LOAD_OPEN && load->stages.count > 0)
        snprintf(arrivals, sizeof(arrivals), ", %s", law);
    else if (load->model == LOAD_OPEN)
        snprintf(arrivals, sizeof(arrivals), ", %s/s %s", figure_exact(load->stages.start, SCRATCH),
                 law);
    screen_item(screen, indent, "%s%s, %u worker%s", models[load->model], arrivals, load->workers,
                figure_plural(load->workers));
}

/* "think time 2s", "think time 1s-5s" or "think time exp:2s" */
static void put_think(struct screen *screen, size_t indent, const struct think *think)
{
    bool range = think->law == THINK_UNIFORM && think->low_ns != think->high_ns;
    screen_item(screen, indent, "think time %s%s%s%s",
                think->law == THINK_EXPONENTIAL ? "exp:" : "",
                figure_typed_duration(think->low_ns, SCRATCH), range ? "-" : "",
                range ? figure_typed_duration(think->high_ns, SCRATCH) : "");
}

/* Whether the seed matters. */
static bool is_random(const struct load *load)
{
    return load->model == LOAD_OPEN || load->think.law != THINK_NONE;
}

static void put_details(struct screen *screen, size_t indent, const struct load *load)
{
    if (load->in_flight > 1)
        screen_item(screen, indent, "%u in flight on each connection", load->in_flight);
    if (load->think.law != THINK_NONE)
        put_think(screen, indent, &load->think);
    if (load->connect_rate > 0)
        screen_item(screen, indent, "opening %s/s", figure_exact(load->connect_rate, SCRATCH));
    if (is_random(load))
        screen_item(screen, indent, "seed %" PRIu64, load->seed);
}

/* "stages   from 100   30s:500   1m:0" */
static void put_stages(struct screen *screen, size_t indent, const struct stages *stages)
{
    screen_item(screen, indent, STAGES_LABEL);
    indent += strlen(STAGES_LABEL "   ");
    if (stages->start > 0)
        screen_item(screen, indent, "from %s", figure_exact(stages->start, SCRATCH));
    for (size_t i = 0; i < stages->count; i++)
        screen_item(screen, indent, "%s:%s",
                    figure_typed_duration(stages->items[i].duration_ns, SCRATCH),
                    figure_exact(stages->items[i].target, SCRATCH));
}

/* Returns the column that what follows is indented to. */
static size_t put_url(struct screen *screen, const struct load *load)
{
    screen_print(screen, "wsload %s", WSLOAD_VERSION);
    size_t indent = screen->column + 3;
    screen_pad(screen, indent);
    screen_wrap(screen, URL_LINES, text_of(load->url));
    return indent;
}

static void put_headline(struct screen *screen, const struct measurement *measurement)
{
    const struct load *load = &measurement->load;
    size_t indent = put_url(screen, load);
    put_parts(screen, indent, measurement);
    put_load(screen, indent, load);
    put_model(screen, indent, load);
    put_details(screen, indent, load);
    if (load->stages.count > 0) {
        screen_break(screen);
        put_stages(screen, indent, &load->stages);
    }
    screen_break(screen);
}

/* --- Lines of counts --- */

static void put_count(struct screen *screen, uint64_t count, const char *what)
{
    screen_item(screen, SCREEN_LABEL, "%s %s", units_format_count(count, SCRATCH), what);
}

static void put_counter(struct screen *screen, const struct measurement *measurement,
                        enum counter id)
{
    put_count(screen, measurement->counts[id], metric_of_counter(id)->short_label);
}

/* The counters of LINE, as the catalogue has them. With a LABEL, the first of them begins a line of
 * that name. */
static void put_counters(struct screen *screen, const struct measurement *measurement,
                         enum metric_line line, const char *label)
{
    bool begun = !label;
    for (enum counter id = 0; id < COUNTER_COUNT; id++) {
        const struct metric *metric = metric_of_counter(id);
        if (metric->line != line || !(metric->always || measurement->counts[id] > 0))
            continue;
        if (!begun)
            screen_print(screen, "%s", label);
        begun = true;
        put_counter(screen, measurement, id);
    }
    if (begun && label)
        screen_break(screen);
}

/* "376/s", and WHAT. */
static void put_rate(struct screen *screen, const struct measurement *measurement, enum derived id,
                     const char *what)
{
    double value = 0;
    metric_value(metric_of_derived(id), measurement, &value);
    screen_item(screen, SCREEN_LABEL, "%s/s%s", units_format_number(value, SCRATCH), what);
}

static void put_time(struct screen *screen, uint64_t ns)
{
    screen_item(screen, SCREEN_LABEL, "%s", units_format_duration(ns, SCRATCH));
}

/* --- Requests --- */

static void put_requests(struct screen *screen, const struct measurement *measurement)
{
    uint64_t total_ns = measurement->counts[COUNT_TOTAL_TIME];
    screen_print(screen, "requests");
    if (measurement->counts[COUNT_SKIPPED] > 0)
        put_counter(screen, measurement, COUNT_PLANNED);
    put_counters(screen, measurement, LINE_REQUESTS, NULL);
    if (total_ns > 0) {
        put_time(screen, total_ns);
        put_rate(screen, measurement, DERIVED_REQUESTS_PER_SECOND, "");
    }
    screen_break(screen);
}

static void put_rates(struct screen *screen, const struct measurement *measurement)
{
    if (measurement->load.levels.any) {
        screen_print(screen, "goodput");
        put_rate(screen, measurement, DERIVED_GOODPUT, "");
        screen_item(screen, SCREEN_LABEL, "within every latency threshold");
        screen_break(screen);
    }
    if (measurement->load.model == LOAD_OPEN) {
        screen_print(screen, "rate");
        put_rate(screen, measurement, DERIVED_RATE_ASKED, " asked");
        put_rate(screen, measurement, DERIVED_RATE_ACHIEVED, " achieved");
        put_counters(screen, measurement, LINE_RATE, NULL);
        screen_break(screen);
    }
}

static void put_started(struct screen *screen, uint64_t time_ns, uint64_t requests)
{
    put_time(screen, time_ns);
    put_count(screen, requests, requests == 1 ? "request" : "requests");
}

/* What the figures leave out or came late: the rehearsal, the warm-up and the drain. */
static void put_apart(struct screen *screen, const struct measurement *measurement)
{
    const uint64_t *counts = measurement->counts;
    if (counts[COUNT_REHEARSAL_REQUESTS] > 0) {
        screen_print(screen, "rehearsal");
        put_time(screen, counts[COUNT_REHEARSAL_TIME]);
        put_counters(screen, measurement, LINE_REHEARSAL, NULL);
        screen_break(screen);
    }
    if (measurement->load.warmup_ns > 0) {
        screen_print(screen, "warm-up");
        put_started(screen, measurement->load.warmup_ns,
                    counts[COUNT_WARMUP_SENT] + counts[COUNT_WARMUP_UNSENT]);
        put_counters(screen, measurement, LINE_WARMUP, NULL);
        screen_break(screen);
    }
    if (counts[COUNT_DRAINED] > 0) {
        screen_print(screen, "drain");
        put_started(screen, counts[COUNT_DRAIN_TIME], counts[COUNT_DRAINED]);
        screen_break(screen);
    }
}

/* --- Messages --- */

/* What the streams were made of, then messages that are no part of any reply. */
static void put_messages(struct screen *screen, const struct measurement *measurement)
{
    const struct histogram *messages = &measurement->distributions[DIST_REPLY_MESSAGES];
    const struct histogram *bytes = &measurement->distributions[DIST_REPLY_BYTES];
    if (messages->count > 0) {
        screen_print(screen, "replies");
        put_count(screen, (uint64_t)messages->sum, "messages");
        screen_item(screen, SCREEN_LABEL, "%s per reply",
                    units_format_number(histogram_mean(messages), SCRATCH));
        screen_item(screen, SCREEN_LABEL, "%s per reply",
                    units_format_size((uint64_t)round(histogram_mean(bytes)), SCRATCH));
        screen_break(screen);
    }
    put_counters(screen, measurement, LINE_MESSAGES, "messages");
    if (measurement->load.reply == REPLY_NONE && measurement->load.model != LOAD_HOLD) {
        screen_print(screen, "latency");
        screen_item(screen, SCREEN_LABEL, "none: --one-way");
        screen_break(screen);
    }
}

/* --- Connections --- */

static void put_connections(struct screen *screen, const struct measurement *measurement)
{
    const uint64_t *counts = measurement->counts;
    bool timed = !measurement->load.connection_per_request && counts[COUNT_OPEN_TIME] > 0;
    screen_print(screen, "connections");
    screen_item(screen, SCREEN_LABEL, "%s opened%s%s",
                units_format_count(counts[COUNT_OPENED], SCRATCH),
                measurement->load.connection_per_request ? ", one per request"
                : timed                                  ? " in "
                                                         : "",
                timed ? units_format_duration(counts[COUNT_OPEN_TIME], SCRATCH) : "");
    if (measurement->load.model == LOAD_HOLD)
        screen_item(screen, SCREEN_LABEL, "%s still open after %s",
                    units_format_count(counts[COUNT_OPEN_AT_END], SCRATCH),
                    units_format_duration(counts[COUNT_TOTAL_TIME], SCRATCH));
    put_counters(screen, measurement, LINE_CONNECTIONS, NULL);
    screen_break(screen);
}

/* --- The network --- */

/* "RTT p50 21.3 ms (min 20.1)": the unit stands once, unless they have two. */
static void put_round_trips(struct screen *screen, const struct measurement *measurement)
{
    char p50[FIGURE_SIZE];
    char min[FIGURE_SIZE];
    const struct histogram *rtt = &measurement->distributions[DIST_RTT];
    const struct histogram *min_rtt = &measurement->distributions[DIST_MIN_RTT];
    double p50_ns = (double)histogram_percentile(rtt, 50);
    double min_ns = (double)min_rtt->min;
    const struct time_unit *unit = figure_time_unit(p50_ns);
    const struct time_unit *min_unit = figure_time_unit(min_ns);
    p50_ns /= unit->ns;
    min_ns /= min_unit->ns;
    figure_number(p50_ns, figure_decimals(p50_ns), p50);
    figure_number(min_ns, figure_decimals(min_ns), min);
    if (min_rtt->count == 0)
        screen_item(screen, SCREEN_LABEL, "RTT p50 %s %s", p50, unit->name);
    else
        screen_item(screen, SCREEN_LABEL, "RTT p50 %s %s (min %s%s%s)", p50, unit->name, min,
                    min_unit == unit ? "" : " ", min_unit == unit ? "" : min_unit->name);
}

/* Inside this machine there is none to speak of, unless it loses something. */
static void put_network(struct screen *screen, const struct measurement *measurement)
{
    uint64_t again = measurement->counts[COUNT_RETRANSMITS];
    if (measurement->distributions[DIST_RTT].count == 0 ||
        (measurement->same_machine && again == 0))
        return;
    screen_print(screen, "network");
    put_round_trips(screen, measurement);
    if (again > 0)
        screen_item(screen, SCREEN_LABEL, "%s segment%s sent again",
                    units_format_count(again, SCRATCH), figure_plural(again));
    screen_break(screen);
}

/* --- Cost --- */

static void put_cost(struct screen *screen, const struct measurement *measurement)
{
    struct cost cost = cost_estimate(measurement);
    const struct prices *prices = &measurement->load.prices;
    char prices_text[2 * FIGURE_SIZE + 64];
    screen_print(screen, "cost");
    screen_item(screen, SCREEN_LABEL, "%s estimated", figure_usd(cost.total_usd, SCRATCH));
    if (cost.per_1000_prompts_usd >= 0)
        screen_item(screen, SCREEN_LABEL, "%s per 1,000 prompts",
                    figure_usd(cost.per_1000_prompts_usd, SCRATCH));
    screen_break(screen);
    snprintf(prices_text, sizeof(prices_text), "at %s per million messages, %s per million minutes",
             figure_price(prices->per_million_messages, SCRATCH),
             figure_price(prices->per_million_minutes, SCRATCH));
    screen_pad(screen, SCREEN_LABEL);
    screen_words(screen, prices_text);
    screen_break(screen);
    screen_print(screen, "quota");
    screen_item(screen, SCREEN_LABEL, "%s messages/s of the account's %s",
                figure_beside(cost.messages_per_s, GATEWAY_QUOTA_PER_S, SCRATCH),
                units_format_count(GATEWAY_QUOTA_PER_S, SCRATCH));
    screen_break(screen);
}

/* --- The whole page --- */

static void put_counts(struct screen *screen, const struct measurement *measurement,
                       const struct validity *validity)
{
    const struct load *load = &measurement->load;
    screen_break(screen);
    if (load->model != LOAD_HOLD)
        put_requests(screen, measurement);
    put_rates(screen, measurement);
    put_apart(screen, measurement);
    put_messages(screen, measurement);
    put_connections(screen, measurement);
    put_network(screen, measurement);
    outcome_print_notes(screen, validity);
    if (load->gateway)
        put_cost(screen, measurement);
}

int report_headline(const struct load *load, struct buffer *out)
{
    struct screen screen = {.out = out, .columns = SIZE_MAX};
    size_t indent = put_url(&screen, load);
    put_load(&screen, indent, load);
    put_model(&screen, indent, load);
    if (load->stages.count > 0)
        put_stages(&screen, indent, &load->stages);
    put_details(&screen, indent, load);
    if (!is_random(load))
        screen_item(&screen, indent, "seed %" PRIu64, load->seed);
    screen_break(&screen);
    return screen.failed ? -1 : 0;
}

int report_verdict(const struct measurement *measurement, const struct verdict *verdict,
                   const struct console_style *style, struct buffer *out)
{
    struct screen screen = {.out = out, .color = style->color, .columns = SIZE_MAX};
    outcome_print(&screen, measurement, verdict);
    return screen.failed ? -1 : 0;
}

int report_console(const struct measurement *measurement, const struct verdict *verdict,
                   const struct console_style *style, struct buffer *out)
{
    char code[UNITS_SIZE];
    struct screen screen = {
        .out = out, .color = style->color, .columns = screen_layout(style->columns)};
    put_headline(&screen, measurement);
    screen_break(&screen);
    outcome_print(&screen, measurement, verdict);
    snprintf(code, sizeof(code), "exit %d", (int)verdict->code);
    screen_end(&screen, code);
    screen_break(&screen);
    outcome_print_details(&screen, measurement, verdict);
    put_counts(&screen, measurement, &verdict->validity);
    times_print(&screen, measurement);
    if (style->summary_path) {
        screen_break(&screen);
        screen.columns = SIZE_MAX; /* to be copied */
        screen_print(&screen, "summary: %s", style->summary_path);
        screen_break(&screen);
    }
    return screen.failed ? -1 : 0;
}

int report_quote(struct text text, size_t lines, unsigned columns, struct buffer *out)
{
    struct screen screen = {.out = out, .columns = screen_layout(columns)};
    screen_pad(&screen, QUOTE_INDENT);
    screen_wrap(&screen, lines, text);
    screen_break(&screen);
    return screen.failed ? -1 : 0;
}
