#include "testing.h"

#include "wsload/base/clock.h"
#include "wsload/engine/run_control.h"

static unsigned wakes;

static void count_wakes(void *user)
{
    assert_ptr_equal(user, &wakes);
    wakes++;
}

static struct run_control new_crew(unsigned workers)
{
    struct run_control control;
    wakes = 0;
    run_control_init(&control, workers, count_wakes, &wakes);
    return control;
}

static void test_run_control_of_one_starts_when_it_settles(void **state)
{
    (void)state;
    struct run_control control = new_crew(1);
    assert_int_equal(run_control_start_ns(&control), 0);
    run_control_first_tries_done(&control, true, 7 * NS_PER_S);
    assert_int_equal(run_control_start_ns(&control), 7 * NS_PER_S);
    assert_int_equal(wakes, 1);
}

static void test_run_control_starts_a_moment_after_the_last_has_settled(void **state)
{
    (void)state;
    struct run_control control = new_crew(3);
    run_control_first_tries_done(&control, true, 9 * NS_PER_S);
    run_control_first_tries_done(&control, true, 7 * NS_PER_S);
    assert_int_equal(run_control_start_ns(&control), 0);
    assert_int_equal(wakes, 0);
    run_control_first_tries_done(&control, true, 8 * NS_PER_S);
    assert_int_equal(run_control_start_ns(&control), 8 * NS_PER_S + RUN_CONTROL_START_DELAY_NS);
    assert_int_equal(wakes, 1);
}

static void test_run_control_starts_when_any_connection_opened(void **state)
{
    (void)state;
    for (unsigned opener = 0; opener < 3; opener++) {
        struct run_control control = new_crew(3);
        for (unsigned worker = 0; worker < 3; worker++)
            run_control_first_tries_done(&control, worker == opener, NS_PER_S);
        assert_int_equal(run_control_start_ns(&control), NS_PER_S + RUN_CONTROL_START_DELAY_NS);
    }
}

static void test_run_control_never_starts_when_nothing_opened(void **state)
{
    (void)state;
    struct run_control control = new_crew(2);
    run_control_first_tries_done(&control, false, NS_PER_S);
    assert_int_equal(run_control_start_ns(&control), 0);
    run_control_first_tries_done(&control, false, NS_PER_S);
    assert_int_equal(run_control_start_ns(&control), CLOCK_NEVER);
    assert_int_equal(wakes, 1); /* they have to hear of it */
}

static void test_run_control_is_hopeless_when_all_settled_without_a_connection(void **state)
{
    (void)state;
    struct run_control control = new_crew(2);
    run_control_first_tries_done(&control, false, NS_PER_S);
    assert_false(run_control_none_opened(&control));
    run_control_first_tries_done(&control, false, NS_PER_S);
    assert_true(run_control_none_opened(&control));
    control = new_crew(2);
    run_control_first_tries_done(&control, true, NS_PER_S);
    run_control_first_tries_done(&control, false, NS_PER_S);
    assert_false(run_control_none_opened(&control));
}

static void test_run_control_that_waits_for_nobody_starts_once(void **state)
{
    (void)state;
    struct run_control control = new_crew(2);
    run_control_start(&control, NS_PER_S);
    assert_int_equal(run_control_start_ns(&control), NS_PER_S + RUN_CONTROL_START_DELAY_NS);
    run_control_start(&control, 2 * NS_PER_S);
    run_control_first_tries_done(&control, false, 3 * NS_PER_S);
    run_control_first_tries_done(&control, false, 3 * NS_PER_S);
    assert_int_equal(run_control_start_ns(&control), NS_PER_S + RUN_CONTROL_START_DELAY_NS);
    assert_true(run_control_none_opened(&control));
    assert_int_equal(wakes, 1);
}

static void test_run_control_stop_wakes_all(void **state)
{
    (void)state;
    struct run_control control = new_crew(2);
    assert_int_equal(run_control_stop_requested(&control), STOP_NONE);
    run_control_stop(&control, STOP_POLITELY);
    assert_int_equal(run_control_stop_requested(&control), STOP_POLITELY);
    assert_int_equal(wakes, 1);
    run_control_stop(&control, STOP_NOW);
    assert_int_equal(run_control_stop_requested(&control), STOP_NOW);
    assert_int_equal(wakes, 2);
    run_control_stop(&control, STOP_POLITELY); /* a threshold that aborts, after a second Ctrl-C */
    assert_int_equal(run_control_stop_requested(&control), STOP_NOW);
    assert_int_equal(run_control_start_ns(&control), 0);
}

TEST_GROUP(run_control)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run_control_of_one_starts_when_it_settles),
        cmocka_unit_test(test_run_control_starts_a_moment_after_the_last_has_settled),
        cmocka_unit_test(test_run_control_starts_when_any_connection_opened),
        cmocka_unit_test(test_run_control_never_starts_when_nothing_opened),
        cmocka_unit_test(test_run_control_is_hopeless_when_all_settled_without_a_connection),
        cmocka_unit_test(test_run_control_that_waits_for_nobody_starts_once),
        cmocka_unit_test(test_run_control_stop_wakes_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
