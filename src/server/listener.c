#include "listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct addrinfo *numeric_address(const char *address, uint16_t port)
{
    const struct addrinfo hints = {
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
    };
    struct addrinfo *found = NULL;
    char service[8];
    snprintf(service, sizeof(service), "%u", port);
    return getaddrinfo(address, service, &hints, &found) == 0 ? found : NULL;
}

static int set_options(int fd, int family)
{
    const int on = 1;
    /* A restart must not wait for the old connections' TIME_WAIT, and a reply must not wait for
     * an acknowledgement; accepted sockets inherit both. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)))
        return -1;
    /* "::" means IPv6 and nothing else. */
    return family == AF_INET6 ? setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) : 0;
}

static int listen_on(const struct addrinfo *at)
{
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (set_options(fd, at->ai_family) || bind(fd, at->ai_addr, at->ai_addrlen) ||
        listen(fd, SOMAXCONN)) {
        int reason = errno;
        close(fd);
        errno = reason;
        return -1;
    }
    return fd;
}

int listener_open(const char *address, uint16_t port, struct error *error)
{
    struct addrinfo *at = numeric_address(address, port);
    if (!at)
        return error_set(error, "%s: not a numeric IPv4 or IPv6 address", address);
    int fd = listen_on(at);
    if (fd < 0) {
        bool colons = at->ai_family == AF_INET6;
        error_set(error, "%s%s%s:%u: %s; choose another with --listen", colons ? "[" : "", address,
                  colons ? "]" : "", port, strerror(errno));
    }
    freeaddrinfo(at);
    return fd;
}

uint16_t listener_port(int listen_fd)
{
    struct sockaddr_storage bound;
    socklen_t size = sizeof(bound);
    if (getsockname(listen_fd, (struct sockaddr *)&bound, &size))
        return 0;
    return bound.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&bound)->sin6_port)
                                       : ntohs(((struct sockaddr_in *)&bound)->sin_port);
}

int listener_accept(int listen_fd)
{
    return accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}
