#include "upgrade.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "wsload/base/helpers.h"

#define LINE_END "\r\n"
#define HEAD_END "\r\n\r\n"

size_t upgrade_length(struct text bytes)
{
    const char *end = bytes.length == 0
                          ? NULL
                          : memmem(bytes.data, bytes.length, HEAD_END, strlen(HEAD_END));
    return end ? (size_t)(end - bytes.data) + strlen(HEAD_END) : 0;
}

/* Takes what stands before END off REST. False when END is not in it. */
static bool take(struct text *rest, const char *end, struct text *taken)
{
    size_t length = strlen(end);
    const char *found = rest->length == 0 ? NULL : memmem(rest->data, rest->length, end, length);
    if (!found)
        return false;
    *taken = (struct text){rest->data, (size_t)(found - rest->data)};
    rest->data += taken->length + length;
    rest->length -= taken->length + length;
    return true;
}

/* Takes what stands before SEPARATOR, or all there is, off REST. */
static struct text take_until(struct text *rest, const char *separator)
{
    struct text taken = *rest;
    if (!take(rest, separator, &taken))
        rest->length = 0;
    return taken;
}

/* "GET /path?query HTTP/1.1" */
static int read_first_line(struct upgrade *upgrade, struct text line)
{
    if (!take(&line, " ", &upgrade->method) || !take(&line, " ", &upgrade->query) ||
        !text_begins(upgrade->query, "/") || !text_equal(line, TEXT("HTTP/1.1")))
        return -1;
    upgrade->path = take_until(&upgrade->query, "?");
    return 0;
}

static int read_header(struct upgrade *upgrade, struct text line)
{
    struct header *header = &upgrade->headers[upgrade->header_count];
    if (upgrade->header_count == UPGRADE_HEADERS_MAX || !take(&line, ":", &header->name) ||
        header->name.length == 0 || text_trim(header->name).length != header->name.length)
        return -1;
    header->value = text_trim(line);
    upgrade->header_count++;
    return 0;
}

int upgrade_read(struct upgrade *upgrade, struct text request)
{
    *upgrade = (struct upgrade){0};
    struct text line;
    if (!take(&request, LINE_END, &line) || read_first_line(upgrade, line))
        return -1;
    while (take(&request, LINE_END, &line)) {
        if (line.length == 0)
            return 0;
        if (read_header(upgrade, line))
            return -1;
    }
    return -1;
}

const struct header *upgrade_header(const struct upgrade *upgrade, struct text name)
{
    for (size_t i = 0; i < upgrade->header_count; i++) {
        const struct header *header = &upgrade->headers[i];
        if (header->name.length == name.length &&
            strncasecmp(header->name.data, name.data, name.length) == 0)
            return header;
    }
    return NULL;
}

/* --- Signatures --- */

#define ALGORITHM "AWS4-HMAC-SHA256"
#define PREFIX    "X-Amz-" /* of what a query says about its signature */

/* What a request says about its signature. Views into the request or into DECODED. */
struct claim {
    struct text algorithm;
    struct text credential;
    struct text signed_headers;
    struct text signature;
    struct text date;
    struct text token;
    struct text expires;             /* of a query */
    struct text signed_query;        /* the query without the signature in it */
    char date_text[SIGV4_DATE_SIZE]; /* once it is known to be one */
    char decoded[UPGRADE_BYTES_MAX];
    size_t decoded_length;
    char query[UPGRADE_BYTES_MAX];
};

/* --- Reading --- */

/* The decoded text is never longer than what it was decoded from, so all of a request fits. */
static struct text percent_decode(struct claim *claim, struct text encoded)
{
    char *start = claim->decoded + claim->decoded_length;
    char *end = start;
    for (size_t i = 0; i < encoded.length; i++) {
        bool escape = encoded.data[i] == '%' && i + 2 < encoded.length &&
                      text_hex_digit(encoded.data[i + 1]) >= 0 &&
                      text_hex_digit(encoded.data[i + 2]) >= 0;
        *end++ = escape ? (char)(text_hex_digit(encoded.data[i + 1]) * 16 +
                                 text_hex_digit(encoded.data[i + 2]))
                        : encoded.data[i];
        i += escape ? 2 : 0;
    }
    claim->decoded_length += (size_t)(end - start);
    return (struct text){start, (size_t)(end - start)};
}

/* Stores VALUE in the field called NAME. */
static void note(struct claim *claim, struct text name, struct text value)
{
    const struct {
        const char *name;
        struct text *field;
    } fields[] = {
        {"Algorithm", &claim->algorithm},
        {"Credential", &claim->credential},
        {"SignedHeaders", &claim->signed_headers},
        {"Signature", &claim->signature},
        {"Date", &claim->date},
        {"Security-Token", &claim->token},
        {"Expires", &claim->expires},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++)
        if (text_equal(name, text_of(fields[i].name)))
            *fields[i].field = value;
}

static void read_query(struct claim *claim, struct text query)
{
    char *end = claim->query;
    while (query.length > 0) {
        struct text pair = take_until(&query, "&");
        struct text rest = pair;
        struct text name = take_until(&rest, "=");
        if (text_equal(name, TEXT(PREFIX "Signature"))) {
            claim->signature = rest;
            continue;
        }
        if (text_begins(name, PREFIX)) {
            name.data += strlen(PREFIX);
            name.length -= strlen(PREFIX);
            note(claim, name, percent_decode(claim, rest));
        }
        if (end > claim->query)
            *end++ = '&';
        memcpy(end, pair.data, pair.length);
        end += pair.length;
    }
    claim->signed_query = (struct text){claim->query, (size_t)(end - claim->query)};
}

static struct text header_value(const struct upgrade *upgrade, const char *name)
{
    const struct header *header = upgrade_header(upgrade, text_of(name));
    return header ? header->value : TEXT("");
}

/* "AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=..." */
static void read_headers(struct claim *claim, const struct upgrade *upgrade)
{
    struct text rest = header_value(upgrade, "Authorization");
    claim->algorithm = take_until(&rest, " ");
    while (rest.length > 0) {
        struct text value = text_trim(take_until(&rest, ","));
        struct text name = take_until(&value, "=");
        note(claim, name, value);
    }
    claim->date = header_value(upgrade, "X-Amz-Date");
    claim->token = header_value(upgrade, "X-Amz-Security-Token");
    claim->signed_query = upgrade->query;
}

/* --- Checking --- */

static bool equal_in_constant_time(struct text a, struct text b)
{
    return a.length == b.length && CRYPTO_memcmp(a.data, b.data, a.length) == 0;
}

/* "20150830T123600Z" */
static bool read_date(struct claim *claim, uint64_t *unix_s)
{
    struct tm parts = {0};
    if (claim->date.length != sizeof(claim->date_text) - 1)
        return false;
    memcpy(claim->date_text, claim->date.data, claim->date.length);
    const char *end = strptime(claim->date_text, "%Y%m%dT%H%M%SZ", &parts);
    if (!end || *end != '\0' || parts.tm_year < 70)
        return false;
    *unix_s = (uint64_t)timegm(&parts);
    return true;
}

static bool read_expires(struct text expires, uint64_t *seconds)
{
    *seconds = 0;
    for (size_t i = 0; i < expires.length; i++) {
        if (!isdigit((unsigned char)expires.data[i]))
            return false;
        *seconds = *seconds * 10 + (uint64_t)(expires.data[i] - '0');
        if (*seconds > VERIFY_EXPIRES_MAX_S)
            return false;
    }
    return *seconds > 0;
}

static bool holds_at(struct claim *claim, bool presigned, uint64_t unix_s)
{
    uint64_t valid_s = VERIFY_SKEW_MAX_S;
    uint64_t signed_s;
    if (!read_date(claim, &signed_s) || signed_s > unix_s + VERIFY_SKEW_MAX_S)
        return false;
    if (presigned && !read_expires(claim->expires, &valid_s))
        return false;
    return unix_s <= signed_s + valid_s;
}

/* "AKIDEXAMPLE/20150830/us-east-1/execute-api/aws4_request" */
static bool names_us(const struct claim *claim, const struct sigv4_scope *scope, struct text key)
{
    struct text rest = claim->credential;
    return equal_in_constant_time(take_until(&rest, "/"), key) &&
           text_equal(take_until(&rest, "/"), (struct text){claim->date.data, 8}) &&
           text_equal(take_until(&rest, "/"), scope->region) &&
           text_equal(take_until(&rest, "/"), scope->service) &&
           text_equal(rest, TEXT("aws4_request"));
}

/* Whether HEADER is the one that is listed as NAME. The list is signed as well, so it keeps to the
 * one way to write a name, in lower case. */
static bool is_listed_as(const struct header *header, struct text name)
{
    if (header->name.length != name.length)
        return false;
    for (size_t i = 0; i < name.length; i++)
        if (tolower((unsigned char)header->name.data[i]) != (unsigned char)name.data[i])
            return false;
    return true;
}

/* Gathers the headers that are signed. False when one is not there, or host is not signed. */
static bool gather(const struct upgrade *upgrade, struct text names,
                   struct header signed_headers[UPGRADE_HEADERS_MAX], size_t *count)
{
    bool host = false;
    *count = 0;
    while (names.length > 0) {
        struct text name = take_until(&names, ";");
        size_t before = *count;
        for (size_t i = 0; i < upgrade->header_count; i++) {
            if (!is_listed_as(&upgrade->headers[i], name))
                continue;
            if (*count == UPGRADE_HEADERS_MAX)
                return false;
            signed_headers[(*count)++] = upgrade->headers[i];
        }
        if (*count == before)
            return false;
        host = host || text_equal(name, TEXT("host"));
    }
    return host;
}

static bool signature_matches(const struct claim *claim, const struct upgrade *upgrade,
                              const struct sigv4_scope *scope,
                              const struct sigv4_credentials *credentials)
{
    struct header headers[UPGRADE_HEADERS_MAX];
    struct sigv4_request request = {
        .method = upgrade->method,
        .path = upgrade->path,
        .query = claim->signed_query,
        .headers = headers,
    };
    if (!gather(upgrade, claim->signed_headers, headers, &request.header_count))
        return false;
    char signature[SIGV4_SIGNATURE_SIZE];
    return sigv4_sign(&request, scope, credentials, claim->date_text, signature) == 0 &&
           equal_in_constant_time(claim->signature, text_of(signature));
}

bool verify_signature(const struct upgrade *upgrade, struct text region,
                      const struct sigv4_credentials *credentials, uint64_t unix_s)
{
    const struct sigv4_scope scope = {.region = region, .service = TEXT("execute-api")};
    bool presigned = !upgrade_header(upgrade, TEXT("Authorization"));
    struct claim claim = {0};
    if (presigned)
        read_query(&claim, upgrade->query);
    else
        read_headers(&claim, upgrade);
    return text_equal(claim.algorithm, TEXT(ALGORITHM)) && holds_at(&claim, presigned, unix_s) &&
           names_us(&claim, &scope, credentials->access_key) &&
           equal_in_constant_time(claim.token, credentials->session_token) &&
           signature_matches(&claim, upgrade, &scope, credentials);
}
