/* JSON strings (RFC 8259 section 7): escaping text so that it can stand between quotes. */
#ifndef WSLOAD_PROTOCOL_JSON_TEXT_H
#define WSLOAD_PROTOCOL_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "wsload/base/buffer.h"
#include "wsload/base/text.h"

/* Whether TEXT holds a byte that must be escaped: quote, backslash, or below 0x20. */
bool json_escape_needed(struct text text);

/* Appends TEXT escaped, without quotes around it. UTF-8 passes as it is. 0, or -1 when OUT is
 * full and holds only a part. */
int json_escape(struct buffer *out, struct text text);

/* How many bytes json_escape() would append. */
size_t json_escaped_length(struct text text);

/* Whether TEXT, which is JSON, holds \u0000: cJSON gives strings without their length, and cuts
 * them there. */
bool json_has_escaped_nul(struct text text);

#endif
