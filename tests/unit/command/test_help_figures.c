#include "testing.h"

#include <stdio.h>
#include <string.h>

#include "help.h"
#include "wsload/stats/metrics.h"

static struct buffer out;

static int begin(void **state)
{
    (void)state;
    buffer_init(&out, 1 << 16);
    return 0;
}

static int end(void **state)
{
    (void)state;
    buffer_free(&out);
    return 0;
}

static void expect_narrow(void)
{
    for (const char *line = out.data; *line;) {
        size_t length = strcspn(line, "\n");
        if (length > 80)
            fail_msg("%zu columns: %.*s", length, (int)length, line);
        line += length + (line[length] == '\n');
    }
}

/* Makes one space of each white space, so that text is found wherever its lines are broken. */
static void join_lines(void)
{
    size_t to = 0;
    for (size_t from = 0; from < out.length; from++) {
        bool space = strchr(" \n", out.data[from]) != NULL;
        if (!space || (to > 0 && out.data[to - 1] != ' '))
            out.data[to++] = space ? ' ' : out.data[from];
    }
    out.data[to] = '\0';
    out.length = to;
}

static void expect_text(const char *text)
{
    if (!strstr(out.data, text))
        fail_msg("'%s' is not there", text);
}

static void test_help_figures_lists_every_metric(void **state)
{
    size_t count;
    const struct metric *metrics = metrics_table(&count);
    (void)state;
    help_topic("metrics", &out);
    expect_narrow();
    join_lines();
    for (size_t i = 0; i < count; i++) {
        char row[512];
        bool named = metrics[i].alias && strcmp(metrics[i].alias, metrics[i].path) != 0;
        snprintf(row, sizeof(row), " %s%s%s %s", metrics[i].path, named ? ", " : "",
                 named ? metrics[i].alias : "", metrics[i].meaning);
        expect_text(row);
    }
    expect_text("Distributions, STAT is avg, med, min, max, p(N), stddev, count or rate: latency");
    expect_text("Counters, STAT is count (the default) or rate: total_requests");
    expect_text("Numbers, STAT is none: success_rate");
}

static void test_help_figures_lists_every_failure(void **state)
{
    (void)state;
    help_topic("failures", &out);
    expect_narrow();
    join_lines();
    for (int i = 0; i < FAILURE_KIND_COUNT; i++) {
        char row[512];
        enum failure_kind kind = (enum failure_kind)i;
        const char *detail = failure_detail(kind);
        snprintf(row, sizeof(row), " %s %s%s%s", failure_name(kind), failure_hint(kind, ""),
                 detail[0] ? "; detail: " : "", detail);
        expect_text(row);
    }
    expect_text(" handshake_status the upgrade was answered with this status; detail: the HTTP");
}

static void test_help_figures_explains_a_metric(void **state)
{
    static const struct {
        const char *topic;
        const char *text;
    } cases[] = {
        {"ttfm", "ttfm   (time to first message)\n\n"
                 "  From sending a message to the first message of its good reply.\n"
                 "  Only runs whose replies are streams (--reply-end) have it.\n\n"
                 "  Statistics: avg, med, min, max, p(N), stddev, count or rate.\n"
                 "  Value: a time; less is better.\n"
                 "  Example: --threshold 'ttfm:p(95)<500ms'\n"},
        {"skipped", "accounting.skipped   (skipped requests)\n\n"
                    "  Measured requests that never started: the queue was full, or the run ended\n"
                    "  before.\n\n"
                    "  Also called: skipped.\n"
                    "  Statistics: count (the default) or rate.\n"
                    "  Value: a number; less is better.\n"
                    "  Example: --threshold 'accounting.skipped<10'\n"},
        {"achieved_rate", "achieved_rate   (achieved rate)\n\n"
                          "  Requests sent in the measured time, of those that came due.\n"
                          "  Only runs at a --rate have it.\n\n"
                          "  Statistics: none.\n"
                          "  Value: percent; more is better.\n"
                          "  Example: --threshold 'achieved_rate>99.5'\n"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        buffer_clear(&out);
        help_topic(cases[i].topic, &out);
        assert_string_equal(out.data, cases[i].text);
    }
    buffer_clear(&out);
    help_topic("latency", &out);
    expect_text("  Only runs with replies (no --one-way, no --hold) have it.\n");
    help_topic("errors", &out); /* after something else */
    expect_text("500ms'\n\nerrors   (errors)\n");
    expect_text("  The kinds: 'wsload help failures'.\n");
}

static void test_help_figures_explains_every_topic(void **state)
{
    const char *topics[HELP_TOPICS_MAX];
    size_t rows;
    size_t count = help_topics(topics);
    (void)state;
    metrics_table(&rows);
    assert_true(count > rows + 2); /* and aliases */
    assert_true(count + 2 < HELP_TOPICS_MAX);
    for (size_t i = 0; i < count; i++) {
        buffer_clear(&out);
        help_topic(topics[i], &out);
        assert_true(out.length > 0);
        expect_narrow();
    }
}

static void test_help_figures_says_nothing_of_what_it_does_not_know(void **state)
{
    static const char *const topics[] = {"", "metric", "latenc", "latency:avg", "--latency"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(topics); i++)
        help_topic(topics[i], &out);
    assert_int_equal(out.length, 0);
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, begin, end)

TEST_GROUP(help_figures)
{
    const struct CMUnitTest tests[] = {
        FRESH(test_help_figures_lists_every_metric),
        FRESH(test_help_figures_lists_every_failure),
        FRESH(test_help_figures_explains_a_metric),
        FRESH(test_help_figures_explains_every_topic),
        FRESH(test_help_figures_says_nothing_of_what_it_does_not_know),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
