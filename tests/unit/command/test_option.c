#include "testing.h"

#include <stdlib.h>
#include <string.h>

#include "option_parse.h"
#include "wsload/base/clock.h"

struct values {
    bool flag;
    bool other_flag;
    uint64_t count;
    uint64_t duration_ns;
    struct option_range range;
    double rate;
    double percent;
    double decimal;
    const char *text;
    struct option_list list;
    const char *choice;
};

#define FIELD(name) offsetof(struct values, name)

static const char *const choices[] = {"red", "green", NULL};

static const struct option_row rows[] = {
    {"flag", 'f', NULL, OPTION_FLAG, FIELD(flag), .group = "A", .help = "a flag"},
    {"other-flag", 'o', NULL, OPTION_FLAG, FIELD(other_flag), .group = "A", .help = "another"},
    {"count", 'c', "N", OPTION_COUNT, FIELD(count), .minimum = 1, .maximum = 1000, .initial = "10",
     .group = "A", .help = "a count"},
    {"duration", 'd', "T", OPTION_DURATION, FIELD(duration_ns), .minimum = 1, .group = "A",
     .help = "a duration"},
    {"range", 0, "T", OPTION_RANGE, FIELD(range), .minimum = NS_PER_MS, .maximum = 10 * NS_PER_S,
     .initial = "1ms", .group = "A", .help = "a range"},
    {"rate", 0, "R", OPTION_RATE, FIELD(rate), .group = "A", .help = "a rate"},
    {"percent", 0, "P", OPTION_PERCENT, FIELD(percent), .group = "A", .help = "a percentage"},
    {"decimal", 0, "D", OPTION_DECIMAL, FIELD(decimal), .maximum = 1000, .group = "A",
     .help = "a decimal"},
    {"text", 't', "TEXT", OPTION_TEXT, FIELD(text), .group = "A", .help = "a text"},
    {"list", 'l', "TEXT", OPTION_LIST, FIELD(list), .group = "A", .help = "a list"},
    {"choice", 0, "WORD", OPTION_CHOICE, FIELD(choice), .choices = choices, .initial = "red",
     .group = "A", .help = "a choice"},
};

static const char *const argument_env[] = {"TEST_FIRST", NULL};

static const struct option_synonym synonyms[] = {
    {"kount k number", "-c N"}, {"timespan Z", "-d T"}, {"vusers", "-u N"}, {0}};

static const struct option_set set = {.synonyms = synonyms,
                                      .tables = {{rows, ARRAY_LENGTH(rows)}},
                                      .command = "test",
                                      .arguments_max = 2,
                                      .argument_env = argument_env,
                                      .size = sizeof(struct values)};

static struct values values;
static const char *arguments[2];
static struct error error;

/* Parses the words of WORDS, up to a NULL. */
static int parse(const char *const *words)
{
    char *argv[16] = {(char *)"test"};
    int argc = 1;
    for (; words[argc - 1]; argc++)
        argv[argc] = (char *)words[argc - 1];
    return options_parse(&set, argc, argv, &values, arguments, &error);
}

#define PARSE(...) parse((const char *const[]){__VA_ARGS__, NULL})

static void test_option_defaults_stand_when_nothing_is_given(void **state)
{
    (void)state;
    assert_int_equal(parse((const char *const[]){NULL}), 0);
    assert_int_equal(values.count, 10);
    assert_string_equal(values.choice, "red");
    assert_false(values.flag);
    assert_null(values.text);
    assert_null(arguments[0]);
}

static void test_option_takes_values_in_every_form(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--count", "20"), 0);
    assert_int_equal(values.count, 20);
    assert_int_equal(PARSE("--count=21"), 0);
    assert_int_equal(values.count, 21);
    assert_int_equal(PARSE("-c", "22"), 0);
    assert_int_equal(values.count, 22);
    assert_int_equal(PARSE("-c23"), 0);
    assert_int_equal(values.count, 23);
    assert_int_equal(PARSE("-c1000"), 0);
    assert_int_equal(values.count, 1000);
    assert_int_equal(PARSE("-foc24"), 0);
    assert_true(values.flag && values.other_flag);
    assert_int_equal(values.count, 24);
    assert_int_equal(PARSE("--text="), 0);
    assert_string_equal(values.text, "");
    assert_int_equal(PARSE("--text", "--flag"), 0);
    assert_string_equal(values.text, "--flag");
}

static void test_option_reads_every_type(void **state)
{
    (void)state;
    assert_int_equal(PARSE("-d", "1m30s", "--range", "20ms-1s", "--rate", "600/m", "--percent",
                           "99.5%", "-l", "x", "-l", "y", "--choice", "green"),
                     0);
    assert_int_equal(values.duration_ns, 90 * NS_PER_S);
    assert_int_equal(values.range.low, 20 * NS_PER_MS);
    assert_int_equal(values.range.high, NS_PER_S);
    assert_true(values.rate > 9.999 && values.rate < 10.001);
    assert_true(values.percent > 99.49 && values.percent < 99.51);
    assert_int_equal(values.list.count, 2);
    assert_string_equal(values.list.items[1], "y");
    assert_string_equal(values.choice, "green");
    assert_int_equal(PARSE("--range", "5ms"), 0);
    assert_int_equal(values.range.low, values.range.high);
}

static void test_option_decimals_are_plain_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } cases[] = {{"1.25", 1.25}, {"0", 0}, {".5", 0.5}, {"3.", 3}, {"1000", 1000}};
#define REFUSED(text)                                                                              \
    {                                                                                              \
        text, "--decimal '" text "': use a number, as in 1.25"                                     \
    }
    static const struct {
        const char *text;
        const char *message;
    } none[] = {REFUSED(""),      REFUSED("."),   REFUSED("-1"),  REFUSED("1e3"),
                REFUSED("0x10"),  REFUSED("inf"), REFUSED("nan"), REFUSED(" 1"),
                REFUSED("1.2.3"), REFUSED("1,5"), REFUSED("$1")};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(PARSE("--decimal", cases[i].text), 0);
        assert_float_equal(values.decimal, cases[i].value, 0);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(none); i++) {
        assert_int_equal(PARSE("--decimal", none[i].text), -1);
        assert_string_equal(error.text, none[i].message);
    }
}

static void test_option_tells_arguments_from_options(void **state)
{
    (void)state;
    assert_int_equal(PARSE("one", "-f", "-"), 0);
    assert_string_equal(arguments[0], "one");
    assert_string_equal(arguments[1], "-");
    assert_int_equal(PARSE("--", "-f", "--count"), 0);
    assert_false(values.flag);
    assert_string_equal(arguments[0], "-f");
    assert_string_equal(arguments[1], "--count");
    assert_int_equal(PARSE("--", "--"), 0);
    assert_string_equal(arguments[0], "--");
}

static void test_option_flag_in_the_environment_takes_common_words(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        bool value;
    } cases[] = {
        {"1", true},  {"true", true},   {"yes", true}, {"on", true},   {"TRUE", true},
        {"0", false}, {"false", false}, {"no", false}, {"off", false}, {"", false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        setenv("TEST_FLAG", cases[i].word, 1);
        assert_int_equal(parse((const char *const[]){NULL}), 0);
        if (values.flag != cases[i].value)
            fail_msg("wrong: '%s'", cases[i].word);
    }
    setenv("TEST_FLAG", "maybe", 1);
    assert_int_equal(parse((const char *const[]){NULL}), -1);
    assert_string_equal(error.text, "TEST_FLAG 'maybe': use 1 or 0");
    unsetenv("TEST_FLAG");
}

#define TOO_MANY(word)                                                                             \
    "too many arguments: '" word                                                                   \
    "' is the first; quote values with spaces in them; 'test --help' "                             \
    "shows the usage"

static void test_option_says_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *words[4];
        const char *message;
    } cases[] = {
        {{"--conut", "5"}, "--conut: no such option; did you mean --count ?"},
        {{"--conut=5"}, "--conut: no such option; did you mean --count ?"},
        {{"--coun=5"}, "--coun: no such option; did you mean --count ?"},
        {{"--chioce"}, "--chioce: no such option; did you mean --choice ?"},
        {{"-z"}, "-z: no such option; 'test --help' lists them"},
        {{"-fzzzzzzzzz"}, "-z: no such option; 'test --help' lists them"},
        {{"--zzzzzzzzz"}, "--zzzzzzzzz: no such option; 'test --help' lists them"},
        {{"--count"}, "--count: a value is missing: --count N"},
        {{"-c"}, "-c: a value is missing: -c N"},
        {{"--flag=1"}, "--flag takes no value"},
        {{"-c", "0"}, "-c '0': from 1 to 1,000 is allowed"},
        {{"--count", "1001"}, "--count '1001': from 1 to 1,000 is allowed"},
        {{"-d", "0"}, "-d '0': at least 1 ns is allowed"},
        {{"--range", "2s-11s"}, "--range '2s-11s': from 1 ms to 10 s is allowed"},
        {{"--range", "1us-1s"}, "--range '1us-1s': from 1 ms to 10 s is allowed"},
        {{"--range=1111111111111111111111111111111111111111111111111111111111111111"},
         "--range '1111111111111111111111111111111111111111111111111111111111111111': use a time "
         "or two, as in 20ms or 20ms-50ms"},
        {{"--decimal", "1000.01"}, "--decimal '1000.01': from 0 to 1,000 is allowed"},
        {{"--choice", "blue"}, "--choice 'blue': use one of red, green"},
        {{"--choice", "grene"}, "--choice 'grene': use one of red, green; did you mean green ?"},
        {{"--range", "2s-1s"},
         "--range '2s-1s': the first time must not be the longer one, as in 20ms-50ms"},
        {{"-count", "5"}, "-count: a long option has two dashes; use --count"},
        {{"-duration=5s"}, "-duration: a long option has two dashes; use --duration"},
        {{"--kount", "5"}, "--kount: no such option; here it is -c N"}, /* and not --count ? */
        {{"--number=5"}, "--number: no such option; here it is -c N"},
        {{"-k5"}, "-k: no such option; here it is -c N"},
        {{"-fk", "5"}, "-k: no such option; here it is -c N"},
        {{"-Z", "5s"}, "-Z: no such option; here it is -d T"},
        {{"--vusers", "5"}, "--vusers: no such option; 'test --help' lists them"}, /* nor is -u */
        {{"a", "b", "c d"}, TOO_MANY("c d")},
        {{"a", "b", "ws://user:hunter2@h/p?t=hunter2"}, TOO_MANY("...h/p...")},
        {{"a", "b", "1234567890123456789012345678901234567890hunter2"},
         TOO_MANY("1234567890123456789012345678901234567890")},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(parse(cases[i].words), -1);
        assert_string_equal(error.text, cases[i].message);
    }
}

static void test_option_environment_stands_behind_the_command_line(void **state)
{
    (void)state;
    setenv("TEST_COUNT", "30", 1);
    setenv("TEST_OTHER_FLAG", "yes", 1);
    setenv("TEST_LIST", "a\nb\nc", 1);
    setenv("TEST_FIRST", "from-environment", 1);
    assert_int_equal(PARSE("-f"), 0);
    assert_int_equal(values.count, 30);
    assert_true(values.other_flag);
    assert_int_equal(values.list.count, 3);
    assert_string_equal(values.list.items[2], "c");
    assert_string_equal(arguments[0], "from-environment");
    for (size_t i = 0; i < values.list.count; i++)
        free((void *)values.list.items[i]);

    assert_int_equal(PARSE("-c", "40", "given"), 0);
    assert_int_equal(values.count, 40);
    assert_string_equal(arguments[0], "given");
    for (size_t i = 0; i < values.list.count; i++)
        free((void *)values.list.items[i]);

    unsetenv("TEST_LIST");
    setenv("TEST_COUNT", "many", 1);
    assert_int_equal(parse((const char *const[]){NULL}), -1);
    assert_non_null(strstr(error.text, "TEST_COUNT 'many': "));
    unsetenv("TEST_COUNT");
    unsetenv("TEST_OTHER_FLAG");
    unsetenv("TEST_FIRST");
}

static void test_option_empty_variables_are_as_good_as_none(void **state)
{
    static const char *const names[] = {"TEST_FLAG", "TEST_COUNT",   "TEST_DURATION", "TEST_RANGE",
                                        "TEST_RATE", "TEST_PERCENT", "TEST_DECIMAL",  "TEST_TEXT",
                                        "TEST_LIST", "TEST_CHOICE",  "TEST_FIRST"};
    (void)state;
    assert_int_equal(ARRAY_LENGTH(names),
                     ARRAY_LENGTH(rows)); /* but for one flag, and an argument */
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        setenv(names[i], "", 1);
    assert_int_equal(parse((const char *const[]){NULL}), 0);
    assert_false(values.flag);
    assert_int_equal(values.count, 10);
    assert_int_equal(values.duration_ns, 0);
    assert_int_equal(values.range.low, NS_PER_MS);
    assert_true(values.rate < 0 && values.percent < 0 && values.decimal < 0);
    assert_null(values.text);
    assert_int_equal(values.list.count, 0);
    assert_string_equal(values.choice, "red");
    assert_null(arguments[0]);
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        unsetenv(names[i]);
}

static void test_option_unknown_variables_are_told_apart(void **state)
{
    static const struct option_row serve_rows[] = {
        {"port", 0, "N", OPTION_COUNT, FIELD(count), .group = "A", .help = "a port"}};
    static const char *const first_argument[] = {"WSLOAD_URL", NULL};
    static const struct option_set client = {.tables = {{rows, ARRAY_LENGTH(rows)}},
                                             .command = "wsload",
                                             .arguments_max = 2,
                                             .argument_env = first_argument,
                                             .size = sizeof(struct values)};
    static const struct option_set server = {
        .tables = {{serve_rows, 1}}, .command = "wsload serve", .size = sizeof(struct values)};
    static const struct option_set *const sets[] = {&client, &server};
    static const struct {
        const char *variable;
        const char *message; /* NULL: fine */
    } cases[] = {
        {"WSLOAD_OTHER_FLAG=1", NULL},
        {"WSLOAD_SERVE_PORT=1", NULL},
        {"WSLOAD_URL=ws://h", NULL},
        {"WSLOAD=/usr/bin/wsload", NULL},
        {"WSLOADS_COUNT=1", NULL},
        {"HOME=/WSLOAD_X", NULL},
        {"WSLOAD_COUTN=", NULL}, /* as if it were not set */
        {"WSLOAD_COUTN=hunter2", "WSLOAD_COUTN: no such variable; did you mean WSLOAD_COUNT ?"},
        {"WSLOAD_SERVE_PROT=1", "WSLOAD_SERVE_PROT: no such variable; did you mean "
                                "WSLOAD_SERVE_PORT ?"},
        {"WSLOAD_SOMETHING_ELSE=1", "WSLOAD_SOMETHING_ELSE: no such variable; 'wsload help all' "},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const char *const environment[] = {"PATH=/bin", cases[i].variable, NULL};
        int status = option_check_environment(sets, 2, environment, &error);
        assert_int_equal(status, cases[i].message ? -1 : 0);
        if (cases[i].message)
            assert_memory_equal(error.text, cases[i].message, strlen(cases[i].message));
    }
}

static void test_option_list_takes_from_both(void **state)
{
    (void)state;
    setenv("TEST_LIST", "token", 1);
    assert_int_equal(PARSE("-l", "x", "-l", "y"), 0);
    assert_int_equal(values.list.count, 3);
    assert_string_equal(values.list.items[0], "x");
    assert_string_equal(values.list.items[1], "y");
    assert_string_equal(values.list.items[2], "token");
    free((void *)values.list.items[2]);
    unsetenv("TEST_LIST");
}

static void test_option_list_is_bounded(void **state)
{
    (void)state;
    char *argv[2 * OPTION_LIST_MAX + 3] = {(char *)"test"};
    for (int i = 0; i <= OPTION_LIST_MAX; i++) {
        argv[2 * i + 1] = (char *)"-l";
        argv[2 * i + 2] = (char *)"hunter2";
    }
    memset(&values, 0, sizeof(values));
    assert_int_equal(options_parse(&set, 2 * OPTION_LIST_MAX + 1, argv, &values, arguments, &error),
                     0);
    assert_int_equal(values.list.count, OPTION_LIST_MAX);
    memset(&values, 0, sizeof(values));
    assert_int_equal(options_parse(&set, 2 * OPTION_LIST_MAX + 3, argv, &values, arguments, &error),
                     -1);
    assert_string_equal(error.text, "-l: at most 64 are allowed"); /* and not what it held */
}

static void test_option_list_in_the_environment_is_bounded(void **state)
{
    (void)state;
    char lines[2 * OPTION_LIST_MAX + 2] = "";
    for (size_t i = 0; i <= OPTION_LIST_MAX; i++)
        memcpy(lines + 2 * i, i < OPTION_LIST_MAX ? "x\n" : "x", 2);
    setenv("TEST_LIST", lines, 1);
    assert_int_equal(parse((const char *const[]){NULL}), -1);
    assert_string_equal(error.text, "TEST_LIST: at most 64 are allowed");
    assert_int_equal(values.list.count, OPTION_LIST_MAX);
    for (size_t i = 0; i < values.list.count; i++)
        free((void *)values.list.items[i]);
    unsetenv("TEST_LIST");
}

TEST_GROUP(option)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_option_defaults_stand_when_nothing_is_given),
        cmocka_unit_test(test_option_takes_values_in_every_form),
        cmocka_unit_test(test_option_reads_every_type),
        cmocka_unit_test(test_option_decimals_are_plain_numbers),
        cmocka_unit_test(test_option_tells_arguments_from_options),
        cmocka_unit_test(test_option_flag_in_the_environment_takes_common_words),
        cmocka_unit_test(test_option_says_what_is_wrong),
        cmocka_unit_test(test_option_environment_stands_behind_the_command_line),
        cmocka_unit_test(test_option_empty_variables_are_as_good_as_none),
        cmocka_unit_test(test_option_unknown_variables_are_told_apart),
        cmocka_unit_test(test_option_list_takes_from_both),
        cmocka_unit_test(test_option_list_is_bounded),
        cmocka_unit_test(test_option_list_in_the_environment_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
