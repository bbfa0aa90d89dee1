#include "testing.h"

#include "request_source.h"
#include "wsload/base/clock.h"

#define START_NS      (5 * NS_PER_S)
#define WAKE_EVERY_NS NS_PER_MS

static struct plan closed_plan(uint64_t requests)
{
    return (struct plan){.load = {.model = LOAD_CLOSED, .requests = requests, .workers = 1}};
}

/* 10 requests a second, for whole seconds or a number of them; 3 places in the backlog. */
static struct plan open_plan(uint64_t duration_ns, uint64_t requests)
{
    return (struct plan){.load = {.model = LOAD_OPEN,
                                  .stages.start = 10,
                                  .duration_ns = duration_ns,
                                  .requests = requests,
                                  .max_queue = 3,
                                  .workers = 1}};
}

static void set_up(struct request_source *source, const struct plan *plan, unsigned worker)
{
    assert_int_equal(source_init(source, plan, worker, WAKE_EVERY_NS), 0);
}

static void assert_takes(struct request_source *source, uint64_t now_ns, uint64_t seq,
                         uint64_t due_ns, bool waited)
{
    struct request request;
    bool has_waited;
    assert_true(source_take(source, now_ns, &request, &has_waited));
    assert_int_equal(request.seq, seq);
    assert_int_equal(request.due_ns, due_ns);
    assert_int_equal(has_waited, waited);
}

static void assert_takes_nothing(struct request_source *source, uint64_t now_ns)
{
    struct request request;
    bool waited;
    assert_false(source_take(source, now_ns, &request, &waited));
}

static void assert_arrives(struct request_source *source, uint64_t now_ns, uint64_t seq,
                           uint64_t due_ns)
{
    struct request request;
    assert_true(source_arrive(source, now_ns, &request));
    assert_int_equal(request.seq, seq);
    assert_int_equal(request.due_ns, due_ns);
}

static void assert_nothing_arrives(struct request_source *source, uint64_t now_ns)
{
    struct request request;
    assert_false(source_arrive(source, now_ns, &request));
}

/* --- Closed --- */

static void test_source_closed_gives_what_is_due_now(void **state)
{
    (void)state;
    struct request_source source;
    struct plan plan = closed_plan(2);
    set_up(&source, &plan, 0);
    assert_takes_nothing(&source, START_NS - 1); /* it has not started */
    source_start(&source, START_NS, CLOCK_NEVER);
    assert_int_equal(source_wake_ns(&source), CLOCK_NEVER);
    assert_nothing_arrives(&source, START_NS + NS_PER_S);
    assert_takes(&source, START_NS + 7, 0, START_NS + 7, false);
    assert_false(source_is_over(&source, START_NS + 7));
    assert_takes(&source, START_NS + 9, 1, START_NS + 9, false);
    assert_true(source_is_over(&source, START_NS + 9));
    assert_takes_nothing(&source, START_NS + 9);
    source_free(&source);
}

static void test_source_closed_is_over_by_time_or_when_stopped(void **state)
{
    (void)state;
    struct request_source source;
    struct plan plan = closed_plan(0);
    set_up(&source, &plan, 0);
    source_start(&source, START_NS, START_NS + 10);
    assert_takes(&source, START_NS + 9, 0, START_NS + 9, false);
    assert_false(source_is_over(&source, START_NS + 9));
    assert_true(source_is_over(&source, START_NS + 10));
    assert_takes_nothing(&source, START_NS + 10);
    set_up(&source, &plan, 0);
    source_start(&source, START_NS, CLOCK_NEVER);
    source_stop(&source, START_NS + 5);
    assert_true(source_is_over(&source, START_NS + 5));
    assert_takes_nothing(&source, START_NS + 5);
}

static void test_source_closed_opens_connections_for_requests(void **state)
{
    (void)state;
    struct request_source source;
    struct plan plan = closed_plan(1);
    set_up(&source, &plan, 0);
    assert_false(source_opens_for_requests(&source));
    source_start(&source, START_NS, CLOCK_NEVER);
    assert_true(source_opens_for_requests(&source));
}

/* --- Open --- */

static void test_source_open_gives_what_arrives_by_the_clock(void **state)
{
    (void)state;
    struct request_source source;
    struct plan plan = open_plan(NS_PER_S, 0);
    set_up(&source, &plan, 0);
    assert_int_equal(source_due_ns(&source), CLOCK_NEVER);
    assert_nothing_arrives(&source, START_NS);
    source_start(&source, START_NS, START_NS + NS_PER_S);
    for (uint64_t seq = 0; seq < 10; seq++) {
        uint64_t due_ns = START_NS + seq * 100 * NS_PER_MS;
        assert_int_equal(source_due_ns(&source), due_ns);
        assert_nothing_arrives(&source, due_ns - 1);
        assert_takes_nothing(&source, due_ns); /* a free connection waits for what arrives */
        assert_arrives(&source, due_ns, seq, due_ns);
    }
    assert_int_equal(source_due_ns(&source), CLOCK_NEVER);
    assert_false(source_is_over(&source, START_NS + NS_PER_S - 1));
    assert_true(source_is_over(&source, START_NS + NS_PER_S));
    source_free(&source);
}

static void test_source_open_keeps_what_finds_no_connection_in_turn(void **state)
{
    (void)state;
    struct request_source source;
    struct request request;
    struct plan plan = open_plan(NS_PER_S, 0);
    set_up(&source, &plan, 0);
    source_start(&source, START_NS, START_NS + NS_PER_S);
    /* Twice round the ring. */
    for (uint64_t seq = 0; seq < 6; seq += 3) {
        uint64_t due_ns = START_NS + seq * 100 * NS_PER_MS;
        for (uint64_t i = 0; i < 3; i++) {
            assert_true(source_arrive(&source, START_NS + NS_PER_S, &request));
            assert_true(source_keep(&source, request));
        }
        assert_int_equal(source_waiting(&source), 3);
        assert_false(source_keep(&source, request));
        assert_takes(&source, START_NS, seq, due_ns, true);
        assert_takes(&source, START_NS, seq + 1, due_ns + 100 * NS_PER_MS, true);
        source_stop(&source, START_NS + NS_PER_S); /* what waits is still there */
        assert_int_equal(source_take_waiting(&source).seq, seq + 2);
        assert_int_equal(source_waiting(&source), 0);
        assert_takes_nothing(&source, START_NS + NS_PER_S);
        source.running = true;
    }
    source_free(&source);
}

static void test_source_open_wakes_once_in_a_while(void **state)
{
    (void)state;
    struct request_source source;
    struct plan plan = open_plan(NS_PER_S, 0);
    plan.load.stages.start = 10000; /* one every 100 us */
    set_up(&source, &plan, 0);
    source_start(&source, START_NS, START_NS + NS_PER_S);
    assert_int_equal(source_wake_ns(&source), START_NS);
    assert_arrives(&source, START_NS + 5, 0, START_NS);
    assert_int_equal(source_due_ns(&source), START_NS + 100000);
    source_rest(&source, START_NS + 25);
    assert_int_equal(source_wake_ns(&source), START_NS + 25 + WAKE_EVERY_NS);
    source_stop(&source, START_NS + 6);
    assert_int_equal(source_wake_ns(&source), CLOCK_NEVER);
    source_free(&source);
}

static void test_source_open_ends_by_number_as_its_law_says(void **state)
{
    static const struct {
        enum arrival_law law;
        uint64_t length_ns;
        bool over; /* right after the last one has arrived */
    } cases[] = {
        {ARRIVAL_CONSTANT, NS_PER_S / 2, false}, /* 5 of them take half a second */
        {ARRIVAL_POISSON, CLOCK_NEVER, true},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct request_source source;
        struct plan plan = open_plan(0, 5);
        plan.load.arrival = cases[i].law;
        set_up(&source, &plan, 0);
        assert_int_equal(source_length_ns(&source), cases[i].length_ns);
        uint64_t length_ns = cases[i].length_ns;
        uint64_t end_ns = length_ns == CLOCK_NEVER ? CLOCK_NEVER : START_NS + length_ns;
        source_start(&source, START_NS, end_ns);
        for (uint64_t seq = 0; seq < 5; seq++) {
            uint64_t due_ns = source_due_ns(&source);
            assert_false(source_is_over(&source, due_ns));
            assert_arrives(&source, due_ns, seq, due_ns);
        }
        assert_int_equal(source_is_over(&source, START_NS + NS_PER_S / 2 - 1), cases[i].over);
        source_stop(&source, START_NS + NS_PER_S);
        assert_true(source_is_over(&source, START_NS + NS_PER_S));
        source_free(&source);
    }
}

/* --- What differs by the model --- */

static void test_source_says_what_differs_by_the_model(void **state)
{
    static const struct {
        enum load_model model;
        bool pulled, lost_comes_back, opens_for_requests;
    } cases[] = {
        {LOAD_CLOSED, true, true, true},
        {LOAD_OPEN, false, true, false},
        {LOAD_HOLD, true, false, false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct request_source source;
        struct plan plan = open_plan(NS_PER_S, 0);
        plan.load.model = cases[i].model;
        set_up(&source, &plan, 0);
        source_start(&source, START_NS, START_NS + NS_PER_S);
        assert_true(source_wants_back(&source, true));
        assert_int_equal(source_wants_back(&source, false), cases[i].lost_comes_back);
        assert_int_equal(source_opens_for_requests(&source), cases[i].opens_for_requests);
        if (cases[i].model != LOAD_CLOSED)
            assert_takes_nothing(&source, START_NS);
        if (cases[i].model == LOAD_OPEN) /* what has not arrived yet is still to come */
            assert_false(source_is_over(&source, START_NS + NS_PER_S));
        source_stop(&source, START_NS + NS_PER_S);
        assert_true(source_is_over(&source, START_NS + NS_PER_S));
        source_free(&source);
    }
}

static void test_source_knows_what_it_has_issued(void **state)
{
    static const enum load_model models[] = {LOAD_CLOSED, LOAD_OPEN};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(models); i++) {
        struct request_source source;
        struct request request;
        bool waited;
        struct plan plan = open_plan(NS_PER_S, 0);
        plan.load.model = models[i];
        plan.load.workers = 3;
        set_up(&source, &plan, 1);
        source_start(&source, START_NS, START_NS + NS_PER_S);
        assert_false(source_issued(&source, 1));
        if (plan.load.model == LOAD_OPEN)
            assert_true(source_arrive(&source, START_NS + NS_PER_S, &request));
        else
            assert_true(source_take(&source, START_NS, &request, &waited));
        assert_int_equal(request.seq, 1);
        assert_true(source_issued(&source, 1));
        assert_false(source_issued(&source, 4));
        assert_false(source_issued(&source, 0)); /* another worker's */
        source_free(&source);
    }
}

TEST_GROUP(request_source)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_source_closed_gives_what_is_due_now),
        cmocka_unit_test(test_source_closed_is_over_by_time_or_when_stopped),
        cmocka_unit_test(test_source_closed_opens_connections_for_requests),
        cmocka_unit_test(test_source_open_gives_what_arrives_by_the_clock),
        cmocka_unit_test(test_source_open_keeps_what_finds_no_connection_in_turn),
        cmocka_unit_test(test_source_open_wakes_once_in_a_while),
        cmocka_unit_test(test_source_open_ends_by_number_as_its_law_says),
        cmocka_unit_test(test_source_says_what_differs_by_the_model),
        cmocka_unit_test(test_source_knows_what_it_has_issued),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
