#include "testing.h"

#include <string.h>
#include <sys/resource.h>

#include "wsload/engine/descriptors.h"

static struct rlimit current_limit(void)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    return limit;
}

static void test_descriptors_raises_the_soft_limit(void **state)
{
    (void)state;
    struct error error;
    struct rlimit limit = current_limit();
    rlim_t hard = limit.rlim_max;
    limit.rlim_cur = 64;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(descriptors_require(10, &error), 0);
    assert_true(current_limit().rlim_cur == hard || current_limit().rlim_cur == 1048576);
}

static void test_descriptors_names_limit_and_remedy(void **state)
{
    (void)state;
    struct error error;
    struct rlimit limit = {150, 200}; /* soft, hard */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(descriptors_require(100, &error), 0);
    assert_int_equal(descriptors_require(101, &error), -1);
    assert_string_equal(error.text, "this process may hold 200 descriptors; raise it with "
                                    "'ulimit -n 201', or use fewer connections");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_descriptors_raises_the_soft_limit),
        cmocka_unit_test(test_descriptors_names_limit_and_remedy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
