#include "request_source.h"

#include <stdlib.h>

#include "wsload/base/clock.h"

int source_init(struct request_source *source, const struct plan *plan, unsigned worker,
                uint64_t wake_every_ns)
{
    struct schedule_plan turns = {plan->load.requests, worker, plan->load.workers};
    *source = (struct request_source){
        .plan = plan, .worker = worker, .wake_every_ns = wake_every_ns};
    schedule_init(&source->schedule, &turns);
    source->schedule.deadline_ns = 0; /* none before the run */
    source->arrivals.due_ns = CLOCK_NEVER;
    if (plan->load.model != LOAD_OPEN)
        return 0;
    struct arrivals_plan share = {
        .rate = &plan->load.stages,
        .law = plan->load.arrival,
        .seed = plan->load.seed,
        .duration_ns = plan->load.duration_ns ? plan->load.warmup_ns + plan->load.duration_ns
                                              : CLOCK_NEVER,
        .requests = plan->load.requests,
        .worker = worker,
        .workers = plan->load.workers,
    };
    arrivals_init(&source->arrivals, &share);
    source->backlog.size = plan_share(plan->load.max_queue, worker, plan->load.workers);
    source->backlog.items = malloc((source->backlog.size + 1) * sizeof(*source->backlog.items));
    return source->backlog.items ? 0 : -1;
}

void source_free(struct request_source *source)
{
    free(source->backlog.items);
}

void source_start(struct request_source *source, uint64_t start_ns, uint64_t end_ns)
{
    source->running = true;
    source->start_ns = start_ns;
    source->end_ns = end_ns;
    if (source->plan->load.model == LOAD_CLOSED)
        source->schedule.deadline_ns = end_ns;
}

void source_stop(struct request_source *source, uint64_t now_ns)
{
    source->running = false;
    source->end_ns = now_ns;
    source->schedule.deadline_ns = 0;
}

uint64_t source_length_ns(const struct request_source *source)
{
    const struct plan *plan = source->plan;
    if (plan->load.model != LOAD_OPEN || plan->load.requests == 0 ||
        plan->load.arrival != ARRIVAL_CONSTANT)
        return CLOCK_NEVER;
    return stages_time_of_total(&plan->load.stages, (double)plan->load.requests);
}

/* --- For connections --- */

bool source_take(struct request_source *source, uint64_t now_ns, struct request *request,
                 bool *waited)
{
    *waited = source->backlog.count > 0;
    if (*waited) {
        *request = source_take_waiting(source);
        return true;
    }
    return schedule_take(&source->schedule, now_ns, request);
}

bool source_wants_back(const struct request_source *source, bool replaced)
{
    /* How many stay up is what is asked of held ones. */
    return replaced || source->plan->load.model != LOAD_HOLD;
}

/* --- By the clock --- */

uint64_t source_due_ns(const struct request_source *source)
{
    uint64_t due_ns = source->arrivals.due_ns;
    return source->running && due_ns != CLOCK_NEVER ? source->start_ns + due_ns : CLOCK_NEVER;
}

bool source_arrive(struct request_source *source, uint64_t now_ns, struct request *request)
{
    uint64_t due_ns = source_due_ns(source);
    if (due_ns > now_ns)
        return false;
    *request = (struct request){arrivals_take(&source->arrivals), due_ns, now_ns - due_ns};
    return true;
}

bool source_keep(struct request_source *source, struct request request)
{
    struct backlog *backlog = &source->backlog;
    if (backlog->count == backlog->size)
        return false;
    backlog->items[(backlog->first + backlog->count++) % backlog->size] = request;
    return true;
}

struct request source_take_waiting(struct request_source *source)
{
    struct backlog *backlog = &source->backlog;
    struct request request = backlog->items[backlog->first];
    backlog->first = (backlog->first + 1) % backlog->size;
    backlog->count--;
    return request;
}

/* --- What is known of it --- */

/* With a known length the end in time is the end, not the last arrival. */
bool source_is_over(const struct request_source *source, uint64_t now_ns)
{
    const struct plan *plan = source->plan;
    if (plan->load.model == LOAD_CLOSED)
        return schedule_exhausted(&source->schedule, now_ns);
    if (source_due_ns(source) != CLOCK_NEVER)
        return false;
    bool all_arrived = plan->load.requests > 0 && source->arrivals.seq >= plan->load.requests;
    return now_ns >= source->end_ns || (all_arrived && source_length_ns(source) == CLOCK_NEVER);
}

bool source_issued(const struct request_source *source, uint64_t seq)
{
    bool open = source->plan->load.model == LOAD_OPEN;
    uint64_t next = open ? source->arrivals.seq : source->schedule.next_seq;
    return seq % source->plan->load.workers == source->worker && seq < next;
}
