#include "testing.h"

#include "wsload/base/clock.h"
#include "wsload/engine/crew.h"

static unsigned wakes;

static void count_wakes(void *user)
{
    assert_ptr_equal(user, &wakes);
    wakes++;
}

static struct crew new_crew(unsigned workers)
{
    struct crew crew;
    wakes = 0;
    crew_init(&crew, workers, count_wakes, &wakes);
    return crew;
}

static void test_crew_of_one_starts_when_it_settles(void **state)
{
    (void)state;
    struct crew crew = new_crew(1);
    assert_int_equal(crew_start_ns(&crew), 0);
    crew_settle(&crew, true, 7 * NS_PER_S);
    assert_int_equal(crew_start_ns(&crew), 7 * NS_PER_S);
    assert_int_equal(wakes, 1);
}

static void test_crew_starts_a_moment_after_the_last_has_settled(void **state)
{
    (void)state;
    struct crew crew = new_crew(3);
    crew_settle(&crew, true, 9 * NS_PER_S);
    crew_settle(&crew, true, 7 * NS_PER_S);
    assert_int_equal(crew_start_ns(&crew), 0);
    assert_int_equal(wakes, 0);
    crew_settle(&crew, true, 8 * NS_PER_S);
    assert_int_equal(crew_start_ns(&crew), 8 * NS_PER_S + CREW_START_DELAY_NS);
    assert_int_equal(wakes, 1);
}

static void test_crew_starts_when_any_connection_opened(void **state)
{
    (void)state;
    for (unsigned opener = 0; opener < 3; opener++) {
        struct crew crew = new_crew(3);
        for (unsigned worker = 0; worker < 3; worker++)
            crew_settle(&crew, worker == opener, NS_PER_S);
        assert_int_equal(crew_start_ns(&crew), NS_PER_S + CREW_START_DELAY_NS);
    }
}

static void test_crew_never_starts_when_nothing_opened(void **state)
{
    (void)state;
    struct crew crew = new_crew(2);
    crew_settle(&crew, false, NS_PER_S);
    assert_int_equal(crew_start_ns(&crew), 0);
    crew_settle(&crew, false, NS_PER_S);
    assert_int_equal(crew_start_ns(&crew), CLOCK_NEVER);
    assert_int_equal(wakes, 1); /* they have to hear of it */
}

static void test_crew_is_hopeless_when_all_settled_without_a_connection(void **state)
{
    (void)state;
    struct crew crew = new_crew(2);
    crew_settle(&crew, false, NS_PER_S);
    assert_false(crew_is_hopeless(&crew));
    crew_settle(&crew, false, NS_PER_S);
    assert_true(crew_is_hopeless(&crew));
    crew = new_crew(2);
    crew_settle(&crew, true, NS_PER_S);
    crew_settle(&crew, false, NS_PER_S);
    assert_false(crew_is_hopeless(&crew));
}

static void test_crew_that_waits_for_nobody_starts_once(void **state)
{
    (void)state;
    struct crew crew = new_crew(2);
    crew_start(&crew, NS_PER_S);
    assert_int_equal(crew_start_ns(&crew), NS_PER_S + CREW_START_DELAY_NS);
    crew_start(&crew, 2 * NS_PER_S);
    crew_settle(&crew, false, 3 * NS_PER_S);
    crew_settle(&crew, false, 3 * NS_PER_S);
    assert_int_equal(crew_start_ns(&crew), NS_PER_S + CREW_START_DELAY_NS);
    assert_true(crew_is_hopeless(&crew));
    assert_int_equal(wakes, 1);
}

static void test_crew_stop_wakes_all(void **state)
{
    (void)state;
    struct crew crew = new_crew(2);
    assert_int_equal(crew_stop_requested(&crew), STOP_NONE);
    crew_stop(&crew, STOP_POLITELY);
    assert_int_equal(crew_stop_requested(&crew), STOP_POLITELY);
    assert_int_equal(wakes, 1);
    crew_stop(&crew, STOP_NOW);
    assert_int_equal(crew_stop_requested(&crew), STOP_NOW);
    assert_int_equal(wakes, 2);
    crew_stop(&crew, STOP_POLITELY); /* a threshold that aborts, behind a second Ctrl-C */
    assert_int_equal(crew_stop_requested(&crew), STOP_NOW);
    assert_int_equal(crew_start_ns(&crew), 0);
}

TEST_GROUP(crew)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crew_of_one_starts_when_it_settles),
        cmocka_unit_test(test_crew_starts_a_moment_after_the_last_has_settled),
        cmocka_unit_test(test_crew_starts_when_any_connection_opened),
        cmocka_unit_test(test_crew_never_starts_when_nothing_opened),
        cmocka_unit_test(test_crew_is_hopeless_when_all_settled_without_a_connection),
        cmocka_unit_test(test_crew_that_waits_for_nobody_starts_once),
        cmocka_unit_test(test_crew_stop_wakes_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
