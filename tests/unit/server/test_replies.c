#include "replies.h"

#include <stdlib.h>
#include <string.h>

#include "testing.h"
#include "wsload/base/clock.h"
#include "wsload/protocol/gateway.h"

#define CONNECTION_ID "Qyi07eCbtjMCJKw="

static struct replies make_replies(struct server_options options)
{
    struct replies replies;
    struct error error;

    assert_int_equal(replies_init(&replies, &options, &error), 0);
    return replies;
}

/* The text of the reply to MESSAGE; the caller frees. */
static char *reply_text(struct replies *replies, struct text message)
{
    struct reply *reply = replies_make(replies, message, CONNECTION_ID, 1700000000123);
    char *text;

    assert_non_null(reply);
    text = strndup((char *)reply->bytes + REPLY_HEADROOM, reply->length);
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
    const struct server_options options = {.reply = text_of("{{promt}}")};
    struct replies replies;
    struct error error = {""};

    (void)state;
    assert_int_equal(replies_init(&replies, &options, &error), -1);
    assert_non_null(strstr(error.text, "promt"));
    replies_free(&replies);
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

    (void)state;
    assert_memory_equal(text, head, sizeof(head) - 1);
    assert_string_equal(text + sizeof(head) - 1 + REPLY_ID_SIZE - 1, "\"}");
    assert_true(gateway_error_recognised(text_of(text)));
    free(text);
    replies_free(&replies);
}

static int count_errors(double percent, uint64_t seed, int messages)
{
    struct replies replies = make_replies(
        (struct server_options){.reply = text_of("x"), .error_percent = percent, .seed = seed});
    int errors = 0;

    for (int i = 0; i < messages; i++) {
        struct reply *reply = replies_make(&replies, text_of("hello"), CONNECTION_ID, 0);

        errors += reply->is_error;
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
        struct reply *reply = replies_make(&replies, text_of("hello"), CONNECTION_ID, 0);

        assert_in_range(reply->delay_ns, 10 * NS_PER_MS, 20 * NS_PER_MS);
        early += reply->delay_ns < 15 * NS_PER_MS;
        free(reply);
    }
    assert_in_range(early, 420, 580);
    replies_free(&replies);
}

static void test_replies_make_ids_like_the_gateways(void **state)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct replies replies = make_replies((struct server_options){.reply = text_of("x")});
    char one[REPLY_ID_SIZE];
    char other[REPLY_ID_SIZE];

    (void)state;
    replies_make_id(&replies, one);
    replies_make_id(&replies, other);
    assert_int_equal(strspn(one, alphabet), strlen(CONNECTION_ID) - 1);
    assert_string_equal(one + strlen(CONNECTION_ID) - 1, "=");
    assert_string_not_equal(one, other);
    replies_free(&replies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replies_find_the_prompt_in_the_message),
        cmocka_unit_test(test_replies_fill_in_the_template),
        cmocka_unit_test(test_replies_refuse_an_unknown_variable),
        cmocka_unit_test(test_replies_number_each_message),
        cmocka_unit_test(test_replies_err_as_the_gateway_does),
        cmocka_unit_test(test_replies_err_for_the_share_asked_for),
        cmocka_unit_test(test_replies_wait_uniformly_between_the_delays),
        cmocka_unit_test(test_replies_make_ids_like_the_gateways),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
