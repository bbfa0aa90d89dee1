/* The formats that a measurement can be written in, for `-o, --out KIND=PATH`. */
#ifndef WSLOAD_REPORT_FORMATS_H
#define WSLOAD_REPORT_FORMATS_H

#include <stddef.h>

#include "wsload/base/text.h"
#include "wsload/judge/verdict.h"

struct format {
    const char *kind;    /* "json" */
    const char *meaning; /* for help */
    /* Appends the whole file to OUT. 0, or -1 when memory is out. */
    int (*render)(const struct measurement *measurement, const struct verdict *verdict,
                  struct buffer *out);
};

/* All formats; COUNT gets how many. */
const struct format *formats_table(size_t *count);

/* The format called KIND, or NULL. */
const struct format *format_find(struct text kind);

#endif
