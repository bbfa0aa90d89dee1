#include "testing.h"

#include "fake_run.h"
#include "opener.h"
#include "wsload/base/clock.h"

/* --- Opening --- */

static void open_late_then_answer(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    assert_int_equal(fake->sends, 0); /* not before the other is open, too */
    fake_advance(fake, 40 * NS_PER_MS);
    fake_opened(fake, 1);
    assert_int_equal(fake->sends, 2);
    assert_string_equal(fake->connections[0].last_message, "1 one");
    assert_string_equal(fake->connections[1].last_message, "2 two");
    fake_advance(fake, 7 * NS_PER_MS);
    fake_reply(fake, 1, "to two");
    assert_string_equal(fake->connections[1].last_message, "3 three");
    fake_advance(fake, 3 * NS_PER_MS);
    fake_reply(fake, 0, "ok");
    assert_string_equal(fake->connections[0].last_message, "4 one"); /* round again */
    fake_advance(fake, 5 * NS_PER_MS);
    fake_reply(fake, 0, "ok");
    fake_reply(fake, 1, "ok");
    assert_int_equal(fake->connections[0].closes, 1);
    assert_int_equal(fake->connections[1].closes, 1);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    assert_false(fake->stopped);
    fake_closed(fake, 1, FAILURE_CLOSED, "1000");
    assert_true(fake->stopped);
}

static void test_worker_starts_the_clock_when_all_are_open(void **state)
{
    (void)state;
    run_set_up(2, 4);
    const struct recorder *recorder = run_execute(open_late_then_answer);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 4);
    assert_int_equal(recorder->seen->counts[COUNT_OPENED], 2);
    assert_int_equal(recorder->seen->counts[COUNT_CLOSED_BY_SERVER], 0);
    assert_int_equal(worker_measurement(run.worker)->counts[COUNT_OPEN_TIME], 40 * NS_PER_MS);
    assert_int_equal(run_total_ns(), 15 * NS_PER_MS);
    assert_int_equal(recorder->seen->distributions[DIST_LATENCY].min, 5 * NS_PER_MS);
    assert_int_equal(recorder->seen->distributions[DIST_LATENCY].max, 10 * NS_PER_MS);
    assert_string_equal(recorder->seen->samples[1].prompt, "two");
    assert_string_equal(recorder->seen->samples[1].reply, "to two");
    assert_int_equal(recorder->seen->samples[1].latency_ns, 7 * NS_PER_MS);
    assert_true(recorder->seen->samples[3].present);
    run_tear_down();
}

static void refuse_both(struct fake_transport *fake)
{
    fake_failed(fake, 0, FAILURE_CONNECT_REFUSED);
    assert_false(fake->stopped);
    fake_failed(fake, 1, FAILURE_CONNECT_REFUSED);
}

static void test_worker_ends_when_no_connection_opens(void **state)
{
    (void)state;
    run_set_up(2, 4);
    const struct recorder *recorder = run_execute(refuse_both);
    assert_true(run.fake->stopped);
    assert_int_equal(recorder->seen->counts[COUNT_SENT] + recorder->seen->counts[COUNT_OK] +
                         recorder->seen->counts[COUNT_FAILED],
                     0);
    assert_int_equal(recorder->seen->counts[COUNT_OPEN_FAILED], 2);
    assert_failure(recorder, 0, FAILURE_CONNECT_REFUSED, "", 0);
    assert_int_equal(recorder->seen->failures.classes[0].count, 2);
    assert_int_equal(run_total_ns(), 0);
    run_tear_down();
}

static void refuse_one_first(struct fake_transport *fake)
{
    fake_failed(fake, 0, FAILURE_CONNECT_REFUSED);
    fake_opened(fake, 1);
    assert_int_equal(fake->sends, 1);
    fake_advance(fake, 50 * NS_PER_MS - 1);
    assert_int_equal(fake->connections[0].opens, 1);
    fake_advance(fake, 50 * NS_PER_MS + 1);
    assert_int_equal(fake->connections[0].opens, 2); /* with a prompt of its own, within 100 ms */
    fake_advance(fake, 30 * NS_PER_MS);
    fake_opened(fake, 0);
    assert_int_equal(fake->sends, 2);
    fake_reply(fake, 0, "ok");
    fake_reply(fake, 1, "ok");
    fake_reply(fake, 0, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    fake_closed(fake, 1, FAILURE_CLOSED, "1000");
}

static void test_worker_tries_again_what_did_not_open_first(void **state)
{
    (void)state;
    run_set_up(2, 3);
    const struct recorder *recorder = run_execute(refuse_one_first);
    assert_conserved(recorder);
    assert_true(run.fake->stopped);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 3);
    assert_int_equal(recorder->seen->counts[COUNT_FAILED], 0);
    assert_int_equal(recorder->seen->counts[COUNT_OPENED], 2);
    assert_int_equal(recorder->seen->counts[COUNT_REOPENED], 0);
    assert_int_equal(recorder->seen->counts[COUNT_OPEN_FAILED], 1);
    assert_int_equal(recorder->seen->distributions[DIST_CONNECT].count, 2);
    assert_in_range(recorder->seen->distributions[DIST_CONNECT].max, 30 * NS_PER_MS,
                    80 * NS_PER_MS); /* of the attempt that succeeded */
    run_tear_down();
}

static void count_openings(struct fake_transport *fake)
{
    for (uint32_t id = 0; id < OPENER_HANDSHAKES_LEAST; id++)
        assert_int_equal(fake->connections[id].opens, 1);
    assert_int_equal(fake->connections[OPENER_HANDSHAKES_LEAST].opens, 0);
    fake_opened(fake, 3);
    assert_int_equal(fake->connections[OPENER_HANDSHAKES_LEAST].opens, 1);
    assert_int_equal(fake->connections[OPENER_HANDSHAKES_LEAST + 1].opens, 0);
    fake_failed(fake, 4, FAILURE_CONNECT_REFUSED);
    assert_int_equal(fake->connections[OPENER_HANDSHAKES_LEAST + 1].opens, 1);
    assert_int_equal(fake->connections[OPENER_HANDSHAKES_LEAST + 2].opens, 0);
}

static void test_worker_bounds_the_handshakes_under_way(void **state)
{
    (void)state;
    run_set_up(1000, 3);
    run_execute(count_openings);
    run_tear_down();
}

static void open_from_afar(struct fake_transport *fake)
{
    const uint32_t first = OPENER_HANDSHAKES_LEAST; /* of those that have to wait */
    fake_advance(fake, 100 * NS_PER_MS);
    fake_opened(fake, 0); /* one in its place, and one more */
    assert_int_equal(fake->connections[first + 1].opens, 1);
    assert_int_equal(fake->connections[first + 2].opens, 0);
    fake_failed(fake, 1, FAILURE_CONNECT_REFUSED);
    assert_int_equal(fake->connections[first + 3].opens, 1);
    assert_int_equal(fake->connections[first + 4].opens, 0);
    fake_opened(fake, first); /* at once */
    assert_int_equal(fake->connections[first + 4].opens, 0);
}

static void test_worker_has_more_handshakes_under_way_where_they_take_long(void **state)
{
    (void)state;
    run_set_up(1000, 3);
    run_execute(open_from_afar);
    run_tear_down();
}

/* Answers the request of connection ID, which is opening, and closes it. */
static void serve_once(struct fake_transport *fake, uint32_t id)
{
    fake_opened(fake, id);
    fake_reply(fake, id, "ok");
    fake_closed(fake, id, FAILURE_CLOSED, "1000");
}

static void open_in_turn(struct fake_transport *fake)
{
    const uint32_t first = OPENER_HANDSHAKES_LEAST; /* of three that have to wait */
    assert_int_equal(fake->connections[first - 1].opens, 1);
    assert_int_equal(fake->connections[first].opens, 0);
    fake_opened(fake, 0);
    assert_int_equal(fake->connections[first].opens, 1);
    fake_failed(fake, 1, FAILURE_CONNECT_REFUSED);
    assert_int_equal(fake->connections[first + 1].opens, 1);
    assert_int_equal(fake->connections[first + 2].opens, 0);
    serve_once(fake, 2);
    assert_int_equal(fake->connections[2].opens, 1); /* behind the one that waits already */
    assert_int_equal(fake->connections[first + 2].opens, 1);
    serve_once(fake, first);
    assert_int_equal(fake->connections[2].opens, 2);
    serve_once(fake, first + 1);
    assert_int_equal(fake->connections[first].opens, 2); /* waited twice */
    serve_once(fake, 3);
    serve_once(fake, 4);
    serve_once(fake, 5); /* each end of a handshake lets one go on, and never twice */
    assert_int_equal(fake->connections[0].sends, 1);
    assert_int_equal(fake->connections[first + 1].opens, 2);
    assert_int_equal(fake->connections[3].opens, 2);
    assert_int_equal(fake->connections[4].opens, 2);
    assert_int_equal(fake->connections[5].opens, 1);
}

static void test_worker_opens_in_turn_what_waits_for_a_handshake(void **state)
{
    (void)state;
    run_set_up(OPENER_HANDSHAKES_LEAST + 3, 10000);
    run.plan.load.connection_per_request = true;
    run_execute(open_in_turn);
    run_tear_down();
}

static void let_the_queue_run_dry(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    assert_int_equal(fake->connections[OPENER_HANDSHAKES_LEAST].opens, 1);
    fake_reply(fake, 0, "ok");
    for (uint32_t id = 1; id <= OPENER_HANDSHAKES_LEAST; id++)
        fake_opened(fake, id);
    assert_int_equal(fake->connections[0].opens, 1);
    assert_int_equal(fake->connections[0].sends, 1);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    assert_int_equal(fake->connections[0].opens, 2);
}

static void test_worker_leaves_alone_what_no_longer_waits(void **state)
{
    (void)state;
    run_set_up(OPENER_HANDSHAKES_LEAST + 1, 10000);
    run.plan.load.connection_per_request = true;
    run_execute(let_the_queue_run_dry);
    run_tear_down();
}

static void break_all_but_one(struct fake_transport *fake)
{
    const uint32_t last = OPENER_HANDSHAKES_LEAST;
    for (uint32_t id = 0; id <= last; id++)
        fake_opened(fake, id);
    for (uint32_t id = 0; id < last; id++)
        fake_closed(fake, id, FAILURE_RESET, "");
    fake_advance(fake, 100 * NS_PER_MS);
    assert_int_equal(fake->connections[last - 1].opens, 2);
    fake_reply(fake, last, "ok");
    assert_int_equal(fake->connections[last].sends, 2);
}

static void test_worker_sends_on_while_others_open_again(void **state)
{
    (void)state;
    run_set_up(OPENER_HANDSHAKES_LEAST + 1, 10000);
    run_execute(break_all_but_one);
    run_tear_down();
}

static void do_nothing(struct fake_transport *fake)
{
    (void)fake;
}

static void test_worker_survives_many_failures_inside_open(void **state)
{
    (void)state;
    static const struct failure unreachable = {FAILURE_CONNECT_REFUSED, "", {0}};
    run_set_up(20000, 3);
    run.refuse_with = &unreachable;
    run_execute(do_nothing);
    assert_true(run.fake->stopped);
    assert_int_equal(run_recorder(0)->seen->counts[COUNT_OPEN_FAILED], 20000);
    run_tear_down();
}

/* --- Breaking --- */

static void break_twice(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_closed(fake, 0, FAILURE_CLOSED, "1011");
    assert_int_equal(fake->connections[0].opens, 1);
    fake_advance(fake, 50 * NS_PER_MS - 1);
    assert_int_equal(fake->connections[0].opens, 1);
    fake_advance(fake, 50 * NS_PER_MS + 1);
    assert_int_equal(fake->connections[0].opens, 2);
    fake_opened(fake, 0);
    fake_closed(fake, 0, FAILURE_RESET, "");
    fake_advance(fake, 100 * NS_PER_MS - 1);
    assert_int_equal(fake->connections[0].opens, 2);
    fake_advance(fake, 100 * NS_PER_MS + 1);
    assert_int_equal(fake->connections[0].opens, 3);
    fake_opened(fake, 0);
    fake_reply(fake, 0, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_fails_the_request_of_a_connection_that_breaks(void **state)
{
    (void)state;
    run_set_up(1, 3);
    const struct recorder *recorder = run_execute(break_twice);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 1);
    assert_int_equal(recorder->seen->counts[COUNT_FAILED], 2);
    assert_failure(recorder, 0, FAILURE_CLOSED, "1011", 1);
    assert_failure(recorder, 1, FAILURE_RESET, "", 1);
    assert_int_equal(recorder->seen->counts[COUNT_OPENED], 1);
    assert_int_equal(recorder->seen->counts[COUNT_REOPENED], 2);
    assert_int_equal(recorder->seen->counts[COUNT_CLOSED_BY_SERVER], 2);
    run_tear_down();
}

static void never_reopen(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_closed(fake, 0, FAILURE_RESET, "");
    for (int attempt = 0; attempt < 2; attempt++) {
        fake_advance(fake, 5 * NS_PER_S);
        fake_failed(fake, 0, FAILURE_CONNECT_REFUSED);
    }
}

static void test_worker_fails_a_request_for_each_attempt_to_reopen(void **state)
{
    (void)state;
    run_set_up(1, 3);
    const struct recorder *recorder = run_execute(never_reopen);
    assert_true(run.fake->stopped); /* and not for ever */
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_SENT], 1);
    assert_int_equal(recorder->seen->counts[COUNT_FAILED], 3);
    assert_failure(recorder, 0, FAILURE_RESET, "", 1);
    assert_failure(recorder, 1, FAILURE_CONNECT_REFUSED, "", 2);
    run_tear_down();
}

static void break_the_last(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_closed(fake, 0, FAILURE_PROTOCOL, "");
    assert_true(fake->stopped); /* at once, and not when it wakes */
}

static void test_worker_ends_when_the_last_request_breaks(void **state)
{
    (void)state;
    run_set_up(1, 1);
    const struct recorder *recorder = run_execute(break_the_last);
    assert_conserved(recorder);
    assert_failure(recorder, 0, FAILURE_PROTOCOL, "", 1);
    assert_int_equal(recorder->seen->counts[COUNT_CLOSED_BY_SERVER],
                     0); /* the transport gave it up */
    run_tear_down();
}

static void wake_off_the_beat(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 7 * NS_PER_MS);
    fake_opened(fake, 1); /* both send now */
    fake_advance(fake, 5 * NS_PER_MS);
    fake_reply(fake, 0, "ok"); /* and connection 0 again, 5 ms later */
    fake_advance(fake, 25 * NS_PER_MS - 1);
    assert_int_equal(fake->connections[1].closes, 0);
    fake_advance(fake, 1);
    assert_int_equal(fake->connections[1].closes, 1);
    fake_advance(fake, 5 * NS_PER_MS - 1);
    assert_int_equal(fake->connections[0].closes, 0);
    fake_advance(fake, 1);
    assert_int_equal(fake->connections[0].closes, 1);
}

static void test_worker_wakes_for_each_timeout_in_time(void **state)
{
    (void)state;
    run_set_up(2, 100);
    run.plan.reply_timeout_ns = 30 * NS_PER_MS;
    run_execute(wake_off_the_beat);
    run_tear_down();
}

static void never_answer_the_close(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 30 * NS_PER_S); /* no reply: closed */
    fake_advance(fake, NS_PER_S);      /* no answer to that: dropped, and opened again */
    assert_int_equal(fake->connections[0].drops, 1);
    assert_int_equal(fake->connections[0].opens, 2);
    fake_opened(fake, 0);
    fake_reply(fake, 0, "ok");
    assert_false(fake->stopped);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    assert_true(fake->stopped); /* what was dropped is not waited for */
}

static void test_worker_drops_what_does_not_answer_the_close(void **state)
{
    (void)state;
    run_set_up(1, 2);
    const struct recorder *recorder = run_execute(never_answer_the_close);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 1);
    assert_int_equal(recorder->seen->counts[COUNT_FAILED], 1);
    run_tear_down();
}

static void never_answer(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 30 * NS_PER_S - 1);
    assert_int_equal(fake->connections[0].closes, 0);
    fake_advance(fake, 1);
    assert_int_equal(fake->connections[0].closes, 1);
    fake_reply(fake, 0, "late"); /* belongs to no request any more */
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    assert_int_equal(fake->connections[0].opens, 2); /* at once: nothing broke */
    fake_opened(fake, 0);
    fake_reply(fake, 0, "in time");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_does_not_take_a_late_reply_for_the_next(void **state)
{
    (void)state;
    run_set_up(1, 2);
    const struct recorder *recorder = run_execute(never_answer);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 1);
    assert_int_equal(recorder->seen->counts[COUNT_FAILED], 1);
    assert_failure(recorder, 0, FAILURE_REPLY_TIMEOUT, "", 1);
    assert_string_equal(recorder->seen->failures.classes[0].example, "no reply within 30 s");
    assert_int_equal(recorder->seen->counts[COUNT_LATE], 1);
    assert_int_equal(recorder->seen->counts[COUNT_UNSOLICITED], 0);
    assert_int_equal(recorder->seen->distributions[DIST_LATENCY].max, 0);
    assert_int_equal(recorder->seen->counts[COUNT_CLOSED_BY_SERVER], 0);
    run_tear_down();
}

static void never_open(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 10 * NS_PER_S);
    assert_int_equal(fake->connections[1].drops, 1);
    assert_int_equal(fake->sends, 1);
    fake_reply(fake, 0, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_gives_up_a_connection_that_does_not_open(void **state)
{
    (void)state;
    run_set_up(2, 1);
    const struct recorder *recorder = run_execute(never_open);
    assert_true(run.fake->stopped);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 1);
    assert_int_equal(recorder->seen->counts[COUNT_OPEN_FAILED], 1);
    assert_failure(recorder, 0, FAILURE_CONNECT_TIMEOUT, "", 0);
    assert_string_equal(recorder->seen->failures.classes[0].example, "not open within 10 s");
    assert_int_equal(worker_measurement(run.worker)->counts[COUNT_OPEN_TIME], 10 * NS_PER_S);
    run_tear_down();
}

/* --- Replies --- */

static void answer_badly(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_reply(fake, 0, "Une erreur est survenue");
    fake_reply(fake, 0,
               "{\"message\": \"Internal server error\", \"connectionId\": \"a\", "
               "\"requestId\": \"b\"}");
    fake_reply(fake, 0, "fine");
    fake_message(fake, 0, text_of("\xff\xfe"), true); /* binary may be anything */
    fake_reply(fake, 0, "\xff\xfe");
    assert_int_equal(fake->connections[0].closes, 1); /* RFC 6455: not UTF-8 ends the connection */
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_tells_error_replies_from_good_ones(void **state)
{
    (void)state;
    struct error error;
    run_set_up(1, 5);
    assert_int_equal(reply_rules_add_error(&run.plan.reply_rules, "Une erreur", &error), 0);
    const struct recorder *recorder = run_execute(answer_badly);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 2);
    assert_failure(recorder, 0, FAILURE_ERROR_REPLY, "", 1);
    assert_string_equal(recorder->seen->failures.classes[0].example, "Une erreur est survenue");
    assert_failure(recorder, 1, FAILURE_GATEWAY_ERROR, "Internal server error", 1);
    assert_failure(recorder, 2, FAILURE_PROTOCOL, "", 1);
    assert_string_equal(recorder->seen->failures.classes[2].example,
                        "a text message that is not valid UTF-8");
    run_tear_down();
}

TEST_GROUP(worker)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worker_starts_the_clock_when_all_are_open),
        cmocka_unit_test(test_worker_ends_when_no_connection_opens),
        cmocka_unit_test(test_worker_tries_again_what_did_not_open_first),
        cmocka_unit_test(test_worker_bounds_the_handshakes_under_way),
        cmocka_unit_test(test_worker_has_more_handshakes_under_way_where_they_take_long),
        cmocka_unit_test(test_worker_opens_in_turn_what_waits_for_a_handshake),
        cmocka_unit_test(test_worker_leaves_alone_what_no_longer_waits),
        cmocka_unit_test(test_worker_sends_on_while_others_open_again),
        cmocka_unit_test(test_worker_survives_many_failures_inside_open),
        cmocka_unit_test(test_worker_fails_the_request_of_a_connection_that_breaks),
        cmocka_unit_test(test_worker_fails_a_request_for_each_attempt_to_reopen),
        cmocka_unit_test(test_worker_ends_when_the_last_request_breaks),
        cmocka_unit_test(test_worker_wakes_for_each_timeout_in_time),
        cmocka_unit_test(test_worker_drops_what_does_not_answer_the_close),
        cmocka_unit_test(test_worker_does_not_take_a_late_reply_for_the_next),
        cmocka_unit_test(test_worker_gives_up_a_connection_that_does_not_open),
        cmocka_unit_test(test_worker_tells_error_replies_from_good_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
