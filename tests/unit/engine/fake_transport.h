/* A transport without sockets, on a clock that stands still until it is told to move.
 *
 * The test is the network: run() calls its script, which reports events and moves the clock. */
#ifndef WSLOAD_TESTS_FAKE_TRANSPORT_H
#define WSLOAD_TESTS_FAKE_TRANSPORT_H

#include "wsload/engine/transport.h"

#define FAKE_CONNECTIONS 20000
#define FAKE_START_NS    UINT64_C(1000000000000)

struct fake_connection {
    unsigned opens; /* how often open() was called */
    unsigned sends;
    unsigned closes;
    unsigned drops;
    char last_message[128];
};

struct fake_transport {
    struct transport base;
    void *worker;
    const struct transport_events *events;
    void (*script)(struct fake_transport *fake);
    const struct failure *refuse_with; /* open() reports this at once, when it is set */
    uint64_t now_ns;
    uint64_t wake_ns;
    bool stopped;
    uint64_t sends;
    struct fake_connection *connections; /* FAKE_CONNECTIONS of them */
};

void fake_init(struct fake_transport *fake, void *worker, const struct transport_events *events);
void fake_free(struct fake_transport *fake);

/* Moves the clock by NS, waking the worker whenever it asked for that on the way. */
void fake_advance(struct fake_transport *fake, uint64_t ns);

void fake_opened(struct fake_transport *fake, uint32_t id);
void fake_failed(struct fake_transport *fake, uint32_t id, enum failure_kind kind);
void fake_reply(struct fake_transport *fake, uint32_t id, const char *message);
void fake_closed(struct fake_transport *fake, uint32_t id, enum failure_kind kind,
                 const char *detail);

#endif
