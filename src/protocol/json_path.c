#include "wsload/protocol/json_path.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/base/utf8.h"

/* NAME as an index; one that no array can have is none. */
static size_t index_of(struct text name)
{
    size_t index = 0;
    for (size_t i = 0; i < name.length; i++) {
        char c = name.data[i];
        if (c < '0' || c > '9' || index > (JSON_NO_INDEX - 10) / 10)
            return JSON_NO_INDEX;
        index = index * 10 + (size_t)(c - '0');
    }
    return index;
}

/* Cuts "[12]", which AT begins with, to a step. Returns the place behind, or NULL when it is none.
 */
static char *cut_index(char *at, const char *end, struct json_step *step)
{
    char *close = memchr(at, ']', (size_t)(end - at));
    if (!close || close == at + 1)
        return NULL;
    step->name = (struct text){at + 1, (size_t)(close - at - 1)};
    step->index = index_of(step->name);
    return step->index != JSON_NO_INDEX ? close + 1 : NULL;
}

/* Cuts the name at AT, up to a dot or bracket, to a step, and takes its backslashes out where it
 * stands. Returns the place behind, or NULL when the name is empty or ends in the middle of an
 * escape. */
static char *cut_name(char *at, const char *end, struct json_step *step)
{
    char *name = at;
    char *out = at;
    while (at < end && *at != '.' && *at != '[') {
        if (*at == '\\' && ++at == end)
            return NULL;
        *out++ = *at++;
    }
    step->name = (struct text){name, (size_t)(out - name)};
    step->index = index_of(step->name);
    return step->name.length > 0 ? at : NULL;
}

/* Cuts NAMES, up to END, to the steps of PATH. -1 when they are no path. */
static int cut_steps(struct json_path *path, const char *end, struct error *error)
{
    char *at = path->names;
    do {
        struct json_step *step = &path->steps[path->count];
        if (path->count == JSON_STEPS_MAX)
            return error_set(error, "deeper than %d steps", JSON_STEPS_MAX);
        if (at < end && *at == '[')
            at = cut_index(at, end, step);
        else if (path->count == 0)
            at = cut_name(at, end, step);
        else
            at = *at == '.' ? cut_name(at + 1, end, step) : NULL;
        if (!at)
            return error_set(error, "not a path; use names of members with dots between, as in "
                                    "message.status or choices[0].text");
        path->count++;
    } while (at < end);
    return 0;
}

static int compile(struct json_path *path, struct text text, struct error *error)
{
    *path = (struct json_path){0};
    if (!utf8_valid(text))
        return error_set(error, "not UTF-8");
    path->names = malloc(text.length + 1);
    if (!path->names)
        return error_set(error, "out of memory");
    if (text.length > 0)
        memcpy(path->names, text.data, text.length);
    if (cut_steps(path, path->names + text.length, error)) {
        free(path->names);
        return error_prefix(error, "'%.*s'", (int)text.length, text.data);
    }
    return 0;
}

static bool same_path(const struct json_path *a, const struct json_path *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (!text_equal(a->steps[i].name, b->steps[i].name))
            return false;
    }
    return true;
}

static int append(struct json_paths *paths, const struct json_path *path, struct error *error)
{
    if (paths->count == JSON_PATHS_MAX)
        return error_set(error, "more than %d different paths", JSON_PATHS_MAX);
    struct json_path *items;
    items = realloc(paths->items, (paths->count + 1) * sizeof(*items));
    if (!items)
        return error_set(error, "out of memory");
    paths->items = items;
    paths->items[paths->count++] = *path;
    return 0;
}

int json_paths_add(struct json_paths *paths, struct text path, unsigned *index, struct error *error)
{
    unsigned i = 0;
    struct json_path compiled;
    if (compile(&compiled, path, error))
        return -1;
    while (i < paths->count && !same_path(&paths->items[i], &compiled))
        i++;
    if (i < paths->count) {
        free(compiled.names);
    } else if (append(paths, &compiled, error)) {
        free(compiled.names);
        return -1;
    }
    *index = i;
    return 0;
}

void json_paths_free(struct json_paths *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        free(paths->items[i].names);
    free(paths->items);
    *paths = (struct json_paths){0};
}
