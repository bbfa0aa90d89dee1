#include "testing.h"

#include "fake_run.h"
#include "worker_internal.h"
#include "wsload/base/clock.h"

/* Stages of connections, warm-up, think time. */

static unsigned sum_opens(const struct fake_transport *fake)
{
    unsigned sum = 0;
    for (uint32_t id = 0; id < run.plan.load.connections; id++)
        sum += fake->connections[id].opens;
    return sum;
}

static unsigned sum_closes(const struct fake_transport *fake)
{
    unsigned sum = 0;
    for (uint32_t id = 0; id < run.plan.load.connections; id++)
        sum += fake->connections[id].closes;
    return sum;
}

/* --- Stages --- */

static void set_up_ramps(double start)
{
    run_set_up(4, 0);
    run.plan.load.stages = (struct stages){
        .start = start,
        .items = {{4 * NS_PER_S, 4}, {NS_PER_S, 4}, {4 * NS_PER_S, 0}, {NS_PER_S, 0}},
        .count = 4,
    };
    run.plan.load.duration_ns = 10 * NS_PER_S;
}

static void follow_up_and_down(struct fake_transport *fake)
{
    for (unsigned level = 1; level <= 4; level++) {
        fake_serve(fake, NS_PER_S - 1);
        assert_int_equal(sum_opens(fake), level - 1);
        fake_serve(fake, 1); /* at 1, 2, 3 and 4 s */
        assert_int_equal(sum_opens(fake), level);
        assert_int_equal(fake->connections[level - 1].opens, 1);
    }
    fake_serve(fake, NS_PER_S);
    assert_int_equal(worker_peek(run.worker).open, 4);
    assert_int_equal(sum_closes(fake), 0);
    for (unsigned level = 4; level > 0; level--) {
        /* Down a straight line the whole part changes right behind the whole level; and a
         * connection closes when the reply that it waits for is there. */
        fake_serve(fake, 2 * NS_PER_MS);
        assert_int_equal(sum_closes(fake), 5 - level);
        assert_int_equal(fake->connections[level - 1].closes, 1);
        fake_serve(fake, NS_PER_S - 2 * NS_PER_MS);
    }
    assert_false(fake->stopped); /* the last stage has no connection */
    fake_serve(fake, NS_PER_S);
}

static void test_worker_follows_stages_of_connections(void **state)
{
    (void)state;
    set_up_ramps(0);
    run.delay_ns = NS_PER_MS;
    const struct recorder *recorder = run_execute(follow_up_and_down);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(sum_opens(run.fake), 4);
    assert_int_equal(sum_closes(run.fake), 4);
    assert_int_equal(recorder->seen->counts[COUNT_OPENED], 4);
    assert_int_equal(recorder->seen->counts[COUNT_CLOSED_BY_SERVER], 0);
    assert_int_equal(
        recorder->seen->counts[COUNT_FAILED] + recorder->seen->counts[COUNT_UNANSWERED], 0);
    /* 1, 2 and 3 connections for 1 s each, 4 for 1 s, and down again; a reply takes 1 ms. */
    assert_in_range(recorder->seen->counts[COUNT_OK], 15990, 16010);
    assert_int_equal(run_total_ns(), 10 * NS_PER_S);
    run_tear_down();
}

static void open_the_first(struct fake_transport *fake)
{
    assert_int_equal(sum_opens(fake), 2);
    fake_serve(fake, 30 * NS_PER_MS); /* these are opened before the clock starts */
    assert_int_equal(fake->sends, 2);
    fake_serve(fake, 2 * NS_PER_S - 1);
    assert_int_equal(sum_opens(fake), 2);
    fake_serve(fake, 1);
    assert_int_equal(sum_opens(fake), 3);
    fake_serve(fake, 20 * NS_PER_S);
}

static void test_worker_opens_what_the_first_stage_begins_with(void **state)
{
    (void)state;
    set_up_ramps(2);
    run.delay_ns = 30 * NS_PER_MS;
    const struct recorder *recorder = run_execute(open_the_first);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OPENED], 4);
    assert_int_equal(worker_measurement(run.worker)->counts[COUNT_OPEN_TIME], 30 * NS_PER_MS);
    run_tear_down();
}

static void refuse_all(struct fake_transport *fake)
{
    for (unsigned i = 0; i < 1000 && !fake->stopped; i++) {
        unsigned before = sum_opens(fake);
        fake_advance(fake, 50 * NS_PER_MS);
        if (sum_opens(fake) == before)
            continue;
        for (uint32_t id = 0; id < 4; id++)
            if (fake->connections[id].opens > fake->connections[id].lost)
                fake_failed(fake, id, FAILURE_CONNECT_REFUSED);
    }
}

static void test_worker_ends_stages_that_find_nobody(void **state)
{
    (void)state;
    set_up_ramps(0);
    const struct recorder *recorder = run_execute(refuse_all);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_in_range(run.fake->now_ns, FAKE_START_NS + 4 * NS_PER_S,
                    FAKE_START_NS + 4200 * NS_PER_MS); /* when the last was tried */
    assert_int_equal(recorder->seen->counts[COUNT_OK], 0);
    run_tear_down();
}

/* --- Warm-up --- */

static void serve(struct fake_transport *fake)
{
    fake_serve(fake, 60 * NS_PER_S);
}

static void test_worker_keeps_the_warm_up_out_of_the_figures(void **state)
{
    (void)state;
    static const struct {
        enum load_model model;
        uint64_t warmup;   /* requests due in it */
        uint64_t measured; /* requests due in 1 s behind it */
    } cases[] = {{LOAD_CLOSED, 100, 200}, {LOAD_OPEN, 20, 40}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        run_set_up(2, 0);
        run.plan.load.model = cases[i].model;
        run.plan.load.stages.start = cases[i].model == LOAD_OPEN ? 40 : 0;
        run.plan.load.max_queue = 100;
        run.plan.load.warmup_ns = 500 * NS_PER_MS;
        run.delay_ns = 10 * NS_PER_MS;
        run.plan.load.duration_ns = NS_PER_S;
        const struct recorder *recorder = run_execute(serve);
        assert_true(run.fake->stopped);
        assert_conserved(recorder);
        assert_int_equal(recorder->seen->counts[COUNT_WARMUP_PLANNED], cases[i].warmup);
        assert_int_equal(recorder->seen->counts[COUNT_WARMUP_OK], cases[i].warmup);
        assert_int_equal(recorder->seen->counts[COUNT_PLANNED], cases[i].measured);
        assert_int_equal(recorder->seen->counts[COUNT_OK], cases[i].measured);
        assert_int_equal(run.worker->recorder->start_ns, FAKE_START_NS + 510 * NS_PER_MS);
        assert_int_equal(run.worker->recorder->end_ns, run.worker->recorder->start_ns + NS_PER_S);
        assert_int_equal(run_total_ns(), NS_PER_S);
        run_tear_down();
    }
}

static void fail_in_the_warm_up(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 100 * NS_PER_MS);
    assert_int_equal(worker_peek(run.worker).phase, PHASE_WARMUP);
    assert_int_equal(worker_peek(run.worker).elapsed_ns, 100 * NS_PER_MS);
    assert_int_equal(worker_peek(run.worker).duration_ns, 500 * NS_PER_MS);
    fake_closed(fake, 0, FAILURE_RESET, "");
    fake_advance(fake, 100 * NS_PER_MS);
    fake_opened(fake, 0); /* with a request of the warm-up */
    fake_advance(fake, 400 * NS_PER_MS);
    assert_int_equal(worker_peek(run.worker).phase, PHASE_RUNNING);
    assert_int_equal(worker_peek(run.worker).elapsed_ns, 100 * NS_PER_MS);
    fake_reply(fake, 0, "ok");
    fake_reply(fake, 0, "ok");
    fake_advance(fake, 900 * NS_PER_MS);
    fake_reply(fake, 0, "ok");
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_judges_a_request_by_its_due_time(void **state)
{
    (void)state;
    run_set_up(1, 0);
    run.plan.load.warmup_ns = 500 * NS_PER_MS;
    run.plan.load.duration_ns = NS_PER_S;
    const struct recorder *recorder = run_execute(fail_in_the_warm_up);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_WARMUP_PLANNED], 2);
    assert_int_equal(recorder->seen->counts[COUNT_WARMUP_FAILED], 1);
    assert_int_equal(recorder->seen->counts[COUNT_WARMUP_OK],
                     1); /* though it ended in the measured part */
    assert_int_equal(recorder->seen->counts[COUNT_PLANNED], 2);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 2);
    assert_int_equal(recorder->seen->distributions[DIST_LATENCY].max, 900 * NS_PER_MS);
    assert_int_equal(failures_requests(&recorder->seen->failures), 0);
    run_tear_down();
}

/* --- Think time --- */

static void think_before_each(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    for (uint64_t seq = 0; seq < 20; seq++) {
        uint64_t rest_ns = think_time_ns(&run.plan.load.think, run.plan.load.seed, seq);
        assert_int_equal(fake->sends, seq + 1);
        fake_advance(fake, 3 * NS_PER_MS);
        fake_reply(fake, 0, "ok");
        fake_advance(fake, rest_ns - 1);
        assert_int_equal(fake->sends, seq + 1);
        fake_advance(fake, 1);
    }
    assert_int_equal(fake->sends, 21);
    fake_reply(fake, 0, "ok"); /* the last: nothing to think about */
    assert_int_equal(fake->connections[0].closes, 1);
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_thinks_between_reply_and_prompt(void **state)
{
    (void)state;
    static const struct think thinks[] = {
        {THINK_UNIFORM, 2 * NS_PER_S, 2 * NS_PER_S},
        {THINK_UNIFORM, NS_PER_MS, 9 * NS_PER_MS},
        {THINK_EXPONENTIAL, 2 * NS_PER_S, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(thinks); i++) {
        run_set_up(1, 21);
        run.plan.load.think = thinks[i];
        run.plan.load.seed = 42;
        const struct recorder *recorder = run_execute(think_before_each);
        assert_true(run.fake->stopped);
        assert_conserved(recorder);
        assert_int_equal(recorder->seen->counts[COUNT_OK], 21);
        assert_int_equal(recorder->seen->distributions[DIST_LATENCY].max,
                         3 * NS_PER_MS); /* thinking is not waiting */
        run_tear_down();
    }
}

static void end_while_thinking(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_reply(fake, 0, "ok");
    fake_advance(fake, NS_PER_S - 1);
    assert_int_equal(fake->connections[0].closes, 0);
    fake_advance(fake, 1);
    assert_int_equal(fake->connections[0].closes, 1); /* and not when it has thought */
    fake_closed(fake, 0, FAILURE_CLOSED, "1000");
}

static void test_worker_ends_on_time_while_connections_think(void **state)
{
    (void)state;
    run_set_up(1, 0);
    run.plan.load.think = (struct think){THINK_UNIFORM, 5 * NS_PER_S, 5 * NS_PER_S};
    run.plan.load.duration_ns = NS_PER_S;
    const struct recorder *recorder = run_execute(end_while_thinking);
    assert_true(run.fake->stopped);
    assert_conserved(recorder);
    assert_int_equal(recorder->seen->counts[COUNT_OK], 1);
    run_tear_down();
}

static void sink_and_rise_while_thinking(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_advance(fake, 500 * NS_PER_MS);
    fake_opened(fake, 1);
    assert_int_equal(fake->connections[1].sends, 1);
    fake_advance(fake, 600 * NS_PER_MS); /* at 1 s the second is wanted no more */
    assert_int_equal(fake->connections[1].closes, 0);
    fake_reply(fake, 1, "ok");
    assert_int_equal(fake->connections[1].closes, 1); /* now, without thinking about it */
    fake_closed(fake, 1, FAILURE_CLOSED, "1000");
    fake_advance(fake, NS_PER_S);
    assert_int_equal(fake->connections[1].opens, 2);
}

static void test_worker_closes_unwanted_connections_without_thinking(void **state)
{
    (void)state;
    run_set_up(2, 0);
    run.plan.load.think = (struct think){THINK_UNIFORM, 5 * NS_PER_S, 5 * NS_PER_S};
    run.plan.load.stages = (struct stages){
        .start = 1,
        .items = {{0, 2}, {NS_PER_S, 2}, {0, 1}, {NS_PER_S, 1}, {0, 2}, {NS_PER_S, 2}},
        .count = 6,
    };
    run.plan.load.duration_ns = 3 * NS_PER_S;
    run_execute(sink_and_rise_while_thinking);
    run_tear_down();
}

static void sink_while_thinking(struct fake_transport *fake)
{
    fake_opened(fake, 0);
    fake_opened(fake, 1);
    fake_reply(fake, 0, "ok");
    fake_reply(fake, 1, "ok");
    fake_advance(fake, NS_PER_S - 1);
    assert_int_equal(fake->connections[1].closes, 0);
    fake_advance(fake, 1);
    assert_int_equal(fake->connections[1].closes, 1);
    assert_int_equal(fake->connections[0].closes, 0);
    fake_closed(fake, 1, FAILURE_CLOSED, "1000");
    fake_advance(fake, 9 * NS_PER_S);
    assert_int_equal(fake->connections[1].opens, 1);
    assert_int_equal(fake->connections[0].sends, 2); /* at 5 s */
}

static void test_worker_closes_thinking_connections_in_time(void **state)
{
    (void)state;
    run_set_up(2, 0);
    run.plan.load.think = (struct think){THINK_UNIFORM, 5 * NS_PER_S, 5 * NS_PER_S};
    run.plan.load.stages = (struct stages){
        .start = 2,
        .items = {{NS_PER_S, 2}, {0, 1}, {20 * NS_PER_S, 1}},
        .count = 3,
    };
    run.plan.load.duration_ns = 21 * NS_PER_S;
    run_execute(sink_while_thinking);
    run_tear_down();
}

TEST_GROUP(worker_stages)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worker_follows_stages_of_connections),
        cmocka_unit_test(test_worker_opens_what_the_first_stage_begins_with),
        cmocka_unit_test(test_worker_ends_stages_that_find_nobody),
        cmocka_unit_test(test_worker_keeps_the_warm_up_out_of_the_figures),
        cmocka_unit_test(test_worker_judges_a_request_by_its_due_time),
        cmocka_unit_test(test_worker_thinks_between_reply_and_prompt),
        cmocka_unit_test(test_worker_ends_on_time_while_connections_think),
        cmocka_unit_test(test_worker_closes_unwanted_connections_without_thinking),
        cmocka_unit_test(test_worker_closes_thinking_connections_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
