/* The live line: what the run is doing now, from snapshots. Formats only; the caller writes it. */
#ifndef WSLOAD_REPORT_PROGRESS_H
#define WSLOAD_REPORT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "wsload/base/text.h"
#include "wsload/judge/snapshot.h"
#include "wsload/load/load.h"

enum progress_mode { PROGRESS_NONE, PROGRESS_PLAIN, PROGRESS_BAR };

#define PROGRESS_BAR_EVERY_NS   (UINT64_C(250) * 1000000)   /* redrawn 4 times a second */
#define PROGRESS_PLAIN_EVERY_NS (UINT64_C(10) * 1000000000) /* one line every 10 s */

struct progress {
    enum progress_mode mode;
    struct snapshot last; /* for the rate since then */
    bool drawn;           /* a bar stands on the terminal's current line */
};

void progress_init(struct progress *progress, enum progress_mode mode);

/* How things are outside of the run. */
struct progress_view {
    unsigned columns; /* the terminal's width by now; 0: not known */
    time_t time;
};

/* Appends what plain progress begins with, a line: the time with its date and zone, what is tested,
 * and the seed. Nothing in other modes. 0 or -1. */
int progress_begin(const struct progress *progress, const struct load *load, time_t time,
                   struct buffer *out);

/* Appends what to write for NOW: for a bar "\r", a line of less than the columns, and "erase to end
 * of line"; for plain the time of day and one line with its end. Nothing in mode none. 0 or -1. */
int progress_draw(struct progress *progress, const struct snapshot *now,
                  const struct progress_view *view, struct buffer *out);

/* Appends what shows WHAT in place of a bar, cut to COLUMNS (0: not known), while there is nothing
 * to count. Nothing in other modes. 0 or -1. */
int progress_say(struct progress *progress, const char *what, unsigned columns, struct buffer *out);

/* Appends what takes a drawn bar off the screen again. 0 or -1. */
int progress_clear(struct progress *progress, struct buffer *out);

#endif
