/* Answers of several messages, and answers to several clients. */
#include "wsload/server/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "running.h"
#include "testing.h"
#include "wsload/base/clock.h"

static struct server_options stream_options(uint64_t stream)
{
    struct server_options options = delayed_options(20 * NS_PER_MS);

    options.stream = stream;
    options.reply = text_of("{{prompt:raw}}{{part}}");
    options.reply_end = text_of("end");
    options.gap_ns = 5 * NS_PER_MS;
    return options;
}

static void test_streams_come_message_by_message(void **state)
{
    enum { MESSAGES = 5 };
    struct talk talk = begin_talk(stream_options(MESSAGES));
    uint64_t sent_ns = clock_monotonic_ns();
    struct server_counts counts;

    (void)state;
    client_send_text(&talk.client, "a");
    for (unsigned i = 0; i <= MESSAGES; i++) {
        char expected[8] = "end";

        if (i < MESSAGES)
            snprintf(expected, sizeof(expected), "a%u", i);
        expect_text(&talk.client, expected);
        assert_true(clock_monotonic_ns() - sent_ns >= (20 + 5 * i) * NS_PER_MS);
    }
    counts = end_talk(&talk);
    assert_int_equal(counts.messages, 1);
    assert_int_equal(counts.replies, 1);
    assert_int_equal(counts.sent, MESSAGES + 1);
    assert_int_equal(counts.errors, 0);
}

static void test_streams_run_side_by_side_on_one_connection(void **state)
{
    struct talk talk = begin_talk(stream_options(10));
    int next[2] = {0, 0};
    int ends = 0;
    bool mixed = false;
    struct server_counts counts;

    (void)state;
    client_send_text(&talk.client, "a");
    client_send_text(&talk.client, "b");
    for (int i = 0; i < 22; i++) {
        char *text = client_read_text(&talk.client);

        if (strcmp(text, "end") == 0)
            ends++;
        else
            assert_int_equal(strtol(text + 1, NULL, 10), next[text[0] - 'a']++);
        mixed = mixed || (next[1] > 0 && next[0] < 10);
        free(text);
    }
    assert_int_equal(ends, 2);
    assert_true(mixed);
    counts = end_talk(&talk);
    assert_int_equal(counts.replies, 2);
    assert_int_equal(counts.sent, 22);
}

static void test_streams_end_with_their_client(void **state)
{
    struct running running = start(stream_options(1000));
    struct client left = client_open(running.port);
    struct client stayed = client_open(running.port);
    struct server_counts counts;

    (void)state;
    client_send_text(&left, "a");
    expect_text(&left, "a0");
    client_send_frame(&left, FRAME_CLOSE, "\x03\xe8", 2);
    while (client_skip_frame(&left) != FRAME_CLOSE)
        continue;
    client_close(&left);
    client_send_text(&stayed, "b");
    expect_text(&stayed, "b0");
    client_close(&stayed);
    counts = stop(&running);
    assert_int_equal(counts.replies, 0);
    assert_in_range(counts.sent, 2, 999);
}

static void test_streams_go_on_behind_a_timeout_of_the_gateway(void **state)
{
    struct server_options options = stream_options(1);
    struct talk talk;
    struct server_counts counts;
    uint64_t sent_ns;

    (void)state;
    options.integration_timeout_ns = 10 * NS_PER_MS;
    talk = begin_talk(options);
    sent_ns = clock_monotonic_ns();
    client_send_text(&talk.client, "a");
    expect_text_with(&talk.client,
                     "{\"message\": \"Endpoint request timed out\", \"connectionId\"");
    assert_true(clock_monotonic_ns() - sent_ns >= 10 * NS_PER_MS);
    expect_text(&talk.client, "a0");
    assert_true(clock_monotonic_ns() - sent_ns >= 20 * NS_PER_MS);
    expect_text(&talk.client, "end");
    counts = end_talk(&talk);
    assert_int_equal(counts.replies, 1);
    assert_int_equal(counts.errors, 1);
}

static void test_streams_hang_where_the_sample_does(void **state)
{
    struct server_options options = default_options();
    struct talk talk;
    struct server_counts counts;

    (void)state;
    options.profile = "amazon-bedrock-websocket";
    options.error_percent = 100;
    talk = begin_talk(options);
    client_send_text(&talk.client, "{\"action\":\"send\",\"data\":\"hi\"}");
    expect_pong(&talk.client);
    counts = end_talk(&talk);
    assert_int_equal(counts.messages, 1);
    assert_int_equal(counts.sent, 0);
}

static void test_streams_broadcast_to_everybody(void **state)
{
    enum { CLIENTS = 3 };
    struct server_options options = default_options();
    struct running running;
    struct client clients[CLIENTS];
    struct server_counts counts;

    (void)state;
    options.profile = "simple-chat";
    running = start(options);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = client_open(running.port);
    client_send_text(&clients[1], "{\"action\":\"sendmessage\",\"data\":\"hello all\"}");
    for (int i = 0; i < CLIENTS; i++)
        expect_text(&clients[i], "hello all");
    /* What is wrong concerns its sender alone. */
    client_send_text(&clients[2], "{\"action\":\"shout\"}");
    free(client_read_text(&clients[2]));
    client_send_text(&clients[0], "{\"action\":\"sendmessage\",\"data\":\"bye\"}");
    for (int i = 0; i < CLIENTS; i++) {
        expect_text(&clients[i], "bye");
        client_close(&clients[i]);
    }
    counts = stop(&running);
    assert_int_equal(counts.messages, 3);
    assert_int_equal(counts.replies, 2);
    assert_int_equal(counts.sent, 2 * CLIENTS + 1);
    assert_int_equal(counts.errors, 1);
}

TEST_GROUP(streams)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams_come_message_by_message),
        cmocka_unit_test(test_streams_run_side_by_side_on_one_connection),
        cmocka_unit_test(test_streams_end_with_their_client),
        cmocka_unit_test(test_streams_go_on_behind_a_timeout_of_the_gateway),
        cmocka_unit_test(test_streams_hang_where_the_sample_does),
        cmocka_unit_test(test_streams_broadcast_to_everybody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
