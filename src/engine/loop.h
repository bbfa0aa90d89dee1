/* The half of a transport that waits: libev, a timer to the nanosecond, and a way to be woken from
 * other threads. Its functions on a struct transport are operations of that; see transport.h.
 *
 * It knows no connections: who has sockets watches them on loop->ev. */
#ifndef WSLOAD_ENGINE_LOOP_H
#define WSLOAD_ENGINE_LOOP_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "transport.h"

struct loop {
    struct transport base; /* first: the struct transport * of the operations is one of these */
    struct ev_loop *ev;
    int timer_fd;
    ev_io timer;
    ev_async interrupt;
    void (*woken)(void *user);
    void *user;
    bool stopped;
};

/* WOKEN is called with USER when the time of loop_wake_at() has come, or loop_interrupt() was
 * called. 0, or -1 when no descriptor is left. Either way LOOP needs loop_free(). */
int loop_init(struct loop *loop, const struct transport_ops *ops, void (*woken)(void *user),
              void *user);

void loop_free(struct loop *loop);

uint64_t loop_now_ns(struct transport *transport);
void loop_wake_at(struct transport *transport, uint64_t time_ns);
void loop_run(struct transport *transport);
void loop_stop(struct transport *transport);
void loop_interrupt(struct transport *transport);

#endif
