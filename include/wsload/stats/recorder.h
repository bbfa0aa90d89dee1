/* What one worker writes down while it runs. One writer, no locks; merged after the join.
 *
 * Knows requests and connections only as events with times; all times are monotonic ns. */
#ifndef WSLOAD_STATS_RECORDER_H
#define WSLOAD_STATS_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "wsload/base/text.h"
#include "wsload/stats/failures.h"
#include "wsload/stats/histogram.h"

#define SAMPLE_COUNT      5    /* the first requests of the run are kept with their texts */
#define SAMPLE_CHARACTERS 500  /* their texts are cut here */
#define SAMPLE_SIZE       2048 /* 500 characters of at most 4 bytes, and a NUL */

struct sample {
    bool present;
    bool ok;
    uint64_t latency_ns;       /* of an ok one */
    enum failure_kind failure; /* of a failed one */
    bool has_reply;
    char prompt[SAMPLE_SIZE]; /* valid UTF-8 */
    char reply[SAMPLE_SIZE];
};

struct connection_counts {
    uint64_t opened;           /* connections opened for the first time; every one with
                                  --connection-per-request */
    uint64_t reopened;         /* connections opened again after a break */
    uint64_t failed;           /* attempts that did not open */
    uint64_t closed_by_server; /* open ones that the server closed, reset or just ended */
};

/* The functions below count requests that ended, connections that opened, and failures. What has no
 * function here (sent, unanswered, unsolicited and the rest of connections) the worker counts
 * itself at the moment it happens, so that the sums can be checked: sent + unsent = ok + failed +
 * unanswered. */
struct recorder {
    struct histogram latency; /* of requests that went well */
    struct histogram recent;  /* the same, since the last recorder_take_recent_p95_ns() */
    struct histogram connect; /* from the start of the attempt, of connections that opened */
    struct failures failures;
    struct connection_counts connections;
    struct sample samples[SAMPLE_COUNT];
    uint64_t sent; /* requests handed to a connection */
    uint64_t ok;
    uint64_t failed;
    uint64_t unsent;       /* those of the failed that never were sent */
    uint64_t unanswered;   /* sent, and given up when the run was interrupted */
    uint64_t unsolicited;  /* messages that no request waited for */
    uint64_t last_done_ns; /* end of the last request that ended; 0 when none did */
};

/* One request that ended. */
struct request_outcome {
    uint64_t seq;     /* number in the run, from 0 */
    uint64_t sent_ns; /* 0 when it was never sent */
    uint64_t done_ns;
    const struct failure *failure; /* NULL when it went well */
    struct text prompt;
    struct text reply; /* data NULL when there was none */
};

/* Empties it. Must be called before anything else. */
void recorder_init(struct recorder *recorder);

/* Writes down the end of one request. Allocates nothing. */
void recorder_request_done(struct recorder *recorder, const struct request_outcome *outcome);

/* Writes down that a connection opened, DURATION_NS after the attempt began; AGAIN when it had been
 * open before. */
void recorder_connection_opened(struct recorder *recorder, uint64_t duration_ns, bool again);

/* Writes down a failure of a connection that had no request. */
void recorder_connection_failed(struct recorder *recorder, const struct failure *failure);

/* The 95th percentile of the latencies since the last call, ns; 0 when there were none. */
uint64_t recorder_take_recent_p95_ns(struct recorder *recorder);

/* Adds what OTHER wrote down, but for what is recent. The order of merging matters only where
 * failures_merge() says so. */
void recorder_merge(struct recorder *recorder, const struct recorder *other);

#endif
