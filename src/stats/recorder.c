#include "wsload/stats/recorder.h"

#include <stddef.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/protocol/gateway.h"
#include "wsload/stats/excerpt.h"

int recorder_init(struct recorder *recorder)
{
    memset(recorder, 0, sizeof(*recorder));
    recorder->setup.end_ns = CLOCK_NEVER;
    recorder->second_end_ns = CLOCK_NEVER;
    histogram_reset(&recorder->latency);
    histogram_reset(&recorder->response_time);
    histogram_reset(&recorder->send_lag);
    histogram_reset(&recorder->pacing_lag);
    histogram_reset(&recorder->loop_lag);
    histogram_reset(&recorder->ttfm);
    histogram_reset(&recorder->gap);
    histogram_reset(&recorder->tpom);
    histogram_reset(&recorder->reply_messages);
    histogram_reset(&recorder->reply_bytes);
    for (size_t i = 0; i < CONNECT_PHASE_COUNT; i++)
        histogram_reset(&recorder->connect[i]);
    histogram_reset(&recorder->lifetime);
    histogram_reset(&recorder->second);
    return timeline_init(&recorder->timeline);
}

void recorder_free(struct recorder *recorder)
{
    timeline_free(&recorder->timeline);
}

void recorder_start(struct recorder *recorder, const struct recorder_setup *setup)
{
    recorder->setup = *setup;
    recorder->setup.levels.any &= !setup->one_way;
    recorder->second_end_ns = setup->start_ns + TIMELINE_SECOND_NS;
}

/* --- Requests --- */

static bool is_measured(const struct recorder *recorder, uint64_t due_ns)
{
    return due_ns >= recorder->setup.start_ns;
}

struct accounting *recorder_account(struct recorder *recorder, uint64_t due_ns)
{
    return is_measured(recorder, due_ns) ? &recorder->measured : &recorder->warmup;
}

void recorder_request_sent(struct recorder *recorder, uint64_t due_ns, uint64_t sent_ns,
                           bool waited)
{
    recorder_account(recorder, due_ns)->sent++;
    if (!is_measured(recorder, due_ns))
        return;
    recorder->sent_late += sent_ns >= recorder->setup.end_ns;
    recorder->waited += waited;
    if (!recorder->setup.open_model)
        return;
    histogram_record(&recorder->send_lag, sent_ns - due_ns);
    if (!waited)
        histogram_record(&recorder->pacing_lag, sent_ns - due_ns);
}

/* False when SAMPLE_COUNT lower numbers than SEQ are kept already. */
static bool has_room_for_sample(const struct recorder *recorder, uint64_t seq)
{
    const struct sample *last = &recorder->samples[SAMPLE_COUNT - 1];
    return !last->present || last->seq >= seq;
}

bool recorder_wants_sample(const struct recorder *recorder, uint64_t seq, uint64_t due_ns)
{
    return is_measured(recorder, due_ns) && has_room_for_sample(recorder, seq);
}

/* Makes room among the samples, which are in order, for that of request SEQ; NULL when there is
 * none. */
static struct sample *place_sample(struct recorder *recorder, uint64_t seq)
{
    struct sample *samples = recorder->samples;
    size_t place = 0;
    if (!has_room_for_sample(recorder, seq))
        return NULL;
    while (samples[place].present && samples[place].seq < seq)
        place++;
    memmove(&samples[place + 1], &samples[place], (SAMPLE_COUNT - 1 - place) * sizeof(*samples));
    return &samples[place];
}

static void keep_sample(struct recorder *recorder, const struct request_outcome *outcome)
{
    struct sample *sample = place_sample(recorder, outcome->seq);
    if (!sample)
        return;
    sample->present = true;
    sample->seq = outcome->seq;
    sample->ok = outcome->failure == NULL;
    if (sample->ok)
        sample->latency_ns = outcome->done_ns - outcome->sent_ns;
    else
        sample->failure = outcome->failure->kind;
    sample->has_reply = outcome->reply.data != NULL;
    excerpt_copy(outcome->prompt, SAMPLE_CHARACTERS, sample->prompt, sizeof(sample->prompt));
    excerpt_copy(outcome->reply, SAMPLE_CHARACTERS, sample->reply, sizeof(sample->reply));
}

static void count_end(struct accounting *account, const struct request_outcome *outcome)
{
    if (outcome->failure == NULL) {
        account->ok++;
    } else {
        account->failed++;
        account->unsent += outcome->sent_ns == 0;
    }
}

/* Time to first message; CLOCK_NEVER of a reply that went well without one. */
static uint64_t ttfm_ns(const struct request_outcome *outcome)
{
    return outcome->first_ns > 0 ? outcome->first_ns - outcome->sent_ns : CLOCK_NEVER;
}

/* Time per output message; 0 of a reply that has nothing behind its first one. */
static uint64_t tpom_ns(const struct request_outcome *outcome)
{
    if (outcome->messages < 2)
        return 0;
    return (outcome->done_ns - outcome->first_ns) / (outcome->messages - 1);
}

static bool is_good(const struct recorder *recorder, const struct request_outcome *outcome)
{
    const struct service_levels *levels = &recorder->setup.levels;
    uint64_t latency_ns = outcome->done_ns - outcome->sent_ns;
    uint64_t due_to_done_ns = outcome->done_ns - outcome->due_ns;
    uint64_t response_ns = recorder->setup.open_model ? due_to_done_ns : latency_ns;
    return outcome->done_ns < recorder->setup.end_ns && latency_ns <= levels->latency_ns &&
           response_ns <= levels->response_ns && ttfm_ns(outcome) <= levels->ttfm_ns &&
           tpom_ns(outcome) <= levels->tpom_ns;
}

static void record_stream(struct recorder *recorder, const struct request_outcome *outcome)
{
    histogram_record(&recorder->reply_messages, outcome->messages);
    if (outcome->first_ns > 0)
        histogram_record(&recorder->ttfm, ttfm_ns(outcome));
    if (outcome->messages >= 2)
        histogram_record(&recorder->tpom, tpom_ns(outcome));
}

/* What `second` does not hold goes to its own histogram at once; see close_second(). */
static void record_times(struct recorder *recorder, const struct request_outcome *outcome)
{
    uint64_t latency_ns = outcome->done_ns - outcome->sent_ns;
    if (recorder->setup.open_model) {
        histogram_record(&recorder->latency, latency_ns);
        histogram_record(&recorder->second, outcome->done_ns - outcome->due_ns);
    } else {
        histogram_record(&recorder->second, latency_ns);
    }
}

/* A request that went well, and was answered. */
static void record_reply(struct recorder *recorder, const struct request_outcome *outcome)
{
    record_times(recorder, outcome);
    histogram_record(&recorder->reply_bytes, outcome->bytes);
    if (recorder->setup.stream)
        record_stream(recorder, outcome);
    if (recorder->setup.levels.any)
        recorder->good += is_good(recorder, outcome);
}

void recorder_request_done(struct recorder *recorder, const struct request_outcome *outcome)
{
    count_end(recorder_account(recorder, outcome->due_ns), outcome);
    if (!is_measured(recorder, outcome->due_ns))
        return;
    recorder->second_done++;
    if (outcome->failure != NULL) {
        recorder->second_failed++;
        failures_add(&recorder->failures, outcome->failure, 1);
    } else if (!recorder->setup.one_way) {
        record_reply(recorder, outcome);
    }
    recorder->drained += outcome->done_ns >= recorder->setup.end_ns;
    if (outcome->done_ns > recorder->last_done_ns)
        recorder->last_done_ns = outcome->done_ns;
    keep_sample(recorder, outcome);
}

/* --- Messages --- */

void recorder_gap(struct recorder *recorder, uint64_t due_ns, uint64_t gap_ns)
{
    if (recorder->setup.stream && is_measured(recorder, due_ns))
        histogram_record(&recorder->gap, gap_ns);
}

void recorder_message_sent(struct recorder *recorder, uint64_t bytes)
{
    recorder->traffic.sent_messages++;
    recorder->traffic.sent_bytes += bytes;
    recorder->traffic.sent_units += gateway_units(bytes);
}

void recorder_message_received(struct recorder *recorder, uint64_t bytes)
{
    recorder->traffic.received_messages++;
    recorder->traffic.received_bytes += bytes;
    recorder->traffic.received_units += gateway_units(bytes);
}

/* --- Connections --- */

static void count_opening(struct connection_counts *counts, enum opening opening)
{
    switch (opening) {
    case OPENING_FIRST:
        counts->opened++;
        break;
    case OPENING_AGAIN:
        counts->reopened++;
        break;
    case OPENING_ROTATED:
        counts->rotated++;
        break;
    }
}

void recorder_connection_opened(struct recorder *recorder, const struct connect_times *times,
                                enum opening opening)
{
    count_opening(&recorder->connections, opening);
    for (size_t i = 0; i < CONNECT_PHASE_COUNT; i++) {
        if (times->ns[i] != CLOCK_NEVER)
            histogram_record(&recorder->connect[i], times->ns[i]);
    }
}

void recorder_connection_failed(struct recorder *recorder, const struct failure *failure)
{
    failures_add(&recorder->failures, failure, 0);
}

/* --- Seconds --- */

/* Makes a row of the second under way, moves its times to where those of the run are, and begins
 * the next second. */
static void close_second(struct recorder *recorder, uint64_t in_flight, uint64_t open)
{
    bool open_model = recorder->setup.open_model;
    struct timeline_second second = {
        .number = recorder->second_number,
        .done = recorder->second_done,
        .failed = recorder->second_failed,
        .in_flight = in_flight,
        .open = open,
        .times = &recorder->second,
    };
    timeline_add(&recorder->timeline, &second);
    histogram_merge(open_model ? &recorder->response_time : &recorder->latency, &recorder->second);
    recorder->previous_p95_ns = histogram_percentile_ns(&recorder->second, 95);
    histogram_reset(&recorder->second);
    recorder->second_number++;
    recorder->second_end_ns += TIMELINE_SECOND_NS;
    recorder->second_done = 0;
    recorder->second_failed = 0;
}

/* What ended between a second's end and the tick, the few milliseconds that ticks are apart, falls
 * into that second, so that a request need not look at it. */
void recorder_tick(struct recorder *recorder, uint64_t now_ns, uint64_t in_flight, uint64_t open)
{
    while (now_ns >= recorder->second_end_ns)
        close_second(recorder, in_flight, open);
}

void recorder_finish(struct recorder *recorder, uint64_t now_ns, uint64_t in_flight, uint64_t open)
{
    recorder_tick(recorder, now_ns, in_flight, open);
    if (recorder->second_done > 0)
        close_second(recorder, in_flight, open);
}

uint64_t recorder_recent_p95_ns(const struct recorder *recorder)
{
    if (recorder->second.count == 0)
        return recorder->previous_p95_ns;
    return histogram_percentile_ns(&recorder->second, 95);
}

/* --- Merging --- */

static void merge_accounts(struct accounting *account, const struct accounting *other)
{
    account->planned += other->planned;
    account->skipped += other->skipped;
    account->sent += other->sent;
    account->unsent += other->unsent;
    account->ok += other->ok;
    account->failed += other->failed;
    account->unanswered += other->unanswered;
}

static void merge_counts(struct connection_counts *counts, const struct connection_counts *other)
{
    counts->opened += other->opened;
    counts->reopened += other->reopened;
    counts->rotated += other->rotated;
    counts->failed += other->failed;
    counts->closed_by_server += other->closed_by_server;
    counts->open_at_end += other->open_at_end;
}

static void merge_traffic(struct traffic *traffic, const struct traffic *other)
{
    traffic->sent_messages += other->sent_messages;
    traffic->sent_bytes += other->sent_bytes;
    traffic->sent_units += other->sent_units;
    traffic->received_messages += other->received_messages;
    traffic->received_bytes += other->received_bytes;
    traffic->received_units += other->received_units;
    traffic->connected_ns += other->connected_ns;
}

static void merge_histograms(struct recorder *recorder, const struct recorder *other)
{
    histogram_merge(&recorder->latency, &other->latency);
    histogram_merge(&recorder->response_time, &other->response_time);
    histogram_merge(&recorder->send_lag, &other->send_lag);
    histogram_merge(&recorder->pacing_lag, &other->pacing_lag);
    histogram_merge(&recorder->loop_lag, &other->loop_lag);
    histogram_merge(&recorder->ttfm, &other->ttfm);
    histogram_merge(&recorder->gap, &other->gap);
    histogram_merge(&recorder->tpom, &other->tpom);
    histogram_merge(&recorder->reply_messages, &other->reply_messages);
    histogram_merge(&recorder->reply_bytes, &other->reply_bytes);
    for (size_t i = 0; i < CONNECT_PHASE_COUNT; i++)
        histogram_merge(&recorder->connect[i], &other->connect[i]);
    histogram_merge(&recorder->lifetime, &other->lifetime);
}

static void merge_samples(struct recorder *recorder, const struct recorder *other)
{
    for (size_t i = 0; i < SAMPLE_COUNT && other->samples[i].present; i++) {
        struct sample *sample = place_sample(recorder, other->samples[i].seq);
        if (sample)
            *sample = other->samples[i];
    }
}

void recorder_merge(struct recorder *recorder, const struct recorder *other)
{
    recorder->setup = other->setup;
    merge_accounts(&recorder->measured, &other->measured);
    merge_accounts(&recorder->warmup, &other->warmup);
    merge_histograms(recorder, other);
    timeline_merge(&recorder->timeline, &other->timeline);
    failures_merge(&recorder->failures, &other->failures);
    merge_counts(&recorder->connections, &other->connections);
    merge_samples(recorder, other);
    merge_traffic(&recorder->traffic, &other->traffic);
    recorder->drained += other->drained;
    recorder->sent_late += other->sent_late;
    recorder->waited += other->waited;
    recorder->keepalives += other->keepalives;
    recorder->unsolicited += other->unsolicited;
    recorder->late += other->late;
    recorder->ignored += other->ignored;
    recorder->good += other->good;
    if (other->last_done_ns > recorder->last_done_ns)
        recorder->last_done_ns = other->last_done_ns;
}
