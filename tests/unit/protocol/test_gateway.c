#include "testing.h"

#include <stdio.h>
#include <string.h>

#include "wsload/protocol/gateway.h"

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
        assert_true(gateway_error_recognised(text_of(frames[i])));
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
        assert_false(gateway_error_recognised(text_of(replies[i])));
}

static void test_gateway_looks_at_the_message_and_not_behind_it(void **state)
{
    static const char frame[] = "{\"message\":\"a\",\"requestId\":\"b\"}";

    (void)state;
    for (size_t length = 0; length < strlen(frame); length++)
        assert_false(gateway_error_recognised((struct text){frame, length}));
    assert_true(gateway_error_recognised((struct text){frame, strlen(frame)}));
    assert_false(gateway_error_recognised((struct text){NULL, 0}));
}

static void test_gateway_turns_long_messages_away(void **state)
{
    char frame[5000];
    int length;

    (void)state;
    length = snprintf(frame, sizeof(frame), "{\"message\":\"%*s\",\"requestId\":\"b\"}", 4000, "a");
    assert_true(gateway_error_recognised((struct text){frame, (size_t)length}));
    length = snprintf(frame, sizeof(frame), "{\"message\":\"%*s\",\"requestId\":\"b\"}", 4096, "a");
    assert_false(gateway_error_recognised((struct text){frame, (size_t)length}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gateway_recognises_error_frames_by_shape),
        cmocka_unit_test(test_gateway_leaves_replies_of_backends_alone),
        cmocka_unit_test(test_gateway_looks_at_the_message_and_not_behind_it),
        cmocka_unit_test(test_gateway_turns_long_messages_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
