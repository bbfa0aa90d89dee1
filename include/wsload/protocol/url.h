/* WebSocket URLs (RFC 6455 section 3): ws://host[:port][/path][?query] and wss://.
 *
 * Text in, text out; no name is resolved here. A fragment and user:password@ are refused. Secrets
 * may sit in a query (tokens, signatures), so what is shown goes through url_display(). */
#ifndef WSLOAD_PROTOCOL_URL_H
#define WSLOAD_PROTOCOL_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/base/error.h"

#define URL_HOST_SIZE   256  /* RFC 1035: 253 characters and a NUL, rounded */
#define URL_PATH_SIZE   8192 /* API Gateway takes 4,096; others more */
#define URL_ORIGIN_SIZE (URL_HOST_SIZE + 16)

struct url {
    bool secure;              /* wss */
    bool host_is_ipv6;        /* host is an IPv6 literal; kept without its brackets */
    uint16_t port;            /* the given one, or 443 for wss and 80 for ws */
    char host[URL_HOST_SIZE]; /* lower case */
    char path[URL_PATH_SIZE]; /* path and query, begins with '/' */
};

/* Parses TEXT. http:// and https:// get an error that offers ws:// or wss://. White space, control
 * characters and what is not ASCII are refused anywhere. The error begins with the URL, less
 * password, query and fragment. 0 or -1. */
int url_parse(const char *text, struct url *url, struct error *error);

/* Writes the Host header's value: host, brackets around IPv6, the port when it is not the scheme's
 * default (RFC 6455 section 4.1). Returns OUT. */
char *url_host_header(const struct url *url, char out[URL_ORIGIN_SIZE]);

/* Writes the default Origin: https://HOST[:PORT] for wss, http://HOST[:PORT] for ws. Returns OUT.
 */
char *url_origin(const struct url *url, char out[URL_ORIGIN_SIZE]);

/* Writes the URL as it may be shown: every value of the query, and every item of it without a name,
 * replaced by "***". Cut at SIZE. Returns OUT. */
char *url_display(const struct url *url, char *out, size_t size);

#endif
