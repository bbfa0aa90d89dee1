/* One more handshake, to see what the library hides: the body of a refused upgrade.
 *
 * Blocking, with deadlines, on a socket of its own; meant for the time after a run. It speaks just
 * enough HTTP/1.1 to ask for the upgrade and read an answer. */
#ifndef WSLOAD_ENGINE_PROBE_H
#define WSLOAD_ENGINE_PROBE_H

#include "wsload/base/error.h"
#include "wsload/base/text.h"
#include "wsload/engine/resolver.h"
#include "wsload/load/plan.h"

/* An answer longer than this is cut. Bytes. */
#define PROBE_ANSWER_MAX 8192

struct probe_answer {
    unsigned status;
    struct buffer raw;   /* status line, headers and body as they came; freed by the caller */
    struct text headers; /* views into raw, without the empty line between them */
    struct text body;
};

/* Asks the plan's target at the first of ADDRESSES that connects for an upgrade and reads what it
 * answers in the connect timeout. -1 when there is no HTTP answer; ANSWER needs probe_free() either
 * way. */
int probe_handshake(const struct plan *plan, const struct addresses *addresses,
                    struct probe_answer *answer, struct error *error);

void probe_free(struct probe_answer *answer);

#endif
