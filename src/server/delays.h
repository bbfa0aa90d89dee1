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

struct delays {
    struct deadlines deadlines;
    struct ev_loop *loop; /* borrowed */
    int timer_fd;
    struct ev_io watcher;
    uint64_t armed_ns; /* when the timer rings; CLOCK_NEVER: it does not */
    void (*expired)(struct deadline *deadline);
};

/* Starts with no deadline. LOOP must outlive it; EXPIRED is called from LOOP for each deadline that
 * comes up, which is then no longer in the set. 0 or -1. */
int delays_init(struct delays *delays, struct ev_loop *loop,
                void (*expired)(struct deadline *deadline), struct error *error);

/* Stops and releases. Deadlines still waiting are forgotten. A zeroed struct is fine. */
void delays_free(struct delays *delays);

/* Has DEADLINE expire at DUE_NS of the monotonic clock. 0, or -1 when memory is out. */
int delays_add(struct delays *delays, struct deadline *deadline, uint64_t due_ns);

/* Takes DEADLINE out; harmless when it is not in. */
void delays_remove(struct delays *delays, struct deadline *deadline);

#endif
