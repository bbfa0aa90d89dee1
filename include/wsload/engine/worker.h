/* A worker: its connections, its schedule, its recorder and its transport, on one thread.
 *
 * Phases: OPENING until every connection is open or has given up its first attempt, then the run's
 * clock starts; RUNNING while requests are due; DRAINING while replies are awaited; CLOSING until
 * the close frames are answered. With a connection per request RUNNING begins at once. */
#ifndef WSLOAD_ENGINE_WORKER_H
#define WSLOAD_ENGINE_WORKER_H

#include <stdatomic.h>
#include <stdint.h>

#include "wsload/base/error.h"
#include "wsload/engine/transport.h"
#include "wsload/load/plan.h"
#include "wsload/stats/recorder.h"
#include "wsload/stats/snapshot.h"

/* Handshakes under way at a time: enough to fill any link, few enough for any accept queue. */
#define WORKER_HANDSHAKES_MAX 256

/* How long an interrupted run waits for the replies in flight. */
#define WORKER_INTERRUPT_WAIT_NS UINT64_C(2000000000)

/* How the run is asked to end from outside: the one thing that workers share besides the plan. */
enum stop_request { STOP_NONE, STOP_POLITELY, STOP_NOW };

struct worker;

/* Makes a worker for all of PLAN; STOP is watched whenever the transport wakes. Both are borrowed
 * and outlive the worker. NULL when memory is out. */
struct worker *worker_new(const struct plan *plan, const atomic_int *stop, struct error *error);

/* The reports that the worker's transport must make; their first argument is the worker. */
extern const struct transport_events worker_events;

/* Runs the plan's work to its end over TRANSPORT, which it borrows. */
void worker_run(struct worker *worker, struct transport *transport);

/* From any thread, also while it runs: a copy of its latest figures. */
struct snapshot worker_peek(struct worker *worker);

/* After worker_run(): what it wrote down. */
const struct recorder *worker_recorder(const struct worker *worker);

/* After worker_run(): the run's time to the last reply, and how long opening took. */
uint64_t worker_total_time_ns(const struct worker *worker);
uint64_t worker_open_time_ns(const struct worker *worker);

void worker_free(struct worker *worker);

#endif
