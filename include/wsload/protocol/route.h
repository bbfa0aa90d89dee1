/* Where to connect instead of where the URL says (curl's --resolve and --connect-to), and from
 * where.
 *
 * Rules are text; nothing is looked up or bound here. SNI, the Host header and the certificate
 * check keep the URL's name whatever the route is. */
#ifndef WSLOAD_PROTOCOL_ROUTE_H
#define WSLOAD_PROTOCOL_ROUTE_H

#include <stddef.h>
#include <stdint.h>

#include "wsload/base/error.h"

#define ROUTE_HOST_SIZE    256
#define ROUTE_ADDRESS_SIZE 1024

/* One --connect-to: "" and 0 match any host and port, or keep them. */
struct connect_to_rule {
    char from_host[ROUTE_HOST_SIZE];
    uint16_t from_port;
    char to_host[ROUTE_HOST_SIZE];
    uint16_t to_port;
};

/* One --resolve: the addresses that HOST has for PORT. */
struct resolve_rule {
    char host[ROUTE_HOST_SIZE]; /* "*" matches any */
    uint16_t port;
    char addresses[ROUTE_ADDRESS_SIZE]; /* numeric, separated by commas */
};

struct routes {
    const struct connect_to_rule *connect_to; /* borrowed; the first that matches counts */
    size_t connect_to_count;
    const struct resolve_rule *resolve; /* borrowed; the first that matches counts */
    size_t resolve_count;
};

/* Where a connection goes. */
struct route {
    char host[ROUTE_ADDRESS_SIZE]; /* a name, or numeric addresses separated by commas */
    uint16_t port;
};

/* Parses HOST:PORT:ADDR[,ADDR...]; IPv6 addresses may stand in brackets. 0 or -1. */
int route_parse_resolve(const char *text, struct resolve_rule *rule, struct error *error);

/* Parses HOST1:PORT1:HOST2:PORT2, of which any part may be empty. 0 or -1. */
int route_parse_connect_to(const char *text, struct connect_to_rule *rule, struct error *error);

/* Follows --connect-to, then --resolve, from HOST and PORT. */
void route_follow(const struct routes *routes, const char *host, uint16_t port,
                  struct route *route);

/* "--connect-to" or "--resolve" when rules of it are given and none is for ROUTE, which HOST and
 * PORT have got to by then; else NULL. */
const char *route_left_out(const struct routes *routes, const char *host, uint16_t port,
                           struct route *route);

/* --- Source addresses --- */

/* Which local addresses connections are bound to, in turn. One address has about 28,000 ports for
 * one target; more connections need more addresses. */

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
