#include "wsload/stats/thresholds.h"

#include <string.h>

#include "wsload/stats/recorder.h"

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
    enum threshold_relation relation = threshold->relation;
    bool upper = relation == THRESHOLD_BELOW || relation == THRESHOLD_AT_MOST;
    bool lower = relation == THRESHOLD_ABOVE || relation == THRESHOLD_AT_LEAST;
    switch (threshold->selector.stat) {
    case STAT_COUNT:
        return upper || relation == THRESHOLD_EQUAL ? PROOF_COUNT : PROOF_NONE;
    case STAT_MAX:
        return upper ? PROOF_EXTREME : PROOF_NONE;
    case STAT_MIN:
        return lower ? PROOF_EXTREME : PROOF_NONE;
    case STAT_MED:
    case STAT_PERCENTILE:
        return upper && metric->per_request ? PROOF_PERCENTILE : PROOF_NONE;
    case STAT_AVG:
        return upper && metric->per_request ? PROOF_MEAN : PROOF_NONE;
    case STAT_VALUE:
        return lower && strcmp(metric->name, "success_rate") == 0 ? PROOF_SHARE : PROOF_NONE;
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

/* All samples of a distribution: those of the run so far, and of the second under way if they are
 * of the same distribution. */
struct samples {
    const struct histogram *parts[2];
    size_t count;
};

static struct samples samples_of(const struct metric *metric, const struct recorder *recorder)
{
    const struct histogram *recorded = metric->recorded(recorder);
    bool open_model = recorder->setup.open_model;
    bool has_second = recorded == (open_model ? &recorder->response_time : &recorder->latency);
    return (struct samples){{recorded, &recorder->second}, has_second ? 2 : 1};
}

/* Samples that histogram_percentile_ns() takes for VALUE and more, if there is one in truth: it
 * takes them for the end of their bucket, but not for more than the largest. */
static uint64_t count_from(const struct histogram *histogram, uint64_t value)
{
    uint64_t start = histogram_bucket_start_ns(histogram_bucket_of(value));
    return start == 0 ? histogram->count : histogram_count_above(histogram, start - 1);
}

static uint64_t count_beyond(const struct threshold *threshold, const struct samples *samples)
{
    uint64_t beyond = 0;
    bool any = false;
    uint64_t first = threshold_first_beyond(threshold);
    if (first > HISTOGRAM_HIGHEST_NS)
        return 0;
    for (size_t i = 0; i < samples->count; i++) {
        any |= samples->parts[i]->max_ns >= first;
        beyond += count_from(samples->parts[i], first);
    }
    return any ? beyond : 0;
}

/* Whether the extreme of any part is beyond the limit. That of no samples is not, unless the limit
 * can never be kept. */
static bool extreme_beyond(const struct threshold *threshold, const struct samples *samples)
{
    double scale = metric_scale(threshold->selector.metric->unit);
    for (size_t i = 0; i < samples->count; i++) {
        const struct histogram *part = samples->parts[i];
        bool smallest = threshold->selector.stat == STAT_MIN;
        double extreme = (double)(smallest ? part->min_ns : part->max_ns);
        if (!threshold_kept(threshold, extreme / scale))
            return true;
    }
    return false;
}

static struct evidence observe_samples(const struct threshold *threshold, enum proof proof,
                                       const struct recorder *recorder)
{
    struct evidence evidence = {.count = 0};
    struct samples samples = samples_of(threshold->selector.metric, recorder);
    for (size_t i = 0; i < samples.count; i++) {
        evidence.count += samples.parts[i]->count;
        evidence.sum_ns += samples.parts[i]->sum_ns;
    }
    if (proof == PROOF_COUNT)
        evidence.beyond = evidence.count;
    else if (proof == PROOF_EXTREME)
        evidence.beyond = extreme_beyond(threshold, &samples);
    else if (proof == PROOF_PERCENTILE)
        evidence.beyond = count_beyond(threshold, &samples);
    return evidence;
}

static struct evidence observe(const struct threshold *threshold, const struct recorder *recorder)
{
    const struct accounting *measured = &recorder->measured;
    enum proof proof = proof_of(threshold);
    if (proof == PROOF_SHARE)
        return (struct evidence){.count = measured->ok + measured->failed,
                                 .beyond = measured->failed};
    if (threshold->selector.metric->form == METRIC_COUNTER)
        return (struct evidence){.beyond = selector_counted(&threshold->selector, recorder)};
    return observe_samples(threshold, proof, recorder);
}

void thresholds_observe(const struct thresholds *thresholds, const struct recorder *recorder,
                        struct evidence evidence[THRESHOLDS_MAX])
{
    for (size_t i = 0; i < thresholds->count; i++)
        if (thresholds->items[i].abort)
            evidence[i] = observe(&thresholds->items[i], recorder);
}

void evidence_add(struct evidence *evidence, const struct evidence *other)
{
    evidence->count += other->count;
    evidence->beyond += other->beyond;
    evidence->sum_ns += other->sum_ns;
}

/* What follows is computed exactly as the figures at the end are, so that rounding cannot make a
 * difference between them. */

static double lowest_mean(const struct threshold *threshold, const struct evidence *evidence,
                          uint64_t samples)
{
    double mean = (double)((long double)evidence->sum_ns / (long double)samples);
    return mean / metric_scale(threshold->selector.metric->unit);
}

static double highest_share(const struct evidence *evidence, uint64_t requests)
{
    return 100.0 * (double)(requests - evidence->beyond) / (double)requests;
}

static bool count_is_too_large(const struct threshold *threshold, uint64_t count)
{
    if (threshold->relation == THRESHOLD_EQUAL)
        return (double)count > threshold->limit;
    return !threshold_kept(threshold, (double)count);
}

static bool is_sure_to_fail(const struct threshold *threshold, const struct evidence *evidence,
                            uint64_t to_come)
{
    uint64_t at_most = evidence->count + to_come;
    if (!threshold_can_abort(threshold, to_come != UINT64_MAX))
        return false;
    switch (proof_of(threshold)) {
    case PROOF_COUNT:
        return count_is_too_large(threshold, evidence->beyond);
    case PROOF_EXTREME:
        return evidence->beyond > 0;
    case PROOF_PERCENTILE:
        return evidence->beyond > at_most - histogram_rank(at_most, threshold->selector.percent);
    case PROOF_MEAN:
        return at_most > 0 && !threshold_kept(threshold, lowest_mean(threshold, evidence, at_most));
    case PROOF_SHARE:
        return at_most > 0 && !threshold_kept(threshold, highest_share(evidence, at_most));
    case PROOF_NONE:
        break;
    }
    return false;
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
