#include "testing.h"

#include <stdio.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/base/random.h"
#include "wsload/judge/verdict.h"
#include "wsload/stats/recorder.h"

#include "measuring.h"

#define LIMIT_NS     (50 * NS_PER_MS) /* of all thresholds on durations below */
#define REQUESTS_MAX 60
#define WORKERS      3
#define RUNS         1140 /* 30 of each threshold */

static struct recorder *workers[WORKERS];
static struct measurement *at_end;

static struct thresholds parsed(const char *text)
{
    struct thresholds thresholds = {.count = 0};
    struct error error;
    if (thresholds_parse(&thresholds, text, &error))
        fail_msg("%s: %s", text, error.text);
    return thresholds;
}

/* --- Runs: what is recorded by workers, and what it comes to at the end --- */

struct one_request {
    bool ok;
    uint64_t latency_ns;
    uint64_t lag_ns;
    uint64_t messages; /* the first halfway if there are more, else at the end */
    uint64_t bytes;
    enum failure_kind kind;
};

static uint64_t ttfm_of(const struct one_request *request)
{
    return request->messages < 2 ? request->latency_ns : request->latency_ns / 2;
}

struct run {
    bool open_model;
    unsigned workers;
    size_t count;
    struct one_request requests[REQUESTS_MAX];
};

static struct random dice;

/* Durations close to the limit on both sides, in its bucket and out of it, and far from it. */
static uint64_t some_duration(void)
{
    static const uint64_t near[] = {
        LIMIT_NS - 1,     LIMIT_NS, LIMIT_NS + 1, LIMIT_NS - 40000, LIMIT_NS + 5000,
        LIMIT_NS + 40000, 0,        NS_PER_MS};
    uint64_t choice = random_between(&dice, 0, 2 * ARRAY_LENGTH(near));
    if (choice < ARRAY_LENGTH(near))
        return near[choice];
    return random_between(&dice, 0, 2 * LIMIT_NS);
}

static struct one_request some_request(const struct run *run, uint64_t failing_percent,
                                       bool constant)
{
    struct one_request request = {.ok = random_between(&dice, 1, 100) > failing_percent};
    request.latency_ns = constant ? LIMIT_NS : some_duration();
    if (run->open_model)
        request.lag_ns = random_between(&dice, 0, 3) == 0 ? some_duration() : 0;
    request.messages = random_between(&dice, 0, 4);
    request.bytes = random_between(&dice, 10240 - 8, 10240 + 8);
    request.kind = random_between(&dice, 0, 1) == 0 ? FAILURE_CLOSED : FAILURE_RESET;
    return request;
}

static struct run some_run(void)
{
    struct run run = {.open_model = random_between(&dice, 0, 1) == 0};
    uint64_t failing_percent = random_between(&dice, 0, 30);
    bool constant = random_between(&dice, 0, 9) == 0;
    run.workers = (unsigned)random_between(&dice, 1, WORKERS);
    run.count = (size_t)random_between(&dice, 1, REQUESTS_MAX);
    for (size_t i = 0; i < run.count; i++)
        run.requests[i] = some_request(&run, failing_percent, constant);
    return run;
}

static void begin_workers(const struct run *run)
{
    struct load load = {
        .model = run->open_model ? LOAD_OPEN : LOAD_CLOSED, .reply = REPLY_STREAM, .shards = 1};
    for (unsigned i = 0; i < run->workers; i++) {
        workers[i] = recorder_new(&load);
        assert_non_null(workers[i]);
        recorder_start(workers[i], NS_PER_S, CLOCK_NEVER, 0);
    }
}

static void end_workers(const struct run *run)
{
    for (unsigned i = 0; i < run->workers; i++)
        recorder_free(workers[i]);
}

/* Request NUMBER of RUN, on one of the workers; now and then a second is over. */
static void record(const struct run *run, size_t number)
{
    const struct one_request *request = &run->requests[number];
    struct recorder *worker = workers[random_between(&dice, 0, run->workers - 1)];
    struct failure failure = {request->kind, "", {NULL, 0}};
    uint64_t done_ns = (10 + number) * NS_PER_S;
    struct request_outcome outcome = {
        .seq = number,
        .due_ns = done_ns - request->latency_ns - request->lag_ns,
        .sent_ns = done_ns - request->latency_ns,
        .first_ns = done_ns - request->latency_ns + ttfm_of(request),
        .done_ns = done_ns,
        .messages = request->messages,
        .bytes = request->bytes,
        .failure = request->ok ? NULL : &failure,
    };
    recorder_request_sent(worker, outcome.due_ns, outcome.sent_ns, false);
    recorder_request_done(worker, &outcome);
    if (random_between(&dice, 0, 3) == 0)
        recorder_tick(worker, done_ns, 0, 0);
}

static bool sure_to_fail(const struct run *run, const struct thresholds *thresholds,
                         uint64_t to_come)
{
    static struct evidence all[THRESHOLDS_MAX];
    static struct evidence of_worker[THRESHOLDS_MAX];
    memset(all, 0, sizeof(all));
    for (unsigned i = 0; i < run->workers; i++) {
        thresholds_observe(thresholds, workers[i]->seen, of_worker);
        for (size_t j = 0; j < thresholds->count; j++)
            evidence_add(&all[j], &of_worker[j]);
    }
    return thresholds_sure_to_fail(thresholds, all, to_come);
}

static void count_reply(const struct one_request *request)
{
    struct histogram *distributions = at_end->distributions;
    uint64_t rest_ns = request->latency_ns - ttfm_of(request);
    histogram_record(&distributions[DIST_TTFM], ttfm_of(request));
    if (request->messages >= 2)
        histogram_record(&distributions[DIST_TPOM], rest_ns / (request->messages - 1));
    histogram_record(&distributions[DIST_REPLY_MESSAGES], request->messages);
    histogram_record(&distributions[DIST_REPLY_BYTES], request->bytes);
}

static void count_request(const struct run *run, const struct one_request *request)
{
    struct histogram *distributions = at_end->distributions;
    if (request->ok) {
        at_end->counts[COUNT_OK]++;
        histogram_record(&distributions[DIST_LATENCY], request->latency_ns);
        count_reply(request);
        if (run->open_model)
            histogram_record(&distributions[DIST_RESPONSE_TIME],
                             request->latency_ns + request->lag_ns);
    } else {
        at_end->counts[COUNT_FAILED]++;
        count_failures(at_end, request->kind, 1, 1);
    }
}

/* Whether the threshold is kept when the run is over with those requests. */
static bool kept(const struct run *run, const struct thresholds *thresholds)
{
    static struct verdict verdict;
    at_end->load.model = run->open_model ? LOAD_OPEN : LOAD_CLOSED;
    at_end->counts[COUNT_OK] = 0;
    at_end->counts[COUNT_FAILED] = 0;
    at_end->failures.count = 0;
    for (size_t i = 0; i < DISTRIBUTION_COUNT; i++)
        histogram_reset(&at_end->distributions[i]);
    for (size_t i = 0; i < run->count; i++)
        count_request(run, &run->requests[i]);
    judge(&verdict, at_end, thresholds);
    return verdict.judgements[0].passed;
}

/* RUN with the first DONE requests as they are, and REST more of another kind. */
static struct run completed(const struct run *run, size_t done, size_t rest,
                            const struct one_request *other)
{
    struct run changed = *run;
    changed.count = done + rest;
    for (size_t i = done; i < changed.count; i++)
        changed.requests[i] = other ? *other : some_request(run, 20, false);
    return changed;
}

/* Broken by every completion that we can think of. BEST: only by those that are best for it. */
static bool broken_by_all(const struct run *run, const struct thresholds *thresholds, size_t done,
                          bool best)
{
    static const struct one_request perfect = {.ok = true};
    size_t rest = run->count - done;
    struct run tries[] = {
        completed(run, done, 0, NULL),
        completed(run, done, rest, &perfect),
        *run,
        completed(run, done, rest, NULL),
        completed(run, done, rest / 2, NULL),
        completed(run, done, rest / 2, &perfect),
    };
    for (size_t i = 0; i < (best ? 2 : ARRAY_LENGTH(tries)); i++)
        if (kept(&tries[i], thresholds))
            return false;
    return true;
}

static const char *const texts[] = {
    "latency:p(95)<50ms,abort",
    "latency:p(50)<=50ms,abort",
    "latency:p(99.9)<50ms,abort",
    "latency:p(0)<50ms,abort",
    "latency:p(100)<=50ms,abort",
    "latency:med<50ms,abort",
    "latency:avg<50ms,abort",
    "latency:avg<=50ms,abort",
    "latency:max<50ms,abort",
    "latency:max<=50ms,abort",
    "latency:min>1ms,abort",
    "latency:min>=1ms,abort",
    "latency:count<20,abort",
    "response_time:p(90)<50ms,abort",
    "response_time:avg<50ms,abort",
    "response_time:max<=50ms,abort",
    "response_time:count<=9,abort",
    "success_rate>90,abort",
    "success_rate>=75,abort",
    "errors<3,abort",
    "errors<=3,abort",
    "errors{kind=closed}<2,abort",
    "failed_requests<=2,abort",
    "requests<25,abort",
    "successful_requests<21,abort",
    "ttfm:p(80)<50ms,abort",
    "ttfm:avg<=30ms,abort",
    "ttfm:max<50ms,abort",
    "messages_per_reply:p(70)<3,abort",
    "messages_per_reply:avg<=2,abort",
    "messages_per_reply:max<4,abort",
    "messages_per_reply:min>=1,abort",
    "bytes_per_reply:p(50)<=10KiB,abort",
    "bytes_per_reply:avg<8KiB,abort",
    "bytes_per_reply:max<=10240,abort",
    "tpom:p(90)<20ms,abort",
    "tpom:avg<10ms,abort",
    "errors==2,abort",
};

/* Of the last of them only the end can tell: a request need not have a sample of tpom, and errors
 * may be too few as well. */
#define EXACT_TEXTS (ARRAY_LENGTH(texts) - 3)

static void check_run(const struct run *run, size_t text)
{
    struct thresholds thresholds = parsed(texts[text]);
    bool sure = false;
    size_t looks_at = (size_t)random_between(&dice, 1, 4);
    begin_workers(run);
    for (size_t done = 1; done <= run->count; done++) {
        record(run, done - 1);
        bool before = sure;
        sure = sure_to_fail(run, &thresholds, run->count - done);
        if (before && !sure)
            fail_msg("%s: not sure any more", texts[text]);
        if (sure && !before && !broken_by_all(run, &thresholds, done, false))
            fail_msg("%s: too soon, %zu of %zu", texts[text], done, run->count);
        if (sure || run->workers > 1 || text >= EXACT_TEXTS || done % looks_at != 0)
            continue;
        if (run->requests[0].ok && broken_by_all(run, &thresholds, done, true))
            fail_msg("%s: too late, %zu of %zu", texts[text], done, run->count);
    }
    end_workers(run);
}

static void test_thresholds_abort_exactly_when_nothing_can_mend_the_run(void **state)
{
    (void)state;
    random_init(&dice, 20261122);
    at_end = measurement_new(&(struct load){.reply = REPLY_STREAM, .shards = 1});
    assert_non_null(at_end);
    at_end->counts[COUNT_TOTAL_TIME] = NS_PER_S;
    for (size_t i = 0; i < RUNS; i++) {
        struct run run = some_run();
        check_run(&run, i % ARRAY_LENGTH(texts));
    }
    measurement_free(at_end);
}

/* --- Known answers --- */

static void test_thresholds_say_what_can_abort(void **state)
{
    static const struct {
        const char *text;
        bool known;   /* with a known number of requests */
        bool unknown; /* without */
    } cases[] = {
        {"errors<3", true, true},
        {"errors<=3", true, true},
        {"errors==3", true, true},
        {"errors!=3", false, false},
        {"errors>3", false, false},
        {"errors{kind=dns}<3", true, true},
        {"errors:rate<3", false, false},
        {"latency:count<3", true, true},
        {"latency:max<3s", true, true},
        {"latency:max>3s", false, false},
        {"latency:min>3s", true, true},
        {"latency:min<3s", false, false},
        {"latency:p(95)<3s", true, false},
        {"latency:p(95)>3s", false, false},
        {"latency:p(95)==3s", false, false},
        {"latency:med<=3s", true, false},
        {"latency:avg<3s", true, false},
        {"latency:avg>=3s", false, false},
        {"latency:stddev<3s", false, false},
        {"latency:rate<3", false, false},
        {"send_lag:p(99)<3s", true, false},
        {"connect:max<3s", true, true},
        {"connect:p(95)<3s", false, false},
        {"connect:avg<3s", false, false},
        {"loop_lag:p(99)<3s", false, false},
        {"success_rate>3", true, false},
        {"success_rate>=3", true, false},
        {"success_rate<3", false, false},
        {"achieved_rate>3", false, false},
        {"requests_per_second>3", false, false},
        {"total_time<3s", false, false},
        {"ttfm:p(95)<3s", true, false},
        {"tpom:avg<3s", true, false},
        {"messages_per_reply:avg<3", true, false},
        {"gap:max<3s", true, true},
        {"bytes_per_reply:p(95)<3KiB", true, false},
        {"gap:p(95)<3s", false, false},
        {"gap:avg<3s", false, false},
        {"late<=3", true, true},
        {"connections.rotated<3", true, true},
        {"goodput>3", false, false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char text[THRESHOLD_TEXT_SIZE];
        struct thresholds thresholds = parsed(cases[i].text);
        assert_int_equal(threshold_can_abort(&thresholds.items[0], true), cases[i].known);
        assert_int_equal(threshold_can_abort(&thresholds.items[0], false), cases[i].unknown);
        assert_false(thresholds_may_abort(&thresholds));
        snprintf(text, sizeof(text), "%s,abort", cases[i].text);
        thresholds = parsed(text);
        assert_true(thresholds_may_abort(&thresholds));
        /* Where it cannot be known, nothing is enough to say so. */
        const struct evidence evidence[THRESHOLDS_MAX] = {
            {.count = 1000000, .beyond = 1000000, .sum = (histogram_sum)1 << 100}};
        assert_int_equal(thresholds_sure_to_fail(&thresholds, evidence, 1) != NULL, cases[i].known);
        assert_int_equal(thresholds_sure_to_fail(&thresholds, evidence, UINT64_MAX) != NULL,
                         cases[i].unknown);
    }
}

static void test_thresholds_abort_at_the_request_that_decides(void **state)
{
    static const struct {
        const char *text;
        struct evidence evidence;
        uint64_t to_come;
        bool sure;
    } cases[] = {
        /* p95 of 100: 5 may be beyond */
        {"latency:p(95)<1s,abort", {.count = 10, .beyond = 5}, 90, false},
        {"latency:p(95)<1s,abort", {.count = 10, .beyond = 6}, 90, true},
        {"latency:p(95)<1s,abort", {.count = 10, .beyond = 6}, 110, false},
        {"latency:p(95)<1s,abort", {.count = 10, .beyond = 10}, UINT64_MAX, false},
        /* 30 s in all, over 30 requests 1 s each */
        {"latency:avg<1s,abort", {.count = 3, .sum = 30 * NS_PER_S}, 27, true},
        {"latency:avg<1s,abort", {.count = 3, .sum = 30 * NS_PER_S}, 28, false},
        {"latency:avg<=1s,abort", {.count = 3, .sum = 30 * NS_PER_S}, 27, false},
        {"latency:avg<=1s,abort", {.count = 3, .sum = 30 * NS_PER_S}, 26, true},
        {"latency:avg<1s,abort", {.count = 3, .sum = 30 * NS_PER_S}, UINT64_MAX, false},
        {"success_rate>99,abort", {.count = 20, .beyond = 1}, 80, true},
        {"success_rate>99,abort", {.count = 20, .beyond = 1}, 81, false},
        {"success_rate>=99,abort", {.count = 20, .beyond = 1}, 80, false},
        {"success_rate>=99,abort", {.count = 20, .beyond = 1}, UINT64_MAX, false},
        {"latency:max<1s,abort", {.count = 20, .beyond = 1}, UINT64_MAX, true},
        {"latency:max<1s,abort", {.count = 20, .beyond = 0}, 0, false},
        {"errors<3,abort", {.beyond = 2}, 0, false},
        {"errors<3,abort", {.beyond = 3}, UINT64_MAX, true},
        {"errors==3,abort", {.beyond = 2}, 0, false},
        {"errors==3,abort", {.beyond = 3}, UINT64_MAX, false},
        {"errors==3,abort", {.beyond = 4}, UINT64_MAX, true},
        {"errors<3", {.beyond = 4}, 0, false},
        /* nothing measured, nothing to come: there is no figure to judge */
        {"latency:avg<1s,abort", {.count = 0}, 0, false},
        {"success_rate>99,abort", {.count = 0}, 0, false},
        {"latency:p(95)<1s,abort", {.count = 0}, 0, false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct thresholds thresholds = parsed(cases[i].text);
        struct evidence evidence[THRESHOLDS_MAX] = {cases[i].evidence};
        const struct threshold *found = thresholds_sure_to_fail(&thresholds, evidence,
                                                                cases[i].to_come);
        if (found != (cases[i].sure ? &thresholds.items[0] : NULL))
            fail_msg("case %zu: %s", i, cases[i].text);
    }
}

/* One without abort and two with it: only theirs is gathered, and the first that fails is named. */
static void test_thresholds_abort_names_the_first_that_fails(void **state)
{
    struct thresholds thresholds = parsed("errors<1");
    struct evidence evidence[THRESHOLDS_MAX] = {{.beyond = 99}};
    struct error error;
    (void)state;
    assert_int_equal(thresholds_parse(&thresholds, "errors<3,abort", &error), 0);
    assert_int_equal(thresholds_parse(&thresholds, "errors<2,abort", &error), 0);
    struct measurement *seen = measurement_new(&(struct load){.shards = 1});
    count_failures(seen, FAILURE_RESET, 2, 0);
    thresholds_observe(&thresholds, seen, evidence);
    measurement_free(seen);
    assert_int_equal(evidence[0].beyond, 99);
    assert_int_equal(evidence[1].beyond, 2);
    assert_int_equal(evidence[2].beyond, 2);
    assert_ptr_equal(thresholds_sure_to_fail(&thresholds, evidence, UINT64_MAX),
                     &thresholds.items[2]);
}

/* What is above an hour is counted in one bucket, from which nothing can be said. */
static void test_thresholds_abort_counts_percentiles_at_the_ends_of_the_scale(void **state)
{
    static const struct {
        const char *text;
        uint64_t sample_ns;
        uint64_t beyond;
    } cases[] = {
        {"latency:p(50)<0s,abort", 0, 1},
        {"latency:p(50)<=0s,abort", 0, 0},
        {"latency:p(50)<=0s,abort", 1, 1},
        {"latency:p(50)<1h,abort", HISTOGRAM_HIGHEST_NS, 1},
        {"latency:p(50)<1h,abort", 3 * HISTOGRAM_HIGHEST_NS, 1},
        {"latency:p(50)<=1h,abort", 3 * HISTOGRAM_HIGHEST_NS, 0},
        {"latency:p(50)<2h,abort", 3 * HISTOGRAM_HIGHEST_NS, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct thresholds thresholds = parsed(cases[i].text);
        struct evidence evidence[THRESHOLDS_MAX];
        struct measurement *seen = measurement_new(&(struct load){.shards = 1});
        histogram_record(&seen->distributions[DIST_LATENCY], cases[i].sample_ns);
        thresholds_observe(&thresholds, seen, evidence);
        measurement_free(seen);
        assert_int_equal(evidence[0].count, 1);
        assert_int_equal(evidence[0].beyond, cases[i].beyond);
    }
}

TEST_GROUP(abort)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thresholds_abort_exactly_when_nothing_can_mend_the_run),
        cmocka_unit_test(test_thresholds_say_what_can_abort),
        cmocka_unit_test(test_thresholds_abort_at_the_request_that_decides),
        cmocka_unit_test(test_thresholds_abort_names_the_first_that_fails),
        cmocka_unit_test(test_thresholds_abort_counts_percentiles_at_the_ends_of_the_scale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
