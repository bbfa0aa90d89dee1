/* Counts what a room program asks of the allocator: linked in place of the library's functions, see
 * wsload_unit_tests() in tests/CMakeLists.txt. */
#ifndef WSLOAD_TESTS_ALLOCATIONS_H
#define WSLOAD_TESTS_ALLOCATIONS_H

#include <stdatomic.h>

extern atomic_ulong allocations; /* calls of malloc, calloc and realloc */
extern atomic_ulong frees;

#endif
