/* A transcript: what was said on one connection after another, both ways and in order, with times.
 *
 * `wsload try` and the rehearsal of a run look at one exchange closely; this is what they look at.
 * It owns its texts and knows no socket. Its owner may have each entry told as it is made. */
#ifndef WSLOAD_PROTOCOL_TRANSCRIPT_H
#define WSLOAD_PROTOCOL_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/base/text.h"

/* More is counted and not kept. */
#define TRANSCRIPT_ENTRIES_MAX 100000
#define TRANSCRIPT_BYTES_MAX   (UINT64_C(64) * 1024 * 1024)

/* What recurs so soon is rather a part of a stream. */
#define TRANSCRIPT_RECURS_NS UINT64_C(250000000)

enum said_kind {
    SAID_OPENED,  /* the connection is open */
    SAID_STEP,    /* we sent something before the message of a prompt, or to keep alive */
    SAID_PROMPT,  /* we sent the message of a prompt */
    SAID_MESSAGE, /* a message came */
    SAID_CLOSED   /* the connection has ended, TEXT says how */
};

struct said {
    enum said_kind kind;
    uint64_t at_ns;  /* monotonic */
    uint32_t prompt; /* how many prompts had been sent, this one included */
    bool binary;
    bool ignored; /* a rule of --ignore leaves it out, or it answers a step */
    bool recurs;  /* it came before after the same prompt, word for word but for numbers, and not
                     right before: it is no sign that a reply goes on */
    char *data;   /* owned; NULL when there is no text */
    size_t length;
};

struct transcript {
    struct said *items; /* owned */
    size_t count;
    size_t capacity;
    uint64_t bytes;    /* of their texts */
    uint64_t left_out; /* entries for which there was no room */
    uint32_t prompts;  /* sent so far */
    void (*tell)(void *user, const struct transcript *transcript); /* of the newest; may be NULL */
    void *user;
};

/* Adds WHAT, whose text is given to the transcript, and fills in its prompt and whether it recurs.
 * Returns the entry, valid until the next is added, or NULL when there was no room. */
const struct said *transcript_add(struct transcript *transcript, struct said what);

static inline struct text said_text(const struct said *said)
{
    return (struct text){said->data ? said->data : "", said->length};
}

/* When prompt NUMBER, from 1, was sent: its own message, not the steps before it. 0: it was not. */
uint64_t transcript_prompt_ns(const struct transcript *transcript, uint32_t number);

/* Whether A and B are the same but for numbers, times and ids in them. */
bool said_alike(struct text a, struct text b);

/* The longest part of TEXT without numbers, times and ids. */
struct text said_steady(struct text text);

/* Releases everything. A zeroed one is fine. */
void transcript_free(struct transcript *transcript);

#endif
