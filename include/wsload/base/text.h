/* Views of bytes, and the little text work that several rooms share.
 *
 * A struct text borrows its bytes: it is not terminated, may hold NUL, and is valid as long as its
 * owner says. Nothing here allocates. */
#ifndef WSLOAD_BASE_TEXT_H
#define WSLOAD_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    const char *data;
    size_t length; /* bytes */
};

/* The text of a string literal. */
#define TEXT(literal) ((struct text){"" literal, sizeof(literal) - 1})

/* A view of a terminated string; NULL gives the empty text. */
struct text text_of(const char *string);

bool text_equal(struct text a, struct text b);

bool text_begins(struct text text, const char *prefix);

/* Whether NEEDLE occurs in HAYSTACK; the empty needle always does. */
bool text_contains(struct text haystack, struct text needle);

/* TEXT without ASCII white space (space, \t \n \v \f \r) at both ends. */
struct text text_trim(struct text text);

/* The value of a hexadecimal digit, of either case, or -1. */
int text_hex_digit(char c);

/* The most digits of a number in decimal. */
#define TEXT_DECIMAL_MAX 20

/* Writes NUMBER in decimal to OUT, which has room for TEXT_DECIMAL_MAX characters; not terminated.
 * Returns the place behind. */
char *text_put_decimal(char *out, uint64_t number);

/* The candidate nearest to WORD by edit distance (insert, delete, replace, swap of neighbours), or
 * NULL when none is near enough to be a slip of the finger (distance at most a third of the longer
 * word, at least 1). CANDIDATES is an array of COUNT strings; the result is one of them. */
const char *text_nearest(const char *word, const char *const *candidates, size_t count);

#endif
