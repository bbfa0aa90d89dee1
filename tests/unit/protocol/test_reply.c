#include "testing.h"

#include "wsload/protocol/reply.h"

static void test_reply_judge_tells_answers_from_errors(void **state)
{
    static const struct text fail_on[] = {{"Une erreur", 10}, {"trafic intense", 14}};
    static const struct reply_rules rules = {fail_on, ARRAY_LENGTH(fail_on)};
    static const struct {
        const char *message;
        bool binary;
        enum reply_judgement expected;
    } cases[] = {
        {"{\"message\":\"Bonjour\"}", false, REPLY_GOOD},
        {"", false, REPLY_GOOD},
        {"{\"message\":\"Une erreur est survenue\"}", false, REPLY_ERROR},
        {"{\"message\":\"Nous rencontrons un trafic intense\"}", false, REPLY_ERROR},
        {"une erreur", false, REPLY_GOOD},
        {"{\"message\":\"Forbidden\",\"requestId\":\"b\"}", false, REPLY_GATEWAY},
        {"{\"message\":\"Une erreur\",\"requestId\":\"b\"}", false, REPLY_GATEWAY},
        {"caf\xC3\xA9", false, REPLY_GOOD},
        {"caf\xC3", false, REPLY_INVALID},
        {"Une erreur \xFF", false, REPLY_INVALID},
        {"\xFF\xFE", true, REPLY_GOOD},
        {"\xFF Une erreur", true, REPLY_ERROR},
        {"{\"message\":\"Forbidden\",\"requestId\":\"b\"}", true, REPLY_GOOD},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(reply_judge(&rules, text_of(cases[i].message), cases[i].binary),
                         cases[i].expected);
}

static void test_reply_judge_needs_no_rules(void **state)
{
    static const struct reply_rules none = {NULL, 0};

    (void)state;
    assert_int_equal(reply_judge(&none, text_of("Une erreur"), false), REPLY_GOOD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reply_judge_tells_answers_from_errors),
        cmocka_unit_test(test_reply_judge_needs_no_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
