#include "sigv4_canonical.h"

#include <stdlib.h>
#include <string.h>

#include "wsload/base/helpers.h"

/* --- Percent-encoding (RFC 3986 section 2.1) --- */

/* RFC 3986 section 2.3. */
static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

int sigv4_encode(struct buffer *out, struct text text, bool keep_slash)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (is_unreserved(c) || (c == '/' && keep_slash)
                ? buffer_append(out, &c, 1)
                : buffer_printf(out, "%%%02X", (unsigned)(unsigned char)c))
            return -1;
    }
    return 0;
}

/* Takes one character of a query off the front of TEXT: "%2f" is '/', '+' is a space, as AWS and
 * its SDKs read a query. A '%' without two digits is itself. */
static char take_query_character(struct text *text)
{
    const char *data = text->data;
    size_t length = 1;
    char c = data[0] == '+' ? ' ' : data[0];
    if (c == '%' && text->length >= 3 && text_hex_digit(data[1]) >= 0 &&
        text_hex_digit(data[2]) >= 0) {
        c = (char)(text_hex_digit(data[1]) * 16 + text_hex_digit(data[2]));
        length = 3;
    }
    *text = (struct text){data + length, text->length - length};
    return c;
}

/* --- The path --- */

/* Cuts PATH before its last segment. */
static void drop_segment(struct buffer *path, size_t start)
{
    while (path->length > start && path->data[--path->length] != '/')
        ;
    path->data[path->length] = '\0';
}

/* Appends PATH without empty and dot segments (RFC 3986 section 5.2.4), encoded once more than it
 * is. As in AWS's SDKs, a slash stands at the end only where one was. */
static int append_path(struct buffer *out, struct text path)
{
    size_t start = out->length;
    const char *end = path.data + path.length;
    bool slash_at_end = path.length > 0 && end[-1] == '/';
    for (const char *at = path.data; at < end;) {
        const char *slash = memchr(at, '/', (size_t)(end - at));
        struct text segment = {at, (size_t)((slash ? slash : end) - at)};
        at = slash ? slash + 1 : end;
        if (text_equal(segment, TEXT("..")))
            drop_segment(out, start);
        else if (segment.length > 0 && !text_equal(segment, TEXT(".")) &&
                 (buffer_append(out, "/", 1) || sigv4_encode(out, segment, false)))
            return -1;
    }
    return slash_at_end || out->length == start ? buffer_append(out, "/", 1) : 0;
}

/* --- Names with values, sorted --- */

/* Names and values are views into TEXTS, in the order in which they came. */
struct pairs {
    struct header *items;
    size_t count;
    struct buffer texts;
};

/* Room for COUNT pairs of BYTES in all, so that texts do not move. */
static int pairs_init(struct pairs *pairs, size_t count, size_t bytes)
{
    *pairs = (struct pairs){.items = calloc(count, sizeof(struct header))};
    buffer_init(&pairs->texts, bytes);
    return !pairs->items || buffer_reserve(&pairs->texts, bytes) ? -1 : 0;
}

static void pairs_free(struct pairs *pairs)
{
    free(pairs->items);
    buffer_free(&pairs->texts);
}

static int compare_texts(struct text a, struct text b)
{
    size_t shorter = u64_min(a.length, b.length);
    int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);
    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

/* --- The query --- */

/* Appends the first part of ITEM, up to END, decoded and encoded anew, and returns it; ITEM goes
 * on behind END. Encoding triples a byte at most, for which there is room. */
static struct text take_encoded(struct buffer *out, struct text *item, char end)
{
    size_t start = out->length;
    while (item->length > 0 && item->data[0] != end) {
        char c = take_query_character(item);
        sigv4_encode(out, (struct text){&c, 1}, false);
    }
    if (item->length > 0)
        *item = (struct text){item->data + 1, item->length - 1};
    return (struct text){out->data + start, out->length - start};
}

/* By name, then by value, as they are encoded: "a=1" stands in front of "a-b=1". */
static int compare_parameters(const void *a, const void *b)
{
    const struct header *one = a;
    const struct header *other = b;
    int order = compare_texts(one->name, other->name);
    return order != 0 ? order : compare_texts(one->value, other->value);
}

/* The parameters of QUERY; empty ones are none. */
static void split_query(struct pairs *pairs, struct text query)
{
    while (query.length > 0) {
        const char *end = memchr(query.data, '&', query.length);
        size_t length = end ? (size_t)(end - query.data) : query.length;
        struct text item = {query.data, length};
        struct header *parameter = &pairs->items[pairs->count];
        query.data += length + (end ? 1 : 0);
        query.length -= length + (end ? 1 : 0);
        if (length == 0)
            continue;
        parameter->name = take_encoded(&pairs->texts, &item, '=');
        parameter->value = take_encoded(&pairs->texts, &item, '&');
        pairs->count++;
    }
    qsort(pairs->items, pairs->count, sizeof(struct header), compare_parameters);
}

static int append_query(struct buffer *out, struct text query)
{
    struct pairs pairs;
    int result = pairs_init(&pairs, query.length / 2 + 1, 3 * query.length);
    if (result == 0)
        split_query(&pairs, query);
    for (size_t i = 0; result == 0 && i < pairs.count; i++) {
        const struct header *parameter = &pairs.items[i];
        result = buffer_printf(out, "%s%.*s=%.*s", i > 0 ? "&" : "", (int)parameter->name.length,
                               parameter->name.data, (int)parameter->value.length,
                               parameter->value.data);
    }
    pairs_free(&pairs);
    return result;
}

/* --- The headers --- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Appends NAME in lower case and returns it. */
static struct text add_name(struct buffer *out, struct text name)
{
    size_t start = out->length;
    for (size_t i = 0; i < name.length; i++) {
        char c = name.data[i];
        c = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        buffer_append(out, &c, 1);
    }
    return (struct text){out->data + start, out->length - start};
}

/* Appends VALUE without blanks around it and with one space for several, and returns it. */
static struct text add_value(struct buffer *out, struct text value)
{
    size_t start = out->length;
    value = text_trim(value);
    for (size_t i = 0; i < value.length; i++) {
        bool blank = is_blank(value.data[i]);
        if (!blank || !is_blank(value.data[i - 1]))
            buffer_append(out, blank ? " " : &value.data[i], 1);
    }
    return (struct text){out->data + start, out->length - start};
}

/* By name; those of the same name stay as they came. */
static int compare_headers(const void *a, const void *b)
{
    const struct header *one = a;
    const struct header *other = b;
    int order = compare_texts(one->name, other->name);
    return order != 0 ? order : (one->name.data > other->name.data ? 1 : -1);
}

static int sort_headers(struct pairs *pairs, const struct header *headers, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += headers[i].name.length + headers[i].value.length;
    if (pairs_init(pairs, count + 1, bytes))
        return -1;
    for (size_t i = 0; i < count; i++) {
        pairs->items[i].name = add_name(&pairs->texts, headers[i].name);
        pairs->items[i].value = add_value(&pairs->texts, headers[i].value);
    }
    pairs->count = count;
    qsort(pairs->items, count, sizeof(struct header), compare_headers);
    return 0;
}

static bool same_name_as_before(const struct pairs *pairs, size_t i)
{
    return i > 0 && text_equal(pairs->items[i].name, pairs->items[i - 1].name);
}

/* A line for each name; values of the same name are joined with ','. */
static int append_header_lines(struct buffer *out, const struct pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++) {
        struct text name = pairs->items[i].name;
        struct text value = pairs->items[i].value;
        int result = same_name_as_before(pairs, i)
                         ? buffer_append(out, ",", 1)
                         : buffer_printf(out, "%s%.*s:", i > 0 ? "\n" : "", (int)name.length,
                                         name.data);
        if (result != 0 || buffer_append(out, value.data, value.length))
            return -1;
    }
    return buffer_append(out, "\n", 1);
}

static int append_names(struct buffer *out, const struct pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++) {
        struct text name = pairs->items[i].name;
        if (!same_name_as_before(pairs, i) &&
            buffer_printf(out, "%s%.*s", i > 0 ? ";" : "", (int)name.length, name.data))
            return -1;
    }
    return 0;
}

int sigv4_signed_headers(struct buffer *out, const struct header *headers, size_t count)
{
    struct pairs pairs;
    int result = sort_headers(&pairs, headers, count);
    if (result == 0)
        result = append_names(out, &pairs);
    pairs_free(&pairs);
    return result;
}

/* --- All of it --- */

static int append_headers(struct buffer *out, const struct header *headers, size_t count)
{
    struct pairs pairs;
    int result = sort_headers(&pairs, headers, count);
    if (result == 0 && (append_header_lines(out, &pairs) || buffer_append(out, "\n", 1) ||
                        append_names(out, &pairs)))
        result = -1;
    pairs_free(&pairs);
    return result;
}

int sigv4_canonical_request(struct buffer *out, const struct sigv4_request *request)
{
    if (buffer_append(out, request->method.data, request->method.length) ||
        buffer_append(out, "\n", 1) || append_path(out, request->path) ||
        buffer_append(out, "\n", 1) || append_query(out, request->query) ||
        buffer_append(out, "\n", 1) || append_headers(out, request->headers, request->header_count))
        return -1;
    return buffer_append(out, "\n", 1);
}
