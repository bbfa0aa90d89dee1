#include "wsload/protocol/reply.h"

#include <stdlib.h>
#include <string.h>

#include "wsload/base/helpers.h"
#include "wsload/base/text.h"
#include "wsload/base/units.h"
#include "wsload/protocol/template.h"

#define COUNT_PREFIX   "count:"
#define SILENCE_PREFIX "silence:"

#define COUNT_MAX UINT64_C(1000000000)

#define EXAMPLE_MAX 1000

/* --- The rules of replies --- */

static int add_rule(struct reply_rules *rules, struct rule_list *list, const char *text,
                    struct error *error)
{
    if (list->count == RULES_MAX)
        return error_set(error, "more than %d rules", RULES_MAX);
    struct rule *rule = &list->items[list->count];
    if (list == &rules->errors ? rule_parse_error(text, &rules->paths, rule, error)
                               : rule_parse(text, &rules->paths, rule, error))
        return -1;
    list->count++;
    rules->wanted |= rule_paths(rule);
    return 0;
}

/* Lowers LEAST to NEW when NEW is less; 0 in LEAST: none yet. */
static void lessen(uint64_t *least, uint64_t new)
{
    if (*least == 0 || new < *least)
        *least = new;
}

static int add_count(struct reply_rules *rules, const char *text, struct error *error)
{
    uint64_t count;
    if (units_parse_count(text, &count, error))
        return error_prefix(error, COUNT_PREFIX "%s", text);
    if (count == 0 || count > COUNT_MAX)
        return error_set(error, COUNT_PREFIX "%s must be from 1 to 1,000,000,000", text);
    lessen(&rules->end_messages, count);
    return 0;
}

static int add_silence(struct reply_rules *rules, const char *text, struct error *error)
{
    uint64_t silence_ns;
    if (units_parse_duration(text, &silence_ns, error))
        return error_prefix(error, SILENCE_PREFIX "%s", text);
    if (silence_ns == 0)
        return error_set(error, SILENCE_PREFIX "%s must be longer than 0", text);
    lessen(&rules->end_silence_ns, silence_ns);
    return 0;
}

/* Adds an end other than the first message. */
static int add_end(struct reply_rules *rules, const char *text, struct error *error)
{
    if (text_begins(text_of(text), COUNT_PREFIX))
        return add_count(rules, text + strlen(COUNT_PREFIX), error);
    if (text_begins(text_of(text), SILENCE_PREFIX))
        return add_silence(rules, text + strlen(SILENCE_PREFIX), error);
    if (rule_has_prefix(text))
        return add_rule(rules, &rules->ends, text, error);
    if (strcmp(text, "close") != 0)
        return error_set(
            error, "unknown end '%s'; use one of first, " RULE_FORMS ", count:N, silence:T, close",
            text);
    rules->end_on_close = true;
    return 0;
}

int reply_rules_add_end(struct reply_rules *rules, const char *text, struct error *error)
{
    bool first = strcmp(text, "first") == 0;
    if (first ? rules->end_given : rules->end_first)
        return error_set(error, "'first' goes with no other end");
    if (!first && add_end(rules, text, error))
        return -1;
    *(first ? &rules->end_first : &rules->end_given) = true;
    return 0;
}

int reply_rules_add_ignored(struct reply_rules *rules, const char *text, struct error *error)
{
    return add_rule(rules, &rules->ignored, text, error);
}

int reply_rules_add_error(struct reply_rules *rules, const char *text, struct error *error)
{
    return add_rule(rules, &rules->errors, text, error);
}

int reply_rules_add_expected(struct reply_rules *rules, const char *text, struct error *error)
{
    return add_rule(rules, &rules->expected, text, error);
}

int reply_rules_set_id(struct reply_rules *rules, const char *path, struct error *error)
{
    if (json_paths_add(&rules->paths, text_of(path), &rules->id_path, error))
        return -1;
    rules->has_id = true;
    rules->wanted |= UINT64_C(1) << rules->id_path;
    return 0;
}

int reply_rules_set_bytes(struct reply_rules *rules, const char *text, struct error *error)
{
    struct text rest = text_of(text);
    char low[UNITS_SIZE];
    uint64_t max = UINT64_MAX;
    uint64_t min = 0;
    if (!strchr(text, '-') || text[1] == '\0' || text_copy(text_cut(&rest, '-'), low, sizeof(low)))
        return error_set(error, "'%s' is not MIN-MAX, MIN- or -MAX, as in 1-32KiB", text);
    if ((low[0] != '\0' && units_parse_size(low, &min, error)) ||
        (rest.length > 0 && units_parse_size(rest.data, &max, error)))
        return error_prefix(error, "'%s'", text);
    if (max == 0 || min > max)
        return error_set(error, "'%s': MAX must be at least MIN, and not 0", text);
    rules->bytes_min = min;
    rules->bytes_max = max;
    return 0;
}

void reply_rules_free(struct reply_rules *rules)
{
    json_paths_free(&rules->paths);
    *rules = (struct reply_rules){0};
}

/* --- Replies --- */

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
    return reply_rules_stream(rules) && rule_paths(rule) == 0;
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

/* Whether VALUE is the id of a request, of whatever run. Error frames have ids of API Gateway's
 * own, and a backend that repeats ours may have the same shape. */
static bool is_id(const struct json_value *value)
{
    uint32_t run_id;
    uint64_t seq;
    return value->kind == JSON_STRING && template_id_read(value->raw, &run_id, &seq);
}

static void read_gateway_error(const struct reply_rules *rules, struct message_meaning *meaning)
{
    meaning->error = MESSAGE_GATEWAY_ERROR;
    meaning->id = (struct json_value){0};
    bool goes_on = rules->gateway_timeout_given ? !rules->gateway_timeout_final
                                                : reply_rules_stream(rules);
    meaning->error_goes_on = meaning->passing = meaning->gateway.timeout && goes_on;
}

/* Says what the error of MEANING is reported as, and whether a reply can go on after it. Of API
 * Gateway's errors only the timeout leaves the backend at work. */
static void judge_error(struct message_meaning *meaning)
{
    if (meaning->error == MESSAGE_GATEWAY_ERROR) {
        meaning->failure = (struct failure){FAILURE_GATEWAY_ERROR, meaning->gateway.message,
                                            meaning->message};
        meaning->more_may_come = meaning->gateway.timeout;
    } else {
        meaning->failure = (struct failure){FAILURE_ERROR_REPLY, "", meaning->message};
        meaning->more_may_come = !meaning->error_goes_on && !meaning->last;
    }
}

/* Field by field: what only an error has is large, and most messages are none. */
static void begin(struct message_meaning *meaning, struct text message)
{
    meaning->message = message;
    meaning->ignored = meaning->passing = meaning->last = meaning->answers = false;
    meaning->more_may_come = meaning->error_goes_on = meaning->gateway.timeout = false;
    meaning->error = MESSAGE_FINE;
    meaning->expected = 0;
    meaning->id = (struct json_value){0};
}

void message_read(const struct reply_rules *rules, const struct rule *step, struct text message,
                  bool binary, struct message_meaning *meaning)
{
    struct json_value values[JSON_PATHS_MAX];
    begin(meaning, message);
    meaning->invalid = !binary && !utf8_valid(message);
    if (meaning->invalid)
        return;
    uint64_t wanted = rules->wanted | (step ? rule_paths(step) : 0);
    if (wanted != 0)
        json_scan_for(&rules->paths, wanted, message, values);
    meaning->ignored = any_holds(&rules->ignored, message, values);
    if (meaning->ignored)
        return;
    if (rules->has_id)
        meaning->id = values[rules->id_path];
    for (size_t i = 0; i < rules->expected.count; i++)
        meaning->expected |= (uint64_t)rule_holds(&rules->expected.items[i], message, values) << i;
    meaning->answers = step && rule_holds(step, message, values);
    if (!binary && !is_id(&meaning->id) && gateway_error_read(message, &meaning->gateway))
        read_gateway_error(rules, meaning);
    else
        read_errors(rules, message, values, meaning);
    meaning->last = any_holds(&rules->ends, message, values) ||
                    (!rules->end_given && !meaning->passing);
    if (meaning->last)
        meaning->error_goes_on = meaning->passing = false;
    if (meaning->error != MESSAGE_FINE)
        judge_error(meaning);
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

/* What was expected and did not come, as options say it, or NULL. */
static const char *missed(const struct reply *reply, const struct reply_rules *rules)
{
    for (size_t i = 0; i < rules->expected.count; i++) {
        const struct rule *rule = &rules->expected.items[i];
        bool satisfied = looks_at_all(rules, rule)
                             ? rule_holds(rule, buffer_text(&reply->text), NULL)
                             : (reply->expected >> i & 1) != 0;
        if (!satisfied)
            return rule->given;
    }
    bool sized = rules->bytes_max == 0 ||
                 (reply->bytes >= rules->bytes_min && reply->bytes <= rules->bytes_max);
    return sized ? NULL : "--expect-bytes";
}

/* How REPLY, over with LAST, was: by what came before, and what did not come. */
static enum reply_verdict judge(const struct reply *reply, const struct reply_rules *rules,
                                struct text last, struct failure *failure)
{
    if (reply->error) {
        struct text example = {reply->error->example, reply->error->length};
        *failure = (struct failure){FAILURE_ERROR_REPLY, "", example};
        return REPLY_FAILED;
    }
    const char *missing = missed(reply, rules);
    if (!missing)
        return REPLY_GOOD;
    *failure = (struct failure){FAILURE_UNEXPECTED_REPLY, missing,
                                reply->keeps_text ? buffer_text(&reply->text) : last};
    return REPLY_FAILED;
}

/* Whether REPLY is over with the message of MEANING, which was added. */
static bool is_over(struct reply *reply, const struct reply_rules *rules,
                    const struct message_meaning *meaning)
{
    if (meaning->last || (rules->end_messages > 0 && reply->messages >= rules->end_messages))
        return true;
    if (meaning->error == MESSAGE_FINE)
        return false;
    /* An error that could not be kept until the end has to be the end. */
    return !meaning->error_goes_on || !keep_error(reply, meaning->message);
}

enum reply_verdict reply_add(struct reply *reply, const struct reply_rules *rules,
                             const struct message_meaning *meaning, struct failure *failure)
{
    reply->messages++;
    reply->bytes += meaning->message.length;
    reply->expected |= meaning->expected;
    if (reply->keeps_text)
        keep_text(reply, meaning->message);
    if (!is_over(reply, rules, meaning))
        return REPLY_GOES_ON;
    if (meaning->error == MESSAGE_FINE)
        return judge(reply, rules, meaning->message, failure);
    *failure = meaning->failure;
    return REPLY_FAILED;
}

enum reply_verdict reply_end(const struct reply *reply, const struct reply_rules *rules,
                             struct failure *failure)
{
    return judge(reply, rules, (struct text){0}, failure);
}
