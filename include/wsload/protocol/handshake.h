/* What a caller may put into the opening handshake: headers (RFC 6455 section 4.1, RFC 9110 section
 * 5) and the URL (RFC 6455 section 3). Text in, text out; no name is resolved here. */
#ifndef WSLOAD_PROTOCOL_HANDSHAKE_H
#define WSLOAD_PROTOCOL_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/base/error.h"
#include "wsload/base/text.h"

/* --- Headers --- */

struct header {
    struct text name;  /* borrowed from the parsed text */
    struct text value; /* without white space around it; may be empty */
};

/* Splits and checks "Name: value". Refuses what is no token before the colon, line breaks and other
 * control characters, and headers that the handshake itself sets (Upgrade, Connection,
 * Sec-WebSocket-*), naming the option to use instead where there is one. Secrets may stand in the
 * value: the error names the header only. 0 or -1. */
int header_parse(const char *text, struct header *header, struct error *error);

/* Whether VALUE may stand in a header: no line break, no other control character but a tab (RFC
 * 9110 section 5.5). */
bool header_value_valid(struct text value);

/* Whether HEADER has this name, in any case. */
bool header_is(const struct header *header, const char *name);

/* Whether NAME is a token (RFC 9110 section 5.6.2), as a subprotocol must be. */
bool handshake_token_valid(const char *name);

/* --- Answers --- */

/* Whether ANSWER, which may be cut, begins with one that is not the last: 100 Continue, 103 Early
 * Hints and their like (RFC 9110 section 15.2), but not 101. */
bool answer_is_interim(struct text answer);

/* Whether LINE, of the answer to a refused upgrade, is a header that says why, or what to do now:
 * where it redirects to, what it asks for, when to come back, and what AWS support asks for. */
bool answer_tells_refusal(struct text line);

/* --- URLs --- */

/* ws://host[:port][/path][?query] and wss://. A fragment and user:password@ are refused. A query
 * may hold secrets (tokens, signatures), so what is shown goes through url_display(). */
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
 * characters and what is not ASCII are refused anywhere. The error begins with the URL without its
 * password, query and fragment. 0 or -1. */
int url_parse(const char *text, struct url *url, struct error *error);

/* Writes HOST as DNS and TLS know it: lower case, without the dot that may end it, an IPv6 address
 * in its usual form and without brackets. Cut at URL_HOST_SIZE. Returns OUT. */
char *host_plain(const char *host, char out[URL_HOST_SIZE]);

/* Whether A and B, each in any spelling, are one host. */
bool host_equal(const char *a, const char *b);

/* Writes the Host header's value: host, brackets around IPv6, the port when it is not the scheme's
 * default (RFC 6455 section 4.1). Returns OUT. */
char *url_host_header(const struct url *url, char out[URL_ORIGIN_SIZE]);

/* Writes the default Origin: https://HOST[:PORT] for wss, http://HOST[:PORT] for ws. Returns OUT.
 */
char *url_origin(const struct url *url, char out[URL_ORIGIN_SIZE]);

/* Writes the URL as it may be shown: every value of the query, and every item of it without a name,
 * replaced by "***". Cut at SIZE. Returns OUT. */
char *url_display(const struct url *url, char *out, size_t size);

/* --- Chunks of an answer's body --- */

/* Whether ANSWER is one whose body comes in chunks, and the last of them is there. */
bool answer_chunks_ended(struct text answer);

/* Takes what is between the chunks of its body (RFC 9112 section 7.1) out of ANSWER, of LENGTH
 * bytes, which may be cut anywhere. Leaves one that has no chunks as it is. Returns its length. */
size_t answer_join_chunks(char *answer, size_t length);

#endif
