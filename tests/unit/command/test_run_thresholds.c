#include "testing.h"

#include <string.h>

#include "run_build.h"

static struct thresholds thresholds;
static struct run_options options;
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

/* Builds the thresholds of a run of REQUESTS from the words up to a NULL. */
static int build(uint64_t requests, const char *const *words)
{
    assert_int_equal(parse(words), 0);
    thresholds = (struct thresholds){.count = 0};
    return run_thresholds_build(&thresholds, &options, requests, &error);
}

#define BUILD(requests, ...) build(requests, (const char *const[]){__VA_ARGS__, NULL})

static void test_run_thresholds_are_none_unless_asked_for(void **state)
{
    (void)state;
    assert_int_equal(build(1, (const char *const[]){NULL}), 0);
    assert_int_equal(thresholds.count, 0);
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
        BUILD(UINT64_MAX, "--min-success-rate", "99.5", "--min-rps", "0", "--max-latency", "250ms"),
        0);
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
    assert_int_equal(BUILD(UINT64_MAX, "--threshold", "latency:p(95)<500ms", "--max-latency", "1s",
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
    assert_int_equal(build(UINT64_MAX, words), -1);
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

/* As many as can be asked for. */
static void test_run_thresholds_ask_nothing_of_replies_where_none_come(void **state)
{
    static const char *const rules[] = {
        "latency:avg<1s", "response_time:p(95)<1s",   "ttfm:max<1s",
        "gap:max<1s",     "inter_message_gap:max<1s", "tpom:avg<1s",
        "goodput>1",      "messages_per_reply:min>1", "bytes_per_reply:min>1",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rules); i++) {
        assert_int_equal(BUILD(1, "--threshold", rules[i]), 0);
        assert_int_equal(BUILD(1, "--threshold", rules[i], "--one-way"), -1);
        assert_non_null(strstr(error.text, rules[i]));
        assert_non_null(strstr(error.text, "there are no replies with --one-way"));
    }
    assert_int_equal(BUILD(1, "--max-latency", "5s", "--one-way"), -1);
    assert_string_equal(error.text, "--max-latency 5 s: there are no replies with --one-way, and "
                                    "so no latency; leave out one of them");
    assert_int_equal(BUILD(1, "--threshold", "errors<3", "--min-rps", "1", "--one-way"), 0);
}

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
        cmocka_unit_test(test_run_thresholds_are_none_unless_asked_for),
        cmocka_unit_test(test_run_thresholds_come_from_options_of_their_own),
        cmocka_unit_test(test_run_thresholds_come_from_rules_in_order),
        cmocka_unit_test(test_run_thresholds_abort_only_when_it_can_be_known),
        cmocka_unit_test(test_run_thresholds_refuse_what_is_no_rule),
        cmocka_unit_test(test_run_thresholds_ask_nothing_of_replies_where_none_come),
        cmocka_unit_test(test_run_thresholds_are_bounded_by_the_options_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
