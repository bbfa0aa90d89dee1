#include "testing.h"

#include <string.h>

#include "run_build.h"

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
#define WITH_SIGV4    ": it goes with --aws-sigv4; add that, or leave it out"

#define NO_REPLIES(with) ": there are no replies with " with "; leave out one of them"

static const struct {
    const char *words[7];
    const char *text;
} conflicts[] = {
    {{"-r", "100", "--connection-per-request"},
     "--rate 100: requests come due for connections that are held; leave out --rate or "
     "--connection-per-request"},
    {{"-r", "0", "--think-time", "2s"},
     "--think-time 2s: the rate alone says when to send; leave out --think-time or --rate"},
    {{"--arrival", "poisson"}, "--arrival poisson" OPEN_ONLY},
    {{"--max-queue", "0"}, "--max-queue 0" OPEN_ONLY},
    {{"--max-queue", "10k"}, "--max-queue 10,000" OPEN_ONLY},
    {{"--hold", "-d", "1s", "-n", "5"}, "--requests 5" SENDS_NOTHING},
    {{"--hold", "-d", "1s", "-r", "2.5"}, "--rate 2.50" SENDS_NOTHING},
    {{"--hold", "-s", "1s:5"}, "--stage 1s:5" SENDS_NOTHING},
    {{"--hold", "-d", "1s", "--connection-per-request"}, "--connection-per-request" SENDS_NOTHING},
    {{"--hold", "-d", "1s", "--think-time", "1s"}, "--think-time 1s" SENDS_NOTHING},
    {{"--hold", "-d", "1s", "--warmup", "1s"}, "--warmup 1 s" SENDS_NOTHING},
    {{"--hold", "-d", "1s", "p.txt"}, "PROMPTS_FILE p.txt" SENDS_NOTHING},
    {{"--hold"}, "--hold: it needs an end; add --duration, as in -d 10m"},
    {{"--hold", "-d", "1s", "--in-flight", "1"}, "--in-flight 1" SENDS_NOTHING},
    {{"--hold", "-d", "1s", "--one-way"}, "--one-way" SENDS_NOTHING},
    {{"--hold", "-d", "1s", "--record", "r"}, "--record r" SENDS_NOTHING},
    {{"--hold", "-d", "1s", "--expect", "a"}, "--expect a" NO_REPLIES("--hold")},
    {{"--hold", "-d", "1s", "--correlate", "id"}, "--correlate id" NO_REPLIES("--hold")},
    {{"--in-flight", "2", "--think-time", "1s"},
     "--in-flight 2: the next prompt does not wait for a reply, nor for --think-time; leave "
     "out one of them"},
    {{"--in-flight", "2", "--connection-per-request"},
     "--in-flight 2: such a connection takes one prompt; leave out --in-flight or "
     "--connection-per-request"},
    {{"--in-flight", "1", "--one-way"},
     "--in-flight 1: nothing is in flight with --one-way, where sent is done; leave out one of "
     "them"},
    {{"--one-way", "--reply-end", "close"}, "--reply-end close" NO_REPLIES("--one-way")},
    {{"--one-way", "--expect", "text:a"}, "--expect text:a" NO_REPLIES("--one-way")},
    {{"--one-way", "--expect-bytes", "1-"}, "--expect-bytes 1-" NO_REPLIES("--one-way")},
    {{"--one-way", "--correlate", "id"}, "--correlate id" NO_REPLIES("--one-way")},
    {{"--one-way", "--fail-on", "a", "--fail-on", "b"}, "--fail-on a" NO_REPLIES("--one-way")},
    {{"--one-way", "--gateway-timeout", "final"},
     "--gateway-timeout final" NO_REPLIES("--one-way")},
    {{"--record-replies"},
     "--record-replies: it goes with --record; add --record PATH, or leave it out"},
    {{"--sigv4-in", "query"}, "--sigv4-in query" WITH_SIGV4},
    {{"--sigv4-host", "h"}, "--sigv4-host h" WITH_SIGV4},
    {{"--profile", "p"}, "--profile p" WITH_SIGV4},
    {{"--bearer-file", "f", "--aws-sigv4", "r:execute-api", "--sigv4-in", "header"},
     "--bearer-file f: --sigv4-in header makes the header Authorization as well; leave out one "
     "of them"},
    {{"-d", "30s", "-s", "1s:5"},
     "--duration 30 s: the stages say how long the run is; leave out --duration or --stage"},
    {{"-s", "1s:5", "--connection-per-request"},
     "--stage 1s:5: it counts connections that are held; leave out --stage or "
     "--connection-per-request"},
    {{"--warmup", "5s"},
     "--warmup 5 s: it needs a measured time after it; add --duration or --stage"},
    {{"--warmup", "5s", "-n", "10"},
     "--warmup 5 s: a number of requests may be over before it is; leave out --requests or "
     "--warmup"},
    {{"--warmup", "5s", "-n", "10", "-d", "1m"},
     "--warmup 5 s: a number of requests may be over before it is; leave out --requests or "
     "--warmup"},
};

static void test_run_conflicts_are_named_in_one_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(conflicts); i++) {
        assert_int_equal(check(conflicts[i].words), -1);
        assert_string_equal(error.text, conflicts[i].text);
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
        {"--hold", "-d", "1s", "--ignore", "text:pong", "--setup", "s.json"},
        {"--keepalive", "5m:x", "--max-lifetime", "1h", "--in-flight", "4"},
        {"--in-flight", "1", "--think-time", "1s"},
        {"--in-flight", "1", "--connection-per-request"},
        {"--one-way", "--ignore", "text:a", "-r", "5", "--record", "r", "--record-replies"},
        {"--reply-end", "silence:1s", "--gateway-timeout", "final", "--expect-bytes", "1-"},
        {"--aws-sigv4", "r:execute-api", "--sigv4-in", "header", "--sigv4-host", "h"},
        {"--aws-sigv4", "r:execute-api", "--bearer-file", "f", "--profile", "p"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        if (check(cases[i]))
            fail_msg("case %zu: %s", i, error.text);
}

TEST_GROUP(run_conflicts)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run_conflicts_are_named_in_one_line),
        cmocka_unit_test(test_run_conflicts_leave_alone_what_goes_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
