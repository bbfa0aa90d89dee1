#include "building.h"

#include "wsload/protocol/gateway.h"

/* The header lines of the first connection, and the path of CONNECTION; each until the next call.
 */
static const char *headers(void)
{
    static struct buffer lines;
    buffer_free(&lines);
    buffer_init(&lines, 1 << 16);
    assert_int_equal(identity_headers(run.plan.target.identity, 0, 1000, &lines), 0);
    return lines.data;
}

/* The Host header of CONNECTION, until the next call. */
static const char *host(uint64_t connection)
{
    static struct buffer lines;
    buffer_free(&lines);
    buffer_init(&lines, 1 << 16);
    assert_int_equal(identity_request(run.plan.target.identity, connection, 1000, &lines), 0);
    char *value = strstr(lines.data, "\r\nHost: ");
    assert_non_null(value);
    value += strlen("\r\nHost: ");
    *strchr(value, '\r') = '\0';
    return value;
}

static const char *path(uint64_t connection)
{
    static struct buffer text;
    buffer_free(&text);
    buffer_init(&text, 1 << 16);
    assert_int_equal(identity_path(run.plan.target.identity, connection, 1000, &text), 0);
    return text.data;
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *found = text; (found = strstr(found, part)); found++)
        count++;
    return count;
}

static void test_run_identity_comes_from_the_url(void **state)
{
    (void)state;
    assert_int_equal(BUILD("wss://api.example.com/prod?token=hunter2"), 0);
    assert_int_equal(count_of(headers(), "Origin: https://api.example.com\r\n"), 1);
    assert_string_equal(path(0), "/prod?token=hunter2");
}

static void test_run_identity_origin_can_be_set_and_left_out(void **state)
{
    (void)state;
    assert_int_equal(BUILD("ws://h:8080", "--origin", "https://app.example.com"), 0);
    assert_int_equal(count_of(headers(), "Origin: https://app.example.com\r\n"), 1);
    assert_string_equal(run.plan.load.origin, "https://app.example.com");
    assert_int_equal(BUILD("ws://h:8080", "--origin", ""), 0);
    assert_int_equal(count_of(headers(), "Origin"), 0);
    assert_int_equal(BUILD("ws://h:8080", "-H", "Origin: https://b"), 0);
    assert_int_equal(count_of(headers(), "Origin: https://b\r\n"), 1);
    assert_int_equal(count_of(headers(), "Origin"), 1); /* not also as a further header */
}

static void test_run_identity_gives_users_to_messages_and_handshakes(void **state)
{
    (void)state;
    char message[64];
    write_other("name,token\nann,t1\nbob,t 2\n");
    assert_int_equal(BUILD("ws://h", "--users", other_path, "--template", "{{name}}:{{prompt}}",
                           "--query", "t={{token}}", "-H", "X-Name: {{name}}"),
                     0);
    struct template_values values = plan_request_values(&run.plan, 1, 0);
    size_t length = template_render(run.plan.message, &values, message);
    assert_true(text_equal((struct text){message, length}, text_of("bob:one")));
    assert_string_equal(path(1), "/?t=t%202");
    assert_string_equal(path(2), "/?t=t1"); /* going round */
    assert_int_equal(count_of(headers(), "X-Name: ann\r\n"), 1);
    assert_int_equal(BUILD("ws://h", "--template", "{{name}}"), -1);
}

static void test_run_identity_sends_the_secrets_of_files(void **state)
{
    (void)state;
    write_other("hunter2\n");
    assert_int_equal(BUILD("ws://h", "--bearer-file", other_path), 0);
    assert_int_equal(count_of(headers(), "Authorization: Bearer hunter2\r\n"), 1);
    assert_int_equal(BUILD("ws://h", "--api-key-file", other_path), 0);
    assert_int_equal(count_of(headers(), "x-api-key: hunter2\r\n"), 1);
    assert_int_equal(BUILD("ws://h", "--bearer-file", other_path, "-H", "authorization: x"), -1);
    assert_string_equal(error.text, "--header: --bearer-file makes the header Authorization as "
                                    "well; leave out one of them");
    assert_int_equal(BUILD("ws://h", "--api-key-file", other_path, "-H", "X-Api-Key: x"), -1);
    assert_string_equal(error.text, "--header: --api-key-file makes the header x-api-key as well; "
                                    "leave out one of them");
}

static void test_run_identity_signs_where_it_is_asked_to(void **state)
{
    (void)state;
    static const char *const scope = "eu-west-1:execute-api";
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "hunter2", 1);
    unsetenv("AWS_SESSION_TOKEN");
    assert_int_equal(BUILD("wss://h/p", "--aws-sigv4", scope), 0);
    assert_int_equal(count_of(path(0), "X-Amz-Signature="), 1);
    assert_int_equal(count_of(headers(), "Authorization"), 0);
    assert_int_equal(
        BUILD("wss://h/p", "--aws-sigv4", scope, "--sigv4-in", "query", "-H", "Authorization: x"),
        0);
    assert_int_equal(count_of(path(0), "X-Amz-Signature="), 1);
    assert_int_equal(BUILD("wss://h/p", "--aws-sigv4", scope, "--sigv4-in", "header"), 0);
    assert_string_equal(path(0), "/p");
    assert_int_equal(count_of(headers(), "Authorization: AWS4-HMAC-SHA256 "), 1);
    assert_int_equal(
        BUILD("wss://h/p", "--aws-sigv4", scope, "--sigv4-in", "header", "-H", "Authorization: x"),
        -1);
    assert_non_null(strstr(error.text, "--header: --sigv4-in header makes"));
    assert_int_equal(BUILD("wss://h/p", "--aws-sigv4", scope), 0);
    char signature[4096];
    snprintf(signature, sizeof(signature), "%s", path(0));
    assert_int_equal(BUILD("wss://h/p", "--aws-sigv4", scope, "--sigv4-host", "i"), 0);
    assert_string_not_equal(path(0), signature);
    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");
}

static void test_run_identity_refuses_signatures_that_must_fail(void **state)
{
    (void)state;
    static const char *const eu = "eu-west-1:execute-api";
    static const char *const api = "wss://abc.execute-api.us-east-1.amazonaws.com/p";
    static const struct {
        const char *words[6]; /* the URL first */
        const char *part;     /* of the error; NULL: fine */
    } cases[] = {
        {{"wss://h", "--aws-sigv4", "eu-west-1:s3"}, "the service of API Gateway is execute-api"},
        {{"wss://h", "--aws-sigv4", "EU-west-1:execute-api"}, "in a region only a to z"},
        {{"wss://h", "--aws-sigv4", "eu_west:execute-api"}, "in a region only a to z"},
        {{"wss://h", "--aws-sigv4", "eu-west-1"}, "--aws-sigv4: 'eu-west-1'"},
        {{api, "--aws-sigv4", eu},
         "abc.execute-api.us-east-1.amazonaws.com is in the region "
         "us-east-1; sign for that one"},
        {{api, "--aws-sigv4", "aws:amz:us-east-1:execute-api"}, NULL},
        {{api, "--aws-sigv4", eu, "--sigv4-host", "h"}, NULL},
        {{"wss://h", "--aws-sigv4", eu, "--sigv4-host", "a.execute-api.us-east-1.amazonaws.com"},
         "is in the region us-east-1"},
        {{"wss://h", "--aws-sigv4", eu, "--sigv4-host", "a b"}, "--sigv4-host 'a b': no host"},
        {{"wss://h", "--aws-sigv4", eu, "--sigv4-host", "a/b"}, "--sigv4-host 'a/b': no host"},
        {{"wss://h", "--aws-sigv4", eu, "--sigv4-host", ""}, "--sigv4-host '': no host"},
        {{"wss://h", "--aws-sigv4", eu, "--sigv4-host", "h:8443"}, NULL},
    };
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "hunter2", 1);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int status = build_words(cases[i].words);
        if (status != (cases[i].part ? -1 : 0))
            fail_msg("case %zu: %s", i, status ? error.text : "no error");
        if (cases[i].part && !strstr(error.text, cases[i].part))
            fail_msg("'%s' is not in: %s", cases[i].part, error.text);
    }
    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");
}

/* API Gateway takes less than others do. */
static void test_run_identity_refuses_paths_that_are_too_long(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        size_t limit;
        const char *part; /* of the error */
    } cases[] = {
        {"wss://abc.execute-api.eu-west-1.amazonaws.com/p", GATEWAY_URL_MAX,
         "up to 4,097 characters with all that is added, and API Gateway takes 4,096"},
        {"wss://h/p", URL_PATH_SIZE,
         "up to 8,193 characters with all that is added, and wsload takes 8,192"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char query[URL_PATH_SIZE + 16] = "hunter=";
        size_t length = cases[i].limit - strlen("/p?");
        memset(query + strlen(query), '2', length - strlen(query));
        query[length] = '\0';
        if (BUILD(cases[i].url, "--query", query))
            fail_msg("%s", error.text);
        assert_int_equal(strlen(path(0)), cases[i].limit);
        query[length] = '2';
        query[length + 1] = '\0';
        assert_int_equal(BUILD(cases[i].url, "--query", query), -1);
        if (!strstr(error.text, cases[i].part) || strstr(error.text, "hunter"))
            fail_msg("%s", error.text);
    }
}

static void test_run_identity_host_header_leaves_the_tls_name(void **state)
{
    (void)state;
    assert_int_equal(BUILD("wss://d111.cloudfront.net", "-H", "Host: api.example.com"), 0);
    assert_string_equal(host(0), "api.example.com");
    assert_string_equal(run.plan.target.server_name, "d111.cloudfront.net");
    assert_int_equal(count_of(headers(), "Host"), 0); /* once only: it is not among the others */
    assert_int_equal(BUILD("wss://d111.cloudfront.net", "--sni", "other.example.com"), 0);
    assert_string_equal(run.plan.target.server_name, "other.example.com");
    assert_string_equal(host(0), "d111.cloudfront.net");
}

static void test_run_identity_host_header_is_bounded(void **state)
{
    (void)state;
    char header[sizeof(run.host_header) + 16] = "Host: ";
    char *value = header + strlen(header);
    memset(value, 'h', sizeof(run.host_header) - 1);
    assert_int_equal(BUILD("ws://h", "-H", header), 0);
    assert_string_equal(host(0), value);
    memset(value, 'h', sizeof(run.host_header));
    assert_int_equal(BUILD("ws://h", "-H", header), -1);
    assert_string_equal(error.text, "--header: the value of Host or Origin is too long");
}

static void test_run_identity_host_and_origin_are_templates(void **state)
{
    (void)state;
    write_other("tenant\nacme\nzeta\n");
    assert_int_equal(BUILD("ws://h", "--users", other_path, "-H", "Host: {{tenant}}.example.com",
                           "-H", "Origin: https://{{tenant}}"),
                     0);
    assert_string_equal(host(0), "acme.example.com");
    assert_string_equal(host(1), "zeta.example.com");
    assert_int_equal(count_of(headers(), "Origin: https://acme\r\n"), 1);
    assert_int_equal(BUILD("ws://h", "--origin", "https://n{{connection}}"), 0);
    assert_int_equal(count_of(headers(), "Origin: https://n1\r\n"), 1);
    assert_int_equal(BUILD("ws://h", "-H", "Host: {{tenant}}"), -1);
    assert_int_equal(BUILD("ws://h", "-H", "Origin: {{tenant}}"), -1);
}

/* What is signed is what is sent. */
static void test_run_identity_signs_the_host_of_each_connection(void **state)
{
    (void)state;
    char first[4096];
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "hunter2", 1);
    unsetenv("AWS_SESSION_TOKEN");
    static const char *const where[] = {"query", "header"};
    for (size_t i = 0; i < ARRAY_LENGTH(where); i++) {
        assert_int_equal(BUILD("wss://h/p", "--aws-sigv4", "eu-west-1:execute-api", "--sigv4-in",
                               where[i], "-H", "Host: a{{connection}}"),
                         0);
        snprintf(first, sizeof(first), "%s", i == 0 ? path(0) : headers());
        assert_int_equal(BUILD("wss://h/p", "--aws-sigv4", "eu-west-1:execute-api", "--sigv4-in",
                               where[i], "-H", "Host: a1"),
                         0);
        assert_string_equal(i == 0 ? path(0) : headers(), first);
        assert_int_equal(BUILD("wss://h/p", "--aws-sigv4", "eu-west-1:execute-api", "--sigv4-in",
                               where[i], "-H", "Host: a2"),
                         0);
        assert_string_not_equal(i == 0 ? path(0) : headers(), first);
    }
    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");
}

static void test_run_identity_refuses_an_empty_host(void **state)
{
    (void)state;
    assert_int_equal(BUILD("ws://h", "-H", "Host:"), -1);
    assert_string_equal(error.text,
                        "--header Host: it is empty, and a WebSocket handshake needs one (RFC 6455 "
                        "section 4.1); leave it out for that of the URL");
    write_other("tenant,x\nacme,1\n,2\n");
    assert_int_equal(BUILD("ws://h", "--users", other_path, "-H", "Host: {{tenant}}"), -1);
    assert_non_null(strstr(error.text, "--header Host: it is empty for a row of --users"));
    assert_int_equal(BUILD("ws://h", "-H", "Origin:"), 0); /* which is no part of the protocol */
    assert_int_equal(count_of(headers(), "Origin"), 0);
}

static void test_run_identity_names_itself_unless_told_otherwise(void **state)
{
    (void)state;
    assert_int_equal(BUILD("ws://h"), 0);
    assert_int_equal(count_of(headers(), "User-Agent: wsload/"), 1);
    assert_int_equal(BUILD("ws://h", "-H", "user-agent: curl", "-H", "A: b"), 0);
    assert_int_equal(count_of(headers(), "User-Agent"), 0);
    assert_int_equal(count_of(headers(), "user-agent: curl\r\n"), 1);
    assert_int_equal(count_of(headers(), "A: b\r\n"), 1);
}

static void test_run_identity_never_repeats_what_may_be_secret(void **state)
{
    (void)state;
    assert_int_equal(BUILD("ws://h", "-H", "Sec-WebSocket-Key: hunter2"), -1);
    assert_null(strstr(error.text, "hunter2"));
    assert_int_equal(BUILD("ws://h", "-H", "X: hunter2\nY: z"), -1);
    assert_null(strstr(error.text, "hunter2"));
    assert_int_equal(BUILD("ws://h", "-H", "hunter2"), -1);
    assert_null(strstr(error.text, "hunter2"));
    assert_int_equal(BUILD("ws://h", "-H", "X: hunter2{{nothing}}"), -1);
    assert_null(strstr(error.text, "hunter2"));
    assert_int_equal(BUILD("ws://h", "--query", "hunter2"), -1);
    assert_null(strstr(error.text, "hunter2"));
    assert_int_equal(BUILD("ws://h", "--query", "a=hunter2{{nothing}}"), -1);
    assert_null(strstr(error.text, "hunter2"));
}

TEST_GROUP(run_identity)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_run_identity_comes_from_the_url, release),
        cmocka_unit_test_teardown(test_run_identity_origin_can_be_set_and_left_out, release),
        cmocka_unit_test_teardown(test_run_identity_gives_users_to_messages_and_handshakes,
                                  release),
        cmocka_unit_test_teardown(test_run_identity_sends_the_secrets_of_files, release),
        cmocka_unit_test_teardown(test_run_identity_signs_where_it_is_asked_to, release),
        cmocka_unit_test_teardown(test_run_identity_refuses_signatures_that_must_fail, release),
        cmocka_unit_test_teardown(test_run_identity_refuses_paths_that_are_too_long, release),
        cmocka_unit_test_teardown(test_run_identity_host_header_leaves_the_tls_name, release),
        cmocka_unit_test_teardown(test_run_identity_host_header_is_bounded, release),
        cmocka_unit_test_teardown(test_run_identity_host_and_origin_are_templates, release),
        cmocka_unit_test_teardown(test_run_identity_signs_the_host_of_each_connection, release),
        cmocka_unit_test_teardown(test_run_identity_refuses_an_empty_host, release),
        cmocka_unit_test_teardown(test_run_identity_names_itself_unless_told_otherwise, release),
        cmocka_unit_test_teardown(test_run_identity_never_repeats_what_may_be_secret, release),
    };
    return cmocka_run_group_tests(tests, write_prompts, remove_prompts);
}
