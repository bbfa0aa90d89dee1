/* Where to connect instead of where the URL says: curl's --resolve and --connect-to.
 *
 * Rules are text; nothing is looked up here. SNI, the Host header and the certificate check keep
 * the URL's name whatever the route is. */
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

#endif
