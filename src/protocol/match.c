#include "wsload/protocol/match.h"

#include <locale.h>
#include <stdint.h>
#include <string.h>
#include <wctype.h>

#include "wsload/protocol/json_text.h"

/* A byte that is no part of valid UTF-8 is a character of its own, beyond those of Unicode. */
#define STRAY_BYTE 0x110000u

/* How characters are taken from a message, and compared. */
struct manner {
    bool unescapes;
    bool any_case;
};

/* Its tables alone are used. Set before there are threads, and only read by them. */
static locale_t unicode;

int match_prepare(struct error *error)
{
    if (!unicode)
        unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
    if (unicode)
        return 0;
    return error_set(error, "icontains: needs the locale C.UTF-8, which is not installed; use "
                            "contains:");
}

/* By way of the capital, so that letters with two small forms are one, as in Greek. */
static uint32_t fold(uint32_t character)
{
    if (character < 0x80)
        return character - 'A' < 26 ? character + ('a' - 'A') : character;
    if (character >= STRAY_BYTE)
        return character;
    return (uint32_t)towlower_l(towupper_l((wint_t)character, unicode), unicode);
}

/* Takes a character of UTF-8 off the front of TEXT, which is not empty. */
static uint32_t take_plain(struct text *text)
{
    static const unsigned char masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    size_t length = utf8_character_length(*text);
    unsigned char first = (unsigned char)text->data[0];
    uint32_t character = length ? first & masks[length] : STRAY_BYTE + first;
    for (size_t i = 1; i < length; i++)
        character = character << 6 | ((unsigned char)text->data[i] & 0x3F);
    *text = text_after(*text, length ? length : 1);
    return character;
}

static uint32_t take(struct text *text, struct manner manner)
{
    bool escaped = manner.unescapes && text->data[0] == '\\';
    uint32_t character = escaped ? json_take_escape(text) : take_plain(text);
    return manner.any_case ? fold(character) : character;
}

/* Whether TEXT begins with NEEDLE. */
static bool begins(struct text text, struct text needle, struct manner manner)
{
    const struct manner plain = {.any_case = manner.any_case};
    while (needle.length > 0)
        if (text.length == 0 || take(&text, manner) != take(&needle, plain))
            return false;
    return true;
}

/* TEXT from the first place on where what begins with the byte FIRST may stand, escaped or not. */
static struct text skip(struct text text, char first)
{
    size_t i = 0;
    while (i < text.length && text.data[i] != first && text.data[i] != '\\')
        i++;
    return text_after(text, i);
}

static bool contains(struct text text, struct text needle, struct manner manner)
{
    const struct manner plain = {.any_case = manner.any_case};
    char first_byte = needle.data[0];
    uint32_t first = take(&needle, plain);
    while (text.length > 0) {
        if (!manner.any_case)
            text = skip(text, first_byte);
        if (text.length > 0 && take(&text, manner) == first && begins(text, needle, manner))
            return true;
    }
    return false;
}

/* Whether MESSAGE is JSON with an escape in it, as far as its looks go. */
static bool has_escapes(struct text message)
{
    struct text begin = text_trim(message);
    return begin.length > 0 && strchr("{[\"", begin.data[0]) &&
           memchr(message.data, '\\', message.length);
}

bool match_contains(struct text message, struct text needle)
{
    return text_contains(message, needle) ||
           (has_escapes(message) && contains(message, needle, (struct manner){.unescapes = true}));
}

bool match_contains_any_case(struct text message, struct text needle)
{
    return contains(message, needle, (struct manner){.any_case = true}) ||
           (has_escapes(message) &&
            contains(message, needle, (struct manner){.unescapes = true, .any_case = true}));
}
