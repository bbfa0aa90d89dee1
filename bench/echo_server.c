/* Echo server for the benchmarks: one thread on epoll, no WebSocket library.
 *
 * It takes whole, masked frames of at most 125 bytes, which is all that the benchmarks send, and
 * drops a connection that sends anything else. It spins while there is work: a client's send()
 * that has to wake a sleeping server pays for the wake-up, which would be measured as the client's
 * own cost. Prints its port, serves until SIGTERM, then prints the share of its spinning time in
 * which it had work to do, 0 to 1: near 1 means that it was the limit, not the client.
 *
 * usage: echo_server [--tls] */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "program.h"
#include "stream.h"
#include "wsload/base/clock.h"

#define BUFFER_SIZE  4096
#define EVENTS       512
#define SPIN_NS      (50 * NS_PER_MS) /* without work, before it sleeps */
#define SLEEP_MS     100              /* at a time, so that SIGTERM cannot be missed */
#define OPCODE_CLOSE 0x8
#define KEY_NAME     "Sec-WebSocket-Key: "
#define KEY_LENGTH   24
#define GUID         "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

struct connection {
    struct stream stream;
    enum { SHAKING_HANDS, UPGRADING, ECHOING } state;
    size_t used;
    unsigned char input[BUFFER_SIZE];
};

struct server {
    int listen_fd;
    int epoll_fd;
    SSL_CTX *tls; /* NULL: plain */
    uint64_t worked_ns;
    uint64_t spun_ns; /* without work */
};

static volatile sig_atomic_t stopped;

static void stop(int signal_number)
{
    (void)signal_number;
    stopped = 1;
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

static void watch(const struct server *server, int fd, void *data)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = data};
    if (epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
        die("epoll_ctl");
}

static void accept_all(const struct server *server)
{
    int fd;
    while ((fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct connection *connection = calloc(1, sizeof(*connection));
        if (connection == NULL)
            die("calloc");
        connection->stream = stream_new(fd, server->tls);
        watch(server, fd, connection);
    }
    if (errno != EAGAIN && errno != ECONNABORTED)
        die("accept4");
}

/* Writes the value of Sec-WebSocket-Accept for KEY (RFC 6455 section 4.2.2). */
static bool accept_value(const char *key, unsigned char out[EVP_MAX_MD_SIZE * 2])
{
    char source[KEY_LENGTH + sizeof(GUID)];
    unsigned char digest[EVP_MAX_MD_SIZE];
    snprintf(source, sizeof(source), "%.*s%s", KEY_LENGTH, key, GUID);
    return EVP_Digest(source, strlen(source), digest, NULL, EVP_sha1(), NULL) &&
           EVP_EncodeBlock(out, digest, 20) > 0;
}

/* Answers the opening handshake once it is complete. */
static bool upgrade(struct connection *connection)
{
    unsigned char value[EVP_MAX_MD_SIZE * 2];
    char response[256];
    if (connection->used == BUFFER_SIZE)
        return false;
    connection->input[connection->used] = '\0';
    const char *head = (const char *)connection->input;
    if (strstr(head, "\r\n\r\n") == NULL)
        return true;
    const char *key = strcasestr(head, KEY_NAME);
    if (key == NULL || strlen(key) < strlen(KEY_NAME) + KEY_LENGTH ||
        !accept_value(key + strlen(KEY_NAME), value))
        return false;
    int length = snprintf(response, sizeof(response),
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                          (const char *)value);
    connection->used = 0;
    connection->state = ECHOING;
    return stream_write(&connection->stream, response, (size_t)length);
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

/* Echoes every complete frame that has arrived, in one write. A close frame is the last. */
static bool echo(struct connection *connection)
{
    unsigned char output[BUFFER_SIZE];
    size_t out = 0;
    size_t at = 0;
    bool closing = false;
    while (connection->used - at >= FRAME_HEAD && !closing) {
        const unsigned char *frame = connection->input + at;
        size_t length = frame[1] & 0x7f;
        if ((frame[0] & 0xf0) != 0x80 || length > PAYLOAD_MAX || (frame[1] & 0x80) == 0)
            return false;
        if (connection->used - at < FRAME_HEAD + length)
            break;
        out += answer_frame(frame, length, output + out);
        at += FRAME_HEAD + length;
        closing = (frame[0] & 0x0f) == OPCODE_CLOSE;
    }
    connection->used -= at;
    memmove(connection->input, connection->input + at, connection->used);
    return (out == 0 || stream_write(&connection->stream, output, out)) && !closing;
}

/* Answers all that is there. False when the connection has ended or has to. */
static bool read_and_answer(struct connection *connection)
{
    do {
        ssize_t got = stream_read(&connection->stream, connection->input + connection->used,
                                  BUFFER_SIZE - connection->used);
        if (got <= 0)
            return got == 0;
        connection->used += (size_t)got;
        if (!(connection->state == UPGRADING ? upgrade(connection) : echo(connection)))
            return false;
    } while (stream_pending(&connection->stream));
    return true;
}

/* False when the connection has ended or has to. */
static bool on_readable(struct connection *connection)
{
    if (connection->state == SHAKING_HANDS) {
        enum handshake handshake = stream_handshake(&connection->stream);
        if (handshake != HANDSHAKE_DONE)
            return handshake == HANDSHAKE_UNDER_WAY;
        connection->state = UPGRADING;
    }
    return read_and_answer(connection);
}

static void serve(const struct server *server, const struct epoll_event *events, int count)
{
    for (int i = 0; i < count; i++) {
        struct connection *connection = events[i].data.ptr;
        if (connection == NULL) {
            accept_all(server);
        } else if (!on_readable(connection)) {
            stream_free(&connection->stream);
            free(connection);
        }
    }
}

static void run(struct server *server)
{
    struct epoll_event events[EVENTS];
    uint64_t turn_ns = clock_monotonic_ns(); /* when this turn of the loop began */
    uint64_t idle_since_ns = turn_ns;
    while (!stopped) {
        bool sleeps = turn_ns - idle_since_ns > SPIN_NS;
        int count = epoll_wait(server->epoll_fd, events, EVENTS, sleeps ? SLEEP_MS : 0);
        if (count < 0 && errno != EINTR)
            die("epoll_wait");
        if (sleeps)
            turn_ns = clock_monotonic_ns();
        serve(server, events, count);
        uint64_t now_ns = clock_monotonic_ns();
        *(count > 0 ? &server->worked_ns : &server->spun_ns) += now_ns - turn_ns;
        turn_ns = now_ns;
        if (count > 0)
            idle_since_ns = now_ns;
    }
}

int main(int argc, char **argv)
{
    bool tls = argc == 2 && strcmp(argv[1], "--tls") == 0;
    if (argc > 1 && !tls) {
        fprintf(stderr, "usage: echo_server [--tls]\n");
        return 2;
    }
    prepare_process();
    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);
    struct server server = {.epoll_fd = epoll_create1(0)};
    if (tls)
        server.tls = stream_server_context();
    server.listen_fd = listen_on_loopback();
    watch(&server, server.listen_fd, NULL);
    run(&server);
    SSL_CTX_free(server.tls);
    printf("%.3f\n",
           clock_seconds(server.worked_ns) / clock_seconds(server.worked_ns + server.spun_ns));
    return 0;
}
