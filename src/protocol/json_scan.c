#include "wsload/protocol/json_scan.h"

#include <stdint.h>
#include <string.h>

struct cursor {
    const char *at;
    const char *end;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct cursor *cursor)
{
    while (cursor->at < cursor->end && is_space(*cursor->at))
        cursor->at++;
}

/* Moves behind white space and C. False when something else is there. */
static bool take(struct cursor *cursor, char c)
{
    skip_space(cursor);
    if (cursor->at == cursor->end || *cursor->at != c)
        return false;
    cursor->at++;
    return true;
}

/* Whether the quote at QUOTE belongs to the string that began at START: behind an odd number of
 * backslashes. */
static bool is_escaped(const char *start, const char *quote)
{
    const char *p = quote;
    while (p > start && p[-1] == '\\')
        p--;
    return (quote - p) % 2 != 0;
}

/* Reads on behind the quote that opens a string, and moves behind the one that closes it. */
static bool read_string(struct cursor *cursor, struct text *raw)
{
    const char *start = cursor->at;
    while (cursor->at < cursor->end) {
        const char *quote = memchr(cursor->at, '"', (size_t)(cursor->end - cursor->at));
        if (!quote)
            return false;
        cursor->at = quote + 1;
        if (!is_escaped(start, quote)) {
            *raw = (struct text){start, (size_t)(quote - start)};
            return true;
        }
    }
    return false;
}

/* Moves behind the bracket, CLOSE, that closes the outermost of DEPTH open ones. Without recursion:
 * the peer decides how deep it is. */
static bool skip_brackets(struct cursor *cursor, size_t depth, char close)
{
    while (cursor->at < cursor->end) {
        char c = *cursor->at++;
        struct text ignored;
        if (c == '"' && !read_string(cursor, &ignored))
            return false;
        if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && --depth == 0)
            return c == close;
    }
    return false;
}

/* Whether a word or number is over here. At the end of a cut document it need not be. */
static bool at_delimiter(const struct cursor *cursor)
{
    if (cursor->at == cursor->end)
        return false;
    char c = *cursor->at;
    return c == ',' || c == ']' || c == '}' || is_space(c);
}

/* Moves behind WORD when it stands here. */
static bool skip_word(struct cursor *cursor, struct text word)
{
    if ((size_t)(cursor->end - cursor->at) < word.length ||
        memcmp(cursor->at, word.data, word.length) != 0)
        return false;
    cursor->at += word.length;
    return at_delimiter(cursor);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Moves behind what is made of the characters of a number. */
static bool skip_number(struct cursor *cursor)
{
    char c = *cursor->at;
    if (c != '-' && !is_digit(c))
        return false;
    while (is_digit(c) || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E') {
        if (++cursor->at == cursor->end)
            return false;
        c = *cursor->at;
    }
    return at_delimiter(cursor);
}

/* Moves behind the value that stands here, not white space, and tells its kind. */
static bool skip_value(struct cursor *cursor, enum json_kind *kind)
{
    struct text ignored;
    switch (*cursor->at) {
    case '{':
        *kind = JSON_OBJECT;
        return skip_brackets(cursor, 0, '}');
    case '[':
        *kind = JSON_ARRAY;
        return skip_brackets(cursor, 0, ']');
    case '"':
        *kind = JSON_STRING;
        cursor->at++;
        return read_string(cursor, &ignored);
    case 't':
        *kind = JSON_TRUE;
        return skip_word(cursor, TEXT("true"));
    case 'f':
        *kind = JSON_FALSE;
        return skip_word(cursor, TEXT("false"));
    case 'n':
        *kind = JSON_NULL;
        return skip_word(cursor, TEXT("null"));
    default:
        *kind = JSON_NUMBER;
        return skip_number(cursor);
    }
}

/* Reads the value that stands here behind white space. */
static bool read_value(struct cursor *cursor, struct json_value *value)
{
    skip_space(cursor);
    const char *start = cursor->at;
    if (start == cursor->end || !skip_value(cursor, &value->kind))
        return false;
    value->raw = (struct text){start, (size_t)(cursor->at - start)};
    if (value->kind == JSON_STRING)
        value->raw = (struct text){start + 1, value->raw.length - 2};
    return true;
}

/* Reads the name of a member with its colon. */
static bool read_name(struct cursor *cursor, struct text *name)
{
    return take(cursor, '"') && read_string(cursor, name) && take(cursor, ':');
}

struct scan {
    struct cursor cursor;
    const struct json_path *paths;
    struct json_value *values;
    uint64_t wanted; /* a bit for each path whose value is not known yet */
};

static unsigned first_of(uint64_t set)
{
    return (unsigned)__builtin_ctzll(set);
}

/* Those of SET whose path is over after LEVEL steps. */
static uint64_t ending_at(const struct scan *scan, uint64_t set, size_t level)
{
    uint64_t ending = 0;
    for (uint64_t left = set; left != 0; left &= left - 1) {
        if (scan->paths[first_of(left)].count == level)
            ending |= left & -left;
    }
    return ending;
}

/* Those of SET whose step LEVEL leads to the item INDEX of an array or, with NAME, of an object. */
static uint64_t leading_to(const struct scan *scan, uint64_t set, size_t level, size_t index,
                           const struct text *name)
{
    uint64_t leading = 0;
    for (uint64_t left = set; left != 0; left &= left - 1) {
        const struct json_step *step = &scan->paths[first_of(left)].steps[level];
        if (name ? json_string_is(*name, step->name) : step->index == index)
            leading |= left & -left;
    }
    return leading;
}

static bool scan_value(struct scan *scan, uint64_t set, size_t level);

/* Scans the object or array that begins here for SET, paths that LEVEL steps have led to it, and
 * moves behind it. False when there is no reason to read on. A path follows the first item that its
 * step leads to and no other: of duplicate keys the first counts. */
static bool scan_items(struct scan *scan, uint64_t set, size_t level)
{
    struct cursor *cursor = &scan->cursor;
    bool named = *cursor->at++ == '{';
    char close = named ? '}' : ']';
    if (take(cursor, close))
        return true;
    for (size_t index = 0; index == 0 || take(cursor, ','); index++) {
        struct text name;
        if (named && !read_name(cursor, &name))
            return false;
        uint64_t leading = leading_to(scan, set, level, index, named ? &name : NULL);
        struct json_value skipped;
        if (leading == 0 ? !read_value(cursor, &skipped) : !scan_value(scan, leading, level + 1))
            return false;
        set &= ~leading;
        if (set == 0)
            return skip_brackets(cursor, 1, close);
    }
    return take(cursor, close);
}

/* Scans the value that stands here for SET, paths that LEVEL steps have led to it, and moves behind
 * it. False when there is no reason to read on: it is damaged, or nothing else is wanted. */
static bool scan_value(struct scan *scan, uint64_t set, size_t level)
{
    uint64_t ending = ending_at(scan, set, level);
    struct cursor *cursor = &scan->cursor;
    skip_space(cursor);
    bool opens = cursor->at < cursor->end && (*cursor->at == '{' || *cursor->at == '[');
    struct json_value value;
    if (opens && ending != set) {
        const char *start = cursor->at;
        value.kind = *start == '{' ? JSON_OBJECT : JSON_ARRAY;
        if (!scan_items(scan, set & ~ending, level))
            return false;
        value.raw = (struct text){start, (size_t)(cursor->at - start)};
    } else if (!read_value(cursor, &value)) {
        return false;
    }
    for (uint64_t left = ending; left != 0; left &= left - 1)
        scan->values[first_of(left)] = value;
    scan->wanted &= ~set;
    return scan->wanted != 0;
}

void json_scan(const struct json_paths *paths, struct text document, struct json_value *values)
{
    struct scan scan = {.paths = paths->items, .values = values};
    for (size_t i = 0; i < paths->count; i++) {
        values[i] = (struct json_value){0};
        scan.wanted |= UINT64_C(1) << i;
    }
    if (scan.wanted == 0 || document.length == 0)
        return;
    scan.cursor = (struct cursor){document.data, document.data + document.length};
    scan_value(&scan, scan.wanted, 0);
}

bool json_members_next(struct json_members *members, struct text *name, struct json_value *value)
{
    const char *start = members->document.data;
    bool first = members->at == 0;
    members->broken = true;
    if (members->document.length == 0)
        return false;
    struct cursor cursor = {start + members->at, start + members->document.length};
    if (first && !take(&cursor, '{'))
        return false;
    if (take(&cursor, '}')) {
        skip_space(&cursor);
        members->broken = cursor.at != cursor.end;
        return false;
    }
    if (!first && !take(&cursor, ','))
        return false;
    if (!read_name(&cursor, name) || !read_value(&cursor, value))
        return false;
    members->at = (size_t)(cursor.at - start);
    members->broken = false;
    return true;
}
