/* A worker: its share of the connections and requests, its recorder and its transport, on one
 * thread.
 *
 * It opens its connections, then the clock starts for all workers and requests come due; see
 * run_clock.h for the phases. With a connection per request, or with stages that begin at no
 * connection, the clock starts at once. */
#ifndef WSLOAD_ENGINE_WORKER_H
#define WSLOAD_ENGINE_WORKER_H

#include <stdint.h>

#include "transport.h"
#include "wsload/base/error.h"
#include "wsload/engine/run_control.h"
#include "wsload/judge/snapshot.h"
#include "wsload/load/plan.h"
#include "wsload/protocol/transcript.h"
#include "wsload/stats/journal.h"
#include "wsload/stats/measurement.h"

/* In an open run the worker rests so long between sending what was due and waking for what comes
 * due next: the price of punctuality is a wake per request, and at high rates those cost more than
 * the requests. */
#define WORKER_WAKE_EVERY_NS UINT64_C(100000)

/* How often the worker looks at its own lateness. */
#define WORKER_HEARTBEAT_NS UINT64_C(10000000)

struct worker;

struct worker_config {
    const struct plan *plan;
    const struct thresholds *thresholds; /* evidence is gathered for those with abort */
    struct run_control *control;
    struct journal *journal; /* NULL: requests are not recorded */
    unsigned index;          /* 0 .. plan->load.workers-1 */

    /* Takes all that is said, without secrets; NULL: none. Then the worker only listens: every
     * message that no rule ignores, and that does not recur, is a part of the reply under way,
     * whatever it says. */
    struct transcript *transcript;
};

/* Makes a worker. What CONFIG names is borrowed and outlives it. NULL when memory is out. */
struct worker *worker_new(const struct worker_config *config, struct error *error);

/* The reports that the worker's transport must make; their first argument is the worker. */
extern const struct transport_events worker_events;

/* Runs its share of the plan to the end over TRANSPORT, which it borrows. */
void worker_run(struct worker *worker, struct transport *transport);

/* From any thread, also while it runs: a copy of its latest figures. */
struct snapshot worker_peek(struct worker *worker);

/* What it measured, its own share of the CPU included; after worker_run(). The worker's. */
const struct measurement *worker_measurement(const struct worker *worker);

void worker_free(struct worker *worker);

#endif
