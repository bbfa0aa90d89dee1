/* A request for an upgrade, as the client has sent it: encoding, case and order of everything are
 * what a signature covers, and libwebsockets keeps none of them. And whether its SigV4 signature is
 * good, in its query or in its headers, as IAM authorization of API Gateway asks for it (AWS guide
 * "Elements of an AWS API request signature"). Pure: the time is an argument, and nothing says why
 * a request is turned down. */
#ifndef WSLOAD_SERVER_UPGRADE_H
#define WSLOAD_SERVER_UPGRADE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/base/text.h"
#include "wsload/protocol/handshake.h"
#include "wsload/protocol/sigv4.h"

/* The longest request, and the most headers, that are read. */
#define UPGRADE_BYTES_MAX   (16u * 1024)
#define UPGRADE_HEADERS_MAX 64

/* Views into the request. */
struct upgrade {
    struct text method;
    struct text path;  /* still encoded */
    struct text query; /* still encoded, without '?' */
    struct header headers[UPGRADE_HEADERS_MAX];
    size_t header_count;
};

/* Bytes of the request that BYTES begin with, its empty line included; 0 when it is not all there.
 */
size_t upgrade_length(struct text bytes);

/* Reads a whole request (RFC 9112 section 3). 0, or -1 when it is none. */
int upgrade_read(struct upgrade *upgrade, struct text request);

/* The first header called NAME, in any case; NULL when there is none. */
const struct header *upgrade_header(const struct upgrade *upgrade, struct text name);

/* How far the date of a signature may be from ours; AWS allows five minutes. Seconds. */
#define VERIFY_SKEW_MAX_S 300

/* The longest that a presigned URL may be valid: seven days (same guide). Seconds. */
#define VERIFY_EXPIRES_MAX_S 604800

/* Whether UPGRADE was signed with CREDENTIALS for execute-api in REGION, host among what is signed,
 * and holds at UNIX_S: not more than VERIFY_SKEW_MAX_S from its date, but a query up to its
 * X-Amz-Expires. A session token must be there and equal, or absent when we have none. */
bool verify_signature(const struct upgrade *upgrade, struct text region,
                      const struct sigv4_credentials *credentials, uint64_t unix_s);

#endif
