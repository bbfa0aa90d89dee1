/* A recorder that gets the requests of a run, for the tests of its modules. */
#ifndef WSLOAD_TESTS_RECORDING_H
#define WSLOAD_TESTS_RECORDING_H

#include "measuring.h"

#include "wsload/stats/recorder.h"

#define START_NS (500 * NS_PER_S)
#define EPOCH_NS (1700000000 * NS_PER_S) /* the wall clock when the monotonic one was at 0 */

/* 10 s of measuring from START_NS on. */
static inline void begin(struct recorder *into, bool open_model)
{
    into->seen->load.model = open_model ? LOAD_OPEN : LOAD_CLOSED;
    recorder_start(into, START_NS, START_NS + 10 * NS_PER_S, EPOCH_NS);
}

/* The times of a request after START_NS; one that was never sent has sent_ns 0. */
struct moments {
    uint64_t due_ns, sent_ns, done_ns;
};

static inline void end_request(struct recorder *into, uint64_t seq, struct moments moments,
                               const struct failure *failure)
{
    struct request_outcome outcome = {
        .seq = seq,
        .due_ns = START_NS + moments.due_ns,
        .sent_ns = moments.sent_ns > 0 ? START_NS + moments.sent_ns : 0,
        .done_ns = START_NS + moments.done_ns,
        .failure = failure,
        .prompt = text_of("hello"),
    };
    if (!failure)
        outcome.reply = text_of("world");
    if (outcome.sent_ns > 0)
        recorder_request_sent(into, outcome.due_ns, outcome.sent_ns, false);
    recorder_request_done(into, &outcome);
}

static inline void succeed(struct recorder *into, uint64_t seq, struct moments moments)
{
    end_request(into, seq, moments, NULL);
}

static inline void fail_request(struct recorder *into, uint64_t seq, struct moments moments)
{
    struct failure failure = {FAILURE_CLOSED, "1011", text_of("why")};
    end_request(into, seq, moments, &failure);
}

/* --- What was written down --- */

static inline uint64_t counted(const struct recorder *recorder, enum counter id)
{
    return recorder->seen->counts[id];
}

static inline const struct histogram *distribution(const struct recorder *recorder,
                                                   enum distribution id)
{
    return &recorder->seen->distributions[id];
}

/* Seconds of the timeline that are over; one more is under way. */
static inline uint64_t seconds_over(const struct recorder *recorder)
{
    return recorder->seen->timeline.count - 1;
}

#endif
