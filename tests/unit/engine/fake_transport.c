#include "fake_transport.h"

#include <stdlib.h>
#include <string.h>

#include "wsload/base/clock.h"

static struct fake_transport *self(struct transport *transport)
{
    return (struct fake_transport *)transport;
}

static uint64_t fake_now_ns(struct transport *transport)
{
    return self(transport)->now_ns;
}

static void fake_open(struct transport *transport, uint32_t id)
{
    struct fake_transport *fake = self(transport);
    fake->connections[id].opens++;
    if (fake->refuse_with)
        fake->events->failed(fake->worker, id, fake->refuse_with);
}

static void fake_send(struct transport *transport, uint32_t id, char *message, size_t length)
{
    struct fake_connection *connection = &self(transport)->connections[id];
    size_t kept = length < sizeof(connection->last_message) ? length
                                                            : sizeof(connection->last_message) - 1;
    memcpy(connection->last_message, message, kept);
    connection->last_message[kept] = '\0';
    connection->sends++;
    self(transport)->sends++;
    memset(message - TRANSPORT_HEADROOM, 0xa5, TRANSPORT_HEADROOM + length); /* as masking does */
}

static void fake_close(struct transport *transport, uint32_t id)
{
    self(transport)->connections[id].closes++;
}

static void fake_drop(struct transport *transport, uint32_t id)
{
    self(transport)->connections[id].drops++;
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

static const struct transport_ops operations = {
    .now_ns = fake_now_ns,
    .open = fake_open,
    .send = fake_send,
    .close = fake_close,
    .drop = fake_drop,
    .wake_at = fake_wake_at,
    .run = fake_run,
    .stop = fake_stop,
};

void fake_init(struct fake_transport *fake, void *worker, const struct transport_events *events)
{
    *fake = (struct fake_transport){
        .base = {&operations},
        .worker = worker,
        .events = events,
        .now_ns = FAKE_START_NS,
        .wake_ns = CLOCK_NEVER,
        .connections = calloc(FAKE_CONNECTIONS, sizeof(*fake->connections)),
    };
}

void fake_free(struct fake_transport *fake)
{
    free(fake->connections);
}

void fake_advance(struct fake_transport *fake, uint64_t ns)
{
    uint64_t end_ns = fake->now_ns + ns;
    while (fake->wake_ns <= end_ns && !fake->stopped) {
        if (fake->wake_ns > fake->now_ns)
            fake->now_ns = fake->wake_ns;
        fake->wake_ns = CLOCK_NEVER;
        fake->events->woken(fake->worker);
    }
    fake->now_ns = end_ns;
}

void fake_opened(struct fake_transport *fake, uint32_t id)
{
    fake->events->opened(fake->worker, id);
}

void fake_failed(struct fake_transport *fake, uint32_t id, enum failure_kind kind)
{
    struct failure failure = {kind, "", {0}};
    fake->events->failed(fake->worker, id, &failure);
}

void fake_reply(struct fake_transport *fake, uint32_t id, const char *message)
{
    fake->events->message(fake->worker, id, text_of(message), false);
}

void fake_closed(struct fake_transport *fake, uint32_t id, enum failure_kind kind,
                 const char *detail)
{
    struct failure failure = {kind, detail, {0}};
    fake->events->closed(fake->worker, id, &failure);
}
