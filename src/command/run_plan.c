#include "run_build.h"

#include <stdio.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/base/file.h"
#include "wsload/base/helpers.h"
#include "wsload/base/text.h"
#include "wsload/load/message_check.h"
#include "wsload/protocol/gateway.h"

/* --- What is sent --- */

/* What a message may use: with --users their columns as well, and the fields of prompts. */
static struct template_scope scope_of(struct run_plan *run)
{
    return (struct template_scope){
        .variables = TEMPLATE_CLIENT_VARIABLES,
        .columns = (const char *const *)run->users.names,
        .column_count = run->users.columns,
        .fields = &run->prompts.fields,
    };
}

static int build_template(struct run_plan *run, const struct run_options *options,
                          struct error *error)
{
    struct text text;
    struct template_scope scope = scope_of(run);
    if (option_read_text(options->template, &run->template_text, &text, error))
        return error_prefix(error, "--template");
    if (!utf8_valid(text))
        return error_set(error, "--template: not valid UTF-8, and WebSocket text must be");
    if (template_compile(&run->template, text, &scope, error))
        return error_prefix(error, "--template");
    run->plan.message = &run->template;
    return 0;
}

const char *run_plan_prompts_file(const struct run_options *options)
{
    if (options->hold)
        return NULL;
    return options->prompts_file ? options->prompts_file : "prompts.txt";
}

#define TOO_LARGE                                                                                  \
    "and API Gateway closes the connection over 131,072 (1009); shorten it, or send it with "      \
    "--allow-oversize"

/* Whether the bound of the template's messages is one that not each of them reaches. */
static bool varies_in_length(const struct template *template)
{
    return template->variables & (TEMPLATE_ID | TEMPLATE_SEQ | TEMPLATE_TIMESTAMP |
                                  TEMPLATE_CONNECTION | TEMPLATE_COLUMN | TEMPLATE_COLUMN_RAW);
}

static int check_prompts(const struct run_plan *run, const struct run_options *options,
                         struct error *error)
{
    char size[UNITS_SIZE];
    size_t bytes;
    const struct prompt *large = plan_first_oversize(&run->plan, GATEWAY_MESSAGE_MAX, &bytes);
    if (!large || options->allow_oversize)
        return 0;
    return error_set(error, "%s: line %zu: a message of %s%s bytes, " TOO_LARGE,
                     file_name(run_plan_prompts_file(options)), large->line,
                     varies_in_length(&run->template) ? "up to " : "",
                     units_format_count(bytes, size));
}

static int build_steps(struct run_plan *run, const struct run_options *options, struct error *error)
{
    struct template_scope scope = scope_of(run);
    if (!options->setup)
        return 0;
    if (steps_load(&run->steps, options->setup, &scope, &run->plan.reply_rules.paths, error))
        return error_prefix(error, "--setup");
    run->plan.steps = &run->steps;
    return 0;
}

/* Objects in a string are what nobody means who has JSON lines. */
static int check_form(const struct run_plan *run, const struct run_options *options,
                      struct error *error)
{
    unsigned variables = run->template.variables;
    if (!run->prompts.begins_with_object || !(variables & TEMPLATE_PROMPT) ||
        (variables & TEMPLATE_PROMPT_RAW))
        return 0;
    return error_set(error,
                     "%s: it begins with a JSON object; name its member with the prompt with "
                     "--prompt-field, or send whole lines as they are with {{prompt:raw}}",
                     file_name(run_plan_prompts_file(options)));
}

static int open_prompts(struct run_plan *run, const struct run_options *options,
                        struct error *error)
{
    const char *text = options->prompt_text;
    return text ? prompts_open_text(&run->prompts, "PROMPT", text_of(text), error)
                : prompts_open(&run->prompts, run_plan_prompts_file(options), options->prompt_field,
                               error);
}

/* The prompts come after the steps, whose templates say which of their fields are used. None of
 * either in a run that only holds connections. */
static int build_messages(struct run_plan *run, const struct run_options *options,
                          struct error *error)
{
    if (options->hold)
        return build_steps(run, options, error);
    if (open_prompts(run, options, error) || build_template(run, options, error) ||
        check_form(run, options, error) || build_steps(run, options, error) ||
        prompts_load(&run->prompts, error))
        return -1;
    run->plan.prompts = &run->prompts;
    return check_prompts(run, options, error);
}

/* Of what comes before the prompts' own messages. */
static int check_steps(const struct run_plan *run, const struct run_options *options,
                       struct error *error)
{
    char size[UNITS_SIZE];
    if (!options->setup)
        return 0;
    size_t bytes = plan_longest_message(&run->plan);
    if (bytes <= GATEWAY_MESSAGE_MAX || options->allow_oversize)
        return 0;
    return error_set(error, "--setup %s: a message of up to %s bytes, " TOO_LARGE, options->setup,
                     units_format_count(bytes, size));
}

static int check_step_messages(const struct plan *plan, const struct step_list *list,
                               struct error *error)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].sends && message_check(plan, &list->items[i].message, error))
            return error_prefix(error, "--setup: %s", list->items[i].detail);
    return 0;
}

static int check_meaning(struct run_plan *run, const struct run_options *options,
                         struct error *error)
{
    const struct plan *plan = &run->plan;
    if (plan->message && message_check(plan, plan->message, error))
        return error_prefix(error, "--template");
    if (plan->steps && (check_step_messages(plan, &plan->steps->on_connect, error) ||
                        check_step_messages(plan, &plan->steps->before_request, error)))
        return -1;
    if (plan->message && !messages_differ(plan))
        snprintf(run->note, sizeof(run->note),
                 "no message has {{prompt}} in it, so each request is the same and no line of %s "
                 "is sent",
                 run_plan_prompts_file(options));
    return 0;
}

/* --- The rules by which replies are told and judged --- */

static int add_end(struct reply_rules *rules, const char *text, struct error *error)
{
    if (strcmp(text, "count:") == 0)
        return error_set(error, "a number is missing; use count:N, as in count:20");
    if (strcmp(text, "silence:") == 0)
        return error_set(error, "a time is missing; use silence:T, as in silence:500ms");
    return reply_rules_add_end(rules, text, error);
}

/* A path, with the json: before it that paths have in rules. */
static int set_id(struct reply_rules *rules, const char *text, struct error *error)
{
    bool prefixed = text_begins(text_of(text), "json:");
    return reply_rules_set_id(rules, text + (prefixed ? strlen("json:") : 0), error);
}

/* An option with rules, and what takes them. */
struct rule_option {
    const char *name;
    const struct option_list *list;
    int (*add)(struct reply_rules *rules, const char *text, struct error *error);
};

static int add_rules(struct reply_rules *rules, const struct rule_option *option,
                     struct error *error)
{
    for (size_t i = 0; i < option->list->count; i++) {
        const char *text = option->list->items[i];
        if (option->add(rules, text, error))
            return error_prefix(error, "%s '%s'", option->name, text);
    }
    return 0;
}

static int build_replies(struct reply_rules *rules, const struct run_options *options,
                         struct error *error)
{
    const struct option_list bytes = {{options->expect_bytes}, options->expect_bytes ? 1 : 0};
    const struct option_list id = {{options->correlate}, options->correlate ? 1 : 0};
    const struct rule_option rule_options[] = {
        {"--reply-end", &options->reply_end, add_end},
        {"--ignore", &options->ignore, reply_rules_add_ignored},
        {"--fail-on", &options->fail_on, reply_rules_add_error},
        {"--expect", &options->expect, reply_rules_add_expected},
        {"--expect-bytes", &bytes, reply_rules_set_bytes},
        {"--correlate", &id, set_id},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rule_options); i++)
        if (add_rules(rules, &rule_options[i], error))
            return -1;
    rules->gateway_timeout_given = options->gateway_timeout;
    rules->gateway_timeout_final = rules->gateway_timeout_given &&
                                   strcmp(options->gateway_timeout, "final") == 0;
    return 0;
}

/* --- All --- */

int run_plan_build(struct run_plan *run, const struct run_options *options, struct error *error)
{
    struct plan *plan = &run->plan;
    *plan = options->plan;
    if (run_conflicts_check(options, error) || run_target_build(run, options, error) ||
        build_replies(&plan->reply_rules, options, error) || build_messages(run, options, error) ||
        check_steps(run, options, error) || run_load_build(plan, options, error) ||
        run_conflicts_check_plan(plan, error) || check_meaning(run, options, error))
        return -1;
    return run_target_check_lengths(run, error);
}

void run_plan_free(struct run_plan *run)
{
    identity_free(run->identity);
    users_free(&run->users);
    reply_rules_free(&run->plan.reply_rules);
    prompts_free(&run->prompts);
    steps_free(&run->steps);
    template_free(&run->template);
    buffer_free(&run->template_text);
    buffer_free(&run->subprotocols);
}
