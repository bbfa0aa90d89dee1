/* A worker: its share of the connections and requests, its recorder and its transport, on one
 * thread.
 *
 * Phases: OPENING until every connection of every worker is open or has given up its first attempt,
 * then the run's clock starts for all; WARMUP and RUNNING while requests are due; DRAINING while
 * replies are awaited; CLOSING until the close frames are answered. With a connection per request,
 * or with stages that begin at no connection, RUNNING begins at once. */
#ifndef WSLOAD_ENGINE_WORKER_H
#define WSLOAD_ENGINE_WORKER_H

#include <stdint.h>

#include "wsload/base/error.h"
#include "wsload/engine/crew.h"
#include "wsload/engine/transport.h"
#include "wsload/load/plan.h"
#include "wsload/stats/journal.h"
#include "wsload/stats/recorder.h"
#include "wsload/stats/snapshot.h"

/* Handshakes under way at a time, over all workers: enough to fill any link, few enough for any
 * accept queue. */
#define WORKER_HANDSHAKES_MAX 256

/* How long an interrupted run waits for the replies in flight. */
#define WORKER_INTERRUPT_WAIT_NS UINT64_C(2000000000)

/* In an open run the worker wakes for due requests at most so often: the price of punctuality is a
 * wake per request, and at high rates those cost more than the requests. */
#define WORKER_SLOT_NS UINT64_C(100000)

/* How often the worker looks at its own lateness. */
#define WORKER_HEARTBEAT_NS UINT64_C(10000000)

struct worker;

struct worker_setup {
    const struct plan *plan;
    const struct thresholds *thresholds; /* evidence is gathered for those with abort */
    struct crew *crew;
    struct journal *journal; /* NULL: requests are not recorded */
    unsigned index;          /* 0 .. plan->workers-1 */
};

/* What a worker has to tell when it is done. Times are 0 for what never came. */
struct worker_report {
    const struct recorder *recorder; /* finished; owned by the worker */
    uint64_t open_time_ns;           /* how long opening took */
    uint64_t start_ns;               /* when the measured part began */
    uint64_t end_ns;                 /* when sending was over, by time or by request; CLOCK_NEVER:
                                        with the last request */
    double cpu;                      /* its CPU time over the time of sending, 0 to 1 */
};

/* Makes a worker. What SETUP names is borrowed and outlives it. NULL when memory is out. */
struct worker *worker_new(const struct worker_setup *setup, struct error *error);

/* The reports that the worker's transport must make; their first argument is the worker. */
extern const struct transport_events worker_events;

/* Runs its share of the plan to the end over TRANSPORT, which it borrows. */
void worker_run(struct worker *worker, struct transport *transport);

/* From any thread, also while it runs: a copy of its latest figures. */
struct snapshot worker_peek(struct worker *worker);

/* After worker_run(). */
struct worker_report worker_report(const struct worker *worker);

void worker_free(struct worker *worker);

#endif
