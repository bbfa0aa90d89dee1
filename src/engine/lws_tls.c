#include "lws_internal.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

/* OpenSSL's words for the error that is on top of its queue; static text. */
static const char *top_reason(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason ? reason : "unknown reason";
}

/* SNI and the name that the certificate must have: libwebsockets takes both from the Host header.
 */
static void name_server(SSL *ssl, const char *name)
{
    X509_VERIFY_PARAM *expected = SSL_get0_param(ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(expected, name))
        return; /* addresses are not sent as SNI (RFC 6066 section 3) */
    X509_VERIFY_PARAM_set1_host(expected, name, 0);
    SSL_set_tlsext_host_name(ssl, name);
}

/* The library keeps OpenSSL's reason to itself, so it is read off here while it is still there. */
static void watch_handshake(const SSL *ssl, int where, int result)
{
    struct lws_transport *transport = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    if (where & SSL_CB_HANDSHAKE_START) {
        transport->last_tls_reason = NULL;
        /* The library hands out const, and means the handshake that is about to begin. */
        name_server((SSL *)ssl, transport->plan->target.server_name);
    }
    if ((where & SSL_CB_CONNECT_EXIT) == SSL_CB_CONNECT_EXIT && result <= 0 &&
        SSL_get_error(ssl, result) == SSL_ERROR_SSL)
        transport->last_tls_reason = top_reason();
}

static void set_up_error(struct lws_transport *transport, const char *option, const char *file)
{
    error_set(&transport->setup_error, "%s %s: %s", option, file, top_reason());
}

static void load_authorities(struct lws_transport *transport, SSL_CTX *context)
{
    const char *file = transport->plan->target.ca_file;
    if (file && SSL_CTX_load_verify_file(context, file) != 1)
        set_up_error(transport, "--cacert", file);
}

static void load_client_certificate(struct lws_transport *transport, SSL_CTX *context)
{
    const struct target *target = &transport->plan->target;
    if (!target->cert_file)
        return;
    const char *key = target->key_file ? target->key_file : target->cert_file;
    if (SSL_CTX_use_certificate_chain_file(context, target->cert_file) != 1)
        set_up_error(transport, "--cert", target->cert_file);
    else if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        set_up_error(transport, "--key", key);
    else if (SSL_CTX_check_private_key(context) != 1)
        set_up_error(transport, "--key does not belong to --cert", key);
}

void lws_tls_set_up(struct lws_transport *transport, SSL_CTX *context)
{
    ERR_clear_error();
    SSL_CTX_set_app_data(context, transport);
    SSL_CTX_set_info_callback(context, watch_handshake);
    load_authorities(transport, context);
    load_client_certificate(transport, context);
    ERR_clear_error();
}

int lws_tls_verify(struct link *link, X509_STORE_CTX *store, bool preverified)
{
    if (preverified)
        return 0;
    if (link->transport->plan->target.insecure) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 0;
    }
    link->tls_reason = X509_verify_cert_error_string(X509_STORE_CTX_get_error(store));
    return 1;
}
