/* What the files of the worker share. Private to them.
 *
 * Each uses only those before it: record, slots, beat, check, events, worker. */
#ifndef WSLOAD_ENGINE_WORKER_INTERNAL_H
#define WSLOAD_ENGINE_WORKER_INTERNAL_H

#include <pthread.h>

#include "connection.h"
#include "core_watch.h"
#include "list.h"
#include "opener.h"
#include "request_source.h"
#include "run_clock.h"
#include "worker.h"
#include "wsload/base/clock.h"
#include "wsload/base/deadlines.h"
#include "wsload/base/helpers.h"

/* A connection and what only the worker keeps about it. Slots are worker->slot_size bytes apart, in
 * whole cache lines: the memory of the requests in flight follows each, and then a last message. */
struct slot {
    struct deadline deadline; /* first, so that a deadline leads back to its slot */
    struct connection connection;
    uint64_t rest_until_ns;   /* idle, and not free again before that; 0: it does not rest */
    uint64_t retire_ns;       /* when it is old enough; CLOCK_NEVER: never */
    uint64_t active_ns;       /* when its newest message was sent or read, or it opened */
    uint64_t came_ns;         /* when the newest that was read had come: a message, or the end */
    uint64_t replied_ns;      /* when the last reply ended since it opened; 0: none did */
    uint64_t free_since_ns;   /* when it last got room for a request, by what came or was over */
    struct list_node free;    /* in worker->free */
    struct list_node pending; /* in worker->opener */
    uint32_t id;
    bool first_try_done; /* its first attempt to open has ended, well or badly */
    bool waited;         /* its newest request had to wait for a free slot */
    bool unasked;        /* a message came since it opened that no request asked for */
    bool pinged;         /* the last keep-alive is not answered yet */
    uint8_t step;        /* SETTING_UP: the step under way */
};

/* What a stream that never ends is known by: the newest message of one that goes on, cut. */
struct last_message {
    uint64_t seq;    /* of the request */
    uint32_t length; /* more than is shown, that a secret is known which begins there */
    char text[500];
};

struct worker {
    const struct plan *plan;
    const struct thresholds *thresholds;
    struct run_control *control;
    unsigned index;
    struct transport *transport;
    struct connection_settings settings;
    char no_reply_text[64];
    char not_open_text[64];

    char *slots; /* see worker_slot() */
    size_t slot_size;
    size_t last_at; /* where its last message is in a slot; 0: replies are no streams */
    uint32_t slot_count;
    uint32_t active;             /* slots that may be open: the first ones */
    const struct stages *levels; /* how many that are in the run; NULL: always all */
    uint64_t change_ns;          /* when their number changes */
    bool at_once;                /* the run begins without any connection */
    uint32_t open;               /* connections */
    uint64_t outstanding;        /* requests with a connection that have not ended */
    uint64_t heard_ns;           /* when a part of a reply came, or the first of those was sent */

    struct run_clock clock;
    struct request_source source;
    struct opener opener;
    struct list free; /* slots that were free when they were put there */
    struct deadlines deadlines;
    bool checking; /* worker_check() is at work */

    struct recorder *recorder;
    struct journal *journal;       /* NULL: requests are not recorded */
    struct transcript *transcript; /* NULL: nobody listens */
    struct random random;          /* of backoff and of lifetimes */
    char *scratch;                 /* room for the longest message, with headroom in front */
    char *parted;                  /* room for the longest text that a step is split from */
    struct buffer part;            /* the part under way, escaped */
    bool stream;                   /* replies are streams */
    bool keeps_text;               /* and their texts are needed */
    bool joins_text;   /* without line breaks between the messages, as --expect looks at it */
    bool watches_idle; /* idle connections have deadlines */

    uint64_t wake_ns;      /* what the transport was last asked for */
    uint64_t heartbeat_ns; /* when to look at the own lateness */
    unsigned heartbeats;
    struct core_watch core_watch;

    pthread_mutex_t board_lock; /* guards board only; the worker never waits for it */
    struct snapshot board;
};

static inline struct slot *worker_slot(const struct worker *worker, uint32_t id)
{
    /* Aligned: the array begins at a cache line, and a slot takes whole ones. */
    return (struct slot *)(void *)(worker->slots + id * worker->slot_size);
}

/* NULL: replies are no streams. */
static inline struct last_message *worker_last_message(const struct worker *worker,
                                                       const struct slot *slot)
{
    char *memory = worker->slots + slot->id * worker->slot_size;
    return worker->last_at ? (struct last_message *)(void *)(memory + worker->last_at) : NULL;
}

static inline uint64_t worker_now_ns(const struct worker *worker)
{
    return worker->transport->ops->now_ns(worker->transport);
}

/* The number of the slot's connection in the whole run, from 0. */
static inline uint64_t slot_number(const struct worker *worker, const struct slot *slot)
{
    return plan_connection(worker->plan, worker->index, slot->id);
}

/* Where messages are rendered to. */
static inline char *worker_message(const struct worker *worker)
{
    return worker->scratch + TRANSPORT_HEADROOM;
}

/* Whether connections are wanted for requests that will be due, or that wait for one. */
static inline bool worker_needs_connections(const struct worker *worker)
{
    return run_clock_is_sending(&worker->clock) || source_waiting(&worker->source) > 0;
}

/* --- worker_record.c: what is written down --- */

/* MESSAGE is the newest of FLIGHT, whose stream goes on. */
void record_last(struct worker *worker, const struct slot *slot, const struct flight *flight,
                 struct text message);

/* A failure that is no request's. */
void record_failure(struct worker *worker, const struct slot *slot, const struct failure *failure);

/* Keeps the MESSAGE of a request that FLIGHT sends, if it may become a sample. */
void record_sent(struct worker *worker, const struct slot *slot, const struct flight *flight,
                 struct text message);

/* A MESSAGE that no request asked for: ID is COUNT_LATE or COUNT_UNSOLICITED. */
void record_unasked(struct worker *worker, struct slot *slot, enum counter id, struct text message);

/* Puts SAID of the slot's connection, with TEXT without secrets, into the transcript, if there is
 * one. Returns the entry, which the next one makes invalid; NULL: there is none. */
const struct said *record_said(struct worker *worker, const struct slot *slot, struct said said,
                               struct text text);

/* The same of a message that came, the answer to STEP unless that is NULL; MEANING becomes what it
 * is where no rule is known yet. */
void record_said_message(struct worker *worker, const struct slot *slot, const struct step *step,
                         bool binary, struct message_meaning *meaning);

/* The same of the end of a connection that the server has ended, for the reason FAILURE. */
void record_said_closed(struct worker *worker, const struct slot *slot,
                        const struct failure *failure);

/* Takes the requests that ended with STEP off the connection and writes them down. REPLY: the
 * message that ended it; data NULL when none did. */
void record_end(struct worker *worker, struct slot *slot, const struct connection_step *step,
                uint64_t done_ns, struct text reply);

/* Takes the oldest request off and writes it down as given up, or as never started. */
void record_given_up(struct worker *worker, struct slot *slot);

/* --- worker_slots.c: one slot, one step --- */

/* Sets the one deadline of the slot. */
void slot_arm(struct worker *worker, struct slot *slot, uint64_t deadline_ns);

/* The step whose answer the slot waits for; NULL: none. Not for a plan without steps. */
const struct step *steps_awaited(const struct worker *worker, const struct slot *slot);

/* Does what the state machine says. */
void slot_act(struct worker *worker, struct slot *slot, const struct connection_step *step,
              uint64_t now_ns);

/* The same after writing down what ended with STEP, without a message. */
void slot_end(struct worker *worker, struct slot *slot, const struct connection_step *step,
              uint64_t now_ns);

/* The slot's connection is open and, by STEP, ready for requests. */
void slot_ready(struct worker *worker, struct slot *slot, const struct connection_step *step,
                uint64_t now_ns);

/* The step that was waited for is answered: says what comes next. */
void slot_answered(struct worker *worker, struct slot *slot);

/* What comes on the slot's connection, which is being set up or has a step to answer, cannot be
 * trusted any more: closes it, and fails what it has for the reason FAILURE. */
void slot_set_up_failed(struct worker *worker, struct slot *slot, const struct failure *failure);

/* The slot's first attempt to be ready for requests has ended, well or badly. */
void slot_first_try_done(struct worker *worker, struct slot *slot);

/* Whether the slot can take a request now. */
bool slot_is_free(const struct worker *worker, const struct slot *slot);

/* Gives REQUEST to the slot; WAITED when it had to wait for one. */
void slot_assign(struct worker *worker, struct slot *slot, struct request request, bool waited,
                 uint64_t now_ns);

/* Gives the slot, which rests or is free, the next request. False when there is none. */
bool slot_take(struct worker *worker, struct slot *slot, uint64_t now_ns);

/* The slot has room for a request: gives it the next one, if it is time and there is one, or
 * replaces its connection, if that is old enough. */
void slot_next(struct worker *worker, struct slot *slot, uint64_t now_ns);

/* The idle slot's deadline has come: it has rested enough, or is to be kept alive or replaced. */
void slot_idle(struct worker *worker, struct slot *slot, uint64_t now_ns);

/* The slot is wanted no more: closes it. */
void slot_finish(struct worker *worker, struct slot *slot, uint64_t now_ns);

/* --- worker_beat.c: every 10 ms --- */

/* Looks at the own lateness, and publishes figures, when it is time. */
void worker_beat(struct worker *worker, uint64_t now_ns);

/* Sending is over: ends the look at what the worker uses of its core, if it was long enough or is
 * the LAST that there can be. */
void worker_watch_core(struct worker *worker, bool last);

/* --- worker_check.c: what follows from what has happened --- */

/* Ends each event: goes on with the run, and opens what may be opened. */
void worker_check(struct worker *worker, uint64_t now_ns);

/* Does what the run's schedule has at NOW_NS: opens and closes slots, and sends what is due. */
void worker_follow_schedule(struct worker *worker, uint64_t now_ns);

#endif
