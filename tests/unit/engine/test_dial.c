#include "testing.h"

#include "dial.h"

static const struct addresses three = {
    .items = {"127.0.0.1", "::1", "127.0.0.3"}, .count = 3, .port = 80};
static const struct sources nowhere = {0};

static struct dial new_dial(void)
{
    return (struct dial){&three, &nowhere, {0}};
}

/* Tries every address of connection NUMBER in turn, which are to be those of EXPECTED. */
static void assert_dials(const struct dial *dial, uint64_t number, uint64_t now_ns,
                         const size_t expected[3])
{
    struct dial_attempt attempt = {0};
    for (size_t i = 0; i < 3; i++) {
        assert_true(dial_has_more(dial, &attempt));
        dial_next(dial, &attempt, number, now_ns);
        assert_int_equal(attempt.address, expected[i]);
        assert_string_equal(dial_address(dial, &attempt), three.items[expected[i]]);
    }
    assert_false(dial_has_more(dial, &attempt));
}

static void test_dial_takes_turns_by_the_number_of_the_connection(void **state)
{
    static const size_t expected[][3] = {{0, 1, 2}, {1, 2, 0}, {2, 0, 1}, {0, 1, 2}};
    (void)state;
    struct dial dial = new_dial();
    for (uint64_t number = 0; number < 4; number++)
        assert_dials(&dial, number, NS_PER_S, expected[number]);
}

static void test_dial_leaves_out_what_has_just_failed(void **state)
{
    (void)state;
    struct dial dial = new_dial();
    struct dial_attempt attempt = {.tried = 1, .address = 1};
    dial_failed(&dial, &attempt, NS_PER_S);
    assert_dials(&dial, 1, NS_PER_S, (const size_t[]){2, 0, 2});
    assert_dials(&dial, 1, NS_PER_S + DIAL_DOWN_NS - 1, (const size_t[]){2, 0, 2});
    assert_dials(&dial, 1, NS_PER_S + DIAL_DOWN_NS, (const size_t[]){1, 2, 0});
    dial_failed(&dial, &attempt, 9 * NS_PER_S);
    dial_worked(&dial, &attempt);
    assert_dials(&dial, 1, 9 * NS_PER_S, (const size_t[]){1, 2, 0});
}

static void test_dial_takes_turns_when_all_have_failed(void **state)
{
    (void)state;
    struct dial dial = new_dial();
    for (size_t address = 0; address < 3; address++) {
        struct dial_attempt attempt = {.tried = 1, .address = address};
        dial_failed(&dial, &attempt, NS_PER_S);
    }
    assert_dials(&dial, 1, NS_PER_S, (const size_t[]){1, 2, 0});
}

static void test_dial_binds_to_a_source_of_the_same_family(void **state)
{
    static const struct {
        size_t address;
        const char *source;
    } cases[] = {{0, "127.0.0.9"}, {1, "::9"}, {2, "127.0.0.9"}};
    char out[SOURCE_TEXT_SIZE];
    struct sources sources = {0};
    struct error error;
    (void)state;
    struct dial dial = new_dial();
    struct dial_attempt attempt = {.tried = 1};
    assert_null(dial_source(&dial, &attempt, 0, out));
    assert_int_equal(sources_parse("127.0.0.9,::9", &sources, &error), 0);
    dial.sources = &sources;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        attempt.address = cases[i].address;
        assert_string_equal(dial_source(&dial, &attempt, 0, out), cases[i].source);
    }
}

TEST_GROUP(dial)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dial_takes_turns_by_the_number_of_the_connection),
        cmocka_unit_test(test_dial_leaves_out_what_has_just_failed),
        cmocka_unit_test(test_dial_takes_turns_when_all_have_failed),
        cmocka_unit_test(test_dial_binds_to_a_source_of_the_same_family),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
