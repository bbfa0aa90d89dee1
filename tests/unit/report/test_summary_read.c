/* A summary gives back what was written; what is no summary is refused in one line. */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "measurements.h"
#include "wsload/base/file.h"
#include "wsload/base/helpers.h"
#include "wsload/report/summary.h"
#include "wsload/stats/failures.h"

static struct thresholds thresholds;
static struct error error;

/* The summary of MEASUREMENT into OUT, which the caller frees. */
static void written(const struct measurement *measurement, const struct thresholds *asked,
                    struct buffer *out)
{
    static struct verdict verdict;
    buffer_init(out, SUMMARY_SIZE_MAX);
    judge(&verdict, measurement, asked);
    assert_int_equal(summary_write(measurement, &verdict, out), 0);
}

/* read(write(m)) == m, and write(read(f)) == f */
static void assert_read_back(const struct measurement *measurement, const struct thresholds *asked)
{
    struct buffer first;
    struct buffer second;
    struct measurement *again;
    written(measurement, asked, &first);
    if (summary_read(buffer_text(&first), &again, &thresholds, &error))
        fail_msg("%s", error.text);
    assert_same_measurement(measurement, again);
    assert_same_thresholds(asked, &thresholds);
    written(again, &thresholds, &second);
    assert_string_equal(first.data, second.data);
    buffer_free(&second);
    buffer_free(&first);
    measurement_free(again);
}

/* What is asked for may be any bytes; in a summary it is UTF-8. */
static void clean(char *text, size_t size)
{
    char copy[LOAD_URL_SIZE];
    snprintf(copy, sizeof(copy), "%s", text);
    excerpt_copy(text_of(copy), SIZE_MAX, text, size);
}

static void test_summaries_of_all_fixtures_are_read_back(void **state)
{
    size_t count;
    const char *const *names = fixture_names(&count);
    (void)state;
    for (size_t i = 0; i < count; i++) {
        const struct fixture *run = fixture(names[i]);
        struct load *load = &run->measurement->load;
        load->stages.hold_ns = load->warmup_ns;
        clean(load->url, sizeof(load->url));
        clean(load->origin, sizeof(load->origin));
        assert_read_back(run->measurement, &run->thresholds);
    }
}

static void test_summaries_of_random_measurements_are_read_back(void **state)
{
    static struct thresholds asked;
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct measurement *measurement = random_measurement(seed, &asked);
        assert_read_back(measurement, &asked);
        measurement_free(measurement);
    }
}

/* --- Damage --- */

/* TEXT with TO in place of the first FROM, which must be there; the caller frees it. */
static char *edited(const char *text, const char *from, const char *to)
{
    const char *place = strstr(text, from);
    if (!place)
        fail_msg("there is no %s", from);
    size_t size = strlen(text) + strlen(to) + 1;
    char *changed = malloc(size);
    assert_non_null(changed);
    snprintf(changed, size, "%.*s%s%s", (int)(place - text), text, to, place + strlen(from));
    return changed;
}

/* False, and says so, when TEXT is read or refused in other words. */
static bool is_refused(const char *text, size_t length, const char *expected)
{
    struct measurement *measurement;
    snprintf(error.text, sizeof(error.text), "it is read");
    summary_read((struct text){text, length}, &measurement, &thresholds, &error);
    if (!measurement && strcmp(error.text, expected) == 0)
        return true;
    print_error("'%s', expected '%s'\n", error.text, expected);
    measurement_free(measurement);
    return false;
}

static void assert_refused(const char *text, size_t length, const char *expected)
{
    assert_true(is_refused(text, length, expected));
}

struct damage {
    const char *fixture;
    const char *from;
    const char *to;
    const char *error;
};

static void test_summaries_that_are_damaged_are_refused(void **state)
{
    static const struct damage cases[] = {
        /* foreign, newer */
        {"passed", "\"wsload\"", "\"k6\"", "tool.name: not a summary of wsload"},
        {"passed", "\"wsload\"", "7", "tool.name: not a summary of wsload"},
        {"passed", "\"tool\"", "\"other\"", "tool.name: not a summary of wsload"},
        {"passed", "\"schema_version\":\t1", "\"schema_version\":\t2",
         "schema_version: 2 is newer than this wsload (1); use a newer one"},
        {"passed", "\"schema_version\":\t1", "\"schema_version\":\t0",
         "schema_version: not from 1 to 4294967295"},
        {"passed", "\"schema_version\"", "\"version\"", "schema_version: missing"},
        /* no JSON */
        {"passed", "\"parts\":\t1", "\"parts\":\tone", "not JSON (at byte 177)"},
        {"passed", "{", "[", "not JSON (at byte 19)"},
        {"passed", "api.example", "api\\u0000example",
         "not JSON of a summary: not all of it is UTF-8 without NUL"},
        {"passed", "api.example",
         "api\xff"
         "example",
         "not JSON of a summary: not all of it is UTF-8 without NUL"},
        /* what was asked */
        {"passed", "\"closed\"", "\"clozed\"", "load.model: 'clozed': use closed, open or hold"},
        {"passed", "\"closed\"", "\"clo\\nsed\"", "load.model: use closed, open or hold"},
        {"passed", "\"closed\"", "null", "load.model: not a string"},
        {"passed", "\"load\"", "\"lode\"", "load.model: missing"},
        {"passed",
         "\"model\":", "\"model\":\t\"closed\",\n\"model\":", "load.model: there are two of it"},
        {"passed", "\"connections\":\t20", "\"connections\":\t20.5",
         "load.connections: not a whole number"},
        {"passed", "\"connections\":\t20", "\"connections\":\t-20",
         "load.connections: not a whole number"},
        {"passed", "\"connections\":\t20", "\"connections\":\t4294967296",
         "load.connections: not from 0 to 4294967295"},
        {"passed", "\"connections\":\t20", "\"connections\":\t\"020\"",
         "load.connections: not a whole number"},
        {"passed", "\"workers\":\t1", "\"workers\":\t0", "load.workers: not from 1 to 4294967295"},
        {"passed", "\"in_flight\":\t1", "\"in_flight\":\t1001",
         "load.in_flight: not from 1 to 1000"},
        {"passed", "\"in_flight\":\t1", "\"in_flight\":\tnull",
         "load.in_flight: not a whole number"},
        {"passed", "18446744073709551557", "18446744073709551616", "load.seed: not a whole number"},
        {"passed", "\"duration\":\tnull", "\"duration\":\t-1",
         "load.duration: not a time in seconds, to 1 ns"},
        {"passed", "\"duration\":\tnull", "\"duration\":\t0.0000000001",
         "load.duration: not a time in seconds, to 1 ns"},
        {"passed", "\"duration\":\tnull", "\"duration\":\t\"100000000\"",
         "load.duration: longer than 36028797 s"},
        {"passed", "\"duration\":\tnull", "\"duration\":\t\"1.50\"",
         "load.duration: not a time in seconds, to 1 ns"},
        {"passed", "\"think_time\":\tnull", "\"think_time\":\t\"2s-1s\"",
         "load.think_time: the longer time comes first; use LOW-HIGH, as in 1s-5s"},
        {"passed", "\"connect_rate\":\tnull", "\"connect_rate\":\t1e999",
         "load.connect_rate: not a number from 0 to 1e+30"},
        {"passed", "\"gateway\":\tfalse", "\"gateway\":\t0",
         "load.gateway: neither true nor false"},
        {"passed", "\"shards\":\t1", "\"shards\":\t0",
         "load.shards: not from 1 to 18446744073709551615"},
        {"passed", "\"stages\":\t[]", "\"stages\":\t{}", "load.stages: not an array"},
        {"open_stages", "\"target\":\t0", "\"target\":\t\"0\"",
         "load.stages[2].target: not a number"},
        {"stream", "\"ttfm\":\t0.799999999", "\"ttfm\":\t[]",
         "load.goodput.ttfm: not a time in seconds, to 1 ns"},
        /* when */
        {"passed", "2026-11-22T10:00:00.123Z", "2026-13-22T10:00:00.123Z",
         "started_at: not a time from 1970 to 2109, as 2026-11-22T10:00:00.123Z"},
        {"passed", "2026-11-22T10:00:00.164Z", "2126-11-22T10:00:00.164Z",
         "measured_at: not a time from 1970 to 2109, as 2026-11-22T10:00:00.123Z"},
        {"passed", "\"parts\":\t1", "\"parts\":\t0", "parts: not from 1 to 4294967295"},
        /* what was seen */
        {"passed", "\"unsent\":\t0", "\"unsent\":\tnull", "accounting.unsent: not a whole number"},
        {"passed", "\"unsent\":\t0", "\"unscent\":\t0", "accounting.unsent: missing"},
        {"passed", "\"total_time\":\t0.53125", "\"total_time\":\t\"\"",
         "total_time: not a time in seconds, to 1 ns"},
        {"failed", "\"kind\":\t\"reply_timeout\"", "\"kind\":\t\"slow\"",
         "errors[0].kind: no kind of failure"},
        {"failed", "\"requests\":\t12", "\"requests\":\t13",
         "errors[0].requests: not from 0 to 12"},
        {"failed", "\"errors\":\t[{", "\"errors\":\t[7, {", "errors[0]: not an object"},
        {"passed", "\"seq\":\t1", "\"seq\":\t-1", "samples[1].seq: not a whole number"},
        {"passed", "\"latency\":\t0.0501,", "", "samples[0].latency: missing"},
        {"passed", "\"error\":\tnull", "\"error\":\t7", "samples[0].error: not a string"},
        {"passed", "\"samples\":\t[", "\"samples\":\t[0,0,0,0,0,", "samples: more than 5 items"},
        {"invalid", "\"cpu\":0.99,", "\"cpu\":3,", "self.workers[0].cpu: not a number from 0 to 2"},
        {"invalid", "\"wait\":0.001,", "\"wait\":3,",
         "self.workers[0].wait: not a number from 0 to 2"},
        {"invalid", "\"cores\":\t8", "\"cores\":\t2000000",
         "self.cores: not a number from 0 to 1000000"},
        {"passed", "\"signal\":\tnull", "\"signal\":\t65", "end.signal: not from 1 to 64"},
        {"passed", "\"record_failed\":\tfalse", "\"record_failed\":\t\"no\"",
         "end.record_failed: neither true nor false"},
        {"merged", "\"grade\":\t\"doubtful\"", "\"grade\":\t\"bad\"",
         "validity.reasons[1].grade: use valid, doubtful or invalid"},
        /* thresholds */
        {"passed", "\"metric\":\t\"latency:avg\"", "\"metric\":\t\"latensy:avg\"",
         "thresholds[0].metric: 'latensy': no such metric; did you mean latency ?"},
        {"passed", "\"relation\":\t\"<=\"", "\"relation\":\t\"<=>\"",
         "thresholds[0].relation: use < <= > >= == or !="},
        {"passed", "\"limit\":\t0.5", "\"limit\":\tnull", "thresholds[0].limit: not a number"},
        {"passed", "\"abort\":\tfalse", "\"abort\":\tnull",
         "thresholds[0].abort: neither true nor false"},
        /* timeline */
        {"passed", "\"row_seconds\":\t1", "\"row_seconds\":\t3",
         "timeline.row_seconds: not a power of two"},
        {"passed", "\"row_seconds\":\t1", "\"row_seconds\":\t0",
         "timeline.row_seconds: not from 1 to 8589934592"},
        {"passed", "\"first\":\t1795341600", "\"first\":\t9795341600",
         "timeline.first: not from 0 to 8589934592"},
        {"passed", "\"failed\":0", "\"failed\":201", "timeline.rows[0].failed: not from 0 to 200"},
        {"passed", "\"in_flight\":0", "\"in_flight\":0.5",
         "timeline.rows[0].in_flight: not an average over the row's seconds"},
        {"passed", "\"counts\":\"527", "\"counts\":\"0527",
         "timeline.rows[0].counts: the counts of a row are not COUNT or EMPTY:COUNT, with one "
         "space between two"},
        /* histograms */
        {"passed", "HdrHistogram-V2-compressed-base64", "wsload-histogram-1",
         "histograms.encoding: 'wsload-histogram-1': use HdrHistogram-V2-compressed-base64"},
        {"passed", "\"latency\":\t{\"count\":200", "\"latency\":\t{\"count\":201",
         "histograms.latency.count: not as many as in the code"},
        {"passed", "\"min\":50100000", "\"min\":60100000",
         "histograms.latency.code: a histogram's minimum, maximum, sum or sum of squares cannot "
         "be of the values that it counts"},
        {"passed", "\"sum\":\"10470000000\"", "\"sum\":10470000000",
         "histograms.latency.sum: not a string"},
        {"passed", "\"code\":\"HIST", "\"code\":\"*IST",
         "histograms.latency.code: a histogram is not base64, or of more bytes than any has"},
        {"passed", "\"latency\":\t{\"count\"", "\"latenzy\":\t{\"count\"",
         "latency: not null, but without a histogram"},
        {"passed", "\"connect.dns\":\t{\"count\":1", "\"connect.total\":\t{\"count\":1",
         "histograms.connect.total: there are two of it"},
        {"passed", "\"connect.dns\":\t{\"count\":1",
         "\"connect.dns\":\t[{\"count\":1}], \"x\": {\"y\":1",
         "histograms.connect.dns: not an object"},
        {"passed", "\"histograms\"", "\"histogrammes\"", "histograms: missing"},
    };
    size_t refused = 0;
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct buffer out;
        fixture_json(fixture(cases[i].fixture), &out);
        char *text = edited(out.data, cases[i].from, cases[i].to);
        refused += is_refused(text, strlen(text), cases[i].error);
        free(text);
        buffer_free(&out);
    }
    assert_int_equal(refused, ARRAY_LENGTH(cases));
}

static void test_summaries_that_are_other_files_are_refused(void **state)
{
    static const struct {
        const char *text;
        const char *error;
    } cases[] = {
        {"", "empty"},
        {" \n\t", "empty"},
        {"{", "truncated"},
        {"{\"a\": [1, 2}}", "not JSON (at byte 11)"},
        {"{}", "tool.name: not a summary of wsload"},
        {"[]", "tool.name: not a summary of wsload"},
        {"7", "tool.name: not a summary of wsload"},
        {"latency,count\n1,2\n", "not JSON (at byte 0)"},
        {"{} {}", "not JSON (at byte 2)"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_refused(cases[i].text, strlen(cases[i].text), cases[i].error);
}

static char *repeated(char c, size_t count)
{
    char *text = malloc(count);
    assert_non_null(text);
    return memset(text, c, count);
}

static void test_summaries_that_are_too_much_are_refused(void **state)
{
    char *text = repeated(' ', SUMMARY_SIZE_MAX + 1);
    (void)state;
    assert_refused(text, SUMMARY_SIZE_MAX + 1, "larger than 64 MiB: not a summary of wsload");
    free(text);
    text = repeated('[', 90000);
    assert_refused(text, 90000, "not JSON (at byte 1000)");
    free(text);
    text = repeated(',', 1000000);
    assert_refused(text, 1000000, "not a summary of wsload: more than 100000 members");
    free(text);
}

/* More classes than are kept would not fit when measurements are added up. */
static void test_summaries_with_too_many_failures_are_refused(void **state)
{
    struct fixture *run = fixture("passed");
    struct failures *failures = &run->measurement->failures;
    struct buffer out;
    (void)state;
    for (failures->count = 0; failures->count <= FAILURES_MAX; failures->count++) {
        struct failure_class *class = &failures->classes[failures->count];
        *class = (struct failure_class){.kind = FAILURE_CLOSED, .count = 1};
        snprintf(class->detail, sizeof(class->detail), "%zu", failures->count);
    }
    fixture_json(run, &out);
    assert_refused(out.data, out.length,
                   "errors[64].detail: one too many: it is there already, or there are 64");
    buffer_free(&out);
}

static void test_summaries_that_are_cut_are_refused(void **state)
{
    struct buffer out;
    (void)state;
    fixture_json(fixture("stream"), &out);
    for (size_t length = 1; length < out.length - 1; length += 7)
        assert_refused(out.data, length, "truncated");
    buffer_free(&out);
}

static void test_summaries_may_have_members_of_later_versions(void **state)
{
    struct buffer out;
    struct measurement *again;
    const struct fixture *run = fixture("passed");
    (void)state;
    fixture_json(run, &out);
    char *text = edited(out.data, "\"load\":\t{", "\"load\":\t{\"later\": [{}], ");
    if (summary_read(text_of(text), &again, &thresholds, &error))
        fail_msg("%s", error.text);
    assert_same_measurement(run->measurement, again);
    measurement_free(again);
    free(text);
    buffer_free(&out);
}

/* Else the fuzzer would not come beyond what they lack. */
static void test_summaries_of_the_fuzzers_corpus_are_read(void **state)
{
    static const char *const names[] = {"bare_open", "doubtful", "failures", "large",    "merged",
                                        "one_way",   "passed",   "stream",   "wide_rows"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        char path[512];
        struct buffer text;
        struct measurement *seen;
        snprintf(path, sizeof(path), WSLOAD_TEST_DATA "/fuzz/corpus/fuzz_summary/%s", names[i]);
        buffer_init(&text, 1 << 20);
        assert_int_equal(file_read(path, &text, &error), 0);
        if (summary_read(buffer_text(&text), &seen, &thresholds, &error))
            fail_msg("%s: %s", names[i], error.text);
        measurement_free(seen);
        buffer_free(&text);
    }
}

TEST_GROUP(summary_read)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_summaries_of_all_fixtures_are_read_back),
        cmocka_unit_test(test_summaries_of_random_measurements_are_read_back),
        cmocka_unit_test(test_summaries_that_are_damaged_are_refused),
        cmocka_unit_test(test_summaries_that_are_other_files_are_refused),
        cmocka_unit_test(test_summaries_that_are_too_much_are_refused),
        cmocka_unit_test(test_summaries_with_too_many_failures_are_refused),
        cmocka_unit_test(test_summaries_that_are_cut_are_refused),
        cmocka_unit_test(test_summaries_of_the_fuzzers_corpus_are_read),
        cmocka_unit_test(test_summaries_may_have_members_of_later_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
