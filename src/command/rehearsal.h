/* The rehearsal: before a run that has no rules for replies, one prompt on one connection proves
 * that the first message after a prompt is the reply to it, and all of it. Else the run would time
 * greetings and keep-alives, and send a prompt for each message of a stream. */
#ifndef WSLOAD_COMMAND_REHEARSAL_H
#define WSLOAD_COMMAND_REHEARSAL_H

#include "run_options.h"
#include "wsload/stats/measurement.h"

enum rehearsal_end {
    REHEARSAL_PROVED,  /* exactly one message came: the run may begin */
    REHEARSAL_REFUTED, /* it did not: see what is to be told */
    REHEARSAL_STOPPED, /* no connection opened, or a signal came: see its measurement */
    REHEARSAL_BROKEN   /* wsload itself could not */
};

struct rehearsal {
    uint64_t requests;
    uint64_t messages;
    uint64_t time_ns;
    struct measurement *measurement; /* of a run that ended with its rehearsal, the caller's to
                                        free; else NULL */
    struct buffer told;              /* why it was refuted, lines; the caller's to free */
};

/* Reads --rehearsal: how long quiet proves that a reply is over, 0 for no rehearsal. 0 or -1. */
int rehearsal_parse(const char *text, uint64_t *quiet_ns, struct error *error);

/* Whether PLAN takes the first message after a prompt for its reply, without having been told. */
bool rehearsal_is_due(const struct plan *plan);

/* Rehearses PLAN until QUIET_NS of quiet. ERROR is set when it is broken. */
enum rehearsal_end rehearsal_play(struct rehearsal *rehearsal, const struct plan *plan,
                                  uint64_t quiet_ns, struct error *error);

/* Adds what the rehearsal was to MEASUREMENT. */
void rehearsal_note(const struct rehearsal *rehearsal, struct measurement *measurement);

#endif
