#include "wsload/protocol/route.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/base/text.h"
#include "wsload/protocol/handshake.h"

#define BLOCK_COUNT_MAX (UINT64_C(1) << 32)

/* Takes the host of *CURSOR and the colon after it, without the brackets of an IPv6 address. */
static int take_host(const char **cursor, char *out, size_t size)
{
    const char *start = *cursor + (**cursor == '[');
    size_t length = strcspn(start, **cursor == '[' ? "]" : ":");
    const char *end = start + length + (start[length] == ']');
    *cursor = end + 1;
    return *end == ':' ? text_copy((struct text){start, length}, out, size) : -1;
}

/* Takes the port of *CURSOR and the END after it; an empty one is 0. */
static int take_port(const char **cursor, char end, uint16_t *port)
{
    size_t length = strspn(*cursor, "0123456789");
    char digits[6];
    if ((*cursor)[length] != end ||
        text_copy((struct text){*cursor, length}, digits, sizeof(digits)))
        return -1;
    unsigned long number = strtoul(digits, NULL, 10);
    *cursor += length + (end != '\0');
    *port = (uint16_t)number;
    return length == 0 || (number >= 1 && number <= 65535) ? 0 : -1;
}

/* Appends ADDRESS, with or without brackets, to the rule's list. */
static int add_address(struct resolve_rule *rule, struct text address)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    char plain[INET6_ADDRSTRLEN];
    if (text_begins(address, "[") && text_ends(address, "]"))
        address = (struct text){address.data + 1, address.length - 2};
    if (text_copy(address, plain, sizeof(plain)) ||
        (inet_pton(AF_INET, plain, bytes) != 1 && inet_pton(AF_INET6, plain, bytes) != 1))
        return -1;
    size_t used = strlen(rule->addresses);
    if (used + address.length + 2 > sizeof(rule->addresses))
        return -1;
    snprintf(rule->addresses + used, sizeof(rule->addresses) - used, "%s%s", used ? "," : "",
             plain);
    return 0;
}

static int parse_addresses(const char *text, struct resolve_rule *rule)
{
    struct text rest = text_of(text);
    struct text item;
    rule->addresses[0] = '\0';
    do {
        item = text_cut(&rest, ',');
        if (add_address(rule, item))
            return -1;
    } while (item.data[item.length] == ',');
    return 0;
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

/* Whether a rule was for it. */
static bool follow_connect_to(const struct routes *routes, struct route *route)
{
    for (size_t i = 0; i < routes->connect_to_count; i++) {
        const struct connect_to_rule *rule = &routes->connect_to[i];
        if (rule->from_host[0] && !host_equal(rule->from_host, route->host))
            continue;
        if (rule->from_port && rule->from_port != route->port)
            continue;
        if (rule->to_host[0])
            snprintf(route->host, sizeof(route->host), "%s", rule->to_host);
        if (rule->to_port)
            route->port = rule->to_port;
        return true;
    }
    return false;
}

static bool follow_resolve(const struct routes *routes, struct route *route)
{
    for (size_t i = 0; i < routes->resolve_count; i++) {
        const struct resolve_rule *rule = &routes->resolve[i];
        bool any = strcmp(rule->host, "*") == 0;
        if (rule->port == route->port && (any || host_equal(rule->host, route->host))) {
            snprintf(route->host, sizeof(route->host), "%s", rule->addresses);
            return true;
        }
    }
    return false;
}

void route_follow(const struct routes *routes, const char *host, uint16_t port, struct route *route)
{
    snprintf(route->host, sizeof(route->host), "%s", host);
    route->port = port;
    follow_connect_to(routes, route);
    follow_resolve(routes, route);
}

const char *route_left_out(const struct routes *routes, const char *host, uint16_t port,
                           struct route *route)
{
    snprintf(route->host, sizeof(route->host), "%s", host);
    route->port = port;
    if (!follow_connect_to(routes, route) && routes->connect_to_count > 0)
        return "--connect-to";
    struct route asked = *route;
    return !follow_resolve(routes, &asked) && routes->resolve_count > 0 ? "--resolve" : NULL;
}

/* --- Source addresses --- */

static unsigned address_bits(int family)
{
    return family == AF_INET ? 32 : 128;
}

/* Reads the number of bits after the slash. 0 or -1. */
static int parse_prefix(struct text text, unsigned bits_max, unsigned *bits)
{
    char digits[4];
    if (text_copy(text, digits, sizeof(digits)) || text.length == 0 ||
        strspn(digits, "0123456789") != text.length)
        return -1;
    *bits = (unsigned)strtoul(digits, NULL, 10);
    return *bits <= bits_max ? 0 : -1;
}

/* Clears all but the first BITS bits of ADDRESS. */
static void clear_host_bits(unsigned char address[16], unsigned bits)
{
    for (unsigned i = 0; i < 16; i++) {
        unsigned kept = bits <= i * 8 ? 0 : bits - i * 8;
        if (kept < 8)
            address[i] &= (unsigned char)(0xff00 >> kept);
    }
}

/* Adds NUMBER to ADDRESS, of SIZE bytes. */
static void add_to_address(unsigned char *address, size_t size, uint64_t number)
{
    for (size_t i = size; i > 0 && number > 0; i--) {
        number += address[i - 1];
        address[i - 1] = (unsigned char)number;
        number >>= 8;
    }
}

/* Makes BLOCK, an address so far, all addresses that share its first BITS bits. */
static void widen(struct source_block *block, unsigned bits)
{
    unsigned host_bits = address_bits(block->family) - bits;
    clear_host_bits(block->first, bits);
    block->count = host_bits < 32 ? UINT64_C(1) << host_bits : BLOCK_COUNT_MAX;
    if (block->family == AF_INET && host_bits >= 2) {
        add_to_address(block->first, 4, 1);
        block->count -= 2;
    }
}

/* Reads "127.0.0.2" or "127.0.0.8/29". 0 or -1. */
static int parse_block(struct text item, struct source_block *block)
{
    struct text prefix = item;
    struct text address = text_cut(&prefix, '/');
    char plain[SOURCE_TEXT_SIZE];
    if (text_copy(address, plain, sizeof(plain)))
        return -1;
    *block = (struct source_block){.family = strchr(plain, ':') ? AF_INET6 : AF_INET};
    unsigned bits = address_bits(block->family);
    if (inet_pton(block->family, plain, block->first) != 1 ||
        (address.length < item.length && parse_prefix(prefix, bits, &bits)))
        return -1;
    widen(block, bits);
    return 0;
}

static int add_block(struct sources *sources, struct text item, struct error *error)
{
    if (sources->block_count == SOURCES_MAX)
        return error_set(error, "more than %d addresses; use blocks, as in 127.0.0.0/24",
                         SOURCES_MAX);
    struct source_block *block = &sources->blocks[sources->block_count];
    if (parse_block(item, block))
        return error_set(error,
                         "'%.*s' is no address; use addresses and blocks, as in "
                         "127.0.0.2,127.0.0.8/29",
                         TEXT_ARGS(item));
    sources->block_count++;
    sources->count += block->count;
    return 0;
}

int sources_parse(const char *text, struct sources *sources, struct error *error)
{
    struct text rest = text_of(text);
    struct text item;
    *sources = (struct sources){0};
    do {
        item = text_cut(&rest, ',');
        if (add_block(sources, item, error))
            return -1;
    } while (item.data[item.length] == ',');
    return 0;
}

static bool in_family(const struct source_block *block, int family)
{
    return family == AF_UNSPEC || family == block->family;
}

char *sources_pick(const struct sources *sources, uint64_t index, int family,
                   char out[SOURCE_TEXT_SIZE])
{
    uint64_t count = 0;
    for (size_t i = 0; i < sources->block_count; i++)
        count += in_family(&sources->blocks[i], family) ? sources->blocks[i].count : 0;
    if (count == 0)
        return NULL;
    index %= count;
    const struct source_block *block = sources->blocks;
    while (!in_family(block, family) || index >= block->count) {
        if (in_family(block, family))
            index -= block->count;
        block++;
    }
    struct source_block picked = *block;
    add_to_address(picked.first, address_bits(picked.family) / 8, index);
    inet_ntop(picked.family, picked.first, out, SOURCE_TEXT_SIZE);
    return out;
}
