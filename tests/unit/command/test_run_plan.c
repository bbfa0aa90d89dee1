#include "building.h"

#include "wsload/base/clock.h"
#include "wsload/engine/lws_transport.h"
#include "wsload/protocol/gateway.h"

static void test_run_plan_takes_defaults_from_the_url(void **state)
{
    (void)state;
    assert_int_equal(BUILD("wss://api.example.com/prod?token=hunter2"), 0);
    const struct target *target = &run.plan.target;
    assert_string_equal(run.plan.load.origin, "https://api.example.com");
    assert_string_equal(target->server_name, "api.example.com");
    assert_string_equal(run.plan.load.url, "wss://api.example.com/prod?token=***");
    assert_int_equal(run.plan.load.requests, 2);
    assert_int_equal(run.plan.load.connections, 10);
}

static void test_run_plan_counts_requests_as_asked(void **state)
{
    (void)state;
    assert_int_equal(BUILD("ws://h", "-n", "5"), 0);
    assert_int_equal(run.plan.load.requests, 5);
    assert_int_equal(BUILD("ws://h", "-d", "1s"), 0);
    assert_int_equal(run.plan.load.requests, 0);
    assert_int_equal(BUILD("ws://h", "-d", "1s", "-n", "7"), 0);
    assert_int_equal(run.plan.load.requests, 7);
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
    assert_int_equal(plan->load.connections, 7);
    assert_int_equal(plan->reply_timeout_ns, 3 * NS_PER_S);
    assert_int_equal(plan->connect_timeout_ns, 2 * NS_PER_S);
    assert_true(plan->load.connection_per_request);
    assert_false(plan->target.compress);
    assert_null(plan->steps);
    assert_null(plan->users);
}

static void test_run_plan_judges_replies_as_asked(void **state)
{
    (void)state;
    const struct reply_rules *rules = &run.plan.reply_rules;
    assert_int_equal(BUILD("ws://h"), 0);
    assert_false(reply_rules_stream(rules));
    assert_false(rules->one_way || rules->gateway_timeout_given);
    assert_int_equal(BUILD("ws://h", "--reply-end", "json:status=done", "--reply-end", "count:9",
                           "--ignore", "text:pong", "--fail-on", "a", "--fail-on", "b,continue",
                           "--expect", "contains:x", "--expect-bytes", "10-20"),
                     0);
    assert_int_equal(rules->ends.count, 1);
    assert_int_equal(rules->end_messages, 9);
    assert_true(reply_rules_stream(rules));
    assert_int_equal(rules->ignored.count, 1);
    assert_int_equal(rules->errors.count, 2);
    assert_int_equal(rules->errors.items[0].kind, RULE_CONTAINS);
    assert_true(rules->errors.items[1].goes_on);
    assert_int_equal(rules->expected.count, 1);
    assert_int_equal(rules->bytes_min, 10);
    assert_int_equal(rules->bytes_max, 20);
    assert_int_equal(BUILD("ws://h", "--one-way"), 0);
    assert_true(rules->one_way);
    assert_int_equal(BUILD("ws://h", "--gateway-timeout", "final"), 0);
    assert_true(rules->gateway_timeout_given && rules->gateway_timeout_final);
    assert_int_equal(BUILD("ws://h", "--gateway-timeout", "continue"), 0);
    assert_true(rules->gateway_timeout_given && !rules->gateway_timeout_final);
}

static void test_run_plan_correlates_by_what_it_sends(void **state)
{
    (void)state;
    assert_int_equal(BUILD("ws://h", "--correlate", "id"), -1);
    assert_non_null(strstr(error.text, "--correlate: no message sends {{id}}"));
    assert_int_equal(BUILD("ws://h", "--correlate", "id", "--template", "{{prompt}}"), -1);
    assert_int_equal(BUILD("ws://h", "--correlate", "id", "--template", "{{id}}"), 0);
    assert_true(run.plan.reply_rules.has_id);
    write_other("{\"before_request\": [{\"send\": \"{{id}}\"}]}");
    assert_int_equal(BUILD("ws://h", "--correlate", "id", "--setup", other_path), 0);
    write_other("{\"on_connect\": [{\"send\": \"{{connection}}\"}]}");
    assert_int_equal(BUILD("ws://h", "--correlate", "id", "--setup", other_path), -1);
}

static void test_run_plan_tells_replies_in_flight_apart(void **state)
{
    (void)state;
    static const struct {
        const char *words[8];
        const char *part; /* NULL: fine */
    } cases[] = {
        {{"--in-flight", "2", "--reply-end", "close"}, "--reply-end close: it would end all"},
        {{"-r", "5", "--in-flight", "2", "--reply-end", "close"}, "--reply-end close: it would"},
        {{"--in-flight", "1", "--reply-end", "close"}, NULL},
        {{"-r", "5", "--reply-end", "close"}, NULL},
        {{"--in-flight", "2", "--reply-end", "silence:1s"}, "--reply-end silence: of several"},
        {{"--in-flight", "2", "--reply-end", "silence:1s", "--correlate", "id", "--template",
          "{{id}}"},
         NULL},
        {{"--in-flight", "2", "--reply-end", "count:2"}, NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int status = build("ws://h", cases[i].words);
        if (status != (cases[i].part ? -1 : 0))
            fail_msg("case %zu: %s", i, status ? error.text : "no error");
        if (cases[i].part && !strstr(error.text, cases[i].part))
            fail_msg("'%s' is not in: %s", cases[i].part, error.text);
    }
}

static void test_run_plan_refuses_rules_that_cannot_be_meant(void **state)
{
    (void)state;
    static const struct {
        const char *words[7];
        const char *part; /* NULL: fine */
    } cases[] = {
        {{"--reply-end", "silence:30s"},
         "--reply-end silence of 30 s: no reply can end so within "
         "--timeout 30 s"},
        {{"--reply-end", "silence:29s"}, NULL},
        {{"--reply-end", "silence:5s", "--timeout", "2s"}, "--timeout 2 s"},
        {{"--reply-end", "silence:5s", "--timeout", "2s", "--reply-end", "text:a"}, NULL},
        {{"--reply-end", "silence:5s", "--timeout", "2s", "--reply-end", "close"}, NULL},
        {{"--reply-end", "silence:5s", "--timeout", "2s", "--reply-end", "count:3"}, NULL},
        {{"--reply-end", "count:"}, "--reply-end 'count:': a number is missing; use count:N"},
        {{"--reply-end", "silence:"}, "--reply-end 'silence:': a time is missing; use silence:T"},
        {{"--fail-on", "close"},
         "--fail-on 'close': did you mean --reply-end close ? Use "
         "contains:close if the text is meant"},
        {{"--fail-on", "contains:close"}, NULL},
        {{"--fail-on", "closed"}, NULL},
        {{"--ignore", "first"}, "--ignore 'first': did you mean --reply-end first ?"},
        {{"--ignore", "silence:2s"}, "--ignore 'silence:2s': did you mean"},
        {{"--expect", "count:3"}, "--expect 'count:3': did you mean --reply-end count:3 ?"},
        {{"--correlate", "json:id", "--template", "{{id}}"}, NULL},
        {{"--correlate", "json:", "--template", "{{id}}"}, "--correlate"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int status = build("ws://h", cases[i].words);
        if (status != (cases[i].part ? -1 : 0))
            fail_msg("case %zu: %s", i, status ? error.text : "no error");
        if (cases[i].part && !strstr(error.text, cases[i].part))
            fail_msg("'%s' is not in: %s", cases[i].part, error.text);
    }
}

static void test_run_plan_takes_steps_where_they_can_be_taken(void **state)
{
    (void)state;
    static const char *const waits = "{\"before_request\": [{\"send\": \"a\", "
                                     "\"expect\": \"text:b\"}]}";
    static const char *const goes_on = "{\"before_request\": [{\"send\": \"{{prompt}}\"}]}";
    static const char *const greets = "{\"on_connect\": [{\"expect\": \"text:hello\"}]}";
    char *hold[] = {(char *)"wsload", (char *)"ws://h",  (char *)"--hold", (char *)"-d",
                    (char *)"1s",     (char *)"--setup", other_path};
    write_other(waits);
    assert_int_equal(BUILD("ws://h", "--setup", other_path), 0);
    assert_int_equal(run.plan.steps->before_request.count, 1);
    assert_int_equal(BUILD("ws://h", "--setup", other_path, "--in-flight", "2"), -1);
    assert_non_null(strstr(error.text, "--setup: a step before each request waits"));
    write_other(goes_on);
    assert_int_equal(BUILD("ws://h", "--setup", other_path, "--in-flight", "2"), 0);
    assert_int_equal(run_options_parse(7, hold, &options, &error), 0);
    release(NULL);
    assert_int_equal(run_plan_build(&run, &options, &error), -1);
    assert_non_null(strstr(error.text, "--setup: --hold makes no requests"));
    write_other(greets);
    release(NULL);
    assert_int_equal(run_plan_build(&run, &options, &error), 0);
    assert_int_equal(run.plan.steps->on_connect.count, 1);
}

static void test_run_plan_compresses_where_that_can_be_done(void **state)
{
    (void)state;
    bool can = lws_transport_compresses();
    assert_int_equal(BUILD("ws://h", "--compress"), can ? 0 : -1);
    if (can)
        assert_true(run.plan.target.compress);
    else
        assert_non_null(strstr(error.text, "--compress: libwebsockets "));
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
    assert_int_equal(BUILD("ws://c:3", "--resolve", "a:1:127.0.0.1", "--resolve", "b:2:127.0.0.2",
                           "--connect-to", "c:3:a:1", "--connect-to", "d:4:b:2"),
                     0);
    route_follow(&run.plan.target.routes, "c", 3, &route);
    assert_string_equal(route.host, "127.0.0.1");
    route_follow(&run.plan.target.routes, "d", 4, &route);
    assert_string_equal(route.host, "127.0.0.2");
    assert_int_equal(run.plan.target.family, FAMILY_ANY);
    assert_int_equal(BUILD("ws://h", "--resolve", "*:80:127.0.0.1", "--resolve", "b:2:127.0.0.2"),
                     0);
    assert_int_equal(BUILD("ws://h", "--resolve", "h:8080:127.0.0.1"), -1);
    assert_string_equal(error.text, "--resolve: it is for another host or port than h:80, which is "
                                    "connected to; correct it, or leave it out");
    assert_int_equal(BUILD("ws://h", "--connect-to", "g::a:1"), -1);
    assert_non_null(strstr(error.text, "--connect-to: it is for another host or port than h:80"));
    assert_int_equal(BUILD("ws://h", "--connect-to", "::a:1", "--resolve", "h:80:127.0.0.1"), -1);
    assert_non_null(strstr(error.text, "--resolve: it is for another host or port than a:1"));
    assert_int_equal(BUILD("ws://h", "-4"), 0);
    assert_int_equal(run.plan.target.family, FAMILY_IPV4);
    assert_int_equal(BUILD("ws://h", "-6"), 0);
    assert_int_equal(run.plan.target.family, FAMILY_IPV6);
}

static void test_run_plan_passes_on_the_files_of_tls(void **state)
{
    (void)state;
    assert_int_equal(BUILD("wss://h", "--cacert", prompts_path), 0);
    assert_string_equal(run.plan.target.ca_file, prompts_path);
    assert_int_equal(BUILD("wss://h", "--cert", other_path, "--key", "/dev/null", "-k"), 0);
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
    assert_int_equal(run.plan.load.model, LOAD_HOLD);
    assert_null(run.plan.prompts);
    assert_int_equal(run.plan.load.connections, 10);
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
        struct template_values values = plan_request_values(&run.plan, 0, 0);
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
    assert_int_equal(run.plan.load.requests, 2);
}

static void test_run_plan_refuses_steps_over_128_kib(void **state)
{
    (void)state;
    static char steps[GATEWAY_MESSAGE_MAX + 128];
    static const struct {
        const char *list;
        size_t length; /* of the text */
        const char *more;
        const char *part; /* of the error; NULL: fine */
    } cases[] = {
        {"on_connect", GATEWAY_MESSAGE_MAX, "", NULL},
        {"on_connect", GATEWAY_MESSAGE_MAX + 1, "", ": a message of up to 131,073 bytes, and API"},
        {"before_request", GATEWAY_MESSAGE_MAX + 1, "", ": a message of up to 131,073 bytes"},
        {"before_request", GATEWAY_MESSAGE_MAX - 3, "{{prompt:part}}", NULL}, /* "one", "two" */
        {"before_request", GATEWAY_MESSAGE_MAX - 2, "{{prompt:part}}",
         ": a message of up to 131,073 bytes"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int start = snprintf(steps, sizeof(steps), "{\"%s\": [{\"send\": \"", cases[i].list);
        char *text = steps + start;
        memset(text, 'x', cases[i].length);
        snprintf(text + cases[i].length, 64, "%s\"}]}", cases[i].more);
        write_other(steps);
        int status = BUILD("ws://h", "--setup", other_path);
        assert_int_equal(status, cases[i].part ? -1 : 0);
        if (cases[i].part && !strstr(error.text, cases[i].part))
            fail_msg("'%s' is not in: %s", cases[i].part, error.text);
        assert_int_equal(BUILD("ws://h", "--setup", other_path, "--allow-oversize"), 0);
    }
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
        {{"--sni", ""}, "--sni '': the name is missing"},
        {{"--ciphers", ""}, "--ciphers '': the list is missing"},
        {{"--origin", "a\rb"}, "--origin: header 'Origin'"},
        {{"--origin", "a\nb"}, "--origin: header 'Origin'"},
        {{"--users", "/nonexistent"}, "--users: /nonexistent"},
        {{"--setup", "/nonexistent"}, "--setup: /nonexistent"},
        {{"--bearer-file", "/nonexistent"}, "--bearer-file"},
        {{"--api-key-file", "/nonexistent"}, "--api-key-file"},
        {{"--reply-end", "end"}, "--reply-end 'end': "},
        {{"--ignore", "jsno:pong"}, "--ignore 'jsno:pong': did you mean json: ? Use "},
        {{"--fail-on", "json:"}, "--fail-on 'json:': "},
        {{"--expect", "text:"}, "--expect 'text:': "},
        {{"--expect-bytes", "9-1"}, "--expect-bytes '9-1': "},
        {{"--correlate", "a..b"}, "--correlate 'a..b': "},
        {{"--aws-sigv4", "region"}, "--aws-sigv4"},
        {{"--template", "{{promt}}"}, "did you mean {{prompt}}"},
        {{"--template", "\xff"}, "--template: not valid UTF-8"},
        {{"--template", "@/nonexistent"}, "--template: /nonexistent"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(build("wss://h", cases[i].words), -1);
        if (!strstr(error.text, cases[i].part))
            fail_msg("'%s' is not in: %s", cases[i].part, error.text);
        assert_null(strchr(error.text, '\n'));
    }
}

TEST_GROUP(run_plan)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_run_plan_takes_defaults_from_the_url, release),
        cmocka_unit_test_teardown(test_run_plan_counts_requests_as_asked, release),
        cmocka_unit_test_teardown(test_run_plan_needs_a_url, release),
        cmocka_unit_test_teardown(test_run_plan_passes_on_what_was_asked, release),
        cmocka_unit_test_teardown(test_run_plan_judges_replies_as_asked, release),
        cmocka_unit_test_teardown(test_run_plan_correlates_by_what_it_sends, release),
        cmocka_unit_test_teardown(test_run_plan_tells_replies_in_flight_apart, release),
        cmocka_unit_test_teardown(test_run_plan_refuses_rules_that_cannot_be_meant, release),
        cmocka_unit_test_teardown(test_run_plan_takes_steps_where_they_can_be_taken, release),
        cmocka_unit_test_teardown(test_run_plan_compresses_where_that_can_be_done, release),
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
        cmocka_unit_test_teardown(test_run_plan_refuses_steps_over_128_kib, release),
        cmocka_unit_test_teardown(test_run_plan_joins_subprotocols, release),
        cmocka_unit_test_teardown(test_run_plan_refuses_with_one_clear_line, release),
    };
    return cmocka_run_group_tests(tests, write_prompts, remove_prompts);
}
