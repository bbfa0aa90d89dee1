/* What the server answers to a message: finds the prompt and the id in it, and chooses the script:
 * the answer, for a share of the messages an error, or a message of API Gateway's own. Knows no
 * sockets. */
#ifndef WSLOAD_SERVER_REPLIES_H
#define WSLOAD_SERVER_REPLIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "answer.h"
#include "profiles.h"
#include "wsload/base/error.h"
#include "wsload/base/random.h"
#include "wsload/base/text.h"
#include "wsload/protocol/json_scan.h"
#include "wsload/server/options.h"

/* The longest message that is answered. Bytes. */
#define REPLY_MESSAGE_MAX (16u * 1024 * 1024)

/* A client as the backend knows it. */
struct session {
    char id[ID_SIZE];
    bool begun;          /* START has come, END has not */
    struct buffer parts; /* of the prompt that is coming in */
};

/* Messages that are said alone, at once or when the time comes. */
enum reply_word {
    REPLY_FORBIDDEN, /* API Gateway: no route */
    REPLY_THROTTLED, /* API Gateway: too many messages */
    REPLY_TIMED_OUT, /* API Gateway: the answer takes too long */
    REPLY_STARTED,   /* a session has begun */
    REPLY_RECEIVED,  /* a part has come in */
    REPLY_WORDS
};

struct replies {
    struct server_options options;
    const struct profile *profile;
    struct json_paths paths; /* of the next three; numbers of what the profile does not have: 0 */
    unsigned route;
    unsigned prompts[PROFILE_PATHS_MAX];
    unsigned ids[PROFILE_PATHS_MAX];
    unsigned step;
    unsigned part;
    struct script good;
    struct script failed;
    struct script words[REPLY_WORDS];
    struct random random;  /* of errors and delays */
    struct random names;   /* of ids; never repeats from run to run */
    struct buffer prompt;  /* scratch */
    struct buffer escaped; /* scratch */
    uint64_t count;        /* messages heard so far */
};

/* Compiles what OPTIONS ask for. 0 or -1. */
int replies_init(struct replies *replies, const struct server_options *options,
                 struct error *error);

/* Releases. A zeroed struct is fine. */
void replies_free(struct replies *replies);

/* Starts SESSION with an id of its own. */
void session_init(struct session *session, struct replies *replies);
void session_free(struct session *session);

/* The answer to MESSAGE, which came in at RECEIVED_NS; it may have no message at all. NULL when
 * memory is out; the caller frees with free(). It must not outlive REPLIES. */
struct answer *replies_answer(struct replies *replies, struct session *session, struct text message,
                              uint64_t received_ns);

/* WORD alone, due at RECEIVED_NS; else as replies_answer(). */
struct answer *replies_say(struct replies *replies, enum reply_word word, uint64_t received_ns);

#endif
