#include "testing.h"

#include <stdio.h>
#include <string.h>

#include "wsload/stats/metrics.h"

#include "measuring.h"

/* Calls CHECK with each metric. */
static void for_each_metric(void (*check)(const struct metric *metric))
{
    size_t count;
    const struct metric *metrics = metrics_table(&count);
    assert_int_equal(count, DERIVED_COUNT + COUNTER_COUNT + DISTRIBUTION_COUNT);
    for (size_t i = 0; i < count; i++)
        check(&metrics[i]);
}

static bool is_distribution(const struct metric *metric)
{
    return metric->form == METRIC_DISTRIBUTION;
}

/* --- Names --- */

static void check_texts(const struct metric *metric)
{
    size_t length = metric->meaning ? strlen(metric->meaning) : 0;
    assert_true(metric->path && metric->path[0]);
    assert_true(metric->label && metric->label[0]);
    if (length < 2 || metric->meaning[length - 1] != '.' || metric->meaning[length - 2] == '.')
        fail_msg("%s: its meaning ends without a full stop", metric->path);
}

static void check_found(const struct metric *metric)
{
    assert_ptr_equal(metric_find(metric->path, strlen(metric->path)), metric);
    if (metric->alias)
        assert_ptr_equal(metric_find(metric->alias, strlen(metric->alias)), metric);
}

static void test_catalogue_rows_are_whole(void **state)
{
    (void)state;
    for_each_metric(check_texts);
}

static void test_catalogue_rows_are_found_by_path_and_alias(void **state)
{
    (void)state;
    for_each_metric(check_found);
}

static void test_catalogue_names_are_all_different(void **state)
{
    (void)state;
    const char *names[2 * (DERIVED_COUNT + COUNTER_COUNT + DISTRIBUTION_COUNT)];
    size_t rows;
    size_t count = 0;
    const struct metric *metrics = metrics_table(&rows);
    for (size_t i = 0; i < rows; i++) {
        names[count++] = metrics[i].path;
        if (metrics[i].alias)
            names[count++] = metrics[i].alias;
    }
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(names[i], names[j]) == 0)
                fail_msg("%s stands twice", names[i]);
}

/* A member of the summary is a figure or holds some, not both. */
static void test_catalogue_paths_lie_in_no_figure(void **state)
{
    (void)state;
    size_t rows;
    const struct metric *metrics = metrics_table(&rows);
    for (size_t i = 0; i < rows; i++) {
        size_t length = strlen(metrics[i].path);
        for (size_t j = 0; j < rows; j++)
            if (strncmp(metrics[j].path, metrics[i].path, length) == 0 &&
                metrics[j].path[length] == '.')
                fail_msg("%s lies in %s", metrics[j].path, metrics[i].path);
    }
}

/* --- Ids --- */

static void test_catalogue_ids_lead_to_their_rows(void **state)
{
    (void)state;
    for (unsigned id = 0; id < COUNTER_COUNT; id++) {
        const struct metric *metric = metric_of_counter((enum counter)id);
        assert_true(metric->kept);
        assert_int_equal(metric->id, id);
        assert_false(is_distribution(metric));
    }
    for (unsigned id = 0; id < DISTRIBUTION_COUNT; id++) {
        const struct metric *metric = metric_of_distribution((enum distribution)id);
        assert_true(metric->kept);
        assert_int_equal(metric->id, id);
        assert_true(is_distribution(metric));
    }
    for (unsigned id = 0; id < DERIVED_COUNT; id++) {
        const struct metric *metric = metric_of_derived((enum derived)id);
        assert_false(metric->kept);
        assert_int_equal(metric->id, id);
        assert_non_null(metric->get);
    }
    assert_string_equal(metric_of_derived(DERIVED_TOTAL_REQUESTS)->path, "total_requests");
    assert_string_equal(metric_of_derived(DERIVED_ERRORS)->path, "errors");
    assert_string_equal(metric_of_counter(COUNT_PLANNED)->path, "accounting.planned");
    assert_string_equal(metric_of_counter(COUNT_MEMORY)->path, "self.memory_bytes");
    assert_string_equal(metric_of_distribution(DIST_LATENCY)->path, "latency");
    assert_string_equal(metric_of_distribution(DIST_LIFETIME)->path, "connection.lifetime");
}

static void test_catalogue_accounts_stand_in_one_order(void **state)
{
    (void)state;
    for (int i = COUNT_PLANNED; i < COUNT_WARMUP_PLANNED; i++) {
        const char *measured = metric_of_counter((enum counter)i)->path;
        const char *warmup = metric_of_counter((enum counter)(i + COUNT_WARMUP_PLANNED))->path;
        assert_string_equal(strchr(measured, '.'), strchr(warmup, '.'));
        assert_int_equal(strncmp(warmup, "warmup.", 7), 0);
    }
}

static size_t rows_kept;

static void check_kept(const struct metric *metric)
{
    rows_kept += metric->kept;
    assert_true(metric->kept || metric->get);
    if (is_distribution(metric))
        assert_true(metric->kept && !metric->get);
}

static void test_catalogue_figures_are_kept_or_computed(void **state)
{
    (void)state;
    rows_kept = 0;
    for_each_metric(check_kept);
    assert_int_equal(rows_kept, COUNTER_COUNT + DISTRIBUTION_COUNT);
}

/* --- What a row says --- */

static void check_units(const struct metric *metric)
{
    bool thing = metric->unit == METRIC_COUNT || metric->unit == METRIC_BYTES;
    switch (metric->form) {
    case METRIC_COUNTER: /* it only grows, in every worker */
        assert_true(thing);
        assert_int_equal(metric->adds, ADDS_AS_SUM);
        break;
    case METRIC_DISTRIBUTION:
        assert_true(thing || metric->unit == METRIC_SECONDS);
        assert_int_equal(metric->adds, ADDS_AS_SUM);
        break;
    case METRIC_NUMBER:
        if (metric->adds == ADDS_AS_TIME)
            assert_true(metric->kept && metric->unit == METRIC_SECONDS);
        if (metric->unit == METRIC_PERCENT || metric->unit == METRIC_PER_SECOND)
            assert_false(metric->kept);
        break;
    }
}

static void check_place_on_the_screen(const struct metric *metric)
{
    if (metric->line != LINE_NONE || metric->shown)
        assert_non_null(metric->short_label);
    if (is_distribution(metric))
        assert_int_equal(metric->shown != 0, metric->short_label != NULL);
    if (metric->line != LINE_NONE)
        assert_int_equal(metric->form, METRIC_COUNTER);
    if (metric->shown)
        assert_true(is_distribution(metric) && metric->unit == METRIC_SECONDS);
    if (metric->always)
        assert_true(metric->line != LINE_NONE || metric->id < COUNT_WAITED);
}

static void check_facts(const struct metric *metric)
{
    if (metric->level != LEVEL_NONE)
        assert_true(is_distribution(metric) && metric->per_request &&
                    metric->unit == METRIC_SECONDS && metric->better == BETTER_LESS &&
                    metric->runs & (RUN_TWO_WAY | RUN_STREAM));
    if (metric->per_request)
        assert_true(is_distribution(metric));
    if (metric->share_of_requests)
        assert_true(metric->unit == METRIC_PERCENT && metric->better == BETTER_MORE);
    assert_int_equal(metric->by_kind, strcmp(metric->path, "errors") == 0);
}

static void test_catalogue_facts_fit_each_other(void **state)
{
    (void)state;
    for_each_metric(check_units);
    for_each_metric(check_place_on_the_screen);
    for_each_metric(check_facts);
}

static void test_catalogue_has_one_figure_for_each_limit(void **state)
{
    (void)state;
    for (int level = LEVEL_NONE + 1; level < LEVEL_COUNT; level++) {
        size_t found = 0;
        for (int id = 0; id < DISTRIBUTION_COUNT; id++) {
            const struct metric *metric = metric_of_distribution((enum distribution)id);
            if (metric->level != (enum level)level)
                continue;
            found++;
            assert_string_equal(metric->path, load_level_names[level]);
        }
        assert_int_equal(found, 1);
    }
}

static void test_catalogue_says_what_is_better(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum metric_better better;
    } cases[] = {
        {"latency", BETTER_LESS},
        {"response_time", BETTER_LESS},
        {"errors", BETTER_LESS},
        {"failed_requests", BETTER_LESS},
        {"accounting.skipped", BETTER_LESS},
        {"connections.closed_by_server", BETTER_LESS},
        {"send_lag", BETTER_LESS},
        {"network.rtt", BETTER_LESS},
        {"network.retransmits", BETTER_LESS},
        {"success_rate", BETTER_MORE},
        {"goodput", BETTER_MORE},
        {"requests_per_second", BETTER_MORE},
        {"achieved_rate", BETTER_MORE},
        {"connection.lifetime", BETTER_MORE},
        {"total_requests", BETTER_NEITHER},
        {"accounting.planned", BETTER_NEITHER},
        {"rate.asked", BETTER_NEITHER},
        {"bytes_per_reply", BETTER_NEITHER},
        {"traffic.sent_bytes", BETTER_NEITHER},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct metric *metric = metric_find(cases[i].path, strlen(cases[i].path));
        assert_non_null(metric);
        assert_int_equal(metric->better, cases[i].better);
    }
}

/* --- Runs --- */

static struct measurement *seen;

static int start(void **state)
{
    static const struct load load = {.levels.any = true, .shards = 1};
    (void)state;
    seen = measurement_new(&load);
    if (!seen)
        return -1;
    /* Each kept figure has a value of its own. */
    for (unsigned i = 0; i < COUNTER_COUNT; i++)
        seen->counts[i] = 1000 + i;
    for (unsigned i = 0; i < DISTRIBUTION_COUNT; i++)
        histogram_record(&seen->distributions[i], i);
    return 0;
}

static int end(void **state)
{
    (void)state;
    measurement_free(seen);
    return 0;
}

static void check_of_its_runs(const struct metric *metric)
{
    double value;
    unsigned kinds = metric_run_kinds(&seen->load);
    bool is_of = (metric->runs & kinds) == metric->runs;
    bool has = is_distribution(metric) ? metric_histogram(metric, seen) != NULL
                                       : metric_value(metric, seen, &value);
    assert_int_equal(metric_is_of(metric, &seen->load), is_of);
    if (has != is_of)
        fail_msg("%s: kinds %u", metric->path, kinds);
}

static void test_catalogue_figures_are_of_the_runs_that_have_them(void **state)
{
    (void)state;
    static const struct {
        enum load_model model;
        enum load_reply reply;
        unsigned kinds;
    } cases[] = {
        {LOAD_CLOSED, REPLY_MESSAGE, RUN_ANY | RUN_TWO_WAY},
        {LOAD_CLOSED, REPLY_STREAM, RUN_ANY | RUN_TWO_WAY | RUN_STREAM},
        {LOAD_CLOSED, REPLY_NONE, RUN_ANY},
        {LOAD_OPEN, REPLY_MESSAGE, RUN_ANY | RUN_TWO_WAY | RUN_OPEN},
        {LOAD_OPEN, REPLY_STREAM, RUN_ANY | RUN_TWO_WAY | RUN_STREAM | RUN_OPEN},
        {LOAD_OPEN, REPLY_NONE, RUN_ANY | RUN_OPEN},
        {LOAD_HOLD, REPLY_NONE, RUN_ANY | RUN_HOLD},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        seen->load.model = cases[i].model;
        seen->load.reply = cases[i].reply;
        assert_int_equal(metric_run_kinds(&seen->load), cases[i].kinds);
        for_each_metric(check_of_its_runs);
    }
}

static void test_catalogue_kept_figures_are_what_was_counted(void **state)
{
    (void)state;
    seen->load.model = LOAD_OPEN;
    seen->load.reply = REPLY_STREAM;
    for (unsigned id = 0; id < COUNTER_COUNT; id++) {
        const struct metric *metric = metric_of_counter((enum counter)id);
        double value = -1;
        assert_true(metric_value(metric, seen, &value));
        assert_true(value == (double)(1000 + id) / metric_scale(metric->unit));
    }
    for (unsigned id = 0; id < DISTRIBUTION_COUNT; id++)
        assert_ptr_equal(metric_histogram(metric_of_distribution((enum distribution)id), seen),
                         &seen->distributions[id]);
}

TEST_GROUP(catalogue)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_catalogue_rows_are_whole),
        cmocka_unit_test(test_catalogue_rows_are_found_by_path_and_alias),
        cmocka_unit_test(test_catalogue_names_are_all_different),
        cmocka_unit_test(test_catalogue_paths_lie_in_no_figure),
        cmocka_unit_test(test_catalogue_ids_lead_to_their_rows),
        cmocka_unit_test(test_catalogue_accounts_stand_in_one_order),
        cmocka_unit_test(test_catalogue_figures_are_kept_or_computed),
        cmocka_unit_test(test_catalogue_facts_fit_each_other),
        cmocka_unit_test(test_catalogue_has_one_figure_for_each_limit),
        cmocka_unit_test(test_catalogue_says_what_is_better),
        cmocka_unit_test_setup_teardown(test_catalogue_figures_are_of_the_runs_that_have_them,
                                        start, end),
        cmocka_unit_test_setup_teardown(test_catalogue_kept_figures_are_what_was_counted, start,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
