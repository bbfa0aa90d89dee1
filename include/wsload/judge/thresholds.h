/* Thresholds: limits on figures that decide whether a run passed. */
#ifndef WSLOAD_JUDGE_THRESHOLDS_H
#define WSLOAD_JUDGE_THRESHOLDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/base/error.h"
#include "wsload/judge/selector.h"
#include "wsload/stats/histogram.h"
#include "wsload/stats/measurement.h"

#define THRESHOLDS_MAX      67 /* a list of options, and the three that have their own */
#define THRESHOLD_TEXT_SIZE 128

/* On which sides of its limit a value is kept. */
enum threshold_relation {
    THRESHOLD_EQUAL = 1, /* == */
    THRESHOLD_BELOW = 2, /* < */
    THRESHOLD_AT_MOST = THRESHOLD_BELOW | THRESHOLD_EQUAL,
    THRESHOLD_ABOVE = 4, /* > */
    THRESHOLD_AT_LEAST = THRESHOLD_ABOVE | THRESHOLD_EQUAL,
    THRESHOLD_NOT_EQUAL = THRESHOLD_BELOW | THRESHOLD_ABOVE
};

struct threshold {
    /* "max_latency", or what was asked for without its spaces; also in the JSON */
    char name[THRESHOLD_TEXT_SIZE];
    struct selector selector;
    enum threshold_relation relation;
    double limit; /* in the figure's unit: seconds, per second, percent, a count, bytes */
    bool abort;   /* ends the run as soon as it is sure to fail */
};

/* Whether its limit is an upper one, or a lower one; == and != are neither. */
static inline bool threshold_is_upper(const struct threshold *threshold)
{
    return (threshold->relation & THRESHOLD_NOT_EQUAL) == THRESHOLD_BELOW;
}
static inline bool threshold_is_lower(const struct threshold *threshold)
{
    return (threshold->relation & THRESHOLD_NOT_EQUAL) == THRESHOLD_ABOVE;
}

struct thresholds {
    struct threshold items[THRESHOLDS_MAX];
    size_t count;
};

/* Adds a threshold called NAME on the figure SELECTOR. -1 when there are THRESHOLDS_MAX or the
 * figure is unknown. */
int thresholds_add(struct thresholds *thresholds, const char *name, const char *selector,
                   enum threshold_relation relation, double limit);

/* Adds what TEXT asks for: "latency:p(95)<500ms", "errors{kind=closed} <= 3, abort". The value has
 * the unit of the figure: a duration with its unit, a percentage (with or without '%'), a rate, a
 * size or a number. -1 and an error that does not name the option. */
int thresholds_parse(struct thresholds *thresholds, const char *text, struct error *error);

/* Adds what a run of LOAD must keep when nobody asks for a threshold: a success rate of 95 %
 * where there are requests, and 95 % of the connections opened where they are to be
 * open before. They
 * are thresholds as any other, so that a summary has them and judges the same when it is read back;
 * only their names tell. */
void thresholds_add_defaults(struct thresholds *thresholds, const struct load *load);

/* Whether it is one of those. */
bool threshold_is_default(const struct threshold *threshold);

/* Whether VALUE is on the right side of the limit. */
bool threshold_kept(const struct threshold *threshold, double value);

/* The smallest sample, as histograms hold them, on the wrong side of an upper limit of a
 * distribution. The limit as a whole number is itself on one side or the other. */
uint64_t threshold_first_beyond(const struct threshold *threshold);

/* "<", "<=", ... as a threshold is written; and back: false when SIGN is none. */
const char *threshold_sign(enum threshold_relation relation);
bool threshold_relation_of(const char *sign, enum threshold_relation *relation);

/* The limits that the thresholds on a request's own times (latency, response_time, ttfm, tpom) put
 * on each single request, whatever time of them they name (avg, p(N) and so on; stddev is none):
 * the lowest upper limit of each. A limit that must be stayed below (<) is one nanosecond lower. */
struct service_levels thresholds_service_levels(const struct thresholds *thresholds);

/* --- While the run is under way: is a threshold with abort sure to fail? --- */

/* What one worker, or all of them, have seen so far of one threshold's figure. */
struct evidence {
    uint64_t count;    /* samples; requests that ended, for success_rate */
    uint64_t beyond;   /* samples on the wrong side of the limit (of an extreme, whether there is
                          one); failures, for success_rate; what was counted, for a count */
    histogram_sum sum; /* of the samples, in the unit of their histogram */
};

/* Whether any threshold asks for it. */
bool thresholds_may_abort(const struct thresholds *thresholds);

/* Whether it can ever be known during a run that THRESHOLD is sure to fail. It can for upper limits
 * (< <=) of a count, for which == is one as well, and of max, and for lower limits (> >=) of min;
 * when the number of requests to come is known (REQUESTS_KNOWN) also for upper limits of med, p(N)
 * and avg of what a request has one sample of, and for lower limits of success_rate. For anything
 * else, later requests can still mend what earlier ones broke, or the clock of the whole run
 * decides. */
bool threshold_can_abort(const struct threshold *threshold, bool requests_known);

/* Fills EVIDENCE[THRESHOLDS_MAX] for the thresholds with abort from what MEASUREMENT
 * has so far. */
void thresholds_observe(const struct thresholds *thresholds, const struct measurement *measurement,
                        struct evidence evidence[THRESHOLDS_MAX]);

/* Adds the evidence of another worker. */
void evidence_add(struct evidence *evidence, const struct evidence *other);

/* The first threshold with abort that is sure to fail whatever still happens, when at most TO_COME
 * requests (UINT64_MAX: unknown) have not ended yet; NULL when none is. It never speaks too soon:
 * whatever the rest of the run brings, judge() finds that threshold broken. And it
 * speaks as soon as that is so, but for a percentile's samples of several workers in the bucket of
 * the limit itself, and for limits of percentiles above HISTOGRAM_HIGHEST_NS. */
const struct threshold *thresholds_sure_to_fail(const struct thresholds *thresholds,
                                                const struct evidence evidence[THRESHOLDS_MAX],
                                                uint64_t to_come);

#endif
