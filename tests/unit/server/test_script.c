#include "answer.h"

#include <string.h>

#include "testing.h"
#include "wsload/base/clock.h"

#define X                                                                                          \
    {                                                                                              \
        "x", 1                                                                                     \
    }

static const struct script_pace pace = {.delay_ns = 100 * NS_PER_MS, .gap_ns = 20 * NS_PER_MS};

static void test_script_puts_each_message_in_its_place_and_time(void **state)
{
    static const struct {
        struct script_source source;
        struct script_cue cues[8]; /* due times in ms here */
        size_t count;
    } cases[] = {
        {{1, {[SCRIPT_MESSAGE] = X}}, {{SCRIPT_MESSAGE, 0, 100}}, 1},
        {{2, {[SCRIPT_MESSAGE] = X, [SCRIPT_END] = X}},
         {{SCRIPT_MESSAGE, 0, 100}, {SCRIPT_MESSAGE, 1, 120}, {SCRIPT_END, 2, 140}},
         3},
        {{1, {[SCRIPT_MESSAGE] = X, [SCRIPT_END] = X, [SCRIPT_AFTER] = X}},
         {{SCRIPT_MESSAGE, 0, 100}, {SCRIPT_END, 1, 120}, {SCRIPT_AFTER, 2, 140}},
         3},
        {{1, {[SCRIPT_MESSAGE] = X, [SCRIPT_AFTER] = X}},
         {{SCRIPT_MESSAGE, 0, 100}, {SCRIPT_AFTER, 1, 120}},
         2},
        {{3,
          {[SCRIPT_OPENING] = X, [SCRIPT_MESSAGE] = X, [SCRIPT_KEEP_ALIVE] = X, [SCRIPT_END] = X}},
         {{SCRIPT_OPENING, 0, 0},
          {SCRIPT_MESSAGE, 0, 100},
          {SCRIPT_MESSAGE, 1, 120},
          {SCRIPT_KEEP_ALIVE, 0, 130},
          {SCRIPT_MESSAGE, 2, 140},
          {SCRIPT_END, 3, 160}},
         6},
        {{1, {[SCRIPT_MESSAGE] = X, [SCRIPT_KEEP_ALIVE] = X, [SCRIPT_END] = X}},
         {{SCRIPT_MESSAGE, 0, 100}, {SCRIPT_KEEP_ALIVE, 0, 110}, {SCRIPT_END, 1, 120}},
         3},
        {{0}, {{0}}, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct script script;
        struct error error;

        assert_int_equal(script_compile(&script, &cases[i].source, &error), 0);
        assert_int_equal(script_length(&script), cases[i].count);
        for (size_t place = 0; place < cases[i].count; place++) {
            struct script_cue cue = script_cue(&script, place, &pace);

            assert_int_equal(cue.part, cases[i].cues[place].part);
            assert_int_equal(cue.number, cases[i].cues[place].number);
            assert_int_equal(cue.due_ns, cases[i].cues[place].due_ns * NS_PER_MS);
        }
        script_free(&script);
    }
}

static void test_script_names_an_unknown_variable(void **state)
{
    const struct script_source source = {
        1, {[SCRIPT_MESSAGE] = X, [SCRIPT_END] = text_of("{{nothing}}")}};
    struct error error = {""};
    struct script script;

    (void)state;
    assert_int_equal(script_compile(&script, &source, &error), -1);
    assert_non_null(strstr(error.text, "nothing"));
}

TEST_GROUP(script)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_script_puts_each_message_in_its_place_and_time),
        cmocka_unit_test(test_script_names_an_unknown_variable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
