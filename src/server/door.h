/* Hands new sockets to libwebsockets. When the gate wants to read requests, each is overheard on
 * the way: libwebsockets decodes and normalises a URL while it reads it, and a signature covers
 * what was really sent.
 *
 * A plain socket is handed over when its whole request has come, looked at with MSG_PEEK. With TLS,
 * which libwebsockets speaks itself, the door looks at each record with SSL_peek() just before
 * libwebsockets takes it: same descriptor, same loop, higher priority. */
#ifndef WSLOAD_SERVER_DOOR_H
#define WSLOAD_SERVER_DOOR_H

#include "internal.h"

/* What libwebsockets reads at once must hold a whole TLS record, or the door would see one twice
 * that is taken in two pieces. Bytes. */
#define DOOR_READ_BYTES (16u * 1024 + LWS_PRE)

/* Takes in FD, an accepted socket. */
void door_open(struct server *server, int fd);

/* libwebsockets has made WSI for a socket that came through the door. */
void door_entered(struct server *server, struct lws *wsi);

/* The request of WSI as sent, as far as it was overheard. */
struct text door_request(struct lws *wsi);

/* Forgets what was overheard of WSI, if anything. */
void door_forget(struct lws *wsi);

/* Turns everybody away who is still at the door. */
void door_close(struct server *server);

#endif
