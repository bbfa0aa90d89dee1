#include "testing.h"

#include <math.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/stats/metrics.h"

#include "measuring.h"

static struct measurement *seen;

static int start(void **state)
{
    static const struct load load = {.shards = 1};
    (void)state;
    seen = measurement_new(&load);
    return seen ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    measurement_free(seen);
    return 0;
}

static const struct metric *find(const char *name)
{
    const struct metric *metric = metric_find(name, strlen(name));
    if (!metric)
        fail_msg("no metric %s", name);
    return metric;
}

/* The figure called NAME; false when there is none. */
static bool get(const char *name, double *value)
{
    return metric_value(find(name), seen, value);
}

static const struct histogram *histogram_of(const char *name)
{
    return metric_histogram(find(name), seen);
}

/* An open run of 5 s at 300/s with 2 of each thing and more. */
static void fill(void)
{
    static const struct {
        enum counter id;
        uint64_t count;
    } counts[] = {
        {COUNT_DRAINED, 25},
        {COUNT_SENT_LATE, 15},
        {COUNT_UNSOLICITED, 9},
        {COUNT_LATE, 10},
        {COUNT_IGNORED, 12},
        {COUNT_GOOD, 300},
        {COUNT_UNDELAYED_GOOD, 310},
        {COUNT_OPENED, 20},
        {COUNT_REOPENED, 2},
        {COUNT_ROTATED, 5},
        {COUNT_OPEN_FAILED, 3},
        {COUNT_CLOSED_BY_SERVER, 4},
        {COUNT_OPEN_AT_END, 17},
        {COUNT_WAITED, 33},
        {COUNT_KEEPALIVES, 41},
        {COUNT_RECORD_LOST, 42},
        {COUNT_MEMORY, 43000},
        {COUNT_DRAIN_TIME, 400 * NS_PER_MS},
        {COUNT_TOTAL_TIME, 5 * NS_PER_S},
        {COUNT_OPEN_TIME, 41 * NS_PER_MS},
        {COUNT_CONNECTED_NS, 44},
        {COUNT_SENT_BYTES, 45},
    };
    seen->load.model = LOAD_OPEN;
    seen->load.connections = 30;
    seen->load.stages.start = 300;
    seen->load.levels.any = true;
    set_measured(seen, (struct account){.planned = 1500,
                                        .skipped = 233,
                                        .sent = 1200,
                                        .unsent = 57,
                                        .ok = 1000,
                                        .failed = 250,
                                        .unanswered = 7});
    set_account(seen, COUNT_WARMUP_PLANNED, (struct account){11, 12, 13, 14, 15, 16, 17});
    for (size_t i = 0; i < ARRAY_LENGTH(counts); i++)
        seen->counts[counts[i].id] = counts[i].count;
    count_failures(seen, FAILURE_REPLY_TIMEOUT, 6, 1);
    count_failures(seen, FAILURE_DNS, 2, 0);
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
        {"sent_requests", 1200},
        {"accounting.planned", 1500},
        {"accounting.unanswered", 7},
        {"unanswered", 7},
        {"accounting.skipped", 233},
        {"skipped", 233},
        {"sent", 1200},
        {"unsent", 57},
        {"ok", 1000},
        {"failed", 250},
        {"warmup.planned", 11},
        {"warmup.sent", 12},
        {"warmup.unsent", 13},
        {"warmup.skipped", 14},
        {"warmup.ok", 15},
        {"warmup.failed", 16},
        {"warmup.unanswered", 17},
        {"waited", 33},
        {"good_requests", 300},
        {"undelayed_good_requests", 310},
        {"drain.requests", 25},
        {"drain.sent", 15},
        {"drain.time", 0.4},
        {"connections.keepalives", 41},
        {"record.lost", 42},
        {"self.memory_bytes", 43000},
        {"traffic.connected_ns", 44},
        {"traffic.sent_bytes", 45},
        {"connections.requested", 30},
        {"rate.asked", 300},
        {"rate.achieved", 237},
        {"errors", 8},
        {"unsolicited_messages", 9},
        {"unsolicited", 9},
        {"late_messages", 10},
        {"late", 10},
        {"unasked", 19},
        {"unasked.messages", 19},
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
        assert_true(get(cases[i].name, &value));
        if (fabs(value - cases[i].value) > 1e-12 * cases[i].value)
            fail_msg("%s: %.12g, expected %.12g", cases[i].name, value, cases[i].value);
    }
}

static void test_metrics_give_each_distribution_its_own_histogram(void **state)
{
    static const struct {
        const char *name;
        enum distribution id;
        bool per_request;
        enum metric_unit unit;
    } cases[] = {
        {"latency", DIST_LATENCY, true, METRIC_SECONDS},
        {"response_time", DIST_RESPONSE_TIME, true, METRIC_SECONDS},
        {"ttfm", DIST_TTFM, true, METRIC_SECONDS},
        {"inter_message_gap", DIST_GAP, false, METRIC_SECONDS},
        {"gap", DIST_GAP, false, METRIC_SECONDS},
        {"tpom", DIST_TPOM, true, METRIC_SECONDS},
        {"messages_per_reply", DIST_REPLY_MESSAGES, true, METRIC_COUNT},
        {"bytes_per_reply", DIST_REPLY_BYTES, true, METRIC_BYTES},
        {"send_lag", DIST_SEND_LAG, true, METRIC_SECONDS},
        {"pacing_lag", DIST_PACING_LAG, true, METRIC_SECONDS},
        {"loop_lag", DIST_LOOP_LAG, false, METRIC_SECONDS},
        {"connect", DIST_CONNECT, false, METRIC_SECONDS},
        {"connect.total", DIST_CONNECT, false, METRIC_SECONDS},
        {"connect.dns", DIST_CONNECT_DNS, false, METRIC_SECONDS},
        {"connect.tcp", DIST_CONNECT_TCP, false, METRIC_SECONDS},
        {"connect.tls", DIST_CONNECT_TLS, false, METRIC_SECONDS},
        {"connect.upgrade", DIST_CONNECT_UPGRADE, false, METRIC_SECONDS},
        {"connection.lifetime", DIST_LIFETIME, false, METRIC_SECONDS},
    };
    (void)state;
    seen->load.model = LOAD_OPEN;
    seen->load.reply = REPLY_STREAM;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct metric *metric = find(cases[i].name);
        assert_int_equal(metric->form, METRIC_DISTRIBUTION);
        assert_int_equal(metric->per_request, cases[i].per_request);
        assert_int_equal(metric->unit, cases[i].unit);
        assert_ptr_equal(metric_histogram(metric, seen), &seen->distributions[cases[i].id]);
    }
}

static void test_metrics_of_a_closed_run_have_no_lag_and_one_time(void **state)
{
    (void)state;
    assert_null(histogram_of("send_lag"));
    assert_null(histogram_of("pacing_lag"));
    assert_ptr_equal(histogram_of("response_time"), &seen->distributions[DIST_LATENCY]);
    seen->load.model = LOAD_OPEN;
    assert_ptr_equal(histogram_of("response_time"), &seen->distributions[DIST_RESPONSE_TIME]);
}

static void test_metrics_have_the_parts_of_streams_of_streams_alone(void **state)
{
    static const char *const names[] = {"ttfm", "inter_message_gap", "tpom", "messages_per_reply"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        seen->load.reply = REPLY_MESSAGE;
        assert_null(histogram_of(names[i]));
        seen->load.reply = REPLY_STREAM;
        assert_non_null(histogram_of(names[i]));
    }
}

static void test_metrics_of_a_one_way_run_have_no_reply(void **state)
{
    static const char *const names[] = {"latency", "response_time", "bytes_per_reply"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        seen->load.reply = REPLY_MESSAGE;
        assert_non_null(histogram_of(names[i]));
        seen->load.reply = REPLY_NONE;
        assert_null(histogram_of(names[i]));
    }
    seen->load.model = LOAD_OPEN;
    assert_null(histogram_of("response_time"));
    assert_non_null(histogram_of("send_lag"));
}

static void test_metrics_are_absent_where_there_is_nothing_to_measure(void **state)
{
    double value;
    (void)state;
    assert_false(get("success_rate", &value));
    set_measured(seen, (struct account){.planned = 1, .sent = 1, .unanswered = 1});
    assert_false(get("achieved_rate", &value)); /* of a closed run */
    seen->load.model = LOAD_OPEN;
    assert_true(get("achieved_rate", &value));
    set_measured(seen, (struct account){0});
    assert_false(get("achieved_rate", &value));
    assert_false(get("open_time", &value)); /* nothing was opened beforehand */
    seen->counts[COUNT_OPEN_TIME] = 1;
    assert_true(get("open_time", &value));
    seen->load.connection_per_request = true;
    assert_false(get("open_time", &value));
    assert_true(get("requests_per_second", &value));
    assert_true(value == 0);
    assert_false(get("goodput", &value)); /* no limit was given */
    assert_false(get("good_requests", &value));
    assert_false(get("undelayed_good_requests", &value));
    seen->load.levels.any = true;
    assert_true(get("good_requests", &value));
    assert_true(value == 0);
    assert_true(get("goodput", &value));
    assert_true(value == 0);
}

static bool is_rate(const char *name, double expected)
{
    double value = -1;
    return get(name, &value) && fabs(value - expected) < 1e-9;
}

/* The rate goes from 100 to 300 per second in 10 s, after 5 s of warm-up. */
static void test_metrics_ask_for_the_rate_of_the_measured_time(void **state)
{
    (void)state;
    seen->load.model = LOAD_OPEN;
    seen->load.warmup_ns = 5 * NS_PER_S;
    seen->load.stages = (struct stages){
        .start = 100, .hold_ns = 5 * NS_PER_S, .items = {{10 * NS_PER_S, 300}}, .count = 1};
    assert_true(is_rate("rate.asked", 100)); /* without a time that of its beginning */
    seen->counts[COUNT_TOTAL_TIME] = 10 * NS_PER_S;
    assert_true(is_rate("rate.asked", 200));
    seen->counts[COUNT_TOTAL_TIME] = 5 * NS_PER_S;
    assert_true(is_rate("rate.asked", 150));
    seen->load.model = LOAD_CLOSED;
    assert_false(is_rate("rate.asked", 150));
}

/* Three of four shards, and the four of two runs. */
static void test_metrics_ask_for_what_all_machines_were_asked(void **state)
{
    (void)state;
    static const struct {
        uint64_t parts, shards;
        double times;
    } cases[] = {{1, 1, 1}, {3, 1, 3}, {3, 4, 0.75}, {4, 4, 1}, {8, 4, 2}};
    seen->load.model = LOAD_OPEN;
    seen->load.connections = 12;
    seen->load.stages.start = 60;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        seen->parts = cases[i].parts;
        seen->load.shards = cases[i].shards;
        assert_true(measurement_asked(seen, 100) == 100 * cases[i].times);
        assert_true(is_rate("rate.asked", 60 * cases[i].times));
        assert_true(is_rate("connections.requested", 12 * cases[i].times));
    }
}

static void test_metrics_scale_seconds_alone(void **state)
{
    (void)state;
    assert_true(metric_scale(METRIC_SECONDS) == 1e9);
    assert_true(metric_scale(METRIC_COUNT) == 1);
    assert_true(metric_scale(METRIC_BYTES) == 1);
}

static void test_metrics_count_errors_by_kind(void **state)
{
    (void)state;
    fill();
    assert_int_equal(measurement_errors(seen, FAILURE_REPLY_TIMEOUT), 6);
    assert_int_equal(measurement_errors(seen, FAILURE_DNS), 2);
    assert_int_equal(measurement_errors(seen, FAILURE_RESET), 0);
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
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(test_metrics_give_the_figures_of_a_run),
        TEST(test_metrics_give_each_distribution_its_own_histogram),
        TEST(test_metrics_of_a_closed_run_have_no_lag_and_one_time),
        TEST(test_metrics_have_the_parts_of_streams_of_streams_alone),
        TEST(test_metrics_of_a_one_way_run_have_no_reply),
        cmocka_unit_test(test_metrics_scale_seconds_alone),
        TEST(test_metrics_ask_for_the_rate_of_the_measured_time),
        TEST(test_metrics_ask_for_what_all_machines_were_asked),
        TEST(test_metrics_are_absent_where_there_is_nothing_to_measure),
        TEST(test_metrics_count_errors_by_kind),
        cmocka_unit_test(test_metrics_find_takes_whole_names_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
