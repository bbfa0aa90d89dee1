#include "testing.h"

#include <stdlib.h>
#include <string.h>

#include "fake_run.h"
#include "worker_internal.h"
#include "wsload/base/clock.h"
#include "wsload/report/summary.h"
#include "wsload/stats/measurement.h"

/* A run of four workers, each written to a summary of its own as a shard of the run would be: what
 * is read back and added up, in whatever order, is the run. */

#define WORKERS 4

static void serve_all(struct fake_transport *fake)
{
    fake_serve_all(fake, WORKERS, 30 * NS_PER_S);
}

static struct buffer write_summary(const struct measurement *measurement)
{
    struct verdict *verdict = malloc(sizeof(*verdict));
    struct buffer text;
    assert_non_null(verdict);
    judge(verdict, measurement, &run.thresholds);
    buffer_init(&text, 1 << 24);
    assert_int_equal(summary_write(measurement, verdict, &text), 0);
    free(verdict);
    return text;
}

static struct measurement *read_summary(const struct buffer *text)
{
    struct error error;
    struct measurement *measurement;
    struct thresholds thresholds;
    if (summary_read(buffer_text(text), &measurement, &thresholds, &error))
        fail_msg("%s", error.text);
    return measurement;
}

/* The shares of the run from FIRST on, through their files. */
static struct buffer merge_files(unsigned first)
{
    struct measurement *sum = NULL;
    for (unsigned i = 0; i < WORKERS; i++) {
        const struct worker *worker = run.workers[(first + i) % WORKERS];
        struct buffer text = write_summary(worker_measurement(worker));
        struct measurement *part = read_summary(&text);
        if (!sum) {
            sum = part;
        } else {
            measurement_add(sum, part);
            measurement_free(part);
        }
        buffer_free(&text);
    }
    failures_sort(&sum->failures);
    struct buffer text = write_summary(sum);
    measurement_free(sum);
    return text;
}

/* As the engine adds up what its workers have. */
static struct buffer merge_in_memory(void)
{
    struct measurement *sum = measurement_new(&run.plan.load);
    assert_non_null(sum);
    sum->parts = 0;
    sum->load.workers = 0;
    for (unsigned i = 0; i < WORKERS; i++)
        measurement_add(sum, worker_measurement(run.workers[i]));
    failures_sort(&sum->failures);
    struct buffer text = write_summary(sum);
    measurement_free(sum);
    return text;
}

static void set_up_run(void)
{
    struct error error;
    run_set_up_open(40, 3000, 3 * NS_PER_S);
    run.plan.load.arrival = ARRIVAL_POISSON;
    run.plan.load.seed = 4711;
    run.plan.load.warmup_ns = 500 * NS_PER_MS;
    run.plan.load.workers = WORKERS;
    run.plan.load.shards = WORKERS;
    run.plan.load.prices = (struct prices){1, 0.25};
    run.plan.epoch_ns = UINT64_C(1795341600123) * NS_PER_MS;
    run.delay_ns = 7 * NS_PER_MS;
    run_end_replies("count:2");
    assert_int_equal(thresholds_parse(&run.thresholds, "latency:p(95)<100ms", &error), 0);
}

static void test_files_of_four_workers_add_up_to_their_run(void **state)
{
    (void)state;
    set_up_run();
    run_execute(serve_all);
    struct buffer whole = merge_in_memory();
    assert_non_null(strstr(whole.data, "\"parts\":\t4,"));
    for (unsigned first = 0; first < WORKERS; first++) {
        struct buffer merged = merge_files(first);
        assert_string_equal(merged.data, whole.data);
        buffer_free(&merged);
    }
    buffer_free(&whole);
    run_tear_down();
}

TEST_GROUP(worker_files)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_of_four_workers_add_up_to_their_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
