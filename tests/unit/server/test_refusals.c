#include "admission.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testing.h"

static void test_refusals_speak_as_the_gateway_does(void **state)
{
    static const struct {
        enum refusal refusal;
        const char *status;
        const char *type;
        const char *body;
    } cases[] = {
        {REFUSAL_BAD_REQUEST, "400", "BadRequestException", "{\"message\":\"Bad Request\"}"},
        {REFUSAL_UNAUTHORIZED, "401", "UnauthorizedException", "{\"message\":\"Unauthorized\"}"},
        {REFUSAL_FORBIDDEN, "403", "ForbiddenException", "{\"message\":\"Forbidden\"}"},
        {REFUSAL_UPGRADE_REQUIRED, "426", NULL, "{\"message\":\"Upgrade Required\"}"},
        {REFUSAL_THROTTLED, "429", "LimitExceededException", "{\"message\":\"Too Many Requests\"}"},
    };
    struct random ids;

    (void)state;
    random_init(&ids, 1);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char response[REFUSAL_SIZE];
        char expected[64];
        size_t length = refusal_render(cases[i].refusal, &ids, response);
        const char *body = strstr(response, "\r\n\r\n") + 4;
        const char *declared = strstr(response, "\r\nContent-Length: ");
        const char *id = strstr(response, "\r\nx-amz-apigw-id: ");

        assert_int_equal(length, strlen(response));
        snprintf(expected, sizeof(expected), "HTTP/1.1 %s ", cases[i].status);
        assert_memory_equal(response, expected, strlen(expected));
        assert_string_equal(body, cases[i].body);
        assert_int_equal(strtol(declared + strlen("\r\nContent-Length: "), NULL, 10), strlen(body));
        assert_memory_equal(id + strlen("\r\nx-amz-apigw-id: ") + 15, "=\r\n", 3);
        snprintf(expected, sizeof(expected), "\r\nx-amzn-ErrorType: %s\r\n",
                 cases[i].type == NULL ? "" : cases[i].type);
        assert_int_equal(strstr(response, expected) != NULL, cases[i].type != NULL);
    }
}

static void test_refusals_have_a_request_id_each(void **state)
{
    static const char name[] = "x-amzn-RequestId: ";
    static const char shape[] = "hhhhhhhh-hhhh-4hhh-vhhh-hhhhhhhhhhhh\r";
    char before[REFUSAL_SIZE] = "";
    struct random ids;

    (void)state;
    random_init(&ids, 7);
    for (int round = 0; round < 100; round++) {
        char response[REFUSAL_SIZE];
        const char *id;

        refusal_render(REFUSAL_FORBIDDEN, &ids, response);
        id = strstr(response, name) + strlen(name);
        for (size_t i = 0; i < strlen(shape); i++) {
            const char *allowed = shape[i] == 'h'   ? "0123456789abcdef"
                                  : shape[i] == 'v' ? "89ab"
                                                    : (const char[]){shape[i], '\0'};

            assert_non_null(strchr(allowed, id[i]));
        }
        assert_string_not_equal(response, before);
        memcpy(before, response, sizeof(before));
    }
}

TEST_GROUP(refusals)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals_speak_as_the_gateway_does),
        cmocka_unit_test(test_refusals_have_a_request_id_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
