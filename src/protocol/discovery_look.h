/* A look at a transcript: what each message of it is, and which rules tell it. Private to the
 * discovery.
 *
 * It finds what is no part of a reply, greetings and keep-alives; discovery.c looks at the rest. */
#ifndef WSLOAD_PROTOCOL_DISCOVERY_LOOK_H
#define WSLOAD_PROTOCOL_DISCOVERY_LOOK_H

#include "wsload/protocol/findings.h"
#include "wsload/protocol/transcript.h"

#define EXCERPT_MAX  60 /* bytes of a message in a finding's text */
#define EXCERPT_SIZE (EXCERPT_MAX + 4)

enum role {
    ROLE_NONE, /* no message, or one that a rule ignores */
    ROLE_GREETING,
    ROLE_KEEP_ALIVE,
    ROLE_PART,
    ROLE_AFTER
};

/* The parts of the reply to one prompt. */
struct answer {
    struct text *parts; /* in look->parts */
    size_t count;
    uint64_t id;            /* number of its prompt */
    uint64_t longest_ns;    /* gap between two of them */
    bool failed;            /* one of them is an error */
    const struct said *end; /* how the connection ended after them; NULL: it did not */
};

struct look {
    const struct transcript *transcript;
    struct discovery *discovery;
    uint32_t run_id;
    enum role *roles;    /* of each entry */
    struct text *chosen; /* the messages that a rule is to tell */
    size_t chosen_count;
    struct text *others; /* and from which */
    size_t other_count;
    struct text *parts;     /* of all answers */
    struct answer *answers; /* those with parts */
    size_t answer_count;
};

static inline const struct said *look_entry(const struct look *look, size_t i)
{
    return &look->transcript->items[i];
}

/* Gives each message its role: ROLE_GREETING, ROLE_KEEP_ALIVE or ROLE_PART. */
void look_give_roles(struct look *look);

/* The beginning of TEXT for people. Returns OUT. */
const char *look_excerpt(struct text text, char out[EXCERPT_SIZE]);

/* Adds a finding of what was seen, FORMAT. The next one may take its place, if there are too many.
 */
struct finding *look_add(struct look *look, enum finding_kind kind, const char *option,
                         const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Parts all messages into the chosen, which are of ROLE and alike to ALIKE, if there is one, and
 * the others. */
void look_split(struct look *look, const struct said *alike, enum role role);

/* Puts the rule that tells the chosen into FINDING. Whether there is one. */
bool look_tell(const struct look *look, struct finding *finding);

/* Whether nothing alike to entry I, of its role, came before it. */
bool look_is_first(const struct look *look, size_t i);

/* Adds a finding for each kind of message of ROLE, to be left out of replies. */
void look_report_ignored(struct look *look, enum role role, enum finding_kind kind);

/* Adds a finding if there is a greeting. */
void look_report_greeting(struct look *look);

#endif
