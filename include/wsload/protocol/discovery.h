/* Discovery: what a transcript of a few prompts says about a backend, and the options that say it
 * to a load test.
 *
 * It looks for a greeting, messages that keep the connection alive, where a reply ends, ids that
 * come back, errors, and a template that is not understood. Pure: `wsload try` and the rehearsal
 * of a run play the exchange and show what was found. */
#ifndef WSLOAD_PROTOCOL_DISCOVERY_H
#define WSLOAD_PROTOCOL_DISCOVERY_H

#include <stdint.h>

#include "wsload/protocol/findings.h"
#include "wsload/protocol/transcript.h"

/* "greeting" and so on, for people and for JSON. */
const char *finding_name(enum finding_kind kind);

/* Looks at TRANSCRIPT, of whose prompts the Nth, from 1, has the {{id}} of request N of RUN_ID. 0,
 * or -1 when memory is out. */
int discover(const struct transcript *transcript, uint32_t run_id, struct discovery *discovery);

#endif
