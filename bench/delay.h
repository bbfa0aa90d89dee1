/* Answers that are held back, in the order in which they are due. Each waits equally long, and a
 * stream so long again before each of its messages, so that a new place is at the end or, when the
 * program was late, near it: a ring does. It knows no sockets. */
#ifndef WSLOAD_BENCH_DELAY_H
#define WSLOAD_BENCH_DELAY_H

#include <stddef.h>
#include <stdint.h>

#include "frame.h"
#include "wsload/stats/histogram.h"

struct connection;

struct answer {
    struct connection *connection;
    uint64_t due_ns;
    uint64_t more; /* messages behind the one that is due */
    size_t length;
    unsigned char bytes[ECHO_MAX];
};

/* Empty when all zero, but for lateness, which wants histogram_init(). */
struct delay {
    struct answer *ring; /* owns it */
    size_t size;         /* a power of two, or 0 */
    size_t first;
    size_t length;
    struct histogram lateness; /* due to sent */
};

/* A place for an answer that is due at DUE_NS; the caller fills in the rest. It holds until the
 * next call. Ends the program when memory does. */
struct answer *delay_put(struct delay *delay, uint64_t due_ns);

/* The answer that is due first, NULL when there is none. */
const struct answer *delay_first(const struct delay *delay);

/* The first answer was sent at SENT_NS: drops it. */
void delay_sent(struct delay *delay, uint64_t sent_ns);

/* A message of the first answer was sent at SENT_NS: the next is due GAP_NS after it was. */
void delay_sent_part(struct delay *delay, uint64_t sent_ns, uint64_t gap_ns);

#endif
