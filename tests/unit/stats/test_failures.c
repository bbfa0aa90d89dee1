#include "testing.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "wsload/base/random.h"
#include "wsload/base/text.h"
#include "wsload/stats/failures.h"

static struct failures failures;
static struct failures others;

static int reset(void **state)
{
    (void)state;
    memset(&failures, 0, sizeof(failures));
    memset(&others, 0, sizeof(others));
    return 0;
}

static void add(struct failures *into, enum failure_kind kind, const char *detail,
                const char *example, unsigned requests)
{
    struct failure failure = {kind, detail, text_of(example)};
    failures_add(into, &failure, requests);
}

static void test_failures_count_by_kind_and_detail(void **state)
{
    (void)state;
    add(&failures, FAILURE_HANDSHAKE_STATUS, "429", "", 1);
    add(&failures, FAILURE_HANDSHAKE_STATUS, "403", "", 1);
    add(&failures, FAILURE_HANDSHAKE_STATUS, "429", "", 0);
    add(&failures, FAILURE_CLOSED, "429", "", 1);
    assert_int_equal(failures.count, 3);
    assert_int_equal(failures.classes[0].count, 2);
    assert_int_equal(failures.classes[0].requests, 1);
    assert_string_equal(failures.classes[1].detail, "403");
    assert_int_equal(failures.classes[2].kind, FAILURE_CLOSED);
    assert_int_equal(failures_requests(&failures), 3);
}

static void test_failures_keep_the_first_example_there_is(void **state)
{
    (void)state;
    add(&failures, FAILURE_RESET, "", "", 1);
    add(&failures, FAILURE_RESET, "", "first", 1);
    add(&failures, FAILURE_RESET, "", "second", 1);
    assert_string_equal(failures.classes[0].example, "first");
}

static void test_failures_merge_keeps_the_first_example_in_order(void **state)
{
    (void)state;
    add(&failures, FAILURE_RESET, "", "first", 1);
    add(&failures, FAILURE_CLOSED, "", "", 1);
    add(&others, FAILURE_RESET, "", "theirs", 1);
    add(&others, FAILURE_CLOSED, "", "one", 1);
    add(&others, FAILURE_DNS, "", "from the other", 1);
    failures_merge(&others, &failures);
    assert_string_equal(others.classes[0].example, "first");
    assert_string_equal(others.classes[1].example, "one");
    failures_merge(&failures, &others);
    assert_string_equal(failures.classes[0].example, "first");
    assert_string_equal(failures.classes[1].example, "one");
    assert_string_equal(failures.classes[2].example, "from the other");
}

static void test_failures_cut_examples_and_keep_them_valid(void **state)
{
    char euros[3 * 300 + 1] = "";
    (void)state;
    for (size_t i = 0; i < 300; i++)
        memcpy(euros + 3 * i, "\xE2\x82\xAC", 4);
    add(&failures, FAILURE_GATEWAY_ERROR, "", euros, 1);
    assert_int_equal(strlen(failures.classes[0].example), 3 * FAILURE_EXAMPLE_CHARACTERS);
    add(&failures, FAILURE_CLOSED, "1006", "\xFF\x1b[0m", 1);
    assert_true(utf8_valid(text_of(failures.classes[1].example)));
}

static void test_failures_find_a_detail_that_was_cut(void **state)
{
    char detail[2 * FAILURE_DETAIL_SIZE];
    (void)state;
    memset(detail, 'x', sizeof(detail));
    detail[sizeof(detail) - 1] = '\0';
    add(&failures, FAILURE_TLS, detail, "", 1);
    add(&failures, FAILURE_TLS, detail, "", 1);
    assert_int_equal(failures.count, 1);
    assert_int_equal(strlen(failures.classes[0].detail), FAILURE_DETAIL_SIZE - 1);
}

static void test_failures_are_bounded_and_lose_no_count(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        char detail[16];
        snprintf(detail, sizeof(detail), "%d", i);
        add(&failures, (enum failure_kind)(i % FAILURE_KIND_COUNT), detail, "", 1);
        add(&others, (enum failure_kind)(i % FAILURE_KIND_COUNT), detail + 1, "", 1);
    }
    assert_int_equal(failures.count, FAILURES_MAX + FAILURE_KIND_COUNT);
    assert_int_equal(failures_requests(&failures), 1000);
    for (size_t i = FAILURES_MAX; i < failures.count; i++)
        assert_string_equal(failures.classes[i].detail, "other");
    failures_merge(&failures, &others);
    assert_int_equal(failures.count, FAILURES_MAX + FAILURE_KIND_COUNT);
    assert_int_equal(failures_requests(&failures), 2000);
}

static bool want(const char *detail, const char *example)
{
    struct failure failure = {FAILURE_GATEWAY_ERROR, detail, text_of(example)};
    return failures_want(&failures, &failure);
}

static void test_failures_want_what_they_do_not_have(void **state)
{
    char detail[2 * FAILURE_DETAIL_SIZE];
    (void)state;
    memset(detail, 'x', sizeof(detail));
    detail[sizeof(detail) - 1] = '\0';
    assert_true(want(detail, ""));
    add(&failures, FAILURE_CLOSED, detail, "example", 1);
    assert_true(want(detail, "")); /* of another kind */
    add(&failures, FAILURE_GATEWAY_ERROR, detail, "", 1);
    assert_false(want(detail, ""));
    assert_true(want(detail, "example"));
    add(&failures, FAILURE_GATEWAY_ERROR, detail, "example", 1);
    assert_false(want(detail, "another"));
    assert_true(want("x", "another"));
}

/* --- Any order --- */

#define PARTS 5

/* A failure of one of 10 x FAILURE_KIND_COUNT classes, some of them called "other" themselves. */
static void add_at_random(struct failures *into, struct random *random, uint64_t details)
{
    char detail[24] = "other";
    char example[24] = "";
    uint64_t number = random_between(random, 0, details);
    if (number > 0)
        snprintf(detail, sizeof(detail), "%" PRIu64, number);
    if (random_between(random, 0, 1))
        snprintf(example, sizeof(example), "%" PRIu64, random_between(random, 1, 999));
    add(into, (enum failure_kind)random_between(random, 0, FAILURE_KIND_COUNT - 1), detail, example,
        (unsigned)random_between(random, 0, 1));
}

static void shuffle(size_t *order, size_t count, struct random *random)
{
    for (size_t i = count; i-- > 1;) {
        size_t j = (size_t)random_between(random, 0, i);
        size_t kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
}

static void assert_same_failures(struct failures *a, struct failures *b)
{
    failures_sort(a);
    failures_sort(b);
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->classes, b->classes, a->count * sizeof(a->classes[0]));
}

static void test_failures_merge_gives_the_same_in_any_order(void **state)
{
    static struct failures parts[PARTS];
    size_t order[PARTS] = {0, 1, 2, 3, 4};
    struct random random;
    random_init(&random, 7);
    for (int run = 0; run < 400; run++) {
        uint64_t details = random_between(&random, 1, 40);
        memset(parts, 0, sizeof(parts));
        for (int i = 0; i < 1000; i++)
            add_at_random(&parts[random_between(&random, 0, PARTS - 1)], &random, details);
        reset(state);
        for (size_t i = 0; i < PARTS; i++)
            failures_merge(&failures, &parts[i]);
        for (int again = 0; again < 3; again++) {
            memset(&others, 0, sizeof(others));
            shuffle(order, PARTS, &random);
            for (size_t i = 0; i < PARTS; i++)
                failures_merge(&others, &parts[order[i]]);
            assert_same_failures(&others, &failures);
        }
        failures_merge(&parts[3], &parts[1]); /* sums of sums */
        failures_merge(&parts[0], &parts[2]);
        failures_merge(&parts[3], &parts[0]);
        failures_merge(&parts[4], &parts[3]);
        assert_same_failures(&parts[4], &failures);
    }
}

static void test_failures_merge_keeps_the_first_details_in_order_beyond_the_most(void **state)
{
    (void)state;
    char detail[16];
    for (int i = 0; i < FAILURES_MAX; i++) {
        snprintf(detail, sizeof(detail), "%03d", 2 * i + 1);
        add(&failures, FAILURE_CLOSED, detail, detail, 1);
        snprintf(detail, sizeof(detail), "%03d", 2 * i);
        add(&others, FAILURE_CLOSED, detail, detail, 1);
    }
    failures_merge(&failures, &others);
    failures_sort(&failures);
    assert_int_equal(failures.count, FAILURES_MAX + 1);
    assert_string_equal(failures.classes[0].detail, "other");
    assert_int_equal(failures.classes[0].count, FAILURES_MAX);
    assert_string_equal(failures.classes[0].example, "064"); /* the first that fell out */
    for (size_t i = 1; i < failures.count; i++) {
        snprintf(detail, sizeof(detail), "%03zu", i - 1);
        assert_string_equal(failures.classes[i].detail, detail);
        assert_int_equal(failures.classes[i].requests, 1);
    }
}

static void test_failures_merge_adds_up(void **state)
{
    (void)state;
    add(&failures, FAILURE_REPLY_TIMEOUT, "", "", 1);
    add(&others, FAILURE_REPLY_TIMEOUT, "", "", 1);
    add(&others, FAILURE_RESET, "", "", 0);
    failures_merge(&failures, &others);
    assert_int_equal(failures.count, 2);
    assert_int_equal(failures.classes[0].count, 2);
    assert_int_equal(failures.classes[0].requests, 2);
    assert_int_equal(failures.classes[1].count, 1);
    assert_int_equal(failures.classes[1].requests, 0);
}

static void test_failures_sort_by_count_then_kind_then_detail(void **state)
{
    static const struct {
        enum failure_kind kind;
        const char *detail;
    } sorted[] = {
        {FAILURE_RESET, ""},
        {FAILURE_HANDSHAKE_STATUS, "403"},
        {FAILURE_HANDSHAKE_STATUS, "429"},
        {FAILURE_CLOSED, "1001"},
    };
    (void)state;
    for (size_t i = ARRAY_LENGTH(sorted); i-- > 0;)
        add(&failures, sorted[i].kind, sorted[i].detail, "", 1);
    add(&failures, FAILURE_RESET, "", "", 1);
    failures_sort(&failures);
    for (size_t i = 0; i < ARRAY_LENGTH(sorted); i++) {
        assert_int_equal(failures.classes[i].kind, sorted[i].kind);
        assert_string_equal(failures.classes[i].detail, sorted[i].detail);
    }
}

TEST_GROUP(failures)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_failures_count_by_kind_and_detail, reset),
        cmocka_unit_test_setup(test_failures_keep_the_first_example_there_is, reset),
        cmocka_unit_test_setup(test_failures_merge_keeps_the_first_example_in_order, reset),
        cmocka_unit_test_setup(test_failures_cut_examples_and_keep_them_valid, reset),
        cmocka_unit_test_setup(test_failures_find_a_detail_that_was_cut, reset),
        cmocka_unit_test_setup(test_failures_are_bounded_and_lose_no_count, reset),
        cmocka_unit_test_setup(test_failures_want_what_they_do_not_have, reset),
        cmocka_unit_test_setup(test_failures_merge_adds_up, reset),
        cmocka_unit_test(test_failures_merge_gives_the_same_in_any_order),
        cmocka_unit_test_setup(test_failures_merge_keeps_the_first_details_in_order_beyond_the_most,
                               reset),
        cmocka_unit_test_setup(test_failures_sort_by_count_then_kind_then_detail, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
