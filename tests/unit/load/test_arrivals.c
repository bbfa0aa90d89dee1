#include "testing.h"

#include <math.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/load/schedule.h"

#define S    NS_PER_S
#define HOUR (3600 * S)

static const struct stages per_second = {.start = 1000};

static struct arrivals_plan plan_of(const struct stages *rate, enum arrival_law law,
                                    uint64_t duration_ns)
{
    return (struct arrivals_plan){
        .rate = rate, .law = law, .seed = 1, .duration_ns = duration_ns, .workers = 1};
}

/* Counts the arrivals of PLAN, and checks that they come in order, numbered, and in time. */
static uint64_t count_arrivals(const struct arrivals_plan *plan)
{
    struct arrivals arrivals;
    uint64_t count = 0;
    uint64_t before_ns = 0;
    arrivals_init(&arrivals, plan);
    for (; arrivals.due_ns != CLOCK_NEVER; count++) {
        uint64_t due_ns = arrivals.due_ns;
        if (due_ns < before_ns || due_ns >= plan->duration_ns)
            fail_msg("arrival %llu is due at %llu", (unsigned long long)count,
                     (unsigned long long)due_ns);
        before_ns = due_ns;
        if (arrivals_take(&arrivals) != count)
            fail_msg("arrival %llu has another number", (unsigned long long)count);
    }
    return count;
}

static void test_arrivals_constant_pacing_over_an_hour_is_exact(void **state)
{
    (void)state;
    static const struct {
        double rate;
        uint64_t count; /* the first is due at once, and none at the end */
    } cases[] = {
        {1000, 3600000},        {100.0 / 60, 6000}, {0.3, 1080}, {7.0 / 3, 8400},
        {1.0 / 3600, 1},        {1.5 / 3600, 2},    {1e-9, 1},   {0, 0},
        {333.3333333, 1200000}, {0.1, 360},         {17, 61200}, {1.0 / 7, 515},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct stages rate = {.start = cases[i].rate};
        struct arrivals_plan plan = plan_of(&rate, ARRIVAL_CONSTANT, HOUR);
        assert_int_equal(arrivals_expected(&plan), cases[i].count);
        assert_int_equal(count_arrivals(&plan), cases[i].count);
    }
}

static void test_arrivals_of_a_constant_rate_are_evenly_spaced(void **state)
{
    (void)state;
    struct arrivals_plan plan = plan_of(&per_second, ARRIVAL_CONSTANT, HOUR);
    struct arrivals arrivals;
    arrivals_init(&arrivals, &plan);
    for (uint64_t i = 0; i < 100000; i++) {
        assert_int_equal(arrivals.due_ns, i * NS_PER_MS);
        assert_int_equal(arrivals_take(&arrivals), i);
    }
}

static void test_arrivals_constant_counts_are_exact_for_any_rate(void **state)
{
    (void)state;
    struct random random;
    random_init(&random, 5);
    for (int i = 0; i < 500; i++) {
        uint64_t count = random_between(&random, 1, 2000);
        uint64_t seconds = random_between(&random, 1, 5000);
        /* COUNT in SECONDS, as warm-up, measured part and a rest of the same rate. */
        struct stages rate = {.start = (double)count / (double)seconds, .count = 3};
        uint64_t total_s = 0;
        for (size_t k = 0; k < 3; k++) {
            uint64_t times = random_between(&random, 0, 3);
            rate.items[k] = (struct stage){times * seconds * S, rate.start};
            total_s += times * seconds;
        }
        struct arrivals_plan plan = plan_of(&rate, ARRIVAL_CONSTANT, total_s * S);
        assert_int_equal(count_arrivals(&plan), total_s / seconds * count);
    }
}

static void test_arrivals_are_never_rounded_up_to_the_end(void **state)
{
    (void)state;
    /* The second one is due a third of a nanosecond before the end. */
    static const struct stages rate = {.start = 3};
    struct arrivals_plan plan = plan_of(&rate, ARRIVAL_CONSTANT, 333333334);
    struct arrivals arrivals;
    arrivals_init(&arrivals, &plan);
    assert_int_equal(arrivals_take(&arrivals), 0);
    assert_int_equal(arrivals.due_ns, 333333333);
    assert_int_equal(arrivals_take(&arrivals), 1);
    assert_int_equal(arrivals.due_ns, CLOCK_NEVER);
}

static void test_arrivals_end_with_the_requests(void **state)
{
    (void)state;
    static const struct {
        enum arrival_law law;
        uint64_t requests;
        uint64_t duration_ns;
        uint64_t count;
    } cases[] = {
        {ARRIVAL_CONSTANT, 10, CLOCK_NEVER, 10},
        {ARRIVAL_CONSTANT, 10, S, 10},
        {ARRIVAL_CONSTANT, 2000, S, 1000},
        {ARRIVAL_POISSON, 10, CLOCK_NEVER, 10},
        {ARRIVAL_POISSON, 10, S, 10},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct arrivals_plan plan = plan_of(&per_second, cases[i].law, cases[i].duration_ns);
        plan.requests = cases[i].requests;
        assert_int_equal(count_arrivals(&plan), cases[i].count);
        assert_int_equal(arrivals_expected(&plan), cases[i].count);
    }
}

static void test_arrivals_expected_is_what_a_run_will_have(void **state)
{
    (void)state;
    static const struct stages ramp = {.items = {{10 * S, 100}}, .count = 1};
    static const struct stages nothing = {0};
    static const struct {
        const struct stages *rate;
        enum arrival_law law;
        uint64_t requests;
        uint64_t duration_ns;
        uint64_t expected;
    } cases[] = {
        {&per_second, ARRIVAL_CONSTANT, 0, CLOCK_NEVER, UINT64_MAX},
        {&per_second, ARRIVAL_POISSON, 0, CLOCK_NEVER, UINT64_MAX},
        {&per_second, ARRIVAL_POISSON, 0, 2 * S, 2000},
        {&per_second, ARRIVAL_POISSON, 5000, 2 * S, 2000},
        {&ramp, ARRIVAL_CONSTANT, 0, CLOCK_NEVER, 500},
        {&ramp, ARRIVAL_CONSTANT, 0, 5 * S, 125},
        {&ramp, ARRIVAL_POISSON, 0, CLOCK_NEVER, 500},
        {&ramp, ARRIVAL_CONSTANT, 700, CLOCK_NEVER, 500},
        {&nothing, ARRIVAL_CONSTANT, 0, CLOCK_NEVER, 0},
        {&nothing, ARRIVAL_CONSTANT, 5, CLOCK_NEVER, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct arrivals_plan plan = plan_of(cases[i].rate, cases[i].law, cases[i].duration_ns);
        plan.requests = cases[i].requests;
        assert_int_equal(arrivals_expected(&plan), cases[i].expected);
    }
}

static void test_arrivals_of_no_rate_never_come(void **state)
{
    (void)state;
    static const struct stages nothing = {0};
    static const enum arrival_law laws[] = {ARRIVAL_CONSTANT, ARRIVAL_POISSON};
    for (size_t i = 0; i < ARRAY_LENGTH(laws); i++) {
        struct arrivals_plan plan = plan_of(&nothing, laws[i], CLOCK_NEVER);
        plan.requests = 5;
        assert_int_equal(count_arrivals(&plan), 0);
    }
}

static void test_arrivals_wait_while_the_stages_stand_at_0(void **state)
{
    (void)state;
    static const struct {
        struct stages rate;
        uint64_t first_ns;
        uint64_t second_ns; /* of the constant law */
        uint64_t count;
    } cases[] = {
        {{.start = 0, .items = {{2 * S, 0}, {0, 100}, {S, 100}}, .count = 3},
         2 * S,
         2 * S + S / 100,
         100},
        {{.start = 0, .items = {{2 * S, 0}, {3 * S, 0}, {2 * S, 100}}, .count = 3},
         5 * S,
         5 * S + 200 * NS_PER_MS,
         100},
        {{.start = 0, .items = {{0, 100}, {S, 100}}, .count = 2}, 0, S / 100, 100},
        {{.start = 100, .items = {{0, 0}, {S, 0}, {0, 50}, {S, 50}}, .count = 4},
         S,
         S + S / 50,
         50},
        {{.start = 100, .items = {{S, 100}, {0, 0}, {S, 0}, {0, 1}, {S, 1}}, .count = 5},
         0,
         S / 100,
         101},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct arrivals_plan plan = plan_of(&cases[i].rate, ARRIVAL_CONSTANT, CLOCK_NEVER);
        struct arrivals arrivals;
        arrivals_init(&arrivals, &plan);
        assert_int_equal(arrivals.due_ns, cases[i].first_ns);
        assert_int_equal(arrivals_take(&arrivals), 0);
        assert_int_equal(arrivals.due_ns, cases[i].second_ns);
        assert_int_equal(count_arrivals(&plan), cases[i].count);
        plan.law = ARRIVAL_POISSON;
        for (plan.seed = 1; plan.seed <= 100; plan.seed++) {
            arrivals_init(&arrivals, &plan);
            assert_in_range(arrivals.due_ns, cases[i].first_ns, UINT64_MAX - 1);
        }
    }
}

static void test_arrivals_poisson_gaps_are_exponential(void **state)
{
    (void)state;
    struct arrivals_plan plan = plan_of(&per_second, ARRIVAL_POISSON, CLOCK_NEVER);
    const int count = 100000;
    for (plan.seed = 1; plan.seed <= 5; plan.seed++) {
        struct arrivals arrivals;
        double sum = 0;
        double squares = 0;
        int shorter = 0; /* than the median of the law */
        uint64_t before_ns = 0;
        arrivals_init(&arrivals, &plan);
        for (int i = 0; i < count; i++) {
            double gap = clock_seconds(arrivals.due_ns - before_ns);
            before_ns = arrivals.due_ns;
            arrivals_take(&arrivals);
            sum += gap;
            squares += gap * gap;
            shorter += gap < 0.001 * log(2);
        }
        double mean = sum / count;
        double variation = sqrt(squares / count - mean * mean) / mean;
        assert_true(fabs(mean / 0.001 - 1) < 0.02);
        assert_true(fabs(variation - 1) < 0.05);
        assert_true(fabs(shorter - count / 2.0) < 1000); /* six standard deviations */
    }
}

/* Ramps: how many arrivals fall into each tenth, against the integral of the rate over it. */
static void test_arrivals_follow_a_ramp(void **state)
{
    (void)state;
    static const struct stages ramps = {
        .start = 100,
        .items = {{50 * S, 2000}, {20 * S, 2000}, {0, 500}, {30 * S, 0}},
        .count = 4,
    };
    static const enum arrival_law laws[] = {ARRIVAL_CONSTANT, ARRIVAL_POISSON};
    for (size_t law = 0; law < ARRAY_LENGTH(laws); law++) {
        struct arrivals_plan plan = plan_of(&ramps, laws[law], 100 * S);
        struct arrivals arrivals;
        int counts[10] = {0};
        arrivals_init(&arrivals, &plan);
        while (arrivals.due_ns != CLOCK_NEVER) {
            counts[arrivals.due_ns / (10 * S)]++;
            arrivals_take(&arrivals);
        }
        for (uint64_t i = 0; i < 10; i++) {
            double expected = stages_total(&ramps, (i + 1) * 10 * S) -
                              stages_total(&ramps, i * 10 * S);
            /* A Poisson count has the standard deviation sqrt(expected). */
            double allowed = laws[law] == ARRIVAL_CONSTANT ? 1 : 5 * sqrt(expected);
            assert_true(fabs(counts[i] - expected) <= allowed);
        }
    }
}

/* Each worker's arrivals against those of a run with one worker. */
static void check_shares(enum arrival_law law, unsigned workers)
{
    static const struct stages rate = {.items = {{5 * S, 300}, {5 * S, 10}}, .count = 2};
    struct arrivals_plan plan = plan_of(&rate, law, 10 * S);
    struct arrivals shares[8];
    struct arrivals whole;
    arrivals_init(&whole, &plan);
    plan.workers = workers;
    for (plan.worker = 0; plan.worker < workers; plan.worker++)
        arrivals_init(&shares[plan.worker], &plan);
    uint64_t seq = 0;
    for (; whole.due_ns != CLOCK_NEVER; seq++) {
        struct arrivals *share = &shares[seq % workers];
        assert_int_equal(share->due_ns, whole.due_ns);
        assert_int_equal(arrivals_take(share), seq);
        assert_int_equal(arrivals_take(&whole), seq);
    }
    assert_true(seq > 1000);
    for (unsigned i = 0; i < workers; i++)
        assert_int_equal(shares[i].due_ns, CLOCK_NEVER);
}

static void test_arrivals_are_shared_among_workers_to_the_last(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 8; workers++) {
        check_shares(ARRIVAL_CONSTANT, workers);
        check_shares(ARRIVAL_POISSON, workers);
    }
}

static void test_arrivals_repeat_with_their_seed(void **state)
{
    (void)state;
    struct arrivals_plan plan = plan_of(&per_second, ARRIVAL_POISSON, CLOCK_NEVER);
    struct arrivals first;
    struct arrivals same;
    struct arrivals other;
    int equal = 0;
    arrivals_init(&first, &plan);
    arrivals_init(&same, &plan);
    plan.seed = 2;
    arrivals_init(&other, &plan);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(first.due_ns, same.due_ns);
        equal += first.due_ns == other.due_ns;
        arrivals_take(&first);
        arrivals_take(&same);
        arrivals_take(&other);
    }
    assert_true(equal < 10);
}

static void test_arrivals_poisson_numbers_vary_with_the_seed_about_the_expected(void **state)
{
    (void)state;
    struct arrivals_plan plan = plan_of(&per_second, ARRIVAL_POISSON, 10 * S);
    double sum = 0;
    double squares = 0;
    const unsigned runs = 200;
    for (plan.seed = 1; plan.seed <= runs; plan.seed++) {
        double off = (double)count_arrivals(&plan) - 10000;
        sum += off;
        squares += off * off;
    }
    /* Mean 10,000 and variance 10,000; both within four standard deviations of their estimates. */
    assert_true(fabs(sum / runs) < 4 * 100 / sqrt(runs));
    assert_true(fabs(squares / runs / 10000 - 1) < 4 * sqrt(2.0 / runs));
}

/* --- The time before the first stage --- */

/* Some stages with ramps, plateaus, jumps and pauses. */
static struct stages random_rate(struct random *random)
{
    struct stages rate = {.start = (double)random_between(random, 0, 2) * 7,
                          .count = random_between(random, 1, 4)};
    for (size_t i = 0; i < rate.count; i++) {
        rate.items[i].duration_ns = random_between(random, 0, 3) * random_between(random, 0, S);
        rate.items[i].target = (double)random_between(random, 0, 60) / 4;
    }
    return rate;
}

/* RATE as if its first stage were HOLD_NS at the start. */
static struct stages with_first_stage(const struct stages *rate, uint64_t hold_ns)
{
    struct stages with = {.start = rate->start, .count = rate->count + 1};
    with.items[0] = (struct stage){hold_ns, rate->start};
    memcpy(&with.items[1], rate->items, rate->count * sizeof(rate->items[0]));
    return with;
}

static void assert_same_arrivals(const struct arrivals_plan *plan,
                                 const struct arrivals_plan *expected)
{
    struct arrivals arrivals;
    struct arrivals others;
    arrivals_init(&arrivals, plan);
    arrivals_init(&others, expected);
    assert_int_equal(arrivals_expected(plan), arrivals_expected(expected));
    while (others.due_ns != CLOCK_NEVER) {
        assert_int_equal(arrivals.due_ns, others.due_ns);
        assert_int_equal(arrivals_take(&arrivals), arrivals_take(&others));
    }
    assert_int_equal(arrivals.due_ns, CLOCK_NEVER);
}

static void test_arrivals_of_a_rate_held_at_the_start_are_as_with_a_stage_of_it(void **state)
{
    (void)state;
    struct random random;
    random_init(&random, 6);
    for (uint64_t i = 0; i < 2000; i++) {
        struct stages held = random_rate(&random);
        held.hold_ns = random_between(&random, 0, 2) * random_between(&random, 0, 2 * S);
        struct stages with = with_first_stage(&held, held.hold_ns);
        struct arrivals_plan plan = plan_of(&held, i % 2 ? ARRIVAL_POISSON : ARRIVAL_CONSTANT,
                                            random_between(&random, 0, 8 * S));
        plan.seed = i;
        plan.workers = (unsigned)random_between(&random, 1, 3);
        plan.worker = plan.workers - 1;
        struct arrivals_plan expected = plan;
        expected.rate = &with;
        assert_same_arrivals(&plan, &expected);
    }
}

TEST_GROUP(arrivals)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arrivals_constant_pacing_over_an_hour_is_exact),
        cmocka_unit_test(test_arrivals_of_a_constant_rate_are_evenly_spaced),
        cmocka_unit_test(test_arrivals_constant_counts_are_exact_for_any_rate),
        cmocka_unit_test(test_arrivals_are_never_rounded_up_to_the_end),
        cmocka_unit_test(test_arrivals_end_with_the_requests),
        cmocka_unit_test(test_arrivals_expected_is_what_a_run_will_have),
        cmocka_unit_test(test_arrivals_of_no_rate_never_come),
        cmocka_unit_test(test_arrivals_wait_while_the_stages_stand_at_0),
        cmocka_unit_test(test_arrivals_poisson_gaps_are_exponential),
        cmocka_unit_test(test_arrivals_follow_a_ramp),
        cmocka_unit_test(test_arrivals_are_shared_among_workers_to_the_last),
        cmocka_unit_test(test_arrivals_repeat_with_their_seed),
        cmocka_unit_test(test_arrivals_poisson_numbers_vary_with_the_seed_about_the_expected),
        cmocka_unit_test(test_arrivals_of_a_rate_held_at_the_start_are_as_with_a_stage_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
