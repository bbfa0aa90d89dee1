#include "wsload/judge/thresholds.h"

/* How it can be known before the end that a threshold fails. */
enum proof {
    PROOF_NONE,
    PROOF_COUNT,      /* a count only grows */
    PROOF_EXTREME,    /* one sample beyond the limit is enough */
    PROOF_PERCENTILE, /* too many samples are beyond it, even if all that may come are not */
    PROOF_MEAN,       /* their sum is too large, even if all that may come are 0 */
    PROOF_SHARE       /* too many requests failed, even if all that may come go well */
};

static enum proof proof_of(const struct threshold *threshold)
{
    const struct metric *metric = threshold->selector.metric;
    switch (threshold->selector.stat) {
    case STAT_COUNT:
        return threshold_is_upper(threshold) || threshold->relation == THRESHOLD_EQUAL ? PROOF_COUNT
                                                                                       : PROOF_NONE;
    case STAT_MAX:
        return threshold_is_upper(threshold) ? PROOF_EXTREME : PROOF_NONE;
    case STAT_MIN:
        return threshold_is_lower(threshold) ? PROOF_EXTREME : PROOF_NONE;
    case STAT_MED:
    case STAT_PERCENTILE:
        return threshold_is_upper(threshold) && metric->per_request ? PROOF_PERCENTILE : PROOF_NONE;
    case STAT_AVG:
        return threshold_is_upper(threshold) && metric->per_request ? PROOF_MEAN : PROOF_NONE;
    case STAT_VALUE:
        return threshold_is_lower(threshold) && metric->share_of_requests ? PROOF_SHARE
                                                                          : PROOF_NONE;
    case STAT_STDDEV:
    case STAT_RATE:
        break;
    }
    return PROOF_NONE;
}

bool thresholds_may_abort(const struct thresholds *thresholds)
{
    for (size_t i = 0; i < thresholds->count; i++)
        if (thresholds->items[i].abort)
            return true;
    return false;
}

bool threshold_can_abort(const struct threshold *threshold, bool requests_known)
{
    enum proof proof = proof_of(threshold);
    if (proof == PROOF_COUNT || proof == PROOF_EXTREME)
        return true;
    return requests_known && proof != PROOF_NONE;
}

/* Samples that histogram_percentile() takes for what is beyond, if there is one in truth: it
 * takes them for the end of their bucket, but not for more than the largest. */
static uint64_t count_beyond(const struct threshold *threshold, const struct histogram *histogram)
{
    uint64_t first = threshold_first_beyond(threshold);
    uint64_t start = histogram_bucket_start(histogram_bucket_of(first));
    if (first > HISTOGRAM_HIGHEST_NS || histogram->max < first)
        return 0;
    return start == 0 ? histogram->count : histogram_count_above(histogram, start - 1);
}

/* Whether the extreme is beyond the limit. That of no samples is not, unless the limit can never be
 * kept. */
static bool extreme_beyond(const struct threshold *threshold, const struct histogram *histogram)
{
    bool smallest = threshold->selector.stat == STAT_MIN;
    double extreme = (double)(smallest ? histogram->min : histogram->max);
    return !threshold_kept(threshold, extreme / metric_scale(threshold->selector.metric->unit));
}

static struct evidence observe_samples(const struct threshold *threshold, enum proof proof,
                                       const struct measurement *measurement)
{
    const struct histogram *histogram = metric_histogram(threshold->selector.metric, measurement);
    if (!histogram)
        return (struct evidence){.count = 0};
    struct evidence evidence = {.count = histogram->count, .sum = histogram->sum};
    if (proof == PROOF_COUNT)
        evidence.beyond = evidence.count;
    else if (proof == PROOF_EXTREME)
        evidence.beyond = extreme_beyond(threshold, histogram);
    else if (proof == PROOF_PERCENTILE)
        evidence.beyond = count_beyond(threshold, histogram);
    return evidence;
}

static struct evidence observe(const struct threshold *threshold,
                               const struct measurement *measurement)
{
    enum proof proof = proof_of(threshold);
    double count;
    if (proof == PROOF_SHARE)
        return (struct evidence){.count = measurement_requests(measurement),
                                 .beyond = measurement->counts[COUNT_FAILED]};
    if (threshold->selector.metric->form == METRIC_DISTRIBUTION)
        return observe_samples(threshold, proof, measurement);
    if (!selector_get(&threshold->selector, measurement, &count))
        return (struct evidence){.count = 0};
    return (struct evidence){.beyond = (uint64_t)count};
}

void thresholds_observe(const struct thresholds *thresholds, const struct measurement *measurement,
                        struct evidence evidence[THRESHOLDS_MAX])
{
    for (size_t i = 0; i < thresholds->count; i++)
        if (thresholds->items[i].abort)
            evidence[i] = observe(&thresholds->items[i], measurement);
}

void evidence_add(struct evidence *evidence, const struct evidence *other)
{
    evidence->count += other->count;
    evidence->beyond += other->beyond;
    evidence->sum += other->sum;
}

/* The shares and means are computed exactly as the figures at the end are, so that rounding cannot
 * make a difference between them. */
static bool is_sure_to_fail(const struct threshold *threshold, const struct evidence *evidence,
                            uint64_t to_come)
{
    uint64_t at_most = evidence->count + to_come;
    double figure = (double)evidence->beyond;
    if (!threshold_can_abort(threshold, to_come != UINT64_MAX))
        return false;
    switch (proof_of(threshold)) {
    case PROOF_COUNT:
        return threshold->relation == THRESHOLD_EQUAL ? figure > threshold->limit
                                                      : !threshold_kept(threshold, figure);
    case PROOF_EXTREME:
        return evidence->beyond > 0;
    case PROOF_PERCENTILE:
        return evidence->beyond > at_most - histogram_rank(at_most, threshold->selector.percent);
    case PROOF_MEAN:
        figure = (double)((long double)evidence->sum / (long double)at_most) /
                 metric_scale(threshold->selector.metric->unit);
        break;
    case PROOF_SHARE:
        figure = 100.0 * (double)(at_most - evidence->beyond) / (double)at_most;
        break;
    case PROOF_NONE:
        return false;
    }
    return at_most > 0 && !threshold_kept(threshold, figure);
}

const struct threshold *thresholds_sure_to_fail(const struct thresholds *thresholds,
                                                const struct evidence evidence[THRESHOLDS_MAX],
                                                uint64_t to_come)
{
    for (size_t i = 0; i < thresholds->count; i++) {
        const struct threshold *threshold = &thresholds->items[i];
        if (threshold->abort && is_sure_to_fail(threshold, &evidence[i], to_come))
            return threshold;
    }
    return NULL;
}
