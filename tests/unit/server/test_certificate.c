#include "wsload/server/certificate.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "testing.h"

struct pair {
    X509 *authority;
    X509 *server;
    EVP_PKEY *key;
};

static BIO *bio_of(const struct buffer *pem)
{
    return BIO_new_mem_buf(pem->data, (int)pem->length);
}

static X509 *parse_certificate(const struct buffer *pem)
{
    BIO *bio = bio_of(pem);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    assert_non_null(certificate);
    return certificate;
}

static EVP_PKEY *parse_key(const struct buffer *pem)
{
    BIO *bio = bio_of(pem);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

    BIO_free(bio);
    assert_non_null(key);
    return key;
}

static struct pair make_pair(void)
{
    struct certificate certificate = {0};
    struct error error;
    struct pair pair;

    assert_int_equal(certificate_make(&certificate, "127.0.0.3", &error), 0);
    pair.authority = parse_certificate(&certificate.ca_pem);
    pair.server = parse_certificate(&certificate.chain_pem);
    pair.key = parse_key(&certificate.key_pem);
    certificate_free(&certificate);
    return pair;
}

static void free_pair(struct pair *pair)
{
    X509_free(pair->authority);
    X509_free(pair->server);
    EVP_PKEY_free(pair->key);
}

/* Checks SERVER as a strict TLS client that trusts AUTHORITY does, at WHEN. An X509_V_ code. */
static int verify(X509 *server, X509 *authority, const char *host, const char *ip, time_t when)
{
    X509_STORE *trusted = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *rules;
    int code;

    assert_int_equal(X509_STORE_add_cert(trusted, authority), 1);
    assert_int_equal(X509_STORE_CTX_init(context, trusted, server, NULL), 1);
    rules = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_time(rules, when);
    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (host != NULL)
        assert_int_equal(X509_VERIFY_PARAM_set1_host(rules, host, 0), 1);
    if (ip != NULL)
        assert_int_equal(X509_VERIFY_PARAM_set1_ip_asc(rules, ip), 1);
    X509_verify_cert(context);
    code = X509_STORE_CTX_get_error(context);
    X509_STORE_CTX_free(context);
    X509_STORE_free(trusted);
    return code;
}

static void test_certificate_is_valid_for_the_loopback_and_where_it_listens(void **state)
{
    static const struct {
        const char *host;
        const char *ip;
        int code;
    } cases[] = {
        {"localhost", NULL, X509_V_OK},
        {NULL, "127.0.0.1", X509_V_OK},
        {NULL, "::1", X509_V_OK},
        {NULL, "127.0.0.3", X509_V_OK},
        {"example.com", NULL, X509_V_ERR_HOSTNAME_MISMATCH},
        {"a.localhost", NULL, X509_V_ERR_HOSTNAME_MISMATCH},
        {NULL, "127.0.0.2", X509_V_ERR_IP_ADDRESS_MISMATCH},
    };
    struct pair pair = make_pair();

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(
            verify(pair.server, pair.authority, cases[i].host, cases[i].ip, time(NULL)),
            cases[i].code);
    }
    free_pair(&pair);
}

static void test_certificate_is_valid_from_an_hour_ago_for_seven_days(void **state)
{
    static const struct {
        long offset_s;
        int code;
    } cases[] = {
        {-3600 - 60, X509_V_ERR_CERT_NOT_YET_VALID},
        {-3600 + 60, X509_V_OK},
        {7 * 24 * 3600 - 60, X509_V_OK},
        {7 * 24 * 3600 + 60, X509_V_ERR_CERT_HAS_EXPIRED},
    };
    struct pair pair = make_pair();

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(
            verify(pair.server, pair.authority, NULL, NULL, time(NULL) + (time_t)cases[i].offset_s),
            cases[i].code);
    }
    free_pair(&pair);
}

static void test_certificate_is_not_trusted_by_another_authority(void **state)
{
    struct pair mine = make_pair();
    struct pair other = make_pair();

    (void)state;
    assert_int_not_equal(verify(mine.server, other.authority, NULL, NULL, time(NULL)), X509_V_OK);
    free_pair(&mine);
    free_pair(&other);
}

static void test_certificate_has_its_own_key_and_serial(void **state)
{
    struct pair mine = make_pair();
    struct pair other = make_pair();

    (void)state;
    assert_int_equal(X509_check_private_key(mine.server, mine.key), 1);
    assert_int_equal(X509_check_private_key(mine.server, other.key), 0);
    assert_int_equal(X509_check_private_key(mine.authority, mine.key), 0);
    assert_int_not_equal(
        ASN1_INTEGER_cmp(X509_get0_serialNumber(mine.server), X509_get0_serialNumber(other.server)),
        0);
    free_pair(&mine);
    free_pair(&other);
}

static void test_certificate_signs_nothing_itself(void **state)
{
    struct pair pair = make_pair();

    (void)state;
    assert_int_equal(X509_check_ca(pair.authority), 1);
    assert_int_equal(X509_get_extension_flags(pair.server) & EXFLAG_CA, 0);
    assert_int_equal(X509_get_key_usage(pair.server), X509v3_KU_DIGITAL_SIGNATURE);
    assert_int_equal(X509_get_extended_key_usage(pair.server), XKU_SSL_SERVER);
    free_pair(&pair);
}

TEST_GROUP(certificate)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certificate_is_valid_for_the_loopback_and_where_it_listens),
        cmocka_unit_test(test_certificate_is_valid_from_an_hour_ago_for_seven_days),
        cmocka_unit_test(test_certificate_is_not_trusted_by_another_authority),
        cmocka_unit_test(test_certificate_has_its_own_key_and_serial),
        cmocka_unit_test(test_certificate_signs_nothing_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
