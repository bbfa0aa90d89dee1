/* Replies: what is taken for a gateway's error frame is a small object with a "message", and a
 * reply is judged the same way each time. */
#include "fuzz.h"

#include "wsload/base/utf8.h"
#include "wsload/protocol/gateway.h"
#include "wsload/protocol/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct text fail_on[] = {{"erreur", 6}};
    static const struct reply_rules rules = {fail_on, 1};
    struct text message = {(const char *)data, size};
    bool recognised = gateway_error_recognised(message);
    enum reply_judgement judgement = reply_judge(&rules, message, false);

    if (recognised) {
        struct text trimmed = text_trim(message);

        REQUIRE(trimmed.length >= strlen("{\"message\":\"\"}"));
        REQUIRE(trimmed.data[0] == '{' && trimmed.data[trimmed.length - 1] == '}');
        REQUIRE(text_contains(message, text_of("\"message\"")));
    }
    REQUIRE((judgement == REPLY_INVALID) == !utf8_valid(message));
    REQUIRE((judgement == REPLY_GATEWAY) == (recognised && utf8_valid(message)));
    REQUIRE(judgement != REPLY_ERROR || text_contains(message, fail_on[0]));
    return 0;
}
