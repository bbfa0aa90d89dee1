#include "testing.h"

#include <stdio.h>
#include <string.h>

#include "wsload/base/random.h"

#include "measuring.h"

static struct measurement *seen;
static struct measurement *other;

static int start(void **state)
{
    static const struct load load = {.reply = REPLY_MESSAGE, .shards = 1};
    (void)state;
    seen = measurement_new(&load);
    other = measurement_new(&load);
    return seen && other ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    measurement_free(seen);
    measurement_free(other);
    return 0;
}

/* A whole closed run of 4 s: 200 requests, 12 of them failed. */
static void fill(void)
{
    set_measured(seen, (struct account){.planned = 210,
                                        .skipped = 3,
                                        .sent = 202,
                                        .unsent = 5,
                                        .ok = 188,
                                        .failed = 12,
                                        .unanswered = 7});
    set_account(seen, COUNT_WARMUP_PLANNED,
                (struct account){.planned = 20, .sent = 19, .unsent = 1, .ok = 10, .failed = 10});
    seen->failures.count = 0;
    count_failures(seen, FAILURE_REPLY_TIMEOUT, 12, 1);
    count_failures(seen, FAILURE_REPLY_TIMEOUT, 1, 0);
    seen->counts[COUNT_TOTAL_TIME] = 4 * NS_PER_S;
}

static void test_measurement_begins_empty(void **state)
{
    (void)state;
    assert_int_equal(seen->parts, 1);
    assert_int_equal(seen->load.reply, REPLY_MESSAGE);
    for (size_t i = 0; i < COUNTER_COUNT; i++)
        assert_int_equal(seen->counts[i], 0);
    for (size_t i = 0; i < DISTRIBUTION_COUNT; i++) {
        assert_int_equal(seen->distributions[i].count, 0);
        assert_true(seen->distributions[i].min == UINT64_MAX);
    }
    assert_int_equal(seen->timeline.count, 0);
    assert_false(seen->samples[0].present);
    assert_true(measurement_conserved(seen, NULL));
}

/* --- Figures --- */

static void test_measurement_counts_requests_and_rates(void **state)
{
    (void)state;
    fill();
    assert_int_equal(measurement_requests(seen), 200);
    assert_true(measurement_per_s(seen, 180) == 45);
    assert_true(measurement_per_s(seen, 202) == 50.5);
    seen->counts[COUNT_TOTAL_TIME] = 0;
    assert_true(measurement_per_s(seen, 180) == 0);
}

static void test_measurement_names_the_sum_that_does_not_hold(void **state)
{
    (void)state;
    const struct {
        uint64_t *figure;
        const char *why;
    } cases[] = {
        {&seen->counts[COUNT_PLANNED],
         "measured part: 211 requests planned, but 202 sent, 5 unsent and 3 skipped"},
        {&seen->counts[COUNT_SKIPPED],
         "measured part: 210 requests planned, but 202 sent, 5 unsent and 4 skipped"},
        {&seen->counts[COUNT_OK],
         "measured part: 207 requests started, but 189 ok, 12 failed and 7 unanswered"},
        {&seen->counts[COUNT_UNANSWERED],
         "measured part: 207 requests started, but 188 ok, 12 failed and 8 unanswered"},
        {&seen->failures.classes[0].requests, "measured part: 12 requests failed, but 13 by kind"},
        {&seen->timeline.rows[0].done, "measured part: 200 requests ended, but 201 by second"},
        {&seen->counts[COUNT_WARMUP_PLANNED],
         "warm-up: 21 requests planned, but 19 sent, 1 unsent and 0 skipped"},
        {&seen->counts[COUNT_WARMUP_FAILED],
         "warm-up: 20 requests started, but 10 ok, 11 failed and 0 unanswered"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error why;
        fill();
        assert_true(measurement_conserved(seen, &why));
        (*cases[i].figure)++;
        assert_false(measurement_conserved(seen, NULL));
        assert_false(measurement_conserved(seen, &why));
        assert_string_equal(why.text, cases[i].why);
    }
}

static void test_measurement_drains_no_more_than_there_were(void **state)
{
    static const enum counter drained[] = {COUNT_DRAINED, COUNT_SENT_LATE};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(drained); i++) {
        struct error why;
        fill();
        seen->counts[drained[i]] = 203;
        assert_false(measurement_conserved(seen, &why));
        assert_string_equal(why.text, "measured part: more requests drained than there were");
        seen->counts[drained[i]] = 0;
    }
}

static void test_measurement_adds_the_requests_of_all_seconds(void **state)
{
    (void)state;
    fill();
    seen->timeline.rows[0].done -= 50;
    timeline_row(&seen->timeline, 1000007)->done += 50;
    assert_true(measurement_conserved(seen, NULL));
}

/* --- Samples --- */

static struct sample sample_of(uint64_t seq, const char *prompt, const char *reply)
{
    struct sample sample = {.present = true, .seq = seq, .ok = true, .has_reply = true};
    snprintf(sample.prompt, sizeof(sample.prompt), "%s", prompt);
    snprintf(sample.reply, sizeof(sample.reply), "%s", reply);
    return sample;
}

/* Samples of one number, each other in one member, in the order in which they are kept. */
static void test_measurement_keeps_samples_of_one_number_by_what_is_in_them(void **state)
{
    (void)state;
    static struct sample samples[9];
    for (size_t i = 0; i < ARRAY_LENGTH(samples); i++)
        samples[i] = sample_of(3, "b", "b");
    for (size_t i = 3; i < ARRAY_LENGTH(samples); i++)
        samples[i].sent[0] = 's';
    samples[0].seq = 2;
    samples[1] = sample_of(3, "a", "z");
    samples[2] = sample_of(3, "b", "z"); /* whatever came, by what was sent first */
    samples[3].reply[0] = 'a';
    samples[5].latency_ns = 1;
    samples[6].latency_ns = 1;
    samples[6].has_reply = false;
    samples[7].latency_ns = 1;
    samples[7].ok = false;
    samples[7].failure = FAILURE_CLOSED;
    samples[8].latency_ns = 1;
    samples[8].ok = false;
    samples[8].failure = FAILURE_RESET;
    assert_true(FAILURE_CLOSED < FAILURE_RESET);
    for (size_t i = 0; i < ARRAY_LENGTH(samples); i++)
        measurement_add_sample(seen, &samples[i]);
    for (size_t i = ARRAY_LENGTH(samples); i-- > 0;)
        measurement_add_sample(other, &samples[i]);
    assert_memory_equal(seen->samples, samples, sizeof(seen->samples));
    assert_memory_equal(other->samples, samples, sizeof(seen->samples));
    for (size_t i = 0; i < SAMPLE_COUNT; i++)
        other->samples[i].present = false;
    for (size_t i = ARRAY_LENGTH(samples); i-- > 4;) /* the last five alone */
        measurement_add_sample(other, &samples[i]);
    assert_memory_equal(other->samples, &samples[4], sizeof(seen->samples));
}

/* --- Remarks and shares of CPU --- */

static struct remark remark_of(unsigned grade, const char *source, const char *check,
                               const char *text)
{
    struct remark remark = {.grade = grade};
    snprintf(remark.source, sizeof(remark.source), "%s", source);
    snprintf(remark.check, sizeof(remark.check), "%s", check);
    snprintf(remark.text, sizeof(remark.text), "%s", text);
    return remark;
}

static void test_measurement_keeps_the_worst_remarks_in_order(void **state)
{
    (void)state;
    const struct remark sorted[] = {
        remark_of(2, "b.json", "cpu", "x"), remark_of(1, "a.json", "cpu", "x"),
        remark_of(1, "a.json", "cpu", "y"), remark_of(1, "a.json", "rate", "a"),
        remark_of(1, "b.json", "cpu", "a"), remark_of(0, "a.json", "target", "x"),
    };
    for (size_t i = ARRAY_LENGTH(sorted); i-- > 0;)
        measurement_add_remark(seen, &sorted[i]);
    assert_int_equal(seen->remark_count, ARRAY_LENGTH(sorted));
    assert_memory_equal(seen->remarks, sorted, sizeof(sorted));
}

static void test_measurement_keeps_the_same_remarks_in_any_order(void **state)
{
    (void)state;
    static struct remark remarks[3 * REMARKS_MAX];
    struct random random;
    random_init(&random, 8);
    for (size_t i = 0; i < ARRAY_LENGTH(remarks); i++) {
        char text[32];
        snprintf(text, sizeof(text), "%u", (unsigned)random_between(&random, 0, 99));
        remarks[i] = remark_of((unsigned)random_between(&random, 0, 2), text, "cpu", "x");
        measurement_add_remark(seen, &remarks[i]);
    }
    for (size_t i = ARRAY_LENGTH(remarks); i-- > 0;)
        measurement_add_remark(other, &remarks[i]);
    assert_int_equal(seen->remark_count, REMARKS_MAX);
    assert_int_equal(other->remark_count, REMARKS_MAX);
    assert_memory_equal(seen->remarks, other->remarks, sizeof(seen->remarks));
}

static void test_measurement_keeps_the_busiest_workers(void **state)
{
    (void)state;
    for (unsigned i = 0; i < WORKERS_MAX + 10; i++)
        measurement_add_use(seen, (struct worker_use){.cpu = (i * 7 % 1000) / 1000.0});
    assert_int_equal(seen->workers, WORKERS_MAX);
    for (unsigned i = 1; i < WORKERS_MAX; i++)
        assert_true(seen->worker_use[i - 1].cpu >= seen->worker_use[i].cpu);
    assert_true(seen->worker_use[0].cpu == 0.994);
    measurement_add_use(other, (struct worker_use){.cpu = 0.5, .time_ns = 1});
    measurement_add_use(other, (struct worker_use){.cpu = 0.5, .time_ns = 2});
    measurement_add_use(other, (struct worker_use){.cpu = 0.25, .wait = 0.50004});
    measurement_add_use(other, (struct worker_use){.cpu = 0.75}); /* as busy, but at work */
    assert_int_equal(other->workers, 4);
    assert_true(other->worker_use[0].cpu == 0.75 && other->worker_use[1].wait == 0.5);
    assert_int_equal(other->worker_use[2].time_ns, 2);
}

TEST_GROUP(measurement)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(test_measurement_begins_empty),
        TEST(test_measurement_counts_requests_and_rates),
        TEST(test_measurement_names_the_sum_that_does_not_hold),
        TEST(test_measurement_drains_no_more_than_there_were),
        TEST(test_measurement_adds_the_requests_of_all_seconds),
        TEST(test_measurement_keeps_samples_of_one_number_by_what_is_in_them),
        TEST(test_measurement_keeps_the_worst_remarks_in_order),
        TEST(test_measurement_keeps_the_same_remarks_in_any_order),
        TEST(test_measurement_keeps_the_busiest_workers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
