#include "wsload/stats/measurement.h"

#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"
#include "wsload/stats/metrics.h"

/* What was asked is the same but for what may differ. Of two different loads, which only --force
 * adds up, the first in order is kept. */
static void add_load(struct load *load, const struct load *other)
{
    int order;
    load_difference(load, other, &order);
    struct load sum = order > 0 ? *other : *load;
    sum.workers = load->workers + other->workers;
    sum.seed = u64_min(load->seed, other->seed);
    sum.strict = load->strict || other->strict;
    sum.record = load->record || other->record;
    *load = sum;
}

/* The time that comes first, of those that are known. */
static uint64_t first_time(uint64_t a, uint64_t b)
{
    return a && b ? u64_min(a, b) : u64_max(a, b);
}

/* When measuring and draining ended, in ns since the epoch. */
static uint64_t measured_until(const struct measurement *measurement)
{
    return measurement->measured_unix_ms * NS_PER_MS + measurement->counts[COUNT_TOTAL_TIME];
}

static uint64_t drained_until(const struct measurement *measurement)
{
    return measured_until(measurement) + measurement->counts[COUNT_DRAIN_TIME];
}

/* Must see the counts of both as they were. */
static void add_times(struct measurement *measurement, const struct measurement *other)
{
    uint64_t measured_ns = u64_max(measured_until(measurement), measured_until(other));
    uint64_t drained_ns = u64_max(drained_until(measurement), drained_until(other));
    uint64_t start_ms = first_time(measurement->measured_unix_ms, other->measured_unix_ms);
    measurement->started_unix_ms = first_time(measurement->started_unix_ms, other->started_unix_ms);
    measurement->measured_unix_ms = start_ms;
    measurement->counts[COUNT_TOTAL_TIME] = measured_ns - start_ms * NS_PER_MS;
    measurement->counts[COUNT_DRAIN_TIME] = drained_ns - measured_ns;
}

static void add_counts(struct measurement *measurement, const struct measurement *other)
{
    for (size_t i = 0; i < COUNTER_COUNT; i++) {
        uint64_t *count = &measurement->counts[i];
        enum metric_adds adds = metric_of_counter((enum counter)i)->adds;
        if (adds == ADDS_AS_SUM)
            *count += other->counts[i];
        else if (adds == ADDS_AS_MAX) /* and not ADDS_AS_TIME, see add_times() */
            *count = u64_max(*count, other->counts[i]);
    }
}

/* The first name in order, so that the order of adding does not matter. */
static void add_end(struct measurement *measurement, const struct measurement *other)
{
    const char *name = other->aborted_by;
    if (name[0] && (!measurement->aborted_by[0] || strcmp(name, measurement->aborted_by) < 0))
        memcpy(measurement->aborted_by, name, sizeof(measurement->aborted_by));
    if (other->signal > measurement->signal)
        measurement->signal = other->signal;
    measurement->record_failed |= other->record_failed;
    measurement->same_machine |= other->same_machine;
}

void measurement_add(struct measurement *measurement, const struct measurement *other)
{
    add_load(&measurement->load, &other->load);
    measurement->parts += other->parts;
    add_times(measurement, other);
    add_counts(measurement, other);
    add_end(measurement, other);
    for (size_t i = 0; i < DISTRIBUTION_COUNT; i++)
        histogram_merge(&measurement->distributions[i], &other->distributions[i]);
    failures_merge(&measurement->failures, &other->failures);
    unasked_merge(&measurement->unasked, &other->unasked);
    timeline_merge(&measurement->timeline, &other->timeline);
    for (size_t i = 0; i < SAMPLE_COUNT && other->samples[i].present; i++)
        measurement_add_sample(measurement, &other->samples[i]);
    for (unsigned i = 0; i < other->workers; i++)
        measurement_add_use(measurement, other->worker_use[i]);
    measurement_add_cores(measurement, other->cores);
    for (size_t i = 0; i < other->remark_count; i++)
        measurement_add_remark(measurement, &other->remarks[i]);
}
