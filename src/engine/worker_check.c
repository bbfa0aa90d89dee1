#include "worker_internal.h"

/* Requests taken at a time: at too high a rate the worker still has to look at its connections. */
#define DISPATCH_MAX 10000

/* --- What is due --- */

/* One that was listed may have closed or filled up since. */
static struct slot *take_free(struct worker *worker)
{
    struct list_node *node;
    while ((node = list_take(&worker->free))) {
        struct slot *slot = LIST_OWNER(node, struct slot, free);
        if (slot_is_free(worker, slot))
            return slot;
    }
    return NULL;
}

/* The oldest goes first: as long as any waits, no slot is free. */
static void arrive(struct worker *worker, struct request request, uint64_t now)
{
    struct slot *slot = take_free(worker);
    recorder_count_request(worker->recorder, COUNT_PLANNED, request.due_ns);
    if (slot) {
        slot_assign(worker, slot, request, false, now);
        if (slot_is_free(worker, slot))
            list_append(&worker->free, &slot->free);
    } else if (!source_keep(&worker->source, request)) {
        recorder_count_request(worker->recorder, COUNT_SKIPPED, request.due_ns);
    }
}

/* Whether more is due than was taken at a time. */
static bool dispatch(struct worker *worker, uint64_t now)
{
    struct request request;
    unsigned taken = 0;
    while (taken < DISPATCH_MAX && source_arrive(&worker->source, now, &request)) {
        arrive(worker, request, now);
        taken++;
    }
    if (taken > 0)
        source_rest(&worker->source, worker_now_ns(worker));
    return source_due_ns(&worker->source) <= now;
}

/* Opens and closes slots as the stages of connections ask for. */
static void follow_levels(struct worker *worker, uint64_t now)
{
    uint64_t start_ns = worker->clock.start_ns;
    uint64_t level = (uint64_t)stages_level(worker->levels, now - start_ns);
    uint64_t change_ns = stages_next_change_ns(worker->levels, now - start_ns);
    uint32_t before = worker->active;
    worker->change_ns = change_ns == CLOCK_NEVER ? CLOCK_NEVER : start_ns + change_ns;
    worker->active = (uint32_t)plan_share(level, worker->index, worker->plan->load.workers);
    for (uint32_t id = before; id < worker->active; id++) {
        struct slot *slot = worker_slot(worker, id);
        if (slot->connection.state == CONNECTION_RESTING)
            slot_next(worker, slot, now);
    }
    for (uint32_t id = worker->active; id < before; id++) {
        struct slot *slot = worker_slot(worker, id);
        if (connection_is_idle(&slot->connection))
            slot_finish(worker, slot, now);
    }
}

void worker_follow_schedule(struct worker *worker, uint64_t now)
{
    if (!run_clock_is_sending(&worker->clock))
        return;
    if (now >= worker->change_ns)
        follow_levels(worker, now);
    (void)dispatch(worker, now); /* if there is more, it is for the next wake */
}

/* --- What the run's clock says --- */

static void begin(struct worker *worker, uint64_t now)
{
    const struct run_clock *clock = &worker->clock;
    recorder_start(worker->recorder, clock->measure_ns, clock->end_ns, worker->plan->epoch_ns);
    source_start(&worker->source, clock->start_ns, clock->end_ns);
    if (worker->levels)
        worker->change_ns = clock->start_ns;
    for (uint32_t id = 0; id < worker->active; id++) {
        struct slot *slot = worker_slot(worker, id);
        if (slot->connection.state == CONNECTION_OPEN ||
            slot->connection.state == CONNECTION_RESTING)
            slot_next(worker, slot, clock->start_ns);
    }
    worker_follow_schedule(worker, now);
}

/* Requests that are still with the connection when it is finished: those that were sent are given
 * up, one that waits for its connection to open was never started. */
static void give_up(struct worker *worker, struct slot *slot, uint64_t now)
{
    while (slot->connection.flights.count > 0)
        record_given_up(worker, slot);
    slot_finish(worker, slot, now);
}

/* Gives up what is on its way to a first request. */
static void cancel_openings(struct worker *worker, uint64_t now)
{
    for (uint32_t id = 0; id < worker->slot_count; id++) {
        struct slot *slot = worker_slot(worker, id);
        enum connection_state state = slot->connection.state;
        if (state == CONNECTION_OPENING)
            opener_ended(&worker->opener, now - slot->connection.opened_ns);
        if (state == CONNECTION_OPENING || state == CONNECTION_SETTING_UP)
            give_up(worker, slot, now);
    }
}

static void ask_no_more(struct worker *worker, uint64_t now)
{
    uint64_t end_ns = worker->clock.end_ns;
    while (dispatch(worker, end_ns) && run_control_stop_requested(worker->control) == STOP_NONE)
        continue;
    source_stop(&worker->source, end_ns);
    if (source_waiting(&worker->source) == 0) /* else what waits needs them */
        cancel_openings(worker, now);
}

/* Connections that are open, without those that were asked to close. */
static uint32_t count_open(const struct worker *worker)
{
    uint32_t open = worker->open;
    for (uint32_t id = 0; id < worker->slot_count; id++)
        open -= worker_slot(worker, id)->connection.state == CONNECTION_CLOSING;
    return open;
}

/* What is to be known of the time of sending, now that it is over. */
static void note_end(struct worker *worker)
{
    worker_watch_core(worker, false);
    worker->recorder->end_ns = worker->clock.end_ns;
    if (worker->plan->linger_ns) /* what comes after these replies is to be seen, too */
        worker->settings.per_request = false;
    worker->recorder->seen->counts[COUNT_OPEN_AT_END] = count_open(worker);
}

static void skip_waiting(struct worker *worker)
{
    while (source_waiting(&worker->source) > 0) {
        struct request request = source_take_waiting(&worker->source);
        recorder_count_request(worker->recorder, COUNT_SKIPPED, request.due_ns);
    }
}

static void close_all(struct worker *worker, uint64_t now)
{
    skip_waiting(worker);
    for (uint32_t id = 0; id < worker->slot_count; id++)
        give_up(worker, worker_slot(worker, id), now);
}

static void act(struct worker *worker, unsigned actions, uint64_t now)
{
    if (actions & RUN_BEGIN)
        begin(worker, now);
    if (actions & RUN_MEASURE) {
        uint64_t start_ns = worker_now_ns(worker); /* of the two, the time is read first */
        core_watch_begin(&worker->core_watch, start_ns, clock_thread_time());
    }
    if (actions & RUN_ASK_NO_MORE)
        ask_no_more(worker, now);
    if (actions & RUN_NOTE_END)
        note_end(worker);
    if (actions & RUN_SKIP_WAITING)
        skip_waiting(worker);
    if (actions & RUN_CANCEL_OPENINGS)
        cancel_openings(worker, now);
    if (actions & RUN_FINISH) {
        worker_watch_core(worker, true);
        recorder_finish(worker->recorder, now, worker->outstanding, worker->open);
    }
    if ((actions & RUN_FINISH) && worker->clock.phase == PHASE_LISTENING)
        worker->recorder->seen->counts[COUNT_LISTENED] = count_open(worker);
    if (actions & RUN_CLOSE)
        close_all(worker, now);
    if (actions & RUN_STOP)
        worker->transport->ops->stop(worker->transport);
}

/* Whether there was anything to do. */
static bool go_on(struct worker *worker, uint64_t now)
{
    struct run_view view = {
        .now_ns = now,
        .start_ns = run_control_start_ns(worker->control),
        .none_opened = run_control_none_opened(worker->control),
        .stop = run_control_stop_requested(worker->control),
        .over = source_is_over(&worker->source, now),
        .outstanding = worker->outstanding,
        .waiting = source_waiting(&worker->source),
        .open = worker->open,
        .longest_ns = worker->recorder->seen->distributions[DIST_LATENCY].max,
    };
    unsigned actions = run_clock_next(&worker->clock, &view);
    act(worker, actions, now);
    return actions != 0;
}

/* --- What may be opened --- */

/* Whether there was any that waited and may open now. */
static bool open_more(struct worker *worker, uint64_t now)
{
    struct list_node *node = opener_take(&worker->opener, now);
    bool any = node;
    for (; node; node = opener_take(&worker->opener, now)) {
        struct slot *slot = LIST_OWNER(node, struct slot, pending);
        if (slot->connection.state != CONNECTION_RESTING || slot->id >= worker->active ||
            (worker->clock.phase != PHASE_OPENING && !worker_needs_connections(worker)))
            continue; /* it was finished since */
        if (source_opens_for_requests(&worker->source)) {
            (void)slot_take(worker, slot, now);
            continue;
        }
        struct connection_step step = connection_open(&slot->connection, now);
        slot_act(worker, slot, &step, now);
    }
    return any;
}

/* --- The check --- */

void worker_check(struct worker *worker, uint64_t now)
{
    if (worker->checking)
        return; /* an attempt failed while it was begun: the loop below goes on */
    worker->checking = true;
    do {
        if (opener_first_over(&worker->opener))
            run_control_first_tries_done(worker->control,
                                         worker->recorder->seen->counts[COUNT_OPENED] > 0, now);
    } while (go_on(worker, now) || open_more(worker, now));
    worker->checking = false;
}
