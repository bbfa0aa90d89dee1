#include "lws_internal.h"

#include <string.h>

#include "wsload/base/clock.h"

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

bool lws_transport_compresses(void)
{
    return lws_compress_extensions() != NULL;
}

const char *lws_transport_library(void)
{
    return lws_get_library_version();
}

static int make_context(struct lws_transport *transport)
{
    const struct plan *plan = transport->plan;
    void *loops[] = {transport->loop};
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
        /* Else OpenSSL looks for each unknown issuer in the system's directory, at every handshake.
         */
        if (plan->target.ca_file || plan->target.insecure)
            info.options |= LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
    }
    last_log[0] = '\0';
    lws_set_log_level(LLL_ERR | LLL_WARN, keep_log);
    transport->context = lws_create_context(&info);
    return transport->context ? 0 : -1;
}

int lws_context_begin(struct lws_transport *transport, struct error *error)
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

void lws_context_end(struct lws_transport *transport)
{
    for (uint32_t id = 0; id < transport->link_count; id++)
        lws_stream_forget(&transport->links[id], false);
    /* Once only: with a foreign loop a second call is a use after free. Its watchers are closed in
     * further turns of the loop. */
    lws_context_destroy(transport->context);
    for (int turn = 0; turn < 4; turn++)
        ev_run(transport->loop, EVRUN_NOWAIT);
}
