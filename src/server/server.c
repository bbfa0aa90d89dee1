#include "wsload/server/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"
#include "wsload/base/clock.h"
#include "wsload/base/file.h"

/* How long clients have to answer a close, in seconds. */
#define GRACE_S 1.0

/* Bytes read at once, and sent at once. */
#define RECEIVE_BYTES 4096
#define SEND_BYTES    (64 * 1024)

/* Room for a request's header: a presigned URL alone may have 4,096 bytes. */
#define HEADER_BYTES 8192

/* libwebsockets reports through one function for the whole process; the last line of the thread
 * explains why a context could not be made. */
static _Thread_local char last_log_line[256];

static void keep_log_line(int level, const char *line)
{
    (void)level;
    snprintf(last_log_line, sizeof(last_log_line), "%.*s", (int)strcspn(line, "\n"), line);
}

static int library_error(struct error *error)
{
    if (strstr(last_log_line, "evlib")) {
        return error_set(error, "libwebsockets has no plug-in for libev; install the package "
                                "libwebsockets-evlib-ev");
    }
    return error_set(error, "libwebsockets cannot start: %s", last_log_line);
}

static void on_grace_over(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    (void)timer;
    (void)events;
    ev_break(loop, EVBREAK_ALL);
}

/* Each connection closes itself from its own callback, when its socket takes the frame. */
static void on_stop(struct ev_loop *loop, struct ev_async *stop, int events)
{
    struct server *server = stop->data;
    (void)events;
    server->stopping = true;
    acceptor_close(server);
    if (TAILQ_EMPTY(&server->connections)) {
        ev_break(loop, EVBREAK_ALL);
        return;
    }
    struct connection *connection;
    TAILQ_FOREACH(connection, &server->connections, link)
    {
        lws_callback_on_writable(connection->wsi);
    }
    ev_timer_start(loop, &server->grace);
}

static int make_loop(struct server *server, struct error *error)
{
    server->loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    if (!server->loop)
        return error_set(error, "cannot make an event loop: %s", strerror(errno));
    ev_async_init(&server->stop, on_stop);
    server->stop.data = server;
    ev_async_start(server->loop, &server->stop);
    ev_timer_init(&server->grace, on_grace_over, GRACE_S, 0);
    return delays_init(&server->delays, server->loop, error);
}

static void name_protocols(struct server *server)
{
    const struct lws_protocols any = {
        .name = "wsload",
        .callback = connection_callback,
        .per_session_data_size = sizeof(struct connection),
        .rx_buffer_size = RECEIVE_BYTES,
        .tx_packet_size = SEND_BYTES,
    };
    server->protocols[0] = any;
    server->protocols[1] = any;
    server->protocols[1].name = server->subprotocol;
}

static void add_tls(struct lws_context_creation_info *info, const struct certificate *certificate)
{
    info->options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info->server_ssl_cert_mem = certificate->chain_pem.data;
    info->server_ssl_cert_mem_len = (unsigned int)certificate->chain_pem.length;
    info->server_ssl_private_key_mem = certificate->key_pem.data;
    info->server_ssl_private_key_mem_len = (unsigned int)certificate->key_pem.length;
    info->alpn = "http/1.1";
}

static int make_context(struct server *server, bool tls, struct error *error)
{
    /* All zero: no pings of libwebsockets' own, and no timer per connection for them. */
    static const lws_retry_bo_t no_keepalive;
    void *loops[] = {server->loop};
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .options = LWS_SERVER_OPTION_LIBEV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
        .foreign_loops = loops,
        .protocols = server->protocols,
        .retry_and_idle_policy = &no_keepalive,
        .max_http_header_data = HEADER_BYTES,
        .pt_serv_buf_size = DOOR_READ_BYTES,
        .http_proxy_address = "", /* else the environment's http_proxy is read */
        .vhost_name = "wsload",
        .user = server,
    };
    name_protocols(server);
    if (tls)
        add_tls(&info, &server->certificate);
    lws_set_log_level(LLL_ERR | LLL_WARN, keep_log_line);
    server->context = lws_create_context(&info);
    if (server->context)
        server->vhost = lws_create_vhost(server->context, &info);
    return server->vhost ? 0 : library_error(error);
}

static int set_up(struct server *server, const struct server_options *options, struct error *error)
{
    admission_init(&server->admission, &server->options, clock_monotonic_ns());
    quota_init(&server->messages, options->message_quota, clock_monotonic_ns());
    if (replies_init(&server->replies, options, error) ||
        (options->tls && certificate_make(&server->certificate, options->address, error)) ||
        (options->tls && options->ca_out &&
         file_write_atomic(options->ca_out, buffer_text(&server->certificate.ca_pem), error)) ||
        make_loop(server, error) || acceptor_open(server, error) ||
        make_context(server, options->tls, error))
        return -1;
    char digits[8];
    snprintf(digits, sizeof(digits), "%u\n", server->port);
    /* Last of all, because whoever waits for the file may connect at once. */
    return options->port_file ? file_write_atomic(options->port_file, text_of(digits), error) : 0;
}

struct server *server_new(const struct server_options *options, struct error *error)
{
    struct server *server = calloc(1, sizeof(*server));
    if (!server) {
        error_set(error, "out of memory");
        return NULL;
    }
    server->options = *options;
    server->listen_fd = -1;
    TAILQ_INIT(&server->connections);
    TAILQ_INIT(&server->pendings);
    if (set_up(server, options, error)) {
        server_free(server);
        return NULL;
    }
    return server;
}

uint16_t server_port(const struct server *server)
{
    return server->port;
}

void server_run(struct server *server)
{
    ev_run(server->loop, 0);
}

void server_stop(struct server *server)
{
    ev_async_send(server->loop, &server->stop);
}

struct server_counts server_counts(const struct server *server)
{
    return server->counts;
}

static void free_loop(struct server *server)
{
    acceptor_close(server);
    ev_timer_stop(server->loop, &server->grace);
    ev_async_stop(server->loop, &server->stop);
    if (server->context) {
        lws_context_destroy(server->context);
        /* What libwebsockets still has on the loop ends in a few turns. */
        for (int i = 0; i < 8; i++)
            ev_run(server->loop, EVRUN_NOWAIT);
    }
    delays_free(&server->delays);
    ev_loop_destroy(server->loop);
}

void server_free(struct server *server)
{
    if (!server)
        return;
    if (server->loop)
        free_loop(server);
    certificate_free(&server->certificate);
    replies_free(&server->replies);
    free(server);
}
