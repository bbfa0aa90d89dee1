#include "wsload/server/certificate.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#define DAYS           7
#define PEM_MAXIMUM    (16 * 1024)
#define SERIAL_BITS    159 /* RFC 5280 section 4.1.2.2: positive, at most 20 bytes */
#define SECONDS_BEFORE 3600

struct extension {
    int nid;
    const char *value;
};

/* Ended by a value of NULL. The authority key identifier needs the subject's: it comes last. */
static const struct extension authority_extensions[] = {
    {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
    {NID_key_usage, "critical,keyCertSign,cRLSign"},
    {NID_subject_key_identifier, "hash"},
    {NID_undef, NULL},
};

/* A key and the certificate for it. */
struct identity {
    EVP_PKEY *key;
    X509 *certificate;
};

static int set_serial(X509 *certificate)
{
    BIGNUM *number = BN_new();
    int ok = number && BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) &&
             BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    return ok;
}

static int add_extensions(X509 *certificate, X509 *issuer, const struct extension *extensions)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    for (; extensions->value; extensions++) {
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, extensions->nid,
                                                        extensions->value);
        int ok = extension && X509_add_ext(certificate, extension, -1);
        X509_EXTENSION_free(extension);
        if (!ok)
            return 0;
    }
    return 1;
}

/* Makes a key and a certificate for NAME, signed by ISSUER, or by itself when that is NULL. Returns
 * 1, or 0 with what there is so far; the caller frees either. */
static int make_identity(struct identity *made, const char *name, const struct identity *issuer,
                         const struct extension *extensions)
{
    made->key = EVP_EC_gen("P-256");
    made->certificate = X509_new();
    if (!made->key || !made->certificate)
        return 0;
    if (!issuer)
        issuer = made;
    X509_NAME *subject = X509_get_subject_name(made->certificate);
    return X509_set_version(made->certificate, X509_VERSION_3) && set_serial(made->certificate) &&
           X509_gmtime_adj(X509_getm_notBefore(made->certificate), -SECONDS_BEFORE) &&
           X509_time_adj_ex(X509_getm_notAfter(made->certificate), DAYS, 0, NULL) &&
           X509_set_pubkey(made->certificate, made->key) &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1,
                                      -1, 0) &&
           X509_set_issuer_name(made->certificate, X509_get_subject_name(issuer->certificate)) &&
           add_extensions(made->certificate, issuer->certificate, extensions) &&
           X509_sign(made->certificate, issuer->key, EVP_sha256()) > 0;
}

/* Of a server that listens at ADDRESS. */
static int make_server(struct identity *made, const struct identity *authority, const char *address)
{
    char names[128];
    const struct extension extensions[] = {
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, "critical,digitalSignature"},
        {NID_ext_key_usage, "serverAuth"},
        {NID_subject_alt_name, names},
        {NID_subject_key_identifier, "hash"},
        {NID_authority_key_identifier, "keyid:always"},
        {NID_undef, NULL},
    };
    snprintf(names, sizeof(names), "DNS:localhost,IP:127.0.0.1,IP:::1,IP:%s", address);
    return make_identity(made, "localhost", authority, extensions);
}

static void free_identity(struct identity *identity)
{
    EVP_PKEY_free(identity->key);
    X509_free(identity->certificate);
}

/* Appends CERTIFICATE or, when that is NULL, KEY. */
static int append_pem(struct buffer *out, X509 *certificate, EVP_PKEY *key)
{
    char *data = NULL;
    BIO *bio = BIO_new(BIO_s_secmem());
    int ok = bio && (certificate ? PEM_write_bio_X509(bio, certificate)
                                 : PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
    long length = ok ? BIO_get_mem_data(bio, &data) : 0;
    ok = length > 0 && buffer_append(out, data, (size_t)length) == 0;
    BIO_free(bio);
    return ok;
}

int certificate_make(struct certificate *certificate, const char *address, struct error *error)
{
    struct identity authority = {0};
    struct identity server = {0};
    buffer_init(&certificate->ca_pem, PEM_MAXIMUM);
    buffer_init(&certificate->chain_pem, PEM_MAXIMUM);
    buffer_init(&certificate->key_pem, PEM_MAXIMUM);
    int ok = make_identity(&authority, "wsload throwaway CA", NULL, authority_extensions) &&
             make_server(&server, &authority, address) &&
             append_pem(&certificate->ca_pem, authority.certificate, NULL) &&
             append_pem(&certificate->chain_pem, server.certificate, NULL) &&
             append_pem(&certificate->key_pem, NULL, server.key);
    free_identity(&authority);
    free_identity(&server);
    if (!ok) {
        const char *reason = ERR_reason_error_string(ERR_get_error());
        certificate_free(certificate);
        return error_set(error, "cannot make a certificate: %s", reason ? reason : "out of memory");
    }
    return 0;
}

void certificate_free(struct certificate *certificate)
{
    if (certificate->key_pem.data)
        OPENSSL_cleanse(certificate->key_pem.data, certificate->key_pem.capacity);
    buffer_free(&certificate->ca_pem);
    buffer_free(&certificate->chain_pem);
    buffer_free(&certificate->key_pem);
}
