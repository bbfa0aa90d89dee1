#include "testing.h"

#include "fake_run.h"
#include "wsload/base/clock.h"

/* Replies that are known by the ids of their requests (--correlate). */

#define MS NS_PER_MS

static const char internal_error[] = "{\"message\": \"Internal server error\", "
                                     "\"connectionId\": \"a\", \"requestId\": \"b\"}";

static void set_up(uint32_t connections, uint64_t requests, unsigned in_flight)
{
    run_set_up(connections, requests);
    run_correlate();
    run.plan.load.in_flight = in_flight;
}

static void stop(struct fake_transport *fake)
{
    run_control_stop(&run.control, STOP_NOW);
    fake_advance(fake, 0);
}

/* --- Order --- */

static void answer_out_of_order(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    assert_int_equal(fake->sends, 3);
    fake_advance(fake, 10 * MS);
    run_answer(fake, 0, 3, "");
    assert_string_equal(fake->connections[0].last_message, "0000cafe-4"); /* three stay in flight */
    fake_advance(fake, 10 * MS);
    run_answer(fake, 0, 1, "");
    fake_advance(fake, 10 * MS);
    run_answer(fake, 0, 2, "");
    fake_advance(fake, 10 * MS);
    run_answer(fake, 0, 4, "");
    assert_int_equal(fake->connections[0].closes, 1);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_knows_replies_out_of_order_by_their_ids(void **state)
{
    (void)state;
    set_up(1, 4, 3);
    const struct recorder *recorder = run_execute(answer_out_of_order);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 4);
    static const uint64_t expected_ms[] = {20, 30, 10, 30}; /* of each request */
    for (size_t i = 0; i < ARRAY_LENGTH(expected_ms); i++) {
        assert_int_equal(recorder->seen->samples[i].seq, i);
        assert_int_equal(recorder->seen->samples[i].latency_ns, expected_ms[i] * MS);
    }
    run_tear_down();
}

static void interleave(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    for (int round = 0; round < 3; round++)
        for (uint64_t seq = 3; seq > 0; seq--) {
            fake_advance(fake, seq * MS);
            run_answer(fake, 0, seq, ", \"t\": 1");
        }
    for (uint64_t seq = 1; seq <= 3; seq++) {
        fake_advance(fake, 100 * MS);
        run_answer(fake, 0, seq, ", \"end\": 1");
    }
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_keeps_interleaved_streams_apart(void **state)
{
    (void)state;
    set_up(1, 3, 3);
    run_end_replies("json:end");
    const struct recorder *recorder = run_execute(interleave);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 3);
    assert_times(&recorder->seen->distributions[DIST_REPLY_MESSAGES], 3, 4, 4);
    assert_times(&recorder->seen->distributions[DIST_TTFM], 3, 3 * MS, 6 * MS);
    assert_times(&recorder->seen->distributions[DIST_LATENCY], 3, 118 * MS, 318 * MS);
    /* Two gaps of 6 ms each, then 100 for the first, 201 and 303 for the others. */
    assert_times(&recorder->seen->distributions[DIST_GAP], 9, 6 * MS, 303 * MS);
    assert_int_equal(recorder->seen->distributions[DIST_GAP].sum, (6 * 6 + 100 + 201 + 303) * MS);
    run_tear_down();
}

static void fall_silent_in_turn(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 10 * MS);
    run_answer(fake, 0, 2, "");
    fake_advance(fake, 300 * MS);
    run_answer(fake, 0, 1, "");
    fake_advance(fake, 200 * MS - 1);
    assert_int_equal(fake->sends, 2);
    fake_advance(fake, 1);
    assert_int_equal(fake->sends, 3); /* request 2 is over, 500 ms after its last */
    run_answer(fake, 0, 2, "");       /* late */
    fake_advance(fake, 300 * MS - 1);
    assert_int_equal(fake->sends, 3);
    fake_advance(fake, 1);
    assert_int_equal(fake->sends, 4);
    stop(fake);
}

static void test_worker_ends_each_stream_by_its_own_silence(void **state)
{
    (void)state;
    set_up(1, 4, 2);
    run_end_replies("silence:500ms");
    const struct recorder *recorder = run_execute(fall_silent_in_turn);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 2);
    assert_times(&recorder->seen->distributions[DIST_LATENCY], 2, 10 * MS, 310 * MS);
    assert_int_equal(recorder->seen->counts[COUNT_LATE], 1);
    run_tear_down();
}

/* --- Messages that belong to no request --- */

static void send_strays(struct fake_transport *fake)
{
    static const char *const strangers[] = {
        "no id",
        "{}",
        "{\"id\": null}",
        "{\"id\": 1}",
        "{\"id\": \"\"}",
        "{\"id\": \"0000cafe-0\"}",
        "{\"id\": \"0000caff-1\"}",  /* of another run */
        "{\"id\": \"0000cafe-01\"}", /* not as it was sent */
        "{\"id\": \"0000cafe-7\"}",  /* not sent yet */
    };
    fake_opened(fake, 0);
    fake_advance(fake, 10 * MS);
    for (size_t i = 0; i < ARRAY_LENGTH(strangers); i++) {
        fake_reply(fake, 0, strangers[i]);
        assert_int_equal(run_recorder(0)->seen->counts[COUNT_UNSOLICITED], i + 1);
    }
    run_answer(fake, 0, 1, "");
    run_answer(fake, 0, 1, ""); /* twice */
    run_answer(fake, 0, 1, ", \"more\": 1");
    fake_advance(fake, 10 * MS);
    run_answer(fake, 0, 2, "");
    assert_int_equal(fake->connections[0].closes, 1);
    run_answer(fake, 0, 2, ""); /* while it closes */
    fake_reply(fake, 0, "no id");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_counts_strays_without_harm(void **state)
{
    (void)state;
    set_up(1, 2, 2);
    const struct recorder *recorder = run_execute(send_strays);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 2);
    assert_times(&recorder->seen->distributions[DIST_LATENCY], 2, 10 * MS, 20 * MS);
    assert_int_equal(recorder->seen->counts[COUNT_UNSOLICITED], 9 + 1);
    assert_int_equal(recorder->seen->counts[COUNT_LATE], 2 + 1);
    assert_int_equal(recorder->seen->failures.count, 0);
    run_tear_down();
}

static void send_to_all(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_opened(fake, 1);
    fake_advance(fake, 10 * MS);
    for (uint32_t id = 0; id < 2; id++)
        for (uint64_t seq = 1; seq <= 2; seq++)
            run_answer(fake, id, seq, "");
    for (uint32_t id = 0; id < 2; id++)
        fake_closed(fake, id, FAILURE_CLOSED, "1000");
}

/* A server that sends each reply to every connection. */
static void test_worker_takes_a_reply_on_its_own_connection_only(void **state)
{
    (void)state;
    set_up(2, 2, 1);
    const struct recorder *recorder = run_execute(send_to_all);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 2);
    assert_int_equal(recorder->seen->counts[COUNT_LATE] + recorder->seen->counts[COUNT_UNSOLICITED],
                     2);
    run_tear_down();
}

/* --- Timeouts --- */

static void answer_too_late(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, NS_PER_S);
    run_answer(fake, 0, 1, ""); /* request 3 is sent at 1 s */
    fake_advance(fake, 29 * NS_PER_S - 1);
    assert_int_equal(fake->sends, 3);
    fake_advance(fake, 1); /* request 2 is overdue, and 3 is not */
    assert_int_equal(fake->sends, 4);
    assert_int_equal(fake->connections[0].closes, 0);
    run_answer(fake, 0, 2, ""); /* late, and not the reply to another */
    run_answer(fake, 0, 4, "");
    fake_advance(fake, 500 * MS);
    run_answer(fake, 0, 3, "");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_keeps_the_connection_when_a_reply_is_overdue_by_id(void **state)
{
    (void)state;
    set_up(1, 4, 2);
    const struct recorder *recorder = run_execute(answer_too_late);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 3);
    assert_failure(recorder, 0, FAILURE_REPLY_TIMEOUT, "", 1);
    assert_int_equal(recorder->seen->counts[COUNT_LATE], 1);
    assert_int_equal(recorder->seen->counts[COUNT_OPENED], 1);
    assert_int_equal(recorder->seen->counts[COUNT_REOPENED], 0);
    run_tear_down();
}

static void begin_and_break(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 10 * MS);
    run_answer(fake, 0, 2, "");
    run_answer(fake, 0, 3, "");
    run_answer(fake, 0, 3, ", \"end\": 1");
    fake_closed(fake, 0, FAILURE_CLOSED, "1011");
    fake_advance(fake, 100 * MS);
    fake_opened(fake, 0);
    assert_string_equal(fake->connections[0].last_message, "0000cafe-7");
    run_answer(fake, 0, 2, ""); /* the server still knows it */
    stop(fake);
}

static void test_worker_truncates_only_what_has_begun(void **state)
{
    (void)state;
    set_up(1, 0, 3);
    run.plan.load.duration_ns = 60 * NS_PER_S;
    run_end_replies("json:end");
    const struct recorder *recorder = run_execute(begin_and_break);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 1);
    assert_failure(recorder, 0, FAILURE_CLOSED, "1011", 2);
    assert_failure(recorder, 1, FAILURE_TRUNCATED, "closed 1011", 1);
    assert_int_equal(recorder->seen->counts[COUNT_UNANSWERED], 3); /* again so many */
    assert_int_equal(recorder->seen->counts[COUNT_LATE], 1);
    run_tear_down();
}

/* --- Errors without an id --- */

static void err_with_one_in_flight(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_reply(fake, 0, internal_error);
    fake_reply(fake, 0, "{\"error\": \"overloaded\"}");
    fake_reply(fake, 0, "{\"error\": \"of another\", \"id\": \"0000beef-3\"}");
    run_answer(fake, 0, 3, "");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_blames_an_error_without_an_id_on_the_only_request(void **state)
{
    (void)state;
    struct error error;
    set_up(1, 3, 1);
    assert_int_equal(reply_rules_add_error(&run.plan.reply_rules, "json:error", &error), 0);
    const struct recorder *recorder = run_execute(err_with_one_in_flight);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 1);
    assert_failure(recorder, 0, FAILURE_GATEWAY_ERROR, "Internal server error", 1);
    assert_failure(recorder, 1, FAILURE_ERROR_REPLY, "", 1);
    assert_int_equal(recorder->seen->counts[COUNT_UNSOLICITED], 1);
    run_tear_down();
}

static void err_with_two_in_flight(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_reply(fake, 0, internal_error);
    fake_reply(fake, 0, "{\"error\": \"overloaded\"}");
    run_answer(fake, 0, 2, ", \"error\": \"mine\"");
    run_answer(fake, 0, 1, "");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_blames_an_error_without_an_id_on_the_connection_of_two(void **state)
{
    (void)state;
    struct error error;
    set_up(1, 2, 2);
    assert_int_equal(reply_rules_add_error(&run.plan.reply_rules, "json:error", &error), 0);
    const struct recorder *recorder = run_execute(err_with_two_in_flight);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 1);
    assert_failure(recorder, 0, FAILURE_GATEWAY_ERROR, "Internal server error", 0);
    assert_failure(recorder, 1, FAILURE_ERROR_REPLY, "", 1);
    assert_int_equal(recorder->seen->failures.classes[1].count, 2);
    assert_int_equal(recorder->seen->counts[COUNT_UNSOLICITED], 0);
    run_tear_down();
}

/* --- Many --- */

#define CONNECTIONS 10
#define IN_FLIGHT   1000

/* Of each connection the newest first. */
static void answer_from_behind(struct fake_transport *fake)
{
    run_open_all(fake);
    assert_int_equal(fake->sends, CONNECTIONS * IN_FLIGHT);
    fake_advance(fake, 5 * MS);
    for (uint64_t seq = CONNECTIONS * IN_FLIGHT; seq > 0; seq--)
        run_answer(fake, (uint32_t)((seq - 1) / IN_FLIGHT), seq, "");
    for (uint32_t id = 0; id < CONNECTIONS; id++)
        fake_closed(fake, id, FAILURE_CLOSED, "1000");
}

static void test_worker_keeps_ten_thousand_in_flight_by_id(void **state)
{
    (void)state;
    set_up(CONNECTIONS, CONNECTIONS * IN_FLIGHT, IN_FLIGHT);
    const struct recorder *recorder = run_execute(answer_from_behind);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], CONNECTIONS * IN_FLIGHT);
    assert_times(&recorder->seen->distributions[DIST_LATENCY], CONNECTIONS * IN_FLIGHT, 5 * MS,
                 5 * MS);
    assert_int_equal(recorder->seen->counts[COUNT_LATE] + recorder->seen->counts[COUNT_UNSOLICITED],
                     0);
    run_tear_down();
}

TEST_GROUP(worker_ids)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worker_knows_replies_out_of_order_by_their_ids),
        cmocka_unit_test(test_worker_keeps_interleaved_streams_apart),
        cmocka_unit_test(test_worker_ends_each_stream_by_its_own_silence),
        cmocka_unit_test(test_worker_counts_strays_without_harm),
        cmocka_unit_test(test_worker_takes_a_reply_on_its_own_connection_only),
        cmocka_unit_test(test_worker_keeps_the_connection_when_a_reply_is_overdue_by_id),
        cmocka_unit_test(test_worker_truncates_only_what_has_begun),
        cmocka_unit_test(test_worker_blames_an_error_without_an_id_on_the_only_request),
        cmocka_unit_test(test_worker_blames_an_error_without_an_id_on_the_connection_of_two),
        cmocka_unit_test(test_worker_keeps_ten_thousand_in_flight_by_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
