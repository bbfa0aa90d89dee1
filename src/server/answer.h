/* One answer on its way: what it answers, and how far along its script it is. Knows no sockets. */
#ifndef WSLOAD_SERVER_ANSWER_H
#define WSLOAD_SERVER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "delays.h"
#include "ids.h"
#include "script.h"

/* Room that every message leaves in front of its text for the sender's frame header. Bytes. */
#define OUTGOING_HEADROOM 16

/* What a message means for the server's counts. */
enum outgoing_kind {
    OUTGOING_PART,  /* of a reply that goes on */
    OUTGOING_REPLY, /* the end of a good reply */
    OUTGOING_ERROR
};

/* A message ready to be sent. */
struct outgoing {
    TAILQ_ENTRY(outgoing) link; /* for the connection's list */
    enum outgoing_kind kind;
    size_t length;         /* of the text */
    size_t sent;           /* how much of it has gone out */
    unsigned char bytes[]; /* OUTGOING_HEADROOM, then the text */
};
TAILQ_HEAD(outgoing_list, outgoing);

struct connection;

struct answer {
    struct delay delay;            /* first member: a delay that expires is its answer */
    TAILQ_ENTRY(answer) link;      /* for the connection's list */
    struct connection *connection; /* whom it answers; set by the connection */
    const struct script *script;
    const struct script *timeout; /* API Gateway's word when an answer takes too long */
    struct script_pace pace;
    uint64_t received_ns;    /* when what is answered came in: all due times count from it */
    uint64_t timeout_ns;     /* when the word above is due; CLOCK_NEVER: never, or not any more */
    uint64_t place;          /* of the next message in the script */
    uint64_t seq;            /* number of what is answered */
    enum outgoing_kind kind; /* of its decisive message: the end, but of an error the first */
    bool to_everyone;        /* sent to every open connection */
    char request_id[ID_SIZE];
    struct text prompt; /* views into bytes */
    struct text prompt_escaped;
    struct text correlation; /* escaped */
    char bytes[];
};
TAILQ_HEAD(answer_list, answer);

/* When the next message is due, on the monotonic clock; CLOCK_NEVER when there is none. */
uint64_t answer_due_ns(const struct answer *answer);

/* Makes the next message, to CONNECTION_ID at UNIX_MS, and goes on to the one after it. NULL when
 * memory is out; the caller frees with free(). */
struct outgoing *answer_next(struct answer *answer, const char *connection_id, uint64_t unix_ms);

#endif
