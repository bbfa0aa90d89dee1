#include "wsload/engine/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker_internal.h"
#include "wsload/base/units.h"

#define HEARTBEATS_PER_PUBLISH 10

void worker_wake_by(struct worker *worker, uint64_t time_ns)
{
    if (time_ns >= worker->wake_ns)
        return;
    worker->wake_ns = time_ns;
    worker->transport->ops->wake_at(worker->transport, time_ns);
}

/* --- Now and then --- */

static void publish(struct worker *worker, uint64_t now)
{
    const struct recorder *recorder = worker->recorder;
    const struct plan *plan = worker->plan;
    if (pthread_mutex_trylock(&worker->board_lock) != 0)
        return;
    struct snapshot *board = &worker->board;
    board->phase = worker->phase;
    board->elapsed_ns = now > worker->phase_ns ? now - worker->phase_ns : 0;
    board->connections = worker->seat_count;
    board->open = worker->open;
    board->open_failed = recorder->connections.failed;
    board->planned = plan_share(plan->requests, worker->index, plan->workers);
    board->duration_ns = worker->phase == PHASE_WARMUP ? plan->warmup_ns : plan->duration_ns;
    board->done = recorder->measured.ok + recorder->measured.failed;
    board->failed = recorder->measured.failed;
    board->in_flight = worker->outstanding;
    board->queued = worker->backlog.count;
    board->skipped = recorder->measured.skipped;
    board->recent_p95_ns = recorder_recent_p95_ns(recorder);
    if (thresholds_may_abort(worker->thresholds))
        thresholds_observe(worker->thresholds, recorder, board->evidence);
    pthread_mutex_unlock(&worker->board_lock);
}

/* The worker's own lateness, taken where a message would have had to wait, too. While the worker
 * was late it could not look: the looks that it missed would have found it late by a heartbeat less
 * each, and are made up for (as HdrHistogram corrects for an expected interval). */
static void record_lag(struct histogram *loop_lag, uint64_t lag_ns)
{
    histogram_record(loop_lag, lag_ns);
    while (lag_ns > WORKER_HEARTBEAT_NS) {
        lag_ns -= WORKER_HEARTBEAT_NS;
        histogram_record(loop_lag, lag_ns);
    }
}

static void beat(struct worker *worker, uint64_t now)
{
    if (now < worker->heartbeat_ns)
        return;
    if (worker->phase == PHASE_RUNNING)
        record_lag(&worker->recorder->loop_lag, now - worker->heartbeat_ns);
    worker->heartbeat_ns = now + WORKER_HEARTBEAT_NS;
    if (worker->phase != PHASE_CLOSING)
        recorder_tick(worker->recorder, now, worker->outstanding, worker->open);
    if (worker->heartbeats++ % HEARTBEATS_PER_PUBLISH == 0)
        publish(worker, now);
}

/* Asks for one wake, at the earliest time that anything wants. */
static void plan_wake(struct worker *worker)
{
    uint64_t wake_ns = earlier(worker->heartbeat_ns, deadlines_next_ns(&worker->deadlines));
    wake_ns = earlier(wake_ns, opening_wake_ns(worker));
    wake_ns = earlier(wake_ns, phase_wake_ns(worker));
    if (worker_is_sending(worker))
        wake_ns = earlier(wake_ns, pacing_wake_ns(worker));
    worker->wake_ns = wake_ns;
    worker->transport->ops->wake_at(worker->transport, wake_ns);
}

void worker_woken(struct worker *worker)
{
    uint64_t now = worker_now_ns(worker);
    struct deadline *deadline;
    worker_obey_stop(worker, now);
    worker_start_if_time(worker, now);
    worker_end_if_hopeless(worker);
    while ((deadline = deadlines_pop(&worker->deadlines, now)))
        seat_deadline(worker, (struct seat *)deadline, now);
    worker_follow_clock(worker, now);
    pacing_follow_stages(worker, now);
    (void)pacing_dispatch(worker, now); /* if there is more, it is for the next slot */
    worker_open_more(worker);
    worker_maybe_finish(worker);
    beat(worker, now);
    plan_wake(worker);
}

/* --- Life --- */

static void make_settings(struct worker *worker)
{
    static const struct text cut_short = {"a request before it got no reply", 32};
    char duration[UNITS_SIZE];
    const struct plan *plan = worker->plan;
    snprintf(worker->no_reply_text, sizeof(worker->no_reply_text), "no reply within %s",
             units_format_duration(plan->reply_timeout_ns, duration));
    snprintf(worker->not_open_text, sizeof(worker->not_open_text), "not open within %s",
             units_format_duration(plan->connect_timeout_ns, duration));
    worker->settings = (struct connection_settings){
        .per_request = plan->connection_per_request,
        .in_flight = plan->in_flight,
        .connect_timeout_ns = plan->connect_timeout_ns,
        .reply_timeout_ns = plan->reply_timeout_ns,
        .silence_ns = plan->reply_rules.end_silence_ns,
        .by_id = plan->reply_rules.has_id,
        .has_steps = plan->steps && plan->steps->on_connect.count > 0,
        .random = &worker->random,
        .not_open = {FAILURE_CONNECT_TIMEOUT, "", text_of(worker->not_open_text)},
        .no_reply = {FAILURE_REPLY_TIMEOUT, "", text_of(worker->no_reply_text)},
        .cut_short = {FAILURE_REPLY_TIMEOUT, "behind another", cut_short},
    };
}

static size_t round_up(size_t size, size_t unit)
{
    return (size + unit - 1) / unit * unit;
}

static int allocate_seats(struct worker *worker)
{
    size_t flights = flights_bytes(worker->plan->in_flight);
    worker->seat_size = round_up(sizeof(struct seat) + flights, CACHE_LINE);
    size_t size = worker->seat_count * worker->seat_size;
    worker->seats = aligned_alloc(CACHE_LINE, size);
    if (!worker->seats)
        return -1;
    memset(worker->seats, 0, size);
    for (uint32_t id = 0; id < worker->seat_count; id++) {
        struct seat *seat = worker_seat(worker, id);
        seat->id = id;
        connection_init(&seat->connection, &worker->settings, seat + 1);
    }
    return deadlines_reserve(&worker->deadlines, worker->seat_count);
}

/* A byte of text is at most six of JSON. */
static int allocate_parts(struct worker *worker)
{
    size_t longest = plan_longest_parted(worker->plan);
    buffer_init(&worker->part, 6 * longest + 1);
    worker->parted = malloc(longest + 1);
    return worker->parted && buffer_reserve(&worker->part, 6 * longest + 1) == 0 ? 0 : -1;
}

static int allocate(struct worker *worker)
{
    const struct plan *plan = worker->plan;
    struct recorder *recorder = malloc(sizeof(*recorder));
    if (!recorder || recorder_init(recorder)) {
        free(recorder);
        return -1;
    }
    worker->recorder = recorder;
    worker->scratch = malloc(TRANSPORT_HEADROOM + plan_longest_message(plan) + 1);
    if (allocate_parts(worker))
        return -1;
    if (plan->model == LOAD_OPEN)
        worker->backlog.size = plan_share(plan->max_queue, worker->index, plan->workers);
    worker->backlog.items = malloc((worker->backlog.size + 1) * sizeof(*worker->backlog.items));
    if (!worker->scratch || !worker->backlog.items)
        return -1;
    return allocate_seats(worker);
}

/* With stages of connections, how many there are at first. */
static uint32_t first_connections(const struct plan *plan)
{
    if (plan->model == LOAD_CLOSED && plan->stages.count > 0)
        return (uint32_t)plan->stages.start;
    return plan->connections;
}

/* There is no connection to wait for. */
static bool starts_at_once(const struct plan *plan)
{
    return plan->connection_per_request || first_connections(plan) == 0;
}

static void init(struct worker *worker, const struct worker_setup *setup)
{
    const struct plan *plan = setup->plan;
    unsigned index = setup->index;
    worker->plan = plan;
    worker->thresholds = setup->thresholds;
    worker->crew = setup->crew;
    worker->journal = setup->journal;
    worker->index = index;
    worker->seat_count = (uint32_t)plan_share(plan->connections, index, plan->workers);
    worker->active = (uint32_t)plan_share(first_connections(plan), index, plan->workers);
    worker->end_ns = worker->give_up_ns = worker->backlog_until_ns = worker->close_until_ns =
        worker->change_ns = worker->wake_ns = CLOCK_NEVER;
    worker->to_settle = starts_at_once(plan) ? worker->seat_count : worker->active;
    worker->first_opens = starts_at_once(plan) ? worker->active : 0; /* they open for requests */
    worker->stream = reply_rules_stream(&plan->reply_rules);
    worker->joins_text = reply_rules_need_text(&plan->reply_rules);
    worker->keeps_text = plan->keep_replies || worker->joins_text;
    worker->watches_idle = plan->keepalive_ns || plan->max_lifetime_ns ||
                           plan->think.law != THINK_NONE || plan->reply_rules.one_way;
    random_init(&worker->random, plan->seed + index + 1);
    opening_init(worker);
    pacing_init(worker);
    pthread_mutex_init(&worker->board_lock, NULL);
    deadlines_init(&worker->deadlines);
    make_settings(worker);
    struct schedule_plan share = {plan->requests, index, plan->workers};
    schedule_init(&worker->schedule, &share);
}

struct worker *worker_new(const struct worker_setup *setup, struct error *error)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    if (!worker) {
        error_set(error, "out of memory");
        return NULL;
    }
    init(worker, setup);
    if (allocate(worker)) {
        error_set(error, "out of memory for %u connections", (unsigned)worker->seat_count);
        worker_free(worker);
        return NULL;
    }
    return worker;
}

/* Those whose peer did not answer our close in time. */
static void note_still_open(struct worker *worker)
{
    uint64_t now = worker_now_ns(worker);
    for (uint32_t id = 0; worker->open > 0 && id < worker->seat_count; id++) {
        const struct connection *connection = &worker_seat(worker, id)->connection;
        if (connection->state == CONNECTION_CLOSING)
            worker->recorder->traffic.connected_ns += now - connection->opened_ns;
    }
}

void worker_run(struct worker *worker, struct transport *transport)
{
    worker->transport = transport;
    worker_enter_phase(worker, PHASE_OPENING, worker_now_ns(worker));
    worker->heartbeat_ns = worker->phase_ns;
    beat(worker, worker->phase_ns);
    opening_start(worker, worker->phase_ns);
    if (starts_at_once(worker->plan))
        crew_start(worker->crew, worker->phase_ns);
    else if (worker->to_settle == 0)
        worker_settle(worker);
    worker_start_if_time(worker, worker->phase_ns);
    worker_open_more(worker);
    plan_wake(worker);
    transport->ops->run(transport);
    note_still_open(worker);
}

struct snapshot worker_peek(struct worker *worker)
{
    pthread_mutex_lock(&worker->board_lock);
    struct snapshot snapshot = worker->board;
    pthread_mutex_unlock(&worker->board_lock);
    return snapshot;
}

struct worker_report worker_report(const struct worker *worker)
{
    return (struct worker_report){
        .recorder = worker->recorder,
        .open_time_ns = worker->open_time_ns,
        .start_ns = worker->measure_ns,
        .end_ns = worker->end_ns,
        .cpu = worker->cpu,
    };
}

void worker_free(struct worker *worker)
{
    if (!worker)
        return;
    pthread_mutex_destroy(&worker->board_lock);
    deadlines_free(&worker->deadlines);
    if (worker->recorder)
        recorder_free(worker->recorder);
    free(worker->recorder);
    free(worker->backlog.items);
    free(worker->seats);
    free(worker->scratch);
    free(worker->parted);
    buffer_free(&worker->part);
    free(worker);
}
