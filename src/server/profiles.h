/* How chat backends that people really have talk, as a table: where the prompt stands in a client's
 * message, and what comes back. Taken from the sources of published samples. */
#ifndef WSLOAD_SERVER_PROFILES_H
#define WSLOAD_SERVER_PROFILES_H

#include <stdbool.h>
#include <stddef.h>

#include "answer.h"

/* The most members that are tried for one thing; the first that is there counts. */
#define PROFILE_PATHS_MAX 4

/* The template of an error frame of API Gateway's own, as captured, with its uneven spaces. */
#define GATEWAY_FRAME(message)                                                                     \
    "{\"message\": \"" message "\", \"connectionId\":\"{{connectionId}}\", "                       \
    "\"requestId\":\"{{requestId}}\"}"

enum profile_manner {
    PROFILE_ONE_BY_ONE, /* each message is a prompt */
    PROFILE_SESSIONS,   /* a prompt comes as START, BODY parts and END; only END is answered */
    PROFILE_BROADCAST   /* the answer goes to every open connection */
};

struct profile {
    const char *name;
    enum profile_manner manner;
    const char *route;       /* the member that a route is chosen by; NULL: there is one only */
    const char *route_value; /* what it says for the route that answers */
    bool any_message;        /* what has no prompt in it is a prompt itself */
    const char *prompts[PROFILE_PATHS_MAX];
    const char *ids[PROFILE_PATHS_MAX]; /* members that {{correlation}} stands for */
    struct script_source good;
    struct script_source failed; /* no part at all: the backend hangs */
};

/* How `wsload serve` answers without a profile; its texts are options. */
extern const struct profile profile_plain;

/* The profile called NAME, one of server_profiles; NULL when there is none. */
const struct profile *profile_find(const char *name);

#endif
