#include "testing.h"

#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/judge/thresholds.h"
#include "wsload/judge/verdict.h"

#include "measuring.h"

static struct measurement *seen;
static struct thresholds thresholds;
static struct verdict verdict;

/* 8 requests of 0.5 s and 2 failures in 2 s. */
static int fill(void **state)
{
    (void)state;
    static const struct load load = {.shards = 1};
    seen = measurement_new(&load);
    if (!seen)
        return -1;
    thresholds.count = 0;
    refill(&seen->distributions[DIST_LATENCY], 8, NS_PER_S / 2);
    seen->counts[COUNT_OK] = 8;
    seen->counts[COUNT_FAILED] = 2;
    seen->counts[COUNT_TOTAL_TIME] = 2 * NS_PER_S;
    return 0;
}

static int release(void **state)
{
    (void)state;
    measurement_free(seen);
    return 0;
}

static void test_thresholds_judge_each_relation(void **state)
{
    static const struct {
        const char *selector;
        enum threshold_relation relation;
        double limit;
        double actual;
        bool passed;
    } cases[] = {
        {"latency:avg", THRESHOLD_AT_MOST, 0.6, 0.5, true},
        {"latency:avg", THRESHOLD_AT_MOST, 0.5, 0.5, true},
        {"latency:avg", THRESHOLD_AT_MOST, 0.499999, 0.5, false},
        {"latency:max", THRESHOLD_BELOW, 0.5, 0.5, false},
        {"latency:max", THRESHOLD_BELOW, 0.500000001, 0.5, true},
        {"requests_per_second", THRESHOLD_AT_LEAST, 4, 5, true},
        {"requests_per_second", THRESHOLD_AT_LEAST, 5, 5, true},
        {"requests_per_second", THRESHOLD_AT_LEAST, 5.001, 5, false},
        {"success_rate", THRESHOLD_ABOVE, 79.9, 80, true},
        {"success_rate", THRESHOLD_ABOVE, 80, 80, false},
        {"failed_requests", THRESHOLD_EQUAL, 2, 2, true},
        {"failed_requests", THRESHOLD_EQUAL, 3, 2, false},
        {"failed_requests", THRESHOLD_NOT_EQUAL, 2, 2, false},
        {"failed_requests", THRESHOLD_NOT_EQUAL, 3, 2, true},
    };
    size_t broken = 0;
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(thresholds_add(&thresholds, "name", cases[i].selector, cases[i].relation,
                                        cases[i].limit),
                         0);
    judge(&verdict, seen, &thresholds);
    assert_int_equal(verdict.count, ARRAY_LENGTH(cases));
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct judgement *judgement = &verdict.judgements[i];
        assert_string_equal(judgement->threshold.selector.text, cases[i].selector);
        assert_true(judgement->has_actual);
        assert_true(judgement->actual == cases[i].actual);
        assert_int_equal(judgement->passed, cases[i].passed);
        broken += !cases[i].passed;
    }
    assert_int_equal(verdict.broken, broken);
}

static void test_thresholds_are_broken_without_a_figure(void **state)
{
    (void)state;
    thresholds_add(&thresholds, "a", "connect:avg", THRESHOLD_AT_MOST, 1);
    thresholds_add(&thresholds, "b", "achieved_rate", THRESHOLD_AT_LEAST, 0);
    judge(&verdict, seen, &thresholds);
    assert_false(verdict.judgements[0].has_actual);
    assert_false(verdict.judgements[1].has_actual);
    assert_int_equal(verdict.broken, 2);
}

static void test_thresholds_add_remembers_what_was_asked(void **state)
{
    (void)state;
    thresholds.count = 0;
    assert_int_equal(
        thresholds_add(&thresholds, "max_latency", "latency:avg", THRESHOLD_AT_MOST, 0.5), 0);
    const struct threshold *threshold = &thresholds.items[0];
    assert_string_equal(threshold->name, "max_latency");
    assert_string_equal(threshold->selector.text, "latency:avg");
    assert_int_equal(threshold->relation, THRESHOLD_AT_MOST);
    assert_true(threshold->limit == 0.5);
    assert_false(threshold->abort);
    assert_int_equal(thresholds_add(&thresholds, "x", "latencyy:avg", THRESHOLD_AT_MOST, 1), -1);
    assert_int_equal(thresholds.count, 1);
}

static void test_thresholds_refuse_one_too_many(void **state)
{
    struct error error;
    (void)state;
    thresholds.count = 0;
    for (size_t i = 0; i < THRESHOLDS_MAX; i++)
        assert_int_equal(thresholds_parse(&thresholds, "errors<3", &error), 0);
    assert_int_equal(thresholds_add(&thresholds, "n", "errors", THRESHOLD_BELOW, 1), -1);
    assert_int_equal(thresholds_parse(&thresholds, "errors<3", &error), -1);
    assert_string_equal(error.text, "at most 67 thresholds are allowed");
    assert_int_equal(thresholds.count, THRESHOLDS_MAX);
}

static void test_thresholds_parse_what_people_write(void **state)
{
    static const struct {
        const char *text;
        const char *name;
        const char *selector;
        enum threshold_relation relation;
        double limit;
        bool abort;
    } cases[] = {
        {"latency:p(95)<500ms", "latency:p(95)<500ms", "latency:p(95)", THRESHOLD_BELOW, 0.5,
         false},
        {"latency:p95 <= 0.5s", "latency:p95<=0.5s", "latency:p95", THRESHOLD_AT_MOST, 0.5, false},
        {"drain.time==0", "drain.time==0", "drain.time", THRESHOLD_EQUAL, 0, false},
        {"success_rate>0.95%", "success_rate>0.95%", "success_rate", THRESHOLD_ABOVE, 0.95, false},
        {"response_time:p(99.9)<2s,abort", "response_time:p(99.9)<2s,abort",
         "response_time:p(99.9)", THRESHOLD_BELOW, 2, true},
        {"success_rate>99", "success_rate>99", "success_rate", THRESHOLD_ABOVE, 99, false},
        {"success_rate >= 99.5% , abort", "success_rate>=99.5%,abort", "success_rate",
         THRESHOLD_AT_LEAST, 99.5, true},
        {"errors{kind=reply_timeout}<10", "errors{kind=reply_timeout}<10",
         "errors{kind=reply_timeout}", THRESHOLD_BELOW, 10, false},
        {" errors == 0,abort ", "errors==0,abort", "errors", THRESHOLD_EQUAL, 0, true},
        {"errors != 1k", "errors!=1k", "errors", THRESHOLD_NOT_EQUAL, 1000, false},
        {"errors:rate<30/m", "errors:rate<30/m", "errors:rate", THRESHOLD_BELOW, 0.5, false},
        {"achieved_rate>98", "achieved_rate>98", "achieved_rate", THRESHOLD_ABOVE, 98, false},
        {"requests_per_second>=5k", "requests_per_second>=5k", "requests_per_second",
         THRESHOLD_AT_LEAST, 5000, false},
        {"connect.tls:avg<50ms", "connect.tls:avg<50ms", "connect.tls:avg", THRESHOLD_BELOW, 0.05,
         false},
        {"latency:count>100", "latency:count>100", "latency:count", THRESHOLD_ABOVE, 100, false},
        {"ttfm:p(95)<800ms", "ttfm:p(95)<800ms", "ttfm:p(95)", THRESHOLD_BELOW, 0.8, false},
        {"gap:max<2s,abort", "gap:max<2s,abort", "gap:max", THRESHOLD_BELOW, 2, true},
        {"bytes_per_reply:avg <= 10KiB", "bytes_per_reply:avg<=10KiB", "bytes_per_reply:avg",
         THRESHOLD_AT_MOST, 10240, false},
        {"bytes_per_reply:max<2MB,abort", "bytes_per_reply:max<2MB,abort", "bytes_per_reply:max",
         THRESHOLD_BELOW, 2000000, true},
        {"bytes_per_reply:count<2k", "bytes_per_reply:count<2k", "bytes_per_reply:count",
         THRESHOLD_BELOW, 2000, false},
        {"messages_per_reply:min>=2", "messages_per_reply:min>=2", "messages_per_reply:min",
         THRESHOLD_AT_LEAST, 2, false},
        {"late==0,abort", "late==0,abort", "late", THRESHOLD_EQUAL, 0, true},
        {"goodput>=1k", "goodput>=1k", "goodput", THRESHOLD_AT_LEAST, 1000, false},
        /* whether a run can end by it is asked elsewhere */
        {"goodput>5,abort", "goodput>5,abort", "goodput", THRESHOLD_ABOVE, 5, true},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        thresholds.count = 0;
        if (thresholds_parse(&thresholds, cases[i].text, &error))
            fail_msg("%s: %s", cases[i].text, error.text);
        const struct threshold *threshold = &thresholds.items[0];
        assert_string_equal(threshold->name, cases[i].name);
        assert_string_equal(threshold->selector.text, cases[i].selector);
        assert_int_equal(threshold->relation, cases[i].relation);
        assert_true(threshold->limit == cases[i].limit);
        assert_int_equal(threshold->abort, cases[i].abort);
    }
}

static void test_thresholds_parse_says_what_is_wrong(void **state)
{
    static const struct {
        const char *text;
        const char *error; /* or how it begins */
    } cases[] = {
        {"latencyy:avg<5ms", "'latencyy': no such metric; did you mean latency ?"},
        {"latency<5ms", "'latency': a statistic is missing, as in latency:p(95); use avg, "},
        {"errors{kind=dns<5", "'errors{kind=dns<5': use errors{kind=KIND}, as in "},
        {"errors", "'errors': a comparison is missing; use < <= > >= == or !=, as in "
                   "latency:p(95)<500ms"},
        {"errors=5", "'errors=5': a comparison is missing; "},
        {"errors!5", "'errors!5': a comparison is missing; "},
        {"errors{kind=dns}", "'errors{kind=dns}': a comparison is missing; "},
        {"latency:avg<5x", "'5x': unknown unit 'x'; use us, ms, s, m or h, as in 500ms"},
        {"latency:avg<", "'': not a number; use us, ms, s, m or h, as in 500ms"},
        {"latency:avg<<5", "'<5': not a number; "},
        {"latency:avg<-5", "'-5': not a number; "},
        {"latency:avg<500", "'500': a limit needs its unit; is it 500ms or 500s ?"},
        {"latency:avg<0.5", "'0.5': a limit needs its unit; is it 0.5ms or 0.5s ?"},
        {"latency:p(0.95)<1s", "'p(0.95)': N of p(N) is in percent; did you mean p(95) ?"},
        {"success_rate>0.995",
         "'0.995': at most 1 percent; did you mean 99.5 ? If not, write 0.995%"},
        {"success_rate>=1", "'1': at most 1 percent; did you mean 100 ? If not, write 1%"},
        {"success_rate>101", "'101': more than 100; use a number from 0 to 100"},
        {"success_rate>1s", "'1s': unknown unit 's'; use a number from 0 to 100"},
        {"errors<1.5", "'1.5': not a whole number; "},
        {"errors:rate<5s", "'5s': unknown unit 's'; use k, m or g, then /s, /m or /h"},
        {"bytes_per_reply:avg<5s", "'5s': unknown unit 's'; use B, KB, "},
        {"bytes_per_reply:count<5KiB", "'5KiB': unknown unit 'KiB'; "},
        {"messages_per_reply:avg<5ms", "'5ms': unknown unit 'ms'; "},
        {"messages_per_reply:avg<1.5", "'1.5': not a whole number; "},
        {"errors<5,abrt", "',abrt': only ,abort may follow the value"},
        {"errors<5,", "',': only ,abort may follow the value"},
        {"errors<5,abort,abort", "',abort,abort': only ,abort may follow the value"},
        {"errors<5\n", "a control character stands in it"},
        {"errors<5\x7f", "a control character stands in it"},
    };
    (void)state;
    thresholds.count = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        if (thresholds_parse(&thresholds, cases[i].text, &error) == 0)
            fail_msg("'%s' was accepted", cases[i].text);
        if (strncmp(error.text, cases[i].error, strlen(cases[i].error)) != 0)
            fail_msg("%s", error.text);
    }
    assert_int_equal(thresholds.count, 0);
}

static void test_thresholds_parse_refuses_what_it_could_not_keep(void **state)
{
    char text[THRESHOLD_TEXT_SIZE + 1];
    struct error error;
    (void)state;
    memset(text, '0', sizeof(text));
    memcpy(text, "errors<", 7);
    text[THRESHOLD_TEXT_SIZE] = '\0';
    thresholds.count = 0;
    assert_int_equal(thresholds_parse(&thresholds, text, &error), -1);
    assert_string_equal(error.text, "longer than 127 bytes");
    text[THRESHOLD_TEXT_SIZE - 1] = '\0';
    assert_int_equal(thresholds_parse(&thresholds, text, &error), 0);
    assert_string_equal(thresholds.items[0].name, text);
}

static void test_thresholds_signs_are_read_back(void **state)
{
    static const char *const none[] = {"", "=", "<<", "<5", "=<", "< "};
    enum threshold_relation relation;
    (void)state;
    for (int i = THRESHOLD_EQUAL; i <= THRESHOLD_NOT_EQUAL; i++) {
        assert_true(threshold_relation_of(threshold_sign((enum threshold_relation)i), &relation));
        assert_int_equal(relation, i);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(none); i++)
        assert_false(threshold_relation_of(none[i], &relation));
    assert_string_equal(threshold_sign(THRESHOLD_AT_MOST), "<=");
    assert_string_equal(threshold_sign(THRESHOLD_BELOW), "<");
}

static void test_thresholds_have_defaults_by_the_load(void **state)
{
    static const struct {
        struct load load;
        size_t count;
        double opened;
    } cases[] = {
        {{.model = LOAD_CLOSED, .connections = 20, .shards = 1}, 2, 19},
        {{.model = LOAD_OPEN, .connections = 10, .shards = 1}, 2, 10},
        {{.model = LOAD_OPEN, .connections = 10, .shards = 3}, 2, 3}, /* a share of 4, 3 and 3 */
        {{.model = LOAD_OPEN, .connections = 10, .shards = 1, .stages.count = 1}, 2, 10},
        {{.model = LOAD_CLOSED, .connections = 20, .shards = 1, .stages.count = 1}, 1, 0},
        {{.model = LOAD_CLOSED, .connections = 20, .connection_per_request = true}, 1, 0},
        {{.model = LOAD_HOLD, .connections = 20, .shards = 1}, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct thresholds defaults = {.count = 0};
        thresholds_add_defaults(&defaults, &cases[i].load);
        assert_int_equal(defaults.count, cases[i].count);
        if (defaults.count < 2)
            continue;
        assert_string_equal(defaults.items[1].selector.text, "connections.opened");
        assert_float_equal(defaults.items[1].limit, cases[i].opened, 0);
    }
}

TEST_GROUP(thresholds)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_thresholds_judge_each_relation, fill, release),
        cmocka_unit_test_setup_teardown(test_thresholds_are_broken_without_a_figure, fill, release),
        cmocka_unit_test(test_thresholds_add_remembers_what_was_asked),
        cmocka_unit_test(test_thresholds_refuse_one_too_many),
        cmocka_unit_test(test_thresholds_parse_what_people_write),
        cmocka_unit_test(test_thresholds_parse_says_what_is_wrong),
        cmocka_unit_test(test_thresholds_parse_refuses_what_it_could_not_keep),
        cmocka_unit_test(test_thresholds_signs_are_read_back),
        cmocka_unit_test(test_thresholds_have_defaults_by_the_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
