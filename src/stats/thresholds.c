#include "wsload/stats/thresholds.h"

#include "wsload/stats/metrics.h"

int thresholds_add(struct thresholds *thresholds, const char *name, const char *metric_name,
                   enum threshold_side side, double limit)
{
    if (thresholds->count == THRESHOLDS_MAX)
        return -1;
    thresholds->items[thresholds->count++] = (struct threshold){
        .name = name,
        .metric = metric_find(metric_name),
        .side = side,
        .limit = limit,
    };
    return 0;
}

static bool kept(const struct threshold *threshold)
{
    if (!threshold->has_actual)
        return false;
    return threshold->side == THRESHOLD_AT_MOST ? threshold->actual <= threshold->limit
                                                : threshold->actual >= threshold->limit;
}

void thresholds_judge(struct thresholds *thresholds, const struct results *results)
{
    for (size_t i = 0; i < thresholds->count; i++) {
        struct threshold *threshold = &thresholds->items[i];
        threshold->has_actual = threshold->metric->get(results, &threshold->actual);
        threshold->passed = kept(threshold);
    }
}

size_t thresholds_broken(const struct thresholds *thresholds)
{
    size_t broken = 0;
    for (size_t i = 0; i < thresholds->count; i++)
        broken += !thresholds->items[i].passed;
    return broken;
}
