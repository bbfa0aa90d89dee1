#include "wsload/load/plan.h"

#include <stdlib.h>

#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"
#include "wsload/protocol/json_text.h"

/* A byte takes at most so many in JSON: \u0000. */
#define ESCAPED_BYTES 6

/* A bound that nobody can have memory for, and that can still be multiplied. */
#define NO_MEMORY_FOR_IT (SIZE_MAX / 16)

uint64_t plan_share(uint64_t total, unsigned worker, unsigned workers)
{
    return total / workers + (worker < total % workers);
}

uint64_t plan_connection(const struct plan *plan, unsigned worker, uint64_t id)
{
    return id * plan->load.workers + worker;
}

const struct prompt *plan_prompt(const struct plan *plan, uint64_t seq)
{
    return &plan->prompts->items[seq % plan->prompts->count];
}

/* --- Values of templates --- */

struct template_values plan_connection_values(const struct plan *plan, uint64_t connection)
{
    return (struct template_values){
        .run_id = plan->run_id,
        .connection = connection + 1,
        .columns = users_row(plan->users, connection),
    };
}

static void set_prompt(struct template_values *values, const struct prompts *prompts, size_t i)
{
    values->prompt = prompts->items[i].text;
    values->prompt_escaped = prompts->items[i].escaped;
    values->fields = prompts_fields(prompts, i);
}

struct template_values plan_request_values(const struct plan *plan, uint64_t connection,
                                           uint64_t seq)
{
    struct template_values values = plan_connection_values(plan, connection);
    set_prompt(&values, plan->prompts, seq % plan->prompts->count);
    values.seq = seq + 1;
    return values;
}

size_t plan_render(const struct template *template, struct template_values *values, char *out)
{
    if (template->variables & TEMPLATE_TIMESTAMP)
        values->unix_ms = clock_wall_ms();
    return template_render(template, values, out);
}

bool plan_request_of_id(const struct plan *plan, struct text text, uint64_t *seq)
{
    uint32_t run_id;
    if (!template_id_read(text, &run_id, seq))
        return false;
    *seq -= 1;
    return run_id == plan->run_id;
}

/* --- Bounds --- */

/* Stands for the cells of one user: the longest cell of each column. Only their lengths count. NULL
 * without users, or when memory is out. */
static struct template_column *longest_columns(const struct users *users)
{
    struct template_column *longest;
    if (!users || !(longest = calloc(users->columns, sizeof(*longest))))
        return NULL;
    for (size_t i = 0; i < users->rows * users->columns; i++) {
        struct template_column *column = &longest[i % users->columns];
        if (users->cells[i].text.length > column->text.length)
            column->text = users->cells[i].text;
        if (users->cells[i].escaped.length > column->escaped.length)
            column->escaped = users->cells[i].escaped;
    }
    return longest;
}

/* What STEP is split from, with VALUES. */
static size_t parted_bound(const struct step *step, const struct template_values *values)
{
    return step->parted ? template_bound(&step->parts_of, values) : 0;
}

/* The most bytes that so many CHARACTERS of TEXT, wherever they begin, take in JSON. */
static size_t longest_escaped(struct text text, size_t characters)
{
    size_t longest = 0;
    size_t bytes = 0;
    size_t begin = 0;
    for (size_t at = 0; at < text.length;) {
        struct text last = step_part(text, at, 1);
        bytes += json_escaped_length(last);
        at += last.length;
        if (characters > 0) {
            characters--;
        } else {
            struct text first = step_part(text, begin, 1);
            bytes -= json_escaped_length(first);
            begin += first.length;
        }
        longest = u64_max(longest, bytes);
    }
    return longest;
}

/* The text that a step is split from has to be made to know its parts. Where each part begins
 * depends on numbers and cells that may be shorter, so a part may begin anywhere. And a shorter
 * cell may have more to escape. When memory is out, all is taken to be as long as it can be. */
static size_t part_bound(const struct step *step, const struct template_values *values)
{
    size_t whole = parted_bound(step, values);
    char *text = whole ? malloc(whole) : NULL;
    if (!text)
        return ESCAPED_BYTES * whole;
    size_t length = template_render(&step->parts_of, values, text);
    struct template_values without_prompt = *values;
    without_prompt.prompt = without_prompt.prompt_escaped = (struct text){0};
    without_prompt.fields = NULL;
    size_t frame = parted_bound(step, &without_prompt);
    size_t bound = longest_escaped((struct text){text, length}, step->part_characters + frame);
    if (step->parts_of.variables & (TEMPLATE_COLUMN | TEMPLATE_COLUMN_RAW))
        bound += ESCAPED_BYTES * frame;
    free(text);
    return bound;
}

static size_t step_bound(const struct step *step, const struct template_values *values)
{
    struct template_values with_part = *values;
    with_part.part.length = part_bound(step, values);
    return step->sends ? template_bound(&step->message, &with_part) : 0;
}

/* The largest BOUND of the steps of LIST. */
static size_t steps_bound(const struct step_list *list, const struct template_values *values,
                          size_t (*bound)(const struct step *, const struct template_values *))
{
    size_t longest = 0;
    for (size_t i = 0; i < list->count; i++)
        longest = u64_max(longest, bound(&list->items[i], values));
    return longest;
}

/* Of all messages that a request with VALUES sends. */
static size_t message_bound(const struct plan *plan, const struct template_values *values)
{
    size_t bound = template_bound(plan->message, values);
    if (!plan->steps)
        return bound;
    return u64_max(bound, steps_bound(&plan->steps->before_request, values, step_bound));
}

/* Of all texts that its steps are split from. */
static size_t whole_bound(const struct plan *plan, const struct template_values *values)
{
    return plan->steps ? steps_bound(&plan->steps->before_request, values, parted_bound) : 0;
}

/* Every number at its longest, and the longest cells of a user, whose columns the caller frees. -1
 * when memory is out. */
static int find_longest_values(const struct plan *plan, struct template_column **columns,
                               struct template_values *values)
{
    *columns = longest_columns(plan->users);
    *values = (struct template_values){
        .columns = *columns, .seq = UINT64_MAX, .connection = UINT64_MAX, .unix_ms = UINT64_MAX};
    return plan->users && !*columns ? -1 : 0;
}

/* The largest BOUND of a request, whatever its prompt. */
static size_t over_prompts(const struct plan *plan, struct template_values values,
                           size_t (*bound)(const struct plan *, const struct template_values *))
{
    size_t longest = 0;
    for (size_t i = 0; plan->prompts && i < plan->prompts->count; i++) {
        set_prompt(&values, plan->prompts, i);
        longest = u64_max(longest, bound(plan, &values));
    }
    return longest;
}

size_t plan_longest_message(const struct plan *plan)
{
    struct template_column *columns;
    struct template_values values;
    if (find_longest_values(plan, &columns, &values))
        return NO_MEMORY_FOR_IT;
    size_t longest = u64_max(plan->keepalive.length, over_prompts(plan, values, message_bound));
    if (plan->steps)
        longest = u64_max(longest, steps_bound(&plan->steps->on_connect, &values, step_bound));
    free(columns);
    return longest;
}

size_t plan_longest_parted(const struct plan *plan)
{
    struct template_column *columns;
    struct template_values values;
    if (find_longest_values(plan, &columns, &values))
        return NO_MEMORY_FOR_IT;
    size_t longest = over_prompts(plan, values, whole_bound);
    free(columns);
    return longest;
}

const struct prompt *plan_first_oversize(const struct plan *plan, size_t maximum, size_t *bytes)
{
    struct template_column *columns;
    struct template_values values;
    const struct prompt *found = NULL;
    if (find_longest_values(plan, &columns, &values))
        return NULL; /* the caller fails later, when it asks for memory */
    for (size_t i = 0; !found && i < plan->prompts->count; i++) {
        set_prompt(&values, plan->prompts, i);
        *bytes = template_bound(plan->message, &values);
        if (*bytes > maximum)
            found = &plan->prompts->items[i];
    }
    free(columns);
    return found;
}
