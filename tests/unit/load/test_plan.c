#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/load/plan.h"

static struct prompt items[] = {
    {{"ab", 2}, {"ab", 2}, 1},
    {{"\"\"\"", 3}, {"\\\"\\\"\\\"", 6}, 4},
};
static const struct prompts prompts = {.items = items, .count = 2};

static struct template compiled(const char *text)
{
    static const struct template_scope scope = {.variables = TEMPLATE_CLIENT_VARIABLES};
    struct template template;
    struct error error;
    assert_int_equal(template_compile(&template, text_of(text), &scope, &error), 0);
    return template;
}

static void assert_renders(const struct plan *plan, uint64_t connection, uint64_t seq,
                           const char *expected)
{
    struct template_values values = plan_request_values(plan, connection, seq);
    char out[128];
    size_t length = plan_render(plan->message, &values, out);
    assert_true(text_equal((struct text){out, length}, text_of(expected)));
}

/* --- Values --- */

static void test_plan_numbers_requests_and_connections_from_1(void **state)
{
    (void)state;
    struct template template = compiled("{{seq}} {{id}} {{connection}} {{prompt}}");
    struct plan plan = {.prompts = &prompts, .message = &template, .run_id = 7};
    assert_renders(&plan, 0, 0, "1 00000007-1 1 ab");
    assert_renders(&plan, 41, 9, "10 00000007-a 42 \\\"\\\"\\\"");
    template_free(&template);
}

static void test_plan_gives_the_prompt_raw_and_escaped(void **state)
{
    (void)state;
    struct template template = compiled("{{prompt:raw}} {{prompt}}");
    struct plan plan = {.prompts = &prompts, .message = &template};
    assert_renders(&plan, 0, 1, "\"\"\" \\\"\\\"\\\"");
    assert_int_equal(plan_longest_message(&plan), strlen("\"\"\" \\\"\\\"\\\""));
    template_free(&template);
}

static void test_plan_goes_round_with_prompts(void **state)
{
    (void)state;
    struct plan plan = {.prompts = &prompts};
    assert_ptr_equal(plan_prompt(&plan, 0), &items[0]);
    assert_ptr_equal(plan_prompt(&plan, 3), &items[1]);
    assert_ptr_equal(plan_prompt(&plan, UINT64_MAX), &items[1]);
}

static void test_plan_gives_the_time_to_templates_that_want_it(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool wants;
    } cases[] = {{"{{timestamp}}", true}, {"{{seq}}", false}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct template template = compiled(cases[i].text);
        struct template_values values = {.seq = 1};
        char out[64];
        plan_render(&template, &values, out);
        assert_int_equal(values.unix_ms > UINT64_C(1700000000000), cases[i].wants);
        template_free(&template);
    }
}

static void test_plan_numbers_the_connections_of_workers_by_turns(void **state)
{
    (void)state;
    static const struct plan plan = {.load.workers = 3};
    for (uint64_t number = 0; number < 10; number++)
        assert_int_equal(plan_connection(&plan, (unsigned)(number % 3), number / 3), number);
}

/* --- Ids --- */

static void test_plan_reads_back_the_ids_that_it_sends(void **state)
{
    (void)state;
    static const uint64_t seqs[] = {
        0, 1, 14, 15, 16, 4095, UINT64_C(1) << 32, UINT64_MAX / 2, UINT64_MAX - 1};
    static const uint32_t run_ids[] = {0, 1, 0xcafe, 0xdeadbeef, UINT32_MAX};
    for (size_t i = 0; i < ARRAY_LENGTH(seqs) * ARRAY_LENGTH(run_ids); i++) {
        struct plan plan = {.run_id = run_ids[i / ARRAY_LENGTH(seqs)]};
        uint64_t seq = seqs[i % ARRAY_LENGTH(seqs)];
        uint64_t read = seq + 1;
        char id[TEMPLATE_ID_SIZE];
        struct text text = {id, template_id(plan.run_id, seq + 1, id)};
        assert_true(plan_request_of_id(&plan, text, &read));
        assert_int_equal(read, seq);
        plan.run_id ^= 1;
        assert_false(plan_request_of_id(&plan, text, &read));
    }
}

static void test_plan_knows_no_id_that_it_did_not_send(void **state)
{
    (void)state;
    static const struct plan plan = {.run_id = 0xbadcafe};
    static const char *const strangers[] = {
        "",
        "1",
        "0badcafe",
        "0badcafe-",
        "0badcafe-0",
        "0badcafe-01",
        "0badcafe-00000000000000001",
        "0badcafe-10000000000000000",
        "0badcafe-A",
        "0badcafe-g",
        "0badcafe--1",
        "0badcafe-+1",
        "0badcafe- 1",
        "0badcafe-1 ",
        "0badcafe-0x1",
        "0BADCAFE-1",
        "badcafe-1",
        "badcafe0-1",
        "00badcafe-1",
        "0badcaf:-1",
        "0badcafe/1",
        " badcafe-1",
        "\xC3\x9Fzdcafe-1",
    };
    uint64_t seq;
    assert_true(plan_request_of_id(&plan, text_of("0badcafe-1"), &seq));
    for (size_t i = 0; i < ARRAY_LENGTH(strangers); i++)
        assert_false(plan_request_of_id(&plan, text_of(strangers[i]), &seq));
    assert_false(plan_request_of_id(&plan, (struct text){"0badcafe-1\0", 11}, &seq));
    assert_true(plan_request_of_id(&plan, (struct text){"0badcafe-1\0", 10}, &seq));
}

/* --- Shares --- */

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

/* --- Sizes --- */

static void test_plan_finds_the_longest_and_the_first_oversize_message(void **state)
{
    (void)state;
    struct template template = compiled("<{{prompt}}>");
    struct plan plan = {.prompts = &prompts, .message = &template};
    size_t bytes = 0;
    assert_int_equal(plan_longest_message(&plan), 8);
    assert_int_equal(plan_longest_parted(&plan), 0);
    assert_null(plan_first_oversize(&plan, 8, &bytes));
    assert_ptr_equal(plan_first_oversize(&plan, 7, &bytes), &items[1]);
    assert_int_equal(bytes, 8);
    assert_ptr_equal(plan_first_oversize(&plan, 3, &bytes), &items[0]);
    assert_int_equal(bytes, 4);
    template_free(&template);
}

static void test_plan_without_prompts_sends_keepalives(void **state)
{
    (void)state;
    struct plan plan = {.load.model = LOAD_HOLD, .keepalive = {"ping!", 5}};
    assert_int_equal(plan_longest_message(&plan), 5);
}

static struct steps parsed(const char *json)
{
    static const struct template_scope no_columns = {0};
    struct json_paths paths = {0};
    struct steps steps;
    struct error error;
    assert_int_equal(steps_parse(&steps, text_of(json), &no_columns, &paths, &error), 0);
    json_paths_free(&paths);
    return steps;
}

static void test_plan_looks_at_steps_for_the_longest_message(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        size_t longest;
        size_t parted;
    } cases[] = {
        {"{}", 6, 0},
        {"{\"on_connect\": [{\"send\": \"eight...\"}, {\"expect\": \"text:a longer text\"}]}", 8,
         0},
        {"{\"before_request\": [{\"send\": \"{{prompt}}+\"}, {\"send\": \"-\"}]}", 7, 0},
        /* Of three quotes two at a time, each escaped; then what is escaped once more. */
        {"{\"before_request\": [{\"send\": \"part: {{prompt:part}}\", \"part_characters\": 2}]}",
         6 + 2 * 2, 3},
        {"{\"before_request\": [{\"send\": \"part: {{prompt:part}}\", \"parts_of\": "
         "\"{{prompt}}\", \"part_characters\": 3}]}",
         6 + 3 * 2, 6},
        /* A number in front may have any length, and so all three quotes in one part. */
        {"{\"before_request\": [{\"send\": \"part: {{prompt:part}}\", \"parts_of\": "
         "\"{{seq}}{{prompt:raw}}\", \"part_characters\": 3}]}",
         6 + 20 + 3 * 2, 20 + 3},
    };
    struct template template = compiled("{{prompt}}");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct steps steps = parsed(cases[i].json);
        struct plan plan = {.prompts = &prompts, .message = &template, .steps = &steps};
        assert_int_equal(plan_longest_message(&plan), cases[i].longest);
        assert_int_equal(plan_longest_parted(&plan), cases[i].parted);
        steps_free(&steps);
    }
    template_free(&template);
}

TEST_GROUP(plan)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_numbers_requests_and_connections_from_1),
        cmocka_unit_test(test_plan_gives_the_prompt_raw_and_escaped),
        cmocka_unit_test(test_plan_goes_round_with_prompts),
        cmocka_unit_test(test_plan_gives_the_time_to_templates_that_want_it),
        cmocka_unit_test(test_plan_numbers_the_connections_of_workers_by_turns),
        cmocka_unit_test(test_plan_reads_back_the_ids_that_it_sends),
        cmocka_unit_test(test_plan_knows_no_id_that_it_did_not_send),
        cmocka_unit_test(test_plan_shares_add_up_exactly),
        cmocka_unit_test(test_plan_finds_the_longest_and_the_first_oversize_message),
        cmocka_unit_test(test_plan_without_prompts_sends_keepalives),
        cmocka_unit_test(test_plan_looks_at_steps_for_the_longest_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
