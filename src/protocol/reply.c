#include "wsload/protocol/reply.h"

#include "wsload/base/utf8.h"
#include "wsload/protocol/gateway.h"

static bool contains_any(struct text message, const struct reply_rules *rules)
{
    for (size_t i = 0; i < rules->fail_on_count; i++) {
        if (text_contains(message, rules->fail_on[i]))
            return true;
    }
    return false;
}

enum reply_judgement reply_judge(const struct reply_rules *rules, struct text message, bool binary)
{
    if (!binary && !utf8_valid(message))
        return REPLY_INVALID;
    if (!binary && gateway_error_recognised(message))
        return REPLY_GATEWAY;
    return contains_any(message, rules) ? REPLY_ERROR : REPLY_GOOD;
}
