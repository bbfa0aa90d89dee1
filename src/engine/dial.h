/* Where a connection goes to and comes from: the addresses of a name in turn, those that have just
 * failed last, and the local addresses to bind to.
 *
 * Pure: it opens nothing, and time is an argument. */
#ifndef WSLOAD_ENGINE_DIAL_H
#define WSLOAD_ENGINE_DIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/base/clock.h"
#include "wsload/engine/resolver.h"
#include "wsload/protocol/route.h"

/* An address that failed is not tried first for this long. */
#define DIAL_DOWN_NS NS_PER_S

struct dial {
    const struct addresses *addresses; /* borrowed; at least one, or nothing is dialled */
    const struct sources *sources;     /* borrowed */
    uint64_t down_until_ns[ADDRESSES_MAX];
};

/* One attempt to open, by one address after the other. Zeroed, none was tried. */
struct dial_attempt {
    size_t tried;   /* addresses tried */
    size_t address; /* the one being tried */
};

/* Moves on to the next address: connections take turns by their NUMBER. */
void dial_next(const struct dial *dial, struct dial_attempt *attempt, uint64_t number,
               uint64_t now_ns);

/* Whether there is an address that was not tried yet. */
static inline bool dial_has_more(const struct dial *dial, const struct dial_attempt *attempt)
{
    return attempt->tried < dial->addresses->count;
}

/* The address being tried, as text. */
static inline const char *dial_address(const struct dial *dial, const struct dial_attempt *attempt)
{
    return dial->addresses->items[attempt->address];
}

/* The local address to bind to, of the family of the one tried, in OUT; NULL: any will do. */
const char *dial_source(const struct dial *dial, const struct dial_attempt *attempt,
                        uint64_t number, char out[SOURCE_TEXT_SIZE]);

/* The address being tried does not answer: others come first for a while. */
static inline void dial_failed(struct dial *dial, const struct dial_attempt *attempt,
                               uint64_t now_ns)
{
    dial->down_until_ns[attempt->address] = now_ns + DIAL_DOWN_NS;
}

/* It does. */
static inline void dial_worked(struct dial *dial, const struct dial_attempt *attempt)
{
    dial->down_until_ns[attempt->address] = 0;
}

#endif
