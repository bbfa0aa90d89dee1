/* What the server's files share: the server itself and its connections. acceptor.c lets sockets in;
 * connection.c has connections from the handshake to the end, as libwebsockets reports them;
 * sending.c has what goes out: each message when it is due, in frames, one after the other, and the
 * close. */
#ifndef WSLOAD_SERVER_INTERNAL_H
#define WSLOAD_SERVER_INTERNAL_H

#include <ev.h>
#include <libwebsockets.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "admission.h"
#include "delays.h"
#include "replies.h"
#include "wsload/base/text.h"
#include "wsload/server/certificate.h"
#include "wsload/server/options.h"

/* The longest subprotocol, and list of them, that libwebsockets can take in, with the NUL. */
#define SUBPROTOCOL_SIZE      63
#define SUBPROTOCOL_LIST_SIZE 127

/* Room for the reason of a close with its NUL; RFC 6455 section 5.5 allows 123 bytes. */
#define CLOSE_REASON_SIZE 124

/* An open WebSocket. libwebsockets owns the memory, from the upgrade to the end. */
struct connection {
    TAILQ_ENTRY(connection) link; /* in the server's list */
    struct server *server;
    struct lws *wsi;
    struct session session;
    struct buffer inbox;         /* the pieces of the message that is coming in */
    struct answer_list waiting;  /* owned; they have messages that are not due yet */
    struct outgoing_list outbox; /* owned; due, in the order to send them */
    size_t unsent;               /* answers in waiting and messages in outbox */
    struct delay idle;           /* closes it when nothing has come or gone for long */
    struct delay life;           /* closes it when it has been open for long */
    int parting;                 /* close code that is to be sent; 0: none */
    char parting_reason[CLOSE_REASON_SIZE];
    bool closing; /* one side has begun to close: nothing more is sent */
};
TAILQ_HEAD(connection_list, connection);

/* A socket whose request for an upgrade is not read yet. */
struct pending;
TAILQ_HEAD(pending_list, pending);

struct server {
    struct server_options options;
    struct replies replies;
    struct admission admission;
    struct quota messages;
    struct delays delays;
    struct certificate certificate;
    struct server_counts counts;
    struct connection_list connections;
    struct pending_list pendings; /* owned; at the acceptor */
    struct pending *entering;     /* being handed to libwebsockets right now; else NULL */

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

/* Sends what is due of ANSWER, which CONNECTION owns from now on, and the rest when it is due. */
void sending_start(struct connection *connection, struct answer *answer);

/* Sends the next frame, or the close; called when the socket takes one. What it returns is for
 * libwebsockets: 0, or -1 to end the connection. */
int sending_writeable(struct connection *connection);

/* Forgets everything that was to be sent. */
void sending_drop(struct connection *connection);

/* Has CONNECTION close with CODE and REASON as soon as its socket takes the frame. */
void sending_close(struct connection *connection, int code, const char *reason);

/* Whether nothing more is to be sent on CONNECTION. */
bool sending_is_over(const struct connection *connection);

/* A message came or went: CONNECTION is not idle. */
void sending_touch(struct connection *connection);

/* --- The acceptor --- */

/* Accepts new sockets and hands them to libwebsockets. When admission wants to read requests,
 * each is copied on the way: libwebsockets decodes and normalises a URL while it reads it, and a
 * signature covers what was really sent.
 *
 * A plain socket is handed over when its whole request has come, looked at with MSG_PEEK. With TLS,
 * which libwebsockets speaks itself, the acceptor looks at each record with SSL_peek() just before
 * libwebsockets takes it: same descriptor, same loop, higher priority. */

/* What libwebsockets reads at once must hold a whole TLS record, or the acceptor would see a record
 * twice when it is taken in two pieces. Bytes. */
#define DOOR_READ_BYTES (16u * 1024 + LWS_PRE)

/* Listens where the options say, and accepts on the server's loop. 0, or -1 and an error that names
 * the address. */
int acceptor_open(struct server *server, struct error *error);

/* Stops listening, and closes the sockets that libwebsockets does not have yet. Harmless when
 * closed. */
void acceptor_close(struct server *server);

/* A socket has gone away: its descriptor can be used for the next one. */
void acceptor_socket_gone(struct server *server);

/* libwebsockets has made WSI for a socket that came through the acceptor. */
void acceptor_entered(struct server *server, struct lws *wsi);

/* The request of WSI as sent, as far as it was copied. */
struct text acceptor_request(struct lws *wsi);

/* Forgets the copy of WSI's request, if there is one. */
void acceptor_forget(struct lws *wsi);

#endif
