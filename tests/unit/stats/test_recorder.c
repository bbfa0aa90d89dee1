#include "testing.h"

#include <string.h>

#include <stdio.h>

#include "recording.h"

static struct recorder *recorder;

static int start(void **state)
{
    (void)state;
    static const struct load load = {.reply = REPLY_MESSAGE, .shards = 1};
    recorder = recorder_new(&load);
    return recorder ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    recorder_free(recorder);
    return 0;
}

/* --- Requests --- */

static void test_recorder_latency_is_sent_to_done_of_good_requests_only(void **state)
{
    (void)state;
    begin(recorder, false);
    succeed(recorder, 0, (struct moments){500, 1000, 3000});
    fail_request(recorder, 1, (struct moments){500, 1000, 900000});
    recorder_finish(recorder, START_NS, 0, 0);
    assert_int_equal(counted(recorder, COUNT_OK), 1);
    assert_int_equal(counted(recorder, COUNT_FAILED), 1);
    assert_int_equal(distribution(recorder, DIST_LATENCY)->count, 1);
    assert_int_equal(distribution(recorder, DIST_LATENCY)->min, 2000);
    assert_int_equal(distribution(recorder, DIST_LATENCY)->max, 2000);
    assert_int_equal(recorder->last_ns, START_NS + 900000);
    assert_int_equal(failures_requests(&recorder->seen->failures), 1);
}

static void test_recorder_of_a_closed_run_has_latency_alone(void **state)
{
    (void)state;
    begin(recorder, false);
    succeed(recorder, 0, (struct moments){500, 1000, 3000});
    assert_int_equal(distribution(recorder, DIST_LATENCY)->count, 1);
    assert_int_equal(distribution(recorder, DIST_RESPONSE_TIME)->count, 0);
    assert_int_equal(distribution(recorder, DIST_SEND_LAG)->count, 0);
    assert_int_equal(distribution(recorder, DIST_PACING_LAG)->count, 0);
}

static void test_recorder_of_an_open_run_counts_from_due_and_from_sent(void **state)
{
    (void)state;
    begin(recorder, true);
    succeed(recorder, 0, (struct moments){500, 1000, 3000});
    assert_int_equal(distribution(recorder, DIST_LATENCY)->count, 1);
    recorder_request_sent(recorder, START_NS + 1000, START_NS + 8000, true);
    fail_request(recorder, 1, (struct moments){2000, 2300, 9000});
    fail_request(recorder, 2, (struct moments){2000, 0, 9000});
    recorder_finish(recorder, START_NS, 0, 0);
    assert_int_equal(distribution(recorder, DIST_LATENCY)->count, 1);
    assert_int_equal(distribution(recorder, DIST_LATENCY)->max, 2000);
    assert_int_equal(distribution(recorder, DIST_RESPONSE_TIME)->count, 1);
    assert_int_equal(distribution(recorder, DIST_RESPONSE_TIME)->max, 2500);
    assert_int_equal(distribution(recorder, DIST_SEND_LAG)->count, 3);
    assert_int_equal(distribution(recorder, DIST_SEND_LAG)->sum, 500 + 7000 + 300);
    assert_int_equal(distribution(recorder, DIST_PACING_LAG)->count, 2);
    assert_int_equal(distribution(recorder, DIST_PACING_LAG)->sum, 500 + 300);
    assert_int_equal(counted(recorder, COUNT_WAITED), 1);
}

static void test_recorder_sums_hold_with_requests_that_never_were_sent(void **state)
{
    (void)state;
    begin(recorder, false);
    succeed(recorder, 10, (struct moments){500, 1000, 3000});
    fail_request(recorder, 11, (struct moments){500, 0, 4000});
    fail_request(recorder, 12, (struct moments){500, 2000, 5000});
    recorder_request_sent(recorder, START_NS, START_NS, false);
    recorder_count_request(recorder, COUNT_UNANSWERED, START_NS);
    assert_int_equal(counted(recorder, COUNT_SENT), 3);
    assert_int_equal(counted(recorder, COUNT_FAILED), 2);
    assert_int_equal(counted(recorder, COUNT_UNSENT), 1);
    assert_int_equal(counted(recorder, COUNT_SENT) + counted(recorder, COUNT_UNSENT),
                     counted(recorder, COUNT_OK) + counted(recorder, COUNT_FAILED) +
                         counted(recorder, COUNT_UNANSWERED));
}

static void test_recorder_last_done_is_the_latest_whatever_the_order(void **state)
{
    (void)state;
    begin(recorder, false);
    succeed(recorder, 10, (struct moments){500, 1000, 9000});
    succeed(recorder, 11, (struct moments){500, 1000, 3000});
    assert_int_equal(recorder->last_ns, START_NS + 9000);
}

static void test_recorder_takes_all_for_measured_until_it_is_started(void **state)
{
    struct request_outcome outcome = {.sent_ns = 1000, .done_ns = 3000};
    (void)state;
    recorder_request_sent(recorder, 0, 1000, false);
    recorder_request_done(recorder, &outcome);
    recorder_count_request(recorder, COUNT_PLANNED, 0);
    recorder_tick(recorder, START_NS, 7, 7);
    assert_int_equal(counted(recorder, COUNT_PLANNED), 1);
    assert_int_equal(counted(recorder, COUNT_WARMUP_PLANNED), 0);
    assert_int_equal(counted(recorder, COUNT_SENT), 1);
    assert_int_equal(counted(recorder, COUNT_OK), 1);
    assert_int_equal(counted(recorder, COUNT_DRAINED) + counted(recorder, COUNT_SENT_LATE), 0);
    assert_int_equal(recorder->seen->timeline.count, 0);
}

/* --- Phases of the run --- */

/* Nothing is counted but in the account of the warm-up. */
static void assert_no_figures(const struct recorder *empty)
{
    static const struct timeline_row nothing;
    for (int id = 0; id < COUNTER_COUNT; id++)
        if (id < COUNT_WARMUP_PLANNED || id > COUNT_WARMUP_UNANSWERED)
            assert_int_equal(counted(empty, (enum counter)id), 0);
    for (int id = 0; id < DISTRIBUTION_COUNT; id++)
        assert_int_equal(distribution(empty, (enum distribution)id)->count, 0);
    assert_int_equal(seconds_over(empty), 0);
    assert_memory_equal(empty->row, &nothing, sizeof(nothing));
    assert_int_equal(empty->seen->failures.count, 0);
    assert_int_equal(empty->last_ns, 0);
    assert_false(empty->seen->samples[0].present);
}

static void test_recorder_keeps_the_warmup_out_of_every_figure(void **state)
{
    static const bool models[] = {false, true};
    struct failure failure = {FAILURE_CLOSED, "1011", text_of("why")};
    for (size_t i = 0; i < ARRAY_LENGTH(models); i++) {
        end(state);
        assert_int_equal(start(state), 0);
        begin(recorder, models[i]);
        /* Due before the start: even when it ends long after the end. */
        struct request_outcome outcome = {
            .due_ns = START_NS - 1, .sent_ns = START_NS + 5, .done_ns = START_NS + 60 * NS_PER_S};
        recorder_tick(recorder, START_NS - NS_PER_S, 5, 5);
        recorder_request_sent(recorder, outcome.due_ns, outcome.sent_ns, true);
        recorder_request_done(recorder, &outcome);
        outcome.failure = &failure;
        outcome.sent_ns = 0;
        recorder_request_done(recorder, &outcome);
        recorder_tick(recorder, START_NS, 5, 5);
        assert_no_figures(recorder);
        recorder_count_request(recorder, COUNT_SKIPPED, START_NS - 1);
        assert_int_equal(counted(recorder, COUNT_SKIPPED), 0);
        assert_int_equal(counted(recorder, COUNT_WARMUP_SKIPPED), 1);
        assert_int_equal(counted(recorder, COUNT_WARMUP_SENT), 1);
        assert_int_equal(counted(recorder, COUNT_WARMUP_OK), 1);
        assert_int_equal(counted(recorder, COUNT_WARMUP_FAILED), 1);
        assert_int_equal(counted(recorder, COUNT_WARMUP_UNSENT), 1);
    }
}

static void test_recorder_measures_what_is_due_at_the_start(void **state)
{
    (void)state;
    begin(recorder, false);
    recorder_count_request(recorder, COUNT_SKIPPED, START_NS);
    assert_int_equal(counted(recorder, COUNT_SKIPPED), 1);
    assert_int_equal(counted(recorder, COUNT_WARMUP_SKIPPED), 0);
    succeed(recorder, 0, (struct moments){0, 10, 20});
    assert_int_equal(counted(recorder, COUNT_OK), 1);
    assert_int_equal(counted(recorder, COUNT_WARMUP_OK), 0);
}

static void test_recorder_counts_what_is_sent_and_ends_while_draining(void **state)
{
    (void)state;
    begin(recorder, false);
    succeed(recorder, 0, (struct moments){1, 10, 10 * NS_PER_S - 1});
    assert_int_equal(counted(recorder, COUNT_DRAINED), 0);
    succeed(recorder, 1, (struct moments){1, 10, 10 * NS_PER_S});
    fail_request(recorder, 2, (struct moments){1, 10, 12 * NS_PER_S});
    assert_int_equal(counted(recorder, COUNT_DRAINED), 2);
    assert_int_equal(counted(recorder, COUNT_SENT_LATE), 0);
    recorder_request_sent(recorder, START_NS, START_NS + 10 * NS_PER_S - 1, true);
    assert_int_equal(counted(recorder, COUNT_SENT_LATE), 0);
    recorder_request_sent(recorder, START_NS, START_NS + 10 * NS_PER_S, true);
    assert_int_equal(counted(recorder, COUNT_SENT_LATE), 1);
    recorder_tick(recorder, START_NS + 13 * NS_PER_S, 0, 0);
    assert_int_equal(seconds_over(recorder), 13);
    assert_int_equal(distribution(recorder, DIST_LATENCY)->count, 2);
}

/* --- Seconds --- */

static void test_recorder_tick_makes_a_row_of_each_second_that_is_over(void **state)
{
    (void)state;
    const struct timeline_row *rows = recorder->seen->timeline.rows;
    begin(recorder, false);
    assert_int_equal(recorder->seen->timeline.first, (EPOCH_NS + START_NS) / NS_PER_S);
    succeed(recorder, 0, (struct moments){0, 1, NS_PER_MS});
    fail_request(recorder, 1, (struct moments){0, 1, NS_PER_MS});
    recorder_tick(recorder, START_NS + NS_PER_S - 1, 1, 2);
    assert_int_equal(seconds_over(recorder), 0);
    assert_int_equal(rows[0].open, 0);
    recorder_tick(recorder, START_NS + NS_PER_S, 3, 4);
    assert_int_equal(seconds_over(recorder), 1);
    assert_int_equal(rows[0].done, 2);
    assert_int_equal(rows[0].failed, 1);
    assert_int_equal(rows[0].in_flight, 3);
    assert_int_equal(rows[0].open, 4);
    assert_in_range(timeline_percentile_ns(&rows[0], 50), 984000, 1016000);
    succeed(recorder, 2, (struct moments){0, 1, NS_PER_S + 5});
    recorder_tick(recorder, START_NS + 3 * NS_PER_S + NS_PER_MS, 5, 6);
    assert_int_equal(seconds_over(recorder), 3);
    assert_int_equal(rows[1].done, 1);
    assert_int_equal(rows[1].failed, 0);
    assert_int_equal(rows[2].done, 0);
    assert_int_equal(rows[2].open, 6); /* nothing ended, yet connections were open */
    recorder_tick(recorder, START_NS + 3 * NS_PER_S + 2 * NS_PER_MS, 5, 6);
    assert_int_equal(seconds_over(recorder), 3);
    assert_int_equal(rows[2].open, 6);
}

static void test_recorder_finish_makes_a_row_of_what_is_left(void **state)
{
    (void)state;
    begin(recorder, true);
    succeed(recorder, 0, (struct moments){0, 1, NS_PER_MS});
    recorder_tick(recorder, START_NS + NS_PER_S, 1, 1);
    succeed(recorder, 1, (struct moments){0, 1, NS_PER_S + 5});
    recorder_finish(recorder, START_NS, 7, 8);
    assert_int_equal(recorder->seen->timeline.count, 2);
    assert_int_equal(recorder->seen->timeline.rows[1].done, 1);
    assert_int_equal(recorder->seen->timeline.rows[1].open, 8);
    assert_int_equal(distribution(recorder, DIST_RESPONSE_TIME)->count, 2);
}

static void test_recorder_finish_makes_no_row_of_a_second_that_is_not_over(void **state)
{
    (void)state;
    begin(recorder, true);
    succeed(recorder, 0, (struct moments){0, 1, NS_PER_MS});
    recorder_finish(recorder, START_NS + 3 * NS_PER_S + NS_PER_MS, 7, 8);
    assert_int_equal(recorder->seen->timeline.count, 3); /* in two of them nothing ended */
    assert_int_equal(recorder->seen->timeline.rows[2].done, 0);
    assert_int_equal(recorder->seen->timeline.rows[2].open, 8);
}

static void test_recorder_finish_without_a_start_leaves_no_row(void **state)
{
    (void)state;
    recorder_finish(recorder, START_NS, 7, 8);
    assert_int_equal(recorder->seen->timeline.count, 0);
    assert_int_equal(counted(recorder, COUNT_TOTAL_TIME), 0);
    assert_int_equal(recorder->seen->measured_unix_ms, 0);
    assert_true(measurement_conserved(recorder->seen, NULL));
}

static void test_recorder_finish_notes_how_long_measuring_and_draining_took(void **state)
{
    static const struct {
        uint64_t end_ns; /* all after the start */
        uint64_t last_ns;
        uint64_t total_ns;
        uint64_t drain_ns;
    } cases[] = {
        {10 * NS_PER_S, 4 * NS_PER_S, 10 * NS_PER_S, 0},
        {10 * NS_PER_S, 12 * NS_PER_S, 10 * NS_PER_S, 2 * NS_PER_S},
        {10 * NS_PER_S, 0, 10 * NS_PER_S, 0},
        {0, NS_PER_S, 0, 0}, /* ended as it began */
        {CLOCK_NEVER, 4 * NS_PER_S, 4 * NS_PER_S, 0},
        {CLOCK_NEVER, 0, 0, 0}, /* nothing ever ended */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        end(state);
        assert_int_equal(start(state), 0);
        begin(recorder, true);
        recorder->end_ns = cases[i].end_ns == CLOCK_NEVER ? CLOCK_NEVER
                                                          : START_NS + cases[i].end_ns;
        if (cases[i].last_ns > 0)
            succeed(recorder, 0, (struct moments){0, 1, cases[i].last_ns});
        recorder_finish(recorder, START_NS + 20 * NS_PER_S, 0, 0);
        assert_int_equal(counted(recorder, COUNT_TOTAL_TIME), cases[i].total_ns);
        assert_int_equal(counted(recorder, COUNT_DRAIN_TIME), cases[i].drain_ns);
        assert_int_equal(recorder->seen->measured_unix_ms, (EPOCH_NS + START_NS) / NS_PER_MS);
    }
}

static void test_recorder_recent_p95_is_of_this_second_or_the_one_before(void **state)
{
    (void)state;
    begin(recorder, false);
    assert_int_equal(recorder_recent_p95_ns(recorder), 0);
    for (uint64_t i = 1; i <= 100; i++)
        succeed(recorder, i, (struct moments){0, 1000, 1000 + i * NS_PER_US});
    assert_in_range(recorder_recent_p95_ns(recorder), 93480, 96520);
    recorder_tick(recorder, START_NS + NS_PER_S, 0, 0);
    assert_in_range(recorder_recent_p95_ns(recorder), 93480, 96520);
    succeed(recorder, 101, (struct moments){0, 1000, 1000 + 700 * NS_PER_US});
    assert_in_range(recorder_recent_p95_ns(recorder), 688800, 711200);
    recorder_tick(recorder, START_NS + 2 * NS_PER_S, 0, 0);
    recorder_tick(recorder, START_NS + 3 * NS_PER_S, 0, 0);
    assert_int_equal(recorder_recent_p95_ns(recorder), 0);
    assert_int_equal(distribution(recorder, DIST_LATENCY)->count, 101);
}

/* --- Samples and connections --- */

static void test_recorder_keeps_samples_of_the_first_requests(void **state)
{
    (void)state;
    begin(recorder, false);
    succeed(recorder, 0, (struct moments){0, 1000, 3000});
    fail_request(recorder, SAMPLE_COUNT - 1, (struct moments){0, 1000, 3000});
    succeed(recorder, SAMPLE_COUNT, (struct moments){0, 1000, 3000});
    const struct sample *first = &recorder->seen->samples[0];
    assert_true(first->present && first->ok && first->has_reply);
    assert_int_equal(first->latency_ns, 2000);
    assert_string_equal(first->prompt, "hello");
    assert_string_equal(first->reply, "world");
    const struct sample *last = &recorder->seen->samples[1];
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
    begin(recorder, false);
    for (size_t i = 0; i < ARRAY_LENGTH(ended); i++)
        succeed(recorder, ended[i], (struct moments){0, 1000, 3000});
    for (size_t i = 0; i < SAMPLE_COUNT; i++)
        assert_int_equal(recorder->seen->samples[i].seq, kept[i]);
}

static void test_recorder_wants_the_texts_that_it_would_keep(void **state)
{
    (void)state;
    begin(recorder, false);
    assert_true(recorder_wants_sample(recorder, 1000, START_NS));
    assert_false(recorder_wants_sample(recorder, 0, START_NS - 1));
    for (uint64_t i = 0; i < SAMPLE_COUNT - 1; i++)
        succeed(recorder, 10 + i, (struct moments){0, 1000, 3000});
    assert_true(recorder_wants_sample(recorder, 1000, START_NS));
    succeed(recorder, 50, (struct moments){0, 1000, 3000});
    assert_true(recorder_wants_sample(recorder, 49, START_NS));
    assert_false(recorder_wants_sample(recorder, 51, START_NS));
}

static void keep_sent(uint64_t seq, const char *text)
{
    if (recorder_wants_sent(recorder, seq, START_NS))
        recorder_keep_sent(recorder, seq, text_of(text));
}

static void test_recorder_knows_what_was_sent_for_a_sample(void **state)
{
    static const uint64_t seqs[] = {7, 3, 9, 8, 1, 2, 6, 5};
    (void)state;
    recorder_start(recorder, START_NS, CLOCK_NEVER, EPOCH_NS);
    for (size_t i = 0; i < ARRAY_LENGTH(seqs); i++) {
        char text[32];
        snprintf(text, sizeof(text), "message %u", (unsigned)seqs[i]);
        keep_sent(seqs[i], text);
    }
    assert_false(recorder_wants_sent(recorder, 0, START_NS - 1)); /* warm-up */
    assert_false(recorder_wants_sent(recorder, 7, START_NS));
    for (size_t i = 0; i < ARRAY_LENGTH(seqs); i++)
        recorder_request_done(recorder, &(struct request_outcome){.seq = seqs[i],
                                                                  .due_ns = START_NS,
                                                                  .sent_ns = START_NS,
                                                                  .done_ns = START_NS + 1});
    static const char *const kept[] = {"message 1", "message 2", "message 3", "message 5",
                                       "message 6"};
    for (size_t i = 0; i < ARRAY_LENGTH(kept); i++)
        assert_string_equal(recorder->seen->samples[i].sent, kept[i]);
    assert_false(recorder_wants_sent(recorder, 6, START_NS)); /* they are all there */
}

static void test_recorder_does_not_guess_what_was_sent(void **state)
{
    (void)state;
    for (uint64_t seq = 0; seq < 2 * SAMPLE_COUNT; seq++)
        keep_sent(seq, "sent");
    recorder_request_done(recorder, &(struct request_outcome){.seq = SAMPLE_COUNT,
                                                              .due_ns = START_NS,
                                                              .sent_ns = START_NS,
                                                              .done_ns = START_NS + 1});
    assert_string_equal(recorder->seen->samples[0].sent, ""); /* the first five never ended */
}

static void test_recorder_cuts_samples_at_500_characters(void **state)
{
    static char emoji[4 * 600 + 1];
    (void)state;
    for (size_t i = 0; i < 600; i++)
        memcpy(emoji + 4 * i, "\xF0\x9F\x98\x80", 5);
    struct request_outcome outcome = {.prompt = text_of(emoji), .reply = text_of(emoji)};
    recorder_request_done(recorder, &outcome);
    assert_int_equal(strlen(recorder->seen->samples[0].prompt), 4 * 500);
    assert_int_equal(strlen(recorder->seen->samples[0].reply), 4 * 500);
}

static void test_recorder_counts_connections_and_the_phases_that_there_were(void **state)
{
    static const struct connect_times plain = {{400, CLOCK_NEVER, 100, CLOCK_NEVER, 300}};
    static const struct connect_times with_all = {{700, 1000, 100, 200, 300}};
    struct failure failure = {FAILURE_EXHAUSTED, "ports", text_of("")};
    (void)state;
    recorder_connection_opened(recorder, &with_all, OPENING_FIRST);
    recorder_connection_opened(recorder, &plain, OPENING_FIRST);
    recorder_connection_opened(recorder, &plain, OPENING_AGAIN);
    recorder_connection_failed(recorder, &failure);
    assert_int_equal(counted(recorder, COUNT_OPENED), 2);
    assert_int_equal(counted(recorder, COUNT_REOPENED), 1);
    assert_int_equal(distribution(recorder, DIST_CONNECT_DNS)->count, 1);
    assert_int_equal(distribution(recorder, DIST_CONNECT_DNS)->max, 1000);
    assert_int_equal(distribution(recorder, DIST_CONNECT_TCP)->count, 3);
    assert_int_equal(distribution(recorder, DIST_CONNECT_TLS)->count, 1);
    assert_int_equal(distribution(recorder, DIST_CONNECT_TLS)->max, 200);
    assert_int_equal(distribution(recorder, DIST_CONNECT_UPGRADE)->sum, 900);
    assert_int_equal(distribution(recorder, DIST_CONNECT)->sum, 1500);
    assert_int_equal(recorder->seen->failures.classes[0].kind, FAILURE_EXHAUSTED);
    assert_int_equal(recorder->seen->failures.classes[0].count, 1);
    assert_int_equal(failures_requests(&recorder->seen->failures), 0);
    assert_int_equal(counted(recorder, COUNT_FAILED), 0);
}

static void test_recorder_counts_openings_by_what_they_are(void **state)
{
    static const struct connect_times times = {{400, CLOCK_NEVER, 100, CLOCK_NEVER, 300}};
    static const enum opening openings[] = {OPENING_ROTATED, OPENING_FIRST, OPENING_ROTATED,
                                            OPENING_AGAIN,   OPENING_AGAIN, OPENING_ROTATED};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(openings); i++)
        recorder_connection_opened(recorder, &times, openings[i]);
    assert_int_equal(counted(recorder, COUNT_OPENED), 1);
    assert_int_equal(counted(recorder, COUNT_REOPENED), 2);
    assert_int_equal(counted(recorder, COUNT_ROTATED), 3);
    assert_int_equal(distribution(recorder, DIST_CONNECT)->count, ARRAY_LENGTH(openings));
}

static void test_recorder_adds_up_the_networks_of_connections(void **state)
{
    static const struct network_seen networks[] = {
        {.rtt_ns = 21300000, .min_rtt_ns = 20100000, .retransmits = 2, .out_of_order = 5},
        {.rtt_ns = 30000000, .min_rtt_ns = 19000000, .retransmits = 1, .lost = 4},
        {.rtt_ns = 25000000}, /* an old kernel */
        {0},                  /* nothing came back */
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(networks); i++)
        recorder_network(recorder, &networks[i]);
    assert_int_equal(distribution(recorder, DIST_RTT)->count, 3);
    assert_int_equal(distribution(recorder, DIST_RTT)->sum, 76300000);
    assert_int_equal(distribution(recorder, DIST_MIN_RTT)->count, 2);
    assert_int_equal(distribution(recorder, DIST_MIN_RTT)->min, 19000000);
    assert_int_equal(counted(recorder, COUNT_RETRANSMITS), 3);
    assert_int_equal(counted(recorder, COUNT_LOST_SEGMENTS), 4);
    assert_int_equal(counted(recorder, COUNT_OUT_OF_ORDER), 5);
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
        TEST(test_recorder_finish_makes_no_row_of_a_second_that_is_not_over),
        TEST(test_recorder_finish_without_a_start_leaves_no_row),
        TEST(test_recorder_finish_notes_how_long_measuring_and_draining_took),
        TEST(test_recorder_recent_p95_is_of_this_second_or_the_one_before),
        TEST(test_recorder_keeps_samples_of_the_first_requests),
        TEST(test_recorder_keeps_the_samples_of_lowest_number_in_order),
        TEST(test_recorder_wants_the_texts_that_it_would_keep),
        TEST(test_recorder_knows_what_was_sent_for_a_sample),
        TEST(test_recorder_does_not_guess_what_was_sent),
        TEST(test_recorder_cuts_samples_at_500_characters),
        TEST(test_recorder_counts_connections_and_the_phases_that_there_were),
        TEST(test_recorder_counts_openings_by_what_they_are),
        TEST(test_recorder_adds_up_the_networks_of_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
