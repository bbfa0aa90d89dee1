#include "worker_internal.h"

bool worker_is_sending(const struct worker *worker)
{
    return worker->phase == PHASE_WARMUP || worker->phase == PHASE_RUNNING;
}

bool worker_needs_connections(const struct worker *worker)
{
    return worker_is_sending(worker) || worker->backlog.count > 0;
}

/* What is to be known of the time of sending, now that it is over. */
static void note_end_of_sending(struct worker *worker, uint64_t now)
{
    worker->recorder->connections.open_at_end = worker->open;
    if (worker->phase == PHASE_RUNNING && now > worker->measure_ns)
        worker->cpu = (double)(clock_thread_cpu_ns() - worker->cpu_start_ns) /
                      (double)(now - worker->measure_ns);
}

void worker_enter_phase(struct worker *worker, enum run_phase phase, uint64_t now)
{
    if (phase >= PHASE_DRAINING && worker_is_sending(worker))
        note_end_of_sending(worker, now);
    if (worker->phase == PHASE_OPENING && phase != PHASE_OPENING)
        worker->open_time_ns = now - worker->phase_ns;
    if (phase == PHASE_RUNNING)
        worker->cpu_start_ns = clock_thread_cpu_ns();
    worker->phase = phase;
    if (phase != PHASE_DRAINING)
        worker->phase_ns = now;
}

/* --- Opening to running --- */

static void start_running(struct worker *worker, uint64_t start_ns)
{
    const struct plan *plan = worker->plan;
    worker->run_start_ns = start_ns;
    worker->measure_ns = start_ns + plan->warmup_ns;
    if (plan->duration_ns)
        worker->end_ns = worker->measure_ns + plan->duration_ns;
    worker->end_ns = earlier(worker->end_ns, pacing_end_ns(worker));
    struct recorder_setup setup = {
        .open_model = plan->model == LOAD_OPEN,
        .stream = worker->stream,
        .one_way = plan->reply_rules.one_way,
        .levels = thresholds_service_levels(worker->thresholds),
        .start_ns = worker->measure_ns,
        .end_ns = worker->end_ns,
    };
    recorder_start(worker->recorder, &setup);
    schedule_start(&worker->schedule, worker->end_ns);
    worker_enter_phase(worker, plan->warmup_ns ? PHASE_WARMUP : PHASE_RUNNING, start_ns);
    pacing_start(worker);
    for (uint32_t id = 0; id < worker->active && worker_is_sending(worker); id++) {
        struct seat *seat = worker_seat(worker, id);
        if (seat->connection.state == CONNECTION_OPEN ||
            seat->connection.state == CONNECTION_RESTING)
            seat_next(worker, seat, start_ns);
    }
}

void worker_start_if_time(struct worker *worker, uint64_t now)
{
    uint64_t start_ns = crew_start_ns(worker->crew);
    if (worker->phase != PHASE_OPENING || start_ns == 0)
        return;
    if (start_ns == CLOCK_NEVER)
        worker_start_closing(worker);
    else if (now >= start_ns)
        start_running(worker, start_ns);
}

void worker_end_if_hopeless(struct worker *worker)
{
    if (worker_is_sending(worker) && crew_is_hopeless(worker->crew))
        worker_start_closing(worker);
}

void worker_settle(struct worker *worker)
{
    uint64_t now = worker_now_ns(worker);
    crew_settle(worker->crew, worker->recorder->connections.opened > 0, now);
    worker_start_if_time(worker, now);
    worker_end_if_hopeless(worker);
}

/* --- The end --- */

static void set_end(struct worker *worker, uint64_t end_ns)
{
    worker->end_ns = worker->recorder->setup.end_ns = end_ns;
}

void worker_stop_if_closed(struct worker *worker)
{
    if (worker->phase == PHASE_CLOSING && worker->open == 0)
        worker->transport->ops->stop(worker->transport);
}

/* Requests that are still with the connection when it is finished: those that were sent are given
 * up, one that waits for its connection to open was never started. */
static void abandon(struct worker *worker, struct seat *seat)
{
    while (seat->connection.flights.count > 0)
        seat_abandon_oldest(worker, seat);
}

void worker_start_closing(struct worker *worker)
{
    uint64_t now = worker_now_ns(worker);
    if (worker->phase == PHASE_CLOSING)
        return;
    worker_enter_phase(worker, PHASE_CLOSING, now);
    recorder_finish(worker->recorder, now, worker->outstanding, worker->open);
    worker->close_until_ns = now + CONNECTION_CLOSE_WAIT_NS;
    pacing_skip_backlog(worker);
    for (uint32_t id = 0; id < worker->seat_count; id++) {
        struct seat *seat = worker_seat(worker, id);
        abandon(worker, seat);
        seat_finish(worker, seat, now);
    }
    worker_stop_if_closed(worker);
}

/* Gives up what is on its way to a first request. */
static void cancel_openings(struct worker *worker, uint64_t now)
{
    for (uint32_t id = 0; id < worker->seat_count; id++) {
        struct seat *seat = worker_seat(worker, id);
        enum connection_state state = seat->connection.state;
        if (state != CONNECTION_OPENING && state != CONNECTION_SETTING_UP)
            continue;
        worker->opening -= state == CONNECTION_OPENING;
        abandon(worker, seat);
        seat_finish(worker, seat, now);
    }
}

void worker_send_no_more(struct worker *worker, uint64_t now)
{
    if (!worker_is_sending(worker))
        return;
    while (pacing_dispatch(worker, earlier(now, worker->end_ns)) &&
           crew_stop_requested(worker->crew) == STOP_NONE)
        continue;
    pacing_stop(worker);
    schedule_stop(&worker->schedule);
    set_end(worker, earlier(now, worker->end_ns));
    if (worker->backlog.count == 0) /* else what waits needs them */
        cancel_openings(worker, now);
}

static bool no_more_requests(const struct worker *worker, uint64_t now)
{
    uint64_t requests = worker->plan->requests;
    bool by_count = requests > 0 && worker->arrivals.seq >= requests &&
                    pacing_end_ns(worker) == CLOCK_NEVER;
    if (worker->plan->model == LOAD_OPEN)
        return arrivals_due_ns(&worker->arrivals) == CLOCK_NEVER &&
               (by_count || now >= worker->end_ns);
    return schedule_exhausted(&worker->schedule, now);
}

void worker_maybe_finish(struct worker *worker)
{
    uint64_t now;
    if (worker->phase != PHASE_DRAINING) {
        now = worker_now_ns(worker);
        if (!worker_is_sending(worker) || !no_more_requests(worker, now))
            return;
        if (now < worker->end_ns) /* so they ended by their number */
            set_end(worker, worker->plan->model == LOAD_OPEN ? now : CLOCK_NEVER);
        worker->backlog_until_ns = now + worker->plan->reply_timeout_ns;
        worker_enter_phase(worker, PHASE_DRAINING, now);
    }
    if (worker->outstanding == 0 && worker->backlog.count == 0)
        worker_start_closing(worker);
}

void worker_obey_stop(struct worker *worker, uint64_t now)
{
    switch (crew_stop_requested(worker->crew)) {
    case STOP_NONE:
        break;
    case STOP_POLITELY:
        if (worker->give_up_ns != CLOCK_NEVER)
            break;
        worker->give_up_ns = now + WORKER_INTERRUPT_WAIT_NS;
        worker_send_no_more(worker, now);
        pacing_skip_backlog(worker); /* only what is in flight is waited for */
        cancel_openings(worker, now);
        if (worker->phase == PHASE_OPENING)
            worker_start_closing(worker);
        break;
    case STOP_NOW:
        worker_send_no_more(worker, now);
        worker_start_closing(worker);
        worker->transport->ops->stop(worker->transport);
        break;
    }
}

void worker_follow_clock(struct worker *worker, uint64_t now)
{
    if (worker->phase == PHASE_WARMUP && now >= worker->measure_ns)
        worker_enter_phase(worker, PHASE_RUNNING, worker->measure_ns);
    if (now >= worker->end_ns)
        worker_send_no_more(worker, now);
    if (worker->phase == PHASE_DRAINING && now >= worker->backlog_until_ns)
        pacing_skip_backlog(worker);
    if (now >= worker->give_up_ns)
        worker_start_closing(worker);
    if (now >= worker->close_until_ns)
        worker->transport->ops->stop(worker->transport);
}

uint64_t phase_wake_ns(const struct worker *worker)
{
    uint64_t start_ns;
    switch (worker->phase) {
    case PHASE_OPENING:
        start_ns = crew_start_ns(worker->crew);
        return earlier(start_ns ? start_ns : CLOCK_NEVER, worker->give_up_ns);
    case PHASE_WARMUP:
        return earlier(worker->measure_ns, worker->end_ns);
    case PHASE_RUNNING:
        return earlier(worker->end_ns, worker->give_up_ns);
    case PHASE_DRAINING:
        return earlier(worker->give_up_ns,
                       worker->backlog.count ? worker->backlog_until_ns : CLOCK_NEVER);
    case PHASE_CLOSING:
        break;
    }
    return worker->close_until_ns;
}
