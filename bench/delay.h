/* Answers that are held back. Each waits equally long, so the first to come is the first to go, and
 * a ring does. It knows no sockets. */
#ifndef WSLOAD_BENCH_DELAY_H
#define WSLOAD_BENCH_DELAY_H

#include <stddef.h>
#include <stdint.h>

#include "program.h"
#include "wsload/stats/histogram.h"

#define ANSWER_MAX (2 + PAYLOAD_MAX)

struct connection;

struct answer {
    struct connection *connection;
    uint64_t due_ns;
    size_t length;
    unsigned char bytes[ANSWER_MAX];
};

/* Empty when all zero, but for lateness, which wants histogram_init(). */
struct delay {
    struct answer *ring; /* owns it */
    size_t size;         /* a power of two, or 0 */
    size_t first;
    size_t length;
    struct histogram lateness; /* due to sent */
};

/* A place at the end for an answer that the caller fills in; no older one may be due later. It
 * holds until the next call. Ends the program when memory does. */
struct answer *delay_put(struct delay *delay);

/* The answer that is due first, NULL when there is none. */
struct answer *delay_first(const struct delay *delay);

/* Drops the first answer, which was sent at SENT_NS. */
void delay_sent(struct delay *delay, uint64_t sent_ns);

#endif
