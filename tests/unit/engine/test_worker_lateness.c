#include "testing.h"

#include "fake_run.h"
#include "wsload/base/clock.h"
#include "wsload/judge/verdict.h"

/* What wsload itself is late, apart from what the target makes requests wait. */

#define MS NS_PER_MS

/* The response times are SUM_NS all together, and UNDELAYED_NS without wsload's own lateness. */
static void assert_sums(const struct recorder *recorder, uint64_t sum_ns, uint64_t undelayed_ns)
{
    assert_int_equal(distribution_of(recorder, DIST_UNDELAYED)->count,
                     distribution_of(recorder, DIST_RESPONSE_TIME)->count);
    assert_int_equal(distribution_of(recorder, DIST_RESPONSE_TIME)->sum, sum_ns);
    assert_int_equal(distribution_of(recorder, DIST_UNDELAYED)->sum, undelayed_ns);
}

/* Passes the time of the run until its end, and lets it end. */
static void end_run(struct fake_transport *fake)
{
    run_control_stop(&run.control, STOP_POLITELY);
    fake_advance(fake, 0);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

/* --- Of each request --- */

static void wake_late(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_advance(fake, 10 * MS);
    fake_reply(fake, 0, "ok");
    fake->now_ns += 130 * MS; /* the second was due at 100 */
    fake_advance(fake, 0);
    fake_advance(fake, 10 * MS);
    fake_reply(fake, 0, "ok");
    end_run(fake);
}

static void test_worker_lateness_of_a_late_wake_is_its_own(void **state)
{
    (void)state;
    run_set_up_open(1, 10, 60 * NS_PER_S);
    const struct recorder *recorder = run_execute(wake_late);
    assert_conserved(recorder);
    assert_sums(recorder, (10 + 50) * MS, (10 + 10) * MS);
    run_tear_down();
}

static uint64_t wait_ns; /* of the first reply */

static void answer_slowly(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_advance(fake, 150 * MS); /* the second waits since 100 */
    fake->wait_ns = wait_ns;
    fake_reply(fake, 0, "ok");
    fake->wait_ns = 0;
    fake_advance(fake, 10 * MS);
    fake_reply(fake, 0, "ok");
    end_run(fake);
}

static const struct recorder *answered_slowly(bool stamps, uint64_t lies_ns)
{
    run_set_up_open(1, 10, 60 * NS_PER_S);
    wait_ns = lies_ns;
    run.stamps = stamps;
    return run_execute(answer_slowly);
}

static void test_worker_lateness_is_no_wait_for_the_target(void **state)
{
    (void)state;
    assert_sums(answered_slowly(false, 0), (150 + 60) * MS, (150 + 60) * MS);
    run_tear_down();
}

/* The connection was free for the second request when the reply came, or when that was due. */
static void test_worker_lateness_in_reading_delays_the_next_request(void **state)
{
    (void)state;
    assert_sums(answered_slowly(true, 20 * MS), (130 + 60) * MS, (130 + 40) * MS);
    run_tear_down();
    assert_sums(answered_slowly(true, 80 * MS), (70 + 60) * MS, (70 + 10) * MS);
    run_tear_down();
}

static void open_again(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_advance(fake, 10 * MS);
    fake_reply(fake, 0, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    fake_advance(fake, 290 * MS); /* the second is due at 100 */
    fake_opened(fake, 0);
    fake_advance(fake, 10 * MS);
    fake_reply(fake, 0, "ok");
    run_control_stop(&run.control, STOP_NOW);
    fake_advance(fake, 0);
}

static void test_worker_lateness_is_no_wait_for_a_connection_to_open(void **state)
{
    (void)state;
    run_set_up_open(1, 10, 60 * NS_PER_S);
    const struct recorder *recorder = run_execute(open_again);
    assert_sums(recorder, (10 + 210) * MS, (10 + 210) * MS);
    run_tear_down();
}

static void fall_silent(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_advance(fake, 50 * MS);
    fake_reply(fake, 0, "the second is due at 100, and the silence over at 250");
    fake_advance(fake, 260 * MS);
    fake_reply(fake, 0, "60 ms after it was sent");
    fake_advance(fake, 200 * MS);
    end_run(fake);
}

static void test_worker_lateness_is_no_silence(void **state)
{
    (void)state;
    run_set_up_open(1, 10, 60 * NS_PER_S);
    run_end_replies("silence:200ms");
    assert_sums(run_execute(fall_silent), (50 + 210) * MS, (50 + 210) * MS);
    run_tear_down();
}

static void set_up_slowly(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 10 * MS);
    fake_reply(fake, 0, "welcome"); /* the run begins */
    fake_advance(fake, 10 * MS);
    fake_reply(fake, 0, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
    fake_advance(fake, 290 * MS); /* the second is due at 100 */
    fake_opened(fake, 0);
    fake_advance(fake, 100 * MS);
    fake_reply(fake, 0, "welcome");
    fake_advance(fake, 10 * MS);
    fake_reply(fake, 0, "ok");
    run_control_stop(&run.control, STOP_NOW);
    fake_advance(fake, 0);
}

static void test_worker_lateness_is_no_wait_for_the_set_up(void **state)
{
    (void)state;
    run_set_up_open(1, 10, 60 * NS_PER_S);
    run_set_steps("{\"on_connect\": [{\"send\": \"hello\", \"expect\": \"text:welcome\"}]}");
    assert_sums(run_execute(set_up_slowly), (10 + 310) * MS, (10 + 310) * MS);
    run_tear_down();
}

static void answer_only_the_second(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_advance(fake, 310 * MS); /* the first is given up after 300; the second waits since 100 */
    run_answer(fake, 0, 2, "");
    end_run(fake);
}

static void test_worker_lateness_is_no_wait_for_a_timeout(void **state)
{
    (void)state;
    run_set_up_open(1, 10, 60 * NS_PER_S);
    run_correlate();
    run.plan.reply_timeout_ns = 300 * MS;
    assert_sums(run_execute(answer_only_the_second), 210 * MS, 210 * MS);
    run_tear_down();
}

/* --- Of a run, and what is thought of it --- */

static void stop_for_a_second(struct fake_transport *fake)
{
    fake_serve(fake, 2 * NS_PER_S);
    fake->now_ns += NS_PER_S;
    fake_serve(fake, 10 * NS_PER_S);
}

static uint64_t silent_ns; /* how long the server stands still */

static void serve_all(struct fake_transport *fake)
{
    fake->silent_from_ns = FAKE_START_NS + 2 * NS_PER_S;
    fake->silent_until_ns = fake->silent_from_ns + silent_ns;
    fake_serve(fake, 13 * NS_PER_S);
}

/* 500 requests a second for 5 s, each answered after 20 ms. */
static void judge_run(void (*script)(struct fake_transport *), bool stamps,
                      struct validity *validity)
{
    static const struct thresholds none = {.count = 0};
    run_set_up_open(20, 500, 5 * NS_PER_S);
    run.delay_ns = 20 * MS;
    run.stamps = stamps;
    const struct recorder *recorder = run_execute(script);
    assert_conserved(recorder);
    validity_judge(validity, recorder->seen, &none);
    run_tear_down();
}

static void test_worker_that_was_stopped_for_a_second_is_found_out(void **state)
{
    static struct validity validity;
    (void)state;
    for (int stamps = 0; stamps <= 1; stamps++) {
        judge_run(stop_for_a_second, stamps, &validity);
        assert_int_equal(validity.grade, VALIDITY_INVALID);
        assert_string_equal(validity.reasons[0].check, "send_lag");
    }
}

/* Its replies are as late, and wsload is not to blame. */
static void test_worker_of_a_server_that_was_stopped_is_believed(void **state)
{
    static struct validity validity;
    (void)state;
    for (int stamps = 0; stamps <= 1; stamps++) {
        silent_ns = NS_PER_S;
        judge_run(serve_all, stamps, &validity);
        assert_int_equal(validity.grade, VALIDITY_VALID);
        assert_int_equal(validity.count, 0);
        silent_ns = 0;
        judge_run(serve_all, stamps, &validity);
        assert_int_equal(validity.count, 0);
    }
}

TEST_GROUP(worker_lateness)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worker_lateness_of_a_late_wake_is_its_own),
        cmocka_unit_test(test_worker_lateness_is_no_wait_for_the_target),
        cmocka_unit_test(test_worker_lateness_in_reading_delays_the_next_request),
        cmocka_unit_test(test_worker_lateness_is_no_wait_for_a_connection_to_open),
        cmocka_unit_test(test_worker_lateness_is_no_silence),
        cmocka_unit_test(test_worker_lateness_is_no_wait_for_the_set_up),
        cmocka_unit_test(test_worker_lateness_is_no_wait_for_a_timeout),
        cmocka_unit_test(test_worker_that_was_stopped_for_a_second_is_found_out),
        cmocka_unit_test(test_worker_of_a_server_that_was_stopped_is_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
