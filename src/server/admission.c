#include "admission.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "upgrade.h"
#include "wsload/base/clock.h"
#include "wsload/protocol/gateway.h"

/* --- Quotas --- */

static double capacity(const struct quota *quota)
{
    double per_s = quota->limit.per_s;
    return per_s > 0 && per_s < 1 ? 1 : per_s;
}

void quota_init(struct quota *quota, struct server_quota limit, uint64_t now_ns)
{
    *quota = (struct quota){.limit = limit, .filled_ns = now_ns};
    quota->tokens = capacity(quota);
}

bool quota_take(struct quota *quota, uint64_t now_ns)
{
    if (!quota->limit.given)
        return true;
    quota->tokens += quota->limit.per_s * clock_seconds(now_ns - quota->filled_ns);
    quota->filled_ns = now_ns;
    if (quota->tokens > capacity(quota))
        quota->tokens = capacity(quota);
    if (quota->tokens < 1)
        return false;
    quota->tokens -= 1;
    return true;
}

/* --- The admission --- */

void admission_init(struct admission *admission, const struct server_options *options,
                    uint64_t now_ns)
{
    admission->options = options;
    quota_init(&admission->connects, options->connect_quota, now_ns);
}

bool admission_reads(const struct admission *admission)
{
    return admission->options->required_count > 0 || admission->options->sigv4_region.data;
}

enum refusal admission_count(struct admission *admission, uint64_t now_ns)
{
    return quota_take(&admission->connects, now_ns) ? REFUSAL_NONE : REFUSAL_THROTTLED;
}

static bool has_header(const struct upgrade *upgrade, const struct header *required)
{
    const struct header *header = upgrade_header(upgrade, required->name);
    return header && header->value.length == required->value.length &&
           CRYPTO_memcmp(header->value.data, required->value.data, header->value.length) == 0;
}

enum refusal admission_judge(const struct admission *admission, struct text request,
                             uint64_t unix_s)
{
    const struct server_options *options = admission->options;
    struct upgrade upgrade;
    if (upgrade_read(&upgrade, request))
        return REFUSAL_BAD_REQUEST;
    for (size_t i = 0; i < options->required_count; i++)
        if (!has_header(&upgrade, &options->required[i]))
            return REFUSAL_UNAUTHORIZED;
    if (options->sigv4_region.data &&
        !verify_signature(&upgrade, options->sigv4_region, &options->credentials, unix_s))
        return REFUSAL_FORBIDDEN;
    return REFUSAL_NONE;
}

/* --- Answers --- */

/* API Gateway's ids are this many bytes in base64. */
#define ID_BYTES 11

void id_make(struct random *random, char id[ID_SIZE])
{
    uint64_t bits[2] = {random_next(random), random_next(random)};
    EVP_EncodeBlock((unsigned char *)id, (const unsigned char *)bits, ID_BYTES);
}

#define UUID_SIZE 37 /* with its NUL */

/* Of a response (RFC 9562 section 5.4). */
static void uuid_make(struct random *random, char uuid[UUID_SIZE])
{
    uint64_t high = random_next(random);
    uint64_t low = random_next(random);
    /* Version 4, variant 10. */
    snprintf(uuid, UUID_SIZE,
             "%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64 "-%04" PRIx64 "-%012" PRIx64, high >> 32,
             (high >> 16) & 0xffff, high & 0xfff, ((low >> 48) & 0x3fff) | 0x8000,
             low & 0xffffffffffff);
}

#define CLOSE      "Connection: close\r\n"
#define ERROR_TYPE GATEWAY_ERROR_TYPE ": "

static const struct {
    const char *status;
    const char *headers;
    const char *message;
} refusals[] = {
    [REFUSAL_BAD_REQUEST] = {"400 Bad Request", CLOSE ERROR_TYPE "BadRequestException\r\n",
                             "Bad Request"},
    [REFUSAL_UNAUTHORIZED] = {"401 Unauthorized", CLOSE ERROR_TYPE "UnauthorizedException\r\n",
                              "Unauthorized"},
    [REFUSAL_FORBIDDEN] = {"403 Forbidden", CLOSE ERROR_TYPE "ForbiddenException\r\n", "Forbidden"},
    [REFUSAL_UPGRADE_REQUIRED] = {"426 Upgrade Required",
                                  "Upgrade: websocket\r\nConnection: Upgrade, close\r\n",
                                  "Upgrade Required"},
    [REFUSAL_THROTTLED] = {"429 Too Many Requests", CLOSE ERROR_TYPE "LimitExceededException\r\n",
                           "Too Many Requests"},
};

size_t refusal_render(enum refusal refusal, struct random *ids, char out[REFUSAL_SIZE])
{
    const char *message = refusals[refusal].message;
    char uuid[UUID_SIZE];
    uuid_make(ids, uuid);
    char id[ID_SIZE];
    id_make(ids, id);
    return (size_t)snprintf(out, REFUSAL_SIZE,
                            "HTTP/1.1 %s\r\n%s" GATEWAY_REQUEST_ID ": %s\r\n" GATEWAY_APIGW_ID
                            ": %s\r\n"
                            "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n"
                            "{\"message\":\"%s\"}",
                            refusals[refusal].status, refusals[refusal].headers, uuid, id,
                            strlen("{\"message\":\"\"}") + strlen(message), message);
}
