/* One connection as a state machine: event in, action out.
 *
 * It knows no library, no clock and no schedule: what happened and when are arguments, and what to
 * do next is the answer. So a late reply, a close in mid-answer or a timeout is a plain unit test.
 *
 *     RESTING --open/assign--> OPENING --opened--> OPEN <---- assign, message
 *        ^                        | failed          | closed
 *        |                        v                 v
 *        +--------deadline-- BACKING_OFF <----------+
 *
 * An open connection has up to settings.in_flight requests in flight; replies belong to them first
 * in, first out. A connection that breaks fails them all and backs off, 100 ms doubling to 5 s,
 * until a good reply sets the delay back. A reply that comes too late would be taken for the next
 * request's, so a reply timeout closes the connection as well. */
#ifndef WSLOAD_ENGINE_CONNECTION_H
#define WSLOAD_ENGINE_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "wsload/load/schedule.h"
#include "wsload/protocol/failure.h"

#define CONNECTION_BACKOFF_FIRST_NS UINT64_C(100000000)
#define CONNECTION_BACKOFF_LAST_NS  UINT64_C(5000000000)
#define CONNECTION_CLOSE_WAIT_NS    UINT64_C(1000000000) /* for the peer's close frame */

enum connection_state {
    CONNECTION_RESTING, /* not open, nothing under way */
    CONNECTION_OPENING,
    CONNECTION_OPEN,
    CONNECTION_CLOSING, /* our close frame is on its way, or the peer's is awaited */
    CONNECTION_BACKING_OFF,
};

/* What the caller must do now. */
enum connection_action {
    CONNECTION_WAIT,  /* nothing */
    CONNECTION_START, /* open it */
    CONNECTION_SEND,  /* send the newest request, then call connection_sent() */
    CONNECTION_CLOSE, /* close it politely */
    CONNECTION_DROP,  /* drop the socket at once; no further event will come of it */
    CONNECTION_NEXT,  /* it has room for a request: give it one, if there is one */
};

struct connection_settings {
    bool per_request;   /* close after each reply */
    unsigned in_flight; /* requests at a time, at least 1 */
    uint64_t connect_timeout_ns;
    uint64_t reply_timeout_ns;
    struct failure not_open;  /* what a connect timeout is reported as */
    struct failure no_reply;  /* what a reply timeout is reported as */
    struct failure cut_short; /* and what it does to the requests behind that one */
};

/* A request in flight, or about to be. */
struct flight {
    struct request request;
    uint64_t sent_ns; /* when it was handed to the socket; 0 before */
};

struct connection {
    const struct connection_settings *settings; /* borrowed, outlives it */
    struct flight *flights; /* a ring of settings.in_flight, borrowed; the oldest first */
    unsigned first;
    unsigned count;
    enum connection_state state;
    bool opened_before;
    unsigned breaks;    /* in a row, since the last good reply */
    uint64_t opened_ns; /* when it opened last */
};

/* The answer to an event. The caller first takes the ended requests off with connection_pop(), then
 * acts. */
struct connection_step {
    enum connection_action action;
    uint64_t deadline_ns;          /* the one deadline it has from now on; CLOCK_NEVER for none */
    unsigned ended;                /* how many requests ended, the oldest first */
    const struct failure *failure; /* why the oldest failed, NULL when it went well */
    const struct failure *others;  /* why those behind it did */
};

/* FLIGHTS has room for settings.in_flight. */
void connection_init(struct connection *connection, const struct connection_settings *settings,
                     struct flight *flights);

/* Whether it is open and has room for a request. */
bool connection_is_free(const struct connection *connection);

/* RESTING: opens it without a request. */
struct connection_step connection_open(struct connection *connection, uint64_t now_ns);

/* RESTING or free: takes REQUEST, and opens the connection first if it must. */
struct connection_step connection_assign(struct connection *connection, struct request request,
                                         uint64_t now_ns);

/* The request that is to be sent, and the one that the next reply belongs to. There must be one. */
const struct request *connection_newest(const struct connection *connection);
const struct request *connection_oldest(const struct connection *connection);

/* That request was handed to the socket; SENT_NS was taken just before. */
struct connection_step connection_sent(struct connection *connection, uint64_t sent_ns);

/* Takes the oldest request off. */
struct flight connection_pop(struct connection *connection);

/* OPENING: it is open. */
struct connection_step connection_on_opened(struct connection *connection, uint64_t now_ns);

/* OPENING: it did not open. FAILURE is borrowed by the step. */
struct connection_step connection_on_failed(struct connection *connection,
                                            const struct failure *failure, uint64_t now_ns);

/* Whether a message that comes now is a reply. One that is not belongs to no request: the caller
 * counts it and leaves the connection be. */
bool connection_awaits_reply(const struct connection *connection);

/* A reply came, complete; FAILURE says what is wrong with it, NULL when it is good. */
struct connection_step connection_on_message(struct connection *connection,
                                             const struct failure *failure, uint64_t now_ns);

/* It is closed, by the peer for the reason FAILURE or as we asked. */
struct connection_step connection_on_closed(struct connection *connection,
                                            const struct failure *failure, uint64_t now_ns);

/* The deadline of the last step, or one that the caller set for an idle connection, has come. */
struct connection_step connection_on_deadline(struct connection *connection, uint64_t now_ns);

/* It is wanted no more: an open socket is closed, an opening given up. Its requests are the
 * caller's to pop. */
struct connection_step connection_finish(struct connection *connection, uint64_t now_ns);

#endif
