/* A measurement: what was asked of a run and what was seen of it, without any judgement.
 *
 * Plain data: it points to nothing but its own timeline. Each worker fills one; the engine adds
 * them up; it can be written to a summary and read back without loss; and those of one load, from
 * shards or several machines, add up in the same way. Thresholds, validity and exit code are made
 * from it by the judge, and whatever people see is made from both. Times are monotonic ns or wall
 * time in ms, as said. */
#ifndef WSLOAD_STATS_MEASUREMENT_H
#define WSLOAD_STATS_MEASUREMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "wsload/base/error.h"
#include "wsload/load/load.h"
#include "wsload/stats/catalogue.h"
#include "wsload/stats/failures.h"
#include "wsload/stats/histogram.h"
#include "wsload/stats/timeline.h"
#include "wsload/stats/unasked.h"

#define SAMPLE_COUNT      5    /* the first measured requests are kept with their texts */
#define SAMPLE_CHARACTERS 500  /* their texts are cut here */
#define SAMPLE_SIZE       2048 /* 500 characters of at most 4 bytes, and a NUL */

struct sample {
    bool present;
    uint64_t seq; /* number of the request in the run */
    bool ok;
    uint64_t latency_ns;       /* of an ok one */
    enum failure_kind failure; /* of a failed one */
    bool has_reply;
    char prompt[SAMPLE_SIZE]; /* valid UTF-8, as all of them */
    char sent[SAMPLE_SIZE];   /* the message that was made of it; "": not known */
    char reply[SAMPLE_SIZE];
};

/* What the thread of a worker used of a core, from the beginning of the measured part to the end of
 * sending, and for 100 ms at least where the run lasts so long. Shares of that time, 0 to 1, in
 * steps of 1e-4. */
struct worker_use {
    double cpu;
    double wait; /* ready to run, and without a core: another program had it, or a quota ran out */
    uint64_t time_ns; /* 0: nothing was measured */
};

#define REMARKS_MAX        16
#define REMARK_SOURCE_SIZE 256
#define REMARK_CHECK_SIZE  24
#define REMARK_TEXT_SIZE   512

/* A doubt about one of the measurements that were added up. Its figures may have drowned in the
 * sum, so it is kept. Texts are valid UTF-8. */
struct remark {
    unsigned grade;                  /* enum validity_grade, see judge/verdict.h */
    char source[REMARK_SOURCE_SIZE]; /* the file */
    char check[REMARK_CHECK_SIZE];
    char text[REMARK_TEXT_SIZE];
};

#define ABORTED_BY_SIZE 128

struct measurement {
    struct load load;
    uint64_t parts;                   /* measurements in it, of load.shards each; a whole run: 1 */
    uint64_t started_unix_ms;         /* of the first attempt to open */
    uint64_t measured_unix_ms;        /* when the measured part began; 0: never */
    bool same_machine;                /* the target is on this machine */
    int signal;                       /* that ended it; 0: none did */
    bool record_failed;               /* the record could not be written */
    char aborted_by[ABORTED_BY_SIZE]; /* the name of the threshold that ended it; "": none did */
    uint64_t counts[COUNTER_COUNT];
    struct histogram distributions[DISTRIBUTION_COUNT];
    struct failures failures;
    struct unasked unasked;
    struct sample samples[SAMPLE_COUNT]; /* the measured requests of lowest number, in order */
    struct timeline timeline;            /* of response times; in a closed run of latencies */
    double cores;     /* that the processes may use, by affinity and quota, in steps of 1e-4; 0: not
                         known */
    unsigned workers; /* in worker_use */
    struct worker_use worker_use[WORKERS_MAX]; /* the busiest first */
    struct remark remarks[REMARKS_MAX];        /* the worst first, then by file and check */
    size_t remark_count;
};

/* An empty one of LOAD, with one part; the caller's to free. NULL when memory is out. */
struct measurement *measurement_new(const struct load *load);

/* NULL is fine. */
void measurement_free(struct measurement *measurement);

/* Notes what one more worker used. */
void measurement_add_use(struct measurement *measurement, struct worker_use use);

/* Notes CORES more that may be used. */
void measurement_add_cores(struct measurement *measurement, double cores);

/* Keeps REMARK, if it is among the worst REMARKS_MAX. */
void measurement_add_remark(struct measurement *measurement, const struct remark *remark);

/* Keeps SAMPLE, if it is among the first SAMPLE_COUNT. */
void measurement_add_sample(struct measurement *measurement, const struct sample *sample);

/* Adds OTHER, of the same load. How a count adds up stands in its row of the catalogue. Counts add,
 * distributions merge, timelines are laid over each other by wall clock, maxima stay maxima; the
 * measured time goes from the first beginning to the last end. Any order of adding gives the same,
 * and so does adding sums. Only details of failures beyond FAILURES_MAX may differ by order, when
 * they were folded while a run went on. */
void measurement_add(struct measurement *measurement, const struct measurement *other);

/* Measured requests that ended, ok or failed, those that ended while draining included. */
uint64_t measurement_requests(const struct measurement *measurement);

/* Messages that no request asked for, late or unsolicited. */
uint64_t measurement_unasked(const struct measurement *measurement);

/* COUNT per second of the measured time; 0 when there was none. */
double measurement_per_s(const struct measurement *measurement, uint64_t count);

/* Failures counted of KIND, of requests and of connections that had none. */
uint64_t measurement_errors(const struct measurement *measurement, enum failure_kind kind);

/* The level of the load's stages (struct stages) over the measured time, on average. */
double measurement_mean_level(const struct measurement *measurement);

/* What all machines together were asked for, when each run was asked for TOTAL. */
double measurement_asked(const struct measurement *measurement, double total);

/* Whether the sums hold in the warm-up and in the measured part: planned = sent + unsent + skipped;
 * sent + unsent = ok + failed + unanswered; failed = the failures of all kinds that failed a
 * measured request; timeline = requests that ended, and no more than those drained. When one does
 * not, the broken sum is put into WHY (may be NULL). */
bool measurement_conserved(const struct measurement *measurement, struct error *why);

#endif
