/* Gateway errors: what is taken for API Gateway's error frame is a small object with a "message",
 * and rules of the user do not change that. */
#include "fuzz.h"

#include "wsload/base/text.h"
#include "wsload/protocol/gateway.h"
#include "wsload/protocol/reply.h"

/* What holds of every MESSAGE that was taken for an error frame. */
static void check_frame(struct text message, const struct gateway_error *error)
{
    struct text trimmed = text_trim(message);

    REQUIRE(trimmed.length >= strlen("{\"message\":\"\"}"));
    REQUIRE(trimmed.data[0] == '{' && trimmed.data[trimmed.length - 1] == '}');
    REQUIRE(text_contains(message, text_of("\"message\"")));
    REQUIRE(memchr(error->message, '\0', sizeof(error->message)) != NULL);
    REQUIRE(!utf8_valid(message) || utf8_valid(text_of(error->message)));
    REQUIRE(!error->timeout || strcmp(error->message, "Endpoint request timed out") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text message = {(const char *)data, size};
    struct reply_rules rules = {0};
    struct message_meaning meaning;
    struct gateway_error gateway;
    struct error error;
    bool recognised = gateway_error_read(message, &gateway);

    if (recognised)
        check_frame(message, &gateway);
    REQUIRE(reply_rules_add_error(&rules, "erreur", &error) == 0);
    message_read(&rules, NULL, message, false, &meaning);
    REQUIRE(meaning.invalid == !utf8_valid(message));
    REQUIRE((meaning.error == MESSAGE_GATEWAY_ERROR) == (recognised && !meaning.invalid));
    REQUIRE(meaning.error != MESSAGE_ERROR || text_contains(message, text_of("erreur")));
    reply_rules_free(&rules);
    return 0;
}
