#include "worker_internal.h"

/* A late wake may be made up for by this much, and an idle time not. */
#define CATCH_UP_NS 10e6

static struct seat *take_seat(struct worker *worker, struct seat_list *list)
{
    if (list->head == NO_SEAT)
        return NULL;
    struct seat *seat = worker_seat(worker, list->head);
    list->head = seat->next_opener;
    seat->listed_opener = false;
    return seat;
}

static void list_seat(struct worker *worker, struct seat_list *list, struct seat *seat)
{
    if (seat->listed_opener)
        return;
    seat->listed_opener = true;
    seat->next_opener = NO_SEAT;
    if (list->head == NO_SEAT)
        list->head = seat->id;
    else
        worker_seat(worker, list->tail)->next_opener = seat->id;
    list->tail = seat->id;
}

void opening_init(struct worker *worker)
{
    const struct plan *plan = worker->plan;
    uint64_t share = plan_share(WORKER_HANDSHAKES_MAX, worker->index, plan->workers);
    worker->openers = (struct seat_list){NO_SEAT, NO_SEAT};
    worker->opening_max = share > 0 ? (uint32_t)share : 1;
    if (plan->connect_rate > 0)
        worker->open_every_ns = (double)NS_PER_S / plan->connect_rate * plan->workers;
}

void opening_start(struct worker *worker, uint64_t now)
{
    double turn = (double)worker->index / worker->plan->workers;
    worker->next_open_ns = (double)now + turn * worker->open_every_ns;
}

static bool may_open(const struct worker *worker, uint64_t now)
{
    return worker->opening < worker->opening_max && (double)now >= worker->next_open_ns;
}

static void open_without_request(struct worker *worker, struct seat *seat, uint64_t now)
{
    struct connection_step step = connection_open(&seat->connection, now);
    seat_act(worker, seat, &step, now);
}

/* In a closed run a connection opens for its next request. */
static void open_with_request(struct worker *worker, struct seat *seat, uint64_t now)
{
    struct request request;
    if (schedule_take(&worker->schedule, now, &request)) {
        recorder_account(worker->recorder, request.due_ns)->planned++;
        seat_assign(worker, seat, request, false, now);
    } else {
        worker_maybe_finish(worker);
    }
}

static void open_seat(struct worker *worker, struct seat *seat, uint64_t now)
{
    if (worker->plan->model == LOAD_CLOSED)
        open_with_request(worker, seat, now);
    else
        open_without_request(worker, seat, now);
}

void seat_open_soon(struct worker *worker, struct seat *seat, uint64_t now)
{
    bool idle = worker->openers.head == NO_SEAT;
    if (idle && worker->next_open_ns < (double)now)
        worker->next_open_ns = (double)now;
    if (may_open(worker, now))
        open_seat(worker, seat, now);
    else
        list_seat(worker, &worker->openers, seat);
}

void opening_started(struct worker *worker, uint64_t now)
{
    double earliest = (double)now - CATCH_UP_NS;
    worker->opening++;
    if (worker->open_every_ns > 0)
        worker->next_open_ns = (worker->next_open_ns > earliest ? worker->next_open_ns : earliest) +
                               worker->open_every_ns;
}

/* A seat that waited may have been finished since. */
static bool still_wanted(const struct worker *worker, const struct seat *seat)
{
    return seat->connection.state == CONNECTION_RESTING && seat->id < worker->active &&
           worker_needs_connections(worker);
}

static bool open_one(struct worker *worker, uint64_t now)
{
    struct seat *seat;
    if (worker->phase == PHASE_OPENING && worker->first_opens < worker->active) {
        open_without_request(worker, worker_seat(worker, worker->first_opens++), now);
        return true;
    }
    seat = take_seat(worker, &worker->openers);
    if (seat && still_wanted(worker, seat))
        open_seat(worker, seat, now);
    return seat != NULL;
}

void worker_open_more(struct worker *worker)
{
    if (worker->opening_more)
        return; /* an attempt failed while it was being started: the loop below goes on */
    uint64_t now = worker_now_ns(worker);
    worker->opening_more = true;
    while (may_open(worker, now) && open_one(worker, now))
        continue;
    worker->opening_more = false;
}

void opening_ended(struct worker *worker)
{
    worker->opening--;
}

void seat_settled(struct worker *worker, struct seat *seat)
{
    if (seat->settled)
        return;
    seat->settled = true;
    if (++worker->settled == worker->to_settle)
        worker_settle(worker);
}

uint64_t opening_wake_ns(const struct worker *worker)
{
    bool more = worker->openers.head != NO_SEAT ||
                (worker->phase == PHASE_OPENING && worker->first_opens < worker->active);
    if (worker->open_every_ns == 0 || !more || worker->opening >= worker->opening_max)
        return CLOCK_NEVER;
    /* At one attempt in centuries it is beyond what a time can hold. */
    return worker->next_open_ns < 0x1p63 ? (uint64_t)worker->next_open_ns + 1 : CLOCK_NEVER;
}
