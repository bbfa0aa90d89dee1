#include "worker_internal.h"

#define HEARTBEATS_PER_PUBLISH 10

static void publish(struct worker *worker, uint64_t now)
{
    const struct recorder *recorder = worker->recorder;
    const struct run_clock *clock = &worker->clock;
    const struct plan *plan = worker->plan;
    if (pthread_mutex_trylock(&worker->board_lock) != 0)
        return;
    struct snapshot *board = &worker->board;
    board->phase = clock->phase;
    board->elapsed_ns = now > clock->phase_ns ? now - clock->phase_ns : 0;
    board->connections = worker->slot_count;
    board->open = worker->open;
    board->open_failed = recorder->seen->counts[COUNT_OPEN_FAILED];
    board->planned = plan_share(plan->load.requests, worker->index, plan->load.workers);
    board->duration_ns = clock->phase == PHASE_WARMUP ? plan->load.warmup_ns
                                                      : plan->load.duration_ns;
    board->done = recorder->seen->counts[COUNT_OK] + recorder->seen->counts[COUNT_FAILED];
    board->failed = recorder->seen->counts[COUNT_FAILED];
    board->in_flight = worker->outstanding;
    board->quiet_ns = worker->outstanding > 0 && now > worker->heard_ns ? now - worker->heard_ns
                                                                        : 0;
    board->queued = source_waiting(&worker->source);
    board->skipped = recorder->seen->counts[COUNT_SKIPPED];
    board->recent_p95_ns = recorder_recent_p95_ns(recorder);
    if (thresholds_may_abort(worker->thresholds))
        thresholds_observe(worker->thresholds, recorder->seen, board->evidence);
    pthread_mutex_unlock(&worker->board_lock);
}

/* The worker's own lateness, taken where a message would have had to wait, too. While the worker
 * was late it could not look: the looks that it missed would have found it late by a heartbeat less
 * each, and are made up for (as HdrHistogram corrects for an expected interval). */
static void record_lag(struct histogram *loop_lag, uint64_t lag_ns)
{
    histogram_record(loop_lag, lag_ns);
    while (lag_ns > WORKER_HEARTBEAT_NS) {
        lag_ns -= WORKER_HEARTBEAT_NS;
        histogram_record(loop_lag, lag_ns);
    }
}

void worker_watch_core(struct worker *worker, bool last)
{
    struct thread_time used = clock_thread_time();
    uint64_t now = worker_now_ns(worker); /* of the two, the time is read last */
    if (last || core_watch_is_due(&worker->core_watch, now))
        core_watch_end(&worker->core_watch, now, used);
}

void worker_beat(struct worker *worker, uint64_t now)
{
    if (now < worker->heartbeat_ns)
        return;
    if (worker->clock.phase == PHASE_RUNNING && worker->heartbeats > 0)
        record_lag(&worker->recorder->seen->distributions[DIST_LOOP_LAG],
                   now - worker->heartbeat_ns);
    worker->heartbeat_ns = now + WORKER_HEARTBEAT_NS;
    if (worker->clock.phase == PHASE_DRAINING && worker->core_watch.watching)
        worker_watch_core(worker, false);
    if (worker->clock.phase < PHASE_LISTENING)
        recorder_tick(worker->recorder, now, worker->outstanding, worker->open);
    if (worker->heartbeats++ % HEARTBEATS_PER_PUBLISH == 0)
        publish(worker, now);
}
