#include "testing.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/judge/verdict.h"
#include "wsload/stats/recorder.h"

#include "measuring.h"

static struct measurement *seen;
static struct thresholds thresholds;
static struct verdict verdict;

static int start(void **state)
{
    static const struct load load = {.model = LOAD_CLOSED, .shards = 1};
    (void)state;
    seen = measurement_new(&load);
    return seen ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    measurement_free(seen);
    return 0;
}

static void ask_for(const char *text)
{
    struct error error;
    if (thresholds_parse(&thresholds, text, &error))
        fail_msg("%s: %s", text, error.text);
}

/* A whole closed run: 200 requests, 12 of them failed, as the threshold allows. */
static void fill(void)
{
    seen->load = (struct load){.model = LOAD_CLOSED, .shards = 1};
    seen->record_failed = false;
    seen->signal = 0;
    seen->aborted_by[0] = '\0';
    seen->failures.count = 0;
    set_measured(seen, (struct account){.planned = 210,
                                        .skipped = 3,
                                        .sent = 202,
                                        .unsent = 5,
                                        .ok = 188,
                                        .failed = 12,
                                        .unanswered = 7});
    set_account(seen, COUNT_WARMUP_PLANNED,
                (struct account){.planned = 20, .sent = 19, .unsent = 1, .ok = 10, .failed = 10});
    count_failures(seen, FAILURE_REPLY_TIMEOUT, 12, 1);
    count_failures(seen, FAILURE_REPLY_TIMEOUT, 1, 0);
    seen->counts[COUNT_OPENED] = 20;
    seen->counts[COUNT_TOTAL_TIME] = 4 * NS_PER_S;
    seen->counts[COUNT_RECORD_LOST] = 0;
    thresholds.count = 0;
    ask_for("failed_requests<=12,abort");
}

static void no_success(void)
{
    set_measured(seen, (struct account){.planned = 12, .sent = 12, .failed = 12});
}

static void nothing_opened(void)
{
    no_success();
    seen->counts[COUNT_OPENED] = 0;
}

static void held(void)
{
    set_measured(seen, (struct account){0});
    seen->failures.count = 0;
    seen->load.model = LOAD_HOLD;
    seen->load.reply = REPLY_NONE;
}

static void broken(void)
{
    ask_for("requests_per_second>1000");
}

static void aborted(void)
{
    ask_for("errors<1,abort");
    if (seen->failures.count == 0)
        count_failures(seen, FAILURE_RESET, 1, 0);
    snprintf(seen->aborted_by, sizeof(seen->aborted_by), "errors<1,abort");
}

static void lost(void)
{
    seen->counts[COUNT_PLANNED]++;
}

static void invalid(void)
{
    count_failures(seen, FAILURE_EXHAUSTED, 1, 0);
}

static void doubtful(void)
{
    seen->counts[COUNT_RECORD_LOST] = 1;
}

static void record_failed(void)
{
    seen->record_failed = true;
}

static void strict(void)
{
    seen->load.strict = true;
}

static void test_verdict_decides_the_exit_code_and_its_reason(void **state)
{
    static const struct {
        void (*changes[4])(void);
        int signal_number;
        enum exit_code code;
        const char *reason;
    } cases[] = {
        {{NULL}, 0, EXIT_PASSED, "passed"},
        {{held}, 0, EXIT_PASSED, "passed"},
        {{invalid}, 0, EXIT_PASSED, "passed"},
        {{strict}, 0, EXIT_PASSED, "passed"},
        {{doubtful}, 0, EXIT_PASSED, "passed"},
        {{strict, doubtful}, 0, EXIT_PASSED, "passed"},
        {{strict, invalid}, 0, EXIT_UNTRUSTED, "run invalid (--strict)"},
        {{broken}, 0, EXIT_THRESHOLD, "threshold failed"},
        {{held, broken}, 0, EXIT_THRESHOLD, "threshold failed"},
        {{held, aborted}, 0, EXIT_THRESHOLD, "threshold failed, run aborted"},
        {{strict, held}, 0, EXIT_PASSED, "passed"},
        {{strict, invalid, broken}, 0, EXIT_THRESHOLD, "threshold failed"},
        {{aborted}, 0, EXIT_THRESHOLD, "threshold failed, run aborted"},
        {{broken, aborted}, 0, EXIT_THRESHOLD, "threshold failed, run aborted"},
        {{strict, invalid, aborted}, 0, EXIT_THRESHOLD, "threshold failed, run aborted"},
        {{no_success}, 0, EXIT_THRESHOLD, "no request succeeded"},
        {{no_success, broken}, 0, EXIT_THRESHOLD, "no request succeeded"},
        {{no_success, aborted}, 0, EXIT_THRESHOLD, "threshold failed, run aborted"},
        {{nothing_opened}, 0, EXIT_NO_CONNECTION, "no connection could be opened"},
        {{nothing_opened, aborted}, 0, EXIT_NO_CONNECTION, "no connection could be opened"},
        {{nothing_opened, broken}, 0, EXIT_NO_CONNECTION, "no connection could be opened"},
        {{lost}, 0, EXIT_UNTRUSTED, "sums do not hold"},
        {{nothing_opened, lost, aborted}, 0, EXIT_UNTRUSTED, "sums do not hold"},
        {{nothing_opened, lost, aborted}, SIGINT, EXIT_INTERRUPTED, "interrupted"},
        {{NULL}, SIGTERM, EXIT_TERMINATED, "interrupted"},
        {{NULL}, SIGHUP, EXIT_TERMINATED, "interrupted"},
        {{record_failed}, 0, EXIT_USAGE, "the record could not be written"},
        {{record_failed, nothing_opened, lost},
         SIGINT,
         EXIT_USAGE,
         "the record could not be written"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        fill();
        for (size_t j = 0; j < ARRAY_LENGTH(cases[i].changes) && cases[i].changes[j]; j++)
            cases[i].changes[j]();
        seen->signal = cases[i].signal_number;
        judge(&verdict, seen, &thresholds);
        if (strcmp(verdict.reason, cases[i].reason) != 0)
            fail_msg("case %zu: %s", i, verdict.reason);
        assert_int_equal(verdict.code, cases[i].code);
    }
}

static void test_verdict_exit_codes_are_the_promised_numbers(void **state)
{
    (void)state;
    assert_int_equal(EXIT_PASSED, 0);
    assert_int_equal(EXIT_THRESHOLD, 1);
    assert_int_equal(EXIT_USAGE, 2);
    assert_int_equal(EXIT_NO_CONNECTION, 3);
    assert_int_equal(EXIT_UNTRUSTED, 4);
    assert_int_equal(EXIT_INTERRUPTED, 128 + SIGINT);
    assert_int_equal(EXIT_TERMINATED, 128 + SIGTERM);
}

/* --- Thresholds --- */

static void test_verdict_is_aborted_by_a_threshold_that_is_there_and_broken(void **state)
{
    (void)state;
    fill();
    broken();
    aborted();
    judge(&verdict, seen, &thresholds);
    assert_true(verdict.aborted);
    assert_int_equal(verdict.aborted_by, 2);
    assert_int_equal(verdict.broken, 2);
    fill();
    ask_for("errors<100,abort"); /* kept */
    snprintf(seen->aborted_by, sizeof(seen->aborted_by), "errors<100,abort");
    judge(&verdict, seen, &thresholds);
    assert_false(verdict.aborted);
    assert_int_equal(verdict.code, EXIT_PASSED);
    fill();
    snprintf(seen->aborted_by, sizeof(seen->aborted_by), "errors<1,abort"); /* not there */
    judge(&verdict, seen, &thresholds);
    assert_false(verdict.aborted);
    assert_int_equal(verdict.code, EXIT_PASSED);
    no_success();
    judge(&verdict, seen, &thresholds);
    assert_string_equal(verdict.reason, "no request succeeded");
    fill();
    broken();
    thresholds.items[thresholds.count - 1].name[0] = '\0'; /* as a changed summary may have it */
    judge(&verdict, seen, &thresholds);
    assert_false(verdict.aborted);
    assert_string_equal(verdict.reason, "threshold failed");
}

/* As `report` does: the measurement stays, and each verdict has nothing of the one before. */
static void test_verdict_is_made_anew_with_other_thresholds(void **state)
{
    static const struct {
        const char *text;
        double actual;
        enum exit_code code;
    } cases[] = {
        {"failed_requests<12", 12, EXIT_THRESHOLD},
        {"failed_requests<=12", 12, EXIT_PASSED},
        {"requests_per_second>50", 50, EXIT_THRESHOLD},
        {"requests_per_second>=50", 50, EXIT_PASSED},
        {"success_rate<94%", 94, EXIT_THRESHOLD},
    };
    (void)state;
    fill();
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        thresholds.count = 0;
        ask_for(cases[i].text);
        judge(&verdict, seen, &thresholds);
        assert_int_equal(verdict.count, 1);
        assert_string_equal(verdict.judgements[0].threshold.name, cases[i].text);
        assert_true(verdict.judgements[0].has_actual);
        assert_true(verdict.judgements[0].actual == cases[i].actual);
        assert_int_equal(verdict.judgements[0].passed, cases[i].code == EXIT_PASSED);
        assert_int_equal(verdict.broken, cases[i].code == EXIT_THRESHOLD);
        assert_int_equal(verdict.code, cases[i].code);
    }
    thresholds.count = 0;
    judge(&verdict, seen, &thresholds);
    assert_int_equal(verdict.count + verdict.broken, 0);
    assert_int_equal(verdict.code, EXIT_PASSED);
}

static void test_verdict_changes_nothing_and_repeats_itself(void **state)
{
    static struct verdict again;
    (void)state;
    fill();
    doubtful();
    broken();
    memset(&verdict, 0xA5, sizeof(verdict));
    memset(&again, 0x5A, sizeof(again));
    judge(&verdict, seen, &thresholds);
    judge(&again, seen, &thresholds);
    assert_int_equal(again.count, verdict.count);
    assert_int_equal(again.broken, 1);
    assert_int_equal(again.code, verdict.code);
    assert_int_equal(again.validity.grade, VALIDITY_DOUBTFUL);
    assert_int_equal(again.validity.count, verdict.validity.count);
    assert_string_equal(again.validity.reasons[0].text, verdict.validity.reasons[0].text);
}

/* Ten requests, one each half second: every third takes more than 2 s, and the last three end
 * while draining. */
static void test_verdict_on_goodput_is_over_the_measured_time(void **state)
{
    struct load load = {.shards = 1};
    (void)state;
    thresholds.count = 0;
    ask_for("latency:max<=2s");
    ask_for("goodput>=1.25");
    ask_for("goodput>1.25");
    load.levels = thresholds_service_levels(&thresholds);
    struct recorder *recorder = recorder_new(&load);
    assert_non_null(recorder);
    recorder_start(recorder, 10 * NS_PER_S, 14 * NS_PER_S, 0);
    for (uint64_t i = 1; i <= 10; i++) {
        uint64_t done_ns = 10 * NS_PER_S + i * NS_PER_S / 2;
        uint64_t latency_ns = i % 3 == 0 ? 2 * NS_PER_S + 1 : NS_PER_S / 4;
        struct request_outcome outcome = {
            .due_ns = 10 * NS_PER_S, .sent_ns = done_ns - latency_ns, .done_ns = done_ns};
        recorder_request_done(recorder, &outcome);
    }
    recorder_finish(recorder, 16 * NS_PER_S, 0, 0);
    judge(&verdict, recorder->seen, &thresholds);
    recorder_free(recorder);
    assert_true(verdict.judgements[1].actual == 1.25);
    assert_true(verdict.judgements[1].passed);
    assert_false(verdict.judgements[2].passed);
}

TEST_GROUP(verdict)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(test_verdict_decides_the_exit_code_and_its_reason),
        cmocka_unit_test(test_verdict_exit_codes_are_the_promised_numbers),
        TEST(test_verdict_is_aborted_by_a_threshold_that_is_there_and_broken),
        TEST(test_verdict_is_made_anew_with_other_thresholds),
        TEST(test_verdict_changes_nothing_and_repeats_itself),
        cmocka_unit_test(test_verdict_on_goodput_is_over_the_measured_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
