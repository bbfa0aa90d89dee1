#include "loop.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include "wsload/base/clock.h"

/* The timer is not read: woken() sets it again, and that takes back that it has run out. */
static void on_timer(struct ev_loop *ev, ev_io *watcher, int events)
{
    struct loop *loop = watcher->data;
    (void)ev;
    (void)events;
    loop->woken(loop->user);
}

static void on_interrupt(struct ev_loop *ev, ev_async *watcher, int events)
{
    struct loop *loop = watcher->data;
    (void)ev;
    (void)events;
    loop->woken(loop->user);
}

int loop_init(struct loop *loop, const struct transport_ops *ops, void (*woken)(void *user),
              void *user)
{
    *loop = (struct loop){.base = {ops}, .woken = woken, .user = user};
    loop->ev = ev_loop_new(EVBACKEND_EPOLL);
    loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (!loop->ev || loop->timer_fd < 0)
        return -1;
    ev_io_init(&loop->timer, on_timer, loop->timer_fd, EV_READ);
    ev_async_init(&loop->interrupt, on_interrupt);
    loop->timer.data = loop->interrupt.data = loop;
    ev_io_start(loop->ev, &loop->timer);
    ev_async_start(loop->ev, &loop->interrupt);
    return 0;
}

void loop_free(struct loop *loop)
{
    if (loop->ev)
        ev_loop_destroy(loop->ev);
    if (loop->timer_fd >= 0)
        close(loop->timer_fd);
}

/* --- Operations --- */

static struct loop *self(struct transport *transport)
{
    return (struct loop *)transport;
}

uint64_t loop_now_ns(struct transport *transport)
{
    (void)transport;
    return clock_monotonic_ns();
}

void loop_wake_at(struct transport *transport, uint64_t time_ns)
{
    struct itimerspec setting = {0};
    if (time_ns != CLOCK_NEVER) {
        setting.it_value.tv_sec = (time_t)(time_ns / NS_PER_S);
        setting.it_value.tv_nsec = (long)(time_ns % NS_PER_S);
    }
    timerfd_settime(self(transport)->timer_fd, TFD_TIMER_ABSTIME, &setting, NULL);
}

void loop_run(struct transport *transport)
{
    if (!self(transport)->stopped)
        ev_run(self(transport)->ev, 0);
}

void loop_stop(struct transport *transport)
{
    self(transport)->stopped = true;
    ev_break(self(transport)->ev, EVBREAK_ALL);
}

void loop_interrupt(struct transport *transport)
{
    ev_async_send(self(transport)->ev, &self(transport)->interrupt);
}
