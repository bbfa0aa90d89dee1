#include "testing.h"

#include <stdio.h>
#include <string.h>

#include "console_reading.h"
#include "fixtures.h"
#include "wsload/base/clock.h"
#include "wsload/base/utf8.h"
#include "wsload/report/console.h"
#include "wsload/report/screen.h"

static void assert_verdict(const struct results *results, const char *verdict)
{
    struct console_style style = {0};
    struct buffer out;
    buffer_init(&out, 4096);
    assert_int_equal(report_verdict(results, &style, &out), 0);
    assert_string_equal(out.data, verdict);
    buffer_free(&out);
}

static void test_console_verdict_says_why(void **state)
{
    static const struct {
        const char *fixture;
        const char *verdict;
    } cases[] = {
        {"passed", "PASSED   3 of 3 thresholds   run valid"},
        {"connection_per_request",
         "PASSED   3 of 3 thresholds, 1 of 200 requests failed   run valid"},
        {"no_thresholds", "PASSED   3 of 2,000 requests failed   run valid"},
        {"doubtful_failures", "PASSED   5,837 of 116,825 requests failed   run doubtful"},
        {"failed", "FAILED   requests per second 6.55, at least 1,000 was asked, and 1 more"},
        {"no_success", "FAILED   no request succeeded, 200 failed"},
        {"no_connection", "NO CONNECTION   none of 20 could be opened"},
        {"interrupted", "INTERRUPTED   after 120 of 2,000 requests"},
        {"open_stages", "PASSED   3 of 3 thresholds   run valid"},
        {"doubtful", "PASSED   1 of 1 threshold   run doubtful"},
        {"slow_target", "PASSED   1 of 1 threshold   run valid"},
        {"invalid", "UNTRUSTED   run invalid (--strict)"},
        {"hold", "PASSED   no thresholds set   run valid"},
        {"aborted", "FAILED   reply_timeout errors 10, below 10 was asked; run aborted"},
        {"stream", "FAILED   p90 time to first message 828 ms, below 800 ms was asked"},
        {"one_way", "PASSED   1 of 1 threshold   run doubtful"},
        {"silent", "FAILED   no request succeeded, 200 failed"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_verdict(fixture_results(cases[i].fixture), cases[i].verdict);
}

static void test_console_verdict_covers_the_rarer_ends(void **state)
{
    struct results *results = fixture_results("passed");
    (void)state;
    results->thresholds.items[2].actual = 90;
    results->thresholds.items[2].passed = false;
    results_decide(results, 0);
    assert_verdict(results, "FAILED   success rate 90.0 %, at least 95 % was asked");
    results->thresholds.items[2].has_actual = false;
    assert_verdict(results, "FAILED   no success rate, at least 95 % was asked");
    results->recorded.measured = (struct accounting){0};
    results->recorded.failures.count = 0;
    results_decide(results, 0);
    assert_verdict(results, "FAILED   no request ended");
    results = fixture_results("interrupted");
    results->setup.requests = 0;
    results_decide(results, 15);
    assert_verdict(results, "INTERRUPTED   after 120 requests");
    assert_shows(results, "exit 143\n");
    results = fixture_results("hold");
    results_decide(results, 2);
    assert_verdict(results, "INTERRUPTED   after 5 min");
}

static void test_console_says_loudly_that_the_sums_do_not_hold(void **state)
{
    struct results *results = fixture_results("passed");
    (void)state;
    results->recorded.measured.planned++;
    trust_judge(&results->trust, results);
    results_decide(results, 0);
    assert_verdict(results, "UNTRUSTED   sums do not hold");
    assert_shows(results, "   exit 4\n\nINVALID   measured part: 201 requests planned, but 200");
}

static void test_console_gives_each_doubt_a_line_and_each_advice_once(void **state)
{
    struct results *results = fixture_results("passed");
    (void)state;
    results->trust = (struct trust){
        .grade = TRUST_INVALID,
        .reasons = {{"a", TRUST_INVALID, "one worker was late", "use more workers"},
                    {"b", TRUST_DOUBTFUL, "another was, too", "use more workers"},
                    {"c", TRUST_DOUBTFUL, "ports ran out", "use more addresses"},
                    {"d", TRUST_DOUBTFUL, "no advice", ""},
                    {"e", TRUST_VALID, "all on one machine", "use two"}},
        .count = 5,
    };
    assert_shows(results, "   run invalid   ");
    assert_shows(results, "\n\nINVALID   one worker was late\n"
                          "          another was, too\n"
                          "          ports ran out\n"
                          "          no advice\n"
                          "          use more workers\n"
                          "          use more addresses\n\n");
    assert_shows(results, "\nnote          all on one machine\n              use two\n");
}

static void test_console_headline_tells_what_was_asked_for(void **state)
{
    static const struct {
        const char *fixture;
        const char *text;
    } cases[] = {
        {"passed", "   closed loop, 1 worker\n"},
        {"doubtful", "   open model, 1,000/s constant, 2 workers   seed 42\n"},
        {"open_stages", "   open model, Poisson, 2 workers"},
        {"open_stages", "   4 in flight on each connection"},
        {"open_stages", "\n               stages   30s:500   1m:500   15s:0\n"},
        {"hold", "   hold, 1 worker\n"},
        {"warm_up", "   warm-up 10 s"},
        {"warm_up", "   think time 100ms-300ms"},
        {"warm_up", "   opening 500/s"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_shows(fixture_results(cases[i].fixture), cases[i].text);
    struct results *results = fixture_results("open_stages");
    results->setup.stages.start = 0.5;
    assert_shows(results, "   stages   from 0.5   30s:500   1m:500   15s:0\n");
}

static void test_console_gives_no_time_to_open_when_nothing_was_opened_beforehand(void **state)
{
    struct results *results = fixture_results("passed");
    (void)state;
    assert_shows(results, "\nconnections   20 opened in 41 ms   0 lost\n");
    results->open_time_ns = 0;
    assert_shows(results, "\nconnections   20 opened   0 lost\n");
}

static void test_console_wraps_many_stages(void **state)
{
    struct results *results = fixture_results("open_stages");
    struct buffer out;
    (void)state;
    results->setup.stages.count = STAGES_MAX;
    for (size_t i = 0; i < STAGES_MAX; i++)
        results->setup.stages.items[i] = (struct stage){90 * NS_PER_S, 12345};
    fixture_console(results, false, &out);
    assert_true(fixture_widest_line(out.data) <= SCREEN_COLUMNS);
    assert_non_null(strstr(out.data, "\n                        1m30s:12,345   1m30s:12,345"));
    buffer_free(&out);
}

static void test_console_says_each_relation_in_words(void **state)
{
    static const struct {
        enum threshold_relation relation;
        const char *words;
    } cases[] = {
        {THRESHOLD_BELOW, "below"},   {THRESHOLD_AT_MOST, "at most"},
        {THRESHOLD_ABOVE, "above"},   {THRESHOLD_AT_LEAST, "at least"},
        {THRESHOLD_EQUAL, "exactly"}, {THRESHOLD_NOT_EQUAL, "not"},
    };
    struct results *results = fixture_results("passed");
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char text[64];
        results->thresholds.items[2].relation = cases[i].relation;
        snprintf(text, sizeof(text), "\n  success rate          100.0 %%    %s 95 %%",
                 cases[i].words);
        assert_shows(results, text);
    }
}

static void test_console_stays_within_80_columns(void **state)
{
    size_t count;
    const struct fixture *fixtures = fixtures_table(&count);
    (void)state;
    for (size_t i = 0; i < count; i++) {
        struct buffer out;
        fixture_console(fixture_results(fixtures[i].name), false, &out);
        assert_in_range(fixture_widest_line(out.data), 60, SCREEN_COLUMNS);
        buffer_free(&out);
    }
}

static void test_console_cuts_a_long_url_and_nothing_passes_100_columns(void **state)
{
    static char url[2000];
    struct results *results = fixture_results("failed");
    struct console_style style = {false, url};
    struct buffer out;
    (void)state;
    memset(url, 'u', sizeof(url) - 1);
    results->setup.url = url;
    buffer_init(&out, 1 << 20);
    assert_int_equal(report_console(results, &style, &out), 0);
    assert_int_equal(fixture_widest_line(out.data), SCREEN_LIMIT);
    assert_non_null(strstr(out.data, "\xE2\x80\xA6\n"));
    buffer_free(&out);
}

static void test_console_lets_no_server_write_to_the_terminal(void **state)
{
    struct buffer out;
    (void)state;
    fixture_console(fixture_results("hostile"), false, &out);
    assert_true(utf8_valid(buffer_text(&out)));
    for (const char *c = out.data; *c != '\0'; c++)
        assert_true(((unsigned char)*c >= 0x20 && *c != 0x7F) || *c == '\n');
    assert_null(strstr(out.data, "\xC2\x9B"));     /* CSI as one character */
    assert_null(strstr(out.data, "\xE2\x80\xAE")); /* right-to-left override */
    assert_non_null(strstr(out.data, "\"quoted\" \\"));
    buffer_free(&out);
}

/* TEXT without its colours, in place. */
static void strip_colors(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0';) {
        if (*from == '\x1b')
            from = strchr(from, 'm') + 1;
        else
            *to++ = *from++;
    }
    *to = '\0';
}

static void test_console_color_is_never_the_only_carrier_of_meaning(void **state)
{
    size_t count;
    const struct fixture *fixtures = fixtures_table(&count);
    (void)state;
    for (size_t i = 0; i < count; i++) {
        struct buffer plain;
        struct buffer colored;
        fixture_console(fixture_results(fixtures[i].name), false, &plain);
        fixture_console(fixture_results(fixtures[i].name), true, &colored);
        assert_null(strchr(plain.data, '\x1b'));
        assert_non_null(strchr(colored.data, '\x1b'));
        strip_colors(colored.data);
        assert_string_equal(colored.data, plain.data);
        buffer_free(&plain);
        buffer_free(&colored);
    }
}

static void test_console_shows_at_most_12_classes_of_errors(void **state)
{
    struct results *results = fixture_results("passed");
    (void)state;
    for (int i = 0; i < 15; i++) {
        char detail[16];
        snprintf(detail, sizeof(detail), "%d", 4000 + i);
        struct failure failure = {FAILURE_CLOSED, detail, text_of("")};
        failures_add(&results->recorded.failures, &failure, 1);
        if (i == 11)
            assert_shows(results, "4011: ");
    }
    assert_shows(results, "4011: ");
    assert_shows(results, "\n              and 3 more\n");
}

static void test_console_chooses_one_unit_for_a_row(void **state)
{
    static const struct {
        uint64_t latencies_ns[3];
        const char *row;
    } cases[] = {
        {{50100000, 51800000, 61300000}, "  latency, ms    50.1    54.4    51.8*   61.3*"},
        {{1900, 250000, 999000}, "  latency, us       2     417     250*    999*"},
        {{1900, 250000, 29000000000}, "  latency, ms      <1   9,667      <1* 29,000*"},
        {{20000, 250000, 99994000}, "  latency, us      20  33,421     250* 99,994*"},
        {{20000, 250000, 999400000}, "  latency, ms    0.02  333.22    0.25* 999.40*"},
        {{20000, 38000, 38000000}, "  latency, us      20  12,686      38* 38,000*"},
        {{20000, 59000, 600000000}, "  latency, ms    0.02  200.03    0.06* 600.00*"},
        {{800000000, 1500000000, 12300000000}, "  latency, s     0.80    4.87    1.50*  12.30*"},
        {{1, 999600000, 3600000000000}, "  latency, s       <1   1,200       1*  3,600*"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct results *results = fixture_results("passed");
        histogram_reset(&results->recorded.latency);
        for (size_t j = 0; j < 3; j++)
            histogram_record(&results->recorded.latency, cases[i].latencies_ns[j]);
        assert_shows(results, cases[i].row);
    }
}

/* Digits of FIGURE behind its point. */
static size_t decimals_of(const char *figure)
{
    const char *point = strchr(figure, '.');
    return point ? strspn(point + 1, "0123456789") : 0;
}

/* The row of the latencies has a cell for each of its eight figures, with one number of decimals:
 * since cells end in one column, the points are below each other then. */
static void assert_row_aligned(char *out)
{
    char *words[16] = {NULL};
    size_t count = 0;
    char *row = strstr(out, "\n  latency, ");
    *strchr(row + 1, '\n') = '\0';
    for (char *word = strtok(row + 1, " "); word && count < ARRAY_LENGTH(words);
         word = strtok(NULL, " "))
        words[count++] = word;
    assert_int_equal(count, 2 + 8); /* "latency,", the unit */
    for (size_t i = 2; i < count; i++) {
        if (decimals_of(words[i]) != decimals_of(words[2]))
            fail_msg("%s beside %s", words[i], words[2]);
        assert_true(strcspn(words[i], "*") <= 6);
    }
}

static void test_console_figures_of_a_row_never_touch_and_are_aligned(void **state)
{
    static const uint64_t longest_ns = 99999 * NS_PER_S;
    (void)state;
    for (uint64_t median_ns = 1; median_ns <= longest_ns; median_ns *= 10) {
        for (uint64_t max_ns = median_ns; max_ns <= longest_ns; max_ns = max_ns * 10 - 1) {
            struct results *results = fixture_results("passed");
            struct buffer out;
            histogram_reset(&results->recorded.latency);
            histogram_record(&results->recorded.latency, median_ns / 3);
            histogram_record(&results->recorded.latency, median_ns);
            histogram_record(&results->recorded.latency, max_ns);
            fixture_console(results, false, &out);
            assert_row_aligned(out.data);
            buffer_free(&out);
            if (max_ns == 1)
                max_ns++;
        }
    }
}

static void test_console_marks_percentiles_that_rest_on_few_samples(void **state)
{
    struct results *results = fixture_results("passed");
    (void)state;
    histogram_reset(&results->recorded.latency);
    histogram_reset(&results->recorded.connect[CONNECT_TOTAL]);
    for (int i = 0; i < 10000; i++)
        histogram_record(&results->recorded.latency, 52 * NS_PER_MS);
    struct buffer out;
    fixture_console(results, false, &out);
    assert_null(strchr(out.data, '*'));
    buffer_free(&out);
    results->recorded.latency.count = 9000; /* p99.9: 9 beyond */
    assert_shows(results, "    52.0    52.0*   52.0\n  * fewer than 10 samples beyond it\n");
}

static void test_console_fails_when_it_does_not_fit(void **state)
{
    const struct results *results = fixture_results("failed");
    struct console_style style = {true, "x"};
    struct buffer whole;
    (void)state;
    fixture_console(results, true, &whole);
    for (size_t maximum = 0; maximum < 1000; maximum += 37) {
        struct buffer out;
        buffer_init(&out, maximum);
        assert_int_equal(report_console(results, &style, &out), -1);
        if (out.length > 0)
            assert_memory_equal(out.data, whole.data, out.length);
        buffer_free(&out);
    }
    buffer_free(&whole);
}

TEST_GROUP(console)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_console_verdict_says_why),
        cmocka_unit_test(test_console_verdict_covers_the_rarer_ends),
        cmocka_unit_test(test_console_says_loudly_that_the_sums_do_not_hold),
        cmocka_unit_test(test_console_gives_each_doubt_a_line_and_each_advice_once),
        cmocka_unit_test(test_console_headline_tells_what_was_asked_for),
        cmocka_unit_test(test_console_gives_no_time_to_open_when_nothing_was_opened_beforehand),
        cmocka_unit_test(test_console_wraps_many_stages),
        cmocka_unit_test(test_console_says_each_relation_in_words),
        cmocka_unit_test(test_console_stays_within_80_columns),
        cmocka_unit_test(test_console_cuts_a_long_url_and_nothing_passes_100_columns),
        cmocka_unit_test(test_console_lets_no_server_write_to_the_terminal),
        cmocka_unit_test(test_console_color_is_never_the_only_carrier_of_meaning),
        cmocka_unit_test(test_console_shows_at_most_12_classes_of_errors),
        cmocka_unit_test(test_console_chooses_one_unit_for_a_row),
        cmocka_unit_test(test_console_figures_of_a_row_never_touch_and_are_aligned),
        cmocka_unit_test(test_console_marks_percentiles_that_rest_on_few_samples),
        cmocka_unit_test(test_console_fails_when_it_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
