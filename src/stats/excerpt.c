#include "wsload/stats/excerpt.h"

#include <string.h>

#include "wsload/base/utf8.h"

static const struct text replacement = {"\xEF\xBF\xBD", 3}; /* U+FFFD */

/* Takes the first character off TEXT, which is not empty. */
static struct text take_character(struct text *text)
{
    size_t length = utf8_character_length(*text);
    bool good = length > 0 && text->data[0] != '\0';
    struct text character = {text->data, length};
    size_t taken = good ? length : 1;
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
