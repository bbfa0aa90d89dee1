#include "delays.h"

#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "wsload/base/clock.h"

static void set_timer(struct delays *delays, uint64_t when_ns)
{
    struct itimerspec ring = {0};
    if (when_ns != CLOCK_NEVER) {
        ring.it_value.tv_sec = (time_t)(when_ns / NS_PER_S);
        ring.it_value.tv_nsec = (long)(when_ns % NS_PER_S);
    }
    /* Setting the timer also takes back the readiness of its last ring, so nothing reads it. */
    timerfd_settime(delays->timer_fd, TFD_TIMER_ABSTIME, &ring, NULL);
    delays->armed_ns = when_ns;
}

static void on_timer(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    struct delays *delays = watcher->data;
    (void)loop;
    (void)events;
    struct deadline *deadline;
    while ((deadline = deadlines_pop(&delays->deadlines, clock_monotonic_ns()))) {
        struct delay *delay = (struct delay *)deadline;
        delay->expired(delay);
    }
    set_timer(delays, deadlines_next_ns(&delays->deadlines));
}

int delays_init(struct delays *delays, struct ev_loop *loop, struct error *error)
{
    int timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (timer_fd < 0)
        return error_set(error, "cannot make a timer: %s", strerror(errno));
    *delays = (struct delays){.loop = loop, .timer_fd = timer_fd, .armed_ns = CLOCK_NEVER};
    deadlines_init(&delays->deadlines);
    ev_io_init(&delays->watcher, on_timer, timer_fd, EV_READ);
    delays->watcher.data = delays;
    /* What is due goes out before new messages come in. */
    ev_set_priority(&delays->watcher, EV_MAXPRI);
    ev_io_start(loop, &delays->watcher);
    return 0;
}

void delays_free(struct delays *delays)
{
    if (!delays->loop)
        return;
    ev_io_stop(delays->loop, &delays->watcher);
    close(delays->timer_fd);
    deadlines_free(&delays->deadlines);
    delays->loop = NULL;
}

int delays_add(struct delays *delays, struct delay *delay, uint64_t due_ns)
{
    if (deadlines_arm(&delays->deadlines, &delay->deadline, due_ns))
        return -1;
    if (due_ns < delays->armed_ns)
        set_timer(delays, due_ns);
    return 0;
}

void delays_remove(struct delays *delays, struct delay *delay)
{
    deadlines_disarm(&delays->deadlines, &delay->deadline);
}
