#include "testing.h"

#include <string.h>

#include "wsload/base/text.h"
#include "wsload/protocol/match.h"

struct match {
    const char *message;
    const char *needle;
    bool expected;
};

static void check(const struct match *cases, size_t count,
                  bool (*contains)(struct text message, struct text needle))
{
    struct error error;
    assert_int_equal(match_prepare(&error), 0);
    for (size_t i = 0; i < count; i++)
        if (contains(text_of(cases[i].message), text_of(cases[i].needle)) != cases[i].expected)
            fail_msg("'%s' in '%s'", cases[i].needle, cases[i].message);
}

static void test_match_finds_bytes_and_what_escapes_stand_for(void **state)
{
    static const struct match cases[] = {
        {"requête invalide", "requête", true},
        {"{\"error\":\"requ\\u00eate invalide\"}", "requête invalide", true},
        {"{\"error\":\"requ\\u00EAte\"}", "requête", true},
        {"{\"error\":\"requ\\u00eate\"}", "requ\\u00eate", true}, /* as the bytes are */
        {"{\"error\":\"requ\\u00eate\"}", "requete", false},
        {"{\"error\":\"requ\\\\u00eate\"}", "requête", false}, /* an escaped backslash */
        {"[\"say \\\"no\\\"\"]", "say \"no\"", true},
        {"\"a\\nb\"", "a\nb", true},
        {" \r\n{\"a\":\"\\/api\"}", "/api", true},
        {"{\"a\":\"\\ud83d\\ude00!\"}", "\U0001F600!", true},
        {"{\"a\":\"\\ud83dx\"}", "x", true},
        {"{\"a\":\"b\\u00\"}", "b", true},
        {"{\"a\":\"ab\\u0061\"}", "aba", true}, /* after a beginning that fails */
        {"{\"a\":\"\\u0061\\u0061b\"}", "ab", true},
        {"C:\\new {", "\new", false}, /* no JSON */
        {"C:\\new", "C:\\new", true},
        {"{\"a\":\"\\u00e9", "é", true}, /* cut */
        {"{\"a\":\"\\", "b", false},
        {"", "a", false},
    };
    (void)state;
    check(cases, ARRAY_LENGTH(cases), match_contains);
}

static void test_match_takes_letters_of_either_case_as_one(void **state)
{
    static const struct match cases[] = {
        {"Une Erreur est survenue", "une erreur", true},
        {"une erreur", "UNE ERREUR", true},
        {"REQUÊTE", "requête", true},
        {"{\"e\":\"REQU\\u00caTE\"}", "requête", true},
        {"{\"e\":\"requ\\u00caTE\"}", "requ\\u00CAte", true}, /* as the bytes are */
        {"ΟΔΥΣΣΕΥΣ", "οδυσσευς", true},                       /* two small sigmas */
        {"СТРАСТЬ", "страсть", true},
        {"STRASSE", "straße", false}, /* simple folding changes no length */
        {"STRA\u1E9EE", "straße", true},
        {"a@[`{", "A`{@[", false}, /* beside the letters of ASCII */
        {"\U00010400", "\U00010428", true},
        {"\xC3(x", "\xC3(X", true}, /* bytes that are no UTF-8 are themselves */
        {"\xC3(x", "\xE3(x", false},
        {"requete", "requête", false},
        {"", "a", false},
    };
    (void)state;
    check(cases, ARRAY_LENGTH(cases), match_contains_any_case);
}

/* Whatever the locale of the process is. */
static void test_match_prepares_once(void **state)
{
    struct error error;
    (void)state;
    assert_int_equal(match_prepare(&error), 0);
    assert_int_equal(match_prepare(&error), 0);
    assert_true(match_contains_any_case(TEXT("\xC3\x89"), TEXT("\xC3\xA9")));
}

TEST_GROUP(match)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_match_finds_bytes_and_what_escapes_stand_for),
        cmocka_unit_test(test_match_takes_letters_of_either_case_as_one),
        cmocka_unit_test(test_match_prepares_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
