#include "wsload/load/message_check.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/base/helpers.h"

#define PROMPT_VARIABLES (TEMPLATE_PROMPT | TEMPLATE_PROMPT_RAW | TEMPLATE_PART | TEMPLATE_FIELD)
#define USER_VARIABLES   (TEMPLATE_COLUMN | TEMPLATE_COLUMN_RAW)

#define SHOWN_MAX 24 /* characters of what is no JSON */

/* --- What messages depend on --- */

/* Whether what is sent for a request uses any of VARIABLES. */
static bool any_uses(const struct plan *plan, unsigned variables)
{
    const struct step_list *steps = plan->steps ? &plan->steps->before_request : NULL;
    unsigned used = plan->message->variables;
    for (size_t i = 0; steps && i < steps->count; i++)
        used |= steps->items[i].message.variables | steps->items[i].parts_of.variables;
    return used & variables;
}

bool messages_differ(const struct plan *plan)
{
    return any_uses(plan, PROMPT_VARIABLES | USER_VARIABLES);
}

/* --- Placeholders of other tools --- */

static int check_placeholder(struct text message, struct error *error)
{
    static const char *const placeholders[] = {"${prompt}", "{prompt}", "$prompt", "%prompt%",
                                               "<prompt>"};
    for (size_t i = 0; i < ARRAY_LENGTH(placeholders); i++)
        if (text_contains(message, text_of(placeholders[i])))
            return error_set(error, "'%s' would be sent as it stands; did you mean {{prompt}} ?",
                             placeholders[i]);
    return 0;
}

/* --- JSON --- */

/* A text in brackets alone may be a greeting of its own: "[chat] hello". */
static bool looks_like_json(struct text message)
{
    struct text text = text_trim(message);
    return text_begins(text, "{") || (text_begins(text, "[") && text_ends(text, "]"));
}

/* Where MESSAGE stops being JSON; its end: nowhere. */
static size_t find_damage(struct text message)
{
    const char *end = message.data;
    cJSON *json = cJSON_ParseWithLengthOpts(message.data, message.length, &end, false);
    struct text rest = text_after(message, (size_t)(end - message.data));
    size_t more = json ? text_trim(rest).length : rest.length + !rest.length;
    cJSON_Delete(json);
    return message.length - more;
}

static int check_json(struct text message, struct error *error)
{
    struct buffer shown;
    size_t damage = find_damage(message);
    if (!looks_like_json(message) || damage == message.length)
        return 0;
    buffer_init(&shown, SHOWN_MAX * 4);
    utf8_append_clean(&shown, text_after(message, damage), SHOWN_MAX);
    error_set(error,
              "looks like JSON, and is none once it is filled in, from '%s' on; a text stands in "
              "quotes, as in {\"message\": \"{{prompt}}\"}. Messages that are meant like that can "
              "stand whole in PROMPTS_FILE, with --template '{{prompt:raw}}'",
              shown.length ? shown.data : "");
    buffer_free(&shown);
    return -1;
}

/* --- All --- */

/* As request NUMBER sends it. */
static int check_rendered(const struct plan *plan, const struct template *template, uint64_t number,
                          struct error *error)
{
    struct template_values values = plan->prompts ? plan_request_values(plan, number, number)
                                                  : plan_connection_values(plan, number);
    values.part = values.prompt_escaped;
    char *out = malloc(template_bound(template, &values) + 1);
    if (!out)
        return error_set(error, "out of memory");
    struct text message = {out, plan_render(template, &values, out)};
    bool left_out = plan->prompts && !any_uses(plan, PROMPT_VARIABLES);
    int status = left_out ? check_placeholder(message, error) : 0;
    if (status == 0 && !template->begins_with_variable)
        status = check_json(message, error);
    free(out);
    return status;
}

int message_check(const struct plan *plan, const struct template *template, struct error *error)
{
    uint64_t count = 1;
    if (template->variables & (TEMPLATE_PROMPT_RAW | TEMPLATE_FIELD))
        count = plan->prompts->count;
    if (template->variables & TEMPLATE_COLUMN_RAW)
        count = u64_max(count, plan->users->rows);
    for (uint64_t i = 0; i < count; i++)
        if (check_rendered(plan, template, i, error))
            return -1;
    return 0;
}
