#include "wsload/judge/snapshot.h"

#include "wsload/base/helpers.h"

/* The clocks of a phase say nothing about another one. */
static void add_phase(struct snapshot *snapshot, const struct snapshot *other)
{
    if (other->phase > snapshot->phase)
        return;
    if (other->phase < snapshot->phase) {
        snapshot->phase = other->phase;
        snapshot->elapsed_ns = 0;
        snapshot->duration_ns = 0;
    }
    snapshot->elapsed_ns = u64_max(snapshot->elapsed_ns, other->elapsed_ns);
    snapshot->duration_ns = u64_max(snapshot->duration_ns, other->duration_ns);
}

/* A worker with nothing in flight waits for no reply. */
static void add_quiet(struct snapshot *snapshot, const struct snapshot *other)
{
    if (snapshot->in_flight == 0)
        snapshot->quiet_ns = other->quiet_ns;
    else if (other->in_flight > 0)
        snapshot->quiet_ns = u64_min(snapshot->quiet_ns, other->quiet_ns);
}

void snapshot_add(struct snapshot *snapshot, const struct snapshot *other)
{
    add_phase(snapshot, other);
    add_quiet(snapshot, other);
    snapshot->connections += other->connections;
    snapshot->open += other->open;
    snapshot->open_failed += other->open_failed;
    snapshot->planned += other->planned;
    snapshot->done += other->done;
    snapshot->failed += other->failed;
    snapshot->in_flight += other->in_flight;
    snapshot->queued += other->queued;
    snapshot->skipped += other->skipped;
    snapshot->recent_p95_ns = u64_max(snapshot->recent_p95_ns, other->recent_p95_ns);
    for (size_t i = 0; i < THRESHOLDS_MAX; i++)
        evidence_add(&snapshot->evidence[i], &other->evidence[i]);
}
