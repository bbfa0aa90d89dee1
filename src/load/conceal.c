#include "wsload/load/identity.h"

#include <string.h>
#include <strings.h>

/* Shorter ones are no secrets, and stand in any text. */
#define SECRET_MIN 6

#define HANDSHAKE_MAX (64 * 1024)

static void blank(struct buffer *text, struct text secret)
{
    char *at = text->data;
    char *end = text->data + text->length;
    if (secret.length < SECRET_MIN)
        return;
    while ((at = memmem(at, (size_t)(end - at), secret.data, secret.length)) != NULL) {
        memset(at, '*', secret.length);
        at += secret.length;
    }
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Percent-decodes SECRET in place. */
static struct text decode(char *data, size_t length)
{
    size_t out = 0;
    for (size_t in = 0; in < length; in++) {
        bool escape = data[in] == '%' && in + 2 < length && hex_value(data[in + 1]) >= 0 &&
                      hex_value(data[in + 2]) >= 0;
        data[out++] = escape ? (char)(hex_value(data[in + 1]) << 4 | hex_value(data[in + 2]))
                             : data[in];
        in += escape ? 2 : 0;
    }
    return (struct text){data, out};
}

/* Calls blank() for each piece of LIST that stands between SEPARATORS. */
static void blank_pieces(struct buffer *text, char *list, const char *separators, bool encoded)
{
    while (*list != '\0') {
        size_t length = strcspn(list, separators);
        char *next = list + length + strspn(list + length, separators);
        blank(text, (struct text){list, length});
        if (encoded)
            blank(text, decode(list, length));
        list = next;
    }
}

/* The values of the query: what stands in front of a '=' is a name. */
static void blank_query(struct buffer *text, char *path)
{
    char *query = strchr(path, '?');
    while (query != NULL) {
        char *value = query + 1 + strcspn(query + 1, "=&");
        char *next = strchr(value, '&');
        if (next != NULL)
            *next = '\0';
        blank_pieces(text, *value == '=' ? value + 1 : query + 1, "&", true);
        query = next;
    }
}

/* Origin and User-Agent say nothing that the report does not. */
static bool is_open(const char *line)
{
    return strncasecmp(line, "Origin:", 7) == 0 || strncasecmp(line, "User-Agent:", 11) == 0;
}

static void blank_headers(struct buffer *text, char *lines)
{
    char *end;
    for (; (end = strstr(lines, "\r\n")) != NULL; lines = end + 2) {
        *end = '\0';
        if (!is_open(lines))
            blank_pieces(text, lines + strcspn(lines, ":"), ": ,;=", false);
    }
}

void identity_conceal(const struct identity *identity, struct identity_cache *cache,
                      uint64_t connection, uint64_t unix_s, struct buffer *text)
{
    struct buffer sent;
    if (text->length == 0)
        return;
    buffer_init(&sent, HANDSHAKE_MAX);
    if (identity_path(identity, connection, unix_s, &sent) == 0)
        blank_query(text, sent.data);
    buffer_clear(&sent);
    if (identity_headers(identity, cache, connection, unix_s, &sent) == 0 && sent.length > 0)
        blank_headers(text, sent.data);
    buffer_free(&sent);
}
