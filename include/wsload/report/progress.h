/* The live line: what the run is doing now, from snapshots. Formats only; the caller writes it. */
#ifndef WSLOAD_REPORT_PROGRESS_H
#define WSLOAD_REPORT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "wsload/base/text.h"
#include "wsload/judge/snapshot.h"

enum progress_mode { PROGRESS_NONE, PROGRESS_PLAIN, PROGRESS_BAR };

#define PROGRESS_BAR_EVERY_NS   (UINT64_C(250) * 1000000)   /* redrawn 4 times a second */
#define PROGRESS_PLAIN_EVERY_NS (UINT64_C(10) * 1000000000) /* one line every 10 s */

struct progress {
    enum progress_mode mode;
    unsigned columns;     /* width of the terminal, for the bar */
    struct snapshot last; /* for the rate since then */
    bool drawn;           /* a bar stands on the terminal's current line */
};

/* COLUMNS 0 when the width is not known. */
void progress_init(struct progress *progress, enum progress_mode mode, unsigned columns);

/* Appends what to write for NOW: for a bar "\r", the line and "erase to end of line" (no line
 * break), for plain one line with its end. Nothing in mode none. 0 or -1. */
int progress_draw(struct progress *progress, const struct snapshot *now, struct buffer *out);

/* Appends what takes a drawn bar off the screen again. 0 or -1. */
int progress_clear(struct progress *progress, struct buffer *out);

#endif
