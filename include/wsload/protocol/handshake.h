/* What a caller may put into the opening handshake (RFC 6455 section 4.1, RFC 9110 section 5). */
#ifndef WSLOAD_PROTOCOL_HANDSHAKE_H
#define WSLOAD_PROTOCOL_HANDSHAKE_H

#include <stdbool.h>

#include "wsload/base/error.h"
#include "wsload/base/text.h"

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

#endif
