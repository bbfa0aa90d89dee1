#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wsload/base/clock.h"
#include "wsload/command/run_plan.h"
#include "wsload/protocol/gateway.h"

static char prompts_path[] = "/tmp/wsload-test-XXXXXX";
static char other_path[] = "/tmp/wsload-test-XXXXXX.jsonl"; /* whatever a test puts there */
static struct run_plan run;
static struct run_options options;
static struct error error;

static int write_prompts(void **state)
{
    (void)state;
    int fd = mkstemp(prompts_path);
    int other_fd = mkstemps(other_path, 6);
    if (fd < 0 || write(fd, "one\ntwo\n", 8) != 8)
        return -1;
    return close(fd) || close(other_fd);
}

static int remove_prompts(void **state)
{
    (void)state;
    return unlink(prompts_path) || unlink(other_path);
}

/* Makes TEXT the content of the other file. */
static void write_other(const char *text)
{
    FILE *file = fopen(other_path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Builds a plan from the words up to a NULL, behind the URL and the prompts file. */
static int build(const char *url, const char *const *words)
{
    char *argv[16] = {(char *)"wsload", (char *)url, prompts_path};
    int argc = 3;
    for (; words[argc - 3]; argc++)
        argv[argc] = (char *)words[argc - 3];
    run_plan_free(&run);
    memset(&run, 0, sizeof(run));
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
    memset(&run, 0, sizeof(run));
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
    assert_string_equal(run.plan.target.origin, "https://b");
    assert_int_equal(run.plan.target.header_count, 1); /* User-Agent: Origin is sent once only */
}

static void test_run_plan_needs_a_url(void **state)
{
    (void)state;
    char *argv[] = {(char *)"wsload", NULL};
    unsetenv("WSLOAD_URL");
    assert_int_equal(run_options_parse(1, argv, &options, &error), 0);
    assert_int_equal(run_plan_build(&run, &options, &error), -1);
    assert_non_null(strstr(error.text, "no URL given"));
}

static void test_run_plan_passes_on_what_was_asked(void **state)
{
    (void)state;
    assert_int_equal(BUILD("ws://h", "-c", "7", "--timeout", "3s", "--connect-timeout", "2s",
                           "--connection-per-request", "--fail-on", "a", "--fail-on", "b"),
                     0);
    const struct plan *plan = &run.plan;
    assert_int_equal(plan->connections, 7);
    assert_int_equal(plan->reply_timeout_ns, 3 * NS_PER_S);
    assert_int_equal(plan->connect_timeout_ns, 2 * NS_PER_S);
    assert_true(plan->connection_per_request);
    assert_int_equal(plan->reply_rules.fail_on_count, 2);
    assert_true(text_equal(plan->reply_rules.fail_on[0], text_of("a")));
    assert_true(text_equal(plan->reply_rules.fail_on[1], text_of("b")));
}

static void test_run_plan_names_each_run_anew(void **state)
{
    (void)state;
    uint32_t ids[3];
    for (size_t i = 0; i < ARRAY_LENGTH(ids); i++) {
        assert_int_equal(BUILD("ws://h"), 0);
        ids[i] = run.plan.run_id;
    }
    assert_true(ids[0] != ids[1] || ids[1] != ids[2]); /* all three equal: once in 2^64 */
}

static void test_run_plan_takes_every_route(void **state)
{
    (void)state;
    struct route route;
    assert_int_equal(BUILD("ws://h", "--resolve", "a:1:127.0.0.1", "--resolve", "b:2:127.0.0.2",
                           "--connect-to", "c:3:a:1", "--connect-to", "d:4:b:2"),
                     0);
    route_follow(&run.plan.target.routes, "c", 3, &route);
    assert_string_equal(route.host, "127.0.0.1");
    route_follow(&run.plan.target.routes, "d", 4, &route);
    assert_string_equal(route.host, "127.0.0.2");
    assert_int_equal(run.plan.target.family, FAMILY_ANY);
    assert_int_equal(BUILD("ws://h", "-4"), 0);
    assert_int_equal(run.plan.target.family, FAMILY_IPV4);
    assert_int_equal(BUILD("ws://h", "-6"), 0);
    assert_int_equal(run.plan.target.family, FAMILY_IPV6);
}

static void test_run_plan_passes_on_the_files_of_tls(void **state)
{
    (void)state;
    assert_int_equal(BUILD("wss://h", "--cacert", prompts_path, "--cert", other_path, "--key",
                           "/dev/null", "-k"),
                     0);
    assert_string_equal(run.plan.target.ca_file, prompts_path);
    assert_string_equal(run.plan.target.cert_file, other_path);
    assert_string_equal(run.plan.target.key_file, "/dev/null");
    assert_true(run.plan.target.insecure);
    assert_int_equal(BUILD("wss://h", "--cert", other_path), 0); /* which may hold the key */
    assert_null(run.plan.target.key_file);
    assert_false(run.plan.target.insecure);
}

static void test_run_plan_passes_on_what_tls_may_use(void **state)
{
    (void)state;
    const struct target *target = &run.plan.target;
    assert_int_equal(BUILD("wss://h"), 0);
    assert_int_equal(target->tls_max, TLS_NEWEST);
    assert_null(target->ciphers);
    assert_false(target->tls_resume);
    assert_int_equal(BUILD("wss://h", "--tls-max", "1.2", "--ciphers", "AES128-SHA"), 0);
    assert_int_equal(target->tls_max, TLS_1_2);
    assert_string_equal(target->ciphers, "AES128-SHA");
    assert_int_equal(BUILD("wss://h", "--tls-max", "1.3", "--tls-resume"), 0);
    assert_int_equal(target->tls_max, TLS_1_3);
    assert_true(target->tls_resume);
}

static void test_run_plan_binds_to_the_addresses_asked_for(void **state)
{
    (void)state;
    assert_int_equal(BUILD("ws://h"), 0);
    assert_int_equal(run.plan.target.sources.count, 0);
    assert_int_equal(BUILD("ws://h", "--interface", "127.0.0.2,127.0.0.8/30,::1"), 0);
    assert_int_equal(run.plan.target.sources.count, 4);
    assert_int_equal(BUILD("ws://h", "-4", "--interface", "127.0.0.2,::1"), 0);
    assert_int_equal(BUILD("ws://h", "-6", "--interface", "127.0.0.2,::1"), 0);
}

static void test_run_plan_holds_without_messages(void **state)
{
    (void)state;
    char *argv[] = {(char *)"wsload", (char *)"ws://h", (char *)"--hold", (char *)"-d",
                    (char *)"1m"};
    assert_int_equal(run_options_parse(5, argv, &options, &error), 0);
    assert_int_equal(run_plan_build(&run, &options, &error), 0);
    assert_int_equal(run.plan.model, LOAD_HOLD);
    assert_null(run.plan.prompts);
    assert_int_equal(run.plan.connections, 10);
}

static void test_run_plan_finds_conflicts_before_it_reads_files(void **state)
{
    (void)state;
    char *argv[] = {(char *)"wsload", (char *)"ws://h", (char *)"/nonexistent", (char *)"--hold"};
    assert_int_equal(run_options_parse(4, argv, &options, &error), 0);
    assert_int_equal(run_plan_build(&run, &options, &error), -1);
    assert_non_null(strstr(error.text, "PROMPTS_FILE /nonexistent: --hold"));
}

static void test_run_plan_reads_the_template_of_a_file(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        const char *message;
    } cases[] = {{"<{{prompt}}>\r\n\n", "<one>"}, {"a\nb", "a\nb"}, {"\n", ""}};
    char option[64];
    snprintf(option, sizeof(option), "@%s", other_path);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char message[64];
        write_other(cases[i].file);
        assert_int_equal(BUILD("ws://h", "--template", option), 0);
        struct template_values values = plan_template_values(&run.plan, &run.prompts.items[0], 0);
        size_t length = template_render(run.plan.message, &values, message);
        assert_true(text_equal((struct text){message, length}, text_of(cases[i].message)));
    }
}

/* Builds a plan for the prompts of the other file. */
static int build_other(const char *option, const char *value)
{
    char *argv[] = {(char *)"wsload", (char *)"ws://h", other_path, (char *)option, (char *)value};
    run_plan_free(&run);
    memset(&run, 0, sizeof(run));
    if (run_options_parse(value ? 5 : option ? 4 : 3, argv, &options, &error))
        return -1;
    return run_plan_build(&run, &options, &error);
}

static void test_run_plan_reads_the_field_of_the_prompts(void **state)
{
    (void)state;
    write_other("{\"prompt\": \"not this\", \"q\": \"this\"}\n");
    assert_int_equal(build_other("--prompt-field", "q"), 0);
    assert_true(text_equal(run.prompts.items[0].text, text_of("this")));
}

static void test_run_plan_refuses_messages_over_128_kib(void **state)
{
    (void)state;
    static const char *const template = "{{prompt}}";
    static char lines[GATEWAY_MESSAGE_MAX + 128];
    char *argv[] = {(char *)"wsload",     (char *)"ws://h", other_path,
                    (char *)"--template", (char *)template, (char *)"--allow-oversize"};
    const char *expected = "line 2: a message of 131,073 bytes";
    for (size_t extra = 0; extra < 2; extra++) {
        size_t start = (size_t)snprintf(lines, sizeof(lines), "{\"prompt\":\"a\"}\n{\"prompt\":\"");
        memset(lines + start, 'x', GATEWAY_MESSAGE_MAX + extra);
        snprintf(lines + start + GATEWAY_MESSAGE_MAX + extra, 8, "\"}\n");
        write_other(lines);
        assert_int_equal(build_other("--template", template), extra ? -1 : 0);
    }
    if (!strstr(error.text, expected))
        fail_msg("'%s' is not in: %s", expected, error.text);
    run_plan_free(&run);
    memset(&run, 0, sizeof(run));
    assert_int_equal(run_options_parse(6, argv, &options, &error), 0);
    assert_int_equal(run_plan_build(&run, &options, &error), 0);
    assert_int_equal(run.plan.requests, 2);
}

static void test_run_plan_host_header_leaves_the_tls_name(void **state)
{
    (void)state;
    assert_int_equal(BUILD("wss://d111.cloudfront.net", "-H", "Host: api.example.com"), 0);
    assert_string_equal(run.plan.target.host_header, "api.example.com");
    assert_string_equal(run.plan.target.server_name, "d111.cloudfront.net");
    assert_int_equal(run.plan.target.header_count, 1); /* once only: it is not among the headers */
    assert_int_equal(BUILD("wss://d111.cloudfront.net", "--sni", "other.example.com"), 0);
    assert_string_equal(run.plan.target.server_name, "other.example.com");
    assert_string_equal(run.plan.target.host_header, "d111.cloudfront.net");
}

static void test_run_plan_host_header_is_bounded(void **state)
{
    (void)state;
    char header[URL_ORIGIN_SIZE + 16] = "Host: ";
    char *value = header + strlen(header);
    memset(value, 'h', URL_ORIGIN_SIZE - 1);
    assert_int_equal(BUILD("ws://h", "-H", header), 0);
    assert_string_equal(run.plan.target.host_header, value);
    memset(value, 'h', URL_ORIGIN_SIZE);
    assert_int_equal(BUILD("ws://h", "-H", header), -1);
    assert_string_equal(error.text, "--header: the value of Host or Origin is too long");
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
    assert_int_equal(BUILD("ws://h", "-H", "user-agent: curl", "-H", "A: b"), 0);
    assert_int_equal(run.plan.target.header_count, 2);
}

static void test_run_plan_joins_subprotocols(void **state)
{
    (void)state;
    assert_int_equal(BUILD("ws://h", "--subprotocol", "chat", "--subprotocol", "json"), 0);
    assert_string_equal(run.plan.target.subprotocols, "chat, json");
    assert_int_equal(BUILD("ws://h"), 0);
    assert_null(run.plan.target.subprotocols);
    char name[2100];
    memset(name, 'a', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(BUILD("ws://h", "--subprotocol", name), 0);
    assert_int_equal(BUILD("ws://h", "--subprotocol", name, "--subprotocol", name), -1);
    assert_string_equal(error.text, "--subprotocol: too long in all");
}

static void test_run_plan_refuses_with_one_clear_line(void **state)
{
    (void)state;
    static const struct {
        const char *words[4];
        const char *part;
    } cases[] = {
        {{"-H", "no colon"}, "--header: "},
        {{"-H", "Connection: close"}, "'Connection'"},
        {{"--subprotocol", "a b"}, "--subprotocol 'a b': "},
        {{"--resolve", "h:443:name"}, "--resolve 'h:443:name': use HOST:PORT:ADDRESS"},
        {{"--connect-to", "h"}, "--connect-to 'h': use HOST1:PORT1:HOST2:PORT2"},
        {{"-46"}, "-4 and -6 exclude each other"},
        {{"--interface", "eth0"}, "--interface 'eth0': "},
        {{"-4", "--interface", "::1"}, "--interface '::1': no IPv4 address, and -4 asks for one"},
        {{"-6", "--interface", "127.0.0.1"}, "'127.0.0.1': no IPv6 address, and -6 asks for one"},
        {{"--max-queue", "5"}, "--max-queue 5: it goes with --rate"},
        {{"-t", "11"}, "--threads 11: at most one per connection"},
        {{"--cacert", "/nonexistent"}, "--cacert /nonexistent: the file cannot be read"},
        {{"--cert", "/nonexistent"}, "--cert /nonexistent: the file cannot be read"},
        {{"--key", "/nonexistent"}, "--key /nonexistent: the file cannot be read"},
        {{"--key", "/dev/null"}, "--key goes with --cert"},
        {{"--origin", "a\rb"}, "--origin: header 'Origin'"},
        {{"--origin", "a\nb"}, "--origin: header 'Origin'"},
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
        cmocka_unit_test_teardown(test_run_plan_needs_a_url, release),
        cmocka_unit_test_teardown(test_run_plan_passes_on_what_was_asked, release),
        cmocka_unit_test_teardown(test_run_plan_names_each_run_anew, release),
        cmocka_unit_test_teardown(test_run_plan_takes_every_route, release),
        cmocka_unit_test_teardown(test_run_plan_passes_on_the_files_of_tls, release),
        cmocka_unit_test_teardown(test_run_plan_passes_on_what_tls_may_use, release),
        cmocka_unit_test_teardown(test_run_plan_binds_to_the_addresses_asked_for, release),
        cmocka_unit_test_teardown(test_run_plan_holds_without_messages, release),
        cmocka_unit_test_teardown(test_run_plan_finds_conflicts_before_it_reads_files, release),
        cmocka_unit_test_teardown(test_run_plan_reads_the_template_of_a_file, release),
        cmocka_unit_test_teardown(test_run_plan_reads_the_field_of_the_prompts, release),
        cmocka_unit_test_teardown(test_run_plan_refuses_messages_over_128_kib, release),
        cmocka_unit_test_teardown(test_run_plan_host_header_leaves_the_tls_name, release),
        cmocka_unit_test_teardown(test_run_plan_host_header_is_bounded, release),
        cmocka_unit_test_teardown(test_run_plan_names_itself_unless_told_otherwise, release),
        cmocka_unit_test_teardown(test_run_plan_joins_subprotocols, release),
        cmocka_unit_test_teardown(test_run_plan_refuses_with_one_clear_line, release),
        cmocka_unit_test_teardown(test_run_plan_never_repeats_the_value_of_a_header, release),
    };
    return cmocka_run_group_tests(tests, write_prompts, remove_prompts);
}
