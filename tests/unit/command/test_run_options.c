#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run_options.h"
#include "wsload/base/clock.h"

static struct run_options options;
static struct error error;

/* Parses one option, with its value unless that is NULL. */
static int parse(const char *option, const char *value)
{
    char *argv[] = {(char *)"wsload", (char *)option, (char *)value, NULL};
    return run_options_parse(value ? 3 : option ? 2 : 1, argv, &options, &error);
}

static void test_run_options_leave_out_what_was_not_given(void **state)
{
    (void)state;
    assert_int_equal(parse(NULL, NULL), 0);
    assert_null(options.url);
    assert_null(options.prompts_file);
    assert_int_equal(options.connections, 0);
    assert_int_equal(options.plan.load.requests, 0);
    assert_int_equal(options.plan.load.duration_ns, 0);
    assert_true(options.rate < 0);
    assert_null(options.arrival);
    assert_int_equal(options.in_flight, 0);
    assert_true(options.plan.load.max_queue == COUNT_NOT_GIVEN);
    assert_null(options.think_time);
    assert_int_equal(options.plan.load.warmup_ns, 0);
    assert_null(options.keepalive);
    assert_int_equal(options.plan.max_lifetime_ns, 0);
    assert_null(options.setup);
    assert_null(options.correlate);
    assert_null(options.expect_bytes);
    assert_null(options.gateway_timeout);
    assert_null(options.users);
    assert_null(options.identity.bearer_file);
    assert_null(options.identity.api_key_file);
    assert_null(options.identity.sigv4);
    assert_null(options.sigv4_in);
    assert_null(options.identity.sigv4_host);
    assert_null(options.identity.profile);
    assert_true(options.plan.load.prices.per_million_messages < 0);
    assert_true(options.plan.load.prices.per_million_minutes < 0);
    assert_null(options.record);
    assert_int_equal(options.threads, 0);
    assert_true(options.plan.load.seed == COUNT_NOT_GIVEN);
    assert_true(options.plan.load.connect_rate < 0);
    assert_null(options.interface);
    assert_null(options.tls_max);
    assert_null(options.plan.target.ciphers);
    assert_null(options.hgrm);
    assert_int_equal(options.max_latency_ns, 0);
    assert_true(options.min_rps < 0);
    assert_true(options.min_success_rate < 0);
    assert_null(options.origin);
    assert_string_equal(options.progress, "auto");
}

static void test_run_options_flags_set_what_they_name(void **state)
{
    (void)state;
    const struct {
        const char *words[2]; /* long and short */
        const bool *field;
    } flags[] = {
        {{"--hold"}, &options.hold},
        {{"--connection-per-request"}, &options.plan.load.connection_per_request},
        {{"--allow-oversize"}, &options.allow_oversize},
        {{"--one-way"}, &options.plan.reply_rules.one_way},
        {{"--compress"}, &options.plan.target.compress},
        {{"--record-replies"}, &options.plan.keep_replies},
        {{"--ipv4", "-4"}, &options.ipv4},
        {{"--ipv6", "-6"}, &options.ipv6},
        {{"--insecure", "-k"}, &options.plan.target.insecure},
        {{"--tls-resume"}, &options.plan.target.tls_resume},
        {{"--strict"}, &options.plan.load.strict},
        {{"--quiet", "-q"}, &options.show.quiet},
        {{"--no-color"}, &options.show.no_color},
        {{"--verbose", "-v"}, &options.verbose},
        {{"--version"}, &options.version},
        {{"--help", "-h"}, &options.help},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(flags); i++) {
        for (size_t form = 0; form < 2 && flags[i].words[form]; form++) {
            assert_int_equal(parse(flags[i].words[form], NULL), 0);
            for (size_t other = 0; other < ARRAY_LENGTH(flags); other++)
                assert_int_equal(*flags[other].field, other == i);
        }
    }
}

static void test_run_options_texts_set_what_they_name(void **state)
{
    (void)state;
    const struct {
        const char *word;
        const char *const *field;
    } texts[] = {
        {"--template", &options.template},
        {"--prompt-field", &options.prompt_field},
        {"--origin", &options.origin},
        {"--cacert", &options.plan.target.ca_file},
        {"--cert", &options.plan.target.cert_file},
        {"--key", &options.plan.target.key_file},
        {"--sni", &options.plan.target.server_name},
        {"--summary", &options.summary},
        {"--think-time", &options.think_time},
        {"--keepalive", &options.keepalive},
        {"--setup", &options.setup},
        {"--expect-bytes", &options.expect_bytes},
        {"--correlate", &options.correlate},
        {"--bearer-file", &options.identity.bearer_file},
        {"--api-key-file", &options.identity.api_key_file},
        {"--users", &options.users},
        {"--aws-sigv4", &options.identity.sigv4},
        {"--sigv4-host", &options.identity.sigv4_host},
        {"--profile", &options.identity.profile},
        {"--record", &options.record},
        {"--interface", &options.interface},
        {"--ciphers", &options.plan.target.ciphers},
        {"--hgrm", &options.hgrm},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        assert_int_equal(parse(texts[i].word, "x"), 0);
        for (size_t other = 0; other < ARRAY_LENGTH(texts); other++) {
            bool set = *texts[other].field && strcmp(*texts[other].field, "x") == 0;
            assert_int_equal(set, other == i);
        }
    }
}

static void test_run_options_files_have_a_name(void **state)
{
    (void)state;
    static const char *const files[] = {"--record", "--setup",  "--bearer-file", "--api-key-file",
                                        "--users",  "--cacert", "--cert",        "--key",
                                        "--hgrm",   "--summary"};
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        char text[80];
        snprintf(text, sizeof(text), "%s '': the name of a file is missing", files[i]);
        assert_int_equal(parse(files[i], ""), -1);
        assert_string_equal(error.text, text);
    }
}

static void test_run_options_lists_set_what_they_name(void **state)
{
    (void)state;
    const struct {
        const char *word;
        const struct option_list *field;
    } lists[] = {
        {"--fail-on", &options.fail_on},
        {"-H", &options.headers},
        {"--subprotocol", &options.subprotocols},
        {"--resolve", &options.resolve},
        {"--connect-to", &options.connect_to},
        {"-s", &options.stages},
        {"--threshold", &options.thresholds},
        {"--query", &options.query},
        {"--reply-end", &options.reply_end},
        {"--ignore", &options.ignore},
        {"--expect", &options.expect},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(lists); i++) {
        assert_int_equal(parse(lists[i].word, "x"), 0);
        for (size_t other = 0; other < ARRAY_LENGTH(lists); other++)
            assert_int_equal(lists[other].field->count, other == i);
    }
}

static void test_run_options_numbers_keep_to_their_range(void **state)
{
    (void)state;
    const struct {
        const char *word;
        const uint64_t *field;
        const char *lowest;
        uint64_t value;
        const char *too_low; /* NULL: nothing is */
    } numbers[] = {
        {"-c", &options.connections, "1", 1, "0"},
        {"-n", &options.plan.load.requests, "1", 1, "0"},
        {"-d", &options.plan.load.duration_ns, "1ms", NS_PER_MS, "999us"},
        {"--timeout", &options.plan.reply_timeout_ns, "1ms", NS_PER_MS, "999us"},
        {"--connect-timeout", &options.plan.connect_timeout_ns, "1ms", NS_PER_MS, "999us"},
        {"--max-latency", &options.max_latency_ns, "1us", NS_PER_US, "999ns"},
        {"--max-lifetime", &options.plan.max_lifetime_ns, "1ms", NS_PER_MS, "999us"},
        {"--warmup", &options.plan.load.warmup_ns, "1ms", NS_PER_MS, "999us"},
        {"-t", &options.threads, "1", 1, "0"},
        {"--in-flight", &options.in_flight, "1", 1, "0"},
        {"--max-queue", &options.plan.load.max_queue, "0", 0, NULL},
        {"--seed", &options.plan.load.seed, "0", 0, NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        assert_int_equal(parse(numbers[i].word, numbers[i].lowest), 0);
        assert_int_equal(*numbers[i].field, numbers[i].value);
        if (numbers[i].too_low)
            assert_int_equal(parse(numbers[i].word, numbers[i].too_low), -1);
    }
}

static void test_run_options_numbers_have_a_largest(void **state)
{
    (void)state;
    const struct {
        const char *word;
        const char *largest;
        const char *too_large;
    } numbers[] = {
        {"-c", "16000000", "16000001"},
        {"-t", "256", "257"},
        {"--in-flight", "1000", "1001"},
        {"--max-queue", "100m", "100000001"},
        {"--seed", "9007199254740991", "9007199254740992"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        assert_int_equal(parse(numbers[i].word, numbers[i].largest), 0);
        assert_int_equal(parse(numbers[i].word, numbers[i].too_large), -1);
    }
}

static void test_run_options_numbers_with_fractions_are_read(void **state)
{
    (void)state;
    const struct {
        const char *word;
        const double *field;
    } numbers[] = {
        {"--min-rps", &options.min_rps},
        {"--min-success-rate", &options.min_success_rate},
        {"-r", &options.rate},
        {"--rate", &options.rate},
        {"--connect-rate", &options.plan.load.connect_rate},
        {"--price-messages", &options.plan.load.prices.per_million_messages},
        {"--price-minutes", &options.plan.load.prices.per_million_minutes},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        assert_int_equal(parse(numbers[i].word, "64"), 0);
        assert_float_equal(*numbers[i].field, 64, 0);
        assert_int_equal(parse(numbers[i].word, "0"), 0);
        assert_float_equal(*numbers[i].field, 0, 0);
        assert_int_equal(parse(numbers[i].word, "-1"), -1);
    }
}

static void test_run_options_choices_keep_to_their_list(void **state)
{
    (void)state;
    const struct {
        const char *word;
        const char *value;
        const char *const *field;
    } choices[] = {
        {"--arrival", "constant", &options.arrival},
        {"--arrival", "poisson", &options.arrival},
        {"--gateway-timeout", "final", &options.gateway_timeout},
        {"--gateway-timeout", "continue", &options.gateway_timeout},
        {"--sigv4-in", "query", &options.sigv4_in},
        {"--sigv4-in", "header", &options.sigv4_in},
        {"--tls-max", "1.2", &options.tls_max},
        {"--tls-max", "1.3", &options.tls_max},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(choices); i++) {
        assert_int_equal(parse(choices[i].word, choices[i].value), 0);
        assert_string_equal(*choices[i].field, choices[i].value);
        assert_int_equal(parse(choices[i].word, "1.1"), -1);
    }
}

static void test_run_options_progress_has_four_modes(void **state)
{
    (void)state;
    static const char *const modes[] = {"auto", "bar", "plain", "none"};
    for (size_t i = 0; i < ARRAY_LENGTH(modes); i++) {
        assert_int_equal(parse("--progress", modes[i]), 0);
        assert_string_equal(options.progress, modes[i]);
    }
}

static void test_run_options_arguments_have_environment_names(void **state)
{
    (void)state;
    setenv("WSLOAD_URL", "ws://h", 1);
    setenv("WSLOAD_PROMPTS_FILE", "p.txt", 1);
    setenv("WSLOAD_CONNECT_TIMEOUT", "4s", 1);
    assert_int_equal(parse(NULL, NULL), 0);
    assert_string_equal(options.url, "ws://h");
    assert_string_equal(options.prompts_file, "p.txt");
    assert_int_equal(options.plan.connect_timeout_ns, 4 * NS_PER_S);
    unsetenv("WSLOAD_URL");
    unsetenv("WSLOAD_PROMPTS_FILE");
    unsetenv("WSLOAD_CONNECT_TIMEOUT");
}

TEST_GROUP(run_options)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run_options_leave_out_what_was_not_given),
        cmocka_unit_test(test_run_options_flags_set_what_they_name),
        cmocka_unit_test(test_run_options_texts_set_what_they_name),
        cmocka_unit_test(test_run_options_files_have_a_name),
        cmocka_unit_test(test_run_options_lists_set_what_they_name),
        cmocka_unit_test(test_run_options_numbers_keep_to_their_range),
        cmocka_unit_test(test_run_options_numbers_have_a_largest),
        cmocka_unit_test(test_run_options_numbers_with_fractions_are_read),
        cmocka_unit_test(test_run_options_choices_keep_to_their_list),
        cmocka_unit_test(test_run_options_progress_has_four_modes),
        cmocka_unit_test(test_run_options_arguments_have_environment_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
