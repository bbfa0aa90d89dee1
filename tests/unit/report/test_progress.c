#include "testing.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fixtures.h"
#include "wsload/base/clock.h"
#include "wsload/report/progress.h"

#define TIME_OF_DAY "14:13:20   "

static struct buffer out;
static struct progress progress;
static struct progress_view view;

static int start(void **state)
{
    (void)state;
    buffer_init(&out, 4096);
    setenv("TZ", "UTC0", 1);
    tzset();
    return 0;
}

static int finish(void **state)
{
    (void)state;
    buffer_free(&out);
    return 0;
}

static void begin(enum progress_mode mode, unsigned columns)
{
    progress_init(&progress, mode);
    view = (struct progress_view){columns, 1790000000}; /* 14:13:20 UTC */
}

static const char *draw(const struct snapshot *now)
{
    buffer_clear(&out);
    assert_int_equal(progress_draw(&progress, now, &view, &out), 0);
    if (progress.mode != PROGRESS_PLAIN)
        return buffer_text(&out).data;
    assert_memory_equal(out.data, TIME_OF_DAY, strlen(TIME_OF_DAY)); /* begins each line */
    return out.data + strlen(TIME_OF_DAY);
}

static const struct snapshot opening = {
    .phase = PHASE_OPENING,
    .elapsed_ns = 624 * NS_PER_MS,
    .connections = 1000,
    .open = 312,
    .planned = 2000,
};

static const struct snapshot running = {
    .phase = PHASE_RUNNING,
    .elapsed_ns = 3 * NS_PER_S,
    .connections = 20,
    .open = 20,
    .planned = 2000,
    .done = 1220,
    .failed = 3,
    .in_flight = 20,
    .recent_p95_ns = 54 * NS_PER_MS,
};

static void test_progress_plain_tells_each_phase_in_a_line(void **state)
{
    struct snapshot draining = running;
    struct snapshot closing = running;
    (void)state;
    draining.phase = PHASE_DRAINING;
    closing.phase = PHASE_CLOSING;
    begin(PROGRESS_PLAIN, 0);
    assert_string_equal(draw(&opening),
                        "opening   312/1,000 connections   500/s   0 failed   1.4 s left\n");
    assert_string_equal(
        draw(&running),
        "61 %   1,220/2,000   407/s   3 failed   p95 54 ms   20 open   1.9 s left\n");
    assert_string_equal(draw(&draining), "waiting   20 replies to come   1,220/2,000   3 failed\n");
    assert_string_equal(draw(&closing), "closing   20 open\n");
}

static void test_progress_rate_is_that_since_the_last_line(void **state)
{
    struct snapshot later = running;
    (void)state;
    later.elapsed_ns += NS_PER_S / 4;
    later.done += 25;
    begin(PROGRESS_PLAIN, 0);
    assert_non_null(strstr(draw(&opening), "   500/s   "));
    assert_non_null(strstr(draw(&running), "   407/s   "));
    assert_non_null(strstr(draw(&later), "   100/s   "));
    assert_non_null(strstr(draw(&later), "   383/s   ")); /* no time passed: the whole run's */
}

static void test_progress_percent_is_the_further_along_of_requests_and_time(void **state)
{
    static const struct {
        uint64_t planned;
        uint64_t duration_s;
        uint64_t done;
        uint64_t elapsed_s;
        const char *percent;
        const char *done_text;
        const char *left; /* NULL when it cannot be known */
    } cases[] = {
        {2000, 0, 1220, 3, "61 %", "1,220/2,000", "1.9 s left"},
        {2000, 30, 1220, 3, "61 %", "1,220/2,000", "1.9 s left"},
        {2000, 4, 1220, 3, "75 %", "1,220/2,000", "1.0 s left"},
        {0, 30, 1220, 3, "10 %", "1,220 done", "27 s left"},
        {0, 600, 0, 3, "0 %", "0 done", "9 min 57 s left"},
        {100, 0, 29, 1, "29 %", "29/100", "2.4 s left"},
        {2000, 0, 0, 3, "0 %", "0/2,000", NULL},
        {2000, 0, 1999, 3, "99 %", "1,999/2,000", "0.0 s left"},
        {2000, 0, 2000, 3, "100 %", "2,000/2,000", "0.0 s left"},
        {0, 30, 5, 31, "100 %", "5 done", NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct snapshot now = running;
        now.planned = cases[i].planned;
        now.duration_ns = cases[i].duration_s * NS_PER_S;
        now.done = cases[i].done;
        now.elapsed_ns = cases[i].elapsed_s * NS_PER_S;
        begin(PROGRESS_PLAIN, 0);
        const char *line = draw(&now);
        assert_ptr_equal(strstr(line, cases[i].percent), line);
        assert_non_null(strstr(line, cases[i].done_text));
        assert_int_equal(strstr(line, "left") != NULL, cases[i].left != NULL);
        if (cases[i].left != NULL && strstr(line, cases[i].left) == NULL)
            fail_msg("'%s' is not in '%s'", cases[i].left, line);
    }
}

static void test_progress_leaves_out_what_is_not_known(void **state)
{
    struct snapshot now = running;
    (void)state;
    now.recent_p95_ns = 0;
    now.done = 0;
    begin(PROGRESS_PLAIN, 0);
    assert_string_equal(draw(&now), "0 %   0/2,000   0/s   3 failed   20 open\n");
    now = (struct snapshot){.phase = PHASE_OPENING, .connections = 5};
    assert_string_equal(draw(&now), "opening   0/5 connections   0/s   0 failed\n");
}

static void test_progress_tells_what_waits_and_what_was_skipped(void **state)
{
    struct snapshot now = running;
    (void)state;
    now.queued = 1500;
    now.skipped = 7;
    begin(PROGRESS_PLAIN, 0);
    assert_string_equal(draw(&now), "61 %   1,220/2,000   407/s   3 failed   7 skipped   "
                                    "1,500 queued   p95 54 ms   20 open   1.9 s left\n");
}

static void test_progress_warm_up_counts_no_requests(void **state)
{
    struct snapshot now = {
        .phase = PHASE_WARMUP,
        .elapsed_ns = 4 * NS_PER_S,
        .duration_ns = 10 * NS_PER_S,
        .in_flight = 18,
        .open = 20,
    };
    (void)state;
    begin(PROGRESS_PLAIN, 0);
    assert_string_equal(draw(&now), "warm-up   40 %   18 in flight   20 open   6.0 s left\n");
    now.queued = 5;
    now.skipped = 6;
    assert_string_equal(draw(&now), "warm-up   40 %   18 in flight   5 queued   6 skipped   "
                                    "20 open   6.0 s left\n");
}

static void test_progress_without_requests_tells_the_connections_alone(void **state)
{
    struct snapshot now = {
        .phase = PHASE_RUNNING,
        .elapsed_ns = 60 * NS_PER_S,
        .duration_ns = 300 * NS_PER_S,
        .open = 18,
    };
    (void)state;
    begin(PROGRESS_PLAIN, 0);
    assert_string_equal(draw(&now), "20 %   18 open   4 min left\n");
    now.queued = 7; /* an open run that lost all its connections */
    assert_string_equal(draw(&now), "20 %   0 done   0/s   0 failed   7 queued   18 open   "
                                    "4 min left\n");
}

static void test_progress_bar_is_a_line_of_the_terminal_width(void **state)
{
    (void)state;
    begin(PROGRESS_BAR, 120);
    assert_string_equal(
        draw(&running),
        "\r\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88"
        "\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88\xE2\x96\x8F\xE2\x96\x91"
        "\xE2\x96\x91\xE2\x96\x91\xE2\x96\x91\xE2\x96\x91\xE2\x96\x91\xE2\x96\x91"
        "   61 %   1,220/2,000   407/s   3 failed   p95 54 ms   20 open       1.9 s left\x1b[K");
}

/* Columns of what stands between "\r" and "erase to end of line". */
static size_t drawn_columns(const char *drawn)
{
    size_t length = strlen(drawn);
    assert_true(drawn[0] == '\r');
    assert_string_equal(drawn + length - 3, "\x1b[K");
    return fixture_widest_line(drawn) - strlen("\r\x1b[K");
}

static void test_progress_bar_never_wraps(void **state)
{
    struct snapshot large = running;
    (void)state;
    large.planned = 123456789;
    large.done = 98765432;
    large.failed = 12345678;
    large.queued = 100000;
    large.skipped = 1234567;
    for (unsigned columns = 1; columns <= 200; columns++) {
        begin(PROGRESS_BAR, columns);
        assert_true(drawn_columns(draw(&opening)) < columns);
        assert_true(drawn_columns(draw(&running)) < columns);
        assert_true(drawn_columns(draw(&large)) < columns);
        if (columns > 60)
            assert_int_equal(drawn_columns(draw(&running)), columns > 100 ? 99 : columns - 1);
    }
}

static void test_progress_bar_drops_what_is_worth_least(void **state)
{
    static const struct {
        unsigned columns;
        const char *line;
    } cases[] = {
        {90, "\r"
             "\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88"
             "\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88"
             "\xE2\x96\x8F"
             "\xE2\x96\x91\xE2\x96\x91\xE2\x96\x91\xE2\x96\x91\xE2\x96\x91\xE2\x96\x91\xE2\x96\x91"
             "   61 %   1,220/2,000   407/s   3 failed   p95 54 ms       1.9 s left\x1b[K"},
        {80, "\r"
             "\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88"
             "\xE2\x96\x88"
             "\xE2\x96\x8C"
             "\xE2\x96\x91\xE2\x96\x91\xE2\x96\x91\xE2\x96\x91\xE2\x96\x91"
             "   61 %   1,220/2,000   407/s   3 failed   p95 54 ms   1.9 s left\x1b[K"},
        {60, "\r"
             "\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88"
             "\xE2\x96\x8B"
             "\xE2\x96\x91\xE2\x96\x91"
             "   61 %   1,220/2,000   407/s   3 failed   1.9 s left\x1b[K"},
        {51, "\r"
             "\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88"
             "\xE2\x96\x91\xE2\x96\x91\xE2\x96\x91\xE2\x96\x91"
             "   61 %   1,220/2,000   407/s   3 failed\x1b[K"},
        {40, "\r"
             "\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88"
             "\xE2\x96\x8E"
             "\xE2\x96\x91\xE2\x96\x91"
             "   61 %   1,220/2,000   3 failed\x1b[K"},
        {30, "\r61 %   1,220/2,000   3 failed\x1b[K"},
        {20, "\r61 %   1,220/2,000\x1b[K"},
        {10, "\r61 %\x1b[K"},
        {4, "\r\x1b[K"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        begin(PROGRESS_BAR, cases[i].columns);
        assert_string_equal(draw(&running), cases[i].line);
    }
}

static void test_progress_tells_a_freeze(void **state)
{
    static const struct {
        uint64_t quiet_ms;
        const char *text; /* NULL: nothing */
    } cases[] = {{0, NULL},
                 {1000, NULL},
                 {1001, "   no reply for 1 s"},
                 {3999, "   no reply for 3 s"},
                 {125000, "   no reply for 2 min 5 s"}};
    struct snapshot now = running;
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        now.quiet_ns = cases[i].quiet_ms * NS_PER_MS;
        for (enum progress_mode mode = PROGRESS_PLAIN; mode <= PROGRESS_BAR; mode++) {
            begin(mode, 80);
            const char *line = draw(&now);
            assert_ptr_equal(strstr(line, "no reply"),
                             cases[i].text ? strstr(line, cases[i].text) + 3 : NULL);
        }
    }
    now.phase = PHASE_DRAINING;
    begin(PROGRESS_PLAIN, 0);
    assert_string_equal(draw(&now), "waiting   20 replies to come   no reply for 2 min 5 s   "
                                    "1,220/2,000   3 failed\n");
}

static void test_progress_plain_begins_with_what_is_tested(void **state)
{
    struct load load = fixture("open_stages")->measurement->load;
    (void)state;
    begin(PROGRESS_PLAIN, 0);
    assert_int_equal(progress_begin(&progress, &load, view.time, &out), 0);
    assert_string_equal(out.data,
                        "2026-09-21 14:13:20 +0000   wsload " WSLOAD_VERSION
                        "   ws://127.0.0.1:8080/chat   20 connections   200 prompts   1 min 45 s   "
                        "open model, Poisson, 2 workers   stages   30s:500   1m:500   15s:0   "
                        "4 in flight on each connection   seed 42\n");
    load = fixture("passed")->measurement->load;
    buffer_clear(&out);
    assert_int_equal(progress_begin(&progress, &load, view.time, &out), 0);
    assert_non_null(strstr(out.data, "   closed loop, 1 worker   seed "));
    for (enum progress_mode mode = PROGRESS_NONE; mode <= PROGRESS_BAR; mode += PROGRESS_BAR) {
        buffer_clear(&out);
        begin(mode, 80);
        assert_int_equal(progress_begin(&progress, &load, view.time, &out), 0);
        assert_int_equal(out.length, 0);
    }
}

static void test_progress_bar_fills_in_eighths(void **state)
{
    static const struct {
        uint64_t done; /* of 160 */
        const char *start;
    } cases[] = {
        {0, "\r\xE2\x96\x91"},
        {1, "\r\xE2\x96\x8F\xE2\x96\x91"},
        {7, "\r\xE2\x96\x89\xE2\x96\x91"},
        {8, "\r\xE2\x96\x88\xE2\x96\x91"},
        {12, "\r\xE2\x96\x88\xE2\x96\x8C\xE2\x96\x91"},
    };
    struct snapshot now = running;
    (void)state;
    now.planned = 160;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        now.done = cases[i].done;
        begin(PROGRESS_BAR, 100);
        assert_memory_equal(draw(&now), cases[i].start, strlen(cases[i].start));
    }
}

static void test_progress_takes_80_columns_when_the_terminal_does_not_tell(void **state)
{
    (void)state;
    begin(PROGRESS_BAR, 0);
    assert_int_equal(drawn_columns(draw(&running)), 79);
}

static void test_progress_clear_wipes_a_drawn_bar_once(void **state)
{
    (void)state;
    begin(PROGRESS_BAR, 80);
    assert_int_equal(progress_clear(&progress, &out), 0);
    assert_int_equal(out.length, 0);
    draw(&running);
    buffer_clear(&out);
    assert_int_equal(progress_clear(&progress, &out), 0);
    assert_string_equal(out.data, "\r\x1b[K");
    buffer_clear(&out);
    assert_int_equal(progress_clear(&progress, &out), 0);
    assert_int_equal(out.length, 0);
}

static void test_progress_none_and_plain_leave_nothing_to_clear(void **state)
{
    (void)state;
    begin(PROGRESS_NONE, 80);
    assert_string_equal(draw(&running), "");
    begin(PROGRESS_PLAIN, 80);
    draw(&running);
    assert_false(progress.drawn);
}

static void test_progress_fails_when_it_does_not_fit(void **state)
{
    (void)state;
    out.maximum = 10;
    begin(PROGRESS_PLAIN, 80);
    assert_int_equal(progress_draw(&progress, &running, &view, &out), -1);
    begin(PROGRESS_BAR, 80);
    assert_int_equal(progress_draw(&progress, &running, &view, &out), -1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, finish)

TEST_GROUP(progress)
{
    const struct CMUnitTest tests[] = {
        TEST(test_progress_plain_tells_each_phase_in_a_line),
        TEST(test_progress_rate_is_that_since_the_last_line),
        TEST(test_progress_percent_is_the_further_along_of_requests_and_time),
        TEST(test_progress_leaves_out_what_is_not_known),
        TEST(test_progress_tells_what_waits_and_what_was_skipped),
        TEST(test_progress_warm_up_counts_no_requests),
        TEST(test_progress_without_requests_tells_the_connections_alone),
        TEST(test_progress_bar_is_a_line_of_the_terminal_width),
        TEST(test_progress_bar_never_wraps),
        TEST(test_progress_bar_drops_what_is_worth_least),
        TEST(test_progress_tells_a_freeze),
        TEST(test_progress_plain_begins_with_what_is_tested),
        TEST(test_progress_bar_fills_in_eighths),
        TEST(test_progress_takes_80_columns_when_the_terminal_does_not_tell),
        TEST(test_progress_clear_wipes_a_drawn_bar_once),
        TEST(test_progress_none_and_plain_leave_nothing_to_clear),
        TEST(test_progress_fails_when_it_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
