#include "wsload/protocol/route.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Takes the part of *CURSOR up to the next ':' (or the end, for the LAST part) into OUT, without
 * the brackets that an IPv6 address may have. */
static int take_part(const char **cursor, bool last, char *out, size_t size)
{
    const char *start = *cursor;
    const char *end;
    if (*start == '[') {
        end = strchr(++start, ']');
        if (!end)
            return -1;
        *cursor = end + 1;
    } else {
        end = start + (last ? strlen(start) : strcspn(start, ":"));
        *cursor = end;
    }
    if ((size_t)(end - start) >= size)
        return -1;
    memcpy(out, start, (size_t)(end - start));
    out[end - start] = '\0';
    if (last)
        return **cursor == '\0' ? 0 : -1;
    if (**cursor != ':')
        return -1;
    ++*cursor;
    return 0;
}

/* A port; the empty text is 0 when MAY_BE_EMPTY. */
static int parse_port(const char *text, bool may_be_empty, uint16_t *port)
{
    *port = 0;
    if (text[0] == '\0')
        return may_be_empty ? 0 : -1;
    if (strspn(text, "0123456789") != strlen(text) || strlen(text) > 5)
        return -1;
    unsigned long number = strtoul(text, NULL, 10);
    if (number < 1 || number > 65535)
        return -1;
    *port = (uint16_t)number;
    return 0;
}

static bool is_address(const char *text)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

/* Appends ADDRESS, with or without brackets, to the rule's list. */
static int add_address(struct resolve_rule *rule, const char *address, size_t length)
{
    char plain[INET6_ADDRSTRLEN];
    if (length >= 2 && address[0] == '[' && address[length - 1] == ']') {
        address++;
        length -= 2;
    }
    if (length >= sizeof plain)
        return -1;
    memcpy(plain, address, length);
    plain[length] = '\0';
    size_t used = strlen(rule->addresses);
    if (!is_address(plain) || used + length + 2 > sizeof rule->addresses)
        return -1;
    snprintf(rule->addresses + used, sizeof rule->addresses - used, "%s%s", used ? "," : "", plain);
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
    char port[8];
    const char *cursor = text;
    if (take_part(&cursor, false, rule->host, sizeof rule->host) || rule->host[0] == '\0' ||
        take_part(&cursor, false, port, sizeof port) || parse_port(port, false, &rule->port) ||
        parse_addresses(cursor, rule))
        return error_set(error, "use HOST:PORT:ADDRESS with a numeric address, as in "
                                "api.example.com:443:127.0.0.1");
    return 0;
}

int route_parse_connect_to(const char *text, struct connect_to_rule *rule, struct error *error)
{
    char from_port[8];
    char to_port[8];
    const char *cursor = text;
    if (take_part(&cursor, false, rule->from_host, sizeof rule->from_host) ||
        take_part(&cursor, false, from_port, sizeof from_port) ||
        take_part(&cursor, false, rule->to_host, sizeof rule->to_host) ||
        take_part(&cursor, true, to_port, sizeof to_port) ||
        parse_port(from_port, true, &rule->from_port) || parse_port(to_port, true, &rule->to_port))
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
            snprintf(route->host, sizeof route->host, "%s", rule->to_host);
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
            snprintf(route->host, sizeof route->host, "%s", rule->addresses);
            return;
        }
    }
}

void route_follow(const struct routes *routes, const char *host, uint16_t port, struct route *route)
{
    snprintf(route->host, sizeof route->host, "%s", host);
    route->port = port;
    follow_connect_to(routes, route);
    follow_resolve(routes, route);
}
