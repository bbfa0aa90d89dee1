/* A few figures of a run under way, for the live progress. Each worker publishes a copy. */
#ifndef WSLOAD_STATS_SNAPSHOT_H
#define WSLOAD_STATS_SNAPSHOT_H

#include <stdint.h>

enum run_phase { PHASE_OPENING, PHASE_RUNNING, PHASE_DRAINING, PHASE_CLOSING };

struct snapshot {
    enum run_phase phase;
    uint64_t elapsed_ns;  /* since the phase's clock: opening, or the run's */
    uint64_t connections; /* asked for */
    uint64_t open;
    uint64_t open_failed; /* attempts that did not open */
    uint64_t planned;     /* requests; 0 when only the duration ends the run */
    uint64_t duration_ns; /* 0 when only the requests end the run */
    uint64_t done;
    uint64_t failed;
    uint64_t in_flight;
    uint64_t recent_p95_ns; /* of the last tenth of a second in which a request ended */
};

#endif
