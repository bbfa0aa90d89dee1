#include "fixtures.h"

#include <stdio.h>
#include <string.h>

#include "fixture_runs.h"
#include "testing.h"
#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"
#include "wsload/report/console.h"
#include "wsload/report/summary.h"
#include "wsload/stats/cost.h"

#define STARTED_MS   UINT64_C(1795341600123) /* 2026-11-22T10:00:00.123Z */
#define OPEN_TIME_NS (41 * NS_PER_MS)

static const struct load usual_load = {
    .url = "wss://api.example.com/prod",
    .origin = "https://api.example.com",
    .connections = 20,
    .requests = 200,
    .prompts = 200,
    .workers = 1,
    .in_flight = 1,
    .seed = UINT64_C(18446744073709551557),
    .prices = {PRICE_PER_MILLION_MESSAGES, PRICE_PER_MILLION_MINUTES},
    .shards = 1,
};

static const struct {
    const char *name;
    void (*fill)(struct fixture *run);
} fixtures[] = {
    {"passed", fill_passed},
    {"no_thresholds", fill_no_thresholds},
    {"failed", fill_failed},
    {"no_success", fill_no_success},
    {"no_connection", fill_no_connection},
    {"interrupted", fill_interrupted},
    {"connection_per_request", fill_connection_per_request},
    {"hostile", fill_hostile},
    {"warm_up", fill_warm_up},
    {"open_stages", fill_open_stages},
    {"doubtful", fill_doubtful},
    {"doubtful_failures", fill_doubtful_failures},
    {"slow_target", fill_slow_target},
    {"invalid", fill_invalid},
    {"hold", fill_hold},
    {"aborted", fill_aborted},
    {"stream", fill_stream},
    {"one_way", fill_one_way},
    {"silent", fill_silent},
    {"shifted", fill_shifted},
    {"merged", fill_merged},
    {"shards", fill_shards},
};

const char *const *fixture_names(size_t *count)
{
    static const char *names[ARRAY_LENGTH(fixtures)];
    for (size_t i = 0; i < ARRAY_LENGTH(fixtures); i++)
        names[i] = fixtures[i].name;
    *count = ARRAY_LENGTH(fixtures);
    return names;
}

static void start(struct fixture *run)
{
    struct load load = usual_load;
    load.levels = thresholds_service_levels(&run->thresholds);
    run->recorder = recorder_new(&load);
    assert_non_null(run->recorder);
    run->measurement = run->recorder->seen;
    run->measurement->started_unix_ms = STARTED_MS;
    recorder_start(run->recorder, START_NS, CLOCK_NEVER,
                   STARTED_MS * NS_PER_MS + OPEN_TIME_NS - START_NS);
    set_clock();
}

/* The measured time is what the fixture says. */
static void finish(struct fixture *run)
{
    uint64_t *counts = run->measurement->counts;
    uint64_t total_ns = counts[COUNT_TOTAL_TIME];
    uint64_t drain_ns = counts[COUNT_DRAIN_TIME];
    recorder_finish(run->recorder, now_ns(), 0, counts[COUNT_OPEN_AT_END]);
    counts[COUNT_TOTAL_TIME] = total_ns;
    counts[COUNT_DRAIN_TIME] = drain_ns;
    counts[COUNT_CONNECTED_NS] = counts[COUNT_OPENED] * total_ns;
    failures_sort(&run->measurement->failures);
}

struct fixture *fixture(const char *name)
{
    static struct fixture run;
    size_t i = 0;
    while (strcmp(fixtures[i].name, name) != 0)
        i++;
    recorder_free(run.recorder);
    run = (struct fixture){.recorder = NULL};
    start(&run);
    fixtures[i].fill(&run);
    if (run.thresholds.count == 0)
        thresholds_add_defaults(&run.thresholds, &run.measurement->load);
    finish(&run);
    fixture_judge(&run);
    return &run;
}

void fixture_judge(struct fixture *fixture)
{
    judge(&fixture->verdict, fixture->measurement, &fixture->thresholds);
}

static void print(const struct fixture *fixture, struct console_style style, struct buffer *out)
{
    style.summary_path = "load_test_summary.json";
    buffer_init(out, 1 << 20);
    assert_int_equal(report_console(fixture->measurement, &fixture->verdict, &style, out), 0);
}

void fixture_console(const struct fixture *fixture, bool color, struct buffer *out)
{
    print(fixture, (struct console_style){.color = color}, out);
}

void fixture_console_of(const struct fixture *fixture, unsigned columns, struct buffer *out)
{
    print(fixture, (struct console_style){.columns = columns}, out);
}

void fixture_json(const struct fixture *fixture, struct buffer *out)
{
    buffer_init(out, 1 << 24);
    assert_int_equal(summary_write(fixture->measurement, &fixture->verdict, out), 0);
}

size_t fixture_widest_line(const char *text)
{
    size_t widest = 0;
    size_t columns = 0;
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            columns = 0;
        else if (((unsigned char)*text & 0xC0) != 0x80)
            columns++;
        if (columns > widest)
            widest = columns;
    }
    return widest;
}
