#include "wsload/protocol/reply.h"

#include <stdio.h>
#include <string.h>

#include "wsload/base/units.h"

#define COUNT_PREFIX   "count:"
#define SILENCE_PREFIX "silence:"

#define COUNT_MAX UINT64_C(1000000000)

static int add_rule(struct reply_rules *rules, struct rule_list *list, const char *text,
                    int (*parse)(const char *, struct json_paths *, struct rule *, struct error *),
                    struct error *error)
{
    if (list->count == RULES_MAX)
        return error_set(error, "more than %d rules", RULES_MAX);
    if (parse(text, &rules->paths, &list->items[list->count], error))
        return -1;
    list->count++;
    return 0;
}

/* Puts NEW into LEAST, in which 0 is none yet, if it is less. */
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
        return add_rule(rules, &rules->ends, text, rule_parse, error);
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
    return add_rule(rules, &rules->ignored, text, rule_parse, error);
}

int reply_rules_add_error(struct reply_rules *rules, const char *text, struct error *error)
{
    return add_rule(rules, &rules->errors, text, rule_parse_error, error);
}

int reply_rules_add_expected(struct reply_rules *rules, const char *text, struct error *error)
{
    return add_rule(rules, &rules->expected, text, rule_parse, error);
}

int reply_rules_set_id(struct reply_rules *rules, const char *path, struct error *error)
{
    if (json_paths_add(&rules->paths, text_of(path), &rules->id_path, error))
        return -1;
    rules->has_id = true;
    return 0;
}

int reply_rules_set_bytes(struct reply_rules *rules, const char *text, struct error *error)
{
    const char *dash = strchr(text, '-');
    uint64_t max = UINT64_MAX;
    uint64_t min = 0;
    if (!dash || strlen(text) == 1 || dash - text >= UNITS_SIZE)
        return error_set(error, "'%s' is not MIN-MAX, MIN- or -MAX, as in 1-32KiB", text);
    char low[UNITS_SIZE];
    snprintf(low, sizeof(low), "%.*s", (int)(dash - text), text);
    if ((dash > text && units_parse_size(low, &min, error)) ||
        (dash[1] != '\0' && units_parse_size(dash + 1, &max, error)))
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
