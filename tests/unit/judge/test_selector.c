#include "testing.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/judge/selector.h"

#include "measuring.h"

static struct measurement *seen;

static int fill(void **state)
{
    static const struct load load = {.reply = REPLY_STREAM, .shards = 1};
    (void)state;
    seen = measurement_new(&load);
    if (!seen)
        return -1;
    for (uint64_t us = 1; us <= 1000; us++)
        histogram_record(&seen->distributions[DIST_LATENCY], us * NS_PER_US);
    for (uint64_t messages = 2; messages <= 8; messages += 2)
        histogram_record(&seen->distributions[DIST_REPLY_MESSAGES], messages);
    histogram_record(&seen->distributions[DIST_REPLY_BYTES], 300);
    histogram_record(&seen->distributions[DIST_REPLY_BYTES], 65537);
    histogram_record(&seen->distributions[DIST_TTFM], 250 * NS_PER_MS);
    count_failures(seen, FAILURE_REPLY_TIMEOUT, 6, 1);
    count_failures(seen, FAILURE_CONNECT_REFUSED, 1, 0);
    seen->counts[COUNT_OK] = 1000;
    seen->counts[COUNT_FAILED] = 6;
    seen->counts[COUNT_TOTAL_TIME] = 4 * NS_PER_S;
    return 0;
}

static int release(void **state)
{
    (void)state;
    measurement_free(seen);
    return 0;
}

static struct selector parsed(const char *text)
{
    struct selector selector;
    struct error error;
    if (selector_parse(text, strlen(text), &selector, &error))
        fail_msg("%s: %s", text, error.text);
    return selector;
}

static void test_selector_parses_and_labels_figures(void **state)
{
    static const struct {
        const char *text;
        const char *metric;
        enum statistic stat;
        double percent;
        enum metric_unit unit;
        const char *label;
    } cases[] = {
        {"latency:avg", "latency", STAT_AVG, 0, METRIC_SECONDS, "average latency"},
        {"latency:med", "latency", STAT_MED, 50, METRIC_SECONDS, "median latency"},
        {"latency:min", "latency", STAT_MIN, 0, METRIC_SECONDS, "shortest latency"},
        {"latency:max", "latency", STAT_MAX, 0, METRIC_SECONDS, "longest latency"},
        {"latency:stddev", "latency", STAT_STDDEV, 0, METRIC_SECONDS, "latency deviation"},
        {"latency:count", "latency", STAT_COUNT, 0, METRIC_COUNT, "latency samples"},
        {"latency:rate", "latency", STAT_RATE, 0, METRIC_PER_SECOND, "latency per second"},
        {"latency:p(95)", "latency", STAT_PERCENTILE, 95, METRIC_SECONDS, "p95 latency"},
        {"latency:p95", "latency", STAT_PERCENTILE, 95, METRIC_SECONDS, "p95 latency"},
        {"latency:p(0)", "latency", STAT_PERCENTILE, 0, METRIC_SECONDS, "p0 latency"},
        {"latency:p(100)", "latency", STAT_PERCENTILE, 100, METRIC_SECONDS, "p100 latency"},
        {"response_time:p(99.999)", "response_time", STAT_PERCENTILE, 99.999, METRIC_SECONDS,
         "p99.999 response time"},
        {"connect.tls:avg", "connect.tls", STAT_AVG, 0, METRIC_SECONDS, "average TLS handshake"},
        {"connect:p99.9", "connect.total", STAT_PERCENTILE, 99.9, METRIC_SECONDS, "p99.9 connect"},
        {"success_rate", "success_rate", STAT_VALUE, 0, METRIC_PERCENT, "success rate"},
        {"total_time", "total_time", STAT_VALUE, 0, METRIC_SECONDS, "total time"},
        {"errors", "errors", STAT_COUNT, 0, METRIC_COUNT, "errors"},
        {"errors:count", "errors", STAT_COUNT, 0, METRIC_COUNT, "errors"},
        {"errors:rate", "errors", STAT_RATE, 0, METRIC_PER_SECOND, "errors per second"},
        {"requests", "total_requests", STAT_COUNT, 0, METRIC_COUNT, "requests"},
        {"ttfm:p(95)", "ttfm", STAT_PERCENTILE, 95, METRIC_SECONDS, "p95 time to first message"},
        {"gap:max", "inter_message_gap", STAT_MAX, 0, METRIC_SECONDS,
         "longest gap between messages"},
        {"tpom:avg", "tpom", STAT_AVG, 0, METRIC_SECONDS, "average time per output message"},
        {"messages_per_reply:min", "messages_per_reply", STAT_MIN, 0, METRIC_COUNT,
         "fewest messages per reply"},
        {"messages_per_reply:count", "messages_per_reply", STAT_COUNT, 0, METRIC_COUNT,
         "messages per reply samples"},
        {"bytes_per_reply:max", "bytes_per_reply", STAT_MAX, 0, METRIC_BYTES,
         "most bytes per reply"},
        {"bytes_per_reply:med", "bytes_per_reply", STAT_MED, 50, METRIC_BYTES,
         "median bytes per reply"},
        {"bytes_per_reply:rate", "bytes_per_reply", STAT_RATE, 0, METRIC_PER_SECOND,
         "bytes per reply per second"},
        {"goodput", "goodput", STAT_VALUE, 0, METRIC_PER_SECOND, "goodput"},
        {"traffic.sent_bytes", "traffic.sent_bytes", STAT_COUNT, 0, METRIC_BYTES, "bytes sent"},
        {"traffic.sent_bytes:rate", "traffic.sent_bytes", STAT_RATE, 0, METRIC_PER_SECOND,
         "bytes sent per second"},
        {"self.memory_bytes", "self.memory_bytes", STAT_VALUE, 0, METRIC_BYTES, "memory"},
    };
    char label[SELECTOR_SIZE];
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct selector selector = parsed(cases[i].text);
        assert_string_equal(selector.metric->path, cases[i].metric);
        assert_int_equal(selector.stat, cases[i].stat);
        assert_true(selector.percent == cases[i].percent);
        assert_int_equal(selector_unit(&selector), cases[i].unit);
        assert_false(selector.has_kind);
        assert_string_equal(selector.text, cases[i].text);
        assert_string_equal(selector_label(&selector, label), cases[i].label);
    }
}

static void test_selector_takes_every_kind_of_error(void **state)
{
    char text[SELECTOR_SIZE];
    char label[SELECTOR_SIZE];
    char expected[SELECTOR_SIZE];
    (void)state;
    for (int kind = 0; kind < FAILURE_KIND_COUNT; kind++) {
        const char *name = failure_name((enum failure_kind)kind);
        snprintf(text, sizeof(text), "errors{kind=%s}:rate", name);
        snprintf(expected, sizeof(expected), "%s errors per second", name);
        struct selector selector = parsed(text);
        assert_true(selector.has_kind);
        assert_int_equal(selector.kind, kind);
        assert_int_equal(selector.stat, STAT_RATE);
        assert_string_equal(selector_label(&selector, label), expected);
    }
}

static void test_selector_reads_no_further_than_its_length(void **state)
{
    struct selector selector;
    struct error error;
    (void)state;
    assert_int_equal(selector_parse("latency:avg<5ms", 11, &selector, &error), 0);
    assert_string_equal(selector.text, "latency:avg");
}

static void test_selector_says_what_is_wrong(void **state)
{
    static const struct {
        const char *text;
        const char *error; /* or how it begins */
    } cases[] = {
        {"latencyy:avg", "'latencyy': no such metric; did you mean latency ?"},
        {"succes_rate", "'succes_rate': no such metric; did you mean success_rate ?"},
        {"request", "'request': no such metric; did you mean requests ?"},
        {"", "'': no such metric; 'wsload help metrics' lists them"},
        {"humidity", "'humidity': no such metric; 'wsload help metrics' lists them"},
        {"latency", "'latency': a statistic is missing, as in latency:p(95); use avg, med, min, "
                    "max, p(N), stddev, count or rate"},
        {"latency:", "'': no such statistic; use avg, med, min, max, p(N), "},
        {"latency:mean", "'mean': no such statistic; use avg, med, min, max, p(N), "},
        {"latency:p", "'p': no such statistic; "},
        {"latency:p()", "'p()': no such statistic; "},
        {"latency:p(95", "'p(95': no such statistic; "},
        {"latency:p95)", "'p95)': no such statistic; "},
        {"latency:x(95)", "'x(95)': no such statistic; "},
        {"latency:x95", "'x95': no such statistic; "},
        {"latency:p(95)x", "'p(95)x': no such statistic; "},
        {"latency:p(101)", "'p(101)': more than 100; use a number from 0 to 100"},
        {"latency:p(9.5.1)", "'p(9.5.1)': "},
        {"latency{kind=dns}:avg", "'latency{kind=dns}:avg': only errors has kinds, "},
        {"errors{kind=dns", "'errors{kind=dns': use errors{kind=KIND}, as in "},
        {"errors{dns}", "'errors{dns}': use errors{kind=KIND}, as in "},
        {"errors{kind=reply_timout}",
         "'reply_timout': no such kind of error; did you mean reply_timeout ?"},
        {"errors{kind=}", "'': no such kind of error; there are dns, connect_refused, "},
        {"errors{kind=dns}x", "'errors{kind=dns}x': nothing but :STAT may follow the }"},
        {"errors:p(95)", "'errors:p(95)': errors is a counter; use count or rate"},
        {"errors:avg", "'errors:avg': errors is a counter; use count or rate"},
        {"success_rate:avg", "'success_rate:avg': success_rate is one number and takes no "},
        {"success_rate:", "'success_rate:': success_rate is one number and takes no "},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct selector selector;
        struct error error;
        if (selector_parse(cases[i].text, strlen(cases[i].text), &selector, &error) == 0)
            fail_msg("'%s' was accepted", cases[i].text);
        if (strncmp(error.text, cases[i].error, strlen(cases[i].error)) != 0)
            fail_msg("%s", error.text);
    }
}

static void test_selector_refuses_what_it_could_not_keep(void **state)
{
    char text[SELECTOR_SIZE + 1];
    struct selector selector;
    struct error error;
    (void)state;
    memset(text, 'a', sizeof(text));
    assert_int_equal(selector_parse(text, SELECTOR_SIZE, &selector, &error), -1);
    assert_string_equal(error.text, "longer than 95 bytes, and so the name of no figure");
    assert_int_equal(selector_parse(text, SELECTOR_SIZE - 1, &selector, &error), -1);
    assert_non_null(strstr(error.text, "no such metric"));
}

static void test_selector_gets_figures(void **state)
{
    static const struct {
        const char *text;
        double value;
        double tolerance; /* relative; the histogram's for percentiles */
    } cases[] = {
        {"latency:avg", 0.0005005, 1e-12},
        {"latency:med", 0.0005, 1e-3},
        {"latency:min", 0.000001, 0},
        {"latency:max", 0.001, 0},
        {"latency:p(95)", 0.00095, 1e-3},
        {"latency:p(100)", 0.001, 0},
        {"latency:p(0)", 0.000001, 0},
        {"latency:stddev", 0.000288674990257, 1e-9}, /* sqrt((1000^2 - 1) / 12) us */
        {"latency:count", 1000, 0},
        {"latency:rate", 250, 0},
        {"response_time:max", 0.001, 0},
        {"errors", 7, 0},
        {"errors{kind=reply_timeout}", 6, 0},
        {"errors{kind=connect_refused}", 1, 0},
        {"errors{kind=dns}", 0, 0},
        {"errors{kind=reply_timeout}:rate", 1.5, 0},
        {"failed_requests", 6, 0},
        {"requests:rate", 251.5, 0},
        {"success_rate", 100000.0 / 1006, 1e-15},
        {"connect:count", 0, 0},
        {"connection.lifetime:rate", 0, 0},
        {"ttfm:max", 0.25, 0},
        {"messages_per_reply:avg", 5, 0},
        {"messages_per_reply:med", 4, 0},
        {"messages_per_reply:min", 2, 0},
        {"messages_per_reply:max", 8, 0},
        {"messages_per_reply:p(75)", 6, 0},
        {"messages_per_reply:stddev", 2.2360679774997896964, 1e-15}, /* sqrt(5) */
        {"messages_per_reply:count", 4, 0},
        {"messages_per_reply:rate", 1, 0},
        {"bytes_per_reply:avg", 32918.5, 0},
        {"bytes_per_reply:max", 65537, 0},
        {"late", 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct selector selector = parsed(cases[i].text);
        double value = -1;
        assert_true(selector_get(&selector, seen, &value));
        if (fabs(value - cases[i].value) > cases[i].tolerance * cases[i].value)
            fail_msg("%s: %.12g, expected %.12g", cases[i].text, value, cases[i].value);
    }
}

static void test_selector_gets_nothing_from_nothing(void **state)
{
    static const char *const texts[] = {"connect:avg", "connect:p(50)", "connect:min",
                                        "connect:max", "send_lag:avg",  "send_lag:count",
                                        "gap:avg",     "tpom:max",      "goodput"};
    double value;
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct selector selector = parsed(texts[i]);
        assert_false(selector_get(&selector, seen, &value));
    }
    struct selector rate = parsed("errors:rate");
    seen->counts[COUNT_TOTAL_TIME] = 0;
    assert_false(selector_get(&rate, seen, &value));
}

TEST_GROUP(selector)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_selector_parses_and_labels_figures),
        cmocka_unit_test(test_selector_takes_every_kind_of_error),
        cmocka_unit_test(test_selector_reads_no_further_than_its_length),
        cmocka_unit_test(test_selector_says_what_is_wrong),
        cmocka_unit_test(test_selector_refuses_what_it_could_not_keep),
        cmocka_unit_test_setup_teardown(test_selector_gets_figures, fill, release),
        cmocka_unit_test_setup_teardown(test_selector_gets_nothing_from_nothing, fill, release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
