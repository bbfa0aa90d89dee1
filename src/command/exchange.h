/* An exchange: a few prompts of a plan, one after the other on one connection, while somebody
 * listens. It is a run of the engine like any other, of a plan in which every reply lasts until
 * nothing comes any more. */
#ifndef WSLOAD_COMMAND_EXCHANGE_H
#define WSLOAD_COMMAND_EXCHANGE_H

#include "wsload/base/error.h"
#include "wsload/engine/opening_seen.h"
#include "wsload/load/plan.h"
#include "wsload/protocol/transcript.h"
#include "wsload/stats/measurement.h"

struct exchange {
    uint64_t prompts;   /* how many, at least 1 */
    uint64_t listen_ns; /* for greetings, before the first */
    uint64_t quiet_ns;  /* a reply is over when nothing new came for so long */

    struct opening_seen *seen; /* of its connection; NULL: nobody asks */

    void (*tell)(void *user, const struct transcript *transcript); /* of the newest entry, on the
                                                                      worker's thread; or NULL */
    void *user;

    struct transcript transcript;    /* out: to be freed */
    struct measurement *measurement; /* out: owned; what it measured of itself */
    uint32_t run_id;                 /* out: in every {{id}} */
    int signal;                      /* out: that ended it; 0: none did */
    struct engine *engine;           /* while it plays */
};

/* Plays EXCHANGE with PLAN. 0, or -1 when wsload itself could not; what the target did is in the
 * measurement: without COUNT_OPENED it was not reached. EXCHANGE needs exchange_free() either
 * way. */
int exchange_play(struct exchange *exchange, const struct plan *plan, struct error *error);

void exchange_free(struct exchange *exchange);

/* Runs PLAN as it is, without any progress, until it is over. MEASUREMENT is the caller's to free,
 * and SIGNAL what ended it, 0 for none. 0 or -1. */
int exchange_measure(const struct plan *plan, struct measurement **measurement, int *signal,
                     struct error *error);

#endif
