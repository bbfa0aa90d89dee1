#include "testing.h"

#include "recording.h"

static struct recorder recorder;

/* Limits of nothing. */
static const struct service_levels no_levels = {false, CLOCK_NEVER, CLOCK_NEVER, CLOCK_NEVER,
                                                CLOCK_NEVER};

/* Streams, with LEVELS; 10 s of measuring. */
static void begin_stream(struct service_levels levels, bool open_model)
{
    struct recorder_setup setup = {.open_model = open_model,
                                   .stream = true,
                                   .levels = levels,
                                   .start_ns = START_NS,
                                   .end_ns = START_NS + 10 * NS_PER_S};
    recorder_start(&recorder, &setup);
}

static int start(void **state)
{
    (void)state;
    if (recorder_init(&recorder))
        return -1;
    begin_stream(no_levels, false);
    return 0;
}

static int end(void **state)
{
    (void)state;
    recorder_free(&recorder);
    return 0;
}

/* Due after 500 ns, sent 500 ns later; first message 2,000 ns after that, and 6,000 ns to the end:
 * 4 messages of 700 bytes in all. */
static struct request_outcome some_outcome(void)
{
    return (struct request_outcome){
        .due_ns = START_NS + 500,
        .sent_ns = START_NS + 1000,
        .first_ns = START_NS + 3000,
        .done_ns = START_NS + 9000,
        .messages = 4,
        .bytes = 700,
        .prompt = text_of("hello"),
        .reply = text_of("world"),
    };
}

static void assert_one_sample(const struct histogram *histogram, uint64_t value)
{
    assert_int_equal(histogram->count, 1);
    assert_int_equal(histogram->min_ns, value);
}

static void assert_no_reply_recorded(void)
{
    assert_int_equal(recorder.ttfm.count, 0);
    assert_int_equal(recorder.tpom.count, 0);
    assert_int_equal(recorder.reply_messages.count, 0);
    assert_int_equal(recorder.reply_bytes.count, 0);
    assert_int_equal(recorder.good, 0);
}

/* --- The parts of a reply --- */

static void test_recorder_takes_the_parts_of_a_good_stream(void **state)
{
    struct request_outcome outcome = some_outcome();
    (void)state;
    recorder_request_done(&recorder, &outcome);
    assert_one_sample(&recorder.ttfm, 2000);
    assert_one_sample(&recorder.tpom, 2000);
    assert_one_sample(&recorder.reply_messages, 4);
    assert_one_sample(&recorder.reply_bytes, 700);
    assert_one_sample(&recorder.second, 8000);
}

static void test_recorder_stream_of_one_message_has_no_time_per_further_one(void **state)
{
    struct request_outcome outcome = some_outcome();
    (void)state;
    outcome.messages = 1;
    recorder_request_done(&recorder, &outcome);
    assert_one_sample(&recorder.ttfm, 2000);
    assert_one_sample(&recorder.reply_messages, 1);
    assert_int_equal(recorder.tpom.count, 0);
}

static void test_recorder_reply_without_a_message_has_no_first_one(void **state)
{
    struct request_outcome outcome = some_outcome();
    (void)state;
    outcome.first_ns = 0;
    outcome.messages = 0;
    outcome.bytes = 0;
    recorder_request_done(&recorder, &outcome);
    assert_int_equal(recorder.ttfm.count, 0);
    assert_int_equal(recorder.tpom.count, 0);
    assert_one_sample(&recorder.reply_messages, 0);
    assert_one_sample(&recorder.reply_bytes, 0);
}

static void test_recorder_leaves_out_the_parts_of_a_reply_that_failed(void **state)
{
    struct failure failure = {FAILURE_TRUNCATED, "reply_timeout", {NULL, 0}};
    struct request_outcome outcome = some_outcome();
    (void)state;
    outcome.failure = &failure;
    recorder_request_done(&recorder, &outcome);
    assert_no_reply_recorded();
    assert_int_equal(recorder.measured.failed, 1);
}

static void test_recorder_leaves_out_the_parts_of_the_warmup(void **state)
{
    struct request_outcome outcome = some_outcome();
    (void)state;
    outcome.due_ns = START_NS - 1;
    recorder_request_done(&recorder, &outcome);
    recorder_gap(&recorder, START_NS - 1, 100);
    assert_no_reply_recorded();
    assert_int_equal(recorder.gap.count, 0);
    assert_int_equal(recorder.warmup.ok, 1);
}

static void test_recorder_of_single_messages_takes_their_bytes_alone(void **state)
{
    struct request_outcome outcome = some_outcome();
    (void)state;
    begin(&recorder, false);
    recorder_request_done(&recorder, &outcome);
    recorder_gap(&recorder, START_NS, 100);
    assert_one_sample(&recorder.reply_bytes, 700);
    assert_int_equal(recorder.ttfm.count + recorder.tpom.count, 0);
    assert_int_equal(recorder.reply_messages.count + recorder.gap.count, 0);
}

static void test_recorder_pools_the_gaps_of_all_replies(void **state)
{
    (void)state;
    recorder_gap(&recorder, START_NS, 100);
    recorder_gap(&recorder, START_NS + 5, 300);
    recorder_gap(&recorder, START_NS + 5, 200);
    assert_int_equal(recorder.gap.count, 3);
    assert_int_equal(recorder.gap.sum_ns, 600);
    assert_int_equal(recorder.gap.min_ns, 100);
}

/* --- One way --- */

static void test_recorder_of_one_way_requests_counts_them_without_times(void **state)
{
    struct service_levels levels = {true, 1, 1, 1, 1};
    struct recorder_setup setup = {
        .open_model = true, .one_way = true, .levels = levels, .start_ns = START_NS};
    (void)state;
    setup.end_ns = START_NS + 10 * NS_PER_S;
    recorder_start(&recorder, &setup);
    succeed(&recorder, 0, (struct moments){500, 1000, 1000});
    recorder_finish(&recorder, START_NS, 0, 1);
    assert_int_equal(recorder.measured.sent, 1);
    assert_int_equal(recorder.measured.ok, 1);
    assert_int_equal(recorder.latency.count + recorder.response_time.count, 0);
    assert_no_reply_recorded();
    assert_false(recorder.setup.levels.any);
    assert_one_sample(&recorder.send_lag, 500);
    assert_int_equal(recorder.timeline.count, 1);
    assert_int_equal(recorder.timeline.rows[0].done, 1);
    assert_true(recorder.samples[0].present && recorder.samples[0].ok);
}

/* --- Goodput --- */

/* The times of some_outcome() against each limit. */
static void test_recorder_counts_as_good_what_is_within_every_limit(void **state)
{
    static const struct {
        struct service_levels levels;
        bool open_model;
        bool good;
    } cases[] = {
        {{true, 8000, CLOCK_NEVER, CLOCK_NEVER, CLOCK_NEVER}, false, true},
        {{true, 7999, CLOCK_NEVER, CLOCK_NEVER, CLOCK_NEVER}, false, false},
        {{true, CLOCK_NEVER, 8000, CLOCK_NEVER, CLOCK_NEVER}, false, true},
        {{true, CLOCK_NEVER, 7999, CLOCK_NEVER, CLOCK_NEVER}, false, false},
        {{true, CLOCK_NEVER, 8500, CLOCK_NEVER, CLOCK_NEVER}, true, true},
        {{true, CLOCK_NEVER, 8499, CLOCK_NEVER, CLOCK_NEVER}, true, false},
        {{true, CLOCK_NEVER, CLOCK_NEVER, 2000, CLOCK_NEVER}, false, true},
        {{true, CLOCK_NEVER, CLOCK_NEVER, 1999, CLOCK_NEVER}, false, false},
        {{true, CLOCK_NEVER, CLOCK_NEVER, CLOCK_NEVER, 2000}, false, true},
        {{true, CLOCK_NEVER, CLOCK_NEVER, CLOCK_NEVER, 1999}, false, false},
        {{true, 8000, 8000, 2000, 2000}, false, true},
        {{true, 8000, 8000, 2000, 1999}, false, false},
        {{false, CLOCK_NEVER, CLOCK_NEVER, CLOCK_NEVER, CLOCK_NEVER}, false, false},
    };
    struct request_outcome outcome = some_outcome();
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        begin_stream(cases[i].levels, cases[i].open_model);
        recorder.good = 0;
        recorder_request_done(&recorder, &outcome);
        if (recorder.good != cases[i].good)
            fail_msg("case %zu", i);
    }
}

static void test_recorder_calls_nothing_good_that_failed_or_ended_too_late(void **state)
{
    struct service_levels levels = no_levels;
    struct failure failure = {FAILURE_TRUNCATED, "eof", {NULL, 0}};
    struct request_outcome outcome = some_outcome();
    (void)state;
    levels.any = true;
    begin_stream(levels, false);
    outcome.done_ns = START_NS + 10 * NS_PER_S; /* while draining */
    recorder_request_done(&recorder, &outcome);
    outcome = some_outcome();
    outcome.due_ns = START_NS - 1;
    recorder_request_done(&recorder, &outcome);
    outcome = some_outcome();
    outcome.failure = &failure;
    recorder_request_done(&recorder, &outcome);
    assert_int_equal(recorder.good, 0);
    outcome.failure = NULL;
    outcome.done_ns = START_NS + 10 * NS_PER_S - 1;
    recorder_request_done(&recorder, &outcome);
    assert_int_equal(recorder.good, 1);
}

/* Without a first message the limit of its time is missed; without a second one there is no time
 * between them that could be too long. */
static void test_recorder_judges_short_replies_by_what_they_have(void **state)
{
    struct service_levels levels = {true, CLOCK_NEVER, CLOCK_NEVER, CLOCK_NEVER, 1};
    struct request_outcome outcome = some_outcome();
    (void)state;
    outcome.messages = 1;
    begin_stream(levels, false);
    recorder_request_done(&recorder, &outcome);
    assert_int_equal(recorder.good, 1);
    outcome.messages = 0;
    outcome.first_ns = 0;
    recorder_request_done(&recorder, &outcome);
    assert_int_equal(recorder.good, 2);
    levels.ttfm_ns = NS_PER_S;
    begin_stream(levels, false);
    recorder_request_done(&recorder, &outcome);
    assert_int_equal(recorder.good, 2);
}

/* --- Traffic --- */

static void test_recorder_counts_messages_bytes_and_billed_units(void **state)
{
    static const uint64_t sent[] = {0, 1, 32768, 32769};
    static const uint64_t received[] = {65536, 65537, 131072};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(sent); i++)
        recorder_message_sent(&recorder, sent[i]);
    for (size_t i = 0; i < ARRAY_LENGTH(received); i++)
        recorder_message_received(&recorder, received[i]);
    assert_int_equal(recorder.traffic.sent_messages, 4);
    assert_int_equal(recorder.traffic.sent_bytes, 65538);
    assert_int_equal(recorder.traffic.sent_units, 1 + 1 + 1 + 2);
    assert_int_equal(recorder.traffic.received_messages, 3);
    assert_int_equal(recorder.traffic.received_bytes, 262145);
    assert_int_equal(recorder.traffic.received_units, 2 + 3 + 4);
}

TEST_GROUP(recorder_replies)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(test_recorder_takes_the_parts_of_a_good_stream),
        TEST(test_recorder_stream_of_one_message_has_no_time_per_further_one),
        TEST(test_recorder_reply_without_a_message_has_no_first_one),
        TEST(test_recorder_leaves_out_the_parts_of_a_reply_that_failed),
        TEST(test_recorder_leaves_out_the_parts_of_the_warmup),
        TEST(test_recorder_of_single_messages_takes_their_bytes_alone),
        TEST(test_recorder_pools_the_gaps_of_all_replies),
        TEST(test_recorder_of_one_way_requests_counts_them_without_times),
        TEST(test_recorder_counts_as_good_what_is_within_every_limit),
        TEST(test_recorder_calls_nothing_good_that_failed_or_ended_too_late),
        TEST(test_recorder_judges_short_replies_by_what_they_have),
        TEST(test_recorder_counts_messages_bytes_and_billed_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
