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
    return id * plan->workers + worker;
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
        .columns = plan->users ? users_row(plan->users, connection) : NULL,
    };
}

struct template_values plan_request_values(const struct plan *plan, uint64_t connection,
                                           uint64_t seq)
{
    const struct prompt *prompt = plan_prompt(plan, seq);
    struct template_values values = plan_connection_values(plan, connection);
    values.prompt = prompt->text;
    values.prompt_escaped = prompt->escaped;
    values.seq = seq + 1;
    return values;
}

size_t plan_render(const struct template *template, struct template_values *values, char *out)
{
    if (template_uses_any(template, TEMPLATE_TIMESTAMP))
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

/* In place of the cells of one user: of each column the longest there is. Only their lengths count.
 * NULL without users, or when memory is out. */
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

/* All but the prompt in what STEP is split from. */
static size_t frame_bound(const struct step *step, struct template_values values)
{
    values.prompt = values.prompt_escaped = (struct text){0};
    return parted_bound(step, &values);
}

/* What a step is split from has to be made to know its parts. Where each begins hangs on numbers
 * and cells that may be shorter: what those move together is a part, too. And a shorter cell may
 * have more to escape. When memory is out, all is taken to be as long as it can be. */
static size_t part_bound(const struct step *step, const struct template_values *values)
{
    size_t whole = parted_bound(step, values);
    char *text = whole ? malloc(whole) : NULL;
    if (!text)
        return ESCAPED_BYTES * whole;
    size_t length = template_render(&step->parts_of, values, text);
    size_t frame = frame_bound(step, *values);
    size_t bound = longest_escaped((struct text){text, length}, step->part_characters + frame);
    if (template_uses_any(&step->parts_of, TEMPLATE_COLUMN | TEMPLATE_COLUMN_RAW))
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

/* The largest that BOUND says of the steps of LIST. */
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

/* Every number at its longest, and in place of the cells of one user the longest COLUMNS. */
static struct template_values longest_values(const struct template_column *columns)
{
    return (struct template_values){
        .columns = columns, .seq = UINT64_MAX, .connection = UINT64_MAX, .unix_ms = UINT64_MAX};
}

static void set_prompt(struct template_values *values, const struct prompt *prompt)
{
    values->prompt = prompt->text;
    values->prompt_escaped = prompt->escaped;
}

/* The largest that BOUND says of a request of any prompt. */
static size_t over_prompts(const struct plan *plan,
                           size_t (*bound)(const struct plan *, const struct template_values *))
{
    size_t longest = 0;
    struct template_column *columns = longest_columns(plan->users);
    struct template_values values = longest_values(columns);
    if (plan->users && !columns)
        return NO_MEMORY_FOR_IT;
    for (size_t i = 0; plan->prompts && i < plan->prompts->count; i++) {
        set_prompt(&values, &plan->prompts->items[i]);
        longest = u64_max(longest, bound(plan, &values));
    }
    free(columns);
    return longest;
}

static size_t on_connect_bound(const struct plan *plan)
{
    struct template_column *columns = longest_columns(plan->users);
    struct template_values values = longest_values(columns);
    if (plan->users && !columns)
        return NO_MEMORY_FOR_IT;
    size_t bound = plan->steps ? steps_bound(&plan->steps->on_connect, &values, step_bound) : 0;
    free(columns);
    return bound;
}

size_t plan_longest_message(const struct plan *plan)
{
    size_t connection = u64_max(plan->keepalive.length, on_connect_bound(plan));
    return u64_max(connection, over_prompts(plan, message_bound));
}

size_t plan_longest_parted(const struct plan *plan)
{
    return over_prompts(plan, whole_bound);
}

const struct prompt *plan_first_oversize(const struct plan *plan, size_t maximum, size_t *bytes)
{
    struct template_column *columns = longest_columns(plan->users);
    struct template_values values = longest_values(columns);
    const struct prompt *found = NULL;
    if (plan->users && !columns)
        return NULL; /* whoever wants memory for the messages will be told */
    for (size_t i = 0; !found && i < plan->prompts->count; i++) {
        set_prompt(&values, &plan->prompts->items[i]);
        *bytes = template_bound(plan->message, &values);
        if (*bytes > maximum)
            found = &plan->prompts->items[i];
    }
    free(columns);
    return found;
}
