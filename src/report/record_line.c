#include "record_line.h"

#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/base/text.h"
#include "wsload/protocol/json_text.h"
#include "wsload/protocol/template.h"

/* Everything in a line but its strings: 7 numbers of at most 24 characters, an id, and names. */
#define HEAD_MAX 512

void record_lines_init(struct record_lines *lines, uint32_t run_id, uint64_t unix_offset_ns)
{
    *lines = (struct record_lines){.run_id = run_id, .unix_offset_ns = unix_offset_ns};
    buffer_init(&lines->clean, 3 * (size_t)REPLY_TEXT_MAX); /* U+FFFD has three bytes */
}

void record_lines_free(struct record_lines *lines)
{
    buffer_free(&lines->clean);
}

/* The put functions write at OUT and return the place after. */

static char *put(char *out, const char *text)
{
    return mempcpy(out, text, strlen(text));
}

static char *put_count(char *out, const char *name, uint64_t count)
{
    return text_put_decimal(put(out, name), count);
}

static char *put_time(const struct record_lines *lines, char *out, const char *name, uint64_t ns)
{
    uint64_t us = (ns + lines->unix_offset_ns) / NS_PER_US;
    out = put(out, name);
    if (ns == 0)
        return put(out, "null");
    out = text_put_decimal(out, us / 1000);
    *out++ = '.';
    *out++ = (char)('0' + us / 100 % 10);
    *out++ = (char)('0' + us / 10 % 10);
    *out++ = (char)('0' + us % 10);
    return out;
}

static char *put_head(const struct record_lines *lines, const struct journal_entry *entry,
                      char *out)
{
    const char *outcome = entry->failed ? failure_name(entry->kind) : "ok";
    out = put(out, "{\"id\":\"");
    out += template_id(lines->run_id, entry->seq + 1, out);
    out = put_count(out, "\",\"seq\":", entry->seq + 1);
    out = put_count(out, ",\"connection\":", entry->connection + 1);
    out = put_time(lines, out, ",\"due\":", entry->due_ns);
    out = put_time(lines, out, ",\"sent\":", entry->sent_ns);
    out = put_time(lines, out, ",\"first\":", entry->first_ns);
    out = put_time(lines, out, ",\"done\":", entry->done_ns);
    out = put_count(out, ",\"bytes\":", entry->bytes);
    out = put_count(out, ",\"messages\":", entry->messages);
    out = put(put(out, ",\"outcome\":\""), entry->unanswered ? "unanswered" : outcome);
    return put(out, entry->warmup ? "\",\"warmup\":true" : "\"");
}

/* Appends BEFORE, TEXT as the inside of a JSON string, and the quote that ends it. */
static int append_string(struct record_lines *lines, const char *before, struct text text,
                         struct buffer *out)
{
    if (!utf8_valid(text)) {
        buffer_clear(&lines->clean);
        if (utf8_append_clean(&lines->clean, text, SIZE_MAX))
            return -1;
        text = buffer_text(&lines->clean);
    }
    if (buffer_append(out, before, strlen(before)) || json_escape(out, text))
        return -1;
    return buffer_append(out, "\"", 1);
}

int record_line_append(struct record_lines *lines, const struct journal_entry *entry,
                       const char *reply, struct buffer *out)
{
    char head[HEAD_MAX];
    size_t length = (size_t)(put_head(lines, entry, head) - head);
    if (buffer_append(out, head, length))
        return -1;
    if (entry->failed && entry->detail[0] &&
        append_string(lines, ",\"detail\":\"", text_of(entry->detail), out))
        return -1;
    if (entry->reply_length != JOURNAL_NO_REPLY &&
        append_string(lines, ",\"reply\":\"", (struct text){reply, entry->reply_length}, out))
        return -1;
    return buffer_append(out, "}\n", 2);
}
