/* The floor: how fast a closed loop can go on this machine without any WebSocket library.
 *
 * One thread on epoll opens N connections to bench_echo_server. On each it sends a 64-byte text
 * message, waits for the echo and sends the next in the same wake, for a given time. It takes the
 * two timestamps that wsload takes, before the send and after the whole reply, and counts the
 * latency in wsload's histogram. Prints one JSON line.
 *
 * usage: floor PORT CONNECTIONS SECONDS */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wsload/base/clock.h"
#include "wsload/base/random.h"
#include "wsload/stats/histogram.h"

#define PAYLOAD     64
#define FRAME_HEAD  6 /* two bytes and the mask */
#define REPLY_SIZE  (2 + PAYLOAD)
#define EVENTS      512
#define BUFFER_SIZE 1024

struct connection {
    int fd;
    uint64_t sent_ns;
    size_t received;
    unsigned char reply[REPLY_SIZE];
};

struct load {
    struct connection *connections;
    size_t count;
    int epoll_fd;
    uint64_t end_ns; /* nothing is sent from here on */
    size_t in_flight;
    struct random random;
    struct histogram latency;
};

static const char payload[PAYLOAD + 1] =
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static long number(const char *text, long highest)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < 1 || value > highest) {
        fprintf(stderr, "%s: a number from 1 to %ld is asked for\n", text, highest);
        exit(2);
    }
    return value;
}

/* Opens a WebSocket, waiting for each step: opening is not what is measured. */
static int open_websocket(uint16_t port)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                                  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char response[BUFFER_SIZE];
    size_t used = 0;
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
        write(fd, request, sizeof(request) - 1) != sizeof(request) - 1)
        die("connect");
    do {
        ssize_t got = read(fd, response + used, sizeof(response) - 1 - used);
        if (got <= 0)
            die("handshake");
        used += (size_t)got;
        response[used] = '\0';
    } while (strstr(response, "\r\n\r\n") == NULL);
    if (strncmp(response, "HTTP/1.1 101 ", 13) != 0)
        die("handshake");
    return fd;
}

static void send_message(struct load *load, struct connection *connection)
{
    unsigned char frame[FRAME_HEAD + PAYLOAD] = {0x81, 0x80 | PAYLOAD};
    uint32_t mask = (uint32_t)random_next(&load->random);
    memcpy(frame + 2, &mask, sizeof(mask));
    for (size_t i = 0; i < PAYLOAD; i++)
        frame[FRAME_HEAD + i] = (unsigned char)payload[i] ^ frame[2 + (i & 3)];
    connection->sent_ns = clock_monotonic_ns();
    if (send(connection->fd, frame, sizeof(frame), MSG_NOSIGNAL) != sizeof(frame))
        die("send");
}

static void open_all(struct load *load, uint16_t port)
{
    for (size_t i = 0; i < load->count; i++) {
        struct connection *connection = &load->connections[i];
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
        connection->fd = open_websocket(port);
        if (epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, connection->fd, &event) != 0)
            die("epoll_ctl");
    }
}

/* True when the reply is complete. */
static bool read_reply(struct connection *connection)
{
    ssize_t got = recv(connection->fd, connection->reply + connection->received,
                       REPLY_SIZE - connection->received, MSG_DONTWAIT);
    if (got <= 0)
        die(got == 0 ? "the server closed the connection" : "recv");
    connection->received += (size_t)got;
    return connection->received == REPLY_SIZE;
}

static void check_reply(const struct connection *connection)
{
    if (connection->reply[0] != 0x81 || connection->reply[1] != PAYLOAD ||
        memcmp(connection->reply + 2, payload, PAYLOAD) != 0) {
        fprintf(stderr, "that is no echo\n");
        exit(1);
    }
}

static void on_readable(struct load *load, struct connection *connection)
{
    if (!read_reply(connection))
        return;
    uint64_t now_ns = clock_monotonic_ns();
    check_reply(connection);
    histogram_record(&load->latency, now_ns - connection->sent_ns);
    connection->received = 0;
    if (now_ns < load->end_ns)
        send_message(load, connection);
    else
        load->in_flight--;
}

/* Returns how long it took until the last reply, in ns. */
static uint64_t run(struct load *load, uint64_t duration_ns)
{
    struct epoll_event events[EVENTS];
    uint64_t start_ns = clock_monotonic_ns();
    load->end_ns = start_ns + duration_ns;
    load->in_flight = load->count;
    for (size_t i = 0; i < load->count; i++)
        send_message(load, &load->connections[i]);
    while (load->in_flight > 0) {
        int count = epoll_wait(load->epoll_fd, events, EVENTS, -1);
        if (count < 0 && errno != EINTR)
            die("epoll_wait");
        for (int i = 0; i < count; i++)
            on_readable(load, events[i].data.ptr);
    }
    return clock_monotonic_ns() - start_ns;
}

static void report(const struct load *load, uint64_t took_ns)
{
    const struct histogram *latency = &load->latency;
    printf("{\"messages\": %" PRIu64 ", \"rate\": %.1f, \"median\": %.9f, \"p99\": %.9f}\n",
           latency->count, (double)latency->count / clock_seconds(took_ns),
           clock_seconds(histogram_percentile_ns(latency, 50)),
           clock_seconds(histogram_percentile_ns(latency, 99)));
}

int main(int argc, char **argv)
{
    static struct load load;
    struct rlimit files;
    if (argc != 4) {
        fprintf(stderr, "usage: floor PORT CONNECTIONS SECONDS\n");
        return 2;
    }
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    load.count = (size_t)number(argv[2], 1000000);
    load.connections = calloc(load.count, sizeof(*load.connections));
    load.epoll_fd = epoll_create1(0);
    if (load.connections == NULL || load.epoll_fd < 0)
        die("floor");
    random_init(&load.random, random_seed_from_system());
    histogram_reset(&load.latency);
    open_all(&load, (uint16_t)number(argv[1], 65535));
    report(&load, run(&load, (uint64_t)number(argv[3], 3600) * NS_PER_S));
    return 0;
}
