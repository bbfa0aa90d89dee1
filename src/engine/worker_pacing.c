#include "worker_internal.h"

/* Requests taken at a time: at a rate that cannot be kept up with, the worker still has to look at
 * its connections, and whether it shall stop. */
#define DISPATCH_MAX 10000

/* --- Free seats, in turn --- */

/* One that was listed may have closed or filled up since. */
static struct seat *take_free(struct worker *worker)
{
    while (worker->free.head != NO_SEAT) {
        struct seat *seat = worker_seat(worker, worker->free.head);
        worker->free.head = seat->next_free;
        seat->listed_free = false;
        if (seat_is_free(worker, seat))
            return seat;
    }
    return NULL;
}

static void list_free(struct worker *worker, struct seat *seat)
{
    if (seat->listed_free || !seat_is_free(worker, seat))
        return;
    seat->listed_free = true;
    seat->next_free = NO_SEAT;
    if (worker->free.head == NO_SEAT)
        worker->free.head = seat->id;
    else
        worker_seat(worker, worker->free.tail)->next_free = seat->id;
    worker->free.tail = seat->id;
}

/* --- Requests that wait --- */

static void enqueue(struct worker *worker, struct request request)
{
    struct backlog *backlog = &worker->backlog;
    if (backlog->count == backlog->size) {
        recorder_account(worker->recorder, request.due_ns)->skipped++;
        return;
    }
    backlog->items[(backlog->first + backlog->count++) % backlog->size] = request;
}

static struct request dequeue(struct backlog *backlog)
{
    struct request request = backlog->items[backlog->first];
    backlog->first = (backlog->first + 1) % backlog->size;
    backlog->count--;
    return request;
}

void pacing_skip_backlog(struct worker *worker)
{
    while (worker->backlog.count > 0) {
        struct request request = dequeue(&worker->backlog);
        recorder_account(worker->recorder, request.due_ns)->skipped++;
    }
}

/* --- Arrivals --- */

void pacing_init(struct worker *worker)
{
    worker->free = (struct seat_list){NO_SEAT, NO_SEAT};
    worker->arrivals.due_ns = CLOCK_NEVER;
}

void pacing_start(struct worker *worker)
{
    const struct plan *plan = worker->plan;
    if (plan->model == LOAD_CLOSED && plan->stages.count > 0)
        worker->change_ns = worker->run_start_ns;
    if (plan->model != LOAD_OPEN)
        return;
    struct arrivals_plan share = {
        .rate = &plan->stages,
        .law = plan->arrival,
        .seed = plan->seed,
        .duration_ns = plan->duration_ns ? plan->warmup_ns + plan->duration_ns : CLOCK_NEVER,
        .requests = plan->requests,
        .worker = worker->index,
        .workers = plan->workers,
    };
    arrivals_init(&worker->arrivals, &share);
}

uint64_t pacing_end_ns(const struct worker *worker)
{
    const struct plan *plan = worker->plan;
    if (plan->model != LOAD_OPEN || plan->requests == 0 || plan->arrival != ARRIVAL_CONSTANT)
        return CLOCK_NEVER;
    uint64_t end_ns = stages_time_of_total(&plan->stages, (double)plan->requests);
    return end_ns == CLOCK_NEVER ? CLOCK_NEVER : worker->run_start_ns + end_ns;
}

void pacing_stop(struct worker *worker)
{
    worker->arrivals.due_ns = CLOCK_NEVER;
}

static uint64_t next_due_ns(const struct worker *worker)
{
    uint64_t due_ns = worker->arrivals.due_ns;
    return due_ns == CLOCK_NEVER ? CLOCK_NEVER : worker->run_start_ns + due_ns;
}

/* The oldest goes first: as long as any waits, no seat is free. */
static void arrive(struct worker *worker, uint64_t due_ns, uint64_t now)
{
    struct request request = {arrivals_take(&worker->arrivals), due_ns};
    struct seat *seat = take_free(worker);
    recorder_account(worker->recorder, due_ns)->planned++;
    if (!seat) {
        enqueue(worker, request);
        return;
    }
    seat_assign(worker, seat, request, false, now);
    list_free(worker, seat);
}

bool pacing_dispatch(struct worker *worker, uint64_t now)
{
    uint64_t due_ns;
    if (!worker_is_sending(worker))
        return false;
    for (unsigned i = 0; i < DISPATCH_MAX && (due_ns = next_due_ns(worker)) <= now; i++) {
        arrive(worker, due_ns, now);
        worker->dispatch_ns = now + WORKER_SLOT_NS;
    }
    return next_due_ns(worker) <= now;
}

void pacing_seat_free(struct worker *worker, struct seat *seat, uint64_t now)
{
    while (worker->backlog.count > 0 && seat_is_free(worker, seat))
        seat_assign(worker, seat, dequeue(&worker->backlog), true, now);
    list_free(worker, seat);
}

uint64_t pacing_wake_ns(const struct worker *worker)
{
    uint64_t due_ns = next_due_ns(worker);
    uint64_t wake_ns = due_ns > worker->dispatch_ns ? due_ns : worker->dispatch_ns;
    return earlier(wake_ns, worker->change_ns);
}

/* --- Stages of connections --- */

void pacing_follow_stages(struct worker *worker, uint64_t now)
{
    const struct plan *plan = worker->plan;
    if (now < worker->change_ns || !worker_is_sending(worker))
        return;
    uint64_t elapsed_ns = now - worker->run_start_ns;
    uint64_t level = (uint64_t)stages_level(&plan->stages, elapsed_ns);
    uint64_t change_ns = stages_next_change_ns(&plan->stages, elapsed_ns);
    uint32_t before = worker->active;
    worker->change_ns = change_ns == CLOCK_NEVER ? CLOCK_NEVER : worker->run_start_ns + change_ns;
    worker->active = (uint32_t)plan_share(level, worker->index, plan->workers);
    for (uint32_t id = before; id < worker->active; id++) {
        struct seat *seat = worker_seat(worker, id);
        if (seat->connection.state == CONNECTION_RESTING)
            seat_next(worker, seat, now);
    }
    for (uint32_t id = worker->active; id < before; id++) {
        struct seat *seat = worker_seat(worker, id);
        if (connection_is_idle(&seat->connection))
            seat_finish(worker, seat, now);
    }
}
