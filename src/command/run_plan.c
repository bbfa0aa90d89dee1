#include "wsload/command/run_plan.h"

#include <string.h>

#include "run_identity.h"
#include "run_replies.h"
#include "run_target.h"
#include "wsload/base/file.h"
#include "wsload/base/units.h"
#include "wsload/base/utf8.h"
#include "wsload/command/run_conflicts.h"
#include "wsload/command/run_load.h"
#include "wsload/protocol/gateway.h"

#define TEMPLATE_FILE_MAX (16u * 1024u * 1024u)

/* What a message may use: with --users their columns as well. */
static struct template_scope scope_of(const struct run_plan *run)
{
    return (struct template_scope){
        .variables = TEMPLATE_CLIENT_VARIABLES,
        .columns = (const char *const *)run->users.names,
        .column_count = run->users.columns,
    };
}

static int build_template(struct run_plan *run, const struct run_options *options,
                          struct error *error)
{
    struct text text = text_of(options->template);
    struct template_scope scope = scope_of(run);
    buffer_init(&run->template_text, TEMPLATE_FILE_MAX);
    if (options->template[0] == '@') {
        if (file_read(options->template + 1, &run->template_text, error))
            return error_prefix(error, "--template");
        text = buffer_text(&run->template_text);
        while (text.length > 0 && strchr("\r\n", text.data[text.length - 1]))
            text.length--;
    }
    if (!utf8_valid(text))
        return error_set(error, "--template: not valid UTF-8, and WebSocket text must be");
    if (template_compile(&run->template, text, &scope, error))
        return error_prefix(error, "--template");
    run->plan.message = &run->template;
    return 0;
}

static const char *prompts_file(const struct run_options *options)
{
    return options->prompts_file ? options->prompts_file : "prompts.txt";
}

static int build_prompts(struct run_plan *run, const struct run_options *options,
                         struct error *error)
{
    if (prompts_load(&run->prompts, prompts_file(options), options->prompt_field, error))
        return -1;
    run->plan.prompts = &run->prompts;
    return 0;
}

static int build_steps(struct run_plan *run, const struct run_options *options, struct error *error)
{
    struct template_scope scope = scope_of(run);
    if (!options->setup)
        return 0;
    if (steps_load(&run->steps, options->setup, &scope, error))
        return error_prefix(error, "--setup");
    run->plan.steps = &run->steps;
    return 0;
}

#define TOO_LARGE                                                                                  \
    "and API Gateway closes the connection over 131,072 (1009); shorten it, or send it with "      \
    "--allow-oversize"

/* Whether the bound of the template's messages is one that not each of them reaches. */
static bool varies_in_length(const struct template *template)
{
    return template_uses_any(template, TEMPLATE_ID | TEMPLATE_SEQ | TEMPLATE_TIMESTAMP |
                                           TEMPLATE_CONNECTION | TEMPLATE_COLUMN |
                                           TEMPLATE_COLUMN_RAW);
}

static int check_prompts_size(const struct run_plan *run, const struct run_options *options,
                              struct error *error)
{
    char size[UNITS_SIZE];
    size_t bytes;
    const struct prompt *large = plan_first_oversize(&run->plan, GATEWAY_MESSAGE_MAX, &bytes);
    if (!large)
        return 0;
    return error_set(error, "%s: line %zu: a message of %s%s bytes, " TOO_LARGE,
                     prompts_file(options), large->line,
                     varies_in_length(&run->template) ? "up to " : "",
                     units_format_count(bytes, size));
}

static int check_steps_size(const struct run_plan *run, const struct run_options *options,
                            struct error *error)
{
    char size[UNITS_SIZE];
    size_t bytes = plan_longest_message(&run->plan);
    if (bytes <= GATEWAY_MESSAGE_MAX)
        return 0;
    return error_set(error, "--setup %s: a message of up to %s bytes, " TOO_LARGE, options->setup,
                     units_format_count(bytes, size));
}

/* What is sent; no prompts in a run that only holds connections. */
static int build_messages(struct run_plan *run, const struct run_options *options,
                          struct error *error)
{
    bool prompts = !options->hold;
    bool checked = !options->allow_oversize;
    if (prompts && (build_template(run, options, error) || build_prompts(run, options, error)))
        return -1;
    if (prompts && checked && check_prompts_size(run, options, error))
        return -1;
    if (build_steps(run, options, error))
        return -1;
    return checked && options->setup ? check_steps_size(run, options, error) : 0;
}

int run_plan_build(struct run_plan *run, const struct run_options *options, struct error *error)
{
    struct plan *plan = &run->plan;
    if (run_conflicts_check(options, error) || run_target_build(run, options, error) ||
        run_identity_build(run, options, error) ||
        run_replies_build(&plan->reply_rules, options, error) ||
        build_messages(run, options, error) || run_load_build(plan, options, error) ||
        run_conflicts_check_plan(plan, error))
        return -1;
    return run_identity_check_paths(run, error);
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
