#include "testing.h"

#include <string.h>

#include "run_build.h"

static struct thresholds thresholds;
static struct run_options options;
static struct plan plan;
static struct error error;

/* Parses the words up to a NULL. */
static int parse(const char *const *words)
{
    char *argv[2 * THRESHOLDS_MAX + 2] = {(char *)"wsload"};
    int argc = 1;
    for (; words[argc - 1]; argc++) {
        assert_true(argc + 1 < (int)ARRAY_LENGTH(argv)); /* its last is NULL */
        argv[argc] = (char *)words[argc - 1];
    }
    return run_options_parse(argc, argv, &options, &error);
}

/* Builds the thresholds of a run of REQUESTS (0: nobody knows how many) from the words up to a
 * NULL. */
static int build(uint64_t requests, const char *const *words)
{
    assert_int_equal(parse(words), 0);
    thresholds = (struct thresholds){.count = 0};
    plan = options.plan;
    plan.load.model = options.hold ? LOAD_HOLD : LOAD_CLOSED;
    plan.load.reply = plan.reply_rules.one_way || options.hold ? REPLY_NONE : REPLY_MESSAGE;
    plan.load.requests = requests;
    return run_thresholds_build(&thresholds, &options, &plan, &error);
}

#define BUILD(requests, ...) build(requests, (const char *const[]){__VA_ARGS__, NULL})

static void test_run_thresholds_have_a_default_where_none_is_asked_for(void **state)
{
    (void)state;
    assert_int_equal(build(1, (const char *const[]){NULL}), 0);
    assert_int_equal(thresholds.count, 2);
    assert_string_equal(thresholds.items[0].name, "default_success_rate");
    assert_string_equal(thresholds.items[1].name, "default_connections_opened");
    assert_true(threshold_is_default(&thresholds.items[0]));
    assert_string_equal(thresholds.items[0].selector.text, "success_rate");
    assert_int_equal(thresholds.items[0].relation, THRESHOLD_AT_LEAST);
    assert_float_equal(thresholds.items[0].limit, 95, 0);
    assert_false(thresholds.items[0].abort);
    assert_int_equal(BUILD(1, "--one-way"), 0);
    assert_int_equal(thresholds.count, 2);
    assert_int_equal(BUILD(0, "--hold", "-d", "1s"), 0); /* no requests */
    assert_int_equal(thresholds.count, 0);
}

static void test_run_thresholds_that_are_asked_for_take_the_default_away(void **state)
{
    static const char *const words[][2] = {
        {"--min-success-rate", "0"}, {"--min-rps", "1"}, {"--threshold", "errors<10"}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        assert_int_equal(BUILD(1, words[i][0], words[i][1]), 0);
        assert_int_equal(thresholds.count, 1);
        assert_false(threshold_is_default(&thresholds.items[0]));
    }
}

static void test_run_thresholds_come_from_options_of_their_own(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *metric;
        enum statistic stat;
        enum threshold_relation relation;
        double limit;
    } expected[] = {
        {"max_latency", "latency", STAT_AVG, THRESHOLD_AT_MOST, 0.25},
        {"min_rps", "requests_per_second", STAT_VALUE, THRESHOLD_AT_LEAST, 0},
        {"min_success_rate", "success_rate", STAT_VALUE, THRESHOLD_AT_LEAST, 99.5},
    };
    assert_int_equal(
        BUILD(0, "--min-success-rate", "99.5", "--min-rps", "0", "--max-latency", "250ms"), 0);
    assert_int_equal(thresholds.count, ARRAY_LENGTH(expected));
    for (size_t i = 0; i < ARRAY_LENGTH(expected); i++) {
        const struct threshold *threshold = &thresholds.items[i];
        assert_string_equal(threshold->name, expected[i].name);
        assert_string_equal(threshold->selector.metric->path, expected[i].metric);
        assert_int_equal(threshold->selector.stat, expected[i].stat);
        assert_int_equal(threshold->relation, expected[i].relation);
        assert_float_equal(threshold->limit, expected[i].limit, 1e-12);
        assert_false(threshold->abort);
    }
}

static void test_run_thresholds_come_from_rules_in_order(void **state)
{
    (void)state;
    assert_int_equal(BUILD(0, "--threshold", "latency:p(95)<500ms", "--max-latency", "1s",
                           "--threshold", "errors<10,abort"),
                     0);
    assert_int_equal(thresholds.count, 3);
    assert_string_equal(thresholds.items[0].name, "max_latency");
    assert_string_equal(thresholds.items[1].selector.metric->path, "latency");
    assert_string_equal(thresholds.items[2].selector.metric->path, "errors");
    assert_false(thresholds.items[1].abort);
    assert_true(thresholds.items[2].abort);
}

static void test_run_thresholds_abort_only_when_it_can_be_known(void **state)
{
    (void)state;
    static const char *const words[] = {"--threshold", "success_rate>99,abort", NULL};
    assert_int_equal(build(1000, words), 0);
    assert_true(thresholds.items[0].abort);
    assert_int_equal(build(0, words), -1);
    assert_string_equal(error.text,
                        "--threshold 'success_rate>99,abort': it is never sure to fail before the "
                        "end when the number of requests is not known; give --requests, or leave "
                        "out ',abort'");
}

static void test_run_thresholds_refuse_what_is_no_rule(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        const char *begin;
        const char *part;
    } cases[] = {
        {"latancy:p(95)<1s", "--threshold 'latancy:p(95)<1s': ", "latency"},
        {"latency", "--threshold 'latency': ", ""},
        {"success_rate>101", "--threshold 'success_rate>101': ", "100"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(BUILD(1, "--threshold", cases[i].rule), -1);
        if (strncmp(error.text, cases[i].begin, strlen(cases[i].begin)) != 0 ||
            !strstr(error.text + strlen(cases[i].begin), cases[i].part))
            fail_msg("%s", error.text);
    }
}

static void test_run_thresholds_ask_for_nothing_that_the_run_does_not_have(void **state)
{
    static const struct {
        const char *rule;
        const char *words[2]; /* of a run without it */
        const char *error;
    } cases[] = {
        {"latency:avg<1s", {"--one-way"}, "no latency, only runs with replies"},
        {"response_time:p(95)<1s", {"--one-way"}, "no response time, only runs with replies"},
        {"goodput>1", {"--one-way"}, "no goodput, "},
        {"bytes_per_reply:min>1", {"--one-way"}, "no bytes per reply, "},
        {"latency:avg<1s", {"--hold", "-d1s"}, "no latency, only runs with replies"},
        {"ttfm:max<1s", {NULL}, "only runs whose replies are streams (--reply-end) have it"},
        {"gap:max<1s", {NULL}, "no gap between messages, only runs whose"},
        {"tpom:avg<1s", {NULL}, "whose replies are streams"},
        {"messages_per_reply:min>1", {NULL}, "whose replies are streams"},
        {"send_lag:p(99)<1s", {NULL}, "only runs at a --rate have it"},
        {"achieved_rate>98", {NULL}, "only runs at a --rate have it"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(
            BUILD(1, "--threshold", cases[i].rule, cases[i].words[0], cases[i].words[1]), -1);
        assert_non_null(strstr(error.text, cases[i].rule));
        if (!strstr(error.text, cases[i].error))
            fail_msg("%s", error.text);
        plan.load.reply = REPLY_STREAM;
        plan.load.model = LOAD_OPEN;
        thresholds.count = 0;
        assert_int_equal(run_thresholds_build(&thresholds, &options, &plan, &error), 0);
    }
    assert_int_equal(BUILD(1, "--max-latency", "5s", "--one-way"), -1);
    assert_string_equal(error.text,
                        "--max-latency: this run has no latency, only runs with replies (no "
                        "--one-way, no --hold) have it; leave it out, or ask for such a run");
    assert_int_equal(BUILD(1, "--threshold", "errors<3", "--min-rps", "1", "--one-way"), 0);
}

/* What takes longer than its timeout has failed. */
static void test_run_thresholds_are_not_above_the_timeout(void **state)
{
    static const struct {
        const char *rule;
        const char *option; /* NULL: accepted */
    } cases[] = {
        {"latency:p(95)<30s", NULL},
        {"latency:p(95)<31s", "--timeout 30 s"},
        {"latency:max>31s", "--timeout"},
        {"ttfm:med<1m", "--timeout 30 s"},
        {"gap:max<1m", "--timeout"},
        {"tpom:avg<1m", "--timeout"},
        {"latency:count<31", NULL},
        {"latency:stddev<31s", NULL},
        {"response_time:p(95)<1m", NULL}, /* it counts from when the request was due */
        {"connect:max<10s", NULL},
        {"connect:max<11s", "--connect-timeout 10 s"},
        {"connect.tls:avg<1m", "--connect-timeout"},
        {"total_time<1h", NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(parse((const char *const[]){"--threshold", cases[i].rule, NULL}), 0);
        thresholds.count = 0;
        plan = options.plan;
        plan.load.reply = REPLY_STREAM;
        int status = run_thresholds_build(&thresholds, &options, &plan, &error);
        assert_int_equal(status, cases[i].option ? -1 : 0);
        if (cases[i].option && !strstr(error.text, cases[i].option))
            fail_msg("%s", error.text);
    }
    assert_int_equal(BUILD(1, "--max-latency", "1m"), -1);
    assert_string_equal(error.text,
                        "--max-latency: a limit of 1 min is above --timeout 30 s, and what takes "
                        "longer has failed by then; lower the limit, or make the timeout longer");
    assert_int_equal(BUILD(1, "--max-latency", "1m", "--timeout", "2m"), 0);
}

/* As many as can be asked for. */
static void test_run_thresholds_are_bounded_by_the_options_alone(void **state)
{
    (void)state;
    static const char *const named[] = {"--max-latency",      "1s", "--min-rps", "1",
                                        "--min-success-rate", "99"};
    const char *words[2 * THRESHOLDS_MAX + 1] = {NULL};
    for (size_t i = 0; i < OPTION_LIST_MAX; i++) {
        words[2 * i] = "--threshold";
        words[2 * i + 1] = "errors<10";
    }
    memcpy(words + 2 * OPTION_LIST_MAX, named, sizeof(named));
    assert_int_equal(build(1, words), 0);
    assert_int_equal(thresholds.count, THRESHOLDS_MAX);
    words[2 * OPTION_LIST_MAX] = "--threshold";
    words[2 * OPTION_LIST_MAX + 1] = "errors<10";
    assert_int_equal(parse(words), -1);
    assert_string_equal(error.text, "--threshold: at most 64 are allowed");
}

TEST_GROUP(run_thresholds)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run_thresholds_have_a_default_where_none_is_asked_for),
        cmocka_unit_test(test_run_thresholds_that_are_asked_for_take_the_default_away),
        cmocka_unit_test(test_run_thresholds_come_from_options_of_their_own),
        cmocka_unit_test(test_run_thresholds_come_from_rules_in_order),
        cmocka_unit_test(test_run_thresholds_abort_only_when_it_can_be_known),
        cmocka_unit_test(test_run_thresholds_refuse_what_is_no_rule),
        cmocka_unit_test(test_run_thresholds_ask_for_nothing_that_the_run_does_not_have),
        cmocka_unit_test(test_run_thresholds_are_not_above_the_timeout),
        cmocka_unit_test(test_run_thresholds_are_bounded_by_the_options_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
