#include "replies.h"

#include <stdlib.h>
#include <string.h>

#include "testing.h"
#include "wsload/base/clock.h"
#include "wsload/protocol/gateway.h"

#define CONNECTION_ID "Qyi07eCbtjMCJKw="
#define RECEIVED_NS   (1000 * NS_PER_S)

static struct replies make_replies(struct server_options options)
{
    struct replies replies;
    struct error error;

    assert_int_equal(replies_init(&replies, &options, &error), 0);
    return replies;
}

/* The first message of the answer to MESSAGE; the caller frees. */
static struct outgoing *reply_message(struct replies *replies, struct text message)
{
    struct session session;
    struct answer *answer;
    struct outgoing *reply;

    session_init(&session, replies);
    memcpy(session.id, CONNECTION_ID, ID_SIZE);
    answer = replies_answer(replies, &session, message, RECEIVED_NS);
    assert_non_null(answer);
    reply = answer_next(answer, session.id, 1700000000123);
    assert_non_null(reply);
    session_free(&session);
    free(answer);
    return reply;
}

/* Its text; the caller frees. */
static char *reply_text(struct replies *replies, struct text message)
{
    struct outgoing *reply = reply_message(replies, message);
    char *text = strndup((char *)reply->bytes + OUTGOING_HEADROOM, reply->length);

    free(reply);
    return text;
}

static void test_replies_find_the_prompt_in_the_message(void **state)
{
    static const struct {
        const char *message;
        const char *prompt;
    } cases[] = {
        {"{\"message\": \"hello\"}", "hello"},
        {"{\"action\": \"send\", \"prompt\": \"hello\"}", "hello"},
        {"{\"data\": \"hello\"}", "hello"},
        {"{\"question\": \"hello\"}", "hello"},
        {"{\"question\": \"q\", \"data\": \"d\", \"prompt\": \"p\", \"message\": \"m\"}", "m"},
        {"{\"message\": 7, \"prompt\": \"p\"}", "p"},
        {"{\"message\": \"\"}", ""},
        {"{\"message\": \"a \\\"b\\\"\\n\\u00e9\"}", "a \"b\"\n\xc3\xa9"},
        {"{\"Message\": \"hello\"}", "{\"Message\": \"hello\"}"},
        {"{\"text\": \"hello\"}", "{\"text\": \"hello\"}"},
        {"{\"message\": \"unfinished", "{\"message\": \"unfinished"},
        {"[\"message\"]", "[\"message\"]"},
        {"plain text", "plain text"},
        {"", ""},
    };
    struct replies replies = make_replies(
        (struct server_options){.reply = text_of("{{prompt:raw}}")});

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char *text = reply_text(&replies, text_of(cases[i].message));

        assert_string_equal(text, cases[i].prompt);
        free(text);
    }
    replies_free(&replies);
}

static void test_replies_fill_in_the_template(void **state)
{
    static const struct {
        const char *template;
        const char *reply;
    } cases[] = {
        {SERVER_DEFAULT_REPLY,
         "{\"message\": \"a \\\"b\\\"\", \"connectionId\": \"" CONNECTION_ID "\"}"},
        {"{{seq}} {{timestamp}}", "1 1700000000123"},
        {"always the same", "always the same"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct replies replies = make_replies(
            (struct server_options){.reply = text_of(cases[i].template)});
        char *text = reply_text(&replies, text_of("a \"b\""));

        assert_string_equal(text, cases[i].reply);
        free(text);
        replies_free(&replies);
    }
}

static void test_replies_refuse_an_unknown_variable(void **state)
{
    const struct {
        struct server_options options;
        const char *option;
    } cases[] = {
        {{.reply = text_of("{{promt}}")}, "--reply: "},
        {{.reply = text_of("x"), .reply_end = text_of("{{promt}}")}, "--reply-end: "},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct replies replies;
        struct error error = {""};

        assert_int_equal(replies_init(&replies, &cases[i].options, &error), -1);
        assert_memory_equal(error.text, cases[i].option, strlen(cases[i].option));
        assert_non_null(strstr(error.text, "promt"));
        replies_free(&replies);
    }
}

static void test_replies_number_each_message(void **state)
{
    struct replies replies = make_replies((struct server_options){.reply = text_of("{{seq}}")});

    (void)state;
    for (int i = 1; i <= 3; i++) {
        char *text = reply_text(&replies, text_of("hello"));

        assert_int_equal(strtol(text, NULL, 10), i);
        free(text);
    }
    replies_free(&replies);
}

static void test_replies_err_as_the_gateway_does(void **state)
{
    static const char head[] = "{\"message\": \"Internal server error\", \"connectionId\":\"" //
        CONNECTION_ID "\", \"requestId\":\"";
    struct replies replies = make_replies(
        (struct server_options){.reply = text_of("never seen"), .error_percent = 100});
    char *text = reply_text(&replies, text_of("hello"));
    struct gateway_error error;

    (void)state;
    assert_memory_equal(text, head, sizeof(head) - 1);
    assert_string_equal(text + sizeof(head) - 1 + ID_SIZE - 1, "\"}");
    assert_true(gateway_error_read(text_of(text), &error));
    assert_string_equal(error.message, "Internal server error");
    free(text);
    replies_free(&replies);
}

static int count_errors(double percent, uint64_t seed, int messages)
{
    struct replies replies = make_replies(
        (struct server_options){.reply = text_of("x"), .error_percent = percent, .seed = seed});
    int errors = 0;

    for (int i = 0; i < messages; i++) {
        struct outgoing *reply = reply_message(&replies, text_of("hello"));

        errors += reply->kind == OUTGOING_ERROR;
        free(reply);
    }
    replies_free(&replies);
    return errors;
}

static void test_replies_err_for_the_share_asked_for(void **state)
{
    (void)state;
    assert_int_equal(count_errors(0, 1, 10000), 0);
    assert_int_equal(count_errors(100, 1, 10000), 10000);
    /* Five standard deviations of the binomial distribution. */
    assert_in_range(count_errors(50, 1, 10000), 4750, 5250);
    assert_int_equal(count_errors(50, 7, 10000), count_errors(50, 7, 10000));
}

static void test_replies_wait_uniformly_between_the_delays(void **state)
{
    struct replies replies = make_replies((struct server_options){
        .reply = text_of("x"), .delay_low_ns = 10 * NS_PER_MS, .delay_high_ns = 20 * NS_PER_MS});
    int early = 0;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        struct session session = {.id = CONNECTION_ID};
        struct answer *answer = replies_answer(&replies, &session, text_of("x"), RECEIVED_NS);
        uint64_t delay_ns = answer_due_ns(answer) - RECEIVED_NS;

        assert_in_range(delay_ns, 10 * NS_PER_MS, 20 * NS_PER_MS);
        early += delay_ns < 15 * NS_PER_MS;
        free(answer);
    }
    assert_in_range(early, 420, 580);
    replies_free(&replies);
}

static void test_replies_hand_back_the_id_of_the_message(void **state)
{
    static const struct {
        const char *message;
        const char *reply;
    } cases[] = {
        {"{\"id\": \"a\\n\\\"1\"}", "<a\\n\\\"1>"}, /* still escaped */
        {"{\"request_id\": 17}", "<17>"},
        {"{\"requestId\": \"r\"}", "<r>"},
        {"{\"correlationId\": \"c\", \"id\": \"i\"}", "<i>"},
        {"{\"id\": null}", "<>"},
        {"{\"id\": {\"id\": 1}}", "<>"},
        {"hello", "<>"},
    };
    struct replies replies = make_replies(
        (struct server_options){.reply = text_of("<{{correlation}}>")});

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char *text = reply_text(&replies, text_of(cases[i].message));

        assert_string_equal(text, cases[i].reply);
        free(text);
    }
    replies_free(&replies);
}

static void test_replies_are_streams_when_asked_to(void **state)
{
    static const char *const expected[] = {"tok1 ", "tok2 ", "tok3 ", "the end of it"};
    struct replies replies = make_replies((struct server_options){
        .reply = text_of("{{token}}"),
        .reply_end = text_of("the end of {{prompt}}"),
        .stream = 3,
        .delay_low_ns = 10 * NS_PER_MS,
        .delay_high_ns = 10 * NS_PER_MS,
        .gap_ns = 4 * NS_PER_MS,
    });
    struct session session = {.id = CONNECTION_ID};
    struct answer *answer = replies_answer(&replies, &session, text_of("it"), RECEIVED_NS);

    (void)state;
    for (uint64_t i = 0; i < ARRAY_LENGTH(expected); i++) {
        struct outgoing *message;

        assert_int_equal(answer_due_ns(answer), RECEIVED_NS + (10 + 4 * i) * NS_PER_MS);
        message = answer_next(answer, session.id, 0);
        assert_int_equal(message->length, strlen(expected[i]));
        assert_memory_equal(message->bytes + OUTGOING_HEADROOM, expected[i], message->length);
        free(message);
    }
    assert_int_equal(answer_due_ns(answer), CLOCK_NEVER);
    free(answer);
    replies_free(&replies);
}

static void test_replies_time_out_when_the_last_message_is_late(void **state)
{
    static const struct {
        uint64_t timeout_ms;
        uint64_t first_due_ms;
    } cases[] = {{0, 10}, {5, 5}, {17, 10}, {18, 10}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct replies replies = make_replies((struct server_options){
            .reply = text_of("x"),
            .stream = 3,
            .delay_low_ns = 10 * NS_PER_MS,
            .delay_high_ns = 10 * NS_PER_MS,
            .gap_ns = 4 * NS_PER_MS,
            .integration_timeout_ns = cases[i].timeout_ms * NS_PER_MS,
        });
        struct session session = {.id = CONNECTION_ID};
        struct answer *answer = replies_answer(&replies, &session, text_of("it"), RECEIVED_NS);

        assert_int_equal(answer_due_ns(answer), RECEIVED_NS + cases[i].first_due_ms * NS_PER_MS);
        /* The last is due at 18 ms. */
        assert_int_equal(answer->timeout_ns, cases[i].timeout_ms == 0 || cases[i].timeout_ms == 18
                                                 ? CLOCK_NEVER
                                                 : RECEIVED_NS + cases[i].timeout_ms * NS_PER_MS);
        free(answer);
        replies_free(&replies);
    }
}

static void test_replies_throttle_in_the_gateways_words(void **state)
{
    struct replies replies = make_replies((struct server_options){.reply = text_of("x")});
    struct answer *answer = replies_say(&replies, REPLY_THROTTLED, RECEIVED_NS);
    struct gateway_error error;
    struct outgoing *message;

    (void)state;
    assert_int_equal(answer_due_ns(answer), RECEIVED_NS);
    message = answer_next(answer, CONNECTION_ID, 0);
    assert_int_equal(message->kind, OUTGOING_ERROR);
    assert_true(gateway_error_read(
        (struct text){(char *)message->bytes + OUTGOING_HEADROOM, message->length}, &error));
    assert_string_equal(error.message, "Too Many Requests");
    free(message);
    free(answer);
    replies_free(&replies);
}

static void test_replies_name_each_session_like_the_gateway(void **state)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct replies replies = make_replies((struct server_options){.reply = text_of("x")});
    struct session one;
    struct session other;

    (void)state;
    session_init(&one, &replies);
    session_init(&other, &replies);
    assert_int_equal(strspn(one.id, alphabet), strlen(CONNECTION_ID) - 1);
    assert_string_equal(one.id + strlen(CONNECTION_ID) - 1, "=");
    assert_string_not_equal(one.id, other.id);
    session_free(&one);
    session_free(&other);
    replies_free(&replies);
}

TEST_GROUP(replies)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replies_find_the_prompt_in_the_message),
        cmocka_unit_test(test_replies_fill_in_the_template),
        cmocka_unit_test(test_replies_refuse_an_unknown_variable),
        cmocka_unit_test(test_replies_number_each_message),
        cmocka_unit_test(test_replies_err_as_the_gateway_does),
        cmocka_unit_test(test_replies_err_for_the_share_asked_for),
        cmocka_unit_test(test_replies_wait_uniformly_between_the_delays),
        cmocka_unit_test(test_replies_hand_back_the_id_of_the_message),
        cmocka_unit_test(test_replies_are_streams_when_asked_to),
        cmocka_unit_test(test_replies_time_out_when_the_last_message_is_late),
        cmocka_unit_test(test_replies_throttle_in_the_gateways_words),
        cmocka_unit_test(test_replies_name_each_session_like_the_gateway),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
