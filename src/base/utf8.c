#include "wsload/base/utf8.h"

#include <stdint.h>
#include <string.h>

#define REPLACEMENT_CHARACTER "\xEF\xBF\xBD" /* U+FFFD */

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
        text.data += length;
        text.length -= length;
    }
    return true;
}

int utf8_append_clean(struct buffer *out, struct text text, size_t max_characters)
{
    while (text.length > 0 && max_characters-- > 0) {
        size_t length = utf8_character_length(text);
        int appended = length > 0 ? buffer_append(out, text.data, length)
                                  : buffer_append(out, REPLACEMENT_CHARACTER, 3);
        if (appended != 0)
            return -1;
        if (length == 0)
            length = 1;
        text.data += length;
        text.length -= length;
    }
    return 0;
}
