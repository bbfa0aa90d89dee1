/* Values of JSON documents (RFC 8259) as they stand there, and what they say. */
#ifndef WSLOAD_PROTOCOL_JSON_VALUE_H
#define WSLOAD_PROTOCOL_JSON_VALUE_H

#include <stdbool.h>

#include "wsload/base/buffer.h"
#include "wsload/base/text.h"

enum json_kind {
    JSON_ABSENT,
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

/* A value where it stands. RAW: of a string what is between the quotes, still escaped; of an array
 * or object all of it with its brackets; of the others their letters. Valid as long as the
 * document. */
struct json_value {
    enum json_kind kind;
    struct text raw;
};

/* Whether RAW, what is between the quotes of a string, stands for CONTENT, byte for byte. */
bool json_string_is(struct text raw, struct text content);

/* Whether VALUE says CONTENT: a string decoded, byte for byte; a number, true or false by its
 * letters; null only as JSON null, which the string "null" is not. Arrays and objects by their raw
 * text. */
bool json_value_is(const struct json_value *value, struct text content);

/* Appends a string decoded, any other value as it stands. A backslash that begins no escape (RFC
 * 8259 section 7), and the escape of half a surrogate pair, become U+FFFD. 0, or -1 when OUT is
 * full: it then holds as many whole characters as it has room for. */
int json_value_decode(const struct json_value *value, struct buffer *out);

#endif
