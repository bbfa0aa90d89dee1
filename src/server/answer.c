#include "answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"

/* --- Scripts --- */

int script_compile(struct script *script, const struct script_source *source, struct error *error)
{
    static const struct template_scope scope = {
        .variables = TEMPLATE_SERVER_VARIABLES | TEMPLATE_PART_INDEX,
    };
    *script = (struct script){.messages = source->messages};
    for (int part = 0; part < SCRIPT_PARTS; part++) {
        if (!source->parts[part].data)
            continue;
        if (template_compile(&script->templates[part], source->parts[part], &scope, error)) {
            script_free(script);
            return -1;
        }
        script->has[part] = true;
    }
    return 0;
}

void script_free(struct script *script)
{
    for (int part = 0; part < SCRIPT_PARTS; part++)
        template_free(&script->templates[part]);
    *script = (struct script){0};
}

/* Up to the end, which a client takes for the end of the reply. */
static uint64_t length_to_end(const struct script *script)
{
    return script->messages + script->has[SCRIPT_OPENING] + script->has[SCRIPT_KEEP_ALIVE] +
           script->has[SCRIPT_END];
}

uint64_t script_length(const struct script *script)
{
    return length_to_end(script) + script->has[SCRIPT_AFTER];
}

struct script_cue script_cue(const struct script *script, uint64_t place,
                             const struct script_pace *pace)
{
    /* As many messages stand before the keep-alive as after it, or one more. */
    uint64_t half = (script->messages + 1) / 2;
    struct script_cue cue = {.part = SCRIPT_MESSAGE};
    if (script->has[SCRIPT_OPENING] && place-- == 0)
        return (struct script_cue){.part = SCRIPT_OPENING};
    if (script->has[SCRIPT_KEEP_ALIVE] && place >= half && place-- == half) {
        return (struct script_cue){
            .part = SCRIPT_KEEP_ALIVE,
            .due_ns = pace->delay_ns + half * pace->gap_ns - pace->gap_ns / 2,
        };
    }
    if (place >= script->messages)
        cue.part = place == script->messages && script->has[SCRIPT_END] ? SCRIPT_END : SCRIPT_AFTER;
    cue.number = place;
    cue.due_ns = pace->delay_ns + place * pace->gap_ns;
    return cue;
}

/* --- Answers --- */

static uint64_t script_due_ns(const struct answer *answer)
{
    if (answer->place == script_length(answer->script))
        return CLOCK_NEVER;
    return answer->received_ns + script_cue(answer->script, answer->place, &answer->pace).due_ns;
}

uint64_t answer_due_ns(const struct answer *answer)
{
    return u64_min(answer->timeout_ns, script_due_ns(answer));
}

static struct outgoing *render(const struct template *template,
                               const struct template_values *values)
{
    struct outgoing *message = malloc(sizeof(*message) + OUTGOING_HEADROOM +
                                      template_bound(template, values));
    if (!message)
        return NULL;
    *message = (struct outgoing){
        .length = template_render(template, values, (char *)message->bytes + OUTGOING_HEADROOM),
    };
    return message;
}

/* Moves past the message that is due, and says what it means. */
static enum outgoing_kind go_on(struct answer *answer, bool timed_out)
{
    if (timed_out) {
        answer->timeout_ns = CLOCK_NEVER;
        return OUTGOING_ERROR;
    }
    answer->place++;
    uint64_t decisive = answer->kind == OUTGOING_ERROR ? 1 : length_to_end(answer->script);
    return answer->place == decisive ? answer->kind : OUTGOING_PART;
}

struct outgoing *answer_next(struct answer *answer, const char *connection_id, uint64_t unix_ms)
{
    bool timed_out = answer->timeout_ns < script_due_ns(answer);
    const struct script *script = timed_out ? answer->timeout : answer->script;
    struct script_cue cue = script_cue(script, timed_out ? 0 : answer->place, &answer->pace);
    char token[32];
    struct template_values values = {
        .prompt = answer->prompt,
        .prompt_escaped = answer->prompt_escaped,
        .correlation = answer->correlation,
        .seq = answer->seq,
        .unix_ms = unix_ms,
        .connection_id = text_of(connection_id),
        .request_id = text_of(answer->request_id),
        .token = {.data = token},
        .part_index = cue.number,
    };
    values.token.length = (size_t)snprintf(token, sizeof(token), "tok%" PRIu64 " ", cue.number + 1);
    struct outgoing *message = render(&script->templates[cue.part], &values);
    if (message)
        message->kind = go_on(answer, timed_out);
    return message;
}
