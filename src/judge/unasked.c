#include "unasked.h"

#include <stdio.h>
#include <string.h>

#include "wsload/base/helpers.h"
#include "wsload/base/units.h"

#define UNASKED_PERCENT             5 /* of the replies */
#define UNASKED_CONNECTIONS_PERCENT 50
#define UNASKED_QUOTED_SIZE         57 /* of one that is quoted: it goes on a line */

/* Late ones that are not held against the run. One for each failed request may be its reply; and
 * with ids some backends say one thing more after the end of each, which disturbs nothing. */
static uint64_t excused_messages(const struct measurement *seen)
{
    const uint64_t *counts = seen->counts;
    uint64_t most = counts[COUNT_FAILED] + counts[COUNT_WARMUP_FAILED];
    if (seen->load.told_by == TOLD_BY_ID && seen->load.reply == REPLY_STREAM)
        most += counts[COUNT_OK] + counts[COUNT_WARMUP_OK];
    return u64_min(counts[COUNT_LATE], most);
}

/* Requests that ended, which replies there may have been for. */
static uint64_t all_requests(const struct measurement *seen)
{
    return measurement_requests(seen) + seen->counts[COUNT_WARMUP_OK] +
           seen->counts[COUNT_WARMUP_FAILED];
}

/* Connections, by their openings, that could have seen a message come unasked. Those for a single
 * request are closed with its reply, but for the last ones. */
static uint64_t all_openings(const struct measurement *seen)
{
    const uint64_t *counts = seen->counts;
    if (seen->load.connection_per_request)
        return u64_max(counts[COUNT_LISTENED], counts[COUNT_UNASKED_CONNECTIONS]);
    return counts[COUNT_OPENED] + counts[COUNT_REOPENED] + counts[COUNT_ROTATED];
}

/* Whether COUNT messages that came unasked are too many for the replies that there were, or came on
 * too many of the OPENINGS of connections: when one message is taken for the reply to the request
 * before, in order, just one is left over on each at the end. */
static bool too_many(const struct measurement *seen, uint64_t count, uint64_t openings)
{
    uint64_t connections = seen->counts[COUNT_UNASKED_CONNECTIONS];
    return count * 100 >= all_requests(seen) * UNASKED_PERCENT ||
           (connections > 0 && connections * 100 >= openings * UNASKED_CONNECTIONS_PERCENT);
}

/* Whether COUNT messages that came unasked are rather the rest of replies: there are more of them
 * than of those, and most do not look like keep-alives. */
static bool are_parts(const struct measurement *seen, uint64_t count)
{
    const struct unasked_kind *most = unasked_foremost(&seen->unasked, false);
    return seen->load.told_by == TOLD_BY_ORDER && count > all_requests(seen) && most &&
           !rule_for_is_control(most->rule);
}

/* ", as hello; if that is no reply: --ignore 'text:hello'" */
static void append_foremost(struct buffer *text, const struct unasked *unasked, bool parts)
{
    char message[UNASKED_QUOTED_SIZE];
    const struct unasked_kind *kind = unasked_foremost(unasked, !parts);
    if (!kind || !kind->example[0])
        return;
    excerpt_copy(text_of(kind->example), SIZE_MAX, message, sizeof(message));
    bool cut = strlen(message) < strlen(kind->example);
    buffer_printf(text, ", as %s%s", message, cut ? "..." : "");
    if (parts)
        buffer_printf(text, "; replies seem to come in several messages: --reply-end");
    else if (kind->rule[0] && buffer_printf(text, "; if that is no reply: --ignore ") == 0)
        buffer_append_quoted(text, text_of(kind->rule));
}

bool unasked_are_too_many(const struct measurement *seen, char *text, size_t size)
{
    char number[UNITS_SIZE];
    char on[UNITS_SIZE];
    char of[UNITS_SIZE];
    struct buffer more;
    const uint64_t *counts = seen->counts;
    uint64_t count = measurement_unasked(seen) - excused_messages(seen);
    uint64_t openings = all_openings(seen);
    if (seen->load.reply == REPLY_NONE || count == 0 || !too_many(seen, count, openings))
        return false;
    buffer_init(&more, size);
    append_foremost(&more, &seen->unasked, are_parts(seen, count));
    snprintf(text, size, "%s message%s came that no request asked for, on %s of %s connection%s%s",
             units_format_count(count, number), count == 1 ? "" : "s",
             units_format_count(counts[COUNT_UNASKED_CONNECTIONS], on),
             units_format_count(openings, of), openings == 1 ? "" : "s",
             more.data ? more.data : "");
    buffer_free(&more);
    return true;
}
