/* Failures counted by kind and detail, with one example of each.
 *
 * Bounded: past FAILURES_MAX classes, further details of a kind are counted under "other". */
#ifndef WSLOAD_STATS_FAILURES_H
#define WSLOAD_STATS_FAILURES_H

#include <stddef.h>
#include <stdint.h>

#include "wsload/protocol/failure.h"

#define FAILURES_MAX               64
#define FAILURE_DETAIL_SIZE        64
#define FAILURE_EXAMPLE_CHARACTERS 250  /* an example is cut here */
#define FAILURE_EXAMPLE_SIZE       1024 /* 250 characters of at most 4 bytes, and a NUL */

struct failure_class {
    enum failure_kind kind;
    char detail[FAILURE_DETAIL_SIZE];   /* valid UTF-8 */
    uint64_t count;                     /* how often it happened, to a request or to a connection */
    uint64_t requests;                  /* how many requests it failed */
    char example[FAILURE_EXAMPLE_SIZE]; /* valid UTF-8, of the first one that had any */
};

/* Zeroed, it is empty. */
struct failures {
    struct failure_class classes[FAILURES_MAX + FAILURE_KIND_COUNT];
    size_t count;
};

/* Counts FAILURE, which failed REQUESTS requests: 0 (a connection that had none) or 1. */
void failures_add(struct failures *failures, const struct failure *failure, unsigned requests);

/* Adds what OTHER counted. The order of merging matters to examples only, and to which details are
 * "other" when there are more than FAILURES_MAX. */
void failures_merge(struct failures *failures, const struct failures *other);

/* Sorts by count, the largest first; equal counts by kind and detail. */
void failures_sort(struct failures *failures);

/* Requests failed, over all classes. */
uint64_t failures_requests(const struct failures *failures);

#endif
