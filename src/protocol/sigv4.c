#include "wsload/protocol/sigv4.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sigv4_canonical.h"

#include "wsload/base/helpers.h"

#define ALGORITHM "AWS4-HMAC-SHA256"

#define HASH_SIZE 32 /* bytes of SHA-256 */
#define HEX_SIZE  (2 * HASH_SIZE + 1)
#define DAY       8 /* characters of the day in "20150830T123600Z" */

#define LATEST_UNIX_S 253402300799 /* 9999-12-31T23:59:59Z: a year has four digits */

#define REQUEST_SIZE_MAX (1U << 20)

/* --- Scope and date --- */

/* Letters, digits, '-' and '_', and at least one. */
static bool is_name(struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_'))
            return false;
    }
    return text.length > 0;
}

int sigv4_parse_scope(const char *text, struct sigv4_scope *scope, struct error *error)
{
    static const char providers[] = "aws:amz:";
    const char *region = text;
    if (text_begins(text_of(text), providers))
        region += strlen(providers);
    const char *colon = strchr(region, ':');
    if (colon) {
        scope->region = (struct text){region, (size_t)(colon - region)};
        scope->service = text_of(colon + 1);
    }
    if (!colon || !is_name(scope->region) || !is_name(scope->service))
        return error_set(error,
                         "'%s': no scope of a signature; write it as REGION:SERVICE or "
                         "aws:amz:REGION:SERVICE, as in eu-west-1:execute-api",
                         text);
    return 0;
}

char *sigv4_date(uint64_t unix_s, char out[SIGV4_DATE_SIZE])
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
    return buffer_printf(out, "%.*s/%.*s/%.*s/aws4_request", DAY, date, (int)scope->region.length,
                         scope->region.data, (int)scope->service.length, scope->service.data);
}

/* Appends the access key and the scope. */
static int append_credential(struct buffer *out, const struct sigv4_signer *signer,
                             const char *date)
{
    struct text access_key = signer->credentials.access_key;
    if (buffer_append(out, access_key.data, access_key.length) || buffer_append(out, "/", 1))
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
    if (hash(request->body, digest) == 0 && sigv4_canonical_request(&canonical, request) == 0) {
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
    int result = buffer_printf(&first, "AWS4%.*s", (int)secret.length, secret.data);
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

/* Appends "NAME=VALUE", behind '&' when something is in front of it. */
static int append_parameter(struct buffer *query, const struct header *parameter)
{
    if (buffer_printf(query, "%s%.*s=", query->length > 0 ? "&" : "", (int)parameter->name.length,
                      parameter->name.data))
        return -1;
    return sigv4_encode(query, parameter->value, false);
}

/* Appends all parameters but the signature. */
static int append_claims(struct buffer *query, struct text credential, const char *date,
                         const char *expires, struct text token)
{
    const struct header claims[] = {
        {TEXT("X-Amz-Algorithm"), TEXT(ALGORITHM)},  {TEXT("X-Amz-Credential"), credential},
        {TEXT("X-Amz-Date"), text_of(date)},         {TEXT("X-Amz-Expires"), text_of(expires)},
        {TEXT("X-Amz-SignedHeaders"), TEXT("host")}, {TEXT("X-Amz-Security-Token"), token},
    };
    size_t count = ARRAY_LENGTH(claims) - (token.length == 0);
    for (size_t i = 0; i < count; i++) {
        if (append_parameter(query, &claims[i]))
            return -1;
    }
    return 0;
}

static int append_claims_of(struct buffer *query, const struct sigv4_signer *signer,
                            const char *date, uint64_t expires_s)
{
    char expires[TEXT_DECIMAL_MAX + 1] = "";
    text_put_decimal(expires, expires_s);
    struct buffer credential;
    buffer_init(&credential, REQUEST_SIZE_MAX);
    int result = append_credential(&credential, signer, date);
    if (result == 0)
        result = append_claims(query, buffer_text(&credential), date, expires,
                               signer->credentials.session_token);
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
    sigv4_date(signer->unix_s, date);
    if (append_claims_of(query, signer, date, expires_s))
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
    return buffer_printf(out, "%.*s: %.*s\r\n", (int)header->name.length, header->name.data,
                         (int)header->value.length, header->value.data);
}

static int append_authorization(struct buffer *out, const struct sigv4_request *request,
                                const char *date, const struct sigv4_signer *signer)
{
    char signature[SIGV4_SIGNATURE_SIZE];
    if (sigv4_sign(request, &signer->scope, &signer->credentials, date, signature) ||
        buffer_printf(out, "Authorization: " ALGORITHM " Credential=") ||
        append_credential(out, signer, date) || buffer_printf(out, ", SignedHeaders=") ||
        sigv4_signed_headers(out, request->headers, request->header_count))
        return -1;
    return buffer_printf(out, ", Signature=%s\r\n", signature);
}

int sigv4_authorize(struct buffer *headers, struct text host, struct text path, struct text query,
                    const struct sigv4_signer *signer)
{
    struct text token = signer->credentials.session_token;
    char date[SIGV4_DATE_SIZE];
    const struct header to_sign[] = {
        {TEXT("X-Amz-Date"), text_of(sigv4_date(signer->unix_s, date))},
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
