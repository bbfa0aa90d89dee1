#include "help.h"

#include <stdio.h>
#include <string.h>

#include "wsload/base/helpers.h"
#include "wsload/stats/metrics.h"

#define HELP_COLUMN 36
#define HELP_WIDTH  80
#define LIST_MAX    4096

/* --- Options --- */

/* "-c, --connections N" */
static void describe_forms(const struct option_row *row, char *out, size_t size)
{
    char letter[8] = "";
    if (row->letter)
        snprintf(letter, sizeof(letter), "-%c, ", row->letter);
    snprintf(out, size, "%s--%s%s%s", letter, row->name, row->argument ? " " : "",
             row->argument ? row->argument : "");
}

/* A default too long for the line is left to `wsload help OPTION`. */
static void help_line(const struct option_row *row, struct buffer *out)
{
    char forms[80];
    size_t start = out->length;
    int indent = row->letter ? 2 : 6;
    describe_forms(row, forms, sizeof(forms));
    buffer_printf(out, "%*s%-*s%s", indent, "", HELP_COLUMN - indent, forms, row->help);
    size_t width = out->length - start;
    if (row->initial && width + strlen(row->initial) + 3 <= HELP_WIDTH)
        buffer_printf(out, " [%s]", row->initial);
    buffer_printf(out, "\n");
}

/* Appends TEXT, its lines broken between words and but for the first indented as long as START. */
static void wrap(const char *start, const char *text, struct buffer *out)
{
    size_t indent = strlen(start);
    size_t column = indent;
    buffer_printf(out, "%s", start);
    while (*text) {
        size_t length = strcspn(text, " ");
        if (column > indent && column + 1 + length > HELP_WIDTH) {
            buffer_printf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            buffer_printf(out, " ");
            column++;
        }
        buffer_append(out, text, length);
        column += length;
        text += length + strspn(text + length, " ");
    }
    buffer_printf(out, "\n");
}

/* Whether I is in the group of the option before it. */
static bool in_same_group(const struct option_set *set, size_t i)
{
    return i > 0 && i < option_count(set) &&
           strcmp(option_at(set, i)->group, option_at(set, i - 1)->group) == 0;
}

/* "also --seed, --threads (-t)": the rare options from row FIRST to before END, if any. */
static void help_rare(const struct option_set *set, size_t first, size_t end, struct buffer *out)
{
    struct buffer names;
    buffer_init(&names, LIST_MAX);
    for (size_t i = first; i < end; i++) {
        const struct option_row *row = option_at(set, i);
        if (!row->rare)
            continue;
        buffer_printf(&names, "%s--%s", names.length ? ", " : "", row->name);
        if (row->letter)
            buffer_printf(&names, " (-%c)", row->letter);
    }
    if (names.length)
        wrap("    also ", names.data, out);
    buffer_free(&names);
}

void help_options(const struct option_set *set, enum help_extent extent, struct buffer *out)
{
    size_t first = 0; /* of the group */
    for (size_t i = 0; i < option_count(set); i++) {
        const struct option_row *row = option_at(set, i);
        if (!in_same_group(set, i)) {
            buffer_printf(out, "%s:\n", row->group);
            first = i;
        }
        if (extent == HELP_ALL || !row->rare)
            help_line(row, out);
        if (extent == HELP_COMMON && !in_same_group(set, i + 1))
            help_rare(set, first, i + 1, out);
    }
}

static void describe_limits(const struct option_row *row, struct buffer *out)
{
    struct buffer list;
    char low[UNITS_SIZE];
    char high[UNITS_SIZE];
    option_format(row, row->minimum, low);
    if (row->maximum)
        buffer_printf(out, "  Allowed: %s to %s.\n", low, option_format(row, row->maximum, high));
    else if (row->minimum)
        buffer_printf(out, "  Allowed: at least %s.\n", low);
    if (!row->choices)
        return;
    buffer_init(&list, LIST_MAX);
    option_list_choices(row, &list);
    buffer_printf(&list, ".");
    wrap("  Allowed: ", list.data, out);
    buffer_free(&list);
}

void help_option(const struct option_set *set, const struct option_row *row, struct buffer *out)
{
    char text[128];
    describe_forms(row, text, sizeof(text));
    buffer_printf(out, "%s   (%s, %s)\n\n", text, set->command, row->group);
    wrap("  ", row->help, out);
    if (row->more)
        wrap("  ", row->more, out);
    buffer_printf(out, "\n");
    describe_limits(row, out);
    if (row->initial)
        buffer_printf(out, "  Default: %s.\n", row->initial);
    if (row->type == OPTION_LIST)
        buffer_printf(out, "  May be given %d times.\n", OPTION_LIST_MAX);
    buffer_printf(out, "  Environment: %s%s.\n", option_environment_name(set, row, text),
                  row->type == OPTION_LIST ? ", one value a line" : "");
}

/* --- Figures: words --- */

static const struct {
    const char *heading;
    const char *statistics;
    const char *stat; /* in an example */
} forms[] = {
    [METRIC_COUNTER] = {"Counters", "count (the default) or rate", ""},
    [METRIC_NUMBER] = {"Numbers", "none", ""},
    [METRIC_DISTRIBUTION] = {"Distributions", "avg, med, min, max, p(N), stddev, count or rate",
                             ":p(95)"},
};

static const struct {
    const char *value;
    const char *example;
} units[] = {
    [METRIC_COUNT] = {"a number", "10"},         [METRIC_SECONDS] = {"a time", "500ms"},
    [METRIC_PER_SECOND] = {"per second", "100"}, [METRIC_PERCENT] = {"percent", "99.5"},
    [METRIC_BYTES] = {"a size", "64KiB"},
};

static const char *const betters[] = {
    [BETTER_NEITHER] = "",
    [BETTER_LESS] = "; less is better",
    [BETTER_MORE] = "; more is better",
};

/* A name for it besides its path; NULL: none. */
static const char *other_name(const struct metric *metric)
{
    return metric->alias && strcmp(metric->alias, metric->path) != 0 ? metric->alias : NULL;
}

/* --- Figures: lists --- */

/* NAME, and TEXT beside it from COLUMN on; below it when NAME is too long. */
static void put_row(const char *name, int column, const char *text, struct buffer *out)
{
    char start[64];
    if ((int)strlen(name) + 4 > column) {
        buffer_printf(out, "  %s\n", name);
        name = "";
    }
    snprintf(start, sizeof(start), "  %-*s", column - 2, name);
    wrap(start, text, out);
}

static void put_metrics(enum metric_form form, struct buffer *out)
{
    size_t count;
    char name[128];
    const struct metric *metrics = metrics_table(&count);
    buffer_printf(out, "\n%s, STAT is %s:\n", forms[form].heading, forms[form].statistics);
    for (size_t i = 0; i < count; i++) {
        const struct metric *metric = &metrics[i];
        if (metric->form != form)
            continue;
        const char *other = other_name(metric);
        snprintf(name, sizeof(name), "%s%s%s", metric->path, other ? ", " : "", other ? other : "");
        put_row(name, 26, metric->meaning, out);
    }
}

static void put_all_metrics(struct buffer *out)
{
    wrap("",
         "The figures of a run, for --threshold 'METRIC:STAT OP VALUE' (see 'wsload help "
         "threshold'). Each stands in the JSON summary under its name; after a comma "
         "stands another name for it. 'wsload help METRIC' says more of one.",
         out);
    put_metrics(METRIC_DISTRIBUTION, out);
    put_metrics(METRIC_COUNTER, out);
    put_metrics(METRIC_NUMBER, out);
}

static void put_failures(struct buffer *out)
{
    char text[256];
    wrap("",
         "What can go wrong with the target. Failures are counted by kind and detail in "
         "'errors' of the JSON summary; a threshold is --threshold 'errors{kind=KIND}<N'.",
         out);
    buffer_printf(out, "\n");
    for (int i = 0; i < FAILURE_KIND_COUNT; i++) {
        enum failure_kind kind = (enum failure_kind)i;
        const char *detail = failure_detail(kind);
        snprintf(text, sizeof(text), "%s%s%s", failure_hint(kind, ""),
                 detail[0] ? "; detail: " : "", detail);
        put_row(failure_name(kind), 20, text, out);
    }
}

/* --- Figures: one metric --- */

static void put_metric(const struct metric *metric, struct buffer *out)
{
    char text[128];
    const char *runs = metric_runs(metric);
    buffer_printf(out, "%s%s   (%s)\n\n", out->length ? "\n" : "", metric->path, metric->label);
    wrap("  ", metric->meaning, out);
    if (runs) {
        snprintf(text, sizeof(text), "Only runs %s have it.", runs);
        wrap("  ", text, out);
    }
    if (metric->by_kind)
        wrap("  ", "The kinds: 'wsload help failures'.", out);
    buffer_printf(out, "\n");
    if (other_name(metric))
        buffer_printf(out, "  Also called: %s.\n", metric->alias);
    buffer_printf(out, "  Statistics: %s.\n", forms[metric->form].statistics);
    buffer_printf(out, "  Value: %s%s.\n", units[metric->unit].value, betters[metric->better]);
    buffer_printf(out, "  Example: --threshold '%s%s%s%s'\n", metric->path,
                  forms[metric->form].stat, metric->better == BETTER_MORE ? ">" : "<",
                  units[metric->unit].example);
}

/* --- Other topics --- */

static const struct {
    const char *code;
    const char *meaning;
} exit_codes[] = {
    {"0", "The run passed, or was asked nothing."},
    {"1", "A threshold failed, no request succeeded, or, without any threshold, fewer than 95 % "
          "did, or fewer than 95 % of the connections opened."},
    {"2", "A mistake in usage, settings or input, or a rehearsal that shows the test to be wrong: "
          "the run did not begin. Or an output could not be written."},
    {"3", "No connection could be opened."},
    {"4", "The run cannot be trusted: it is invalid and --strict was given, or its sums do not "
          "hold."},
    {"130, 143", "Interrupted by SIGINT, or by SIGTERM or SIGHUP; the summary holds what was "
                 "measured until then."},
};

static void put_exit_codes(struct buffer *out)
{
    wrap("",
         "The exit code says how a run ended; 'exit' in the JSON summary has it with its reason. "
         "'wsload report' and 'wsload merge' end as the run did, or as other thresholds have it.",
         out);
    buffer_printf(out, "\n");
    for (size_t i = 0; i < ARRAY_LENGTH(exit_codes); i++)
        put_row(exit_codes[i].code, 12, exit_codes[i].meaning, out);
}

static const struct {
    const char *form;
    const char *meaning;
} rules[] = {
    {"text:EXACT", "The message is just that, byte for byte."},
    {"contains:TEXT", "It contains TEXT: as its bytes stand there or, in JSON, as a reader of its "
                      "strings sees it."},
    {"icontains:TEXT", "The same in any case of letters."},
    {"json:PATH", "It has that member, be it null."},
    {"json:PATH=VALUE", "It has that member, and that is VALUE: a string without its quotes, a "
                        "number, true, false, or null."},
    {"json:PATH!=VALUE", "It has that member, and that is something else."},
    {"any other text", "As contains:, but not of --reply-end."},
    {"first", "Only of --reply-end: the first message is the reply. This is the default."},
    {"count:N", "Only of --reply-end: the reply is over with the Nth message."},
    {"silence:T", "Only of --reply-end: it is over when nothing came for so long."},
    {"close", "Only of --reply-end: it is over when the server closes."},
};

static void put_rules(struct buffer *out)
{
    wrap("",
         "Rules look at one message that came. --reply-end says which one ends a reply, --ignore "
         "which are no part of any, --fail-on which are errors (with ',continue' the reply goes "
         "on), --expect what a good reply has; 'expect' in the steps of --setup takes them, too.",
         out);
    buffer_printf(out, "\n");
    for (size_t i = 0; i < ARRAY_LENGTH(rules); i++)
        put_row(rules[i].form, 20, rules[i].meaning, out);
    buffer_printf(out, "\n");
    wrap("",
         "PATH has names of members with dots between, and numbers of places in arrays, from 0: "
         "message.stop_reason, choices.0.delta, choices[0].delta. A backslash takes the next "
         "character as it is: a\\.b.",
         out);
}

static const struct {
    const char *name;
    void (*put)(struct buffer *out);
} topics_by_name[] = {
    {"metrics", put_all_metrics},
    {"failures", put_failures},
    {"exit-codes", put_exit_codes},
    {"rules", put_rules},
};

void help_topic(const char *topic, struct buffer *out)
{
    const struct metric *metric = metric_find(topic, strlen(topic));
    for (size_t i = 0; i < ARRAY_LENGTH(topics_by_name); i++)
        if (strcmp(topic, topics_by_name[i].name) == 0)
            topics_by_name[i].put(out);
    if (metric)
        put_metric(metric, out);
}

size_t help_topics(const char *topics[HELP_TOPICS_MAX])
{
    size_t rows;
    size_t count = 0;
    const struct metric *metrics = metrics_table(&rows);
    for (size_t i = 0; i < ARRAY_LENGTH(topics_by_name); i++)
        topics[count++] = topics_by_name[i].name;
    for (size_t i = 0; i < rows && count + 2 < HELP_TOPICS_MAX; i++) {
        topics[count++] = metrics[i].path;
        if (metrics[i].alias)
            topics[count++] = metrics[i].alias;
    }
    return count;
}
