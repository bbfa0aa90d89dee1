#include "testing.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "wsload/base/clock.h"

static void test_clock_formats_utc(void **state)
{
    /* Seconds by date(1): date -u -d '2026-11-22 10:00:00' +%s */
    static const struct {
        uint64_t unix_ms;
        const char *expected;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {951782400007, "2000-02-29T00:00:00.007Z"},
        {1795341600123, "2026-11-22T10:00:00.123Z"},
        {4102444799999, "2099-12-31T23:59:59.999Z"},
    };

    (void)state;
    assert_int_equal(setenv("TZ", "XYZ-5", 1), 0); /* five hours ahead: must not matter */
    tzset();
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char out[CLOCK_UTC_SIZE];

        clock_format_utc(cases[i].unix_ms, out);
        assert_string_equal(out, cases[i].expected);
    }
}

static void test_clock_formats_the_last_time_there_is(void **state)
{
    char out[CLOCK_UTC_SIZE];

    (void)state;
    clock_format_utc(UINT64_MAX, out);
    assert_string_equal(out, "584556019-04-03T14:25:51.615Z");
}

static void test_clock_parses_what_it_formats_alone(void **state)
{
    static const uint64_t times[] = {0, 1, 951782400999, 1795341600123, UINT64_C(1) << 47};
    static const char *const others[] = {
        "",
        "2026-11-22T10:00:00.123",
        "2026-11-22T10:00:00Z",
        "2026-11-22 10:00:00.123Z",
        "2026-11-22T10:00:00.123Z ",
        "2026-02-30T10:00:00.123Z",
        "2026-11-22T24:00:00.000Z",
        "2026-11-22T10:00:00.12Z",
        "2026-1-22T10:00:00.123Z",
        "+026-11-22T10:00:00.123Z",
        "1969-12-31T23:59:59.999Z",
    };
    uint64_t unix_ms;
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(times); i++) {
        char text[CLOCK_UTC_SIZE];
        clock_format_utc(times[i], text);
        assert_true(clock_parse_utc(text, &unix_ms));
        assert_int_equal(unix_ms, times[i]);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
        assert_false(clock_parse_utc(others[i], &unix_ms));
}

static void test_clock_monotonic_never_goes_back(void **state)
{
    uint64_t last = clock_monotonic_ns();

    (void)state;
    for (int i = 0; i < 1000; i++) {
        uint64_t now = clock_monotonic_ns();

        assert_true(now >= last);
        last = now;
    }
}

static void test_clock_wall_is_since_1970(void **state)
{
    time_t before = time(NULL) - 1; /* a coarse clock, which may lag behind */
    uint64_t ns = clock_wall_ns();
    uint64_t ms = clock_wall_ms();

    (void)state;
    assert_in_range(ns / NS_PER_S, before, before + 60);
    assert_in_range(ms / 1000, before, before + 60);
}

static void test_clock_seconds_divides(void **state)
{
    (void)state;
    assert_true(clock_seconds(1500 * NS_PER_MS) == 1.5);
    assert_true(clock_seconds(0) == 0.0);
}

/* --- What a thread has of a core --- */

#define TURN_NS (20 * NS_PER_MS)

static uint64_t spin(void)
{
    uint64_t start_ns = clock_thread_time().cpu_ns;
    uint64_t now_ns = start_ns;
    while (now_ns < start_ns + TURN_NS)
        now_ns = clock_thread_time().cpu_ns;
    return now_ns;
}

static void *take_turns(void *started)
{
    atomic_store((atomic_bool *)started, true);
    (void)spin();
    return NULL;
}

/* Both want the one core at the same time: what the other has of it, one waits for. */
static void test_clock_thread_time_knows_the_wait_for_a_core(void **state)
{
    cpu_set_t all;
    cpu_set_t one;
    pthread_t other;
    atomic_bool started = false;
    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
    struct thread_time before = clock_thread_time();
    assert_int_equal(pthread_create(&other, NULL, take_turns, &started), 0);
    while (!atomic_load(&started))
        continue;
    (void)spin();
    struct thread_time after = clock_thread_time();
    pthread_join(other, NULL);
    assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
    assert_true(after.cpu_ns - before.cpu_ns >= TURN_NS);
    if (access("/proc/thread-self/schedstat", R_OK) == 0)
        assert_true(after.wait_ns > before.wait_ns);
    else
        assert_int_equal(after.wait_ns, 0);
}

TEST_GROUP(clock)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock_formats_utc),
        cmocka_unit_test(test_clock_formats_the_last_time_there_is),
        cmocka_unit_test(test_clock_parses_what_it_formats_alone),
        cmocka_unit_test(test_clock_monotonic_never_goes_back),
        cmocka_unit_test(test_clock_wall_is_since_1970),
        cmocka_unit_test(test_clock_seconds_divides),
        cmocka_unit_test(test_clock_thread_time_knows_the_wait_for_a_core),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
