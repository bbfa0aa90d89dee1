#include "wsload/protocol/sigv4.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "wsload/base/helpers.h"

#define ALGORITHM "AWS4-HMAC-SHA256"

#define HASH_SIZE 32 /* bytes of SHA-256 */
#define HEX_SIZE  (2 * HASH_SIZE + 1)
#define DAY       8 /* characters of the day in "20150830T123600Z" */

#define LATEST_UNIX_S 253402300799 /* 9999-12-31T23:59:59Z: a year has four digits */

#define REQUEST_SIZE_MAX (1U << 20)

/* --- Percent-encoding (RFC 3986 section 2.1) --- */

int sigv4_encode(struct buffer *out, struct text text, bool keep_slash)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (text_made_of((struct text){&c, 1}, keep_slash ? "-._~/" : "-._~")
                ? buffer_append(out, &c, 1)
                : buffer_printf(out, "%%%02X", (unsigned)(unsigned char)c))
            return -1;
    }
    return 0;
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
    bool slash_at_end = text_ends(path, "/");
    while (path.length > 0) {
        struct text segment = text_cut(&path, '/');
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

/* Appends PART of a query, decoded and encoded anew, and returns it. As AWS and its SDKs read a
 * query, "%2f" is '/', '+' is a space, and a '%' without two digits is itself. Encoding triples a
 * byte at most, for which there is room. */
static struct text encode_again(struct buffer *out, struct text part)
{
    size_t start = out->length;
    while (part.length > 0) {
        int byte = text_percent_byte(part);
        char c = byte >= 0 ? (char)byte : part.data[0] == '+' ? ' ' : part.data[0];
        sigv4_encode(out, (struct text){&c, 1}, false);
        part = text_after(part, byte >= 0 ? 3 : 1);
    }
    return (struct text){out->data + start, out->length - start};
}

/* By name, then by value, as they are encoded: "a=1" stands before "a-b=1". */
static int compare_parameters(const void *a, const void *b)
{
    const struct header *one = a;
    const struct header *other = b;
    int order = compare_texts(one->name, other->name);
    return order != 0 ? order : compare_texts(one->value, other->value);
}

/* The parameters of QUERY; empty ones are left out. */
static void split_query(struct pairs *pairs, struct text query)
{
    while (query.length > 0) {
        struct text value = text_cut(&query, '&');
        if (value.length == 0)
            continue;
        struct header *parameter = &pairs->items[pairs->count++];
        parameter->name = encode_again(&pairs->texts, text_cut(&value, '='));
        parameter->value = encode_again(&pairs->texts, value);
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
        result = buffer_printf(out, "%s%.*s=%.*s", i > 0 ? "&" : "", TEXT_ARGS(parameter->name),
                               TEXT_ARGS(parameter->value));
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
                         : buffer_printf(out, "%s%.*s:", i > 0 ? "\n" : "", TEXT_ARGS(name));
        if (result != 0 || buffer_append_text(out, value))
            return -1;
    }
    return buffer_append(out, "\n", 1);
}

/* As SignedHeaders lists them: each once, with ';' between. */
static int append_names(struct buffer *out, const struct pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++) {
        struct text name = pairs->items[i].name;
        if (!same_name_as_before(pairs, i) &&
            buffer_printf(out, "%s%.*s", i > 0 ? ";" : "", TEXT_ARGS(name)))
            return -1;
    }
    return 0;
}

/* Appends the canonical request (step 1 of the guide) up to the line of the body's hash: the same
 * bytes for the party that signs and the one that verifies, however the request was written. */
static int append_canonical(struct buffer *out, const struct sigv4_request *request)
{
    struct pairs headers;
    int result = sort_headers(&headers, request->headers, request->header_count);
    if (result == 0 && (buffer_append_text(out, request->method) || buffer_append(out, "\n", 1) ||
                        append_path(out, request->path) || buffer_append(out, "\n", 1) ||
                        append_query(out, request->query) || buffer_append(out, "\n", 1) ||
                        append_header_lines(out, &headers) || buffer_append(out, "\n", 1) ||
                        append_names(out, &headers) || buffer_append(out, "\n", 1)))
        result = -1;
    pairs_free(&headers);
    return result;
}

/* --- Scope and date --- */

int sigv4_parse_scope(const char *text, struct sigv4_scope *scope, struct error *error)
{
    static const char providers[] = "aws:amz:", marks[] = "-_";
    struct text rest = text_of(text);
    if (text_begins(rest, providers))
        rest = text_after(rest, strlen(providers));
    scope->region = text_cut(&rest, ':');
    scope->service = rest;
    if (scope->region.length == 0 || !text_made_of(scope->region, marks) ||
        scope->service.length == 0 || !text_made_of(scope->service, marks))
        return error_set(error,
                         "'%s': no scope of a signature; write it as REGION:SERVICE or "
                         "aws:amz:REGION:SERVICE, as in eu-west-1:execute-api",
                         text);
    return 0;
}

/* UNIX_S as "20150830T123600Z". Returns OUT. */
static char *format_date(uint64_t unix_s, char out[SIGV4_DATE_SIZE])
{
    time_t when = (time_t)u64_min(unix_s, LATEST_UNIX_S);
    struct tm utc;
    gmtime_r(&when, &utc);
    strftime(out, SIGV4_DATE_SIZE, "%Y%m%dT%H%M%SZ", &utc);
    return out;
}

/* --- Hashes --- */

static int hash(struct text text, unsigned char out[HASH_SIZE])
{
    return EVP_Digest(text.data, text.length, out, NULL, EVP_sha256(), NULL) == 1 ? 0 : -1;
}

/* OUT may be KEY. */
static int authenticate(struct text key, struct text text, unsigned char out[HASH_SIZE])
{
    return HMAC(EVP_sha256(), key.data, (int)key.length, (const unsigned char *)text.data,
                text.length, out, NULL)
               ? 0
               : -1;
}

static void to_hex(const unsigned char bytes[HASH_SIZE], char out[HEX_SIZE])
{
    for (size_t i = 0; i < HASH_SIZE; i++)
        snprintf(out + 2 * i, 3, "%02x", (unsigned)bytes[i]);
}

/* --- The signature --- */

/* Appends "20150830/eu-west-1/execute-api/aws4_request". */
static int append_scope(struct buffer *out, const struct sigv4_scope *scope, const char *date)
{
    return buffer_printf(out, "%.*s/%.*s/%.*s/aws4_request", DAY, date, TEXT_ARGS(scope->region),
                         TEXT_ARGS(scope->service));
}

/* Appends the access key and the scope. */
static int append_credential(struct buffer *out, const struct sigv4_signer *signer,
                             const char *date)
{
    if (buffer_append_text(out, signer->credentials.access_key) || buffer_append(out, "/", 1))
        return -1;
    return append_scope(out, &signer->scope, date);
}

/* Appends the string to sign: step 3 of the guide. */
static int append_string_to_sign(struct buffer *out, const struct sigv4_request *request,
                                 const struct sigv4_scope *scope, const char *date)
{
    int result = -1;
    struct buffer canonical;
    buffer_init(&canonical, REQUEST_SIZE_MAX);
    unsigned char digest[HASH_SIZE];
    char hex[HEX_SIZE];
    if (hash(request->body, digest) == 0 && append_canonical(&canonical, request) == 0) {
        to_hex(digest, hex);
        if (buffer_append(&canonical, hex, strlen(hex)) == 0)
            result = hash(buffer_text(&canonical), digest);
    }
    buffer_free(&canonical);
    if (result != 0)
        return -1;
    to_hex(digest, hex);
    return buffer_printf(out, ALGORITHM "\n%s\n", date) || append_scope(out, scope, date) ||
                   buffer_printf(out, "\n%s", hex)
               ? -1
               : 0;
}

/* The key of a day, region and service: step 4 of the guide. */
static int derive_key(const struct sigv4_scope *scope, struct text secret, const char *date,
                      unsigned char out[HASH_SIZE])
{
    struct text steps[] = {{date, DAY}, scope->region, scope->service, TEXT("aws4_request")};
    struct buffer first;
    buffer_init(&first, REQUEST_SIZE_MAX);
    int result = buffer_printf(&first, "AWS4%.*s", TEXT_ARGS(secret));
    struct text key = buffer_text(&first);
    for (size_t i = 0; result == 0 && i < ARRAY_LENGTH(steps); i++) {
        result = authenticate(key, steps[i], out);
        key = (struct text){(const char *)out, HASH_SIZE};
    }
    buffer_free(&first);
    return result;
}

int sigv4_sign(const struct sigv4_request *request, const struct sigv4_scope *scope,
               const struct sigv4_credentials *credentials, const char *date,
               char signature[SIGV4_SIGNATURE_SIZE])
{
    int result = -1;
    struct buffer string;
    buffer_init(&string, REQUEST_SIZE_MAX);
    unsigned char key[HASH_SIZE];
    if (append_string_to_sign(&string, request, scope, date) == 0 &&
        derive_key(scope, credentials->secret_key, date, key) == 0)
        result = authenticate((struct text){(const char *)key, HASH_SIZE}, buffer_text(&string),
                              key);
    buffer_free(&string);
    if (result == 0)
        to_hex(key, signature);
    return result;
}

/* --- Into a query --- */

/* Appends all parameters but the signature. */
static int append_claims(struct buffer *query, const struct sigv4_signer *signer, const char *date,
                         uint64_t expires_s)
{
    struct text token = signer->credentials.session_token;
    char expires[TEXT_DECIMAL_MAX + 1] = "";
    text_put_decimal(expires, expires_s);
    struct buffer credential;
    buffer_init(&credential, REQUEST_SIZE_MAX);
    int result = append_credential(&credential, signer, date);
    const struct header claims[] = {
        {TEXT("X-Amz-Algorithm"), TEXT(ALGORITHM)},
        {TEXT("X-Amz-Credential"), buffer_text(&credential)},
        {TEXT("X-Amz-Date"), text_of(date)},
        {TEXT("X-Amz-Expires"), text_of(expires)},
        {TEXT("X-Amz-SignedHeaders"), TEXT("host")},
        {TEXT("X-Amz-Security-Token"), token},
    };
    for (size_t i = 0; result == 0 && i < ARRAY_LENGTH(claims) - (token.length == 0); i++)
        result = buffer_printf(query, "%s%.*s=", query->length > 0 ? "&" : "",
                               TEXT_ARGS(claims[i].name)) ||
                         sigv4_encode(query, claims[i].value, false)
                     ? -1
                     : 0;
    buffer_free(&credential);
    return result;
}

int sigv4_presign(struct buffer *query, struct text host, struct text path, uint64_t expires_s,
                  const struct sigv4_signer *signer)
{
    struct header host_header = {TEXT("Host"), host};
    struct sigv4_request request = {
        .method = TEXT("GET"), .path = path, .headers = &host_header, .header_count = 1};
    char date[SIGV4_DATE_SIZE];
    format_date(signer->unix_s, date);
    if (append_claims(query, signer, date, expires_s))
        return -1;
    request.query = buffer_text(query);
    char signature[SIGV4_SIGNATURE_SIZE];
    if (sigv4_sign(&request, &signer->scope, &signer->credentials, date, signature))
        return -1;
    return buffer_printf(query, "&X-Amz-Signature=%s", signature);
}

/* --- Into headers --- */

static int append_header(struct buffer *out, const struct header *header)
{
    return buffer_printf(out, "%.*s: %.*s\r\n", TEXT_ARGS(header->name), TEXT_ARGS(header->value));
}

static int append_authorization(struct buffer *out, const struct sigv4_request *request,
                                const char *date, const struct sigv4_signer *signer)
{
    char signature[SIGV4_SIGNATURE_SIZE];
    if (sigv4_sign(request, &signer->scope, &signer->credentials, date, signature) ||
        buffer_printf(out, "Authorization: " ALGORITHM " Credential=") ||
        append_credential(out, signer, date))
        return -1;
    return buffer_printf(out, ", SignedHeaders=host;x-amz-date%s, Signature=%s\r\n",
                         request->header_count > 2 ? ";x-amz-security-token" : "", signature);
}

int sigv4_authorize(struct buffer *headers, struct text host, struct text path, struct text query,
                    const struct sigv4_signer *signer)
{
    struct text token = signer->credentials.session_token;
    char date[SIGV4_DATE_SIZE];
    const struct header to_sign[] = {
        {TEXT("X-Amz-Date"), text_of(format_date(signer->unix_s, date))},
        {TEXT("Host"), host},
        {TEXT("X-Amz-Security-Token"), token},
    };
    struct sigv4_request request = {
        .method = TEXT("GET"),
        .path = path,
        .query = query,
        .headers = to_sign,
        .header_count = token.length > 0 ? 3 : 2,
    };
    if (append_header(headers, &to_sign[0]) ||
        (token.length > 0 && append_header(headers, &to_sign[2])))
        return -1;
    return append_authorization(headers, &request, date, signer);
}
