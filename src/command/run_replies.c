#include "run_replies.h"

#include <string.h>

/* An option with a rule, and what takes it. */
struct rule_option {
    const char *name;
    const char *text; /* NULL: not given */
    int (*add)(struct reply_rules *rules, const char *text, struct error *error);
};

static bool begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Ends that are no rules on a message. */
static bool is_end_alone(const char *text)
{
    return strcmp(text, "first") == 0 || strcmp(text, "close") == 0 || begins(text, "count:") ||
           begins(text, "silence:");
}

static int refuse_end(const char *text, struct error *error)
{
    return error_set(error,
                     "did you mean --reply-end %s ? Use contains:%s if the text is meant, or one "
                     "of " RULE_FORMS,
                     text, text);
}

static int add_end(struct reply_rules *rules, const char *text, struct error *error)
{
    if (strcmp(text, "count:") == 0)
        return error_set(error, "a number is missing; use count:N, as in count:20");
    if (strcmp(text, "silence:") == 0)
        return error_set(error, "a time is missing; use silence:T, as in silence:500ms");
    return reply_rules_add_end(rules, text, error);
}

static int add_ignored(struct reply_rules *rules, const char *text, struct error *error)
{
    return is_end_alone(text) ? refuse_end(text, error)
                              : reply_rules_add_ignored(rules, text, error);
}

static int add_error(struct reply_rules *rules, const char *text, struct error *error)
{
    return is_end_alone(text) ? refuse_end(text, error) : reply_rules_add_error(rules, text, error);
}

static int add_expected(struct reply_rules *rules, const char *text, struct error *error)
{
    return is_end_alone(text) ? refuse_end(text, error)
                              : reply_rules_add_expected(rules, text, error);
}

/* A path, with the json: in front that paths have in rules. */
static int set_id(struct reply_rules *rules, const char *text, struct error *error)
{
    return reply_rules_set_id(rules, begins(text, "json:") ? text + strlen("json:") : text, error);
}

static int add_rule(struct reply_rules *rules, const struct rule_option *option,
                    struct error *error)
{
    if (!option->text || option->add(rules, option->text, error) == 0)
        return 0;
    return error_prefix(error, "%s '%s'", option->name, option->text);
}

static int add_lists(struct reply_rules *rules, const struct run_options *options,
                     struct error *error)
{
    const struct {
        struct rule_option option;
        const struct option_list *list;
    } lists[] = {
        {{"--reply-end", NULL, add_end}, &options->reply_end},
        {{"--ignore", NULL, add_ignored}, &options->ignore},
        {{"--fail-on", NULL, add_error}, &options->fail_on},
        {{"--expect", NULL, add_expected}, &options->expect},
    };
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct rule_option option = lists[i].option;
        for (size_t item = 0; item < lists[i].list->count; item++) {
            option.text = lists[i].list->items[item];
            if (add_rule(rules, &option, error))
                return -1;
        }
    }
    return 0;
}

int run_replies_build(struct reply_rules *rules, const struct run_options *options,
                      struct error *error)
{
    const struct rule_option bytes = {"--expect-bytes", options->expect_bytes,
                                      reply_rules_set_bytes};
    const struct rule_option id = {"--correlate", options->correlate, set_id};
    if (add_lists(rules, options, error) || add_rule(rules, &bytes, error) ||
        add_rule(rules, &id, error))
        return -1;
    rules->one_way = options->one_way;
    rules->gateway_timeout_given = options->gateway_timeout != NULL;
    rules->gateway_timeout_final = rules->gateway_timeout_given &&
                                   strcmp(options->gateway_timeout, "final") == 0;
    return 0;
}
