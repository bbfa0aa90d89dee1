#include "profiles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replies.h"
#include "testing.h"
#include "wsload/base/clock.h"
#include "wsload/base/text.h"
#include "wsload/protocol/gateway.h"

#define RECEIVED_NS (1000 * NS_PER_S)

static struct replies make_replies(const char *profile, uint64_t stream, double error_percent)
{
    const struct server_options options = {
        .profile = profile,
        .stream = stream,
        .error_percent = error_percent,
        .delay_low_ns = 100 * NS_PER_MS,
        .delay_high_ns = 100 * NS_PER_MS,
        .gap_ns = 20 * NS_PER_MS,
    };
    struct replies replies;
    struct error error;

    assert_int_equal(replies_init(&replies, &options, &error), 0);
    return replies;
}

/* All messages of the answer to MESSAGE, each as "due in ms:text|"; the caller frees. */
static struct buffer hear(struct replies *replies, struct session *session, const char *message)
{
    struct answer *answer = replies_answer(replies, session, text_of(message), RECEIVED_NS);
    struct buffer heard;
    uint64_t due_ns;

    assert_non_null(answer);
    buffer_init(&heard, 65536);
    buffer_append(&heard, "", 0);
    while ((due_ns = answer_due_ns(answer)) != CLOCK_NEVER) {
        struct outgoing *next = answer_next(answer, session->id, 0);

        assert_int_equal(buffer_printf(&heard, "%d:%.*s|",
                                       (int)((due_ns - RECEIVED_NS) / NS_PER_MS), (int)next->length,
                                       (char *)next->bytes + OUTGOING_HEADROOM),
                         0);
        free(next);
    }
    free(answer);
    return heard;
}

static void expect(struct replies *replies, struct session *session, const char *message,
                   const char *expected)
{
    struct buffer heard = hear(replies, session, message);

    assert_string_equal(heard.length == 0 ? "" : heard.data, expected);
    buffer_free(&heard);
}

/* The client's message of each profile, what two streamed messages come to, and an error. */
static const struct {
    const char *profile;
    const char *message;
    const char *good;
    const char *error;
} rows[] = {
    {"mcn-load-test", "{\"message\": \"hi\"}", "100:{\"message\": \"hi\", \"intent\": \"echo\"}|",
     "100:{\"message\": \"Une erreur est survenue\", \"intent\": \"error\"}|"},
    {"genai-application-builder",
     "{\"action\":\"sendMessage\",\"question\":\"hi\",\"conversationId\":\"c1\"}",
     "0:{\"data\": \"##PROCESSING##\", \"conversationId\": \"c1\"}|"
     "100:{\"data\": \"tok1 \", \"conversationId\": \"c1\"}|"
     "110:{\"data\": \"##KEEP_ALIVE##\", \"conversationId\": \"c1\"}|"
     "120:{\"data\": \"tok2 \", \"conversationId\": \"c1\"}|"
     "140:{\"data\": \"##END_CONVERSATION##\", \"conversationId\": \"c1\"}|",
     "100:{\"errorMessage\": \"the model did not answer\", \"conversationId\": \"c1\"}|"
     "120:{\"data\": \"##END_CONVERSATION##\", \"conversationId\": \"c1\"}|"},
    {"serverless-patterns", "{\"action\":\"invokeModel\",\"prompt\":\"hi\"}",
     "100:tok1 |120:tok2 |140:<End of LLM response>|",
     "100:An error occurred: the model did not answer|"},
    {"serverless-patterns-rust", "{\"storyType\":\"funny\"}",
     "100:{\"type\": \"text\", \"message\": \"tok1 \"}|"
     "120:{\"type\": \"text\", \"message\": \"tok2 \"}|",
     ""},
    {"genai-llm-chatbot", "{\"action\":\"run\",\"data\":{\"text\":\"hi\",\"sessionId\":\"s-1\"}}",
     "100:{\"type\": \"text\", \"action\": \"llm_new_token\", \"data\": {\"sessionId\": \"s-1\", "
     "\"token\": {\"sequenceNumber\": 0, \"value\": \"tok1 \"}}}|"
     "120:{\"type\": \"text\", \"action\": \"llm_new_token\", \"data\": {\"sessionId\": \"s-1\", "
     "\"token\": {\"sequenceNumber\": 1, \"value\": \"tok2 \"}}}|"
     "140:{\"type\": \"text\", \"action\": \"final_response\", \"data\": {\"sessionId\": \"s-1\", "
     "\"content\": \"hi\"}}|"
     "160:{\"type\": \"text\", \"action\": \"llm_new_token\", \"data\": {\"sessionId\": \"s-1\", "
     "\"token\": {\"sequenceNumber\": 3, \"value\": \"\"}}}|",
     "100:{\"type\": \"text\", \"action\": \"error\", \"data\": {\"sessionId\": \"s-1\", "
     "\"content\": \"the model did not answer\"}}|"},
    {"korean-chatbot", "{\"request_id\":\"r-1\",\"type\":\"text\",\"body\":\"hi\"}",
     "100:{\"request_id\": \"r-1\", \"msg\": \"tok1 \", \"status\": \"proceeding\"}|"
     "120:{\"request_id\": \"r-1\", \"msg\": \"tok2 \", \"status\": \"proceeding\"}|"
     "140:{\"request_id\": \"r-1\", \"msg\": \"hi\", \"status\": \"completed\"}|",
     "100:{\"request_id\": \"r-1\", \"msg\": \"the model did not answer\", "
     "\"status\": \"error\"}|"},
    {"amazon-bedrock-websocket", "{\"action\":\"send\",\"data\":\"hi\"}",
     "100:{\"message\": {\"completion\": \"tok1 \", \"stop_reason\": null}}|"
     "120:{\"message\": {\"completion\": \"tok2 \", \"stop_reason\": null}}|"
     "140:{\"message\": {\"completion\": \"\", \"stop_reason\": \"stop_sequence\"}}|",
     ""},
    {"simple-chat", "{\"action\":\"sendmessage\",\"data\":\"hi\"}", "100:hi|", NULL},
};

static bool streams(const char *profile)
{
    return profile_find(profile)->good.messages > 1;
}

static void test_profiles_answer_as_their_samples_do(void **state)
{
    struct session session = {.id = "Qyi07eCbtjMCJKw="};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct replies replies = make_replies(rows[i].profile, streams(rows[i].profile) ? 2 : 0, 0);

        expect(&replies, &session, rows[i].message, rows[i].good);
        replies_free(&replies);
    }
}

static void test_profiles_err_as_their_samples_do(void **state)
{
    struct session session = {.id = "Qyi07eCbtjMCJKw="};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct replies replies = make_replies(rows[i].profile, 0, 100);

        if (rows[i].error != NULL)
            expect(&replies, &session, rows[i].message, rows[i].error);
        replies_free(&replies);
    }
}

/* The text behind the due time of the only message in HEARD. */
static struct text only_text(const struct buffer *heard)
{
    const char *text = strchr(heard->data, ':') + 1;

    return (struct text){text, strlen(text) - 1};
}

static void test_profiles_find_no_route_for_another_action(void **state)
{
    static const char *const routed[] = {"genai-application-builder", "serverless-patterns",
                                         "genai-llm-chatbot", "amazon-bedrock-websocket",
                                         "simple-chat"};
    static const char *const messages[] = {"hello", "{}", "{\"action\":\"other\",\"data\":\"hi\"}"};
    struct session session = {.id = "Qyi07eCbtjMCJKw="};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(routed) * ARRAY_LENGTH(messages); i++) {
        struct replies replies = make_replies(routed[i % ARRAY_LENGTH(routed)], 0, 0);
        struct buffer heard = hear(&replies, &session, messages[i / ARRAY_LENGTH(routed)]);
        struct gateway_error error;

        assert_memory_equal(heard.data, "0:", 2);
        assert_true(gateway_error_read(only_text(&heard), &error));
        assert_string_equal(error.message, "Forbidden");
        buffer_free(&heard);
        replies_free(&replies);
    }
}

static void test_profiles_err_on_a_message_without_a_prompt(void **state)
{
    struct session session = {.id = "Qyi07eCbtjMCJKw="};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct replies replies = make_replies(rows[i].profile, 0, 0);
        const struct profile *profile = profile_find(rows[i].profile);
        char message[64] = "{}";
        struct buffer heard;

        if (profile->route != NULL)
            snprintf(message, sizeof(message), "{\"%s\": \"%s\"}", profile->route,
                     profile->route_value);
        heard = hear(&replies, &session, message);
        if (rows[i].error != NULL && rows[i].error[0] == '\0')
            assert_int_equal(heard.length, 0);
        else
            assert_memory_equal(heard.data, "100:", 4);
        assert_null(heard.length == 0 ? NULL : strstr(heard.data, "tok1"));
        buffer_free(&heard);
        replies_free(&replies);
    }
}

static void test_profiles_stream_twenty_messages_by_themselves(void **state)
{
    struct session session = {.id = "Qyi07eCbtjMCJKw="};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct replies replies = make_replies(rows[i].profile, 0, 0);
        struct buffer heard = hear(&replies, &session, rows[i].message);

        assert_int_equal(strstr(heard.data, "480:") != NULL, streams(rows[i].profile));
        assert_int_equal(strstr(heard.data, "tok20 ") != NULL, streams(rows[i].profile));
        assert_null(strstr(heard.data, "tok21 "));
        buffer_free(&heard);
        replies_free(&replies);
    }
}

#define START "{\"step\":\"START\",\"token\":\"t\"}"
#define BODY1 "{\"step\":\"BODY\",\"index\":0,\"part\":\"h\"}"
#define BODY2 "{\"step\":\"BODY\",\"index\":1,\"part\":\"i\"}"
#define END   "{\"step\":\"END\",\"token\":\"t\"}"

static void test_profiles_talk_in_sessions_for_bedrock_chat(void **state)
{
    static const char error[] =
        "100:{\"status\": \"ERROR\", \"reason\": \"the model did not answer\"}|";
    static const char stream[] =
        "100:{\"status\": \"STREAMING\", \"completion\": \"tok1 \"}|"
        "120:{\"status\": \"STREAMING\", \"completion\": \"tok2 \"}|"
        "140:{\"status\": \"STREAMING_END\", \"completion\": \"\", \"stop_reason\": \"end_turn\"}|"
        "160:Message sent.|";
    static const struct {
        const char *message;
        const char *heard;
    } talk[] = {
        {END, error},
        {BODY1, error},
        {"hello", error},
        {START, "0:Session started.|"},
        {BODY1, "0:Message part received.|"},
        {BODY2, "0:Message part received.|"},
        {END, stream},
        {END, error}, /* the session is over */
        {START, "0:Session started.|"},
        {"{\"step\":\"BODY\",\"part\":1}", error},
        {START, "0:Session started.|"},
        {END, stream},
    };
    struct replies replies = make_replies("bedrock-chat", 2, 0);
    struct session session;

    (void)state;
    session_init(&session, &replies);
    for (size_t i = 0; i < ARRAY_LENGTH(talk); i++)
        expect(&replies, &session, talk[i].message, talk[i].heard);
    session_free(&session);
    replies_free(&replies);
}

static void test_profiles_put_the_parts_of_a_prompt_together(void **state)
{
    struct replies replies = make_replies("bedrock-chat", 2, 0);
    struct session session;
    struct answer *answer;

    (void)state;
    session_init(&session, &replies);
    free(replies_answer(&replies, &session, text_of(START), 0));
    free(replies_answer(&replies, &session, text_of(BODY1), 0));
    free(replies_answer(&replies, &session, text_of(BODY2), 0));
    answer = replies_answer(&replies, &session, text_of(END), 0);
    assert_true(text_equal(answer->prompt, text_of("hi")));
    free(answer);
    /* A new START forgets what came before it. */
    free(replies_answer(&replies, &session, text_of(START), 0));
    free(replies_answer(&replies, &session, text_of(BODY1), 0));
    free(replies_answer(&replies, &session, text_of(START), 0));
    free(replies_answer(&replies, &session, text_of(BODY2), 0));
    answer = replies_answer(&replies, &session, text_of(END), 0);
    assert_true(text_equal(answer->prompt, text_of("i")));
    free(answer);
    session_free(&session);
    replies_free(&replies);
}

static void test_profiles_of_one_message_take_no_stream(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        const struct server_options options = {.profile = rows[i].profile, .stream = 5};
        struct replies replies;
        struct error error = {""};
        int result = replies_init(&replies, &options, &error);

        assert_int_equal(result, streams(rows[i].profile) ? 0 : -1);
        assert_int_equal(strstr(error.text, rows[i].profile) != NULL, result != 0);
        replies_free(&replies);
    }
}

static void test_profiles_broadcast_in_the_simple_chat_alone(void **state)
{
    struct session session = {.id = "Qyi07eCbtjMCJKw="};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct replies replies = make_replies(rows[i].profile, 0, 0);
        struct answer *answer = replies_answer(&replies, &session, text_of(rows[i].message), 0);

        assert_int_equal(answer->to_everyone, strcmp(rows[i].profile, "simple-chat") == 0);
        free(answer);
        replies_free(&replies);
    }
}

static void test_profiles_are_all_named_and_tested(void **state)
{
    size_t count = 0;

    (void)state;
    for (const char *const *name = server_profiles; *name != NULL; name++, count++) {
        assert_non_null(profile_find(*name));
        assert_string_equal(profile_find(*name)->name, *name);
    }
    assert_int_equal(count, ARRAY_LENGTH(rows) + 1); /* and bedrock-chat */
    assert_null(profile_find("none"));
}

TEST_GROUP(profiles)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_profiles_answer_as_their_samples_do),
        cmocka_unit_test(test_profiles_err_as_their_samples_do),
        cmocka_unit_test(test_profiles_find_no_route_for_another_action),
        cmocka_unit_test(test_profiles_err_on_a_message_without_a_prompt),
        cmocka_unit_test(test_profiles_stream_twenty_messages_by_themselves),
        cmocka_unit_test(test_profiles_talk_in_sessions_for_bedrock_chat),
        cmocka_unit_test(test_profiles_put_the_parts_of_a_prompt_together),
        cmocka_unit_test(test_profiles_of_one_message_take_no_stream),
        cmocka_unit_test(test_profiles_broadcast_in_the_simple_chat_alone),
        cmocka_unit_test(test_profiles_are_all_named_and_tested),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
