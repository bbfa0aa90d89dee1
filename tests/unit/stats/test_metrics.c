#include "testing.h"

#include <math.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/stats/metrics.h"
#include "wsload/stats/results.h"

static struct results results;

static int reset(void **state)
{
    (void)state;
    memset(&results, 0, sizeof(results));
    return recorder_init(&results.recorded);
}

static int release(void **state)
{
    (void)state;
    recorder_free(&results.recorded);
    return 0;
}

static const struct metric *find(const char *name)
{
    const struct metric *metric = metric_find(name, strlen(name));
    if (metric == NULL)
        fail_msg("no metric %s", name);
    return metric;
}

static void count_failures(enum failure_kind kind, uint64_t count, unsigned requests)
{
    struct failure failure = {.kind = kind, .detail = "", .example = {NULL, 0}};
    for (uint64_t i = 0; i < count; i++)
        failures_add(&results.recorded.failures, &failure, requests);
}

/* An open run of 5 s at 300/s with 2 of each thing and more. */
static void fill(void)
{
    struct recorder *recorded = &results.recorded;
    results.setup.model = LOAD_OPEN;
    recorded->measured = (struct accounting){.planned = 1500,
                                             .skipped = 233,
                                             .sent = 1200,
                                             .unsent = 57,
                                             .ok = 1000,
                                             .failed = 250,
                                             .unanswered = 7};
    recorded->warmup = (struct accounting){11, 11, 11, 11, 11, 11, 11};
    recorded->drained = 25;
    recorded->sent_late = 15;
    recorded->unsolicited = 9;
    recorded->late = 10;
    recorded->ignored = 12;
    recorded->good = 300;
    recorded->setup.levels.any = true;
    recorded->connections = (struct connection_counts){20, 2, 5, 3, 4, 19};
    count_failures(FAILURE_REPLY_TIMEOUT, 6, 1);
    count_failures(FAILURE_DNS, 2, 0);
    results.total_time_ns = 5 * NS_PER_S;
    results.open_time_ns = 41 * NS_PER_MS;
    results.recorded.connections.open_at_end = 17;
    results.asked_per_s = 300;
}

static void test_metrics_give_the_figures_of_a_run(void **state)
{
    static const struct {
        const char *name;
        double value;
    } cases[] = {
        {"total_requests", 1250},
        {"requests", 1250},
        {"successful_requests", 1000},
        {"failed_requests", 250},
        {"unanswered_requests", 7},
        {"unanswered", 7},
        {"skipped_requests", 233},
        {"skipped", 233},
        {"errors", 8},
        {"unsolicited_messages", 9},
        {"unsolicited", 9},
        {"late_messages", 10},
        {"late", 10},
        {"ignored_messages", 12},
        {"ignored", 12},
        {"connections.opened", 20},
        {"connections.reopened", 2},
        {"connections.rotated", 5},
        {"connections.failed", 3},
        {"connections.closed_by_server", 4},
        {"connections.open_time", 0.041},
        {"connections.open_at_end", 17},
        {"open_time", 0.041},
        {"success_rate", 80},
        {"requests_per_second", 245},
        {"goodput", 60},
        {"achieved_rate", 79},
        {"total_time", 5},
    };
    (void)state;
    fill();
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        double value = -1;
        assert_true(find(cases[i].name)->get(&results, &value));
        if (fabs(value - cases[i].value) > 1e-12 * cases[i].value)
            fail_msg("%s: %.12g, expected %.12g", cases[i].name, value, cases[i].value);
    }
}

static void test_metrics_give_each_distribution_its_own_histogram(void **state)
{
    struct recorder *recorded = &results.recorded;
    const struct {
        const char *name;
        const struct histogram *histogram;
        bool per_request;
        enum metric_unit unit;
    } cases[] = {
        {"latency", &recorded->latency, true, METRIC_SECONDS},
        {"response_time", &recorded->response_time, true, METRIC_SECONDS},
        {"ttfm", &recorded->ttfm, true, METRIC_SECONDS},
        {"inter_message_gap", &recorded->gap, false, METRIC_SECONDS},
        {"gap", &recorded->gap, false, METRIC_SECONDS},
        {"tpom", &recorded->tpom, true, METRIC_SECONDS},
        {"messages_per_reply", &recorded->reply_messages, true, METRIC_COUNT},
        {"bytes_per_reply", &recorded->reply_bytes, true, METRIC_BYTES},
        {"send_lag", &recorded->send_lag, true, METRIC_SECONDS},
        {"pacing_lag", &recorded->pacing_lag, true, METRIC_SECONDS},
        {"loop_lag", &recorded->loop_lag, false, METRIC_SECONDS},
        {"connect", &recorded->connect[CONNECT_TOTAL], false, METRIC_SECONDS},
        {"connect.total", &recorded->connect[CONNECT_TOTAL], false, METRIC_SECONDS},
        {"connect.dns", &recorded->connect[CONNECT_DNS], false, METRIC_SECONDS},
        {"connect.tcp", &recorded->connect[CONNECT_TCP], false, METRIC_SECONDS},
        {"connect.tls", &recorded->connect[CONNECT_TLS], false, METRIC_SECONDS},
        {"connect.upgrade", &recorded->connect[CONNECT_UPGRADE], false, METRIC_SECONDS},
        {"connection.lifetime", &recorded->lifetime, false, METRIC_SECONDS},
    };
    (void)state;
    results.setup.model = LOAD_OPEN;
    results.setup.stream = true;
    recorded->setup.open_model = true;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct metric *metric = find(cases[i].name);
        assert_int_equal(metric->form, METRIC_DISTRIBUTION);
        assert_int_equal(metric->per_request, cases[i].per_request);
        assert_int_equal(metric->unit, cases[i].unit);
        assert_ptr_equal(metric->histogram(&results), cases[i].histogram);
        assert_ptr_equal(metric->recorded(recorded), cases[i].histogram);
    }
}

static void test_metrics_of_a_closed_run_have_no_lag_and_one_time(void **state)
{
    (void)state;
    assert_null(find("send_lag")->histogram(&results));
    assert_null(find("pacing_lag")->histogram(&results));
    assert_ptr_equal(find("response_time")->histogram(&results), &results.recorded.latency);
    assert_ptr_equal(find("response_time")->recorded(&results.recorded), &results.recorded.latency);
}

static void test_metrics_have_the_parts_of_streams_of_streams_alone(void **state)
{
    static const char *const names[] = {"ttfm", "inter_message_gap", "tpom", "messages_per_reply"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        results.setup.stream = false;
        assert_null(find(names[i])->histogram(&results));
        results.setup.stream = true;
        assert_non_null(find(names[i])->histogram(&results));
    }
}

static void test_metrics_of_a_one_way_run_have_no_reply(void **state)
{
    static const char *const names[] = {"latency", "response_time", "bytes_per_reply"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        results.setup.one_way = false;
        assert_non_null(find(names[i])->histogram(&results));
        results.setup.one_way = true;
        assert_null(find(names[i])->histogram(&results));
    }
    results.setup.model = LOAD_OPEN;
    assert_null(find("response_time")->histogram(&results));
    assert_non_null(find("send_lag")->histogram(&results));
}

static void test_metrics_are_absent_where_there_is_nothing_to_measure(void **state)
{
    double value;
    (void)state;
    assert_false(find("success_rate")->get(&results, &value));
    results.recorded.measured = (struct accounting){.planned = 1, .sent = 1, .unanswered = 1};
    assert_false(find("achieved_rate")->get(&results, &value)); /* of a closed run */
    results.setup.model = LOAD_OPEN;
    assert_true(find("achieved_rate")->get(&results, &value));
    results.recorded.measured = (struct accounting){0};
    assert_false(find("achieved_rate")->get(&results, &value));
    assert_false(find("open_time")->get(&results, &value)); /* nothing was opened beforehand */
    results.open_time_ns = 1;
    assert_true(find("open_time")->get(&results, &value));
    results.setup.connection_per_request = true;
    assert_false(find("open_time")->get(&results, &value));
    assert_true(find("requests_per_second")->get(&results, &value));
    assert_true(value == 0);
    assert_false(find("goodput")->get(&results, &value)); /* no limit was given */
    results.recorded.setup.levels.any = true;
    assert_true(find("goodput")->get(&results, &value));
    assert_true(value == 0);
}

static void test_metrics_scale_seconds_alone(void **state)
{
    (void)state;
    assert_true(metric_scale(METRIC_SECONDS) == 1e9);
    assert_true(metric_scale(METRIC_COUNT) == 1);
    assert_true(metric_scale(METRIC_BYTES) == 1);
}

static void test_metrics_rows_are_whole_and_their_names_differ(void **state)
{
    size_t count;
    const struct metric *metrics = metrics_table(&count);
    (void)state;
    for (size_t i = 0; i < count; i++) {
        const struct metric *metric = &metrics[i];
        assert_true(metric->label[0] != '\0');
        assert_int_equal(metric->meaning[strlen(metric->meaning) - 1], '.');
        assert_int_equal(metric->form == METRIC_DISTRIBUTION, metric->get == NULL);
        assert_int_equal(metric->form == METRIC_DISTRIBUTION, metric->histogram != NULL);
        assert_int_equal(metric->form == METRIC_DISTRIBUTION, metric->recorded != NULL);
        assert_int_equal(metric->form == METRIC_COUNTER, metric->counted != NULL);
        assert_ptr_equal(find(metric->name), metric);
        if (metric->alias != NULL)
            assert_ptr_equal(find(metric->alias), metric);
    }
}

static void test_metrics_counters_are_the_same_while_the_run_is_under_way(void **state)
{
    size_t count;
    const struct metric *metrics = metrics_table(&count);
    (void)state;
    fill();
    for (size_t i = 0; i < count; i++) {
        double value;
        if (metrics[i].form != METRIC_COUNTER)
            continue;
        assert_true(metrics[i].get(&results, &value));
        assert_true(value == (double)metrics[i].counted(&results.recorded));
    }
}

static void test_metrics_count_errors_by_kind(void **state)
{
    (void)state;
    fill();
    assert_int_equal(metrics_errors(&results.recorded, FAILURE_REPLY_TIMEOUT), 6);
    assert_int_equal(metrics_errors(&results.recorded, FAILURE_DNS), 2);
    assert_int_equal(metrics_errors(&results.recorded, FAILURE_RESET), 0);
}

static void test_metrics_find_takes_whole_names_only(void **state)
{
    (void)state;
    assert_null(metric_find("latenc", 6));
    assert_null(metric_find("latencyy", 8));
    assert_null(metric_find("", 0));
    assert_ptr_equal(metric_find("latency:p(95)", 7), find("latency"));
}

TEST_GROUP(metrics)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_metrics_give_the_figures_of_a_run, reset, release),
        cmocka_unit_test_setup_teardown(test_metrics_give_each_distribution_its_own_histogram,
                                        reset, release),
        cmocka_unit_test_setup_teardown(test_metrics_of_a_closed_run_have_no_lag_and_one_time,
                                        reset, release),
        cmocka_unit_test_setup_teardown(test_metrics_have_the_parts_of_streams_of_streams_alone,
                                        reset, release),
        cmocka_unit_test_setup_teardown(test_metrics_of_a_one_way_run_have_no_reply, reset,
                                        release),
        cmocka_unit_test(test_metrics_scale_seconds_alone),
        cmocka_unit_test_setup_teardown(test_metrics_are_absent_where_there_is_nothing_to_measure,
                                        reset, release),
        cmocka_unit_test(test_metrics_rows_are_whole_and_their_names_differ),
        cmocka_unit_test_setup_teardown(
            test_metrics_counters_are_the_same_while_the_run_is_under_way, reset, release),
        cmocka_unit_test_setup_teardown(test_metrics_count_errors_by_kind, reset, release),
        cmocka_unit_test(test_metrics_find_takes_whole_names_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
