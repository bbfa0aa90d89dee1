#include "wsload/load/plan.h"

#include "wsload/base/clock.h"

uint64_t plan_share(uint64_t total, unsigned worker, unsigned workers)
{
    return total / workers + (worker < total % workers);
}

struct template_values plan_template_values(const struct plan *plan, const struct prompt *prompt,
                                            uint64_t seq)
{
    struct template_values values = {
        .prompt = prompt->text,
        .prompt_escaped = prompt->escaped,
        .run_id = plan->run_id,
        .seq = seq + 1,
    };
    if (template_uses_any(plan->message, TEMPLATE_TIMESTAMP))
        values.unix_ms = clock_wall_ms();
    return values;
}

static size_t message_bound(const struct plan *plan, const struct prompt *prompt)
{
    struct template_values values = {.prompt = prompt->text, .prompt_escaped = prompt->escaped};
    return template_bound(plan->message, &values);
}

size_t plan_longest_message(const struct plan *plan)
{
    size_t longest = plan->keepalive.length;
    for (size_t i = 0; plan->prompts && i < plan->prompts->count; i++) {
        size_t bound = message_bound(plan, &plan->prompts->items[i]);
        if (bound > longest)
            longest = bound;
    }
    return longest;
}

const struct prompt *plan_first_oversize(const struct plan *plan, size_t maximum, size_t *bytes)
{
    for (size_t i = 0; i < plan->prompts->count; i++) {
        const struct prompt *prompt = &plan->prompts->items[i];
        *bytes = message_bound(plan, prompt);
        if (*bytes > maximum)
            return prompt;
    }
    return NULL;
}
