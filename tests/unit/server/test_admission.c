#include "admission.h"

#include "testing.h"
#include "wsload/base/clock.h"

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define END "\r\n"

static void test_admission_wants_each_required_header_with_its_value(void **state)
{
    static const struct {
        const char *request;
        enum refusal refusal;
    } cases[] = {
        {GET "x-api-key: k3y\r\nAuthorization: Bearer t0k\r\n" END, REFUSAL_NONE},
        {GET "X-API-Key:k3y\r\nauthorization:   Bearer t0k\r\nOther: 1\r\n" END, REFUSAL_NONE},
        {GET "x-api-key: k3y\r\n" END, REFUSAL_UNAUTHORIZED},
        {GET "x-api-key: k3\r\nAuthorization: Bearer t0k\r\n" END, REFUSAL_UNAUTHORIZED},
        {GET "x-api-key: k3yy\r\nAuthorization: Bearer t0k\r\n" END, REFUSAL_UNAUTHORIZED},
        {GET "x-api-key: K3Y\r\nAuthorization: Bearer t0k\r\n" END, REFUSAL_UNAUTHORIZED},
        {GET END, REFUSAL_UNAUTHORIZED},
        {GET, REFUSAL_BAD_REQUEST},
        {"", REFUSAL_BAD_REQUEST},
    };
    const struct header required[] = {{text_of("X-Api-Key"), text_of("k3y")},
                                      {text_of("Authorization"), text_of("Bearer t0k")}};
    const struct server_options options = {.required = required, .required_count = 2};
    struct admission admission;

    (void)state;
    admission_init(&admission, &options, 0);
    assert_true(admission_reads(&admission));
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(admission_judge(&admission, text_of(cases[i].request), 0),
                         cases[i].refusal);
}

static void test_admission_wants_a_signature_when_a_region_is_given(void **state)
{
    const struct server_options options = {
        .sigv4_region = text_of("us-east-1"),
        .credentials = {text_of("AKIDEXAMPLE"), text_of("secret"), text_of("")},
    };
    struct admission admission;

    (void)state;
    admission_init(&admission, &options, 0);
    assert_true(admission_reads(&admission));
    assert_int_equal(admission_judge(&admission, text_of(GET END), 1440938160), REFUSAL_FORBIDDEN);
}

static void test_admission_reads_nothing_when_nothing_is_asked_for(void **state)
{
    const struct server_options options = {0};
    struct admission admission;

    (void)state;
    admission_init(&admission, &options, 0);
    assert_false(admission_reads(&admission));
    assert_int_equal(admission_judge(&admission, text_of(GET END), 0), REFUSAL_NONE);
}

static void test_admission_counts_handshakes(void **state)
{
    const struct server_options options = {.connect_quota = {true, 2}};
    struct admission admission;

    (void)state;
    admission_init(&admission, &options, NS_PER_S);
    assert_int_equal(admission_count(&admission, NS_PER_S), REFUSAL_NONE);
    assert_int_equal(admission_count(&admission, NS_PER_S), REFUSAL_NONE);
    assert_int_equal(admission_count(&admission, NS_PER_S), REFUSAL_THROTTLED);
    assert_int_equal(admission_count(&admission, NS_PER_S + 500 * NS_PER_MS), REFUSAL_NONE);
}

TEST_GROUP(admission)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_admission_wants_each_required_header_with_its_value),
        cmocka_unit_test(test_admission_wants_a_signature_when_a_region_is_given),
        cmocka_unit_test(test_admission_reads_nothing_when_nothing_is_asked_for),
        cmocka_unit_test(test_admission_counts_handshakes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
