#include "wsload/protocol/rule.h"

#include <string.h>

#define TEXT_PREFIX     "text:"
#define CONTAINS_PREFIX "contains:"
#define JSON_PREFIX     "json:"

#define CONTINUE_SUFFIX ",continue"

/* Moves TEXT behind PREFIX. False when it does not begin with it. */
static bool take_prefix(struct text *text, const char *prefix)
{
    size_t length = strlen(prefix);
    if (!text_begins(*text, prefix))
        return false;
    text->data += length;
    text->length -= length;
    return true;
}

/* Cuts SUFFIX off TEXT. False when it does not end with it. */
static bool take_suffix(struct text *text, const char *suffix)
{
    size_t length = strlen(suffix);
    if (text->length < length || memcmp(text->data + text->length - length, suffix, length) != 0)
        return false;
    text->length -= length;
    return true;
}

/* Where the path that TEXT begins with is over: at the '=' or "!=" that a VALUE stands behind, or
 * at the end. A backslash takes the next character as a part of the path. */
static size_t path_length(struct text text)
{
    size_t i = 0;
    while (i < text.length && text.data[i] != '=') {
        if (text.data[i] == '!' && i + 1 < text.length && text.data[i + 1] == '=')
            break;
        i += text.data[i] == '\\' && i + 1 < text.length ? 2 : 1;
    }
    return i;
}

/* Parses what stands behind "json:". */
static int parse_json(struct text text, struct json_paths *paths, struct rule *rule,
                      struct error *error)
{
    struct text path = {text.data, path_length(text)};
    struct text value = {text.data + path.length, text.length - path.length};
    if (take_prefix(&value, "!="))
        rule->kind = RULE_JSON_IS_NOT;
    else
        rule->kind = take_prefix(&value, "=") ? RULE_JSON_IS : RULE_JSON_PRESENT;
    rule->text = value;
    return json_paths_add(paths, path, &rule->path, error);
}

/* Parses TEXT as a rule; BARE: without a prefix it is what a message is to contain. */
static int parse(struct text text, bool bare, struct json_paths *paths, struct rule *rule,
                 struct error *error)
{
    if (take_prefix(&text, JSON_PREFIX))
        return parse_json(text, paths, rule, error);
    if (take_prefix(&text, TEXT_PREFIX))
        rule->kind = RULE_TEXT;
    else if (take_prefix(&text, CONTAINS_PREFIX) || bare)
        rule->kind = RULE_CONTAINS;
    else
        return error_set(error, "unknown rule '%s'; use one of " RULE_FORMS, rule->given);
    rule->text = text;
    if (text.length == 0)
        return error_set(error, "'%s' lacks its text; use one of " RULE_FORMS, rule->given);
    return 0;
}

bool rule_has_prefix(const char *text)
{
    struct text rest = text_of(text);
    return take_prefix(&rest, TEXT_PREFIX) || take_prefix(&rest, CONTAINS_PREFIX) ||
           take_prefix(&rest, JSON_PREFIX);
}

int rule_parse(const char *text, struct json_paths *paths, struct rule *rule, struct error *error)
{
    *rule = (struct rule){.given = text};
    return parse(text_of(text), false, paths, rule, error);
}

int rule_parse_error(const char *text, struct json_paths *paths, struct rule *rule,
                     struct error *error)
{
    struct text rest = text_of(text);
    *rule = (struct rule){.given = text, .goes_on = take_suffix(&rest, CONTINUE_SUFFIX)};
    return parse(rest, true, paths, rule, error);
}

bool rule_holds(const struct rule *rule, struct text message, const struct json_value *values)
{
    switch (rule->kind) {
    case RULE_TEXT:
        return text_equal(message, rule->text);
    case RULE_CONTAINS:
        return text_contains(message, rule->text);
    case RULE_JSON_PRESENT:
        return values[rule->path].kind != JSON_ABSENT;
    case RULE_JSON_IS:
        return json_value_is(&values[rule->path], rule->text);
    case RULE_JSON_IS_NOT:
        return values[rule->path].kind != JSON_ABSENT &&
               !json_value_is(&values[rule->path], rule->text);
    }
    return false;
}
