/* A figure by its name, as thresholds ask for it: METRIC, METRIC:STAT or METRIC{kind=KIND}.
 *
 *     latency:p(95)   connect.tls:avg   success_rate   errors{kind=reply_timeout}   errors:rate
 *
 * The metrics and what they mean stand in the catalogue (stats/metrics.h). One with a distribution
 * takes avg, med, min, max, p(N) or pN, stddev, count and rate, and must have one of them; a
 * counter takes count (the default) and rate, any other none. Only `errors` takes a kind, see
 * failure.h. */
#ifndef WSLOAD_JUDGE_SELECTOR_H
#define WSLOAD_JUDGE_SELECTOR_H

#include <stdbool.h>

#include "wsload/base/error.h"
#include "wsload/protocol/failure.h"
#include "wsload/stats/metrics.h"

#define SELECTOR_SIZE 96

enum statistic {
    STAT_VALUE, /* of a metric that is one number */
    STAT_AVG,
    STAT_MED,
    STAT_MIN,
    STAT_MAX,
    STAT_PERCENTILE,
    STAT_STDDEV,
    STAT_COUNT,
    STAT_RATE /* count per second of the measured time */
};

struct selector {
    const struct metric *metric; /* static */
    enum statistic stat;
    double percent; /* of STAT_PERCENTILE, 0 to 100; of STAT_MED 50 */
    bool has_kind;
    enum failure_kind kind;   /* of errors{kind=...} */
    char text[SELECTOR_SIZE]; /* as it was asked for: "latency:p(95)" */
};

/* Reads TEXT, LENGTH bytes of it. -1 when there is no such metric (the error suggests the nearest),
 * statistic or kind. */
int selector_parse(const char *text, size_t length, struct selector *selector, struct error *error);

/* The unit of the figure. */
enum metric_unit selector_unit(const struct selector *selector);

/* Puts the figure into VALUE; false when there is none, as for the latency of no request. Also
 * while a worker runs. */
bool selector_get(const struct selector *selector, const struct measurement *measurement,
                  double *value);

/* What a person reads: "p95 latency", "average TLS handshake", "reply_timeout errors". Returns OUT.
 */
char *selector_label(const struct selector *selector, char out[SELECTOR_SIZE]);

#endif
