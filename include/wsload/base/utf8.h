/* UTF-8 as RFC 3629 defines it: no surrogates, no overlong forms, nothing above U+10FFFF. */
#ifndef WSLOAD_BASE_UTF8_H
#define WSLOAD_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "wsload/base/buffer.h"
#include "wsload/base/text.h"

/* Whether TEXT is valid UTF-8. Fast on ASCII: it runs on every reply. */
bool utf8_valid(struct text text);

/* Bytes of the character that TEXT, which is not empty, begins with; 0 when it begins with none. */
size_t utf8_character_length(struct text text);

/* Appends at most MAX_CHARACTERS characters of TEXT to OUT; each byte that is no part of valid
 * UTF-8 becomes U+FFFD. 0, or -1 when OUT is full. */
int utf8_append_clean(struct buffer *out, struct text text, size_t max_characters);

#endif
