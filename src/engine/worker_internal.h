/* What the files of the worker share. Private to them. */
#ifndef WSLOAD_ENGINE_WORKER_INTERNAL_H
#define WSLOAD_ENGINE_WORKER_INTERNAL_H

#include <pthread.h>

#include "wsload/base/clock.h"
#include "wsload/base/deadlines.h"
#include "wsload/engine/connection.h"
#include "wsload/engine/worker.h"
#include "wsload/load/schedule.h"

/* A connection and what only the worker keeps about it. What every message touches comes first, in
 * one cache line. */
struct seat {
    _Alignas(
        CACHE_LINE) struct deadline deadline; /* first, so that a deadline leads back to its seat */
    struct connection connection;
    bool settled;         /* its first attempt to open has ended, well or badly */
    uint32_t next_queued; /* waits for a handshake to end before it may open, as this one */
};

#define NO_SEAT UINT32_MAX

struct worker {
    const struct plan *plan;
    const atomic_int *stop;
    struct transport *transport;
    struct connection_settings settings;
    char no_reply_text[64];
    char not_open_text[64];

    struct seat *seats; /* one per connection of the plan */
    uint32_t seat_count;
    struct deadlines deadlines;
    struct schedule schedule;
    struct recorder *recorder;
    char *scratch; /* room for the longest message, with headroom in front */

    enum run_phase phase;
    uint64_t phase_ns; /* when the phase began; RUNNING and DRAINING are one here */
    uint64_t open_time_ns;
    uint64_t run_start_ns;
    uint64_t drain_until_ns; /* DRAINING: give up the replies still in flight then */
    uint64_t close_until_ns; /* CLOSING: leave without the peers' close frames then */
    uint64_t publish_ns;     /* next time to publish a snapshot */
    uint64_t wake_ns;        /* what the transport was last asked for */

    uint32_t first_opens; /* seats that began their first attempt */
    uint32_t settled;
    uint32_t opening;  /* handshakes under way */
    bool opening_more; /* worker_open_more() is at work */
    uint32_t open;
    uint64_t outstanding; /* requests taken from the schedule and not ended */
    uint32_t queue_head;  /* seats that wait to open */
    uint32_t queue_tail;

    pthread_mutex_t board_lock; /* guards board only; the worker never waits for it */
    struct snapshot board;
};

/* --- worker.c --- */

uint64_t worker_now_ns(const struct worker *worker);

/* Makes the transport wake the worker at TIME_NS, if nothing wakes it before. */
void worker_wake_by(struct worker *worker, uint64_t time_ns);

/* The transport woke the worker: does what time has come for. */
void worker_woken(struct worker *worker);

/* --- worker_seats.c: one seat, one step --- */

/* Does what the state machine says. */
void seat_act(struct worker *worker, struct seat *seat, const struct connection_step *step,
              uint64_t now_ns);

/* The seat is free: gives it the next request, if it is time for requests and there is one. */
void seat_next(struct worker *worker, struct seat *seat, uint64_t now_ns);

/* The seat's deadline has come. */
void seat_deadline(struct worker *worker, struct seat *seat, uint64_t now_ns);

/* Starts as many handshakes as may be under way at once. */
void worker_open_more(struct worker *worker);

/* --- worker_phases.c: how a run goes from phase to phase --- */

void worker_enter_phase(struct worker *worker, enum run_phase phase);

/* The run's clock starts: requests are due from now on. */
void worker_start_running(struct worker *worker);

/* Every first attempt to open has ended. */
void worker_all_settled(struct worker *worker);

/* Moves on when there are no more requests: to DRAINING, or to CLOSING when none is in flight. */
void worker_maybe_finish(struct worker *worker);

/* No request is sent from now on; those in flight are awaited. */
void worker_send_no_more(struct worker *worker, uint64_t now_ns);

/* The last phase: what is open is closed with 1000. */
void worker_start_closing(struct worker *worker);

/* CLOSING: stops the transport when nothing is open any more. */
void worker_stop_if_closed(struct worker *worker);

/* Does what the shared stop flag asks for. */
void worker_obey_stop(struct worker *worker, uint64_t now_ns);

#endif
