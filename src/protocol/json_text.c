#include "wsload/protocol/json_text.h"

#include <stdint.h>
#include <string.h>

#include "wsload/base/text.h"

#define REPLACEMENT_CHARACTER 0xFFFD

/* Characters that have an escape of two characters, and its letters. A slash may be escaped. */
static const char escaped[] = "\"\\\b\f\n\r\t/";
static const char letters[] = "\"\\bfnrt/";

/* --- Escaping --- */

static bool must_escape(char c)
{
    return (unsigned char)c < 0x20 || c == '"' || c == '\\';
}

bool json_escape_needed(struct text text)
{
    bool needed = false;
    for (size_t i = 0; i < text.length; i++) /* no early end: compilers make wide steps of this */
        needed |= must_escape(text.data[i]);
    return needed;
}

/* The letter of the two-character escape (RFC 8259 section 7) of C, or 0 when it has none. */
static char short_escape(char c)
{
    const char *found = c ? strchr(escaped, c) : NULL;
    return found ? letters[found - escaped] : 0;
}

static int append_escape(struct buffer *out, char c)
{
    char letter = short_escape(c);
    return letter ? buffer_printf(out, "\\%c", letter) : buffer_printf(out, "\\u%04x", (unsigned)c);
}

int json_escape(struct buffer *out, struct text text)
{
    size_t copied = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (!must_escape(text.data[i]))
            continue;
        if (buffer_append(out, text.data + copied, i - copied) || append_escape(out, text.data[i]))
            return -1;
        copied = i + 1;
    }
    return buffer_append(out, text.data + copied, text.length - copied);
}

bool json_has_escaped_nul(struct text text)
{
    for (size_t i = 0; i + 6 <= text.length; i++) {
        if (text.data[i] != '\\')
            continue;
        if (memcmp(text.data + i, "\\u0000", 6) == 0)
            return true;
        i++; /* an escaped character begins no escape */
    }
    return false;
}

size_t json_escaped_length(struct text text)
{
    size_t length = text.length;
    for (size_t i = 0; i < text.length; i++) {
        if (must_escape(text.data[i]))
            length += short_escape(text.data[i]) != 0 ? 1 : 5;
    }
    return length;
}

/* --- Values --- */

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
    *text = text_after(*text, 6);
    return true;
}

/* What UNIT and the units after it in TEXT stand for (RFC 8259 section 7: UTF-16). */
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

uint32_t json_take_escape(struct text *text)
{
    uint32_t unit;
    if (take_unit(text, &unit))
        return take_pair(unit, text);
    char letter = text->length > 1 ? text->data[1] : 0;
    const char *found = letter ? strchr(letters, letter) : NULL;
    *text = text_after(*text, found ? 2 : 1);
    return found ? (uint32_t)escaped[found - letters] : REPLACEMENT_CHARACTER;
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
        size_t length = encode_utf8(json_take_escape(raw), character);
        return (struct text){character, length};
    }
    if (backslash)
        run.length = (size_t)(backslash - raw->data);
    *raw = text_after(*raw, run.length);
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
            raw = text_after(raw, 1);
        } else {
            char character[4];
            length = encode_utf8(json_take_escape(&raw), character);
            if (length > content.length || memcmp(character, content.data, length) != 0)
                return false;
        }
        content = text_after(content, length);
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
