#include "testing.h"

#include <limits.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "wsload/base/cores.h"

#define FILES_MAX 6

static char root[] = "/tmp/wsload-cores-XXXXXX";

static void make_directories(char *path)
{
    for (char *at = strchr(path + sizeof(root), '/'); at; at = strchr(at + 1, '/')) {
        *at = '\0';
        (void)mkdir(path, 0700);
        *at = '/';
    }
}

static void write_file(const char *name, const char *contents)
{
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s%s", root, name);
    make_directories(path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(contents, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void remove_all(void)
{
    char command[PATH_MAX];
    snprintf(command, sizeof(command), "rm -r %s", root);
    assert_int_equal(system(command), 0);
}

/* --- The quota --- */

static const struct {
    const char *what;
    const char *groups; /* /proc/self/cgroup */
    const char *files[FILES_MAX][2];
    double cores;
} cases[] = {
    {"no quota", "0::/\n", {{"/sys/fs/cgroup/cpu.max", "max 100000\n"}}, INFINITY},
    {"version 2",
     "0::/a.slice/b.scope\n",
     {{"/sys/fs/cgroup/a.slice/b.scope/cpu.max", "20000 100000\n"},
      {"/sys/fs/cgroup/a.slice/cpu.max", "max 100000\n"}},
     0.2},
    {"the group above allows less",
     "0::/a.slice/b.scope\n",
     {{"/sys/fs/cgroup/a.slice/b.scope/cpu.max", "400000 100000\n"},
      {"/sys/fs/cgroup/a.slice/cpu.max", "75000 50000\n"}},
     1.5},
    {"a container's own root", "0::/\n", {{"/sys/fs/cgroup/cpu.max", "150000 100000\n"}}, 1.5},
    {"a container that sees its outer name",
     "3:cpu,cpuacct:/docker/1234\n",
     {{"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000\n"},
      {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"}},
     0.5},
    {"version 1 beside version 2",
     "5:cpuset:/x\n4:cpuacct:/x\n3:cpu:/a\n0::/b\n",
     {{"/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "150000\n"},
      {"/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "50000\n"},
      {"/sys/fs/cgroup/cpu/x/cpu.cfs_quota_us", "1000\n"},
      {"/sys/fs/cgroup/cpu/x/cpu.cfs_period_us", "50000\n"}},
     3},
    {"version 2 at its place beside version 1",
     "1:cpu:/\n0::/b\n",
     {{"/sys/fs/cgroup/unified/b/cpu.max", "10000 100000\n"}},
     0.1},
    {"no limit in version 1",
     "3:cpu:/a\n",
     {{"/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "-1\n"},
      {"/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n"}},
     INFINITY},
    {"a name with a colon", "0::/a:b\n", {{"/sys/fs/cgroup/a:b/cpu.max", "30000 100000\n"}}, 0.3},
    {"nonsense", "\n:\n0:\n0::\n3:cpu\n", {{"/sys/fs/cgroup/cpu.max", "0 0\n"}}, INFINITY},
};

static void test_cores_quota_is_the_least_of_all_groups(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        memcpy(root + sizeof(root) - 7, "XXXXXX", 6);
        assert_non_null(mkdtemp(root));
        write_file("/proc/self/cgroup", cases[i].groups);
        for (size_t j = 0; j < FILES_MAX && cases[i].files[j][0]; j++)
            write_file(cases[i].files[j][0], cases[i].files[j][1]);
        double cores = cores_quota(root);
        remove_all();
        if (cores != cases[i].cores)
            fail_msg("%s: %g cores instead of %g", cases[i].what, cores, cases[i].cores);
    }
}

static void test_cores_quota_of_a_system_without_groups_is_none(void **state)
{
    (void)state;
    assert_true(isinf(cores_quota("/nowhere")));
}

/* --- All --- */

static void test_cores_are_no_more_than_the_affinity(void **state)
{
    cpu_set_t all;
    cpu_set_t one;
    (void)state;
    double before = cores_allowed();
    assert_true(before > 0);
    assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
    assert_true(before <= CPU_COUNT(&all));
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
    double pinned = cores_allowed();
    assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
    assert_true(pinned == (before < 1 ? before : 1));
}

TEST_GROUP(cores)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cores_quota_is_the_least_of_all_groups),
        cmocka_unit_test(test_cores_quota_of_a_system_without_groups_is_none),
        cmocka_unit_test(test_cores_are_no_more_than_the_affinity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
