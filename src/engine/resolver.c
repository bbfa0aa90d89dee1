#include "wsload/engine/resolver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wsload/base/clock.h"

/* The numeric address of at most LENGTH bytes as text. False when it cannot be written as one. */
static bool format_address(const struct sockaddr *address, socklen_t length,
                           char out[ADDRESS_TEXT_SIZE])
{
    return getnameinfo(address, length, out, ADDRESS_TEXT_SIZE, NULL, 0, NI_NUMERICHOST) == 0;
}

static void add_results(const struct addrinfo *results, struct addresses *addresses)
{
    for (; results && addresses->count < ADDRESSES_MAX; results = results->ai_next) {
        char text[ADDRESS_TEXT_SIZE];
        size_t same = 0;
        if (!format_address(results->ai_addr, results->ai_addrlen, text))
            continue;
        while (same < addresses->count && strcmp(addresses->items[same], text) != 0)
            same++;
        if (same == addresses->count)
            memcpy(addresses->items[addresses->count++], text, sizeof(text));
    }
}

static bool is_numeric(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* Looks up one name or numeric address. */
static void lookup(const char *host, int family, struct addresses *addresses)
{
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM};
    struct addrinfo *results = NULL;
    uint64_t start_ns = clock_monotonic_ns();
    int status = getaddrinfo(host, NULL, &hints, &results);
    if (!is_numeric(host)) {
        uint64_t before_ns = addresses->lookup_ns == CLOCK_NEVER ? 0 : addresses->lookup_ns;
        addresses->lookup_ns = before_ns + clock_monotonic_ns() - start_ns;
    }
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
    static const int families[] = {
        [FAMILY_ANY] = AF_UNSPEC, [FAMILY_IPV4] = AF_INET, [FAMILY_IPV6] = AF_INET6};
    struct route route;
    char *rest = NULL;
    *addresses = (struct addresses){.lookup_ns = CLOCK_NEVER};
    route_follow(&target->routes, target->url.host, target->url.port, &route);
    addresses->port = route.port;
    for (char *host = strtok_r(route.host, ",", &rest); host; host = strtok_r(NULL, ",", &rest))
        lookup(host, families[target->family], addresses);
}

/* --- This machine's own --- */

static bool is_local(const struct ifaddrs *interfaces, const char *address)
{
    bool local = strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
    for (; interfaces && !local; interfaces = interfaces->ifa_next) {
        char text[ADDRESS_TEXT_SIZE];
        const struct sockaddr *own = interfaces->ifa_addr;
        if (own && (own->sa_family == AF_INET || own->sa_family == AF_INET6))
            local = format_address(own, sizeof(struct sockaddr_in6), text) &&
                    strcmp(text, address) == 0;
    }
    return local;
}

bool addresses_are_local(const struct addresses *addresses)
{
    struct ifaddrs *interfaces = NULL;
    size_t local = 0;
    (void)getifaddrs(&interfaces); /* or there are none but the loopback */
    for (size_t i = 0; i < addresses->count; i++)
        local += is_local(interfaces, addresses->items[i]);
    freeifaddrs(interfaces);
    return local > 0 && local == addresses->count;
}

static int try_to_bind(const char *text, struct error *error)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    struct addrinfo *own = NULL;
    if (getaddrinfo(text, NULL, &hints, &own) != 0)
        return error_set(error, "--interface: %s: no address", text);
    int fd = socket(own->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int status = 0;
    if (fd < 0 || bind(fd, own->ai_addr, own->ai_addrlen) != 0)
        status = error_set(error, "--interface: %s: %s; use addresses of this machine", text,
                           strerror(errno));
    if (fd >= 0)
        close(fd);
    freeaddrinfo(own);
    return status;
}

int sources_check(const struct sources *sources, uint64_t count, struct error *error)
{
    char text[SOURCE_TEXT_SIZE];
    for (uint64_t i = 0; i < count && i < sources->count; i++)
        if (try_to_bind(sources_pick(sources, i, AF_UNSPEC, text), error))
            return -1;
    return 0;
}
