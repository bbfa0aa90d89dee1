#include "wsload/load/prompts.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rows.h"
#include "wsload/base/file.h"
#include "wsload/base/helpers.h"
#include "wsload/protocol/json_scan.h"
#include "wsload/protocol/json_text.h"

#define NAMES_SHOWN_MAX 300 /* bytes of names that an error lists, */
#define NAME_SHOWN_MAX  40  /* and characters of each */

#define USUAL_COUNT 2

/* The fields that a prompt is looked for in when none was named. */
static const char *const usual[USUAL_COUNT] = {"prompt", "Question"};

/* Prompts on their way from rows. */
struct reader {
    struct prompts *prompts;
    struct buffer items;       /* struct prompt */
    struct buffer cells;       /* struct template_column */
    struct text *wanted;       /* names of the fields that are used, by place; then of the prompt */
    size_t *columns;           /* their numbers in CSV */
    size_t prompt_column;      /* that of the prompt there */
    size_t wanted_count;       /* with those of the prompt, one or USUAL_COUNT */
    struct json_value *values; /* of the row, one for each that is wanted */
    struct buffer text;        /* what one of them says */
};

struct prompts_form {
    int (*each)(struct text file, row_taker *take, void *reader, struct error *error);
    row_taker *open; /* takes the first row, for the names of the fields; its reader: the prompts */
    row_taker *load; /* takes every row; its reader: a struct reader */
    const char *empty;
};

/* --- Fields --- */

static int add_name(struct prompts *prompts, struct text name, struct error *error)
{
    struct template_fields *fields = &prompts->fields;
    char **names = reallocarray(prompts->names, fields->count + 1, sizeof(*names));
    char *copy = strndup(name.data, name.length);
    if (names)
        prompts->names = names;
    if (!names || !copy) {
        free(copy);
        return error_set(error, "out of memory");
    }
    names[fields->count++] = copy;
    fields->names = (const char *const *)names;
    return 0;
}

/* The number of the field called NAME, or the number of fields. */
static size_t find_field(const struct prompts *prompts, struct text name)
{
    size_t i = 0;
    while (i < prompts->fields.count && !text_equal(name, text_of(prompts->names[i])))
        i++;
    return i;
}

/* "no column 'q'; the first line has 'a', 'b'; name the right one ..." */
static int no_prompt(const struct prompts *prompts, const char *kind, struct error *error)
{
    struct buffer list;
    buffer_init(&list, sizeof(error->text));
    for (size_t i = 0; i < prompts->fields.count && list.length < NAMES_SHOWN_MAX; i++) {
        buffer_printf(&list, "%s'", i ? ", " : "");
        utf8_append_clean(&list, text_of(prompts->names[i]), NAME_SHOWN_MAX);
        buffer_printf(&list, "'");
    }
    if (list.length >= NAMES_SHOWN_MAX)
        buffer_printf(&list, ", ...");
    error_set(error,
              "no %s '%s%s%s'; the first line has %s; name the right one with --prompt-field", kind,
              prompts->field ? prompts->field : usual[0], prompts->field ? "" : "' or '",
              prompts->field ? "" : usual[1], list.length ? list.data : "none");
    buffer_free(&list);
    return -1;
}

/* --- Adding --- */

static int keep(struct reader *reader, struct template_column *cell, struct text text,
                struct error *error)
{
    return cell_keep(cell, &reader->prompts->texts, text) ? error_set(error, "out of memory") : 0;
}

static int add_prompt(struct reader *reader, struct text text, size_t line, struct error *error)
{
    struct template_column cell;
    if (keep(reader, &cell, text, error))
        return -1;
    struct prompt prompt = {cell.text, cell.escaped, line};
    if (buffer_append(&reader->items, &prompt, sizeof(prompt)))
        return error_set(error, "out of memory");
    reader->prompts->count++;
    return 0;
}

static int add_field(struct reader *reader, struct text text, struct error *error)
{
    struct template_column cell;
    if (keep(reader, &cell, text, error))
        return -1;
    return buffer_append(&reader->cells, &cell, sizeof(cell)) ? error_set(error, "out of memory")
                                                              : 0;
}

/* --- JSON lines --- */

/* cJSON looks at all of it, where a scan would pass over what nobody asks for. */
static bool is_object(struct text line)
{
    const char *end = NULL;
    cJSON *json = cJSON_ParseWithLengthOpts(line.data, line.length, &end, false);
    bool whole = cJSON_IsObject(json) && end == line.data + line.length;
    cJSON_Delete(json);
    return whole;
}

static int check_object(struct text line, struct error *error)
{
    if (text_begins(line, "["))
        return error_set(error, "a JSON array; JSON lines have an object on each line, as "
                                "`jq -c '.[]'` makes them");
    if (!is_object(line))
        return error_set(error, "not a JSON object; JSON lines have one on each line");
    if (json_has_escaped_nul(line))
        return error_set(error, "a NUL (\\u0000), which no prompt can hold; take it out");
    return 0;
}

static int add_names_of_object(struct prompts *prompts, struct text line, struct error *error)
{
    struct json_members members = {.document = line};
    struct json_value name = {.kind = JSON_STRING};
    struct json_value unused;
    struct buffer text;
    int result = 0;
    buffer_init(&text, SIZE_MAX);
    while (result == 0 && json_members_next(&members, &name.raw, &unused)) {
        buffer_clear(&text);
        if (json_value_decode(&name, &text))
            result = error_set(error, "out of memory");
        else if (find_field(prompts, buffer_text(&text)) == prompts->fields.count)
            result = add_name(prompts, buffer_text(&text), error);
    }
    buffer_free(&text);
    return result;
}

static int open_objects(void *context, const struct row *row, struct error *error)
{
    if (check_object(row->cells[0], error) || add_names_of_object(context, row->cells[0], error))
        return -1;
    return 1;
}

/* Of duplicates the first counts. */
static void find_values(struct reader *reader, struct text line)
{
    struct json_members members = {.document = line};
    struct text name;
    struct json_value value;
    memset(reader->values, 0, reader->wanted_count * sizeof(*reader->values));
    while (json_members_next(&members, &name, &value)) {
        for (size_t i = 0; i < reader->wanted_count; i++) {
            if (reader->values[i].kind == JSON_ABSENT && json_string_is(name, reader->wanted[i]))
                reader->values[i] = value;
        }
    }
}

/* What VALUE says, until the next call. */
static int decode(struct reader *reader, const struct json_value *value, struct text *text,
                  struct error *error)
{
    buffer_clear(&reader->text);
    if (json_value_decode(value, &reader->text))
        return error_set(error, "out of memory");
    *text = buffer_text(&reader->text);
    return 0;
}

static int add_prompt_of_object(struct reader *reader, size_t line, struct error *error)
{
    size_t i = reader->prompts->fields.used;
    struct text text;
    while (i + 1 < reader->wanted_count && reader->values[i].kind == JSON_ABSENT)
        i++;
    if (reader->values[i].kind == JSON_ABSENT)
        return no_prompt(reader->prompts, "member", error);
    if (reader->values[i].kind != JSON_STRING)
        return error_set(error,
                         "member '%.*s' is not a string; name another one with --prompt-field",
                         TEXT_ARGS(reader->wanted[i]));
    return decode(reader, &reader->values[i], &text, error) || add_prompt(reader, text, line, error)
               ? -1
               : 0;
}

static int add_field_of_object(struct reader *reader, size_t place, struct error *error)
{
    const struct json_value *value = &reader->values[place];
    struct text text;
    if (value->kind == JSON_ABSENT)
        return error_set(error, "no member '%.*s', which a template uses",
                         TEXT_ARGS(reader->wanted[place]));
    if (value->kind == JSON_NULL || value->kind == JSON_ARRAY || value->kind == JSON_OBJECT)
        return error_set(error,
                         "member '%.*s' is no string, number, true or false, and a template uses "
                         "it",
                         TEXT_ARGS(reader->wanted[place]));
    return decode(reader, value, &text, error) || add_field(reader, text, error) ? -1 : 0;
}

static int load_object(void *context, const struct row *row, struct error *error)
{
    struct reader *reader = context;
    if (check_object(row->cells[0], error))
        return -1;
    find_values(reader, row->cells[0]);
    if (add_prompt_of_object(reader, row->line, error))
        return -1;
    for (size_t place = 0; place < reader->prompts->fields.used; place++) {
        if (add_field_of_object(reader, place, error))
            return -1;
    }
    return 0;
}

/* --- CSV --- */

static int open_table(void *context, const struct row *row, struct error *error)
{
    struct prompts *prompts = context;
    for (size_t i = 0; i < row->count; i++) {
        struct text name = text_trim(row->cells[i]);
        if (name.length > 0 && find_field(prompts, name) < i)
            return error_set(error, "column %zu has the name of an earlier one; give each its own",
                             i + 1);
        if (add_name(prompts, name, error))
            return -1;
    }
    return 1;
}

static int find_prompt_column(struct reader *reader, struct error *error)
{
    const struct prompts *prompts = reader->prompts;
    for (size_t i = prompts->fields.used; i < reader->wanted_count; i++) {
        reader->prompt_column = find_field(prompts, reader->wanted[i]);
        if (reader->prompt_column < prompts->fields.count)
            return 0;
    }
    return no_prompt(prompts, "column", error);
}

static int load_table_row(void *context, const struct row *row, struct error *error)
{
    struct reader *reader = context;
    const struct prompts *prompts = reader->prompts;
    if (row->first)
        return find_prompt_column(reader, error);
    if (add_prompt(reader, row->cells[reader->prompt_column], row->line, error))
        return -1;
    for (size_t place = 0; place < prompts->fields.used; place++) {
        if (add_field(reader, row->cells[reader->columns[place]], error))
            return -1;
    }
    return 0;
}

/* --- Text --- */

static int open_lines(void *context, const struct row *row, struct error *error)
{
    struct prompts *prompts = context;
    (void)error;
    prompts->begins_with_object = is_object(row->cells[0]);
    return 1;
}

static int load_line(void *context, const struct row *row, struct error *error)
{
    return add_prompt(context, row->cells[0], row->line, error);
}

/* --- Forms --- */

static const struct prompts_form lines = {rows_of_lines, open_lines, load_line,
                                          "no prompts in it; write one on each line"};

static const struct prompts_form objects = {
    rows_of_lines, open_objects, load_object,
    "no prompts in it; write a JSON object with one on each line"};

static const struct prompts_form table = {
    rows_of_csv, open_table, load_table_row,
    "no prompts in it; the first line names the columns, and each further row has one"};

static const struct prompts_form *choose_form(const struct prompts *prompts)
{
    struct text path = text_of(prompts->path);
    struct text file = text_trim(buffer_text(&prompts->raw));
    bool bracket = text_begins(file, "{") || text_begins(file, "[");
    if (text_ends(path, ".jsonl") || text_ends(path, ".ndjson") || (prompts->field && bracket))
        return &objects;
    return prompts->field || text_ends(path, ".csv") ? &table : &lines;
}

/* --- All --- */

static int read_file(struct prompts *prompts, struct error *error)
{
    const char *path = prompts->path;
    if (file_read_text(path, &prompts->raw, error) == 0)
        return 0;
    if (strcmp(path, "-") != 0 && access(path, F_OK) && errno == ENOENT)
        return error_set(error,
                         "%s: %s; give the file of prompts as the second argument, or create it",
                         path, strerror(ENOENT));
    return -1;
}

static void begin(struct prompts *prompts, const char *path, const char *field)
{
    *prompts = (struct prompts){.path = path, .field = field};
    buffer_init(&prompts->raw, ROWS_FILE_MAX);
    buffer_init(&prompts->texts, SIZE_MAX);
}

/* Its bytes are there. */
static int find_form(struct prompts *prompts, struct error *error)
{
    prompts->form = choose_form(prompts);
    struct text file = buffer_text(&prompts->raw);
    int found = prompts->form->each(file, prompts->form->open, prompts, error);
    if (found == 0)
        found = error_set(error, "%s", prompts->form->empty);
    prompts->fields.places = calloc(prompts->fields.count + 1, sizeof(size_t));
    if (found > 0 && !prompts->fields.places)
        found = error_set(error, "out of memory");
    if (found > 0)
        return 0;
    error_prefix(error, "%s", file_name(prompts->path));
    prompts_free(prompts);
    return -1;
}

int prompts_open(struct prompts *prompts, const char *path, const char *field, struct error *error)
{
    begin(prompts, path, field);
    if (read_file(prompts, error) == 0)
        return find_form(prompts, error);
    prompts_free(prompts);
    return -1;
}

int prompts_open_text(struct prompts *prompts, const char *name, struct text text,
                      struct error *error)
{
    begin(prompts, name, NULL);
    if (buffer_append_text(&prompts->raw, text) == 0)
        return find_form(prompts, error);
    prompts_free(prompts);
    return error_set(error, "%s: it is too long", name);
}

/* What READER looks for in every row. */
static int list_wanted(struct reader *reader, struct error *error)
{
    const struct prompts *prompts = reader->prompts;
    const struct template_fields *fields = &prompts->fields;
    size_t most = fields->used + USUAL_COUNT;
    reader->wanted = calloc(most, sizeof(*reader->wanted));
    reader->columns = calloc(most, sizeof(*reader->columns));
    reader->values = calloc(most, sizeof(*reader->values));
    if (!reader->wanted || !reader->columns || !reader->values)
        return error_set(error, "out of memory");
    for (size_t i = 0; i < fields->count; i++) {
        if (fields->places[i] > 0) {
            reader->wanted[fields->places[i] - 1] = text_of(fields->names[i]);
            reader->columns[fields->places[i] - 1] = i;
        }
    }
    reader->wanted_count = fields->used;
    for (size_t i = 0; i < (prompts->field ? 1 : USUAL_COUNT); i++)
        reader->wanted[reader->wanted_count++] = text_of(prompts->field ? prompts->field
                                                                        : usual[i]);
    return 0;
}

static void link_all(struct prompts *prompts)
{
    const char *next = buffer_text(&prompts->texts).data;
    for (size_t i = 0; i < prompts->count; i++) {
        struct prompt *prompt = &prompts->items[i];
        struct template_column cell = {prompt->text, prompt->escaped};
        next = cell_link(&cell, next);
        prompt->text = cell.text;
        prompt->escaped = cell.escaped;
        for (size_t place = 0; place < prompts->fields.used; place++)
            next = cell_link(&prompts->cells[i * prompts->fields.used + place], next);
    }
}

int prompts_load(struct prompts *prompts, struct error *error)
{
    struct reader reader = {.prompts = prompts};
    struct text file = buffer_text(&prompts->raw);
    buffer_init(&reader.items, SIZE_MAX);
    buffer_init(&reader.cells, SIZE_MAX);
    buffer_init(&reader.text, SIZE_MAX);
    int result = list_wanted(&reader, error);
    if (result == 0)
        result = prompts->form->each(file, prompts->form->load, &reader, error);
    if (result == 0 && prompts->count == 0)
        result = error_set(error, "%s", prompts->form->empty);
    prompts->items = (struct prompt *)reader.items.data;
    prompts->cells = (struct template_column *)reader.cells.data;
    buffer_free(&reader.text);
    free(reader.wanted);
    free(reader.columns);
    free(reader.values);
    if (result) {
        error_prefix(error, "%s", file_name(prompts->path));
        prompts_free(prompts);
        return -1;
    }
    link_all(prompts);
    buffer_free(&prompts->raw);
    return 0;
}

const struct template_column *prompts_fields(const struct prompts *prompts, size_t i)
{
    return prompts->fields.used > 0 ? &prompts->cells[i * prompts->fields.used] : NULL;
}

void prompts_free(struct prompts *prompts)
{
    for (size_t i = 0; i < prompts->fields.count; i++)
        free(prompts->names[i]);
    free(prompts->names);
    free(prompts->fields.places);
    free(prompts->items);
    free(prompts->cells);
    buffer_free(&prompts->texts);
    buffer_free(&prompts->raw);
    *prompts = (struct prompts){0};
}
