#include "testing.h"

#include <string.h>

#include "wsload/base/text.h"

static void test_buffer_appends_and_terminates(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 100);
    assert_null(buffer.data);
    assert_int_equal(buffer_text(&buffer).length, 0);
    assert_int_equal(buffer_append(&buffer, "a\0b", 3), 0);
    assert_int_equal(buffer_printf(&buffer, "-%d-%s", 42, "x"), 0);
    assert_int_equal(buffer.length, 8);
    assert_memory_equal(buffer.data, "a\0b-42-x", 9);
    assert_int_equal(buffer_text(&buffer).length, 8);
    buffer_free(&buffer);
}

static void test_buffer_never_passes_its_maximum_and_keeps_its_contents(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 5);
    assert_int_equal(buffer_append(&buffer, "abc", 3), 0);
    assert_int_equal(buffer_append(&buffer, "def", 3), -1);
    assert_int_equal(buffer_printf(&buffer, "%s", "def"), -1);
    assert_int_equal(buffer_reserve(&buffer, 6), -1);
    assert_string_equal(buffer.data, "abc");
    assert_int_equal(buffer_append(&buffer, "de", 2), 0);
    assert_string_equal(buffer.data, "abcde");
    assert_int_equal(buffer_append(&buffer, "", 0), 0);
    assert_int_equal(buffer_append(&buffer, "f", 1), -1);
    buffer_free(&buffer);
}

static void test_buffer_without_a_maximum_refuses_impossible_lengths(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, SIZE_MAX);
    assert_int_equal(buffer_append(&buffer, "abc", 3), 0);
    assert_int_equal(buffer_append(&buffer, "abc", SIZE_MAX - 2), -1);
    assert_int_equal(buffer_append(&buffer, "abc", SIZE_MAX - 3), -1);
    assert_int_equal(buffer_reserve(&buffer, SIZE_MAX), -1);
    assert_string_equal(buffer.data, "abc");
    buffer_free(&buffer);
}

static void test_buffer_grows_through_many_appends(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 10000);
    for (int i = 0; i < 10000; i++) {
        char byte = (char)('a' + i % 26);

        assert_int_equal(buffer_append(&buffer, &byte, 1), 0);
    }
    assert_int_equal(buffer.length, 10000);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(buffer.data[i], 'a' + i % 26);
    assert_int_equal(buffer_append(&buffer, "x", 1), -1);
    buffer_free(&buffer);
}

static void test_buffer_reserve_makes_the_memory_stay(void **state)
{
    struct buffer buffer;
    const char *data;

    (void)state;
    buffer_init(&buffer, 1000);
    assert_int_equal(buffer_reserve(&buffer, 1000), 0);
    data = buffer.data;
    assert_string_equal(data, "");
    for (int i = 0; i < 100; i++)
        assert_int_equal(buffer_append(&buffer, "0123456789", 10), 0);
    assert_ptr_equal(buffer.data, data);
    buffer_clear(&buffer);
    assert_int_equal(buffer.length, 0);
    assert_ptr_equal(buffer.data, data);
    assert_string_equal(buffer.data, "");
    buffer_free(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer_append(&buffer, "again", 5), 0);
    buffer_free(&buffer);
}

/* The NUL needs a byte of its own: a sanitizer sees it go astray. */
static void test_buffer_grows_past_what_was_reserved(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 100);
    assert_int_equal(buffer_reserve(&buffer, 99), 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(buffer_append(&buffer, "0123456789", 10), 0);
    assert_true(buffer.capacity > 100);
    assert_int_equal(buffer.data[99], '9');
    assert_int_equal(buffer.data[100], '\0');
    buffer_free(&buffer);
}

static void test_buffer_quotes_for_a_shell(void **state)
{
    static const struct {
        const char *text, *quoted;
    } cases[] = {
        {"", "''"},
        {"json:type=ping", "'json:type=ping'"},
        {"it's", "'it'\\''s'"},
        {"'a''", "''\\''a'\\'''\\'''"},
        {"$x `y` \"z\" \\", "'$x `y` \"z\" \\'"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct buffer buffer;
        size_t length = strlen(cases[i].quoted);
        buffer_init(&buffer, length);
        assert_int_equal(buffer_append_quoted(&buffer, text_of(cases[i].text)), 0);
        assert_string_equal(buffer.data, cases[i].quoted);
        buffer_free(&buffer);
        buffer_init(&buffer, length - 1);
        assert_int_equal(buffer_append_quoted(&buffer, text_of(cases[i].text)), -1);
        buffer_free(&buffer);
    }
}

TEST_GROUP(buffer)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buffer_appends_and_terminates),
        cmocka_unit_test(test_buffer_never_passes_its_maximum_and_keeps_its_contents),
        cmocka_unit_test(test_buffer_without_a_maximum_refuses_impossible_lengths),
        cmocka_unit_test(test_buffer_grows_through_many_appends),
        cmocka_unit_test(test_buffer_reserve_makes_the_memory_stay),
        cmocka_unit_test(test_buffer_grows_past_what_was_reserved),
        cmocka_unit_test(test_buffer_quotes_for_a_shell),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
