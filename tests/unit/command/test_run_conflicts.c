#include "testing.h"

#include <string.h>

#include "wsload/command/run_conflicts.h"

static struct run_options options;
static struct error error;

/* Checks the words up to a NULL. */
static int check(const char *const *words)
{
    char *argv[16] = {(char *)"wsload", (char *)"ws://h"};
    int argc = 2;
    for (; words[argc - 2]; argc++)
        argv[argc] = (char *)words[argc - 2];
    assert_int_equal(run_options_parse(argc, argv, &options, &error), 0);
    return run_conflicts_check(&options, &error);
}

#define OPEN_ONLY     ": it goes with --rate; add --rate, or leave it out"
#define SENDS_NOTHING ": --hold only keeps connections open; leave this out, or --hold"

static void test_run_conflicts_are_named_in_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *words[7];
        const char *text;
    } cases[] = {
        {{"-r", "100", "--connection-per-request"},
         "--rate 100: requests come due for connections that are held; leave out --rate or "
         "--connection-per-request"},
        {{"-r", "0", "--think-time", "2s"},
         "--think-time 2s: the rate alone says when to send; leave out --think-time or --rate"},
        {{"--arrival", "poisson"}, "--arrival poisson" OPEN_ONLY},
        {{"--in-flight", "4"}, "--in-flight 4" OPEN_ONLY},
        {{"--max-queue", "0"}, "--max-queue 0" OPEN_ONLY},
        {{"--max-queue", "10k"}, "--max-queue 10,000" OPEN_ONLY},
        {{"--hold", "-d", "1s", "-n", "5"}, "--requests 5" SENDS_NOTHING},
        {{"--hold", "-d", "1s", "-r", "2.5"}, "--rate 2.50" SENDS_NOTHING},
        {{"--hold", "-s", "1s:5"}, "--stage 1s:5" SENDS_NOTHING},
        {{"--hold", "-d", "1s", "--connection-per-request"},
         "--connection-per-request" SENDS_NOTHING},
        {{"--hold", "-d", "1s", "--think-time", "1s"}, "--think-time 1s" SENDS_NOTHING},
        {{"--hold", "-d", "1s", "--warmup", "1s"}, "--warmup 1 s" SENDS_NOTHING},
        {{"--hold", "-d", "1s", "p.txt"}, "PROMPTS_FILE p.txt" SENDS_NOTHING},
        {{"--hold"}, "--hold: it needs an end; add --duration, as in -d 10m"},
        {{"--keepalive", "5m:secret"},
         "--keepalive: it goes with --hold; add --hold, or leave it out"},
        {{"-d", "30s", "-s", "1s:5"},
         "--duration 30 s: the stages say how long the run is; leave out --duration or --stage"},
        {{"-s", "1s:5", "--connection-per-request"},
         "--stage 1s:5: it counts connections that are held; leave out --stage or "
         "--connection-per-request"},
        {{"--warmup", "5s"},
         "--warmup 5 s: it needs a measured time behind it; add --duration or --stage"},
        {{"--warmup", "5s", "-n", "10"},
         "--warmup 5 s: a number of requests may be over before it is; leave out --requests or "
         "--warmup"},
        {{"--warmup", "5s", "-n", "10", "-d", "1m"},
         "--warmup 5 s: a number of requests may be over before it is; leave out --requests or "
         "--warmup"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(check(cases[i].words), -1);
        assert_string_equal(error.text, cases[i].text);
    }
}

static void test_run_conflicts_leave_alone_what_goes_together(void **state)
{
    (void)state;
    static const char *const cases[][12] = {
        {NULL},
        {"p.txt", "-c", "5", "-n", "10", "-d", "1s", "-t", "2", "--think-time", "1s"},
        {"--connection-per-request", "-n", "10", "-d", "1s", "--think-time", "1s"},
        {"--connection-per-request", "-d", "1s", "--warmup", "1s"},
        {"-r", "100", "--arrival", "poisson", "--in-flight", "4", "--max-queue", "0"},
        {"-r", "100", "-d", "1s", "--warmup", "1s", "--seed", "1"},
        {"-r", "0", "-s", "1s:5", "-n", "10", "--in-flight", "2"},
        {"-s", "1s:5", "--think-time", "1s", "-c", "2", "--warmup", "1s", "p.txt"},
        {"--hold", "-d", "1s", "-c", "5", "--keepalive", "5m:x", "--connect-rate", "9"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        if (check(cases[i]))
            fail_msg("case %zu: %s", i, error.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run_conflicts_are_named_in_one_line),
        cmocka_unit_test(test_run_conflicts_leave_alone_what_goes_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
