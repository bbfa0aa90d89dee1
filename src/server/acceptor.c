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

struct pending {
    struct delay patience; /* first member; of a plain socket */
    TAILQ_ENTRY(pending) link;
    struct server *server;
    struct ev_io watcher;
    int fd;
    struct lws *wsi; /* NULL: not with libwebsockets yet */
    size_t length;
    char bytes[UPGRADE_BYTES_MAX];
};

static struct text heard(const struct pending *pending)
{
    return (struct text){pending->bytes, pending->length};
}

/* Whether nothing more needs to be read. */
static bool heard_enough(const struct pending *pending)
{
    return pending->length == sizeof(pending->bytes) || upgrade_length(heard(pending)) != 0;
}

static void stop_overhearing(struct pending *pending)
{
    ev_io_stop(pending->server->loop, &pending->watcher);
    delays_remove(&pending->server->delays, &pending->patience);
}

static void forget(struct pending *pending)
{
    stop_overhearing(pending);
    TAILQ_REMOVE(&pending->server->pendings, pending, link);
    free(pending);
}

static void hand_over(struct pending *pending)
{
    struct server *server = pending->server;
    server->entering = pending;
    lws_adopt_socket_vhost(server->vhost, pending->fd); /* which closes it when it cannot */
    if (server->entering == pending)
        forget(pending);
    server->entering = NULL;
}

void acceptor_socket_gone(struct server *server)
{
    if (server->listen_fd >= 0)
        ev_io_start(server->loop, &server->acceptor);
}

static void turn_away(struct delay *patience)
{
    struct pending *pending = (struct pending *)patience;
    struct server *server = pending->server;
    close(pending->fd);
    forget(pending);
    acceptor_socket_gone(server);
}

static void on_plain_bytes(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    struct pending *pending = watcher->data;
    ssize_t length = recv(pending->fd, pending->bytes, sizeof(pending->bytes), MSG_PEEK);
    (void)loop;
    (void)events;
    /* Woken without anything new: the client has sent all it will. */
    if (length <= 0 || (size_t)length == pending->length) {
        turn_away(&pending->patience);
        return;
    }
    pending->length = (size_t)length;
    bool enough = heard_enough(pending);
    /* What was seen stays in the socket and must not wake us again. */
    int more = enough ? 1 : (int)length + 1;
    setsockopt(pending->fd, SOL_SOCKET, SO_RCVLOWAT, &more, sizeof(more));
    if (!enough)
        return;
    stop_overhearing(pending);
    hand_over(pending);
}

static void on_tls_bytes(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    struct pending *pending = watcher->data;
    SSL *ssl = lws_get_ssl(pending->wsi);
    (void)events;
    if (!ssl || !SSL_is_init_finished(ssl))
        return;
    int length = SSL_peek(ssl, pending->bytes + pending->length,
                          (int)(sizeof(pending->bytes) - pending->length));
    if (length > 0)
        pending->length += (size_t)length;
    else
        ERR_clear_error(); /* libwebsockets will meet the same one */
    if (heard_enough(pending))
        ev_io_stop(loop, watcher);
}

static struct pending *listen_to(struct server *server, int fd)
{
    struct pending *pending = calloc(1, sizeof(*pending));
    if (!pending)
        return NULL;
    pending->server = server;
    pending->fd = fd;
    pending->patience.expired = turn_away;
    pending->watcher.data = pending;
    TAILQ_INSERT_TAIL(&server->pendings, pending, link);
    return pending;
}

/* Takes in FD, an accepted socket. */
static void take_in(struct server *server, int fd)
{
    if (!admission_reads(&server->admission)) {
        lws_adopt_socket_vhost(server->vhost, fd);
        return;
    }
    struct pending *pending = listen_to(server, fd);
    if (!pending) {
        close(fd);
        return;
    }
    if (server->options.tls) {
        hand_over(pending);
        return;
    }
    ev_io_init(&pending->watcher, on_plain_bytes, fd, EV_READ);
    ev_io_start(server->loop, &pending->watcher);
    if (delays_add(&server->delays, &pending->patience, clock_monotonic_ns() + PATIENCE_NS))
        turn_away(&pending->patience);
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

int acceptor_open(struct server *server, struct error *error)
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

void acceptor_close(struct server *server)
{
    if (server->listen_fd >= 0) {
        ev_io_stop(server->loop, &server->acceptor);
        close(server->listen_fd);
        server->listen_fd = -1;
    }
    struct pending *next;
    for (struct pending *pending = TAILQ_FIRST(&server->pendings); pending; pending = next) {
        next = TAILQ_NEXT(pending, link);
        if (!pending->wsi)
            turn_away(&pending->patience);
    }
}

/* --- What libwebsockets makes of them --- */

void acceptor_entered(struct server *server, struct lws *wsi)
{
    struct pending *pending = server->entering;
    if (!pending)
        return;
    server->entering = NULL;
    pending->wsi = wsi;
    lws_set_opaque_user_data(wsi, pending);
    if (!server->options.tls)
        return;
    ev_io_init(&pending->watcher, on_tls_bytes, pending->fd, EV_READ);
    /* Before libwebsockets' own watcher. */
    ev_set_priority(&pending->watcher, 1);
    ev_io_start(server->loop, &pending->watcher);
}

struct text acceptor_request(struct lws *wsi)
{
    const struct pending *pending = lws_get_opaque_user_data(wsi);
    return pending ? heard(pending) : TEXT("");
}

void acceptor_forget(struct lws *wsi)
{
    struct pending *pending = lws_get_opaque_user_data(wsi);
    if (!pending)
        return;
    lws_set_opaque_user_data(wsi, NULL);
    forget(pending);
}
