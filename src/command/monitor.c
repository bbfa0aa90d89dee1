#include "monitor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "wsload/base/clock.h"

static sigset_t watched_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    return signals;
}

void monitor_block_signals(void)
{
    sigset_t signals = watched_signals();
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

void monitor_unblock_signals(void)
{
    sigset_t signals = watched_signals();
    pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
}

static void show(struct buffer *line)
{
    if (line->length > 0)
        fwrite(line->data, 1, line->length, stderr);
    fflush(stderr);
    buffer_clear(line);
}

static uint64_t interval_ns(const struct progress *progress)
{
    switch (progress->mode) {
    case PROGRESS_BAR:
        return PROGRESS_BAR_EVERY_NS;
    case PROGRESS_PLAIN:
        return PROGRESS_PLAIN_EVERY_NS;
    case PROGRESS_NONE:
        break;
    }
    return CLOCK_NEVER;
}

/* Until TIME_NS, rounded up so that poll() does not return early and spin; -1 for ever. */
static int milliseconds_until(uint64_t time_ns)
{
    uint64_t now = clock_monotonic_ns();
    if (time_ns == CLOCK_NEVER)
        return -1;
    return time_ns <= now ? 0 : (int)((time_ns - now + NS_PER_MS - 1) / NS_PER_MS);
}

static void obey_signal(struct engine *engine, int signals_fd, int *signal_number)
{
    struct signalfd_siginfo info;
    if (read(signals_fd, &info, sizeof(info)) != sizeof(info))
        return;
    engine_stop(engine, *signal_number ? STOP_NOW : STOP_POLITELY);
    if (!*signal_number)
        *signal_number = (int)info.ssi_signo;
}

static void watch(struct engine *engine, struct progress *progress, int signals_fd,
                  int *signal_number)
{
    struct buffer line;
    uint64_t every = interval_ns(progress);
    uint64_t next = every == CLOCK_NEVER ? CLOCK_NEVER : clock_monotonic_ns() + every;
    struct pollfd ready[] = {{.fd = engine_done_fd(engine), .events = POLLIN},
                             {.fd = signals_fd, .events = POLLIN}};
    buffer_init(&line, 4096);
    for (;;) {
        (void)poll(ready, 2, milliseconds_until(next)); /* interrupted or timed out: look again */
        if (ready[0].revents)
            break;
        if (ready[1].revents)
            obey_signal(engine, signals_fd, signal_number);
        if (clock_monotonic_ns() < next)
            continue;
        next += every;
        struct snapshot now = engine_peek(engine);
        progress_draw(progress, &now, &line);
        show(&line);
    }
    progress_clear(progress, &line);
    show(&line);
    buffer_free(&line);
}

int monitor_run(struct engine *engine, struct progress *progress, int *signal_number,
                struct error *error)
{
    sigset_t signals = watched_signals();
    int signals_fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    *signal_number = 0;
    if (signals_fd < 0)
        return error_set(error, "signals cannot be watched: %s", strerror(errno));
    watch(engine, progress, signals_fd, signal_number);
    close(signals_fd);
    return 0;
}
