/* The canonical form of a request (AWS guide "Create a signed AWS API request", step 1): the same
 * bytes for the party that signs and the one that verifies, however the request was written. */
#ifndef WSLOAD_PROTOCOL_SIGV4_CANONICAL_H
#define WSLOAD_PROTOCOL_SIGV4_CANONICAL_H

#include "wsload/base/buffer.h"
#include "wsload/protocol/sigv4.h"

/* Appends the names of COUNT headers as SignedHeaders lists them: lower case, sorted, each once,
 * ';' between them. 0, or -1 when memory is out. */
int sigv4_signed_headers(struct buffer *out, const struct header *headers, size_t count);

/* Appends the canonical request up to the line of the body's hash: that line is the caller's. 0, or
 * -1 when memory is out. */
int sigv4_canonical_request(struct buffer *out, const struct sigv4_request *request);

#endif
