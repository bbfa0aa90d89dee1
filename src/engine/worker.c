#include "worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker_internal.h"
#include "wsload/base/units.h"

static void make_settings(struct worker *worker)
{
    char duration[UNITS_SIZE];
    const struct plan *plan = worker->plan;
    snprintf(worker->no_reply_text, sizeof(worker->no_reply_text), "no reply within %s",
             units_format_duration(plan->reply_timeout_ns, duration));
    snprintf(worker->not_open_text, sizeof(worker->not_open_text), "not open within %s",
             units_format_duration(plan->connect_timeout_ns, duration));
    worker->settings = (struct connection_settings){
        .per_request = plan->load.connection_per_request,
        .in_flight = plan->load.in_flight,
        .connect_timeout_ns = plan->connect_timeout_ns,
        .reply_timeout_ns = plan->reply_timeout_ns,
        .silence_ns = plan->reply_rules.end_silence_ns,
        .by_id = plan->reply_rules.has_id,
        .has_steps = plan->steps && plan->steps->on_connect.count > 0,
        .random = &worker->random,
        .not_open = {FAILURE_CONNECT_TIMEOUT, "", text_of(worker->not_open_text)},
        .no_reply = {FAILURE_REPLY_TIMEOUT, "", text_of(worker->no_reply_text)},
        .cut_short = {FAILURE_REPLY_TIMEOUT, "after another",
                      TEXT("a request before it got no reply")},
    };
}

static int allocate_slots(struct worker *worker)
{
    size_t bytes = sizeof(struct slot) + flights_bytes(worker->plan->load.in_flight);
    if (worker->stream) {
        worker->last_at = (bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
        bytes = worker->last_at + sizeof(struct last_message);
    }
    worker->slot_size = (bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    size_t size = worker->slot_count * worker->slot_size;
    worker->slots = aligned_alloc(CACHE_LINE, size);
    if (!worker->slots)
        return -1;
    memset(worker->slots, 0, size);
    for (uint32_t id = 0; id < worker->slot_count; id++) {
        struct slot *slot = worker_slot(worker, id);
        slot->id = id;
        connection_init(&slot->connection, &worker->settings, slot + 1);
    }
    return deadlines_reserve(&worker->deadlines, worker->slot_count);
}

static int allocate(struct worker *worker)
{
    const struct plan *plan = worker->plan;
    size_t parted = plan_longest_parted(plan);
    size_t escaped = 6 * parted + 1; /* a byte of text is at most six of JSON */
    buffer_init(&worker->part, escaped);
    worker->recorder = recorder_new(&plan->load);
    worker->scratch = malloc(TRANSPORT_HEADROOM + plan_longest_message(plan) + 1);
    worker->parted = malloc(parted + 1);
    if (!worker->recorder || !worker->scratch || !worker->parted ||
        buffer_reserve(&worker->part, escaped) ||
        source_init(&worker->source, plan, worker->index, WORKER_WAKE_EVERY_NS))
        return -1;
    return allocate_slots(worker);
}

static void init(struct worker *worker, const struct worker_config *config)
{
    const struct plan *plan = config->plan;
    unsigned index = config->index;
    worker->plan = plan;
    worker->thresholds = config->thresholds;
    worker->control = config->control;
    worker->journal = config->journal;
    worker->transcript = config->transcript;
    worker->index = index;
    worker->slot_count = (uint32_t)plan_share(plan->load.connections, index, plan->load.workers);
    if (plan->load.model == LOAD_CLOSED && plan->load.stages.count > 0)
        worker->levels = &plan->load.stages;
    uint64_t first = worker->levels ? (uint64_t)worker->levels->start : plan->load.connections;
    worker->active = (uint32_t)plan_share(first, index, plan->load.workers);
    worker->at_once = plan->load.connection_per_request || first == 0;
    worker->change_ns = worker->wake_ns = CLOCK_NEVER;
    worker->stream = reply_rules_stream(&plan->reply_rules);
    worker->joins_text = reply_rules_need_text(&plan->reply_rules);
    worker->keeps_text = plan->keep_replies || worker->joins_text;
    worker->watches_idle = plan->keepalive_ns || plan->max_lifetime_ns || plan->listen_ns ||
                           plan->load.think.law != THINK_NONE || plan->reply_rules.one_way;
    random_init(&worker->random, plan->load.seed + index + 1);
    pthread_mutex_init(&worker->board_lock, NULL);
    deadlines_init(&worker->deadlines);
    make_settings(worker);
}

struct worker *worker_new(const struct worker_config *config, struct error *error)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    if (!worker) {
        error_set(error, "out of memory");
        return NULL;
    }
    init(worker, config);
    if (allocate(worker)) {
        error_set(error, "out of memory for %u connections", (unsigned)worker->slot_count);
        worker_free(worker);
        return NULL;
    }
    return worker;
}

/* Those whose peer did not answer our close in time: what is known of them is to be recorded. */
static void drop_still_open(struct worker *worker)
{
    uint64_t now = worker_now_ns(worker);
    for (uint32_t id = 0; worker->open > 0 && id < worker->slot_count; id++) {
        const struct connection *connection = &worker_slot(worker, id)->connection;
        if (connection->state != CONNECTION_CLOSING)
            continue;
        worker->open--;
        worker->recorder->seen->counts[COUNT_CONNECTED_NS] += now - connection->opened_ns;
        worker->transport->ops->drop(worker->transport, id);
    }
}

void worker_run(struct worker *worker, struct transport *transport)
{
    worker->transport = transport;
    uint64_t now = worker_now_ns(worker);
    worker->heartbeat_ns = now;
    run_clock_open(&worker->clock, worker->plan, source_length_ns(&worker->source), now);
    opener_init(&worker->opener, &worker->plan->load, worker->index,
                worker->at_once ? worker->slot_count : worker->active, now);
    for (uint32_t id = 0; id < worker->active && !worker->at_once; id++)
        opener_add(&worker->opener, &worker_slot(worker, id)->pending, now);
    if (worker->at_once)
        run_control_start(worker->control, now);
    worker_events.woken(worker);
    transport->ops->run(transport);
    drop_still_open(worker);
    worker->recorder->seen->counts[COUNT_OPEN_TIME] = worker->clock.open_time_ns;
    measurement_add_use(worker->recorder->seen, worker->core_watch.use);
}

struct snapshot worker_peek(struct worker *worker)
{
    pthread_mutex_lock(&worker->board_lock);
    struct snapshot snapshot = worker->board;
    pthread_mutex_unlock(&worker->board_lock);
    return snapshot;
}

const struct measurement *worker_measurement(const struct worker *worker)
{
    return worker->recorder->seen;
}

void worker_free(struct worker *worker)
{
    if (!worker)
        return;
    pthread_mutex_destroy(&worker->board_lock);
    deadlines_free(&worker->deadlines);
    recorder_free(worker->recorder);
    source_free(&worker->source);
    free(worker->slots);
    free(worker->scratch);
    free(worker->parted);
    buffer_free(&worker->part);
    free(worker);
}
