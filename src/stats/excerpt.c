#include "wsload/stats/excerpt.h"

#include <string.h>

#include "wsload/base/utf8.h"

static const struct text replacement = {"\xEF\xBF\xBD", 3}; /* U+FFFD */

/* How long the character that begins with FIRST is, if it is one (RFC 3629 section 3). */
static size_t claimed_length(unsigned char first)
{
    if (first < 0xC0)
        return 1;
    return first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

/* Takes the first character off TEXT, which is not empty. */
static struct text take_character(struct text *text)
{
    struct text character = {text->data, claimed_length((unsigned char)text->data[0])};
    bool good = character.length <= text->length && character.data[0] != '\0' &&
                utf8_valid(character);
    size_t taken = good ? character.length : 1;
    text->data += taken;
    text->length -= taken;
    return good ? character : replacement;
}

void excerpt_copy(struct text text, size_t max_characters, char *out, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < max_characters && text.length > 0; i++) {
        struct text character = take_character(&text);
        if (used + character.length >= size)
            break;
        memcpy(out + used, character.data, character.length);
        used += character.length;
    }
    out[used] = '\0';
}
