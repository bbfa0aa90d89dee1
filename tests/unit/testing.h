/* cmocka with the headers it needs, in the order it needs them. Each file test_NAME.c of a room is
 * one group of the room's program (main.c). */
#ifndef WSLOAD_TESTS_TESTING_H
#define WSLOAD_TESTS_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wsload/base/helpers.h"

/* Begins the function that runs the group NAME and returns how many of its tests failed. */
#define TEST_GROUP(name)                                                                           \
    int name##_tests(void);                                                                        \
    int name##_tests(void)

#endif
