/* The table of metrics: every figure that has a name, with its unit, its meaning and its getter.
 *
 * Thresholds and reports take figures from here, so that a name means one thing everywhere. */
#ifndef WSLOAD_STATS_METRICS_H
#define WSLOAD_STATS_METRICS_H

#include <stdbool.h>
#include <stddef.h>

struct results;

enum metric_unit { METRIC_SECONDS, METRIC_PER_SECOND, METRIC_PERCENT, METRIC_COUNT };

struct metric {
    const char *name;  /* as in JSON and thresholds: "latency.average" */
    const char *label; /* as on screen: "average latency" */
    enum metric_unit unit;
    const char *meaning; /* one sentence */
    /* Puts the figure into VALUE; false when there is none (no request succeeded, say). */
    bool (*get)(const struct results *results, double *value);
};

/* All metrics; COUNT gets how many. */
const struct metric *metrics_table(size_t *count);

/* The metric called NAME, or NULL. */
const struct metric *metric_find(const char *name);

#endif
