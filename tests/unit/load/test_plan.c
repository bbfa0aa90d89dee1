#include "testing.h"

#include "wsload/load/plan.h"

static struct prompt items[] = {
    {{"ab", 2}, {"ab", 2}, 1},
    {{"\"\"\"", 3}, {"\\\"\\\"\\\"", 6}, 4},
};
static const struct prompts prompts = {.items = items, .count = 2};

static struct template compiled(const char *text)
{
    struct template template;
    struct error error;
    assert_int_equal(template_compile(&template, text_of(text), TEMPLATE_CLIENT_VARIABLES, &error),
                     0);
    return template;
}

static void test_plan_numbers_requests_from_1(void **state)
{
    (void)state;
    struct template template = compiled("{{seq}} {{prompt}}");
    struct plan plan = {.prompts = &prompts, .message = &template, .run_id = 7};
    struct template_values values = plan_template_values(&plan, &items[1], 0);
    char out[128];
    size_t length = template_render(&template, &values, out);
    assert_true(text_equal((struct text){out, length}, text_of("1 \\\"\\\"\\\"")));
    assert_int_equal(values.run_id, 7);
    assert_int_equal(values.unix_ms, 0); /* no clock is read for a template without {{timestamp}} */
    template_free(&template);
}

static void test_plan_gives_the_prompt_raw_and_escaped(void **state)
{
    (void)state;
    struct template template = compiled("{{prompt:raw}} {{prompt}}");
    struct plan plan = {.prompts = &prompts, .message = &template};
    struct template_values values = plan_template_values(&plan, &items[1], 0);
    char out[128];
    size_t length = template_render(&template, &values, out);
    assert_true(text_equal((struct text){out, length}, text_of("\"\"\" \\\"\\\"\\\"")));
    assert_int_equal(plan_longest_message(&plan), length);
    template_free(&template);
}

static void test_plan_gives_the_time_to_templates_that_want_it(void **state)
{
    (void)state;
    struct template template = compiled("{{timestamp}}");
    struct plan plan = {.prompts = &prompts, .message = &template};
    assert_true(plan_template_values(&plan, &items[0], 0).unix_ms > UINT64_C(1700000000000));
    template_free(&template);
}

static void test_plan_finds_the_longest_and_the_first_oversize_message(void **state)
{
    (void)state;
    struct template template = compiled("<{{prompt}}>");
    struct plan plan = {.prompts = &prompts, .message = &template};
    size_t bytes = 0;
    assert_int_equal(plan_longest_message(&plan), 8);
    assert_null(plan_first_oversize(&plan, 8, &bytes));
    assert_ptr_equal(plan_first_oversize(&plan, 7, &bytes), &items[1]);
    assert_int_equal(bytes, 8);
    assert_ptr_equal(plan_first_oversize(&plan, 3, &bytes), &items[0]);
    template_free(&template);
}

static void test_plan_shares_add_up_exactly(void **state)
{
    (void)state;
    static const struct {
        uint64_t total;
        unsigned workers;
        uint64_t first;
        uint64_t last;
    } cases[] = {
        {0, 1, 0, 0},
        {1, 1, 1, 1},
        {10, 3, 4, 3},
        {2, 8, 1, 0},
        {100, 7, 15, 14},
        {256, 256, 1, 1},
        {UINT64_MAX, 2, UINT64_C(1) << 63, UINT64_MAX / 2},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        unsigned workers = cases[i].workers;
        uint64_t sum = 0;
        for (unsigned worker = 0; worker < workers; worker++)
            sum += plan_share(cases[i].total, worker, workers);
        assert_int_equal(sum, cases[i].total);
        assert_int_equal(plan_share(cases[i].total, 0, workers), cases[i].first);
        assert_int_equal(plan_share(cases[i].total, workers - 1, workers), cases[i].last);
    }
}

static void test_plan_without_prompts_sends_keepalives(void **state)
{
    (void)state;
    struct plan plan = {.model = LOAD_HOLD, .keepalive = {"ping!", 5}};
    assert_int_equal(plan_longest_message(&plan), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_shares_add_up_exactly),
        cmocka_unit_test(test_plan_numbers_requests_from_1),
        cmocka_unit_test(test_plan_gives_the_prompt_raw_and_escaped),
        cmocka_unit_test(test_plan_gives_the_time_to_templates_that_want_it),
        cmocka_unit_test(test_plan_finds_the_longest_and_the_first_oversize_message),
        cmocka_unit_test(test_plan_without_prompts_sends_keepalives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
