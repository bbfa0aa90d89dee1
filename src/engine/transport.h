/* What the engine needs of a WebSocket library, and nothing of any one library.
 *
 * A transport belongs to one worker and runs on its thread, apart from interrupt(). Connections are
 * numbers from 0. The transport reports through struct transport_events; each open() is answered by
 * exactly one failed(), or by one opened() and later one closed() - unless drop() came between,
 * after which the number is free again and silent. What the peer sends right after its answer to
 * the handshake may be reported before opened(). Reports may come from inside open(). However a
 * connection ends that was opened(), network() comes once before, if the system can tell: drop()
 * and free() report nothing else. Views handed to a report are valid until it returns. */
#ifndef WSLOAD_ENGINE_TRANSPORT_H
#define WSLOAD_ENGINE_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/base/text.h"
#include "wsload/protocol/failure.h"
#include "wsload/stats/recorder.h"

/* Bytes that a processor core moves at once; what belongs together is kept in one such line. */
#define CACHE_LINE 64

/* Bytes before a message that send() may write to. */
#define TRANSPORT_HEADROOM 32

/* Longest message taken from a peer, in bytes; a longer one is a protocol failure. */
#define TRANSPORT_MESSAGE_MAX (16u * 1024u * 1024u)

/* A message of a peer, and when it came. */
struct incoming {
    struct text text;
    bool binary;
    bool stamped;     /* came_ns is the kernel's */
    uint64_t came_ns; /* when the kernel had the last segment that was read for it: never too early;
                         without that knowledge read_ns */
    uint64_t read_ns; /* when it was read from the socket */
};

struct transport_events {
    void (*opened)(void *worker, uint32_t id, const struct connect_times *times);
    void (*failed)(void *worker, uint32_t id, const struct failure *failure);
    void (*message)(void *worker, uint32_t id, const struct incoming *incoming);
    void (*drained)(void *worker, uint32_t id); /* see unreported() */
    /* What ended it came at CAME_NS; without the kernel's time, now. */
    void (*closed)(void *worker, uint32_t id, const struct failure *failure, uint64_t came_ns);
    void (*network)(void *worker, const struct network_seen *network);
    void (*woken)(void *worker); /* the time of wake_at() has come, or interrupt() was called; it
                                    calls wake_at() again before it returns */
};

struct transport;

struct transport_ops {
    /* Now, on the clock that all times of this worker are on. */
    uint64_t (*now_ns)(struct transport *transport);
    /* Opens connection ID. */
    void (*open)(struct transport *transport, uint32_t id);
    /* Sends one text message on the open connection ID. MESSAGE has TRANSPORT_HEADROOM bytes in
     * front of it, and holds noise afterwards: masking is done in place. */
    void (*send)(struct transport *transport, uint32_t id, char *message, size_t length);
    /* Whether the socket of ID has not taken yet all that was sent. */
    bool (*congested)(struct transport *transport, uint32_t id);
    /* How often the socket of ID was read. A message that is reported in the same read in which
     * another was sent had come before. Going round; 0 when nobody can tell. */
    uint32_t (*reads)(struct transport *transport, uint32_t id);
    /* Within the report of a message: whether more was read from the socket of ID than has been
     * reported, a close frame perhaps. If so, drained() follows when all of it is, unless the
     * connection has ended by then. */
    bool (*unreported)(struct transport *transport, uint32_t id);
    /* Outside of reports: reads what has come to the socket of ID by now, and reports it. */
    void (*read)(struct transport *transport, uint32_t id);
    /* Sends a close frame with 1000; closed() follows when the peer answers or goes away. */
    void (*close)(struct transport *transport, uint32_t id);
    /* Drops the socket of ID, whatever its state. Not to be called inside a report about ID. */
    void (*drop)(struct transport *transport, uint32_t id);
    /* Calls woken() at TIME_NS or soon after; replaces the time set before. CLOCK_NEVER: never. */
    void (*wake_at)(struct transport *transport, uint64_t time_ns);
    /* Reports events until stop(). */
    void (*run)(struct transport *transport);
    /* Makes run() return once the report under way is done. */
    void (*stop)(struct transport *transport);
    /* From any thread: calls woken() on the worker's. */
    void (*interrupt)(struct transport *transport);
    /* Drops what is open and releases everything. */
    void (*free)(struct transport *transport);
};

struct transport {
    const struct transport_ops *ops;
};

#endif
