#include "testing.h"

#include "fake_run.h"
#include "wsload/base/clock.h"

/* Messages that the kernel has stamped, and that lay in the socket until they were read. */

#define MS NS_PER_MS

/* --- A worker that is late --- */

static void read_late(struct fake_transport *fake)
{
    fake->stamps = true;
    run_open_all(fake);
    fake_advance(fake, 20 * MS);
    fake->wait_ns = 15 * MS;
    fake_reply(fake, 0, "it came 5 ms after it was asked for");
    fake_advance(fake, 8 * MS);
    fake->wait_ns = 0;
    fake_reply(fake, 0, "and this one 8 ms");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_takes_the_kernels_time(void **state)
{
    (void)state;
    run_set_up(1, 2);
    const struct recorder *recorder = run_execute(read_late);
    assert_conserved(recorder);
    assert_times(distribution_of(recorder, DIST_LATENCY), 2, 5 * MS, 8 * MS);
    assert_times(distribution_of(recorder, DIST_REPLY_WAIT), 2, 0, 15 * MS);
    assert_int_equal(recorder->seen->counts[COUNT_STAMPED], 2);
    assert_int_equal(recorder->seen->counts[COUNT_UNSTAMPED], 0);
    run_tear_down();
}

static void answer_unstamped(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_advance(fake, 20 * MS);
    fake_reply(fake, 0, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_takes_its_own_time_without_one(void **state)
{
    (void)state;
    run_set_up(1, 1);
    const struct recorder *recorder = run_execute(answer_unstamped);
    assert_times(distribution_of(recorder, DIST_LATENCY), 1, 20 * MS, 20 * MS);
    assert_int_equal(distribution_of(recorder, DIST_REPLY_WAIT)->count, 0);
    assert_int_equal(recorder->seen->counts[COUNT_UNSTAMPED], 1);
    run_tear_down();
}

/* --- A stream --- */

static void stream_read_at_once(struct fake_transport *fake)
{
    fake->stamps = true;
    run_open_all(fake);
    fake_advance(fake, 10 * MS);
    fake->wait_ns = 4 * MS;
    fake_reply(fake, 0, "token");
    fake_advance(fake, 10 * MS);
    fake->wait_ns = 3 * MS;
    fake_reply(fake, 0, "token");
    fake_reply(fake, 0, "end");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_takes_the_times_of_a_stream(void **state)
{
    (void)state;
    run_set_up(1, 1);
    run_end_replies("text:end");
    const struct recorder *recorder = run_execute(stream_read_at_once);
    assert_conserved(recorder);
    assert_times(distribution_of(recorder, DIST_TTFM), 1, 6 * MS, 6 * MS);
    assert_times(distribution_of(recorder, DIST_GAP), 2, 0, 11 * MS);
    assert_times(distribution_of(recorder, DIST_LATENCY), 1, 17 * MS, 17 * MS);
    run_tear_down();
}

/* --- A reply that the server's close ends --- */

static void close_read_late(struct fake_transport *fake)
{
    fake->stamps = true;
    run_open_all(fake);
    fake_advance(fake, 5 * MS);
    fake_reply(fake, 0, "all of it");
    fake_advance(fake, 10 * MS);
    fake->wait_ns = 3 * MS;
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_takes_the_time_of_a_close(void **state)
{
    (void)state;
    run_set_up(1, 1);
    run_end_replies("close");
    const struct recorder *recorder = run_execute(close_read_late);
    assert_conserved(recorder);
    assert_times(distribution_of(recorder, DIST_LATENCY), 1, 12 * MS, 12 * MS);
    run_tear_down();
}

/* --- What came before it was asked for --- */

static void notice_before_the_request(struct fake_transport *fake)
{
    fake->stamps = true;
    run_open_all(fake);
    fake_advance(fake, 10 * MS);
    fake->wait_ns = 11 * MS;
    fake_reply(fake, 0, "a notice that lay there when the prompt was sent");
    fake->wait_ns = 0;
    fake_reply(fake, 0, "the reply");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_takes_no_earlier_message_for_a_reply(void **state)
{
    (void)state;
    run_set_up(1, 1);
    const struct recorder *recorder = run_execute(notice_before_the_request);
    assert_conserved(recorder);
    assert_times(distribution_of(recorder, DIST_LATENCY), 1, 10 * MS, 10 * MS);
    assert_int_equal(recorder->seen->counts[COUNT_UNSOLICITED], 1);
    assert_string_equal(recorder->seen->samples[0].reply, "the reply");
    run_tear_down();
}

/* Its id says whose it is: no clock makes a reply earlier than its request. */
static void answer_by_id_too_early(struct fake_transport *fake)
{
    fake->stamps = true;
    run_open_all(fake);
    fake->wait_ns = MS;
    run_answer(fake, 0, 1, "");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_has_no_negative_latency(void **state)
{
    (void)state;
    run_set_up(1, 1);
    run_correlate();
    const struct recorder *recorder = run_execute(answer_by_id_too_early);
    assert_conserved(recorder);
    assert_times(distribution_of(recorder, DIST_LATENCY), 1, 0, 0);
    run_tear_down();
}

TEST_GROUP(worker_stamps)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worker_takes_the_kernels_time),
        cmocka_unit_test(test_worker_takes_its_own_time_without_one),
        cmocka_unit_test(test_worker_takes_the_times_of_a_stream),
        cmocka_unit_test(test_worker_takes_the_time_of_a_close),
        cmocka_unit_test(test_worker_takes_no_earlier_message_for_a_reply),
        cmocka_unit_test(test_worker_has_no_negative_latency),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
