/* Echo server for the benchmarks: one thread on epoll, no WebSocket library.
 *
 * It takes small messages of one frame, which is all that the benchmarks send (frame.h), and drops
 * a connection that sends anything else. It spins while there is work: a client's send() that has
 * to wake a sleeping server pays for the wake-up, which would be measured as the client's own cost.
 *
 * With --delay it answers each message MS milliseconds after it has read it. With --stream it
 * answers with N messages, the first after MS milliseconds and each MS after the one before was
 * due: the echo N - 1 times, then STREAM_END. It spins for as long as any answer is held back, so
 * that its own error stays at a few microseconds.
 *
 * With --stamps the last STAMP_LENGTH bytes of an answer are the moment of its send, in nanoseconds
 * since 1970, taken directly before the write.
 *
 * Prints its port, serves until SIGTERM, then prints one line of JSON: "busy", the share of its
 * spinning time in which it had work to do, 0 to 1, near 1 when it was the limit and not the
 * client; and how late it sent what it held back, in seconds.
 *
 * usage: echo_server [--tls] [--delay MS [--stamps] | --stream N --gap MS] */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
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

#include "delay.h"
#include "frame.h"
#include "program.h"
#include "stream.h"
#include "wsload/base/clock.h"
#include "wsload/base/text.h"

#define BUFFER_SIZE  4096
#define EVENTS       512
#define SPIN_NS      (50 * NS_PER_MS) /* without work, before it sleeps */
#define SLEEP_MS     100              /* at a time, so that SIGTERM cannot be missed */
#define DELAY_MAX_MS 60000
#define STREAM_MAX   1000000
#define STREAM_END   "\x81\x0e{\"type\":\"end\"}" /* the frame */
#define STAMP_LENGTH 19                           /* digits, from 2001 until 2286 */
#define KEY_NAME     "Sec-WebSocket-Key: "
#define KEY_LENGTH   24
#define GUID         "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

struct connection {
    struct stream stream;
    enum { SHAKING_HANDS, UPGRADING, ECHOING, ENDED } state;
    size_t held; /* answers held back, which point here: it outlives them */
    size_t used;
    unsigned char input[BUFFER_SIZE];
};

struct server {
    int listen_fd;
    int epoll_fd;
    SSL_CTX *tls;      /* NULL: plain */
    uint64_t delay_ns; /* before an answer, and before each message of a stream; 0: none */
    uint64_t stream;   /* messages of an answer; 0: the echo alone */
    bool stamps;       /* an answer ends with the moment of its send */
    struct delay delay;
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

static void hold_back(struct server *server, struct connection *connection,
                      const struct frame *frame, uint64_t read_ns)
{
    struct answer *answer = delay_put(&server->delay, read_ns + server->delay_ns);
    answer->connection = connection;
    answer->more = server->stream > 0 ? server->stream - 1 : 0;
    answer->length = frame_echo(frame, answer->bytes);
    connection->held++;
}

/* Echoes every complete frame that has arrived: what is not held back in one write. A close frame
 * is the last, and never held back. */
static bool echo(struct server *server, struct connection *connection)
{
    uint64_t read_ns = server->delay_ns > 0 ? clock_monotonic_ns() : 0;
    unsigned char output[BUFFER_SIZE];
    size_t out = 0;
    size_t at = 0;
    bool closing = false;
    while (!closing) {
        struct frame frame;
        enum frame_state state = frame_read(connection->input + at, connection->used - at, &frame);
        if (state == FRAME_REFUSED)
            return false;
        if (state == FRAME_UNFINISHED)
            break;
        closing = frame.first == FRAME_CLOSE;
        if (server->stamps && !closing && frame.length < STAMP_LENGTH)
            return false;
        if (server->delay_ns > 0 && !closing)
            hold_back(server, connection, &frame, read_ns);
        else
            out += frame_echo(&frame, output + out);
        at += frame.size;
    }
    connection->used -= at;
    memmove(connection->input, connection->input + at, connection->used);
    return (out == 0 || stream_write(&connection->stream, output, out)) && !closing;
}

/* Answers all that is there. False when the connection has ended or has to. */
static bool read_and_answer(struct server *server, struct connection *connection)
{
    do {
        ssize_t got = stream_read(&connection->stream, connection->input + connection->used,
                                  BUFFER_SIZE - connection->used);
        if (got <= 0)
            return got == 0;
        connection->used += (size_t)got;
        if (!(connection->state == UPGRADING ? upgrade(connection) : echo(server, connection)))
            return false;
    } while (stream_pending(&connection->stream));
    return true;
}

/* False when the connection has ended or has to. */
static bool on_readable(struct server *server, struct connection *connection)
{
    if (connection->state == SHAKING_HANDS) {
        enum handshake handshake = stream_handshake(&connection->stream);
        if (handshake != HANDSHAKE_DONE)
            return handshake == HANDSHAKE_UNDER_WAY;
        connection->state = UPGRADING;
    }
    return read_and_answer(server, connection);
}

static void end(struct connection *connection)
{
    stream_free(&connection->stream);
    connection->state = ENDED;
    if (connection->held == 0)
        free(connection);
}

static bool write_stamped(const struct stream *stream, const struct answer *answer)
{
    unsigned char bytes[ECHO_MAX + TEXT_DECIMAL_MAX - STAMP_LENGTH];
    memcpy(bytes, answer->bytes, answer->length);
    text_put_decimal((char *)bytes + answer->length - STAMP_LENGTH, clock_wall_ns());
    return stream_write(stream, bytes, answer->length);
}

static bool write_message(const struct server *server, const struct answer *answer)
{
    const struct stream *stream = &answer->connection->stream;
    if (server->stream > 0 && answer->more == 0)
        return stream_write(stream, STREAM_END, sizeof(STREAM_END) - 1);
    if (server->stamps)
        return write_stamped(stream, answer);
    return stream_write(stream, answer->bytes, answer->length);
}

/* Sends the message of ANSWER that is due. What cannot be sent shuts the connection down, which its
 * next reading notices. */
static void send_message(const struct server *server, const struct answer *answer)
{
    if (!write_message(server, answer))
        shutdown(answer->connection->stream.fd, SHUT_RDWR);
}

static void send_first(struct server *server)
{
    const struct answer *answer = delay_first(&server->delay);
    struct connection *connection = answer->connection;
    bool ended = connection->state == ENDED;
    if (!ended)
        send_message(server, answer);
    if (!ended && answer->more > 0) {
        delay_sent_part(&server->delay, clock_monotonic_ns(), server->delay_ns);
        return;
    }
    delay_sent(&server->delay, clock_monotonic_ns());
    connection->held--;
    if (ended && connection->held == 0)
        free(connection);
}

/* Sends what is due; true when there was anything. */
static bool send_due(struct server *server)
{
    bool any = false;
    const struct answer *answer;
    while ((answer = delay_first(&server->delay)) && answer->due_ns <= clock_monotonic_ns()) {
        send_first(server);
        any = true;
    }
    return any;
}

static void serve(struct server *server, const struct epoll_event *events, int count)
{
    for (int i = 0; i < count; i++) {
        struct connection *connection = events[i].data.ptr;
        if (connection == NULL)
            accept_all(server);
        else if (!on_readable(server, connection))
            end(connection);
        send_due(server); /* it cannot wait until a whole batch is read */
    }
}

static void run(struct server *server)
{
    struct epoll_event events[EVENTS];
    uint64_t turn_ns = clock_monotonic_ns(); /* when this turn of the loop began */
    uint64_t idle_since_ns = turn_ns;
    while (!stopped) {
        bool sleeps = server->delay.length == 0 && turn_ns - idle_since_ns > SPIN_NS;
        int count = epoll_wait(server->epoll_fd, events, EVENTS, sleeps ? SLEEP_MS : 0);
        if (count < 0 && errno != EINTR)
            die("epoll_wait");
        if (sleeps)
            turn_ns = clock_monotonic_ns();
        serve(server, events, count);
        bool worked = send_due(server) || count > 0;
        uint64_t now_ns = clock_monotonic_ns();
        *(worked ? &server->worked_ns : &server->spun_ns) += now_ns - turn_ns;
        turn_ns = now_ns;
        if (worked)
            idle_since_ns = now_ns;
    }
}

static void print_figures(const struct server *server)
{
    const struct histogram *lateness = &server->delay.lateness;
    printf("{\"busy\": %.3f",
           clock_seconds(server->worked_ns) / clock_seconds(server->worked_ns + server->spun_ns));
    if (lateness->count > 0)
        printf(", \"late\": {\"median\": %.9f, \"p99\": %.9f, \"max\": %.9f}",
               clock_seconds(histogram_percentile(lateness, 50)),
               clock_seconds(histogram_percentile(lateness, 99)), clock_seconds(lateness->max));
    printf("}\n");
}

/* False when ARGUMENTS are none that the program knows. */
static bool read_options(struct server *server, int count, char **arguments)
{
    static const struct option options[] = {
        {"tls", no_argument, NULL, 't'},          {"delay", required_argument, NULL, 'd'},
        {"stream", required_argument, NULL, 's'}, {"gap", required_argument, NULL, 'g'},
        {"stamps", no_argument, NULL, 'w'},       {0}};
    uint64_t delay_ms = 0;
    uint64_t gap_ms = 0;
    int option;
    while ((option = getopt_long(count, arguments, "", options, NULL)) != -1) {
        if (option == 't')
            server->tls = stream_server_context();
        else if (option == 'd')
            delay_ms = number(optarg, DELAY_MAX_MS);
        else if (option == 's')
            server->stream = number(optarg, STREAM_MAX);
        else if (option == 'g')
            gap_ms = number(optarg, DELAY_MAX_MS);
        else if (option == 'w')
            server->stamps = true;
        else
            return false;
    }
    bool streams = server->stream > 0 && gap_ms > 0 && delay_ms == 0;
    bool echoes = server->stream == 0 && gap_ms == 0;
    server->delay_ns = (streams ? gap_ms : delay_ms) * NS_PER_MS;
    bool delays = echoes && delay_ms > 0;
    return optind == count && (streams || echoes) && (delays || !server->stamps);
}

int main(int argc, char **argv)
{
    static struct server server;
    if (!read_options(&server, argc, argv)) {
        fprintf(stderr,
                "usage: echo_server [--tls] [--delay MS [--stamps] | --stream N --gap MS]\n");
        return 2;
    }
    prepare_process();
    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);
    histogram_init(&server.delay.lateness);
    server.epoll_fd = epoll_create1(0);
    server.listen_fd = listen_on_loopback();
    watch(&server, server.listen_fd, NULL);
    run(&server);
    SSL_CTX_free(server.tls);
    print_figures(&server);
    free(server.delay.ring);
    return 0;
}
