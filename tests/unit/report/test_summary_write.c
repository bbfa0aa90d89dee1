#include "testing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "json_reading.h"
#include "wsload/base/file.h"
#include "wsload/base/text.h"
#include "wsload/report/summary.h"
#include "wsload/stats/metrics.h"

static void test_summary_has_the_members_of_the_seed(void **state)
{
    static const char *const expected[] = {
        "total_requests", "successful_requests", "failed_requests",
        "success_rate",   "total_time",          "requests_per_second",
        "latency",        "connections",         "errors",
        "samples",        "thresholds",          "passed"};
    static const char *const latency[] = {"average", "median", "min",  "max",   "p95",
                                          "p99",     "p90",    "p999", "stddev"};
    cJSON *root = parsed(fixture("passed"));
    size_t next = 0;
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(expected); i++)
        member(root, expected[i]);
    for (const cJSON *item = member(root, "latency")->child; item; item = item->next)
        assert_string_equal(item->string, latency[next++]);
    assert_int_equal(next, ARRAY_LENGTH(latency));
    cJSON_Delete(root);
}

static void assert_distribution_stands_in(const cJSON *object, const struct metric *metric,
                                          const struct measurement *measurement)
{
    const struct histogram *histogram = metric_histogram(metric, measurement);
    if (!histogram || histogram->count == 0) {
        assert_true(cJSON_IsNull(object));
        return;
    }
    assert_int_equal(cJSON_GetArraySize(object), 9);
    const struct {
        const char *name;
        double value;
    } figures[] = {
        {"average", histogram_mean(histogram)},
        {"median", (double)histogram_percentile(histogram, 50)},
        {"min", (double)histogram->min},
        {"max", (double)histogram->max},
        {"p90", (double)histogram_percentile(histogram, 90)},
        {"p95", (double)histogram_percentile(histogram, 95)},
        {"p99", (double)histogram_percentile(histogram, 99)},
        {"p999", (double)histogram_percentile(histogram, 99.9)},
        {"stddev", histogram_stddev(histogram)},
    };
    bool seconds = metric->unit == METRIC_SECONDS;
    for (size_t i = 0; i < ARRAY_LENGTH(figures); i++)
        assert_near(metric->path, member(object, figures[i].name),
                    seconds ? figures[i].value / 1e9 : figures[i].value, seconds ? 1e-9 : 1e-4);
}

/* A number or counter. What "errors" counts stands in the entries of its array. */
static void assert_number_stands_in(const cJSON *item, const struct metric *metric,
                                    const struct measurement *measurement)
{
    double value;
    double counted = 0;
    const cJSON *error;
    if (!metric_value(metric, measurement, &value)) {
        assert_true(cJSON_IsNull(item));
    } else if (cJSON_IsArray(item)) {
        cJSON_ArrayForEach(error, item) counted += member(error, "count")->valuedouble;
        assert_true(counted == value);
    } else {
        assert_near(metric->path, item, value, metric->unit == METRIC_SECONDS ? 1e-9 : 1e-4);
    }
}

static void assert_metrics_stand_in(const struct fixture *run)
{
    size_t count;
    const struct metric *metrics = metrics_table(&count);
    cJSON *root = parsed(run);
    for (size_t i = 0; i < count; i++) {
        const cJSON *item = member(root, metrics[i].path);
        if (metrics[i].form == METRIC_DISTRIBUTION)
            assert_distribution_stands_in(item, &metrics[i], run->measurement);
        else
            assert_number_stands_in(item, &metrics[i], run->measurement);
    }
    cJSON_Delete(root);
}

static void test_summary_holds_every_metric_under_its_name(void **state)
{
    size_t count;
    const char *const *names = fixture_names(&count);
    (void)state;
    for (size_t i = 0; i < count; i++)
        assert_metrics_stand_in(fixture(names[i]));
}

/* The schema describes what the member NAME, a path, of a summary is. */
static const cJSON *described(const cJSON *schema, const char *path)
{
    char first[64];
    size_t length = strcspn(path, ".");
    memcpy(first, path, length);
    first[length] = '\0';
    const cJSON *item = member(member(schema, "properties"), first);
    return path[length] == '\0' ? item : described(item, path + length + 1);
}

static void test_summary_schema_knows_every_kind_and_member(void **state)
{
    size_t count;
    size_t members;
    const struct metric *metrics = metrics_table(&count);
    const struct load_member *load = load_members(&members);
    struct buffer schema;
    struct error error;
    (void)state;
    buffer_init(&schema, 1 << 20);
    assert_int_equal(file_read(WSLOAD_TEST_DATA "/../docs/summary.schema.json", &schema, &error),
                     0);
    cJSON *root = cJSON_Parse(schema.data);
    const cJSON *kinds = member(root, "$defs.failure_kind.enum");
    assert_int_equal(cJSON_GetArraySize(kinds), FAILURE_KIND_COUNT);
    for (int i = 0; i < FAILURE_KIND_COUNT; i++)
        assert_string_equal(cJSON_GetArrayItem(kinds, i)->valuestring,
                            failure_name((enum failure_kind)i));
    for (size_t i = 0; i < count; i++)
        member(described(root, metrics[i].path), "description");
    for (size_t i = 0; i < members; i++)
        if (load[i].type != LOAD_STAGES) /* two members: their own is "load" */
            member(described(root, load[i].path), "description");
    cJSON_Delete(root);
    buffer_free(&schema);
}

static void test_summary_schema_names_every_check(void **state)
{
    struct buffer schema;
    struct buffer names;
    struct error error;
    (void)state;
    buffer_init(&schema, 1 << 20);
    buffer_init(&names, 1 << 10);
    assert_int_equal(file_read(WSLOAD_TEST_DATA "/../docs/summary.schema.json", &schema, &error),
                     0);
    for (size_t i = 0; validity_check_name(i); i++)
        buffer_printf(&names, "%s%s",
                      i ? ", " : "The check that found it: ", validity_check_name(i));
    buffer_printf(&names, ".");
    cJSON *root = cJSON_Parse(schema.data);
    assert_string_equal(member(root, "$defs.reason.properties.check.description")->valuestring,
                        names.data);
    cJSON_Delete(root);
    buffer_free(&names);
    buffer_free(&schema);
}

static void test_summary_numbers_read_well(void **state)
{
    static const struct {
        uint64_t latency_ns;
        const char *text;
    } cases[] = {
        {52000000, "\"min\":\t0.052,"},
        {51999999, "\"min\":\t0.051999999,"},
        {1, "\"min\":\t1e-09,"},
        {3600000000001, "\"min\":\t3600.000000001,"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct fixture *run = fixture("passed");
        struct buffer out;
        histogram_reset(&run->measurement->distributions[DIST_LATENCY]);
        histogram_record(&run->measurement->distributions[DIST_LATENCY], cases[i].latency_ns);
        fixture_json(run, &out);
        if (strstr(out.data, cases[i].text) == NULL)
            fail_msg("%s is not in %s", cases[i].text, out.data);
        buffer_free(&out);
    }
}

static void test_summary_success_rate_is_100_only_when_all_succeeded(void **state)
{
    static const struct {
        uint64_t ok;
        uint64_t failed;
        double rate;
    } cases[] = {{10000000, 1, 99.9999}, {998, 2, 99.8}, {2, 1, 66.6666},
                 {57, 568, 9.12},        {5, 0, 100},    {0, 5, 0}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct fixture *run = fixture("passed");
        run->measurement->counts[COUNT_OK] = cases[i].ok;
        run->measurement->counts[COUNT_FAILED] = cases[i].failed;
        cJSON *root = parsed(run);
        assert_true(member(root, "success_rate")->valuedouble == cases[i].rate);
        cJSON_Delete(root);
    }
}

static void test_summary_has_null_and_never_0_where_nothing_was_measured(void **state)
{
    cJSON *root = parsed(fixture("no_connection"));
    (void)state;
    assert_true(cJSON_IsNull(member(root, "latency")));
    assert_true(cJSON_IsNull(member(root, "success_rate")));
    assert_true(cJSON_IsNull(member(root, "connect.total")));
    cJSON_Delete(root);
}

static void test_summary_response_time_is_latency_in_a_closed_run_only(void **state)
{
    cJSON *root = parsed(fixture("passed"));
    (void)state;
    assert_true(cJSON_Compare(member(root, "response_time"), member(root, "latency"), true));
    assert_true(cJSON_IsNull(member(root, "send_lag")));
    assert_true(cJSON_IsNull(member(root, "rate.asked")));
    assert_true(cJSON_IsNull(member(root, "rate.achieved")));
    cJSON_Delete(root);
    root = parsed(fixture("doubtful"));
    assert_near("response", member(root, "response_time.max"), 0.07, 1e-9); /* 18 + 52 ms */
    assert_near("latency", member(root, "latency.max"), 0.055, 1e-9);
    assert_near("lag", member(root, "send_lag.max"), 0.018, 1e-9);
    assert_near("asked", member(root, "rate.asked"), 1000, 0);
    assert_near("achieved", member(root, "rate.achieved"), 1000, 0);
    cJSON_Delete(root);
}

static void test_summary_accounting_adds_up(void **state)
{
    cJSON *root = parsed(fixture("failed"));
    (void)state;
    assert_near("planned", member(root, "accounting.planned"), 200, 0);
    assert_near("sent", member(root, "accounting.sent"), 195, 0);
    assert_near("sent", member(root, "sent_requests"), 195, 0);
    assert_near("unsent", member(root, "accounting.unsent"), 5, 0);
    assert_near("failed", member(root, "accounting.failed"), 20, 0);
    cJSON_Delete(root);
    root = parsed(fixture("slow_target"));
    assert_near("planned", member(root, "accounting.planned"), 20000, 0);
    assert_near("skipped", member(root, "accounting.skipped"), 10000, 0);
    assert_true(member(root, "waited_requests")->valuedouble > 5000);
    cJSON_Delete(root);
}

static void test_summary_load_tells_what_was_asked_for(void **state)
{
    cJSON *root = parsed(fixture("open_stages"));
    const cJSON *load = member(root, "load");
    (void)state;
    assert_string_equal(member(load, "model")->valuestring, "open");
    assert_string_equal(member(load, "arrival")->valuestring, "poisson");
    assert_string_equal(member(load, "seed")->valuestring, "42");
    assert_int_equal(cJSON_GetArraySize(member(load, "stages")), 3);
    const cJSON *last = cJSON_GetArrayItem(member(load, "stages"), 2);
    assert_near("duration", member(last, "duration"), 15, 0);
    assert_near("target", member(last, "target"), 0, 0);
    cJSON_Delete(root);
    root = parsed(fixture("hold"));
    assert_string_equal(member(root, "load.model")->valuestring, "hold");
    assert_string_equal(member(root, "load.seed")->valuestring, "18446744073709551557");
    assert_true(cJSON_IsNull(member(root, "load.arrival")));
    cJSON_Delete(root);
}

static void test_summary_load_tells_what_a_reply_is(void **state)
{
    static const struct {
        const char *fixture;
        const char *reply;
    } cases[] = {
        {"passed", "message"}, {"stream", "stream"}, {"one_way", "none"}, {"hold", "none"}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        cJSON *root = parsed(fixture(cases[i].fixture));
        assert_string_equal(member(root, "load.reply")->valuestring, cases[i].reply);
        cJSON_Delete(root);
    }
}

static void test_summary_streams_have_their_figures(void **state)
{
    cJSON *root = parsed(fixture("stream"));
    (void)state;
    assert_near("ttfm", member(root, "ttfm.min"), 0.3, 0);
    assert_near("gap", member(root, "inter_message_gap.min"), 0.038, 0);
    assert_near("tpom", member(root, "tpom.max"), 0.042, 0);
    assert_near("messages", member(root, "messages_per_reply.average"), 15, 0);
    assert_near("bytes", member(root, "bytes_per_reply.min"), 15 * 280, 0);
    assert_near("late", member(root, "late_messages"), 12, 0);
    assert_near("unsolicited", member(root, "unsolicited_messages"), 3, 0);
    assert_near("ignored", member(root, "ignored_messages"), 1040, 0);
    assert_near("rotated", member(root, "connections.rotated"), 5, 0);
    assert_near("goodput", member(root, "goodput"), 159 / 11.1,
                1e-4); /* with a ttfm below 800 ms */
    cJSON_Delete(root);
    root = parsed(fixture("passed")); /* its limit is on latency */
    assert_near("bytes", member(root, "bytes_per_reply.median"), 36, 0);
    assert_true(cJSON_IsNull(member(root, "messages_per_reply")));
    assert_true(cJSON_IsNull(member(root, "ttfm")));
    cJSON_Delete(root);
    root = parsed(fixture("hold"));
    assert_true(cJSON_IsNull(member(root, "goodput")));
    cJSON_Delete(root);
}

static void test_summary_cost_is_of_both_directions(void **state)
{
    cJSON *root = parsed(fixture("one_way"));
    const cJSON *cost = member(root, "cost");
    (void)state;
    assert_near("sent", member(root, "traffic.sent_messages"), 10000, 0);
    assert_near("bytes", member(root, "traffic.sent_bytes"), 10000.0 * 40960, 0);
    assert_near("received", member(root, "traffic.received_messages"), 0, 0);
    assert_near("billed", member(cost, "billed_messages"), 20000, 0); /* 40 KiB: two units each */
    assert_near("minutes", member(cost, "connection_minutes"), 200.0 / 60, 1e-6);
    assert_near("rate", member(root, "load.price_minutes"), 0.2125, 0);
    assert_near("messages", member(cost, "messages"), 0.016, 0);
    assert_near("total", member(cost, "total"), 0.016000708, 0);
    assert_near("per 1,000", member(cost, "per_1000_prompts"), 0.001600071, 0);
    assert_near("per second", member(cost, "messages_per_second"), 2000, 0);
    cJSON_Delete(root);
    root = parsed(fixture("hold"));
    assert_true(cJSON_IsNull(member(root, "cost.per_1000_prompts")));
    cJSON_Delete(root);
}

static void test_summary_one_way_requests_have_no_latency(void **state)
{
    cJSON *root = parsed(fixture("one_way"));
    const cJSON *sample = cJSON_GetArrayItem(member(root, "samples"), 0);
    (void)state;
    assert_near("ok", member(root, "successful_requests"), 10000, 0);
    assert_true(cJSON_IsNull(member(root, "latency")));
    assert_true(cJSON_IsNull(member(root, "response_time")));
    assert_true(cJSON_IsNull(member(root, "bytes_per_reply")));
    assert_true(cJSON_IsNull(member(sample, "latency")));
    assert_true(cJSON_IsNull(member(sample, "error")));
    cJSON_Delete(root);
}

static void test_summary_validity_gives_the_reasons(void **state)
{
    cJSON *root = parsed(fixture("passed"));
    (void)state;
    assert_string_equal(member(root, "validity.status")->valuestring, "valid");
    cJSON_Delete(root);
    const struct fixture *run = fixture("invalid");
    const struct validity *validity = &run->verdict.validity;
    root = parsed(run);
    assert_string_equal(member(root, "validity.status")->valuestring, "invalid");
    assert_int_equal(cJSON_GetArraySize(member(root, "validity.reasons")), validity->count);
    const cJSON *reason = cJSON_GetArrayItem(member(root, "validity.reasons"), 0);
    assert_string_equal(member(reason, "grade")->valuestring, "invalid");
    assert_string_equal(member(reason, "check")->valuestring, validity->reasons[0].check);
    assert_string_equal(member(reason, "text")->valuestring, validity->reasons[0].text);
    assert_string_equal(member(reason, "advice")->valuestring, validity->reasons[0].advice);
    assert_int_equal(cJSON_GetArraySize(member(root, "self.workers")), 2);
    cJSON_Delete(root);
}

static void test_summary_thresholds_tell_their_relation_and_who_aborted(void **state)
{
    static const char *const signs[] = {
        [THRESHOLD_EQUAL] = "==", [THRESHOLD_BELOW] = "<",     [THRESHOLD_AT_MOST] = "<=",
        [THRESHOLD_ABOVE] = ">",  [THRESHOLD_AT_LEAST] = ">=", [THRESHOLD_NOT_EQUAL] = "!=",
    };
    struct fixture *run = fixture("aborted");
    (void)state;
    for (size_t i = THRESHOLD_EQUAL; i < ARRAY_LENGTH(signs); i++) {
        run->thresholds.items[1].relation = (enum threshold_relation)i;
        fixture_judge(run);
        cJSON *root = parsed(run);
        const cJSON *second = cJSON_GetArrayItem(member(root, "thresholds"), 1);
        assert_string_equal(member(second, "relation")->valuestring, signs[i]);
        cJSON_Delete(root);
    }
    cJSON *root = parsed(run);
    const cJSON *first = cJSON_GetArrayItem(member(root, "thresholds"), 0);
    assert_string_equal(member(first, "metric")->valuestring, "errors{kind=reply_timeout}");
    assert_true(cJSON_IsTrue(member(first, "abort")));
    assert_string_equal(member(root, "end.aborted_by")->valuestring,
                        "errors{kind=reply_timeout}<10,abort");
    cJSON_Delete(root);
}

static void test_summary_returns_hostile_text_unharmed(void **state)
{
    const struct fixture *run = fixture("hostile");
    struct buffer out;
    (void)state;
    fixture_json(run, &out);
    assert_true(utf8_valid(buffer_text(&out)));
    for (const char *c = out.data; *c != '\0'; c++)
        assert_true((unsigned char)*c >= 0x20 || *c == '\n' || *c == '\t');
    buffer_free(&out);
    cJSON *root = parsed(run);
    const cJSON *sample = cJSON_GetArrayItem(member(root, "samples"), 0);
    const char *reply = member(sample, "reply")->valuestring;
    assert_string_equal(reply, run->measurement->samples[0].reply);
    assert_non_null(strstr(reply, "\x1b]0;owned\x07\x1b[2J\r\n\"quoted\" \\ \t"));
    cJSON_Delete(root);
}

/* --- What is long --- */

static void test_summary_timeline_has_a_row_for_each_second(void **state)
{
    cJSON *root = parsed(fixture("open_stages"));
    const cJSON *rows = member(root, "timeline.rows");
    const cJSON *row;
    double done = 0;
    int index = 0;
    (void)state;
    assert_string_equal(member(root, "timeline.metric")->valuestring, "response_time");
    assert_near("width", member(root, "timeline.row_seconds"), 1, 0);
    cJSON_ArrayForEach(row, rows)
    {
        assert_near("time", member(row, "time"), index++, 0);
        done += member(row, "done")->valuedouble;
    }
    assert_int_equal(index, 106); /* 105 s, and the drain */
    assert_true(done == member(root, "total_requests")->valuedouble);
    row = cJSON_GetArrayItem(rows, 50);
    assert_near("done", member(row, "done"), 500, 0);
    assert_near("p50", member(row, "p50"), 0.0525, 0.0525 * 0.016);
    assert_near("p99", member(row, "p99"), 0.055, 0.055 * 0.016);
    cJSON_Delete(root);
    root = parsed(fixture("hold"));
    row = cJSON_GetArrayItem(member(root, "timeline.rows"), 7);
    assert_true(cJSON_IsNull(member(row, "p50")));
    assert_near("open", member(row, "open"), 20, 0);
    cJSON_Delete(root);
}

static void test_summary_rows_have_averages_of_their_seconds(void **state)
{
    struct fixture *run = fixture("passed");
    struct timeline *timeline = &run->measurement->timeline;
    (void)state;
    timeline->width_s = 4;
    timeline->rows[0].in_flight = 41;
    timeline->rows[0].open = 80;
    cJSON *root = parsed(run);
    const cJSON *row = cJSON_GetArrayItem(member(root, "timeline.rows"), 0);
    assert_near("in flight", member(row, "in_flight"), 10.25, 0);
    assert_near("open", member(row, "open"), 20, 0);
    cJSON_Delete(root);
}

/* The most that a run of days writes: a full timeline, and histograms spread as wide as replies of
 * 10 us to 100 s spread them. */
static void test_summary_of_a_long_run_is_short(void **state)
{
    struct fixture *run = fixture("doubtful");
    struct measurement *seen = run->measurement;
    struct buffer out;
    (void)state;
    for (double ns = 1e4; ns < 1e11; ns *= 1.002) {
        histogram_record(&seen->distributions[DIST_LATENCY], (uint64_t)ns);
        histogram_record(&seen->distributions[DIST_RESPONSE_TIME], (uint64_t)ns);
    }
    uint64_t first = seen->timeline.first;
    for (uint64_t second = first; second < first + 1000; second++)
        for (double ns = 1e6; ns < 1e9; ns *= 1.1)
            timeline_count(timeline_row(&seen->timeline, second), (uint64_t)ns);
    assert_int_equal(seen->timeline.count, TIMELINE_ROWS_MAX);
    fixture_json(run, &out);
    assert_true(out.length < 1 << 20);
    buffer_free(&out);
}

/* --- Out of memory: one allocation of cJSON fails --- */

static size_t allocations;
static size_t refused; /* which one, from 1 */

static void *allocate(size_t size)
{
    return ++allocations == refused ? NULL : malloc(size);
}

static int report_refusing(const struct fixture *run, size_t allocation)
{
    cJSON_Hooks hooks = {allocate, free};
    struct buffer out;
    buffer_init(&out, 1 << 20);
    allocations = 0;
    refused = allocation;
    cJSON_InitHooks(&hooks);
    int result = summary_write(run->measurement, &run->verdict, &out);
    cJSON_InitHooks(NULL);
    if (result != 0)
        assert_int_equal(out.length, 0);
    buffer_free(&out);
    return result;
}

static void test_summary_fails_cleanly_whichever_allocation_fails(void **state)
{
    const struct fixture *run = fixture("failed");
    (void)state;
    assert_int_equal(report_refusing(run, 0), 0);
    size_t needed = allocations;
    assert_true(needed > 100);
    for (size_t allocation = 1; allocation <= needed; allocation++)
        assert_int_equal(report_refusing(run, allocation), -1);
}

static void test_summary_fails_when_it_does_not_fit(void **state)
{
    struct buffer out;
    (void)state;
    buffer_init(&out, 100);
    const struct fixture *run = fixture("passed");
    assert_int_equal(summary_write(run->measurement, &run->verdict, &out), -1);
    buffer_free(&out);
}

TEST_GROUP(summary_write)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_summary_has_the_members_of_the_seed),
        cmocka_unit_test(test_summary_holds_every_metric_under_its_name),
        cmocka_unit_test(test_summary_schema_knows_every_kind_and_member),
        cmocka_unit_test(test_summary_schema_names_every_check),
        cmocka_unit_test(test_summary_numbers_read_well),
        cmocka_unit_test(test_summary_success_rate_is_100_only_when_all_succeeded),
        cmocka_unit_test(test_summary_has_null_and_never_0_where_nothing_was_measured),
        cmocka_unit_test(test_summary_response_time_is_latency_in_a_closed_run_only),
        cmocka_unit_test(test_summary_accounting_adds_up),
        cmocka_unit_test(test_summary_load_tells_what_was_asked_for),
        cmocka_unit_test(test_summary_load_tells_what_a_reply_is),
        cmocka_unit_test(test_summary_streams_have_their_figures),
        cmocka_unit_test(test_summary_cost_is_of_both_directions),
        cmocka_unit_test(test_summary_one_way_requests_have_no_latency),
        cmocka_unit_test(test_summary_validity_gives_the_reasons),
        cmocka_unit_test(test_summary_thresholds_tell_their_relation_and_who_aborted),
        cmocka_unit_test(test_summary_returns_hostile_text_unharmed),
        cmocka_unit_test(test_summary_timeline_has_a_row_for_each_second),
        cmocka_unit_test(test_summary_rows_have_averages_of_their_seconds),
        cmocka_unit_test(test_summary_of_a_long_run_is_short),
        cmocka_unit_test(test_summary_fails_cleanly_whichever_allocation_fails),
        cmocka_unit_test(test_summary_fails_when_it_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
