/* What C leaves out and every room needs: the length of an array, the smaller and the larger of two
 * numbers. */
#ifndef WSLOAD_BASE_HELPERS_H
#define WSLOAD_BASE_HELPERS_H

#include <stdint.h>

/* How many items ARRAY has. It must be an array; a pointer gives nonsense. */
#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static inline uint64_t u64_min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t u64_max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

#endif
