#include "wsload/stats/thresholds.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/base/text.h"
#include "wsload/base/units.h"
#include "wsload/stats/results.h"

#define LIMIT_HIGHEST 0x1p62 /* beyond any sample, and llround() still holds it */

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
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
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
    uint64_t number = 0;
    switch (unit) {
    case METRIC_SECONDS:
        if (units_parse_duration(text, &number, error))
            return -1;
        *limit = clock_seconds(number);
        return 0;
    case METRIC_COUNT:
        if (units_parse_count(text, &number, error))
            return -1;
        *limit = (double)number;
        return 0;
    case METRIC_BYTES:
        if (units_parse_size(text, &number, error))
            return -1;
        *limit = (double)number;
        return 0;
    case METRIC_PERCENT:
        return units_parse_percent(text, limit, error);
    case METRIC_PER_SECOND:
        break;
    }
    return units_parse_rate(text, limit, error);
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
        return error_set(error, "',%.*s': only ,abort may stand behind the value", (int)flag.length,
                         flag.data);
    if (threshold->abort && !threshold_can_abort(threshold, true))
        return error_set(error,
                         "'%s': abort needs a figure that can be sure to fail before the end: an "
                         "upper limit of max, med, p(N) or avg of a request's times or its reply's "
                         "size or of a count, or a lower limit of min or success_rate",
                         threshold->selector.text);
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

/* --- Judging --- */

bool threshold_kept(const struct threshold *threshold, double value)
{
    switch (threshold->relation) {
    case THRESHOLD_BELOW:
        return value < threshold->limit;
    case THRESHOLD_AT_MOST:
        return value <= threshold->limit;
    case THRESHOLD_ABOVE:
        return value > threshold->limit;
    case THRESHOLD_AT_LEAST:
        return value >= threshold->limit;
    case THRESHOLD_EQUAL:
        return value == threshold->limit;
    case THRESHOLD_NOT_EQUAL:
        break;
    }
    return value != threshold->limit;
}

void thresholds_judge(struct thresholds *thresholds, const struct results *results)
{
    for (size_t i = 0; i < thresholds->count; i++) {
        struct threshold *threshold = &thresholds->items[i];
        threshold->has_actual = selector_get(&threshold->selector, results, &threshold->actual);
        threshold->passed = threshold->has_actual && threshold_kept(threshold, threshold->actual);
    }
}

size_t thresholds_broken(const struct thresholds *thresholds)
{
    size_t broken = 0;
    for (size_t i = 0; i < thresholds->count; i++)
        broken += !thresholds->items[i].passed;
    return broken;
}

/* --- Limits on single requests --- */

uint64_t threshold_first_beyond(const struct threshold *threshold)
{
    double scale = metric_scale(threshold->selector.metric->unit);
    uint64_t limit = (uint64_t)llround(fmin(threshold->limit * scale, LIMIT_HIGHEST));
    return limit + threshold_kept(threshold, (double)limit / scale);
}

/* Where LEVELS has the limit of METRIC; NULL when that is no time of a request's own. */
static uint64_t *level_of(struct service_levels *levels, const struct metric *metric)
{
    const struct {
        const char *name;
        uint64_t *level_ns;
    } known[] = {
        {"latency", &levels->latency_ns},
        {"response_time", &levels->response_ns},
        {"ttfm", &levels->ttfm_ns},
        {"tpom", &levels->tpom_ns},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(known[i].name, metric->name) == 0)
            return known[i].level_ns;
    return NULL;
}

/* Whether THRESHOLD says how long something may take at most. */
static bool limits_time(const struct threshold *threshold)
{
    return (threshold->relation == THRESHOLD_BELOW || threshold->relation == THRESHOLD_AT_MOST) &&
           selector_unit(&threshold->selector) == METRIC_SECONDS &&
           threshold->selector.stat != STAT_STDDEV;
}

struct service_levels thresholds_service_levels(const struct thresholds *thresholds)
{
    struct service_levels levels = {false, CLOCK_NEVER, CLOCK_NEVER, CLOCK_NEVER, CLOCK_NEVER};
    for (size_t i = 0; i < thresholds->count; i++) {
        const struct threshold *threshold = &thresholds->items[i];
        uint64_t *level_ns = level_of(&levels, threshold->selector.metric);
        if (!level_ns || !limits_time(threshold))
            continue;
        uint64_t first_beyond_ns = threshold_first_beyond(threshold);
        uint64_t highest_ns = first_beyond_ns > 0 ? first_beyond_ns - 1 : 0;
        if (highest_ns < *level_ns)
            *level_ns = highest_ns;
        levels.any = true;
    }
    return levels;
}
