/* Where one worker's requests come from, whatever the model of the load.
 *
 * Closed: a connection that is free takes the next one, which is due at that moment. Open: requests
 * arrive by the clock; what finds no free connection waits in the backlog, and a connection that
 * gets free takes the oldest of those. Held connections have none. Only this module looks at the
 * model. It knows neither connections nor a clock; time is an argument, on the clock of the run. */
#ifndef WSLOAD_ENGINE_REQUEST_SOURCE_H
#define WSLOAD_ENGINE_REQUEST_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "wsload/load/plan.h"
#include "wsload/load/schedule.h"

/* Requests that are due and wait: a ring, made once. */
struct backlog {
    struct request *items; /* owned */
    uint64_t size;
    uint64_t first;
    uint64_t count;
};

struct request_source {
    const struct plan *plan; /* borrowed, outlives it */
    unsigned worker;
    struct schedule schedule; /* closed; else it has none */
    struct arrivals arrivals; /* open */
    struct backlog backlog;   /* open */
    bool running;             /* between source_start() and source_stop() */
    uint64_t start_ns;        /* when requests began to be due; 0: not yet */
    uint64_t end_ns;          /* none is due at or after this time */
    uint64_t wake_every_ns;   /* open: the shortest time from one wake for arrivals to the next */
    uint64_t dispatch_ns;     /* open: not before this is the worker woken for the next ones */
};

/* For worker WORKER of PLAN. 0, or -1 when memory is out. */
int source_init(struct request_source *source, const struct plan *plan, unsigned worker,
                uint64_t wake_every_ns);

void source_free(struct request_source *source);

/* Requests are due from START_NS on, none at or after END_NS (CLOCK_NEVER: no such end). */
void source_start(struct request_source *source, uint64_t start_ns, uint64_t end_ns);

/* No request comes due from NOW_NS on; what waits still does. */
void source_stop(struct request_source *source, uint64_t now_ns);

/* After how long the last request was due, when that is known beforehand; else CLOCK_NEVER. */
uint64_t source_length_ns(const struct request_source *source);

/* A connection is free: gives it a REQUEST, WAITED if from the backlog. False: there is none. */
bool source_take(struct request_source *source, uint64_t now_ns, struct request *request,
                 bool *waited);

/* Whether a connection opens for a request, and not without one; not before the run. */
static inline bool source_opens_for_requests(const struct request_source *source)
{
    return source->plan->load.model == LOAD_CLOSED && source->start_ns != 0 &&
           source->plan->listen_ns == 0;
}

/* Whether a connection that is not open any more comes back, as long as connections are wanted;
 * REPLACED when it was closed to be replaced. */
bool source_wants_back(const struct request_source *source, bool replaced);

/* Takes the next request due by NOW_NS that has no connection yet; it is late by the time since it
 * was due. False when there is none. */
bool source_arrive(struct request_source *source, uint64_t now_ns, struct request *request);

/* All that was due is sent by NOW_NS: what comes due next waits a while for company. */
static inline void source_rest(struct request_source *source, uint64_t now_ns)
{
    source->dispatch_ns = now_ns + source->wake_every_ns;
}

/* Puts REQUEST, which arrived and found no connection, into the backlog. False: it is full. */
bool source_keep(struct request_source *source, struct request request);

/* How many wait in the backlog. */
static inline uint64_t source_waiting(const struct request_source *source)
{
    return source->backlog.count;
}

/* Takes the oldest of them, of which there must be one. */
struct request source_take_waiting(struct request_source *source);

/* When the next one of source_arrive() is due, and when to wake for it; CLOCK_NEVER: none is. */
uint64_t source_due_ns(const struct request_source *source);
static inline uint64_t source_wake_ns(const struct request_source *source)
{
    uint64_t due_ns = source_due_ns(source);
    return due_ns > source->dispatch_ns ? due_ns : source->dispatch_ns;
}

/* Whether no request comes due any more. Not before source_start(). */
bool source_is_over(const struct request_source *source, uint64_t now_ns);

/* Whether request SEQ has been given out, or has arrived. */
bool source_issued(const struct request_source *source, uint64_t seq);

#endif
