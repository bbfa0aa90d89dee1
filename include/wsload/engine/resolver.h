/* Addresses: those of names, once per run and off the loop, and this machine's own.
 *
 * getaddrinfo() blocks, so this runs before the workers start; they connect to numeric addresses
 * only. A name that does not resolve is a finding about the target, not an error of wsload. */
#ifndef WSLOAD_ENGINE_RESOLVER_H
#define WSLOAD_ENGINE_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/base/error.h"
#include "wsload/load/plan.h"

#define ADDRESSES_MAX     16
#define ADDRESS_TEXT_SIZE 64

struct addresses {
    char items[ADDRESSES_MAX][ADDRESS_TEXT_SIZE]; /* numeric, in the resolver's order */
    size_t count;                                 /* 0: see reason */
    uint16_t port;
    char reason[256];   /* why there is none: "api.example.com: Name or service not known" */
    uint64_t lookup_ns; /* how long asking for names took; CLOCK_NEVER when there was nothing to
                           ask, as for numeric addresses */
};

/* Resolves where the target's routes lead. Addresses beyond ADDRESSES_MAX are left out. */
void resolver_lookup(const struct target *target, struct addresses *addresses);

/* Whether every one of ADDRESSES is this machine's own. */
bool addresses_are_local(const struct addresses *addresses);

/* Whether sockets can be bound to each of the first COUNT of SOURCES, as they are picked in turn.
 * -1 and an error that names the first that cannot. */
int sources_check(const struct sources *sources, uint64_t count, struct error *error);

#endif
