#include "testing.h"

#include <stdlib.h>
#include <string.h>

#include "fake_run.h"
#include "worker_internal.h"
#include "wsload/base/clock.h"

#define WORKERS 3

/* Several workers of one control: together they do exactly what one would. */

static void serve_all(struct fake_transport *fake)
{
    fake_serve_all(fake, run.plan.load.workers, 30 * NS_PER_S);
}

/* The sum over all workers, each of which must have kept its own account. */
static uint64_t sum_of(enum counter counter)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < run.plan.load.workers; i++) {
        assert_true(run.fakes[i].stopped);
        assert_conserved(run_recorder(i));
        sum += run_recorder(i)->seen->counts[counter];
    }
    return sum;
}

static unsigned opened_by(unsigned worker)
{
    unsigned sum = 0;
    for (uint32_t id = 0; id < run.plan.load.connections; id++)
        sum += run.fakes[worker].connections[id].opens;
    return sum;
}

static void test_workers_share_connections_and_requests_exactly(void **state)
{
    (void)state;
    static const struct {
        uint32_t connections;
        uint64_t requests;
        unsigned opened[WORKERS];
        uint64_t planned[WORKERS];
    } cases[] = {
        {3, 100, {1, 1, 1}, {34, 33, 33}},
        {10, 1000, {4, 3, 3}, {334, 333, 333}},
        {11, 5, {4, 4, 3}, {2, 2, 1}},
        {3, 1, {1, 1, 1}, {1, 0, 0}},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        run_set_up(cases[i].connections, cases[i].requests);
        run.plan.load.workers = WORKERS;
        run.delay_ns = NS_PER_MS;
        run_execute(serve_all);
        assert_int_equal(sum_of(COUNT_OK), cases[i].requests);
        for (unsigned worker = 0; worker < WORKERS; worker++) {
            assert_int_equal(opened_by(worker), cases[i].opened[worker]);
            assert_int_equal(run_recorder(worker)->seen->counts[COUNT_PLANNED],
                             cases[i].planned[worker]);
        }
        run_tear_down();
    }
}

/* --- The same arrivals --- */

#define ARRIVALS 1000

/* When each request was sent, by its number; in a run without waiting, that is when it was due. */
static uint64_t sent_at_ns[ARRIVALS];
static void (*pass_on)(struct transport *, uint32_t, char *, size_t);
static struct transport_ops watching;

static void note_send(struct transport *transport, uint32_t id, char *message, size_t length)
{
    unsigned long number = strtoul(message, NULL, 10);
    assert_in_range(number, 1, ARRIVALS);
    assert_int_equal(sent_at_ns[number - 1], 0);
    sent_at_ns[number - 1] = ((struct fake_transport *)transport)->now_ns;
    pass_on(transport, id, message, length);
}

static void serve_and_watch(struct fake_transport *fake)
{
    memset(sent_at_ns, 0, sizeof(sent_at_ns));
    watching = *fake->base.ops;
    pass_on = watching.send;
    watching.send = note_send;
    for (unsigned i = 0; i < run.plan.load.workers; i++)
        run.fakes[i].base.ops = &watching;
    serve_all(fake);
}

/* Leaves in sent_at_ns when the requests were sent, since the run began. */
static void run_arrivals(enum arrival_law law, unsigned workers)
{
    run_set_up(300, ARRIVALS);
    run.plan.load.model = LOAD_OPEN;
    run.plan.load.arrival = law;
    run.plan.load.seed = 4711;
    run.plan.load.stages.start = 500;
    run.plan.load.max_queue = 1000;
    run.plan.load.workers = workers;
    run.delay_ns = NS_PER_MS;
    run_execute(serve_and_watch);
    assert_int_equal(sum_of(COUNT_OK), ARRIVALS);
    uint64_t start_ns = run.worker->recorder->start_ns;
    for (unsigned i = 0; i < ARRIVALS; i++)
        sent_at_ns[i] -= start_ns;
    run_tear_down();
}

static void test_workers_have_the_arrivals_of_one(void **state)
{
    (void)state;
    static uint64_t alone[ARRIVALS];
    for (enum arrival_law law = ARRIVAL_CONSTANT; law <= ARRIVAL_POISSON; law++) {
        run_arrivals(law, 1);
        memcpy(alone, sent_at_ns, sizeof(alone));
        run_arrivals(law, WORKERS);
        for (unsigned i = 0; i < ARRIVALS; i++) {
            uint64_t apart_ns = alone[i] > sent_at_ns[i] ? alone[i] - sent_at_ns[i]
                                                         : sent_at_ns[i] - alone[i];
            /* Each is sent when it is due, or before the next wake. */
            assert_true(apart_ns <= WORKER_WAKE_EVERY_NS);
        }
        if (law == ARRIVAL_CONSTANT)
            assert_int_equal(alone[ARRIVALS - 1], (ARRIVALS - 1) * NS_PER_S / 500);
    }
}

/* --- Start and end --- */

static void open_one_by_one(struct fake_transport *fake)
{
    struct fake_transport *fakes = fake;
    fake_opened(&fakes[0], 0);
    fake_advance_all(fakes, 3, 10 * NS_PER_MS);
    fake_opened(&fakes[2], 0);
    fake_advance_all(fakes, 3, 10 * NS_PER_MS);
    assert_int_equal(fakes[0].sends + fakes[2].sends, 0);
    fake_failed(&fakes[1], 0, FAILURE_CONNECT_REFUSED); /* has had its chance */
    fake_advance_all(fakes, 3, RUN_CONTROL_START_DELAY_NS - 1);
    assert_int_equal(fakes[0].sends + fakes[2].sends, 0);
    fake_advance_all(fakes, 3, 1);
    assert_string_equal(fakes[0].connections[0].last_message, "1 one");
    assert_string_equal(fakes[2].connections[0].last_message, "3 three");
    run_control_stop(&run.control, STOP_NOW);
    fake_advance_all(fakes, 3, 0);
}

static void test_workers_start_together_when_the_last_has_settled(void **state)
{
    (void)state;
    run_set_up(3, 100);
    run.plan.load.workers = 3;
    run_execute(open_one_by_one);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(run.fakes[i].stopped);
        assert_conserved(run_recorder(i));
        assert_int_equal(run.workers[i]->recorder->start_ns,
                         FAKE_START_NS + 20 * NS_PER_MS + RUN_CONTROL_START_DELAY_NS);
        assert_int_equal(run.workers[i]->recorder->seen->counts[COUNT_OPEN_TIME],
                         20 * NS_PER_MS + RUN_CONTROL_START_DELAY_NS);
    }
    run_tear_down();
}

static void refuse_all(struct fake_transport *fake)
{
    for (unsigned i = 0; i < 3; i++) {
        assert_false(fake[i].stopped);
        fake_failed(&fake[i], 0, FAILURE_CONNECT_REFUSED);
        fake_advance_all(fake, 3, 10 * NS_PER_MS);
    }
}

static void refuse_per_request(struct fake_transport *fake)
{
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(fake[i].connections[0].opens, 0); /* each opens for a request */
    fake_advance_all(fake, 3, RUN_CONTROL_START_DELAY_NS);
    refuse_all(fake);
}

static void test_workers_end_when_nobody_opens(void **state)
{
    (void)state;
    static void (*const scripts[])(struct fake_transport *) = {refuse_all, refuse_per_request};
    for (size_t i = 0; i < ARRAY_LENGTH(scripts); i++) {
        run_set_up(3, 1000);
        run.plan.load.workers = 3;
        run.plan.load.connection_per_request = scripts[i] == refuse_per_request;
        run_execute(scripts[i]);
        assert_int_equal(sum_of(COUNT_SENT), 0);
        run_tear_down();
    }
}

static void serve_two(struct fake_transport *fake)
{
    fake_advance_all(fake, 2, RUN_CONTROL_START_DELAY_NS);
    fake_failed(&fake[0], 0, FAILURE_CONNECT_REFUSED);
    fake_opened(&fake[1], 0);
    fake_advance_all(fake, 2, NS_PER_S);
    assert_int_equal(fake[0].connections[0].opens, 2); /* another worker found somebody */
    run_control_stop(&run.control, STOP_NOW);
    fake_advance_all(fake, 2, 0);
}

static void test_workers_go_on_when_one_of_them_opens(void **state)
{
    (void)state;
    run_set_up(2, 1000);
    run.plan.load.workers = 2;
    run.plan.load.connection_per_request = true;
    run_execute(serve_two);
    sum_of(COUNT_SENT);
    run_tear_down();
}

static void test_workers_share_the_queue(void **state)
{
    (void)state;
    run_set_up(3, 0);
    run.plan.load.model = LOAD_OPEN;
    run.plan.load.stages.start = 1000;
    run.plan.load.max_queue = 10;
    run.plan.load.workers = 3;
    run.plan.load.duration_ns = NS_PER_S;
    run.delay_ns = 2 * NS_PER_S;
    run_execute(serve_all);
    assert_int_equal(sum_of(COUNT_PLANNED), 1000);
    assert_int_equal(sum_of(COUNT_OK), 3 + 10);
    assert_int_equal(sum_of(COUNT_SKIPPED), 1000 - 3 - 10);
    run_tear_down();
}

static void count_opened(struct fake_transport *fake)
{
    fake_serve_all(fake, 3, NS_PER_MS + RUN_CONTROL_START_DELAY_NS);
    for (unsigned level = 1; level <= 10; level++) {
        for (unsigned worker = 0; worker < 3; worker++)
            assert_int_equal(opened_by(worker), plan_share(level, worker, 3));
        fake_serve_all(fake, 3, NS_PER_S);
    }
}

static void test_workers_share_the_stages(void **state)
{
    (void)state;
    run_set_up(10, 0);
    run.plan.load.stages = (struct stages){.start = 1, .items = {{9 * NS_PER_S, 10}}, .count = 1};
    run.plan.load.duration_ns = 9 * NS_PER_S + 100 * NS_PER_MS;
    run.plan.load.workers = 3;
    run.delay_ns = NS_PER_MS;
    run_execute(count_opened);
    sum_of(COUNT_SENT);
    assert_int_equal(opened_by(0), 4);
    assert_int_equal(opened_by(1), 3);
    assert_int_equal(opened_by(2), 3);
    run_tear_down();
}

TEST_GROUP(worker_control)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workers_share_connections_and_requests_exactly),
        cmocka_unit_test(test_workers_have_the_arrivals_of_one),
        cmocka_unit_test(test_workers_start_together_when_the_last_has_settled),
        cmocka_unit_test(test_workers_end_when_nobody_opens),
        cmocka_unit_test(test_workers_go_on_when_one_of_them_opens),
        cmocka_unit_test(test_workers_share_the_queue),
        cmocka_unit_test(test_workers_share_the_stages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
