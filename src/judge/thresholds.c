#include "wsload/judge/thresholds.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"
#include "wsload/base/text.h"
#include "wsload/base/units.h"

#define LIMIT_HIGHEST 0x1p62 /* beyond any sample, and llround() still holds it */

/* No threshold that was asked for has such a name: it is an option's, or has a sign in it. */
#define DEFAULT_PREFIX "default_"

#define DEFAULT_SUCCESS_PERCENT 95
#define DEFAULT_OPENED_PERCENT  95

/* --- Parsing --- */

/* The signs, longer ones before those that they begin with. */
static const struct sign {
    const char *text;
    enum threshold_relation relation;
} signs[] = {
    {"<=", THRESHOLD_AT_MOST},   {">=", THRESHOLD_AT_LEAST}, {"==", THRESHOLD_EQUAL},
    {"!=", THRESHOLD_NOT_EQUAL}, {"<", THRESHOLD_BELOW},     {">", THRESHOLD_ABOVE},
};

static const struct sign *sign_at(const char *text)
{
    for (size_t i = 0; i < ARRAY_LENGTH(signs); i++)
        if (strncmp(text, signs[i].text, strlen(signs[i].text)) == 0)
            return &signs[i];
    return NULL;
}

/* Short enough to be kept, and fit to be shown in one line. */
static int check_text(const char *text, struct error *error)
{
    size_t length = strlen(text);
    if (length >= THRESHOLD_TEXT_SIZE)
        return error_set(error, "longer than %d bytes", THRESHOLD_TEXT_SIZE - 1);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == '\x7f')
            return error_set(error, "a control character stands in it");
    return 0;
}

/* Where the comparison begins: the '=' of {kind=...} is none. */
static size_t selector_length(const char *text)
{
    size_t length = strcspn(text, "{<>=!");
    if (text[length] == '{')
        length += strcspn(text + length, "}");
    return length + strcspn(text + length, "<>=!");
}

static int parse_limit(const char *text, enum metric_unit unit, double *limit, struct error *error)
{
    uint64_t number;
    if (unit == METRIC_PERCENT)
        return units_parse_limit_percent(text, limit, error);
    if (unit == METRIC_PER_SECOND)
        return units_parse_rate(text, limit, error);
    if (unit == METRIC_SECONDS ? units_parse_limit_time(text, &number, error)
        : unit == METRIC_BYTES ? units_parse_size(text, &number, error)
                               : units_parse_count(text, &number, error))
        return -1;
    *limit = (double)number / metric_scale(unit);
    return 0;
}

/* VALUE[,abort] */
static int parse_value(const char *text, struct threshold *threshold, struct error *error)
{
    char value[THRESHOLD_TEXT_SIZE];
    size_t length = strcspn(text, ",");
    struct text number = text_trim((struct text){text, length});
    struct text flag = text_trim(text_of(text + length + (text[length] == ',')));
    snprintf(value, sizeof(value), "%.*s", (int)number.length, number.data);
    if (parse_limit(value, selector_unit(&threshold->selector), &threshold->limit, error))
        return error_prefix(error, "'%s'", value);
    threshold->abort = text_equal(flag, text_of("abort"));
    if (text[length] == ',' && !threshold->abort)
        return error_set(error, "',%.*s': only ,abort may follow the value", (int)flag.length,
                         flag.data);
    return 0;
}

static void copy_without_spaces(const char *text, char out[THRESHOLD_TEXT_SIZE])
{
    for (; *text; text++)
        if (*text != ' ')
            *out++ = *text;
    *out = '\0';
}

static int parse(const char *text, struct threshold *threshold, struct error *error)
{
    if (check_text(text, error))
        return -1;
    size_t length = selector_length(text);
    struct text selector = text_trim((struct text){text, length});
    if (selector_parse(selector.data, selector.length, &threshold->selector, error))
        return -1;
    const struct sign *sign = sign_at(text + length);
    if (!sign)
        return error_set(error, "'%s': a comparison is missing; use < <= > >= == or !=, as in %s",
                         text, "latency:p(95)<500ms");
    threshold->relation = sign->relation;
    copy_without_spaces(text, threshold->name);
    return parse_value(text + length + strlen(sign->text), threshold, error);
}

int thresholds_parse(struct thresholds *thresholds, const char *text, struct error *error)
{
    struct threshold threshold = {.relation = THRESHOLD_BELOW};
    if (thresholds->count == THRESHOLDS_MAX)
        return error_set(error, "at most %d thresholds are allowed", THRESHOLDS_MAX);
    if (parse(text, &threshold, error))
        return -1;
    thresholds->items[thresholds->count++] = threshold;
    return 0;
}

int thresholds_add(struct thresholds *thresholds, const char *name, const char *selector,
                   enum threshold_relation relation, double limit)
{
    struct error error;
    struct threshold threshold = {.relation = relation, .limit = limit};
    if (thresholds->count == THRESHOLDS_MAX ||
        selector_parse(selector, strlen(selector), &threshold.selector, &error))
        return -1;
    snprintf(threshold.name, sizeof(threshold.name), "%s", name);
    thresholds->items[thresholds->count++] = threshold;
    return 0;
}

/* Whether a run of LOAD sends over connections that are all to be open before: not with one for
 * each request, nor with stages of them, of which the last may be over too soon. How many stay open
 * in a held run is what that is to find out. */
static bool opens_before(const struct load *load)
{
    return !load->connection_per_request &&
           (load->model == LOAD_OPEN || (load->model == LOAD_CLOSED && load->stages.count == 0));
}

void thresholds_add_defaults(struct thresholds *thresholds, const struct load *load)
{
    uint64_t share = load->connections / u64_max(1, load->shards); /* of a shard at least */
    if (load->model != LOAD_HOLD)
        thresholds_add(thresholds, DEFAULT_PREFIX "success_rate", "success_rate",
                       THRESHOLD_AT_LEAST, DEFAULT_SUCCESS_PERCENT);
    if (opens_before(load))
        thresholds_add(thresholds, DEFAULT_PREFIX "connections_opened", "connections.opened",
                       THRESHOLD_AT_LEAST, ceil((double)share * DEFAULT_OPENED_PERCENT / 100));
}

bool threshold_is_default(const struct threshold *threshold)
{
    return text_begins(text_of(threshold->name), DEFAULT_PREFIX);
}

/* --- Keeping --- */

bool threshold_kept(const struct threshold *threshold, double value)
{
    enum threshold_relation side = value < threshold->limit    ? THRESHOLD_BELOW
                                   : value == threshold->limit ? THRESHOLD_EQUAL
                                                               : THRESHOLD_ABOVE;
    return threshold->relation & side;
}

const char *threshold_sign(enum threshold_relation relation)
{
    size_t i = 0;
    while (signs[i].relation != relation)
        i++;
    return signs[i].text;
}

bool threshold_relation_of(const char *sign, enum threshold_relation *relation)
{
    const struct sign *known = sign_at(sign);
    if (!known || strcmp(known->text, sign) != 0)
        return false;
    *relation = known->relation;
    return true;
}

/* --- Limits on single requests --- */

uint64_t threshold_first_beyond(const struct threshold *threshold)
{
    double scale = metric_scale(threshold->selector.metric->unit);
    uint64_t limit = (uint64_t)llround(fmin(threshold->limit * scale, LIMIT_HIGHEST));
    return limit + threshold_kept(threshold, (double)limit / scale);
}

/* Whether THRESHOLD says how long something may take at most. */
static bool limits_time(const struct threshold *threshold)
{
    return threshold_is_upper(threshold) && selector_unit(&threshold->selector) == METRIC_SECONDS &&
           threshold->selector.stat != STAT_STDDEV;
}

struct service_levels thresholds_service_levels(const struct thresholds *thresholds)
{
    struct service_levels levels = {.any = false};
    for (size_t i = 0; i < LEVEL_COUNT; i++)
        levels.ns[i] = CLOCK_NEVER;
    for (size_t i = 0; i < thresholds->count; i++) {
        const struct threshold *threshold = &thresholds->items[i];
        enum level level = threshold->selector.metric->level;
        if (level == LEVEL_NONE || !limits_time(threshold))
            continue;
        uint64_t first_beyond_ns = threshold_first_beyond(threshold);
        uint64_t highest_ns = first_beyond_ns > 0 ? first_beyond_ns - 1 : 0;
        levels.ns[level] = u64_min(levels.ns[level], highest_ns);
        levels.any = true;
    }
    return levels;
}
