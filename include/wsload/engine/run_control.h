/* What the workers of a run share besides the const plan: when to start together and when to stop.
 *
 * A few atomics that are written a handful of times in a run, and a way to wake everybody. Nothing
 * here is on the path of a message. */
#ifndef WSLOAD_ENGINE_RUN_CONTROL_H
#define WSLOAD_ENGINE_RUN_CONTROL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* How the run is asked to end from outside. */
enum stop_request { STOP_NONE, STOP_POLITELY, STOP_NOW };

/* Several workers start so long after the last of them was ready: all are awake by then. */
#define RUN_CONTROL_START_DELAY_NS UINT64_C(2000000)

struct run_control {
    unsigned workers;
    atomic_int stop;              /* enum stop_request */
    atomic_uint unsettled;        /* workers whose first attempts to open are still under way */
    atomic_bool any_open;         /* one of those attempts went well */
    _Atomic uint64_t start_ns;    /* 0: not known yet; CLOCK_NEVER: the run does not begin */
    void (*wake_all)(void *user); /* makes every worker look at this; from any thread */
    void *user;
};

void run_control_init(struct run_control *control, unsigned workers, void (*wake_all)(void *user),
                      void *user);

/* Starts the run's clock without waiting for connections. The first worker to say so sets it. */
void run_control_start(struct run_control *control, uint64_t now_ns);

/* A worker's first attempts have all ended; OPEN when one of them went well. The last worker to say
 * so sets the start, if nobody has, and wakes all. */
void run_control_first_tries_done(struct run_control *control, bool open, uint64_t now_ns);

/* Whether the first attempts of all workers have ended, and none of them went well. */
static inline bool run_control_none_opened(const struct run_control *control)
{
    return atomic_load(&control->unsettled) == 0 && !atomic_load(&control->any_open);
}

/* When the run's clock starts: 0 while that is not known, CLOCK_NEVER when no connection opened. */
static inline uint64_t run_control_start_ns(const struct run_control *control)
{
    return atomic_load_explicit(&control->start_ns, memory_order_relaxed);
}

/* Asks all workers to end. From any thread. */
void run_control_stop(struct run_control *control, enum stop_request how);

/* What was asked. */
static inline enum stop_request run_control_stop_requested(const struct run_control *control)
{
    return (enum stop_request)atomic_load_explicit(&control->stop, memory_order_relaxed);
}

#endif
