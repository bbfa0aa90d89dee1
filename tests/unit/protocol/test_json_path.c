#include "testing.h"

#include <stdio.h>
#include <string.h>

#include "wsload/protocol/json_scan.h"

static void test_json_paths_are_cut_into_steps(void **state)
{
    static const struct {
        const char *path;
        const char *steps; /* each in brackets; of an index behind a colon */
    } cases[] = {
        {"status", "(status)"},
        {"message.stop_reason", "(message)(stop_reason)"},
        {"choices.0.delta", "(choices)(0:0)(delta)"},
        {"choices[12].delta", "(choices)(12:12)(delta)"},
        {"[0][1].a", "(0:0)(1:1)(a)"},
        {"0.1", "(0:0)(1:1)"},
        {"a\\.b", "(a.b)"},
        {"a\\[0]", "(a[0])"},
        {"a\\\\.b", "(a\\)(b)"},
        {"\\n", "(n)"},
        {"1a.-1", "(1a)(-1)"},
        {"18446744073709551616", "(18446744073709551616)"}, /* no array is so long */
        {"a b.caf\xC3\xA9", "(a b)(caf\xC3\xA9)"},
        {"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p", "(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)(k)(l)(m)(n)(o)(p)"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct json_paths paths = {0};
        char steps[200] = "";
        struct error error;
        unsigned index;

        assert_int_equal(json_paths_add(&paths, text_of(cases[i].path), &index, &error), 0);
        for (size_t j = 0; j < paths.items[0].count; j++) {
            const struct json_step *step = &paths.items[0].steps[j];
            size_t used = strlen(steps);

            used += (size_t)snprintf(steps + used, sizeof(steps) - used, "(%.*s",
                                     (int)step->name.length, step->name.data);
            if (step->index != JSON_NO_INDEX)
                used += (size_t)snprintf(steps + used, sizeof(steps) - used, ":%zu", step->index);
            snprintf(steps + used, sizeof(steps) - used, ")");
        }
        assert_string_equal(steps, cases[i].steps);
        json_paths_free(&paths);
    }
}

static void test_json_paths_refuse_what_is_no_path(void **state)
{
    static const struct {
        const char *path;
        const char *expected; /* part of the error */
    } cases[] = {
        {"", "'': not a path; use names of members with dots between"},
        {".", "not a path"},
        {"a.", "'a.': not a path"},
        {".a", "not a path"},
        {"a..b", "'a..b': not a path"},
        {"a.[0]", "not a path"},
        {"a[0]b", "not a path"},
        {"a[0]bc", "not a path"},
        {"a[]", "not a path"},
        {"a[", "not a path"},
        {"a[0", "not a path"},
        {"a[x]", "not a path"},
        {"a[-1]", "not a path"},
        {"a[18446744073709551616]", "not a path"},
        {"a\\", "not a path"},
        {"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q", "deeper than 16 steps"},
        {"caf\xC3", "not UTF-8"},
    };
    struct json_paths paths = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        unsigned index;

        assert_int_equal(json_paths_add(&paths, text_of(cases[i].path), &index, &error), -1);
        assert_non_null(strstr(error.text, cases[i].expected));
        assert_int_equal(paths.count, 0);
    }
}

static void test_json_paths_keep_one_of_each(void **state)
{
    static const struct {
        const char *path;
        unsigned index;
    } cases[] = {
        {"a.b", 0}, {"a", 1}, {"a.b", 0}, {"a[0]", 2}, {"a.0", 2}, {"a\\.b", 3}, {"\\a.b", 0},
    };
    struct json_paths paths = {0};
    struct error error;
    unsigned index;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(json_paths_add(&paths, text_of(cases[i].path), &index, &error), 0);
        assert_int_equal(index, cases[i].index);
    }
    assert_int_equal(paths.count, 4);
    json_paths_free(&paths);
    assert_int_equal(paths.count, 0);
}

static void test_json_paths_have_a_maximum(void **state)
{
    struct json_paths paths = {0};
    struct error error;
    unsigned index;

    (void)state;
    for (int i = 0; i < JSON_PATHS_MAX; i++) {
        char path[8];

        snprintf(path, sizeof(path), "p%d", i);
        assert_int_equal(json_paths_add(&paths, text_of(path), &index, &error), 0);
    }
    assert_int_equal(json_paths_add(&paths, text_of("more"), &index, &error), -1);
    assert_string_equal(error.text, "more than 64 different paths");
    assert_int_equal(json_paths_add(&paths, text_of("p63"), &index, &error), 0);
    assert_int_equal(index, 63);
    json_paths_free(&paths);
}

TEST_GROUP(json_path)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_paths_are_cut_into_steps),
        cmocka_unit_test(test_json_paths_refuse_what_is_no_path),
        cmocka_unit_test(test_json_paths_keep_one_of_each),
        cmocka_unit_test(test_json_paths_have_a_maximum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
