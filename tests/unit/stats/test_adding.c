#include "testing.h"

#include <stdio.h>
#include <string.h>

#include "wsload/base/random.h"
#include "wsload/stats/metrics.h"

#include "measuring.h"

#define PARTS 4

static const struct load one_load = {
    .url = "ws://example/", .model = LOAD_OPEN, .reply = REPLY_STREAM, .workers = 2, .shards = 1};
static struct measurement *sum;
static struct measurement *parts[PARTS];

static int start(void **state)
{
    (void)state;
    sum = measurement_new(&one_load);
    bool all = sum;
    for (size_t i = 0; i < PARTS; i++) {
        parts[i] = measurement_new(&one_load);
        all = all && parts[i];
    }
    return all ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    measurement_free(sum);
    for (size_t i = 0; i < PARTS; i++)
        measurement_free(parts[i]);
    return 0;
}

/* Puts into PART something of everything, another amount for each NUMBER. */
static void fill_part(struct measurement *part, uint64_t number)
{
    struct failure failure = {.kind = FAILURE_CLOSED, .detail = number % 2 ? "1001" : "1006"};
    struct sample sample = {.present = true, .seq = 100 - number, .ok = true};
    struct remark remark = {.grade = (unsigned)(number % 3), .check = "cpu"};
    snprintf(remark.source, sizeof(remark.source), "%u.json", (unsigned)number);
    part->load.seed = 50 - number;
    part->started_unix_ms = 1000 + number;
    part->measured_unix_ms = 2000 + number;
    for (unsigned id = 0; id < COUNTER_COUNT; id++)
        part->counts[id] = 1000 * id + number;
    part->counts[COUNT_TOTAL_TIME] = 10 * NS_PER_S;
    part->counts[COUNT_DRAIN_TIME] = (3 - number) * NS_PER_S;
    for (unsigned id = 0; id < DISTRIBUTION_COUNT; id++)
        histogram_record(&part->distributions[id], 100 * id + number);
    failures_add(&part->failures, &failure, 1);
    unasked_add(&part->unasked, number % 2 ? "text:ping" : "", TEXT("example"));
    measurement_add_sample(part, &sample);
    timeline_row(&part->timeline, 500 + number)->done = 7;
    measurement_add_use(part, (struct worker_use){(double)number / 8, 0.01, number});
    measurement_add_cores(part, (double)number / 10);
    measurement_add_remark(part, &remark);
}

static void fill(void)
{
    for (size_t i = 0; i < PARTS; i++)
        fill_part(parts[i], i);
}

static void test_adding_adds_everything(void **state)
{
    (void)state;
    fill();
    sum->parts = 0;
    for (size_t i = 0; i < PARTS; i++)
        measurement_add(sum, parts[i]);
    for (unsigned id = 0; id < COUNTER_COUNT; id++) {
        const struct metric *metric = metric_of_counter((enum counter)id);
        if (metric->adds == ADDS_AS_SUM)
            assert_int_equal(sum->counts[id], 4 * 1000 * id + 6);
        if (metric->adds == ADDS_AS_MAX)
            assert_int_equal(sum->counts[id], 1000 * id + 3);
    }
    for (unsigned id = 0; id < DISTRIBUTION_COUNT; id++) {
        assert_int_equal(sum->distributions[id].count, 4);
        assert_true(sum->distributions[id].sum == 400 * id + 6);
        assert_int_equal(sum->distributions[id].min, 100 * id);
        assert_int_equal(sum->distributions[id].max, 100 * id + 3);
    }
    assert_int_equal(sum->parts, PARTS);
    assert_int_equal(sum->load.workers, 2 + 2 * PARTS);
    assert_int_equal(sum->failures.count, 2);
    assert_int_equal(sum->unasked.count, 2);
    assert_int_equal(sum->unasked.kinds[0].count, 2);
    assert_int_equal(failures_requests(&sum->failures), PARTS);
    assert_int_equal(sum->timeline.count, PARTS);
    assert_int_equal(sum->samples[0].seq, 97);
    assert_int_equal(sum->samples[3].seq, 100);
    assert_false(sum->samples[4].present);
    assert_int_equal(sum->workers, PARTS);
    assert_true(sum->worker_use[0].cpu == 0.375);
    assert_true(sum->cores == 0.6);
    assert_int_equal(sum->remark_count, PARTS);
    assert_string_equal(sum->remarks[0].source, "2.json");
}

static void test_adding_goes_from_the_first_beginning_to_the_last_end(void **state)
{
    (void)state;
    static const struct {
        uint64_t started_ms, measured_ms, total_ms, drain_ms;
    } cases[][3] = {
        /* two, and their sum */
        {{10, 1000, 500, 0}, {10, 1000, 500, 0}, {10, 1000, 500, 0}},
        {{10, 1000, 500, 300}, {12, 1000, 500, 20}, {10, 1000, 500, 300}},
        {{10, 1000, 500, 0}, {900, 1200, 500, 40}, {10, 1000, 700, 40}},
        {{10, 1000, 500, 300}, {900, 1200, 500, 40}, {10, 1000, 700, 100}},
        {{10, 1000, 500, 0}, {4000, 5000, 500, 0}, {10, 1000, 4500, 0}}, /* one after the other */
        {{10, 1000, 5000, 0}, {900, 1200, 50, 40}, {10, 1000, 5000, 0}},
        {{10, 1000, 500, 300}, {20, 0, 0, 0}, {10, 1000, 500, 300}}, /* one never began */
        {{10, 0, 0, 0}, {20, 0, 0, 0}, {10, 0, 0, 0}},
        {{0, 0, 0, 0}, {20, 1000, 500, 0}, {20, 1000, 500, 0}}, /* one is empty */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        for (size_t first = 0; first < 2; first++) {
            for (size_t j = 0; j < 2; j++) {
                struct measurement *part = parts[j == first ? 0 : 1];
                part->started_unix_ms = cases[i][j].started_ms;
                part->measured_unix_ms = cases[i][j].measured_ms;
                part->counts[COUNT_TOTAL_TIME] = cases[i][j].total_ms * NS_PER_MS;
                part->counts[COUNT_DRAIN_TIME] = cases[i][j].drain_ms * NS_PER_MS;
            }
            measurement_add(parts[0], parts[1]);
            assert_int_equal(parts[0]->started_unix_ms, cases[i][2].started_ms);
            assert_int_equal(parts[0]->measured_unix_ms, cases[i][2].measured_ms);
            assert_int_equal(parts[0]->counts[COUNT_TOTAL_TIME], cases[i][2].total_ms * NS_PER_MS);
            assert_int_equal(parts[0]->counts[COUNT_DRAIN_TIME], cases[i][2].drain_ms * NS_PER_MS);
        }
    }
}

static void test_adding_keeps_what_was_asked(void **state)
{
    (void)state;
    parts[0]->load.seed = 7;
    parts[1]->load.seed = 5;
    parts[1]->load.strict = true;
    parts[0]->load.record = true;
    struct load expected = parts[0]->load;
    expected.seed = 5;
    expected.strict = true;
    expected.workers = 4;
    measurement_add(parts[0], parts[1]);
    assert_memory_equal(&parts[0]->load, &expected, sizeof(expected));
}

/* --force: it must be said which of several loads the sum has. */
static void test_adding_of_different_loads_keeps_the_first_in_order(void **state)
{
    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        struct measurement *first = parts[2 * turn];
        struct measurement *second = parts[2 * turn + 1];
        (turn ? first : second)->load.requests = 17;
        snprintf((turn ? first : second)->load.url, LOAD_URL_SIZE, "ws://zoo/");
        (turn ? second : first)->load.requests = 18;
        measurement_add(first, second);
        assert_string_equal(first->load.url, "ws://example/");
        assert_int_equal(first->load.requests, 18);
        assert_int_equal(first->load.workers, 4);
    }
}

static void test_adding_keeps_how_a_run_ended(void **state)
{
    (void)state;
    snprintf(parts[0]->aborted_by, ABORTED_BY_SIZE, "max_latency");
    snprintf(parts[1]->aborted_by, ABORTED_BY_SIZE, "errors<3,abort");
    parts[1]->signal = 2;
    parts[2]->signal = 15;
    parts[2]->same_machine = true;
    parts[3]->record_failed = true;
    measurement_add(sum, parts[3]);
    assert_string_equal(sum->aborted_by, "");
    assert_true(sum->record_failed);
    assert_false(sum->same_machine);
    measurement_add(sum, parts[0]);
    assert_string_equal(sum->aborted_by, "max_latency");
    assert_int_equal(sum->signal, 0);
    measurement_add(sum, parts[2]);
    measurement_add(sum, parts[1]);
    assert_string_equal(sum->aborted_by, "errors<3,abort");
    assert_int_equal(sum->signal, 15);
    assert_true(sum->same_machine);
    measurement_add(sum, parts[0]);
    assert_string_equal(sum->aborted_by, "errors<3,abort");
}

static void test_adding_gives_the_same_in_any_order(void **state)
{
    static const size_t orders[][PARTS] = {{3, 2, 1, 0}, {1, 3, 0, 2}, {2, 0, 3, 1}};
    (void)state;
    fill();
    snprintf(parts[1]->load.url, LOAD_URL_SIZE, "ws://a/"); /* even so */
    for (size_t i = 0; i < PARTS; i++)
        measurement_add(sum, parts[i]);
    for (size_t i = 0; i < ARRAY_LENGTH(orders); i++) {
        struct measurement *again = measurement_new(&one_load);
        for (size_t j = 0; j < PARTS; j++)
            measurement_add(again, parts[orders[i][j]]);
        assert_measurements_equal(again, sum);
        measurement_free(again);
    }
    struct measurement *again = measurement_new(&one_load);
    measurement_add(parts[3], parts[1]); /* sums of sums */
    measurement_add(parts[0], parts[2]);
    measurement_add(parts[0], parts[3]);
    measurement_add(again, parts[0]);
    assert_measurements_equal(again, sum);
    measurement_free(again);
}

TEST_GROUP(adding)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(test_adding_adds_everything),
        TEST(test_adding_goes_from_the_first_beginning_to_the_last_end),
        TEST(test_adding_keeps_what_was_asked),
        TEST(test_adding_of_different_loads_keeps_the_first_in_order),
        TEST(test_adding_keeps_how_a_run_ended),
        TEST(test_adding_gives_the_same_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
