/* Short ways to fill and to compare measurements, for the tests of the rooms that read them. */
#ifndef WSLOAD_TESTS_MEASURING_H
#define WSLOAD_TESTS_MEASURING_H

#include "testing.h"

#include "wsload/base/clock.h"
#include "wsload/stats/measurement.h"

/* What became of requests, as the counters of an account stand. */
struct account {
    uint64_t planned, sent, unsent, skipped, ok, failed, unanswered;
};

/* Sets the account whose first counter is FIRST: COUNT_PLANNED or COUNT_WARMUP_PLANNED. */
static inline void set_account(struct measurement *measurement, enum counter first,
                               struct account account)
{
    uint64_t *counts = &measurement->counts[first];
    counts[COUNT_PLANNED] = account.planned;
    counts[COUNT_SENT] = account.sent;
    counts[COUNT_UNSENT] = account.unsent;
    counts[COUNT_SKIPPED] = account.skipped;
    counts[COUNT_OK] = account.ok;
    counts[COUNT_FAILED] = account.failed;
    counts[COUNT_UNANSWERED] = account.unanswered;
}

/* Sets the account of the measured part; the requests of it ended in one second. */
static inline void set_measured(struct measurement *measurement, struct account account)
{
    set_account(measurement, COUNT_PLANNED, account);
    measurement->timeline.count = 0;
    struct timeline_row *row = timeline_row(&measurement->timeline, 1000000);
    row->done = account.ok + account.failed;
    row->failed = account.failed;
}

/* Counts COUNT failures of KIND, each of which failed REQUESTS requests. */
static inline void count_failures(struct measurement *measurement, enum failure_kind kind,
                                  uint64_t count, unsigned requests)
{
    struct failure failure = {.kind = kind, .detail = ""};
    for (uint64_t i = 0; i < count; i++)
        failures_add(&measurement->failures, &failure, requests);
}

/* Makes HISTOGRAM one of COUNT samples of VALUE. */
static inline void refill(struct histogram *histogram, uint64_t count, uint64_t value)
{
    histogram_reset(histogram);
    for (uint64_t i = 0; i < count; i++)
        histogram_record(histogram, value);
}

/* --- Comparing --- */

/* Looks at the buckets between the smallest and the largest value only, for speed. */
static inline void assert_histograms_equal(const struct histogram *a, const struct histogram *b)
{
    assert_memory_equal(a, b, offsetof(struct histogram, buckets));
    if (a->count == 0)
        return;
    size_t first = histogram_bucket_of(a->min);
    size_t end = histogram_bucket_of(a->max) + 1;
    assert_memory_equal(&a->buckets[first], &b->buckets[first],
                        (end - first) * sizeof(a->buckets[0]));
}

static inline void assert_timelines_equal(const struct timeline *a, const struct timeline *b)
{
    assert_int_equal(a->count, b->count);
    if (a->count == 0)
        return;
    assert_int_equal(a->width_s, b->width_s);
    assert_int_equal(a->first, b->first);
    assert_memory_equal(a->rows, b->rows, a->count * sizeof(a->rows[0]));
}

/* Sorts the failures of both. */
static inline void assert_failures_equal(struct failures *a, struct failures *b)
{
    assert_int_equal(a->count, b->count);
    failures_sort(a);
    failures_sort(b);
    assert_memory_equal(a->classes, b->classes, a->count * sizeof(a->classes[0]));
}

/* Equal in every member, but for the order of failures. */
static inline void assert_measurements_equal(struct measurement *a, struct measurement *b)
{
    assert_memory_equal(&a->load, &b->load, sizeof(a->load));
    assert_int_equal(a->parts, b->parts);
    assert_int_equal(a->started_unix_ms, b->started_unix_ms);
    assert_int_equal(a->measured_unix_ms, b->measured_unix_ms);
    assert_int_equal(a->same_machine, b->same_machine);
    assert_int_equal(a->signal, b->signal);
    assert_int_equal(a->record_failed, b->record_failed);
    assert_string_equal(a->aborted_by, b->aborted_by);
    assert_memory_equal(a->counts, b->counts, sizeof(a->counts));
    for (size_t i = 0; i < DISTRIBUTION_COUNT; i++)
        assert_histograms_equal(&a->distributions[i], &b->distributions[i]);
    assert_failures_equal(&a->failures, &b->failures);
    assert_memory_equal(a->samples, b->samples, sizeof(a->samples));
    assert_timelines_equal(&a->timeline, &b->timeline);
    assert_int_equal(a->workers, b->workers);
    assert_true(a->cores == b->cores);
    assert_memory_equal(a->worker_use, b->worker_use, sizeof(a->worker_use));
    assert_int_equal(a->remark_count, b->remark_count);
    assert_memory_equal(a->remarks, b->remarks, sizeof(a->remarks));
}

#endif
