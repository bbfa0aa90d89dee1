#include "testing.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "console_reading.h"
#include "fixtures.h"
#include "screen.h"
#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"
#include "wsload/base/text.h"
#include "wsload/report/console.h"

static void assert_outcome(const struct fixture *run, const char *verdict)
{
    struct console_style style = {0};
    struct buffer out;
    buffer_init(&out, 4096);
    assert_int_equal(report_verdict(run->measurement, &run->verdict, &style, &out), 0);
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
        {"connection_per_request", "PASSED   3 of 3 thresholds, 1 of 200 failed   run valid"},
        {"no_thresholds", "DONE   no thresholds set, 3 of 2,000 failed   run valid"},
        {"doubtful_failures", "DONE   no thresholds set, 5,837 of 116,825 failed   run doubtful"},
        {"hostile", "FAILED   success rate 50.0 %, at least 95 % is the default"},
        {"failed", "FAILED   requests per second 6.55, at least 1,000 was asked, and 1 more"},
        {"no_success", "FAILED   no request succeeded, 200 failed"},
        {"no_connection", "NO CONNECTION   none of 20 could be opened"},
        {"interrupted", "INTERRUPTED   after 120 of 2,000 requests"},
        {"open_stages", "PASSED   3 of 3 thresholds   run valid"},
        {"doubtful", "PASSED   1 of 1 threshold   run doubtful"},
        {"slow_target", "PASSED   1 of 1 threshold   run valid"},
        {"invalid", "UNTRUSTED   run invalid (--strict)"},
        {"hold", "DONE   no thresholds set   run valid"},
        {"aborted", "FAILED   reply_timeout errors 10, below 10 was asked; run aborted"},
        {"stream", "FAILED   p90 time to first message 828 ms, below 800 ms was asked"},
        {"one_way", "PASSED   1 of 1 threshold   run doubtful"},
        {"silent", "FAILED   no request succeeded, 200 failed"},
        {"shifted", "PASSED   1 of 1 threshold   run invalid"},
        {"merged", "PASSED   1 of 1 threshold   run invalid"},
        {"shards", "DONE   no thresholds set   run valid"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_outcome(fixture(cases[i].fixture), cases[i].verdict);
}

static void test_console_verdict_covers_the_rarer_ends(void **state)
{
    struct fixture *run = fixture("passed");
    (void)state;
    run->verdict.code = EXIT_THRESHOLD;
    run->verdict.broken = 1;
    run->verdict.judgements[2].actual = 90;
    run->verdict.judgements[2].passed = false;
    assert_outcome(run, "FAILED   success rate 90.0 %, at least 95 % was asked");
    run->verdict.judgements[2].has_actual = false;
    assert_outcome(run, "FAILED   no success rate, at least 95 % was asked");
    memset(run->measurement->counts, 0, sizeof(run->measurement->counts));
    run->measurement->counts[COUNT_OPENED] = 1;
    timeline_free(&run->measurement->timeline);
    fixture_judge(run);
    assert_outcome(run, "FAILED   no request ended");
    run = fixture("interrupted");
    run->measurement->load.requests = 0;
    run->measurement->signal = SIGTERM;
    fixture_judge(run);
    assert_outcome(run, "INTERRUPTED   after 120 requests");
    assert_shows(run, "exit 143\n");
    run = fixture("hold");
    run->measurement->signal = SIGINT;
    fixture_judge(run);
    assert_outcome(run, "INTERRUPTED   after 5 min");
}

static void test_console_says_loudly_that_the_sums_do_not_hold(void **state)
{
    struct fixture *run = fixture("passed");
    (void)state;
    run->measurement->counts[COUNT_PLANNED]++;
    fixture_judge(run);
    assert_outcome(run, "UNTRUSTED   sums do not hold");
    assert_shows(run, "   exit 4\n\nINVALID   measured part: 201 requests planned, but 200");
}

static void test_console_gives_each_doubt_a_line_and_each_advice_once(void **state)
{
    struct fixture *run = fixture("passed");
    (void)state;
    run->verdict.validity = (struct validity){
        .grade = VALIDITY_INVALID,
        .reasons = {{"", "a", VALIDITY_INVALID, "one worker was late", "use more workers"},
                    {"two.json", "b", VALIDITY_DOUBTFUL, "another was, too", "use more workers"},
                    {"", "c", VALIDITY_DOUBTFUL, "ports ran out", "use more addresses"},
                    {"", "d", VALIDITY_DOUBTFUL, "no advice", ""},
                    {"", "e", VALIDITY_VALID, "all on one machine", "use two"},
                    {"two.json", "f", VALIDITY_VALID, "not so here", ""}},
        .count = 6,
    };
    assert_shows(run, "   run invalid   ");
    assert_shows(run, "\n\nINVALID   one worker was late\n"
                      "          two.json: another was, too\n"
                      "          ports ran out\n"
                      "          no advice\n"
                      "          use more workers\n"
                      "          use more addresses\n\n");
    assert_shows(run, "\nnote          all on one machine\n              use two\n"
                      "note          two.json: not so here\n");
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
        {"merged", "/prod   3 runs merged   20 connections"},
        {"shards", "/prod   2 of 4 shards   20 connections"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_shows(fixture(cases[i].fixture), cases[i].text);
    struct fixture *run = fixture("open_stages");
    run->measurement->load.stages.start = 0.5;
    assert_shows(run, "   stages   from 0.5   30s:500   1m:500   15s:0\n");
}

static void test_console_headline_says_how_many_runs_it_is(void **state)
{
    static const struct {
        uint64_t parts;
        uint64_t shards;
        const char *said; /* NULL: nothing */
    } cases[] = {
        {1, 1, NULL},
        {4, 4, NULL},
        {2, 1, "   2 runs merged   "},
        {1, 4, "   1 of 4 shards   "},
        {8, 4, "   2 runs merged   "},
        {6, 4, "   6 of 4 shards   "},
    };
    struct fixture *run = fixture("passed");
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        run->measurement->parts = cases[i].parts;
        run->measurement->load.shards = cases[i].shards;
        if (cases[i].said) {
            assert_shows(run, cases[i].said);
        } else {
            assert_hides(run, "merged");
            assert_hides(run, "shards");
        }
    }
}

static void test_console_headline_tells_think_times_as_they_are_typed(void **state)
{
    static const struct {
        struct think think;
        const char *text;
    } cases[] = {
        {{THINK_UNIFORM, 2 * NS_PER_S, 2 * NS_PER_S}, "   think time 2s   seed"},
        {{THINK_UNIFORM, NS_PER_S, 90 * NS_PER_S}, "   think time 1s-1m30s   seed"},
        {{THINK_EXPONENTIAL, 500 * NS_PER_MS, 0}, "   think time exp:500ms   seed"},
    };
    struct fixture *run = fixture("passed");
    (void)state;
    assert_hides(run, "think");
    run->measurement->load.seed = 1;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        run->measurement->load.think = cases[i].think;
        assert_shows(run, cases[i].text);
    }
}

/* What each machine was asked for is a part of the whole. */
static void test_console_asks_of_some_shards_their_part(void **state)
{
    struct fixture *run = fixture("interrupted");
    (void)state;
    run->measurement->load.shards = 4;
    assert_outcome(run, "INTERRUPTED   after 120 of 500 requests");
    run = fixture("no_connection");
    run->measurement->load.shards = 4;
    assert_outcome(run, "NO CONNECTION   none of 5 could be opened");
    assert_shows(fixture("shards"), "\nrate          1,000/s asked   1,000/s achieved\n");
}

static void test_console_gives_no_time_to_open_when_nothing_was_opened_beforehand(void **state)
{
    struct fixture *run = fixture("passed");
    (void)state;
    assert_shows(run, "\nconnections   20 opened in 41 ms   0 lost\n");
    run->measurement->counts[COUNT_OPEN_TIME] = 0;
    assert_shows(run, "\nconnections   20 opened   0 lost\n");
}

static void test_console_wraps_many_stages(void **state)
{
    struct fixture *run = fixture("open_stages");
    struct buffer out;
    (void)state;
    run->measurement->load.stages.count = STAGES_MAX;
    for (size_t i = 0; i < STAGES_MAX; i++)
        run->measurement->load.stages.items[i] = (struct stage){90 * NS_PER_S, 12345};
    fixture_console(run, false, &out);
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
    struct fixture *run = fixture("passed");
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char text[64];
        run->verdict.judgements[2].threshold.relation = cases[i].relation;
        snprintf(text, sizeof(text), "\n  success rate          100.0 %%    %s 95 %%",
                 cases[i].words);
        assert_shows(run, text);
    }
}

static void test_console_stays_within_the_terminal(void **state)
{
    static const struct {
        unsigned columns;
        size_t most;
    } cases[] = {{0, 80}, {20, 60}, {60, 60}, {80, 80}, {100, 100}, {250, 100}};
    size_t count;
    const char *const *names = fixture_names(&count);
    (void)state;
    for (size_t i = 0; i < count * ARRAY_LENGTH(cases); i++) {
        struct buffer out;
        const size_t most = cases[i / count].most;
        fixture_console_of(fixture(names[i % count]), cases[i / count].columns, &out);
        assert_in_range(fixture_widest_line(out.data), most - 20, most);
        assert_non_null(strstr(out.data, " exit "));
        buffer_free(&out);
    }
}

static void test_console_cuts_a_long_url(void **state)
{
    static char url[2000];
    struct fixture *run = fixture("failed");
    struct console_style style = {.color = false};
    struct buffer out;
    (void)state;
    memset(url, 'u', sizeof(url) - 1);
    memcpy(run->measurement->load.url, url, sizeof(url));
    buffer_init(&out, 1 << 20);
    assert_int_equal(report_console(run->measurement, &run->verdict, &style, &out), 0);
    assert_int_equal(fixture_widest_line(out.data), SCREEN_COLUMNS);
    assert_non_null(strstr(out.data, "\xE2\x80\xA6\n"));
    buffer_free(&out);
}

static void test_console_lets_no_server_write_to_the_terminal(void **state)
{
    struct buffer out;
    (void)state;
    fixture_console(fixture("hostile"), false, &out);
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
    const char *const *names = fixture_names(&count);
    (void)state;
    for (size_t i = 0; i < count; i++) {
        struct buffer plain;
        struct buffer colored;
        fixture_console(fixture(names[i]), false, &plain);
        fixture_console(fixture(names[i]), true, &colored);
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
    struct fixture *run = fixture("passed");
    (void)state;
    for (int i = 0; i < 15; i++) {
        char detail[16];
        snprintf(detail, sizeof(detail), "%d", 4000 + i);
        struct failure failure = {FAILURE_CLOSED, detail, text_of("")};
        failures_add(&run->measurement->failures, &failure, 1);
        if (i == 11)
            assert_shows(run, "4011: ");
    }
    assert_shows(run, "4011: ");
    assert_shows(run, "\n              and 3 more\n");
}

static void test_console_chooses_one_unit_for_a_row(void **state)
{
    static const struct {
        uint64_t latencies_ns[3];
        const char *row;
    } cases[] = {
        {{50100000, 51800000, 61300000}, "  latency, ms    50.1    54.4    51.8*   61.3*"},
        {{1900, 250000, 999000}, "  latency, us       2     417     250*    999*"},
        {{1900, 250000, 29000000000}, "  latency, ms   0.002   9,667   0.250* 29,000*"},
        {{20000, 250000, 99994000}, "  latency, us      20  33,421     250* 99,994*"},
        {{20000, 250000, 999400000}, "  latency, ms   0.020     333   0.250*    999*"},
        {{20000, 38000, 38000000}, "  latency, us    20.0  12,686    38.0* 38,000*"},
        {{20000, 50000, 4094000000}, "  latency, ms  0.0200   1,365  0.0500*  4,094*"},
        {{0, 50000, 4094000000}, "  latency, ms  0.0000   1,365  0.0500*  4,094*"},
        {{800000000, 1500000000, 12300000000}, "  latency, s     0.80    4.87    1.50*   12.3*"},
        {{1, 999600000, 3600000000000}, "  latency, s    <0.01   1,200    1.00*  3,600*"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct fixture *run = fixture("passed");
        histogram_reset(&run->measurement->distributions[DIST_LATENCY]);
        for (size_t j = 0; j < 3; j++)
            histogram_record(&run->measurement->distributions[DIST_LATENCY],
                             cases[i].latencies_ns[j]);
        assert_shows(run, cases[i].row);
    }
}

/* Digits of FIGURE, without the zeros that it begins with. */
static size_t significant_digits(const char *figure)
{
    size_t count = 0;
    for (; *figure != '\0'; figure++)
        count += *figure >= (count > 0 ? '0' : '1') && *figure <= '9';
    return count;
}

/* The row of the latencies has a cell for each of its eight figures, of which none with a point has
 * more than three significant digits. */
static void assert_row_legible(char *out)
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
        if (strchr(words[i], '.') && significant_digits(words[i]) > 3)
            fail_msg("%s has more digits than it deserves", words[i]);
        assert_true(strcspn(words[i], "*") <= (words[i][0] == '<' ? 7 : 6));
    }
}

static void test_console_figures_of_a_row_never_touch_and_are_legible(void **state)
{
    static const uint64_t longest_ns = 99999 * NS_PER_S;
    (void)state;
    for (uint64_t median_ns = 1; median_ns <= longest_ns; median_ns *= 10) {
        for (uint64_t max_ns = median_ns; max_ns <= longest_ns; max_ns = max_ns * 10 - 1) {
            struct fixture *run = fixture("passed");
            struct buffer out;
            histogram_reset(&run->measurement->distributions[DIST_LATENCY]);
            histogram_record(&run->measurement->distributions[DIST_LATENCY], median_ns / 3);
            histogram_record(&run->measurement->distributions[DIST_LATENCY], median_ns);
            histogram_record(&run->measurement->distributions[DIST_LATENCY], max_ns);
            fixture_console(run, false, &out);
            assert_row_legible(out.data);
            buffer_free(&out);
            if (max_ns == 1)
                max_ns++;
        }
    }
}

static void test_console_marks_percentiles_that_rest_on_few_samples(void **state)
{
    struct fixture *run = fixture("passed");
    (void)state;
    histogram_reset(&run->measurement->distributions[DIST_LATENCY]);
    histogram_reset(&run->measurement->distributions[DIST_CONNECT]);
    for (int i = 0; i < 10000; i++)
        histogram_record(&run->measurement->distributions[DIST_LATENCY], 52 * NS_PER_MS);
    struct buffer out;
    fixture_console(run, false, &out);
    assert_null(strchr(out.data, '*'));
    buffer_free(&out);
    run->measurement->distributions[DIST_LATENCY].count = 9000; /* p99.9: 9 beyond */
    assert_shows(run, "    52.0    52.0*   52.0\n  * fewer than 10 samples beyond it\n");
}

static void test_console_fails_when_it_does_not_fit(void **state)
{
    const struct fixture *run = fixture("failed");
    struct console_style style = {.color = true, .summary_path = "x"};
    struct buffer whole;
    (void)state;
    fixture_console(run, true, &whole);
    for (size_t maximum = 0; maximum < 1000; maximum += 37) {
        struct buffer out;
        buffer_init(&out, maximum);
        assert_int_equal(report_console(run->measurement, &run->verdict, &style, &out), -1);
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
        cmocka_unit_test(test_console_headline_says_how_many_runs_it_is),
        cmocka_unit_test(test_console_headline_tells_think_times_as_they_are_typed),
        cmocka_unit_test(test_console_asks_of_some_shards_their_part),
        cmocka_unit_test(test_console_gives_no_time_to_open_when_nothing_was_opened_beforehand),
        cmocka_unit_test(test_console_wraps_many_stages),
        cmocka_unit_test(test_console_says_each_relation_in_words),
        cmocka_unit_test(test_console_stays_within_the_terminal),
        cmocka_unit_test(test_console_cuts_a_long_url),
        cmocka_unit_test(test_console_lets_no_server_write_to_the_terminal),
        cmocka_unit_test(test_console_color_is_never_the_only_carrier_of_meaning),
        cmocka_unit_test(test_console_shows_at_most_12_classes_of_errors),
        cmocka_unit_test(test_console_chooses_one_unit_for_a_row),
        cmocka_unit_test(test_console_figures_of_a_row_never_touch_and_are_legible),
        cmocka_unit_test(test_console_marks_percentiles_that_rest_on_few_samples),
        cmocka_unit_test(test_console_fails_when_it_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
