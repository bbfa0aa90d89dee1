/* Scripts: which messages an answer is made of, in which order, and when each is due.
 *
 *     opening | message 0 .. | keep-alive | .. message N-1 | end | after
 *
 * Every part but the messages may be missing. The opening is due at once. Message 0 is due after
 * the delay, and each further message, the end and what comes after it one gap later; the
 * keep-alive stands in the middle of the messages, half a gap after the one before it. Times are
 * counted from the arrival of what is answered, so that delays do not add up.
 *
 * Answers: what they answer, and how far along their script they are. Knows no sockets. */
#ifndef WSLOAD_SERVER_ANSWER_H
#define WSLOAD_SERVER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "admission.h"
#include "delays.h"
#include "wsload/base/error.h"
#include "wsload/base/text.h"
#include "wsload/protocol/template.h"

/* --- Scripts --- */

enum script_part {
    SCRIPT_OPENING,
    SCRIPT_MESSAGE,
    SCRIPT_KEEP_ALIVE,
    SCRIPT_END,
    SCRIPT_AFTER,
    SCRIPT_PARTS
};

/* A script before it is compiled: the template of each part; no data: there is no such part. */
struct script_source {
    uint64_t messages;
    struct text parts[SCRIPT_PARTS];
};

struct script {
    uint64_t messages;
    bool has[SCRIPT_PARTS];
    struct template templates[SCRIPT_PARTS];
};

struct script_pace {
    uint64_t delay_ns; /* to message 0 */
    uint64_t gap_ns;   /* between messages */
};

/* One message of an answer. */
struct script_cue {
    enum script_part part;
    uint64_t number; /* of a message, from 0 */
    uint64_t due_ns; /* after the arrival of what is answered */
};

/* Compiles SOURCE; templates may use TEMPLATE_SERVER_VARIABLES and {{part}}. 0 or -1. */
int script_compile(struct script *script, const struct script_source *source, struct error *error);

/* Releases. A zeroed struct is fine. */
void script_free(struct script *script);

/* How many messages SCRIPT has in all. */
uint64_t script_length(const struct script *script);

/* The message at PLACE, from 0, below script_length(). */
struct script_cue script_cue(const struct script *script, uint64_t place,
                             const struct script_pace *pace);

/* --- Answers --- */

/* Room that every message leaves before its text for the sender's frame header. Bytes. */
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
    size_t sent;           /* how much of it has been sent */
    unsigned char bytes[]; /* OUTGOING_HEADROOM, then the text */
};
TAILQ_HEAD(outgoing_list, outgoing);

struct connection;

struct answer {
    struct delay delay;            /* first member: a delay that expires is its answer */
    TAILQ_ENTRY(answer) link;      /* for the connection's list */
    struct connection *connection; /* whom it answers; set by the connection */
    const struct script *script;
    const struct script *timeout; /* what API Gateway says when an answer takes too long */
    struct script_pace pace;
    uint64_t received_ns;    /* when what is answered came in: all due times count from it */
    uint64_t timeout_ns;     /* when that is due; CLOCK_NEVER: never, or not any more */
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
