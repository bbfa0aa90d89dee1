#include "testing.h"

#include "connection.h"
#include "wsload/base/clock.h"

/* Several requests in flight over one connection. */

#define SECOND    NS_PER_S
#define IN_FLIGHT 3

static struct random random_numbers = {{1, 2, 3, 4}};

static const struct connection_settings settings = {
    .in_flight = IN_FLIGHT,
    .random = &random_numbers,
    .connect_timeout_ns = 10 * SECOND,
    .reply_timeout_ns = 30 * SECOND,
    .not_open = {FAILURE_CONNECT_TIMEOUT, "", {0}},
    .no_reply = {FAILURE_REPLY_TIMEOUT, "", {0}},
    .cut_short = {FAILURE_REPLY_TIMEOUT, "after another", {0}},
};

static const struct failure closed = {FAILURE_EOF, "", {0}};
static const struct failure error_reply = {FAILURE_ERROR_REPLY, "", {0}};
static const struct failure bad_frame = {FAILURE_PROTOCOL, "", {0}};

static struct flight memory[IN_FLIGHT + 1]; /* of the connection under test, with its buckets */

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

static struct connection_step send_at(struct connection *connection, uint64_t seq, uint64_t sent_ns)
{
    struct request request = {.seq = seq, .due_ns = sent_ns};
    struct connection_step step = connection_assign(connection, request, sent_ns);
    assert_int_equal(step.action, CONNECTION_SEND);
    assert_int_equal(flights_newest(&connection->flights)->request.seq, seq);
    return connection_sent(connection, sent_ns);
}

/* Open, with requests 0, 1 and 2 in flight since 1, 2 and 3 s. */
static struct connection full(void)
{
    struct connection connection;
    connection_init(&connection, &settings, memory);
    connection_open(&connection, 0);
    connection_on_opened(&connection, 0);
    for (uint64_t seq = 0; seq < IN_FLIGHT; seq++) {
        assert_true(connection_is_free(&connection));
        send_at(&connection, seq, (seq + 1) * SECOND);
    }
    return connection;
}

static void assert_popped(struct connection *connection, uint64_t seq, uint64_t sent_ns)
{
    struct flight flight = *flights_pop(&connection->flights);
    assert_int_equal(flight.request.seq, seq);
    assert_int_equal(flight.sent_ns, sent_ns);
}

static void assert_step(struct connection_step step, enum connection_action action,
                        uint64_t deadline_ns, unsigned ended)
{
    assert_int_equal(step.action, action);
    assert_int_equal(step.deadline_ns, deadline_ns);
    assert_int_equal(step.ended, ended);
}

static void test_connection_has_room_until_all_flights_are_taken(void **state)
{
    (void)state;
    struct connection connection = full();
    assert_false(connection_is_free(&connection));
    reply(&connection, NULL, 4 * SECOND);
    flights_pop(&connection.flights);
    assert_true(connection_is_free(&connection));
}

static void test_connection_keeps_the_deadline_of_its_oldest_request(void **state)
{
    (void)state;
    struct connection connection = full();
    struct connection_step step = reply(&connection, NULL, 4 * SECOND);
    assert_step(step, CONNECTION_NEXT, 32 * SECOND, 1); /* request 1, sent at 2 s */
    flights_pop(&connection.flights);
    step = send_at(&connection, 3, 5 * SECOND);
    assert_step(step, CONNECTION_WAIT, 32 * SECOND, 0);
    step = reply(&connection, NULL, 6 * SECOND);
    assert_step(step, CONNECTION_NEXT, 33 * SECOND, 1);
    flights_pop(&connection.flights);
    step = reply(&connection, NULL, 6 * SECOND);
    assert_step(step, CONNECTION_NEXT, 35 * SECOND, 1);
    flights_pop(&connection.flights);
    step = reply(&connection, NULL, 6 * SECOND);
    assert_step(step, CONNECTION_NEXT, CLOCK_NEVER, 1);
}

static void test_connection_gives_replies_first_in_first_out_round_its_ring(void **state)
{
    (void)state;
    struct connection connection = full();
    for (uint64_t seq = 0; seq < 4 * IN_FLIGHT + 1; seq++) {
        assert_int_equal(flights_oldest(&connection.flights)->request.seq, seq);
        struct connection_step step = reply(&connection, NULL, 9 * SECOND);
        assert_int_equal(step.ended, 1);
        assert_null(step.failure);
        assert_popped(&connection, seq, (seq + 1) * SECOND);
        send_at(&connection, seq + IN_FLIGHT, (seq + IN_FLIGHT + 1) * SECOND);
        assert_int_equal(connection.flights.count, IN_FLIGHT);
    }
}

static void test_connection_fails_only_the_oldest_with_an_error_reply(void **state)
{
    (void)state;
    struct connection connection = full();
    struct connection_step step = reply(&connection, &error_reply, 4 * SECOND);
    assert_step(step, CONNECTION_NEXT, 32 * SECOND, 1);
    assert_ptr_equal(step.failure, &error_reply);
    assert_popped(&connection, 0, SECOND);
    assert_int_equal(flights_oldest(&connection.flights)->request.seq, 1);
}

static void test_connection_fails_all_with_a_message_that_breaks_the_protocol(void **state)
{
    (void)state;
    struct connection connection = full();
    struct connection_step step = connection_on_fault(&connection, &bad_frame, 4 * SECOND);
    assert_step(step, CONNECTION_CLOSE, 5 * SECOND, 3);
    assert_ptr_equal(step.failure, &bad_frame);
    assert_ptr_equal(step.others, &bad_frame);
}

static void test_connection_that_closes_fails_all_for_its_reason(void **state)
{
    (void)state;
    struct connection connection = full();
    struct connection_step step = connection_on_closed(&connection, &closed, 4 * SECOND);
    assert_backs_off(step, CONNECTION_WAIT, 4 * SECOND, 100);
    assert_int_equal(step.ended, 3);
    assert_ptr_equal(step.failure, &closed);
    assert_ptr_equal(step.others, &closed);
    for (uint64_t seq = 0; seq < IN_FLIGHT; seq++)
        assert_popped(&connection, seq, (seq + 1) * SECOND);
    assert_int_equal(connection.flights.count, 0);
}

static void test_connection_timeout_fails_the_others_behind_the_oldest(void **state)
{
    (void)state;
    struct connection connection = full();
    struct connection_step step = connection_on_deadline(&connection, 31 * SECOND);
    assert_step(step, CONNECTION_CLOSE, 32 * SECOND, 3);
    assert_int_equal(step.failure->kind, FAILURE_REPLY_TIMEOUT);
    assert_string_equal(step.failure->detail, "");
    assert_int_equal(step.others->kind, FAILURE_REPLY_TIMEOUT);
    assert_string_equal(step.others->detail, "after another");
}

static void test_connection_begins_anew_after_a_break_in_mid_ring(void **state)
{
    (void)state;
    struct connection connection = full();
    reply(&connection, NULL, 4 * SECOND);
    flights_pop(&connection.flights);
    connection_on_closed(&connection, &closed, 5 * SECOND);
    flights_pop(&connection.flights);
    flights_pop(&connection.flights);
    connection_on_deadline(&connection, 6 * SECOND);
    assert_false(connection_is_free(&connection));
    connection_open(&connection, 6 * SECOND);
    connection_on_opened(&connection, 6 * SECOND);
    for (uint64_t seq = 10; seq < 10 + IN_FLIGHT; seq++)
        send_at(&connection, seq, 7 * SECOND);
    for (uint64_t seq = 10; seq < 10 + IN_FLIGHT; seq++)
        assert_popped(&connection, seq, 7 * SECOND);
}

TEST_GROUP(connection_flights)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connection_has_room_until_all_flights_are_taken),
        cmocka_unit_test(test_connection_keeps_the_deadline_of_its_oldest_request),
        cmocka_unit_test(test_connection_gives_replies_first_in_first_out_round_its_ring),
        cmocka_unit_test(test_connection_fails_only_the_oldest_with_an_error_reply),
        cmocka_unit_test(test_connection_fails_all_with_a_message_that_breaks_the_protocol),
        cmocka_unit_test(test_connection_that_closes_fails_all_for_its_reason),
        cmocka_unit_test(test_connection_timeout_fails_the_others_behind_the_oldest),
        cmocka_unit_test(test_connection_begins_anew_after_a_break_in_mid_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
