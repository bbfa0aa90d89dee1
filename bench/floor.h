/* The bare client that wsload is measured against: connections on one epoll, no WebSocket library.
 */
#ifndef WSLOAD_BENCH_FLOOR_H
#define WSLOAD_BENCH_FLOOR_H

#include <openssl/ssl.h>
#include <stddef.h>
#include <stdint.h>

#include "stream.h"
#include "wsload/base/random.h"
#include "wsload/stats/histogram.h"

#define PAYLOAD    64
#define REPLY_SIZE (2 + PAYLOAD)
#define INPUT_SIZE 256 /* the longest response to a handshake that is taken, too */
#define EVENTS_MAX 512
#define WAKE_EVERY_NS                                                                              \
    UINT64_C(100000)    /* paced: messages that come due within it share a wake-up                 \
                         */
#define OPENING_MAX 256 /* handshakes under way at a time: the most that wsload has */

enum state { CONNECTING, SHAKING_HANDS, UPGRADING, OPEN };

struct connection {
    struct stream stream;
    enum state state;
    size_t received; /* of the response or of the reply */
    uint64_t sent_ns;
    uint64_t newest_ns; /* streams: when the newest message of the reply came */
    uint64_t messages;  /* streams: how many of them have come */
    uint64_t rounds;    /* streams: messages still to be sent */
    unsigned char input[INPUT_SIZE];
};

struct load {
    struct connection *connections;
    size_t count;
    uint16_t port;
    SSL_CTX *tls; /* NULL: plain */
    int epoll_fd;
    uint64_t messages;    /* answered; in streams, received */
    uint64_t answered_ns; /* when the latest was */
    struct random random;
    struct histogram latency;  /* sent to answered */
    struct histogram lateness; /* paced: due to sent */
    struct histogram gap;      /* streams: between the messages of one reply */
};

/* Opens all connections; returns how long it took until the last was upgraded, in ns. */
uint64_t floor_open(struct load *load);

/* Sends on every connection as soon as the reply is there, for DURATION_NS; returns how long it
 * took until the last reply, in ns. */
uint64_t floor_closed(struct load *load, uint64_t duration_ns);

/* Sends RATE messages a second at constant intervals over free connections in turn, for
 * DURATION_NS; returns how long it took until the last reply, in ns. */
uint64_t floor_paced(struct load *load, uint64_t rate, uint64_t duration_ns);

/* Sends ROUNDS messages on every connection, the next as soon as the reply to the one before is
 * there, a stream of MESSAGES; returns how long it took until the last reply, in ns. */
uint64_t floor_streams(struct load *load, uint64_t rounds, uint64_t messages);

#endif
