/* Opening: non-blocking connects, TLS handshakes and upgrades, many under way at a time. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "floor.h"
#include "program.h"
#include "wsload/base/clock.h"

static const char upgrade_request[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                                      "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

static void watch(const struct load *load, struct connection *connection, int operation,
                  uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (epoll_ctl(load->epoll_fd, operation, connection->stream.fd, &event) != 0)
        die("epoll_ctl");
}

static void start_connect(struct load *load, struct connection *connection)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(load->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0)
        die("socket");
    connection->stream = stream_new(fd, load->tls);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 && errno != EINPROGRESS)
        die("connect");
    watch(load, connection, EPOLL_CTL_ADD, EPOLLOUT);
}

static void send_upgrade(struct connection *connection)
{
    if (!stream_write(&connection->stream, upgrade_request, sizeof(upgrade_request) - 1))
        die("upgrade request");
    connection->state = UPGRADING;
}

static void read_response(struct connection *connection)
{
    char *input = (char *)connection->input;
    ssize_t got = stream_read(&connection->stream, input + connection->received,
                              INPUT_SIZE - 1 - connection->received);
    if (got < 0)
        die("upgrade");
    connection->received += (size_t)got;
    input[connection->received] = '\0';
    if (strstr(input, "\r\n\r\n") == NULL)
        return;
    if (strncmp(input, "HTTP/1.1 101 ", 13) != 0)
        die("no upgrade");
    connection->received = 0;
    connection->state = OPEN;
}

static void advance(const struct load *load, struct connection *connection)
{
    if (connection->state == CONNECTING) {
        watch(load, connection, EPOLL_CTL_MOD, EPOLLIN);
        connection->state = SHAKING_HANDS;
    }
    if (connection->state == SHAKING_HANDS) {
        enum handshake handshake = stream_handshake(&connection->stream);
        if (handshake == HANDSHAKE_FAILED)
            die("handshake");
        if (handshake == HANDSHAKE_DONE)
            send_upgrade(connection);
    } else {
        read_response(connection);
    }
}

uint64_t floor_open(struct load *load)
{
    struct epoll_event events[EVENTS_MAX];
    uint64_t start_ns = clock_monotonic_ns();
    size_t started = 0;
    size_t opened = 0;
    while (opened < load->count) {
        while (started < load->count && started - opened < OPENING_MAX)
            start_connect(load, &load->connections[started++]);
        int count = epoll_wait(load->epoll_fd, events, EVENTS_MAX, -1);
        if (count < 0 && errno != EINTR)
            die("epoll_wait");
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            if (connection->state == OPEN)
                die("the server spoke out of turn");
            advance(load, connection);
            opened += connection->state == OPEN;
        }
    }
    return clock_monotonic_ns() - start_ns;
}
