#include "testing.h"

#include <stdio.h>
#include <string.h>

#include "wsload/base/text.h"
#include "wsload/protocol/gateway.h"

static bool recognised(struct text message)
{
    struct gateway_error error;

    return gateway_error_read(message, &error);
}

static void test_gateway_recognises_error_frames_by_shape(void **state)
{
    static const char *const frames[] = {
        /* captured on AWS */
        ("{\"message\": \"Internal server error\", \"connectionId\":\"Qyi07eCbtjMCJKw=\", "
         "\"requestId\":\"Qyi3UG41tjMFlUg=\"}"),
        "{\"message\":\"Forbidden\",\"connectionId\":\"a=\",\"requestId\":\"b=\"}",
        "{\"message\":\"Endpoint request timed out\",\"connectionId\":\"a=\",\"requestId\":\"b=\"}",
        "{\"message\":\"Bad request body\",\"messageId\":\"x\"}",
        "{\"message\":\"Too Many Requests\",\"connectionId\":\"a=\"}",
        "{\"message\":\"Limit Exceeded\",\"connectionId\":\"a=\"}",
        /* a text that is not known, told by its request id */
        "{\"message\":\"Gone fishing\",\"requestId\":\"b=\"}",
        "  \r\n\t{ \"requestId\" : \"b\" , \"message\" : \"\" }\n ",
        "{\"message\":\"a\",\"requestId\":\"b\",\"c\":1,\"d\":[2,3,4]}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(frames); i++)
        assert_true(recognised(text_of(frames[i])));
}

static void test_gateway_leaves_replies_of_backends_alone(void **state)
{
    static const char *const replies[] = {
        "",
        "   ",
        "hello",
        "{}",
        "[]",
        "[{\"message\":\"a\",\"requestId\":\"b\"}]",
        "{\"message\":\"Bonjour\",\"intent\":\"greeting\"}",
        "{\"message\":\"Bonjour\",\"connectionId\":\"a=\"}",
        "{\"message\":\"Bonjour\",\"messageId\":\"a=\"}",
        "{\"message\":\"Bonjour\",\"connectionId\":\"a=\",\"messageId\":\"b\"}",
        "{\"message\":\"Forbidden\"}",
        "{\"message\":\"forbidden\",\"connectionId\":\"a=\"}",
        "{\"message\":{\"text\":\"a\"},\"requestId\":\"b\"}",
        "{\"message\":\"Forbidden\",\"connectionId\":7}",
        "{\"message\":\"a\",\"requestId\":null}",
        "{\"Message\":\"a\",\"requestId\":\"b\"}",
        "{\"message\":\"a\",\"requestid\":\"b\"}",
        "{\"data\":{\"message\":\"a\",\"requestId\":\"b\"}}",
        "{\"message\":\"a\",\"requestId\":\"b\",\"c\":1,\"d\":2,\"e\":3}", /* five members */
        "{\"message\":\"a\",\"requestId\":\"b\"} and more",
        "{\"message\":\"a\",\"requestId\":\"b\"",
        "{\"message\":\"a\",\"requestId\":\"b",
        "{\"message\",\"requestId\"}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(replies); i++)
        assert_false(recognised(text_of(replies[i])));
}

static void test_gateway_looks_at_the_message_and_not_behind_it(void **state)
{
    static const char frame[] = "{\"message\":\"a\",\"requestId\":\"b\"}";

    (void)state;
    for (size_t length = 0; length < strlen(frame); length++)
        assert_false(recognised((struct text){frame, length}));
    assert_true(recognised((struct text){frame, strlen(frame)}));
    assert_false(recognised((struct text){NULL, 0}));
}

static void test_gateway_turns_long_messages_away(void **state)
{
    char frame[5000];
    int length;

    (void)state;
    length = snprintf(frame, sizeof(frame), "{\"message\":\"%*s\",\"requestId\":\"b\"}", 4000, "a");
    assert_true(recognised((struct text){frame, (size_t)length}));
    length = snprintf(frame, sizeof(frame), "{\"message\":\"%*s\",\"requestId\":\"b\"}", 4096, "a");
    assert_false(recognised((struct text){frame, (size_t)length}));
}

static void test_gateway_reads_what_an_error_says(void **state)
{
    static const struct {
        const char *message; /* as it stands in the frame */
        const char *expected;
        bool timeout;
    } cases[] = {
        {"Internal server error", "Internal server error", false},
        {"Endpoint request timed out", "Endpoint request timed out", true},
        {"Endpoint request timed\\u0020out", "Endpoint request timed out", true},
        {"endpoint request timed out", "endpoint request timed out", false},
        {"Endpoint request timed out.", "Endpoint request timed out.", false},
        {"", "", false},
        {"say \\\"hi\\\"\\n\\u00e9", "say \"hi\"\n\xC3\xA9", false},
        {"0123456789012345678901234567890123456789012345678901234567890123456789",
         "012345678901234567890123456789012345678901234567890123456789012", false},
        {"01234567890123456789012345678901234567890123456789012345678901\xC3\xA9",
         "01234567890123456789012345678901234567890123456789012345678901", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct gateway_error error;
        char frame[200];

        snprintf(frame, sizeof(frame), "{\"message\":\"%s\",\"requestId\":\"b\"}",
                 cases[i].message);
        assert_true(gateway_error_read(text_of(frame), &error));
        assert_string_equal(error.message, cases[i].expected);
        assert_int_equal(error.timeout, cases[i].timeout);
        assert_true(utf8_valid(text_of(error.message)));
    }
}

static void test_gateway_finds_the_ids_of_a_frame(void **state)
{
    static const struct {
        const char *frame;
        const char *expected; /* all of them, as "name=value " */
    } cases[] = {
        {"{\"message\":\"a\",\"connectionId\":\"c=\",\"requestId\":\"r=\"}",
         "requestId=r= connectionId=c= "},
        {"{\"messageId\":\"m\",\"connectionId\":\"c\",\"requestId\":\"r\"}",
         "requestId=r connectionId=c messageId=m "},
        {"{\"requestId\":7,\"connectionId\":\"c\"}", "connectionId=c "},
        {"{\"requestId\":7,\"requestId\":\"first\",\"requestId\":\"second\"}", "requestId=first "},
        {"{\"requestId\":\"r\",\"connectionId\":\"cut of", "requestId=r "},
        {"{\"message\":\"a\"}", ""},
        {"no object", ""},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct gateway_id ids[GATEWAY_IDS];
        size_t count = gateway_ids_find(text_of(cases[i].frame), ids);
        char found[200] = "";
        size_t length = 0;

        for (size_t j = 0; j < count; j++)
            length += (size_t)snprintf(found + length, sizeof(found) - length, "%s=%.*s ",
                                       ids[j].name, (int)ids[j].value.length, ids[j].value.data);
        assert_string_equal(found, cases[i].expected);
    }
}

static void test_gateway_bills_each_32_kib_begun(void **state)
{
    static const struct {
        uint64_t bytes;
        uint64_t units;
    } cases[] = {
        {0, 1},
        {1, 1},
        {32768, 1},
        {32769, 2},
        {65536, 2},
        {131072, 4},
        {UINT64_MAX, UINT64_C(1) << 49},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(gateway_units(cases[i].bytes), cases[i].units);
}

TEST_GROUP(gateway)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gateway_recognises_error_frames_by_shape),
        cmocka_unit_test(test_gateway_leaves_replies_of_backends_alone),
        cmocka_unit_test(test_gateway_looks_at_the_message_and_not_behind_it),
        cmocka_unit_test(test_gateway_turns_long_messages_away),
        cmocka_unit_test(test_gateway_reads_what_an_error_says),
        cmocka_unit_test(test_gateway_finds_the_ids_of_a_frame),
        cmocka_unit_test(test_gateway_bills_each_32_kib_begun),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
