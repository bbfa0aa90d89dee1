#include "testing.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "wsload/base/file.h"
#include "wsload/base/utf8.h"
#include "wsload/report/json.h"
#include "wsload/stats/metrics.h"

/* The report of RESULTS, parsed again; the caller deletes it. */
static cJSON *parsed(const struct results *results)
{
    struct buffer out;
    fixture_json(results, &out);
    cJSON *root = cJSON_Parse(out.data);
    assert_non_null(root);
    buffer_free(&out);
    return root;
}

/* The member at "latency.average". */
static const cJSON *member(const cJSON *root, const char *path)
{
    char first[64];
    size_t length = strcspn(path, ".");
    memcpy(first, path, length);
    first[length] = '\0';
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, first);
    assert_non_null(item);
    return path[length] == '\0' ? item : member(item, path + length + 1);
}

static void test_json_has_the_seed_keys_in_their_order(void **state)
{
    static const char *const expected[] = {"schema_version",
                                           "tool",
                                           "started_at",
                                           "target",
                                           "total_requests",
                                           "successful_requests",
                                           "failed_requests",
                                           "success_rate",
                                           "total_time",
                                           "requests_per_second",
                                           "latency",
                                           "connections",
                                           "errors",
                                           "samples",
                                           "thresholds",
                                           "passed",
                                           "exit"};
    static const char *const latency[] = {"average", "median", "min",  "max",   "p95",
                                          "p99",     "p90",    "p999", "stddev"};
    cJSON *root = parsed(fixture_results("passed"));
    size_t next = 0;
    (void)state;
    for (const cJSON *item = root->child; item != NULL; item = item->next)
        next += next < ARRAY_LENGTH(expected) && strcmp(item->string, expected[next]) == 0;
    assert_int_equal(next, ARRAY_LENGTH(expected));
    next = 0;
    for (const cJSON *item = member(root, "latency")->child; item != NULL; item = item->next)
        assert_string_equal(item->string, latency[next++]);
    assert_int_equal(next, ARRAY_LENGTH(latency));
    cJSON_Delete(root);
}

static void assert_metrics_stand_in(const struct results *results)
{
    size_t count;
    const struct metric *metrics = metrics_table(&count);
    cJSON *root = parsed(results);
    for (size_t i = 0; i < count; i++) {
        const cJSON *item = member(root, metrics[i].name);
        double value;
        if (!metrics[i].get(results, &value))
            assert_true(cJSON_IsNull(item));
        else if (!cJSON_IsNumber(item) || fabs(item->valuedouble - value) > 1e-4 ||
                 (metrics[i].unit == METRIC_SECONDS && fabs(item->valuedouble - value) > 1e-9))
            fail_msg("%s: %.12g, expected %.12g", metrics[i].name, item->valuedouble, value);
    }
    cJSON_Delete(root);
}

static void test_json_holds_every_metric_under_its_name(void **state)
{
    size_t count;
    const struct fixture *fixtures = fixtures_table(&count);
    (void)state;
    for (size_t i = 0; i < count; i++)
        assert_metrics_stand_in(fixture_results(fixtures[i].name));
}

static void test_json_schema_knows_every_kind_and_metric(void **state)
{
    size_t count;
    const struct metric *metrics = metrics_table(&count);
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
    const cJSON *names = member(root, "properties.thresholds.items.properties.metric.enum");
    assert_int_equal(cJSON_GetArraySize(names), count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(cJSON_GetArrayItem(names, (int)i)->valuestring, metrics[i].name);
    cJSON_Delete(root);
    buffer_free(&schema);
}

static void test_json_numbers_read_well(void **state)
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
        struct results *results = fixture_results("passed");
        struct buffer out;
        histogram_reset(&results->recorded.latency);
        histogram_record(&results->recorded.latency, cases[i].latency_ns);
        fixture_json(results, &out);
        if (strstr(out.data, cases[i].text) == NULL)
            fail_msg("%s is not in %s", cases[i].text, out.data);
        buffer_free(&out);
    }
}

static void test_json_success_rate_is_100_only_when_all_succeeded(void **state)
{
    static const struct {
        uint64_t ok;
        uint64_t failed;
        double rate;
    } cases[] = {{10000000, 1, 99.9999}, {998, 2, 99.8}, {2, 1, 66.6666},
                 {57, 568, 9.12},        {5, 0, 100},    {0, 5, 0}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct results *results = fixture_results("passed");
        results->recorded.ok = cases[i].ok;
        results->recorded.failed = cases[i].failed;
        cJSON *root = parsed(results);
        assert_true(member(root, "success_rate")->valuedouble == cases[i].rate);
        cJSON_Delete(root);
    }
}

static void test_json_has_null_and_never_0_where_nothing_was_measured(void **state)
{
    cJSON *root = parsed(fixture_results("no_connection"));
    const cJSON *item;
    (void)state;
    cJSON_ArrayForEach(item, member(root, "latency")) assert_true(cJSON_IsNull(item));
    assert_true(cJSON_IsNull(member(root, "success_rate")));
    assert_true(cJSON_IsNull(member(root, "connections.connect_time")));
    cJSON_Delete(root);
}

static void test_json_returns_hostile_text_unharmed(void **state)
{
    struct results *results = fixture_results("hostile");
    struct buffer out;
    (void)state;
    fixture_json(results, &out);
    assert_true(utf8_valid(buffer_text(&out)));
    for (const char *c = out.data; *c != '\0'; c++)
        assert_true((unsigned char)*c >= 0x20 || *c == '\n' || *c == '\t');
    buffer_free(&out);
    cJSON *root = parsed(results);
    const cJSON *sample = cJSON_GetArrayItem(member(root, "samples"), 0);
    const char *reply = member(sample, "reply")->valuestring;
    assert_string_equal(reply, results->recorded.samples[0].reply);
    assert_non_null(strstr(reply, "\x1b]0;owned\x07\x1b[2J\r\n\"quoted\" \\ \t"));
    cJSON_Delete(root);
}

/* --- Out of memory: one allocation of cJSON fails --- */

static size_t allocations;
static size_t refused; /* which one, from 1 */

static void *allocate(size_t size)
{
    return ++allocations == refused ? NULL : malloc(size);
}

static int report_refusing(size_t allocation)
{
    const struct results *results = fixture_results("failed");
    cJSON_Hooks hooks = {allocate, free};
    struct buffer out;
    buffer_init(&out, 1 << 20);
    allocations = 0;
    refused = allocation;
    cJSON_InitHooks(&hooks);
    int result = report_json(results, &out);
    cJSON_InitHooks(NULL);
    if (result != 0)
        assert_int_equal(out.length, 0);
    buffer_free(&out);
    return result;
}

static void test_json_fails_cleanly_whichever_allocation_fails(void **state)
{
    (void)state;
    assert_int_equal(report_refusing(0), 0);
    size_t needed = allocations;
    assert_true(needed > 100);
    for (size_t allocation = 1; allocation <= needed; allocation++)
        assert_int_equal(report_refusing(allocation), -1);
}

static void test_json_fails_when_it_does_not_fit(void **state)
{
    struct buffer out;
    (void)state;
    buffer_init(&out, 100);
    assert_int_equal(report_json(fixture_results("passed"), &out), -1);
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_has_the_seed_keys_in_their_order),
        cmocka_unit_test(test_json_holds_every_metric_under_its_name),
        cmocka_unit_test(test_json_schema_knows_every_kind_and_metric),
        cmocka_unit_test(test_json_numbers_read_well),
        cmocka_unit_test(test_json_success_rate_is_100_only_when_all_succeeded),
        cmocka_unit_test(test_json_has_null_and_never_0_where_nothing_was_measured),
        cmocka_unit_test(test_json_returns_hostile_text_unharmed),
        cmocka_unit_test(test_json_fails_cleanly_whichever_allocation_fails),
        cmocka_unit_test(test_json_fails_when_it_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
