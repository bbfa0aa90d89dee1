/* The program of a room: runs all groups of its tests, or those that are named. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testing.h"

/* One GROUP(NAME) for each file test_NAME.c: CMake writes it. */
#define GROUP(name) int name##_tests(void);
#include "groups.inc"
#undef GROUP

struct group {
    const char *name;
    int (*run)(void);
};

static const struct group groups[] = {
#define GROUP(name) {#name, name##_tests},
#include "groups.inc"
#undef GROUP
};

static int run_group(const struct group *group)
{
    printf("== %s\n", group->name);
    fflush(stdout);
    return group->run();
}

static const struct group *group_named(const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(groups); i++) {
        if (!strcmp(groups[i].name, name))
            return &groups[i];
    }
    fprintf(stderr, "no group of tests is named %s; there are", name);
    for (size_t i = 0; i < ARRAY_LENGTH(groups); i++)
        fprintf(stderr, " %s", groups[i].name);
    fprintf(stderr, "\n");
    exit(2);
}

int main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++)
        failed += run_group(group_named(argv[i])) != 0;
    for (size_t i = 0; argc < 2 && i < ARRAY_LENGTH(groups); i++)
        failed += run_group(&groups[i]) != 0;
    if (failed)
        fprintf(stderr, "%d groups of tests failed\n", failed);
    return failed != 0;
}
