#include "script.h"

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

uint64_t script_length_to_end(const struct script *script)
{
    return script->messages + script->has[SCRIPT_OPENING] + script->has[SCRIPT_KEEP_ALIVE] +
           script->has[SCRIPT_END];
}

uint64_t script_length(const struct script *script)
{
    return script_length_to_end(script) + script->has[SCRIPT_AFTER];
}

struct script_cue script_cue(const struct script *script, uint64_t place,
                             const struct script_pace *pace)
{
    /* As many messages stand in front of the keep-alive as behind it, or one more. */
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
