/* Signatures: any bytes as a request, and a request that protocol/sigv4 has signed and of which
 * bytes are then changed, one at a time. The input's first two bytes say which bytes and how; its
 * lines behind them are path, query, session token, and the value of a header that is not signed.
 */
#include "fuzz.h"

#include <ctype.h>

#include "upgrade.h"

#define SIGNED_S 1440938160 /* 20150830T123600Z */
#define HOST     "api.example.com"

static const struct sigv4_signer example = {
    .scope = {{"us-east-1", 9}, {"execute-api", 11}},
    .credentials = {{"AKIDEXAMPLE", 11}, {"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 40}, {"", 0}},
    .unix_s = SIGNED_S,
};

/* One byte in so many is changed in one run, and no line is longer: the signing takes its time. */
#define STRIDE     64
#define LINE_BYTES 64

/* A signed request that is asked for, and the change to it. */
struct wish {
    size_t first;         /* byte to be changed; the others stand STRIDE apart behind it */
    unsigned char change; /* the bits that are turned over */
    char path[1 + LINE_BYTES + 1];
    struct text query;
    struct text token;
    struct text other;
};

static bool verifies(struct text request, const struct sigv4_signer *signer)
{
    struct upgrade upgrade;

    return request.length <= UPGRADE_BYTES_MAX && upgrade_read(&upgrade, request) == 0 &&
           verify_signature(&upgrade, signer->scope.region, &signer->credentials, signer->unix_s);
}

/* What verifies does so for one secret and one Region alone. */
static void check_any(struct text request)
{
    struct sigv4_signer other_secret = example;
    struct sigv4_signer other_region = example;

    other_secret.credentials.secret_key.length--;
    other_region.scope.region = text_of("us-east-2");
    if (verifies(request, &example))
        REQUIRE(!verifies(request, &other_secret) && !verifies(request, &other_region));
}

/* ---- a signed request, and another ---- */

/* What both ways of signing cover, claims and signature included, as one signature: it is the same
 * for two requests when the same was signed. */
static void sum_up(struct text request, char sum[SIGV4_SIGNATURE_SIZE])
{
    static const char *const names[] = {"Host", "Authorization", "X-Amz-Date",
                                        "X-Amz-Security-Token"};
    struct header headers[sizeof(names) / sizeof(names[0])];
    struct upgrade upgrade;
    struct sigv4_request all = {.headers = headers};

    REQUIRE(upgrade_read(&upgrade, request) == 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct header *header = upgrade_header(&upgrade, text_of(names[i]));

        if (header != NULL)
            headers[all.header_count++] = *header;
    }
    all.method = upgrade.method;
    all.path = upgrade.path;
    all.query = upgrade.query;
    REQUIRE(sigv4_sign(&all, &example.scope, &example.credentials, "20150830T123600Z", sum) == 0);
}

/* REQUEST, which verifies, with another BYTE. Between claims white space may be any other. */
static void check_change(struct text request, char *byte, char other,
                         const struct sigv4_signer *signer)
{
    char before[SIGV4_SIGNATURE_SIZE];
    char after[SIGV4_SIGNATURE_SIZE];
    char kept = *byte;

    sum_up(request, before);
    *byte = other;
    if (verifies(request, signer) &&
        !(isspace((unsigned char)kept) && isspace((unsigned char)other))) {
        sum_up(request, after);
        REQUIRE(strcmp(before, after) == 0);
    }
    *byte = kept;
}

/* ---- making one ---- */

/* The next line of REST, cut to LINE_BYTES, up to the first byte that cannot stand in a request or
 * that ends its part of it. */
static struct text take_line(struct text *rest, const char *ends)
{
    struct text line = {rest->data, 0};
    size_t length = 0;

    while (length < rest->length && rest->data[length] != '\n')
        length++;
    while (line.length < length && line.length < LINE_BYTES && line.data[line.length] > ' ' &&
           strchr(ends, line.data[line.length]) == NULL)
        line.length++;
    length += length < rest->length;
    *rest = (struct text){rest->data + length, rest->length - length};
    return line;
}

static void check_request(const struct wish *wish, const char *query, const char *headers,
                          const struct sigv4_signer *signer)
{
    struct buffer request;

    buffer_init(&request, UPGRADE_BYTES_MAX);
    REQUIRE(
        buffer_printf(&request, "GET %s?%s HTTP/1.1\r\nHost: " HOST "\r\n%sX-Other: %.*s\r\n\r\n",
                      wish->path, query, headers, (int)wish->other.length, wish->other.data) == 0);
    REQUIRE(verifies(buffer_text(&request), signer));
    for (size_t i = wish->first; wish->change != 0 && i < request.length; i += STRIDE)
        check_change(buffer_text(&request), &request.data[i],
                     (char)(request.data[i] ^ wish->change), signer);
    buffer_free(&request);
}

/* Signed in its headers, and in its query. */
static void check_both_ways(const struct wish *wish)
{
    struct sigv4_signer signer = example;
    struct text host = text_of(HOST);
    struct text path = text_of(wish->path);
    struct buffer query;
    struct buffer headers;

    signer.credentials.session_token = wish->token;
    buffer_init(&query, UPGRADE_BYTES_MAX);
    buffer_init(&headers, UPGRADE_BYTES_MAX);
    REQUIRE(buffer_append(&query, wish->query.data, wish->query.length) == 0);
    REQUIRE(sigv4_authorize(&headers, host, path, wish->query, &signer) == 0);
    check_request(wish, query.data, headers.data, &signer);
    REQUIRE(sigv4_presign(&query, host, path, SIGV4_EXPIRES_S, &signer) == 0);
    check_request(wish, query.data, "", &signer);
    buffer_free(&headers);
    buffer_free(&query);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest;
    struct text path;
    struct wish wish;

    check_any((struct text){(const char *)data, size});
    if (size < 2)
        return 0;
    rest = (struct text){(const char *)data + 2, size - 2};
    wish = (struct wish){.first = data[0] % STRIDE, .change = data[1]};
    path = take_line(&rest, "?");
    snprintf(wish.path, sizeof(wish.path), "/%.*s", (int)path.length, path.data);
    wish.query = take_line(&rest, "");
    wish.token = take_line(&rest, "");
    wish.other = take_line(&rest, "");
    /* Claims that stand in the query already would be those of another signature. */
    if (!text_contains(wish.query, text_of("X-Amz-")))
        check_both_ways(&wish);
    return 0;
}
