/* What the server answers: the prompt it finds in a message, put into the reply's template, or for
 * a share of the messages API Gateway's error frame. Knows no connections and no clock. */
#ifndef WSLOAD_SERVER_REPLIES_H
#define WSLOAD_SERVER_REPLIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "wsload/base/buffer.h"
#include "wsload/base/deadlines.h"
#include "wsload/base/error.h"
#include "wsload/base/random.h"
#include "wsload/base/text.h"
#include "wsload/protocol/template.h"
#include "wsload/server/server.h"

/* The longest message that is answered. Bytes. */
#define REPLY_MESSAGE_MAX (16u * 1024 * 1024)

/* Room that every reply leaves in front of its text for the sender's frame header. Bytes. */
#define REPLY_HEADROOM 16

/* Room for an id with its NUL. */
#define REPLY_ID_SIZE 17

struct connection;

/* One reply on its way: first waiting until it is due, then for its socket. */
struct reply {
    struct deadline deadline;      /* first member: a deadline that expires is its reply */
    TAILQ_ENTRY(reply) link;       /* for the connection's lists */
    struct connection *connection; /* whom it answers; set by the connection */
    uint64_t delay_ns;             /* from the message to the reply */
    bool is_error;                 /* a gateway error frame */
    size_t length;                 /* of the text */
    unsigned char bytes[];         /* REPLY_HEADROOM, then the text */
};
TAILQ_HEAD(reply_list, reply);

struct replies {
    struct template good;
    struct template error;
    double error_percent;
    uint64_t delay_low_ns;
    uint64_t delay_high_ns;
    struct random random;  /* of errors and delays */
    struct random ids;     /* never repeats from run to run */
    struct buffer escaped; /* scratch */
    uint64_t count;        /* replies made so far */
};

/* Compiles the template in OPTIONS. 0 or -1. */
int replies_init(struct replies *replies, const struct server_options *options,
                 struct error *error);

/* Releases. A zeroed struct is fine. */
void replies_free(struct replies *replies);

/* Writes a new connection or request id that looks like API Gateway's. */
void replies_make_id(struct replies *replies, char id[REPLY_ID_SIZE]);

/* The prompt in MESSAGE: the string member "message", "prompt", "data" or "question" of a JSON
 * object, the first there is, else all of MESSAGE; the reply to it goes to CONNECTION_ID at
 * UNIX_MS. NULL when memory is out; the caller frees with free(). */
struct reply *replies_make(struct replies *replies, struct text message, const char *connection_id,
                           uint64_t unix_ms);

#endif
