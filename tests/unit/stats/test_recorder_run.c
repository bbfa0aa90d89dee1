#include "testing.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include "wsload/base/random.h"

#include "allocations.h"
#include "recording.h"

#define REQUESTS 100000

static const struct load load = {.model = LOAD_OPEN, .shards = 1};
static struct recorder *recorder;
static struct recorder *parts[4]; /* of as many workers */

static int start(void **state)
{
    (void)state;
    recorder = recorder_new(&load);
    bool all = recorder;
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        parts[i] = recorder_new(&load);
        all = all && parts[i];
    }
    return all ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    recorder_free(recorder);
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
        recorder_free(parts[i]);
    return 0;
}

/* What a run of REQUESTS adds up to, counted apart from the recorder. */
struct expected {
    uint64_t ok, failed, unsent, drained;
    histogram_sum latency_ns, response_ns, lag_ns;
};

static void count_expected(struct expected *sums, struct moments moments, bool ok)
{
    if (ok) {
        sums->ok++;
        sums->latency_ns += moments.done_ns - moments.sent_ns;
        sums->response_ns += moments.done_ns - moments.due_ns;
    }
    sums->failed += !ok;
    sums->unsent += moments.sent_ns == 0;
    sums->drained += moments.done_ns >= 10 * NS_PER_S;
    if (moments.sent_ns > 0)
        sums->lag_ns += moments.sent_ns - moments.due_ns;
}

/* One request each 100 us, 10 s in all; every 7th fails, every 70th before it was sent. */
static void record_run(struct expected *sums)
{
    struct random random;
    random_init(&random, 17);
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
        begin(parts[i], true);
    for (uint64_t i = 0; i < REQUESTS; i++) {
        uint64_t due_ns = i * 100 * NS_PER_US;
        uint64_t sent_ns = due_ns + random_between(&random, 1, NS_PER_MS);
        uint64_t done_ns = sent_ns + random_between(&random, NS_PER_MS, NS_PER_S);
        struct moments moments = {due_ns, i % 70 == 0 ? 0 : sent_ns, done_ns};
        struct recorder *part = parts[random_between(&random, 0, ARRAY_LENGTH(parts) - 1)];
        bool ok = i % 7 != 0;
        if (ok)
            succeed(part, i, moments);
        else
            fail_request(part, i, moments);
        count_expected(sums, moments, ok);
        for (size_t j = 0; j < ARRAY_LENGTH(parts) && i % 1000 == 0; j++)
            recorder_tick(parts[j], START_NS + due_ns, j, 10 * j);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
        recorder_finish(parts[i], START_NS, i, 10 * i);
}

static void test_recorder_of_100000_requests_has_exact_sums(void **state)
{
    struct expected sums = {0};
    uint64_t done = 0;
    uint64_t failed = 0;
    (void)state;
    record_run(&sums);
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
        measurement_add(recorder->seen, parts[i]->seen);
    assert_int_equal(counted(recorder, COUNT_OK), sums.ok);
    assert_int_equal(counted(recorder, COUNT_FAILED), sums.failed);
    assert_int_equal(counted(recorder, COUNT_UNSENT), sums.unsent);
    assert_int_equal(counted(recorder, COUNT_SENT), REQUESTS - sums.unsent);
    assert_int_equal(counted(recorder, COUNT_OK) + counted(recorder, COUNT_FAILED), REQUESTS);
    assert_int_equal(failures_requests(&recorder->seen->failures), sums.failed);
    assert_int_equal(counted(recorder, COUNT_DRAINED), sums.drained);
    assert_int_equal(distribution(recorder, DIST_LATENCY)->count, sums.ok);
    assert_true(distribution(recorder, DIST_LATENCY)->sum == sums.latency_ns);
    assert_int_equal(distribution(recorder, DIST_RESPONSE_TIME)->count, sums.ok);
    assert_true(distribution(recorder, DIST_RESPONSE_TIME)->sum == sums.response_ns);
    assert_int_equal(distribution(recorder, DIST_SEND_LAG)->count, REQUESTS - sums.unsent);
    assert_true(distribution(recorder, DIST_SEND_LAG)->sum == sums.lag_ns);
    assert_int_equal(recorder->seen->timeline.count, 10);
    for (size_t i = 0; i < recorder->seen->timeline.count; i++) {
        done += recorder->seen->timeline.rows[i].done;
        failed += recorder->seen->timeline.rows[i].failed;
        assert_int_equal(recorder->seen->timeline.rows[i].open, 10 * (1 + 2 + 3));
    }
    assert_int_equal(done, REQUESTS);
    assert_int_equal(failed, sums.failed);
    for (size_t i = 0; i < SAMPLE_COUNT; i++)
        assert_true(recorder->seen->samples[i].present);
}

static void test_recorder_allocates_nothing_however_long_the_run(void **state)
{
    static const uint64_t run_s[] = {60, 600, 6000};
    for (size_t i = 0; i < ARRAY_LENGTH(run_s); i++) {
        end(state);
        assert_int_equal(start(state), 0);
        begin(recorder, true);
        allocations = 0;
        for (uint64_t second = 0; second < run_s[i]; second++) {
            uint64_t now_ns = second * NS_PER_S;
            succeed(recorder, second, (struct moments){now_ns, now_ns + 1, now_ns + NS_PER_MS});
            fail_request(recorder, second, (struct moments){now_ns, 0, now_ns + NS_PER_MS});
            recorder_tick(recorder, START_NS + now_ns + NS_PER_S, 1, 1);
        }
        recorder_finish(recorder, START_NS, 0, 0);
        assert_int_equal(allocations, 0);
        assert_int_equal(distribution(recorder, DIST_RESPONSE_TIME)->count, run_s[i]);
        assert_true(recorder->seen->timeline.count <= TIMELINE_ROWS_MAX);
    }
}

/* The pages of MEASUREMENT that are in memory. */
static size_t touched_pages(const struct measurement *measurement)
{
    static unsigned char resident[1 << 16];
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = (uintptr_t)measurement / page * page;
    size_t bytes = (uintptr_t)(measurement + 1) - first;
    size_t pages = (bytes + page - 1) / page;
    size_t touched = 0;
    assert_true(pages <= sizeof(resident));
    assert_int_equal(mincore((void *)first, bytes, resident), 0);
    for (size_t i = 0; i < pages; i++)
        touched += resident[i] & 1;
    return touched;
}

/* There is one for each worker, and some runs are short. */
static void test_recorder_new_leaves_its_megabytes_untouched(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* their allocators write to what they give */
#endif
    size_t pages = sizeof(struct measurement) / (size_t)sysconf(_SC_PAGESIZE);
    mallopt(M_MMAP_THRESHOLD, 1 << 20); /* fresh pages, whatever was freed before */
    struct recorder *fresh = recorder_new(&load);
    assert_true(pages > 1000);
    assert_in_range(touched_pages(fresh->seen), 1, pages / 10);
    recorder_free(fresh);
}

static void test_recorder_free_takes_nothing(void **state)
{
    (void)state;
    recorder_free(NULL);
    measurement_free(NULL);
}

TEST_GROUP(recorder_run)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(test_recorder_of_100000_requests_has_exact_sums),
        TEST(test_recorder_allocates_nothing_however_long_the_run),
        cmocka_unit_test(test_recorder_new_leaves_its_megabytes_untouched),
        cmocka_unit_test(test_recorder_free_takes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
