/* Echo server for the benchmarks: one thread on epoll, no WebSocket library.
 *
 * It takes whole, masked text frames of at most 125 bytes, which is all that the benchmarks send,
 * and drops a connection that sends anything else. Prints its port and serves until it is killed.
 *
 * usage: echo_server */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_SIZE 4096
#define FRAME_HEAD  6 /* two bytes and the mask */
#define EVENTS      512
#define KEY_NAME    "Sec-WebSocket-Key: "
#define KEY_LENGTH  24
#define GUID        "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

struct connection {
    int fd;
    bool upgraded;
    size_t used;
    unsigned char input[BUFFER_SIZE];
};

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int listen_on_loopback(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fd, SOMAXCONN) != 0 || getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        die("listen");
    printf("%u\n", (unsigned)ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static void watch(int epoll_fd, int fd, void *data)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = data};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
        die("epoll_ctl");
}

static void accept_all(int listen_fd, int epoll_fd)
{
    int fd;
    int on = 1;
    while ((fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct connection *connection = calloc(1, sizeof(*connection));
        if (connection == NULL)
            die("calloc");
        connection->fd = fd;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        watch(epoll_fd, fd, connection);
    }
    if (errno != EAGAIN && errno != ECONNABORTED)
        die("accept4");
}

/* True when all of it went out: what the benchmarks send always fits into the socket's buffer. */
static bool write_all(const struct connection *connection, const void *data, size_t length)
{
    return send(connection->fd, data, length, MSG_NOSIGNAL) == (ssize_t)length;
}

/* Answers the opening handshake (RFC 6455 section 4.2.2) once it is complete. */
static bool upgrade(struct connection *connection)
{
    char source[KEY_LENGTH + sizeof(GUID)];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char accept[EVP_MAX_MD_SIZE * 2];
    char response[256];
    if (connection->used == BUFFER_SIZE)
        return false;
    connection->input[connection->used] = '\0';
    const char *head = (const char *)connection->input;
    if (strstr(head, "\r\n\r\n") == NULL)
        return true;
    const char *key = strcasestr(head, KEY_NAME);
    if (key == NULL || strlen(key) < strlen(KEY_NAME) + KEY_LENGTH)
        return false;
    snprintf(source, sizeof(source), "%.*s%s", KEY_LENGTH, key + strlen(KEY_NAME), GUID);
    if (!EVP_Digest(source, strlen(source), digest, NULL, EVP_sha1(), NULL))
        return false;
    EVP_EncodeBlock(accept, digest, 20);
    int length = snprintf(response, sizeof(response),
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                          (const char *)accept);
    connection->used = 0;
    connection->upgraded = true;
    return write_all(connection, response, (size_t)length);
}

/* Writes the answer to the frame at IN to OUT, with the mask taken off. */
static size_t answer_frame(const unsigned char *in, size_t length, unsigned char *out)
{
    out[0] = in[0];
    out[1] = (unsigned char)length;
    for (size_t i = 0; i < length; i++)
        out[2 + i] = in[FRAME_HEAD + i] ^ in[2 + (i & 3)];
    return 2 + length;
}

/* Echoes every complete frame that has arrived, in one write. */
static bool echo(struct connection *connection)
{
    unsigned char output[BUFFER_SIZE];
    size_t out = 0;
    size_t at = 0;
    while (connection->used - at >= FRAME_HEAD) {
        const unsigned char *frame = connection->input + at;
        size_t length = frame[1] & 0x7f;
        if (frame[0] != 0x81 || length > 125 || (frame[1] & 0x80) == 0)
            return false;
        if (connection->used - at < FRAME_HEAD + length)
            break;
        out += answer_frame(frame, length, output + out);
        at += FRAME_HEAD + length;
    }
    connection->used -= at;
    memmove(connection->input, connection->input + at, connection->used);
    return out == 0 || write_all(connection, output, out);
}

/* False when the connection has ended or has to. */
static bool read_and_answer(struct connection *connection)
{
    ssize_t got = read(connection->fd, connection->input + connection->used,
                       BUFFER_SIZE - connection->used);
    if (got < 0)
        return errno == EAGAIN;
    if (got == 0)
        return false;
    connection->used += (size_t)got;
    return connection->upgraded ? echo(connection) : upgrade(connection);
}

int main(void)
{
    struct epoll_event events[EVENTS];
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    int listen_fd = listen_on_loopback();
    int epoll_fd = epoll_create1(0);
    watch(epoll_fd, listen_fd, NULL);
    for (;;) {
        int count = epoll_wait(epoll_fd, events, EVENTS, -1);
        if (count < 0 && errno != EINTR)
            die("epoll_wait");
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            if (connection == NULL) {
                accept_all(listen_fd, epoll_fd);
            } else if (!read_and_answer(connection)) {
                close(connection->fd);
                free(connection);
            }
        }
    }
}
