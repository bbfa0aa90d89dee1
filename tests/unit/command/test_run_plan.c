#include "testing.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wsload/command/run_plan.h"

static char prompts_path[] = "/tmp/wsload-test-XXXXXX";
static struct run_plan run;
static struct run_options options;
static struct error error;

static int write_prompts(void **state)
{
    (void)state;
    int fd = mkstemp(prompts_path);
    if (fd < 0 || write(fd, "one\ntwo\n", 8) != 8)
        return -1;
    return close(fd);
}

static int remove_prompts(void **state)
{
    (void)state;
    return unlink(prompts_path);
}

/* Builds a plan from the words up to a NULL, behind the URL and the prompts file. */
static int build(const char *url, const char *const *words)
{
    char *argv[16] = {(char *)"wsload", (char *)url, prompts_path};
    int argc = 3;
    for (; words[argc - 3]; argc++)
        argv[argc] = (char *)words[argc - 3];
    run_plan_free(&run);
    memset(&run, 0, sizeof run);
    if (run_options_parse(argc, argv, &options, &error))
        return -1;
    return run_plan_build(&run, &options, &error);
}

static int build_words(const char *const *url_and_words)
{
    return build(url_and_words[0], url_and_words + 1);
}

#define BUILD(...) build_words((const char *const[]){__VA_ARGS__, NULL})

static int release(void **state)
{
    (void)state;
    run_plan_free(&run);
    memset(&run, 0, sizeof run);
    return 0;
}

static void test_run_plan_takes_defaults_from_the_url(void **state)
{
    (void)state;
    assert_int_equal(BUILD("wss://api.example.com/prod?token=hunter2"), 0);
    const struct target *target = &run.plan.target;
    assert_string_equal(target->origin, "https://api.example.com");
    assert_string_equal(target->host_header, "api.example.com");
    assert_string_equal(target->server_name, "api.example.com");
    assert_string_equal(run.shown_url, "wss://api.example.com/prod?token=***");
    assert_int_equal(run.plan.requests, 2);
    assert_int_equal(run.plan.connections, 10);
}

static void test_run_plan_counts_requests_as_asked(void **state)
{
    (void)state;
    assert_int_equal(BUILD("ws://h", "-n", "5"), 0);
    assert_int_equal(run.plan.requests, 5);
    assert_int_equal(BUILD("ws://h", "-d", "1s"), 0);
    assert_int_equal(run.plan.requests, 0);
    assert_int_equal(BUILD("ws://h", "-d", "1s", "-n", "7"), 0);
    assert_int_equal(run.plan.requests, 7);
}

static void test_run_plan_origin_can_be_set_and_left_out(void **state)
{
    (void)state;
    assert_int_equal(BUILD("ws://h:8080", "--origin", "https://app.example.com"), 0);
    assert_string_equal(run.plan.target.origin, "https://app.example.com");
    assert_int_equal(BUILD("ws://h:8080", "--origin", ""), 0);
    assert_string_equal(run.plan.target.origin, "");
    assert_int_equal(BUILD("ws://h:8080", "-H", "Origin: https://b"), 0);
    assert_string_equal(run.plan.target.origin, ""); /* once only: it is among the headers */
    assert_true(header_is(&run.plan.target.headers[0], "Origin"));
}

static void test_run_plan_host_header_leaves_the_tls_name(void **state)
{
    (void)state;
    assert_int_equal(BUILD("wss://d111.cloudfront.net", "-H", "Host: api.example.com"), 0);
    assert_string_equal(run.plan.target.host_header, "api.example.com");
    assert_string_equal(run.plan.target.server_name, "d111.cloudfront.net");
    assert_int_equal(BUILD("wss://d111.cloudfront.net", "--sni", "other.example.com"), 0);
    assert_string_equal(run.plan.target.server_name, "other.example.com");
    assert_string_equal(run.plan.target.host_header, "d111.cloudfront.net");
}

static void test_run_plan_names_itself_unless_told_otherwise(void **state)
{
    (void)state;
    assert_int_equal(BUILD("ws://h"), 0);
    assert_int_equal(run.plan.target.header_count, 1);
    assert_true(header_is(&run.plan.target.headers[0], "User-Agent"));
    assert_int_equal(BUILD("ws://h", "-H", "user-agent: curl"), 0);
    assert_int_equal(run.plan.target.header_count, 1);
    assert_true(text_equal(run.plan.target.headers[0].value, text_of("curl")));
}

static void test_run_plan_joins_subprotocols(void **state)
{
    (void)state;
    assert_int_equal(BUILD("ws://h", "--subprotocol", "chat", "--subprotocol", "json"), 0);
    assert_string_equal(run.plan.target.subprotocols, "chat, json");
    assert_int_equal(BUILD("ws://h"), 0);
    assert_null(run.plan.target.subprotocols);
}

static void test_run_plan_refuses_with_one_clear_line(void **state)
{
    (void)state;
    static const struct {
        const char *words[3];
        const char *part;
    } cases[] = {
        {{"-H", "no colon"}, "--header: "},
        {{"-H", "Connection: close"}, "'Connection'"},
        {{"--subprotocol", "a b"}, "--subprotocol 'a b': "},
        {{"--resolve", "h:443:name"}, "--resolve 'h:443:name': use HOST:PORT:ADDRESS"},
        {{"--connect-to", "h"}, "--connect-to 'h': use HOST1:PORT1:HOST2:PORT2"},
        {{"-46"}, "-4 and -6 exclude each other"},
        {{"--cacert", "/nonexistent"}, "--cacert /nonexistent: the file cannot be read"},
        {{"--key", "/dev/null"}, "--key goes with --cert"},
        {{"--origin", "a\r\nb"}, "--origin: a line break"},
        {{"--template", "{{promt}}"}, "did you mean {{prompt}}"},
        {{"--template", "\xff"}, "--template: not valid UTF-8"},
        {{"--template", "@/nonexistent"}, "--template: /nonexistent"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(build("ws://h", cases[i].words), -1);
        if (!strstr(error.text, cases[i].part))
            fail_msg("'%s' is not in: %s", cases[i].part, error.text);
        assert_null(strchr(error.text, '\n'));
    }
}

static void test_run_plan_never_repeats_the_value_of_a_header(void **state)
{
    (void)state;
    assert_int_equal(BUILD("ws://h", "-H", "Sec-WebSocket-Key: hunter2"), -1);
    assert_null(strstr(error.text, "hunter2"));
    assert_int_equal(BUILD("ws://h", "-H", "X: hunter2\nY: z"), -1);
    assert_null(strstr(error.text, "hunter2"));
    assert_int_equal(BUILD("ws://h", "-H", "hunter2"), -1);
    assert_null(strstr(error.text, "hunter2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_run_plan_takes_defaults_from_the_url, release),
        cmocka_unit_test_teardown(test_run_plan_counts_requests_as_asked, release),
        cmocka_unit_test_teardown(test_run_plan_origin_can_be_set_and_left_out, release),
        cmocka_unit_test_teardown(test_run_plan_host_header_leaves_the_tls_name, release),
        cmocka_unit_test_teardown(test_run_plan_names_itself_unless_told_otherwise, release),
        cmocka_unit_test_teardown(test_run_plan_joins_subprotocols, release),
        cmocka_unit_test_teardown(test_run_plan_refuses_with_one_clear_line, release),
        cmocka_unit_test_teardown(test_run_plan_never_repeats_the_value_of_a_header, release),
    };
    return cmocka_run_group_tests(tests, write_prompts, remove_prompts);
}
