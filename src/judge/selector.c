#include "wsload/judge/selector.h"

#include <stdio.h>
#include <string.h>

#include "wsload/base/helpers.h"
#include "wsload/base/text.h"
#include "wsload/base/units.h"
#include "wsload/stats/measurement.h"

#define COUNTER_STATS      "count or rate"
#define DISTRIBUTION_STATS "avg, med, min, max, p(N), stddev, count or rate"
#define NAMES_MAX          160

/* The words for statistics, but for p(N), and what they put around a metric's label: before a
 * time, before a number of things, and after both. */
static const struct {
    const char *word;
    bool of_counters;
    const char *before_time;
    const char *before_number;
    const char *after;
} stat_words[] = {
    [STAT_VALUE] = {NULL, false, "", "", ""},
    [STAT_AVG] = {"avg", false, "average ", "average ", ""},
    [STAT_MED] = {"med", false, "median ", "median ", ""},
    [STAT_MIN] = {"min", false, "shortest ", "fewest ", ""},
    [STAT_MAX] = {"max", false, "longest ", "most ", ""},
    [STAT_STDDEV] = {"stddev", false, "", "", " deviation"},
    [STAT_COUNT] = {"count", true, "", "", " samples"},
    [STAT_RATE] = {"rate", true, "", "", " per second"},
};

static bool find_stat(const char *word, enum statistic *stat)
{
    for (size_t i = 0; i < ARRAY_LENGTH(stat_words); i++) {
        *stat = (enum statistic)i;
        if (stat_words[i].word && strcmp(stat_words[i].word, word) == 0)
            return true;
    }
    return false;
}

/* --- Parsing --- */

static int unknown_metric(const char *word, struct error *error)
{
    const char *names[NAMES_MAX];
    size_t rows;
    size_t count = 0;
    const struct metric *metrics = metrics_table(&rows);
    for (size_t i = 0; i < rows && count < NAMES_MAX - 1; i++) {
        names[count++] = metrics[i].path;
        if (metrics[i].alias)
            names[count++] = metrics[i].alias;
    }
    const char *nearest = text_nearest(word, names, count);
    if (nearest)
        return error_set(error, "'%s': no such metric; did you mean %s ?", word, nearest);
    return error_set(error, "'%s': no such metric; 'wsload help metrics' lists them", word);
}

static int unknown_kind(const char *word, struct error *error)
{
    char list[800] = "";
    const char *names[FAILURE_KIND_COUNT];
    for (int i = 0; i < FAILURE_KIND_COUNT; i++) {
        size_t used = strlen(list);
        names[i] = failure_name((enum failure_kind)i);
        snprintf(list + used, sizeof(list) - used, "%s%s", used ? ", " : "", names[i]);
    }
    const char *nearest = text_nearest(word, names, FAILURE_KIND_COUNT);
    if (nearest)
        return error_set(error, "'%s': no such kind of error; did you mean %s ?", word, nearest);
    return error_set(error, "'%s': no such kind of error; there are %s", word, list);
}

/* The metric at the beginning of *CURSOR, which is moved past it. */
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
    if (!selector->metric->by_kind)
        return error_set(error, "'%s': only errors has kinds, as in errors{kind=reply_timeout}",
                         selector->text);
    const char *end = strchr(*cursor, '}');
    if (!end || strncmp(*cursor, opening, strlen(opening)) != 0)
        return error_set(error, "'%s': use errors{kind=KIND}, as in errors{kind=reply_timeout}",
                         selector->text);
    const char *start = *cursor + strlen(opening);
    snprintf(name, sizeof(name), "%.*s", (int)(end - start), start);
    *cursor = end + 1;
    selector->has_kind = failure_kind_of(name, &selector->kind);
    return selector->has_kind ? 0 : unknown_kind(name, error);
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
    if (find_stat(word, &selector->stat)) {
        selector->percent = selector->stat == STAT_MED ? 50 : 0;
        return 0;
    }
    if (!is_percentile(word, number))
        return error_set(error, "'%s': no such statistic; use %s", word, DISTRIBUTION_STATS);
    selector->stat = STAT_PERCENTILE;
    if (units_parse_percent(number, &selector->percent, error))
        return error_prefix(error, "'%s'", word);
    if (selector->percent > 0 && selector->percent < 1)
        return error_set(error, "'%s': N of p(N) is in percent; did you mean p(%.10g) ?", word,
                         selector->percent * 100);
    return 0;
}

static int parse_counter_stat(const char *word, struct selector *selector, struct error *error)
{
    if (find_stat(word, &selector->stat) && stat_words[selector->stat].of_counters)
        return 0;
    return error_set(error, "'%s': %s is a counter; use %s", selector->text, selector->metric->path,
                     COUNTER_STATS);
}

static int parse_stat(const char *rest, struct selector *selector, struct error *error)
{
    enum metric_form form = selector->metric->form;
    if (!*rest && form == METRIC_DISTRIBUTION)
        return error_set(error, "'%s': a statistic is missing, as in %s:p(95); use %s",
                         selector->text, selector->text, DISTRIBUTION_STATS);
    selector->stat = form == METRIC_COUNTER ? STAT_COUNT : STAT_VALUE;
    if (!*rest)
        return 0;
    if (*rest != ':')
        return error_set(error, "'%s': nothing but :STAT may follow the }", selector->text);
    if (form == METRIC_DISTRIBUTION)
        return parse_distribution_stat(rest + 1, selector, error);
    if (form == METRIC_COUNTER)
        return parse_counter_stat(rest + 1, selector, error);
    return error_set(error, "'%s': %s is one number and takes no statistic", selector->text,
                     selector->metric->path);
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
    if (selector->stat == STAT_COUNT && selector->metric->form == METRIC_DISTRIBUTION)
        return METRIC_COUNT;
    return selector->stat == STAT_RATE ? METRIC_PER_SECOND : selector->metric->unit;
}

/* COUNT itself or its rate, as SELECTOR wants it. */
static bool count_or_rate(const struct selector *selector, const struct measurement *measurement,
                          double count, double *value)
{
    bool is_rate = selector->stat == STAT_RATE;
    *value = is_rate ? measurement_per_s(measurement, (uint64_t)count) : count;
    return !is_rate || measurement->counts[COUNT_TOTAL_TIME] > 0;
}

/* In the histogram's own unit. */
static double statistic_of(const struct selector *selector, const struct histogram *histogram)
{
    switch (selector->stat) {
    case STAT_AVG:
        return histogram_mean(histogram);
    case STAT_STDDEV:
        return histogram_stddev(histogram);
    case STAT_MIN:
        return (double)histogram->min;
    case STAT_MAX:
        return (double)histogram->max;
    case STAT_MED:
    case STAT_PERCENTILE:
        return (double)histogram_percentile(histogram, selector->percent);
    default:
        return 0;
    }
}

static bool get_statistic(const struct selector *selector, const struct measurement *measurement,
                          double *value)
{
    const struct histogram *histogram = metric_histogram(selector->metric, measurement);
    if (!histogram)
        return false;
    if (selector->stat == STAT_COUNT || selector->stat == STAT_RATE)
        return count_or_rate(selector, measurement, (double)histogram->count, value);
    *value = statistic_of(selector, histogram) / metric_scale(selector->metric->unit);
    return histogram->count > 0;
}

bool selector_get(const struct selector *selector, const struct measurement *measurement,
                  double *value)
{
    if (selector->metric->form == METRIC_DISTRIBUTION)
        return get_statistic(selector, measurement, value);
    if (selector->has_kind)
        *value = (double)measurement_errors(measurement, selector->kind);
    else if (!metric_value(selector->metric, measurement, value))
        return false;
    return count_or_rate(selector, measurement, *value, value);
}

char *selector_label(const struct selector *selector, char out[SELECTOR_SIZE])
{
    const struct metric *metric = selector->metric;
    const char *kind = selector->has_kind ? failure_name(selector->kind) : "";
    if (selector->stat == STAT_PERCENTILE) {
        snprintf(out, SELECTOR_SIZE, "p%.10g %s", selector->percent, metric->label);
        return out;
    }
    bool bare = selector->stat == STAT_COUNT && metric->form == METRIC_COUNTER;
    snprintf(out, SELECTOR_SIZE, "%s%s%s%s%s",
             metric->unit == METRIC_SECONDS ? stat_words[selector->stat].before_time
                                            : stat_words[selector->stat].before_number,
             kind, *kind ? " " : "", metric->label, bare ? "" : stat_words[selector->stat].after);
    return out;
}
