/* The scanner: over any bytes it stays inside of them, and finds nothing in the first half of a
 * document that the whole has not. Over what cJSON takes for a document it finds what cJSON finds.
 */
#include "fuzz.h"

#include <cjson/cJSON.h>

#include "wsload/protocol/json_scan.h"

static const struct {
    const char *text;
    const char *steps[5]; /* ends with NULL */
} paths[] = {
    {"status", {"status"}},
    {"message", {"message"}},
    {"message.stop_reason", {"message", "stop_reason"}},
    {"message.stop_reason.a", {"message", "stop_reason", "a"}},
    {"choices[0].delta", {"choices", "0", "delta"}},
    {"choices.1", {"choices", "1"}},
    {"[0]", {"0"}},
    {"2.a", {"2", "a"}},
    {"[0][0][0]", {"0", "0", "0"}},
    {"a", {"a"}},
    {"a.a", {"a", "a"}},
    {"a.b.c", {"a", "b", "c"}},
    {"b", {"b"}},
    {"a\\.b", {"a.b"}},
    {"caf\xC3\xA9", {"caf\xC3\xA9"}},
    {"\xF0\x9F\x98\x80", {"\xF0\x9F\x98\x80"}},
    {"\\\"", {"\""}},
    {"\\\\", {"\\"}},
    {"/", {"/"}},
};

#define PATH_COUNT (sizeof(paths) / sizeof(paths[0]))

/* Of each path alone, and of all together in the last. Compiled once. */
static struct json_paths compiled[PATH_COUNT + 1];

static void compile(void)
{
    struct error error;
    unsigned index;

    for (size_t i = 0; i < PATH_COUNT && compiled[PATH_COUNT].count < PATH_COUNT; i++) {
        struct text path = text_of(paths[i].text);

        REQUIRE(json_paths_add(&compiled[i], path, &index, &error) == 0 && index == 0);
        REQUIRE(json_paths_add(&compiled[PATH_COUNT], path, &index, &error) == 0 && index == i);
    }
}

static bool same(const struct json_value *a, const struct json_value *b)
{
    return a->kind == b->kind && a->raw.data == b->raw.data && a->raw.length == b->raw.length;
}

static void check_bounds(struct text document, const struct json_value *value)
{
    if (value->kind == JSON_ABSENT)
        return;
    REQUIRE(value->raw.data > document.data ||
            (value->raw.data == document.data && value->kind >= JSON_ARRAY));
    REQUIRE(value->raw.data + value->raw.length <= document.data + document.length);
}

/* What needs no other parser to hold. */
static void check_scan(struct text document, struct json_value values[PATH_COUNT])
{
    struct text half = {document.data, document.length / 2};
    struct json_value in_half[PATH_COUNT];

    json_scan(&compiled[PATH_COUNT], document, values);
    json_scan(&compiled[PATH_COUNT], half, in_half);
    for (size_t i = 0; i < PATH_COUNT; i++) {
        struct json_value alone;

        check_bounds(document, &values[i]);
        REQUIRE(in_half[i].kind == JSON_ABSENT || same(&in_half[i], &values[i]));
        json_scan(&compiled[i], document, &alone);
        REQUIRE(values[i].kind == JSON_ABSENT || same(&alone, &values[i]));
    }
}

/* Whether TEXT, behind "\u", begins with the code of a character other than NUL. */
static bool begins_with_code(struct text text)
{
    char digits[5] = {0};

    if (text.length < 4)
        return false;
    memcpy(digits, text.data, 4);
    return strspn(digits, "0123456789abcdefABCDEF") == 4 && strcmp(digits, "0000") != 0;
}

/* cJSON takes any byte up to a space for white space, skips a byte order mark, reads "\u" with
 * anything but digits behind it as NUL, and cuts strings at NUL: no grounds for a comparison. */
static bool comparable(struct text document)
{
    for (size_t i = 0; i < document.length; i++) {
        unsigned char c = (unsigned char)document.data[i];
        struct text behind = {document.data + i + 1, document.length - i - 1};

        if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
            return false;
        if (c == 'u' && i > 0 && document.data[i - 1] == '\\' && !begins_with_code(behind))
            return false;
    }
    return document.length == 0 || document.data[0] != '\xEF';
}

static const cJSON *follow(const cJSON *json, const char *const *steps)
{
    for (; *steps != NULL && json != NULL; steps++) {
        if (cJSON_IsObject(json))
            json = cJSON_GetObjectItemCaseSensitive(json, *steps);
        else if (cJSON_IsArray(json) && strspn(*steps, "0123456789") == strlen(*steps))
            json = cJSON_GetArrayItem(json, (int)strtol(*steps, NULL, 10));
        else
            json = NULL;
    }
    return json;
}

static enum json_kind kind_of(const cJSON *json)
{
    return json == NULL           ? JSON_ABSENT
           : cJSON_IsNull(json)   ? JSON_NULL
           : cJSON_IsFalse(json)  ? JSON_FALSE
           : cJSON_IsTrue(json)   ? JSON_TRUE
           : cJSON_IsNumber(json) ? JSON_NUMBER
           : cJSON_IsString(json) ? JSON_STRING
           : cJSON_IsArray(json)  ? JSON_ARRAY
                                  : JSON_OBJECT;
}

/* Whether RAW, parsed for itself, is EXPECTED. */
static bool parses_to(struct text raw, const cJSON *expected)
{
    cJSON *json = cJSON_ParseWithLength(raw.data, raw.length);
    char *printed = cJSON_PrintUnformatted(json);
    char *wanted = cJSON_PrintUnformatted(expected);
    bool equal = printed != NULL && wanted != NULL && strcmp(printed, wanted) == 0;

    cJSON_free(printed);
    cJSON_free(wanted);
    cJSON_Delete(json);
    return equal;
}

static void check_string(const struct json_value *value, const char *expected)
{
    struct buffer decoded;

    buffer_init(&decoded, 1 << 20);
    REQUIRE(json_value_decode(value, &decoded) == 0);
    REQUIRE(text_equal(buffer_text(&decoded), text_of(expected)));
    REQUIRE(json_value_is(value, text_of(expected)) == (strcmp(expected, "null") != 0));
    buffer_append(&decoded, "x", 1);
    REQUIRE(!json_value_is(value, buffer_text(&decoded)));
    buffer_free(&decoded);
}

static void check_members(struct text document, const cJSON *json)
{
    struct json_members members = {.document = document};
    const cJSON *expected = json->child;
    struct json_value value;
    struct text name;

    for (; json_members_next(&members, &name, &value); expected = expected->next) {
        REQUIRE(expected != NULL && value.kind == kind_of(expected));
        REQUIRE(json_string_is(name, text_of(expected->string)));
    }
    REQUIRE(expected == NULL);
}

static void compare(struct text document, const cJSON *json, const struct json_value *values)
{
    for (size_t i = 0; i < PATH_COUNT; i++) {
        const cJSON *expected = follow(json, paths[i].steps);
        const struct json_value *value = &values[i];

        REQUIRE(value->kind == kind_of(expected));
        if (value->kind == JSON_STRING)
            check_string(value, expected->valuestring);
        else if (value->kind != JSON_ABSENT)
            REQUIRE(parses_to(value->raw, expected) && json_value_is(value, value->raw));
    }
    if (cJSON_IsObject(json))
        check_members(document, json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text document = {(const char *)data, size};
    struct json_value values[PATH_COUNT];
    cJSON *json;
    char *copy;

    compile();
    check_scan(document, values);
    if (!comparable(document))
        return 0;
    copy = fuzz_string("", data, size, "");
    json = cJSON_Parse(copy);
    if (json != NULL)
        compare(document, json, values);
    cJSON_Delete(json);
    free(copy);
    return 0;
}
