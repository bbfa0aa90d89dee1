#include "wsload/load/load.h"

#include <string.h>

#include "wsload/base/helpers.h"

static const char *const models[] = {"closed", "open", "hold", NULL};
static const char *const replies[] = {"message", "stream", "none", NULL};
static const char *const tellers[] = {"order", "end", "id", NULL};
static const char *const arrivals[] = {"constant", "poisson", NULL};

const char *const load_timestamps_names[] = {"auto", "kernel", "user", NULL};

const char *const load_level_names[LEVEL_COUNT] = {
    [LEVEL_LATENCY] = "latency",
    [LEVEL_RESPONSE] = "response_time",
    [LEVEL_TTFM] = "ttfm",
    [LEVEL_TPOM] = "tpom",
};

#define MEMBER(path_, type_, member, ...)                                                          \
    {                                                                                              \
        .path = path_, .type = type_, .offset = offsetof(struct load, member),                     \
        .size = sizeof(((struct load *)0)->member), __VA_ARGS__                                    \
    }

static const struct load_member members[] = {
    MEMBER("target.url", LOAD_TEXT, url),
    MEMBER("target.origin", LOAD_TEXT, origin, .optional = true),
    MEMBER("load.model", LOAD_CHOICE, model, .names = models),
    MEMBER("load.reply", LOAD_CHOICE, reply, .names = replies),
    MEMBER("load.told_by", LOAD_CHOICE, told_by, .names = tellers),
    MEMBER("load.connections", LOAD_COUNT32, connections),
    MEMBER("load.requests", LOAD_COUNT, requests, .optional = true),
    MEMBER("load.duration", LOAD_SECONDS, duration_ns, .optional = true),
    MEMBER("load.warmup", LOAD_SECONDS, warmup_ns, .optional = true),
    MEMBER("load.prompts", LOAD_COUNT, prompts),
    MEMBER("load.workers", LOAD_COUNT32, workers, .varies = true, .least = 1),
    MEMBER("load.connection_per_request", LOAD_BOOL, connection_per_request),
    MEMBER("load", LOAD_STAGES, stages),
    MEMBER("load.arrival", LOAD_CHOICE, arrival, .names = arrivals, .open = true),
    MEMBER("load.in_flight", LOAD_COUNT32, in_flight, .least = 1, .most = IN_FLIGHT_MAX),
    MEMBER("load.max_queue", LOAD_COUNT, max_queue, .open = true),
    MEMBER("load.think_time", LOAD_THINK, think, .optional = true),
    MEMBER("load.connect_rate", LOAD_NUMBER, connect_rate, .optional = true),
    MEMBER("load.timestamps", LOAD_CHOICE, timestamps, .names = load_timestamps_names),
    MEMBER("load.seed", LOAD_COUNT, seed, .varies = true, .digits = true),
    MEMBER("load.goodput", LOAD_LEVELS, levels, .optional = true),
    MEMBER("load.price_messages", LOAD_NUMBER, prices.per_million_messages),
    MEMBER("load.price_minutes", LOAD_NUMBER, prices.per_million_minutes),
    MEMBER("load.gateway", LOAD_BOOL, gateway),
    MEMBER("load.strict", LOAD_BOOL, strict, .varies = true),
    MEMBER("load.record", LOAD_BOOL, record, .varies = true),
    MEMBER("load.shards", LOAD_COUNT, shards, .least = 1),
};

const struct load_member *load_members(size_t *count)
{
    *count = ARRAY_LENGTH(members);
    return members;
}

const void *load_member_of(const struct load *load, const struct load_member *member)
{
    return (const char *)load + member->offset;
}

bool load_has(const struct load *load, const struct load_member *member)
{
    const void *value = load_member_of(load, member);
    if (!member->optional)
        return !member->open || load->model == LOAD_OPEN;
    switch (member->type) {
    case LOAD_TEXT:
        return *(const char *)value;
    case LOAD_COUNT:
    case LOAD_SECONDS:
        return *(const uint64_t *)value;
    case LOAD_NUMBER:
        return *(const double *)value > 0;
    case LOAD_THINK:
        return ((const struct think *)value)->law != THINK_NONE;
    case LOAD_LEVELS:
        return ((const struct service_levels *)value)->any;
    default: /* no other is optional */
        return true;
    }
}

/* --- Comparing --- */

static int compare_counts(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_numbers(double a, double b)
{
    return (a > b) - (a < b);
}

/* ORDER, or by what comes next when it decides nothing. */
static int then(int order, int next)
{
    return order ? order : next;
}

static int compare_stages(const struct stages *a, const struct stages *b)
{
    int order = then(compare_numbers(a->start, b->start), compare_counts(a->count, b->count));
    for (size_t i = 0; !order && i < a->count; i++)
        order = then(compare_counts(a->items[i].duration_ns, b->items[i].duration_ns),
                     compare_numbers(a->items[i].target, b->items[i].target));
    return order;
}

static int compare_think(const struct think *a, const struct think *b)
{
    return then(compare_counts(a->law, b->law),
                then(compare_counts(a->low_ns, b->low_ns), compare_counts(a->high_ns, b->high_ns)));
}

static int compare_levels(const struct service_levels *a, const struct service_levels *b)
{
    int order = compare_counts(a->any, b->any);
    for (size_t i = 0; i < LEVEL_COUNT; i++)
        order = then(order, compare_counts(a->ns[i], b->ns[i]));
    return order;
}

static int compare_members(const struct load_member *member, const void *a, const void *b)
{
    switch (member->type) {
    case LOAD_TEXT:
        return strcmp(a, b);
    case LOAD_COUNT:
    case LOAD_SECONDS:
        return compare_counts(*(const uint64_t *)a, *(const uint64_t *)b);
    case LOAD_COUNT32:
    case LOAD_CHOICE:
        return compare_counts(*(const uint32_t *)a, *(const uint32_t *)b);
    case LOAD_NUMBER:
        return compare_numbers(*(const double *)a, *(const double *)b);
    case LOAD_BOOL:
        return compare_counts(*(const bool *)a, *(const bool *)b);
    case LOAD_STAGES:
        return compare_stages(a, b);
    case LOAD_THINK:
        return compare_think(a, b);
    default:
        return compare_levels(a, b);
    }
}

const char *load_difference(const struct load *a, const struct load *b, int *order)
{
    for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
        const struct load_member *member = &members[i];
        *order = compare_members(member, load_member_of(a, member), load_member_of(b, member));
        if (*order && !member->varies)
            return member->path;
    }
    *order = 0;
    return NULL;
}
