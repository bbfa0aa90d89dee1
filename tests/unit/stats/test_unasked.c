#include "testing.h"

#include <stdio.h>
#include <string.h>

#include "wsload/base/random.h"
#include "wsload/stats/unasked.h"

static struct unasked unasked;

static int reset(void **state)
{
    (void)state;
    memset(&unasked, 0, sizeof(unasked));
    return 0;
}

static void add(struct unasked *into, const char *rule, const char *example)
{
    unasked_add(into, rule, text_of(example));
}

static void assert_kind(size_t index, const char *rule, uint64_t count, const char *example)
{
    assert_true(index < unasked.count);
    assert_string_equal(unasked.kinds[index].rule, rule);
    assert_int_equal(unasked.kinds[index].count, count);
    assert_string_equal(unasked.kinds[index].example, example);
}

static void test_unasked_counts_by_rule_with_the_first_example(void **state)
{
    (void)state;
    add(&unasked, "json:type=token", "second");
    add(&unasked, "", "long");
    add(&unasked, "json:type=token", "first");
    add(&unasked, "json:type=keepalive", "alive");
    add(&unasked, "json:action=x", "x");
    assert_int_equal(unasked.count, 4);
    assert_kind(0, "json:type=keepalive", 1, "alive"); /* before what has no such word */
    assert_kind(1, "json:action=x", 1, "x");
    assert_kind(2, "json:type=token", 2, "second");
    assert_kind(3, "", 1, "long");
}

static void add_many(struct unasked *into, unsigned first, unsigned count)
{
    char rule[RULE_FOR_SIZE];
    for (unsigned i = first; i < first + count; i++) {
        snprintf(rule, sizeof(rule), "text:%02u", i);
        add(into, rule, rule);
    }
}

static void test_unasked_keeps_the_first_in_order_and_folds_the_rest(void **state)
{
    (void)state;
    add_many(&unasked, 10, 20);
    assert_int_equal(unasked.count, UNASKED_MAX + 1);
    assert_kind(0, "text:10", 1, "text:10");
    assert_kind(UNASKED_MAX - 1, "text:17", 1, "text:17");
    assert_kind(UNASKED_MAX, "", 12, "text:18");
    add(&unasked, "text:pong", "pong"); /* it is never pushed out by what has no such word */
    add(&unasked, "text:00", "00");
    assert_int_equal(unasked.count, UNASKED_MAX + 1);
    assert_kind(0, "text:pong", 1, "pong");
    assert_kind(1, "text:00", 1, "00");
    assert_kind(UNASKED_MAX - 1, "text:15", 1, "text:15");
    assert_kind(UNASKED_MAX, "", 14, "text:16");
}

static void test_unasked_wants_the_text_that_it_would_keep(void **state)
{
    (void)state;
    assert_true(unasked_wants(&unasked, ""));
    add_many(&unasked, 10, UNASKED_MAX);
    assert_false(unasked_wants(&unasked, "text:12"));
    assert_true(unasked_wants(&unasked, "text:09"));
    assert_true(unasked_wants(&unasked, "text:99")); /* the first of those without a rule */
    add(&unasked, "text:99", "99");
    assert_false(unasked_wants(&unasked, "text:98"));
    assert_false(unasked_wants(&unasked, ""));
    add(&unasked, "text:98", "the caller has not made it fit to be kept");
    assert_kind(UNASKED_MAX, "", 2, "99");
}

/* Kinds that a few parts have in common, in any order, and as sums of sums. */
static void test_unasked_add_up_in_any_order(void **state)
{
    static struct unasked parts[4];
    struct random random;
    (void)state;
    random_init(&random, 7);
    for (unsigned run = 0; run < 200; run++) {
        static struct unasked forward;
        static struct unasked backward;
        memset(parts, 0, sizeof(parts));
        memset(&forward, 0, sizeof(forward));
        memset(&backward, 0, sizeof(backward));
        for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
            for (uint64_t j = random_between(&random, 0, 30); j > 0; j--) {
                char rule[RULE_FOR_SIZE];
                char example[32];
                uint64_t number = random_between(&random, 0, 20);
                snprintf(rule, sizeof(rule), "text:%s%u", number % 5 ? "" : "ping ",
                         (unsigned)number);
                snprintf(example, sizeof(example), "%u", (unsigned)random_between(&random, 0, 99));
                add(&parts[i], number ? rule : "", example);
            }
        for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
            unasked_merge(&forward, &parts[i]);
        unasked_merge(&parts[3], &parts[2]);
        unasked_merge(&parts[1], &parts[0]);
        unasked_merge(&backward, &parts[3]);
        unasked_merge(&backward, &parts[1]);
        assert_int_equal(forward.count, backward.count);
        for (size_t i = 0; i < forward.count; i++) {
            assert_string_equal(forward.kinds[i].rule, backward.kinds[i].rule);
            assert_int_equal(forward.kinds[i].count, backward.kinds[i].count);
            assert_string_equal(forward.kinds[i].example, backward.kinds[i].example);
        }
    }
}

static void test_unasked_shows_what_keeps_alive_before_the_most_frequent(void **state)
{
    (void)state;
    assert_null(unasked_foremost(&unasked, true));
    add(&unasked, "", "long");
    assert_string_equal(unasked_foremost(&unasked, true)->example, "long");
    add(&unasked, "json:type=a", "a");
    assert_string_equal(unasked_foremost(&unasked, true)->example, "a");
    add(&unasked, "json:type=b", "b");
    add(&unasked, "json:type=b", "b");
    assert_string_equal(unasked_foremost(&unasked, true)->example, "b");
    add(&unasked, "json:type=ping", "ping");
    assert_string_equal(unasked_foremost(&unasked, true)->example, "ping");
    assert_string_equal(unasked_foremost(&unasked, false)->example, "b");
}

#define UNASKED_TEST(test) cmocka_unit_test_setup(test, reset)

TEST_GROUP(unasked)
{
    const struct CMUnitTest tests[] = {
        UNASKED_TEST(test_unasked_counts_by_rule_with_the_first_example),
        UNASKED_TEST(test_unasked_keeps_the_first_in_order_and_folds_the_rest),
        UNASKED_TEST(test_unasked_wants_the_text_that_it_would_keep),
        UNASKED_TEST(test_unasked_add_up_in_any_order),
        UNASKED_TEST(test_unasked_shows_what_keeps_alive_before_the_most_frequent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
