/* What one worker writes down while it runs. One writer, no locks; added up after the join.
 *
 * Knows requests and connections only as events with times; all times are monotonic ns. Requests
 * belong to the warm-up or to the measured part of the run by the time they were due; those of the
 * warm-up are counted and kept out of every figure. It fills a measurement and keeps beside it only
 * what the writing needs. */
#ifndef WSLOAD_STATS_RECORDER_H
#define WSLOAD_STATS_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "wsload/base/text.h"
#include "wsload/stats/measurement.h"

/* How long each phase of one opening took, ns, as the distributions from DIST_CONNECT on name them;
 * CLOCK_NEVER for a phase that there was not. */
enum connect_phase {
    CONNECT_TOTAL, /* from the start of the attempt to open */
    CONNECT_DNS,   /* name resolution, once per run */
    CONNECT_TCP,
    CONNECT_TLS,
    CONNECT_UPGRADE, /* request sent to 101 */
    CONNECT_PHASE_COUNT
};

struct connect_times {
    uint64_t ns[CONNECT_PHASE_COUNT];
};

/* What the kernel had seen of the network of one connection by its end. Round trips are in ns, 0
 * when none was seen; the rest are TCP segments. */
struct network_seen {
    uint64_t rtt_ns;     /* smoothed (RFC 6298) */
    uint64_t min_rtt_ns; /* the least of the last minutes */
    uint64_t retransmits;
    uint64_t lost;
    uint64_t out_of_order;
};

/* A message that was sent for a request that may become a sample. */
struct sent_message {
    bool present;
    uint64_t seq;
    char text[SAMPLE_SIZE]; /* valid UTF-8 */
};

struct recorder {
    struct measurement *seen;               /* owned */
    struct sent_message sent[SAMPLE_COUNT]; /* the measured requests of lowest number, in order */
    uint64_t start_ns;   /* when the measured part begins; before that is warm-up */
    uint64_t end_ns;     /* when it ends and draining begins; CLOCK_NEVER: with the last request */
    uint64_t last_ns;    /* end of the last measured request that ended; 0 when none did */
    uint64_t epoch_ns;   /* the wall clock when the monotonic one was at 0 */
    uint64_t row_end_ns; /* of the second under way; CLOCK_NEVER until recorder_start() */
    uint64_t row_second; /* its number since the epoch */
    struct timeline_row *row; /* in the timeline */
};

/* One request that ended. */
struct request_outcome {
    uint64_t seq; /* number in the run, from 0 */
    uint64_t due_ns;
    uint64_t late_ns;  /* of the time until it was sent, what wsload itself was late; open model */
    uint64_t sent_ns;  /* 0 when it was never sent */
    uint64_t first_ns; /* of its reply's first message; 0 when there was none */
    uint64_t done_ns;
    uint64_t messages;             /* of its reply */
    uint64_t bytes;                /* likewise */
    const struct failure *failure; /* NULL when it went well */
    struct text prompt;
    struct text reply; /* data NULL when there was none */
};

/* Makes an empty one for runs of LOAD; until recorder_start() it takes all for measured. NULL when
 * memory is out. */
struct recorder *recorder_new(const struct load *load);

/* NULL is fine. */
void recorder_free(struct recorder *recorder);

/* The run's clock starts: what is due from START_NS on is measured, and draining begins at END_NS.
 * EPOCH_NS is the same for all workers of a run. */
void recorder_start(struct recorder *recorder, uint64_t start_ns, uint64_t end_ns,
                    uint64_t epoch_ns);

/* Counts what has no function below at the moment it happens, so that the sums can be checked. */
static inline void recorder_count(struct recorder *recorder, enum counter id)
{
    recorder->seen->counts[id]++;
}

/* Counts a request due at DUE_NS in the account it belongs to; ID is one of the measured part:
 * COUNT_PLANNED, COUNT_SKIPPED, ... */
static inline void recorder_count_request(struct recorder *recorder, enum counter id,
                                          uint64_t due_ns)
{
    bool warmup = due_ns < recorder->start_ns;
    recorder->seen->counts[id + (warmup ? COUNT_WARMUP_PLANNED - COUNT_PLANNED : 0)]++;
}

/* A request due at DUE_NS was sent at SENT_NS: counts it, and its lags in an open run; WAITED when
 * no connection had been free for it. */
void recorder_request_sent(struct recorder *recorder, uint64_t due_ns, uint64_t sent_ns,
                           bool waited);

/* Writes down the end of one request. Allocates nothing. */
void recorder_request_done(struct recorder *recorder, const struct request_outcome *outcome);

/* Writes down a gap between two messages of one reply, to a request due at DUE_NS; nothing unless
 * replies are streams. */
void recorder_gap(struct recorder *recorder, uint64_t due_ns, uint64_t gap_ns);

/* Whether the text of a reply to request SEQ, due at DUE_NS, would be kept as a sample if it ended
 * now. */
static inline bool recorder_wants_sample(const struct recorder *recorder, uint64_t seq,
                                         uint64_t due_ns)
{
    const struct sample *last = &recorder->seen->samples[SAMPLE_COUNT - 1];
    return due_ns >= recorder->start_ns && (!last->present || last->seq >= seq);
}

/* Whether recorder_keep_sent() keeps the message of request SEQ, due at DUE_NS. */
static inline bool recorder_wants_sent(const struct recorder *recorder, uint64_t seq,
                                       uint64_t due_ns)
{
    const struct sent_message *last = &recorder->sent[SAMPLE_COUNT - 1];
    return recorder_wants_sample(recorder, seq, due_ns) && (!last->present || last->seq > seq);
}

/* Keeps TEXT as what is sent for request SEQ, until that is a sample; to be asked first. */
void recorder_keep_sent(struct recorder *recorder, uint64_t seq, struct text text);

/* Counts a message of BYTES. */
void recorder_message_sent(struct recorder *recorder, uint64_t bytes);
void recorder_message_received(struct recorder *recorder, uint64_t bytes);

/* Counts what gave a message its time: the kernel, or wsload's own reading. */
static inline void recorder_message_timed(struct recorder *recorder, bool stamped)
{
    recorder_count(recorder, stamped ? COUNT_STAMPED : COUNT_UNSTAMPED);
}

/* Writes down how long a message of the measured part lay in the socket, by the kernel's time. */
static inline void recorder_reply_wait(struct recorder *recorder, uint64_t wait_ns)
{
    histogram_record(&recorder->seen->distributions[DIST_REPLY_WAIT], wait_ns);
}

/* Counts a message that no request asked for: COUNT_LATE or COUNT_UNSOLICITED. It came SINCE_NS
 * after the last reply on its connection, CLOCK_NEVER when there was none, and is the FIRST of its
 * kind on it. */
void recorder_unasked(struct recorder *recorder, enum counter id, uint64_t since_ns, bool first);

/* What a connection is when it opens, by its counter. */
enum opening {
    OPENING_FIRST = COUNT_OPENED,
    OPENING_AGAIN = COUNT_REOPENED,
    OPENING_ROTATED = COUNT_ROTATED
};

/* Writes down that a connection opened. */
void recorder_connection_opened(struct recorder *recorder, const struct connect_times *times,
                                enum opening opening);

/* Writes down a failure of a connection that had no request. */
void recorder_connection_failed(struct recorder *recorder, const struct failure *failure);

/* Writes down that the server ended a connection that had been open for LIFETIME_NS. */
void recorder_connection_lost(struct recorder *recorder, uint64_t lifetime_ns);

/* Writes down what the network of a connection that has ended was like. */
void recorder_network(struct recorder *recorder, const struct network_seen *network);

/* Closes the seconds of the timeline that are over at NOW_NS, with the gauges as they stand. To be
 * called a few times a second; costs something only when a second is over. */
void recorder_tick(struct recorder *recorder, uint64_t now_ns, uint64_t in_flight, uint64_t open);

/* Closes the last second, even if it is not over: it makes a row if a request ended in it. Notes
 * how long measuring and draining took, to END_NS as it is by now or to the last request. Only
 * ends of connections are recorded afterwards. */
void recorder_finish(struct recorder *recorder, uint64_t now_ns, uint64_t in_flight, uint64_t open);

/* The 95th percentile of the row under way, ns, to 1.6 %, or of the one before while that is empty;
 * 0 when there is none. */
uint64_t recorder_recent_p95_ns(const struct recorder *recorder);

#endif
