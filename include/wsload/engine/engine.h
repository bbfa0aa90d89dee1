/* The engine: workers on threads, from a plan to results.
 *
 * It prints nothing and handles no signals: whoever starts it waits for engine_done_fd() and may
 * ask for an end with engine_stop(). */
#ifndef WSLOAD_ENGINE_ENGINE_H
#define WSLOAD_ENGINE_ENGINE_H

#include "wsload/base/error.h"
#include "wsload/engine/resolver.h"
#include "wsload/engine/run_control.h"
#include "wsload/judge/snapshot.h"
#include "wsload/load/plan.h"
#include "wsload/protocol/transcript.h"
#include "wsload/stats/journal.h"
#include "wsload/stats/measurement.h"

struct engine;
struct opening_seen;

/* All is borrowed and outlives the engine. */
struct engine_config {
    const struct plan *plan;
    const struct thresholds *thresholds;
    struct journal *const *journals; /* one for each worker; NULL: requests are not recorded */
    struct opening_seen *seen;       /* out: for a plan of one connection; NULL: nobody asks */
    struct transcript *transcript;   /* of a plan of one connection: takes all that is said, see
                                        struct worker_config; NULL: none */
};

/* Resolves the target's name, which may take seconds, and makes the workers. NULL and an error. */
struct engine *engine_new(const struct engine_config *config, struct error *error);

/* Starts the threads. Signals should be blocked by now, since threads inherit the mask. 0 or -1; -1
 * only when no thread at all is running. */
int engine_start(struct engine *engine, struct error *error);

/* A descriptor that becomes readable when every worker has finished. Owned by the engine. */
int engine_done_fd(const struct engine *engine);

/* Asks the workers to end; see enum stop_request. */
void engine_stop(struct engine *engine, enum stop_request how);

/* The figures of the moment, of all workers. */
struct snapshot engine_peek(struct engine *engine);

/* Waits for the workers. Returns what they measured together, the caller's to free: all but how the
 * run ended (started_unix_ms, signal, aborted_by, the record). NULL when memory is out. */
struct measurement *engine_finish(struct engine *engine);

/* Releases everything; after engine_finish(), or without a start. */
void engine_free(struct engine *engine);

#endif
