/* What the thread of a worker uses of a core while it measures.
 *
 * One look at the beginning, one at the end, and each is at the time and at what was used: so the
 * shares are of one span. The end is that of sending, but a span under CORE_WATCH_LEAST_NS goes on,
 * if the run does, as of less, starting and stopping are much. Pure; both clocks are arguments. */
#ifndef WSLOAD_ENGINE_CORE_WATCH_H
#define WSLOAD_ENGINE_CORE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "wsload/base/clock.h"
#include "wsload/stats/measurement.h"

#define CORE_WATCH_LEAST_NS (100 * NS_PER_MS)

struct core_watch {
    bool watching;
    uint64_t start_ns;
    struct thread_time start;
    struct worker_use use; /* once it is over */
};

/* The time was read before what was USED until then. */
void core_watch_begin(struct core_watch *watch, uint64_t now_ns, struct thread_time used);

/* Whether it is to end, sending being over. */
bool core_watch_is_due(const struct core_watch *watch, uint64_t now_ns);

/* The time was read after what was USED until then: so a thread that never rests is at 1 at most.
 */
void core_watch_end(struct core_watch *watch, uint64_t now_ns, struct thread_time used);

#endif
