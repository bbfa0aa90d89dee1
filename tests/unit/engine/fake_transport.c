#include "fake_transport.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/base/clock.h"

static struct fake_transport *self(struct transport *transport)
{
    return (struct fake_transport *)transport;
}

/* --- What the server will do --- */

/* While it is silent it does nothing; events stay in order, since all have the same delay. */
static void server_will(struct fake_transport *fake, uint32_t id, enum fake_deed what)
{
    uint64_t time_ns = fake->now_ns + fake->delay_ns;
    uint64_t place = (fake->first_event + fake->event_count) % FAKE_EVENTS;
    if (time_ns >= fake->silent_from_ns && time_ns < fake->silent_until_ns)
        time_ns = fake->silent_until_ns;
    if (fake->event_count == FAKE_EVENTS)
        return; /* of tests that have no server */
    fake->event_count++;
    fake->queue[place] = (struct fake_event){time_ns, id, fake->connections[id].lost, what};
}

static uint64_t next_event_ns(const struct fake_transport *fake)
{
    return fake->event_count ? fake->queue[fake->first_event].time_ns : CLOCK_NEVER;
}

static void server_does(struct fake_transport *fake)
{
    struct fake_event event = fake->queue[fake->first_event];
    fake->first_event = (fake->first_event + 1) % FAKE_EVENTS;
    fake->event_count--;
    if (event.lost != fake->connections[event.id].lost)
        return;
    switch (event.what) {
    case FAKE_OPENS:
        fake_opened(fake, event.id);
        break;
    case FAKE_REPLIES:
        fake->wait_ns = fake->now_ns - event.time_ns;
        fake_reply(fake, event.id, "ok");
        break;
    case FAKE_CLOSES:
        fake_closed(fake, event.id, FAILURE_CLOSED, "1000");
        break;
    }
}

/* --- Operations --- */

static uint64_t fake_now_ns(struct transport *transport)
{
    return self(transport)->now_ns;
}

static void fake_open(struct transport *transport, uint32_t id)
{
    struct fake_transport *fake = self(transport);
    assert(!fake->connections[id].opening && !fake->connections[id].up_ns);
    fake->connections[id].opens++;
    fake->connections[id].opening = true;
    fake->connections[id].open_ns = fake->now_ns;
    if (fake->refuse_with) {
        fake->connections[id].opening = false;
        fake->events->failed(fake->worker, id, fake->refuse_with);
    } else {
        server_will(fake, id, FAKE_OPENS);
    }
}

static void fake_send(struct transport *transport, uint32_t id, char *message, size_t length)
{
    struct fake_connection *connection = &self(transport)->connections[id];
    size_t kept = length < sizeof(connection->last_message) ? length
                                                            : sizeof(connection->last_message) - 1;
    memcpy(connection->last_message, message, kept);
    connection->last_message[kept] = '\0';
    connection->sends++;
    connection->holds = true;
    self(transport)->sends++;
    self(transport)->now_ns += self(transport)->send_ns;
    self(transport)->sent_bytes += length;
    (void)buffer_printf(&self(transport)->log, "%u %.*s\n", (unsigned)id, (int)length, message);
    memset(message - TRANSPORT_HEADROOM, 0xa5, TRANSPORT_HEADROOM + length); /* as masking does */
    server_will(self(transport), id, FAKE_REPLIES);
}

static uint32_t fake_reads(struct transport *transport, uint32_t id)
{
    return self(transport)->connections[id].reads;
}

static bool fake_unreported(struct transport *transport, uint32_t id)
{
    return self(transport)->connections[id].unreported;
}

static void fake_read(struct transport *transport, uint32_t id)
{
    const char *arrived = self(transport)->connections[id].arrived;
    self(transport)->connections[id].arrived = NULL;
    if (arrived)
        fake_reply(self(transport), id, arrived);
}

static bool fake_congested(struct transport *transport, uint32_t id)
{
    const struct fake_connection *connection = &self(transport)->connections[id];
    return connection->stalled && connection->holds;
}

static void fake_close(struct transport *transport, uint32_t id)
{
    self(transport)->connections[id].closes++;
    server_will(self(transport), id, FAKE_CLOSES);
}

static void lose(struct fake_transport *fake, uint32_t id)
{
    struct fake_connection *connection = &fake->connections[id];
    connection->lost++;
    if (connection->up_ns) {
        fake->connected_ns += fake->now_ns - connection->up_ns;
        fake->events->network(fake->worker, &fake->network);
    }
    connection->up_ns = 0;
    connection->opening = false;
}

static void fake_drop(struct transport *transport, uint32_t id)
{
    self(transport)->connections[id].drops++;
    lose(self(transport), id);
}

static void fake_wake_at(struct transport *transport, uint64_t time_ns)
{
    self(transport)->wake_ns = time_ns;
}

static void fake_run(struct transport *transport)
{
    struct fake_transport *fake = self(transport);
    if (!fake->stopped)
        fake->script(fake);
}

static void fake_stop(struct transport *transport)
{
    self(transport)->stopped = true;
}

static void fake_interrupt(struct transport *transport)
{
    self(transport)->interrupted = true;
}

static const struct transport_ops operations = {
    .now_ns = fake_now_ns,
    .open = fake_open,
    .send = fake_send,
    .congested = fake_congested,
    .reads = fake_reads,
    .unreported = fake_unreported,
    .read = fake_read,
    .close = fake_close,
    .drop = fake_drop,
    .wake_at = fake_wake_at,
    .run = fake_run,
    .stop = fake_stop,
    .interrupt = fake_interrupt,
};

void fake_init(struct fake_transport *fake, uint32_t connections, void *worker,
               const struct transport_events *events)
{
    *fake = (struct fake_transport){
        .base = {&operations},
        .worker = worker,
        .events = events,
        .now_ns = FAKE_START_NS,
        .wake_ns = CLOCK_NEVER,
        .network = {.rtt_ns = 20 * NS_PER_MS, .min_rtt_ns = 19 * NS_PER_MS},
        .connection_count = connections,
        .connections = calloc(connections, sizeof(*fake->connections)),
        .queue = calloc(FAKE_EVENTS, sizeof(*fake->queue)),
    };
}

void fake_free(struct fake_transport *fake)
{
    free(fake->connections);
    free(fake->queue);
    buffer_free(&fake->log);
}

/* --- Time --- */

static uint64_t next_wake_ns(const struct fake_transport *fake)
{
    if (fake->stopped)
        return CLOCK_NEVER;
    return fake->interrupted ? fake->now_ns : fake->wake_ns;
}

static void wake(struct fake_transport *fake)
{
    fake->interrupted = false;
    fake->wake_ns = CLOCK_NEVER;
    fake->wakes++;
    fake->events->woken(fake->worker);
}

static void set_clocks(struct fake_transport *fakes, unsigned count, uint64_t now_ns)
{
    for (unsigned i = 0; i < count; i++)
        fakes[i].now_ns = now_ns;
}

/* The next thing that happens until END_NS, the server's events before the worker's own. */
static bool step(struct fake_transport *fakes, unsigned count, uint64_t end_ns, bool serve)
{
    struct fake_transport *next = NULL;
    uint64_t next_ns = end_ns;
    bool by_server = false;
    for (unsigned i = 0; i < count; i++) {
        uint64_t event_ns = serve && !fakes[i].stopped ? next_event_ns(&fakes[i]) : CLOCK_NEVER;
        uint64_t wake_ns = next_wake_ns(&fakes[i]);
        uint64_t first_ns = event_ns <= wake_ns ? event_ns : wake_ns;
        if (first_ns > next_ns || (next && first_ns == next_ns))
            continue;
        next = &fakes[i];
        next_ns = first_ns;
        by_server = event_ns <= wake_ns;
    }
    if (!next)
        return false;
    if (next_ns > next->now_ns)
        set_clocks(fakes, count, next_ns);
    if (by_server)
        server_does(next);
    else
        wake(next);
    return true;
}

void fake_advance_all(struct fake_transport *fakes, unsigned count, uint64_t ns)
{
    uint64_t end_ns = fakes->now_ns + ns;
    while (step(fakes, count, end_ns, false))
        continue;
    set_clocks(fakes, count, end_ns);
}

void fake_serve_all(struct fake_transport *fakes, unsigned count, uint64_t ns)
{
    uint64_t end_ns = fakes->now_ns + ns;
    while (step(fakes, count, end_ns, true))
        continue;
    set_clocks(fakes, count, end_ns);
}

void fake_advance(struct fake_transport *fake, uint64_t ns)
{
    fake_advance_all(fake, 1, ns);
}

void fake_serve(struct fake_transport *fake, uint64_t ns)
{
    fake_serve_all(fake, 1, ns);
}

/* --- Reports --- */

void fake_stall(struct fake_transport *fake, uint32_t id, bool stalled)
{
    fake->connections[id].stalled = stalled;
    fake->connections[id].holds = false;
}

void fake_opened(struct fake_transport *fake, uint32_t id)
{
    struct connect_times times;
    for (size_t i = 0; i < CONNECT_PHASE_COUNT; i++)
        times.ns[i] = CLOCK_NEVER;
    times.ns[CONNECT_TOTAL] = fake->now_ns - fake->connections[id].open_ns;
    assert(fake->connections[id].opening);
    fake->connections[id].opening = false;
    fake->connections[id].up_ns = fake->now_ns;
    fake->events->opened(fake->worker, id, &times);
}

void fake_failed(struct fake_transport *fake, uint32_t id, enum failure_kind kind)
{
    struct failure failure = {kind, "", {0}};
    assert(fake->connections[id].opening);
    lose(fake, id);
    fake->events->failed(fake->worker, id, &failure);
}

void fake_reply(struct fake_transport *fake, uint32_t id, const char *message)
{
    fake_message(fake, id, text_of(message), false);
}

void fake_message(struct fake_transport *fake, uint32_t id, struct text message, bool binary)
{
    /* else the test breaks the contract of transports */
    assert(fake->connections[id].up_ns || fake->connections[id].opening);
    fake->replies++;
    const struct incoming incoming = {.text = message,
                                      .binary = binary,
                                      .stamped = fake->stamps,
                                      .came_ns = fake->now_ns - (fake->stamps ? fake->wait_ns : 0),
                                      .read_ns = fake->now_ns};
    fake->events->message(fake->worker, id, &incoming);
}

void fake_drained(struct fake_transport *fake, uint32_t id)
{
    fake->connections[id].unreported = false;
    fake->events->drained(fake->worker, id);
}

void fake_closed(struct fake_transport *fake, uint32_t id, enum failure_kind kind,
                 const char *detail)
{
    struct failure failure = {kind, detail, {0}};
    assert(fake->connections[id].up_ns);
    lose(fake, id);
    fake->events->closed(fake->worker, id, &failure,
                         fake->now_ns - (fake->stamps ? fake->wait_ns : 0));
}
