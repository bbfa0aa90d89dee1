#include "wsload/engine/lws_transport.h"

#include <stdlib.h>
#include <string.h>

#include "lws_internal.h"
#include "wsload/base/clock.h"

/* Of the request, and of what is told of its answer. */
#define HANDSHAKE_MAX LWS_SERVICE_BUFFER

/* --- Operations --- */

static void op_open(struct transport *base, uint32_t id)
{
    struct socket *socket = lws_link(base, id);
    socket->open = socket->closing = socket->broken = false;
    socket->protocol_fault = NULL;
    socket->socket_errno = 0;
    socket->stamped = false;
    frame_reader_free(&socket->reader);
    frame_reader_init(&socket->reader, TRANSPORT_MESSAGE_MAX);
    lws_socket_open(socket);
}

/* The close frame goes out as the messages do. The library would close the socket right after its
 * own, and the peer's answer would meet a closed port. */
static void op_close(struct transport *base, uint32_t id)
{
    struct socket *socket = lws_link(base, id);
    socket->closing = true;
    lws_socket_send_control(socket, OPCODE_CLOSE, TEXT("\x03\xe8")); /* 1000 */
}

/* The library does not tell its reads. */
static uint32_t op_reads(struct transport *base, uint32_t id)
{
    const struct socket *socket = lws_link(base, id);
    return socket->own_reading ? socket->reads : 0;
}

static bool op_unreported(struct transport *base, uint32_t id)
{
    return lws_stream_unreported(lws_link(base, id));
}

static void op_read(struct transport *base, uint32_t id)
{
    lws_stream_read(lws_link(base, id));
}

static bool op_congested(struct transport *base, uint32_t id)
{
    struct socket *socket = lws_link(base, id);
    return socket->wsi && socket->library_holds && lws_partial_buffered(socket->wsi);
}

static void op_drop(struct transport *base, uint32_t id)
{
    struct socket *socket = lws_link(base, id);
    if (socket->wsi && socket->tcp_ns == 0)
        dial_failed(&socket->transport->dial, &socket->attempt, clock_monotonic_ns());
    socket->attempt_wanted = false;
    lws_stream_forget(socket, true);
}

/* --- Life --- */

static void op_free(struct transport *base)
{
    struct lws_transport *transport = lws_self(base);
    for (uint32_t id = 0; id < transport->socket_count; id++)
        lws_stream_forget(&transport->sockets[id], false);
    if (transport->context) {
        ev_io_stop(transport->loop.ev, &transport->loop.timer);
        ev_async_stop(transport->loop.ev, &transport->loop.interrupt);
        ev_prepare_stop(transport->loop.ev, &transport->turn);
        ev_timer_stop(transport->loop.ev, &transport->company);
        /* Once only: with a foreign loop a second call is a use after free. Its watchers are closed
         * in further turns of the loop. */
        lws_context_destroy(transport->context);
        for (int turn = 0; turn < 4; turn++)
            ev_run(transport->loop.ev, EVRUN_NOWAIT);
    }
    lws_receive_end(transport);
    loop_free(&transport->loop);
    for (uint32_t id = 0; id < transport->socket_count; id++)
        frame_reader_free(&transport->sockets[id].reader);
    deflateEnd(&transport->deflater); /* which sees if there was none */
    buffer_free(&transport->deflated);
    buffer_free(&transport->inflated);
    buffer_free(&transport->handshake);
    SSL_SESSION_free(transport->session);
    free(transport->sockets);
    free(transport->input);
    free(transport);
}

static const struct transport_ops operations = {
    .now_ns = loop_now_ns,
    .open = op_open,
    .send = lws_op_send,
    .congested = op_congested,
    .reads = op_reads,
    .unreported = op_unreported,
    .read = op_read,
    .close = op_close,
    .drop = op_drop,
    .wake_at = loop_wake_at,
    .run = loop_run,
    .stop = loop_stop,
    .interrupt = loop_interrupt,
    .free = op_free,
};

/* --- The library's context --- */

/* The pieces of a message when the library reads; allocated for every connection, used by few. With
 * small ones libwebsockets 4.3 loses bytes over TLS and then ends the connection for a frame that
 * it takes for a bad one: 512 bytes fail, 4 KiB do not. */
#if LWS_LIBRARY_VERSION_NUMBER >= 4002000
#define RECEIVE_PIECE 4096
#else
#define RECEIVE_PIECE 512
#endif

/* Never cut a write: what the socket does not take, the library keeps and sends later. */
#define SEND_PIECE (256 * 1024)

static const struct lws_protocols protocols[] = {
    {LWS_PROTOCOL_NAME, lws_transport_callback, 0, RECEIVE_PIECE, 0, NULL, SEND_PIECE},
    {0},
};

/* The library's last complaint on this thread, for when a context cannot be made. */
static _Thread_local char last_log[256];

static void keep_log(int level, const char *line)
{
    (void)level;
    lws_strncpy(last_log, line, sizeof(last_log));
}

static int make_context(struct lws_transport *transport)
{
    const struct plan *plan = transport->plan;
    void *loops[] = {transport->loop.ev};
    /* The library's own timeouts must never come before ours. */
    unsigned patience_s = (unsigned)(plan->connect_timeout_ns / NS_PER_S) + 10;
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .foreign_loops = loops,
        .user = transport,
        .options = LWS_SERVER_OPTION_LIBEV,
        .pt_serv_buf_size = LWS_SERVICE_BUFFER,
        .max_http_header_data2 = 4096 + URL_PATH_SIZE,
        .timeout_secs = patience_s,
        .connect_timeout_secs = patience_s,
        .http_proxy_address = "", /* else it would take http_proxy from the environment */
    };
    if (plan->target.compress)
        info.extensions = lws_compress_extensions();
    if (plan->target.url.secure) {
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
#if LWS_LIBRARY_VERSION_NUMBER >= 4002000
        info.options |= LWS_SERVER_OPTION_DISABLE_TLS_SESSION_CACHE; /* resuming is ours to do */
#endif
        /* Else OpenSSL looks for an unknown issuer in the system's files, at every handshake. */
        if (plan->target.ca_file || plan->target.insecure)
            info.options |= LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
    }
    last_log[0] = '\0';
    lws_set_log_level(LLL_ERR | LLL_WARN, keep_log);
    transport->context = lws_create_context(&info);
    return transport->context ? 0 : -1;
}

static int begin_context(struct lws_transport *transport, struct error *error)
{
    if (make_context(transport)) {
        if (strstr(last_log, "evlib"))
            return error_set(error, "libwebsockets has no libev plug-in here; install the package "
                                    "libwebsockets-evlib-ev");
        return error_set(error, "libwebsockets could not start: %s", last_log);
    }
    if (transport->setup_error.text[0])
        return error_set(error, "%s", transport->setup_error.text);
    return 0;
}

/* --- A transport --- */

static int make_links(struct lws_transport *transport, struct error *error)
{
    const struct plan *plan = transport->plan;
    uint32_t count = (uint32_t)plan_share(plan->load.connections, transport->index,
                                          plan->load.workers);
    transport->sockets = aligned_alloc(CACHE_LINE, count * sizeof(*transport->sockets));
    transport->input = malloc(INPUT_SIZE);
    transport->socket_count = transport->sockets ? count : 0;
    for (uint32_t id = 0; id < transport->socket_count; id++)
        transport->sockets[id] = (struct socket){.transport = transport};
    if (!transport->sockets || !transport->input)
        return error_set(error, "out of memory for %u connections", (unsigned)count);
    return 0;
}

static int set_up(struct lws_transport *transport, struct error *error)
{
    struct loop *loop = &transport->loop;
    if (loop_init(loop, &operations, transport->events->woken, transport->worker))
        return error_set(error,
                         "no event loop: the process has no descriptor left; raise the limit "
                         "with 'ulimit -n', or use fewer connections");
    ev_prepare_init(&transport->turn, lws_on_turn);
    transport->turn.data = transport;
    lws_race_init(transport);
    return make_links(transport, error) || lws_receive_init(transport, error) ||
                   begin_context(transport, error)
               ? -1
               : 0;
}

struct transport *lws_transport_new(const struct lws_transport_config *config, struct error *error)
{
    struct lws_transport *transport = calloc(1, sizeof(*transport));
    if (!transport) {
        error_set(error, "out of memory");
        return NULL;
    }
    transport->plan = config->plan;
    transport->events = config->events;
    transport->worker = config->worker;
    transport->seen = config->seen;
    transport->index = config->index;
    transport->dial = (struct dial){config->addresses, &config->plan->target.sources, {0}};
    transport->failed_tls_fd = transport->stamp_fd = -1;
    random_init(&transport->masks, random_seed_from_system());
    buffer_init(&transport->handshake, HANDSHAKE_MAX);
    buffer_init(&transport->deflated, SIZE_MAX);
    buffer_init(&transport->inflated, TRANSPORT_MESSAGE_MAX);
    if (set_up(transport, error)) {
        op_free(&transport->loop.base);
        return NULL;
    }
    return &transport->loop.base;
}

/* --- The library --- */

bool lws_transport_compresses(void)
{
    return lws_compress_extensions();
}

size_t lws_transport_request_max(const struct target *target)
{
    size_t names = target->subprotocols ? strlen(target->subprotocols) : 0;
    return LWS_SERVICE_BUFFER - LWS_REQUEST_TAIL - LWS_REQUEST_UPGRADE - names;
}

const char *lws_transport_library(void)
{
    return lws_get_library_version();
}

const char *lws_transport_tls_library(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}
