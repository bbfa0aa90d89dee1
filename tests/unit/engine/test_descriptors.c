#include "testing.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "wsload/engine/descriptors.h"

/* The limit of open files on a machine that the test invents: linked in place of the system's (see
 * CMakeLists.txt), so that the answer does not depend on where the test runs. Other limits stay the
 * system's: the sanitizers ask for them. So does this one outside of this group. */
static struct rlimit current;
static bool invented;

int __real_getrlimit(__rlimit_resource_t resource, struct rlimit *limit);
int __real_setrlimit(__rlimit_resource_t resource, const struct rlimit *limit);
int __wrap_getrlimit(__rlimit_resource_t resource, struct rlimit *limit);
int __wrap_setrlimit(__rlimit_resource_t resource, const struct rlimit *limit);

int __wrap_getrlimit(__rlimit_resource_t resource, struct rlimit *limit)
{
    if (!invented || resource != RLIMIT_NOFILE)
        return __real_getrlimit(resource, limit);
    *limit = current;
    return 0;
}

int __wrap_setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
    if (!invented || resource != RLIMIT_NOFILE)
        return __real_setrlimit(resource, limit);
    current = *limit;
    return 0;
}

static void test_descriptors_takes_what_is_needed_and_no_more_than_is_sensible(void **state)
{
    (void)state;
    static const struct {
        uint64_t connections;
        unsigned workers;
        rlim_t hard;
        rlim_t soft; /* afterwards */
    } cases[] = {
        {10, 1, 2000, 2000},
        {10, 1, 4097, 4096}, /* no more than is needed or harmless */
        {10, 1, RLIM_INFINITY, 4096},
        {3988, 1, RLIM_INFINITY, 4096},
        {3989, 1, RLIM_INFINITY, 4097}, /* needed: with 100 for other files, 8 for a worker */
        {3988, 2, RLIM_INFINITY, 4104},
        {2000000, 4, 1000000000, 2000132},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        current = (struct rlimit){1024, cases[i].hard};
        assert_int_equal(descriptors_require(cases[i].connections, cases[i].workers, &error), 0);
        assert_int_equal(current.rlim_cur, cases[i].soft);
        assert_int_equal(current.rlim_max, cases[i].hard);
    }
}

static void test_descriptors_takes_all_that_a_server_may_need(void **state)
{
    (void)state;
    static const struct {
        rlim_t hard;
        rlim_t soft; /* afterwards */
    } cases[] = {{4096, 4096}, {1048577, 1048576}, {RLIM_INFINITY, 1048576}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        current = (struct rlimit){1024, cases[i].hard};
        assert_int_equal(descriptors_take_all(&error), 0);
        assert_int_equal(current.rlim_cur, cases[i].soft);
        assert_int_equal(current.rlim_max, cases[i].hard);
    }
}

/* The descriptors that the kernel's table for this process has room for. */
static unsigned long table_size(void)
{
    char status[8192] = "";
    FILE *file = fopen("/proc/self/status", "r");
    assert_non_null(file);
    status[fread(status, 1, sizeof(status) - 1, file)] = '\0';
    fclose(file);
    const char *line = strstr(status, "FDSize:");
    assert_non_null(line);
    return strtoul(line + strlen("FDSize:"), NULL, 10);
}

static void test_descriptors_has_the_table_made_large_enough(void **state)
{
    (void)state;
    struct error error;
    current = (struct rlimit){1024, 1024};
    assert_int_equal(descriptors_require(892, 1, &error), 0);
    assert_in_range(table_size(), 1000, ULONG_MAX);
}

static void test_descriptors_names_limit_and_remedy(void **state)
{
    (void)state;
    struct error error;
    current = (struct rlimit){150, 200};
    assert_int_equal(descriptors_require(93, 1, &error), -1);
    assert_string_equal(error.text, "this process may hold 200 descriptors; raise it with "
                                    "'ulimit -n 201', or use fewer connections");
    assert_int_equal(current.rlim_cur, 150);
    assert_int_equal(descriptors_require(92, 1, &error), 0);
}

static int invent(void **state)
{
    (void)state;
    invented = true;
    return 0;
}

static int return_to_the_system(void **state)
{
    (void)state;
    invented = false;
    return 0;
}

TEST_GROUP(descriptors)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_descriptors_has_the_table_made_large_enough), /* it never shrinks */
        cmocka_unit_test(test_descriptors_takes_what_is_needed_and_no_more_than_is_sensible),
        cmocka_unit_test(test_descriptors_takes_all_that_a_server_may_need),
        cmocka_unit_test(test_descriptors_names_limit_and_remedy),
    };
    return cmocka_run_group_tests(tests, invent, return_to_the_system);
}
