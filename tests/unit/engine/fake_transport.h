/* A transport without sockets, on a clock that stands still until it is told to move.
 *
 * The test is the network: run() calls its script, which reports events and moves the clock. Or the
 * script leaves that to a server (fake_serve), which opens, answers and closes after a delay. */
#ifndef WSLOAD_TESTS_FAKE_TRANSPORT_H
#define WSLOAD_TESTS_FAKE_TRANSPORT_H

#include "transport.h"
#include "wsload/base/text.h"

#define FAKE_EVENTS   65536 /* of the server under way, a power of two */
#define FAKE_LOG_SIZE (1u << 20)
#define FAKE_START_NS UINT64_C(1000000000000)

struct fake_connection {
    uint32_t reads;   /* what reads() says: 0, unless a script has set it */
    uint64_t open_ns; /* when open() was called last */
    bool opening;     /* that is not answered yet */
    uint64_t up_ns;   /* when it opened; 0: it is not open */
    unsigned opens;   /* how often open() was called */
    unsigned sends;
    unsigned closes;
    unsigned drops;
    unsigned lost;       /* times that its socket went away: what the server has for it is void */
    bool stalled;        /* see fake_stall() */
    bool holds;          /* something was sent since */
    bool unreported;     /* what unreported() says */
    const char *arrived; /* what read() reports, once; NULL: nothing has come */
    char last_message[128];
};

enum fake_deed { FAKE_OPENS, FAKE_REPLIES, FAKE_CLOSES };

/* What the server will do. */
struct fake_event {
    uint64_t time_ns;
    uint32_t id;
    unsigned lost; /* void if the connection's number is another one by then */
    enum fake_deed what;
};

struct fake_transport {
    struct transport base;
    void *worker;
    const struct transport_events *events;
    void (*script)(struct fake_transport *fake);
    const struct failure *refuse_with; /* open() reports this at once, when it is set */
    uint64_t now_ns;
    uint64_t wake_ns;
    bool interrupted;
    bool stopped;
    uint64_t wakes; /* how often the worker was woken */
    uint64_t sends;
    uint64_t sent_bytes;
    uint64_t replies;            /* messages that it reported */
    struct network_seen network; /* of every connection that ends */
    uint64_t connected_ns; /* how long connections were open until the worker was done, added up */
    struct buffer log;     /* what was sent, a line each: "0 1 one"; only if it has room */
    uint32_t connection_count;
    struct fake_connection *connections;

    bool stamps;      /* the kernel tells when messages came */
    uint64_t wait_ns; /* so long before they are reported; the server's own sets it itself */

    uint64_t send_ns;  /* that sending a message takes */
    uint64_t delay_ns; /* of the server's events; each is in order of their causes */
    uint64_t silent_from_ns;
    uint64_t silent_until_ns; /* it does nothing in that time, and then all at once */
    struct fake_event *queue; /* a ring of FAKE_EVENTS */
    uint64_t first_event;
    uint64_t event_count;
};

void fake_init(struct fake_transport *fake, uint32_t connections, void *worker,
               const struct transport_events *events);
void fake_free(struct fake_transport *fake);

/* Moves the clock by NS, waking the worker whenever it asked for that on the way. */
void fake_advance(struct fake_transport *fake, uint64_t ns);

/* The same for COUNT transports, whose clocks are one. */
void fake_advance_all(struct fake_transport *fakes, unsigned count, uint64_t ns);

/* The same, and the server does what it has to on the way. */
void fake_serve(struct fake_transport *fake, uint64_t ns);
void fake_serve_all(struct fake_transport *fakes, unsigned count, uint64_t ns);

/* From now on the peer of ID takes nothing that is sent, or does again. */
void fake_stall(struct fake_transport *fake, uint32_t id, bool stalled);

void fake_opened(struct fake_transport *fake, uint32_t id);
void fake_failed(struct fake_transport *fake, uint32_t id, enum failure_kind kind);
void fake_reply(struct fake_transport *fake, uint32_t id, const char *message);
void fake_message(struct fake_transport *fake, uint32_t id, struct text message, bool binary);
void fake_drained(struct fake_transport *fake, uint32_t id);
void fake_closed(struct fake_transport *fake, uint32_t id, enum failure_kind kind,
                 const char *detail);

#endif
