/* What the server's files share: the server itself and its connections. */
#ifndef WSLOAD_SERVER_INTERNAL_H
#define WSLOAD_SERVER_INTERNAL_H

#include <ev.h>
#include <libwebsockets.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "delays.h"
#include "replies.h"
#include "wsload/base/buffer.h"
#include "wsload/server/certificate.h"
#include "wsload/server/server.h"

/* The longest subprotocol, and list of them, that libwebsockets can take in, with the NUL. */
#define SUBPROTOCOL_SIZE      63
#define SUBPROTOCOL_LIST_SIZE 127

/* An open WebSocket. libwebsockets owns the memory, from the upgrade to the end. */
struct connection {
    TAILQ_ENTRY(connection) link; /* in the server's list */
    struct server *server;
    struct lws *wsi;
    char id[REPLY_ID_SIZE];
    struct buffer inbox;       /* the pieces of the message that is coming in */
    struct reply_list waiting; /* owned; not due yet */
    struct reply_list outbox;  /* owned; due, in the order to send them */
    bool closing;              /* one side has begun to close: nothing more is sent */
};
TAILQ_HEAD(connection_list, connection);

struct server {
    struct replies replies;
    struct delays delays;
    struct certificate certificate;
    struct server_counts counts;
    struct connection_list connections;

    int listen_fd; /* -1 when closed */
    uint16_t port;
    struct ev_loop *loop;
    struct ev_io acceptor;
    struct ev_async stop;
    struct ev_timer grace; /* how long the clients have to answer our close */
    bool stopping;

    struct lws_context *context;
    struct lws_vhost *vhost;
    struct lws_protocols protocols[3]; /* any, the subprotocol asked for, end of list */
    char subprotocol[SUBPROTOCOL_SIZE];
};

/* libwebsockets' callback for everything that happens on the server's sockets. */
int connection_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                        size_t length);

/* Sends the reply that DEADLINE belongs to. For delays_init(). */
void connection_reply_due(struct deadline *deadline);

/* A socket has gone away: its descriptor can be used for the next connection. */
void server_socket_gone(struct server *server);

/* A connection has gone away. */
void server_connection_gone(struct server *server);

#endif
