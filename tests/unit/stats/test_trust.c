#include "testing.h"

#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/stats/results.h"
#include "wsload/stats/trust.h"

static struct results results;
static struct trust trust;

/* A good open run: 2,000 requests of 20 ms in 10 s, as asked, nothing late. */
static int fill(void **state)
{
    struct recorder *recorded = &results.recorded;
    (void)state;
    memset(&results, 0, sizeof(results));
    if (recorder_init(recorded))
        return -1;
    results.setup.model = LOAD_OPEN;
    results.setup.workers = 3;
    results.self.worker_cpu[0] = 0.9;
    results.self.worker_cpu[1] = 0.5;
    results.total_time_ns = 10 * NS_PER_S;
    results.asked_per_s = 200;
    recorded->measured = (struct accounting){.planned = 2000, .sent = 2000, .ok = 2000};
    for (int i = 0; i < 2000; i++) {
        histogram_record(&recorded->latency, 20 * NS_PER_MS);
        histogram_record(&recorded->response_time, 20 * NS_PER_MS);
        histogram_record(&recorded->pacing_lag, 10 * NS_PER_MS);
        histogram_record(&recorded->loop_lag, 2 * NS_PER_MS);
    }
    return 0;
}

static int release(void **state)
{
    (void)state;
    recorder_free(&results.recorded);
    return 0;
}

static void judge(void)
{
    trust_judge(&trust, &results);
}

static void assert_trusted(void)
{
    judge();
    if (trust.count > 0)
        fail_msg("%s: %s", trust.reasons[0].check, trust.reasons[0].text);
    assert_int_equal(trust.grade, TRUST_VALID);
}

/* The only reason. */
static void assert_reason(const char *check, enum trust_grade grade, const char *text)
{
    judge();
    if (trust.count != 1)
        fail_msg("%zu reasons instead of %s", trust.count, check);
    assert_string_equal(trust.reasons[0].check, check);
    assert_string_equal(trust.reasons[0].text, text);
    assert_int_equal(trust.reasons[0].grade, grade);
    assert_int_equal(trust.grade, grade);
}

static void refill(struct histogram *histogram, uint64_t ns)
{
    histogram_reset(histogram);
    for (int i = 0; i < 2000; i++)
        histogram_record(histogram, ns);
}

static void test_trust_believes_a_good_run(void **state)
{
    (void)state;
    assert_trusted();
}

static void test_trust_doubts_a_busy_worker_and_names_it(void **state)
{
    (void)state;
    results.self.worker_cpu[1] = 0.9001;
    assert_reason("cpu", TRUST_DOUBTFUL, "worker 2 at 91 % CPU (90 % at most)");
    assert_string_equal(trust.reasons[0].advice,
                        "use more workers (-t), less load, or a bigger or quieter machine");
    results.self.worker_cpu[2] = 0.97;
    assert_reason("cpu", TRUST_DOUBTFUL, "worker 3 at 97 % CPU (90 % at most), and 1 more");
    results.self.worker_cpu[0] = 0.95;
    assert_reason("cpu", TRUST_DOUBTFUL, "worker 3 at 97 % CPU (90 % at most), and 2 more");
    results.self.worker_cpu[0] = 0.9;
    results.setup.workers = 1;
    assert_trusted();
}

static void test_trust_does_not_judge_the_cpu_of_a_moment(void **state)
{
    (void)state;
    results.self.worker_cpu[0] = 1;
    results.asked_per_s = 20000;
    results.total_time_ns = 100 * NS_PER_MS;
    assert_reason("cpu", TRUST_DOUBTFUL, "worker 1 at 100 % CPU (90 % at most)");
    results.total_time_ns--;
    assert_trusted();
}

static void test_trust_grades_loop_lag_by_the_latency(void **state)
{
    static const struct {
        uint64_t latency_ns; /* 0: none, as in --hold */
        uint64_t lag_ns;
        const char *text; /* NULL: trusted */
        enum trust_grade grade;
    } cases[] = {
        {NS_PER_S, 5 * NS_PER_MS, NULL, TRUST_VALID},
        {NS_PER_S, 5 * NS_PER_MS + 1, "loop lag p99 5.00 ms (5 ms at most)", TRUST_DOUBTFUL},
        {NS_PER_S, 400 * NS_PER_MS, "loop lag p99 400 ms (5 ms at most)", TRUST_DOUBTFUL},
        {NS_PER_S, 500 * NS_PER_MS + NS_PER_MS, "loop lag p99 501 ms (5 ms at most)",
         TRUST_INVALID},
        {10 * NS_PER_MS, NS_PER_MS, NULL, TRUST_VALID},
        {10 * NS_PER_MS, 3 * NS_PER_MS, "loop lag p99 3 ms (1 ms at most)", TRUST_DOUBTFUL},
        {10 * NS_PER_MS, 50 * NS_PER_MS, "loop lag p99 50 ms (1 ms at most)", TRUST_DOUBTFUL},
        {10 * NS_PER_MS, 51 * NS_PER_MS, "loop lag p99 51 ms (1 ms at most)", TRUST_INVALID},
        {50 * NS_PER_US, 100 * NS_PER_US, NULL, TRUST_VALID},
        {50 * NS_PER_US, 101 * NS_PER_US, "loop lag p99 101 us (100 us at most)", TRUST_DOUBTFUL},
        {0, 5 * NS_PER_MS, NULL, TRUST_VALID},
        {0, 70 * NS_PER_MS, "loop lag p99 70 ms (5 ms at most)", TRUST_DOUBTFUL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        refill(&results.recorded.latency, cases[i].latency_ns);
        if (cases[i].latency_ns == 0)
            histogram_reset(&results.recorded.latency);
        refill(&results.recorded.loop_lag, cases[i].lag_ns);
        if (cases[i].text == NULL)
            assert_trusted();
        else
            assert_reason("loop_lag", cases[i].grade, cases[i].text);
    }
}

static void test_trust_grades_send_lag_of_the_generator_alone(void **state)
{
    (void)state;
    refill(&results.recorded.send_lag, NS_PER_S); /* waits of the target's making */
    assert_trusted();
    refill(&results.recorded.pacing_lag, 38 * NS_PER_MS);
    assert_reason("send_lag", TRUST_DOUBTFUL, "send lag p99 38 ms (10 ms at most)");
    results.recorded.waited = 1;
    assert_reason("send_lag", TRUST_DOUBTFUL, "pacing lag p99 38 ms (10 ms at most)");
    refill(&results.recorded.pacing_lag, 100 * NS_PER_MS);
    judge();
    assert_int_equal(trust.grade, TRUST_DOUBTFUL);
    refill(&results.recorded.pacing_lag, 101 * NS_PER_MS);
    judge();
    assert_int_equal(trust.grade, TRUST_INVALID);
}

static void test_trust_asks_whose_fault_a_missed_rate_is(void **state)
{
    struct recorder *recorded = &results.recorded;
    (void)state;
    recorded->sent_late = 100;
    assert_trusted();
    recorded->sent_late = 101;
    assert_reason("rate", TRUST_INVALID,
                  "94 % of the asked rate with connections free (95 % at least)");
    recorded->waited = 99; /* 4.95 % */
    assert_reason("rate", TRUST_INVALID,
                  "94 % of the asked rate with connections free (95 % at least)");
    recorded->waited = 100;
    assert_reason("target", TRUST_VALID,
                  "the target did not keep up: 5 % of the requests waited for a free connection");
    assert_string_equal(trust.reasons[0].advice, "use more connections (-c) or --in-flight");
    recorded->waited = 0;
    recorded->sent_late = 0;
    recorded->measured = (struct accounting){
        .planned = 2000, .skipped = 500, .sent = 1500, .ok = 1500};
    assert_reason("target", TRUST_VALID,
                  "the target did not keep up: 25 % of the requests waited for a free connection");
    results.setup.model = LOAD_CLOSED;
    assert_trusted();
}

/* Both, and the target is not blamed. */
static void assert_rate_missed_and(const char *check, enum trust_grade grade)
{
    judge();
    assert_int_equal(trust.count, 2);
    assert_int_equal(trust.grade, TRUST_INVALID);
    assert_string_equal(trust.reasons[0].check, "rate");
    assert_string_equal(trust.reasons[0].text, "75 % of the asked rate (95 % at least)");
    assert_string_equal(trust.reasons[1].check, check);
    assert_int_equal(trust.reasons[1].grade, grade);
}

static void test_trust_does_not_blame_the_target_for_a_busy_generator(void **state)
{
    (void)state;
    results.recorded.measured = (struct accounting){
        .planned = 2000, .skipped = 500, .sent = 1500, .ok = 1500};
    results.self.worker_cpu[1] = 0.96;
    assert_rate_missed_and("cpu", TRUST_DOUBTFUL);
    results.self.worker_cpu[1] = 0.9;
    refill(&results.recorded.loop_lag, 51 * NS_PER_MS);
    assert_rate_missed_and("loop_lag", TRUST_INVALID);
    refill(&results.recorded.loop_lag, 50 * NS_PER_MS); /* not enough to miss a rate by */
    judge();
    assert_int_equal(trust.count, 2);
    assert_string_equal(trust.reasons[0].check, "loop_lag");
    assert_string_equal(trust.reasons[1].check, "target");
}

static void test_trust_does_not_blame_wsload_for_connections_that_do_not_open(void **state)
{
    struct failure refused = {FAILURE_CONNECT_REFUSED, "", {NULL, 0}};
    (void)state;
    results.recorded.measured = (struct accounting){
        .planned = 2000, .sent = 1000, .unsent = 1000, .ok = 1000, .failed = 1000};
    for (int i = 0; i < 1000; i++)
        failures_add(&results.recorded.failures, &refused, 1);
    assert_trusted();
}

/* How many come due is chance, or a matter of where the end is; only what was not sent counts. */
static void test_trust_forgives_chance_and_nothing_else(void **state)
{
    static const struct {
        double asked_per_s;
        enum arrival_law law;
        uint64_t planned;
        uint64_t late_trusted; /* one more is too many */
        const char *text;
    } cases[] = {
        {10, ARRIVAL_POISSON, 70, 3,
         "94 % of the asked rate with connections free (95 % at least)"},
        {10, ARRIVAL_POISSON, 30, 1,
         "93 % of the asked rate with connections free (95 % at least)"},
        {1, ARRIVAL_CONSTANT, 9, 0, "88 % of the asked rate with connections free (95 % at least)"},
        {1, ARRIVAL_CONSTANT, 20, 1,
         "90 % of the asked rate with connections free (95 % at least)"},
        {0.01, ARRIVAL_CONSTANT, 1, 0,
         "0 % of the asked rate with connections free (95 % at least)"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint64_t planned = cases[i].planned;
        results.asked_per_s = cases[i].asked_per_s;
        results.setup.arrival = cases[i].law;
        results.recorded.measured = (struct accounting){
            .planned = planned, .sent = planned, .ok = planned};
        results.recorded.sent_late = cases[i].late_trusted;
        assert_trusted();
        results.recorded.sent_late++;
        assert_reason("rate", TRUST_INVALID, cases[i].text);
    }
    results.recorded.sent_late = 0;
    results.recorded.measured = (struct accounting){0};
    assert_trusted();
}

static void test_trust_rejects_a_run_that_ran_out_of_something(void **state)
{
    struct failure ports = {FAILURE_EXHAUSTED, "ports", {NULL, 0}};
    struct failure unknown = {FAILURE_EXHAUSTED, "", {NULL, 0}};
    struct failure reset = {FAILURE_RESET, "", {NULL, 0}};
    (void)state;
    failures_add(&results.recorded.failures, &reset, 0);
    assert_trusted();
    failures_add(&results.recorded.failures, &ports, 0);
    assert_reason("exhausted", TRUST_INVALID, "this machine ran out of ports, 1 time");
    failures_add(&results.recorded.failures, &ports, 0);
    assert_reason("exhausted", TRUST_INVALID, "this machine ran out of ports, 2 times");
    results.recorded.failures.count = 0;
    failures_add(&results.recorded.failures, &unknown, 0);
    assert_reason("exhausted", TRUST_INVALID,
                  "this machine ran out of what a connection needs, 1 time");
}

static void test_trust_names_one_machine_without_blame(void **state)
{
    (void)state;
    results.setup.same_machine = true;
    assert_reason("same_machine", TRUST_VALID, "client and server share one machine");
    assert_string_equal(trust.reasons[0].advice, "");
}

/* The only reason: 2,000 requests were sent, none of them was answered, and IN_VAIN waited for it.
 */
static void fill_unanswered(uint64_t in_vain)
{
    struct failure timeout = {FAILURE_REPLY_TIMEOUT, "", {NULL, 0}};
    struct failure reset = {FAILURE_RESET, "", {NULL, 0}};
    results.recorded.measured = (struct accounting){.planned = 2000, .sent = 2000, .failed = 2000};
    results.recorded.failures.count = 0;
    for (uint64_t i = 0; i < 2000; i++)
        failures_add(&results.recorded.failures, i < in_vain ? &timeout : &reset, 1);
}

static void test_trust_says_when_nothing_came_back(void **state)
{
    struct recorder *recorded = &results.recorded;
    (void)state;
    fill_unanswered(1);
    assert_reason("no_replies", TRUST_VALID, "nothing at all came back");
    assert_string_equal(trust.reasons[0].advice,
                        "the route may have no route response, or the backend never posts to the "
                        "connection; use --one-way if no reply is meant");
    results.setup.one_way = true;
    assert_trusted();
    results.setup.one_way = false;
    recorded->traffic.received_messages = 1;
    assert_trusted();
    recorded->traffic.received_messages = 0;
    fill_unanswered(0); /* connections that broke answer for themselves */
    assert_trusted();
    recorded->warmup = (struct accounting){.planned = 1, .sent = 1, .unanswered = 1};
    assert_reason("no_replies", TRUST_VALID, "nothing at all came back");
    recorded->warmup = (struct accounting){.planned = 2, .sent = 2, .ok = 1, .unanswered = 1};
    assert_trusted();
    recorded->warmup = (struct accounting){0};
    recorded->failures.count = 0;
    recorded->measured = (struct accounting){.planned = 2000, .sent = 2000, .unanswered = 2000};
    assert_reason("no_replies", TRUST_VALID, "nothing at all came back");
}

static void test_trust_doubts_a_record_with_holes(void **state)
{
    (void)state;
    results.record_lost = 1;
    assert_reason("record_lost", TRUST_DOUBTFUL, "--record had to leave out 1 request");
    results.record_lost = 12345;
    assert_reason("record_lost", TRUST_DOUBTFUL, "--record had to leave out 12,345 requests");
}

static void test_trust_doubts_single_replies_that_more_comes_behind(void **state)
{
    static const struct {
        uint64_t ended;
        uint64_t failed;
        uint64_t late;
        const char *text; /* NULL: trusted */
    } cases[] = {
        {2000, 0, 100, NULL},
        {2000, 0, 101, "101 messages came behind the end of their reply"},
        {2000, 0, 38000, "38,000 messages came behind the end of their reply"},
        {20, 0, 9, NULL},
        {20, 0, 10, "10 messages came behind the end of their reply"},
        {2000, 400, 500, NULL}, /* the replies to those that failed */
        {2000, 400, 501, "501 messages came behind the end of their reply"},
    };
    struct failure timeout = {FAILURE_REPLY_TIMEOUT, "", {NULL, 0}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint64_t ended = cases[i].ended;
        results.recorded.measured = (struct accounting){.planned = ended,
                                                        .sent = ended,
                                                        .ok = ended - cases[i].failed,
                                                        .failed = cases[i].failed};
        results.recorded.failures.count = 0;
        for (uint64_t j = 0; j < cases[i].failed; j++)
            failures_add(&results.recorded.failures, &timeout, 1);
        results.recorded.late = cases[i].late;
        if (cases[i].text == NULL)
            assert_trusted();
        else
            assert_reason("late_messages", TRUST_DOUBTFUL, cases[i].text);
    }
    results.setup.stream = true; /* its end was told */
    assert_trusted();
    results.setup = (struct results_setup){.one_way = true};
    assert_trusted();
}

static void test_trust_puts_late_messages_in_front_of_loop_lag(void **state)
{
    (void)state;
    results.recorded.late = 2000;
    refill(&results.recorded.loop_lag, 5 * NS_PER_MS);
    judge();
    assert_string_equal(trust.reasons[0].check, "late_messages");
    assert_string_equal(trust.reasons[1].check, "loop_lag");
}

static void test_trust_asks_no_latency_of_one_way_requests(void **state)
{
    (void)state;
    results.setup.one_way = true;
    histogram_reset(&results.recorded.latency);
    histogram_reset(&results.recorded.response_time);
    assert_int_equal(
        thresholds_add(&results.thresholds, "name", "response_time:p(95)", THRESHOLD_BELOW, 1), 0);
    assert_trusted();
}

static void test_trust_doubts_percentiles_that_rest_on_little(void **state)
{
    static const struct {
        const char *selector;
        int samples;
        const char *text; /* NULL: trusted */
    } cases[] = {
        {"latency:p(95)", 200, NULL},
        {"latency:p(95)", 199, "9 samples beyond latency:p(95) of a threshold (10 at least)"},
        {"latency:p(95)", 39, "1 sample beyond latency:p(95) of a threshold (10 at least)"},
        {"latency:med", 20, NULL},
        {"latency:med", 19, "9 samples beyond latency:med of a threshold (10 at least)"},
        {"latency:p(100)", 5, NULL},
        {"latency:avg", 5, NULL},
        {"latency:p(95)", 0, NULL},
        {"success_rate", 5, NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        results.thresholds.count = 0;
        thresholds_add(&results.thresholds, "name", cases[i].selector, THRESHOLD_BELOW, 1);
        histogram_reset(&results.recorded.latency);
        for (int j = 0; j < cases[i].samples; j++)
            histogram_record(&results.recorded.latency, 20 * NS_PER_MS);
        if (cases[i].text == NULL)
            assert_trusted();
        else
            assert_reason("samples", TRUST_DOUBTFUL, cases[i].text);
    }
}

static void test_trust_rejects_sums_that_do_not_hold(void **state)
{
    (void)state;
    results.recorded.measured.planned++;
    assert_reason("sums", TRUST_INVALID,
                  "measured part: 2001 requests planned, but 2000 sent, 0 unsent and 0 skipped");
}

static void test_trust_puts_the_worst_reason_first(void **state)
{
    static const char *const expected[] = {"sums", "exhausted", "send_lag", "cpu", "same_machine"};
    struct failure ports = {FAILURE_EXHAUSTED, "ports", {NULL, 0}};
    (void)state;
    results.setup.same_machine = true;
    results.self.worker_cpu[0] = 1;
    refill(&results.recorded.pacing_lag, 11 * NS_PER_MS);
    failures_add(&results.recorded.failures, &ports, 0);
    results.recorded.measured.planned++;
    judge();
    assert_int_equal(trust.grade, TRUST_INVALID);
    assert_int_equal(trust.count, ARRAY_LENGTH(expected));
    for (size_t i = 0; i < ARRAY_LENGTH(expected); i++)
        assert_string_equal(trust.reasons[i].check, expected[i]);
}

static void test_trust_fits_the_longest_text(void **state)
{
    (void)state;
    results.recorded.measured = (struct accounting){UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
                                                    0,          0,          0};
    judge();
    assert_string_equal(trust.reasons[0].check, "sums");
    assert_non_null(memchr(trust.reasons[0].text, '\0', sizeof(trust.reasons[0].text)));
}

static void test_trust_grades_have_names(void **state)
{
    (void)state;
    assert_string_equal(trust_grade_name(TRUST_VALID), "valid");
    assert_string_equal(trust_grade_name(TRUST_DOUBTFUL), "doubtful");
    assert_string_equal(trust_grade_name(TRUST_INVALID), "invalid");
}

#define TRUST_TEST(test) cmocka_unit_test_setup_teardown(test, fill, release)

TEST_GROUP(trust)
{
    const struct CMUnitTest tests[] = {
        TRUST_TEST(test_trust_believes_a_good_run),
        TRUST_TEST(test_trust_doubts_a_busy_worker_and_names_it),
        TRUST_TEST(test_trust_does_not_judge_the_cpu_of_a_moment),
        TRUST_TEST(test_trust_grades_loop_lag_by_the_latency),
        TRUST_TEST(test_trust_grades_send_lag_of_the_generator_alone),
        TRUST_TEST(test_trust_asks_whose_fault_a_missed_rate_is),
        TRUST_TEST(test_trust_does_not_blame_the_target_for_a_busy_generator),
        TRUST_TEST(test_trust_does_not_blame_wsload_for_connections_that_do_not_open),
        TRUST_TEST(test_trust_forgives_chance_and_nothing_else),
        TRUST_TEST(test_trust_rejects_a_run_that_ran_out_of_something),
        TRUST_TEST(test_trust_names_one_machine_without_blame),
        TRUST_TEST(test_trust_says_when_nothing_came_back),
        TRUST_TEST(test_trust_doubts_a_record_with_holes),
        TRUST_TEST(test_trust_doubts_single_replies_that_more_comes_behind),
        TRUST_TEST(test_trust_puts_late_messages_in_front_of_loop_lag),
        TRUST_TEST(test_trust_asks_no_latency_of_one_way_requests),
        TRUST_TEST(test_trust_doubts_percentiles_that_rest_on_little),
        TRUST_TEST(test_trust_rejects_sums_that_do_not_hold),
        TRUST_TEST(test_trust_puts_the_worst_reason_first),
        TRUST_TEST(test_trust_fits_the_longest_text),
        TRUST_TEST(test_trust_grades_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
