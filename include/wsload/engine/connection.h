/* One connection as a state machine: event in, action out.
 *
 * It knows no library, no clock and no schedule: what happened and when are arguments, and what to
 * do next is the answer. So a late reply, a close in mid-answer or a timeout is a plain unit test.
 *
 *     RESTING --assign/open--> OPENING --opened--> READY --assign--> AWAITING --message--> READY
 *        ^                        | failed           | closed            | closed
 *        |                        v                  v                   v
 *        +--------deadline-- BACKING_OFF <-----------+-------------------+
 *
 * A connection that breaks fails its request and backs off, 100 ms doubling to 5 s, until a good
 * reply sets the delay back. A reply that comes too late would be taken for the next request's, so
 * a reply timeout closes the connection as well. */
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
    CONNECTION_READY,    /* open, no request */
    CONNECTION_AWAITING, /* open, a request is in flight */
    CONNECTION_CLOSING,  /* our close frame is on its way, or the peer's is awaited */
    CONNECTION_BACKING_OFF,
};

/* What the caller must do now. */
enum connection_action {
    CONNECTION_WAIT,  /* nothing */
    CONNECTION_OPEN,  /* open it */
    CONNECTION_SEND,  /* send its request, then call connection_sent() */
    CONNECTION_CLOSE, /* close it politely */
    CONNECTION_DROP,  /* drop the socket at once; no further event will come of it */
    CONNECTION_NEXT,  /* it is free: give it a request with connection_assign(), if there is one */
};

struct connection_settings {
    bool per_request; /* close after each reply */
    uint64_t connect_timeout_ns;
    uint64_t reply_timeout_ns;
    struct failure not_open; /* what a connect timeout is reported as */
    struct failure no_reply; /* what a reply timeout is reported as */
};

struct connection {
    const struct connection_settings *settings; /* borrowed, outlives it */
    struct request request;
    uint64_t sent_ns; /* when the request was handed to the socket; 0 before */
    enum connection_state state;
    bool has_request;
    bool opened_before;
    unsigned breaks;     /* in a row, since the last good reply */
    uint64_t opening_ns; /* when the opening under way began */
};

/* The answer to an event. */
struct connection_step {
    enum connection_action action;
    uint64_t deadline_ns;          /* the one deadline it has from now on; CLOCK_NEVER for none */
    bool request_ended;            /* request and sent_ns below are what ended */
    const struct failure *failure; /* why it failed, NULL when it went well */
    struct request request;
    uint64_t sent_ns;
};

void connection_init(struct connection *connection, const struct connection_settings *settings);

/* RESTING: opens it without a request. */
struct connection_step connection_open(struct connection *connection, uint64_t now_ns);

/* RESTING or READY: takes REQUEST, and opens the connection first if it must. */
struct connection_step connection_assign(struct connection *connection, struct request request,
                                         uint64_t now_ns);

/* The request was handed to the socket; SENT_NS was taken just before. */
struct connection_step connection_sent(struct connection *connection, uint64_t sent_ns);

/* OPENING: it is open. */
struct connection_step connection_on_opened(struct connection *connection);

/* OPENING: it did not open. FAILURE is borrowed by the step. */
struct connection_step connection_on_failed(struct connection *connection,
                                            const struct failure *failure, uint64_t now_ns);

/* AWAITING: a complete message came; FAILURE says what is wrong with it, NULL when it is good. In
 * any other state a message belongs to no request: the caller counts it and leaves the connection
 * be. */
struct connection_step connection_on_message(struct connection *connection,
                                             const struct failure *failure, uint64_t now_ns);

/* It is closed, by the peer for the reason FAILURE or as we asked. */
struct connection_step connection_on_closed(struct connection *connection,
                                            const struct failure *failure, uint64_t now_ns);

/* The deadline of the last step has come. */
struct connection_step connection_on_deadline(struct connection *connection, uint64_t now_ns);

/* The run is over for it: a request in flight ends neither well nor badly (see
 * connection_abandon()), an open socket is closed. */
struct connection_step connection_finish(struct connection *connection, uint64_t now_ns);

/* Forgets the request, if there is one. True when it had been sent. */
bool connection_abandon(struct connection *connection);

#endif
