#include "testing.h"

#include <stdbool.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/base/deadlines.h"
#include "wsload/base/random.h"

static void test_deadlines_pop_the_earliest_first(void **state)
{
    struct deadlines deadlines;
    struct deadline a = {0};
    struct deadline b = {0};
    struct deadline c = {0};

    (void)state;
    deadlines_init(&deadlines);
    assert_true(deadlines_next_ns(&deadlines) == CLOCK_NEVER);
    deadlines_arm(&deadlines, &b, 20);
    deadlines_arm(&deadlines, &c, 30);
    deadlines_arm(&deadlines, &a, 10);
    assert_int_equal(deadlines_next_ns(&deadlines), 10);
    assert_null(deadlines_pop(&deadlines, 9));
    assert_ptr_equal(deadlines_pop(&deadlines, 20), &a);
    assert_ptr_equal(deadlines_pop(&deadlines, 20), &b);
    assert_null(deadlines_pop(&deadlines, 20));
    assert_ptr_equal(deadlines_pop(&deadlines, 30), &c);
    assert_null(deadlines_pop(&deadlines, UINT64_MAX));
    deadlines_free(&deadlines);
}

static void test_deadlines_move_later_by_one_store(void **state)
{
    struct deadlines deadlines;
    struct deadline a = {0};
    struct deadline b = {0};

    (void)state;
    deadlines_init(&deadlines);
    deadlines_arm(&deadlines, &a, 10);
    deadlines_arm(&deadlines, &b, 20);
    deadlines_arm(&deadlines, &a, 25);
    assert_int_equal(a.due_ns, 25);
    assert_int_equal(deadlines_next_ns(&deadlines), 10); /* the heap was left alone */
    assert_null(deadlines_pop(&deadlines, 15));
    assert_int_equal(deadlines_next_ns(&deadlines), 20);
    assert_ptr_equal(deadlines_pop(&deadlines, 30), &b);
    assert_ptr_equal(deadlines_pop(&deadlines, 30), &a);
    deadlines_free(&deadlines);
}

static void test_deadlines_move_earlier(void **state)
{
    struct deadlines deadlines;
    struct deadline a = {0};
    struct deadline b = {0};

    (void)state;
    deadlines_init(&deadlines);
    deadlines_arm(&deadlines, &a, 10);
    deadlines_arm(&deadlines, &b, 20);
    deadlines_arm(&deadlines, &b, 50); /* lazily */
    deadlines_arm(&deadlines, &b, 30); /* earlier than it was, later than the heap knows */
    assert_null(deadlines_pop(&deadlines, 9));
    deadlines_arm(&deadlines, &b, 5);
    assert_int_equal(deadlines_next_ns(&deadlines), 5);
    assert_ptr_equal(deadlines_pop(&deadlines, 40), &b);
    assert_ptr_equal(deadlines_pop(&deadlines, 40), &a);
    deadlines_free(&deadlines);
}

static void test_deadlines_disarm_is_harmless_twice(void **state)
{
    struct deadlines deadlines;
    struct deadline a = {0};

    (void)state;
    deadlines_init(&deadlines);
    deadlines_disarm(&deadlines, &a);
    deadlines_arm(&deadlines, &a, 10);
    deadlines_disarm(&deadlines, &a);
    deadlines_disarm(&deadlines, &a);
    assert_null(deadlines_pop(&deadlines, UINT64_MAX));
    deadlines_free(&deadlines);
}

static void test_deadlines_reserve_makes_arming_safe(void **state)
{
    static struct deadline many[1000];
    struct deadlines deadlines;
    struct deadline **heap;

    (void)state;
    memset(many, 0, sizeof(many));
    deadlines_init(&deadlines);
    assert_int_equal(deadlines_reserve(&deadlines, 1000), 0);
    heap = deadlines.heap;
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(deadlines_arm(&deadlines, &many[i], 1000 - i), 0);
    assert_ptr_equal(deadlines.heap, heap);
    assert_ptr_equal(deadlines_pop(&deadlines, 1000), &many[999]);
    deadlines_free(&deadlines);
}

/* The model: an array of due times, 0 for disarmed, searched from end to end. */
#define MODEL_COUNT 50

static uint64_t model_earliest(const uint64_t model[MODEL_COUNT])
{
    uint64_t earliest = CLOCK_NEVER;

    for (size_t i = 0; i < MODEL_COUNT; i++) {
        if (model[i] != 0 && model[i] < earliest)
            earliest = model[i];
    }
    return earliest;
}

static void check_pops(struct deadlines *deadlines, struct deadline *all, uint64_t *model,
                       uint64_t now_ns)
{
    struct deadline *popped;

    assert_true(deadlines_next_ns(deadlines) <= model_earliest(model));
    while ((popped = deadlines_pop(deadlines, now_ns)) != NULL) {
        assert_true(popped->due_ns == model_earliest(model));
        assert_true(model[popped - all] == popped->due_ns);
        assert_true(popped->due_ns <= now_ns);
        model[popped - all] = 0;
    }
    assert_true(model_earliest(model) > now_ns);
}

static void test_deadlines_agree_with_a_naive_model(void **state)
{
    struct deadlines deadlines;
    struct deadline all[MODEL_COUNT] = {0};
    uint64_t model[MODEL_COUNT] = {0};
    struct random random;
    uint64_t now_ns = 1;

    (void)state;
    random_init(&random, 42);
    deadlines_init(&deadlines);
    for (int i = 0; i < 200000; i++) {
        uint64_t index = random_between(&random, 0, MODEL_COUNT - 1);

        switch (random_between(&random, 0, 9)) {
        case 0:
            deadlines_disarm(&deadlines, &all[index]);
            model[index] = 0;
            break;
        case 1:
            now_ns += random_between(&random, 0, 20);
            check_pops(&deadlines, all, model, now_ns);
            break;
        default:
            model[index] = now_ns + random_between(&random, 1, 200);
            assert_int_equal(deadlines_arm(&deadlines, &all[index], model[index]), 0);
        }
    }
    check_pops(&deadlines, all, model, now_ns + 200);
    assert_int_equal(deadlines.count, 0);
    deadlines_free(&deadlines);
}

TEST_GROUP(deadlines)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deadlines_pop_the_earliest_first),
        cmocka_unit_test(test_deadlines_move_later_by_one_store),
        cmocka_unit_test(test_deadlines_move_earlier),
        cmocka_unit_test(test_deadlines_disarm_is_harmless_twice),
        cmocka_unit_test(test_deadlines_reserve_makes_arming_safe),
        cmocka_unit_test(test_deadlines_agree_with_a_naive_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
