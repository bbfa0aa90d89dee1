#include "testing.h"

#include "connection.h"
#include "wsload/base/clock.h"

/* Replies that are known by their ids, replies that end by silence or by the server's close, steps
 * in front of all, and connections that are old enough. */

#define SECOND    NS_PER_S
#define IN_FLIGHT 3

static struct random random_numbers = {{1, 2, 3, 4}};

static const struct connection_settings plain = {
    .in_flight = IN_FLIGHT,
    .random = &random_numbers,
    .connect_timeout_ns = 10 * SECOND,
    .reply_timeout_ns = 30 * SECOND,
    .not_open = {FAILURE_CONNECT_TIMEOUT, "", {0}},
    .no_reply = {FAILURE_REPLY_TIMEOUT, "", {0}},
    .cut_short = {FAILURE_REPLY_TIMEOUT, "after another", {0}},
};

static const struct failure closed = {FAILURE_CLOSED, "1011", {0}};
static const struct failure wrong_answer = {FAILURE_SETUP, "on_connect 1", {0}};

static struct flight memory[IN_FLIGHT + 1]; /* of the connection under test, with its buckets */
static struct connection_settings settings; /* of the connection under test */

static struct connection opened(struct connection_settings chosen)
{
    struct connection connection;
    settings = chosen;
    connection_init(&connection, &settings, memory);
    connection_open(&connection, 0);
    connection_on_opened(&connection, 0);
    return connection;
}

static void send_at(struct connection *connection, uint64_t seq, uint64_t sent_ns)
{
    struct request request = {.seq = seq, .due_ns = sent_ns};
    connection_assign(connection, request, sent_ns);
    connection_sent(connection, sent_ns);
}

/* Requests 0, 1 and 2 in flight since 1, 2 and 3 s. */
static struct connection full(struct connection_settings chosen)
{
    struct connection connection = opened(chosen);
    for (uint64_t seq = 0; seq < IN_FLIGHT; seq++)
        send_at(&connection, seq, (seq + 1) * SECOND);
    return connection;
}

static struct connection_settings with_ids(void)
{
    struct connection_settings chosen = plain;
    chosen.by_id = true;
    return chosen;
}

static struct connection_settings with_silence(uint64_t silence_ns)
{
    struct connection_settings chosen = with_ids();
    chosen.silence_ns = silence_ns;
    return chosen;
}

static struct connection_settings with_steps(void)
{
    struct connection_settings chosen = plain;
    chosen.has_steps = true;
    return chosen;
}

static void assert_step(struct connection_step step, enum connection_action action,
                        uint64_t deadline_ns, unsigned ended)
{
    assert_int_equal(step.action, action);
    assert_int_equal(step.deadline_ns, deadline_ns);
    assert_int_equal(step.ended, ended);
}

/* A wait of FULL_MS, of which up to a half is left out. */
static void assert_backs_off(struct connection_step step, enum connection_action action,
                             uint64_t now_ns, uint64_t full_ms)
{
    assert_int_equal(step.action, action);
    assert_in_range(step.deadline_ns - now_ns, full_ms * NS_PER_MS / 2, full_ms * NS_PER_MS);
}

static void assert_popped(struct connection *connection, uint64_t seq)
{
    assert_int_equal(flights_pop(&connection->flights)->request.seq, seq);
}

/* A message of the reply to request SEQ. */
static void hear(struct connection *connection, uint64_t seq, uint64_t now_ns)
{
    struct flight *flight = flights_find(&connection->flights, seq);
    flight->reply.messages++;
    flight->last_ns = now_ns;
}

/* --- Ids --- */

static void test_connection_ends_the_request_that_was_replied_to(void **state)
{
    (void)state;
    struct connection connection = full(with_ids());
    struct flight *second = flights_find(&connection.flights, 1);
    struct connection_step step = connection_on_reply(&connection, second, NULL, 4 * SECOND);
    assert_step(step, CONNECTION_NEXT, 31 * SECOND, 1); /* that of request 0 is the first still */
    assert_popped(&connection, 1);
    step = connection_on_reply(&connection, flights_find(&connection.flights, 0), NULL, 5 * SECOND);
    assert_step(step, CONNECTION_NEXT, 33 * SECOND, 1);
    assert_popped(&connection, 0);
    assert_popped(&connection, 2);
}

static void test_connection_by_id_ends_only_what_is_overdue(void **state)
{
    (void)state;
    static const struct {
        uint64_t now_ns;
        unsigned ended;
        uint64_t deadline_ns;
    } cases[] = {
        {31 * SECOND, 1, 32 * SECOND},
        {32 * SECOND - 1, 1, 32 * SECOND},
        {32 * SECOND, 2, 33 * SECOND},
        {40 * SECOND, 3, CLOCK_NEVER},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct connection connection = full(with_ids());
        struct connection_step step = connection_on_deadline(&connection, cases[i].now_ns);
        assert_step(step, CONNECTION_NEXT, cases[i].deadline_ns, cases[i].ended);
        assert_ptr_equal(step.failure, &settings.no_reply);
        assert_ptr_equal(step.others, &settings.no_reply);
        assert_int_equal(connection.state, CONNECTION_OPEN);
        assert_true(connection.any_ended);
        for (uint64_t seq = 0; seq < cases[i].ended; seq++)
            assert_popped(&connection, seq);
    }
}

static void test_connection_by_id_waits_for_what_is_not_overdue(void **state)
{
    (void)state;
    struct connection connection = full(with_ids());
    assert_step(connection_on_deadline(&connection, 31 * SECOND - 1), CONNECTION_WAIT, 31 * SECOND,
                0);
    assert_false(connection.any_ended);
}

/* The answer to a step carries no id: a late one would be taken for that to the next step. */
static void test_connection_by_id_closes_when_a_step_is_overdue(void **state)
{
    (void)state;
    struct connection connection = opened(with_ids());
    send_at(&connection, 0, SECOND);
    flights_oldest(&connection.flights)->awaited = 1;
    struct connection_step step = connection_on_deadline(&connection, 31 * SECOND);
    assert_step(step, CONNECTION_CLOSE, 32 * SECOND, 1);
    assert_ptr_equal(step.failure, &settings.no_reply);
}

static void test_connection_per_request_closes_when_overdue_by_id_too(void **state)
{
    (void)state;
    struct connection_settings chosen = with_ids();
    chosen.per_request = true;
    struct connection connection = opened(chosen);
    send_at(&connection, 0, SECOND);
    assert_step(connection_on_deadline(&connection, 31 * SECOND), CONNECTION_CLOSE, 32 * SECOND, 1);
}

/* --- Silence --- */

static void test_connection_has_the_earliest_deadline_of_silence(void **state)
{
    (void)state;
    struct connection connection = full(with_silence(2 * SECOND));
    assert_int_equal(connection_deadline_ns(&connection), 31 * SECOND); /* nothing came yet */
    hear(&connection, 2, 4 * SECOND);
    assert_int_equal(connection_deadline_ns(&connection), 6 * SECOND);
    hear(&connection, 1, 5 * SECOND);
    assert_int_equal(connection_deadline_ns(&connection), 6 * SECOND);
    hear(&connection, 2, 5500 * NS_PER_MS);
    assert_int_equal(connection_deadline_ns(&connection), 7 * SECOND);
}

static void test_connection_ends_by_silence_the_one_that_is_silent(void **state)
{
    (void)state;
    struct connection connection = full(with_silence(2 * SECOND));
    connection.breaks = 3;
    hear(&connection, 1, 4 * SECOND);
    hear(&connection, 2, 4500 * NS_PER_MS);
    assert_step(connection_on_deadline(&connection, 6 * SECOND - 1), CONNECTION_WAIT, 6 * SECOND,
                0);
    struct connection_step step = connection_on_deadline(&connection, 6 * SECOND);
    assert_step(step, CONNECTION_NEXT, 6500 * NS_PER_MS, 1);
    assert_true(step.silent);
    assert_null(step.failure);
    assert_int_equal(connection.breaks, 0);
    assert_popped(&connection, 1);
    step = connection_on_deadline(&connection, 6500 * NS_PER_MS);
    assert_step(step, CONNECTION_NEXT, 31 * SECOND, 1);
    assert_true(step.silent);
    assert_popped(&connection, 2);
    step = connection_on_deadline(&connection, 31 * SECOND);
    assert_false(step.silent); /* nothing ever came: it is overdue */
    assert_ptr_equal(step.failure, &settings.no_reply);
    assert_popped(&connection, 0);
}

static void test_connection_may_be_overdue_before_it_is_silent(void **state)
{
    (void)state;
    struct connection connection = full(with_silence(2 * SECOND));
    hear(&connection, 0, 30 * SECOND);
    assert_int_equal(connection_deadline_ns(&connection), 31 * SECOND);
    struct connection_step step = connection_on_deadline(&connection, 31 * SECOND);
    assert_step(step, CONNECTION_NEXT, 32 * SECOND, 1);
    assert_false(step.silent);
    assert_ptr_equal(step.failure, &settings.no_reply);
}

/* --- The server's close as the end of a reply --- */

static void test_connection_comes_back_at_once_after_a_close_that_ends_a_reply(void **state)
{
    (void)state;
    struct connection connection = opened(plain);
    send_at(&connection, 5, SECOND);
    connection.breaks = 3;
    struct connection_step step = connection_on_closed(&connection, NULL, 2 * SECOND);
    assert_step(step, CONNECTION_NEXT, CLOCK_NEVER, 1);
    assert_null(step.failure);
    assert_int_equal(connection.state, CONNECTION_RESTING);
    assert_int_equal(connection.breaks, 0);
    assert_popped(&connection, 5);
}

/* --- Steps in front of all --- */

static struct connection setting_up(bool with_request)
{
    struct connection connection;
    settings = with_steps();
    connection_init(&connection, &settings, memory);
    if (with_request)
        connection_assign(&connection, (struct request){.seq = 7, .due_ns = 0}, 0);
    else
        connection_open(&connection, 0);
    assert_step(connection_on_opened(&connection, SECOND), CONNECTION_SETUP, 31 * SECOND, 0);
    assert_int_equal(connection.state, CONNECTION_SETTING_UP);
    assert_false(connection_is_free(&connection));
    assert_false(connection_is_idle(&connection));
    return connection;
}

static void test_connection_that_is_set_up_goes_on_as_one_that_opens(void **state)
{
    (void)state;
    struct connection connection = setting_up(false);
    assert_step(connection_on_ready(&connection), CONNECTION_NEXT, CLOCK_NEVER, 0);
    assert_true(connection_is_free(&connection));
    connection = setting_up(true);
    assert_step(connection_on_ready(&connection), CONNECTION_SEND, CLOCK_NEVER, 0);
    assert_int_equal(connection.state, CONNECTION_OPEN);
}

/* Closes politely, and backs off when that is answered or not. */
static void test_connection_backs_off_after_a_step_that_failed(void **state)
{
    (void)state;
    for (int answered = 0; answered < 2; answered++) {
        struct connection connection = setting_up(true);
        struct connection_step step = connection_on_setup_failed(&connection, &wrong_answer,
                                                                 2 * SECOND);
        assert_step(step, CONNECTION_CLOSE, 3 * SECOND, 1);
        assert_ptr_equal(step.failure, &wrong_answer);
        assert_popped(&connection, 7);
        if (answered)
            assert_backs_off(step = connection_on_closed(&connection, &closed, 2 * SECOND),
                             CONNECTION_WAIT, 2 * SECOND, 100);
        else
            assert_backs_off(step = connection_on_deadline(&connection, 3 * SECOND),
                             CONNECTION_DROP, 3 * SECOND, 100);
        assert_int_equal(step.ended, 0);
        assert_null(step.failure); /* that it failed has been told */
        assert_int_equal(connection.state, CONNECTION_BACKING_OFF);
        assert_step(connection_on_deadline(&connection, step.deadline_ns), CONNECTION_NEXT,
                    CLOCK_NEVER, 0);
    }
}

static void test_connection_backs_off_longer_when_its_steps_fail_again(void **state)
{
    (void)state;
    static const uint64_t expected_ms[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000};
    struct connection connection = setting_up(false);
    for (size_t i = 0; i < ARRAY_LENGTH(expected_ms); i++) {
        connection_on_setup_failed(&connection, &wrong_answer, SECOND);
        struct connection_step step = connection_on_closed(&connection, &closed, SECOND);
        assert_backs_off(step, CONNECTION_WAIT, SECOND, expected_ms[i]);
        connection_on_deadline(&connection, step.deadline_ns);
        connection_open(&connection, SECOND);
        connection_on_opened(&connection, SECOND);
    }
}

static void test_connection_closed_while_set_up_fails_its_request(void **state)
{
    (void)state;
    struct connection connection = setting_up(true);
    struct connection_step step = connection_on_closed(&connection, &closed, 2 * SECOND);
    assert_backs_off(step, CONNECTION_WAIT, 2 * SECOND, 100);
    assert_int_equal(step.ended, 1);
    assert_ptr_equal(step.failure, &closed);
}

static void test_connection_finish_closes_what_is_set_up(void **state)
{
    (void)state;
    struct connection connection = setting_up(true);
    assert_step(connection_finish(&connection, 2 * SECOND), CONNECTION_CLOSE, 3 * SECOND, 0);
    assert_popped(&connection, 7);
    assert_step(connection_on_closed(&connection, &closed, 2 * SECOND), CONNECTION_NEXT,
                CLOCK_NEVER, 0);
}

static void test_connection_backs_off_for_half_of_the_time_to_all_of_it(void **state)
{
    (void)state;
    uint64_t least_ns = UINT64_MAX;
    uint64_t most_ns = 0;
    struct connection connection = opened(plain);
    for (int i = 0; i < 1000; i++) {
        connection.breaks = 0;
        uint64_t wait_ns = connection_on_closed(&connection, &closed, SECOND).deadline_ns - SECOND;
        least_ns = wait_ns < least_ns ? wait_ns : least_ns;
        most_ns = wait_ns > most_ns ? wait_ns : most_ns;
    }
    assert_in_range(least_ns, 50 * NS_PER_MS, 51 * NS_PER_MS);
    assert_in_range(most_ns, 99 * NS_PER_MS, 100 * NS_PER_MS);
}

/* --- Old enough --- */

static void test_connection_that_is_idle_retires_at_once(void **state)
{
    (void)state;
    struct connection connection = opened(plain);
    assert_step(connection_retire(&connection, 5 * SECOND), CONNECTION_CLOSE, 6 * SECOND, 0);
    assert_true(connection.rotated);
    assert_step(connection_on_closed(&connection, &closed, 5 * SECOND), CONNECTION_NEXT,
                CLOCK_NEVER, 0);
    assert_true(connection.rotated); /* until it opens again */
    connection_open(&connection, 5 * SECOND);
    connection_on_opened(&connection, 6 * SECOND);
    assert_false(connection.rotated);
    assert_true(connection_is_free(&connection));
}

static void test_connection_retires_once_nothing_is_in_flight(void **state)
{
    (void)state;
    struct connection connection = full(plain);
    assert_step(connection_retire(&connection, 5 * SECOND), CONNECTION_WAIT, 31 * SECOND, 0);
    assert_false(connection.rotated);
    for (uint64_t seq = 0; seq < IN_FLIGHT; seq++) {
        assert_false(connection_is_free(&connection)); /* though there is room */
        struct flight *oldest = flights_oldest(&connection.flights);
        assert_int_equal(connection_on_reply(&connection, oldest, NULL, 6 * SECOND).action,
                         CONNECTION_NEXT);
        assert_popped(&connection, seq);
    }
    assert_step(connection_retire(&connection, 6 * SECOND), CONNECTION_CLOSE, 7 * SECOND, 0);
    assert_true(connection.rotated);
}

static void test_connection_lost_while_it_retires_was_not_replaced(void **state)
{
    (void)state;
    struct connection connection = full(plain);
    connection_retire(&connection, 5 * SECOND);
    assert_int_equal(connection_on_closed(&connection, &closed, 6 * SECOND).ended, IN_FLIGHT);
    assert_false(connection.rotated);
    for (uint64_t seq = 0; seq < IN_FLIGHT; seq++)
        assert_popped(&connection, seq);
    connection_open(&connection, 7 * SECOND);
    connection_on_opened(&connection, 7 * SECOND);
    assert_true(connection_is_free(&connection)); /* the new one is not old */
}

/* --- Faults --- */

static void test_connection_knows_that_requests_ended_on_it(void **state)
{
    (void)state;
    struct connection connection = full(plain);
    assert_false(connection.any_ended);
    connection_on_fault(&connection, &closed, 4 * SECOND);
    assert_true(connection.any_ended);
    connection_open(&connection, 4 * SECOND);
    connection_on_opened(&connection, 4 * SECOND);
    assert_false(connection.any_ended); /* on this one */
}

TEST_GROUP(connection_ids)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connection_ends_the_request_that_was_replied_to),
        cmocka_unit_test(test_connection_by_id_ends_only_what_is_overdue),
        cmocka_unit_test(test_connection_by_id_waits_for_what_is_not_overdue),
        cmocka_unit_test(test_connection_by_id_closes_when_a_step_is_overdue),
        cmocka_unit_test(test_connection_per_request_closes_when_overdue_by_id_too),
        cmocka_unit_test(test_connection_has_the_earliest_deadline_of_silence),
        cmocka_unit_test(test_connection_ends_by_silence_the_one_that_is_silent),
        cmocka_unit_test(test_connection_may_be_overdue_before_it_is_silent),
        cmocka_unit_test(test_connection_comes_back_at_once_after_a_close_that_ends_a_reply),
        cmocka_unit_test(test_connection_that_is_set_up_goes_on_as_one_that_opens),
        cmocka_unit_test(test_connection_backs_off_after_a_step_that_failed),
        cmocka_unit_test(test_connection_backs_off_longer_when_its_steps_fail_again),
        cmocka_unit_test(test_connection_closed_while_set_up_fails_its_request),
        cmocka_unit_test(test_connection_finish_closes_what_is_set_up),
        cmocka_unit_test(test_connection_backs_off_for_half_of_the_time_to_all_of_it),
        cmocka_unit_test(test_connection_that_is_idle_retires_at_once),
        cmocka_unit_test(test_connection_retires_once_nothing_is_in_flight),
        cmocka_unit_test(test_connection_lost_while_it_retires_was_not_replaced),
        cmocka_unit_test(test_connection_knows_that_requests_ended_on_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
