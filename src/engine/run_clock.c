#include "run_clock.h"

#include "wsload/base/helpers.h"

void run_clock_open(struct run_clock *clock, const struct plan *plan, uint64_t length_ns,
                    uint64_t now_ns)
{
    *clock = (struct run_clock){
        .plan = plan,
        .length_ns = length_ns,
        .phase = PHASE_OPENING,
        .phase_ns = now_ns,
        .end_ns = CLOCK_NEVER,
        .backlog_until_ns = CLOCK_NEVER,
        .give_up_ns = CLOCK_NEVER,
        .listen_until_ns = CLOCK_NEVER,
        .close_until_ns = CLOCK_NEVER,
    };
}

/* --- From phase to phase --- */

static unsigned begin(struct run_clock *clock, uint64_t start_ns)
{
    const struct load *load = &clock->plan->load;
    if (start_ns > clock->phase_ns) /* the others may begin before a worker that is late */
        clock->open_time_ns = start_ns - clock->phase_ns;
    clock->start_ns = clock->phase_ns = start_ns;
    clock->measure_ns = start_ns + load->warmup_ns;
    if (load->duration_ns)
        clock->end_ns = clock->measure_ns + load->duration_ns;
    if (clock->length_ns != CLOCK_NEVER)
        clock->end_ns = u64_min(clock->end_ns, start_ns + clock->length_ns);
    clock->phase = load->warmup_ns ? PHASE_WARMUP : PHASE_RUNNING;
    return load->warmup_ns ? RUN_BEGIN : RUN_BEGIN | RUN_MEASURE;
}

static unsigned drain(struct run_clock *clock, uint64_t now_ns)
{
    clock->phase = PHASE_DRAINING;
    clock->backlog_until_ns = now_ns + clock->plan->reply_timeout_ns;
    return RUN_NOTE_END;
}

/* Sending is over, by time or because somebody asked for it. */
static unsigned end_sending(struct run_clock *clock, uint64_t now_ns)
{
    clock->end_ns = u64_min(now_ns, clock->end_ns);
    return drain(clock, now_ns) | RUN_ASK_NO_MORE;
}

/* Nothing is awaited any more, and nobody is in a hurry. When one message was taken for the reply
 * to the request before, the one that is left over may come as late as any reply. */
static unsigned listen(struct run_clock *clock, const struct run_view *view)
{
    const struct plan *plan = clock->plan;
    uint64_t longest_ns = u64_min(view->longest_ns, plan->linger_most_ns);
    clock->phase = PHASE_LISTENING;
    clock->listen_until_ns = view->now_ns + longest_ns + plan->linger_ns;
    return RUN_CANCEL_OPENINGS | RUN_FINISH;
}

static unsigned close_all(struct run_clock *clock, uint64_t now_ns)
{
    unsigned actions = run_clock_is_sending(clock) ? RUN_NOTE_END | RUN_CLOSE : RUN_CLOSE;
    if (clock->phase != PHASE_LISTENING)
        actions |= RUN_FINISH;
    if (clock->phase == PHASE_OPENING)
        clock->open_time_ns = now_ns - clock->phase_ns;
    clock->phase = PHASE_CLOSING;
    clock->phase_ns = now_ns;
    clock->close_until_ns = now_ns + RUN_CLOSE_WAIT_NS;
    return actions;
}

static unsigned stop(struct run_clock *clock)
{
    clock->stopped = true;
    return RUN_STOP;
}

/* --- What was asked for from outside --- */

static unsigned interrupt(struct run_clock *clock, uint64_t now_ns)
{
    unsigned actions = RUN_SKIP_WAITING | RUN_CANCEL_OPENINGS;
    clock->give_up_ns = now_ns + RUN_INTERRUPT_WAIT_NS;
    if (run_clock_is_sending(clock))
        actions |= end_sending(clock, now_ns);
    if (clock->phase == PHASE_OPENING)
        actions |= close_all(clock, now_ns);
    return actions;
}

static unsigned stop_now(struct run_clock *clock, uint64_t now_ns)
{
    unsigned actions = run_clock_is_sending(clock) ? end_sending(clock, now_ns) : 0;
    if (clock->phase != PHASE_CLOSING)
        actions |= close_all(clock, now_ns);
    return actions | stop(clock);
}

/* --- What follows in each phase --- */

static unsigned while_opening(struct run_clock *clock, const struct run_view *view)
{
    if (view->start_ns == CLOCK_NEVER)
        return close_all(clock, view->now_ns);
    if (view->start_ns == 0 || view->now_ns < view->start_ns)
        return 0;
    return begin(clock, view->start_ns);
}

static unsigned while_sending(struct run_clock *clock, const struct run_view *view)
{
    uint64_t now = view->now_ns;
    if (view->none_opened)
        return close_all(clock, now);
    if (clock->phase == PHASE_WARMUP && now >= clock->measure_ns) {
        clock->phase = PHASE_RUNNING;
        clock->phase_ns = clock->measure_ns;
        return RUN_MEASURE;
    }
    if (now >= clock->end_ns)
        return end_sending(clock, now);
    if (!view->over)
        return 0;
    /* There are no more requests. Those that a free connection took end with the last reply. */
    clock->end_ns = clock->plan->load.model == LOAD_OPEN ? now : CLOCK_NEVER;
    return drain(clock, now);
}

static unsigned while_draining(struct run_clock *clock, const struct run_view *view)
{
    bool over = view->outstanding == 0 && view->waiting == 0;
    bool interrupted = clock->give_up_ns != CLOCK_NEVER;
    if (over && view->open > 0 && clock->plan->linger_ns > 0 && !interrupted)
        return listen(clock, view);
    if (over || view->now_ns >= clock->give_up_ns)
        return close_all(clock, view->now_ns);
    if (view->waiting > 0 && view->now_ns >= clock->backlog_until_ns)
        return RUN_SKIP_WAITING;
    return 0;
}

static unsigned while_listening(struct run_clock *clock, const struct run_view *view)
{
    bool interrupted = clock->give_up_ns != CLOCK_NEVER;
    if (view->open > 0 && view->now_ns < clock->listen_until_ns && !interrupted)
        return 0;
    return close_all(clock, view->now_ns);
}

unsigned run_clock_next(struct run_clock *clock, const struct run_view *view)
{
    if (clock->stopped)
        return 0;
    if (view->stop == STOP_NOW)
        return stop_now(clock, view->now_ns);
    if (view->stop == STOP_POLITELY && clock->give_up_ns == CLOCK_NEVER)
        return interrupt(clock, view->now_ns);
    switch (clock->phase) {
    case PHASE_OPENING:
        return while_opening(clock, view);
    case PHASE_WARMUP:
    case PHASE_RUNNING:
        return while_sending(clock, view);
    case PHASE_DRAINING:
        return while_draining(clock, view);
    case PHASE_LISTENING:
        return while_listening(clock, view);
    case PHASE_CLOSING:
        break;
    }
    return view->open == 0 || view->now_ns >= clock->close_until_ns ? stop(clock) : 0;
}

uint64_t run_clock_wake_ns(const struct run_clock *clock, uint64_t start_ns, uint64_t waiting)
{
    switch (clock->phase) {
    case PHASE_OPENING:
        return u64_min(start_ns ? start_ns : CLOCK_NEVER, clock->give_up_ns);
    case PHASE_WARMUP:
        return u64_min(clock->measure_ns, clock->end_ns);
    case PHASE_RUNNING:
        return u64_min(clock->end_ns, clock->give_up_ns);
    case PHASE_DRAINING:
        return u64_min(clock->give_up_ns, waiting > 0 ? clock->backlog_until_ns : CLOCK_NEVER);
    case PHASE_LISTENING:
        return clock->listen_until_ns;
    case PHASE_CLOSING:
        break;
    }
    return clock->close_until_ns;
}
