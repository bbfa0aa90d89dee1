#include "testing.h"

#include "wsload/base/random.h"

#include "allocations.h"
#include "recording.h"

#define REQUESTS 100000

static struct recorder recorder;
static struct recorder parts[4]; /* of as many workers */

static int start(void **state)
{
    (void)state;
    int result = recorder_init(&recorder);
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
        result |= recorder_init(&parts[i]);
    return result;
}

static int end(void **state)
{
    (void)state;
    recorder_free(&recorder);
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
        recorder_free(&parts[i]);
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
        begin(&parts[i], true);
    for (uint64_t i = 0; i < REQUESTS; i++) {
        uint64_t due_ns = i * 100 * NS_PER_US;
        uint64_t sent_ns = due_ns + random_between(&random, 1, NS_PER_MS);
        uint64_t done_ns = sent_ns + random_between(&random, NS_PER_MS, NS_PER_S);
        struct moments moments = {due_ns, i % 70 == 0 ? 0 : sent_ns, done_ns};
        struct recorder *part = &parts[random_between(&random, 0, ARRAY_LENGTH(parts) - 1)];
        bool ok = i % 7 != 0;
        if (ok)
            succeed(part, i, moments);
        else
            fail_request(part, i, moments);
        count_expected(sums, moments, ok);
        for (size_t j = 0; j < ARRAY_LENGTH(parts) && i % 1000 == 0; j++)
            recorder_tick(&parts[j], START_NS + due_ns, j, 10 * j);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
        recorder_finish(&parts[i], START_NS, i, 10 * i);
}

static void test_recorder_of_100000_requests_has_exact_sums(void **state)
{
    struct expected sums = {0};
    uint64_t done = 0;
    uint64_t failed = 0;
    (void)state;
    record_run(&sums);
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
        recorder_merge(&recorder, &parts[i]);
    assert_int_equal(recorder.measured.ok, sums.ok);
    assert_int_equal(recorder.measured.failed, sums.failed);
    assert_int_equal(recorder.measured.unsent, sums.unsent);
    assert_int_equal(recorder.measured.sent, REQUESTS - sums.unsent);
    assert_int_equal(recorder.measured.ok + recorder.measured.failed, REQUESTS);
    assert_int_equal(failures_requests(&recorder.failures), sums.failed);
    assert_int_equal(recorder.drained, sums.drained);
    assert_int_equal(recorder.latency.count, sums.ok);
    assert_true(recorder.latency.sum_ns == sums.latency_ns);
    assert_int_equal(recorder.response_time.count, sums.ok);
    assert_true(recorder.response_time.sum_ns == sums.response_ns);
    assert_int_equal(recorder.send_lag.count, REQUESTS - sums.unsent);
    assert_true(recorder.send_lag.sum_ns == sums.lag_ns);
    assert_int_equal(recorder.timeline.count, 10);
    for (size_t i = 0; i < recorder.timeline.count; i++) {
        done += recorder.timeline.rows[i].done;
        failed += recorder.timeline.rows[i].failed;
        assert_int_equal(recorder.timeline.rows[i].open, 10 * (1 + 2 + 3));
    }
    assert_int_equal(done, REQUESTS);
    assert_int_equal(failed, sums.failed);
    for (size_t i = 0; i < SAMPLE_COUNT; i++)
        assert_true(recorder.samples[i].present);
}

/* Puts into PART what only the worker writes down, each of its own size. */
static void write_down_the_rest(struct recorder *part, uint64_t number)
{
    static const struct connect_times times = {{CLOCK_NEVER, 100, 200, 300, 600}};
    recorder_connection_opened(part, &times, number % 2 == 0 ? OPENING_AGAIN : OPENING_FIRST);
    part->connections = (struct connection_counts){number,     number + 1, number + 2,
                                                   number + 3, number + 4, number + 5};
    part->measured.planned = 100 * number;
    part->measured.skipped = 10 * number;
    part->measured.unanswered = number;
    part->warmup = (struct accounting){number,     number + 1, number + 2, number + 3,
                                       number + 4, number + 5, number + 6};
    part->waited = 1000 + number;
    part->unsolicited = 2000 + number;
    part->sent_late = 5000 + number;
    part->keepalives = 6000 + number;
    part->late = 7000 + number;
    part->ignored = 8000 + number;
    part->good = 9000 + number;
    part->traffic = (struct traffic){number,     number + 1, number + 2, number + 3,
                                     number + 4, number + 5, number + 6};
    histogram_record(&part->ttfm, 100 + number);
    histogram_record(&part->gap, 200 + number);
    histogram_record(&part->tpom, 300 + number);
    histogram_record(&part->reply_messages, 400 + number);
    histogram_record(&part->loop_lag, 3000 + number);
    histogram_record(&part->lifetime, 4000 + number);
}

static void assert_histograms_equal(const struct recorder *a, const struct recorder *b)
{
    assert_memory_equal(&a->latency, &b->latency, sizeof(a->latency));
    assert_memory_equal(&a->response_time, &b->response_time, sizeof(a->latency));
    assert_memory_equal(&a->send_lag, &b->send_lag, sizeof(a->latency));
    assert_memory_equal(&a->pacing_lag, &b->pacing_lag, sizeof(a->latency));
    assert_memory_equal(&a->loop_lag, &b->loop_lag, sizeof(a->latency));
    assert_memory_equal(&a->ttfm, &b->ttfm, sizeof(a->latency));
    assert_memory_equal(&a->gap, &b->gap, sizeof(a->latency));
    assert_memory_equal(&a->tpom, &b->tpom, sizeof(a->latency));
    assert_memory_equal(&a->reply_messages, &b->reply_messages, sizeof(a->latency));
    assert_memory_equal(&a->reply_bytes, &b->reply_bytes, sizeof(a->latency));
    assert_memory_equal(a->connect, b->connect, sizeof(a->connect));
    assert_memory_equal(&a->lifetime, &b->lifetime, sizeof(a->latency));
}

static void assert_recorders_equal(struct recorder *a, struct recorder *b)
{
    assert_memory_equal(&a->measured, &b->measured, sizeof(a->measured));
    assert_memory_equal(&a->warmup, &b->warmup, sizeof(a->warmup));
    assert_histograms_equal(a, b);
    assert_int_equal(a->timeline.count, b->timeline.count);
    assert_memory_equal(a->timeline.rows, b->timeline.rows,
                        a->timeline.count * sizeof(a->timeline.rows[0]));
    failures_sort(&a->failures);
    failures_sort(&b->failures);
    assert_memory_equal(&a->failures, &b->failures, sizeof(a->failures));
    assert_memory_equal(&a->connections, &b->connections, sizeof(a->connections));
    assert_memory_equal(a->samples, b->samples, sizeof(a->samples));
    assert_int_equal(a->drained, b->drained);
    assert_int_equal(a->sent_late, b->sent_late);
    assert_int_equal(a->waited, b->waited);
    assert_int_equal(a->keepalives, b->keepalives);
    assert_int_equal(a->unsolicited, b->unsolicited);
    assert_int_equal(a->late, b->late);
    assert_int_equal(a->ignored, b->ignored);
    assert_int_equal(a->good, b->good);
    assert_memory_equal(&a->traffic, &b->traffic, sizeof(a->traffic));
    assert_int_equal(a->last_done_ns, b->last_done_ns);
}

static void test_recorder_merge_gives_the_same_in_any_order(void **state)
{
    static const size_t orders[][ARRAY_LENGTH(parts)] = {{3, 2, 1, 0}, {1, 3, 0, 2}, {2, 0, 3, 1}};
    static struct recorder merged;
    struct expected sums = {0};
    (void)state;
    record_run(&sums);
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        write_down_the_rest(&parts[i], i);
        recorder_merge(&recorder, &parts[i]);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(orders); i++) {
        assert_int_equal(recorder_init(&merged), 0);
        for (size_t j = 0; j < ARRAY_LENGTH(parts); j++)
            recorder_merge(&merged, &parts[orders[i][j]]);
        assert_recorders_equal(&merged, &recorder);
        recorder_free(&merged);
    }
}

static void test_recorder_merge_adds_everything(void **state)
{
    uint64_t last_done_ns = 0;
    struct expected sums = {0};
    (void)state;
    record_run(&sums);
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        write_down_the_rest(&parts[i], i);
        recorder_merge(&recorder, &parts[i]);
        if (parts[i].last_done_ns > last_done_ns)
            last_done_ns = parts[i].last_done_ns;
    }
    const struct connection_counts connections = {6, 10, 14, 18, 22, 26};
    const struct accounting warmup = {6, 10, 14, 18, 22, 26, 30};
    const struct traffic traffic = {6, 10, 14, 18, 22, 26, 30};
    assert_memory_equal(&recorder.connections, &connections, sizeof(connections));
    assert_memory_equal(&recorder.warmup, &warmup, sizeof(warmup));
    assert_memory_equal(&recorder.traffic, &traffic, sizeof(traffic));
    assert_int_equal(recorder.measured.planned, 600);
    assert_int_equal(recorder.measured.skipped, 60);
    assert_int_equal(recorder.measured.unanswered, 6);
    assert_int_equal(recorder.waited, 4006);
    assert_int_equal(recorder.unsolicited, 8006);
    assert_int_equal(recorder.sent_late, 20006);
    assert_int_equal(recorder.keepalives, 24006);
    assert_int_equal(recorder.late, 28006);
    assert_int_equal(recorder.ignored, 32006);
    assert_int_equal(recorder.good, 36006);
    assert_int_equal(recorder.last_done_ns, last_done_ns);
    assert_int_equal(recorder.ttfm.sum_ns, 406);
    assert_int_equal(recorder.gap.sum_ns, 806);
    assert_int_equal(recorder.tpom.sum_ns, 1206);
    assert_int_equal(recorder.reply_messages.sum_ns, 1606);
    assert_int_equal(recorder.reply_bytes.count, sums.ok);
    assert_int_equal(recorder.loop_lag.sum_ns, 12006);
    assert_int_equal(recorder.lifetime.sum_ns, 16006);
    assert_int_equal(recorder.pacing_lag.count, recorder.send_lag.count);
    assert_int_equal(recorder.connect[CONNECT_DNS].count, 0);
    assert_int_equal(recorder.connect[CONNECT_TOTAL].sum_ns, 2400);
}

static void test_recorder_merge_takes_the_setup_of_the_workers(void **state)
{
    struct recorder_setup setup = {.stream = true, .levels = {.any = true, .ttfm_ns = 17}};
    (void)state;
    recorder_start(&parts[0], &setup);
    recorder_merge(&recorder, &parts[0]);
    assert_true(recorder.setup.stream);
    assert_true(recorder.setup.levels.any);
    assert_int_equal(recorder.setup.levels.ttfm_ns, 17);
}

static void test_recorder_allocates_nothing_however_long_the_run(void **state)
{
    static const uint64_t run_s[] = {60, 600, 6000};
    for (size_t i = 0; i < ARRAY_LENGTH(run_s); i++) {
        end(state);
        assert_int_equal(start(state), 0);
        begin(&recorder, true);
        allocations = 0;
        for (uint64_t second = 0; second < run_s[i]; second++) {
            uint64_t now_ns = second * NS_PER_S;
            succeed(&recorder, second, (struct moments){now_ns, now_ns + 1, now_ns + NS_PER_MS});
            fail_request(&recorder, second, (struct moments){now_ns, 0, now_ns + NS_PER_MS});
            recorder_tick(&recorder, START_NS + now_ns + NS_PER_S, 1, 1);
        }
        recorder_finish(&recorder, START_NS, 0, 0);
        assert_int_equal(allocations, 0);
        assert_int_equal(recorder.response_time.count, run_s[i]);
        assert_true(recorder.timeline.count <= TIMELINE_ROWS_MAX);
    }
}

TEST_GROUP(recorder_run)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(test_recorder_of_100000_requests_has_exact_sums),
        TEST(test_recorder_merge_gives_the_same_in_any_order),
        TEST(test_recorder_merge_adds_everything),
        TEST(test_recorder_merge_takes_the_setup_of_the_workers),
        TEST(test_recorder_allocates_nothing_however_long_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
