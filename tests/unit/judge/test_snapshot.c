#include "testing.h"

#include "wsload/judge/snapshot.h"

static void test_snapshot_add_sums_counts_and_keeps_the_worst_p95(void **state)
{
    struct snapshot sum = {.phase = PHASE_RUNNING,
                           .elapsed_ns = 50,
                           .connections = 1,
                           .open = 2,
                           .open_failed = 3,
                           .planned = 4,
                           .duration_ns = 60,
                           .done = 5,
                           .failed = 6,
                           .in_flight = 7,
                           .queued = 8,
                           .skipped = 9,
                           .recent_p95_ns = 30};
    struct snapshot other = {.phase = PHASE_RUNNING,
                             .elapsed_ns = 40,
                             .connections = 10,
                             .open = 20,
                             .open_failed = 30,
                             .planned = 40,
                             .duration_ns = 70,
                             .done = 50,
                             .failed = 60,
                             .in_flight = 70,
                             .queued = 80,
                             .skipped = 90,
                             .recent_p95_ns = 20};
    (void)state;
    snapshot_add(&sum, &other);
    assert_int_equal(sum.elapsed_ns, 50);
    assert_int_equal(sum.duration_ns, 70);
    assert_int_equal(sum.connections, 11);
    assert_int_equal(sum.open, 22);
    assert_int_equal(sum.open_failed, 33);
    assert_int_equal(sum.planned, 44);
    assert_int_equal(sum.done, 55);
    assert_int_equal(sum.failed, 66);
    assert_int_equal(sum.in_flight, 77);
    assert_int_equal(sum.queued, 88);
    assert_int_equal(sum.skipped, 99);
    assert_int_equal(sum.recent_p95_ns, 30);
    other.recent_p95_ns = 31;
    snapshot_add(&sum, &other);
    assert_int_equal(sum.recent_p95_ns, 31);
}

static void test_snapshot_add_takes_phase_and_clock_of_the_hindmost(void **state)
{
    static const struct {
        enum run_phase first, second, phase;
        uint64_t elapsed_ns, duration_ns; /* of the first 5 of 30, of the second 3 of 20 */
    } cases[] = {
        {PHASE_OPENING, PHASE_CLOSING, PHASE_OPENING, 5, 30},
        {PHASE_CLOSING, PHASE_OPENING, PHASE_OPENING, 3, 20},
        {PHASE_RUNNING, PHASE_WARMUP, PHASE_WARMUP, 3, 20},
        {PHASE_DRAINING, PHASE_DRAINING, PHASE_DRAINING, 5, 30},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct snapshot sum = {.phase = cases[i].first, .elapsed_ns = 5, .duration_ns = 30};
        struct snapshot other = {.phase = cases[i].second, .elapsed_ns = 3, .duration_ns = 20};
        snapshot_add(&sum, &other);
        assert_int_equal(sum.phase, cases[i].phase);
        assert_int_equal(sum.elapsed_ns, cases[i].elapsed_ns);
        assert_int_equal(sum.duration_ns, cases[i].duration_ns);
    }
}

static void test_snapshot_add_is_quiet_while_no_worker_hears_anything(void **state)
{
    static const struct {
        uint64_t in_flight, quiet_ns, other_in_flight, other_quiet_ns, sum_ns;
    } cases[] = {{1, 30, 1, 20, 20},
                 {1, 20, 1, 30, 20},
                 {0, 0, 1, 30, 30},
                 {1, 30, 0, 0, 30},
                 {0, 0, 0, 0, 0}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct snapshot sum = {.in_flight = cases[i].in_flight, .quiet_ns = cases[i].quiet_ns};
        struct snapshot other = {.in_flight = cases[i].other_in_flight,
                                 .quiet_ns = cases[i].other_quiet_ns};
        snapshot_add(&sum, &other);
        assert_int_equal(sum.quiet_ns, cases[i].sum_ns);
    }
}

static void test_snapshot_add_adds_the_evidence_of_every_threshold(void **state)
{
    struct snapshot sum = {.phase = PHASE_RUNNING};
    struct snapshot other = {.phase = PHASE_RUNNING};
    (void)state;
    for (size_t i = 0; i < THRESHOLDS_MAX; i++) {
        sum.evidence[i] = (struct evidence){i, 2 * i, 3 * i};
        other.evidence[i] = (struct evidence){100, 200, (histogram_sum)1 << 100};
    }
    snapshot_add(&sum, &other);
    for (size_t i = 0; i < THRESHOLDS_MAX; i++) {
        assert_int_equal(sum.evidence[i].count, 100 + i);
        assert_int_equal(sum.evidence[i].beyond, 200 + 2 * i);
        assert_true(sum.evidence[i].sum == ((histogram_sum)1 << 100) + 3 * i);
    }
}

TEST_GROUP(snapshot)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_snapshot_add_sums_counts_and_keeps_the_worst_p95),
        cmocka_unit_test(test_snapshot_add_takes_phase_and_clock_of_the_hindmost),
        cmocka_unit_test(test_snapshot_add_is_quiet_while_no_worker_hears_anything),
        cmocka_unit_test(test_snapshot_add_adds_the_evidence_of_every_threshold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
