#include "worker_internal.h"

void worker_enter_phase(struct worker *worker, enum run_phase phase)
{
    uint64_t now = worker_now_ns(worker);
    if (worker->phase == PHASE_OPENING && phase != PHASE_OPENING)
        worker->open_time_ns = now - worker->phase_ns;
    worker->phase = phase;
    if (phase != PHASE_DRAINING)
        worker->phase_ns = now;
}

void worker_start_running(struct worker *worker)
{
    worker_enter_phase(worker, PHASE_RUNNING);
    worker->run_start_ns = worker->phase_ns;
    schedule_start(&worker->schedule, worker->run_start_ns, worker->plan->duration_ns);
    worker_wake_by(worker, worker->schedule.deadline_ns);
    for (uint32_t id = 0; id < worker->seat_count && worker->phase == PHASE_RUNNING; id++) {
        struct seat *seat = &worker->seats[id];
        if (seat->connection.state == CONNECTION_READY ||
            seat->connection.state == CONNECTION_RESTING)
            seat_next(worker, seat, worker->run_start_ns);
    }
}

void worker_stop_if_closed(struct worker *worker)
{
    if (worker->phase == PHASE_CLOSING && worker->open == 0)
        worker->transport->ops->stop(worker->transport);
}

void worker_start_closing(struct worker *worker)
{
    if (worker->phase == PHASE_CLOSING)
        return;
    worker_enter_phase(worker, PHASE_CLOSING);
    worker->close_until_ns = worker->phase_ns + CONNECTION_CLOSE_WAIT_NS;
    worker_wake_by(worker, worker->close_until_ns);
    for (uint32_t id = 0; id < worker->seat_count; id++) {
        struct seat *seat = &worker->seats[id];
        if (connection_abandon(&seat->connection))
            worker->recorder->unanswered++;
        struct connection_step step = connection_finish(&seat->connection, worker->phase_ns);
        seat_act(worker, seat, &step, worker->phase_ns);
    }
    worker_stop_if_closed(worker);
}

void worker_all_settled(struct worker *worker)
{
    const struct connection_counts *counts = &worker->recorder->connections;
    if (counts->opened == 0)
        worker_start_closing(worker);
    else if (worker->phase == PHASE_OPENING)
        worker_start_running(worker);
}

/* Sending is over: requests that still wait for their connection are not made. */
static void cancel_openings(struct worker *worker, uint64_t now)
{
    for (uint32_t id = 0; id < worker->seat_count; id++) {
        struct seat *seat = &worker->seats[id];
        if (seat->connection.state != CONNECTION_OPENING)
            continue;
        if (seat->connection.has_request)
            worker->outstanding--;
        (void)connection_abandon(&seat->connection);
        struct connection_step step = connection_finish(&seat->connection, now);
        seat_act(worker, seat, &step, now);
        worker->opening--;
    }
}

void worker_send_no_more(struct worker *worker, uint64_t now)
{
    schedule_stop(&worker->schedule);
    cancel_openings(worker, now);
}

void worker_maybe_finish(struct worker *worker)
{
    bool no_more = worker->phase == PHASE_DRAINING ||
                   (worker->phase == PHASE_RUNNING &&
                    schedule_exhausted(&worker->schedule, worker_now_ns(worker)));
    if (!no_more)
        return;
    if (worker->outstanding == 0)
        worker_start_closing(worker);
    else
        worker_enter_phase(worker, PHASE_DRAINING);
}

void worker_obey_stop(struct worker *worker, uint64_t now)
{
    int stop = atomic_load_explicit(worker->stop, memory_order_relaxed);
    if (stop == STOP_NOW) {
        worker_start_closing(worker);
        worker->transport->ops->stop(worker->transport);
    } else if (stop == STOP_POLITELY && worker->drain_until_ns == CLOCK_NEVER) {
        worker->drain_until_ns = now + WORKER_INTERRUPT_WAIT_NS;
        worker_send_no_more(worker, now);
        if (worker->phase == PHASE_OPENING)
            worker_start_closing(worker);
    }
}
