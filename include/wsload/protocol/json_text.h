/* JSON strings and values (RFC 8259): escaping text so that it can stand between quotes, and what
 * values say as they stand in a document. */
#ifndef WSLOAD_PROTOCOL_JSON_TEXT_H
#define WSLOAD_PROTOCOL_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* Takes an escape off the front of TEXT, which begins with a backslash: the character that it
 * stands for, U+FFFD as in json_value_decode(). */
uint32_t json_take_escape(struct text *text);

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
