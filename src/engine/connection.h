/* One connection as a state machine: event in, action out.
 *
 * It knows no library, no clock and no schedule: what happened and when are arguments, and what to
 * do next is the answer. So a late reply, a close in mid-answer or a timeout is a plain unit test.
 *
 *     RESTING --open/assign--> OPENING --opened--> SETTING_UP --ready--> OPEN <---- assign, reply
 *        ^                        | failed             | failed           | closed
 *        |                        v                    v                  v
 *        +--------deadline-- BACKING_OFF <-------------+------------------+
 *
 * SETTING_UP is there only with steps to go through first. An open connection has up to
 * settings.in_flight requests in flight; replies belong to them by their ids, or else first in,
 * first out. A connection that breaks fails them all and backs off, 100 ms doubling to 5 s, of
 * which up to a half is left out at random so that connections do not come back all at once; a good
 * reply sets that back. Without ids a reply that comes too late would be taken for the next
 * request's, so a reply timeout closes the connection as well. */
#ifndef WSLOAD_ENGINE_CONNECTION_H
#define WSLOAD_ENGINE_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "flights.h"
#include "wsload/base/random.h"
#include "wsload/load/schedule.h"
#include "wsload/protocol/failure.h"

#define CONNECTION_BACKOFF_FIRST_NS UINT64_C(100000000)
#define CONNECTION_BACKOFF_LAST_NS  UINT64_C(5000000000)
#define CONNECTION_CLOSE_WAIT_NS    UINT64_C(1000000000) /* for the peer's close frame */

enum connection_state {
    CONNECTION_RESTING, /* not open, nothing under way */
    CONNECTION_OPENING,
    CONNECTION_SETTING_UP, /* open, with steps to go through before the first request */
    CONNECTION_OPEN,
    CONNECTION_CLOSING, /* our close frame is on its way, or the peer's is awaited */
    CONNECTION_BACKING_OFF,
};

/* What the caller must do now. */
enum connection_action {
    CONNECTION_WAIT,  /* nothing */
    CONNECTION_START, /* open it */
    CONNECTION_SETUP, /* begin with the steps */
    CONNECTION_SEND,  /* send the newest request, and call connection_sent() first */
    CONNECTION_CLOSE, /* close it politely */
    CONNECTION_DROP,  /* drop the socket at once; no further event will come of it */
    CONNECTION_NEXT,  /* it has room for a request: give it one, if there is one */
};

struct connection_settings {
    bool per_request;   /* close after each reply; may change */
    bool by_id;         /* replies carry the ids of their requests */
    bool has_steps;     /* there are steps before the first request */
    unsigned in_flight; /* requests at a time, at least 1 */
    uint64_t connect_timeout_ns;
    uint64_t reply_timeout_ns;
    uint64_t silence_ns;      /* a reply is over when nothing came for so long; 0: no such rule */
    struct random *random;    /* of the backoff; borrowed */
    struct failure not_open;  /* what a connect timeout is reported as */
    struct failure no_reply;  /* what a reply timeout is reported as */
    struct failure cut_short; /* and what it does to the requests after that one */
};

struct connection {
    const struct connection_settings *settings; /* borrowed, outlives it */
    struct flights flights;
    enum connection_state state;
    bool opened_before;
    bool rotated;       /* closed because it was old enough, and not open again yet */
    bool retiring;      /* to be closed once nothing is in flight */
    bool fails_setup;   /* it is being closed for that, and has to back off */
    bool any_ended;     /* a request has ended on it since it opened */
    unsigned breaks;    /* in a row, since the last good reply */
    uint64_t opened_ns; /* when it opened last; OPENING: when that began */
};

/* The answer to an event. The caller takes the ended requests off with flights_pop(), then acts. */
struct connection_step {
    enum connection_action action;
    uint64_t deadline_ns;          /* the one deadline it has from now on; CLOCK_NEVER for none */
    unsigned ended;                /* how many requests ended, the oldest first */
    bool silent;                   /* the one that ended did so by silence: its reply is over */
    const struct failure *failure; /* why the oldest failed, NULL when it went well */
    const struct failure *others;  /* why those after it did */
};

/* MEMORY has flights_bytes(settings.in_flight) and outlives it. */
void connection_init(struct connection *connection, const struct connection_settings *settings,
                     void *memory);

/* Whether it is open and has room for a request. */
static inline bool connection_is_free(const struct connection *connection)
{
    return connection->state == CONNECTION_OPEN && !connection->retiring &&
           connection->flights.count < connection->flights.size;
}

/* Whether it is open and has nothing in flight. */
static inline bool connection_is_idle(const struct connection *connection)
{
    return connection->state == CONNECTION_OPEN && connection->flights.count == 0;
}

/* RESTING: opens it without a request. */
struct connection_step connection_open(struct connection *connection, uint64_t now_ns);

/* RESTING or free: takes REQUEST, and opens the connection first if it must. */
struct connection_step connection_assign(struct connection *connection, struct request request,
                                         uint64_t now_ns);

/* The first message of the newest request is about to be handed to the socket at SENT_NS. */
struct connection_step connection_sent(struct connection *connection, uint64_t sent_ns);

/* OPENING: it is open. */
struct connection_step connection_on_opened(struct connection *connection, uint64_t now_ns);

/* SETTING_UP: the steps are done. */
struct connection_step connection_on_ready(struct connection *connection);

/* SETTING_UP or OPEN: a step was not answered as it should be. It is closed, and backs off. FAILURE
 * is borrowed by the step. */
struct connection_step connection_on_setup_failed(struct connection *connection,
                                                  const struct failure *failure, uint64_t now_ns);

/* OPENING: it did not open. FAILURE is borrowed by the step. */
struct connection_step connection_on_failed(struct connection *connection,
                                            const struct failure *failure, uint64_t now_ns);

/* When the next reply is overdue, or over by silence; CLOCK_NEVER when nothing is in flight. */
uint64_t connection_deadline_ns(const struct connection *connection);

/* OPEN: the reply to FLIGHT, or what was to be sent for it, is over; FAILURE says what is wrong
 * with it, NULL when it is good. */
struct connection_step connection_on_reply(struct connection *connection, struct flight *flight,
                                           const struct failure *failure, uint64_t now_ns);

/* OPEN, without ids: the oldest request has failed before its reply was over. What still comes of
 * it could not be told from the next reply, so the connection is closed. */
struct connection_step connection_on_cut(struct connection *connection,
                                         const struct failure *failure, uint64_t now_ns);

/* The peer broke the protocol: nothing that comes can be trusted any more. */
struct connection_step connection_on_fault(struct connection *connection,
                                           const struct failure *failure, uint64_t now_ns);

/* It is closed, as we asked or by the peer for the reason FAILURE; NULL: that ended a reply. */
struct connection_step connection_on_closed(struct connection *connection,
                                            const struct failure *failure, uint64_t now_ns);

/* The deadline of the last step, or one that the caller set for an idle connection, has come. Not
 * for SETTING_UP: there it is the caller's to name the step that was not answered. */
struct connection_step connection_on_deadline(struct connection *connection, uint64_t now_ns);

/* It is old enough: takes no more requests, and is closed once nothing is in flight. */
struct connection_step connection_retire(struct connection *connection, uint64_t now_ns);

/* It is wanted no more: closes it, or gives up its opening. The caller pops its requests. */
struct connection_step connection_finish(struct connection *connection, uint64_t now_ns);

#endif
