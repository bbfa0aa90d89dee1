#include "wsload/stats/recorder.h"

#include <string.h>

#include "wsload/stats/excerpt.h"

void recorder_init(struct recorder *recorder)
{
    memset(recorder, 0, sizeof(*recorder));
    histogram_reset(&recorder->latency);
    histogram_reset(&recorder->recent);
    histogram_reset(&recorder->connect);
}

static void keep_sample(struct recorder *recorder, const struct request_outcome *outcome)
{
    struct sample *sample = &recorder->samples[outcome->seq];
    sample->present = true;
    sample->ok = outcome->failure == NULL;
    if (sample->ok)
        sample->latency_ns = outcome->done_ns - outcome->sent_ns;
    else
        sample->failure = outcome->failure->kind;
    sample->has_reply = outcome->reply.data != NULL;
    excerpt_copy(outcome->prompt, SAMPLE_CHARACTERS, sample->prompt, sizeof(sample->prompt));
    excerpt_copy(outcome->reply, SAMPLE_CHARACTERS, sample->reply, sizeof(sample->reply));
}

void recorder_request_done(struct recorder *recorder, const struct request_outcome *outcome)
{
    if (outcome->failure == NULL) {
        uint64_t latency_ns = outcome->done_ns - outcome->sent_ns;
        recorder->ok++;
        histogram_record(&recorder->latency, latency_ns);
        histogram_record(&recorder->recent, latency_ns);
    } else {
        recorder->failed++;
        recorder->unsent += outcome->sent_ns == 0;
        failures_add(&recorder->failures, outcome->failure, 1);
    }
    if (outcome->done_ns > recorder->last_done_ns)
        recorder->last_done_ns = outcome->done_ns;
    if (outcome->seq < SAMPLE_COUNT)
        keep_sample(recorder, outcome);
}

void recorder_connection_opened(struct recorder *recorder, uint64_t duration_ns, bool again)
{
    if (again)
        recorder->connections.reopened++;
    else
        recorder->connections.opened++;
    histogram_record(&recorder->connect, duration_ns);
}

void recorder_connection_failed(struct recorder *recorder, const struct failure *failure)
{
    failures_add(&recorder->failures, failure, 0);
}

uint64_t recorder_take_recent_p95_ns(struct recorder *recorder)
{
    if (recorder->recent.count == 0)
        return 0;
    uint64_t p95_ns = histogram_percentile_ns(&recorder->recent, 95);
    histogram_reset(&recorder->recent);
    return p95_ns;
}

static void merge_counts(struct connection_counts *counts, const struct connection_counts *other)
{
    counts->opened += other->opened;
    counts->reopened += other->reopened;
    counts->failed += other->failed;
    counts->closed_by_server += other->closed_by_server;
}

void recorder_merge(struct recorder *recorder, const struct recorder *other)
{
    histogram_merge(&recorder->latency, &other->latency);
    histogram_merge(&recorder->connect, &other->connect);
    failures_merge(&recorder->failures, &other->failures);
    merge_counts(&recorder->connections, &other->connections);
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        if (other->samples[i].present)
            recorder->samples[i] = other->samples[i];
    }
    recorder->sent += other->sent;
    recorder->ok += other->ok;
    recorder->failed += other->failed;
    recorder->unsent += other->unsent;
    recorder->unanswered += other->unanswered;
    recorder->unsolicited += other->unsolicited;
    if (other->last_done_ns > recorder->last_done_ns)
        recorder->last_done_ns = other->last_done_ns;
}
