#include "lws_internal.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#define CIPHERS_MAX 4096

/* OpenSSL's words for an error of its queue; static text. */
static const char *reason_of(unsigned long error)
{
    const char *reason = ERR_reason_error_string(error);
    return reason ? reason : "unknown reason";
}

/* SNI and the name that the certificate must have: libwebsockets takes both from the Host header.
 */
static void name_server(SSL *ssl, const char *name)
{
    X509_VERIFY_PARAM *expected = SSL_get0_param(ssl);
    const char *sni = name;
    if (X509_VERIFY_PARAM_set1_ip_asc(expected, name))
        sni = NULL; /* addresses are not sent (RFC 6066 section 3) */
    else
        X509_VERIFY_PARAM_set1_host(expected, name, 0);
    SSL_set_tlsext_host_name(ssl, sni);
}

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
        name_server((SSL *)ssl, transport->plan->target.server_name);
        resume_session((SSL *)ssl, transport->session);
    }
    if (where == SSL_CB_READ_ALERT && value >> 8 == SSL3_AL_FATAL)
        reason = reason_of(ERR_PACK(ERR_LIB_SSL, 0, SSL_AD_REASON_OFFSET + (value & 0xff)));
    else if (where == SSL_CB_CONNECT_EXIT && value <= 0 &&
             SSL_get_error(ssl, value) == SSL_ERROR_SSL)
        reason = reason_of(ERR_peek_last_error());
    if (reason) {
        transport->failed_tls_fd = SSL_get_fd(ssl);
        transport->failed_tls_reason = reason;
    }
}

static void set_up_error(struct lws_transport *transport, const char *option, const char *file)
{
    error_set(&transport->setup_error, "%s %s: %s", option, file, reason_of(ERR_peek_last_error()));
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

/* Moves the next name of LIST, which is divided by colons, to NAME. */
static bool next_name(struct text *list, struct text *name)
{
    if (list->length == 0)
        return false;
    const char *colon = memchr(list->data, ':', list->length);
    name->data = list->data;
    name->length = colon ? (size_t)(colon - list->data) : list->length;
    size_t used = name->length + (colon != NULL);
    *list = (struct text){list->data + used, list->length - used};
    return true;
}

/* OpenSSL wants the ciphers of TLS 1.3, whose names begin with TLS_, apart from those before: picks
 * one sort. A version without a name in the list keeps its default. */
static int set_ciphers(SSL_CTX *context, const char *ciphers, bool newest)
{
    struct buffer picked;
    struct text list = text_of(ciphers);
    struct text name;
    int status = 0;
    buffer_init(&picked, CIPHERS_MAX);
    while (status == 0 && next_name(&list, &name))
        if (newest == (name.length >= 4 && memcmp(name.data, "TLS_", 4) == 0))
            status = buffer_printf(&picked, "%s%.*s", picked.length ? ":" : "", (int)name.length,
                                   name.data);
    if (status == 0 && picked.length > 0)
        status = (newest ? SSL_CTX_set_ciphersuites(context, picked.data)
                         : SSL_CTX_set_cipher_list(context, picked.data)) == 1
                     ? 0
                     : -1;
    buffer_free(&picked);
    return status;
}

static void choose_ciphers(struct lws_transport *transport, SSL_CTX *context)
{
    const char *ciphers = transport->plan->target.ciphers;
    if (ciphers && (set_ciphers(context, ciphers, true) || set_ciphers(context, ciphers, false)))
        set_up_error(transport, "--ciphers", ciphers);
}

static void choose_version(const struct lws_transport *transport, SSL_CTX *context)
{
    static const int versions[] = {
        [TLS_NEWEST] = 0, [TLS_1_2] = TLS1_2_VERSION, [TLS_1_3] = TLS1_3_VERSION};
    SSL_CTX_set_max_proto_version(context, versions[transport->plan->target.tls_max]);
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

static void resume_sessions(const struct lws_transport *transport, SSL_CTX *context)
{
    if (!transport->plan->target.tls_resume)
        return;
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, keep_session);
}

void lws_tls_set_up(struct lws_transport *transport, SSL_CTX *context)
{
    ERR_clear_error();
    SSL_CTX_set_app_data(context, transport);
    SSL_CTX_set_info_callback(context, watch_handshake);
    load_authorities(transport, context);
    load_client_certificate(transport, context);
    choose_ciphers(transport, context);
    choose_version(transport, context);
    resume_sessions(transport, context);
    /* Idle connections hold no buffers; a read goes on behind what is no data, such as tickets. */
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
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
