#include "run_replies.h"

#include <string.h>

/* An option with a rule, and what takes it. */
struct rule_option {
    const char *name;
    const char *text; /* NULL: not given */
    int (*add)(struct reply_rules *rules, const char *text, struct error *error);
};

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
        {{"--reply-end", NULL, reply_rules_add_end}, &options->reply_end},
        {{"--ignore", NULL, reply_rules_add_ignored}, &options->ignore},
        {{"--fail-on", NULL, reply_rules_add_error}, &options->fail_on},
        {{"--expect", NULL, reply_rules_add_expected}, &options->expect},
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
    const struct rule_option id = {"--correlate", options->correlate, reply_rules_set_id};
    if (add_lists(rules, options, error) || add_rule(rules, &bytes, error) ||
        add_rule(rules, &id, error))
        return -1;
    rules->one_way = options->one_way;
    rules->gateway_timeout_given = options->gateway_timeout != NULL;
    rules->gateway_timeout_final = rules->gateway_timeout_given &&
                                   strcmp(options->gateway_timeout, "final") == 0;
    return 0;
}
