#include "wsload/engine/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker_internal.h"
#include "wsload/base/units.h"

#define PUBLISH_EVERY_NS (NS_PER_S / 10)

uint64_t worker_now_ns(const struct worker *worker)
{
    return worker->transport->ops->now_ns(worker->transport);
}

void worker_wake_by(struct worker *worker, uint64_t time_ns)
{
    if (time_ns >= worker->wake_ns)
        return;
    worker->wake_ns = time_ns;
    worker->transport->ops->wake_at(worker->transport, time_ns);
}

static void publish(struct worker *worker, uint64_t now)
{
    const struct recorder *recorder = worker->recorder;
    worker->publish_ns = now + PUBLISH_EVERY_NS;
    if (pthread_mutex_trylock(&worker->board_lock) != 0)
        return;
    uint64_t p95_ns = recorder_take_recent_p95_ns(worker->recorder);
    worker->board = (struct snapshot){
        .phase = worker->phase,
        .elapsed_ns = now - worker->phase_ns,
        .connections = worker->seat_count,
        .open = worker->open,
        .open_failed = recorder->connections.failed,
        .planned = worker->plan->requests,
        .duration_ns = worker->plan->duration_ns,
        .done = recorder->ok + recorder->failed,
        .failed = recorder->failed,
        .in_flight = worker->outstanding,
        .recent_p95_ns = p95_ns ? p95_ns : worker->board.recent_p95_ns,
    };
    pthread_mutex_unlock(&worker->board_lock);
}

void worker_woken(struct worker *worker)
{
    uint64_t now = worker_now_ns(worker);
    struct deadline *deadline;
    worker_obey_stop(worker, now);
    while ((deadline = deadlines_pop(&worker->deadlines, now)))
        seat_deadline(worker, (struct seat *)deadline, now);
    if (worker->phase == PHASE_RUNNING && now >= worker->schedule.deadline_ns)
        worker_send_no_more(worker, now);
    worker_maybe_finish(worker);
    if (now >= worker->drain_until_ns)
        worker_start_closing(worker);
    if (now >= worker->close_until_ns)
        worker->transport->ops->stop(worker->transport);
    if (now >= worker->publish_ns)
        publish(worker, now);
    worker->wake_ns = CLOCK_NEVER;
    worker_wake_by(worker, deadlines_next_ns(&worker->deadlines));
    worker_wake_by(worker, worker->publish_ns);
    worker_wake_by(worker, worker->phase == PHASE_CLOSING ? worker->close_until_ns
                                                          : worker->drain_until_ns);
    if (worker->phase == PHASE_RUNNING)
        worker_wake_by(worker, worker->schedule.deadline_ns);
}

static void describe_timeouts(struct worker *worker)
{
    char duration[UNITS_SIZE];
    const struct plan *plan = worker->plan;
    snprintf(worker->no_reply_text, sizeof(worker->no_reply_text), "no reply within %s",
             units_format_duration(plan->reply_timeout_ns, duration));
    snprintf(worker->not_open_text, sizeof(worker->not_open_text), "not open within %s",
             units_format_duration(plan->connect_timeout_ns, duration));
    worker->settings = (struct connection_settings){
        .per_request = plan->connection_per_request,
        .connect_timeout_ns = plan->connect_timeout_ns,
        .reply_timeout_ns = plan->reply_timeout_ns,
        .not_open = {FAILURE_CONNECT_TIMEOUT, "", text_of(worker->not_open_text)},
        .no_reply = {FAILURE_REPLY_TIMEOUT, "", text_of(worker->no_reply_text)},
    };
}

static int allocate(struct worker *worker)
{
    size_t seats_size = worker->seat_count * sizeof(*worker->seats);
    worker->seats = aligned_alloc(CACHE_LINE, seats_size);
    worker->recorder = malloc(sizeof(*worker->recorder));
    worker->scratch = malloc(TRANSPORT_HEADROOM + plan_longest_message(worker->plan) + 1);
    if (!worker->seats || !worker->recorder || !worker->scratch)
        return -1;
    memset(worker->seats, 0, seats_size);
    return deadlines_reserve(&worker->deadlines, worker->seat_count);
}

struct worker *worker_new(const struct plan *plan, const atomic_int *stop, struct error *error)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    if (!worker) {
        error_set(error, "out of memory");
        return NULL;
    }
    worker->plan = plan;
    worker->stop = stop;
    worker->seat_count = plan->connections;
    worker->drain_until_ns = worker->close_until_ns = worker->wake_ns = CLOCK_NEVER;
    worker->queue_head = NO_SEAT;
    pthread_mutex_init(&worker->board_lock, NULL);
    deadlines_init(&worker->deadlines);
    if (allocate(worker)) {
        error_set(error, "out of memory for %u connections", (unsigned)plan->connections);
        worker_free(worker);
        return NULL;
    }
    recorder_init(worker->recorder);
    describe_timeouts(worker);
    for (uint32_t id = 0; id < worker->seat_count; id++)
        connection_init(&worker->seats[id].connection, &worker->settings);
    struct schedule_plan share = {plan->requests, plan->prompts->count, 0, 1};
    schedule_init(&worker->schedule, &share);
    return worker;
}

void worker_run(struct worker *worker, struct transport *transport)
{
    worker->transport = transport;
    worker_enter_phase(worker, PHASE_OPENING);
    publish(worker, worker->phase_ns);
    worker_wake_by(worker, worker->publish_ns);
    if (worker->plan->connection_per_request)
        worker_start_running(worker);
    else
        worker_open_more(worker);
    transport->ops->run(transport);
}

struct snapshot worker_peek(struct worker *worker)
{
    pthread_mutex_lock(&worker->board_lock);
    struct snapshot snapshot = worker->board;
    pthread_mutex_unlock(&worker->board_lock);
    return snapshot;
}

const struct recorder *worker_recorder(const struct worker *worker)
{
    return worker->recorder;
}

uint64_t worker_total_time_ns(const struct worker *worker)
{
    uint64_t last_ns = worker->recorder->last_done_ns;
    if (worker->run_start_ns == 0)
        return 0;
    /* phase_ns: when closing began, for a run in which no request ended at all */
    return (last_ns ? last_ns : worker->phase_ns) - worker->run_start_ns;
}

uint64_t worker_open_time_ns(const struct worker *worker)
{
    return worker->open_time_ns;
}

void worker_free(struct worker *worker)
{
    if (!worker)
        return;
    pthread_mutex_destroy(&worker->board_lock);
    deadlines_free(&worker->deadlines);
    free(worker->seats);
    free(worker->recorder);
    free(worker->scratch);
    free(worker);
}
