/* When connections of one worker may open: so many handshakes at a time, at the connect rate, those
 * that wait in turn.
 *
 * How many at a time follows from how long they take. To a server near by they wait for this side
 * alone, which gets slower the more there are: the library sorts them, and they are lost from the
 * caches. On the way to one that is far many have their place. So it begins with few; one that
 * takes longer than a fast worker needs for all that may be under way adds one, any other takes one
 * away.
 *
 * It opens nothing and knows neither connections nor a clock: what wants to open is a node of a
 * list, and time is an argument. It also counts the first attempts, which a run waits for. */
#ifndef WSLOAD_ENGINE_OPENER_H
#define WSLOAD_ENGINE_OPENER_H

#include <stdbool.h>
#include <stdint.h>

#include "list.h"
#include "wsload/load/load.h"

/* Handshakes under way at a time, of all workers: enough for any link, not too many to accept. */
#define OPENER_HANDSHAKES_MAX 256

/* As many as each worker begins with, and may always have, if its share is that large. */
#define OPENER_HANDSHAKES_LEAST 24

struct opener {
    struct list pending; /* what waits until it may open */
    uint32_t under_way;  /* handshakes */
    uint32_t limit;      /* of them at a time, for now */
    uint32_t least;      /* and what it stays between */
    uint32_t most;
    uint32_t first_left; /* first attempts that have not ended */
    bool first_over;     /* opener_first_over() was true */
    double every_ns;     /* between attempts of this worker; 0: no connect rate */
    double next_ns;      /* with a connect rate: the next attempt may begin then */
};

/* For worker WORKER of a run of LOAD, which waits for the FIRST attempts of that worker. Attempts
 * may begin from NOW_NS on: at the connect rate, the workers taking turns. */
void opener_init(struct opener *opener, const struct load *load, unsigned worker, uint32_t first,
                 uint64_t now_ns);

/* NODE wants to open. */
void opener_add(struct opener *opener, struct list_node *node, uint64_t now_ns);

/* The next one that may open at NOW_NS, which waits no more; NULL when none may. */
struct list_node *opener_take(struct opener *opener, uint64_t now_ns);

/* An attempt begins. */
void opener_began(struct opener *opener, uint64_t now_ns);

/* An attempt has ended, well or badly, or was given up, after TOOK_NS. */
void opener_ended(struct opener *opener, uint64_t took_ns);

/* A connection's first attempt has ended. */
static inline void opener_first_ended(struct opener *opener)
{
    if (opener->first_left > 0)
        opener->first_left--;
}

/* Whether all first attempts have ended; true once. */
static inline bool opener_first_over(struct opener *opener)
{
    if (opener->first_left > 0 || opener->first_over)
        return false;
    opener->first_over = true;
    return true;
}

/* Whether it has nothing to say or to do: nothing waits, and all first attempts are over. */
static inline bool opener_is_quiet(const struct opener *opener)
{
    return opener->first_over && !opener->pending.first;
}

/* When there is something for opener_take() without another event; CLOCK_NEVER: not before one. */
uint64_t opener_wake_ns(const struct opener *opener);

#endif
