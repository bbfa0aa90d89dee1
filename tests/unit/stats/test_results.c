#include "testing.h"

#include <signal.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/stats/results.h"

static struct results results;

/* A whole closed run: 200 requests, 12 of them failed. */
static void fill(void)
{
    struct failure failure = {FAILURE_REPLY_TIMEOUT, "", {NULL, 0}};
    memset(&results, 0, sizeof(results));
    results.recorded.measured = (struct accounting){.planned = 210,
                                                    .skipped = 3,
                                                    .sent = 202,
                                                    .unsent = 5,
                                                    .ok = 188,
                                                    .failed = 12,
                                                    .unanswered = 7};
    results.recorded.warmup = (struct accounting){
        .planned = 20, .sent = 19, .unsent = 1, .ok = 10, .failed = 10};
    results.recorded.connections.opened = 20;
    for (int i = 0; i < 12; i++)
        failures_add(&results.recorded.failures, &failure, 1);
    failures_add(&results.recorded.failures, &failure, 0);
    results.total_time_ns = 4 * NS_PER_S;
    results.thresholds.count = 1;
    results.thresholds.items[0].passed = true;
}

static void no_success(void)
{
    results.recorded.measured = (struct accounting){.planned = 12, .sent = 12, .failed = 12};
}

static void nothing_opened(void)
{
    no_success();
    results.recorded.connections.opened = 0;
}

static void held(void)
{
    results.recorded.measured = (struct accounting){0};
    results.recorded.failures.count = 0;
    results.setup.model = LOAD_HOLD;
}

static void broken(void)
{
    results.thresholds.items[0].passed = false;
}

static void aborted(void)
{
    broken();
    results.aborted_by = &results.thresholds.items[0];
}

static void lost(void)
{
    results.recorded.measured.planned++;
}

static void untrusted(void)
{
    results.trust.grade = TRUST_INVALID;
}

static void record_failed(void)
{
    results.record_failed = true;
}

static void strict(void)
{
    results.setup.strict = true;
}

static void test_results_decide_the_exit_code_and_its_reason(void **state)
{
    static const struct {
        void (*changes[4])(void);
        int signal_number;
        enum exit_code code;
        const char *reason;
    } cases[] = {
        {{NULL}, 0, EXIT_PASSED, "passed"},
        {{held}, 0, EXIT_PASSED, "passed"},
        {{untrusted}, 0, EXIT_PASSED, "passed"},
        {{strict}, 0, EXIT_PASSED, "passed"},
        {{strict, untrusted}, 0, EXIT_UNTRUSTED, "run invalid (--strict)"},
        {{broken}, 0, EXIT_THRESHOLD, "threshold failed"},
        {{held, broken}, 0, EXIT_THRESHOLD, "threshold failed"},
        {{strict, untrusted, broken}, 0, EXIT_THRESHOLD, "threshold failed"},
        {{aborted}, 0, EXIT_THRESHOLD, "threshold failed, run aborted"},
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
        {{record_failed}, 0, EXIT_USAGE, "the record could not be written"},
        {{record_failed, nothing_opened, lost},
         SIGINT,
         EXIT_USAGE,
         "the record could not be written"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        fill();
        for (size_t j = 0; cases[i].changes[j] != NULL; j++)
            cases[i].changes[j]();
        results_decide(&results, cases[i].signal_number);
        if (strcmp(results.exit_reason, cases[i].reason) != 0)
            fail_msg("case %zu: %s", i, results.exit_reason);
        assert_int_equal(results.exit_code, cases[i].code);
    }
}

static void test_results_do_not_punish_a_doubtful_run(void **state)
{
    (void)state;
    fill();
    strict();
    results.trust.grade = TRUST_DOUBTFUL;
    results_decide(&results, 0);
    assert_int_equal(results.exit_code, EXIT_PASSED);
}

static void test_results_exit_codes_are_the_promised_numbers(void **state)
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

static void test_results_rates_leave_out_what_ended_while_draining(void **state)
{
    (void)state;
    fill();
    results.recorded.drained = 20;
    assert_int_equal(results_requests(&results), 200);
    assert_true(results_requests_per_s(&results) == 45);
    assert_true(results_achieved_per_s(&results) == 0);
    results.setup.model = LOAD_OPEN;
    assert_true(results_achieved_per_s(&results) == 50.5);
    results.total_time_ns = 0;
    assert_true(results_requests_per_s(&results) == 0);
    assert_true(results_achieved_per_s(&results) == 0);
}

/* Ten requests, one each half second: every third takes more than 2 s, and the last three end
 * while draining. */
static void test_results_goodput_is_over_the_measured_time(void **state)
{
    struct recorder_setup setup = {
        .levels = {true, 2 * NS_PER_S, CLOCK_NEVER, CLOCK_NEVER, CLOCK_NEVER},
        .end_ns = 14 * NS_PER_S};
    (void)state;
    assert_int_equal(recorder_init(&results.recorded), 0);
    recorder_start(&results.recorded, &setup);
    for (uint64_t i = 1; i <= 10; i++) {
        uint64_t done_ns = 10 * NS_PER_S + i * NS_PER_S / 2;
        uint64_t latency_ns = i % 3 == 0 ? 2 * NS_PER_S + 1 : NS_PER_S / 4;
        struct request_outcome outcome = {.sent_ns = done_ns - latency_ns, .done_ns = done_ns};
        recorder_request_done(&results.recorded, &outcome);
    }
    recorder_free(&results.recorded);
    results.total_time_ns = 4 * NS_PER_S;
    assert_true(results_goodput_per_s(&results) == 1.25);
    results.total_time_ns = 0;
    assert_true(results_goodput_per_s(&results) == 0);
}

static void test_results_response_time_is_the_latency_unless_the_run_is_open(void **state)
{
    (void)state;
    fill();
    assert_ptr_equal(results_response_time(&results), &results.recorded.latency);
    results.setup.model = LOAD_OPEN;
    assert_ptr_equal(results_response_time(&results), &results.recorded.response_time);
}

static void test_results_name_the_sum_that_does_not_hold(void **state)
{
    struct recorder *recorded = &results.recorded;
    const struct {
        uint64_t *figure;
        const char *why;
    } cases[] = {
        {&recorded->measured.planned,
         "measured part: 211 requests planned, but 202 sent, 5 unsent and 3 skipped"},
        {&recorded->measured.skipped,
         "measured part: 210 requests planned, but 202 sent, 5 unsent and 4 skipped"},
        {&recorded->measured.ok,
         "measured part: 207 requests started, but 189 ok, 12 failed and 7 unanswered"},
        {&recorded->measured.unanswered,
         "measured part: 207 requests started, but 188 ok, 12 failed and 8 unanswered"},
        {&recorded->failures.classes[0].requests,
         "measured part: 12 requests failed, but 13 by kind"},
        {&recorded->warmup.planned,
         "warm-up: 21 requests planned, but 19 sent, 1 unsent and 0 skipped"},
        {&recorded->warmup.failed,
         "warm-up: 20 requests started, but 10 ok, 11 failed and 0 unanswered"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error why;
        fill();
        assert_true(results_conserved(&results, &why));
        (*cases[i].figure)++;
        assert_false(results_conserved(&results, NULL));
        assert_false(results_conserved(&results, &why));
        assert_string_equal(why.text, cases[i].why);
    }
}

TEST_GROUP(results)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_results_decide_the_exit_code_and_its_reason),
        cmocka_unit_test(test_results_do_not_punish_a_doubtful_run),
        cmocka_unit_test(test_results_exit_codes_are_the_promised_numbers),
        cmocka_unit_test(test_results_rates_leave_out_what_ended_while_draining),
        cmocka_unit_test(test_results_goodput_is_over_the_measured_time),
        cmocka_unit_test(test_results_response_time_is_the_latency_unless_the_run_is_open),
        cmocka_unit_test(test_results_name_the_sum_that_does_not_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
