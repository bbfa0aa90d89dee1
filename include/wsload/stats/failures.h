/* Failures counted by kind and detail, with one example of each, and what is kept of a text.
 *
 * Bounded: past FAILURES_MAX classes, further details of a kind are counted under "other". */
#ifndef WSLOAD_STATS_FAILURES_H
#define WSLOAD_STATS_FAILURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/base/text.h"
#include "wsload/protocol/failure.h"

#define FAILURES_MAX               64
#define FAILURE_DETAIL_OTHER       "other" /* of the class of further details */
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

/* Copies at most MAX_CHARACTERS characters of TEXT, which came from outside, to OUT, fit for every
 * report: whole characters only, and as many as fit into SIZE bytes with their NUL. Each byte that
 * is no part of valid UTF-8, and NUL, becomes U+FFFD. */
void excerpt_copy(struct text text, size_t max_characters, char *out, size_t size);

/* Zeroed, it is empty. */
struct failures {
    struct failure_class classes[FAILURES_MAX + FAILURE_KIND_COUNT];
    size_t count;
};

/* Counts FAILURE, which failed REQUESTS requests: 0 (a connection that had none) or 1. */
void failures_add(struct failures *failures, const struct failure *failure, unsigned requests);

/* Whether failures_add() may keep a text of FAILURE: its detail is a new one, or its example the
 * first of its class. */
bool failures_want(struct failures *failures, const struct failure *failure);

/* Adds what OTHER counted. Any order of adding gives the same, but for the order of classes; of
 * examples the first in alphabetical order is kept. */
void failures_merge(struct failures *failures, const struct failures *other);

/* Sorts by count, the largest first; equal counts by kind and detail. */
void failures_sort(struct failures *failures);

/* Requests failed, over all classes. */
uint64_t failures_requests(const struct failures *failures);

#endif
