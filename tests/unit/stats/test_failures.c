#include "testing.h"

#include <stdio.h>
#include <string.h>

#include "wsload/base/utf8.h"
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
    add(&others, FAILURE_RESET, "", "theirs", 1);
    failures_merge(&others, &failures);
    assert_string_equal(others.classes[0].example, "theirs");
    add(&others, FAILURE_DNS, "", "from the other", 1);
    failures_merge(&failures, &others);
    assert_string_equal(failures.classes[1].example, "from the other");
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
        cmocka_unit_test_setup(test_failures_cut_examples_and_keep_them_valid, reset),
        cmocka_unit_test_setup(test_failures_find_a_detail_that_was_cut, reset),
        cmocka_unit_test_setup(test_failures_are_bounded_and_lose_no_count, reset),
        cmocka_unit_test_setup(test_failures_merge_adds_up, reset),
        cmocka_unit_test_setup(test_failures_sort_by_count_then_kind_then_detail, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
