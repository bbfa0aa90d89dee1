/* A worker's run from phase to phase: what it sees in, what to do out.
 *
 *     OPENING --> WARMUP --> RUNNING --> DRAINING --> LISTENING --> CLOSING
 *
 * OPENING until the clock of all workers starts; WARMUP (when there is one) and RUNNING while
 * requests come due; DRAINING while replies are awaited; LISTENING (when the plan lingers) for what
 * comes after the last of them, when no time counts any more; CLOSING until the close frames are
 * answered. It owns the times of a run and knows neither connections nor requests: it sees their
 * numbers. Time is an argument. */
#ifndef WSLOAD_ENGINE_RUN_CLOCK_H
#define WSLOAD_ENGINE_RUN_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "wsload/base/clock.h"
#include "wsload/engine/run_control.h"
#include "wsload/judge/snapshot.h"
#include "wsload/load/plan.h"

/* How long an interrupted run waits for the replies in flight. */
#define RUN_INTERRUPT_WAIT_NS (2 * NS_PER_S)

/* How long it waits for the peers' close frames. */
#define RUN_CLOSE_WAIT_NS NS_PER_S

struct run_clock {
    const struct plan *plan; /* borrowed, outlives it */
    uint64_t length_ns;      /* the last request is due after that; CLOCK_NEVER: not known */
    enum run_phase phase;
    bool stopped;
    uint64_t phase_ns;         /* when the phase's clock began; RUNNING and DRAINING share one */
    uint64_t open_time_ns;     /* how long OPENING took */
    uint64_t start_ns;         /* when requests began to be due; 0: not yet */
    uint64_t measure_ns;       /* when the measured part begins; 0: not yet */
    uint64_t end_ns;           /* when sending is over; CLOCK_NEVER: with the last request */
    uint64_t backlog_until_ns; /* DRAINING: what still waits then is skipped */
    uint64_t give_up_ns;       /* replies that are not there then are given up */
    uint64_t listen_until_ns;  /* LISTENING: close then */
    uint64_t close_until_ns;   /* CLOSING: leave then */
};

/* What the worker sees. */
struct run_view {
    uint64_t now_ns;
    uint64_t start_ns;      /* of all workers: 0 not known, CLOCK_NEVER: the run does not begin */
    bool none_opened;       /* all first attempts of all workers have failed */
    enum stop_request stop; /* what was asked for from outside */
    bool over;              /* no request comes due any more; not looked at in OPENING */
    uint64_t outstanding;   /* requests with a connection that have not ended */
    uint64_t waiting;       /* requests that wait for one */
    uint32_t open;          /* connections */
    uint64_t longest_ns;    /* the longest latency so far */
};

/* What to do, a set of these, in their order. */
enum run_action {
    RUN_BEGIN = 1,            /* requests come due from start_ns on */
    RUN_MEASURE = 2,          /* the measured part begins */
    RUN_ASK_NO_MORE = 4,      /* take what was due before end_ns, and nothing from then on */
    RUN_NOTE_END = 8,         /* sending is over */
    RUN_SKIP_WAITING = 16,    /* give up what waits for a connection */
    RUN_CANCEL_OPENINGS = 32, /* and what is being opened */
    RUN_FINISH = 64,          /* the figures are whole */
    RUN_CLOSE = 128,          /* give up everything, and close what is open */
    RUN_STOP = 256,           /* leave */
};

/* OPENING begins, of a run of PLAN whose last request is due after LENGTH_NS. */
void run_clock_open(struct run_clock *clock, const struct plan *plan, uint64_t length_ns,
                    uint64_t now_ns);

/* What is to be done now, by VIEW; 0: nothing. To be asked again when that is done. */
unsigned run_clock_next(struct run_clock *clock, const struct run_view *view);

/* When it has to be asked without another event, with START_NS and WAITING as in a view. */
uint64_t run_clock_wake_ns(const struct run_clock *clock, uint64_t start_ns, uint64_t waiting);

/* Whether requests come due. */
static inline bool run_clock_is_sending(const struct run_clock *clock)
{
    return clock->phase == PHASE_WARMUP || clock->phase == PHASE_RUNNING;
}

#endif
