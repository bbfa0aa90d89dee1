#include "monitor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "terminal.h"
#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"

#define LINE_MAX_BYTES 16384

/* How often the thresholds with abort are looked at. */
#define JUDGE_EVERY_NS (250 * NS_PER_MS)

/* SIGHUP comes when the terminal goes, and is ignored where 'nohup' says so: a blocked signal would
 * come all the same. */
static sigset_t watched_signals(void)
{
    struct sigaction hangup = {.sa_handler = SIG_DFL};
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaction(SIGHUP, NULL, &hangup);
    if (hangup.sa_handler != SIG_IGN)
        sigaddset(&signals, SIGHUP);
    return signals;
}

void monitor_block_signals(bool blocked)
{
    sigset_t signals = watched_signals();
    pthread_sigmask(blocked ? SIG_BLOCK : SIG_UNBLOCK, &signals, NULL);
}

/* Something to be done again and again. */
struct turn {
    uint64_t every_ns; /* CLOCK_NEVER: not at all */
    uint64_t next_ns;
};

static struct turn turn_every(uint64_t every_ns)
{
    uint64_t now_ns = every_ns == CLOCK_NEVER ? 0 : clock_monotonic_ns();
    return (struct turn){every_ns, now_ns + every_ns};
}

static bool turn_is_due(struct turn *turn, uint64_t now_ns)
{
    if (now_ns < turn->next_ns)
        return false;
    turn->next_ns += turn->every_ns;
    if (turn->next_ns <= now_ns) /* after a stop of the process there is nothing to catch up with */
        turn->next_ns = now_ns + turn->every_ns;
    return true;
}

static const uint64_t draw_every_ns[] = {
    [PROGRESS_NONE] = CLOCK_NEVER,
    [PROGRESS_PLAIN] = PROGRESS_PLAIN_EVERY_NS,
    [PROGRESS_BAR] = PROGRESS_BAR_EVERY_NS,
};

/* Until TIME_NS, rounded up so that poll() does not return early and spin; -1 for ever. */
static int milliseconds_until(uint64_t time_ns)
{
    uint64_t now = clock_monotonic_ns();
    if (time_ns == CLOCK_NEVER)
        return -1;
    return time_ns <= now ? 0 : (int)((time_ns - now + NS_PER_MS - 1) / NS_PER_MS);
}

static void obey_signal(struct monitor *monitor, int signals_fd)
{
    struct signalfd_siginfo info;
    if (read(signals_fd, &info, sizeof(info)) != sizeof(info))
        return;
    engine_stop(monitor->engine, monitor->signal_number ? STOP_NOW : STOP_POLITELY);
    if (!monitor->signal_number)
        monitor->signal_number = (int)info.ssi_signo;
}

/* Ends the run when the rest of it cannot save a threshold any more. */
static void judge_early(struct monitor *monitor, const struct snapshot *now)
{
    uint64_t to_come = UINT64_MAX;
    if (monitor->aborted_by)
        return;
    if (monitor->requests != UINT64_MAX)
        to_come = monitor->requests > now->done ? monitor->requests - now->done : 0;
    monitor->aborted_by = thresholds_sure_to_fail(monitor->thresholds, now->evidence, to_come);
    if (monitor->aborted_by)
        engine_stop(monitor->engine, STOP_POLITELY);
}

/* What is due by now. */
static void take_turns(struct monitor *monitor, struct turn *draw, struct turn *judge,
                       struct buffer *line)
{
    uint64_t now_ns = clock_monotonic_ns();
    bool to_draw = turn_is_due(draw, now_ns);
    bool to_judge = turn_is_due(judge, now_ns);
    if (!to_draw && !to_judge)
        return;
    struct snapshot now = engine_peek(monitor->engine);
    if (to_judge)
        judge_early(monitor, &now);
    if (to_draw) {
        const struct progress_view view = {terminal_columns(STDERR_FILENO), time(NULL)};
        progress_draw(&monitor->progress, &now, &view, line);
        terminal_tell(line);
    }
}

static void watch(struct monitor *monitor, int signals_fd)
{
    struct buffer line;
    struct turn draw = turn_every(draw_every_ns[monitor->progress.mode]);
    struct turn judge = turn_every(thresholds_may_abort(monitor->thresholds) ? JUDGE_EVERY_NS
                                                                             : CLOCK_NEVER);
    struct pollfd ready[] = {{.fd = engine_done_fd(monitor->engine), .events = POLLIN},
                             {.fd = signals_fd, .events = POLLIN}};
    buffer_init(&line, LINE_MAX_BYTES);
    for (;;) {
        int wait_ms = milliseconds_until(u64_min(draw.next_ns, judge.next_ns));
        (void)poll(ready, ARRAY_LENGTH(ready), wait_ms); /* interrupted: look again */
        if (ready[0].revents)
            break;
        if (ready[1].revents)
            obey_signal(monitor, signals_fd);
        take_turns(monitor, &draw, &judge, &line);
    }
    progress_clear(&monitor->progress, &line);
    terminal_tell(&line);
    buffer_free(&line);
}

void monitor_announce(const struct monitor *monitor, const struct load *load)
{
    struct buffer line;
    buffer_init(&line, LINE_MAX_BYTES);
    progress_begin(&monitor->progress, load, time(NULL), &line);
    terminal_tell(&line);
    buffer_free(&line);
}

int monitor_run(struct monitor *monitor, struct error *error)
{
    sigset_t signals = watched_signals();
    int signals_fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    monitor->signal_number = 0;
    monitor->aborted_by = NULL;
    if (signals_fd < 0)
        return error_set(error, "signals cannot be watched: %s", strerror(errno));
    watch(monitor, signals_fd);
    close(signals_fd);
    return 0;
}
