#include "testing.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run_build.h"
#include "wsload/base/clock.h"
#include "wsload/base/cores.h"

static struct prompts prompts = {.count = 3};
static struct plan plan;
static struct run_options options;
static struct error error;

/* Builds the load of a plan for HOST from the words up to a NULL. */
static int build_for(const char *host, const char *const *words)
{
    char *argv[16] = {(char *)"wsload"};
    int argc = 1;
    for (; words[argc - 1]; argc++)
        argv[argc] = (char *)words[argc - 1];
    assert_int_equal(run_options_parse(argc, argv, &options, &error), 0);
    plan = options.plan;
    plan.prompts = options.hold ? NULL : &prompts;
    snprintf(plan.target.url.host, sizeof(plan.target.url.host), "%s", host);
    return run_load_build(&plan, &options, &error);
}

#define BUILD(...) build_for("h", (const char *const[]){__VA_ARGS__, NULL})

/* Processors that this test may use. */
static unsigned cores(void)
{
    return (unsigned)ceil(cores_allowed());
}

static void test_run_load_listens_where_replies_may_come(void **state)
{
    (void)state;
    assert_int_equal(build_for("h", (const char *const[]){NULL}), 0);
    assert_int_equal(plan.linger_ns, 300 * NS_PER_MS);
    assert_int_equal(plan.linger_most_ns, 2 * NS_PER_S);
    assert_int_equal(BUILD("--hold", "-d", "1s"), 0);
    assert_int_equal(plan.linger_ns, 0);
    assert_int_equal(BUILD("--one-way"), 0);
    assert_int_equal(plan.linger_ns, 0);
}

static void test_run_load_closed_is_the_default(void **state)
{
    (void)state;
    assert_int_equal(build_for("h", (const char *const[]){NULL}), 0);
    assert_int_equal(plan.load.model, LOAD_CLOSED);
    assert_int_equal(plan.load.connections, 10);
    assert_int_equal(plan.load.requests, 3); /* each prompt once */
    assert_int_equal(plan.load.duration_ns, 0);
    assert_int_equal(plan.load.warmup_ns, 0);
    assert_int_equal(plan.load.stages.count, 0);
    assert_float_equal(plan.load.stages.start, 10, 0);
    assert_int_equal(plan.load.think.law, THINK_NONE);
    assert_int_equal(plan.load.in_flight, 1);
    assert_int_equal(plan.load.max_queue, 100000);
    assert_float_equal(plan.load.connect_rate, 0, 0);
    assert_int_equal(plan.keepalive_ns, 0);
    assert_int_equal(plan.max_lifetime_ns, 0);
    assert_false(plan.keep_replies);
    assert_int_equal(plan.load.workers, 1);
}

static void test_run_load_a_rate_makes_the_open_model(void **state)
{
    (void)state;
    assert_int_equal(BUILD("-r", "5k", "-c", "4"), 0);
    assert_int_equal(plan.load.model, LOAD_OPEN);
    assert_int_equal(plan.load.connections, 4);
    assert_int_equal(plan.load.requests, 3);
    assert_int_equal(plan.load.stages.count, 0);
    assert_float_equal(plan.load.stages.start, 5000, 0);
    assert_int_equal(plan.load.arrival, ARRIVAL_CONSTANT);
    assert_int_equal(BUILD("-r", "2", "--arrival", "constant", "--in-flight", "8", "--max-queue",
                           "0", "-d", "1s"),
                     0);
    assert_int_equal(plan.load.arrival, ARRIVAL_CONSTANT);
    assert_int_equal(plan.load.in_flight, 8);
    assert_int_equal(plan.load.max_queue, 0);
    assert_int_equal(plan.load.requests, 0);
    assert_int_equal(BUILD("-r", "2", "--arrival", "poisson"), 0);
    assert_int_equal(plan.load.arrival, ARRIVAL_POISSON);
    assert_int_equal(BUILD("-r", "10m", "-s", "1s:10m"), 0);
    assert_float_equal(plan.load.stages.items[0].target, 1e7, 0);
}

static void test_run_load_holds_without_prompts(void **state)
{
    (void)state;
    assert_int_equal(BUILD("--hold", "-d", "10m", "-c", "7", "--keepalive", "30s:a:b"), 0);
    assert_int_equal(plan.load.model, LOAD_HOLD);
    assert_int_equal(plan.load.requests, 0);
    assert_int_equal(plan.load.duration_ns, 600 * NS_PER_S);
    assert_float_equal(plan.load.stages.start, 7, 0);
    assert_int_equal(plan.keepalive_ns, 30 * NS_PER_S);
    assert_true(text_equal(plan.keepalive, text_of("a:b")));
}

static void test_run_load_closed_keeps_several_in_flight(void **state)
{
    (void)state;
    assert_int_equal(BUILD("--in-flight", "8"), 0);
    assert_int_equal(plan.load.model, LOAD_CLOSED);
    assert_int_equal(plan.load.in_flight, 8);
}

static void test_run_load_keeps_connections_in_every_model(void **state)
{
    (void)state;
    static const char *const models[][3] = {{"-n", "5"}, {"-r", "5"}, {"-s", "1s:5"}};
    for (size_t i = 0; i < ARRAY_LENGTH(models); i++) {
        assert_int_equal(BUILD(models[i][0], models[i][1], "--keepalive", "5m:ping",
                               "--max-lifetime", "1h", "--record", "r", "--record-replies"),
                         0);
        assert_int_equal(plan.keepalive_ns, 300 * NS_PER_S);
        assert_true(text_equal(plan.keepalive, text_of("ping")));
        assert_int_equal(plan.max_lifetime_ns, 3600 * NS_PER_S);
        assert_true(plan.keep_replies);
    }
}

static void test_run_load_thinks_as_asked(void **state)
{
    (void)state;
    assert_int_equal(BUILD("--think-time", "1s-3s"), 0);
    assert_int_equal(plan.load.think.law, THINK_UNIFORM);
    assert_int_equal(plan.load.think.low_ns, NS_PER_S);
    assert_int_equal(plan.load.think.high_ns, 3 * NS_PER_S);
}

static void test_run_load_stages_make_the_duration(void **state)
{
    (void)state;
    assert_int_equal(BUILD("-r", "10", "-s", "1s:20", "-s", "2s:0.5"), 0);
    assert_int_equal(plan.load.stages.count, 2);
    assert_float_equal(plan.load.stages.start, 10, 0);
    assert_int_equal(plan.load.stages.items[1].duration_ns, 2 * NS_PER_S);
    assert_float_equal(plan.load.stages.items[1].target, 0.5, 0);
    assert_int_equal(plan.load.duration_ns, 3 * NS_PER_S);
    assert_int_equal(plan.load.connections, 10); /* the stages are of the rate */
    assert_int_equal(plan.load.requests, 0);
    assert_int_equal(BUILD("-s", "1s:20", "-n", "9"), 0);
    assert_int_equal(plan.load.requests, 9);
}

static void test_run_load_stages_of_connections_decide_how_many(void **state)
{
    (void)state;
    static const struct {
        const char *words[7];
        double start;
        unsigned connections;
    } cases[] = {
        {{"-s", "1s:20"}, 0, 20},
        {{"-c", "5", "-s", "1s:20"}, 5, 20},
        {{"-c", "50", "-s", "1s:20"}, 50, 50},
        {{"-s", "1s:20", "-s", "0s:200", "-s", "1s:0"}, 0, 200},
        {{"-c", "3", "-s", "1s:0"}, 3, 3},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(build_for("h", cases[i].words), 0);
        assert_float_equal(plan.load.stages.start, cases[i].start, 0);
        assert_int_equal(plan.load.connections, cases[i].connections);
    }
}

static void test_run_load_warms_up_at_the_level_of_the_start(void **state)
{
    (void)state;
    assert_int_equal(BUILD("-r", "10", "--warmup", "5s", "-s", "1s:20"), 0);
    assert_int_equal(plan.load.warmup_ns, 5 * NS_PER_S);
    assert_int_equal(plan.load.duration_ns, NS_PER_S);
    assert_int_equal(plan.load.stages.count, 1); /* as asked: the warm-up is none of them */
    assert_float_equal(plan.load.stages.items[0].target, 20, 0);
    assert_int_equal(plan.load.stages.hold_ns, 5 * NS_PER_S);
    assert_float_equal(stages_level(&plan.load.stages, 5 * NS_PER_S), 10, 0);
    assert_float_equal(stages_level(&plan.load.stages, 6 * NS_PER_S), 20, 0);
    assert_int_equal(BUILD("-c", "4", "--warmup", "5s", "-s", "1s:20"), 0);
    assert_float_equal(stages_level(&plan.load.stages, 5 * NS_PER_S), 4, 0);
    assert_int_equal(BUILD("-c", "4", "--warmup", "5s", "-d", "1s"), 0);
    assert_int_equal(plan.load.stages.count, 0); /* the level never changes */
    assert_int_equal(plan.load.warmup_ns, 5 * NS_PER_S);
    assert_int_equal(plan.load.duration_ns, NS_PER_S);
}

static void test_run_load_takes_64_stages_and_a_warm_up(void **state)
{
    (void)state;
    char *argv[2 * OPTION_LIST_MAX + 8] = {(char *)"wsload", (char *)"-c", (char *)"1",
                                           (char *)"--warmup", (char *)"1s"};
    int argc = 5;
    for (int i = 0; i < OPTION_LIST_MAX; i++) {
        argv[argc++] = (char *)"-s";
        argv[argc++] = (char *)"1s:2";
    }
    assert_int_equal(run_options_parse(argc, argv, &options, &error), 0);
    plan = options.plan;
    plan.prompts = &prompts;
    assert_int_equal(run_load_build(&plan, &options, &error), 0);
    assert_int_equal(plan.load.stages.count, STAGES_MAX);
    assert_int_equal(plan.load.duration_ns, 64 * NS_PER_S);
    argv[argc++] = (char *)"-s";
    argv[argc++] = (char *)"1s:2";
    assert_int_equal(run_options_parse(argc, argv, &options, &error), -1);
    assert_string_equal(error.text, "-s: at most 64 are allowed");
}

static void test_run_load_connects_to_api_gateway_within_its_quota(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        const char *words[3];
        double rate;
    } cases[] = {
        {"a1b2c3.execute-api.eu-west-1.amazonaws.com", {NULL}, 500},
        {"a1b2c3-vpce-0123.execute-api.eu-west-1.amazonaws.com", {NULL}, 500},
        {"a1b2c3.execute-api.eu-west-1.amazonaws.com", {"--connect-rate", "0"}, 0},
        {"a1b2c3.execute-api.eu-west-1.amazonaws.com", {"--connect-rate", "2k"}, 2000},
        {"h", {"--connect-rate", "90/m"}, 1.5},
        {"h", {NULL}, 0},
        {"execute-api.eu-west-1.amazonaws.com", {NULL}, 0},
        {"a1b2c3.execute-api.eu-west-1.amazonaws.com.example.com", {NULL}, 0},
        {"a1b2c3.lambda-url.eu-west-1.amazonaws.com", {NULL}, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(build_for(cases[i].host, cases[i].words), 0);
        assert_float_equal(plan.load.connect_rate, cases[i].rate, 0);
    }
}

static void test_run_load_has_a_worker_for_50_connections(void **state)
{
    (void)state;
    static const struct {
        const char *connections;
        unsigned most; /* with cores enough */
    } cases[] = {{"1", 1}, {"49", 1}, {"99", 1}, {"100", 2}, {"150", 3}, {"1m", WORKERS_MAX}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(BUILD("-c", cases[i].connections), 0);
        assert_int_equal(plan.load.workers, cases[i].most < cores() ? cases[i].most : cores());
    }
    assert_int_equal(BUILD("-s", "1s:100"), 0);
    assert_int_equal(plan.load.workers, cores() < 2 ? cores() : 2);
}

static void test_run_load_counts_only_cores_that_it_may_use(void **state)
{
    (void)state;
    cpu_set_t all;
    cpu_set_t one;
    assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
    assert_int_equal(BUILD("-c", "1000"), 0);
    assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
    assert_int_equal(plan.load.workers, 1);
}

static void test_run_load_has_as_many_workers_as_asked(void **state)
{
    (void)state;
    assert_int_equal(BUILD("-t", "4", "-c", "4"), 0);
    assert_int_equal(plan.load.workers, 4);
    assert_int_equal(BUILD("-t", "20", "-s", "1s:20"), 0);
    assert_int_equal(plan.load.workers, 20);
}

static void test_run_load_takes_or_makes_a_seed(void **state)
{
    (void)state;
    uint64_t seeds[3];
    assert_int_equal(BUILD("--seed", "0"), 0);
    assert_int_equal(plan.load.seed, 0);
    assert_int_equal(BUILD("--seed", "9007199254740991"), 0);
    assert_true(plan.load.seed == UINT64_C(9007199254740991));
    for (size_t i = 0; i < ARRAY_LENGTH(seeds); i++) {
        assert_int_equal(BUILD("-c", "1"), 0);
        seeds[i] = plan.load.seed;
        assert_true(plan.load.seed <= UINT32_MAX);
    }
    assert_true(seeds[0] != seeds[1] || seeds[1] != seeds[2]); /* all equal: once in 2^64 */
}

static void test_run_load_refuses_with_one_clear_line(void **state)
{
    (void)state;
    static char long_text[140000] = "5m:";
    memset(long_text + 3, 'x', 131073);
    static const struct {
        const char *words[7];
        const char *text; /* what the error begins with */
    } cases[] = {
        {{"-r", "0"}, "--rate 0: use a rate above 0"},
        {{"-r", "10000001"},
         "--rate: at most 10m, which is more than a machine can send, is allowed"},
        {{"-r", "0", "-s", "1s:0"}, "--stage: every TARGET is 0; use one above"},
        {{"-s", "1s:0", "-s", "2s:0"}, "--stage: every TARGET is 0; use one above"},
        {{"-s", "1s"}, "--stage '1s': "},
        {{"-s", "1s:2.5"}, "--stage '1s:2.5': use a whole number of connections"},
        {{"-s", "1s:16000001"}, "--stage '1s:16000001': use a whole number of connections"},
        {{"-r", "1", "-s", "1s:10000001"}, "--stage '1s:10000001': at most 10m, "},
        {{"-s", "0s:5"}, "--stage '0s:5': no time in all stages"},
        {{"--warmup", "1s", "-s", "1s:5"}, "--warmup: the stages begin at 0"},
        {{"--think-time", "soon"}, "--think-time 'soon': "},
        {{"-t", "5", "-c", "4"},
         "--threads 5: at most one per connection is allowed, and there "
         "are 4"},
        {{"-t", "11"}, "--threads 11: "},
        {{"--hold", "-d", "1m", "--keepalive", "5m"},
         "--keepalive '5m': use T:TEXT, as in 5m:ping"},
        {{"--hold", "-d", "1m", "--keepalive", "5s:"}, "--keepalive '5s:': the text is missing"},
        {{"--hold", "-d", "1m", "--keepalive", "5x:ping"}, "--keepalive '5x:...': unknown unit"},
        {{"--hold", "-d", "1m", "--keepalive", "999us:a"}, "--keepalive '999us:...': at least"},
        {{"--hold", "-d", "1m", "--keepalive", "5m:\xff"}, "--keepalive: not valid UTF-8"},
        {{"--hold", "-d", "1m", "--keepalive", long_text}, "--keepalive: longer than 128 KiB"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(build_for("h", cases[i].words), -1);
        if (strncmp(error.text, cases[i].text, strlen(cases[i].text)) != 0)
            fail_msg("'%s' does not begin: %s", cases[i].text, error.text);
        assert_null(strchr(error.text, '\n'));
    }
    long_text[3 + 131072] = '\0';
    assert_int_equal(BUILD("--hold", "-d", "1m", "--keepalive", long_text), 0);
    assert_int_equal(plan.keepalive.length, 131072);
}

static void test_run_load_knows_how_many_requests_are_to_come(void **state)
{
    (void)state;
    static const struct {
        const char *words[9];
        uint64_t requests;
    } cases[] = {
        {{"-c", "1"}, 3},
        {{"-n", "7", "-d", "1s"}, 7},
        {{"-d", "1s"}, UINT64_MAX},
        {{"-s", "1s:9"}, UINT64_MAX},
        {{"--hold", "-d", "1s"}, UINT64_MAX},
        {{"-r", "100"}, 3},
        {{"-r", "100", "-d", "2s"}, 200},
        {{"-r", "100", "-d", "2s", "-n", "50"}, 50},
        {{"-r", "100", "-d", "2s", "-n", "500"}, 200},
        {{"-r", "100", "-d", "2s", "--warmup", "1s"}, 200},
        {{"-r", "0", "-s", "2s:100"}, 100},
        {{"-r", "10", "-s", "2s:20", "--warmup", "1s"}, 30},
        {{"-r", "100", "-d", "2s", "--arrival", "poisson"}, UINT64_MAX},
        {{"-r", "100", "-n", "50", "--arrival", "poisson"}, 50},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(build_for("h", cases[i].words), 0);
        assert_true(run_load_requests(&plan) == cases[i].requests);
    }
}

TEST_GROUP(run_load)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run_load_listens_where_replies_may_come),
        cmocka_unit_test(test_run_load_closed_is_the_default),
        cmocka_unit_test(test_run_load_a_rate_makes_the_open_model),
        cmocka_unit_test(test_run_load_holds_without_prompts),
        cmocka_unit_test(test_run_load_closed_keeps_several_in_flight),
        cmocka_unit_test(test_run_load_keeps_connections_in_every_model),
        cmocka_unit_test(test_run_load_thinks_as_asked),
        cmocka_unit_test(test_run_load_stages_make_the_duration),
        cmocka_unit_test(test_run_load_stages_of_connections_decide_how_many),
        cmocka_unit_test(test_run_load_warms_up_at_the_level_of_the_start),
        cmocka_unit_test(test_run_load_takes_64_stages_and_a_warm_up),
        cmocka_unit_test(test_run_load_connects_to_api_gateway_within_its_quota),
        cmocka_unit_test(test_run_load_has_a_worker_for_50_connections),
        cmocka_unit_test(test_run_load_counts_only_cores_that_it_may_use),
        cmocka_unit_test(test_run_load_has_as_many_workers_as_asked),
        cmocka_unit_test(test_run_load_takes_or_makes_a_seed),
        cmocka_unit_test(test_run_load_refuses_with_one_clear_line),
        cmocka_unit_test(test_run_load_knows_how_many_requests_are_to_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
