/* Bytes over a non-blocking socket, plain or TLS: one way to write both floors and both servers.
 *
 * It buffers nothing of its own. The benchmarks send so little at a time that a write always fits
 * into the socket's buffer; one that does not counts as an end of the connection. */
#ifndef WSLOAD_BENCH_STREAM_H
#define WSLOAD_BENCH_STREAM_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct stream {
    int fd;
    SSL *ssl; /* NULL: plain */
};

enum handshake { HANDSHAKE_FAILED, HANDSHAKE_UNDER_WAY, HANDSHAKE_DONE };

/* A context for clients, which take any certificate. Ends the program when there is none. */
SSL_CTX *stream_client_context(void);

/* A context for servers, with a certificate made for it. Ends the program when there is none. */
SSL_CTX *stream_server_context(void);

/* Makes a stream of the connected or connecting socket FD, which it owns from now on, without
 * Nagle's delay; CONTEXT is NULL for a plain one. Ends the program when it cannot. */
struct stream stream_new(int fd, SSL_CTX *context);

/* Takes the TLS handshake on as far as it goes; a plain stream has none to do. */
enum handshake stream_handshake(const struct stream *stream);

/* Reads what is there: the number of bytes, 0 for none yet, -1 when the stream has ended. */
ssize_t stream_read(const struct stream *stream, void *data, size_t size);

/* True when bytes have left the socket that were not read from the stream, so that the socket does
 * not show them; they may be less than a record. */
bool stream_pending(const struct stream *stream);

/* Writes all of it; false when the stream has ended. */
bool stream_write(const struct stream *stream, const void *data, size_t length);

void stream_free(struct stream *stream);

#endif
