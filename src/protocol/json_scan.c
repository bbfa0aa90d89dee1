#include "wsload/protocol/json_scan.h"

#include <stdlib.h>
#include <string.h>

#include "wsload/base/text.h"

/* --- Paths --- */

/* NAME as an index; JSON_NO_INDEX when it is none, or larger than any array. */
static size_t index_of(struct text name)
{
    size_t index = 0;
    for (size_t i = 0; i < name.length; i++) {
        char c = name.data[i];
        if (c < '0' || c > '9' || index > (JSON_NO_INDEX - 10) / 10)
            return JSON_NO_INDEX;
        index = index * 10 + (size_t)(c - '0');
    }
    return index;
}

/* Makes a step of "[12]", which AT begins with. Returns the place after it, or NULL when it is
 * none. */
static char *cut_index(char *at, const char *end, struct json_step *step)
{
    char *close = memchr(at, ']', (size_t)(end - at));
    if (!close || close == at + 1)
        return NULL;
    step->name = (struct text){at + 1, (size_t)(close - at - 1)};
    step->index = index_of(step->name);
    return step->index != JSON_NO_INDEX ? close + 1 : NULL;
}

/* Makes a step of the name at AT, up to a dot or bracket, and removes its backslashes in place.
 * Returns the place after it, or NULL when the name is empty or ends in the middle of an escape. */
static char *cut_name(char *at, const char *end, struct json_step *step)
{
    char *name = at;
    char *out = at;
    while (at < end && *at != '.' && *at != '[') {
        if (*at == '\\' && ++at == end)
            return NULL;
        *out++ = *at++;
    }
    step->name = (struct text){name, (size_t)(out - name)};
    step->index = index_of(step->name);
    return step->name.length > 0 ? at : NULL;
}

/* Splits NAMES, up to END, into the steps of PATH. -1 when they are no path. */
static int cut_steps(struct json_path *path, const char *end, struct error *error)
{
    char *at = path->names;
    do {
        struct json_step *step = &path->steps[path->count];
        if (path->count == JSON_STEPS_MAX)
            return error_set(error, "deeper than %d steps", JSON_STEPS_MAX);
        if (at < end && *at == '[')
            at = cut_index(at, end, step);
        else if (path->count == 0)
            at = cut_name(at, end, step);
        else
            at = *at == '.' ? cut_name(at + 1, end, step) : NULL;
        if (!at)
            return error_set(error, "not a path; use names of members with dots between, as in "
                                    "message.status or choices[0].text");
        path->count++;
    } while (at < end);
    return 0;
}

static int compile(struct json_path *path, struct text text, struct error *error)
{
    *path = (struct json_path){0};
    if (!utf8_valid(text))
        return error_set(error, "not UTF-8");
    if (text_begins(text, "$.") || text_begins(text, "$["))
        return error_set(error,
                         "'%.*s': paths have no '$' before them, as in message.status; a member "
                         "of that name is \\$",
                         TEXT_ARGS(text));
    path->names = malloc(text.length + 1);
    if (!path->names)
        return error_set(error, "out of memory");
    if (text.length > 0)
        memcpy(path->names, text.data, text.length);
    if (cut_steps(path, path->names + text.length, error)) {
        free(path->names);
        return error_prefix(error, "'%.*s'", TEXT_ARGS(text));
    }
    return 0;
}

static bool same_path(const struct json_path *a, const struct json_path *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (!text_equal(a->steps[i].name, b->steps[i].name))
            return false;
    }
    return true;
}

int json_paths_add(struct json_paths *paths, struct text path, unsigned *index, struct error *error)
{
    unsigned i = 0;
    struct json_path compiled;
    if (compile(&compiled, path, error))
        return -1;
    while (i < paths->count && !same_path(&paths->items[i], &compiled))
        i++;
    *index = i;
    if (i == paths->count && i < JSON_PATHS_MAX) {
        struct json_path *items = realloc(paths->items, (i + 1) * sizeof(*items));
        if (items) {
            paths->items = items;
            paths->items[paths->count++] = compiled;
            return 0;
        }
    }
    free(compiled.names);
    if (i < paths->count)
        return 0;
    return i == JSON_PATHS_MAX ? error_set(error, "more than %d different paths", JSON_PATHS_MAX)
                               : error_set(error, "out of memory");
}

void json_paths_free(struct json_paths *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        free(paths->items[i].names);
    free(paths->items);
    *paths = (struct json_paths){0};
}

/* --- Reading --- */

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

/* Moves past white space and C. False when something else is there. */
static bool take(struct cursor *cursor, char c)
{
    skip_space(cursor);
    if (cursor->at == cursor->end || *cursor->at != c)
        return false;
    cursor->at++;
    return true;
}

/* Whether the quote at QUOTE belongs to the string that began at START: after an odd number of
 * backslashes. */
static bool is_escaped(const char *start, const char *quote)
{
    const char *p = quote;
    while (p > start && p[-1] == '\\')
        p--;
    return (quote - p) % 2 != 0;
}

/* Reads on after the quote that opens a string, and moves past the one that closes it. */
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

/* Moves past the bracket, CLOSE, that closes the outermost of DEPTH open ones. Without recursion:
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

/* Whether a word or number ends here. At the end of a cut document that is not known. */
static bool at_delimiter(const struct cursor *cursor)
{
    if (cursor->at == cursor->end)
        return false;
    char c = *cursor->at;
    return c == ',' || c == ']' || c == '}' || is_space(c);
}

/* Moves past WORD when it stands here. */
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

/* Moves past what is made of the characters of a number. */
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

/* Moves past the value that stands here, not white space, and tells its kind. */
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

/* Reads the value that stands here after white space. */
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

/* --- Looking for paths --- */

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
 * moves past it. False when there is no reason to read on. A path follows the first item that its
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

/* Scans the value that stands here for SET, paths that LEVEL steps have led to it, and moves past
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

void json_scan_for(const struct json_paths *paths, uint64_t wanted, struct text document,
                   struct json_value *values)
{
    struct scan scan = {.paths = paths->items, .values = values, .wanted = wanted};
    for (uint64_t left = wanted; left != 0; left &= left - 1)
        values[first_of(left)] = (struct json_value){0};
    if (wanted == 0 || document.length == 0)
        return;
    scan.cursor = (struct cursor){document.data, document.data + document.length};
    scan_value(&scan, wanted, 0);
}

void json_scan(const struct json_paths *paths, struct text document, struct json_value *values)
{
    uint64_t all = paths->count == 64 ? UINT64_MAX : (UINT64_C(1) << paths->count) - 1;
    json_scan_for(paths, all, document, values);
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
