#include "wsload/engine/lws_transport.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "lws_internal.h"
#include "wsload/base/clock.h"
#include "wsload/protocol/frame.h"
#include "wsload/protocol/gateway.h"

static_assert(TRANSPORT_HEADROOM >= FRAME_HEADER_MAX, "the header goes in front of the message");

/* Of the path, or of all headers together. */
#define HANDSHAKE_MAX (LWS_SERVICE_BUFFER - 4096)

/* An address that failed is not tried first for this long. */
#define ADDRESS_DOWN_NS NS_PER_S

/* All zero: no pings and no validity timers, for which the library sorts a list of all sockets. */
static const lws_retry_bo_t no_validity_checks;

static struct lws_transport *self(struct transport *transport)
{
    return (struct lws_transport *)transport;
}

/* --- Operations --- */

static uint64_t op_now_ns(struct transport *transport)
{
    (void)transport;
    return clock_monotonic_ns();
}

void lws_link_detach(struct link *link)
{
    lws_refusal_forget(link);
    link->wsi = NULL;
}

void lws_link_failed(struct link *link, const struct failure *failure)
{
    struct lws_transport *transport = link->transport;
    lws_link_detach(link);
    transport->events->failed(transport->worker, lws_link_id(link), failure);
}

void lws_link_address_failed(struct link *link)
{
    link->transport->down_until_ns[link->address] = clock_monotonic_ns() + ADDRESS_DOWN_NS;
}

/* The next address for LINK: in turn, those that just failed last. */
static size_t choose_address(const struct lws_transport *transport, const struct link *link)
{
    size_t count = transport->addresses->count;
    size_t start = link->tried ? link->address + 1 : (size_t)(lws_link_number(link) % count);
    uint64_t now = count > 1 ? clock_monotonic_ns() : 0;
    for (size_t i = 0; i < count; i++) {
        size_t candidate = (start + i) % count;
        if (transport->down_until_ns[candidate] <= now)
            return candidate;
    }
    return start % count;
}

/* The local address for LINK, of the family that it connects to; NULL: the system chooses. */
static const char *choose_source(const struct link *link, char out[SOURCE_TEXT_SIZE])
{
    const struct lws_transport *transport = link->transport;
    const struct sources *sources = &transport->plan->target.sources;
    int family = strchr(transport->addresses->items[link->address], ':') ? AF_INET6 : AF_INET;
    if (sources->count == 0)
        return NULL;
    return sources_pick(sources, lws_link_number(link), family, out);
}

/* Path and query of LINK's handshake, signed for now. */
static const char *make_path(struct link *link)
{
    struct lws_transport *transport = link->transport;
    struct buffer *path = &transport->handshake;
    link->signed_s = clock_wall_ms() / 1000;
    buffer_clear(path);
    if (identity_path(transport->plan->target.identity, lws_link_number(link), link->signed_s,
                      path))
        return NULL;
    return path->data;
}

static void connect_link(struct link *link)
{
    struct lws_transport *transport = link->transport;
    const struct target *target = &transport->plan->target;
    char source[SOURCE_TEXT_SIZE];
    char detail[16];
    link->address = choose_address(transport, link);
    link->tried++;
    link->connect_ns = clock_monotonic_ns();
    link->tcp_open = false;
    link->tls_reason = NULL;
    transport->failed_tls_fd = -1; /* told by now, and its number may come again */
    struct lws_client_connect_info info = {
        .context = transport->context,
        .address = transport->addresses->items[link->address],
        .port = transport->addresses->port,
        .ssl_connection = target->url.secure ? LCCSCF_USE_SSL : 0,
        .path = make_path(link),
        .host = target->host_header,
        .protocol = target->subprotocols,
        .local_protocol_name = LWS_PROTOCOL_NAME,
        .iface = choose_source(link, source),
        .alpn = "http/1.1", /* else a server may choose HTTP/2, which cannot be upgraded */
        .ietf_version_or_minus_one = -1,
        .opaque_user_data = link,
        .pwsi = &link->wsi,
        .retry_and_idle_policy = &no_validity_checks,
    };
    link->attempt_over = false;
    errno = 0;
    /* It is silent about an attempt for which there was no socket. */
    if (lws_client_connect_via_info(&info) || link->attempt_over)
        return;
    struct failure failure = lws_cause_of_failed(link, (struct text){0}, errno, detail);
    lws_link_failed(link, &failure);
}

static void op_open(struct transport *base, uint32_t id)
{
    struct lws_transport *transport = self(base);
    struct link *link = &transport->links[id];
    if (transport->addresses->count == 0) {
        struct failure failure = {FAILURE_DNS, "", text_of(transport->addresses->reason)};
        lws_link_failed(link, &failure);
        return;
    }
    link->open = link->closing = link->broken = link->watched = false;
    link->protocol_fault = NULL;
    link->socket_errno = 0;
    link->tried = 0;
    link->start_ns = clock_monotonic_ns();
    frame_reader_free(&link->reader);
    frame_reader_init(&link->reader, TRANSPORT_MESSAGE_MAX);
    connect_link(link);
}

/* Writes to a plain socket that the library holds nothing for, which is the common case: its own
 * way leads through memory of each connection that nothing else touches. Returns the bytes written,
 * -1 with an error. */
static ssize_t write_plain(struct link *link, const char *frames, size_t length)
{
    if (!link->own_reading || link->ssl)
        return 0;
    if (link->library_holds && lws_partial_buffered(link->wsi))
        return 0;
    link->library_holds = false;
    ssize_t sent = send(link->watcher.fd, frames, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : sent;
}

/* Sends finished frames as they are. What the socket does not take, the library keeps and sends
 * later, in order. */
static void write_frames(struct link *link, char *frames, size_t length)
{
    ssize_t sent = write_plain(link, frames, length);
    if (sent == (ssize_t)length)
        return;
    link->library_holds = true;
    if (sent >= 0 && lws_write(link->wsi, (unsigned char *)frames + sent, length - (size_t)sent,
                               LWS_WRITE_RAW) >= 0)
        return;
    link->socket_errno = errno;
    lws_stream_break(link);
}

static void fail_for_memory(struct link *link)
{
    link->protocol_fault = "out of memory for a message";
    lws_stream_break(link);
}

/* Frames are made here and not by the library, which reads four bytes of /dev/urandom for each
 * mask, masks byte by byte, and confuses its state when it is given a frame while an unfinished one
 * is still in its buffer. */
static void send_message(struct link *link, enum frame_opcode opcode, char *message, size_t length)
{
    struct lws_transport *transport = link->transport;
    if (length <= GATEWAY_FRAME_MAX) {
        uint32_t mask = (uint32_t)random_next(&transport->masks);
        size_t header = frame_wrap(message, length, opcode, true, mask);
        write_frames(link, message - header, header + length);
        return;
    }
    struct buffer frames;
    buffer_init(&frames, SIZE_MAX);
    if (frame_append_message(&frames, opcode, (struct text){message, length}, GATEWAY_FRAME_MAX,
                             &transport->masks) == 0) {
        write_frames(link, frames.data, frames.length);
    } else {
        fail_for_memory(link);
    }
    buffer_free(&frames);
}

static void op_send(struct transport *base, uint32_t id, char *message, size_t length)
{
    struct lws_transport *transport = self(base);
    struct link *link = &transport->links[id];
    enum frame_opcode opcode = OPCODE_TEXT;
    if (link->reader.deflate) {
        opcode = OPCODE_TEXT_COMPRESSED;
        message = lws_compress_deflate(transport, (struct text){message, length}, &length);
    }
    if (message)
        send_message(link, opcode, message, length);
    else
        fail_for_memory(link);
}

void lws_link_send_control(struct link *link, enum frame_opcode opcode, struct text payload)
{
    char frame[FRAME_HEADER_MAX + 125];
    char *body = frame + FRAME_HEADER_MAX;
    uint32_t mask = (uint32_t)random_next(&link->transport->masks);
    memcpy(body, payload.data, payload.length);
    size_t header = frame_wrap(body, payload.length, opcode, true, mask);
    write_frames(link, body - header, header + payload.length);
}

/* The close frame goes out as the messages do. The library would close the socket right behind its
 * own, and the peer's answer would meet a closed port. */
static void op_close(struct transport *base, uint32_t id)
{
    static const char code[] = {LWS_CLOSE_STATUS_NORMAL >> 8,
                                (char)(LWS_CLOSE_STATUS_NORMAL & 0xff)};
    struct link *link = &self(base)->links[id];
    link->closing = true;
    lws_link_send_control(link, OPCODE_CLOSE, (struct text){code, sizeof(code)});
}

/* The library does not tell its reads. */
static uint32_t op_reads(struct transport *base, uint32_t id)
{
    const struct link *link = &self(base)->links[id];
    return link->own_reading ? link->reads : 0;
}

static bool op_congested(struct transport *base, uint32_t id)
{
    struct link *link = &self(base)->links[id];
    return link->wsi && link->library_holds && lws_partial_buffered(link->wsi);
}

static void op_drop(struct transport *base, uint32_t id)
{
    struct link *link = &self(base)->links[id];
    if (link->wsi && !link->tcp_open)
        lws_link_address_failed(link);
    link->retry_wanted = false;
    lws_stream_forget(link, true);
}

static void op_wake_at(struct transport *base, uint64_t time_ns)
{
    struct itimerspec setting = {0};
    if (time_ns != CLOCK_NEVER) {
        setting.it_value.tv_sec = (time_t)(time_ns / NS_PER_S);
        setting.it_value.tv_nsec = (long)(time_ns % NS_PER_S);
    }
    timerfd_settime(self(base)->timer_fd, TFD_TIMER_ABSTIME, &setting, NULL);
}

static void op_run(struct transport *base)
{
    if (!self(base)->stopped)
        ev_run(self(base)->loop, 0);
}

static void op_stop(struct transport *base)
{
    self(base)->stopped = true;
    ev_break(self(base)->loop, EVBREAK_ALL);
}

static void op_interrupt(struct transport *base)
{
    ev_async_send(self(base)->loop, &self(base)->interrupt_watcher);
}

/* --- The loop's own events --- */

/* The timer is not read: woken() sets it again, and that takes back that it has run out. */
static void on_timer(struct ev_loop *loop, ev_io *watcher, int events)
{
    struct lws_transport *transport = watcher->data;
    (void)loop;
    (void)events;
    transport->events->woken(transport->worker);
}

static void on_interrupt(struct ev_loop *loop, ev_async *watcher, int events)
{
    struct lws_transport *transport = watcher->data;
    (void)loop;
    (void)events;
    transport->events->woken(transport->worker);
}

static void on_retry(struct ev_loop *loop, ev_timer *watcher, int events)
{
    struct lws_transport *transport = watcher->data;
    (void)loop;
    (void)events;
    while (transport->retry_count > 0) {
        struct link *link = &transport->links[transport->retries[--transport->retry_count]];
        bool wanted = link->retry_wanted;
        link->retry_wanted = link->retry_listed = false;
        if (wanted)
            connect_link(link);
    }
}

void lws_link_retry(struct link *link)
{
    struct lws_transport *transport = link->transport;
    link->retry_wanted = true;
    if (link->retry_listed)
        return;
    link->retry_listed = true;
    transport->retries[transport->retry_count++] = lws_link_id(link);
    ev_timer_start(transport->loop, &transport->retry_watcher);
}

/* --- Life --- */

static void op_free(struct transport *base)
{
    struct lws_transport *transport = self(base);
    if (transport->loop) {
        ev_io_stop(transport->loop, &transport->timer_watcher);
        ev_async_stop(transport->loop, &transport->interrupt_watcher);
        ev_timer_stop(transport->loop, &transport->retry_watcher);
        ev_prepare_stop(transport->loop, &transport->deferred_watcher);
    }
    if (transport->context)
        lws_context_end(transport);
    if (transport->loop)
        ev_loop_destroy(transport->loop);
    if (transport->timer_fd >= 0)
        close(transport->timer_fd);
    for (uint32_t id = 0; transport->links && id < transport->link_count; id++) {
        frame_reader_free(&transport->links[id].reader);
        buffer_free(&transport->links[id].refusal);
    }
    lws_compress_free(transport);
    buffer_free(&transport->handshake);
    SSL_SESSION_free(transport->session);
    free(transport->links);
    free(transport->input);
    free(transport->retries);
    free(transport);
}

static const struct transport_ops operations = {
    .now_ns = op_now_ns,
    .open = op_open,
    .send = op_send,
    .congested = op_congested,
    .reads = op_reads,
    .close = op_close,
    .drop = op_drop,
    .wake_at = op_wake_at,
    .run = op_run,
    .stop = op_stop,
    .interrupt = op_interrupt,
    .free = op_free,
};

static int make_links(struct lws_transport *transport)
{
    const struct plan *plan = transport->plan;
    uint32_t count = (uint32_t)plan_share(plan->connections, transport->index, plan->workers);
    transport->links = aligned_alloc(CACHE_LINE, count * sizeof(*transport->links));
    transport->retries = calloc(count, sizeof(*transport->retries));
    transport->input = malloc(INPUT_SIZE);
    transport->link_count = count;
    if (!transport->links || !transport->retries || !transport->input)
        return -1;
    for (uint32_t id = 0; id < count; id++) {
        transport->links[id] = (struct link){.transport = transport};
        frame_reader_init(&transport->links[id].reader, TRANSPORT_MESSAGE_MAX);
    }
    return 0;
}

static int make_loop(struct lws_transport *transport)
{
    transport->loop = ev_loop_new(EVBACKEND_EPOLL);
    transport->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (!transport->loop || transport->timer_fd < 0)
        return -1;
    ev_io_init(&transport->timer_watcher, on_timer, transport->timer_fd, EV_READ);
    ev_async_init(&transport->interrupt_watcher, on_interrupt);
    ev_timer_init(&transport->retry_watcher, on_retry, 0., 0.);
    transport->timer_watcher.data = transport;
    transport->interrupt_watcher.data = transport;
    transport->retry_watcher.data = transport;
    ev_prepare_init(&transport->deferred_watcher, lws_stream_on_turn);
    transport->deferred_watcher.data = transport;
    ev_io_start(transport->loop, &transport->timer_watcher);
    ev_async_start(transport->loop, &transport->interrupt_watcher);
    return 0;
}

static int set_up(struct lws_transport *transport, struct error *error)
{
    if (make_links(transport))
        return error_set(error, "out of memory for %u connections",
                         (unsigned)transport->link_count);
    if (make_loop(transport))
        return error_set(error,
                         "no event loop: the process has no descriptor left; raise the limit "
                         "with 'ulimit -n', or use fewer connections");
    return lws_context_begin(transport, error);
}

struct transport *lws_transport_new(const struct lws_transport_setup *setup, struct error *error)
{
    struct lws_transport *transport = calloc(1, sizeof(*transport));
    if (!transport) {
        error_set(error, "out of memory");
        return NULL;
    }
    transport->base.ops = &operations;
    transport->plan = setup->plan;
    transport->addresses = setup->addresses;
    transport->events = setup->events;
    transport->worker = setup->worker;
    transport->index = setup->index;
    transport->timer_fd = -1;
    transport->failed_tls_fd = -1;
    random_init(&transport->masks, random_seed_from_system());
    buffer_init(&transport->handshake, HANDSHAKE_MAX);
    lws_compress_init(transport);
    if (set_up(transport, error)) {
        op_free(&transport->base);
        return NULL;
    }
    return &transport->base;
}
