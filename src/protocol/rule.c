#include "wsload/protocol/rule.h"

#include <string.h>

#include "wsload/base/helpers.h"
#include "wsload/protocol/match.h"

#define CONTINUE_SUFFIX ",continue"

/* Moves TEXT past PREFIX. False when it does not begin with it. */
static bool take_prefix(struct text *text, const char *prefix)
{
    bool begins = text_begins(*text, prefix);
    *text = text_after(*text, begins ? strlen(prefix) : 0);
    return begins;
}

/* --- json: --- */

/* Length of the path that TEXT begins with: up to the '=' or "!=" before a VALUE, or to the end. A
 * backslash takes the next character as a part of the path. */
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

/* What programming languages and JSON have, and values here have not. */
static int check_value(const struct rule *rule, struct error *error)
{
    struct text value = rule->text;
    if (text_begins(value, "="))
        return error_set(error, "'%s': one '=' compares, as in json:status=done or json:code!=0",
                         rule->given);
    if (value.length > 1 && text_begins(value, "\"") && text_ends(value, "\""))
        return error_set(error, "'%s': values stand without quotes, as in json:status=done",
                         rule->given);
    return 0;
}

/* Parses what follows "json:". */
static int parse_json(struct text text, struct json_paths *paths, struct rule *rule,
                      struct error *error)
{
    struct text path = {text.data, path_length(text)};
    struct text value = text_after(text, path.length);
    if (take_prefix(&value, "!="))
        rule->kind = RULE_JSON_IS_NOT;
    else
        rule->kind = take_prefix(&value, "=") ? RULE_JSON_IS : RULE_JSON_PRESENT;
    rule->text = value;
    return check_value(rule, error) || json_paths_add(paths, path, &rule->path, error) ? -1 : 0;
}

/* --- Texts --- */

static const struct text_form {
    const char *prefix;
    enum rule_kind kind;
} text_forms[] = {
    {"text:", RULE_TEXT},
    {"contains:", RULE_CONTAINS},
    {"icontains:", RULE_ICONTAINS},
};

#define JSON_PREFIX "json:"

/* Words of --reply-end, and prefixes that are misspelt, are not meant as a text. */
static int check_bare(const struct rule *rule, struct error *error)
{
    static const char *const ends[] = {"first", "close"};
    static const char *const end_prefixes[] = {"count:", "silence:"};
    static const char *const prefixes[] = {"json", "icontains", "contains"};
    bool is_end = false;
    char word[16];
    for (size_t i = 0; i < ARRAY_LENGTH(ends); i++)
        is_end = is_end || strcmp(rule->given, ends[i]) == 0 ||
                 text_begins(text_of(rule->given), end_prefixes[i]);
    if (is_end)
        return error_set(error,
                         "did you mean --reply-end %s ? Use contains:%s if the text is meant, or "
                         "one of " RULE_FORMS,
                         rule->given, rule->given);
    struct text rest = rule->text;
    struct text first = text_cut(&rest, ':');
    if (first.length == rule->text.length || text_copy(first, word, sizeof(word)))
        return 0;
    const char *nearest = text_nearest(word, prefixes, ARRAY_LENGTH(prefixes));
    if (!nearest)
        return 0;
    return error_set(error, "did you mean %s: ? Use contains:%s if the text is meant", nearest,
                     rule->given);
}

/* Without a prefix it is taken as contains:. */
static int parse(struct text text, struct json_paths *paths, struct rule *rule, struct error *error)
{
    if (take_prefix(&text, JSON_PREFIX))
        return parse_json(text, paths, rule, error);
    size_t form = 0;
    while (form < ARRAY_LENGTH(text_forms) && !take_prefix(&text, text_forms[form].prefix))
        form++;
    bool bare = form == ARRAY_LENGTH(text_forms);
    rule->kind = bare ? RULE_CONTAINS : text_forms[form].kind;
    rule->text = text;
    if (text.length == 0)
        return error_set(error, "'%s' lacks its text; use one of " RULE_FORMS, rule->given);
    if (rule->kind == RULE_ICONTAINS)
        return match_prepare(error);
    return bare ? check_bare(rule, error) : 0;
}

/* --- Rules --- */

bool rule_has_prefix(const char *text)
{
    bool has = text_begins(text_of(text), JSON_PREFIX);
    for (size_t i = 0; i < ARRAY_LENGTH(text_forms); i++)
        has = has || text_begins(text_of(text), text_forms[i].prefix);
    return has;
}

int rule_parse(const char *text, struct json_paths *paths, struct rule *rule, struct error *error)
{
    *rule = (struct rule){.given = text};
    return parse(text_of(text), paths, rule, error);
}

int rule_parse_error(const char *text, struct json_paths *paths, struct rule *rule,
                     struct error *error)
{
    struct text rest = text_of(text);
    *rule = (struct rule){.given = text, .goes_on = text_ends(rest, CONTINUE_SUFFIX)};
    rest.length -= rule->goes_on ? strlen(CONTINUE_SUFFIX) : 0;
    return parse(rest, paths, rule, error);
}

uint64_t rule_paths(const struct rule *rule)
{
    switch (rule->kind) {
    case RULE_TEXT:
    case RULE_CONTAINS:
    case RULE_ICONTAINS:
        return 0;
    default:
        return UINT64_C(1) << rule->path;
    }
}

bool rule_holds(const struct rule *rule, struct text message, const struct json_value *values)
{
    switch (rule->kind) {
    case RULE_TEXT:
        return text_equal(message, rule->text);
    case RULE_CONTAINS:
        return match_contains(message, rule->text);
    case RULE_ICONTAINS:
        return match_contains_any_case(message, rule->text);
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
