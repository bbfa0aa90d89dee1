#include "wsload/stats/selector.h"

#include <stdio.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/base/text.h"
#include "wsload/base/units.h"
#include "wsload/stats/results.h"

#define COUNTER_STATS      "count or rate"
#define DISTRIBUTION_STATS "avg, med, min, max, p(N), stddev, count or rate"
#define NAMES_MAX          96

/* The words for statistics, but for p(N), and what they put around a metric's label: in front of it
 * when it is a time, or when it is a number of things. */
static const struct stat_word {
    const char *word;
    enum stat stat;
    bool of_counters;
    const char *before_time;
    const char *before_number;
    const char *behind;
} stat_words[] = {
    {"avg", STAT_AVG, false, "average ", "average ", ""},
    {"med", STAT_MED, false, "median ", "median ", ""},
    {"min", STAT_MIN, false, "shortest ", "fewest ", ""},
    {"max", STAT_MAX, false, "longest ", "most ", ""},
    {"stddev", STAT_STDDEV, false, "", "", " deviation"},
    {"count", STAT_COUNT, true, "", "", " samples"},
    {"rate", STAT_RATE, true, "", "", " per second"},
};

static const struct stat_word *find_word(const char *word)
{
    for (size_t i = 0; i < sizeof(stat_words) / sizeof(stat_words[0]); i++)
        if (strcmp(stat_words[i].word, word) == 0)
            return &stat_words[i];
    return NULL;
}

static const struct stat_word *word_of(enum stat stat)
{
    for (size_t i = 0; i < sizeof(stat_words) / sizeof(stat_words[0]); i++)
        if (stat_words[i].stat == stat)
            return &stat_words[i];
    return NULL;
}

/* --- Parsing --- */

/* WORD is none of NAMES: suggests the nearest, or lists them. */
static int unknown_name(const char *what, const char *word, const char *const *names, size_t count,
                        struct error *error)
{
    char list[800] = "";
    const char *nearest = text_nearest(word, names, count);
    if (nearest)
        return error_set(error, "'%s': no such %s; did you mean %s ?", word, what, nearest);
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof(list) - used, "%s%s", used ? ", " : "", names[i]);
    }
    return error_set(error, "'%s': no such %s; there are %s", word, what, list);
}

static int unknown_metric(const char *word, struct error *error)
{
    const char *names[NAMES_MAX];
    size_t rows;
    size_t count = 0;
    const struct metric *metrics = metrics_table(&rows);
    for (size_t i = 0; i < rows && count < NAMES_MAX - 1; i++) {
        names[count++] = metrics[i].name;
        if (metrics[i].alias)
            names[count++] = metrics[i].alias;
    }
    return unknown_name("metric", word, names, count, error);
}

static int unknown_kind(const char *word, struct error *error)
{
    const char *names[FAILURE_KIND_COUNT];
    for (int i = 0; i < FAILURE_KIND_COUNT; i++)
        names[i] = failure_name((enum failure_kind)i);
    return unknown_name("kind of error", word, names, FAILURE_KIND_COUNT, error);
}

/* The metric at the beginning of *CURSOR, which is moved behind it. */
static int take_metric(const char **cursor, struct selector *selector, struct error *error)
{
    char name[SELECTOR_SIZE];
    size_t length = strcspn(*cursor, "{:");
    selector->metric = metric_find(*cursor, length);
    if (!selector->metric) {
        snprintf(name, sizeof(name), "%.*s", (int)length, *cursor);
        return unknown_metric(name, error);
    }
    *cursor += length;
    return 0;
}

/* {kind=KIND}, if there is one. */
static int take_kind(const char **cursor, struct selector *selector, struct error *error)
{
    static const char opening[] = "{kind=";
    char name[SELECTOR_SIZE];
    if (**cursor != '{')
        return 0;
    if (strcmp(selector->metric->name, "errors") != 0)
        return error_set(error, "'%s': only errors has kinds, as in errors{kind=reply_timeout}",
                         selector->text);
    const char *end = strchr(*cursor, '}');
    if (!end || strncmp(*cursor, opening, strlen(opening)) != 0)
        return error_set(error, "'%s': use errors{kind=KIND}, as in errors{kind=reply_timeout}",
                         selector->text);
    const char *start = *cursor + strlen(opening);
    snprintf(name, sizeof(name), "%.*s", (int)(end - start), start);
    *cursor = end + 1;
    for (int kind = 0; kind < FAILURE_KIND_COUNT; kind++) {
        if (strcmp(failure_name((enum failure_kind)kind), name) == 0) {
            selector->has_kind = true;
            selector->kind = (enum failure_kind)kind;
            return 0;
        }
    }
    return unknown_kind(name, error);
}

/* Whether WORD is p(N) or pN; puts N into NUMBER. */
static bool is_percentile(const char *word, char number[SELECTOR_SIZE])
{
    bool braces = word[0] == 'p' && word[1] == '(';
    const char *start = word + (braces ? 2 : 1);
    size_t length = strspn(start, "0123456789.");
    if (word[0] != 'p' || length == 0 || strcmp(start + length, braces ? ")" : "") != 0)
        return false;
    snprintf(number, SELECTOR_SIZE, "%.*s", (int)length, start);
    return true;
}

static int parse_distribution_stat(const char *word, struct selector *selector, struct error *error)
{
    char number[SELECTOR_SIZE];
    const struct stat_word *known = find_word(word);
    if (known) {
        selector->stat = known->stat;
        selector->percent = known->stat == STAT_MED ? 50 : 0;
        return 0;
    }
    if (!is_percentile(word, number))
        return error_set(error, "'%s': no such statistic; use %s", word, DISTRIBUTION_STATS);
    selector->stat = STAT_PERCENTILE;
    if (units_parse_percent(number, &selector->percent, error))
        return error_prefix(error, "'%s'", word);
    return 0;
}

static int parse_counter_stat(const char *word, struct selector *selector, struct error *error)
{
    const struct stat_word *known = find_word(word);
    if (!known || !known->of_counters)
        return error_set(error, "'%s': %s is a counter; use %s", selector->text,
                         selector->metric->name, COUNTER_STATS);
    selector->stat = known->stat;
    return 0;
}

/* The statistic of a metric without one. */
static int default_stat(struct selector *selector, struct error *error)
{
    if (selector->metric->form == METRIC_DISTRIBUTION)
        return error_set(error, "'%s': a statistic is missing, as in %s:p(95); use %s",
                         selector->text, selector->text, DISTRIBUTION_STATS);
    selector->stat = selector->metric->form == METRIC_COUNTER ? STAT_COUNT : STAT_VALUE;
    return 0;
}

static int parse_stat(const char *rest, struct selector *selector, struct error *error)
{
    if (!*rest)
        return default_stat(selector, error);
    if (*rest != ':')
        return error_set(error, "'%s': nothing but :STAT may stand behind the }", selector->text);
    switch (selector->metric->form) {
    case METRIC_DISTRIBUTION:
        return parse_distribution_stat(rest + 1, selector, error);
    case METRIC_COUNTER:
        return parse_counter_stat(rest + 1, selector, error);
    case METRIC_NUMBER:
        break;
    }
    return error_set(error, "'%s': %s is one number and takes no statistic", selector->text,
                     selector->metric->name);
}

int selector_parse(const char *text, size_t length, struct selector *selector, struct error *error)
{
    *selector = (struct selector){.metric = NULL};
    if (length >= sizeof(selector->text))
        return error_set(error, "longer than %d bytes, and so the name of no figure",
                         SELECTOR_SIZE - 1);
    memcpy(selector->text, text, length);
    const char *cursor = selector->text;
    if (take_metric(&cursor, selector, error) || take_kind(&cursor, selector, error))
        return -1;
    return parse_stat(cursor, selector, error);
}

/* --- Figures --- */

enum metric_unit selector_unit(const struct selector *selector)
{
    if (selector->stat == STAT_COUNT)
        return METRIC_COUNT;
    return selector->stat == STAT_RATE ? METRIC_PER_SECOND : selector->metric->unit;
}

uint64_t selector_counted(const struct selector *selector, const struct recorder *recorder)
{
    if (selector->has_kind)
        return metrics_errors(recorder, selector->kind);
    return selector->metric->counted(recorder);
}

/* COUNT itself or its rate, as SELECTOR wants it. */
static bool count_or_rate(const struct selector *selector, const struct results *results,
                          uint64_t count, double *value)
{
    *value = (double)count;
    if (selector->stat == STAT_COUNT)
        return true;
    if (results->total_time_ns == 0)
        return false;
    *value /= clock_seconds(results->total_time_ns);
    return true;
}

/* In the histogram's own unit. */
static double statistic_of(const struct selector *selector, const struct histogram *histogram)
{
    switch (selector->stat) {
    case STAT_AVG:
        return histogram_mean_ns(histogram);
    case STAT_STDDEV:
        return histogram_stddev_ns(histogram);
    case STAT_MIN:
        return (double)histogram->min_ns;
    case STAT_MAX:
        return (double)histogram->max_ns;
    case STAT_MED:
    case STAT_PERCENTILE:
        return (double)histogram_percentile_ns(histogram, selector->percent);
    case STAT_VALUE:
    case STAT_COUNT:
    case STAT_RATE:
        break;
    }
    return 0;
}

static bool get_statistic(const struct selector *selector, const struct results *results,
                          double *value)
{
    const struct histogram *histogram = selector->metric->histogram(results);
    if (!histogram)
        return false;
    if (selector->stat == STAT_COUNT || selector->stat == STAT_RATE)
        return count_or_rate(selector, results, histogram->count, value);
    *value = statistic_of(selector, histogram) / metric_scale(selector->metric->unit);
    return histogram->count > 0;
}

bool selector_get(const struct selector *selector, const struct results *results, double *value)
{
    switch (selector->metric->form) {
    case METRIC_NUMBER:
        return selector->metric->get(results, value);
    case METRIC_COUNTER:
        return count_or_rate(selector, results, selector_counted(selector, &results->recorded),
                             value);
    case METRIC_DISTRIBUTION:
        break;
    }
    return get_statistic(selector, results, value);
}

char *selector_label(const struct selector *selector, char out[SELECTOR_SIZE])
{
    const struct metric *metric = selector->metric;
    const struct stat_word *word = word_of(selector->stat);
    if (selector->stat == STAT_PERCENTILE)
        snprintf(out, SELECTOR_SIZE, "p%.10g %s", selector->percent, metric->label);
    else if (selector->stat == STAT_VALUE)
        snprintf(out, SELECTOR_SIZE, "%s", metric->label);
    else
        snprintf(out, SELECTOR_SIZE, "%s%s%s%s%s",
                 metric->unit == METRIC_SECONDS ? word->before_time : word->before_number,
                 selector->has_kind ? failure_name(selector->kind) : "",
                 selector->has_kind ? " " : "", metric->label,
                 selector->stat == STAT_COUNT && metric->form == METRIC_COUNTER ? ""
                                                                                : word->behind);
    return out;
}
