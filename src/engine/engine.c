#include "wsload/engine/engine.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "wsload/engine/lws_transport.h"

/* One worker for now; the shape is that of several. */
struct engine {
    const struct plan *plan;
    struct addresses addresses;
    atomic_int stop;
    struct worker *worker;
    struct transport *transport;
    pthread_t thread;
    int done_fd;
};

static int set_up(struct engine *engine, struct error *error)
{
    engine->done_fd = eventfd(0, EFD_CLOEXEC);
    if (engine->done_fd < 0)
        return error_set(error, "no descriptor left: %s", strerror(errno));
    resolver_lookup(&engine->plan->target, &engine->addresses);
    engine->worker = worker_new(engine->plan, &engine->stop, error);
    if (!engine->worker)
        return -1;
    engine->transport = lws_transport_new(engine->plan, &engine->addresses, &worker_events,
                                          engine->worker, error);
    return engine->transport ? 0 : -1;
}

struct engine *engine_new(const struct plan *plan, struct error *error)
{
    struct engine *engine = calloc(1, sizeof(*engine));
    if (!engine) {
        error_set(error, "out of memory");
        return NULL;
    }
    engine->plan = plan;
    atomic_init(&engine->stop, STOP_NONE);
    /* A peer that goes away must be an error of the write, not the end of the process. */
    signal(SIGPIPE, SIG_IGN);
    if (set_up(engine, error)) {
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
    struct engine *engine = argument;
    uint64_t one = 1;
    worker_run(engine->worker, engine->transport);
    /* Cannot fail: the counter is far from full. */
    if (write(engine->done_fd, &one, sizeof(one)) != sizeof(one))
        abort();
    return NULL;
}

int engine_start(struct engine *engine, struct error *error)
{
    int status = pthread_create(&engine->thread, NULL, run_worker, engine);
    return status ? error_set(error, "no thread could be started: %s", strerror(status)) : 0;
}

int engine_done_fd(const struct engine *engine)
{
    return engine->done_fd;
}

void engine_stop(struct engine *engine, enum stop_request how)
{
    atomic_store_explicit(&engine->stop, how, memory_order_relaxed);
    engine->transport->ops->interrupt(engine->transport);
}

struct snapshot engine_peek(struct engine *engine)
{
    return worker_peek(engine->worker);
}

void engine_finish(struct engine *engine, struct results *results)
{
    pthread_join(engine->thread, NULL);
    recorder_init(&results->recorded);
    recorder_merge(&results->recorded, worker_recorder(engine->worker));
    results->total_time_ns = worker_total_time_ns(engine->worker);
    results->open_time_ns = worker_open_time_ns(engine->worker);
}

void engine_free(struct engine *engine)
{
    if (!engine)
        return;
    if (engine->transport)
        engine->transport->ops->free(engine->transport);
    worker_free(engine->worker);
    if (engine->done_fd >= 0)
        close(engine->done_fd);
    free(engine);
}
