#include "wsload/protocol/json_text.h"

#include <string.h>

static bool must_escape(char c)
{
    return (unsigned char)c < 0x20 || c == '"' || c == '\\';
}

bool json_escape_needed(struct text text)
{
    bool needed = false;
    for (size_t i = 0; i < text.length; i++) /* no early end: compilers make wide steps of this */
        needed |= must_escape(text.data[i]);
    return needed;
}

/* The letter of a two-character escape (RFC 8259 section 7), or 0 when C has none. */
static char short_escape(char c)
{
    switch (c) {
    case '"':
    case '\\':
        return c;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

static int append_escape(struct buffer *out, char c)
{
    char escape[2] = {'\\', short_escape(c)};
    if (escape[1] != 0)
        return buffer_append(out, escape, sizeof(escape));
    return buffer_printf(out, "\\u%04x", (unsigned)c);
}

int json_escape(struct buffer *out, struct text text)
{
    size_t copied = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (!must_escape(text.data[i]))
            continue;
        if (buffer_append(out, text.data + copied, i - copied) || append_escape(out, text.data[i]))
            return -1;
        copied = i + 1;
    }
    return buffer_append(out, text.data + copied, text.length - copied);
}

bool json_has_escaped_nul(struct text text)
{
    for (size_t i = 0; i + 6 <= text.length; i++) {
        if (text.data[i] != '\\')
            continue;
        if (memcmp(text.data + i, "\\u0000", 6) == 0)
            return true;
        i++; /* what is escaped begins no escape */
    }
    return false;
}

size_t json_escaped_length(struct text text)
{
    size_t length = text.length;
    for (size_t i = 0; i < text.length; i++) {
        if (must_escape(text.data[i]))
            length += short_escape(text.data[i]) != 0 ? 1 : 5;
    }
    return length;
}
