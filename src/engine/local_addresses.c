#include "wsload/engine/local_addresses.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

static bool is_of_interface(const struct ifaddrs *interface, const char *address)
{
    char text[ADDRESS_TEXT_SIZE];
    const struct sockaddr *own = interface->ifa_addr;
    if (!own || (own->sa_family != AF_INET && own->sa_family != AF_INET6))
        return false;
    socklen_t length = own->sa_family == AF_INET ? sizeof(struct sockaddr_in)
                                                 : sizeof(struct sockaddr_in6);
    return getnameinfo(own, length, text, sizeof(text), NULL, 0, NI_NUMERICHOST) == 0 &&
           strcmp(text, address) == 0;
}

static bool is_local(const struct ifaddrs *interfaces, const char *address)
{
    bool local = is_loopback(address);
    for (; interfaces && !local; interfaces = interfaces->ifa_next)
        local = is_of_interface(interfaces, address);
    return local;
}

bool addresses_are_local(const struct addresses *addresses)
{
    struct ifaddrs *interfaces = NULL;
    size_t local = 0;
    if (getifaddrs(&interfaces) != 0)
        interfaces = NULL;
    for (size_t i = 0; i < addresses->count; i++)
        local += is_local(interfaces, addresses->items[i]);
    freeifaddrs(interfaces);
    return local > 0 && local == addresses->count;
}

/* Fills ADDRESS from numeric TEXT, with port 0. Returns its length. */
static socklen_t fill_address(const char *text, struct sockaddr_storage *address)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
    memset(address, 0, sizeof(*address));
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        return sizeof(*v4);
    }
    inet_pton(AF_INET6, text, &v6->sin6_addr);
    v6->sin6_family = AF_INET6;
    return sizeof(*v6);
}

static int try_to_bind(const char *text, struct error *error)
{
    struct sockaddr_storage address;
    socklen_t length = fill_address(text, &address);
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int status = 0;
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) != 0)
        status = error_set(error, "--interface: %s: %s; use addresses of this machine", text,
                           strerror(errno));
    if (fd >= 0)
        close(fd);
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
