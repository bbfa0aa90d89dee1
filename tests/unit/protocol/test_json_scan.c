#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/base/text.h"
#include "wsload/protocol/json_scan.h"

/* The value at PATH in DOCUMENT. */
static struct json_value find(const char *path, struct text document)
{
    struct json_paths paths = {0};
    struct json_value value;
    struct error error;
    unsigned index;

    assert_int_equal(json_paths_add(&paths, text_of(path), &index, &error), 0);
    json_scan(&paths, document, &value);
    json_paths_free(&paths);
    return value;
}

static void assert_text(struct text text, const char *expected)
{
    assert_int_equal(text.length, strlen(expected));
    assert_memory_equal(text.data, expected, text.length);
}

/* RAW is NULL: the value is absent. */
static void assert_raw(const struct json_value *value, const char *raw)
{
    assert_int_equal(value->kind == JSON_ABSENT, raw == NULL);
    if (raw != NULL)
        assert_text(value->raw, raw);
}

static void test_json_scan_finds_values_of_each_kind(void **state)
{
    static const struct {
        const char *path;
        enum json_kind kind;
        const char *raw;
    } cases[] = {
        {"null", JSON_NULL, "null"},
        {"false", JSON_FALSE, "false"},
        {"true", JSON_TRUE, "true"},
        {"number", JSON_NUMBER, "-1.5e+3"},
        {"string", JSON_STRING, "say \\\"hi\\\" \\\\"},
        {"empty", JSON_STRING, ""},
        {"array", JSON_ARRAY, "[ 1, [\"]\"], {\"a\": 2} ]"},
        {"array.0", JSON_NUMBER, "1"},
        {"array[1][0]", JSON_STRING, "]"},
        {"array.2.a", JSON_NUMBER, "2"},
        {"array.3", JSON_ABSENT, NULL},
        {"array.a", JSON_ABSENT, NULL},
        {"object", JSON_OBJECT, "{\"a\":{\"b\":\"}\"}, \"0\":3 }"},
        {"object.a.b", JSON_STRING, "}"},
        {"object.0", JSON_NUMBER, "3"},
        {"object.b", JSON_ABSENT, NULL},
        {"string.a", JSON_ABSENT, NULL},
        {"nul", JSON_ABSENT, NULL},
        {"last", JSON_NUMBER, "0"},
    };
    static const char document[] = " \t\r\n{ \"null\" : null,\"false\":false\n,\"true\":\ttrue , "
                                   "\"number\":-1.5e+3,\"string\":\"say \\\"hi\\\" \\\\\", "
                                   "\"empty\":\"\",\"array\":[ 1, [\"]\"], {\"a\": 2} ],"
                                   "\"object\":{\"a\":{\"b\":\"}\"}, \"0\":3 },\"last\":0}";

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct json_value value = find(cases[i].path, text_of(document));

        assert_int_equal(value.kind, cases[i].kind);
        assert_raw(&value, cases[i].raw);
    }
}

/* All together, and the longer path in front of the shorter and behind it. */
static void test_json_scan_finds_many_paths_in_one_pass(void **state)
{
    static const char document[] = "{\"a\":{\"\":0,\"b\":[1,2],\"c\":null},\"d\":true,\"e\":"
                                   "[{\"f\":\"g\"}],\"h\":{},\"i\":[ ],\"j\":{\"\":0,\"k\":1}}";
    static const struct {
        const char *path;
        const char *raw; /* NULL: absent */
    } cases[] = {
        {"d", "true"},
        {"a.b.1", "2"},
        {"a", "{\"\":0,\"b\":[1,2],\"c\":null}"},
        {"a.b", "[1,2]"},
        {"a.c", "null"},
        {"a.b.2", NULL},
        {"a.c.x", NULL},
        {"x", NULL},
        {"e", "[{\"f\":\"g\"}]"},
        {"e.0.f", "g"},
        {"e[0]", "{\"f\":\"g\"}"},
        {"h.x", NULL},
        {"i.0", NULL},
        {"j", "{\"\":0,\"k\":1}"},
        {"j.k", "1"},
    };
    struct json_value values[ARRAY_LENGTH(cases)];
    struct json_paths paths = {0};
    struct error error;
    unsigned index;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(json_paths_add(&paths, text_of(cases[i].path), &index, &error), 0);
    json_scan(&paths, text_of(document), values);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_raw(&values[i], cases[i].raw);
    json_paths_free(&paths);
}

/* Nothing but these two is looked for: with the inner one found the outer is still to be read. */
static void test_json_scan_reads_an_outer_value_to_its_end(void **state)
{
    struct json_paths paths = {0};
    struct json_value values[2];
    struct error error;
    unsigned index;

    (void)state;
    assert_int_equal(json_paths_add(&paths, text_of("a"), &index, &error), 0);
    assert_int_equal(json_paths_add(&paths, text_of("a.b"), &index, &error), 0);
    json_scan(&paths, text_of("{\"a\":{\"\":0,\"b\":1,\"c\":[2]},\"d\":3}"), values);
    assert_text(values[0].raw, "{\"\":0,\"b\":1,\"c\":[2]}");
    assert_text(values[1].raw, "1");
    json_paths_free(&paths);
}

struct sought {
    const char *document;
    const char *path;
    const char *raw; /* NULL: absent */
};

static void find_each(const struct sought *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct json_value value = find(cases[i].path, text_of(cases[i].document));

        assert_raw(&value, cases[i].raw);
    }
}

static void test_json_scan_knows_odd_documents(void **state)
{
    static const struct sought cases[] = {
        /* names are compared decoded */
        {"{\"st\\u0061tus\":1}", "status", "1"},
        {"{\"\\ud83d\\ude00\":1}", "\xF0\x9F\x98\x80", "1"},
        {"{\"caf\\u00E9\":1}", "caf\xC3\xA9", "1"},
        {"{\"a\\/b\":1}", "a/b", "1"},
        {"{\"a\\\"b\":1}", "a\"b", "1"},
        {"{\"\\\\\":1}", "\\\\", "1"},
        {"{\"a\\nb\":1}", "a\\nb", NULL}, /* the path says "anb" */
        {"{\"a.b\":1,\"a\":{\"b\":2}}", "a\\.b", "1"},
        {"{\"a.b\":1,\"a\":{\"b\":2}}", "a.b", "2"},
        {"{\"\":1,\"a\":{\"\":2}}", "a", "{\"\":2}"},
        {"{\"Status\":1}", "status", NULL},
        {"{\"statusx\":1,\"statu\":2}", "status", NULL},
        /* of duplicate keys the first counts, also where it leads nowhere */
        {"{\"a\":1,\"a\":2}", "a", "1"},
        {"{\"\\u0061\":1,\"a\":2}", "a", "1"},
        {"{\"a\":{\"b\":1},\"a\":{\"b\":2}}", "a.b", "1"},
        {"{\"a\":{\"c\":1},\"a\":{\"b\":2}}", "a.b", NULL},
        {"{\"a\":1,\"a\":{\"b\":2}}", "a.b", NULL},
        /* text that looks like structure */
        {"{\"x\":\"\\\"a\\\":1\",\"a\":2}", "a", "2"},
        {"{\"x\":\"}],{\",\"a\":2}", "a", "2"},
        {"{\"x\":\"\\\\\",\"a\":2}", "a", "2"},
        {"{\"x\":\"\\\\\\\"\",\"a\":2}", "a", "2"},
        {"{\"x\":{\"y\":\"\\\"}\"},\"a\":2}", "a", "2"},
        {"{\"x\":[[[]],{\"a\":1}],\"a\":2}", "a", "2"},
        {"{\"x\":\"a\",\"y\":{\"a\":1},\"a\":2}", "a", "2"},
        /* arrays at the top, empty things */
        {"[1,{\"a\":2}]", "1.a", "2"},
        {"[]", "0", NULL},
        {"{}", "a", NULL},
        {" [ [ ] , { } ] ", "[1]", "{ }"},
        /* no document to look into */
        {"", "a", NULL},
        {"   ", "a", NULL},
        {"\"a\"", "a", NULL},
        {"1", "0", NULL},
        {"a", "a", NULL},
        {"\xEF\xBB\xBF{\"a\":1}", "a", NULL},
    };

    (void)state;
    find_each(cases, ARRAY_LENGTH(cases));
    assert_int_equal(find("a", (struct text){NULL, 0}).kind, JSON_ABSENT);
}

static void test_json_scan_finds_what_stands_in_front_of_damage(void **state)
{
    static const struct sought cases[] = {
        {"{\"a\":1,", "a", "1"},
        {"{\"a\":1 ", "a", "1"},
        {"{\"a\":\"x\"", "a", "x"},
        {"{\"a\":{\"b\":1},", "a.b", "1"},
        {"{\"a\":{\"b\":1,", "a.b", "1"},
        {"{\"a\":{\"b\":1,", "a", NULL},
        {"{\"a\":[1,2", "a.0", "1"},
        {"{\"a\":[1,2", "a.1", NULL}, /* may be 23 */
        {"{\"a\":12", "a", NULL},
        {"{\"a\":tru", "a", NULL},
        {"{\"a\":true", "a", NULL},
        {"{\"a\":truer}", "a", NULL},
        {"{\"a\":True}", "a", NULL},
        {"{\"a\":+1}", "a", NULL},
        {"{\"a\":1x}", "a", NULL},
        {"{\"a\":\"x", "a", NULL},
        {"{\"a\":\"x\\\"", "a", NULL},
        {"{\"a\":[1,2}", "a", NULL},
        {"{\"a\":{\"b\":1]", "a", NULL},
        {"{\"a\" 1}", "a", NULL},
        {"{\"a\"", "a", NULL},
        {"{\"a", "a", NULL},
        {"{\"a\":", "a", NULL},
        {"{\"a\":}", "a", NULL},
        {"{", "a", NULL},
        {"{a:1}", "a", NULL},
        {"{,\"a\":1}", "a", NULL},
        {"{\"b\":1 \"a\":2}", "a", NULL},
        {"{\"b\":1,,\"a\":2}", "a", NULL},
        {"{\"b\":x,\"a\":2}", "a", NULL},
        {"{}{\"a\":1}", "a", NULL},
        {"[1 2]", "1", NULL},
        {"[1,2]]]", "1", "2"},
    };

    (void)state;
    find_each(cases, ARRAY_LENGTH(cases));
}

static void test_json_scan_does_not_read_behind_the_last_value(void **state)
{
    static const char document[] = "{\"a\":{\"b\":1},\"c\":[0,2],\"d\":";

    (void)state;
    /* Memory that ends with the value: a sanitizer sees one byte too many. */
    for (size_t cut = 0; cut < sizeof(document); cut++) {
        char *copy = malloc(cut + 1);
        struct json_value value;

        assert_non_null(copy);
        memcpy(copy, document, cut);
        value = find("c.1", (struct text){copy, cut});
        assert_int_equal(value.kind != JSON_ABSENT, cut >= strlen("{\"a\":{\"b\":1},\"c\":[0,2]"));
        free(copy);
    }
}

/* OUT becomes BEFORE, COUNT times MIDDLE, and BEHIND. */
static void repeat(struct buffer *out, const char *before, const char *middle, size_t count,
                   const char *behind)
{
    buffer_init(out, 1 << 20);
    assert_int_equal(buffer_append(out, before, strlen(before)), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(buffer_append(out, middle, strlen(middle)), 0);
    assert_int_equal(buffer_append(out, behind, strlen(behind)), 0);
}

static void test_json_scan_bears_large_and_deep_documents(void **state)
{
    static const struct {
        const char *before;
        const char *middle;
        size_t count;
        const char *behind;
        bool found;
    } cases[] = {
        {"{\"x\":\"", "abcdefg\\\"", 14563, "\",\"a\":1}", true}, /* 128 KiB */
        {"{\"x\":[", "{\"y\":[1,true]},", 9362, "null],\"a\":1}", true},
        {"{", "\"b\":0,", 21844, "\"a\":1}", true},
        {"{\"x\":\"", "\\\\", 50000, "\",\"a\":1}", true},
        {"{\"x\":", "[", 10000, "", false},
        {"{\"x\":", "[]", 10000, ",\"a\":1}", false},
        {"", "{\"x\":", 10000, "", false},
        {"", "[", 100000, "", false},
        {"{\"x\":", "{\"a\":", 10000, "", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct buffer document;

        repeat(&document, cases[i].before, cases[i].middle, cases[i].count, cases[i].behind);
        assert_int_equal(find("a", buffer_text(&document)).kind,
                         cases[i].found ? JSON_NUMBER : JSON_ABSENT);
        assert_int_equal(find("x.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a", buffer_text(&document)).kind,
                         JSON_ABSENT);
        buffer_free(&document);
    }
}

static void test_json_scan_finds_paths_of_full_depth(void **state)
{
    static const char open[] = "{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[";
    char document[200];

    (void)state;
    snprintf(document, sizeof(document), "%s7]}]}]}]}]}]}]}]}", open);
    assert_text(find("a.0.a.0.a.0.a.0.a.0.a.0.a.0.a.0", text_of(document)).raw, "7");
    assert_text(find("a.0.a.0.a.0.a.0.a.0.a.0.a.0.a", text_of(document)).raw, "[7]");
}

static void test_json_members_next_gives_each_member(void **state)
{
    struct json_members members = {
        .document = text_of(" { \"a\" : 1 ,\"\\u0062\":[{}], \"\":\"x\" } \n")};
    struct json_value value;
    struct text name;

    (void)state;
    assert_true(json_members_next(&members, &name, &value));
    assert_text(name, "a");
    assert_text(value.raw, "1");
    assert_true(json_members_next(&members, &name, &value));
    assert_text(name, "\\u0062");
    assert_int_equal(value.kind, JSON_ARRAY);
    assert_true(json_members_next(&members, &name, &value));
    assert_text(name, "");
    assert_text(value.raw, "x");
    for (int i = 0; i < 2; i++) {
        assert_false(json_members_next(&members, &name, &value));
        assert_false(members.broken);
    }
}

static void test_json_members_next_tells_what_is_no_object(void **state)
{
    static const struct {
        const char *document;
        int members; /* in front of the damage */
        bool broken;
    } cases[] = {
        {"{}", 0, false},
        {"{ } ", 0, false},
        {"", 0, true},
        {" ", 0, true},
        {"[]", 0, true},
        {"{", 0, true},
        {"{\"a\":1", 0, true},
        {"{\"a\":1 ", 1, true},
        {"{\"a\":1,", 1, true},
        {"{\"a\":1,}", 1, true},
        {"{,}", 0, true},
        {"{\"a\":1]", 1, true},
        {"{\"a\":1}}", 1, true},
        {"{\"a\":1} x", 1, true},
        {"{\"a\":1 \"b\":2}", 1, true},
        {"{\"a\",\"b\"}", 0, true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct json_members members = {.document = text_of(cases[i].document)};
        struct json_value value;
        struct text name;
        int count = 0;

        while (json_members_next(&members, &name, &value))
            count++;
        assert_int_equal(count, cases[i].members);
        assert_int_equal(members.broken, cases[i].broken);
    }
}

TEST_GROUP(json_scan)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_scan_finds_values_of_each_kind),
        cmocka_unit_test(test_json_scan_finds_many_paths_in_one_pass),
        cmocka_unit_test(test_json_scan_reads_an_outer_value_to_its_end),
        cmocka_unit_test(test_json_scan_knows_odd_documents),
        cmocka_unit_test(test_json_scan_finds_what_stands_in_front_of_damage),
        cmocka_unit_test(test_json_scan_does_not_read_behind_the_last_value),
        cmocka_unit_test(test_json_scan_bears_large_and_deep_documents),
        cmocka_unit_test(test_json_scan_finds_paths_of_full_depth),
        cmocka_unit_test(test_json_members_next_gives_each_member),
        cmocka_unit_test(test_json_members_next_tells_what_is_no_object),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
