/* Findings: what a look at an exchange tells of a backend, and the options that say it to a load
 * test. Data alone; discovery.h fills it. */
#ifndef WSLOAD_PROTOCOL_FINDINGS_H
#define WSLOAD_PROTOCOL_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/protocol/telling.h"

#define FINDINGS_MAX      24
#define FINDING_TEXT_SIZE 160

enum finding_kind {
    FINDING_GREETING,       /* messages before the first prompt */
    FINDING_KEEP_ALIVE,     /* a message that recurs, or says that it is no answer */
    FINDING_REPLY,          /* one message or a stream, and its end */
    FINDING_AFTER,          /* what comes after the end, each time */
    FINDING_ID,             /* the id of the prompt comes back */
    FINDING_ERROR,          /* a message that says of itself that it is an error */
    FINDING_NOT_UNDERSTOOD, /* nothing but one error: the template is wrong */
    FINDING_CLOSED,         /* the server closes the connection after each reply */
    FINDING_SILENT          /* nothing came */
};

struct finding {
    enum finding_kind kind;
    char text[FINDING_TEXT_SIZE];  /* what was seen, in words */
    const char *option;            /* "--ignore"; NULL: there is nothing to be set */
    char value[TELLING_RULE_SIZE]; /* of the option; "" for a flag */
};

struct discovery {
    struct finding items[FINDINGS_MAX];
    size_t count;
    uint32_t answered;    /* prompts that something came for */
    uint32_t good;        /* of these, those that are no error; 0 when the template is refused */
    uint64_t least_parts; /* messages of a reply, over those */
    uint64_t most_parts;
    bool stream; /* some reply is more than one message */
    bool told;   /* there is an option for each greeting and keep-alive */
};

#endif
