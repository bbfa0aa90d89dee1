#include "wsload/load/inputs.h"

#include <cjson/cJSON.h>
#include <csv.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wsload/base/file.h"
#include "wsload/base/text.h"
#include "wsload/protocol/handshake.h"
#include "wsload/protocol/json_text.h"

#define FILE_SIZE_MAX UINT32_MAX
#define COLUMNS_MAX   1000

/* Where a load stands. */
struct loader {
    const char *path; /* as errors name it */
    size_t line;
    struct buffer items; /* struct prompt or struct template_column, those so far */
    struct error *error;
    struct prompts *prompts;
    const char *field; /* of JSON lines; NULL: the usual ones */
    struct users *users;
    struct csv_parser parser;
    size_t columns; /* cells of this line so far */
    bool failed;    /* the error is set, though the parser goes on */
};

static int line_error(struct loader *loader, const char *what)
{
    loader->failed = true;
    return error_set(loader->error, "%s: line %zu: %s", loader->path, loader->line, what);
}

/* Calls TAKE for each line of FILE. */
static int each_line(struct loader *loader, struct text file,
                     int (*take)(struct loader *loader, struct text line))
{
    while (file.length > 0) {
        loader->line++;
        if (take(loader, text_cut(&file, '\n')))
            return -1;
    }
    return 0;
}

/* --- Prompts --- */

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

/* An escaped text that differs goes into prompts->escapes, which may move while it grows: its place
 * is left NULL until link_escapes(). */
static int add_prompt(struct loader *loader, struct text text)
{
    struct buffer *escapes = &loader->prompts->escapes;
    struct prompt prompt = {.text = text, .escaped = text, .line = loader->line};
    size_t start = escapes->length;
    if (json_escape_needed(text)) {
        if (json_escape(escapes, text))
            return line_error(loader, "out of memory");
        prompt.escaped = (struct text){NULL, escapes->length - start};
    }
    if (buffer_append(&loader->items, &prompt, sizeof(prompt)))
        return line_error(loader, "out of memory");
    loader->prompts->count++;
    return 0;
}

/* The member with the prompt, or NULL with an error that says which ones were looked for. */
static const cJSON *find_member(struct loader *loader, const cJSON *object)
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
static int add_json_line(struct loader *loader, struct text line)
{
    cJSON *object = parse_object(line);
    if (!object)
        return line_error(loader, "not a JSON object; a .jsonl file has one on each line");
    int result = -1;
    const cJSON *member = NULL;
    if (json_has_escaped_nul(line))
        line_error(loader, "a NUL (\\u0000), which no prompt can hold; take it out");
    else
        member = find_member(loader, object);
    if (member) {
        char *raw = loader->prompts->raw.data;
        struct text prompt = {line.data, strlen(member->valuestring)};
        memcpy(raw + (line.data - raw), member->valuestring, prompt.length);
        result = add_prompt(loader, prompt);
    }
    cJSON_Delete(object);
    return result;
}

/* A line of text, or, with JSON lines, of JSON. */
static int add_prompt_line(struct loader *loader, struct text line)
{
    line = text_trim(line);
    if (line.length == 0)
        return 0;
    return text_ends(text_of(loader->path), ".jsonl") ? add_json_line(loader, line)
                                                      : add_prompt(loader, line);
}

static int read_raw(struct loader *loader, const char *path)
{
    if (file_read_text(path, &loader->prompts->raw, loader->error) == 0)
        return 0;
    if (strcmp(path, "-") != 0 && access(path, F_OK) && errno == ENOENT)
        return error_set(loader->error,
                         "%s: %s; give the file of prompts as the second argument, or create it",
                         path, strerror(ENOENT));
    return -1;
}

int prompts_load(struct prompts *prompts, const char *path, const char *field, struct error *error)
{
    struct loader loader = {
        .prompts = prompts,
        .path = file_name(path),
        .field = field,
        .error = error,
    };
    *prompts = (struct prompts){0};
    buffer_init(&prompts->raw, FILE_SIZE_MAX);
    buffer_init(&prompts->escapes, SIZE_MAX);
    buffer_init(&loader.items, SIZE_MAX);
    int result = read_raw(&loader, path) ||
                         each_line(&loader, buffer_text(&prompts->raw), add_prompt_line)
                     ? -1
                     : 0;
    if (result == 0 && prompts->count == 0)
        result = error_set(error, "%s: no prompts in it; write one on each line", loader.path);
    prompts->items = (struct prompt *)loader.items.data;
    if (result == 0)
        link_escapes(prompts);
    else
        prompts_free(prompts);
    return result;
}

void prompts_free(struct prompts *prompts)
{
    free(prompts->items);
    buffer_free(&prompts->raw);
    buffer_free(&prompts->escapes);
    *prompts = (struct prompts){0};
}

/* --- Users --- */

static int cell_error(struct loader *loader, const char *what)
{
    loader->failed = true;
    return error_set(loader->error, "%s: line %zu, column %zu: %s", loader->path, loader->line,
                     loader->columns, what);
}

/* The first line may hold secrets, too, when the names were forgotten: it is not repeated. */
static int add_name(struct loader *loader, struct text text)
{
    struct users *users = loader->users;
    char **names = reallocarray(users->names, users->columns + 1, sizeof(*names));
    char *name = strndup(text.data, text.length);
    if (names)
        users->names = names;
    if (!names || !name) {
        free(name);
        return line_error(loader, "out of memory");
    }
    names[users->columns++] = name;
    if (!template_column_valid(name))
        return cell_error(loader,
                          "no name for a variable; the first line names the columns, with letters, "
                          "digits, '_', '-' and '.', and not as one of wsload's own variables");
    for (size_t i = 0; i + 1 < users->columns; i++) {
        if (strcmp(names[i], name) == 0)
            return cell_error(loader, "the name of an earlier column; give each its own");
    }
    return users->columns <= COLUMNS_MAX ? 0 : line_error(loader, "more than 1,000 columns");
}

/* Keeps the lengths only: users->texts may move while it grows, see link_cells(). */
static int add_cell(struct loader *loader, struct text text)
{
    struct buffer *texts = &loader->users->texts;
    size_t start = texts->length + text.length;
    if (buffer_append_text(texts, text) || (json_escape_needed(text) && json_escape(texts, text)))
        return line_error(loader, "out of memory");
    struct template_column cell = {{NULL, text.length}, {NULL, texts->length - start}};
    return buffer_append(&loader->items, &cell, sizeof(cell)) ? line_error(loader, "out of memory")
                                                              : 0;
}

/* Texts stand in the order of their cells, an escaped one that differs after its text. */
static void link_cells(struct users *users)
{
    const char *next = buffer_text(&users->texts).data;
    for (size_t i = 0; i < users->rows * users->columns; i++) {
        struct template_column *cell = &users->cells[i];
        cell->text.data = next;
        next += cell->text.length;
        if (cell->escaped.length == 0)
            cell->escaped = cell->text;
        else
            cell->escaped.data = next;
        next = cell->escaped.data + cell->escaped.length;
    }
}

/* libcsv's callback for a cell; it cannot stop the parser. */
static void take_cell(void *data, size_t length, void *user)
{
    struct loader *loader = user;
    struct text text = {data, length};
    if (loader->failed)
        return;
    loader->columns++;
    if (loader->users->rows == 0)
        add_name(loader, text);
    else
        add_cell(loader, text);
}

static int no_space(unsigned char c)
{
    (void)c;
    return 0; /* RFC 4180: spaces are part of a cell */
}

/* Lines are parsed one by one, so that errors know where they are: a cell cannot hold a line break
 * here, which RFC 4180 would allow between quotes. */
static int parse_line(struct loader *loader, struct text line)
{
    struct csv_parser *parser = &loader->parser;
    if (!header_value_valid(line)) /* cells go into headers */
        return line_error(loader, "a control character, which no cell can hold; take it out");
    loader->columns = 0;
    if (csv_parse(parser, line.data, line.length, take_cell, NULL, loader) != line.length ||
        csv_fini(parser, take_cell, NULL, loader))
        return line_error(loader,
                          csv_error(parser) == CSV_ENOMEM
                              ? "out of memory"
                              : "a quote out of place; a cell with quotes, commas or spaces "
                                "is \"one \"\"cell\"\"\", and ends on its line");
    return loader->failed ? -1 : 0;
}

static int add_user_line(struct loader *loader, struct text line)
{
    struct users *users = loader->users;
    if (line.length == 0)
        return 0;
    if (parse_line(loader, line))
        return -1;
    if (loader->columns != users->columns)
        return error_set(loader->error,
                         "%s: line %zu: the number of cells is %zu, that of columns in the first "
                         "line %zu",
                         loader->path, loader->line, loader->columns, users->columns);
    users->rows++;
    return 0;
}

/* While it is read, the line of names counts as a row. */
static int add_users(struct loader *loader, struct text file)
{
    if (each_line(loader, file, add_user_line))
        return -1;
    if (loader->users->rows < 2)
        return error_set(loader->error,
                         "%s: no user in it; the first line names the columns, each further line "
                         "is a user",
                         loader->path);
    loader->users->rows--;
    return 0;
}

int users_load(struct users *users, const char *path, struct error *error)
{
    struct loader loader = {.users = users, .path = file_name(path), .error = error};
    struct buffer file;
    *users = (struct users){0};
    buffer_init(&users->texts, SIZE_MAX);
    buffer_init(&loader.items, SIZE_MAX);
    buffer_init(&file, FILE_SIZE_MAX);
    int result = file_read_text(path, &file, error);
    if (result == 0) {
        csv_init(&loader.parser, CSV_STRICT | CSV_STRICT_FINI);
        csv_set_space_func(&loader.parser, no_space);
        result = add_users(&loader, buffer_text(&file));
        csv_free(&loader.parser);
    }
    buffer_free(&file);
    users->cells = (struct template_column *)loader.items.data;
    if (result == 0)
        link_cells(users);
    else
        users_free(users);
    return result;
}

const struct template_column *users_row(const struct users *users, uint64_t connection)
{
    if (!users || users->rows == 0)
        return NULL;
    return users->cells + (size_t)(connection % users->rows) * users->columns;
}

void users_free(struct users *users)
{
    for (size_t i = 0; i < users->columns; i++)
        free(users->names[i]);
    free(users->names);
    free(users->cells);
    buffer_free(&users->texts);
    *users = (struct users){0};
}
