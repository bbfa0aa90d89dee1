/* Source addresses: which local addresses connections are bound to, in turn. One address has some
 * 28,000 ports to give for one target; more connections need more addresses.
 *
 * A list of addresses and CIDR blocks as text in, numeric addresses out; it binds nothing. */
#ifndef WSLOAD_PROTOCOL_SOURCES_H
#define WSLOAD_PROTOCOL_SOURCES_H

#include <stddef.h>
#include <stdint.h>

#include "wsload/base/error.h"

#define SOURCES_MAX      64 /* items of the list */
#define SOURCE_TEXT_SIZE 46 /* INET6_ADDRSTRLEN */

/* An address or a block of them. */
struct source_block {
    int family;              /* AF_INET or AF_INET6 */
    unsigned char first[16]; /* network order; 4 bytes of it for AF_INET */
    uint64_t count;          /* addresses, at most 2^32 */
};

struct sources {
    struct source_block blocks[SOURCES_MAX];
    size_t block_count; /* 0: the system chooses */
    uint64_t count;     /* addresses in all */
};

/* Reads "127.0.0.2", "127.0.0.2,127.0.0.3", "127.0.0.8/29,::1". A block gives all its addresses;
 * of an IPv4 block of /30 or larger the first and last (network and broadcast) are left out. -1
 * when something is no address; the error does not name the option. */
int sources_parse(const char *text, struct sources *sources, struct error *error);

/* Writes the address number INDEX, going round, of those in FAMILY (AF_UNSPEC: of all). NULL when
 * there is none of it. Returns OUT. */
char *sources_pick(const struct sources *sources, uint64_t index, int family,
                   char out[SOURCE_TEXT_SIZE]);

#endif
