/* A server running in a thread of its own, for tests that talk to it. */
#ifndef WSLOAD_TESTS_SERVER_RUNNING_H
#define WSLOAD_TESTS_SERVER_RUNNING_H

#include <pthread.h>
#include <stdint.h>

#include "client.h"
#include "wsload/server/server.h"

struct running {
    struct server *server;
    pthread_t thread;
    uint16_t port;
};

/* 127.0.0.1, any port, no limits, and the prompt as the reply. */
struct server_options default_options(void);

/* The same, and DELAY_NS in front of each reply. */
struct server_options delayed_options(uint64_t delay_ns);

/* Fails the test when the server cannot start. */
struct running start(struct server_options options);

/* Waits until the server has ended, and frees it. */
struct server_counts finish(struct running *running);

/* Stops the server first. */
struct server_counts stop(struct running *running);

/* A server and a client of it. */
struct talk {
    struct running running;
    struct client client;
};

/* Starts the server and opens the client. */
struct talk begin_talk(struct server_options options);

/* Closes the client, then stops the server. */
struct server_counts end_talk(struct talk *talk);

/* A path in a directory of its own; both go with remove_temporary(). */
char *temporary_path(void);
void remove_temporary(char *path);

/* Reads a text message, which must be EXPECTED. */
void expect_text(struct client *client, const char *expected);

/* Reads a text message, which must have PART in it. */
void expect_text_with(struct client *client, const char *part);

/* Sends a text message, which must come back. */
void expect_echo(struct client *client, const char *text);

/* Pings, and reads the answer: nothing else came before it, and what was sent is taken in. */
void expect_pong(struct client *client);

#endif
