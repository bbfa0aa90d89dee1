/* Text as bytes: views of it, buffers that it grows in, UTF-8, and the little work on it that
 * several rooms share. Nothing but a buffer allocates. */
#ifndef WSLOAD_BASE_TEXT_H
#define WSLOAD_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrows its bytes: it is not terminated, may hold NUL, and is valid as long as its owner says. */
struct text {
    const char *data;
    size_t length; /* bytes */
};

/* The text of a string literal. */
#define TEXT(literal) ((struct text){"" literal, sizeof(literal) - 1})

/* What printf() takes for "%.*s". */
#define TEXT_ARGS(text) (int)(text).length, (text).data

/* A view of a terminated string; NULL gives the empty text. */
struct text text_of(const char *string);

bool text_equal(struct text a, struct text b);

/* Whether TEXT is WORD, in any case of ASCII letters. */
bool text_is_word(struct text text, const char *word);

/* Whether TEXT is made of ASCII letters, digits and OTHERS alone. */
bool text_made_of(struct text text, const char *others);

bool text_begins(struct text text, const char *prefix);
bool text_ends(struct text text, const char *suffix);

/* TEXT without its first LENGTH bytes, at most all of them. */
static inline struct text text_after(struct text text, size_t length)
{
    length = length < text.length ? length : text.length;
    return (struct text){text.data + length, text.length - length};
}

/* Takes what stands before the first SEPARATOR off the front of REST, and the separator; without
 * one, all of it. */
struct text text_cut(struct text *rest, char separator);

/* Whether NEEDLE occurs in HAYSTACK; the empty needle always does. */
bool text_contains(struct text haystack, struct text needle);

/* TEXT without ASCII white space (space, \t \n \v \f \r) at both ends. */
struct text text_trim(struct text text);

/* TEXT without CHARACTERS at both ends. */
struct text text_trim_of(struct text text, const char *characters);

/* Copies TEXT to OUT, of SIZE bytes, and terminates it. 0, or -1 when it does not fit. */
int text_copy(struct text text, char *out, size_t size);

/* The value of a hexadecimal digit, of either case, or -1. */
int text_hex_digit(char c);

/* The byte that "%2F", which TEXT begins with, stands for (RFC 3986 section 2.1), or -1. */
int text_percent_byte(struct text text);

/* The most digits of a number in decimal. */
#define TEXT_DECIMAL_MAX 20

/* Writes NUMBER in decimal to OUT, which has room for TEXT_DECIMAL_MAX characters; not terminated.
 * Returns the place after the last digit. */
char *text_put_decimal(char *out, uint64_t number);

/* The candidate nearest to WORD by edit distance (insert, delete, replace, swap of neighbours), or
 * NULL when none is near enough to be a typing error (distance at most a third of the longer word,
 * at least 1). CANDIDATES is an array of COUNT strings; the result is one of them. */
const char *text_nearest(const char *word, const char *const *candidates, size_t count);

/* --- Buffers --- */

/* A byte buffer that grows, born with a maximum it never passes. A failed append leaves the
 * contents as they were. data is always terminated by a NUL that length does not count, so text in
 * a buffer can be used as a string. */
struct buffer {
    char *data;    /* owned; NULL until the first append */
    size_t length; /* bytes in use */
    size_t capacity;
    size_t maximum; /* length never exceeds it */
};

/* An empty buffer that may hold up to MAXIMUM bytes. Allocates nothing. */
void buffer_init(struct buffer *buffer, size_t maximum);

/* Releases the memory; the buffer is empty and usable again. */
void buffer_free(struct buffer *buffer);

/* Forgets the contents and keeps the memory. */
void buffer_clear(struct buffer *buffer);

/* Appends LENGTH bytes, which are not the buffer's own. 0, or -1 when the maximum would be passed
 * or memory is out. */
int buffer_append(struct buffer *buffer, const void *data, size_t length);

int buffer_append_text(struct buffer *buffer, struct text text);

/* Appends formatted text. 0, or -1 as buffer_append(). */
int buffer_printf(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Appends TEXT in single quotes, as a POSIX shell reads it back. 0, or -1 as buffer_append(), with
 * a part of it appended. */
int buffer_append_quoted(struct buffer *buffer, struct text text);

/* Makes room for LENGTH bytes in all, so that appends up to there cannot fail. 0 or -1. */
int buffer_reserve(struct buffer *buffer, size_t length);

/* The contents as a view, valid until the next change. */
struct text buffer_text(const struct buffer *buffer);

/* --- UTF-8 --- */

/* As RFC 3629 defines it: no surrogates, no overlong forms, nothing above U+10FFFF. */

/* Whether TEXT is valid UTF-8. Fast on ASCII: it runs on every reply. */
bool utf8_valid(struct text text);

/* Bytes of the character that TEXT, which is not empty, begins with; 0 when it begins with none. */
size_t utf8_character_length(struct text text);

/* Appends at most MAX_CHARACTERS characters of TEXT to OUT; each byte that is no part of valid
 * UTF-8 becomes U+FFFD. 0, or -1 when OUT is full. */
int utf8_append_clean(struct buffer *out, struct text text, size_t max_characters);

#endif
