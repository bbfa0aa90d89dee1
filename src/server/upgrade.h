/* A request for an upgrade, as the client has sent it: encoding, case and order of everything are
 * what a signature covers, and libwebsockets keeps none of them. */
#ifndef WSLOAD_SERVER_UPGRADE_H
#define WSLOAD_SERVER_UPGRADE_H

#include <stdbool.h>
#include <stddef.h>

#include "wsload/base/text.h"
#include "wsload/protocol/handshake.h"

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

#endif
