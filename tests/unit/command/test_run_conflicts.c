#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "help.h"
#include "run_build.h"

static struct run_options options;
static struct error error;

/* Checks the words up to a NULL. */
static int check(const char *const *words)
{
    char *argv[16] = {(char *)"wsload", (char *)"wss://h"};
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
    {{"--hold", "-d", "1s", "--template", "x"}, "--template x" SENDS_NOTHING},
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
    {{"--hold", "-d", "1s", "--timeout", "5s"},
     "--timeout 5 s: there is no reply to wait for; leave it out, or --hold or --one-way"},
    {{"--hold", "-d", "1s", "--allow-oversize"},
     "--allow-oversize: no message is sent; leave it out, or --hold"},
    {{"--max-lifetime", "5s", "--connection-per-request"},
     "--max-lifetime 5 s: such a connection ends with its reply; leave out one of them"},
    {{"-k", "--cacert", "f"},
     "--cacert f: with --insecure no certificate is looked at; leave out one"},
    {{"-q", "--progress", "bar"}, "--progress bar: --quiet shows none; leave out one of them"},
    {{"--one-way", "--record", "r", "--record-replies"},
     "--record-replies" NO_REPLIES("--one-way")},
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
        {"--one-way", "--ignore", "text:a", "-r", "5", "--record", "r"},
        {"--one-way", "--timeout", "5s", "--setup", "s.json"},
        {"--hold", "-d", "1s", "--timeout", "30s"}, /* as it is anyway */
        {"-k", "--sni", "a", "--ciphers", "b"},
        {"--reply-end", "silence:1s", "--gateway-timeout", "final", "--expect-bytes", "1-"},
        {"--aws-sigv4", "r:execute-api", "--sigv4-in", "header", "--sigv4-host", "h"},
        {"--aws-sigv4", "r:execute-api", "--bearer-file", "f", "--profile", "p"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        if (check(cases[i]))
            fail_msg("case %zu: %s", i, error.text);
}

/* --- Every row of the table --- */

struct words {
    char *argv[24];
    int argc;
};

static void add_word(struct words *words, const char *word)
{
    assert_true(words->argc < (int)ARRAY_LENGTH(words->argv));
    words->argv[words->argc++] = strdup(word);
}

static const char *some_value(const struct option_row *row)
{
    switch (row->type) {
    case OPTION_DURATION:
        return "1s";
    case OPTION_CHOICE:
        return row->choices[row->initial && strcmp(row->choices[0], row->initial) == 0];
    case OPTION_COUNT:
    case OPTION_RATE:
        return "2";
    default:
        return "x";
    }
}

/* Adds the option called NAME, LENGTH bytes of it, with VALUE or else some value. */
static void add_option(struct words *words, const char *name, size_t length, const char *value)
{
    char word[40];
    snprintf(word, sizeof(word), "--%.*s", (int)length, name);
    const struct option_row *row = option_find(&run_option_set, word);
    if (!row)
        fail_msg("%s is in the table and is no option", word);
    add_word(words, word);
    if (row->type != OPTION_FLAG)
        add_word(words, value ? value : some_value(row));
}

/* What an option needs to be fit to be given at all. */
static void add_needs(struct words *words, const char *name)
{
    if (name && strncmp(name, "hold", 4) == 0)
        add_option(words, "duration", 8, NULL);
    if (name && strncmp(name, "sigv4-in", 8) == 0)
        add_option(words, "aws-sigv4", 9, NULL);
}

/* The one after NAME in a list separated by spaces; "" at the end. */
static const char *next_name(const char *name)
{
    name += strcspn(name, " ");
    return name + strspn(name, " ");
}

static int check_words(struct words *words)
{
    assert_int_equal(run_options_parse(words->argc, words->argv, &options, &error), 0);
    int status = run_conflicts_check(&options, &error);
    for (int i = 0; i < words->argc; i++)
        free(words->argv[i]);
    return status;
}

/* NAME of the row's options is refused with WITH, one of the row's, and is not with what it lacks.
 */
static void check_row(const struct run_conflict *row, const char *name, const char *with)
{
    char begin[40];
    for (int mended = 0; mended < 2; mended++) {
        struct words words = {.argc = 0};
        add_word(&words, "wsload");
        add_word(&words, row->plain ? "ws://h" : "wss://h");
        add_needs(&words, with);
        add_option(&words, name, strcspn(name, " "), NULL);
        if (with)
            add_option(&words, with, strcspn(with, " "), row->is);
        if (mended && !row->without) {
            for (int i = 0; i < words.argc; i++)
                free(words.argv[i]);
            continue;
        }
        if (mended)
            add_option(&words, row->without, strcspn(row->without, " "), NULL);
        int status = check_words(&words);
        snprintf(begin, sizeof(begin), "--%.*s", (int)strcspn(name, " "), name);
        if (mended ? status != 0
                   : status == 0 || strncmp(error.text, begin, strlen(begin)) != 0 ||
                         !strstr(error.text, row->why))
            fail_msg("%s with %s: %s", begin, with ? with : "nothing else",
                     status ? error.text : "no error");
    }
}

static void test_run_conflicts_hold_for_every_row(void **state)
{
    size_t count;
    const struct run_conflict *rows = run_conflicts(&count);
    (void)state;
    for (size_t i = 0; i < count; i++)
        for (const char *name = rows[i].options; *name; name = next_name(name)) {
            if (!rows[i].with)
                check_row(&rows[i], name, NULL);
            for (const char *with = rows[i].with; with && *with; with = next_name(with))
                check_row(&rows[i], name, with);
        }
}

/* Whether NAME is one of NAMES. */
static bool is_among(const char *name, const char *names)
{
    for (; *names; names = next_name(names))
        if (strlen(name) == strcspn(names, " ") && strncmp(name, names, strlen(name)) == 0)
            return true;
    return false;
}

/* An option that can be given in vain is refused then; so each is in the table, or is one of these,
 * which always do something, or are refused elsewhere when they do not. */
static void test_run_conflicts_think_of_every_option(void **state)
{
    static const char *const always =
        "connections rehearsal threads seed setup ignore header query users bearer-file keepalive "
        "api-key-file origin subprotocol compress connect-timeout connect-rate resolve connect-to "
        "interface ipv4 ipv6 aws-sigv4 price-messages price-minutes max-latency min-rps "
        "min-success-rate threshold summary out hgrm strict help quiet no-color verbose version";
    size_t count;
    const struct run_conflict *rows = run_conflicts(&count);
    (void)state;
    for (size_t i = 0; i < option_count(&run_option_set); i++) {
        const char *name = option_at(&run_option_set, i)->name;
        bool known = is_among(name, always);
        for (size_t row = 0; row < count; row++)
            known = known || is_among(name, rows[row].options);
        if (!known)
            fail_msg("--%s: can it be given without effect? Refuse that in run_conflicts.c, or "
                     "add it to the list here",
                     name);
    }
}

TEST_GROUP(run_conflicts)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run_conflicts_are_named_in_one_line),
        cmocka_unit_test(test_run_conflicts_leave_alone_what_goes_together),
        cmocka_unit_test(test_run_conflicts_hold_for_every_row),
        cmocka_unit_test(test_run_conflicts_think_of_every_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
