#include "tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "wsload/base/file.h"
#include "wsload/base/text.h"

#define CIPHERS_MAX  4096
#define PEM_SIZE_MAX (64u << 20) /* all authorities of a system are a quarter of a megabyte */

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
    unsigned long reason = ERR_peek_last_error();
    return error_set(error, "%s %s: %s", option, file,
                     reason ? tls_reason_of(reason) : "no certificate in it");
}

/* --- Files --- */

/* Of PEM. OpenSSL's own readers of files skip what a byte order mark stands before. */
struct pem_file {
    struct buffer text;
    BIO *bio; /* reads TEXT */
};

static void close_file(struct pem_file *file)
{
    BIO_free(file->bio);
    OPENSSL_cleanse(file->text.data, file->text.length); /* it may be a key */
    buffer_free(&file->text);
}

static int open_file(struct pem_file *file, const char *option, const char *path,
                     struct error *error)
{
    *file = (struct pem_file){0};
    buffer_init(&file->text, PEM_SIZE_MAX);
    if (file_read_unmarked(path, &file->text, error)) {
        close_file(file);
        return error_prefix(error, "%s", option);
    }
    file->bio = BIO_new_mem_buf(buffer_text(&file->text).data, (int)file->text.length);
    return 0;
}

/* Adds all certificates and revocations. Whether there was any. */
static bool trust_all(SSL_CTX *context, BIO *bio)
{
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    STACK_OF(X509_INFO) *all = PEM_X509_INFO_read_bio(bio, NULL, NULL, NULL);
    bool found = false;
    for (int i = 0; i < sk_X509_INFO_num(all); i++) { /* -1 of none */
        const X509_INFO *info = sk_X509_INFO_value(all, i);
        found |= info->x509 && X509_STORE_add_cert(store, info->x509) == 1;
        found |= info->crl && X509_STORE_add_crl(store, info->crl) == 1;
    }
    sk_X509_INFO_pop_free(all, X509_INFO_free);
    return found;
}

/* The certificate, and those that lead from it to an authority. */
static bool use_chain(SSL_CTX *context, BIO *bio)
{
    X509 *own = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
    bool used = own && SSL_CTX_use_certificate(context, own) == 1;
    X509_free(own);
    X509 *next;
    while (used && (next = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
        if (!(used = SSL_CTX_add0_chain_cert(context, next) == 1))
            X509_free(next);
    /* That nothing follows is how a file ends; anything else is a broken certificate. */
    return used && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

static bool use_key(SSL_CTX *context, BIO *bio)
{
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    bool used = key && SSL_CTX_use_PrivateKey(context, key) == 1;
    EVP_PKEY_free(key);
    return used;
}

/* Has USE take what the file at PATH, given with OPTION, holds. */
static int load_file(SSL_CTX *context, const char *option, const char *path,
                     bool (*use)(SSL_CTX *context, BIO *bio), struct error *error)
{
    struct pem_file file;
    if (open_file(&file, option, path, error))
        return -1;
    int status = file.bio && use(context, file.bio) ? 0 : refuse(option, path, error);
    close_file(&file);
    return status;
}

static int load_client_certificate(SSL_CTX *context, const struct target *target,
                                   struct error *error)
{
    const char *key = target->key_file ? target->key_file : target->cert_file;
    if (load_file(context, "--cert", target->cert_file, use_chain, error) ||
        load_file(context, "--key", key, use_key, error))
        return -1;
    if (SSL_CTX_check_private_key(context) != 1)
        return refuse("--key does not belong to --cert", key, error);
    return 0;
}

/* --- Ciphers --- */

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

/* --- All --- */

int tls_context_set_up(SSL_CTX *context, const struct target *target, struct error *error)
{
    static const int versions[] = {
        [TLS_NEWEST] = 0, [TLS_1_2] = TLS1_2_VERSION, [TLS_1_3] = TLS1_3_VERSION};
    const char *ciphers = target->ciphers;
    int status = 0;
    ERR_clear_error();
    SSL_CTX_set_max_proto_version(context, versions[target->tls_max]);
    if (target->ca_file && load_file(context, "--cacert", target->ca_file, trust_all, error))
        status = -1;
    else if (target->cert_file && load_client_certificate(context, target, error))
        status = -1;
    else if (ciphers &&
             (set_ciphers(context, ciphers, true) || set_ciphers(context, ciphers, false)))
        status = refuse("--ciphers", ciphers, error);
    ERR_clear_error();
    return status;
}
