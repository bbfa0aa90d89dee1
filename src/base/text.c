#include "wsload/base/text.h"

#include <string.h>

#include "wsload/base/helpers.h"

/* Longer words are no option names and have no near one. */
#define NEAREST_LENGTH_MAX 64

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

bool text_begins(struct text text, const char *prefix)
{
    size_t length = strlen(prefix);
    return text.length >= length && (length == 0 || memcmp(text.data, prefix, length) == 0);
}

bool text_contains(struct text haystack, struct text needle)
{
    if (needle.length == 0)
        return true;
    if (needle.length > haystack.length)
        return false;
    return memmem(haystack.data, haystack.length, needle.data, needle.length);
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct text text_trim(struct text text)
{
    while (text.length > 0 && is_space(text.data[0])) {
        text.data++;
        text.length--;
    }
    while (text.length > 0 && is_space(text.data[text.length - 1]))
        text.length--;
    return text;
}

int text_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
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
