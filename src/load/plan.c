#include "wsload/load/plan.h"

#include <stdlib.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/protocol/json_text.h"

/* A byte takes at most so many in JSON: \u0000. */
#define ESCAPED_BYTES 6

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
 * NULL without users, or when memory is out: then there are none to bound with. */
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

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
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
        longest = larger(longest, bytes);
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

static size_t step_bound(const struct step *step, struct template_values values)
{
    values.part.length = part_bound(step, &values);
    return step->sends ? template_bound(&step->message, &values) : 0;
}

static size_t steps_bound(const struct step_list *list, const struct template_values *values,
                          bool parted)
{
    size_t longest = 0;
    for (size_t i = 0; i < list->count; i++)
        longest = larger(longest, parted ? parted_bound(&list->items[i], values)
                                         : step_bound(&list->items[i], *values));
    return longest;
}

/* The longest message, or the longest text that a step is split from, over all prompts. */
static size_t longest(const struct plan *plan, bool parted)
{
    struct template_column *columns = longest_columns(plan->users);
    struct template_values values = {
        .columns = columns, .seq = UINT64_MAX, .connection = UINT64_MAX, .unix_ms = UINT64_MAX};
    size_t bound = parted ? 0 : plan->keepalive.length;
    if (plan->steps && !parted)
        bound = larger(bound, steps_bound(&plan->steps->on_connect, &values, false));
    for (size_t i = 0; plan->prompts && i < plan->prompts->count; i++) {
        values.prompt = plan->prompts->items[i].text;
        values.prompt_escaped = plan->prompts->items[i].escaped;
        if (!parted)
            bound = larger(bound, template_bound(plan->message, &values));
        if (plan->steps)
            bound = larger(bound, steps_bound(&plan->steps->before_request, &values, parted));
    }
    free(columns);
    return bound;
}

size_t plan_longest_message(const struct plan *plan)
{
    return longest(plan, false);
}

size_t plan_longest_parted(const struct plan *plan)
{
    return longest(plan, true);
}

const struct prompt *plan_first_oversize(const struct plan *plan, size_t maximum, size_t *bytes)
{
    struct template_column *columns = longest_columns(plan->users);
    const struct prompt *found = NULL;
    for (size_t i = 0; !found && i < plan->prompts->count; i++) {
        const struct prompt *prompt = &plan->prompts->items[i];
        struct template_values values = {
            .prompt = prompt->text, .prompt_escaped = prompt->escaped, .columns = columns};
        *bytes = template_bound(plan->message, &values);
        if (*bytes > maximum)
            found = prompt;
    }
    free(columns);
    return found;
}
