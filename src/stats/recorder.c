#include "wsload/stats/recorder.h"

#include <stdio.h>
#include <stdlib.h>

#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"
#include "wsload/protocol/gateway.h"

struct recorder *recorder_new(const struct load *load)
{
    struct recorder *recorder = calloc(1, sizeof(*recorder));
    if (!recorder)
        return NULL;
    recorder->seen = measurement_new(load);
    if (!recorder->seen) {
        free(recorder);
        return NULL;
    }
    recorder->end_ns = CLOCK_NEVER;
    recorder->row_end_ns = CLOCK_NEVER;
    recorder->row = timeline_row(&recorder->seen->timeline, 0);
    recorder->seen->timeline.count = 0; /* that one belongs to no second of the run */
    return recorder;
}

void recorder_free(struct recorder *recorder)
{
    if (recorder)
        measurement_free(recorder->seen);
    free(recorder);
}

void recorder_start(struct recorder *recorder, uint64_t start_ns, uint64_t end_ns,
                    uint64_t epoch_ns)
{
    recorder->start_ns = start_ns;
    recorder->end_ns = end_ns;
    recorder->seen->measured_unix_ms = (epoch_ns + start_ns) / NS_PER_MS;
    recorder->row_end_ns = start_ns + NS_PER_S;
    recorder->row_second = (epoch_ns + start_ns) / NS_PER_S;
    recorder->row = timeline_row(&recorder->seen->timeline, recorder->row_second);
}

/* --- Requests --- */

static bool is_measured(const struct recorder *recorder, uint64_t due_ns)
{
    return due_ns >= recorder->start_ns;
}

static bool is_open(const struct recorder *recorder)
{
    return recorder->seen->load.model == LOAD_OPEN;
}

static void add(struct recorder *recorder, enum distribution id, uint64_t value)
{
    histogram_record(&recorder->seen->distributions[id], value);
}

void recorder_request_sent(struct recorder *recorder, uint64_t due_ns, uint64_t sent_ns,
                           bool waited)
{
    recorder_count_request(recorder, COUNT_SENT, due_ns);
    if (!is_measured(recorder, due_ns))
        return;
    if (sent_ns >= recorder->end_ns)
        recorder_count(recorder, COUNT_SENT_LATE);
    if (waited)
        recorder_count(recorder, COUNT_WAITED);
    if (!is_open(recorder))
        return;
    add(recorder, DIST_SEND_LAG, sent_ns - due_ns);
    if (!waited)
        add(recorder, DIST_PACING_LAG, sent_ns - due_ns);
}

void recorder_keep_sent(struct recorder *recorder, uint64_t seq, struct text text)
{
    struct sent_message *place = &recorder->sent[SAMPLE_COUNT - 1];
    for (; place > recorder->sent && (!place[-1].present || place[-1].seq > seq); place--)
        *place = place[-1];
    *place = (struct sent_message){.present = true, .seq = seq};
    excerpt_copy(text, SAMPLE_CHARACTERS, place->text, sizeof(place->text));
}

/* The message that was sent for request SEQ; "" when it is not known. */
static const char *find_sent(const struct recorder *recorder, uint64_t seq)
{
    for (size_t i = 0; i < SAMPLE_COUNT; i++)
        if (recorder->sent[i].present && recorder->sent[i].seq == seq)
            return recorder->sent[i].text;
    return "";
}

static void keep_sample(struct recorder *recorder, const struct request_outcome *outcome)
{
    struct sample sample = {.present = true, .seq = outcome->seq, .ok = !outcome->failure};
    if (sample.ok)
        sample.latency_ns = outcome->done_ns - outcome->sent_ns;
    else
        sample.failure = outcome->failure->kind;
    sample.has_reply = outcome->reply.data;
    excerpt_copy(outcome->prompt, SAMPLE_CHARACTERS, sample.prompt, sizeof(sample.prompt));
    snprintf(sample.sent, sizeof(sample.sent), "%s", find_sent(recorder, outcome->seq));
    excerpt_copy(outcome->reply, SAMPLE_CHARACTERS, sample.reply, sizeof(sample.reply));
    measurement_add_sample(recorder->seen, &sample);
}

/* Time to first message; CLOCK_NEVER of a reply that went well without one. */
static uint64_t ttfm_ns(const struct request_outcome *outcome)
{
    return outcome->first_ns > 0 ? outcome->first_ns - outcome->sent_ns : CLOCK_NEVER;
}

/* Time per output message; 0 of a reply that has nothing after its first one. */
static uint64_t tpom_ns(const struct request_outcome *outcome)
{
    if (outcome->messages < 2)
        return 0;
    return (outcome->done_ns - outcome->first_ns) / (outcome->messages - 1);
}

/* Whether OUTCOME would be good, had it been sent EARLIER_NS before. */
static bool is_good(const struct recorder *recorder, const struct request_outcome *outcome,
                    uint64_t response_ns, uint64_t earlier_ns)
{
    const uint64_t *limits_ns = recorder->seen->load.levels.ns;
    return outcome->done_ns - earlier_ns < recorder->end_ns &&
           outcome->done_ns - outcome->sent_ns <= limits_ns[LEVEL_LATENCY] &&
           response_ns - earlier_ns <= limits_ns[LEVEL_RESPONSE] &&
           ttfm_ns(outcome) <= limits_ns[LEVEL_TTFM] && tpom_ns(outcome) <= limits_ns[LEVEL_TPOM];
}

static void count_good(struct recorder *recorder, const struct request_outcome *outcome,
                       uint64_t response_ns)
{
    if (is_good(recorder, outcome, response_ns, 0))
        recorder_count(recorder, COUNT_GOOD);
    if (is_open(recorder) && is_good(recorder, outcome, response_ns, outcome->late_ns))
        recorder_count(recorder, COUNT_UNDELAYED_GOOD);
}

static void record_stream(struct recorder *recorder, const struct request_outcome *outcome)
{
    add(recorder, DIST_REPLY_MESSAGES, outcome->messages);
    if (outcome->first_ns > 0)
        add(recorder, DIST_TTFM, ttfm_ns(outcome));
    if (outcome->messages >= 2)
        add(recorder, DIST_TPOM, tpom_ns(outcome));
}

/* A request that went well, and was answered. */
static void record_reply(struct recorder *recorder, const struct request_outcome *outcome)
{
    const struct load *load = &recorder->seen->load;
    uint64_t latency_ns = outcome->done_ns - outcome->sent_ns;
    uint64_t response_ns = latency_ns;
    add(recorder, DIST_LATENCY, latency_ns);
    if (is_open(recorder)) {
        response_ns = outcome->done_ns - outcome->due_ns;
        add(recorder, DIST_RESPONSE_TIME, response_ns);
        add(recorder, DIST_UNDELAYED, response_ns - outcome->late_ns);
    }
    timeline_count(recorder->row, response_ns);
    add(recorder, DIST_REPLY_BYTES, outcome->bytes);
    if (load->reply == REPLY_STREAM)
        record_stream(recorder, outcome);
    if (load->levels.any)
        count_good(recorder, outcome, response_ns);
}

void recorder_request_done(struct recorder *recorder, const struct request_outcome *outcome)
{
    recorder_count_request(recorder, outcome->failure ? COUNT_FAILED : COUNT_OK, outcome->due_ns);
    if (outcome->failure && outcome->sent_ns == 0)
        recorder_count_request(recorder, COUNT_UNSENT, outcome->due_ns);
    if (!is_measured(recorder, outcome->due_ns))
        return;
    recorder->row->done++;
    if (outcome->failure) {
        recorder->row->failed++;
        failures_add(&recorder->seen->failures, outcome->failure, 1);
    } else if (recorder->seen->load.reply != REPLY_NONE) {
        record_reply(recorder, outcome);
    }
    if (outcome->done_ns >= recorder->end_ns)
        recorder_count(recorder, COUNT_DRAINED);
    recorder->last_ns = u64_max(recorder->last_ns, outcome->done_ns);
    if (recorder_wants_sample(recorder, outcome->seq, outcome->due_ns))
        keep_sample(recorder, outcome);
}

/* --- Messages --- */

void recorder_gap(struct recorder *recorder, uint64_t due_ns, uint64_t gap_ns)
{
    if (recorder->seen->load.reply == REPLY_STREAM && is_measured(recorder, due_ns))
        add(recorder, DIST_GAP, gap_ns);
}

void recorder_message_sent(struct recorder *recorder, uint64_t bytes)
{
    uint64_t *counts = recorder->seen->counts;
    counts[COUNT_SENT_MESSAGES]++;
    counts[COUNT_SENT_BYTES] += bytes;
    counts[COUNT_SENT_UNITS] += gateway_units(bytes);
}

void recorder_message_received(struct recorder *recorder, uint64_t bytes)
{
    uint64_t *counts = recorder->seen->counts;
    counts[COUNT_RECEIVED_MESSAGES]++;
    counts[COUNT_RECEIVED_BYTES] += bytes;
    counts[COUNT_RECEIVED_UNITS] += gateway_units(bytes);
}

void recorder_unasked(struct recorder *recorder, enum counter id, uint64_t since_ns, bool first)
{
    recorder_count(recorder, id);
    if (first)
        recorder_count(recorder, COUNT_UNASKED_CONNECTIONS);
    if (since_ns != CLOCK_NEVER)
        add(recorder, DIST_UNASKED, since_ns);
}

/* --- Connections --- */

void recorder_connection_opened(struct recorder *recorder, const struct connect_times *times,
                                enum opening opening)
{
    recorder_count(recorder, (enum counter)opening);
    for (unsigned i = 0; i < CONNECT_PHASE_COUNT; i++)
        if (times->ns[i] != CLOCK_NEVER)
            add(recorder, (enum distribution)(DIST_CONNECT + i), times->ns[i]);
}

_Static_assert(DIST_CONNECT_UPGRADE - DIST_CONNECT == CONNECT_UPGRADE,
               "a distribution for each phase, in their order");

void recorder_connection_failed(struct recorder *recorder, const struct failure *failure)
{
    failures_add(&recorder->seen->failures, failure, 0);
}

void recorder_connection_lost(struct recorder *recorder, uint64_t lifetime_ns)
{
    recorder_count(recorder, COUNT_CLOSED_BY_SERVER);
    add(recorder, DIST_LIFETIME, lifetime_ns);
}

void recorder_network(struct recorder *recorder, const struct network_seen *network)
{
    uint64_t *counts = recorder->seen->counts;
    if (network->rtt_ns > 0)
        add(recorder, DIST_RTT, network->rtt_ns);
    if (network->min_rtt_ns > 0)
        add(recorder, DIST_MIN_RTT, network->min_rtt_ns);
    counts[COUNT_RETRANSMITS] += network->retransmits;
    counts[COUNT_LOST_SEGMENTS] += network->lost;
    counts[COUNT_OUT_OF_ORDER] += network->out_of_order;
}

/* --- Seconds --- */

/* What ended between a second's end and the tick, the few milliseconds that ticks are apart, falls
 * into that second, so that a request need not look at it. */
void recorder_tick(struct recorder *recorder, uint64_t now_ns, uint64_t in_flight, uint64_t open)
{
    while (now_ns >= recorder->row_end_ns) {
        recorder->row->in_flight += in_flight;
        recorder->row->open += open;
        recorder->row_end_ns += NS_PER_S;
        recorder->row = timeline_row(&recorder->seen->timeline, ++recorder->row_second);
    }
}

static void note_times(struct recorder *recorder)
{
    uint64_t *counts = recorder->seen->counts;
    uint64_t end_ns = recorder->end_ns == CLOCK_NEVER ? recorder->last_ns : recorder->end_ns;
    if (recorder->start_ns == 0 || end_ns <= recorder->start_ns)
        return;
    counts[COUNT_TOTAL_TIME] = end_ns - recorder->start_ns;
    counts[COUNT_DRAIN_TIME] = u64_max(recorder->last_ns, end_ns) - end_ns;
}

void recorder_finish(struct recorder *recorder, uint64_t now_ns, uint64_t in_flight, uint64_t open)
{
    recorder_tick(recorder, now_ns, in_flight, open);
    if (recorder->row->done > 0) {
        recorder->row->in_flight += in_flight;
        recorder->row->open += open;
    } else {
        timeline_trim(&recorder->seen->timeline);
    }
    note_times(recorder);
}

uint64_t recorder_recent_p95_ns(const struct recorder *recorder)
{
    uint64_t p95_ns = timeline_percentile_ns(recorder->row, 95);
    if (p95_ns == 0 && recorder->row > recorder->seen->timeline.rows)
        p95_ns = timeline_percentile_ns(recorder->row - 1, 95);
    return p95_ns;
}
