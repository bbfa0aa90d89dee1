/* What one worker writes down while it runs. One writer, no locks; merged after the join.
 *
 * Knows requests and connections only as events with times; all times are monotonic ns. Requests
 * belong to the warm-up or to the measured part of the run by the time they were due; those of the
 * warm-up are counted and kept out of every figure. */
#ifndef WSLOAD_STATS_RECORDER_H
#define WSLOAD_STATS_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "wsload/base/text.h"
#include "wsload/stats/failures.h"
#include "wsload/stats/histogram.h"
#include "wsload/stats/timeline.h"

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
    char prompt[SAMPLE_SIZE]; /* valid UTF-8 */
    char reply[SAMPLE_SIZE];
};

struct connection_counts {
    uint64_t opened;           /* connections opened for the first time; every one with
                                  --connection-per-request */
    uint64_t reopened;         /* connections opened again after a break */
    uint64_t rotated;          /* opened again in place of one that was old enough */
    uint64_t failed;           /* attempts that did not open */
    uint64_t closed_by_server; /* open ones that the server closed, reset or just ended */
    uint64_t open_at_end;      /* when sending was over */
};

/* The phases of opening a connection, each with a histogram; metrics.h has their names. */
enum connect_phase {
    CONNECT_DNS, /* name resolution, once per run */
    CONNECT_TCP,
    CONNECT_TLS,
    CONNECT_UPGRADE, /* request sent to 101 */
    CONNECT_TOTAL,   /* from the start of the attempt to open */
    CONNECT_PHASE_COUNT
};

/* How long each phase of one opening took, ns; CLOCK_NEVER for a phase that there was not. */
struct connect_times {
    uint64_t ns[CONNECT_PHASE_COUNT];
};

/* What became of the requests. In every run planned = started + skipped and started = ok + failed +
 * unanswered, where started = sent + unsent: see results_conserved(). */
struct accounting {
    uint64_t planned;    /* came due, or were taken from the schedule */
    uint64_t skipped;    /* never started: the queue was full, or the run ended before */
    uint64_t sent;       /* handed to an open connection */
    uint64_t unsent;     /* failed before they were sent: their connection did not open */
    uint64_t ok;         /* got a good reply */
    uint64_t failed;     /* ended without one */
    uint64_t unanswered; /* sent, and given up at the end of the run */
};

/* Messages of the whole run, warm-up included, steps and keep-alives, too; no control frames. */
struct traffic {
    uint64_t sent_messages;
    uint64_t sent_bytes;
    uint64_t sent_units; /* as billed, see gateway_units() */
    uint64_t received_messages;
    uint64_t received_bytes;
    uint64_t received_units;
    uint64_t connected_ns; /* how long connections were open, added up */
};

/* The most that a request's times may be for it to count as good; CLOCK_NEVER: no limit. */
struct service_levels {
    bool any; /* a limit is given, and requests have times; else there is no goodput */
    uint64_t latency_ns;
    uint64_t response_ns;
    uint64_t ttfm_ns;
    uint64_t tpom_ns;
};

struct recorder_setup {
    bool open_model; /* response time and send lag are written down, too */
    bool stream;     /* replies are streams: their parts are written down, too */
    bool one_way;    /* no reply is expected: requests have no latency */
    struct service_levels levels;
    uint64_t start_ns; /* when the measured part begins; before that is warm-up */
    uint64_t end_ns;   /* when it ends and draining begins; CLOCK_NEVER: with the last request */
};

/* The functions below count requests that ended, connections that opened, and failures. What has no
 * function here (the other accounts and counts) the worker counts itself at the moment it happens,
 * so that the sums can be checked. */
struct recorder {
    struct recorder_setup setup;
    struct accounting measured;
    struct accounting warmup;
    uint64_t drained;   /* measured requests that ended at or after setup.end_ns */
    uint64_t sent_late; /* measured requests that were sent at or after setup.end_ns */
    uint64_t waited;    /* measured requests that were sent, and had found no connection free */

    struct histogram latency;        /* sent to done, of requests that went well */
    struct histogram response_time;  /* due to done, likewise; empty in a closed run */
    struct histogram send_lag;       /* due to sent, of all that were sent; empty in a closed run */
    struct histogram pacing_lag;     /* the same of those that found a connection free: what the
                                        generator alone is late */
    struct histogram loop_lag;       /* how late the loop's own timers came */
    struct histogram ttfm;           /* sent to first message, of requests that went well */
    struct histogram gap;            /* between messages of one reply, as they come: also of replies
                                        that fail later */
    struct histogram tpom;           /* (done - first) / (messages - 1), of requests that went well
                                        with two messages or more */
    struct histogram reply_messages; /* counts, not times */
    struct histogram reply_bytes;    /* likewise */
    struct histogram connect[CONNECT_PHASE_COUNT];
    struct histogram lifetime; /* of connections that the server ended, from open to lost */

    struct histogram second; /* latency, in an open run response time, of the second under way */
    uint64_t second_number;
    uint64_t second_end_ns; /* CLOCK_NEVER until recorder_start() */
    uint64_t second_done;
    uint64_t second_failed;
    uint64_t previous_p95_ns; /* of the second before; 0 when it had no times */
    struct timeline timeline;

    struct failures failures;
    struct connection_counts connections;
    struct sample samples[SAMPLE_COUNT]; /* the measured requests of lowest number, in order */
    uint64_t keepalives;                 /* messages sent to keep idle connections up */
    uint64_t unsolicited;                /* messages that belong to no request */
    uint64_t late;                       /* messages behind the end of their reply */
    uint64_t ignored;                    /* messages that --ignore leaves out */
    uint64_t good;                       /* measured requests within the service levels that ended
                                            before setup.end_ns */
    struct traffic traffic;
    uint64_t last_done_ns; /* end of the last measured request that ended; 0 when none did */
};

/* One request that ended. */
struct request_outcome {
    uint64_t seq; /* number in the run, from 0 */
    uint64_t due_ns;
    uint64_t sent_ns;  /* 0 when it was never sent */
    uint64_t first_ns; /* of its reply's first message; 0 when there was none */
    uint64_t done_ns;
    uint64_t messages;             /* of its reply */
    uint64_t bytes;                /* likewise */
    const struct failure *failure; /* NULL when it went well */
    struct text prompt;
    struct text reply; /* data NULL when there was none */
};

/* Empties it; until recorder_start() it takes all for measured, in a closed run. Must be called
 * before anything else; with recorder_free() at the end. 0, or -1 when memory is out. */
int recorder_init(struct recorder *recorder);
void recorder_free(struct recorder *recorder);

/* The run's clock starts: what is due from SETUP->start_ns on is measured. */
void recorder_start(struct recorder *recorder, const struct recorder_setup *setup);

/* The account that a request due at DUE_NS belongs to. */
struct accounting *recorder_account(struct recorder *recorder, uint64_t due_ns);

/* A request due at DUE_NS was sent at SENT_NS: counts it, and its lags in an open run; WAITED when
 * no connection had been free for it. */
void recorder_request_sent(struct recorder *recorder, uint64_t due_ns, uint64_t sent_ns,
                           bool waited);

/* Writes down the end of one request. Allocates nothing. One record per request and histogram: in a
 * closed run the latency goes into `second` only, and from there into `latency`. */
void recorder_request_done(struct recorder *recorder, const struct request_outcome *outcome);

/* Writes down a gap between two messages of one reply, to a request due at DUE_NS; nothing unless
 * replies are streams. */
void recorder_gap(struct recorder *recorder, uint64_t due_ns, uint64_t gap_ns);

/* Whether the text of a reply to request SEQ, due at DUE_NS, would be kept as a sample if it ended
 * now. */
bool recorder_wants_sample(const struct recorder *recorder, uint64_t seq, uint64_t due_ns);

/* Counts a message of BYTES. */
void recorder_message_sent(struct recorder *recorder, uint64_t bytes);
void recorder_message_received(struct recorder *recorder, uint64_t bytes);

/* What a connection is when it opens. */
enum opening { OPENING_FIRST, OPENING_AGAIN, OPENING_ROTATED };

/* Writes down that a connection opened. */
void recorder_connection_opened(struct recorder *recorder, const struct connect_times *times,
                                enum opening opening);

/* Writes down a failure of a connection that had no request. */
void recorder_connection_failed(struct recorder *recorder, const struct failure *failure);

/* Closes the seconds of the timeline that are over at NOW_NS, with the gauges as they stand. To be
 * called a few times a second; costs something only when a second is over. */
void recorder_tick(struct recorder *recorder, uint64_t now_ns, uint64_t in_flight, uint64_t open);

/* Closes the last second, even if it is not over: it makes a row if a request ended in it. Nothing
 * is recorded afterwards. */
void recorder_finish(struct recorder *recorder, uint64_t now_ns, uint64_t in_flight, uint64_t open);

/* The 95th percentile of the second under way, ns, or of the one before while that is empty; 0 when
 * there is none. */
uint64_t recorder_recent_p95_ns(const struct recorder *recorder);

/* Adds what OTHER wrote down, when both are finished, and takes its setup, which but for its times
 * all workers of a run share. The order of merging matters only where failures_merge() says so. */
void recorder_merge(struct recorder *recorder, const struct recorder *other);

#endif
