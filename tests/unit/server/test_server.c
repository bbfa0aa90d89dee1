#include "wsload/server/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "running.h"
#include "testing.h"
#include "wsload/base/clock.h"
#include "wsload/base/file.h"
#include "wsload/base/text.h"

#define MANY 200

static void test_server_accepts_the_key_of_the_rfc(void **state)
{
    struct running running = start(default_options());
    struct client client = client_connect(running.port);
    char *response = client_ask_upgrade(&client, "");

    (void)state;
    assert_non_null(strcasestr(response, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert_null(strcasestr(response, "Sec-WebSocket-Protocol"));
    assert_null(strcasestr(response, "Sec-WebSocket-Extensions"));
    free(response);
    client_close(&client);
    stop(&running);
}

static void test_server_agrees_to_the_first_subprotocol_offered(void **state)
{
    struct running running = start(default_options());
    struct client client = client_connect(running.port);
    char *response = client_ask_upgrade(&client, "Sec-WebSocket-Protocol: chat.v2-json, other\r\n");

    (void)state;
    assert_non_null(strcasestr(response, "Sec-WebSocket-Protocol: chat.v2-json\r\n"));
    expect_echo(&client, "hello");
    free(response);
    client_close(&client);
    stop(&running);
}

static void test_server_refuses_a_subprotocol_it_cannot_agree_to(void **state)
{
    static const struct {
        const char *name;
        int zeros; /* after the name */
        const char *status;
    } cases[] = {
        {"a", 61, "HTTP/1.1 101 "},  {"a", 62, "HTTP/1.1 400 "},  {"a", 125, "HTTP/1.1 400 "},
        {"a", 126, "HTTP/1.1 400 "}, {"a", 999, "HTTP/1.1 400 "}, {"1.", 1, "HTTP/1.1 400 "},
    };
    struct running running = start(default_options());

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct client client = client_connect(running.port);
        char header[1100];
        char *response;

        snprintf(header, sizeof(header), "Sec-WebSocket-Protocol: %s%0*d\r\n", cases[i].name,
                 cases[i].zeros, 0);
        response = client_ask_upgrade(&client, header);
        assert_memory_equal(response, cases[i].status, strlen(cases[i].status));
        free(response);
        client_close(&client);
    }
    assert_int_equal(stop(&running).connections, 1);
}

static void test_server_wants_an_upgrade(void **state)
{
    static const char *const requests[] = {
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
    };
    struct running running = start(default_options());

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(requests); i++) {
        struct client client = client_connect(running.port);
        char *response;

        client_send(&client, requests[i], strlen(requests[i]));
        response = client_read_response(&client, 1);
        assert_memory_equal(response, "HTTP/1.1 426 ", 13);
        assert_non_null(strstr(response, "\r\n\r\n{\"message\":\"Upgrade Required\"}"));
        free(response);
        client_close(&client);
    }
    assert_int_equal(stop(&running).connections, 0);
}

static void test_server_answers_text_of_any_length(void **state)
{
    struct talk talk = begin_talk(default_options());
    struct server_counts counts;

    (void)state;
    expect_echo(&talk.client, "text");
    client_send_frame(&talk.client, FRAME_TEXT, "", 0);
    expect_text(&talk.client, "");
    counts = end_talk(&talk);
    assert_int_equal(counts.connections, 1);
    assert_int_equal(counts.messages, 2);
    assert_int_equal(counts.replies, 2);
    assert_int_equal(counts.sent, 2);
    assert_int_equal(counts.errors, 0);
}

static void test_server_joins_fragments_around_a_ping(void **state)
{
    struct talk talk = begin_talk(default_options());
    struct frame pong;

    (void)state;
    client_send_frame(&talk.client, FRAME_TEXT_BEGUN, "one ", 4);
    client_send_frame(&talk.client, FRAME_PING, "!", 1);
    pong = client_read_frame(&talk.client);
    assert_int_equal(pong.first, FRAME_PONG);
    assert_string_equal(pong.payload, "!");
    client_send_frame(&talk.client, FRAME_CONTINUED, "two ", 4);
    client_send_frame(&talk.client, FRAME_END, "three", 5);
    expect_text(&talk.client, "one two three");
    free(pong.payload);
    assert_int_equal(end_talk(&talk).messages, 1);
}

static void test_server_names_connections_and_requests_apart(void **state)
{
    struct server_options options = default_options();
    struct talk talk;
    char *replies[2];

    (void)state;
    options.reply = text_of("{{connectionId}} {{requestId}}");
    talk = begin_talk(options);
    for (int i = 0; i < 2; i++) {
        client_send_text(&talk.client, "hello");
        replies[i] = client_read_text(&talk.client);
        assert_int_equal(strlen(replies[i]), 16 + 1 + 16);
    }
    assert_memory_equal(replies[0], replies[1], 16);
    assert_string_not_equal(replies[0] + 17, replies[1] + 17);
    free(replies[0]);
    free(replies[1]);
    end_talk(&talk);
}

static void test_server_closes_on_what_it_cannot_answer(void **state)
{
    enum { TOO_LONG = 16 * 1024 * 1024 + 1 };
    char *long_text = calloc(1, TOO_LONG);
    const struct {
        unsigned char first;
        const char *message;
        size_t length;
        int code;
    } cases[] = {{FRAME_TEXT, "\xff\xfe", 2, 1007},
                 {FRAME_BINARY, "binary", 6, 1003},
                 {FRAME_TEXT, long_text, TOO_LONG, 1009}};
    struct running running = start(default_options());

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct client client = client_open(running.port);

        client_send_frame(&client, cases[i].first, cases[i].message, cases[i].length);
        assert_int_equal(client_read_close(&client), cases[i].code);
        client_close(&client);
    }
    free(long_text);
    assert_int_equal(stop(&running).replies, 0);
}

static void test_server_sends_everything_to_a_slow_reader(void **state)
{
    enum { LENGTH = 64 * 1024 };
    char *prompt = calloc(1, LENGTH + 1);
    struct talk talk = begin_talk(default_options());

    (void)state;
    /* Far more than the socket buffers of both sides hold. */
    for (int i = 0; i < MANY; i++) {
        memset(prompt, 'a' + i % 26, LENGTH);
        client_send_text(&talk.client, prompt);
    }
    for (int i = 0; i < MANY; i++) {
        memset(prompt, 'a' + i % 26, LENGTH);
        expect_text(&talk.client, prompt);
    }
    free(prompt);
    assert_int_equal(end_talk(&talk).replies, MANY);
}

static void test_server_counts_error_frames(void **state)
{
    struct server_options options = default_options();
    struct talk talk;
    struct server_counts counts;

    (void)state;
    options.error_percent = 100;
    talk = begin_talk(options);
    client_send_text(&talk.client, "hello");
    expect_text_with(&talk.client, "Internal server error");
    counts = end_talk(&talk);
    assert_int_equal(counts.messages, 1);
    assert_int_equal(counts.replies, 0);
    assert_int_equal(counts.errors, 1);
}

static void test_server_waits_for_the_delay(void **state)
{
    struct talk talk = begin_talk(delayed_options(20 * NS_PER_MS));

    (void)state;
    for (int i = 0; i < 3; i++) {
        uint64_t sent_ns = clock_monotonic_ns();

        expect_echo(&talk.client, "hello");
        assert_true(clock_monotonic_ns() - sent_ns >= 20 * NS_PER_MS);
    }
    end_talk(&talk);
}

static void test_server_sends_each_reply_when_it_is_due(void **state)
{
    struct server_options options = default_options();
    struct talk talk;
    bool seen[MANY] = {false};
    bool in_order = true;

    (void)state;
    options.delay_high_ns = 100 * NS_PER_MS;
    talk = begin_talk(options);
    for (int i = 0; i < MANY; i++) {
        char number[16];

        snprintf(number, sizeof(number), "%d", i);
        client_send_text(&talk.client, number);
    }
    for (int i = 0; i < MANY; i++) {
        char *text = client_read_text(&talk.client);
        long number = strtol(text, NULL, 10);

        assert_in_range(number, 0, MANY - 1);
        assert_false(seen[number]);
        seen[number] = true;
        in_order = in_order && number == i;
        free(text);
    }
    assert_false(in_order);
    assert_int_equal(end_talk(&talk).replies, MANY);
}

static void test_server_forgets_the_replies_of_a_client_that_left(void **state)
{
    /* Sent at once, so that the client has left before anything is due. */
    static const char parting[] = "\x81\x83\0\0\0\0one"
                                  "\x81\x83\0\0\0\0two"
                                  "\x88\x82\0\0\0\0\x03\xe8";
    struct running running = start(delayed_options(20 * NS_PER_MS));
    struct client left = client_open(running.port);
    struct client stayed;
    struct server_counts counts;

    (void)state;
    client_send(&left, parting, sizeof(parting) - 1);
    assert_int_equal(client_read_close(&left), 1000);
    client_close(&left);
    stayed = client_open(running.port);
    expect_echo(&stayed, "three");
    client_close(&stayed);
    counts = stop(&running);
    assert_int_equal(counts.messages, 3);
    assert_int_equal(counts.replies, 1);
}

static void test_server_frees_the_replies_of_a_client_that_stayed(void **state)
{
    struct talk talk = begin_talk(delayed_options(3600 * NS_PER_S));

    (void)state;
    client_send_text(&talk.client, "one");
    expect_pong(&talk.client);
    server_stop(talk.running.server);
    assert_int_equal(client_read_close(&talk.client), 1001);
    client_close(&talk.client);
    assert_int_equal(finish(&talk.running).messages, 1);
}

static void test_server_serves_many_at_once_and_says_goodbye(void **state)
{
    struct running running = start(delayed_options(NS_PER_MS));
    struct client clients[MANY];
    struct server_counts counts;

    (void)state;
    for (int i = 0; i < MANY; i++)
        clients[i] = client_open(running.port);
    for (int i = 0; i < MANY; i++)
        client_send_text(&clients[i], "hello");
    for (int i = 0; i < MANY; i++)
        expect_text(&clients[i], "hello");
    server_stop(running.server);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(client_read_close(&clients[i]), 1001);
        client_close(&clients[i]);
    }
    counts = finish(&running);
    assert_int_equal(counts.connections, MANY);
    assert_int_equal(counts.messages, MANY);
    assert_int_equal(counts.replies, MANY);
}

static void test_server_does_not_wait_for_a_client_that_never_answers(void **state)
{
    struct running running = start(default_options());
    struct client half_open = client_connect(running.port);
    struct client silent = client_open(running.port);
    uint64_t stopped_ns = clock_monotonic_ns();

    (void)state;
    stop(&running);
    assert_true(clock_monotonic_ns() - stopped_ns < 2 * NS_PER_S);
    client_close(&silent);
    client_close(&half_open);
}

static void test_server_stopped_before_it_runs_returns_at_once(void **state)
{
    struct server_options options = default_options();
    struct error error;
    struct server *server = server_new(&options, &error);

    (void)state;
    assert_non_null(server);
    server_stop(server);
    server_run(server);
    assert_int_equal(server_counts(server).connections, 0);
    server_free(server);
}

static void test_server_refuses_an_address_it_cannot_listen_on(void **state)
{
    struct server_options options = default_options();
    struct server *first;
    struct error error = {""};
    char expected[128];

    (void)state;
    first = server_new(&options, &error);
    assert_non_null(first);
    options.port = server_port(first);
    snprintf(expected, sizeof(expected),
             "127.0.0.1:%u: Address already in use; choose another with --listen", options.port);
    assert_null(server_new(&options, &error));
    assert_string_equal(error.text, expected);
    server_free(first);

    options.address = "localhost";
    assert_null(server_new(&options, &error));
    assert_non_null(strstr(error.text, "localhost: not a numeric"));
}

static void test_server_listens_on_nothing_but_its_address(void **state)
{
    struct server_options options = default_options();
    struct server *one;
    struct server *other;
    struct error error = {""};

    (void)state;
    one = server_new(&options, &error);
    assert_non_null(one);
    /* The same port is free on every other address; here on one that no other test uses. */
    options.port = server_port(one);
    options.address = "127.9.9.9";
    other = server_new(&options, &error);
    assert_non_null(other);
    assert_int_equal(server_port(other), options.port);
    server_free(other);
    server_free(one);
}

static void test_server_writes_its_port(void **state)
{
    struct server_options options = default_options();
    char *path = temporary_path();
    struct buffer written;
    struct error error = {""};
    struct server *server;

    (void)state;
    options.port_file = path;
    server = server_new(&options, &error);
    assert_non_null(server);
    buffer_init(&written, 64);
    assert_int_equal(file_read(path, &written, &error), 0);
    assert_true(server_port(server) != 0);
    assert_int_equal(strtol(written.data, NULL, 10), server_port(server));
    buffer_free(&written);
    server_free(server);
    remove_temporary(path);
}

static void test_server_reports_a_port_file_it_cannot_write(void **state)
{
    struct server_options options = default_options();
    struct error error = {""};

    (void)state;
    options.port_file = "/nonexistent/port";
    assert_null(server_new(&options, &error));
    assert_non_null(strstr(error.text, "/nonexistent/port"));
}

static void test_server_is_trusted_through_the_authority_it_wrote(void **state)
{
    struct server_options options = default_options();
    char *path = temporary_path();
    struct running running;
    struct client client;
    char *response;

    (void)state;
    options.tls = true;
    options.ca_out = path;
    running = start(options);

    client = client_connect(running.port);
    assert_int_equal(client_start_tls(&client, path, "example.com"), X509_V_ERR_HOSTNAME_MISMATCH);
    client_close(&client);

    client = client_connect(running.port);
    assert_int_equal(client_start_tls(&client, path, "localhost"), X509_V_OK);
    response = client_ask_upgrade(&client, "");
    assert_memory_equal(response, "HTTP/1.1 101 ", 13);
    expect_echo(&client, "hello");
    free(response);
    client_close(&client);

    assert_int_equal(stop(&running).connections, 1);
    remove_temporary(path);
}

TEST_GROUP(server)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server_accepts_the_key_of_the_rfc),
        cmocka_unit_test(test_server_agrees_to_the_first_subprotocol_offered),
        cmocka_unit_test(test_server_refuses_a_subprotocol_it_cannot_agree_to),
        cmocka_unit_test(test_server_wants_an_upgrade),
        cmocka_unit_test(test_server_answers_text_of_any_length),
        cmocka_unit_test(test_server_joins_fragments_around_a_ping),
        cmocka_unit_test(test_server_names_connections_and_requests_apart),
        cmocka_unit_test(test_server_closes_on_what_it_cannot_answer),
        cmocka_unit_test(test_server_sends_everything_to_a_slow_reader),
        cmocka_unit_test(test_server_counts_error_frames),
        cmocka_unit_test(test_server_waits_for_the_delay),
        cmocka_unit_test(test_server_sends_each_reply_when_it_is_due),
        cmocka_unit_test(test_server_forgets_the_replies_of_a_client_that_left),
        cmocka_unit_test(test_server_frees_the_replies_of_a_client_that_stayed),
        cmocka_unit_test(test_server_serves_many_at_once_and_says_goodbye),
        cmocka_unit_test(test_server_does_not_wait_for_a_client_that_never_answers),
        cmocka_unit_test(test_server_stopped_before_it_runs_returns_at_once),
        cmocka_unit_test(test_server_refuses_an_address_it_cannot_listen_on),
        cmocka_unit_test(test_server_listens_on_nothing_but_its_address),
        cmocka_unit_test(test_server_writes_its_port),
        cmocka_unit_test(test_server_reports_a_port_file_it_cannot_write),
        cmocka_unit_test(test_server_is_trusted_through_the_authority_it_wrote),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
