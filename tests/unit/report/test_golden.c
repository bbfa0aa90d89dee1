/* The reports of fixed results, compared with tests/golden/. WSLOAD_UPDATE_GOLDEN=1 in the
 * environment writes the files anew: look at the difference before it is committed. */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "wsload/base/file.h"
#include "wsload/base/helpers.h"

static void compare(const char *name, const char *extension, const struct buffer *got)
{
    char path[512];
    struct error error;
    struct buffer expected;
    snprintf(path, sizeof(path), WSLOAD_TEST_DATA "/golden/%s.%s", name, extension);
    if (getenv("WSLOAD_UPDATE_GOLDEN") != NULL) {
        assert_int_equal(file_write_atomic(path, buffer_text(got), &error), 0);
        return;
    }
    buffer_init(&expected, 1 << 20);
    if (file_read(path, &expected, &error) != 0)
        fail_msg("%s", error.text);
    if (strcmp(expected.data, got->data) != 0)
        fail_msg("%s differs; this is what it was compared with:\n%s", path, got->data);
    buffer_free(&expected);
}

static void test_console_matches_its_golden_files(void **state)
{
    size_t count;
    const char *const *names = fixture_names(&count);
    (void)state;
    for (size_t i = 0; i < count; i++) {
        struct buffer out;
        fixture_console(fixture(names[i]), false, &out);
        compare(names[i], "txt", &out);
        buffer_free(&out);
    }
}

static void test_console_of_60_columns_matches_its_golden_files(void **state)
{
    static const char *const names[] = {"passed", "failed", "stream", "merged", "silent"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        struct buffer out;
        fixture_console_of(fixture(names[i]), 60, &out);
        compare(names[i], "60.txt", &out);
        buffer_free(&out);
    }
}

static void test_console_in_color_matches_its_golden_file(void **state)
{
    struct buffer out;
    (void)state;
    fixture_console(fixture("failed"), true, &out);
    compare("failed", "color.txt", &out);
    buffer_free(&out);
}

/* Examples, one of each kind: all of them are read back in test_summary_read.c. */
static void test_summaries_match_their_golden_files(void **state)
{
    static const char *const names[] = {"passed", "doubtful", "stream", "one_way", "merged"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        struct buffer out;
        fixture_json(fixture(names[i]), &out);
        compare(names[i], "json", &out);
        buffer_free(&out);
    }
}

TEST_GROUP(golden)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_console_matches_its_golden_files),
        cmocka_unit_test(test_console_of_60_columns_matches_its_golden_files),
        cmocka_unit_test(test_console_in_color_matches_its_golden_file),
        cmocka_unit_test(test_summaries_match_their_golden_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
