#include "testing.h"

#include <stdlib.h>

#include "allocations.h"
#include "fake_run.h"
#include "wsload/base/clock.h"

/* A run allocates when it is made and not while it sends. Breaks and opens a connection now and
 * then, on top of what the plan does. */
static void serve_until_the_end(struct fake_transport *fake)
{
    fake_serve(fake, 100 * NS_PER_MS); /* all is open */
    unsigned long before = allocations + frees;
    for (unsigned i = 0; !fake->stopped && i < 1000; i++) {
        fake_serve(fake, NS_PER_S);
        if (i % 10 == 3)
            fake_closed(fake, 0, FAILURE_RESET, "");
    }
    assert_true(fake->stopped);
    assert_int_equal(allocations + frees, before);
}

static void set_up_closed(void)
{
    run.plan.load.think = (struct think){THINK_EXPONENTIAL, 20 * NS_PER_MS, 0};
    run.plan.keepalive = (struct text){"ping!", 5};
    run.plan.keepalive_ns = 50 * NS_PER_MS;
    run.plan.max_lifetime_ns = 9 * NS_PER_S;
}

static void set_up_steps(void)
{
    run_set_steps("{\"on_connect\": [{\"send\": \"a\", \"expect\": \"text:ok\"}], "
                  "\"before_request\": [{\"send\": \"{{prompt:part}}\", \"expect\": \"text:ok\", "
                  "\"part_characters\": 3}]}");
}

static void set_up_open(void)
{
    run.plan.load.model = LOAD_OPEN;
    run.plan.load.arrival = ARRIVAL_POISSON;
    run.plan.load.stages.start = 450; /* of 500 that 5 connections can do: some have to wait */
    run.plan.load.max_queue = 3;
}

static void test_worker_allocates_nothing_while_it_sends(void **state)
{
    (void)state;
    static void (*const models[])(void) = {set_up_closed, set_up_steps, set_up_open};
    static const uint64_t minutes[] = {1, 10};
    for (size_t i = 0; i < ARRAY_LENGTH(models) * ARRAY_LENGTH(minutes); i++) {
        uint64_t time = minutes[i % 2];
        run_set_up(5, 0);
        models[i / 2]();
        run.plan.load.duration_ns = time * 60 * NS_PER_S;
        run.delay_ns = 10 * NS_PER_MS;
        const struct recorder *recorder = run_execute(serve_until_the_end);
        assert_conserved(recorder);
        assert_true(recorder->seen->counts[COUNT_OK] > 9000 * time);
        assert_true(recorder->seen->counts[COUNT_REOPENED] > 4 * time);
        assert_true(run.plan.load.model == LOAD_CLOSED ||
                    recorder->seen->counts[COUNT_SKIPPED] > 0);
        run_tear_down();
    }
}

TEST_GROUP(worker_memory)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worker_allocates_nothing_while_it_sends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
