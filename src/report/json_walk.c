#include "json_walk.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"
#include "wsload/base/text.h"
#include "wsload/protocol/json_text.h"

/* Far more than a timeline of a thousand rows has. cJSON takes 64 bytes for each. */
#define VALUES_MAX 100000

#define NUMBER_MAX  1e30 /* more than any option takes; a larger one could become infinite */
#define EXACT_MAX_S (UINT64_C(1) << 23) /* seconds up to here are exact to 1 ns in a double */
#define SECONDS_MAX (INT64_MAX / NS_PER_S)
#define NUMBER_SIZE 32
#define NAME_SIZE   64 /* of a member, or of an item of an array */
#define QUOTED_MAX  40 /* characters of what an error quotes */

/* --- The document --- */

static size_t count_values(struct text text)
{
    size_t values = 1;
    for (size_t i = 0; i < text.length; i++)
        values += text.data[i] == ',' || text.data[i] == '[' || text.data[i] == '{';
    return values;
}

/* Whether a string begins before AT that never ends. */
static bool is_open_string(struct text text, const char *at)
{
    const char *end = text.data + text.length;
    if (at == text.data || at[-1] != '"')
        return false;
    while (at < end && *at != '"')
        at += *at == '\\' ? 2 : 1;
    return at >= end;
}

/* What stands at END of TEXT could not be read. */
static void explain(struct text text, const char *end, struct error *error)
{
    const char *last = &text.data[text.length - 1];
    if (text.data[0] == '{' && (*last != '}' || end >= last || is_open_string(text, end)))
        error_set(error, "truncated");
    else
        error_set(error, "not JSON (at byte %zu)", (size_t)(end - text.data));
}

cJSON *json_parse(struct text text, struct error *error)
{
    struct text trimmed = text_trim(text);
    const char *end = trimmed.data;
    if (trimmed.length == 0) {
        error_set(error, "empty");
    } else if (count_values(text) > VALUES_MAX) {
        error_set(error, "not a summary of wsload: more than %d members", VALUES_MAX);
    } else if (!utf8_valid(text) || memchr(text.data, '\0', text.length) ||
               json_has_escaped_nul(text)) {
        error_set(error, "not JSON of a summary: not all of it is UTF-8 without NUL");
    } else {
        cJSON *root = cJSON_ParseWithLengthOpts(trimmed.data, trimmed.length, &end, false);
        if (root && end == trimmed.data + trimmed.length)
            return root;
        cJSON_Delete(root);
        explain(trimmed, end, error);
    }
    return NULL;
}

void json_fail(struct json_walk *walk, const char *path, const char *format, ...)
{
    va_list arguments;
    if (walk->failed)
        return;
    va_start(arguments, format);
    vsnprintf(walk->error->text, sizeof(walk->error->text), format, arguments);
    va_end(arguments);
    json_fail_as(walk, path);
}

void json_fail_as(struct json_walk *walk, const char *path)
{
    error_prefix(walk->error, "%s%s", walk->at.text, path);
    walk->failed = true;
}

/* --- Finding members --- */

/* The member of OBJECT that NAME is the name of; TWICE gets whether there are two. */
static cJSON *find_name(const cJSON *object, struct text name, bool *twice)
{
    cJSON *found = NULL;
    for (cJSON *item = cJSON_IsObject(object) ? object->child : NULL; item; item = item->next) {
        if (!text_equal(text_of(item->string), name))
            continue;
        *twice |= !!found;
        found = item;
    }
    return found;
}

static cJSON *find(const cJSON *object, const char *path, bool *twice)
{
    size_t length = strcspn(path, ".");
    cJSON *found = find_name(object, (struct text){path, length}, twice);
    return path[length] ? find(found, path + length + 1, twice) : found;
}

/* What is read: the member, which IS what it must be (NULL: anything). NULL after a failure;
 * PROBLEM says what it is not. NULL when writing. */
static cJSON *member(struct json_walk *walk, const char *path, cJSON_bool (*is)(const cJSON *),
                     const char *problem)
{
    bool twice = false;
    if (walk->writing || walk->failed)
        return NULL;
    cJSON *item = find(walk->at.object, path, &twice);
    if (item && !twice && (!is || is(item)))
        return item;
    json_fail(walk, path, "%s", twice ? "there are two of it" : item ? problem : "missing");
    return NULL;
}

/* --- Adding members: what memory is out for is refused by cJSON, and nothing is leaked --- */

/* ADDED says whether ITEM is where it belongs. Returns it, or NULL. */
static cJSON *keep(struct json_walk *walk, cJSON *item, bool added)
{
    if (added)
        return item;
    walk->failed = true;
    cJSON_Delete(item);
    return NULL;
}

static cJSON *put(struct json_walk *walk, const char *path, cJSON *item)
{
    cJSON *object = walk->at.object;
    for (size_t length; path[length = strcspn(path, ".")]; path += length + 1) {
        char name[NAME_SIZE];
        snprintf(name, sizeof(name), "%.*s", (int)length, path);
        cJSON *present = cJSON_GetObjectItemCaseSensitive(object, name);
        object = present ? present : cJSON_AddObjectToObject(object, name);
    }
    return keep(walk, item, cJSON_AddItemToObject(object, path, item));
}

static cJSON *append(struct json_walk *walk, cJSON *array, cJSON *item)
{
    return keep(walk, item, cJSON_AddItemToArray(array, item));
}

/* --- Nothing, and numbers --- */

bool json_null(struct json_walk *walk, const char *path, bool none)
{
    bool twice = false;
    if (!walk->writing)
        return !walk->failed && cJSON_IsNull(find(walk->at.object, path, &twice)) && !twice;
    if (none)
        put(walk, path, cJSON_CreateNull());
    return none;
}

void json_put_bool(struct json_walk *walk, const char *path, bool value)
{
    put(walk, path, cJSON_CreateBool(value));
}

void json_bool(struct json_walk *walk, const char *path, bool *value)
{
    const cJSON *item = member(walk, path, cJSON_IsBool, "neither true nor false");
    if (walk->writing)
        json_put_bool(walk, path, *value);
    else if (item)
        *value = cJSON_IsTrue(item);
}

/* cJSON's own may be off in their last bit. */
static cJSON *number_of(double value)
{
    char text[NUMBER_SIZE];
    int digits = 15;
    if (!isfinite(value))
        return cJSON_CreateNull();
    do
        snprintf(text, sizeof(text), "%.*g", digits, value);
    while (strtod(text, NULL) != value && digits++ < 17);
    return cJSON_CreateRaw(text);
}

void json_put_number(struct json_walk *walk, const char *path, double value)
{
    put(walk, path, number_of(value));
}

void json_number(struct json_walk *walk, const char *path, double *value)
{
    const cJSON *item = member(walk, path, cJSON_IsNumber, "not a number");
    if (walk->writing)
        json_put_number(walk, path, *value);
    else if (item && item->valuedouble >= 0 && item->valuedouble <= NUMBER_MAX)
        *value = item->valuedouble + 0.0; /* no -0 */
    else
        json_fail(walk, path, "not a number from 0 to %g", NUMBER_MAX);
}

static void put_decimal(struct json_walk *walk, const char *path, const char *number, bool exact)
{
    put(walk, path, exact ? cJSON_CreateRaw(number) : cJSON_CreateString(number));
}

void json_put_count(struct json_walk *walk, const char *path, uint64_t count)
{
    char text[NUMBER_SIZE];
    snprintf(text, sizeof(text), "%" PRIu64, count);
    put_decimal(walk, path, text, count <= JSON_WHOLE_MAX);
}

/* As json_put_count() writes them, and any number that is whole. */
static bool count_of(const cJSON *item, uint64_t *count)
{
    char text[NUMBER_SIZE];
    double value = item->valuedouble;
    if (cJSON_IsString(item)) {
        *count = strtoull(item->valuestring, NULL, 10);
        snprintf(text, sizeof(text), "%" PRIu64, *count);
        return strcmp(text, item->valuestring) == 0;
    }
    *count = value >= 0 && value <= (double)JSON_WHOLE_MAX ? (uint64_t)value : 0;
    return cJSON_IsNumber(item) && (double)*count == value;
}

void json_count(struct json_walk *walk, const char *path, uint64_t *count, uint64_t least,
                uint64_t most)
{
    uint64_t number = 0;
    const cJSON *item = member(walk, path, NULL, "");
    if (walk->writing)
        json_put_count(walk, path, *count);
    else if (item && !count_of(item, &number))
        json_fail(walk, path, "not a whole number");
    else if (item && (number < least || number > most))
        json_fail(walk, path, "not from %" PRIu64 " to %" PRIu64, least, most);
    else if (item)
        *count = number;
}

/* --- Seconds --- */

/* NS as seconds in decimal, exact and without zeros at the end. Returns OUT. */
static char *seconds_text(uint64_t ns, char out[NUMBER_SIZE])
{
    int length = snprintf(out, NUMBER_SIZE, "%" PRIu64 ".%09" PRIu64, ns / NS_PER_S, ns % NS_PER_S);
    while (out[length - 1] == '0')
        length--;
    out[length - (out[length - 1] == '.')] = '\0';
    return out;
}

void json_put_seconds(struct json_walk *walk, const char *path, uint64_t ns)
{
    char text[NUMBER_SIZE];
    put_decimal(walk, path, seconds_text(ns, text), ns <= EXACT_MAX_S * NS_PER_S);
}

/* As json_put_seconds() writes them, and any number that the nearest whole ns is written as. */
static bool ns_of(const cJSON *item, uint64_t *ns)
{
    char text[NUMBER_SIZE];
    char *p;
    uint64_t place_ns = NS_PER_S;
    double value = item->valuedouble;
    bool number = cJSON_IsNumber(item) && value >= 0 && value <= (double)EXACT_MAX_S;
    if (!number && !cJSON_IsString(item))
        return false;
    snprintf(text, sizeof(text), "%.9f", number ? value : 0);
    *ns = u64_min(strtoull(number ? text : item->valuestring, &p, 10), SECONDS_MAX) * NS_PER_S;
    for (p += *p == '.'; isdigit((unsigned char)*p); p++)
        *ns += (uint64_t)(*p - '0') * (place_ns /= 10);
    seconds_text(*ns, text);
    return number ? strtod(text, NULL) == value : strcmp(text, item->valuestring) == 0;
}

void json_seconds(struct json_walk *walk, const char *path, uint64_t *ns, uint64_t most_ns)
{
    uint64_t number = 0;
    const cJSON *item = member(walk, path, NULL, "");
    if (walk->writing)
        json_put_seconds(walk, path, *ns);
    else if (item && !ns_of(item, &number))
        json_fail(walk, path, "not a time in seconds, to 1 ns");
    else if (item && number > most_ns)
        json_fail(walk, path, "longer than %" PRIu64 " s", most_ns / NS_PER_S);
    else if (item)
        *ns = number;
}

/* --- Strings --- */

void json_put_string(struct json_walk *walk, const char *path, const char *string)
{
    struct buffer clean;
    buffer_init(&clean, 3 * strlen(string) + 1);
    if (utf8_append_clean(&clean, text_of(string), SIZE_MAX))
        walk->failed = true;
    put(walk, path, cJSON_CreateString(buffer_text(&clean).data));
    buffer_free(&clean);
}

const char *json_string(struct json_walk *walk, const char *path)
{
    const cJSON *item = member(walk, path, cJSON_IsString, "not a string");
    return item ? item->valuestring : "";
}

void json_text(struct json_walk *walk, const char *path, char *text, size_t size)
{
    const char *string = json_string(walk, path);
    if (walk->writing)
        json_put_string(walk, path, text);
    else if (strlen(string) < size)
        snprintf(text, size, "%s", string);
    else
        json_fail(walk, path, "longer than %zu bytes", size - 1);
}

static bool is_line(const char *string)
{
    while (*string && !iscntrl((unsigned char)*string))
        string++;
    return !*string;
}

void json_line(struct json_walk *walk, const char *path, char *text, size_t size)
{
    json_text(walk, path, text, size);
    if (!walk->writing && !walk->failed && !is_line(text))
        json_fail(walk, path, "a control character stands in it");
}

/* "closed, open or hold" */
static void list_names(const char *const *names, char *out, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; names[i] && used < size; i++) {
        const char *before = i == 0 ? "" : names[i + 1] ? ", " : " or ";
        used += (size_t)snprintf(out + used, size - used, "%s%s", before, names[i]);
    }
}

void json_choice(struct json_walk *walk, const char *path, const char *const *names,
                 unsigned *index)
{
    char list[512];
    if (walk->writing) {
        json_put_string(walk, path, names[*index]);
        return;
    }
    const char *string = json_string(walk, path);
    for (unsigned i = 0; names[i]; i++) {
        if (strcmp(names[i], string) == 0) {
            *index = i;
            return;
        }
    }
    list_names(names, list, sizeof(list));
    if (is_line(string) && strlen(string) <= QUOTED_MAX)
        json_fail(walk, path, "'%s': use %s", string, list);
    else
        json_fail(walk, path, "use %s", list);
}

/* --- Arrays and objects --- */

/* The array at PATH: a new one when writing, else one of at most MOST items. NULL after a failure.
 */
static cJSON *array_at(struct json_walk *walk, const char *path, size_t most)
{
    if (walk->writing)
        return put(walk, path, cJSON_CreateArray());
    cJSON *array = member(walk, path, cJSON_IsArray, "not an array");
    if (!array || (size_t)cJSON_GetArraySize(array) <= most)
        return array;
    json_fail(walk, path, "more than %zu items", most);
    return NULL;
}

/* Makes paths lead from OBJECT, which is called NAME here. False after a failure. */
static bool enter(struct json_walk *walk, const char *name, cJSON *object, struct json_place *outer)
{
    *outer = walk->at;
    if (!cJSON_IsObject(object))
        json_fail(walk, name, "not an object");
    walk->at.object = object;
    snprintf(walk->at.text, sizeof(walk->at.text), "%.50s%.40s.", outer->text, name);
    return !walk->failed;
}

bool json_enter(struct json_walk *walk, const char *name, struct json_place *outer)
{
    bool twice = false;
    cJSON *object;
    if (walk->writing)
        object = cJSON_AddObjectToObject(walk->at.object, name);
    else
        object = find_name(walk->at.object, text_of(name), &twice);
    walk->failed |= walk->writing && !object;
    if (twice)
        json_fail(walk, name, "there are two of it");
    return object && !walk->failed && enter(walk, name, object, outer);
}

void json_fold(struct json_walk *walk, const char *before)
{
    cJSON *object = walk->at.object;
    char *text = cJSON_PrintUnformatted(object);
    size_t size = strlen(before) + (text ? strlen(text) : 0) + 1;
    char *line = text ? cJSON_malloc(size) : NULL;
    if (line) {
        snprintf(line, size, "%s%s", before, text);
        cJSON_Delete(object->child);
        object->child = NULL;
        object->type = cJSON_Raw;
        object->valuestring = line;
    } else {
        walk->failed = true;
    }
    cJSON_free(text);
}

static void walk_item(struct json_walk *walk, const struct json_array *array, cJSON *item,
                      void *into, size_t index)
{
    char name[NAME_SIZE];
    struct json_place outer;
    snprintf(name, sizeof(name), "%.40s[%zu]", array->path, index);
    if (!enter(walk, name, item, &outer))
        return;
    array->item(walk, into, index);
    if (walk->writing && array->lines)
        json_fold(walk, "\n\t\t\t");
    walk->at = outer;
}

void json_items(struct json_walk *walk, const struct json_array *array, void *into, size_t *count)
{
    cJSON *items = array_at(walk, array->path, array->most);
    if (walk->writing) {
        for (size_t i = 0; i < *count && !walk->failed; i++)
            walk_item(walk, array, append(walk, items, cJSON_CreateObject()), into, i);
        return;
    }
    *count = 0;
    for (cJSON *item = items ? items->child : NULL; item && !walk->failed; item = item->next) {
        walk_item(walk, array, item, into, *count);
        *count += !walk->failed;
    }
}
