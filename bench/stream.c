#include "stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/socket.h>
#include <unistd.h>

#include "program.h"
#include "wsload/server/certificate.h"

static SSL_CTX *new_context(const SSL_METHOD *method)
{
    SSL_CTX *context = SSL_CTX_new(method);
    if (context == NULL)
        die("SSL_CTX_new");
    return context;
}

SSL_CTX *stream_client_context(void)
{
    SSL_CTX *context = new_context(TLS_client_method());
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    return context;
}

SSL_CTX *stream_server_context(void)
{
    SSL_CTX *context = new_context(TLS_server_method());
    SSL_CTX_set_read_ahead(context, 1); /* one read for a record instead of two */
    struct certificate made = {0};
    struct error error;
    if (certificate_make(&made, "127.0.0.1", &error) != 0)
        die("certificate_make");
    BIO *chain = BIO_new_mem_buf(made.chain_pem.data, (int)made.chain_pem.length);
    BIO *secret = BIO_new_mem_buf(made.key_pem.data, (int)made.key_pem.length);
    X509 *certificate = PEM_read_bio_X509(chain, NULL, NULL, NULL);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(secret, NULL, NULL, NULL);
    if (!SSL_CTX_use_certificate(context, certificate) || !SSL_CTX_use_PrivateKey(context, key))
        die("SSL_CTX_use_certificate");
    X509_free(certificate);
    EVP_PKEY_free(key);
    BIO_free(chain);
    BIO_free(secret);
    certificate_free(&made);
    return context;
}

struct stream stream_new(int fd, SSL_CTX *context)
{
    struct stream stream = {.fd = fd};
    int on = 1;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0)
        die("TCP_NODELAY");
    if (context == NULL)
        return stream;
    stream.ssl = SSL_new(context);
    if (stream.ssl == NULL || !SSL_set_fd(stream.ssl, fd))
        die("SSL_new");
    if (SSL_CTX_get_ssl_method(context) == TLS_server_method())
        SSL_set_accept_state(stream.ssl);
    else
        SSL_set_connect_state(stream.ssl);
    return stream;
}

/* Whether RESULT of a call on SSL only says that the peer's turn is awaited. */
static bool waits(const SSL *ssl, int result)
{
    int reason = SSL_get_error(ssl, result);
    if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE)
        return true;
    ERR_clear_error(); /* or the next call on any connection would find it */
    return false;
}

enum handshake stream_handshake(const struct stream *stream)
{
    if (stream->ssl == NULL)
        return HANDSHAKE_DONE;
    int result = SSL_do_handshake(stream->ssl);
    if (result == 1)
        return HANDSHAKE_DONE;
    return waits(stream->ssl, result) ? HANDSHAKE_UNDER_WAY : HANDSHAKE_FAILED;
}

ssize_t stream_read(const struct stream *stream, void *data, size_t size)
{
    if (stream->ssl != NULL) {
        int got = SSL_read(stream->ssl, data, (int)size);
        if (got > 0)
            return got;
        return waits(stream->ssl, got) ? 0 : -1;
    }
    ssize_t got = recv(stream->fd, data, size, 0);
    if (got > 0)
        return got;
    return got < 0 && errno == EAGAIN ? 0 : -1;
}

bool stream_pending(const struct stream *stream)
{
    return stream->ssl != NULL && SSL_has_pending(stream->ssl);
}

bool stream_write(const struct stream *stream, const void *data, size_t length)
{
    if (stream->ssl == NULL)
        return send(stream->fd, data, length, MSG_NOSIGNAL) == (ssize_t)length;
    int wrote = SSL_write(stream->ssl, data, (int)length);
    if (wrote != (int)length)
        ERR_clear_error();
    return wrote == (int)length;
}

void stream_free(struct stream *stream)
{
    SSL_free(stream->ssl);
    close(stream->fd);
}
