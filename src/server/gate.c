#include "gate.h"

#include <openssl/crypto.h>

#include "verify.h"

void gate_init(struct gate *gate, const struct server_options *options, uint64_t now_ns)
{
    gate->options = options;
    quota_init(&gate->connects, options->connect_quota, now_ns);
}

bool gate_reads(const struct gate *gate)
{
    return gate->options->required_count > 0 || gate->options->sigv4_region.data;
}

enum refusal gate_count(struct gate *gate, uint64_t now_ns)
{
    return quota_take(&gate->connects, now_ns) ? REFUSAL_NONE : REFUSAL_THROTTLED;
}

static bool has_header(const struct upgrade *upgrade, const struct header *required)
{
    const struct header *header = upgrade_header(upgrade, required->name);
    return header && header->value.length == required->value.length &&
           CRYPTO_memcmp(header->value.data, required->value.data, header->value.length) == 0;
}

enum refusal gate_judge(const struct gate *gate, struct text request, uint64_t unix_s)
{
    const struct server_options *options = gate->options;
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
