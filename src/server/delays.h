/* Deadlines on a libev loop, kept to well under a millisecond.
 *
 * libev's own timers are only as fine as the milliseconds of epoll_wait(); this is one timerfd for
 * any number of deadlines. */
#ifndef WSLOAD_SERVER_DELAYS_H
#define WSLOAD_SERVER_DELAYS_H

#include <ev.h>
#include <stdint.h>

#include "wsload/base/deadlines.h"
#include "wsload/base/error.h"

/* One deadline, inside of whatever waits for it. Zeroed but for EXPIRED, it waits for nothing. */
struct delay {
    struct deadline deadline;             /* first member: a deadline that comes up is its delay */
    void (*expired)(struct delay *delay); /* called from the loop; it waits no longer then */
    void *owner;                          /* borrowed; for EXPIRED alone */
};

struct delays {
    struct deadlines deadlines;
    struct ev_loop *loop; /* borrowed */
    int timer_fd;
    struct ev_io watcher;
    uint64_t armed_ns; /* when the timer rings; CLOCK_NEVER: it does not */
};

/* Starts with no delay. LOOP must outlive it. 0 or -1. */
int delays_init(struct delays *delays, struct ev_loop *loop, struct error *error);

/* Stops and releases. Delays still waiting are forgotten. A zeroed struct is fine. */
void delays_free(struct delays *delays);

/* Has DELAY expire at DUE_NS of the monotonic clock, whether or not it waits already; moving it
 * later is cheap. 0, or -1 when memory is out. */
int delays_add(struct delays *delays, struct delay *delay, uint64_t due_ns);

/* Takes DELAY out; harmless when it is not in. */
void delays_remove(struct delays *delays, struct delay *delay);

#endif
