#include "wsload/engine/engine.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "worker.h"
#include "wsload/base/clock.h"
#include "wsload/base/cores.h"
#include "wsload/base/helpers.h"
#include "wsload/engine/lws_transport.h"
#include "wsload/stats/measurement.h"

/* A worker with what it runs on. */
struct thread {
    struct engine *engine;
    struct worker *worker;
    struct transport *transport;
    pthread_t handle;
    bool running;
};

struct engine {
    const struct plan *plan;
    struct addresses addresses;
    struct run_control control;
    struct thread *threads; /* plan->load.workers of them */
    atomic_uint at_work;
    int done_fd;
};

/* --- Start --- */

static void wake_all(void *user)
{
    struct engine *engine = user;
    for (unsigned i = 0; i < engine->plan->load.workers; i++)
        engine->threads[i].transport->ops->interrupt(engine->threads[i].transport);
}

static int make_thread(struct engine *engine, unsigned index, const struct engine_config *config,
                       struct error *error)
{
    struct thread *thread = &engine->threads[index];
    struct worker_config worker = {
        .plan = engine->plan,
        .thresholds = config->thresholds,
        .control = &engine->control,
        .journal = config->journals ? config->journals[index] : NULL,
        .transcript = config->transcript,
        .index = index,
    };
    thread->engine = engine;
    thread->worker = worker_new(&worker, error);
    if (!thread->worker)
        return -1;
    struct lws_transport_config transport = {
        .plan = engine->plan,
        .addresses = &engine->addresses,
        .events = &worker_events,
        .worker = thread->worker,
        .seen = config->seen,
        .index = index,
    };
    thread->transport = lws_transport_new(&transport, error);
    return thread->transport ? 0 : -1;
}

static int set_up(struct engine *engine, const struct engine_config *config, struct error *error)
{
    const struct plan *plan = engine->plan;
    engine->done_fd = eventfd(0, EFD_CLOEXEC);
    if (engine->done_fd < 0)
        return error_set(error, "no descriptor left: %s", strerror(errno));
    if (sources_check(&plan->target.sources, plan->load.connections, error))
        return -1;
    engine->threads = calloc(plan->load.workers, sizeof(*engine->threads));
    if (!engine->threads)
        return error_set(error, "out of memory");
    resolver_lookup(&plan->target, &engine->addresses);
    for (unsigned i = 0; i < plan->load.workers; i++)
        if (make_thread(engine, i, config, error))
            return -1;
    return 0;
}

struct engine *engine_new(const struct engine_config *config, struct error *error)
{
    struct engine *engine = calloc(1, sizeof(*engine));
    if (!engine) {
        error_set(error, "out of memory");
        return NULL;
    }
    engine->plan = config->plan;
    run_control_init(&engine->control, config->plan->load.workers, wake_all, engine);
    /* A peer that goes away must be an error of the write, not the end of the process. */
    signal(SIGPIPE, SIG_IGN);
    if (set_up(engine, config, error)) {
        engine_free(engine);
        return NULL;
    }
    return engine;
}

static void *run_worker(void *argument)
{
    struct thread *thread = argument;
    struct engine *engine = thread->engine;
    uint64_t one = 1;
    worker_run(thread->worker, thread->transport);
    if (atomic_fetch_sub(&engine->at_work, 1) > 1)
        return NULL;
    /* Cannot fail: the counter is far from full. */
    if (write(engine->done_fd, &one, sizeof(one)) != sizeof(one))
        abort();
    return NULL;
}

static void join_all(struct engine *engine)
{
    for (unsigned i = 0; i < engine->plan->load.workers; i++) {
        if (engine->threads[i].running)
            pthread_join(engine->threads[i].handle, NULL);
        engine->threads[i].running = false;
    }
}

int engine_start(struct engine *engine, struct error *error)
{
    unsigned workers = engine->plan->load.workers;
    atomic_store(&engine->at_work, workers);
    for (unsigned i = 0; i < workers; i++) {
        struct thread *thread = &engine->threads[i];
        int status = pthread_create(&thread->handle, NULL, run_worker, thread);
        if (status) {
            engine_stop(engine, STOP_NOW);
            join_all(engine);
            return error_set(error, "thread %u could not be started: %s; use fewer with -t", i + 1,
                             strerror(status));
        }
        thread->running = true;
    }
    return 0;
}

int engine_done_fd(const struct engine *engine)
{
    return engine->done_fd;
}

void engine_stop(struct engine *engine, enum stop_request how)
{
    run_control_stop(&engine->control, how);
}

struct snapshot engine_peek(struct engine *engine)
{
    struct snapshot sum = worker_peek(engine->threads[0].worker);
    for (unsigned i = 1; i < engine->plan->load.workers; i++) {
        struct snapshot one = worker_peek(engine->threads[i].worker);
        snapshot_add(&sum, &one);
    }
    return sum;
}

/* --- The measurement --- */

struct measurement *engine_finish(struct engine *engine)
{
    const struct addresses *addresses = &engine->addresses;
    struct rusage usage;
    join_all(engine);
    struct measurement *sum = measurement_new(&engine->plan->load);
    if (!sum)
        return NULL;
    for (unsigned i = 0; i < engine->plan->load.workers; i++)
        measurement_add(sum, worker_measurement(engine->threads[i].worker));
    failures_sort(&sum->failures);
    sum->load = engine->plan->load;
    sum->parts = 1;
    sum->same_machine = addresses_are_local(addresses);
    measurement_add_cores(sum, cores_allowed());
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        sum->counts[COUNT_MEMORY] = (uint64_t)usage.ru_maxrss * 1024;
    if (addresses->lookup_ns != CLOCK_NEVER)
        histogram_record(&sum->distributions[DIST_CONNECT_DNS], addresses->lookup_ns);
    return sum;
}

void engine_free(struct engine *engine)
{
    if (!engine)
        return;
    for (unsigned i = 0; engine->threads && i < engine->plan->load.workers; i++) {
        struct thread *thread = &engine->threads[i];
        if (thread->transport)
            thread->transport->ops->free(thread->transport);
        worker_free(thread->worker);
    }
    if (engine->done_fd >= 0)
        close(engine->done_fd);
    free(engine->threads);
    free(engine);
}
