/* A few figures of a run under way, for the live progress. Each worker publishes a copy; those of
 * all workers are summed. */
#ifndef WSLOAD_JUDGE_SNAPSHOT_H
#define WSLOAD_JUDGE_SNAPSHOT_H

#include <stdint.h>

#include "wsload/judge/thresholds.h"

enum run_phase {
    PHASE_OPENING,
    PHASE_WARMUP,
    PHASE_RUNNING,
    PHASE_DRAINING,
    PHASE_LISTENING,
    PHASE_CLOSING
};

struct snapshot {
    enum run_phase phase; /* of several workers, the earliest */
    uint64_t elapsed_ns;  /* since the phase's clock: opening, warm-up, or the run's; the longest */
    uint64_t connections; /* asked for */
    uint64_t open;
    uint64_t open_failed; /* attempts that did not open */
    uint64_t planned;     /* requests; 0 when only time ends the run */
    uint64_t duration_ns; /* of the phase; 0 when only the requests end the run */
    uint64_t done;        /* measured requests */
    uint64_t failed;
    uint64_t in_flight;
    uint64_t quiet_ns; /* no part of a reply came for so long, of those in flight; of several
                        * workers, the shortest */
    uint64_t queued;   /* due and waiting for a connection */
    uint64_t skipped;
    uint64_t recent_p95_ns; /* of the last second; of several workers, the worst */
    struct evidence evidence[THRESHOLDS_MAX]; /* see thresholds_observe() */
};

/* Adds the figures of another worker; SNAPSHOT begins as a copy of the first one's. */
void snapshot_add(struct snapshot *snapshot, const struct snapshot *other);

#endif
