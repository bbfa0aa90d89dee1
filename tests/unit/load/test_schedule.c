#include "testing.h"

#include "wsload/base/clock.h"
#include "wsload/load/schedule.h"

static void test_schedule_gives_each_request_once_and_then_none(void **state)
{
    static const struct schedule_plan plan = {.requests = 5, .worker = 0, .workers = 1};
    struct schedule schedule;
    struct request request;

    (void)state;
    schedule_init(&schedule, &plan);
    for (size_t i = 0; i < plan.requests; i++) {
        assert_false(schedule_exhausted(&schedule, 0));
        assert_true(schedule_take(&schedule, 10 * i, &request));
        assert_int_equal(request.seq, i);
        assert_int_equal(request.due_ns, 10 * i);
    }
    assert_true(schedule_exhausted(&schedule, 0));
    assert_false(schedule_take(&schedule, 0, &request));
}

static void test_schedule_shares_add_up_exactly(void **state)
{
    static const struct {
        uint64_t requests;
        unsigned workers;
    } cases[] = {{1, 1}, {10, 3}, {2, 8}, {100, 7}, {64, 64}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        unsigned taken[100] = {0};

        for (unsigned worker = 0; worker < cases[i].workers; worker++) {
            struct schedule_plan plan = {
                .requests = cases[i].requests,
                .worker = worker,
                .workers = cases[i].workers,
            };
            struct schedule schedule;
            struct request request;

            schedule_init(&schedule, &plan);
            while (schedule_take(&schedule, 0, &request))
                taken[request.seq]++;
        }
        for (uint64_t seq = 0; seq < ARRAY_LENGTH(taken); seq++)
            assert_int_equal(taken[seq], seq < cases[i].requests);
    }
}

static void test_schedule_ends_at_its_deadline(void **state)
{
    static const struct schedule_plan plan = {.workers = 1};
    struct schedule schedule;
    struct request request;

    (void)state;
    schedule_init(&schedule, &plan);
    schedule.deadline_ns = 1500;
    assert_true(schedule_take(&schedule, 1000, &request));
    assert_true(schedule_take(&schedule, 1499, &request));
    assert_int_equal(request.seq, 1);
    assert_true(schedule_exhausted(&schedule, 1500));
    assert_false(schedule_take(&schedule, 1500, &request));
}

static void test_schedule_ends_at_the_smaller_of_limit_and_deadline(void **state)
{
    static const struct schedule_plan plan = {.requests = 1, .workers = 1};
    struct schedule schedule;
    struct request request;

    (void)state;
    schedule_init(&schedule, &plan);
    schedule.deadline_ns = 100;
    assert_true(schedule_exhausted(&schedule, 100));
    assert_true(schedule_take(&schedule, 0, &request));
    assert_false(schedule_take(&schedule, 0, &request));
}

static void test_schedule_without_bounds_goes_on(void **state)
{
    static const struct schedule_plan plan = {.workers = 1};
    struct schedule schedule;
    struct request request;

    (void)state;
    schedule_init(&schedule, &plan);
    schedule.deadline_ns = CLOCK_NEVER;
    for (size_t i = 0; i < 1000; i++) {
        assert_true(schedule_take(&schedule, CLOCK_NEVER - 1, &request));
        assert_int_equal(request.seq, i);
    }
}

static void test_schedule_stop_is_for_good(void **state)
{
    static const struct schedule_plan plan = {.workers = 1};
    struct schedule schedule;
    struct request request;

    (void)state;
    schedule_init(&schedule, &plan);
    schedule.deadline_ns = 0;
    assert_true(schedule_exhausted(&schedule, 0));
    assert_false(schedule_take(&schedule, 0, &request));
}

TEST_GROUP(schedule)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schedule_gives_each_request_once_and_then_none),
        cmocka_unit_test(test_schedule_shares_add_up_exactly),
        cmocka_unit_test(test_schedule_ends_at_its_deadline),
        cmocka_unit_test(test_schedule_ends_at_the_smaller_of_limit_and_deadline),
        cmocka_unit_test(test_schedule_without_bounds_goes_on),
        cmocka_unit_test(test_schedule_stop_is_for_good),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
