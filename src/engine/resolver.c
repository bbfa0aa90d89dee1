#include "wsload/engine/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "wsload/base/clock.h"

static int family_of(enum address_family family)
{
    switch (family) {
    case FAMILY_IPV4:
        return AF_INET;
    case FAMILY_IPV6:
        return AF_INET6;
    case FAMILY_ANY:
        break;
    }
    return AF_UNSPEC;
}

static bool already_listed(const struct addresses *addresses, const char *text)
{
    for (size_t i = 0; i < addresses->count; i++)
        if (strcmp(addresses->items[i], text) == 0)
            return true;
    return false;
}

static void add_results(const struct addrinfo *results, struct addresses *addresses)
{
    for (; results && addresses->count < ADDRESSES_MAX; results = results->ai_next) {
        char text[ADDRESS_TEXT_SIZE];
        if (getnameinfo(results->ai_addr, results->ai_addrlen, text, sizeof(text), NULL, 0,
                        NI_NUMERICHOST) != 0)
            continue;
        if (!already_listed(addresses, text))
            memcpy(addresses->items[addresses->count++], text, sizeof(text));
    }
}

static bool is_numeric(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static void note_lookup(struct addresses *addresses, uint64_t took_ns)
{
    uint64_t before_ns = addresses->lookup_ns == CLOCK_NEVER ? 0 : addresses->lookup_ns;
    addresses->lookup_ns = before_ns + took_ns;
}

/* Looks up one name or numeric address. */
static void lookup(const char *host, int family, struct addresses *addresses)
{
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM};
    struct addrinfo *results = NULL;
    uint64_t start_ns = clock_monotonic_ns();
    int status = getaddrinfo(host, NULL, &hints, &results);
    if (!is_numeric(host))
        note_lookup(addresses, clock_monotonic_ns() - start_ns);
    if (status != 0) {
        snprintf(addresses->reason, sizeof(addresses->reason), "%s: %s", host,
                 gai_strerror(status));
        return;
    }
    add_results(results, addresses);
    freeaddrinfo(results);
}

void resolver_lookup(const struct target *target, struct addresses *addresses)
{
    struct route route;
    char *rest = NULL;
    *addresses = (struct addresses){.lookup_ns = CLOCK_NEVER};
    route_follow(&target->routes, target->url.host, target->url.port, &route);
    addresses->port = route.port;
    for (char *host = strtok_r(route.host, ",", &rest); host; host = strtok_r(NULL, ",", &rest))
        lookup(host, family_of(target->family), addresses);
}
