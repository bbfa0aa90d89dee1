/* The table of metrics: every figure that has a name, with its unit, its meaning and its getter.
 *
 * Thresholds and reports take figures from here, so that a name means one thing everywhere. A
 * metric is a distribution, which has statistics (see selector.h), a counter, or a single number.
 */
#ifndef WSLOAD_STATS_METRICS_H
#define WSLOAD_STATS_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/protocol/failure.h"

struct histogram;
struct recorder;
struct results;

enum metric_unit { METRIC_SECONDS, METRIC_PER_SECOND, METRIC_PERCENT, METRIC_COUNT, METRIC_BYTES };

enum metric_form { METRIC_NUMBER, METRIC_COUNTER, METRIC_DISTRIBUTION };

struct metric {
    const char *name;  /* as in JSON and thresholds: "latency", "connect.tls", "success_rate" */
    const char *alias; /* a shorter name that finds it, too: "requests"; NULL: none */
    const char *label; /* as on screen: "latency", "TLS handshake", "success rate" */
    enum metric_form form;
    enum metric_unit unit; /* of a distribution: of its samples */
    bool per_request;      /* a distribution to which a request adds one sample at most */
    const char *meaning;   /* one sentence */
    /* A number or counter: puts it into VALUE; false when there is none. */
    bool (*get)(const struct results *results, double *value);
    /* A distribution: its histogram, in ns when the unit is METRIC_SECONDS and else in the unit
     * itself; NULL when the run has none of it. */
    const struct histogram *(*histogram)(const struct results *results);
    /* A counter and a distribution in the recorder of a worker, also while it runs. The histogram
     * is without the second under way, see recorder.h. */
    uint64_t (*counted)(const struct recorder *recorder);
    const struct histogram *(*recorded)(const struct recorder *recorder);
};

/* How much one UNIT is in the histogram of a distribution: 1e9 for METRIC_SECONDS, else 1. */
double metric_scale(enum metric_unit unit);

/* All metrics; COUNT gets how many. */
const struct metric *metrics_table(size_t *count);

/* The metric called NAME, LENGTH bytes of it, or NULL. */
const struct metric *metric_find(const char *name, size_t length);

/* The part of the counter "errors" that is of KIND. */
uint64_t metrics_errors(const struct recorder *recorder, enum failure_kind kind);

#endif
