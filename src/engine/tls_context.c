#include "tls_context.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "wsload/base/file.h"
#include "wsload/base/text.h"

#define CIPHERS_MAX  4096
#define PEM_SIZE_MAX (1u << 20) /* all authorities of a system are a quarter of it */

const char *tls_reason_of(unsigned long error)
{
    const char *reason = ERR_reason_error_string(error);
    return reason ? reason : "unknown reason";
}

/* Whoever made the connection may expect another name already: one and only one is left. */
void tls_name_server(SSL *ssl, const char *name)
{
    X509_VERIFY_PARAM *expected = SSL_get0_param(ssl);
    char plain[URL_HOST_SIZE] = "";
    host_plain(name, plain);
    X509_VERIFY_PARAM_set1_host(expected, NULL, 0);
    X509_VERIFY_PARAM_set1_ip(expected, NULL, 0);
    bool address = X509_VERIFY_PARAM_set1_ip_asc(expected, plain);
    if (!address)
        X509_VERIFY_PARAM_set1_host(expected, plain, 0);
    /* Addresses are not sent (RFC 6066 section 3). */
    SSL_set_tlsext_host_name(ssl, address ? NULL : plain);
}

static int refuse(const char *option, const char *file, struct error *error)
{
    return error_set(error, "%s %s: %s", option, file, tls_reason_of(ERR_peek_last_error()));
}

/* OpenSSL knows the byte order mark of UTF-8, and finds nothing in UTF-16. */
static int refuse_file(const char *option, const char *file, struct error *error)
{
    struct buffer text;
    buffer_init(&text, PEM_SIZE_MAX);
    int status = file_read_unmarked(file, &text, error) ? error_prefix(error, "%s", option)
                                                        : refuse(option, file, error);
    buffer_free(&text);
    return status;
}

static int load_client_certificate(SSL_CTX *context, const struct target *target,
                                   struct error *error)
{
    const char *key = target->key_file ? target->key_file : target->cert_file;
    if (SSL_CTX_use_certificate_chain_file(context, target->cert_file) != 1)
        return refuse_file("--cert", target->cert_file, error);
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        return refuse_file("--key", key, error);
    if (SSL_CTX_check_private_key(context) != 1)
        return refuse("--key does not belong to --cert", key, error);
    return 0;
}

/* OpenSSL wants the ciphers of TLS 1.3, whose names begin with TLS_, apart from those before: picks
 * one sort. A version without a name in the list keeps its default. */
static int set_ciphers(SSL_CTX *context, const char *ciphers, bool newest)
{
    struct buffer picked;
    int status = 0;
    buffer_init(&picked, CIPHERS_MAX);
    for (const char *name = ciphers; *name; name += strspn(name, ":")) {
        int length = (int)strcspn(name, ":");
        if (newest == (strncmp(name, "TLS_", 4) == 0))
            status |= buffer_printf(&picked, "%s%.*s", picked.length ? ":" : "", length, name);
        name += length;
    }
    if (status == 0 && picked.length > 0)
        status = (newest ? SSL_CTX_set_ciphersuites(context, picked.data)
                         : SSL_CTX_set_cipher_list(context, picked.data)) == 1
                     ? 0
                     : -1;
    buffer_free(&picked);
    return status;
}

int tls_context_set_up(SSL_CTX *context, const struct target *target, struct error *error)
{
    static const int versions[] = {
        [TLS_NEWEST] = 0, [TLS_1_2] = TLS1_2_VERSION, [TLS_1_3] = TLS1_3_VERSION};
    const char *ciphers = target->ciphers;
    int status = 0;
    ERR_clear_error();
    SSL_CTX_set_max_proto_version(context, versions[target->tls_max]);
    if (target->ca_file && SSL_CTX_load_verify_file(context, target->ca_file) != 1)
        status = refuse_file("--cacert", target->ca_file, error);
    else if (target->cert_file && load_client_certificate(context, target, error))
        status = -1;
    else if (ciphers &&
             (set_ciphers(context, ciphers, true) || set_ciphers(context, ciphers, false)))
        status = refuse("--ciphers", ciphers, error);
    ERR_clear_error();
    return status;
}
