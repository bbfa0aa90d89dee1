#include "testing.h"

#include "opener.h"
#include "wsload/base/clock.h"

#define NODES 600

static struct list_node nodes[NODES];

/* All nodes but for those that are listed already want to open at NOW_NS. */
static void add_all(struct opener *opener, size_t count, uint64_t now_ns)
{
    for (size_t i = 0; i < count; i++)
        opener_add(opener, &nodes[i], now_ns);
}

/* Of worker WORKER of WORKERS, at CONNECT_RATE, with FIRST attempts to wait for. */
static struct opener new_opener(unsigned worker, unsigned workers, double connect_rate,
                                uint32_t first)
{
    struct opener opener;
    struct load load = {.workers = workers, .connect_rate = connect_rate};
    for (size_t i = 0; i < NODES; i++)
        nodes[i] = (struct list_node){0};
    opener_init(&opener, &load, worker, first, NS_PER_S);
    return opener;
}

/* Begins as many attempts as may begin at NOW_NS. */
static size_t begin_all(struct opener *opener, uint64_t now_ns)
{
    size_t count = 0;
    for (; opener_take(opener, now_ns); count++)
        opener_began(opener, now_ns);
    return count;
}

static void test_opener_takes_in_turn_and_each_once(void **state)
{
    (void)state;
    struct opener opener = new_opener(0, 1, 0, 0);
    add_all(&opener, 3, NS_PER_S);
    add_all(&opener, 3, NS_PER_S);
    for (size_t i = 0; i < 3; i++)
        assert_ptr_equal(opener_take(&opener, NS_PER_S), &nodes[i]);
    assert_null(opener_take(&opener, NS_PER_S));
    opener_add(&opener, &nodes[1], NS_PER_S);
    assert_ptr_equal(opener_take(&opener, NS_PER_S), &nodes[1]);
}

static void test_opener_shares_the_handshakes_under_way(void **state)
{
    static const struct {
        unsigned worker, workers;
        size_t at_once, in_the_end;
    } cases[] = {{0, 1, 24, 256}, {0, 3, 24, 86}, {2, 3, 24, 85},
                 {0, 11, 24, 24}, {0, 300, 1, 1}, {299, 300, 1, 1}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct opener opener = new_opener(cases[i].worker, cases[i].workers, 0, 0);
        add_all(&opener, NODES, NS_PER_S);
        size_t under_way = begin_all(&opener, NS_PER_S);
        assert_int_equal(under_way, cases[i].at_once);
        for (size_t n = 0; n < 300; n++) {
            opener_ended(&opener, 100 * NS_PER_MS);
            under_way += begin_all(&opener, NS_PER_S) - 1;
            add_all(&opener, NODES, NS_PER_S);
        }
        assert_int_equal(under_way, cases[i].in_the_end);
    }
}

/* Lets one of OPENER's attempts end after TOOK_NS, COUNT times, with others in its place. */
static void end_many(struct opener *opener, size_t count, uint64_t took_ns)
{
    for (size_t i = 0; i < count; i++) {
        add_all(opener, NODES, NS_PER_S);
        begin_all(opener, NS_PER_S);
        opener_ended(opener, took_ns);
    }
}

static void test_opener_has_as_many_under_way_as_they_take_long(void **state)
{
    static const struct {
        uint64_t took_ns; /* ever from now on */
        size_t count;
        uint32_t limit; /* afterwards */
    } cases[] = {
        {NS_PER_MS, 100, 24},     /* near by */
        {20 * NS_PER_MS, 24, 48}, /* far away: twice as many after each round trip */
        {20 * NS_PER_MS, 48, 96},   {20 * NS_PER_MS, 500, 256}, /* and no more */
        {16 * NS_PER_MS, 500, 240},                             /* 15 a millisecond */
        {NS_PER_MS, 100, 140},                                  /* near again */
        {NS_PER_MS, 500, 24},
    };
    struct opener opener = new_opener(0, 1, 0, 0);
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        end_many(&opener, cases[i].count, cases[i].took_ns);
        assert_in_range(opener.limit, cases[i].limit, cases[i].limit + 1);
    }
}

static void test_opener_has_all_that_may_be_for_a_connect_rate(void **state)
{
    struct opener opener = new_opener(0, 1, 1e9, 0);
    (void)state;
    add_all(&opener, NODES, NS_PER_S);
    assert_int_equal(begin_all(&opener, NS_PER_S + 1000), 256);
}

static void test_opener_keeps_the_connect_rate_of_all_workers(void **state)
{
    (void)state;
    for (unsigned worker = 0; worker < 2; worker++) {
        /* 100 per second: each of two workers 50, the second half a turn later. */
        struct opener opener = new_opener(worker, 2, 100, 0);
        uint64_t first_ns = NS_PER_S + worker * 10 * NS_PER_MS;
        add_all(&opener, NODES, NS_PER_S);
        for (uint64_t i = 0; i < 100; i++) {
            uint64_t due_ns = first_ns + i * 20 * NS_PER_MS;
            assert_int_equal(begin_all(&opener, due_ns - 1), 0);
            assert_in_range(opener_wake_ns(&opener), due_ns, due_ns + 1);
            assert_int_equal(begin_all(&opener, due_ns), 1);
        }
    }
}

static void test_opener_makes_up_for_a_late_wake_and_not_for_an_idle_time(void **state)
{
    (void)state;
    struct opener opener = new_opener(0, 1, 1000, 0);
    add_all(&opener, NODES, NS_PER_S);
    assert_int_equal(begin_all(&opener, NS_PER_S), 1);
    assert_int_equal(begin_all(&opener, 2 * NS_PER_S), 11); /* 10 ms of what was missed, and now */
    assert_null(opener_take(&opener, 2 * NS_PER_S + 1));
    opener = new_opener(0, 1, 1000, 0);
    add_all(&opener, 1, NS_PER_S);
    assert_int_equal(begin_all(&opener, NS_PER_S), 1);
    add_all(&opener, 5, 2 * NS_PER_S);
    assert_int_equal(begin_all(&opener, 2 * NS_PER_S), 1);
}

static void test_opener_wakes_only_for_the_connect_rate(void **state)
{
    (void)state;
    struct opener opener = new_opener(0, 1, 0, 0);
    assert_int_equal(opener_wake_ns(&opener), CLOCK_NEVER);
    add_all(&opener, 5, NS_PER_S);
    assert_int_equal(opener_wake_ns(&opener), CLOCK_NEVER);
    opener = new_opener(0, 1, 1, 0);
    opener.limit = opener.least = 1;
    assert_int_equal(opener_wake_ns(&opener), CLOCK_NEVER); /* nothing waits */
    add_all(&opener, 5, NS_PER_S);
    assert_int_equal(opener_wake_ns(&opener), NS_PER_S + 1);
    assert_int_equal(begin_all(&opener, NS_PER_S), 1);
    assert_int_equal(opener_wake_ns(&opener), CLOCK_NEVER); /* one under way is all that may be */
    opener_ended(&opener, NS_PER_MS);
    assert_int_equal(opener_wake_ns(&opener), 2 * NS_PER_S + 1);
}

static void test_opener_at_one_attempt_in_centuries_never_wakes(void **state)
{
    (void)state;
    struct opener opener = new_opener(0, 1, 1e-12, 0);
    add_all(&opener, 2, NS_PER_S);
    assert_int_equal(begin_all(&opener, NS_PER_S), 1);
    assert_int_equal(opener_wake_ns(&opener), CLOCK_NEVER);
}

static void test_opener_tells_once_that_the_first_attempts_are_over(void **state)
{
    (void)state;
    for (uint32_t first = 0; first < 3; first++) {
        struct opener opener = new_opener(0, 1, 0, first);
        for (uint32_t i = 0; i < first; i++) {
            assert_false(opener_first_over(&opener));
            assert_false(opener_is_quiet(&opener));
            opener_first_ended(&opener);
        }
        assert_true(opener_first_over(&opener));
        assert_true(opener_is_quiet(&opener));
        opener_first_ended(&opener); /* of one more, that was not among the first */
        assert_false(opener_first_over(&opener));
        opener_add(&opener, &nodes[0], NS_PER_S);
        assert_false(opener_is_quiet(&opener));
    }
}

TEST_GROUP(opener)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opener_takes_in_turn_and_each_once),
        cmocka_unit_test(test_opener_shares_the_handshakes_under_way),
        cmocka_unit_test(test_opener_has_as_many_under_way_as_they_take_long),
        cmocka_unit_test(test_opener_has_all_that_may_be_for_a_connect_rate),
        cmocka_unit_test(test_opener_keeps_the_connect_rate_of_all_workers),
        cmocka_unit_test(test_opener_makes_up_for_a_late_wake_and_not_for_an_idle_time),
        cmocka_unit_test(test_opener_wakes_only_for_the_connect_rate),
        cmocka_unit_test(test_opener_at_one_attempt_in_centuries_never_wakes),
        cmocka_unit_test(test_opener_tells_once_that_the_first_attempts_are_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
