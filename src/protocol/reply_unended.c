#include "wsload/protocol/reply.h"

#include "wsload/base/units.h"

/* So much of each rule, that the last message has room after them. Characters. */
#define RULE_SHOWN 60

/* ", none was A or B" */
static int append_ends(struct buffer *out, const struct rule_list *ends)
{
    int status = 0;
    for (size_t i = 0; i < ends->count; i++) {
        status |= buffer_printf(out, "%s", i == 0 ? ", none was " : " or ");
        status |= utf8_append_clean(out, text_of(ends->items[i].given), RULE_SHOWN);
    }
    return status;
}

int reply_unended(const struct reply *reply, const struct reply_rules *rules, struct text last,
                  struct buffer *out)
{
    char silence[UNITS_SIZE];
    int status = buffer_printf(out, "%u message%s came", (unsigned)reply->messages,
                               reply->messages == 1 ? "" : "s");
    status |= append_ends(out, &rules->ends);
    if (rules->end_messages)
        status |= buffer_printf(out, ", not %llu", (unsigned long long)rules->end_messages);
    if (rules->end_silence_ns)
        status |= buffer_printf(out, ", no silence of %s",
                                units_format_duration(rules->end_silence_ns, silence));
    if (rules->end_on_close)
        status |= buffer_printf(out, ", no normal close");
    if (last.length > 0)
        status |= buffer_printf(out, "; the last: ") | buffer_append_text(out, last);
    return status;
}
