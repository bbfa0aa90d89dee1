/* Rules: any text as every option that takes a rule, then any message judged by it. The input is
 * the rule up to the first line feed, and the message behind it. */
#include "fuzz.h"

#include "wsload/base/text.h"
#include "wsload/protocol/reply.h"
#include "wsload/protocol/rule_for.h"

#define ADDERS 6

/* Adds TEXT as everything that it may be. What refuses it says why. */
static void add_all(struct reply_rules *rules, const char *text)
{
    static int (*const adders[ADDERS])(struct reply_rules *, const char *, struct error *) = {
        reply_rules_add_end,      reply_rules_add_ignored, reply_rules_add_error,
        reply_rules_add_expected, reply_rules_set_id,      reply_rules_set_bytes,
    };

    for (size_t i = 0; i < ADDERS; i++) {
        struct error error = {{0}};
        int status = adders[i](rules, text, &error);

        REQUIRE(status == 0 || status == -1);
        REQUIRE((status == -1) == (error.text[0] != '\0'));
    }
    REQUIRE(rules->ignored.count == rules->expected.count);
    REQUIRE(rules->ignored.count == 0 || rule_has_prefix(text) ||
            rules->ignored.items[0].kind == RULE_CONTAINS);
    REQUIRE(rules->bytes_min <= rules->bytes_max);
}

static void check_meaning(const struct reply_rules *rules, struct text message,
                          const struct message_meaning *meaning)
{
    REQUIRE(meaning->invalid == !utf8_valid(message));
    REQUIRE(!meaning->ignored || rules->ignored.count > 0);
    if (meaning->invalid || meaning->ignored)
        return;
    REQUIRE(rules->end_given || meaning->last ||
            (meaning->error == MESSAGE_GATEWAY_ERROR && meaning->error_goes_on));
    REQUIRE(!meaning->last || !meaning->error_goes_on);
    REQUIRE(meaning->error == MESSAGE_FINE || meaning->error == MESSAGE_GATEWAY_ERROR ||
            rules->errors.count > 0);
}

/* A reply of twice the same MESSAGE. */
static void judge(const struct reply_rules *rules, struct text message)
{
    struct reply reply = {.keeps_text = reply_rules_need_text(rules)};
    struct message_meaning meaning;
    enum reply_verdict verdict = REPLY_GOES_ON;
    struct failure failure;

    message_read(rules, NULL, message, false, &meaning);
    check_meaning(rules, message, &meaning);
    if (meaning.invalid || meaning.ignored || meaning.passing)
        return;
    for (int i = 0; i < 2 && verdict == REPLY_GOES_ON; i++)
        verdict = reply_add(&reply, rules, &meaning, &failure);
    REQUIRE(reply.bytes == reply.messages * message.length);
    if (verdict == REPLY_GOES_ON)
        verdict = reply_end(&reply, rules, &failure);
    REQUIRE(verdict == REPLY_GOOD || failure.detail != NULL);
    reply_clear(&reply);
}

/* A rule that is made of MESSAGE holds for it. */
static void check_rule_for(struct text message)
{
    struct json_value values[JSON_PATHS_MAX];
    struct json_paths paths = {0};
    struct error error;
    struct rule rule;
    char text[RULE_FOR_SIZE];

    if (!rule_for(message, text))
        return;
    REQUIRE(rule_parse(text, &paths, &rule, &error) == 0);
    json_scan(&paths, message, values);
    REQUIRE(rule_holds(&rule, message, values));
    json_paths_free(&paths);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *feed = memchr(data, '\n', size);
    size_t length = feed != NULL ? (size_t)(feed - data) : size;
    struct text message = {(const char *)data + size, 0};
    char *text = fuzz_string("", data, length, "");
    struct reply_rules rules = {0};

    if (feed != NULL)
        message = (struct text){(const char *)feed + 1, size - length - 1};
    check_rule_for(message);
    add_all(&rules, text);
    judge(&rules, message);
    rules.ignored.count = 0;
    judge(&rules, message);
    reply_rules_free(&rules);
    free(text);
    return 0;
}
