/* One request as a line of JSON. It has its own formatter, since hundreds of thousands of lines a
 * second may have to be written beside the run. */
#ifndef WSLOAD_REPORT_RECORD_LINE_H
#define WSLOAD_REPORT_RECORD_LINE_H

#include <stdint.h>

#include "wsload/base/text.h"
#include "wsload/stats/journal.h"

/* The longest line: a reply in which each byte is escaped as \u001f, and the rest. */
#define RECORD_LINE_MAX (6 * REPLY_TEXT_MAX + 1024)

/* What the lines of a run have in common. */
struct record_lines {
    uint32_t run_id;
    uint64_t unix_offset_ns; /* from monotonic to Unix time, modulo 2^64 */
    struct buffer clean;     /* owned: scratch */
};

void record_lines_init(struct record_lines *lines, uint32_t run_id, uint64_t unix_offset_ns);
void record_lines_free(struct record_lines *lines);

/* Appends the line for ENTRY and the text REPLY that came with it, with its line feed. 0, or -1
 * when OUT is full or memory is out. */
int record_line_append(struct record_lines *lines, const struct journal_entry *entry,
                       const char *reply, struct buffer *out);

#endif
