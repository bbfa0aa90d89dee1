/* --record: every request as one line of JSON, written by a thread of its own while the run goes
 * on.
 *
 * Times are Unix milliseconds with microseconds after the point. A line:
 * {"id":"1b2c3d4e-2a","seq":42,"connection":7,"due":1764000000123.456,"sent":...,"first":...,
 * "done":...,"bytes":310,"messages":12,"outcome":"ok"}. "id", "seq" and "connection" are what
 * templates put for {{id}}, {{seq}} and {{connection}}. What never came is null; "outcome" is "ok",
 * "unanswered" or a failure kind, with its "detail" unless that is empty; "warmup":true marks
 * requests of the warm-up; "reply" holds the text with --record-replies, in which bytes that are no
 * UTF-8 have become U+FFFD. What identity_redact() knows as secret is blanked in "detail" and
 * "reply". */
#ifndef WSLOAD_REPORT_RECORD_H
#define WSLOAD_REPORT_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "wsload/base/error.h"
#include "wsload/load/identity.h"
#include "wsload/stats/journal.h"

struct record;

struct record_config {
    const char *path; /* "-": standard output; must outlive the record */
    unsigned workers; /* a journal for each */
    uint32_t run_id;
    bool replies;                    /* larger journals */
    const struct identity *identity; /* whose secrets are blanked; NULL: none has any */
};

/* Opens the file, which is emptied, and starts the thread. NULL and an error that names the path.
 */
struct record *record_start(const struct record_config *config, struct error *error);

/* The journals, one for each worker. */
struct journal *const *record_journals(struct record *record);

/* After the workers have ended: writes what is left, ends the thread and closes the file. A reader
 * of a pipe that takes nothing for two seconds is waited for no longer. LOST gets the number of
 * lines that did not fit into a journal or could not be written whole. 0, or -1 when something
 * could not be written. Releases RECORD either way. */
int record_finish(struct record *record, uint64_t *lost, struct error *error);

#endif
