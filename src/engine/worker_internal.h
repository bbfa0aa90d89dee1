/* What the files of the worker share. Private to them. */
#ifndef WSLOAD_ENGINE_WORKER_INTERNAL_H
#define WSLOAD_ENGINE_WORKER_INTERNAL_H

#include <pthread.h>

#include "wsload/base/clock.h"
#include "wsload/base/deadlines.h"
#include "wsload/engine/connection.h"
#include "wsload/engine/worker.h"
#include "wsload/load/arrivals.h"
#include "wsload/load/schedule.h"
#include "wsload/stats/journal.h"

#define NO_SEAT UINT32_MAX

/* A connection and what only the worker keeps about it. Seats are worker->seat_size bytes apart, in
 * whole cache lines: the memory of the requests in flight follows each. */
struct seat {
    struct deadline deadline; /* first, so that a deadline leads back to its seat */
    struct connection connection;
    uint64_t rest_until_ns; /* idle, and not free again before that; 0: it does not rest */
    uint64_t retire_ns;     /* when it is old enough; CLOCK_NEVER: never */
    uint64_t active_ns;     /* when its newest message was sent or received, or it opened */
    uint32_t id;
    uint32_t next_free;   /* in the list of free seats, in turn */
    uint32_t next_opener; /* in the list of those that wait until they may open */
    bool listed_free;
    bool listed_opener;
    bool settled; /* its first attempt to open has ended, well or badly */
    bool waited;  /* its newest request had to wait for a free seat */
    uint8_t step; /* SETTING_UP: the step under way */
};

/* A list of seats, first in, first out; linked through a member of theirs. */
struct seat_list {
    uint32_t head;
    uint32_t tail;
};

/* Requests that are due and wait for a free seat: a ring, made once. */
struct backlog {
    struct request *items;
    uint64_t size;
    uint64_t first;
    uint64_t count;
};

struct worker {
    const struct plan *plan;
    const struct thresholds *thresholds;
    struct crew *crew;
    unsigned index;
    struct transport *transport;
    struct connection_settings settings;
    char no_reply_text[64];
    char not_open_text[64];

    char *seats; /* see worker_seat() */
    size_t seat_size;
    uint32_t seat_count;
    uint32_t active; /* seats that may be open: the first ones */
    struct deadlines deadlines;
    struct schedule schedule; /* closed */
    struct arrivals arrivals; /* open */
    struct backlog backlog;   /* open */
    struct seat_list free;    /* open: seats with room for a request */
    struct recorder *recorder;
    struct journal *journal; /* NULL: requests are not recorded */
    struct random random;    /* of backoff and of lifetimes */
    char *scratch;           /* room for the longest message, with headroom in front */
    char *parted;            /* room for the longest text that a step is split from */
    struct buffer part;      /* the part under way, escaped */
    bool stream;             /* replies are streams */
    bool keeps_text;         /* and their texts are needed */
    bool joins_text;         /* without line breaks between the messages, as --expect looks at it */
    bool watches_idle;       /* idle connections have deadlines */

    enum run_phase phase;
    uint64_t phase_ns; /* when the phase's clock began; RUNNING and DRAINING share one */
    uint64_t open_time_ns;
    uint64_t run_start_ns;     /* when requests began to be due; 0: not yet */
    uint64_t measure_ns;       /* when the measured part begins */
    uint64_t end_ns;           /* when sending is over; CLOCK_NEVER: with the last request */
    uint64_t backlog_until_ns; /* DRAINING: what still waits for a connection then is skipped */
    uint64_t give_up_ns;       /* DRAINING: replies that are not there then are given up */
    uint64_t close_until_ns;   /* CLOSING: leave without the peers' close frames then */
    uint64_t change_ns;        /* when the number of active seats changes */
    uint64_t heartbeat_ns;     /* when to look at the own lateness */
    unsigned heartbeats;
    uint64_t wake_ns;     /* what the transport was last asked for */
    uint64_t dispatch_ns; /* open: not before this is it woken for due requests */
    uint64_t cpu_start_ns;
    double cpu;

    uint32_t first_opens; /* seats that began their first attempt */
    uint32_t settled;     /* seats whose first attempt has ended */
    uint32_t to_settle;   /* those that it takes for worker_settle() */
    uint32_t opening;     /* handshakes under way */
    uint32_t opening_max;
    bool opening_more;        /* worker_open_more() is at work */
    double next_open_ns;      /* with a connect rate: the next attempt may begin then */
    double open_every_ns;     /* 0: no connect rate */
    struct seat_list openers; /* seats that wait until they may open */
    uint32_t open;
    uint64_t outstanding; /* requests with a connection that have not ended */

    pthread_mutex_t board_lock; /* guards board only; the worker never waits for it */
    struct snapshot board;
};

static inline struct seat *worker_seat(const struct worker *worker, uint32_t id)
{
    /* Aligned: the array begins at a cache line, and a seat takes whole ones. */
    return (struct seat *)(void *)(worker->seats + id * worker->seat_size);
}

static inline uint64_t worker_now_ns(const struct worker *worker)
{
    return worker->transport->ops->now_ns(worker->transport);
}

static inline uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The number of the seat's connection in the whole run, from 0. */
static inline uint64_t seat_number(const struct worker *worker, const struct seat *seat)
{
    return plan_connection(worker->plan, worker->index, seat->id);
}

/* --- worker.c --- */

/* Makes the transport wake the worker at TIME_NS, if nothing wakes it before. */
void worker_wake_by(struct worker *worker, uint64_t time_ns);

/* The transport woke the worker: does what time has come for. */
void worker_woken(struct worker *worker);

/* --- worker_seats.c: one seat, one step --- */

/* Does what the state machine says. */
void seat_act(struct worker *worker, struct seat *seat, const struct connection_step *step,
              uint64_t now_ns);

/* Sets the one deadline of the seat. */
void seat_arm(struct worker *worker, struct seat *seat, uint64_t deadline_ns);

/* Where messages are rendered to. */
static inline char *worker_message(const struct worker *worker)
{
    return worker->scratch + TRANSPORT_HEADROOM;
}

/* Hands the first LENGTH bytes of worker_message() to the socket at NOW_NS. */
void seat_send(struct worker *worker, struct seat *seat, size_t length, uint64_t now_ns);

/* The same for FLIGHT, the newest request; its first message is when it was sent. */
void flight_send(struct worker *worker, struct seat *seat, struct flight *flight, size_t length);

/* Says what comes next of FLIGHT, the newest request: steps in front of it, or its own message. */
void flight_go_on(struct worker *worker, struct seat *seat, struct flight *flight);

/* When the idle seat has something to do; CLOCK_NEVER: it has nothing, or is not idle. */
uint64_t seat_idle_deadline_ns(const struct worker *worker, const struct seat *seat);

/* Sends the keep-alive. */
void seat_keep_alive(struct worker *worker, struct seat *seat, uint64_t now_ns);

/* Whether the seat can take a request now. */
bool seat_is_free(const struct worker *worker, const struct seat *seat);

/* The seat's connection is open and, by STEP, ready for requests. */
void seat_ready(struct worker *worker, struct seat *seat, const struct connection_step *step,
                uint64_t now_ns);

/* Gives REQUEST to the seat; WAITED when it had to wait for one. */
void seat_assign(struct worker *worker, struct seat *seat, struct request request, bool waited,
                 uint64_t now_ns);

/* The seat has room for a request: gives it the next one, if it is time and there is one, or
 * replaces its connection, if that is old enough. */
void seat_next(struct worker *worker, struct seat *seat, uint64_t now_ns);

/* The seat is wanted no more: closes it. */
void seat_finish(struct worker *worker, struct seat *seat, uint64_t now_ns);

/* The seat's first attempt to be ready for requests has ended, well or badly. */
void seat_settled(struct worker *worker, struct seat *seat);

/* --- worker_events.c: what happens to a seat --- */

/* The seat's deadline has come. */
void seat_deadline(struct worker *worker, struct seat *seat, uint64_t now_ns);

/* --- worker_replies.c: what becomes of requests --- */

/* A message on the seat's connection. */
void seat_message(struct worker *worker, struct seat *seat, struct text message, bool binary);

/* Whether the close of the peer for the reason FAILURE ends the reply that is under way. */
bool reply_ends_by_close(const struct worker *worker, const struct seat *seat,
                         const struct failure *failure);

/* The reply to the oldest request is over by silence, says STEP: it was over with its last message.
 */
void seat_silent(struct worker *worker, struct seat *seat, struct connection_step *step,
                 uint64_t now_ns);

/* Takes the requests that ended with STEP off the connection and writes them down. REPLY: the
 * message that ended it; data NULL when none did. */
void seat_record_end(struct worker *worker, struct seat *seat, const struct connection_step *step,
                     uint64_t done_ns, struct text reply);

/* Takes the oldest request off and writes it down as given up, or as never started. */
void seat_abandon_oldest(struct worker *worker, struct seat *seat);

/* --- worker_steps.c: what is said in front of prompts --- */

/* Begins with the steps of a new connection. */
void steps_begin(struct worker *worker, struct seat *seat);

/* A message came while the seat's connection is being set up. */
void steps_on_message(struct worker *worker, struct seat *seat, struct text message,
                      const struct message_meaning *meaning);

/* What comes on the seat's connection, which is being set up or has a step to answer, cannot be
 * trusted any more: closes it, and fails what it has for the reason FAILURE. */
void steps_failed(struct worker *worker, struct seat *seat, const struct failure *failure);

/* The step that is under way was not answered in time. */
void steps_on_timeout(struct worker *worker, struct seat *seat);

/* Says what is in front of FLIGHT, the newest request, from where it stands. True when nothing of
 * that is to be waited for: its own message comes next. */
bool steps_before_request(struct worker *worker, struct seat *seat, struct flight *flight);

/* A message came while FLIGHT awaits the answer to a step in front of it. */
void steps_on_answer(struct worker *worker, struct seat *seat, struct flight *flight,
                     struct text message, const struct message_meaning *meaning);

/* --- worker_opening.c: when seats may open --- */

void opening_init(struct worker *worker);

/* The first attempts may begin: at the connect rate, the workers taking turns. */
void opening_start(struct worker *worker, uint64_t now_ns);

/* Opens the seat, with a request if the run is a closed one, as soon as it may be: at most
 * opening_max handshakes are under way, at the connect rate. */
void seat_open_soon(struct worker *worker, struct seat *seat, uint64_t now_ns);

/* Starts what may be started now. */
void worker_open_more(struct worker *worker);

/* An attempt begins. */
void opening_started(struct worker *worker, uint64_t now_ns);

/* An attempt to open has ended, well or badly. */
void opening_ended(struct worker *worker);

/* When the worker has to be woken to open more. */
uint64_t opening_wake_ns(const struct worker *worker);

/* --- worker_pacing.c: the open model, and stages of connections --- */

void pacing_init(struct worker *worker);

/* Prepares the arrivals and the stages, once the run's clock has started. */
void pacing_start(struct worker *worker);

/* Sends what is due at NOW_NS, or puts it into the backlog. Whether more is due than was taken at a
 * time. */
bool pacing_dispatch(struct worker *worker, uint64_t now_ns);

/* The seat is free: sends the oldest of the backlog over it, else lists it. */
void pacing_seat_free(struct worker *worker, struct seat *seat, uint64_t now_ns);

/* Skips what is still in the backlog. */
void pacing_skip_backlog(struct worker *worker);

/* Open, with a number of requests at a constant rate: when the one after the last would be due.
 * Else CLOCK_NEVER. */
uint64_t pacing_end_ns(const struct worker *worker);

/* No more arrivals. */
void pacing_stop(struct worker *worker);

/* When the worker has to be woken for the next request that is due, or for the stages. */
uint64_t pacing_wake_ns(const struct worker *worker);

/* Opens and closes seats as the stages of connections ask for at NOW_NS. */
void pacing_follow_stages(struct worker *worker, uint64_t now_ns);

/* --- worker_phases.c: how a run goes from phase to phase --- */

void worker_enter_phase(struct worker *worker, enum run_phase phase, uint64_t now_ns);

/* The first attempts are over: starts the run's clock with the other workers. */
void worker_settle(struct worker *worker);

/* Starts the run if its clock has started. */
void worker_start_if_time(struct worker *worker, uint64_t now_ns);

/* A run that began at once ends when all first attempts of all workers have failed. */
void worker_end_if_hopeless(struct worker *worker);

/* Whether requests come due. */
bool worker_is_sending(const struct worker *worker);

/* Whether connections are wanted for requests that will be due, or that wait for one. */
bool worker_needs_connections(const struct worker *worker);

/* Moves on when there are no more requests: to DRAINING, or to CLOSING when none is in flight. */
void worker_maybe_finish(struct worker *worker);

/* No request comes due from now on; those that are due or in flight are seen to their end. */
void worker_send_no_more(struct worker *worker, uint64_t now_ns);

/* The last phase: what is open is closed with 1000. */
void worker_start_closing(struct worker *worker);

/* CLOSING: stops the transport when nothing is open any more. */
void worker_stop_if_closed(struct worker *worker);

/* Does what the crew was asked for. */
void worker_obey_stop(struct worker *worker, uint64_t now_ns);

/* Does what the run's clock asks for: warm-up over, sending over, giving up. */
void worker_follow_clock(struct worker *worker, uint64_t now_ns);

/* When the worker has to be woken for that. */
uint64_t phase_wake_ns(const struct worker *worker);

#endif
