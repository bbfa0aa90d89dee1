#include "wsload/load/steps.h"

#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/base/file.h"
#include "wsload/base/text.h"
#include "wsload/protocol/json_text.h"

#define FILE_SIZE_MAX  (1u << 20)
#define NAME_SHOWN_MAX 40 /* characters of an unknown name that an error repeats */

enum list_member { ON_CONNECT, BEFORE_REQUEST, LIST_COUNT };
enum step_member { SEND, EXPECT, PARTS_OF, PART_CHARACTERS, STEP_MEMBER_COUNT };

static const char *const list_names[LIST_COUNT] = {"on_connect", "before_request"};
static const char *const step_names[STEP_MEMBER_COUNT] = {"send", "expect", "parts_of",
                                                          "part_characters"};

/* Before the first prompt there is none to split, nor a row of it, nor a number of a request. */
static const struct list_rules {
    size_t members; /* so many of step_names its steps may have */
    unsigned variables;
    bool may_only_wait;
} list_rules[LIST_COUNT] = {
    {PARTS_OF, TEMPLATE_CONNECTION_VARIABLES, true},
    {STEP_MEMBER_COUNT, TEMPLATE_CLIENT_VARIABLES | TEMPLATE_PART | TEMPLATE_PART_INDEX, false},
};

/* Steps on their way from JSON. */
struct reading {
    struct json_paths *paths;
    const struct template_scope *columns;
    const struct list_rules *rules;          /* of the list that is read */
    const cJSON *members[STEP_MEMBER_COUNT]; /* of the step that is read; NULL: not there */
    struct step *step;
    struct error *error;
};

/* --- Members --- */

static int unknown_member(const char *name, const char *const *names, size_t count,
                          struct error *error)
{
    const char *nearest = text_nearest(name, names, count);
    struct buffer message;
    buffer_init(&message, sizeof(error->text));
    buffer_printf(&message, "unknown member '");
    utf8_append_clean(&message, text_of(name), NAME_SHOWN_MAX);
    for (size_t i = 0; i < count; i++)
        buffer_printf(&message, "%s'%s'", i == 0 ? "'; there are " : ", ", names[i]);
    if (nearest)
        buffer_printf(&message, "; did you mean '%s' ?", nearest);
    error_set(error, "%s", buffer_text(&message).data);
    buffer_free(&message);
    return -1;
}

/* Sorts the members of OBJECT into FOUND by their NAMES; no others may be there. */
static int find_members(const cJSON *object, const char *const *names, size_t count,
                        const cJSON **found, struct error *error)
{
    const cJSON *member;
    cJSON_ArrayForEach(member, object)
    {
        size_t i = 0;
        while (i < count && strcmp(member->string, names[i]) != 0)
            i++;
        if (i == count)
            return unknown_member(member->string, names, count, error);
        if (found[i])
            return error_set(error, "member '%s' comes twice", names[i]);
        found[i] = member;
    }
    return 0;
}

/* The text of MEMBER into TEXT: unchanged when it is not there. */
static int read_string(const struct reading *reading, enum step_member member, const char **text)
{
    const cJSON *json = reading->members[member];
    if (!json)
        return 0;
    if (!cJSON_IsString(json))
        return error_set(reading->error, "member '%s' is not a string", step_names[member]);
    *text = json->valuestring;
    return 0;
}

static int read_template(const struct reading *reading, enum step_member member, const char *text,
                         unsigned variables, struct template *template)
{
    struct template_scope scope = *reading->columns;
    scope.variables = variables;
    if (reading->rules == &list_rules[ON_CONNECT])
        scope.fields = NULL;
    if (template_compile(template, text_of(text), &scope, reading->error) == 0)
        return 0;
    return error_prefix(reading->error, "'%s'", step_names[member]);
}

/* --- A step --- */

static int read_send(struct reading *reading)
{
    struct step *step = reading->step;
    const char *text = NULL;
    if (read_string(reading, SEND, &text))
        return -1;
    step->sends = text;
    if (step->sends)
        return read_template(reading, SEND, text, reading->rules->variables, &step->message);
    if (!reading->rules->may_only_wait)
        return error_set(reading->error, "no member 'send'; only a step of on_connect may do no "
                                         "more than wait");
    if (!reading->members[EXPECT])
        return error_set(reading->error, "neither 'send' nor 'expect': there is nothing to do");
    return 0;
}

static int read_expect(struct reading *reading)
{
    struct step *step = reading->step;
    const char *text = NULL;
    if (read_string(reading, EXPECT, &text))
        return -1;
    step->waits = text;
    if (!step->waits)
        return 0;
    step->expect_text = strdup(text);
    if (!step->expect_text)
        return error_set(reading->error, "out of memory");
    if (rule_parse(step->expect_text, reading->paths, &step->expect, reading->error) == 0)
        return 0;
    return error_prefix(reading->error, "'%s'", step_names[EXPECT]);
}

static int read_part_characters(const struct reading *reading, size_t *characters)
{
    const cJSON *json = reading->members[PART_CHARACTERS];
    if (!json)
        return 0;
    if (!cJSON_IsNumber(json) || json->valueint < 1 || json->valuedouble != json->valueint)
        return error_set(reading->error, "member '%s' is not a whole number of at least 1",
                         step_names[PART_CHARACTERS]);
    *characters = (size_t)json->valueint;
    return 0;
}

/* What is only of use in a step that is repeated for each part. */
static int refuse_parts(const struct reading *reading)
{
    for (enum step_member member = PARTS_OF; member < STEP_MEMBER_COUNT; member++) {
        if (reading->members[member])
            return error_set(reading->error, "member '%s' needs {{prompt:part}} in 'send'",
                             step_names[member]);
    }
    if (reading->step->message.variables & TEMPLATE_PART_INDEX)
        return error_set(reading->error, "'send': {{part}} needs {{prompt:part}} beside it");
    return 0;
}

static int read_parts(struct reading *reading)
{
    struct step *step = reading->step;
    const char *text = "{{prompt:raw}}";
    step->parted = step->message.variables & TEMPLATE_PART;
    if (!step->parted)
        return refuse_parts(reading);
    step->part_characters = STEP_PART_CHARACTERS;
    if (read_part_characters(reading, &step->part_characters) ||
        read_string(reading, PARTS_OF, &text))
        return -1;
    return read_template(reading, PARTS_OF, text, TEMPLATE_CLIENT_VARIABLES, &step->parts_of);
}

static int read_step(struct reading *reading, const cJSON *json)
{
    struct error *error = reading->error;
    memset(reading->members, 0, sizeof(reading->members));
    if (!cJSON_IsObject(json))
        error_set(error, "not an object");
    else if (!find_members(json, step_names, reading->rules->members, reading->members, error) &&
             !read_send(reading) && !read_expect(reading) && !read_parts(reading))
        return 0;
    return error_prefix(error, "%s", reading->step->detail);
}

/* --- The file --- */

static int read_list(struct reading *reading, enum list_member which, const cJSON *json,
                     struct step_list *list)
{
    const char *name = list_names[which];
    if (json && !cJSON_IsArray(json))
        return error_set(reading->error, "member '%s' is not an array of steps", name);
    reading->rules = &list_rules[which];
    const cJSON *item;
    cJSON_ArrayForEach(item, json)
    {
        if (list->count == STEPS_MAX)
            return error_set(reading->error, "member '%s' has more than %d steps", name, STEPS_MAX);
        reading->step = &list->items[list->count++];
        snprintf(reading->step->detail, sizeof(reading->step->detail), "%s %u", name,
                 (unsigned)list->count);
        if (read_step(reading, item))
            return -1;
    }
    return 0;
}

static int read_lists(struct steps *steps, const cJSON *json, struct reading *reading)
{
    struct error *error = reading->error;
    const cJSON *found[LIST_COUNT] = {NULL};
    if (!cJSON_IsObject(json))
        return error_set(error, "not a JSON object; write {\"on_connect\": [...], "
                                "\"before_request\": [...]}");
    if (find_members(json, list_names, LIST_COUNT, found, error) ||
        read_list(reading, ON_CONNECT, found[ON_CONNECT], &steps->on_connect))
        return -1;
    return read_list(reading, BEFORE_REQUEST, found[BEFORE_REQUEST], &steps->before_request);
}

/* The whole of TEXT as JSON, or NULL and an error that names the line where it breaks. */
static cJSON *parse_json(struct text text, struct error *error)
{
    const char *end = text.data;
    cJSON *json = cJSON_ParseWithLengthOpts(text.data, text.length, &end, false);
    struct text rest = {end, text.length - (size_t)(end - text.data)};
    size_t line = 1;
    if (json && text_trim(rest).length == 0)
        return json;
    cJSON_Delete(json);
    for (const char *at = text.data; at < end; at++)
        line += *at == '\n';
    error_set(error, "line %zu: not valid JSON", line);
    return NULL;
}

int steps_parse(struct steps *steps, struct text text, const struct template_scope *columns,
                struct json_paths *paths, struct error *error)
{
    struct reading reading = {.paths = paths, .columns = columns, .error = error};
    *steps = (struct steps){0};
    if (json_has_escaped_nul(text))
        return error_set(error, "a NUL (\\u0000), which no step can hold; take it out");
    cJSON *json = parse_json(text, error);
    if (!json)
        return -1;
    int result = read_lists(steps, json, &reading);
    cJSON_Delete(json);
    if (result != 0)
        steps_free(steps);
    return result;
}

int steps_load(struct steps *steps, const char *path, const struct template_scope *columns,
               struct json_paths *paths, struct error *error)
{
    *steps = (struct steps){0};
    if (path[0] == '{')
        return steps_parse(steps, text_of(path), columns, paths, error);
    struct buffer contents;
    buffer_init(&contents, FILE_SIZE_MAX);
    int result = file_read_text(path, &contents, error);
    if (result == 0 && steps_parse(steps, buffer_text(&contents), columns, paths, error))
        result = error_prefix(error, "%s", file_name(path));
    buffer_free(&contents);
    return result;
}

static void free_list(struct step_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        template_free(&list->items[i].message);
        template_free(&list->items[i].parts_of);
        free(list->items[i].expect_text);
    }
}

void steps_free(struct steps *steps)
{
    free_list(&steps->on_connect);
    free_list(&steps->before_request);
    *steps = (struct steps){0};
}

/* --- At work --- */

bool steps_wait_before_request(const struct steps *steps)
{
    for (size_t i = 0; i < steps->before_request.count; i++) {
        if (steps->before_request.items[i].waits)
            return true;
    }
    return false;
}

struct text step_part(struct text text, size_t at, size_t characters)
{
    struct text rest = text_after(text, at);
    size_t length = 0;
    while (characters-- > 0 && length < rest.length) {
        size_t bytes = utf8_character_length(text_after(rest, length));
        length += bytes > 0 ? bytes : 1; /* a byte that is no UTF-8 counts as a character */
    }
    rest.length = length;
    return rest;
}
