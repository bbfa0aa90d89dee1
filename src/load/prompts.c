#include "wsload/load/prompts.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wsload/base/file.h"
#include "wsload/base/utf8.h"
#include "wsload/protocol/json_text.h"

#define FILE_SIZE_MAX UINT32_MAX

#define SMALLEST_CAPACITY 64

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

/* Where a load stands. */
struct loader {
    struct prompts *prompts;
    size_t capacity;   /* of prompts->items */
    const char *path;  /* as errors name it */
    const char *field; /* NULL: the usual ones */
    size_t line;
    struct error *error;
};

static int line_error(const struct loader *loader, const char *what)
{
    return error_set(loader->error, "%s: line %zu: %s", loader->path, loader->line, what);
}

static int out_of_memory(const struct loader *loader)
{
    return line_error(loader, "out of memory");
}

/* --- One prompt --- */

/* An escaped text that differs goes into prompts->escapes, which may move while it grows: its place
 * is left NULL until link_escapes(). */
static int escape(struct prompts *prompts, struct prompt *prompt)
{
    size_t start = prompts->escapes.length;
    if (!json_escape_needed(prompt->text)) {
        prompt->escaped = prompt->text;
        return 0;
    }
    if (json_escape(&prompts->escapes, prompt->text))
        return -1;
    prompt->escaped = (struct text){NULL, prompts->escapes.length - start};
    return 0;
}

/* Escaped texts stand in prompts->escapes in the order of their prompts. */
static void link_escapes(struct prompts *prompts)
{
    const char *next = prompts->escapes.data;
    for (size_t i = 0; i < prompts->count; i++) {
        struct text *escaped = &prompts->items[i].escaped;
        if (!escaped->data) {
            escaped->data = next;
            next += escaped->length;
        }
    }
}

static int add_prompt(struct loader *loader, struct text text)
{
    struct prompts *prompts = loader->prompts;
    if (prompts->count == loader->capacity) {
        size_t capacity = loader->capacity == 0 ? SMALLEST_CAPACITY : loader->capacity * 2;
        struct prompt *items = reallocarray(prompts->items, capacity, sizeof(*items));
        if (!items)
            return out_of_memory(loader);
        prompts->items = items;
        loader->capacity = capacity;
    }
    struct prompt *prompt = &prompts->items[prompts->count++];
    *prompt = (struct prompt){.text = text, .line = loader->line};
    return escape(prompts, prompt) == 0 ? 0 : out_of_memory(loader);
}

/* --- JSON lines --- */

/* The member with the prompt, or NULL with an error that says which ones were looked for. */
static const cJSON *find_member(const struct loader *loader, const cJSON *object)
{
    const char *name = loader->field ? loader->field : "prompt";
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);
    if (!member && !loader->field) {
        name = "Question";
        member = cJSON_GetObjectItemCaseSensitive(object, name);
    }
    if (cJSON_IsString(member))
        return member;
    if (member)
        error_set(loader->error,
                  "%s: line %zu: member '%s' is not a string; name another one with --prompt-field",
                  loader->path, loader->line, name);
    else if (loader->field)
        error_set(loader->error,
                  "%s: line %zu: no member '%s'; name the right one with --prompt-field",
                  loader->path, loader->line, name);
    else
        line_error(loader,
                   "no member 'prompt' or 'Question'; name the right one with --prompt-field");
    return NULL;
}

/* The whole of LINE as a JSON object, or NULL. */
static cJSON *parse_object(struct text line)
{
    const char *end = NULL;
    cJSON *json = cJSON_ParseWithLengthOpts(line.data, line.length, &end, false);
    if (cJSON_IsObject(json) && end == line.data + line.length)
        return json;
    cJSON_Delete(json);
    return NULL;
}

/* Adds the prompt in LINE. It is written over the line that it was read from, so that prompts->raw
 * owns it: no escape in JSON is shorter than what it stands for. */
static int add_json_line(struct loader *loader, char *start, struct text line)
{
    cJSON *object = parse_object(line);
    if (!object)
        return line_error(loader, "not a JSON object; a .jsonl file has one on each line");
    if (json_has_escaped_nul(line)) {
        cJSON_Delete(object);
        return line_error(loader, "a NUL (\\u0000), which no prompt can hold; take it out");
    }
    const cJSON *member = find_member(loader, object);
    if (!member) {
        cJSON_Delete(object);
        return -1;
    }
    size_t length = strlen(member->valuestring);
    memcpy(start, member->valuestring, length);
    cJSON_Delete(object);
    return add_prompt(loader, (struct text){start, length});
}

/* --- The file --- */

static int add_line(struct loader *loader, char *start, size_t length, bool json)
{
    struct text line = {start, length};
    if (memchr(start, '\0', length))
        return line_error(loader, "a NUL byte: this is no text; save the file as UTF-8");
    if (!utf8_valid(line))
        return line_error(loader, "not valid UTF-8; save the file as UTF-8");
    line = text_trim(line);
    if (line.length == 0)
        return 0;
    return json ? add_json_line(loader, start, line) : add_prompt(loader, line);
}

static int add_lines(struct loader *loader, bool json)
{
    struct buffer *raw = &loader->prompts->raw;
    char *next = raw->data;
    char *end = raw->data + raw->length;
    if (text_begins(buffer_text(raw), BYTE_ORDER_MARK))
        next += strlen(BYTE_ORDER_MARK);
    while (next < end) {
        char *line_end = memchr(next, '\n', (size_t)(end - next));
        if (!line_end)
            line_end = end;
        loader->line++;
        if (add_line(loader, next, (size_t)(line_end - next), json))
            return -1;
        next = line_end + 1;
    }
    return 0;
}

static int read_raw(struct loader *loader, const char *path)
{
    if (file_read(path, &loader->prompts->raw, loader->error) == 0)
        return 0;
    if (strcmp(path, "-") != 0 && access(path, F_OK) && errno == ENOENT)
        return error_set(loader->error,
                         "%s: %s; give the file of prompts as the second argument, or create it",
                         path, strerror(ENOENT));
    return -1;
}

static bool has_suffix(const char *path, const char *suffix)
{
    size_t length = strlen(path);
    return length >= strlen(suffix) && strcmp(path + length - strlen(suffix), suffix) == 0;
}

static int load(struct loader *loader, const char *path)
{
    if (read_raw(loader, path) || add_lines(loader, has_suffix(path, ".jsonl")))
        return -1;
    if (loader->prompts->count == 0)
        return error_set(loader->error, "%s: no prompts in it; write one on each line",
                         loader->path);
    link_escapes(loader->prompts);
    return 0;
}

int prompts_load(struct prompts *prompts, const char *path, const char *field, struct error *error)
{
    struct loader loader = {
        .prompts = prompts,
        .path = strcmp(path, "-") == 0 ? "standard input" : path,
        .field = field,
        .error = error,
    };
    *prompts = (struct prompts){0};
    buffer_init(&prompts->raw, FILE_SIZE_MAX);
    buffer_init(&prompts->escapes, SIZE_MAX);
    if (load(&loader, path) == 0)
        return 0;
    prompts_free(prompts);
    return -1;
}

void prompts_free(struct prompts *prompts)
{
    free(prompts->items);
    buffer_free(&prompts->raw);
    buffer_free(&prompts->escapes);
    *prompts = (struct prompts){0};
}
