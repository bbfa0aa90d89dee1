#include "wsload/engine/engine.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "wsload/base/clock.h"
#include "wsload/engine/local_addresses.h"
#include "wsload/engine/lws_transport.h"

/* A worker with what it runs on. */
struct hand {
    struct engine *engine;
    struct worker *worker;
    struct transport *transport;
    pthread_t thread;
    bool running;
};

struct engine {
    const struct plan *plan;
    struct addresses addresses;
    struct crew crew;
    struct hand *hands; /* plan->workers of them */
    atomic_uint at_work;
    int done_fd;
};

/* --- Start --- */

static void wake_all(void *user)
{
    struct engine *engine = user;
    for (unsigned i = 0; i < engine->plan->workers; i++)
        engine->hands[i].transport->ops->interrupt(engine->hands[i].transport);
}

static int make_hand(struct engine *engine, unsigned index, const struct engine_setup *setup,
                     struct error *error)
{
    struct hand *hand = &engine->hands[index];
    struct worker_setup worker = {
        .plan = engine->plan,
        .thresholds = setup->thresholds,
        .crew = &engine->crew,
        .journal = setup->journals ? setup->journals[index] : NULL,
        .index = index,
    };
    hand->engine = engine;
    hand->worker = worker_new(&worker, error);
    if (!hand->worker)
        return -1;
    struct lws_transport_setup transport = {
        .plan = engine->plan,
        .addresses = &engine->addresses,
        .events = &worker_events,
        .worker = hand->worker,
        .index = index,
    };
    hand->transport = lws_transport_new(&transport, error);
    return hand->transport ? 0 : -1;
}

static int set_up(struct engine *engine, const struct engine_setup *setup, struct error *error)
{
    const struct plan *plan = engine->plan;
    engine->done_fd = eventfd(0, EFD_CLOEXEC);
    if (engine->done_fd < 0)
        return error_set(error, "no descriptor left: %s", strerror(errno));
    if (sources_check(&plan->target.sources, plan->connections, error))
        return -1;
    engine->hands = calloc(plan->workers, sizeof(*engine->hands));
    if (!engine->hands)
        return error_set(error, "out of memory");
    resolver_lookup(&plan->target, &engine->addresses);
    for (unsigned i = 0; i < plan->workers; i++)
        if (make_hand(engine, i, setup, error))
            return -1;
    return 0;
}

struct engine *engine_new(const struct engine_setup *setup, struct error *error)
{
    struct engine *engine = calloc(1, sizeof(*engine));
    if (!engine) {
        error_set(error, "out of memory");
        return NULL;
    }
    engine->plan = setup->plan;
    atomic_init(&engine->at_work, 0);
    crew_init(&engine->crew, setup->plan->workers, wake_all, engine);
    /* A peer that goes away must be an error of the write, not the end of the process. */
    signal(SIGPIPE, SIG_IGN);
    if (set_up(engine, setup, error)) {
        engine_free(engine);
        return NULL;
    }
    return engine;
}

const struct addresses *engine_addresses(const struct engine *engine)
{
    return &engine->addresses;
}

static void *run_worker(void *argument)
{
    struct hand *hand = argument;
    struct engine *engine = hand->engine;
    uint64_t one = 1;
    worker_run(hand->worker, hand->transport);
    if (atomic_fetch_sub(&engine->at_work, 1) > 1)
        return NULL;
    /* Cannot fail: the counter is far from full. */
    if (write(engine->done_fd, &one, sizeof(one)) != sizeof(one))
        abort();
    return NULL;
}

static void join_all(struct engine *engine)
{
    for (unsigned i = 0; i < engine->plan->workers; i++) {
        if (engine->hands[i].running)
            pthread_join(engine->hands[i].thread, NULL);
        engine->hands[i].running = false;
    }
}

int engine_start(struct engine *engine, struct error *error)
{
    unsigned workers = engine->plan->workers;
    atomic_store(&engine->at_work, workers);
    for (unsigned i = 0; i < workers; i++) {
        struct hand *hand = &engine->hands[i];
        int status = pthread_create(&hand->thread, NULL, run_worker, hand);
        if (status) {
            engine_stop(engine, STOP_NOW);
            join_all(engine);
            return error_set(error, "thread %u could not be started: %s; use fewer with -t", i + 1,
                             strerror(status));
        }
        hand->running = true;
    }
    return 0;
}

int engine_done_fd(const struct engine *engine)
{
    return engine->done_fd;
}

void engine_stop(struct engine *engine, enum stop_request how)
{
    crew_stop(&engine->crew, how);
}

struct snapshot engine_peek(struct engine *engine)
{
    struct snapshot sum = worker_peek(engine->hands[0].worker);
    for (unsigned i = 1; i < engine->plan->workers; i++) {
        struct snapshot one = worker_peek(engine->hands[i].worker);
        snapshot_add(&sum, &one);
    }
    return sum;
}

/* --- Results --- */

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* From when measuring began to the end of sending, or to the last reply when only the requests
 * ended the run. */
static void note_times(struct results *results, uint64_t start_ns, uint64_t end_ns)
{
    uint64_t last_ns = results->recorded.last_done_ns;
    if (end_ns == CLOCK_NEVER)
        end_ns = last_ns;
    if (start_ns == 0 || end_ns <= start_ns)
        return;
    results->total_time_ns = end_ns - start_ns;
    results->drain_time_ns = later(last_ns, end_ns) - end_ns;
}

static double asked_per_s(const struct plan *plan, uint64_t time_ns)
{
    const struct stages *rate = &plan->stages;
    if (plan->model != LOAD_OPEN)
        return 0;
    if (time_ns == 0)
        return stages_level(rate, plan->warmup_ns);
    double arrivals = stages_total(rate, plan->warmup_ns + time_ns) -
                      stages_total(rate, plan->warmup_ns);
    return arrivals / clock_seconds(time_ns);
}

static void note_dns(struct results *results, const struct addresses *addresses)
{
    if (addresses->lookup_ns != CLOCK_NEVER)
        histogram_record(&results->recorded.connect[CONNECT_DNS], addresses->lookup_ns);
}

static void note_usage(struct results *results)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        results->self.memory_bytes = (uint64_t)usage.ru_maxrss * 1024;
}

int engine_finish(struct engine *engine, struct results *results, struct error *error)
{
    uint64_t start_ns = 0;
    uint64_t end_ns = CLOCK_NEVER;
    join_all(engine);
    if (recorder_init(&results->recorded))
        return error_set(error, "out of memory for the results");
    for (unsigned i = 0; i < engine->plan->workers; i++) {
        struct worker_report report = worker_report(engine->hands[i].worker);
        recorder_merge(&results->recorded, report.recorder);
        start_ns = later(start_ns, report.start_ns);
        if (report.end_ns != CLOCK_NEVER)
            end_ns = end_ns == CLOCK_NEVER ? report.end_ns : later(end_ns, report.end_ns);
        results->open_time_ns = later(results->open_time_ns, report.open_time_ns);
        results->self.worker_cpu[i] = report.cpu;
    }
    note_times(results, start_ns, end_ns);
    note_dns(results, &engine->addresses);
    note_usage(results);
    results->asked_per_s = asked_per_s(engine->plan, results->total_time_ns);
    results->setup.same_machine = addresses_are_local(&engine->addresses);
    return 0;
}

void engine_free(struct engine *engine)
{
    if (!engine)
        return;
    for (unsigned i = 0; engine->hands && i < engine->plan->workers; i++) {
        struct hand *hand = &engine->hands[i];
        if (hand->transport)
            hand->transport->ops->free(hand->transport);
        worker_free(hand->worker);
    }
    if (engine->done_fd >= 0)
        close(engine->done_fd);
    free(engine->hands);
    free(engine);
}
