#include "wsload/protocol/route.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Copies the first LENGTH characters of TEXT. */
static int copy(const char *text, size_t length, char *out, size_t size)
{
    if (length >= size)
        return -1;
    memcpy(out, text, length);
    out[length] = '\0';
    return 0;
}

/* Takes the host of *CURSOR and the colon after it, without the brackets of an IPv6 address. */
static int take_host(const char **cursor, char *out, size_t size)
{
    const char *start = *cursor + (**cursor == '[');
    size_t length = strcspn(start, **cursor == '[' ? "]" : ":");
    const char *end = start + length + (start[length] == ']');
    *cursor = end + 1;
    return *end == ':' ? copy(start, length, out, size) : -1;
}

/* Takes the port of *CURSOR and the END after it; an empty one is 0. */
static int take_port(const char **cursor, char end, uint16_t *port)
{
    size_t length = strspn(*cursor, "0123456789");
    char digits[6];
    if ((*cursor)[length] != end || copy(*cursor, length, digits, sizeof(digits)))
        return -1;
    unsigned long number = strtoul(digits, NULL, 10);
    *cursor += length + (end != '\0');
    *port = (uint16_t)number;
    return length == 0 || (number >= 1 && number <= 65535) ? 0 : -1;
}

static bool is_address(const char *text)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

/* Appends ADDRESS, with or without brackets, to the rule's list. */
static int add_address(struct resolve_rule *rule, const char *address, size_t length)
{
    if (length >= 2 && address[0] == '[' && address[length - 1] == ']') {
        address++;
        length -= 2;
    }
    char plain[INET6_ADDRSTRLEN];
    if (length >= sizeof(plain))
        return -1;
    memcpy(plain, address, length);
    plain[length] = '\0';
    size_t used = strlen(rule->addresses);
    if (!is_address(plain) || used + length + 2 > sizeof(rule->addresses))
        return -1;
    snprintf(rule->addresses + used, sizeof(rule->addresses) - used, "%s%s", used ? "," : "",
             plain);
    return 0;
}

static int parse_addresses(const char *text, struct resolve_rule *rule)
{
    rule->addresses[0] = '\0';
    for (;;) {
        size_t length = strcspn(text, ",");
        if (add_address(rule, text, length))
            return -1;
        if (text[length] == '\0')
            return 0;
        text += length + 1;
    }
}

int route_parse_resolve(const char *text, struct resolve_rule *rule, struct error *error)
{
    const char *cursor = text;
    if (take_host(&cursor, rule->host, sizeof(rule->host)) || rule->host[0] == '\0' ||
        take_port(&cursor, ':', &rule->port) || rule->port == 0 || parse_addresses(cursor, rule))
        return error_set(error, "use HOST:PORT:ADDRESS with a numeric address, as in "
                                "api.example.com:443:127.0.0.1");
    return 0;
}

int route_parse_connect_to(const char *text, struct connect_to_rule *rule, struct error *error)
{
    const char *cursor = text;
    if (take_host(&cursor, rule->from_host, sizeof(rule->from_host)) ||
        take_port(&cursor, ':', &rule->from_port) ||
        take_host(&cursor, rule->to_host, sizeof(rule->to_host)) ||
        take_port(&cursor, '\0', &rule->to_port))
        return error_set(error, "use HOST1:PORT1:HOST2:PORT2, as in "
                                "api.example.com:443:localhost:8443; parts may be empty");
    return 0;
}

static void follow_connect_to(const struct routes *routes, struct route *route)
{
    for (size_t i = 0; i < routes->connect_to_count; i++) {
        const struct connect_to_rule *rule = &routes->connect_to[i];
        if (rule->from_host[0] && strcasecmp(rule->from_host, route->host) != 0)
            continue;
        if (rule->from_port && rule->from_port != route->port)
            continue;
        if (rule->to_host[0])
            snprintf(route->host, sizeof(route->host), "%s", rule->to_host);
        if (rule->to_port)
            route->port = rule->to_port;
        return;
    }
}

static void follow_resolve(const struct routes *routes, struct route *route)
{
    for (size_t i = 0; i < routes->resolve_count; i++) {
        const struct resolve_rule *rule = &routes->resolve[i];
        bool any = strcmp(rule->host, "*") == 0;
        if (rule->port == route->port && (any || strcasecmp(rule->host, route->host) == 0)) {
            snprintf(route->host, sizeof(route->host), "%s", rule->addresses);
            return;
        }
    }
}

void route_follow(const struct routes *routes, const char *host, uint16_t port, struct route *route)
{
    snprintf(route->host, sizeof(route->host), "%s", host);
    route->port = port;
    follow_connect_to(routes, route);
    follow_resolve(routes, route);
}
