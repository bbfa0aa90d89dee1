#include "delays.h"

#include <poll.h>

#include "testing.h"
#include "wsload/base/clock.h"

#define HOUR_NS    (3600 * NS_PER_S)
#define PATIENCE_S 20.0

/* What expired, in order. */
static struct delay *expired[4];
static size_t expired_count;
static size_t expected_count;
static struct ev_loop *loop;

static void on_expired(struct delay *delay)
{
    expired[expired_count++] = delay;
    if (expired_count == expected_count)
        ev_break(loop, EVBREAK_ALL);
}

static void on_patience_over(struct ev_loop *on, struct ev_timer *timer, int events)
{
    (void)timer;
    (void)events;
    ev_break(on, EVBREAK_ALL);
}

/* Runs the loop until COUNT delays have expired in all. */
static void run_until(size_t count)
{
    struct ev_timer patience;

    expected_count = count;
    ev_timer_init(&patience, on_patience_over, PATIENCE_S, 0);
    ev_timer_start(loop, &patience);
    ev_run(loop, 0);
    ev_timer_stop(loop, &patience);
    assert_int_equal(expired_count, count);
}

static struct delays delays;

static int set_up(void **state)
{
    struct error error;

    (void)state;
    expired_count = 0;
    loop = ev_loop_new(EVBACKEND_EPOLL);
    return loop == NULL ? -1 : delays_init(&delays, loop, &error);
}

static int tear_down(void **state)
{
    (void)state;
    delays_free(&delays);
    ev_loop_destroy(loop);
    return 0;
}

static void test_delays_expire_in_the_order_of_their_due_times(void **state)
{
    uint64_t now_ns = clock_monotonic_ns();
    struct delay hour = {.expired = on_expired};
    struct delay late = {.expired = on_expired};
    struct delay early = {.expired = on_expired};

    (void)state;
    /* Each is due before the one that the timer was set for. */
    assert_int_equal(delays_add(&delays, &hour, now_ns + HOUR_NS), 0);
    assert_int_equal(delays_add(&delays, &late, now_ns + 2 * NS_PER_MS), 0);
    assert_int_equal(delays_add(&delays, &early, now_ns + NS_PER_MS), 0);
    run_until(2);
    assert_ptr_equal(expired[0], &early);
    assert_ptr_equal(expired[1], &late);
    assert_true(clock_monotonic_ns() >= now_ns + 2 * NS_PER_MS);
}

static void test_delays_expire_that_are_due_already(void **state)
{
    struct delay past = {.expired = on_expired};

    (void)state;
    assert_int_equal(delays_add(&delays, &past, clock_monotonic_ns()), 0);
    run_until(1);
    assert_ptr_equal(expired[0], &past);
}

static void test_delays_leave_the_loop_in_peace_between(void **state)
{
    struct delay hour = {.expired = on_expired};
    struct delay soon = {.expired = on_expired};
    struct pollfd timer = {.fd = delays.timer_fd, .events = POLLIN};

    (void)state;
    assert_int_equal(delays_add(&delays, &hour, clock_monotonic_ns() + HOUR_NS), 0);
    assert_int_equal(delays_add(&delays, &soon, clock_monotonic_ns()), 0);
    run_until(1);
    assert_int_equal(poll(&timer, 1, 0), 0);
    delays_remove(&delays, &hour);
    assert_int_equal(delays_add(&delays, &soon, clock_monotonic_ns()), 0);
    run_until(2);
    assert_int_equal(poll(&timer, 1, 0), 0);
}

static void test_delays_do_not_expire_when_removed(void **state)
{
    uint64_t now_ns = clock_monotonic_ns();
    struct delay removed = {.expired = on_expired};
    struct delay kept = {.expired = on_expired};

    (void)state;
    assert_int_equal(delays_add(&delays, &removed, now_ns), 0);
    assert_int_equal(delays_add(&delays, &kept, now_ns + NS_PER_MS), 0);
    delays_remove(&delays, &removed);
    delays_remove(&delays, &removed);
    run_until(1);
    assert_ptr_equal(expired[0], &kept);
}

static void test_delays_may_be_moved_later(void **state)
{
    uint64_t now_ns = clock_monotonic_ns();
    struct delay moved = {.expired = on_expired};
    struct delay kept = {.expired = on_expired};

    (void)state;
    assert_int_equal(delays_add(&delays, &moved, now_ns), 0);
    assert_int_equal(delays_add(&delays, &kept, now_ns + NS_PER_MS), 0);
    assert_int_equal(delays_add(&delays, &moved, now_ns + 3 * NS_PER_MS), 0);
    run_until(2);
    assert_ptr_equal(expired[0], &kept);
    assert_ptr_equal(expired[1], &moved);
    assert_true(clock_monotonic_ns() >= now_ns + 3 * NS_PER_MS);
}

#define WITH_LOOP(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

TEST_GROUP(delays)
{
    const struct CMUnitTest tests[] = {
        WITH_LOOP(test_delays_expire_in_the_order_of_their_due_times),
        WITH_LOOP(test_delays_expire_that_are_due_already),
        WITH_LOOP(test_delays_leave_the_loop_in_peace_between),
        WITH_LOOP(test_delays_do_not_expire_when_removed),
        WITH_LOOP(test_delays_may_be_moved_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
