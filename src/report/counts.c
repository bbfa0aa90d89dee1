#include "counts.h"

#include <math.h>

#include "wsload/base/units.h"
#include "wsload/protocol/gateway.h"
#include "wsload/report/figures.h"

/* --- Requests --- */

static void put_count(struct screen *screen, uint64_t count, const char *what)
{
    char text[UNITS_SIZE];
    screen_item(screen, SCREEN_LABEL, "%s %s", units_format_count(count, text), what);
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
    if (results->total_time_ns > 0) {
        screen_item(screen, SCREEN_LABEL, "%s",
                    units_format_duration(results->total_time_ns, text));
        screen_item(screen, SCREEN_LABEL, "%s/s",
                    units_format_number(results_requests_per_s(results), text));
    }
    screen_break(screen);
}

static void put_goodput(struct screen *screen, const struct results *results)
{
    char text[UNITS_SIZE];
    screen_print(screen, "goodput");
    screen_item(screen, SCREEN_LABEL, "%s/s",
                units_format_number(results_goodput_per_s(results), text));
    screen_item(screen, SCREEN_LABEL, "within every latency threshold");
    screen_break(screen);
}

static void put_rate(struct screen *screen, const struct results *results)
{
    char text[UNITS_SIZE];
    screen_print(screen, "rate");
    screen_item(screen, SCREEN_LABEL, "%s/s asked",
                units_format_number(results->asked_per_s, text));
    screen_item(screen, SCREEN_LABEL, "%s/s achieved",
                units_format_number(results_achieved_per_s(results), text));
    put_count_if_any(screen, results->recorded.waited, "waited for a free connection");
    screen_break(screen);
}

static void put_started(struct screen *screen, uint64_t time_ns, uint64_t requests)
{
    char text[UNITS_SIZE];
    screen_item(screen, SCREEN_LABEL, "%s", units_format_duration(time_ns, text));
    screen_item(screen, SCREEN_LABEL, "%s request%s", units_format_count(requests, text),
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

/* --- Messages --- */

/* What the streams were made of. */
static void put_replies(struct screen *screen, const struct recorder *recorded)
{
    char text[UNITS_SIZE];
    screen_print(screen, "replies");
    put_count(screen, (uint64_t)recorded->reply_messages.sum_ns, "messages");
    screen_item(screen, SCREEN_LABEL, "%s per reply",
                units_format_number(histogram_mean_ns(&recorded->reply_messages), text));
    screen_item(
        screen, SCREEN_LABEL, "%s per reply",
        units_format_size((uint64_t)round(histogram_mean_ns(&recorded->reply_bytes)), text));
    screen_break(screen);
}

/* Those that are no part of any reply. */
static void put_stray_messages(struct screen *screen, const struct recorder *recorded)
{
    if (recorded->late + recorded->unsolicited + recorded->ignored == 0)
        return;
    screen_print(screen, "messages");
    put_count_if_any(screen, recorded->late, "late");
    put_count_if_any(screen, recorded->unsolicited, "unsolicited");
    put_count_if_any(screen, recorded->ignored, "ignored");
    screen_break(screen);
}

static void put_messages(struct screen *screen, const struct results *results)
{
    if (results->recorded.reply_messages.count > 0)
        put_replies(screen, &results->recorded);
    put_stray_messages(screen, &results->recorded);
    if (!results->setup.one_way)
        return;
    screen_print(screen, "latency");
    screen_item(screen, SCREEN_LABEL, "none: --one-way");
    screen_break(screen);
}

/* --- Connections --- */

static void put_opened(struct screen *screen, const struct results *results)
{
    uint64_t opened = results->recorded.connections.opened;
    char count[UNITS_SIZE];
    char time[UNITS_SIZE];
    units_format_count(opened, count);
    if (results->setup.connection_per_request)
        screen_item(screen, SCREEN_LABEL, "%s opened, one per request", count);
    else if (results->open_time_ns == 0)
        screen_item(screen, SCREEN_LABEL, "%s opened", count);
    else
        screen_item(screen, SCREEN_LABEL, "%s opened in %s", count,
                    units_format_duration(results->open_time_ns, time));
}

static void put_still_open(struct screen *screen, const struct results *results)
{
    char count[UNITS_SIZE];
    char time[UNITS_SIZE];
    screen_item(screen, SCREEN_LABEL, "%s still open after %s",
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
    put_count_if_any(screen, counts->rotated, "rotated");
    put_count_if_any(screen, results->recorded.keepalives, "keepalives sent");
    screen_break(screen);
}

/* --- Notes --- */

/* What is worth knowing about the run and no fault of it. */
static void put_note(struct screen *screen, const struct trust_reason *note)
{
    screen_print(screen, "note");
    screen_pad(screen, SCREEN_LABEL);
    screen_words(screen, note->text);
    screen_break(screen);
    if (note->advice[0] == '\0')
        return;
    screen_pad(screen, SCREEN_LABEL);
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

/* --- Cost --- */

static void put_prices(struct screen *screen, const struct prices *prices)
{
    char messages[FIGURE_SIZE];
    char minutes[FIGURE_SIZE];
    screen_pad(screen, SCREEN_LABEL);
    screen_print(screen, "at %s per million messages, %s per million minutes",
                 figure_price(prices->per_million_messages, messages),
                 figure_price(prices->per_million_minutes, minutes));
    screen_break(screen);
}

static void put_quota(struct screen *screen, double messages_per_s)
{
    char rate[UNITS_SIZE];
    char quota[UNITS_SIZE];
    screen_print(screen, "quota");
    screen_item(screen, SCREEN_LABEL, "%s messages/s of the account's %s",
                units_format_number(messages_per_s, rate),
                units_format_count(GATEWAY_QUOTA_PER_S, quota));
    screen_break(screen);
}

static void put_cost(struct screen *screen, const struct results *results)
{
    struct cost cost = cost_estimate(results);
    char text[FIGURE_SIZE];
    screen_print(screen, "cost");
    screen_item(screen, SCREEN_LABEL, "%s estimated", figure_usd(cost.total_usd, text));
    if (cost.per_1000_prompts_usd >= 0)
        screen_item(screen, SCREEN_LABEL, "%s per 1,000 prompts",
                    figure_usd(cost.per_1000_prompts_usd, text));
    screen_break(screen);
    put_prices(screen, &results->setup.prices);
    put_quota(screen, cost.messages_per_s);
}

/* --- All of them --- */

void counts_print(struct screen *screen, const struct results *results)
{
    screen_break(screen);
    if (results->setup.model != LOAD_HOLD)
        put_requests(screen, results);
    if (results->recorded.setup.levels.any)
        put_goodput(screen, results);
    if (results->setup.model == LOAD_OPEN)
        put_rate(screen, results);
    put_apart(screen, results);
    put_messages(screen, results);
    put_connections(screen, results);
    put_notes(screen, &results->trust);
    if (results->setup.gateway)
        put_cost(screen, results);
}
