#include "testing.h"

#include <string.h>

#include "help.h"
#include "wsload/base/clock.h"

#define X10 "xxxxxxxxxx"
#define X30 X10 X10 X10
#define X40 X30 X10

static const char *const choices[] = {"red", "green", NULL};
/* the comma behind the third fills the line */
static const char *const long_choices[] = {"red", X30, X30 "1", "green", NULL};

static const struct option_row rows[] = {
    {"flag", 'f', NULL, OPTION_FLAG, 0, .group = "First", .help = "a flag"},
    {"count", 0, "N", OPTION_COUNT, 0, .minimum = 1, .maximum = 1000, .initial = "10",
     .group = "First", .help = "a count"},
    /* HELP_COLUMN is 36: with " [12345]" the first fills the line, the other has no room */
    {"fits", 0, "TEXT", OPTION_TEXT, 0, .initial = "12345", .group = "Second",
     .help = X30 "123456"},
    {"not", 'n', "TEXT", OPTION_TEXT, 0, .initial = "12345", .group = "Second",
     .help = X30 "1234567"},
    {"one", 'o', "N", OPTION_COUNT, 0, .initial = "1", .group = "Second", .rare = true,
     .help = "one"},
    {"list", 'l', "TEXT", OPTION_LIST, 0, .group = "Second", .help = "a list"},
    {"range", 0, "T", OPTION_RANGE, 0, .maximum = 10 * NS_PER_S, .group = "Second",
     .help = "a range"},
    {"choice", 0, "WORD", OPTION_CHOICE, 0, .choices = choices, .group = "Second",
     .help = "a choice"},
    /* 78 characters after the indent fill a line; one more does not fit */
    {"wrap", 0, "TEXT", OPTION_TEXT, 0, .group = "Second", .help = X40 " " X30 " 123456",
     .more = X40 " " X30 " 1234567 9"},
    {"decimal", 0, "USD", OPTION_DECIMAL, 0, .maximum = 1000, .group = "Third", .rare = true,
     .help = "a decimal"},
    /* with "--decimal, " and this one's comma 71 characters fill the line */
    {X40 "12345678901234567", 0, NULL, OPTION_FLAG, 0, .group = "Third", .rare = true, .help = "a"},
    {"next", 0, NULL, OPTION_FLAG, 0, .group = "Third", .rare = true, .help = "b"},
    {"long", 0, "WORD", OPTION_CHOICE, 0, .choices = long_choices, .group = "Third", .rare = true,
     .help = "a long choice"},
};

static const struct option_set set = {.tables = {{rows, ARRAY_LENGTH(rows)}}, .command = "test"};

static void test_help_names_rare_options_behind_the_others(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 1 << 16);
    help_options(&set, HELP_COMMON, &out);
    assert_string_equal(out.data, "First:\n"
                                  "  -f, --flag                        a flag\n"
                                  "      --count N                     a count [10]\n"
                                  "Second:\n"
                                  "      --fits TEXT                   " X30 "123456 [12345]\n"
                                  "  -n, --not TEXT                    " X30 "1234567\n"
                                  "  -l, --list TEXT                   a list\n"
                                  "      --range T                     a range\n"
                                  "      --choice WORD                 a choice\n"
                                  "      --wrap TEXT                   " X40 " " X30 " 123456\n"
                                  "    also --one (-o)\n"
                                  "Third:\n"
                                  "    also --decimal, --" X40 "12345678901234567,\n"
                                  "         --next, --long\n");
    buffer_free(&out);
}

static void test_help_of_all_has_a_line_for_each(void **state)
{
    (void)state;
    static const struct option_set third = {.tables = {{rows + 9, 3}}, .command = "test"};
    struct buffer out;
    buffer_init(&out, 1 << 16);
    help_options(&set, HELP_ALL, &out);
    assert_non_null(strstr(out.data, "1234567\n"
                                     "  -o, --one N                       one [1]\n"
                                     "  -l, --list"));
    buffer_clear(&out);
    help_options(&third, HELP_ALL, &out);
    assert_string_equal(out.data, "Third:\n"
                                  "      --decimal USD                 a decimal\n"
                                  "      --" X40 "12345678901234567a\n"
                                  "      --next                        b\n");
    buffer_free(&out);
}

static void test_help_of_an_option_says_what_it_takes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
    } cases[] = {
        {"flag", "-f, --flag   (test, First)\n\n  a flag\n\n  Environment: TEST_FLAG.\n"},
        {"count", "--count N   (test, First)\n\n  a count\n\n  Allowed: 1 to 1,000.\n"
                  "  Default: 10.\n  Environment: TEST_COUNT.\n"},
        {"decimal", "--decimal USD   (test, Third)\n\n  a decimal\n\n  Allowed: 0 to 1,000.\n"
                    "  Environment: TEST_DECIMAL.\n"},
        {"one", "-o, --one N   (test, Second)\n\n  one\n\n  Default: 1.\n"
                "  Environment: TEST_ONE.\n"},
        {"list", "-l, --list TEXT   (test, Second)\n\n  a list\n\n  May be given 64 times.\n"
                 "  Environment: TEST_LIST, one value a line.\n"},
        {"range", "--range T   (test, Second)\n\n  a range\n\n  Allowed: 0 ns to 10 s.\n"
                  "  Environment: TEST_RANGE.\n"},
        {"choice", "--choice WORD   (test, Second)\n\n  a choice\n\n  Allowed: red, green.\n"
                   "  Environment: TEST_CHOICE.\n"},
        {"long", "--long WORD   (test, Third)\n\n  a long choice\n\n"
                 "  Allowed: red, " X30 ", " X30 "1,\n"
                 "           green.\n"
                 "  Environment: TEST_LONG.\n"},
        {"wrap", "--wrap TEXT   (test, Second)\n\n"
                 "  " X40 " " X30 " 123456\n"
                 "  " X40 " " X30 "\n  1234567 9\n\n"
                 "  Environment: TEST_WRAP.\n"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct buffer out;
        buffer_init(&out, 1 << 16);
        help_option(&set, option_find(&set, cases[i].name), &out);
        assert_string_equal(out.data, cases[i].text);
        buffer_free(&out);
    }
}

TEST_GROUP(help)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_help_names_rare_options_behind_the_others),
        cmocka_unit_test(test_help_of_all_has_a_line_for_each),
        cmocka_unit_test(test_help_of_an_option_says_what_it_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
