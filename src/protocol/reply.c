#include "wsload/protocol/reply.h"

#include <stdlib.h>
#include <string.h>

#include "wsload/base/helpers.h"
#include "wsload/base/utf8.h"
#include "wsload/protocol/template.h"

#define EXAMPLE_MAX 1000

struct kept_failure {
    size_t length;
    char example[EXAMPLE_MAX]; /* the message, cut */
};

bool reply_rules_stream(const struct reply_rules *rules)
{
    return rules->end_given && rules->end_messages != 1;
}

/* Whether RULE of --expect looks at all messages of a reply together. */
static bool looks_at_all(const struct reply_rules *rules, const struct rule *rule)
{
    return reply_rules_stream(rules) && (rule->kind == RULE_TEXT || rule->kind == RULE_CONTAINS);
}

bool reply_rules_need_text(const struct reply_rules *rules)
{
    for (size_t i = 0; i < rules->expected.count; i++) {
        if (looks_at_all(rules, &rules->expected.items[i]))
            return true;
    }
    return false;
}

static bool any_holds(const struct rule_list *list, struct text message,
                      const struct json_value *values)
{
    for (size_t i = 0; i < list->count; i++) {
        if (rule_holds(&list->items[i], message, values))
            return true;
    }
    return false;
}

static uint64_t expected_by(const struct reply_rules *rules, struct text message,
                            const struct json_value *values)
{
    uint64_t expected = 0;
    for (size_t i = 0; i < rules->expected.count; i++) {
        if (rule_holds(&rules->expected.items[i], message, values))
            expected |= UINT64_C(1) << i;
    }
    return expected;
}

/* Of several errors in one message, one that ends the reply is enough. */
static void read_errors(const struct reply_rules *rules, struct text message,
                        const struct json_value *values, struct message_meaning *meaning)
{
    for (size_t i = 0; i < rules->errors.count; i++) {
        const struct rule *rule = &rules->errors.items[i];
        if (!rule_holds(rule, message, values))
            continue;
        meaning->error_goes_on = rule->goes_on;
        meaning->error = MESSAGE_ERROR;
        if (!rule->goes_on)
            return;
    }
}

static bool timeout_goes_on(const struct reply_rules *rules)
{
    return rules->gateway_timeout_given ? !rules->gateway_timeout_final : reply_rules_stream(rules);
}

/* A gateway error that goes on is no message of any reply. */
static bool passed_by(const struct message_meaning *meaning)
{
    return meaning->error == MESSAGE_GATEWAY_ERROR && meaning->error_goes_on;
}

/* Whether VALUE is the id of a request, of whatever run. Error frames have ids of API Gateway's
 * own, and a backend that repeats ours may have the same shape. */
static bool is_id(const struct json_value *value)
{
    uint32_t run_id;
    uint64_t seq;
    return value->kind == JSON_STRING && template_id_read(value->raw, &run_id, &seq);
}

void message_read(const struct reply_rules *rules, struct text message, bool binary,
                  struct message_meaning *meaning)
{
    *meaning = (struct message_meaning){.invalid = !binary && !utf8_valid(message)};
    if (meaning->invalid)
        return;
    struct json_value values[JSON_PATHS_MAX];
    json_scan(&rules->paths, message, values);
    meaning->ignored = any_holds(&rules->ignored, message, values);
    if (meaning->ignored)
        return;
    if (rules->has_id)
        meaning->id = values[rules->id_path];
    meaning->expected = expected_by(rules, message, values);
    if (!binary && !is_id(&meaning->id) && gateway_error_read(message, &meaning->gateway)) {
        meaning->error = MESSAGE_GATEWAY_ERROR;
        meaning->id = (struct json_value){0};
        meaning->error_goes_on = meaning->gateway.timeout && timeout_goes_on(rules);
    } else {
        read_errors(rules, message, values, meaning);
    }
    meaning->last = any_holds(&rules->ends, message, values) ||
                    (!rules->end_given && !passed_by(meaning));
    if (meaning->last)
        meaning->error_goes_on = false;
}

void reply_clear(struct reply *reply)
{
    buffer_free(&reply->text);
    free(reply->error);
    *reply = (struct reply){0};
}

/* What does not fit, or finds no memory, is not kept. */
static void keep_text(struct reply *reply, struct text message)
{
    if (!reply->text.data)
        buffer_init(&reply->text, REPLY_TEXT_MAX);
    else if (reply->keeps_lines && reply->text.length < REPLY_TEXT_MAX)
        buffer_append(&reply->text, "\n", 1);
    buffer_append(&reply->text, message.data,
                  u64_min(message.length, REPLY_TEXT_MAX - reply->text.length));
}

/* Keeps MESSAGE as the error of REPLY unless there is one already. False when memory is out. */
static bool keep_error(struct reply *reply, struct text message)
{
    if (reply->error)
        return true;
    struct kept_failure *error = malloc(sizeof(*error));
    if (!error)
        return false;
    error->length = u64_min(message.length, EXAMPLE_MAX);
    memcpy(error->example, message.data, error->length);
    reply->error = error;
    return true;
}

bool reply_add(struct reply *reply, const struct reply_rules *rules, struct text message,
               const struct message_meaning *meaning)
{
    if (passed_by(meaning))
        return false;
    reply->messages++;
    reply->bytes += message.length;
    reply->expected |= meaning->expected;
    if (reply->keeps_text)
        keep_text(reply, message);
    if (meaning->last || (rules->end_messages > 0 && reply->messages >= rules->end_messages))
        return true;
    if (meaning->error == MESSAGE_FINE)
        return false;
    /* An error that could not be kept until the end has to be the end. */
    return !meaning->error_goes_on || !keep_error(reply, message);
}

/* The first rule of --expect that the reply does not satisfy, or NULL. */
static const struct rule *unsatisfied(const struct reply *reply, const struct reply_rules *rules)
{
    for (size_t i = 0; i < rules->expected.count; i++) {
        const struct rule *rule = &rules->expected.items[i];
        bool satisfied = looks_at_all(rules, rule)
                             ? rule_holds(rule, buffer_text(&reply->text), NULL)
                             : (reply->expected >> i & 1) != 0;
        if (!satisfied)
            return rule;
    }
    return NULL;
}

/* What was expected and did not come, as options say it, or NULL. */
static const char *missed(const struct reply *reply, const struct reply_rules *rules)
{
    const struct rule *rule = unsatisfied(reply, rules);
    if (rule)
        return rule->given;
    if (rules->bytes_max > 0 &&
        (reply->bytes < rules->bytes_min || reply->bytes > rules->bytes_max))
        return "--expect-bytes";
    return NULL;
}

bool reply_failed(const struct reply *reply, const struct reply_rules *rules, struct text last,
                  const struct message_meaning *meaning, struct failure *failure)
{
    if (meaning && meaning->error == MESSAGE_GATEWAY_ERROR) {
        *failure = (struct failure){FAILURE_GATEWAY_ERROR, meaning->gateway.message, last};
        return true;
    }
    if (meaning && meaning->error == MESSAGE_ERROR) {
        *failure = (struct failure){FAILURE_ERROR_REPLY, "", last};
        return true;
    }
    if (reply->error) {
        struct text example = {reply->error->example, reply->error->length};
        *failure = (struct failure){FAILURE_ERROR_REPLY, "", example};
        return true;
    }
    const char *missing = missed(reply, rules);
    if (!missing)
        return false;
    *failure = (struct failure){FAILURE_UNEXPECTED_REPLY, missing,
                                reply->keeps_text ? buffer_text(&reply->text) : last};
    return true;
}
