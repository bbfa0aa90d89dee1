#include "wsload/command/command.h"

#include <stdlib.h>
#include <string.h>

#include "help.h"
#include "option_parse.h"
#include "outputs.h"
#include "wsload/base/file.h"
#include "wsload/base/helpers.h"
#include "wsload/report/summary.h"
#include "wsload/stats/failures.h"
#include "wsload/stats/measurement.h"

#define SUMMARIES_MAX 4096

/* --- Options --- */

/* As they were asked for. */
struct report_options {
    struct option_list out;
    struct option_list thresholds;
    struct show show; /* without its path */
    bool help;
    bool force; /* of merge alone */
};

#define FIELD(name) offsetof(struct report_options, name)

static const struct option_row rows[] = {
    /* of merge alone */
    {"force", 0, NULL, OPTION_FLAG, FIELD(force), "Merging", .help = "add up different loads, too",
     .more = "What the report says of the load is of one of them then, and the thresholds are "
             "those of all."},
    {"threshold", 0, "RULE", OPTION_LIST, FIELD(thresholds), "Results",
     .help = "judge by these instead: METRIC:STAT OP VALUE",
     .more = "As of a run, see 'wsload help threshold'. The thresholds that were asked of the run "
             "do not count then."},
    {"out", 'o', "KIND=PATH", OPTION_LIST, FIELD(out), "Results",
     .help = "write the results in another form, too", .more = OUTPUT_OPTION_MORE},
    {"help", 'h', NULL, OPTION_FLAG, FIELD(help), "Other", .help = "print this help"},
    {"quiet", 'q', NULL, OPTION_FLAG, FIELD(show.quiet), "Other", .help = "no report",
     .more = "Errors are still shown, and the verdict when it is not PASSED."},
    {"no-color", 0, NULL, OPTION_FLAG, FIELD(show.no_color), "Other",
     .help = "no colours; NO_COLOR does the same"},
};

const struct option_set report_option_set = {
    .tables = {{rows + 1, ARRAY_LENGTH(rows) - 1}},
    .command = "wsload report",
    .arguments_max = 1,
    .size = sizeof(struct report_options),
    .synonyms = run_synonyms,
};

const struct option_set merge_option_set = {
    .tables = {{rows, ARRAY_LENGTH(rows)}},
    .command = "wsload merge",
    .arguments_max = SUMMARIES_MAX,
    .size = sizeof(struct report_options),
    .synonyms = run_synonyms,
};

/* --- Reading --- */

/* What a summary holds. */
struct part {
    const char *path;
    struct measurement *measurement; /* owned */
    struct thresholds thresholds;
};

static int read_part(struct part *part, const char *path, struct error *error)
{
    struct buffer text;
    *part = (struct part){.path = path};
    buffer_init(&text, SUMMARY_SIZE_MAX);
    int status = file_read_text(path, &text, error);
    if (status == 0) {
        status = summary_read(buffer_text(&text), &part->measurement, &part->thresholds, error);
        if (status)
            error_prefix(error, "%s", file_name(path));
    }
    buffer_free(&text);
    return status;
}

/* RULES, if there are any, count instead of THRESHOLDS. */
static int choose_thresholds(struct thresholds *thresholds, const struct option_list *rules,
                             struct error *error)
{
    if (rules->count)
        thresholds->count = 0;
    for (size_t i = 0; i < rules->count; i++)
        if (thresholds_parse(thresholds, rules->items[i], error))
            return error_prefix(error, "--threshold '%s'", rules->items[i]);
    return 0;
}

/* --- Adding up thresholds --- */

/* A name says all of a threshold, unless it is that of an option. */
static int order_of_thresholds(const void *left, const void *right)
{
    const struct threshold *a = left;
    const struct threshold *b = right;
    int order = strcmp(a->name, b->name);
    return order ? order : (a->limit > b->limit) - (a->limit < b->limit);
}

static bool same_list(const struct thresholds *a, const struct thresholds *b)
{
    size_t same = 0;
    while (same < a->count && same < b->count &&
           order_of_thresholds(&a->items[same], &b->items[same]) == 0)
        same++;
    return same == a->count && same == b->count;
}

static bool have(const struct thresholds *thresholds, const struct threshold *threshold)
{
    for (size_t i = 0; i < thresholds->count; i++)
        if (order_of_thresholds(&thresholds->items[i], threshold) == 0)
            return true;
    return false;
}

/* Whether they are the same, in any order. */
static bool same_thresholds(const struct thresholds *a, const struct thresholds *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = have(a, &b->items[i]) && have(b, &a->items[i]);
    return same;
}

/* All of both: in the order that both have, or else in one that no order of files changes. */
static int add_thresholds(struct thresholds *thresholds, const struct thresholds *other,
                          struct error *error)
{
    if (same_list(thresholds, other))
        return 0;
    for (size_t i = 0; i < other->count; i++) {
        if (have(thresholds, &other->items[i]))
            continue;
        if (thresholds->count == THRESHOLDS_MAX)
            return error_set(error,
                             "more than %d thresholds in all; give those that count with "
                             "--threshold",
                             THRESHOLDS_MAX);
        thresholds->items[thresholds->count++] = other->items[i];
    }
    qsort(thresholds->items, thresholds->count, sizeof(thresholds->items[0]), order_of_thresholds);
    return 0;
}

/* --- Adding up --- */

/* What is doubtful about one of several is doubtful about the whole, and may drown in it. Whether
 * thresholds rest on enough is asked of the whole alone; and what was added up before has kept the
 * doubts about its parts. */
static void keep_doubts(const struct part *part)
{
    static const struct thresholds none;
    struct validity validity;
    if (part->measurement->parts > 1)
        return;
    validity_judge(&validity, part->measurement, &none);
    for (size_t i = 0; i < validity.count; i++) {
        const struct validity_reason *reason = &validity.reasons[i];
        if (reason->grade == VALIDITY_VALID || reason->source[0])
            continue;
        struct remark remark = {.grade = reason->grade};
        excerpt_copy(text_of(part->path), SIZE_MAX, remark.source, sizeof(remark.source));
        memcpy(remark.check, reason->check, sizeof(remark.check));
        memcpy(remark.text, reason->text, sizeof(remark.text));
        measurement_add_remark(part->measurement, &remark);
    }
}

/* Whether PART is of the load of WHOLE. Thresholds belong to it, unless others judge. */
static int check_load(const struct part *whole, const struct part *part,
                      const struct report_options *options, struct error *error)
{
    int order;
    const char *member = load_difference(&whole->measurement->load, &part->measurement->load,
                                         &order);
    if (!member && !options->thresholds.count &&
        !same_thresholds(&whole->thresholds, &part->thresholds))
        member = "thresholds";
    if (!member || options->force)
        return 0;
    return error_set(error,
                     "%s: another load than that of %s, they differ in %s; merge runs of one load, "
                     "or use --force",
                     part->path, whole->path, member);
}

/* The sum of the summaries at PATHS, of which there is one at least. */
static int add_files(struct part *whole, const char *const *paths,
                     const struct report_options *options, struct error *error)
{
    if (read_part(whole, paths[0], error))
        return -1;
    if (!paths[1])
        return 0;
    keep_doubts(whole);
    for (size_t i = 1; paths[i]; i++) {
        struct part part;
        if (read_part(&part, paths[i], error))
            return -1;
        keep_doubts(&part);
        int status = check_load(whole, &part, options, error);
        if (status == 0 && !options->thresholds.count) /* else those are judged by alone */
            status = add_thresholds(&whole->thresholds, &part.thresholds, error);
        if (status == 0)
            measurement_add(whole->measurement, part.measurement);
        measurement_free(part.measurement);
        if (status)
            return -1;
    }
    failures_sort(&whole->measurement->failures);
    return 0;
}

/* --- The commands --- */

static int prepare_outputs(struct outputs *outputs, const struct report_options *options,
                           const char *const *paths, struct error *error)
{
    if (outputs_add_list(outputs, &options->out, error))
        return -1;
    for (size_t i = 0; paths[i]; i++)
        if (outputs_check_input(outputs, "SUMMARY", paths[i], error))
            return -1;
    return outputs_check(outputs, error);
}

/* A file that is given twice would count its run twice. */
static int check_once(const char *const *paths, struct error *error)
{
    for (size_t i = 0; paths[i]; i++)
        for (size_t other = 0; other < i; other++)
            if (strcmp(paths[other], paths[i]) == 0 ||
                file_same(outputs_input(paths[other]), outputs_input(paths[i])))
                return error_set(error, "%s: the same file as %s; give each run once", paths[i],
                                 paths[other]);
    return 0;
}

/* Adds up, judges, writes and shows the summaries at PATHS. Returns the exit code, or -1. */
static int conclude(struct part *whole, const struct report_options *options,
                    const char *const *paths, bool merges, struct error *error)
{
    static struct verdict verdict; /* too large for a stack */
    struct outputs outputs = {.count = 0};
    struct error later;
    if (check_once(paths, error) || prepare_outputs(&outputs, options, paths, error) ||
        add_files(whole, paths, options, error) ||
        choose_thresholds(&whole->thresholds, &options->thresholds, error))
        return -1;
    struct show show = options->show;
    show.required = true;
    if (merges)
        show.summary_path = outputs_file_of(&outputs, "json");
    else if (strcmp(paths[0], "-") != 0)
        show.summary_path = paths[0];
    judge(&verdict, whole->measurement, &whole->thresholds);
    int status = outputs_write_files(&outputs, whole->measurement, &verdict, error);
    if (outputs_print(&outputs, &show, whole->measurement, &verdict, status ? &later : error))
        status = -1;
    return status ? -1 : (int)verdict.code;
}

static int run_command(const struct option_set *set, int argc, char *const argv[],
                       const char *missing)
{
    static const char *paths[SUMMARIES_MAX + 1];
    static struct report_options options; /* with lists from the environment, kept to the end */
    struct part whole = {.path = NULL};
    struct error error;
    if (options_parse(set, argc, argv, &options, paths, &error))
        return command_complain(&error);
    if (options.help)
        return command_usage(argv[0]);
    int code = paths[0] ? conclude(&whole, &options, paths, set == &merge_option_set, &error)
                        : error_set(&error, "%s", missing);
    measurement_free(whole.measurement);
    return code < 0 ? command_complain(&error) : code;
}

int command_report(int argc, char *const argv[])
{
    return run_command(&report_option_set, argc, argv,
                       "no summary given; use 'wsload report load_test_summary.json'");
}

int command_merge(int argc, char *const argv[])
{
    return run_command(&merge_option_set, argc, argv,
                       "no summaries given; use 'wsload merge a.json b.json -o json=all.json'");
}
