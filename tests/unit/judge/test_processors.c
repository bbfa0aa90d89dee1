#include "testing.h"

#include <string.h>

#include "judging.h"

static void test_processors_doubts_busy_workers_and_counts_them(void **state)
{
    (void)state;
    seen->worker_use[0].cpu = 0.9001;
    assert_reason("cpu", VALIDITY_DOUBTFUL, "a worker at 91 % CPU (90 % at most)");
    use_core(0.97, 0.009);
    assert_reason("cpu", VALIDITY_DOUBTFUL, "a worker at 97 % CPU (90 % at most), and 1 more");
    use_core(0.95, 0);
    assert_reason("cpu", VALIDITY_DOUBTFUL, "a worker at 97 % CPU (90 % at most), and 2 more");
    seen->workers = 1;
    assert_reason("cpu", VALIDITY_DOUBTFUL, "a worker at 97 % CPU (90 % at most)");
    seen->workers = 0;
    assert_valid();
}

/* One that never rests is busy, whether it has a core or waits for one. */
static void test_processors_counts_the_wait_for_a_core(void **state)
{
    (void)state;
    seen->workers = 0;
    use_core(0.5, 0.4);
    assert_valid();
    use_core(0.5, 0.41);
    assert_reason("cpu", VALIDITY_DOUBTFUL,
                  "a worker at 50 % CPU, and waiting for a core 41 % of the time (90 % at most)");
}

/* What the workers use together is judged by what the process may use. */
static void test_processors_doubts_a_process_that_used_its_cores_up(void **state)
{
    static const struct {
        double cores;
        double cpu[2], wait[2];
        const char *text; /* NULL: valid */
    } cases[] = {
        {1, {0.45, 0.45}, {0.1, 0.1}, NULL},
        {1,
         {0.46, 0.45},
         {0.5, 0.5},
         "wsload used 91 % of the 1 core that it may use (90 % at most)"},
        {0.2, {0.17, 0.01}, {0, 0}, NULL},
        {0.2,
         {0.19, 0.01},
         {0.7, 0},
         "wsload used 100 % of the 0.2 cores that it may use (90 % at most)"},
        {2, {0.97, 0.95}, {0, 0}, "wsload used 96 % of the 2 cores that it may use (90 % at most)"},
        {0, {0.5, 0.5}, {0, 0}, NULL}, /* not known */
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        seen->workers = 0;
        seen->cores = cases[i].cores;
        for (size_t j = 0; j < ARRAY_LENGTH(cases[i].cpu); j++)
            use_core(cases[i].cpu[j], cases[i].wait[j]);
        if (!cases[i].text)
            assert_valid();
        else
            assert_reason("cpu", VALIDITY_DOUBTFUL, cases[i].text);
    }
}

static void test_processors_does_not_judge_the_cpu_of_a_moment(void **state)
{
    (void)state;
    seen->cores = 0.2;
    seen->workers = 0;
    measurement_add_use(seen, (struct worker_use){0.96, 0.04, 100 * NS_PER_MS - 1});
    assert_valid();
    measurement_add_use(seen, (struct worker_use){0, 0, 0}); /* it did not come to that */
    assert_valid();
    measurement_add_use(seen, (struct worker_use){0.1, 0, 100 * NS_PER_MS});
    assert_valid();
    measurement_add_use(seen, (struct worker_use){0.15, 0, 100 * NS_PER_MS});
    assert_reason("cpu", VALIDITY_DOUBTFUL,
                  "wsload used 125 % of the 0.2 cores that it may use (90 % at most)");
    seen->cores = 8;
    measurement_add_use(seen, (struct worker_use){0.92, 0, 100 * NS_PER_MS});
    assert_reason("cpu", VALIDITY_DOUBTFUL, "a worker at 92 % CPU (90 % at most)");
}

static void test_processors_names_what_kept_wsload_from_its_work(void **state)
{
    static const struct {
        double cpu, wait, cores;
        bool same_machine;
        const char *advice; /* how it begins */
    } cases[] = {
        {0.95, 0, 8, false, "there were too few workers: use more (-t)"},
        {0.95, 0, 1, false, "wsload used what it may have of the processors"},
        {0.2, 0.75, 0.2, false, "wsload used what it may have of the processors"},
        {0.5, 0.45, 8, false, "another program had the core: end it"},
        {0.5, 0.45, 8, true, "another program had the core, the server perhaps"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        seen->workers = 0;
        use_core(cases[i].cpu, cases[i].wait);
        seen->cores = cases[i].cores;
        seen->same_machine = cases[i].same_machine;
        look();
        assert_string_equal(validity.reasons[0].check, "cpu");
        if (strncmp(validity.reasons[0].advice, cases[i].advice, strlen(cases[i].advice)) != 0)
            fail_msg("%s", validity.reasons[0].advice);
    }
}

/* What is said of a run whose sending was late: all of it by so much that it matters. */
static void test_processors_names_no_cause_that_it_does_not_know(void **state)
{
    static const struct {
        double cpu, wait;
        uint64_t loop_ns; /* the worst */
        const char *advice;
    } cases[] = {
        {0.03, 0, 100 * NS_PER_MS, "use more workers (-t), less load"},
        {0.03, 0, 101 * NS_PER_MS, "wsload stood still, though it had a core"},
        {0.2, 0, NS_PER_S, "use more workers (-t), less load"}, /* it may have worked so long */
        {0.03, 0.011, 0, "use more workers (-t), less load"},
        {0.03, 0.0999, 0, "use more workers (-t), less load"},
        {0.03, 0.1, 0, "another program had the core: end it"},
        {0.6, 0.15, 0, "use more workers (-t), less load"}, /* it worked for most of the time */
    };
    (void)state;
    send_late(NS_PER_MS + 100 * NS_PER_US);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        seen->workers = 0;
        use_core(cases[i].cpu, cases[i].wait);
        refill(&seen->distributions[DIST_LOOP_LAG], 1, cases[i].loop_ns);
        look();
        assert_string_equal(validity.reasons[0].check, "send_lag");
        if (strncmp(validity.reasons[0].advice, cases[i].advice, strlen(cases[i].advice)) != 0)
            fail_msg("%zu: %s", i, validity.reasons[0].advice);
    }
    seen->workers = 0;
    use_core(0.03, 0);
    send_late(101 * NS_PER_MS);
    look();
    assert_int_equal(strncmp(validity.reasons[0].advice, "wsload stood still", 18), 0);
}

TEST_GROUP(processors)
{
    const struct CMUnitTest tests[] = {
        JUDGE_TEST(test_processors_doubts_busy_workers_and_counts_them),
        JUDGE_TEST(test_processors_counts_the_wait_for_a_core),
        JUDGE_TEST(test_processors_doubts_a_process_that_used_its_cores_up),
        JUDGE_TEST(test_processors_does_not_judge_the_cpu_of_a_moment),
        JUDGE_TEST(test_processors_names_what_kept_wsload_from_its_work),
        JUDGE_TEST(test_processors_names_no_cause_that_it_does_not_know),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
