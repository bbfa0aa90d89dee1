#include "testing.h"

#include <math.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/base/random.h"
#include "wsload/load/schedule.h"

#define S NS_PER_S

/* Up from 0 to 100 in 10 s, 20 s of 100, a jump to 50, 10 s of 50, down to 0 in 5 s. */
static const struct stages profile = {
    .start = 0,
    .items = {{10 * S, 100}, {20 * S, 100}, {0, 50}, {10 * S, 50}, {5 * S, 0}},
    .count = 5,
};

static const struct stages steady = {.start = 2.5};

static void test_stages_parse_takes_a_time_and_a_level(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t duration_ns;
        double target;
    } cases[] = {
        {"30s:500", 30 * S, 500},  {"0:1", 0, 1},       {"1h30m:2.5k", 5400 * S, 2500},
        {"500ms:300/m", S / 2, 5}, {"10:0", 10 * S, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct stage stage;
        struct error error;
        assert_int_equal(stage_parse(cases[i].text, &stage, &error), 0);
        assert_int_equal(stage.duration_ns, cases[i].duration_ns);
        assert_true(stage.target == cases[i].target);
    }
}

static void test_stages_parse_says_which_part_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *error;
    } cases[] = {
        {"30s", "not DURATION:TARGET; use a time and a level, as in 30s:500"},
        {"", "not DURATION:TARGET; use a time and a level, as in 30s:500"},
        {":500", "duration: not a number; use us, ms, s, m or h, as in 500ms"},
        {"30x:500", "duration: unknown unit 'x'; use us, ms, s, m or h, as in 500ms"},
        {"30s:", "target: not a number; use k, m or g, then /s, /m or /h, as in 5k or 300/m"},
        {"30s:-1", "target: not a number; use k, m or g, then /s, /m or /h, as in 5k or 300/m"},
        {"30s:5:6", "target: unknown unit ':6'; use k, m or g, then /s, /m or /h, as in 5k or "
                    "300/m"},
        {"1000000000000000000000000000000000000000000000000000000000000000s:1",
         "not DURATION:TARGET; use a time and a level, as in 30s:500"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct stage stage;
        struct error error = {""};
        assert_int_equal(stage_parse(cases[i].text, &stage, &error), -1);
        assert_string_equal(error.text, cases[i].error);
    }
}

static void test_stages_level_goes_in_straight_lines(void **state)
{
    (void)state;
    static const struct {
        uint64_t time_ns;
        double level;
        double total; /* the area below, in triangles and rectangles */
    } cases[] = {
        {0, 0, 0},
        {S, 10, 5},
        {5 * S, 50, 125},
        {10 * S, 100, 500},
        {20 * S, 100, 1500},
        {30 * S, 50, 2500}, /* behind the jump */
        {40 * S, 50, 3000},
        {42 * S, 30, 3080},
        {45 * S, 0, 3125},
        {100 * S, 0, 3125},
        {CLOCK_NEVER, 0, 3125},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_true(fabs(stages_level(&profile, cases[i].time_ns) - cases[i].level) < 1e-9);
        assert_true(fabs(stages_total(&profile, cases[i].time_ns) - cases[i].total) < 1e-9);
    }
    assert_true(stages_level(&profile, 30 * S - 1) == 100);
    assert_int_equal(stages_duration_ns(&profile), 45 * S);
}

static void test_stages_keep_the_start_level_for_ever_when_there_are_none(void **state)
{
    (void)state;
    assert_int_equal(stages_duration_ns(&steady), CLOCK_NEVER);
    assert_true(stages_level(&steady, 0) == 2.5);
    assert_true(stages_level(&steady, CLOCK_NEVER) == 2.5);
    assert_true(stages_total(&steady, 10 * S) == 25);
    assert_true(stages_highest(&steady) == 2.5);
    assert_int_equal(stages_time_of_total(&steady, 25), 10 * S);
    assert_int_equal(stages_next_change_ns(&steady, 0), CLOCK_NEVER);
    assert_int_equal(stages_time_of_total(&(struct stages){0}, 1e-9), CLOCK_NEVER);
}

static void test_stages_stay_at_the_last_target(void **state)
{
    (void)state;
    static const struct stages rising = {.items = {{S, 7}}, .count = 1};
    assert_true(stages_level(&rising, S) == 7);
    assert_true(stages_level(&rising, CLOCK_NEVER) == 7);
    assert_true(stages_total(&rising, CLOCK_NEVER) == 3.5);
}

static void test_stages_highest_counts_what_is_reached(void **state)
{
    (void)state;
    static const struct {
        struct stages stages;
        double highest;
    } cases[] = {
        {{.start = 3, .items = {{S, 1}}, .count = 1}, 3},
        {{.start = 1, .items = {{S, 4}, {S, 0}}, .count = 2}, 4},
        {{.start = 9, .items = {{0, 4}, {S, 0}}, .count = 2}, 4}, /* left before the beginning */
        {{.start = 1, .items = {{S, 2}, {0, 8}}, .count = 2}, 8}, /* and for ever */
        {{.start = 0, .items = {{0, 9}, {0, 2}, {S, 3}}, .count = 3}, 3},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_true(stages_highest(&cases[i].stages) == cases[i].highest);
}

static void test_stages_time_of_total_is_the_earliest(void **state)
{
    (void)state;
    static const struct stages gap = {
        .start = 10,
        .items = {{S, 10}, {0, 0}, {5 * S, 0}, {0, 10}, {S, 10}},
        .count = 5,
    };
    static const struct {
        const struct stages *stages;
        double total;
        uint64_t time_ns;
    } cases[] = {
        {&profile, 0, 0},
        {&profile, 5, S},
        {&profile, 500, 10 * S},
        {&profile, 1500, 20 * S},
        {&profile, 2500, 30 * S},
        {&profile, 3080, 42 * S},
        {&profile, 3125, 45 * S},
        {&profile, 3125.001, CLOCK_NEVER},
        {&gap, 10, S}, /* and not 6 s */
        {&gap, 10.001, 6 * S + 100000},
        {&gap, 20, 7 * S},
        {&steady, 1, 4 * S / 10},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(stages_time_of_total(cases[i].stages, cases[i].total), cases[i].time_ns);
}

static void test_stages_time_of_total_is_rounded_up(void **state)
{
    (void)state;
    static const struct stages thirds = {.start = 3};
    assert_int_equal(stages_time_of_total(&thirds, 1), 333333334);
    assert_int_equal(stages_time_of_total(&thirds, 2), 666666667);
    assert_int_equal(stages_time_of_total(&thirds, 3), S);
    /* These are whole, but a double makes a little more of them. */
    assert_int_equal(stages_time_of_total(&(struct stages){.start = 5}, 83), 83 * S / 5);
    assert_int_equal(stages_time_of_total(&(struct stages){.start = 11.0 / 60}, 88), 480 * S);
}

/* Some stages with ramps in both directions, plateaus, jumps and pauses; whole levels or not. */
static struct stages random_stages(struct random *random)
{
    struct stages stages = {.start = (double)random_between(random, 0, 3) * 7,
                            .count = random_between(random, 0, 6)};
    for (size_t i = 0; i < stages.count; i++) {
        stages.items[i].duration_ns = random_between(random, 0, 3) * random_between(random, 0, S);
        stages.items[i].target = (double)random_between(random, 0, 40) / 4;
    }
    return stages;
}

static void test_stages_time_of_total_is_the_inverse_of_the_total(void **state)
{
    (void)state;
    struct random random;
    random_init(&random, 42);
    for (int i = 0; i < 20000; i++) {
        struct stages stages = random_stages(&random);
        uint64_t end_ns = stages.count == 0 ? 10 * S : stages_duration_ns(&stages);
        uint64_t at = random_between(&random, 0, end_ns);
        double total = stages_total(&stages, at);
        uint64_t found = stages_time_of_total(&stages, total);
        assert_true(found <= end_ns);
        assert_true(fabs(stages_total(&stages, found) - total) < 1e-7);
        /* Where the level is not next to 0 the time itself comes back, to a nanosecond or two. */
        if (stages_level(&stages, at) > 0.1)
            assert_true(found <= at + 2 && at <= found + 2);
    }
}

static void test_stages_total_of_a_part_is_reached(void **state)
{
    (void)state;
    /* In double precision the area up to the last nanoseconds of such a ramp can come out larger
     * than that of all of it. */
    struct random random;
    random_init(&random, 45);
    for (int i = 0; i < 10000; i++) {
        struct stages ramp = {.start = random_unit(&random) * 100,
                              .items = {{random_between(&random, 10, 1000 * S), 0}},
                              .count = 1};
        uint64_t end_ns = stages_duration_ns(&ramp);
        for (uint64_t before_ns = 1; before_ns < 10; before_ns++) {
            double total = stages_total(&ramp, end_ns - before_ns);
            assert_true(total <= stages_total(&ramp, end_ns));
            assert_true(stages_time_of_total(&ramp, total) <= end_ns);
        }
    }
}

static void test_stages_total_is_the_sum_of_levels(void **state)
{
    (void)state;
    struct random random;
    random_init(&random, 43);
    for (int i = 0; i < 50; i++) {
        struct stages stages = random_stages(&random);
        const uint64_t step_ns = S / 1000;
        double sum = 0;
        for (uint64_t at = step_ns / 2; at < 5 * S; at += step_ns) {
            if (at < stages_duration_ns(&stages))
                sum += stages_level(&stages, at) * clock_seconds(step_ns);
        }
        /* The sum is off by a step at each jump, of at most 21. */
        assert_true(fabs(stages_total(&stages, 5 * S) - sum) < 7 * 21 * 0.001);
    }
}

static void test_stages_change_at_whole_levels(void **state)
{
    (void)state;
    static const struct stages stages = {
        .start = 0,
        .items = {{3 * S, 3}, {S, 3}, {0, 1}, {S, 1}, {0, 2}, {2 * S, 0}, {S, 0.5}},
        .count = 7,
    };
    static const uint64_t expected[] = {
        1 * S,       2 * S, 3 * S, 4 * S, /* up, and down by a jump */
        5 * S,                            /* up by a jump */
        5 * S + 1,                        /* below 2 at once */
        6 * S + 1,                        /* below 1 */
        CLOCK_NEVER,
    };
    uint64_t at = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(expected); i++) {
        at = stages_next_change_ns(&stages, at);
        assert_int_equal(at, expected[i]);
    }
}

static void test_stages_change_where_the_level_has_a_new_whole_part(void **state)
{
    (void)state;
    struct random random;
    random_init(&random, 44);
    for (int i = 0; i < 2000; i++) {
        struct stages stages = random_stages(&random);
        uint64_t at = 0;
        for (int changes = 0;; changes++) {
            double whole = floor(stages_level(&stages, at));
            uint64_t next = stages_next_change_ns(&stages, at);
            assert_true(changes <= 6 * 22); /* 21 to 0 and back with each stage at most */
            assert_true(next > at);
            if (next == CLOCK_NEVER) {
                assert_true(floor(stages_level(&stages, CLOCK_NEVER)) == whole);
                break;
            }
            assert_true(floor(stages_level(&stages, next)) != whole);
            assert_true(floor(stages_level(&stages, next - 1)) == whole);
            for (int k = 0; k < 8; k++) {
                uint64_t between = random_between(&random, at, next - 1);
                assert_true(floor(stages_level(&stages, between)) == whole);
            }
            at = next;
        }
    }
}

/* --- The time before the first stage --- */

/* STAGES as if their first one were HOLD_NS at the start. */
static struct stages with_first_stage(const struct stages *stages, uint64_t hold_ns)
{
    struct stages with = {.start = stages->start, .count = stages->count + 1};
    with.items[0] = (struct stage){hold_ns, stages->start};
    memcpy(&with.items[1], stages->items, stages->count * sizeof(stages->items[0]));
    return with;
}

static void assert_same_at(const struct stages *held, const struct stages *expected, uint64_t at)
{
    double total = stages_total(expected, at);
    assert_true(stages_level(held, at) == stages_level(expected, at));
    assert_true(stages_total(held, at) == total);
    assert_int_equal(stages_time_of_total(held, total), stages_time_of_total(expected, total));
    assert_int_equal(stages_next_change_ns(held, at), stages_next_change_ns(expected, at));
}

static void test_stages_held_at_the_start_are_as_with_a_stage_of_it(void **state)
{
    (void)state;
    struct random random;
    random_init(&random, 46);
    for (int i = 0; i < 20000; i++) {
        struct stages held = random_stages(&random);
        if (held.count == 0)
            continue; /* there the level stays for ever, held or not */
        held.hold_ns = random_between(&random, 0, 2) * random_between(&random, 0, 2 * S);
        struct stages expected = with_first_stage(&held, held.hold_ns);
        uint64_t end_ns = stages_duration_ns(&expected);
        assert_int_equal(stages_duration_ns(&held), end_ns);
        assert_true(stages_highest(&held) == stages_highest(&expected));
        assert_same_at(&held, &expected, 0);
        assert_same_at(&held, &expected, held.hold_ns > 0 ? held.hold_ns - 1 : 0);
        assert_same_at(&held, &expected, held.hold_ns);
        assert_same_at(&held, &expected, random_between(&random, 0, end_ns));
        assert_same_at(&held, &expected, end_ns);
        assert_same_at(&held, &expected, CLOCK_NEVER);
    }
}

static void test_stages_that_are_held_begin_later(void **state)
{
    (void)state;
    static const struct {
        struct stages stages;
        double highest;
        uint64_t duration_ns;
        uint64_t time_of_10;
        uint64_t first_change_ns;
    } cases[] = {
        {{.start = 5, .hold_ns = 3 * S, .items = {{S, 5}}, .count = 1},
         5,
         4 * S,
         2 * S,
         CLOCK_NEVER},
        {{.start = 2, .hold_ns = 3 * S, .items = {{0, 4}, {S, 4}}, .count = 2},
         4,
         4 * S,
         4 * S,
         3 * S},
        {{.start = 9, .hold_ns = S, .items = {{0, 4}, {S, 4}}, .count = 2},
         9, /* it was there */
         2 * S,
         1250 * NS_PER_MS,
         S},
        {{.start = 1, .hold_ns = 5 * S}, 1, CLOCK_NEVER, 10 * S, CLOCK_NEVER},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct stages *stages = &cases[i].stages;
        assert_true(stages_highest(stages) == cases[i].highest);
        assert_int_equal(stages_duration_ns(stages), cases[i].duration_ns);
        assert_int_equal(stages_time_of_total(stages, 10), cases[i].time_of_10);
        assert_int_equal(stages_next_change_ns(stages, 0), cases[i].first_change_ns);
    }
}

TEST_GROUP(stages)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stages_parse_takes_a_time_and_a_level),
        cmocka_unit_test(test_stages_parse_says_which_part_is_wrong),
        cmocka_unit_test(test_stages_level_goes_in_straight_lines),
        cmocka_unit_test(test_stages_keep_the_start_level_for_ever_when_there_are_none),
        cmocka_unit_test(test_stages_stay_at_the_last_target),
        cmocka_unit_test(test_stages_highest_counts_what_is_reached),
        cmocka_unit_test(test_stages_time_of_total_is_the_earliest),
        cmocka_unit_test(test_stages_time_of_total_is_rounded_up),
        cmocka_unit_test(test_stages_time_of_total_is_the_inverse_of_the_total),
        cmocka_unit_test(test_stages_total_of_a_part_is_reached),
        cmocka_unit_test(test_stages_total_is_the_sum_of_levels),
        cmocka_unit_test(test_stages_change_at_whole_levels),
        cmocka_unit_test(test_stages_change_where_the_level_has_a_new_whole_part),
        cmocka_unit_test(test_stages_held_at_the_start_are_as_with_a_stage_of_it),
        cmocka_unit_test(test_stages_that_are_held_begin_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
