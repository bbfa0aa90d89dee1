#include "testing.h"

#include <signal.h>
#include <string.h>

#include "wsload/stats/results.h"

static struct results results;

static void test_results_decide_the_exit_code_and_its_reason(void **state)
{
    static const struct {
        int signal_number;
        uint64_t opened;
        uint64_t ok;
        uint64_t failed;
        bool broken; /* a threshold */
        enum exit_code code;
        const char *reason;
    } cases[] = {
        {0, 20, 200, 0, false, EXIT_PASSED, "passed"},
        {0, 20, 199, 1, false, EXIT_PASSED, "passed"},
        {0, 20, 180, 20, true, EXIT_THRESHOLD, "threshold failed"},
        {0, 20, 0, 200, true, EXIT_THRESHOLD, "no request succeeded"},
        {0, 20, 0, 200, false, EXIT_THRESHOLD, "no request succeeded"},
        {0, 20, 0, 0, false, EXIT_THRESHOLD, "no request succeeded"},
        {0, 0, 0, 200, true, EXIT_NO_CONNECTION, "no connection could be opened"},
        {0, 0, 0, 0, false, EXIT_NO_CONNECTION, "no connection could be opened"},
        {SIGINT, 20, 100, 0, true, EXIT_INTERRUPTED, "interrupted"},
        {SIGINT, 0, 0, 0, false, EXIT_INTERRUPTED, "interrupted"},
        {SIGTERM, 20, 100, 0, false, EXIT_TERMINATED, "interrupted"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        memset(&results, 0, sizeof(results));
        results.recorded.connections.opened = cases[i].opened;
        results.recorded.ok = cases[i].ok;
        results.recorded.failed = cases[i].failed;
        results.thresholds.count = 1;
        results.thresholds.items[0].passed = !cases[i].broken;
        results_decide(&results, cases[i].signal_number);
        assert_int_equal(results.exit_code, cases[i].code);
        assert_string_equal(results.exit_reason, cases[i].reason);
    }
}

static void test_results_exit_codes_are_the_promised_numbers(void **state)
{
    (void)state;
    assert_int_equal(EXIT_PASSED, 0);
    assert_int_equal(EXIT_THRESHOLD, 1);
    assert_int_equal(EXIT_USAGE, 2);
    assert_int_equal(EXIT_NO_CONNECTION, 3);
    assert_int_equal(EXIT_INTERRUPTED, 128 + SIGINT);
    assert_int_equal(EXIT_TERMINATED, 128 + SIGTERM);
}

static void test_results_requests_are_those_that_ended(void **state)
{
    (void)state;
    memset(&results, 0, sizeof(results));
    results.recorded.sent = 100;
    results.recorded.ok = 7;
    results.recorded.failed = 5;
    results.recorded.unanswered = 3;
    assert_int_equal(results_requests(&results), 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_results_decide_the_exit_code_and_its_reason),
        cmocka_unit_test(test_results_exit_codes_are_the_promised_numbers),
        cmocka_unit_test(test_results_requests_are_those_that_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
