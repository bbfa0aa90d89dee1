#include "testing.h"

#include <string.h>

#include "wsload/base/error.h"

static void test_error_set_formats_and_fails(void **state)
{
    struct error error;

    (void)state;
    assert_int_equal(error_set(&error, "-c %d: %s", 5, "why"), -1);
    assert_string_equal(error.text, "-c 5: why");
}

static void test_error_prefix_puts_text_in_front(void **state)
{
    struct error error;

    (void)state;
    error_set(&error, "unknown unit 'x'");
    assert_int_equal(error_prefix(&error, "%s '%s'", "--timeout", "5x"), -1);
    assert_string_equal(error.text, "--timeout '5x': unknown unit 'x'");
}

static void test_error_cuts_long_text(void **state)
{
    static char longest[3000];
    struct error error;

    (void)state;
    memset(longest, 'x', sizeof(longest) - 1);
    error_set(&error, "%s", longest);
    assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
    error_prefix(&error, "front");
    assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
    assert_memory_equal(error.text, "front: xxx", 10);
    error_prefix(&error, "%s", longest);
    assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
}

TEST_GROUP(error)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error_set_formats_and_fails),
        cmocka_unit_test(test_error_prefix_puts_text_in_front),
        cmocka_unit_test(test_error_cuts_long_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
