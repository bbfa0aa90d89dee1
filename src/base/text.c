#include "wsload/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "wsload/base/helpers.h"

/* Longer words are not option names, and no name is near them. */
#define NEAREST_LENGTH_MAX 64

#define SMALLEST_CAPACITY 64 /* of a buffer */

#define REPLACEMENT_CHARACTER "\xEF\xBF\xBD" /* U+FFFD */

struct text text_of(const char *string)
{
    if (!string)
        string = "";
    return (struct text){string, strlen(string)};
}

bool text_equal(struct text a, struct text b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

bool text_is_word(struct text text, const char *word)
{
    return text.length == strlen(word) && strncasecmp(text.data, word, text.length) == 0;
}

bool text_made_of(struct text text, const char *others)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              (c && strchr(others, c))))
            return false;
    }
    return true;
}

bool text_begins(struct text text, const char *prefix)
{
    size_t length = strlen(prefix);
    return text.length >= length && (length == 0 || memcmp(text.data, prefix, length) == 0);
}

bool text_ends(struct text text, const char *suffix)
{
    size_t length = strlen(suffix);
    return text.length >= length &&
           text_equal(text_after(text, text.length - length), (struct text){suffix, length});
}

struct text text_cut(struct text *rest, char separator)
{
    struct text whole = *rest;
    const char *end = whole.length > 0 ? memchr(whole.data, separator, whole.length) : NULL;
    size_t length = end ? (size_t)(end - whole.data) : whole.length;
    *rest = text_after(whole, length + 1);
    return (struct text){whole.data, length};
}

bool text_contains(struct text haystack, struct text needle)
{
    return needle.length == 0 || memmem(haystack.data, haystack.length, needle.data, needle.length);
}

struct text text_trim_of(struct text text, const char *characters)
{
    size_t count = strlen(characters);
    while (text.length > 0 && memchr(characters, text.data[0], count))
        text = text_after(text, 1);
    while (text.length > 0 && memchr(characters, text.data[text.length - 1], count))
        text.length--;
    return text;
}

struct text text_trim(struct text text)
{
    return text_trim_of(text, " \t\n\v\f\r");
}

int text_copy(struct text text, char *out, size_t size)
{
    if (text.length >= size)
        return -1;
    memcpy(out, text.data, text.length);
    out[text.length] = '\0';
    return 0;
}

int text_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int text_percent_byte(struct text text)
{
    if (text.length < 3 || text.data[0] != '%')
        return -1;
    int high = text_hex_digit(text.data[1]);
    int low = text_hex_digit(text.data[2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

char *text_put_decimal(char *out, uint64_t number)
{
    char digits[TEXT_DECIMAL_MAX];
    size_t first = sizeof(digits);
    do {
        digits[--first] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    memcpy(out, digits + first, sizeof(digits) - first);
    return out + sizeof(digits) - first;
}

/* Edit distance with swaps of neighbours ("optimal string alignment"), by the usual table of which
 * three rows are kept: rows[i % 3][j] is the distance of A's first i and B's first j characters. */
static size_t edit_distance(struct text a, struct text b)
{
    size_t rows[3][NEAREST_LENGTH_MAX + 1];
    for (size_t j = 0; j <= b.length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.length; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3];
        const size_t *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b.length; j++) {
            size_t replaced = above[j - 1] + (a.data[i - 1] != b.data[j - 1]);
            row[j] = u64_min(replaced, u64_min(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] && a.data[i - 2] == b.data[j - 1])
                row[j] = u64_min(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a.length % 3][b.length];
}

const char *text_nearest(const char *word, const char *const *candidates, size_t count)
{
    struct text wanted = text_of(word);
    const char *nearest = NULL;
    size_t nearest_distance = NEAREST_LENGTH_MAX;
    for (size_t i = 0; i < count; i++) {
        struct text candidate = text_of(candidates[i]);
        size_t longer = u64_max(wanted.length, candidate.length);
        size_t allowed = longer < 3 ? 1 : longer / 3;
        if (longer > NEAREST_LENGTH_MAX)
            continue;
        size_t distance = edit_distance(wanted, candidate);
        if (distance <= allowed && distance < nearest_distance) {
            nearest = candidates[i];
            nearest_distance = distance;
        }
    }
    return nearest;
}

/* --- Buffers --- */

void buffer_init(struct buffer *buffer, size_t maximum)
{
    *buffer = (struct buffer){.maximum = maximum};
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    buffer_init(buffer, buffer->maximum);
}

void buffer_clear(struct buffer *buffer)
{
    buffer->length = 0;
    if (buffer->data)
        buffer->data[0] = '\0';
}

int buffer_reserve(struct buffer *buffer, size_t length)
{
    if (length > buffer->maximum || length == SIZE_MAX)
        return -1;
    if (length < buffer->capacity)
        return 0;
    size_t capacity = u64_max(length + 1, SMALLEST_CAPACITY); /* with the NUL */
    char *data = realloc(buffer->data, capacity);
    if (!data)
        return -1;
    data[buffer->length] = '\0';
    buffer->data = data;
    buffer->capacity = capacity;
    return 0;
}

/* Makes room for LENGTH bytes more, at least doubling, so that many appends cost O(total). */
static int grow(struct buffer *buffer, size_t length)
{
    if (length > buffer->maximum - buffer->length)
        return -1;
    size_t needed = buffer->length + length;
    if (needed < buffer->capacity)
        return 0;
    size_t doubled = buffer->capacity > buffer->maximum / 2 ? buffer->maximum
                                                            : buffer->capacity * 2;
    return buffer_reserve(buffer, u64_max(doubled, needed));
}

int buffer_append(struct buffer *buffer, const void *data, size_t length)
{
    if (grow(buffer, length))
        return -1;
    if (length > 0)
        memcpy(buffer->data + buffer->length, data, length);
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
    return 0;
}

int buffer_append_text(struct buffer *buffer, struct text text)
{
    return buffer_append(buffer, text.data, text.length);
}

int buffer_append_quoted(struct buffer *buffer, struct text text)
{
    const char *quote;
    int failed = buffer_append(buffer, "'", 1);
    while (!failed && text.length > 0 && (quote = memchr(text.data, '\'', text.length))) {
        size_t length = (size_t)(quote - text.data);
        failed = buffer_append(buffer, text.data, length) || buffer_append(buffer, "'\\''", 4);
        text = text_after(text, length + 1);
    }
    return failed || buffer_append_text(buffer, text) || buffer_append(buffer, "'", 1) ? -1 : 0;
}

int buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0 || grow(buffer, (size_t)length))
        return -1;
    va_start(arguments, format);
    vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    buffer->length += (size_t)length;
    return 0;
}

struct text buffer_text(const struct buffer *buffer)
{
    if (!buffer->data)
        return TEXT("");
    return (struct text){buffer->data, buffer->length};
}

/* --- UTF-8 --- */

/* How many bytes at the beginning of P's LEFT bytes are plain ASCII; steps of eight at first. */
static size_t ascii_length(const unsigned char *p, size_t left)
{
    size_t length = 0;
    uint64_t eight;
    while (left - length >= sizeof(eight)) {
        memcpy(&eight, p + length, sizeof(eight));
        if ((eight & UINT64_C(0x8080808080808080)) != 0)
            break;
        length += sizeof(eight);
    }
    while (length < left && p[length] < 0x80)
        length++;
    return length;
}

/* What the second byte of a sequence that begins with FIRST may be (RFC 3629 section 4): this is
 * where overlong forms, surrogates and what is above U+10FFFF are kept out. */
static bool second_byte_valid(unsigned char first, unsigned char second)
{
    switch (first) {
    case 0xE0:
        return second >= 0xA0 && second <= 0xBF;
    case 0xED:
        return second >= 0x80 && second <= 0x9F;
    case 0xF0:
        return second >= 0x90 && second <= 0xBF;
    case 0xF4:
        return second >= 0x80 && second <= 0x8F;
    default:
        return second >= 0x80 && second <= 0xBF;
    }
}

size_t utf8_character_length(struct text text)
{
    const unsigned char *p = (const unsigned char *)text.data;
    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xC2 || p[0] > 0xF4)
        return 0;
    size_t length = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    if (text.length < length || !second_byte_valid(p[0], p[1]))
        return 0;
    for (size_t i = 2; i < length; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    }
    return length;
}

bool utf8_valid(struct text text)
{
    while (text.length > 0) {
        size_t length = ascii_length((const unsigned char *)text.data, text.length);
        if (length == 0)
            length = utf8_character_length(text);
        if (length == 0)
            return false;
        text = text_after(text, length);
    }
    return true;
}

int utf8_append_clean(struct buffer *out, struct text text, size_t max_characters)
{
    while (text.length > 0 && max_characters-- > 0) {
        size_t length = utf8_character_length(text);
        if (length > 0 ? buffer_append(out, text.data, length)
                       : buffer_append(out, REPLACEMENT_CHARACTER, 3))
            return -1;
        text = text_after(text, u64_max(length, 1));
    }
    return 0;
}
