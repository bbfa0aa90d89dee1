#include "wsload/protocol/json_value.h"

#include <stdint.h>
#include <string.h>

#include "wsload/base/utf8.h"

#define REPLACEMENT_CHARACTER 0xFFFD

static void advance(struct text *text, size_t length)
{
    text->data += length;
    text->length -= length;
}

/* Takes "\uXXXX" off the front of TEXT. False, and nothing is taken, when something else is there.
 */
static bool take_unit(struct text *text, uint32_t *unit)
{
    if (text->length < 6 || text->data[0] != '\\' || text->data[1] != 'u')
        return false;
    *unit = 0;
    for (size_t i = 2; i < 6; i++) {
        int digit = text_hex_digit(text->data[i]);
        if (digit < 0)
            return false;
        *unit = *unit << 4 | (uint32_t)digit;
    }
    advance(text, 6);
    return true;
}

/* What UNIT and the units behind it in TEXT stand for (RFC 8259 section 7: UTF-16). */
static uint32_t take_pair(uint32_t unit, struct text *text)
{
    struct text rest = *text;
    if (unit < 0xD800 || unit > 0xDFFF)
        return unit;
    uint32_t low;
    if (unit > 0xDBFF || !take_unit(&rest, &low) || low < 0xDC00 || low > 0xDFFF)
        return REPLACEMENT_CHARACTER;
    *text = rest;
    return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
}

/* What the escape of two characters with LETTER stands for; 0: there is none. */
static char short_escape(char letter)
{
    switch (letter) {
    case '"':
    case '\\':
    case '/':
        return letter;
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return 0;
    }
}

/* Takes the escape off the front of TEXT, which begins with a backslash. */
static uint32_t take_escape(struct text *text)
{
    uint32_t unit;
    if (take_unit(text, &unit))
        return take_pair(unit, text);
    char character = text->length > 1 ? short_escape(text->data[1]) : 0;
    advance(text, character != 0 ? 2 : 1);
    return character != 0 ? (uint32_t)character : REPLACEMENT_CHARACTER;
}

static size_t encode_utf8(uint32_t code, char out[4])
{
    static const unsigned char first[] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    out[0] = (char)(first[length] | code);
    return length;
}

/* Takes a run off the front of RAW, which is not empty: all up to the next backslash as it stands,
 * or the one character that an escape stands for, put into CHARACTER. */
static struct text take_run(struct text *raw, char character[4])
{
    const char *backslash = memchr(raw->data, '\\', raw->length);
    struct text run = *raw;
    if (backslash == raw->data) {
        size_t length = encode_utf8(take_escape(raw), character);
        return (struct text){character, length};
    }
    if (backslash)
        run.length = (size_t)(backslash - raw->data);
    advance(raw, run.length);
    return run;
}

/* Appends RUN, or as many whole characters of it as OUT has room for. */
static int append_run(struct buffer *out, struct text run)
{
    if (buffer_append(out, run.data, run.length) == 0)
        return 0;
    utf8_append_clean(out, run, SIZE_MAX);
    return -1;
}

bool json_string_is(struct text raw, struct text content)
{
    while (raw.length > 0 && content.length > 0) {
        size_t length = 1;
        if (*raw.data != '\\') { /* most names differ in their first byte: no search for escapes */
            if (*raw.data != *content.data)
                return false;
            advance(&raw, 1);
        } else {
            char character[4];
            length = encode_utf8(take_escape(&raw), character);
            if (length > content.length || memcmp(character, content.data, length) != 0)
                return false;
        }
        advance(&content, length);
    }
    return raw.length == 0 && content.length == 0;
}

bool json_value_is(const struct json_value *value, struct text content)
{
    if (value->kind != JSON_STRING)
        return value->kind != JSON_ABSENT && text_equal(value->raw, content);
    return json_string_is(value->raw, content) && !text_equal(content, TEXT("null"));
}

int json_value_decode(const struct json_value *value, struct buffer *out)
{
    struct text raw = value->raw;
    if (value->kind != JSON_STRING)
        return append_run(out, raw);
    while (raw.length > 0) {
        char character[4];
        if (append_run(out, take_run(&raw, character)))
            return -1;
    }
    return 0;
}
