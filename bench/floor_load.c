/* The load models: as soon as the reply is there, be it a message or a stream of them, and at a
 * constant rate. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "floor.h"
#include "frame.h"
#include "program.h"
#include "wsload/base/clock.h"

static const char payload[PAYLOAD + 1] =
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static void send_message(struct load *load, struct connection *connection)
{
    unsigned char frame[FRAME_HEAD + PAYLOAD] = {FRAME_TEXT, 0x80 | PAYLOAD};
    uint32_t mask = (uint32_t)random_next(&load->random);
    memcpy(frame + 2, &mask, sizeof(mask));
    for (size_t i = 0; i < PAYLOAD; i++)
        frame[FRAME_HEAD + i] = (unsigned char)payload[i] ^ frame[2 + (i & 3)];
    connection->sent_ns = clock_monotonic_ns();
    if (!stream_write(&connection->stream, frame, sizeof(frame)))
        die("send");
}

static void check_reply(const struct connection *connection)
{
    const unsigned char *reply = connection->input;
    if (reply[0] != FRAME_TEXT || reply[1] != PAYLOAD || memcmp(reply + 2, payload, PAYLOAD) != 0) {
        fprintf(stderr, "that is no echo\n");
        exit(1);
    }
}

/* True when the reply is complete; it is then counted. */
static bool read_reply(struct load *load, struct connection *connection)
{
    ssize_t got = stream_read(&connection->stream, connection->input + connection->received,
                              REPLY_SIZE - connection->received);
    if (got < 0)
        die("the server closed the connection");
    connection->received += (size_t)got;
    if (connection->received < REPLY_SIZE)
        return false;
    load->answered_ns = clock_monotonic_ns();
    check_reply(connection);
    histogram_record(&load->latency, load->answered_ns - connection->sent_ns);
    load->messages++;
    connection->received = 0;
    return true;
}

/* Waits for events; returns how many there are. */
static int await(const struct load *load, struct epoll_event events[EVENTS_MAX])
{
    int count = epoll_wait(load->epoll_fd, events, EVENTS_MAX, -1);
    if (count < 0 && errno != EINTR)
        die("epoll_wait");
    return count;
}

uint64_t floor_closed(struct load *load, uint64_t duration_ns)
{
    struct epoll_event events[EVENTS_MAX];
    uint64_t start_ns = clock_monotonic_ns();
    size_t in_flight = load->count;
    for (size_t i = 0; i < load->count; i++)
        send_message(load, &load->connections[i]);
    while (in_flight > 0) {
        int count = await(load, events);
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            if (!read_reply(load, connection))
                continue;
            if (load->answered_ns - start_ns < duration_ns)
                send_message(load, connection);
            else
                in_flight--;
        }
    }
    return clock_monotonic_ns() - start_ns;
}

static void note_message(struct load *load, struct connection *connection)
{
    uint64_t now_ns = clock_monotonic_ns();
    if (connection->messages++ > 0)
        histogram_record(&load->gap, now_ns - connection->newest_ns);
    connection->newest_ns = now_ns;
    load->messages++;
}

/* Takes the messages that have come, short ones all of them. */
static void read_messages(struct load *load, struct connection *connection)
{
    unsigned char *input = connection->input;
    ssize_t got = stream_read(&connection->stream, input + connection->received,
                              INPUT_SIZE - connection->received);
    if (got < 0)
        die("the server closed the connection");
    connection->received += (size_t)got;
    size_t at = 0;
    while (connection->received - at >= 2 && connection->received - at >= 2u + input[at + 1]) {
        note_message(load, connection);
        at += 2u + input[at + 1];
    }
    connection->received -= at;
    memmove(input, input + at, connection->received);
}

static void begin_round(struct load *load, struct connection *connection)
{
    connection->rounds--;
    connection->messages = 0;
    send_message(load, connection);
}

/* The reply is a stream and complete. True when it was the last on the connection. */
static bool end_round(struct load *load, struct connection *connection)
{
    histogram_record(&load->latency, connection->newest_ns - connection->sent_ns);
    if (connection->rounds == 0)
        return true;
    begin_round(load, connection);
    return false;
}

uint64_t floor_streams(struct load *load, uint64_t rounds, uint64_t messages)
{
    struct epoll_event events[EVENTS_MAX];
    uint64_t start_ns = clock_monotonic_ns();
    size_t under_way = load->count;
    for (size_t i = 0; i < load->count; i++) {
        load->connections[i].rounds = rounds;
        begin_round(load, &load->connections[i]);
    }
    while (under_way > 0) {
        int count = await(load, events);
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            read_messages(load, connection);
            if (connection->messages == messages && end_round(load, connection))
                under_way--;
        }
    }
    return clock_monotonic_ns() - start_ns;
}

/* Connections without a message under way, the one that is free for longest first. */
struct queue {
    struct connection **ring;
    size_t size;
    size_t first;
    size_t length;
};

static void queue_put(struct queue *queue, struct connection *connection)
{
    queue->ring[(queue->first + queue->length++) % queue->size] = connection;
}

static struct connection *queue_take(struct queue *queue)
{
    struct connection *connection = queue->ring[queue->first];
    queue->first = (queue->first + 1) % queue->size;
    queue->length--;
    return connection;
}

/* What is due, and when it is looked at next. */
struct pace {
    uint64_t start_ns;
    double interval_ns;
    uint64_t sent;
    uint64_t planned;
    int timer_fd;
    struct queue free;
};

static uint64_t due_ns(const struct pace *pace)
{
    return pace->start_ns + (uint64_t)((double)pace->sent * pace->interval_ns);
}

static void arm(const struct pace *pace, uint64_t time_ns)
{
    struct itimerspec time = {.it_value = {.tv_sec = (time_t)(time_ns / NS_PER_S),
                                           .tv_nsec = (long)(time_ns % NS_PER_S)}};
    if (timerfd_settime(pace->timer_fd, TFD_TIMER_ABSTIME, &time, NULL) != 0)
        die("timerfd_settime");
}

/* Sends what is due, as far as there are free connections. */
static void send_due(struct load *load, struct pace *pace)
{
    uint64_t now_ns = clock_monotonic_ns();
    while (pace->sent < pace->planned && due_ns(pace) <= now_ns && pace->free.length > 0) {
        struct connection *connection = queue_take(&pace->free);
        send_message(load, connection);
        histogram_record(&load->lateness, connection->sent_ns - due_ns(pace));
        pace->sent++;
    }
}

static void on_timer(struct load *load, struct pace *pace)
{
    uint64_t expirations;
    if (read(pace->timer_fd, &expirations, sizeof(expirations)) < 0 && errno != EAGAIN)
        die("timerfd");
    send_due(load, pace);
    if (pace->sent == pace->planned)
        return;
    uint64_t next_ns = due_ns(pace);
    uint64_t slot_ends_ns = clock_monotonic_ns() + WAKE_EVERY_NS;
    arm(pace, next_ns > slot_ends_ns ? next_ns : slot_ends_ns);
}

static void start_pace(struct load *load, struct pace *pace)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    pace->free.size = load->count;
    pace->free.ring = calloc(load->count, sizeof(struct connection *));
    pace->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    if (pace->free.ring == NULL || pace->timer_fd < 0 ||
        epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, pace->timer_fd, &event) != 0)
        die("timerfd");
    for (size_t i = 0; i < load->count; i++)
        queue_put(&pace->free, &load->connections[i]);
    pace->start_ns = clock_monotonic_ns();
    arm(pace, pace->start_ns);
}

uint64_t floor_paced(struct load *load, uint64_t rate, uint64_t duration_ns)
{
    struct epoll_event events[EVENTS_MAX];
    double seconds = clock_seconds(duration_ns);
    struct pace pace = {.interval_ns = (double)NS_PER_S / (double)rate,
                        .planned = (uint64_t)((double)rate * seconds)};
    start_pace(load, &pace);
    while (load->messages < pace.planned) {
        int count = await(load, events);
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            if (connection == NULL)
                on_timer(load, &pace);
            else if (read_reply(load, connection))
                queue_put(&pace.free, connection);
        }
    }
    free(pace.free.ring);
    close(pace.timer_fd);
    return clock_monotonic_ns() - pace.start_ns;
}
