#include "fixtures.h"

#include <signal.h>
#include <string.h>

#include "fixture_runs.h"
#include "testing.h"
#include "wsload/base/clock.h"
#include "wsload/report/console.h"
#include "wsload/report/json.h"

#define STARTED_MS UINT64_C(1795341600123) /* 2026-11-22T10:00:00.123Z */

static const struct results_setup usual_setup = {
    .url = "wss://api.example.com/prod",
    .origin = "https://api.example.com",
    .started_unix_ms = STARTED_MS,
    .connections = 20,
    .requests = 200,
    .prompts = 200,
    .workers = 1,
    .in_flight = 1,
    .seed = UINT64_C(18446744073709551557),
    .prices = {PRICE_PER_MILLION_MESSAGES, PRICE_PER_MILLION_MINUTES},
};

static const struct fixture fixtures[] = {
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
};

const struct fixture *fixtures_table(size_t *count)
{
    *count = ARRAY_LENGTH(fixtures);
    return fixtures;
}

/* Judged as the engine's results are. */
static void judge(struct results *results, int signal_number)
{
    failures_sort(&results->recorded.failures);
    thresholds_judge(&results->thresholds, results);
    trust_judge(&results->trust, results);
    results_decide(results, signal_number);
}

struct results *fixture_results(const char *name)
{
    static struct results results;
    size_t i = 0;
    while (strcmp(fixtures[i].name, name) != 0)
        i++;
    recorder_free(&results.recorded);
    memset(&results, 0, sizeof(results));
    assert_int_equal(recorder_init(&results.recorded), 0);
    recorder_start(&results.recorded,
                   &(struct recorder_setup){.start_ns = START_NS, .end_ns = CLOCK_NEVER});
    results.setup = usual_setup;
    set_clock();
    fixtures[i].fill(&results);
    results.recorded.traffic.connected_ns = results.recorded.connections.opened *
                                            results.total_time_ns;
    recorder_finish(&results.recorded, now_ns(), 0, results.recorded.connections.open_at_end);
    judge(&results, strcmp(name, "interrupted") == 0 ? SIGINT : 0);
    return &results;
}

void fixture_console(const struct results *results, bool color, struct buffer *out)
{
    struct console_style style = {color, "load_test_summary.json"};
    buffer_init(out, 1 << 20);
    assert_int_equal(report_console(results, &style, out), 0);
}

void fixture_json(const struct results *results, struct buffer *out)
{
    buffer_init(out, 1 << 20);
    assert_int_equal(report_json(results, out), 0);
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
