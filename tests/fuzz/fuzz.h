/* What the fuzz targets share: libFuzzer's entry point and a check that no build leaves out. */
#ifndef WSLOAD_TESTS_FUZZ_H
#define WSLOAD_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Given by the target: one input; crashes when something does not hold. Always returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);         \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* Put into inputs where a password or a token may stand; no error may repeat it. */
#define SECRET "S3CR3T"

/* BEFORE, the input and BEHIND as a string of its own, for the caller to free. A NUL in the input
 * ends it. */
static inline char *fuzz_string(const char *before, const uint8_t *data, size_t size,
                                const char *behind)
{
    size_t length = strnlen((const char *)data, size);
    size_t room = strlen(before) + length + strlen(behind) + 1;
    char *string = malloc(room);

    REQUIRE(string != NULL);
    snprintf(string, room, "%s%.*s%s", before, (int)length, (const char *)data, behind);
    return string;
}

#endif
