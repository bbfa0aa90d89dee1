#include "testing.h"

#include "core_watch.h"
#include "fake_run.h"

#define BEGIN_NS (7 * NS_PER_S)

static struct core_watch watch;

static void assert_use(double cpu, double wait, uint64_t time_ns)
{
    assert_float_equal(watch.use.cpu, cpu, 1e-9);
    assert_float_equal(watch.use.wait, wait, 1e-9);
    assert_int_equal(watch.use.time_ns, time_ns);
}

static void test_core_watch_divides_by_the_time_that_it_looked_at(void **state)
{
    static const struct {
        uint64_t cpu_ns, wait_ns, time_ns;
        double cpu, wait;
    } cases[] = {
        {0, 0, NS_PER_S, 0, 0},
        {NS_PER_S, 0, NS_PER_S, 1, 0},
        {200 * NS_PER_MS, 750 * NS_PER_MS, NS_PER_S, 0.2, 0.75},
        {48 * NS_PER_US, 0, 50 * NS_PER_US, 0.96, 0}, /* whether that is enough is for the judge */
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        core_watch_begin(&watch, BEGIN_NS, (struct thread_time){NS_PER_S, 2 * NS_PER_S});
        core_watch_end(
            &watch, BEGIN_NS + cases[i].time_ns,
            (struct thread_time){NS_PER_S + cases[i].cpu_ns, 2 * NS_PER_S + cases[i].wait_ns});
        assert_use(cases[i].cpu, cases[i].wait, cases[i].time_ns);
    }
}

/* The file of the waits may not be there at one of the two moments, and clocks differ a little. */
static void test_core_watch_shares_are_never_out_of_range(void **state)
{
    static const struct {
        struct thread_time start, end;
        double cpu, wait;
    } cases[] = {
        {{0, 300 * NS_PER_MS}, {0, 0}, 0, 0},
        {{0, 0}, {0, 5 * NS_PER_S}, 0, 1},
        {{0, 0}, {NS_PER_S + 1, 0}, 1, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        core_watch_begin(&watch, BEGIN_NS, cases[i].start);
        core_watch_end(&watch, BEGIN_NS + NS_PER_S, cases[i].end);
        assert_use(cases[i].cpu, cases[i].wait, NS_PER_S);
    }
}

static void test_core_watch_looks_for_long_enough(void **state)
{
    (void)state;
    watch = (struct core_watch){.watching = false};
    assert_false(core_watch_is_due(&watch, BEGIN_NS)); /* the measured part has not begun */
    core_watch_begin(&watch, BEGIN_NS, (struct thread_time){0});
    assert_false(core_watch_is_due(&watch, BEGIN_NS + CORE_WATCH_LEAST_NS - 1));
    assert_true(core_watch_is_due(&watch, BEGIN_NS + CORE_WATCH_LEAST_NS));
    core_watch_end(&watch, BEGIN_NS + CORE_WATCH_LEAST_NS, (struct thread_time){1000, 0});
    assert_false(core_watch_is_due(&watch, BEGIN_NS + NS_PER_S));
    core_watch_end(&watch, BEGIN_NS + NS_PER_S, (struct thread_time){NS_PER_S, 0});
    assert_use(1e-5, 0, CORE_WATCH_LEAST_NS); /* the first end counts */
}

static void test_core_watch_of_a_run_that_measured_nothing_is_empty(void **state)
{
    (void)state;
    watch = (struct core_watch){.watching = false};
    core_watch_end(&watch, BEGIN_NS, (struct thread_time){NS_PER_S, 0});
    assert_use(0, 0, 0);
    core_watch_begin(&watch, BEGIN_NS, (struct thread_time){0});
    core_watch_end(&watch, BEGIN_NS, (struct thread_time){0});
    assert_use(0, 0, 0);
}

/* --- In a run --- */

static void answer_late(struct fake_transport *fake)
{
    run_open_all(fake);
    fake_advance(fake, run.delay_ns);
    fake_reply(fake, 0, "ok");
    fake_advance(fake, 5 * NS_PER_S);
}

/* The time that worker INDEX was looked at in a run of one request, answered after DELAY_NS. */
static uint64_t looked_at_ns(uint64_t delay_ns)
{
    run_set_up(1, 1);
    run.delay_ns = delay_ns;
    const struct recorder *recorder = run_execute(answer_late);
    assert_int_equal(recorder->seen->workers, 1);
    uint64_t time_ns = recorder->seen->worker_use[0].time_ns;
    run_tear_down();
    return time_ns;
}

/* Sending is over at once; the reply is awaited. */
static void test_core_watch_goes_on_after_the_end_of_sending(void **state)
{
    (void)state;
    assert_int_equal(looked_at_ns(20 * NS_PER_MS), 20 * NS_PER_MS); /* there was no more */
    assert_int_equal(looked_at_ns(30 * NS_PER_S), CORE_WATCH_LEAST_NS);
}

static void send_for_a_second(struct fake_transport *fake)
{
    fake_serve(fake, 5 * NS_PER_S);
}

static void test_core_watch_ends_with_sending(void **state)
{
    (void)state;
    run_set_up_open(2, 10, NS_PER_S);
    run.plan.load.warmup_ns = 300 * NS_PER_MS;
    run.delay_ns = 400 * NS_PER_MS; /* the replies to the last ones come later */
    const struct recorder *recorder = run_execute(send_for_a_second);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->worker_use[0].time_ns, NS_PER_S);
    run_tear_down();
}

TEST_GROUP(core_watch)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_core_watch_divides_by_the_time_that_it_looked_at),
        cmocka_unit_test(test_core_watch_shares_are_never_out_of_range),
        cmocka_unit_test(test_core_watch_looks_for_long_enough),
        cmocka_unit_test(test_core_watch_of_a_run_that_measured_nothing_is_empty),
        cmocka_unit_test(test_core_watch_goes_on_after_the_end_of_sending),
        cmocka_unit_test(test_core_watch_ends_with_sending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
