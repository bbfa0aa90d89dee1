#include "testing.h"

#include <openssl/evp.h>
#include <string.h>

#include "fixtures.h"
#include "json_reading.h"
#include "wsload/report/json.h"
#include "wsload/stats/histogram_code.h"
#include "wsload/stats/metrics.h"

static void test_json_timeline_has_a_row_for_each_second(void **state)
{
    cJSON *root = parsed(fixture_results("open_stages"));
    const cJSON *rows = member(root, "timeline.rows");
    const cJSON *row;
    double done = 0;
    int index = 0;
    (void)state;
    assert_string_equal(member(root, "timeline.metric")->valuestring, "response_time");
    assert_near("width", member(root, "timeline.row_seconds"), 1, 0);
    assert_int_equal(cJSON_GetArraySize(rows), 106); /* 105 s, and the drain */
    cJSON_ArrayForEach(row, rows)
    {
        assert_near("time", member(row, "time"), index++, 0);
        done += member(row, "done")->valuedouble;
    }
    assert_true(done == member(root, "total_requests")->valuedouble);
    row = cJSON_GetArrayItem(rows, 50);
    assert_near("done", member(row, "done"), 500, 0);
    assert_near("p50", member(row, "p50"), 0.0525, 0.0525 * 0.016);
    assert_near("p99", member(row, "p99"), 0.055, 0.055 * 0.016);
    cJSON_Delete(root);
    root = parsed(fixture_results("hold"));
    row = cJSON_GetArrayItem(member(root, "timeline.rows"), 7);
    assert_true(cJSON_IsNull(member(row, "p50")));
    assert_near("open", member(row, "open"), 20, 0);
    cJSON_Delete(root);
}

/* The histogram called NAME, as a reader of the file gets it. */
static void decode(const cJSON *root, const char *name, struct histogram *histogram)
{
    static unsigned char code[1 << 20];
    struct error error;
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(member(root, "histograms"), name);
    assert_non_null(item);
    const char *text = item->valuestring;
    size_t characters = strlen(text);
    int length = EVP_DecodeBlock(code, (const unsigned char *)text, (int)characters);
    assert_true(length > 0);
    for (; characters > 0 && text[characters - 1] == '='; characters--)
        length--;
    if (histogram_decode((struct text){(const char *)code, (size_t)length}, histogram, &error) != 0)
        fail_msg("%s: %s", name, error.text);
}

static void test_json_histograms_are_the_whole_distributions(void **state)
{
    static struct histogram decoded;
    static const char *const fixtures[] = {"passed", "open_stages", "hold", "stream", "one_way"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(fixtures); i++) {
        const struct results *results = fixture_results(fixtures[i]);
        size_t count;
        const struct metric *metrics = metrics_table(&count);
        int written = 1; /* the encoding */
        cJSON *root = parsed(results);
        for (size_t j = 0; j < count; j++) {
            const struct histogram *histogram = metrics[j].form == METRIC_DISTRIBUTION
                                                    ? metrics[j].histogram(results)
                                                    : NULL;
            bool again = strcmp(metrics[j].name, "response_time") == 0 &&
                         results->setup.model != LOAD_OPEN;
            if (histogram == NULL || histogram->count == 0 || again)
                continue;
            decode(root, metrics[j].name, &decoded);
            assert_memory_equal(&decoded, histogram, sizeof(decoded));
            written++;
        }
        assert_int_equal(cJSON_GetArraySize(member(root, "histograms")), written);
        cJSON_Delete(root);
    }
}

/* The most that a run of days writes: a full timeline, and histograms spread as wide as replies of
 * 10 us to 100 s spread them. */
static void test_json_of_a_long_run_fits_into_its_buffer(void **state)
{
    struct results *results = fixture_results("doubtful");
    struct recorder *recorded = &results->recorded;
    struct buffer out;
    (void)state;
    for (uint64_t second = 11; second < 4000; second++) {
        struct timeline_second row = {second, 1234567, 1234, 10000, 10000, &recorded->latency};
        timeline_add(&recorded->timeline, &row);
    }
    for (double ns = 1e4; ns < 1e11; ns *= 1.002) {
        histogram_record(&recorded->latency, (uint64_t)ns);
        histogram_record(&recorded->response_time, (uint64_t)ns);
    }
    assert_int_equal(recorded->timeline.count, TIMELINE_ROWS_MAX);
    fixture_json(results, &out);
    assert_true(out.length < 512 << 10);
    buffer_free(&out);
}

TEST_GROUP(json_series)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_timeline_has_a_row_for_each_second),
        cmocka_unit_test(test_json_histograms_are_the_whole_distributions),
        cmocka_unit_test(test_json_of_a_long_run_fits_into_its_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
