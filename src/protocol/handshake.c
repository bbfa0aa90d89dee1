#include "wsload/protocol/handshake.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "wsload/base/helpers.h"
#include "wsload/base/text.h"

#define PORT_WS  80
#define PORT_WSS 443

#define HOST_LENGTH_MAX  253 /* what fits into the 255 bytes of RFC 1035 section 2.3.4 */
#define LABEL_LENGTH_MAX 63  /* same section */

/* What stands in place of a secret. */
#define HIDDEN "***"

/* Room for what an error repeats of a URL. */
#define SHOWN_SIZE 400

/* --- Headers --- */

/* RFC 9110 section 5.6.2. */
static bool is_token(struct text text)
{
    return text.length > 0 && text_made_of(text, "!#$%&'*+-.^_`|~");
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

/* Refuses the headers that make the handshake what it is (RFC 6455 section 4.1). */
static int check_not_reserved(const struct header *header, struct error *error)
{
    static const char prefix[] = "Sec-WebSocket-";
    struct text begin = {header->name.data, u64_min(header->name.length, strlen(prefix))};
    if (header_is(header, "Sec-WebSocket-Protocol"))
        return error_set(error, "header '%.*s': use --subprotocol for it", TEXT_ARGS(header->name));
    if (header_is(header, "Upgrade") || header_is(header, "Connection") ||
        text_is_word(begin, prefix))
        return error_set(error, "header '%.*s': the handshake sets it itself; leave it out",
                         TEXT_ARGS(header->name));
    return 0;
}

int header_parse(const char *text, struct header *header, struct error *error)
{
    const char *colon = strchr(text, ':');
    if (!colon)
        return error_set(error, "a header without a colon; write it as 'Name: value'");
    header->name = (struct text){text, (size_t)(colon - text)};
    header->value = text_trim_of(text_of(colon + 1), " \t");
    if (!is_token(header->name))
        return error_set(error, "a header name is letters, digits and !#$%%&'*+-.^_`|~ only, with "
                                "the colon right after it; write it as 'Name: value'");
    if (!header_value_valid(header->value))
        return error_set(error,
                         "header '%.*s': its value holds a line break or another control "
                         "character; remove it",
                         TEXT_ARGS(header->name));
    return check_not_reserved(header, error);
}

bool header_is(const struct header *header, const char *name)
{
    return text_is_word(header->name, name);
}

bool handshake_token_valid(const char *name)
{
    return is_token(text_of(name));
}

/* --- Answers --- */

bool answer_is_interim(struct text answer)
{
    return answer.length >= strlen("HTTP/1.1 101") && text_begins(answer, "HTTP/1.1 1") &&
           !text_begins(answer, "HTTP/1.1 101");
}

bool answer_tells_refusal(struct text line)
{
    static const char *const names[] = {
        "location",         "www-authenticate", "retry-after", "x-amzn-errortype",
        "x-amzn-requestid", "x-amz-apigw-id",   "x-amz-cf-id",
    };
    struct text name = text_cut(&line, ':');
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        if (text_is_word(name, names[i]))
            return true;
    }
    return false;
}

/* --- URLs --- */

/* Length of the "scheme://" that TEXT begins with (RFC 3986 section 3.1), or 0. */
static size_t scheme_length(const char *text)
{
    size_t length = strcspn(text, ":");
    return length > 0 && text_made_of((struct text){text, length}, "+-.") &&
                   text_begins(text_of(text + length), "://")
               ? length + 3
               : 0;
}

/* Copies TEXT, which need not be a URL, as an error may show it: without what could be a password,
 * a query or a fragment, and without control characters. */
static void show(const char *text, char out[SHOWN_SIZE])
{
    size_t scheme = scheme_length(text);
    const char *at = strrchr(text + scheme, '@'); /* a password may hold any other mark */
    const char *from = at ? at : text + scheme;
    size_t length = strcspn(from, "?#");
    char mark[2] = {from[length], '\0'};
    snprintf(out, SHOWN_SIZE, "%.*s%s%.*s%s%s", (int)scheme, text, at ? HIDDEN : "", (int)length,
             from, mark, mark[0] == '\0' ? "" : HIDDEN);
    for (char *p = out; *p != '\0'; p++) {
        if (*p < ' ' || *p > '~')
            *p = '?';
    }
}

static int check_characters(const char *text, struct error *error)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c <= ' ' || c == 0x7F)
            return error_set(error, "white space or a control character at place %zu; remove it",
                             i + 1);
        if (c > 0x7F)
            return error_set(error,
                             "a character outside ASCII at place %zu; percent-encode it in a "
                             "path, use xn-- in a name",
                             i + 1);
    }
    if (strchr(text, '#')) /* RFC 6455 section 3 */
        return error_set(error, "a WebSocket URL has no fragment; write %%23 for a '#'");
    return 0;
}

/* How long the scheme is that TEXT begins with, written without one of its characters; 0: none. */
static size_t misspelt_length(const char *text)
{
    static const char *const schemes[] = {"ws:/", "wss:/", "ws//", "wss//"};
    for (size_t i = 0; i < ARRAY_LENGTH(schemes); i++)
        if (strncasecmp(text, schemes[i], strlen(schemes[i])) == 0)
            return strlen(schemes[i]);
    return 0;
}

/* Reads the scheme of LENGTH bytes. For another one than ws and wss the error offers the URL that
 * was probably meant. */
static int parse_scheme(struct url *url, const char *text, size_t length, struct error *error)
{
    static const struct {
        const char *given;
        const char *meant;
    } offers[] = {
        {"http://", "ws://"}, {"https://", "wss://"}, {"ws:/", "ws://"}, {"wss:/", "wss://"},
        {"ws//", "ws://"},    {"wss//", "wss://"},    {"", "wss://"},
    };
    struct text scheme = {text, length};
    url->secure = text_is_word(scheme, "wss://");
    if (url->secure || text_is_word(scheme, "ws://"))
        return 0;
    if (length == 0)
        length = misspelt_length(text);
    scheme.length = length;
    for (size_t i = 0; i < ARRAY_LENGTH(offers); i++) {
        if (!text_is_word(scheme, offers[i].given))
            continue;
        char rest[SHOWN_SIZE];
        show(text + length, rest);
        return error_set(error, "a WebSocket URL starts with ws:// or wss://; did you mean %s%s ?",
                         offers[i].meant, rest);
    }
    return error_set(error, "a WebSocket URL starts with ws:// or wss://");
}

static int parse_port(struct url *url, struct text text, struct error *error)
{
    unsigned port = 0;
    if (text.length == 0) {
        url->port = url->secure ? PORT_WSS : PORT_WS;
        return 0;
    }
    for (size_t i = 1; i < text.length && port <= UINT16_MAX; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return error_set(error, "the port is not a number; use 1 to 65535");
        port = port * 10 + (unsigned)(text.data[i] - '0');
    }
    if (port < 1 || port > UINT16_MAX)
        return error_set(error, "no such port; use 1 to 65535");
    url->port = (uint16_t)port;
    return 0;
}

/* Whether HOST is a name or an IPv4 address: labels of letters, digits, '-' and '_' between dots; a
 * dot may stand at the end. */
static bool is_host_name(struct text host)
{
    if (host.length > 1 && text_ends(host, "."))
        host.length--;
    if (host.length == 0 || host.length > HOST_LENGTH_MAX || text_ends(host, "."))
        return false;
    while (host.length > 0) {
        struct text label = text_cut(&host, '.');
        if (label.length == 0 || label.length > LABEL_LENGTH_MAX || !text_made_of(label, "-_"))
            return false;
    }
    return true;
}

static void copy_lower_case(char *out, struct text text)
{
    for (size_t i = 0; i < text.length; i++)
        out[i] = (char)tolower((unsigned char)text.data[i]);
    out[text.length] = '\0';
}

/* Reads "[address]" and returns its length with the brackets, or 0. */
static size_t parse_ipv6(struct url *url, struct text authority)
{
    const char *end = memchr(authority.data, ']', authority.length);
    struct text host = {authority.data + 1, 0};
    if (end)
        host.length = (size_t)(end - host.data);
    if (!end || host.length >= INET6_ADDRSTRLEN)
        return 0;
    copy_lower_case(url->host, host);
    url->host_is_ipv6 = true;
    struct in6_addr address;
    return inet_pton(AF_INET6, url->host, &address) == 1 ? host.length + 2 : 0;
}

static int parse_authority(struct url *url, struct text authority, struct error *error)
{
    const char *colon = memchr(authority.data, ':', authority.length);
    struct text host = authority;
    if (memchr(authority.data, '@', authority.length))
        return error_set(error, "a user and password have no place in a WebSocket URL; send them "
                                "with -H 'Authorization: ...'");
    if (authority.length > 0 && authority.data[0] == '[') {
        host.length = parse_ipv6(url, authority);
        if (host.length == 0)
            return error_set(error, "no IPv6 address in the brackets; write it as in [::1]");
    } else {
        if (colon)
            host.length = (size_t)(colon - authority.data);
        if (colon && memrchr(authority.data, ':', authority.length) != colon)
            return error_set(error, "more than one colon; write an IPv6 address as in [::1]");
        if (!is_host_name(host))
            return error_set(error, "no valid host; write a name or an address after the //");
        copy_lower_case(url->host, host);
    }
    authority = text_after(authority, host.length);
    if (authority.length > 0 && authority.data[0] != ':')
        return error_set(error, "what follows the brackets is no port; write it as in [::1]:8080");
    return parse_port(url, authority, error);
}

static int parse_url(struct url *url, const char *text, struct error *error)
{
    size_t scheme = scheme_length(text);
    struct text authority = {text + scheme, strcspn(text + scheme, "/?#")};
    const char *path = authority.data + authority.length;
    *url = (struct url){0};
    if (parse_scheme(url, text, scheme, error) || check_characters(text, error) ||
        parse_authority(url, authority, error))
        return -1;
    if (strlen(path) + 1 >= sizeof(url->path))
        return error_set(error, "the path is longer than %zu bytes", sizeof(url->path) - 2);
    snprintf(url->path, sizeof(url->path), "%s%s", path[0] == '/' ? "" : "/", path);
    return 0;
}

char *host_plain(const char *host, char out[URL_HOST_SIZE])
{
    struct text text = text_of(host);
    struct in6_addr address;
    if (text_begins(text, "[") && text_ends(text, "]"))
        text = (struct text){host + 1, text.length - 2};
    else if (text.length > 1 && text_ends(text, "."))
        text.length--;
    text.length = u64_min(text.length, URL_HOST_SIZE - 1);
    copy_lower_case(out, text);
    if (inet_pton(AF_INET6, out, &address) == 1)
        inet_ntop(AF_INET6, &address, out, URL_HOST_SIZE);
    return out;
}

bool host_equal(const char *a, const char *b)
{
    char plain_a[URL_HOST_SIZE];
    char plain_b[URL_HOST_SIZE];
    return strcmp(host_plain(a, plain_a), host_plain(b, plain_b)) == 0;
}

int url_parse(const char *text, struct url *url, struct error *error)
{
    if (text[0] == '\0')
        return error_set(error, "the URL is empty; write it as in wss://api.example.com/prod");
    if (parse_url(url, text, error) == 0)
        return 0;
    char shown[SHOWN_SIZE];
    show(text, shown);
    return error_prefix(error, "%s", shown);
}

char *url_host_header(const struct url *url, char out[URL_ORIGIN_SIZE])
{
    bool usual = url->port == (url->secure ? PORT_WSS : PORT_WS);
    char port[8] = "";
    if (!usual)
        snprintf(port, sizeof(port), ":%u", (unsigned)url->port);
    snprintf(out, URL_ORIGIN_SIZE, url->host_is_ipv6 ? "[%s]%s" : "%s%s", url->host, port);
    return out;
}

char *url_origin(const struct url *url, char out[URL_ORIGIN_SIZE])
{
    char host[URL_ORIGIN_SIZE];
    snprintf(out, URL_ORIGIN_SIZE, "%s%s", url->secure ? "https://" : "http://",
             url_host_header(url, host));
    return out;
}

/* Appends as much of TEXT as OUT has room for. */
static void append_cut(struct buffer *out, struct text text)
{
    buffer_append(out, text.data, u64_min(text.length, out->maximum - out->length));
}

/* Length of the name and its '=' in an item of a query. An item without a name may be a token, and
 * base64 ends in '=': with nothing else after the first one there is no name. */
static size_t name_length(struct text item)
{
    const char *equals = memchr(item.data, '=', item.length);
    size_t length = equals ? (size_t)(equals - item.data) : item.length;
    return length + strspn(item.data + length, "=") >= item.length ? 0 : length + 1;
}

char *url_display(const struct url *url, char *out, size_t size)
{
    /* A buffer that has all it may ever hold allocates nothing. */
    struct buffer shown = {.data = out, .capacity = size, .maximum = size - 1};
    const char *query = url->path + strcspn(url->path, "?");
    append_cut(&shown, text_of(url->secure ? "wss://" : "ws://"));
    char host[URL_ORIGIN_SIZE];
    append_cut(&shown, text_of(url_host_header(url, host)));
    append_cut(&shown, (struct text){url->path, (size_t)(query - url->path)});
    while (*query != '\0') { /* stands on the '?' or a '&' */
        struct text item = {query + 1, strcspn(query + 1, "&")};
        size_t name = name_length(item);
        append_cut(&shown, (struct text){query, 1 + name});
        append_cut(&shown, text_of(item.length > name ? HIDDEN : ""));
        query = item.data + item.length;
    }
    return out;
}

/* --- Chunks of an answer's body --- */

#define HEAD_END     "\r\n\r\n"
#define CHUNK_DIGITS 8 /* of a size; more would be no body of a refusal */

/* The bytes of ANSWER's status line and headers, with the empty line, when all of them are there
 * and say that the body comes in chunks; 0 when not. */
static size_t chunked_head(struct text answer)
{
    const char *end = answer.length ? memmem(answer.data, answer.length, HEAD_END, strlen(HEAD_END))
                                    : NULL;
    size_t length = end ? (size_t)(end - answer.data) : 0;
    struct text rest = {answer.data, length};
    while (rest.length > 0) {
        struct text line = text_cut(&rest, '\n');
        struct text name = text_cut(&line, ':');
        if (text_is_word(name, "transfer-encoding") && text_is_word(text_trim(line), "chunked"))
            return length + strlen(HEAD_END);
    }
    return 0;
}

bool answer_chunks_ended(struct text answer)
{
    size_t head = chunked_head(answer);
    struct text body = text_after(answer, head);
    return head > 0 && (text_equal(body, TEXT("0" HEAD_END)) || text_ends(body, "\r\n0" HEAD_END));
}

/* Takes the line with the size of the next chunk off REST. 0: it is the last, or none. */
static size_t take_chunk_size(struct text *rest)
{
    struct text line = text_cut(rest, '\n');
    size_t size = 0;
    for (size_t i = 0; i < line.length && text_hex_digit(line.data[i]) >= 0; i++) {
        if (i == CHUNK_DIGITS)
            return 0;
        size = size << 4 | (size_t)text_hex_digit(line.data[i]);
    }
    return size;
}

size_t answer_join_chunks(char *answer, size_t length)
{
    size_t to = chunked_head((struct text){answer, length});
    struct text rest = text_after((struct text){answer, length}, to);
    size_t size;
    if (to == 0)
        return length;
    while ((size = take_chunk_size(&rest)) > 0) {
        struct text chunk = {rest.data, size < rest.length ? size : rest.length};
        memmove(answer + to, chunk.data, chunk.length);
        to += chunk.length;
        rest = text_after(rest, chunk.length);
        rest = text_after(rest, text_begins(rest, "\r\n") ? strlen("\r\n") : 0);
    }
    return to;
}
