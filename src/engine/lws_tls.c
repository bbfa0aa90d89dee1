#include "lws_internal.h"

#include <openssl/err.h>

#include "tls_context.h"

/* OpenSSL takes the session of a connection for spoilt when that is freed without the peer's
 * goodbye, which is how most connections end. So each connection has a copy of its own. */
static void resume_session(SSL *ssl, SSL_SESSION *kept)
{
    SSL_SESSION *copy = kept ? SSL_SESSION_dup(kept) : NULL;
    if (copy)
        SSL_set_session(ssl, copy);
    SSL_SESSION_free(copy);
}

/* The library keeps OpenSSL's reasons to itself, so they are read off here while they are there:
 * the failure of a handshake, and a fatal alert of the peer, which in TLS 1.3 may come after it. */
static void watch_handshake(const SSL *ssl, int where, int value)
{
    struct lws_transport *transport = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    const char *reason = NULL;
    /* The library hands out const, and means the handshake that is about to begin. */
    if (where & SSL_CB_HANDSHAKE_START) {
        tls_name_server((SSL *)ssl, transport->plan->target.server_name);
        resume_session((SSL *)ssl, transport->session);
    }
    if (where == SSL_CB_READ_ALERT && value >> 8 == SSL3_AL_FATAL)
        reason = tls_reason_of(ERR_PACK(ERR_LIB_SSL, 0, SSL_AD_REASON_OFFSET + (value & 0xff)));
    else if (where == SSL_CB_CONNECT_EXIT && value <= 0 &&
             SSL_get_error(ssl, value) == SSL_ERROR_SSL)
        reason = tls_reason_of(ERR_peek_last_error());
    if (reason) {
        transport->failed_tls_fd = SSL_get_fd(ssl);
        transport->failed_tls_reason = reason;
    }
}

/* Keeps a copy; see resume_session(). */
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    struct lws_transport *transport = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    SSL_SESSION *copy = SSL_SESSION_dup(session);
    if (copy) {
        SSL_SESSION_free(transport->session);
        transport->session = copy;
    }
    return 0; /* the session itself stays the connection's */
}

void lws_tls_set_up(struct lws_transport *transport, SSL_CTX *context)
{
    (void)tls_context_set_up(context, &transport->plan->target, &transport->setup_error);
    SSL_CTX_set_app_data(context, transport);
    SSL_CTX_set_info_callback(context, watch_handshake);
    if (transport->plan->target.tls_resume) {
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(context, keep_session);
    }
    /* Idle connections hold no buffers; a read goes on after what is no data, such as tickets. */
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
}

int lws_tls_verify(struct socket *socket, X509_STORE_CTX *store, bool preverified)
{
    if (preverified)
        return 0;
    if (socket->transport->plan->target.insecure) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 0;
    }
    socket->tls_reason = X509_verify_cert_error_string(X509_STORE_CTX_get_error(store));
    return 1;
}
