#include "testing.h"

#include "wsload/base/random.h"

/* splitmix64 from seed 1234567, as listed at rosettacode.org/wiki/Pseudo-random_numbers/Splitmix64.
 */
static void test_random_is_seeded_by_splitmix64(void **state)
{
    static const uint64_t expected[] = {
        UINT64_C(6457827717110365317),
        UINT64_C(3203168211198807973),
        UINT64_C(9817491932198370423),
        UINT64_C(4593380528125082431),
    };
    struct random random;

    (void)state;
    random_init(&random, 1234567);
    for (size_t i = 0; i < ARRAY_LENGTH(expected); i++)
        assert_true(random.state[i] == expected[i]);
}

/* xoshiro256** from the state 1, 2, 3, 4: the vector of the reference code that the Rust crate
 * rand_xoshiro tests against. */
static void test_random_is_xoshiro256_star_star(void **state)
{
    static const uint64_t expected[] = {
        UINT64_C(11520),
        UINT64_C(0),
        UINT64_C(1509978240),
        UINT64_C(1215971899390074240),
        UINT64_C(1216172134540287360),
        UINT64_C(607988272756665600),
        UINT64_C(16172922978634559625),
        UINT64_C(8476171486693032832),
        UINT64_C(10595114339597558777),
        UINT64_C(2904607092377533576),
    };
    struct random random = {{1, 2, 3, 4}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(expected); i++)
        assert_true(random_next(&random) == expected[i]);
}

static void test_random_unit_is_uniform_below_one(void **state)
{
    struct random random;
    double sum = 0;

    (void)state;
    random_init(&random, 7);
    for (int i = 0; i < 100000; i++) {
        double unit = random_unit(&random);

        assert_true(unit >= 0.0 && unit < 1.0);
        sum += unit;
    }
    assert_true(sum > 49500 && sum < 50500); /* five standard deviations are 456 */
}

static void test_random_between_reaches_every_number_equally(void **state)
{
    unsigned counts[7] = {0};
    struct random random;

    (void)state;
    random_init(&random, 7);
    for (int i = 0; i < 70000; i++) {
        uint64_t number = random_between(&random, 10, 16);

        assert_in_range(number, 10, 16);
        counts[number - 10]++;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(counts); i++)
        assert_in_range(counts[i], 9500, 10500); /* five standard deviations are 463 */
}

static void test_random_between_takes_the_widest_and_the_narrowest_range(void **state)
{
    struct random random;
    struct random same;

    (void)state;
    random_init(&random, 7);
    same = random;
    assert_true(random_between(&random, 0, UINT64_MAX) == random_next(&same));
    assert_int_equal(random_between(&random, 5, 5), 5);
    assert_true(random_between(&random, UINT64_MAX, UINT64_MAX) == UINT64_MAX);
    for (int i = 0; i < 1000; i++)
        assert_true(random_between(&random, 1, UINT64_MAX) >= 1);
}

static void test_random_seed_from_system_differs(void **state)
{
    (void)state;
    assert_true(random_seed_from_system() != random_seed_from_system());
}

TEST_GROUP(random)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_is_seeded_by_splitmix64),
        cmocka_unit_test(test_random_is_xoshiro256_star_star),
        cmocka_unit_test(test_random_unit_is_uniform_below_one),
        cmocka_unit_test(test_random_between_reaches_every_number_equally),
        cmocka_unit_test(test_random_between_takes_the_widest_and_the_narrowest_range),
        cmocka_unit_test(test_random_seed_from_system_differs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
