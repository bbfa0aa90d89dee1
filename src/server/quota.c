#include "quota.h"

#include "wsload/base/clock.h"

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
