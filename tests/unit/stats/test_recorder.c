#include "testing.h"

#include <string.h>

#include "recording.h"

static struct recorder recorder;

static int start(void **state)
{
    (void)state;
    return recorder_init(&recorder);
}

static int end(void **state)
{
    (void)state;
    recorder_free(&recorder);
    return 0;
}

/* --- Requests --- */

static void test_recorder_latency_is_sent_to_done_of_good_requests_only(void **state)
{
    (void)state;
    begin(&recorder, false);
    succeed(&recorder, 0, (struct moments){500, 1000, 3000});
    fail_request(&recorder, 1, (struct moments){500, 1000, 900000});
    recorder_finish(&recorder, START_NS, 0, 0);
    assert_int_equal(recorder.measured.ok, 1);
    assert_int_equal(recorder.measured.failed, 1);
    assert_int_equal(recorder.latency.count, 1);
    assert_int_equal(recorder.latency.min_ns, 2000);
    assert_int_equal(recorder.latency.max_ns, 2000);
    assert_int_equal(recorder.last_done_ns, START_NS + 900000);
    assert_int_equal(failures_requests(&recorder.failures), 1);
}

static void test_recorder_of_a_closed_run_has_latency_alone(void **state)
{
    (void)state;
    begin(&recorder, false);
    succeed(&recorder, 0, (struct moments){500, 1000, 3000});
    assert_int_equal(recorder.second.count, 1);
    assert_int_equal(recorder.latency.count,
                     0); /* one record per message: it comes with the tick */
    recorder_tick(&recorder, START_NS + NS_PER_S, 0, 0);
    assert_int_equal(recorder.second.count, 0);
    assert_int_equal(recorder.latency.count, 1);
    assert_int_equal(recorder.response_time.count, 0);
    assert_int_equal(recorder.send_lag.count, 0);
    assert_int_equal(recorder.pacing_lag.count, 0);
}

static void test_recorder_of_an_open_run_counts_from_due_and_from_sent(void **state)
{
    (void)state;
    begin(&recorder, true);
    succeed(&recorder, 0, (struct moments){500, 1000, 3000});
    assert_int_equal(recorder.latency.count, 1);
    recorder_request_sent(&recorder, START_NS + 1000, START_NS + 8000, true);
    fail_request(&recorder, 1, (struct moments){2000, 2300, 9000});
    fail_request(&recorder, 2, (struct moments){2000, 0, 9000});
    recorder_finish(&recorder, START_NS, 0, 0);
    assert_int_equal(recorder.latency.count, 1);
    assert_int_equal(recorder.latency.max_ns, 2000);
    assert_int_equal(recorder.response_time.count, 1);
    assert_int_equal(recorder.response_time.max_ns, 2500);
    assert_int_equal(recorder.send_lag.count, 3);
    assert_int_equal(recorder.send_lag.sum_ns, 500 + 7000 + 300);
    assert_int_equal(recorder.pacing_lag.count, 2);
    assert_int_equal(recorder.pacing_lag.sum_ns, 500 + 300);
    assert_int_equal(recorder.waited, 1);
}

static void test_recorder_sums_hold_with_requests_that_never_were_sent(void **state)
{
    const struct accounting *account = &recorder.measured;
    (void)state;
    begin(&recorder, false);
    succeed(&recorder, 10, (struct moments){500, 1000, 3000});
    fail_request(&recorder, 11, (struct moments){500, 0, 4000});
    fail_request(&recorder, 12, (struct moments){500, 2000, 5000});
    recorder_request_sent(&recorder, START_NS, START_NS, false);
    recorder.measured.unanswered++;
    assert_int_equal(account->sent, 3);
    assert_int_equal(account->failed, 2);
    assert_int_equal(account->unsent, 1);
    assert_int_equal(account->sent + account->unsent,
                     account->ok + account->failed + account->unanswered);
}

static void test_recorder_last_done_is_the_latest_whatever_the_order(void **state)
{
    (void)state;
    begin(&recorder, false);
    succeed(&recorder, 10, (struct moments){500, 1000, 9000});
    succeed(&recorder, 11, (struct moments){500, 1000, 3000});
    assert_int_equal(recorder.last_done_ns, START_NS + 9000);
}

static void test_recorder_takes_all_for_measured_until_it_is_started(void **state)
{
    struct request_outcome outcome = {.sent_ns = 1000, .done_ns = 3000};
    (void)state;
    recorder_request_sent(&recorder, 0, 1000, false);
    recorder_request_done(&recorder, &outcome);
    recorder_tick(&recorder, START_NS, 7, 7);
    assert_ptr_equal(recorder_account(&recorder, 0), &recorder.measured);
    assert_int_equal(recorder.measured.sent, 1);
    assert_int_equal(recorder.measured.ok, 1);
    assert_int_equal(recorder.drained + recorder.sent_late, 0);
    assert_int_equal(recorder.timeline.count, 0);
}

/* --- Phases of the run --- */

static void assert_no_figures(const struct recorder *empty)
{
    assert_int_equal(empty->measured.sent + empty->measured.ok + empty->measured.failed, 0);
    assert_int_equal(empty->latency.count + empty->response_time.count + empty->second.count, 0);
    assert_int_equal(empty->send_lag.count + empty->pacing_lag.count, 0);
    assert_int_equal(empty->second_done + empty->second_failed + empty->timeline.count, 0);
    assert_int_equal(empty->failures.count, 0);
    assert_int_equal(empty->drained + empty->sent_late + empty->waited + empty->last_done_ns, 0);
    assert_false(empty->samples[0].present);
}

static void test_recorder_keeps_the_warmup_out_of_every_figure(void **state)
{
    static const bool models[] = {false, true};
    struct failure failure = {FAILURE_CLOSED, "1011", text_of("why")};
    for (size_t i = 0; i < ARRAY_LENGTH(models); i++) {
        end(state);
        assert_int_equal(start(state), 0);
        begin(&recorder, models[i]);
        /* Due before the start: even when it ends long after the end. */
        struct request_outcome outcome = {
            .due_ns = START_NS - 1, .sent_ns = START_NS + 5, .done_ns = START_NS + 60 * NS_PER_S};
        recorder_tick(&recorder, START_NS - NS_PER_S, 5, 5);
        recorder_request_sent(&recorder, outcome.due_ns, outcome.sent_ns, true);
        recorder_request_done(&recorder, &outcome);
        outcome.failure = &failure;
        outcome.sent_ns = 0;
        recorder_request_done(&recorder, &outcome);
        recorder_tick(&recorder, START_NS, 5, 5);
        assert_no_figures(&recorder);
        assert_ptr_equal(recorder_account(&recorder, START_NS - 1), &recorder.warmup);
        assert_int_equal(recorder.warmup.sent, 1);
        assert_int_equal(recorder.warmup.ok, 1);
        assert_int_equal(recorder.warmup.failed, 1);
        assert_int_equal(recorder.warmup.unsent, 1);
    }
}

static void test_recorder_measures_what_is_due_at_the_start(void **state)
{
    (void)state;
    begin(&recorder, false);
    assert_ptr_equal(recorder_account(&recorder, START_NS), &recorder.measured);
    succeed(&recorder, 0, (struct moments){0, 10, 20});
    assert_int_equal(recorder.measured.ok, 1);
    assert_int_equal(recorder.warmup.ok, 0);
}

static void test_recorder_counts_what_is_sent_and_ends_while_draining(void **state)
{
    (void)state;
    begin(&recorder, false);
    succeed(&recorder, 0, (struct moments){1, 10, 10 * NS_PER_S - 1});
    assert_int_equal(recorder.drained, 0);
    succeed(&recorder, 1, (struct moments){1, 10, 10 * NS_PER_S});
    fail_request(&recorder, 2, (struct moments){1, 10, 12 * NS_PER_S});
    assert_int_equal(recorder.drained, 2);
    assert_int_equal(recorder.sent_late, 0);
    recorder_request_sent(&recorder, START_NS, START_NS + 10 * NS_PER_S - 1, true);
    assert_int_equal(recorder.sent_late, 0);
    recorder_request_sent(&recorder, START_NS, START_NS + 10 * NS_PER_S, true);
    assert_int_equal(recorder.sent_late, 1);
    recorder_tick(&recorder, START_NS + 13 * NS_PER_S, 0, 0);
    assert_int_equal(recorder.timeline.count, 13);
    assert_int_equal(recorder.latency.count, 2);
}

/* --- Seconds --- */

static void test_recorder_tick_makes_a_row_of_each_second_that_is_over(void **state)
{
    const struct timeline_row *rows = recorder.timeline.rows;
    (void)state;
    begin(&recorder, false);
    succeed(&recorder, 0, (struct moments){0, 1, NS_PER_MS});
    fail_request(&recorder, 1, (struct moments){0, 1, NS_PER_MS});
    recorder_tick(&recorder, START_NS + NS_PER_S - 1, 1, 2);
    assert_int_equal(recorder.timeline.count, 0);
    recorder_tick(&recorder, START_NS + NS_PER_S, 3, 4);
    assert_int_equal(recorder.timeline.count, 1);
    assert_int_equal(rows[0].done, 2);
    assert_int_equal(rows[0].failed, 1);
    assert_int_equal(rows[0].in_flight, 3);
    assert_int_equal(rows[0].open, 4);
    assert_in_range(timeline_percentile_ns(&rows[0], 50), 984000, 1016000);
    succeed(&recorder, 2, (struct moments){0, 1, NS_PER_S + 5});
    recorder_tick(&recorder, START_NS + 3 * NS_PER_S + NS_PER_MS, 5, 6);
    assert_int_equal(recorder.timeline.count, 3);
    assert_int_equal(rows[1].done, 1);
    assert_int_equal(rows[1].failed, 0);
    assert_int_equal(rows[2].done, 0);
    assert_int_equal(rows[2].open, 6); /* nothing ended, yet connections were open */
    recorder_tick(&recorder, START_NS + 3 * NS_PER_S + 2 * NS_PER_MS, 5, 6);
    assert_int_equal(recorder.timeline.count, 3);
}

static void test_recorder_finish_makes_a_row_of_what_is_left(void **state)
{
    (void)state;
    begin(&recorder, true);
    succeed(&recorder, 0, (struct moments){0, 1, NS_PER_MS});
    recorder_tick(&recorder, START_NS + NS_PER_S, 1, 1);
    succeed(&recorder, 1, (struct moments){0, 1, NS_PER_S + 5});
    recorder_finish(&recorder, START_NS, 7, 8);
    assert_int_equal(recorder.timeline.count, 2);
    assert_int_equal(recorder.timeline.rows[1].done, 1);
    assert_int_equal(recorder.timeline.rows[1].open, 8);
    assert_int_equal(recorder.response_time.count, 2);
    recorder_finish(&recorder, START_NS, 7, 8);
    assert_int_equal(recorder.timeline.count, 2);
    recorder_finish(&recorder, START_NS + 3 * NS_PER_S, 7, 8); /* a second in which nothing ended */
    assert_int_equal(recorder.timeline.count, 3);
    assert_int_equal(recorder.timeline.rows[2].open, 8);
}

static void test_recorder_recent_p95_is_of_this_second_or_the_one_before(void **state)
{
    (void)state;
    begin(&recorder, false);
    assert_int_equal(recorder_recent_p95_ns(&recorder), 0);
    for (uint64_t i = 1; i <= 100; i++)
        succeed(&recorder, i, (struct moments){0, 1000, 1000 + i});
    assert_int_equal(recorder_recent_p95_ns(&recorder), 95);
    recorder_tick(&recorder, START_NS + NS_PER_S, 0, 0);
    assert_int_equal(recorder_recent_p95_ns(&recorder), 95);
    succeed(&recorder, 101, (struct moments){0, 1000, 1700});
    assert_int_equal(recorder_recent_p95_ns(&recorder), 700);
    recorder_tick(&recorder, START_NS + 2 * NS_PER_S, 0, 0);
    recorder_tick(&recorder, START_NS + 3 * NS_PER_S, 0, 0);
    assert_int_equal(recorder_recent_p95_ns(&recorder), 0);
    assert_int_equal(recorder.latency.count, 101);
}

/* --- Samples and connections --- */

static void test_recorder_keeps_samples_of_the_first_requests(void **state)
{
    (void)state;
    begin(&recorder, false);
    succeed(&recorder, 0, (struct moments){0, 1000, 3000});
    fail_request(&recorder, SAMPLE_COUNT - 1, (struct moments){0, 1000, 3000});
    succeed(&recorder, SAMPLE_COUNT, (struct moments){0, 1000, 3000});
    const struct sample *first = &recorder.samples[0];
    assert_true(first->present && first->ok && first->has_reply);
    assert_int_equal(first->latency_ns, 2000);
    assert_string_equal(first->prompt, "hello");
    assert_string_equal(first->reply, "world");
    const struct sample *last = &recorder.samples[1];
    assert_true(last->present);
    assert_false(last->ok || last->has_reply);
    assert_int_equal(last->failure, FAILURE_CLOSED);
    assert_int_equal(last->latency_ns, 0);
}

static void test_recorder_keeps_the_samples_of_lowest_number_in_order(void **state)
{
    static const uint64_t ended[] = {9, 3, 7, 20, 5, 4, 30, 6};
    static const uint64_t kept[SAMPLE_COUNT] = {3, 4, 5, 6, 7};
    (void)state;
    begin(&recorder, false);
    for (size_t i = 0; i < sizeof(ended) / sizeof(ended[0]); i++)
        succeed(&recorder, ended[i], (struct moments){0, 1000, 3000});
    for (size_t i = 0; i < SAMPLE_COUNT; i++)
        assert_int_equal(recorder.samples[i].seq, kept[i]);
}

static void test_recorder_wants_the_texts_that_it_would_keep(void **state)
{
    (void)state;
    begin(&recorder, false);
    assert_true(recorder_wants_sample(&recorder, 1000, START_NS));
    assert_false(recorder_wants_sample(&recorder, 0, START_NS - 1));
    for (uint64_t i = 0; i < SAMPLE_COUNT - 1; i++)
        succeed(&recorder, 10 + i, (struct moments){0, 1000, 3000});
    assert_true(recorder_wants_sample(&recorder, 1000, START_NS));
    succeed(&recorder, 50, (struct moments){0, 1000, 3000});
    assert_true(recorder_wants_sample(&recorder, 49, START_NS));
    assert_false(recorder_wants_sample(&recorder, 51, START_NS));
}

static void test_recorder_cuts_samples_at_500_characters(void **state)
{
    static char emoji[4 * 600 + 1];
    (void)state;
    for (size_t i = 0; i < 600; i++)
        memcpy(emoji + 4 * i, "\xF0\x9F\x98\x80", 5);
    struct request_outcome outcome = {.prompt = text_of(emoji), .reply = text_of(emoji)};
    recorder_request_done(&recorder, &outcome);
    assert_int_equal(strlen(recorder.samples[0].prompt), 4 * 500);
    assert_int_equal(strlen(recorder.samples[0].reply), 4 * 500);
}

static void test_recorder_counts_connections_and_the_phases_that_there_were(void **state)
{
    static const struct connect_times plain = {{CLOCK_NEVER, 100, CLOCK_NEVER, 300, 400}};
    static const struct connect_times with_all = {{1000, 100, 200, 300, 700}};
    struct failure failure = {FAILURE_EXHAUSTED, "ports", text_of("")};
    (void)state;
    recorder_connection_opened(&recorder, &with_all, OPENING_FIRST);
    recorder_connection_opened(&recorder, &plain, OPENING_FIRST);
    recorder_connection_opened(&recorder, &plain, OPENING_AGAIN);
    recorder_connection_failed(&recorder, &failure);
    assert_int_equal(recorder.connections.opened, 2);
    assert_int_equal(recorder.connections.reopened, 1);
    assert_int_equal(recorder.connect[CONNECT_DNS].count, 1);
    assert_int_equal(recorder.connect[CONNECT_DNS].max_ns, 1000);
    assert_int_equal(recorder.connect[CONNECT_TCP].count, 3);
    assert_int_equal(recorder.connect[CONNECT_TLS].count, 1);
    assert_int_equal(recorder.connect[CONNECT_TLS].max_ns, 200);
    assert_int_equal(recorder.connect[CONNECT_UPGRADE].sum_ns, 900);
    assert_int_equal(recorder.connect[CONNECT_TOTAL].sum_ns, 1500);
    assert_int_equal(recorder.failures.classes[0].kind, FAILURE_EXHAUSTED);
    assert_int_equal(recorder.failures.classes[0].count, 1);
    assert_int_equal(failures_requests(&recorder.failures), 0);
    assert_int_equal(recorder.measured.failed, 0);
}

static void test_recorder_counts_openings_by_what_they_are(void **state)
{
    static const struct connect_times times = {{CLOCK_NEVER, 100, CLOCK_NEVER, 300, 400}};
    static const enum opening openings[] = {OPENING_ROTATED, OPENING_FIRST, OPENING_ROTATED,
                                            OPENING_AGAIN,   OPENING_AGAIN, OPENING_ROTATED};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(openings); i++)
        recorder_connection_opened(&recorder, &times, openings[i]);
    assert_int_equal(recorder.connections.opened, 1);
    assert_int_equal(recorder.connections.reopened, 2);
    assert_int_equal(recorder.connections.rotated, 3);
    assert_int_equal(recorder.connect[CONNECT_TOTAL].count, ARRAY_LENGTH(openings));
}

TEST_GROUP(recorder)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(test_recorder_latency_is_sent_to_done_of_good_requests_only),
        TEST(test_recorder_of_a_closed_run_has_latency_alone),
        TEST(test_recorder_of_an_open_run_counts_from_due_and_from_sent),
        TEST(test_recorder_sums_hold_with_requests_that_never_were_sent),
        TEST(test_recorder_last_done_is_the_latest_whatever_the_order),
        TEST(test_recorder_takes_all_for_measured_until_it_is_started),
        TEST(test_recorder_keeps_the_warmup_out_of_every_figure),
        TEST(test_recorder_measures_what_is_due_at_the_start),
        TEST(test_recorder_counts_what_is_sent_and_ends_while_draining),
        TEST(test_recorder_tick_makes_a_row_of_each_second_that_is_over),
        TEST(test_recorder_finish_makes_a_row_of_what_is_left),
        TEST(test_recorder_recent_p95_is_of_this_second_or_the_one_before),
        TEST(test_recorder_keeps_samples_of_the_first_requests),
        TEST(test_recorder_keeps_the_samples_of_lowest_number_in_order),
        TEST(test_recorder_wants_the_texts_that_it_would_keep),
        TEST(test_recorder_cuts_samples_at_500_characters),
        TEST(test_recorder_counts_connections_and_the_phases_that_there_were),
        TEST(test_recorder_counts_openings_by_what_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
