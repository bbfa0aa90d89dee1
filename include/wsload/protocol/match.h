/* Whether a message contains a text as people see it: as its bytes stand there or, in JSON, as a
 * reader of it shows its strings ("requ\u00eate" is "requête"); and in any case of letters.
 *
 * It knows no rules. Nothing is allocated. What the bytes tell alone costs no more than that. */
#ifndef WSLOAD_PROTOCOL_MATCH_H
#define WSLOAD_PROTOCOL_MATCH_H

#include <stdbool.h>

#include "wsload/base/error.h"
#include "wsload/base/text.h"

/* Whether MESSAGE contains NEEDLE, which is not empty, byte for byte, or with its escapes decoded
 * (RFC 8259 section 7) when it begins like JSON. */
bool match_contains(struct text message, struct text needle);

/* The same with letters of either case taken as one: simple case folding, as the C library's
 * tables of Unicode have it. After match_prepare(). */
bool match_contains_any_case(struct text message, struct text needle);

/* To be called once at least, and before other threads match. 0, or -1 when the C library has no
 * tables. */
int match_prepare(struct error *error);

#endif
