/* The null engine: what a request costs wsload itself, with no socket and no library at all.
 *
 * One worker runs a closed loop of 64-byte messages over a transport that answers each of them out
 * of a queue. Everything of wsload's own is there: schedule, template, connection, timestamps,
 * judging the reply, recorder. Prints one line of JSON; times are in seconds.
 *
 * usage: null CONNECTIONS SECONDS */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "program.h"
#include "worker.h"
#include "wsload/base/clock.h"

#define PAYLOAD "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* What the peer that does not exist will do. A connection has at most one such event to come, since
 * it has one request in flight and is closed without any. */
enum what { OPENS, REPLIES, CLOSES };

struct event {
    uint32_t id;
    enum what what;
};

struct null_transport {
    struct transport base;
    void *worker;
    struct event *ring;
    uint32_t size;
    uint32_t first;
    uint32_t count;
    uint64_t wake_ns;
    bool stopped;
};

static struct null_transport *self(struct transport *transport)
{
    return (struct null_transport *)transport;
}

static void will(struct transport *transport, uint32_t id, enum what what)
{
    struct null_transport *null = self(transport);
    if (null->count == null->size)
        die("more than one event for a connection");
    struct event *event = &null->ring[(null->first + null->count++) % null->size];
    event->id = id;
    event->what = what;
}

static uint64_t null_now_ns(struct transport *transport)
{
    (void)transport;
    return clock_monotonic_ns();
}

static void null_open(struct transport *transport, uint32_t id)
{
    will(transport, id, OPENS);
}

static void null_send(struct transport *transport, uint32_t id, char *message, size_t length)
{
    (void)message;
    (void)length;
    will(transport, id, REPLIES);
}

static bool null_congested(struct transport *transport, uint32_t id)
{
    (void)transport;
    (void)id;
    return false;
}

static bool null_unreported(struct transport *transport, uint32_t id)
{
    (void)transport;
    (void)id;
    return false;
}

static void null_read(struct transport *transport, uint32_t id)
{
    (void)transport;
    (void)id;
}

static uint32_t null_reads(struct transport *transport, uint32_t id)
{
    (void)transport;
    (void)id;
    return 0;
}

static void null_close(struct transport *transport, uint32_t id)
{
    will(transport, id, CLOSES);
}

static void null_drop(struct transport *transport, uint32_t id)
{
    (void)transport;
    (void)id;
    die("a connection was dropped that answers everything");
}

static void null_wake_at(struct transport *transport, uint64_t time_ns)
{
    self(transport)->wake_ns = time_ns;
}

static void report(struct null_transport *null, struct event event)
{
    static const struct text reply = {PAYLOAD, sizeof(PAYLOAD) - 1};
    static const struct connect_times times;
    static const struct failure closed = {.kind = FAILURE_CLOSED, .detail = "1000"};
    if (event.what == REPLIES) {
        uint64_t now_ns = clock_monotonic_ns();
        const struct incoming incoming = {.text = reply, .came_ns = now_ns, .read_ns = now_ns};
        worker_events.message(null->worker, event.id, &incoming);
    } else if (event.what == OPENS) {
        worker_events.opened(null->worker, event.id, &times);
    } else {
        worker_events.closed(null->worker, event.id, &closed, clock_monotonic_ns());
    }
}

/* Reports what has gathered, then looks at the clock, as a loop over sockets does. */
static void null_run(struct transport *transport)
{
    struct null_transport *null = self(transport);
    while (!null->stopped) {
        for (uint32_t left = null->count; left > 0 && !null->stopped; left--) {
            struct event event = null->ring[null->first];
            null->first = (null->first + 1) % null->size;
            null->count--;
            report(null, event);
        }
        if (!null->stopped && clock_monotonic_ns() >= null->wake_ns) {
            null->wake_ns = CLOCK_NEVER;
            worker_events.woken(null->worker);
        }
    }
}

static void null_stop(struct transport *transport)
{
    self(transport)->stopped = true;
}

static void null_interrupt(struct transport *transport)
{
    self(transport)->wake_ns = 0;
}

static void wake_worker(void *transport)
{
    null_interrupt(transport);
}

static const struct transport_ops operations = {
    .now_ns = null_now_ns,
    .open = null_open,
    .send = null_send,
    .congested = null_congested,
    .reads = null_reads,
    .unreported = null_unreported,
    .read = null_read,
    .close = null_close,
    .drop = null_drop,
    .wake_at = null_wake_at,
    .run = null_run,
    .stop = null_stop,
    .interrupt = null_interrupt,
};

static double cpu_seconds(void)
{
    struct timespec time;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) != 0)
        die("clock_gettime");
    return (double)time.tv_sec + (double)time.tv_nsec / (double)NS_PER_S;
}

static void run(const struct plan *plan)
{
    struct null_transport null = {
        .base = {&operations}, .size = plan->load.connections, .wake_ns = CLOCK_NEVER};
    struct thresholds thresholds = {0};
    struct run_control control;
    struct error error;
    null.ring = calloc(null.size, sizeof(*null.ring));
    run_control_init(&control, 1, wake_worker, &null.base);
    struct worker_config config = {.plan = plan, .thresholds = &thresholds, .control = &control};
    null.worker = worker_new(&config, &error);
    if (null.ring == NULL || null.worker == NULL)
        die("worker_new");

    double before = cpu_seconds();
    worker_run(null.worker, &null.base);
    double cpu = cpu_seconds() - before;

    uint64_t ok = worker_measurement(null.worker)->counts[COUNT_OK];
    printf("{\"requests\": %" PRIu64 ", \"cpu_per_request\": %.12f}\n", ok, cpu / (double)ok);
    worker_free(null.worker);
    free(null.ring);
}

int main(int argc, char **argv)
{
    struct prompt prompt = {{PAYLOAD, sizeof(PAYLOAD) - 1}, {PAYLOAD, sizeof(PAYLOAD) - 1}, 1};
    struct prompts prompts = {.items = &prompt, .count = 1};
    struct template_scope scope = {.variables = TEMPLATE_CLIENT_VARIABLES};
    struct template message = {0};
    struct error error;
    if (argc != 3) {
        fprintf(stderr, "usage: null CONNECTIONS SECONDS\n");
        return 2;
    }
    if (template_compile(&message, text_of("{{prompt:raw}}"), &scope, &error))
        die("template_compile");
    struct plan plan = {
        .load = {.model = LOAD_CLOSED,
                 .connections = (uint32_t)number(argv[1], 1000000),
                 .in_flight = 1,
                 .duration_ns = number(argv[2], 3600) * NS_PER_S,
                 .workers = 1,
                 .shards = 1},
        .prompts = &prompts,
        .message = &message,
        .reply_timeout_ns = 30 * NS_PER_S,
        .connect_timeout_ns = 10 * NS_PER_S,
    };
    run(&plan);
    template_free(&message);
    return 0;
}
