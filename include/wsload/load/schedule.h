/* The closed-loop schedule of one worker: which request is next, and when there are no more.
 *
 * Pure arithmetic; time is an argument. Workers share a plan of N requests by taking turns: worker
 * W of K issues the requests W, W+K, W+2K, ... so that the shares add up exactly. */
#ifndef WSLOAD_LOAD_SCHEDULE_H
#define WSLOAD_LOAD_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

/* One prompt on its way. */
struct request {
    uint64_t seq;    /* number in the run, from 0; the prompts go round with it */
    uint64_t due_ns; /* in a closed run the moment at which its connection was free for it */
};

struct schedule {
    uint64_t next_seq;
    uint64_t step;        /* workers taking turns */
    uint64_t limit;       /* requests in the run; UINT64_MAX for no limit */
    uint64_t deadline_ns; /* no request at or after this time; CLOCK_NEVER for none */
    bool stopped;
};

struct schedule_plan {
    uint64_t requests; /* 0: no limit */
    unsigned worker;   /* 0 .. workers-1 */
    unsigned workers;  /* at least 1 */
};

void schedule_init(struct schedule *schedule, const struct schedule_plan *plan);

/* No request at or after DEADLINE_NS; CLOCK_NEVER: as long as there are any. */
void schedule_start(struct schedule *schedule, uint64_t deadline_ns);

/* Takes the next request, due now. False when there is none: the limit or the deadline is reached,
 * or schedule_stop() was called. */
bool schedule_take(struct schedule *schedule, uint64_t now_ns, struct request *request);

/* Whether schedule_take() would give none, now and ever after. */
bool schedule_exhausted(const struct schedule *schedule, uint64_t now_ns);

/* No more requests. */
void schedule_stop(struct schedule *schedule);

#endif
