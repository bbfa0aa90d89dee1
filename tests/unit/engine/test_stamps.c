#include "testing.h"

#include "stamps.h"
#include "wsload/base/clock.h"

/* The wall clock is OFFSET ahead of the run's until it steps. */
#define OFFSET (UINT64_C(1790000000) * NS_PER_S)

/* By how much two looks may differ. */
#define LOOKS_NS (2 * (uint64_t)STAMPS_LOOK_NS)

static struct stamps looked_at(uint64_t now_ns)
{
    struct stamps stamps = {0};
    stamps_look(&stamps, now_ns - 40, OFFSET + now_ns - 30, now_ns);
    return stamps;
}

static void test_stamps_are_not_believed_before_a_look(void **state)
{
    struct stamps stamps = {0};
    (void)state;
    assert_true(stamps_came_ns(&stamps, OFFSET + 5000, 0, UINT64_MAX - 1) == 0);
}

static void test_stamps_are_never_too_early(void **state)
{
    struct stamps stamps = looked_at(1000);
    (void)state;
    assert_true(stamps_came_ns(&stamps, OFFSET + 5000, 0, 9000) == 5030);
}

static void test_stamps_lie_between_the_last_message_and_the_read(void **state)
{
    static const struct {
        uint64_t wall_ns;
        uint64_t last_ns;
        uint64_t read_ns;
        uint64_t came_ns;
    } cases[] = {
        {OFFSET + 50000, 50030, 50030, 50030},
        {OFFSET + 50000, 50031, 90000, 50031}, /* looks differ */
        {OFFSET + 50000, 0, 50029, 50029},
        {OFFSET + 50000, 50030 + LOOKS_NS, 90000, 50030 + LOOKS_NS},
        {OFFSET + 50000, 0, 50030 - LOOKS_NS, 50030 - LOOKS_NS},
        {OFFSET + 50000, 50031 + LOOKS_NS, 90000, 0}, /* the one before came later */
        {OFFSET + 50000, 0, 50029 - LOOKS_NS, 0},     /* it was read earlier */
        {OFFSET + 50000, 50040, 50029, 0},
    };
    struct stamps stamps = looked_at(1000);
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_true(stamps_came_ns(&stamps, cases[i].wall_ns, cases[i].last_ns, cases[i].read_ns) ==
                    cases[i].came_ns);
}

/* A look that was interrupted says nothing, and one that differs by little is no step. */
static void test_stamps_bear_with_looks(void **state)
{
    struct stamps stamps = looked_at(1000);
    (void)state;
    stamps_look(&stamps, 20000, OFFSET + 25000, 20000 + STAMPS_LOOK_NS + 1);
    assert_true(stamps_came_ns(&stamps, OFFSET + 5000, 0, 9000) == 5030);
    stamps_look(&stamps, 40000, OFFSET + 40000, 45000);
    assert_true(stamps_came_ns(&stamps, OFFSET + 5000, 0, 19000) == 10000);
}

/* Stamps of before a step of the wall clock cannot be told on the run's clock. */
static void test_stamps_are_of_the_clock_as_it_is(void **state)
{
    static const int64_t steps[] = {3600 * (int64_t)NS_PER_S, -3600 * (int64_t)NS_PER_S, 50000,
                                    -50000};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(steps); i++) {
        struct stamps stamps = looked_at(1000000);
        uint64_t stepped = OFFSET + (uint64_t)steps[i];
        stamps_look(&stamps, 2000000, stepped + 2000000, 2000000);
        uint64_t before = stamps_came_ns(&stamps, OFFSET + 1990000, 0, 2010000);
        uint64_t after = stamps_came_ns(&stamps, stepped + 2005000, 0, 2010000);
        assert_true(before == 0);
        assert_true(after == 2005000);
    }
}

TEST_GROUP(stamps)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stamps_are_not_believed_before_a_look),
        cmocka_unit_test(test_stamps_are_never_too_early),
        cmocka_unit_test(test_stamps_lie_between_the_last_message_and_the_read),
        cmocka_unit_test(test_stamps_bear_with_looks),
        cmocka_unit_test(test_stamps_are_of_the_clock_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
