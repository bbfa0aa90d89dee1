/* cmocka with the headers it needs, in the order it needs them. */
#ifndef WSLOAD_TESTS_TESTING_H
#define WSLOAD_TESTS_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wsload/base/helpers.h"

#endif
