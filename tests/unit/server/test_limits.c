/* What API Gateway does to open connections: limits, quotas and timeouts. */
#include "wsload/server/server.h"

#include <stdlib.h>
#include <string.h>

#include "running.h"
#include "testing.h"
#include "wsload/base/clock.h"

/* More than libwebsockets hands over at once. */
#define FRAME_LIMIT   10000
#define MESSAGE_LIMIT 25000

static const char frame_reason[] = "Max frame length of 10000 has been exceeded.";
static const char message_reason[] = "Max message length of 25000 has been exceeded.";

static struct server_options limited_options(void)
{
    struct server_options options = default_options();

    options.frame_limit = FRAME_LIMIT;
    options.message_limit = MESSAGE_LIMIT;
    return options;
}

/* Sends a message in frames of so many bytes; 0 ends the list. */
static void send_in_frames(struct client *client, const size_t lengths[4])
{
    static char payload[70000];

    memset(payload, 'x', sizeof(payload));
    for (int i = 0; i < 4 && lengths[i] != 0; i++) {
        bool last = i == 3 || lengths[i + 1] == 0;
        unsigned char first = i == 0 ? (last ? FRAME_TEXT : FRAME_TEXT_BEGUN)
                                     : (last ? FRAME_END : FRAME_CONTINUED);

        client_send_frame(client, first, payload, lengths[i]);
    }
}

/* Reads a message of LENGTH bytes in however many frames. */
static void expect_length(struct client *client, size_t length)
{
    for (size_t read = 0; read < length;) {
        struct frame frame = client_read_frame(client);

        read += frame.length;
        assert_int_equal((frame.first & FRAME_END) != 0, read == length);
        free(frame.payload);
    }
}

static void test_limits_close_on_what_is_too_long(void **state)
{
    static const struct {
        size_t lengths[4];
        const char *reason; /* NULL: it is answered */
    } cases[] = {
        {{10000}, NULL},
        {{10001}, frame_reason},
        {{70000}, frame_reason},
        {{10000, 10000, 5000}, NULL},
        {{10000, 10000, 5001}, message_reason},
        {{10000, 10001}, frame_reason},
        {{10000, 10000, 10000, 10000}, message_reason},
    };
    struct running running = start(limited_options());

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct client client = client_open(running.port);

        send_in_frames(&client, cases[i].lengths);
        if (cases[i].reason != NULL)
            client_expect_close(&client, 1009, cases[i].reason);
        else
            expect_length(&client, cases[i].lengths[0] + cases[i].lengths[1] + cases[i].lengths[2]);
        client_close(&client);
    }
    assert_int_equal(stop(&running).messages, 2);
}

static void test_limits_close_on_a_binary_frame(void **state)
{
    struct talk talk = begin_talk(limited_options());

    (void)state;
    client_send_frame(&talk.client, FRAME_BINARY, "binary", 6);
    client_expect_close(&talk.client, 1003, "Text frames only");
    assert_int_equal(end_talk(&talk).messages, 0);
}

static void test_limits_cut_long_replies_into_frames(void **state)
{
    static const struct {
        unsigned char first;
        size_t length;
    } frames[] = {{FRAME_TEXT_BEGUN, 10000}, {FRAME_CONTINUED, 10000}, {FRAME_END, 3450}};
    char prompt[23451];
    char joined[23451] = "";
    struct talk talk = begin_talk(limited_options());

    (void)state;
    for (size_t i = 0; i < sizeof(prompt); i++)
        prompt[i] = (char)('a' + i % 26);
    prompt[sizeof(prompt) - 1] = '\0';
    client_send_frame(&talk.client, FRAME_TEXT_BEGUN, prompt, 10000);
    client_send_frame(&talk.client, FRAME_CONTINUED, prompt + 10000, 10000);
    client_send_frame(&talk.client, FRAME_END, prompt + 20000, 3450);
    for (size_t i = 0; i < ARRAY_LENGTH(frames); i++) {
        struct frame frame = client_read_frame(&talk.client);

        assert_int_equal(frame.first, frames[i].first);
        assert_int_equal(frame.length, frames[i].length);
        strncat(joined, frame.payload, frame.length);
        free(frame.payload);
    }
    assert_string_equal(joined, prompt);
    assert_int_equal(end_talk(&talk).sent, 1);
}

static void test_limits_close_what_is_idle(void **state)
{
    struct server_options options = delayed_options(600 * NS_PER_MS);
    struct talk talk;
    uint64_t sent_ns;

    (void)state;
    options.idle_timeout_ns = 1100 * NS_PER_MS;
    talk = begin_talk(options);
    /* Both the message and its answer put the end off. */
    for (int i = 0; i < 2; i++) {
        sent_ns = clock_monotonic_ns();
        expect_echo(&talk.client, "hello");
    }
    client_expect_close(&talk.client, 1001, "Going away");
    assert_true(clock_monotonic_ns() - sent_ns >= 1700 * NS_PER_MS);
    assert_int_equal(end_talk(&talk).replies, 2);
}

static void test_limits_close_what_has_lived_long(void **state)
{
    struct server_options options = default_options();
    struct running running;
    struct client client;
    uint64_t opened_ns;

    (void)state;
    options.max_lifetime_ns = 60 * NS_PER_MS;
    running = start(options);
    opened_ns = clock_monotonic_ns();
    client = client_open(running.port);
    /* Being busy does not help. */
    do
        client_send_text(&client, "hello");
    while (client_skip_frame(&client) != FRAME_CLOSE);
    assert_true(clock_monotonic_ns() - opened_ns >= options.max_lifetime_ns);
    client_close(&client);
    stop(&running);
}

static void test_limits_throttle_messages_over_the_quota(void **state)
{
    struct server_options options = default_options();
    struct server_counts counts;
    struct talk talk;

    (void)state;
    options.message_quota = (struct server_quota){true, 0.01};
    talk = begin_talk(options);
    expect_echo(&talk.client, "hello");
    for (int i = 0; i < 3; i++) {
        client_send_text(&talk.client, "hello");
        expect_text_with(&talk.client, "{\"message\": \"Too Many Requests\", \"connectionId\":\"");
    }
    counts = end_talk(&talk);
    assert_int_equal(counts.messages, 4);
    assert_int_equal(counts.replies, 1);
    assert_int_equal(counts.errors, 3);
}

static void test_limits_close_when_too_many_answers_wait(void **state)
{
    struct talk talk = begin_talk(delayed_options(3600 * NS_PER_S));

    (void)state;
    for (int i = 0; i < SERVER_WAITING_MAX + 1; i++)
        client_send_text(&talk.client, "x");
    client_expect_close(&talk.client, 1008, "Too many messages waiting");
    assert_int_equal(end_talk(&talk).sent, 0);
}

TEST_GROUP(limits)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits_close_on_what_is_too_long),
        cmocka_unit_test(test_limits_close_on_a_binary_frame),
        cmocka_unit_test(test_limits_cut_long_replies_into_frames),
        cmocka_unit_test(test_limits_close_what_is_idle),
        cmocka_unit_test(test_limits_close_what_has_lived_long),
        cmocka_unit_test(test_limits_throttle_messages_over_the_quota),
        cmocka_unit_test(test_limits_close_when_too_many_answers_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
