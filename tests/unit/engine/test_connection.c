#include "testing.h"

#include "connection.h"
#include "wsload/base/clock.h"

#define SECOND NS_PER_S

static struct random random_numbers = {{1, 2, 3, 4}};

static const struct connection_settings held = {
    .in_flight = 1,
    .random = &random_numbers,
    .connect_timeout_ns = 10 * SECOND,
    .reply_timeout_ns = 30 * SECOND,
    .not_open = {FAILURE_CONNECT_TIMEOUT, "", {0}},
    .no_reply = {FAILURE_REPLY_TIMEOUT, "", {0}},
};

static const struct connection_settings per_request = {
    .per_request = true,
    .in_flight = 1,
    .random = &random_numbers,
    .connect_timeout_ns = 10 * SECOND,
    .reply_timeout_ns = 30 * SECOND,
    .not_open = {FAILURE_CONNECT_TIMEOUT, "", {0}},
    .no_reply = {FAILURE_REPLY_TIMEOUT, "", {0}},
};

static const struct failure closed = {FAILURE_EOF, "", {0}};
static const struct failure error_reply = {FAILURE_ERROR_REPLY, "", {0}};
static const struct failure bad_frame = {FAILURE_PROTOCOL, "", {0}};

static struct flight memory[2]; /* of the connection under test, with room for its bucket */

static struct connection_step reply(struct connection *connection, const struct failure *failure,
                                    uint64_t now_ns)
{
    return connection_on_reply(connection, flights_oldest(&connection->flights), failure, now_ns);
}

/* A wait of FULL_MS, of which up to a half is left out. */
static void assert_backs_off(struct connection_step step, enum connection_action action,
                             uint64_t now_ns, uint64_t full_ms)
{
    assert_int_equal(step.action, action);
    assert_in_range(step.deadline_ns - now_ns, full_ms * NS_PER_MS / 2, full_ms * NS_PER_MS);
}

static struct connection resting(const struct connection_settings *settings)
{
    struct connection connection;
    connection_init(&connection, settings, memory);
    return connection;
}

/* A connection that is open since 4 s, without a request. */
static struct connection idle(const struct connection_settings *settings)
{
    struct connection connection = resting(settings);
    connection_open(&connection, 0);
    connection_on_opened(&connection, 4 * SECOND);
    return connection;
}

static struct connection_step assign(struct connection *connection, uint64_t seq, uint64_t now_ns)
{
    return connection_assign(connection, (struct request){.seq = seq, .due_ns = now_ns}, now_ns);
}

/* A connection that is open, with request 7 in flight since 5 s. */
static struct connection awaiting(const struct connection_settings *settings)
{
    struct connection connection = resting(settings);
    assign(&connection, 7, 3 * SECOND);
    connection_on_opened(&connection, 4 * SECOND);
    connection_sent(&connection, 5 * SECOND);
    return connection;
}

static void assert_popped(struct connection *connection, uint64_t seq, uint64_t sent_ns)
{
    struct flight flight = *flights_pop(&connection->flights);
    assert_int_equal(flight.request.seq, seq);
    assert_int_equal(flight.sent_ns, sent_ns);
}

/* Breaks it at NOW_NS, with the one request that it has, until it may open again. */
static void break_off(struct connection *connection, uint64_t now_ns)
{
    struct connection_step step = connection_on_closed(connection, &closed, now_ns);
    assert_int_equal(step.ended, 1);
    flights_pop(&connection->flights);
    connection_on_deadline(connection, step.deadline_ns);
}

static void assert_step(struct connection_step step, enum connection_action action,
                        uint64_t deadline_ns)
{
    assert_int_equal(step.action, action);
    assert_int_equal(step.deadline_ns, deadline_ns);
}

static void test_connection_opens_without_a_request(void **state)
{
    (void)state;
    struct connection connection = resting(&held);
    assert_step(connection_open(&connection, 2 * SECOND), CONNECTION_START, 12 * SECOND);
    assert_int_equal(connection.state, CONNECTION_OPENING);
    assert_false(connection_is_free(&connection));
    assert_false(connection.opened_before);
    assert_step(connection_on_opened(&connection, 3 * SECOND), CONNECTION_NEXT, CLOCK_NEVER);
    assert_int_equal(connection.state, CONNECTION_OPEN);
    assert_int_equal(connection.opened_ns, 3 * SECOND);
    assert_true(connection_is_free(&connection));
    assert_true(connection.opened_before);
}

static void test_connection_sends_once_it_is_open(void **state)
{
    (void)state;
    struct connection connection = resting(&held);
    assert_step(assign(&connection, 1, SECOND), CONNECTION_START, 11 * SECOND);
    assert_step(connection_on_opened(&connection, SECOND), CONNECTION_SEND, CLOCK_NEVER);
    assert_step(connection_sent(&connection, 2 * SECOND), CONNECTION_WAIT, 32 * SECOND);
}

static void test_connection_sends_at_once_when_ready(void **state)
{
    (void)state;
    struct connection connection = idle(&held);
    assert_step(assign(&connection, 1, SECOND), CONNECTION_SEND, CLOCK_NEVER);
}

static void test_connection_ends_request_with_its_reply(void **state)
{
    (void)state;
    struct connection connection = awaiting(&held);
    struct connection_step step = reply(&connection, NULL, 6 * SECOND);
    assert_step(step, CONNECTION_NEXT, CLOCK_NEVER);
    assert_int_equal(step.ended, 1);
    assert_null(step.failure);
    assert_int_equal(flights_oldest(&connection.flights)->request.due_ns, 3 * SECOND);
    assert_popped(&connection, 7, 5 * SECOND);
    assert_int_equal(connection.flights.count, 0);
    assert_int_equal(connection.state, CONNECTION_OPEN);
}

static void test_connection_stays_open_after_an_error_reply(void **state)
{
    (void)state;
    struct connection connection = awaiting(&held);
    struct connection_step step = reply(&connection, &error_reply, 6 * SECOND);
    assert_step(step, CONNECTION_NEXT, CLOCK_NEVER);
    assert_ptr_equal(step.failure, &error_reply);
    assert_int_equal(connection.state, CONNECTION_OPEN);
}

static void test_connection_closes_after_a_message_that_breaks_the_protocol(void **state)
{
    (void)state;
    struct connection connection = awaiting(&held);
    struct connection_step step = connection_on_fault(&connection, &bad_frame, 6 * SECOND);
    assert_step(step, CONNECTION_CLOSE, 7 * SECOND);
    assert_ptr_equal(step.failure, &bad_frame);
}

static void test_connection_per_request_closes_after_the_reply(void **state)
{
    (void)state;
    struct connection connection = awaiting(&per_request);
    struct connection_step step = reply(&connection, NULL, 6 * SECOND);
    assert_step(step, CONNECTION_CLOSE, 7 * SECOND);
    assert_int_equal(step.ended, 1);
    flights_pop(&connection.flights);
    step = connection_on_closed(&connection, &closed, 6 * SECOND + 1);
    assert_step(step, CONNECTION_NEXT, CLOCK_NEVER);
    assert_int_equal(step.ended, 0);
    assert_null(step.failure);
}

static void test_connection_that_closes_fails_its_request_and_backs_off(void **state)
{
    (void)state;
    struct connection connection = awaiting(&held);
    struct connection_step step = connection_on_closed(&connection, &closed, 6 * SECOND);
    assert_backs_off(step, CONNECTION_WAIT, 6 * SECOND, 100);
    assert_int_equal(step.ended, 1);
    assert_ptr_equal(step.failure, &closed);
    assert_popped(&connection, 7, 5 * SECOND);
    step = connection_on_deadline(&connection, 7 * SECOND);
    assert_step(step, CONNECTION_NEXT, CLOCK_NEVER);
    assert_int_equal(connection.state, CONNECTION_RESTING);
}

static void test_connection_that_closes_when_idle_fails_no_request(void **state)
{
    (void)state;
    struct connection connection = idle(&held);
    struct connection_step step = connection_on_closed(&connection, &closed, SECOND);
    assert_int_equal(step.ended, 0);
    assert_ptr_equal(step.failure, &closed);
    assert_int_equal(connection.state, CONNECTION_BACKING_OFF);
}

static void test_connection_backs_off_from_100_ms_to_5_s(void **state)
{
    (void)state;
    static const uint64_t expected_ms[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000};
    struct connection connection = resting(&held);
    for (size_t i = 0; i < ARRAY_LENGTH(expected_ms); i++) {
        connection_open(&connection, 0);
        struct connection_step step = connection_on_failed(&connection, &closed, SECOND);
        assert_backs_off(step, CONNECTION_WAIT, SECOND, expected_ms[i]);
        connection_on_deadline(&connection, step.deadline_ns);
    }
}

static void test_connection_forgets_its_breaks_after_a_reply(void **state)
{
    (void)state;
    struct connection connection = awaiting(&held);
    break_off(&connection, 0);
    assign(&connection, 8, SECOND);
    connection_on_opened(&connection, SECOND);
    connection_sent(&connection, SECOND);
    reply(&connection, NULL, SECOND);
    flights_pop(&connection.flights);
    struct connection_step step = connection_on_closed(&connection, &closed, SECOND);
    assert_backs_off(step, CONNECTION_WAIT, SECOND, 100);
}

static void test_connection_remembers_its_breaks_after_a_bad_reply(void **state)
{
    (void)state;
    struct connection connection = awaiting(&held);
    break_off(&connection, 0);
    assign(&connection, 8, SECOND);
    connection_on_opened(&connection, SECOND);
    connection_sent(&connection, SECOND);
    reply(&connection, &error_reply, SECOND);
    flights_pop(&connection.flights);
    struct connection_step step = connection_on_closed(&connection, &closed, SECOND);
    assert_backs_off(step, CONNECTION_WAIT, SECOND, 200);
}

static void test_connection_without_a_reply_in_time_fails_and_closes(void **state)
{
    (void)state;
    struct connection connection = awaiting(&held);
    struct connection_step step = connection_on_deadline(&connection, 35 * SECOND);
    assert_step(step, CONNECTION_CLOSE, 36 * SECOND);
    assert_int_equal(step.ended, 1);
    assert_int_equal(step.failure->kind, FAILURE_REPLY_TIMEOUT);
}

static void test_connection_that_does_not_answer_the_close_is_dropped(void **state)
{
    (void)state;
    struct connection connection = awaiting(&held);
    connection_on_deadline(&connection, 35 * SECOND);
    flights_pop(&connection.flights);
    struct connection_step step = connection_on_deadline(&connection, 36 * SECOND);
    assert_step(step, CONNECTION_DROP, 36 * SECOND);
    assert_int_equal(step.ended, 0);
    step = connection_on_deadline(&connection, 36 * SECOND);
    assert_step(step, CONNECTION_NEXT, CLOCK_NEVER);
}

static void test_connection_that_does_not_open_in_time_is_dropped(void **state)
{
    (void)state;
    struct connection connection = resting(&held);
    assign(&connection, 2, 0);
    struct connection_step step = connection_on_deadline(&connection, 10 * SECOND);
    assert_backs_off(step, CONNECTION_DROP, 10 * SECOND, 100);
    assert_int_equal(step.ended, 1);
    assert_int_equal(step.failure->kind, FAILURE_CONNECT_TIMEOUT);
    assert_popped(&connection, 2, 0);
}

static void test_connection_that_fails_to_reopen_sent_nothing(void **state)
{
    (void)state;
    struct connection connection = awaiting(&held);
    break_off(&connection, 6 * SECOND);
    assign(&connection, 8, 7 * SECOND);
    struct connection_step step = connection_on_failed(&connection, &closed, 8 * SECOND);
    assert_int_equal(step.ended, 1);
    assert_popped(&connection, 8, 0); /* and not when request 7 was sent */
}

static void test_connection_at_rest_waits_whatever_the_time(void **state)
{
    (void)state;
    struct connection connection = resting(&held);
    assert_step(connection_on_deadline(&connection, SECOND), CONNECTION_WAIT, CLOCK_NEVER);
    assert_int_equal(connection.state, CONNECTION_RESTING);
}

static void test_connection_that_is_idle_is_free_again_at_its_deadline(void **state)
{
    (void)state;
    struct connection connection = idle(&held);
    struct connection_step step = connection_on_deadline(&connection, 5 * SECOND);
    assert_step(step, CONNECTION_NEXT, CLOCK_NEVER);
    assert_int_equal(step.ended, 0);
    assert_null(step.failure);
    assert_true(connection_is_free(&connection));
}

static void test_connection_finish_leaves_its_request_to_the_caller(void **state)
{
    (void)state;
    struct connection connection = awaiting(&held);
    struct connection_step step = connection_finish(&connection, 6 * SECOND);
    assert_step(step, CONNECTION_CLOSE, 7 * SECOND);
    assert_int_equal(step.ended, 0);
    assert_popped(&connection, 7, 5 * SECOND);

    connection = resting(&held);
    assign(&connection, 2, 0);
    step = connection_finish(&connection, SECOND);
    assert_step(step, CONNECTION_DROP, CLOCK_NEVER);
    assert_int_equal(step.ended, 0);
    assert_popped(&connection, 2, 0); /* never sent */
}

static void test_connection_finish_awaits_a_close_under_way(void **state)
{
    (void)state;
    struct connection connection = awaiting(&per_request);
    reply(&connection, NULL, 6 * SECOND);
    flights_pop(&connection.flights);
    assert_step(connection_finish(&connection, 6 * SECOND + 1), CONNECTION_WAIT, 7 * SECOND + 1);
    assert_int_equal(connection.state, CONNECTION_CLOSING);
}

static void test_connection_finish_leaves_what_is_not_open(void **state)
{
    (void)state;
    struct connection connection = resting(&held);
    assert_step(connection_finish(&connection, 0), CONNECTION_WAIT, CLOCK_NEVER);
    connection_open(&connection, 0);
    connection_on_failed(&connection, &closed, 0);
    assert_step(connection_finish(&connection, 0), CONNECTION_WAIT, CLOCK_NEVER);
    assert_int_equal(connection.state, CONNECTION_RESTING);
}

TEST_GROUP(connection)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connection_opens_without_a_request),
        cmocka_unit_test(test_connection_sends_once_it_is_open),
        cmocka_unit_test(test_connection_sends_at_once_when_ready),
        cmocka_unit_test(test_connection_ends_request_with_its_reply),
        cmocka_unit_test(test_connection_stays_open_after_an_error_reply),
        cmocka_unit_test(test_connection_closes_after_a_message_that_breaks_the_protocol),
        cmocka_unit_test(test_connection_per_request_closes_after_the_reply),
        cmocka_unit_test(test_connection_that_closes_fails_its_request_and_backs_off),
        cmocka_unit_test(test_connection_that_closes_when_idle_fails_no_request),
        cmocka_unit_test(test_connection_backs_off_from_100_ms_to_5_s),
        cmocka_unit_test(test_connection_forgets_its_breaks_after_a_reply),
        cmocka_unit_test(test_connection_remembers_its_breaks_after_a_bad_reply),
        cmocka_unit_test(test_connection_without_a_reply_in_time_fails_and_closes),
        cmocka_unit_test(test_connection_that_does_not_answer_the_close_is_dropped),
        cmocka_unit_test(test_connection_that_does_not_open_in_time_is_dropped),
        cmocka_unit_test(test_connection_that_fails_to_reopen_sent_nothing),
        cmocka_unit_test(test_connection_at_rest_waits_whatever_the_time),
        cmocka_unit_test(test_connection_that_is_idle_is_free_again_at_its_deadline),
        cmocka_unit_test(test_connection_finish_leaves_its_request_to_the_caller),
        cmocka_unit_test(test_connection_finish_awaits_a_close_under_way),
        cmocka_unit_test(test_connection_finish_leaves_what_is_not_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
