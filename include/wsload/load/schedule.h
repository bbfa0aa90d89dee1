/* The closed-loop schedule of one worker: which request is next, and when there are no more.
 *
 * Pure arithmetic; time is an argument. Workers share a plan of N requests by taking turns: worker
 * W of K issues the requests W, W+K, W+2K, ... so that the shares add up exactly. */
#ifndef WSLOAD_LOAD_SCHEDULE_H
#define WSLOAD_LOAD_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One prompt on its way. */
struct request {
    uint64_t seq;        /* number in the run, from 0 */
    size_t prompt_index; /* place in struct prompts: going round when there are more requests */
};

struct schedule {
    uint64_t next_seq;
    uint64_t step;        /* workers taking turns */
    uint64_t limit;       /* requests in the run; UINT64_MAX for no limit */
    uint64_t deadline_ns; /* no request at or after this time; CLOCK_NEVER for none */
    size_t prompt_count;
    bool stopped;
};

struct schedule_plan {
    uint64_t requests;   /* 0: no limit */
    size_t prompt_count; /* at least 1 */
    unsigned worker;     /* 0 .. workers-1 */
    unsigned workers;    /* at least 1 */
};

void schedule_init(struct schedule *schedule, const struct schedule_plan *plan);

/* From START_NS on requests are due for DURATION_NS (0: as long as there are any). */
void schedule_start(struct schedule *schedule, uint64_t start_ns, uint64_t duration_ns);

/* Takes the next request. False when there is none: the limit or the deadline is reached, or
 * schedule_stop() was called. */
bool schedule_take(struct schedule *schedule, uint64_t now_ns, struct request *request);

/* Whether schedule_take() would give none, now and ever after. */
bool schedule_exhausted(const struct schedule *schedule, uint64_t now_ns);

/* No more requests. */
void schedule_stop(struct schedule *schedule);

#endif
