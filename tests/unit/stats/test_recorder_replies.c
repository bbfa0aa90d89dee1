#include "testing.h"

#include "recording.h"

#define NONE CLOCK_NEVER

static struct recorder *recorder;

/* Limits of nothing. */
static const struct service_levels no_levels = {false, {NONE, NONE, NONE, NONE, NONE}};

/* Streams, with LEVELS; 10 s of measuring. */
static void begin_stream(struct service_levels levels, bool open_model)
{
    recorder->seen->load.reply = REPLY_STREAM;
    recorder->seen->load.levels = levels;
    begin(recorder, open_model);
}

static int start(void **state)
{
    (void)state;
    static const struct load load = {.shards = 1};
    recorder = recorder_new(&load);
    if (!recorder)
        return -1;
    begin_stream(no_levels, false);
    return 0;
}

static int end(void **state)
{
    (void)state;
    recorder_free(recorder);
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
    assert_int_equal(histogram->min, value);
}

static void assert_no_reply_recorded(void)
{
    assert_int_equal(distribution(recorder, DIST_TTFM)->count, 0);
    assert_int_equal(distribution(recorder, DIST_TPOM)->count, 0);
    assert_int_equal(distribution(recorder, DIST_REPLY_MESSAGES)->count, 0);
    assert_int_equal(distribution(recorder, DIST_REPLY_BYTES)->count, 0);
    assert_int_equal(counted(recorder, COUNT_GOOD), 0);
}

/* --- The parts of a reply --- */

static void test_recorder_takes_the_parts_of_a_good_stream(void **state)
{
    struct request_outcome outcome = some_outcome();
    (void)state;
    recorder_request_done(recorder, &outcome);
    assert_one_sample(distribution(recorder, DIST_TTFM), 2000);
    assert_one_sample(distribution(recorder, DIST_TPOM), 2000);
    assert_one_sample(distribution(recorder, DIST_REPLY_MESSAGES), 4);
    assert_one_sample(distribution(recorder, DIST_REPLY_BYTES), 700);
    assert_one_sample(distribution(recorder, DIST_LATENCY), 8000);
}

static void test_recorder_stream_of_one_message_has_no_time_per_further_one(void **state)
{
    struct request_outcome outcome = some_outcome();
    (void)state;
    outcome.messages = 1;
    recorder_request_done(recorder, &outcome);
    assert_one_sample(distribution(recorder, DIST_TTFM), 2000);
    assert_one_sample(distribution(recorder, DIST_REPLY_MESSAGES), 1);
    assert_int_equal(distribution(recorder, DIST_TPOM)->count, 0);
}

static void test_recorder_reply_without_a_message_has_no_first_one(void **state)
{
    struct request_outcome outcome = some_outcome();
    (void)state;
    outcome.first_ns = 0;
    outcome.messages = 0;
    outcome.bytes = 0;
    recorder_request_done(recorder, &outcome);
    assert_int_equal(distribution(recorder, DIST_TTFM)->count, 0);
    assert_int_equal(distribution(recorder, DIST_TPOM)->count, 0);
    assert_one_sample(distribution(recorder, DIST_REPLY_MESSAGES), 0);
    assert_one_sample(distribution(recorder, DIST_REPLY_BYTES), 0);
}

static void test_recorder_leaves_out_the_parts_of_a_reply_that_failed(void **state)
{
    struct failure failure = {FAILURE_TRUNCATED, "reply_timeout", {NULL, 0}};
    struct request_outcome outcome = some_outcome();
    (void)state;
    outcome.failure = &failure;
    recorder_request_done(recorder, &outcome);
    assert_no_reply_recorded();
    assert_int_equal(counted(recorder, COUNT_FAILED), 1);
}

static void test_recorder_leaves_out_the_parts_of_the_warmup(void **state)
{
    struct request_outcome outcome = some_outcome();
    (void)state;
    outcome.due_ns = START_NS - 1;
    recorder_request_done(recorder, &outcome);
    recorder_gap(recorder, START_NS - 1, 100);
    assert_no_reply_recorded();
    assert_int_equal(distribution(recorder, DIST_GAP)->count, 0);
    assert_int_equal(counted(recorder, COUNT_WARMUP_OK), 1);
}

static void test_recorder_of_single_messages_takes_their_bytes_alone(void **state)
{
    struct request_outcome outcome = some_outcome();
    (void)state;
    recorder->seen->load.reply = REPLY_MESSAGE;
    recorder_request_done(recorder, &outcome);
    recorder_gap(recorder, START_NS, 100);
    assert_one_sample(distribution(recorder, DIST_REPLY_BYTES), 700);
    assert_int_equal(
        distribution(recorder, DIST_TTFM)->count + distribution(recorder, DIST_TPOM)->count, 0);
    assert_int_equal(distribution(recorder, DIST_REPLY_MESSAGES)->count +
                         distribution(recorder, DIST_GAP)->count,
                     0);
}

static void test_recorder_pools_the_gaps_of_all_replies(void **state)
{
    (void)state;
    recorder_gap(recorder, START_NS, 100);
    recorder_gap(recorder, START_NS + 5, 300);
    recorder_gap(recorder, START_NS + 5, 200);
    assert_int_equal(distribution(recorder, DIST_GAP)->count, 3);
    assert_int_equal(distribution(recorder, DIST_GAP)->sum, 600);
    assert_int_equal(distribution(recorder, DIST_GAP)->min, 100);
}

/* --- One way --- */

static void test_recorder_of_one_way_requests_counts_them_without_times(void **state)
{
    (void)state;
    begin_stream((struct service_levels){true, {NONE, 1, 1, 1, 1}}, true);
    recorder->seen->load.reply = REPLY_NONE;
    succeed(recorder, 0, (struct moments){500, 1000, 1000});
    recorder_finish(recorder, START_NS, 0, 1);
    assert_int_equal(counted(recorder, COUNT_SENT), 1);
    assert_int_equal(counted(recorder, COUNT_OK), 1);
    assert_int_equal(distribution(recorder, DIST_LATENCY)->count +
                         distribution(recorder, DIST_RESPONSE_TIME)->count,
                     0);
    assert_no_reply_recorded();
    assert_one_sample(distribution(recorder, DIST_SEND_LAG), 500);
    assert_int_equal(recorder->seen->timeline.count, 1);
    assert_int_equal(recorder->seen->timeline.rows[0].done, 1);
    assert_true(recorder->seen->samples[0].present && recorder->seen->samples[0].ok);
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
        {{true, {NONE, 8000, NONE, NONE, NONE}}, false, true},
        {{true, {NONE, 7999, NONE, NONE, NONE}}, false, false},
        {{true, {NONE, NONE, 8000, NONE, NONE}}, false, true},
        {{true, {NONE, NONE, 7999, NONE, NONE}}, false, false},
        {{true, {NONE, NONE, 8500, NONE, NONE}}, true, true},
        {{true, {NONE, NONE, 8499, NONE, NONE}}, true, false},
        {{true, {NONE, NONE, NONE, 2000, NONE}}, false, true},
        {{true, {NONE, NONE, NONE, 1999, NONE}}, false, false},
        {{true, {NONE, NONE, NONE, NONE, 2000}}, false, true},
        {{true, {NONE, NONE, NONE, NONE, 1999}}, false, false},
        {{true, {NONE, 8000, 8000, 2000, 2000}}, false, true},
        {{true, {NONE, 8000, 8000, 2000, 1999}}, false, false},
        {{false, {NONE, NONE, NONE, NONE, NONE}}, false, false},
    };
    struct request_outcome outcome = some_outcome();
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        begin_stream(cases[i].levels, cases[i].open_model);
        recorder->seen->counts[COUNT_GOOD] = 0;
        recorder_request_done(recorder, &outcome);
        if (counted(recorder, COUNT_GOOD) != cases[i].good)
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
    recorder_request_done(recorder, &outcome);
    outcome = some_outcome();
    outcome.due_ns = START_NS - 1;
    recorder_request_done(recorder, &outcome);
    outcome = some_outcome();
    outcome.failure = &failure;
    recorder_request_done(recorder, &outcome);
    assert_int_equal(counted(recorder, COUNT_GOOD), 0);
    outcome.failure = NULL;
    outcome.done_ns = START_NS + 10 * NS_PER_S - 1;
    recorder_request_done(recorder, &outcome);
    assert_int_equal(counted(recorder, COUNT_GOOD), 1);
}

/* Sent 500 ns after it was due, of which LATE_NS are wsload's. */
static void test_recorder_counts_what_would_be_good_without_own_lateness(void **state)
{
    static const struct {
        uint64_t limit_ns, late_ns;
        uint64_t done_ns; /* since the start */
        bool open_model;
        uint64_t good, undelayed;
    } cases[] = {
        {8500, 0, 9000, true, 1, 1},
        {8499, 0, 9000, true, 0, 0},
        {8100, 400, 9000, true, 0, 1},
        {8100, 399, 9000, true, 0, 0},
        {8500, 400, 9000, false, 1, 0},              /* nothing is due in a closed run */
        {NONE, 100, 10 * NS_PER_S + 99, true, 0, 1}, /* after the end because of it */
        {NONE, 100, 10 * NS_PER_S + 100, true, 0, 0},
    };
    struct request_outcome outcome = some_outcome();
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct service_levels levels = no_levels;
        levels.any = true;
        levels.ns[LEVEL_RESPONSE] = cases[i].limit_ns;
        begin_stream(levels, cases[i].open_model);
        recorder->seen->counts[COUNT_GOOD] = 0;
        recorder->seen->counts[COUNT_UNDELAYED_GOOD] = 0;
        outcome.late_ns = cases[i].late_ns;
        outcome.done_ns = START_NS + cases[i].done_ns;
        recorder_request_done(recorder, &outcome);
        if (counted(recorder, COUNT_GOOD) != cases[i].good ||
            counted(recorder, COUNT_UNDELAYED_GOOD) != cases[i].undelayed)
            fail_msg("case %zu", i);
    }
}

/* Without a first message the limit of its time is missed; without a second one there is no time
 * between them that could be too long. */
static void test_recorder_judges_short_replies_by_what_they_have(void **state)
{
    struct service_levels levels = {true, {NONE, NONE, NONE, NONE, 1}};
    struct request_outcome outcome = some_outcome();
    (void)state;
    outcome.messages = 1;
    begin_stream(levels, false);
    recorder_request_done(recorder, &outcome);
    assert_int_equal(counted(recorder, COUNT_GOOD), 1);
    outcome.messages = 0;
    outcome.first_ns = 0;
    recorder_request_done(recorder, &outcome);
    assert_int_equal(counted(recorder, COUNT_GOOD), 2);
    levels.ns[LEVEL_TTFM] = NS_PER_S;
    begin_stream(levels, false);
    recorder_request_done(recorder, &outcome);
    assert_int_equal(counted(recorder, COUNT_GOOD), 2);
}

/* --- Traffic --- */

static void test_recorder_counts_messages_bytes_and_billed_units(void **state)
{
    static const uint64_t sent[] = {0, 1, 32768, 32769};
    static const uint64_t received[] = {65536, 65537, 131072};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(sent); i++)
        recorder_message_sent(recorder, sent[i]);
    for (size_t i = 0; i < ARRAY_LENGTH(received); i++)
        recorder_message_received(recorder, received[i]);
    assert_int_equal(counted(recorder, COUNT_SENT_MESSAGES), 4);
    assert_int_equal(counted(recorder, COUNT_SENT_BYTES), 65538);
    assert_int_equal(counted(recorder, COUNT_SENT_UNITS), 1 + 1 + 1 + 2);
    assert_int_equal(counted(recorder, COUNT_RECEIVED_MESSAGES), 3);
    assert_int_equal(counted(recorder, COUNT_RECEIVED_BYTES), 262145);
    assert_int_equal(counted(recorder, COUNT_RECEIVED_UNITS), 2 + 3 + 4);
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
        TEST(test_recorder_counts_what_would_be_good_without_own_lateness),
        TEST(test_recorder_judges_short_replies_by_what_they_have),
        TEST(test_recorder_counts_messages_bytes_and_billed_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
