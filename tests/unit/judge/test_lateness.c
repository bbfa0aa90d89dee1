#include "testing.h"

#include <stdio.h>
#include <string.h>

#include "judging.h"

#define LATE "wsload was late by enough to matter: without its own lateness "

/* --- In sending --- */

static void test_lateness_in_sending_is_judged_by_what_it_does(void **state)
{
    static const struct {
        uint64_t without_ns; /* of all requests */
        uint64_t with_ns;
        const char *text; /* NULL: valid */
        enum validity_grade grade;
    } cases[] = {
        {20 * NS_PER_MS, 20 * NS_PER_MS, NULL, VALIDITY_VALID},
        {20 * NS_PER_MS, 21 * NS_PER_MS, NULL, VALIDITY_VALID},
        {20 * NS_PER_MS, 22 * NS_PER_MS, LATE "p50 response time would be 20 ms, not 22 ms",
         VALIDITY_DOUBTFUL},
        {20 * NS_PER_MS, 30 * NS_PER_MS, LATE "p50 response time would be 20 ms, not 30 ms",
         VALIDITY_DOUBTFUL},
        {20 * NS_PER_MS, 31 * NS_PER_MS, LATE "p50 response time would be 20 ms, not 31 ms",
         VALIDITY_INVALID},
        {10 * NS_PER_S, 10200 * NS_PER_MS, NULL, VALIDITY_VALID}, /* 200 ms, and 2 % */
        {60 * NS_PER_US, 260 * NS_PER_US, NULL, VALIDITY_VALID},  /* as late as timers are */
        {60 * NS_PER_US, 270 * NS_PER_US, LATE "p50 response time would be 60 us, not 270 us",
         VALIDITY_DOUBTFUL},
        {NS_PER_MS, 5 * NS_PER_MS, LATE "p50 response time would be 1 ms, not 5 ms",
         VALIDITY_DOUBTFUL}, /* more than half, but of little */
    };
    (void)state;
    set_samples(DIST_SEND_LAG, NS_PER_S); /* waits of the target's making */
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        set_samples(DIST_UNDELAYED, cases[i].without_ns);
        set_samples(DIST_RESPONSE_TIME, cases[i].with_ns);
        if (!cases[i].text)
            assert_valid();
        else
            assert_reason("send_lag", cases[i].grade, cases[i].text);
    }
}

/* COUNT of the response times are AFTER_NS instead. */
static void delay_some(uint64_t count, uint64_t after_ns)
{
    refill(&seen->distributions[DIST_RESPONSE_TIME], REQUESTS - count, 20 * NS_PER_MS);
    histogram_record_many(&seen->distributions[DIST_RESPONSE_TIME], after_ns, count);
}

static void test_lateness_of_a_few_is_seen_in_the_percentile_that_it_moves(void **state)
{
    (void)state;
    delay_some(19, NS_PER_S); /* under 1 % */
    assert_valid();
    delay_some(21, 61 * NS_PER_MS);
    assert_reason("send_lag", VALIDITY_INVALID, LATE "p99 response time would be 20 ms, not 61 ms");
    seen->counts[COUNT_WAITED] = 1; /* for a connection that may have been busy because of it */
    assert_reason("send_lag", VALIDITY_INVALID,
                  LATE "p99 response time would be at most 20 ms, not 61 ms");
    seen->counts[COUNT_WAITED] = 0;
    delay_some(101, 24 * NS_PER_MS);
    assert_reason("send_lag", VALIDITY_DOUBTFUL,
                  LATE "p95 response time would be 20 ms, not 24 ms");
}

/* A p99 of 999 requests has 9 beyond it. */
static void test_lateness_says_nothing_from_fewer_than_10_samples(void **state)
{
    (void)state;
    refill(&seen->distributions[DIST_UNDELAYED], 999, 20 * NS_PER_MS);
    refill(&seen->distributions[DIST_RESPONSE_TIME], 980, 20 * NS_PER_MS);
    histogram_record_many(&seen->distributions[DIST_RESPONSE_TIME], NS_PER_S, 19);
    assert_valid();
    histogram_record(&seen->distributions[DIST_UNDELAYED], 20 * NS_PER_MS);
    histogram_record(&seen->distributions[DIST_RESPONSE_TIME], NS_PER_S);
    look();
    assert_int_equal(validity.grade, VALIDITY_INVALID);
}

static void test_lateness_that_changes_nothing_is_a_note(void **state)
{
    (void)state;
    set_samples(DIST_PACING_LAG, 38 * NS_PER_MS);
    assert_reason("send_lag", VALIDITY_VALID,
                  "send lag p99 38 ms: too little to change a figure by 5 %");
    assert_string_equal(validity.reasons[0].advice, "");
    seen->counts[COUNT_WAITED] = 1;
    assert_reason("send_lag", VALIDITY_VALID,
                  "pacing lag p99 38 ms: too little to change a figure by 5 %");
}

static void test_lateness_that_is_compared_with_nothing_has_no_note(void **state)
{
    (void)state;
    set_samples(DIST_PACING_LAG, NS_PER_S);
    set_samples(DIST_REPLY_WAIT, NS_PER_S);
    refill(&seen->distributions[DIST_RESPONSE_TIME], 999, 20 * NS_PER_MS);
    assert_valid();
    seen->load.model = LOAD_CLOSED;
    seen->counts[COUNT_TOTAL_TIME] = 0; /* no rate */
    assert_valid();
}

/* --- Without replies --- */

static void test_lateness_is_judged_itself_where_there_are_no_replies(void **state)
{
    static const struct {
        enum load_model model;
        uint64_t samples, pacing_ns, loop_ns;
        const char *text; /* NULL: valid */
        enum validity_grade grade;
    } cases[] = {
        {LOAD_OPEN, 2000, 10 * NS_PER_MS, NS_PER_S, NULL, VALIDITY_VALID},
        {LOAD_OPEN, 2000, 11 * NS_PER_MS, 0, "send lag p99 11 ms (10 ms at most)",
         VALIDITY_DOUBTFUL},
        {LOAD_OPEN, 2000, 100 * NS_PER_MS, 0, "send lag p99 100 ms (10 ms at most)",
         VALIDITY_DOUBTFUL},
        {LOAD_OPEN, 2000, 1500 * NS_PER_MS, 0, "send lag p99 1.5 s (10 ms at most)",
         VALIDITY_INVALID},
        {LOAD_OPEN, 999, 1500 * NS_PER_MS, 0, "send lag p95 1.5 s (10 ms at most)",
         VALIDITY_INVALID},
        {LOAD_OPEN, 19, 1500 * NS_PER_MS, 0, NULL, VALIDITY_VALID},
        {LOAD_HOLD, 2000, 0, 10 * NS_PER_MS, NULL, VALIDITY_VALID},
        {LOAD_HOLD, 2000, 0, 60 * NS_PER_MS, "loop lag p99 60 ms (10 ms at most)",
         VALIDITY_DOUBTFUL},
        {LOAD_CLOSED, 2000, 0, NS_PER_S, "loop lag p99 1 s (10 ms at most)", VALIDITY_INVALID},
    };
    (void)state;
    seen->load.reply = REPLY_NONE;
    histogram_reset(&seen->distributions[DIST_LATENCY]);
    histogram_reset(&seen->distributions[DIST_RESPONSE_TIME]);
    histogram_reset(&seen->distributions[DIST_UNDELAYED]);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        seen->load.model = cases[i].model;
        refill(&seen->distributions[DIST_PACING_LAG], cases[i].samples, cases[i].pacing_ns);
        refill(&seen->distributions[DIST_LOOP_LAG], cases[i].samples, cases[i].loop_ns);
        if (!cases[i].text)
            assert_valid();
        else
            assert_reason(cases[i].model == LOAD_OPEN ? "send_lag" : "loop_lag", cases[i].grade,
                          cases[i].text);
    }
}

/* --- A threshold that would be judged otherwise --- */

static void ask_for(const char *text)
{
    struct error error;
    thresholds.count = 0;
    assert_int_equal(thresholds_parse(&thresholds, text, &error), 0);
}

static void test_lateness_matters_when_a_threshold_would_be_kept_without_it(void **state)
{
    (void)state;
    send_late(900 * NS_PER_US); /* 4.5 % */
    ask_for("response_time:p(95)<21ms");
    assert_valid();
    ask_for("response_time:p(95)<20500us");
    assert_reason("send_lag", VALIDITY_DOUBTFUL, LATE "response_time:p(95)<20500us would be kept");
    ask_for("response_time:avg<=20ms");
    assert_reason("send_lag", VALIDITY_DOUBTFUL, LATE "response_time:avg<=20ms would be kept");
    ask_for("response_time:p(95)<10ms"); /* broken as it is */
    assert_valid();
    ask_for("latency:p(95)<10ms");
    assert_valid();
    ask_for("response_time:p(95)>20500us");
    assert_reason("send_lag", VALIDITY_DOUBTFUL,
                  LATE "response_time:p(95)>20500us would be broken");
}

static void test_lateness_matters_to_thresholds_on_good_requests(void **state)
{
    static const struct {
        const char *threshold;
        const char *text; /* NULL: it is judged the same */
    } cases[] = {
        {"good_requests>=1900", LATE "good_requests>=1900 would be kept"},
        {"good_requests>=1800", NULL},
        {"good_requests>=1950", NULL},
        {"good_requests:rate>=190", LATE "good_requests:rate>=190 would be kept"},
        {"goodput>=190", LATE "goodput>=190 would be kept"},
        {"goodput<190", LATE "goodput<190 would be broken"},
        {"goodput>=195", NULL},
    };
    (void)state;
    seen->load.levels.any = true;
    seen->counts[COUNT_GOOD] = 1800;
    seen->counts[COUNT_UNDELAYED_GOOD] = 1900; /* in 10 s */
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        ask_for(cases[i].threshold);
        if (cases[i].text)
            assert_reason("send_lag", VALIDITY_DOUBTFUL, cases[i].text);
        else
            assert_valid();
    }
}

/* --- In reading, by the kernel's time --- */

/* 20 connections that asked for 2,000 replies in 10 s. */
static void run_closed(uint64_t reply_wait_ns)
{
    seen->load.model = LOAD_CLOSED;
    seen->load.connections = 20;
    seen->load.in_flight = 1;
    seen->counts[COUNT_OPENED] = 20;
    histogram_reset(&seen->distributions[DIST_RESPONSE_TIME]);
    histogram_reset(&seen->distributions[DIST_UNDELAYED]);
    histogram_reset(&seen->distributions[DIST_PACING_LAG]);
    set_samples(DIST_REPLY_WAIT, reply_wait_ns);
}

/* A turn of a connection takes 100 ms, the wait included. */
static void test_lateness_in_reading_slows_a_closed_run_down(void **state)
{
    (void)state;
    run_closed(4800 * NS_PER_US); /* of which the last ones count for nothing */
    assert_valid();
    run_closed(4900 * NS_PER_US);
    assert_reason("reply_wait", VALIDITY_DOUBTFUL,
                  LATE "there would be 210 requests per second, not 200");
    run_closed(50 * NS_PER_MS);
    assert_reason("reply_wait", VALIDITY_INVALID,
                  LATE "there would be 396 requests per second, not 200");
    refill(&seen->distributions[DIST_REPLY_WAIT], 9, 50 * NS_PER_MS);
    assert_valid();
}

/* What several requests of one connection wait for, they wait for together. */
static void test_lateness_in_reading_counts_requests_under_way(void **state)
{
    (void)state;
    run_closed(4900 * NS_PER_US);
    seen->load.in_flight = 2;
    assert_valid();
    run_closed(4900 * NS_PER_US);
    seen->load.shards = 2; /* this is one of them, with half of the connections */
    seen->load.connections = 40;
    look();
    assert_int_equal(validity.grade, VALIDITY_DOUBTFUL);
}

/* A connection's replies lay unread for longer than there was time. */
static void test_lateness_in_reading_is_worst_when_all_lies_unread(void **state)
{
    (void)state;
    run_closed(NS_PER_S);
    assert_reason("reply_wait", VALIDITY_INVALID,
                  LATE "there would be far more than 200 requests per second");
}

/* From 0 to 40 connections: 20 on average. */
static void test_lateness_in_reading_counts_the_connections_of_stages(void **state)
{
    (void)state;
    run_closed(4900 * NS_PER_US);
    seen->load.connections = 40;
    seen->counts[COUNT_OPENED] = 40;
    assert_valid();
    seen->load.stages = (struct stages){.items = {{10 * NS_PER_S, 40}}, .count = 1};
    assert_reason("reply_wait", VALIDITY_DOUBTFUL,
                  LATE "there would be 210 requests per second, not 200");
}

/* As with -c 50 -n 50: that a reply is read late delays nothing. */
static void test_lateness_in_reading_the_last_replies_slows_nothing_down(void **state)
{
    (void)state;
    run_closed(50 * NS_PER_MS);
    seen->load.connections = REQUESTS;
    seen->counts[COUNT_OPENED] = REQUESTS;
    seen->counts[COUNT_TOTAL_TIME] = NS_PER_S;
    assert_reason("reply_wait", VALIDITY_VALID,
                  "reply wait p99 50 ms: too little to change a figure by 5 %");
}

static void test_lateness_of_timers_is_no_lateness(void **state)
{
    (void)state;
    run_closed(200 * NS_PER_US);
    seen->load.connections = 1;
    seen->counts[COUNT_TOTAL_TIME] = 2 * NS_PER_S; /* a turn takes 1 ms */
    assert_valid();
    run_closed(210 * NS_PER_US);
    seen->load.connections = 1;
    look();
    assert_string_equal(validity.reasons[0].check, "reply_wait");
}

static void test_lateness_in_reading_may_break_a_threshold_on_the_rate(void **state)
{
    (void)state;
    run_closed(2 * NS_PER_MS); /* 2 % */
    ask_for("requests_per_second>203");
    assert_reason("reply_wait", VALIDITY_DOUBTFUL, LATE "requests_per_second>203 would be kept");
    ask_for("requests_per_second>205");
    assert_valid();
    seen->load.levels.any = true;
    seen->counts[COUNT_GOOD] = REQUESTS / 2;
    ask_for("goodput>101");
    assert_reason("reply_wait", VALIDITY_DOUBTFUL, LATE "goodput>101 would be kept");
    ask_for("goodput>103");
    assert_valid();
}

/* A latency has no wait in it, and requests come due by the clock. */
static void test_lateness_in_reading_is_a_note_at_a_rate(void **state)
{
    (void)state;
    set_samples(DIST_REPLY_WAIT, 5 * NS_PER_MS);
    assert_valid();
    set_samples(DIST_REPLY_WAIT, 8 * NS_PER_MS);
    assert_reason("reply_wait", VALIDITY_VALID,
                  "reply wait p99 8 ms: too little to change a figure by 5 %");
    refill(&seen->distributions[DIST_REPLY_WAIT], 999, 8 * NS_PER_MS);
    assert_valid();
}

/* --- In reading, without the kernel's time --- */

static void test_lateness_of_the_loop_is_taken_for_that_of_replies(void **state)
{
    static const struct {
        uint64_t latency_ns; /* 0: no request went well */
        uint64_t lag_ns;
        const char *text; /* NULL: valid */
        enum validity_grade grade;
    } cases[] = {
        {NS_PER_S, 5 * NS_PER_MS, NULL, VALIDITY_VALID},
        {NS_PER_S, 40 * NS_PER_MS, "loop lag p99 40 ms: too little to change a figure by 5 %",
         VALIDITY_VALID},
        {NS_PER_S, 50 * NS_PER_MS, LATE "p50 latency would be about 950 ms, not 1 s",
         VALIDITY_DOUBTFUL},
        {NS_PER_S, 400 * NS_PER_MS, LATE "p50 latency would be about 600 ms, not 1 s",
         VALIDITY_INVALID},
        {10 * NS_PER_MS, 400 * NS_PER_US, NULL, VALIDITY_VALID},
        {10 * NS_PER_MS, NS_PER_MS, LATE "p50 latency would be about 9 ms, not 10 ms",
         VALIDITY_DOUBTFUL},
        {10 * NS_PER_MS, 70 * NS_PER_MS, LATE "p50 latency would be next to nothing, not 10 ms",
         VALIDITY_DOUBTFUL},
        {100 * NS_PER_US, 200 * NS_PER_US, NULL, VALIDITY_VALID},
        {0, 70 * NS_PER_MS, NULL, VALIDITY_VALID}, /* nothing was compared */
    };
    (void)state;
    read_without_stamps();
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        set_samples(DIST_LATENCY, cases[i].latency_ns);
        if (cases[i].latency_ns == 0)
            histogram_reset(&seen->distributions[DIST_LATENCY]);
        set_samples(DIST_LOOP_LAG, cases[i].lag_ns);
        if (!cases[i].text)
            assert_valid();
        else
            assert_reason("loop_lag", cases[i].grade, cases[i].text);
    }
}

/* In a second the loop is looked at 100 times: a p99 of that is one sample. */
static void test_lateness_of_the_loop_needs_10_samples_too(void **state)
{
    struct histogram *lag = &seen->distributions[DIST_LOOP_LAG];
    (void)state;
    read_without_stamps();
    refill(lag, 98, 60 * NS_PER_US);
    histogram_record_many(lag, 15 * NS_PER_MS, 2);
    assert_valid();
    histogram_record_many(lag, 60 * NS_PER_US, 882);
    histogram_record_many(lag, 15 * NS_PER_MS, 18);
    assert_reason("loop_lag", VALIDITY_INVALID, LATE "p99 latency would be about 5 ms, not 20 ms");
}

static void test_lateness_of_the_loop_does_not_matter_beside_the_kernels_time(void **state)
{
    (void)state;
    set_samples(DIST_LOOP_LAG, NS_PER_S);
    assert_valid();
    seen->counts[COUNT_UNSTAMPED] = REQUESTS / 20;
    assert_valid();
    seen->counts[COUNT_UNSTAMPED]++;
    look();
    assert_string_equal(validity.reasons[0].check, "loop_lag");
}

static void test_lateness_of_the_loop_may_break_a_threshold(void **state)
{
    (void)state;
    read_without_stamps();
    set_samples(DIST_LOOP_LAG, 900 * NS_PER_US);
    ask_for("latency:p(95)<19500us");
    assert_reason("loop_lag", VALIDITY_DOUBTFUL, LATE "latency:p(95)<19500us would be kept");
    ask_for("response_time:p(95)<19500us");
    look();
    assert_string_equal(validity.reasons[0].check, "loop_lag");
    seen->load.reply = REPLY_STREAM;
    set_samples(DIST_TTFM, 10 * NS_PER_MS);
    ask_for("ttfm:p(95)<9500us");
    assert_reason("loop_lag", VALIDITY_DOUBTFUL, LATE "ttfm:p(95)<9500us would be kept");
    seen->load.reply = REPLY_MESSAGE;
    ask_for("latency:max<19500us"); /* of that nobody knows */
    assert_valid();
    ask_for("latency:p(95)<19500us");
    refill(&seen->distributions[DIST_LOOP_LAG], 100, 900 * NS_PER_US); /* 5 beyond it */
    assert_valid();
    ask_for("latency:avg<19500us");
    look();
    assert_int_equal(validity.grade, VALIDITY_DOUBTFUL);
    refill(&seen->distributions[DIST_LOOP_LAG], 9, 900 * NS_PER_US);
    assert_valid();
}

TEST_GROUP(lateness)
{
    const struct CMUnitTest tests[] = {
        JUDGE_TEST(test_lateness_in_sending_is_judged_by_what_it_does),
        JUDGE_TEST(test_lateness_of_a_few_is_seen_in_the_percentile_that_it_moves),
        JUDGE_TEST(test_lateness_says_nothing_from_fewer_than_10_samples),
        JUDGE_TEST(test_lateness_that_changes_nothing_is_a_note),
        JUDGE_TEST(test_lateness_that_is_compared_with_nothing_has_no_note),
        JUDGE_TEST(test_lateness_is_judged_itself_where_there_are_no_replies),
        JUDGE_TEST(test_lateness_in_reading_is_worst_when_all_lies_unread),
        JUDGE_TEST(test_lateness_in_reading_counts_the_connections_of_stages),
        JUDGE_TEST(test_lateness_matters_when_a_threshold_would_be_kept_without_it),
        JUDGE_TEST(test_lateness_matters_to_thresholds_on_good_requests),
        JUDGE_TEST(test_lateness_in_reading_slows_a_closed_run_down),
        JUDGE_TEST(test_lateness_in_reading_counts_requests_under_way),
        JUDGE_TEST(test_lateness_in_reading_the_last_replies_slows_nothing_down),
        JUDGE_TEST(test_lateness_of_timers_is_no_lateness),
        JUDGE_TEST(test_lateness_in_reading_may_break_a_threshold_on_the_rate),
        JUDGE_TEST(test_lateness_in_reading_is_a_note_at_a_rate),
        JUDGE_TEST(test_lateness_of_the_loop_is_taken_for_that_of_replies),
        JUDGE_TEST(test_lateness_of_the_loop_needs_10_samples_too),
        JUDGE_TEST(test_lateness_of_the_loop_does_not_matter_beside_the_kernels_time),
        JUDGE_TEST(test_lateness_of_the_loop_may_break_a_threshold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
