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
        size_t at_once;
    } cases[] = {{0, 1, 256}, {0, 3, 86}, {2, 3, 85}, {0, 300, 1}, {299, 300, 1}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct opener opener = new_opener(cases[i].worker, cases[i].workers, 0, 0);
        add_all(&opener, NODES, NS_PER_S);
        assert_int_equal(begin_all(&opener, NS_PER_S), cases[i].at_once);
        opener_ended(&opener);
        assert_int_equal(begin_all(&opener, NS_PER_S), 1);
    }
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
    opener.most = 1;
    assert_int_equal(opener_wake_ns(&opener), CLOCK_NEVER); /* nothing waits */
    add_all(&opener, 5, NS_PER_S);
    assert_int_equal(opener_wake_ns(&opener), NS_PER_S + 1);
    assert_int_equal(begin_all(&opener, NS_PER_S), 1);
    assert_int_equal(opener_wake_ns(&opener), CLOCK_NEVER); /* one under way is all that may be */
    opener_ended(&opener);
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
        cmocka_unit_test(test_opener_keeps_the_connect_rate_of_all_workers),
        cmocka_unit_test(test_opener_makes_up_for_a_late_wake_and_not_for_an_idle_time),
        cmocka_unit_test(test_opener_wakes_only_for_the_connect_rate),
        cmocka_unit_test(test_opener_at_one_attempt_in_centuries_never_wakes),
        cmocka_unit_test(test_opener_tells_once_that_the_first_attempts_are_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
