#include "testing.h"

#include <string.h>

#include "outputs.h"

/* In a directory that does not exist, so that nothing can be written by mistake. */
#define NOWHERE "/nonexistent/file"

static void test_outputs_have_places_of_their_own(void **state)
{
    (void)state;
    static const struct {
        const char *summary;
        const char *hgrm;
        const char *record;
        const char *text; /* of the error; NULL: fine */
    } cases[] = {
        {"-", NULL, NULL, NULL},
        {"-", "/dev/null", NULL, NULL},
        {"/dev/null", NULL, "-", NULL},
        {"-", "-", NULL, "--hgrm -: --summary goes there; give another path"},
        {"-", NULL, "-", "--record -: --summary goes there; give another path"},
        {"-", "/dev/null", "/dev/null", "--record /dev/null: --hgrm goes there; give another path"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct run_options options = {
            .summary = cases[i].summary, .hgrm = cases[i].hgrm, .record = cases[i].record};
        struct error error = {""};
        assert_int_equal(outputs_check(&options, &error), cases[i].text ? -1 : 0);
        assert_string_equal(error.text, cases[i].text ? cases[i].text : "");
    }
}

static void test_outputs_are_checked_before_the_run(void **state)
{
    (void)state;
    const struct {
        struct run_options options;
        const char *begin; /* of the error */
    } cases[] = {
        {{.summary = NOWHERE}, "--summary: " NOWHERE},
        {{.summary = "-", .hgrm = NOWHERE}, "--hgrm: " NOWHERE},
        {{.summary = "-", .record = NOWHERE}, "--record: " NOWHERE},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        assert_int_equal(outputs_check(&cases[i].options, &error), -1);
        if (strncmp(error.text, cases[i].begin, strlen(cases[i].begin)) != 0)
            fail_msg("%s", error.text);
    }
}

static void test_outputs_that_take_stdout_are_known(void **state)
{
    (void)state;
    assert_false(outputs_take_stdout(&(struct run_options){.summary = "s", .record = "r"}));
    assert_true(outputs_take_stdout(&(struct run_options){.summary = "-"}));
    assert_true(outputs_take_stdout(&(struct run_options){.summary = "s", .hgrm = "-"}));
    assert_true(outputs_take_stdout(&(struct run_options){.summary = "s", .record = "-"}));
}

TEST_GROUP(outputs)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outputs_have_places_of_their_own),
        cmocka_unit_test(test_outputs_are_checked_before_the_run),
        cmocka_unit_test(test_outputs_that_take_stdout_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
