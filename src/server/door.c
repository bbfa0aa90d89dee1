#include "internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "upgrade.h"
#include "wsload/base/clock.h"

/* Connections accepted in one go, so that many new clients do not hold up the replies. */
#define ACCEPT_BATCH 16

/* As long as libwebsockets waits for a request. */
#define PATIENCE_NS (20 * NS_PER_S)

struct visitor {
    struct delay patience; /* first member; of a plain socket */
    TAILQ_ENTRY(visitor) link;
    struct server *server;
    struct ev_io watcher;
    int fd;
    struct lws *wsi; /* NULL: not with libwebsockets yet */
    size_t length;
    char bytes[UPGRADE_BYTES_MAX];
};

static struct text heard(const struct visitor *visitor)
{
    return (struct text){visitor->bytes, visitor->length};
}

/* Whether nothing more needs to be read. */
static bool heard_enough(const struct visitor *visitor)
{
    return visitor->length == sizeof(visitor->bytes) || upgrade_length(heard(visitor)) != 0;
}

static void stop_overhearing(struct visitor *visitor)
{
    ev_io_stop(visitor->server->loop, &visitor->watcher);
    delays_remove(&visitor->server->delays, &visitor->patience);
}

static void forget(struct visitor *visitor)
{
    stop_overhearing(visitor);
    TAILQ_REMOVE(&visitor->server->visitors, visitor, link);
    free(visitor);
}

static void hand_over(struct visitor *visitor)
{
    struct server *server = visitor->server;
    server->entering = visitor;
    lws_adopt_socket_vhost(server->vhost, visitor->fd); /* which closes it when it cannot */
    if (server->entering == visitor)
        forget(visitor);
    server->entering = NULL;
}

void door_socket_gone(struct server *server)
{
    if (server->listen_fd >= 0)
        ev_io_start(server->loop, &server->acceptor);
}

static void turn_away(struct delay *patience)
{
    struct visitor *visitor = (struct visitor *)patience;
    struct server *server = visitor->server;
    close(visitor->fd);
    forget(visitor);
    door_socket_gone(server);
}

static void on_plain_bytes(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    struct visitor *visitor = watcher->data;
    ssize_t length = recv(visitor->fd, visitor->bytes, sizeof(visitor->bytes), MSG_PEEK);
    (void)loop;
    (void)events;
    /* Woken without anything new: the client has sent all it will. */
    if (length <= 0 || (size_t)length == visitor->length) {
        turn_away(&visitor->patience);
        return;
    }
    visitor->length = (size_t)length;
    bool enough = heard_enough(visitor);
    /* What was seen stays in the socket and must not wake us again. */
    int more = enough ? 1 : (int)length + 1;
    setsockopt(visitor->fd, SOL_SOCKET, SO_RCVLOWAT, &more, sizeof(more));
    if (!enough)
        return;
    stop_overhearing(visitor);
    hand_over(visitor);
}

static void on_tls_bytes(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    struct visitor *visitor = watcher->data;
    SSL *ssl = lws_get_ssl(visitor->wsi);
    (void)events;
    if (!ssl || !SSL_is_init_finished(ssl))
        return;
    int length = SSL_peek(ssl, visitor->bytes + visitor->length,
                          (int)(sizeof(visitor->bytes) - visitor->length));
    if (length > 0)
        visitor->length += (size_t)length;
    else
        ERR_clear_error(); /* libwebsockets will meet the same one */
    if (heard_enough(visitor))
        ev_io_stop(loop, watcher);
}

static struct visitor *listen_to(struct server *server, int fd)
{
    struct visitor *visitor = calloc(1, sizeof(*visitor));
    if (!visitor)
        return NULL;
    visitor->server = server;
    visitor->fd = fd;
    visitor->patience.expired = turn_away;
    visitor->watcher.data = visitor;
    TAILQ_INSERT_TAIL(&server->visitors, visitor, link);
    return visitor;
}

/* Takes in FD, an accepted socket. */
static void take_in(struct server *server, int fd)
{
    if (!gate_reads(&server->gate)) {
        lws_adopt_socket_vhost(server->vhost, fd);
        return;
    }
    struct visitor *visitor = listen_to(server, fd);
    if (!visitor) {
        close(fd);
        return;
    }
    if (server->options.tls) {
        hand_over(visitor);
        return;
    }
    ev_io_init(&visitor->watcher, on_plain_bytes, fd, EV_READ);
    ev_io_start(server->loop, &visitor->watcher);
    if (delays_add(&server->delays, &visitor->patience, clock_monotonic_ns() + PATIENCE_NS))
        turn_away(&visitor->patience);
}

/* --- Listening and accepting --- */

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

/* Listens on ADDRESS, a numeric one, and PORT, 0 for any free one. Returns a non-blocking
 * descriptor, or -1. libwebsockets can listen by itself, but then says neither why it cannot nor,
 * with certainty, on which addresses it does. */
static int listener_open(const char *address, uint16_t port, struct error *error)
{
    const struct addrinfo numeric = {
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
        .ai_socktype = SOCK_STREAM,
    };
    struct addrinfo *at;
    char service[8];
    snprintf(service, sizeof(service), "%u", port);
    if (getaddrinfo(address, service, &numeric, &at))
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

static uint16_t listener_port(int listen_fd)
{
    struct sockaddr_storage bound;
    socklen_t size = sizeof(bound);
    if (getsockname(listen_fd, (struct sockaddr *)&bound, &size))
        return 0;
    return bound.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&bound)->sin6_port)
                                       : ntohs(((struct sockaddr_in *)&bound)->sin_port);
}

static void on_waiting_clients(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    struct server *server = watcher->data;
    (void)events;
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        int fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        /* The client keeps waiting; asking again at once would only spin. */
        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
            ev_io_stop(loop, watcher);
        if (fd < 0)
            return;
        take_in(server, fd);
    }
}

int door_open(struct server *server, struct error *error)
{
    server->listen_fd = listener_open(server->options.address, server->options.port, error);
    if (server->listen_fd < 0)
        return -1;
    server->port = listener_port(server->listen_fd);
    ev_io_init(&server->acceptor, on_waiting_clients, server->listen_fd, EV_READ);
    server->acceptor.data = server;
    ev_io_start(server->loop, &server->acceptor);
    return 0;
}

void door_close(struct server *server)
{
    if (server->listen_fd >= 0) {
        ev_io_stop(server->loop, &server->acceptor);
        close(server->listen_fd);
        server->listen_fd = -1;
    }
    struct visitor *next;
    for (struct visitor *visitor = TAILQ_FIRST(&server->visitors); visitor; visitor = next) {
        next = TAILQ_NEXT(visitor, link);
        if (!visitor->wsi)
            turn_away(&visitor->patience);
    }
}

/* --- What libwebsockets makes of them --- */

void door_entered(struct server *server, struct lws *wsi)
{
    struct visitor *visitor = server->entering;
    if (!visitor)
        return;
    server->entering = NULL;
    visitor->wsi = wsi;
    lws_set_opaque_user_data(wsi, visitor);
    if (!server->options.tls)
        return;
    ev_io_init(&visitor->watcher, on_tls_bytes, visitor->fd, EV_READ);
    /* Before libwebsockets' own watcher. */
    ev_set_priority(&visitor->watcher, 1);
    ev_io_start(server->loop, &visitor->watcher);
}

struct text door_request(struct lws *wsi)
{
    const struct visitor *visitor = lws_get_opaque_user_data(wsi);
    return visitor ? heard(visitor) : TEXT("");
}

void door_forget(struct lws *wsi)
{
    struct visitor *visitor = lws_get_opaque_user_data(wsi);
    if (!visitor)
        return;
    lws_set_opaque_user_data(wsi, NULL);
    forget(visitor);
}
