#include "testing.h"

#include <string.h>

#include "screen.h"

#define DOTS "\xE2\x80\xA6" /* U+2026 */
#define BAD  "\xEF\xBF\xBD" /* U+FFFD */

#define PAD_10 "          "
#define PAD_70 PAD_10 PAD_10 PAD_10 PAD_10 PAD_10 PAD_10 PAD_10

static struct buffer out;
static struct screen screen;

static int start(void **state)
{
    (void)state;
    buffer_init(&out, 1 << 16);
    screen = (struct screen){.out = &out};
    return 0;
}

static int finish(void **state)
{
    (void)state;
    buffer_free(&out);
    return 0;
}

static void test_screen_cuts_between_characters_and_says_so(void **state)
{
    static const struct {
        const char *text;
        size_t end;
        const char *shown;
        size_t column;
    } cases[] = {
        {"hello", 5, "hello", 5},
        {"hello", 4, "hel" DOTS, 4},
        {"hello", 1, DOTS, 1},
        {"hello", 0, "", 0},
        {"d\xC3\xA9j\xC3\xA0 vu", 5, "d\xC3\xA9j\xC3\xA0" DOTS, 5},
        {"\xE4\xBD\xA0\xE5\xA5\xBD", 4, "\xE4\xBD\xA0\xE5\xA5\xBD", 4}, /* two columns each */
        {"\xE4\xBD\xA0\xE5\xA5\xBD", 3, "\xE4\xBD\xA0" DOTS, 3},
        {"\xE4\xBD\xA0\xE5\xA5\xBD", 2, DOTS, 1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        start(state);
        size_t first = SCREEN_COLUMNS - cases[i].end;
        screen_pad(&screen, first);
        screen_print(&screen, "%s", cases[i].text);
        assert_string_equal(out.data + first, cases[i].shown);
        assert_int_equal(screen.column, first + cases[i].column);
        finish(state);
    }
}

static void test_screen_prints_nothing_that_steers_the_terminal(void **state)
{
    static const struct {
        const char *text;
        const char *shown;
    } cases[] = {
        {"a\tb\nc", "a b c"},
        {"\x1b[31m", BAD "[31m"},
        {"a\r\nb\rc", "a b c"},
        {"\a\b\x7f", BAD BAD BAD},
        {"\xC2\x80\xC2\x9B\xC2\x9F\xC2\xA0", BAD BAD BAD "\xC2\xA0"}, /* C1 ends at U+009F */
        {"\xE2\x80\xAE\xE2\x81\xA6\xE2\x80\x8F", BAD BAD BAD},        /* U+202E U+2066 U+200F */
        {"\xD8\x9C\xE2\x80\xA8", BAD BAD},                            /* U+061C U+2028 */
        {"\xFF\xC3", BAD BAD},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        start(state);
        screen_print(&screen, "%s", cases[i].text);
        assert_string_equal(out.data, cases[i].shown);
        finish(state);
    }
}

static void test_screen_print_ends_at_the_width(void **state)
{
    char text[5000];
    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    screen_print(&screen, "%s", text);
    assert_int_equal(screen.column, SCREEN_COLUMNS);
    assert_int_equal(out.length, SCREEN_COLUMNS - 1 + strlen(DOTS));
}

static void test_screen_items_go_into_a_new_line_when_they_do_not_fit(void **state)
{
    (void)state;
    screen_print(&screen, "row");
    screen_item(&screen, 6, "%s", "first");
    screen_item(&screen, 6, "%060d", 0);
    assert_int_equal(screen.column, 6 + 5 + 3 + 60);
    screen_item(&screen, 6, "%s", "123"); /* ends at 80 */
    assert_int_equal(screen.column, SCREEN_COLUMNS);
    screen_item(&screen, 6, "%s", "next");
    assert_non_null(strstr(out.data, "row   first   000"));
    assert_non_null(strstr(out.data, "000   123\n      next"));
}

static void test_screen_words_break_between_words(void **state)
{
    (void)state;
    screen_pad(&screen, 60);
    screen_words(&screen, "  twelve chars and more   words ");
    screen_break(&screen);
    screen_pad(&screen, 75);
    screen_words(&screen, "unbreakable");
    char expected[300] = "";
    memset(expected, ' ', 60);
    strncat(expected, "twelve chars and\n", 20);
    memset(expected + 77, ' ', 60);
    strncat(expected, "more words\n", 20);
    memset(expected + 148, ' ', 75);
    strncat(expected, "unbr" DOTS, 20);
    assert_string_equal(out.data, expected);
}

static void test_screen_wrap_cuts_the_last_line_alone(void **state)
{
    static const struct {
        size_t lines;
        const char *text;
        const char *shown; /* behind 70 columns */
    } cases[] = {
        {3, "one", "one"},
        {3, "exactly te    ", "exactly te"},
        {3, "exactly ten", "exactly\n" PAD_70 "ten"},
        {3, "one  two  three four", "one  two\n" PAD_70 "three four"},
        {3, "0123456789abc", "0123456789\n" PAD_70 "abc"},
        {2, "one two three four five", "one two\n" PAD_70 "three fou" DOTS},
        {1, "one two three", "one two t" DOTS},
        {2, "\x1b\xff\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0",
         BAD BAD "\xe4\xbd\xa0\xe4\xbd\xa0"
                 "\xe4\xbd\xa0"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        buffer_clear(&out);
        screen.column = 0;
        screen_pad(&screen, 70);
        screen_wrap(&screen, cases[i].lines, text_of(cases[i].text));
        assert_string_equal(out.data + 70, cases[i].shown);
    }
}

static void test_screen_word_has_color_only_when_asked(void **state)
{
    (void)state;
    screen_word(&screen, SCREEN_RED, "red");
    screen.color = true;
    screen_word(&screen, SCREEN_PLAIN, "plain");
    screen_word(&screen, SCREEN_RED, "red");
    assert_string_equal(out.data, "redplain\x1b[1;31mred\x1b[0m");
    assert_int_equal(screen.column, 11); /* colours take none */
}

static void test_screen_remembers_that_it_failed(void **state)
{
    (void)state;
    out.maximum = 4;
    screen_print(&screen, "%s", "1234");
    assert_false(screen.failed);
    screen_print(&screen, "%s", "5");
    assert_true(screen.failed);
    out.maximum = 100;
    screen_break(&screen);
    assert_string_equal(out.data, "1234");
}

TEST_GROUP(screen)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_screen_cuts_between_characters_and_says_so),
        cmocka_unit_test(test_screen_prints_nothing_that_steers_the_terminal),
        cmocka_unit_test_setup_teardown(test_screen_print_ends_at_the_width, start, finish),
        cmocka_unit_test_setup_teardown(test_screen_items_go_into_a_new_line_when_they_do_not_fit,
                                        start, finish),
        cmocka_unit_test_setup_teardown(test_screen_words_break_between_words, start, finish),
        cmocka_unit_test_setup_teardown(test_screen_wrap_cuts_the_last_line_alone, start, finish),
        cmocka_unit_test_setup_teardown(test_screen_word_has_color_only_when_asked, start, finish),
        cmocka_unit_test_setup_teardown(test_screen_remembers_that_it_failed, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
