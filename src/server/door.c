#include "door.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wsload/base/clock.h"

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

/* Whether there is no use in listening any longer. */
static bool heard_enough(const struct visitor *visitor)
{
    return visitor->length == sizeof(visitor->bytes) || upgrade_length(heard(visitor)) != 0;
}

static void stop_listening(struct visitor *visitor)
{
    ev_io_stop(visitor->server->loop, &visitor->watcher);
    delays_remove(&visitor->server->delays, &visitor->patience);
}

static void forget(struct visitor *visitor)
{
    stop_listening(visitor);
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

static void turn_away(struct visitor *visitor)
{
    struct server *server = visitor->server;
    close(visitor->fd);
    forget(visitor);
    server_socket_gone(server);
}

static void on_patience_over(struct delay *patience)
{
    turn_away((struct visitor *)patience);
}

static void on_plain_bytes(struct ev_loop *loop, struct ev_io *watcher, int events)
{
    struct visitor *visitor = watcher->data;
    ssize_t length = recv(visitor->fd, visitor->bytes, sizeof(visitor->bytes), MSG_PEEK);
    (void)loop;
    (void)events;
    /* Woken without anything new, the client has said all it will. */
    if (length <= 0 || (size_t)length == visitor->length) {
        turn_away(visitor);
        return;
    }
    visitor->length = (size_t)length;
    bool enough = heard_enough(visitor);
    /* What was seen stays in the socket and must not wake us again. */
    int more = enough ? 1 : (int)length + 1;
    setsockopt(visitor->fd, SOL_SOCKET, SO_RCVLOWAT, &more, sizeof(more));
    if (!enough)
        return;
    stop_listening(visitor);
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
    visitor->patience.expired = on_patience_over;
    visitor->watcher.data = visitor;
    TAILQ_INSERT_TAIL(&server->visitors, visitor, link);
    return visitor;
}

void door_open(struct server *server, int fd)
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
    visitor->watcher.data = visitor;
    ev_io_start(server->loop, &visitor->watcher);
    if (delays_add(&server->delays, &visitor->patience, clock_monotonic_ns() + PATIENCE_NS))
        turn_away(visitor);
}

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
    visitor->watcher.data = visitor;
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

void door_close(struct server *server)
{
    struct visitor *next;
    for (struct visitor *visitor = TAILQ_FIRST(&server->visitors); visitor; visitor = next) {
        next = TAILQ_NEXT(visitor, link);
        if (!visitor->wsi)
            turn_away(visitor);
    }
}
