/* Thresholds: limits on metrics that decide whether a run passed. */
#ifndef WSLOAD_STATS_THRESHOLDS_H
#define WSLOAD_STATS_THRESHOLDS_H

#include <stdbool.h>
#include <stddef.h>

struct metric;
struct results;

#define THRESHOLDS_MAX 32

enum threshold_side { THRESHOLD_AT_MOST, THRESHOLD_AT_LEAST };

struct threshold {
    const char *name; /* borrowed: "max_latency", also in the JSON */
    const struct metric *metric;
    enum threshold_side side; /* the limit itself passes */
    double limit;             /* in the metric's unit: seconds, per second, percent */
    bool has_actual;          /* after judging; without a figure a threshold is broken */
    double actual;
    bool passed;
};

struct thresholds {
    struct threshold items[THRESHOLDS_MAX];
    size_t count;
};

/* Adds a threshold on the metric METRIC_NAME, which must exist. -1 when there are THRESHOLDS_MAX.
 */
int thresholds_add(struct thresholds *thresholds, const char *name, const char *metric_name,
                   enum threshold_side side, double limit);

/* Fills has_actual, actual and passed of each from RESULTS. */
void thresholds_judge(struct thresholds *thresholds, const struct results *results);

/* How many did not pass. */
size_t thresholds_broken(const struct thresholds *thresholds);

#endif
