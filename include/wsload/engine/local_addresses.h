/* Which addresses are this machine's own. */
#ifndef WSLOAD_ENGINE_LOCAL_ADDRESSES_H
#define WSLOAD_ENGINE_LOCAL_ADDRESSES_H

#include <stdbool.h>

#include "wsload/base/error.h"
#include "wsload/engine/resolver.h"
#include "wsload/protocol/sources.h"

/* Whether every one of ADDRESSES is this machine's own. */
bool addresses_are_local(const struct addresses *addresses);

/* Whether sockets can be bound to each of the first COUNT of SOURCES, as they are picked in turn.
 * -1 and an error that names the first that cannot. */
int sources_check(const struct sources *sources, uint64_t count, struct error *error);

#endif
