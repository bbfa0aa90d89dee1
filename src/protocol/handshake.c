#include "wsload/protocol/handshake.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/* RFC 9110 section 5.6.2. */
static bool is_token_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (!is_token_character(text.data[i]))
            return false;
    }
    return text.length > 0;
}

bool header_value_valid(struct text value)
{
    for (size_t i = 0; i < value.length; i++) {
        unsigned char c = (unsigned char)value.data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7F)
            return false;
    }
    return true;
}

static struct text trim_blanks(struct text text)
{
    while (text.length > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.length--;
    }
    while (text.length > 0 &&
           (text.data[text.length - 1] == ' ' || text.data[text.length - 1] == '\t'))
        text.length--;
    return text;
}

/* Refuses the headers that make the handshake what it is (RFC 6455 section 4.1). */
static int check_not_reserved(const struct header *header, struct error *error)
{
    static const char prefix[] = "Sec-WebSocket-";
    int length = (int)header->name.length;
    const char *name = header->name.data;
    if (header_is(header, "Sec-WebSocket-Protocol"))
        return error_set(error, "header '%.*s': use --subprotocol for it", length, name);
    if (header_is(header, "Upgrade") || header_is(header, "Connection") ||
        (header->name.length >= strlen(prefix) && strncasecmp(name, prefix, strlen(prefix)) == 0))
        return error_set(error, "header '%.*s': the handshake sets it itself; leave it out", length,
                         name);
    return 0;
}

int header_parse(const char *text, struct header *header, struct error *error)
{
    const char *colon = strchr(text, ':');
    if (!colon)
        return error_set(error, "a header without a colon; write it as 'Name: value'");
    header->name = (struct text){text, (size_t)(colon - text)};
    header->value = trim_blanks(text_of(colon + 1));
    if (!is_token(header->name))
        return error_set(error, "a header name is letters, digits and !#$%%&'*+-.^_`|~ only, with "
                                "the colon right behind it; write it as 'Name: value'");
    if (!header_value_valid(header->value))
        return error_set(error,
                         "header '%.*s': its value holds a line break or another control "
                         "character; remove it",
                         (int)header->name.length, header->name.data);
    return check_not_reserved(header, error);
}

bool header_is(const struct header *header, const char *name)
{
    return header->name.length == strlen(name) &&
           strncasecmp(header->name.data, name, header->name.length) == 0;
}

bool handshake_token_valid(const char *name)
{
    return is_token(text_of(name));
}
