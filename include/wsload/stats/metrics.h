/* Metrics: the rows of the catalogue, found by name and asked for their figures.
 *
 * A metric is a counter, a distribution (which has statistics, see judge/selector.h) or one number.
 * Whether it is kept in a measurement or computed from one is the business of this module alone. It
 * compares names so that nobody else has to. */
#ifndef WSLOAD_STATS_METRICS_H
#define WSLOAD_STATS_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/load/load.h"
#include "wsload/protocol/failure.h"
#include "wsload/stats/catalogue.h"

struct histogram;
struct measurement;

enum metric_unit { METRIC_COUNT, METRIC_SECONDS, METRIC_PER_SECOND, METRIC_PERCENT, METRIC_BYTES };

enum metric_form { METRIC_COUNTER, METRIC_NUMBER, METRIC_DISTRIBUTION };

/* How a kept count of several workers, shards or runs becomes one. */
enum metric_adds { ADDS_AS_SUM, ADDS_AS_MAX, ADDS_AS_TIME /* see measurement_add() */ };

enum metric_better { BETTER_NEITHER, BETTER_LESS, BETTER_MORE };

/* What a run is; a metric may need some of it. */
enum run_kind {
    RUN_ANY = 1,
    RUN_TWO_WAY = 2, /* requests are answered */
    RUN_STREAM = 4,
    RUN_OPEN = 8,
    RUN_HOLD = 16
};

/* The line of the screen's report that shows a counter. */
enum metric_line {
    LINE_NONE,
    LINE_REQUESTS,
    LINE_RATE,
    LINE_REHEARSAL,
    LINE_WARMUP,
    LINE_MESSAGES,
    LINE_CONNECTIONS
};

struct metric {
    const char *path;        /* name, and place in the summary: "latency", "connect.tls" */
    const char *alias;       /* a shorter name that finds it, too; NULL: none */
    const char *label;       /* as people say: "latency", "TLS handshake", "success rate" */
    const char *short_label; /* as on a line or in the table of the screen; NULL: not there */
    enum metric_form form;
    enum metric_unit unit; /* of a distribution: of its samples */
    enum metric_adds adds;
    enum metric_better better;
    unsigned runs;  /* the enum run_kind that a run must be to have it; 0: any run */
    unsigned shown; /* a distribution: the runs whose table of times shows it; 0: none */
    enum metric_line line;
    bool always;            /* it stands on its line even if it is 0 */
    enum level level;       /* the limit on it that makes a request good; LEVEL_NONE */
    bool per_request;       /* a distribution to which a request adds one sample at most */
    bool share_of_requests; /* failed requests can only lower it */
    bool by_kind;           /* it takes {kind=KIND} */
    const char *meaning;    /* one sentence */
    /* A number or counter: puts it into VALUE, in `unit`; false when the run has none. */
    bool (*get)(const struct measurement *measurement, double *value);
    bool kept; /* in measurement.counts or .distributions, under `id` */
    unsigned id;
};

/* All metrics, in the order of the summary; COUNT gets how many. */
const struct metric *metrics_table(size_t *count);

/* The metric called NAME, LENGTH bytes of it, or NULL. */
const struct metric *metric_find(const char *name, size_t length);

/* The metric of a kept count or distribution, or of a computed number. */
const struct metric *metric_of_counter(enum counter id);
const struct metric *metric_of_distribution(enum distribution id);
const struct metric *metric_of_derived(enum derived id);

/* How much one UNIT is in a count or histogram: 1e9 for METRIC_SECONDS, else 1. */
double metric_scale(enum metric_unit unit);

/* The enum run_kind that runs of LOAD are, added up. */
unsigned metric_run_kinds(const struct load *load);

/* Whether runs of LOAD have METRIC. */
bool metric_is_of(const struct metric *metric, const struct load *load);

/* Which runs have METRIC, as in "only runs at a --rate have it"; NULL: all of them. */
const char *metric_runs(const struct metric *metric);

/* The figure of a counter or number, in its unit; false when there is none, as the success rate of
 * no requests. */
bool metric_value(const struct metric *metric, const struct measurement *measurement,
                  double *value);

/* The histogram of a distribution, in ns when the unit is METRIC_SECONDS and else in the unit
 * itself; NULL when such a run has none. Response time is latency in a closed run. Also while a
 * worker runs. */
const struct histogram *metric_histogram(const struct metric *metric,
                                         const struct measurement *measurement);

#endif
