#include "wsload/protocol/template.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/base/helpers.h"
#include "wsload/base/text.h"

#define RUN_ID_HEX  8  /* digits of a uint32_t */
#define SEQ_HEX_MAX 16 /* digits of a uint64_t */

#define NAME_SHOWN_MAX 40 /* characters of an unknown name that an error repeats */
#define NEAREST_MAX    64 /* bytes of one that may be a misspelling of another */

#define LIST_MAX 600 /* bytes of names that an error lists */

#define RAW ":raw" /* after the name of a column: its text as it is */

/* What a part of a template is made of. */
enum form {
    FORM_LITERAL,
    FORM_TEXT,
    FORM_NUMBER,
    FORM_ID,
    FORM_COLUMN,
    FORM_COLUMN_RAW,
    FORM_FIELD,
    FORM_FIELD_RAW
};

struct template_part {
    enum form form;
    struct text literal;
    size_t place; /* of a text or number in struct template_values; the number of a column or
                     field */
};

#define PLACE(member) offsetof(struct template_values, member)

static const struct variable_name {
    const char *name;
    enum template_variable variable;
    enum form form;
    size_t place; /* in struct template_values, of its text or number */
} variable_names[] = {
    {"prompt", TEMPLATE_PROMPT, FORM_TEXT, PLACE(prompt_escaped)},
    {"prompt:raw", TEMPLATE_PROMPT_RAW, FORM_TEXT, PLACE(prompt)},
    {"prompt:part", TEMPLATE_PART, FORM_TEXT, PLACE(part)},
    {"part", TEMPLATE_PART_INDEX, FORM_NUMBER, PLACE(part_index)},
    {"id", TEMPLATE_ID, FORM_ID, 0},
    {"seq", TEMPLATE_SEQ, FORM_NUMBER, PLACE(seq)},
    {"timestamp", TEMPLATE_TIMESTAMP, FORM_NUMBER, PLACE(unix_ms)},
    {"connection", TEMPLATE_CONNECTION, FORM_NUMBER, PLACE(connection)},
    {"connectionId", TEMPLATE_CONNECTION_ID, FORM_TEXT, PLACE(connection_id)},
    {"requestId", TEMPLATE_REQUEST_ID, FORM_TEXT, PLACE(request_id)},
    {"token", TEMPLATE_TOKEN, FORM_TEXT, PLACE(token)},
    {"correlation", TEMPLATE_CORRELATION, FORM_TEXT, PLACE(correlation)},
};

#define VARIABLE_COUNT (ARRAY_LENGTH(variable_names))

/* --- Names --- */

static const struct variable_name *find_name(struct text name)
{
    for (size_t i = 0; i < VARIABLE_COUNT; i++) {
        if (text_equal(name, text_of(variable_names[i].name)))
            return &variable_names[i];
    }
    return NULL;
}

bool template_column_valid(const char *name)
{
    static const unsigned taken = TEMPLATE_CLIENT_VARIABLES | TEMPLATE_PART | TEMPLATE_PART_INDEX;
    const struct variable_name *known = find_name(text_of(name));
    return name[0] != '\0' && text_made_of(text_of(name), "_-.") &&
           (!known || (known->variable & taken) == 0);
}

static const struct template_fields *fields_of(const struct template_scope *scope)
{
    static const struct template_fields none;
    return scope->fields ? scope->fields : &none;
}

/* The number of NAME in NAMES, or COUNT. */
static size_t find_own(const char *const *names, size_t count, struct text name)
{
    size_t i = 0;
    while (i < count && !text_equal(name, text_of(names[i])))
        i++;
    return i;
}

/* NAME without the ":raw" at its end, if it has one. */
static struct text without_raw(struct text name)
{
    return (struct text){name.data, name.length - (text_ends(name, RAW) ? strlen(RAW) : 0)};
}

/* --- What an error offers --- */

/* The names of SCOPE's variables, its columns apart. */
static size_t offered_names(const struct template_scope *scope, const char *names[VARIABLE_COUNT])
{
    size_t count = 0;
    for (size_t i = 0; i < VARIABLE_COUNT; i++) {
        if ((scope->variables & variable_names[i].variable) != 0)
            names[count++] = variable_names[i].name;
    }
    return count;
}

/* Appends COUNT names to LIST, those apart that mean a variable of HIDDEN. When they do not all
 * fit, the last words are an ellipsis. */
static void list_names(struct buffer *list, const char *const *names, size_t count, unsigned hidden)
{
    static const char more[] = ", ...";
    for (size_t i = 0; i < count; i++) {
        const struct variable_name *known = find_name(text_of(names[i]));
        if (known && (known->variable & hidden) != 0)
            continue;
        const char *comma = list->length > 0 ? ", " : "";
        size_t length = list->length + strlen(comma) + strlen(names[i]) + strlen("{{}}");
        if (length + strlen(more) > list->maximum) {
            buffer_append(list, more, strlen(more));
            list->maximum = list->length;
            return;
        }
        buffer_printf(list, "%s{{%s}}", comma, names[i]);
    }
}

static int unknown_variable(struct text name, const struct template_scope *scope,
                            struct error *error)
{
    const char *names[VARIABLE_COUNT];
    size_t count = offered_names(scope, names);
    const struct template_fields *fields = fields_of(scope);
    const char *nearest = NULL;
    char word[NEAREST_MAX + 1];
    if (text_copy(name, word, sizeof(word)) == 0 && !(nearest = text_nearest(word, names, count))) {
        word[without_raw(name).length] = '\0';
        nearest = text_nearest(word, scope->columns, scope->column_count);
        if (!nearest)
            nearest = text_nearest(word, fields->names, fields->count);
    }
    struct buffer shown;
    buffer_init(&shown, NAME_SHOWN_MAX * 4);
    utf8_append_clean(&shown, name, NAME_SHOWN_MAX);
    struct buffer list;
    buffer_init(&list, LIST_MAX);
    list_names(&list, names, count, 0);
    list_names(&list, scope->columns, scope->column_count, 0);
    list_names(&list, fields->names, fields->count, scope->variables);
    error_set(error, "unknown variable {{%s}}; there are %s%s%s%s", buffer_text(&shown).data,
              list.length > 0 ? list.data : "none", nearest ? "; did you mean {{" : "",
              nearest ? nearest : "", nearest ? "}} ?" : "");
    buffer_free(&shown);
    buffer_free(&list);
    return -1;
}

/* --- Compiling --- */

/* The place of field I, which is used from now on. */
static size_t place_of(struct template_fields *fields, size_t i)
{
    if (fields->places[i] == 0)
        fields->places[i] = ++fields->used;
    return fields->places[i] - 1;
}

/* Makes PART, of TEMPLATE, the caller's own variable called NAME. */
static int find_callers(struct template *template, struct template_part *part, struct text name,
                        const struct template_scope *scope, struct error *error)
{
    struct text bare = without_raw(name);
    bool raw = scope->columns_raw || bare.length < name.length;
    size_t column = find_own(scope->columns, scope->column_count, bare);
    size_t field = find_own(fields_of(scope)->names, fields_of(scope)->count, bare);
    bool is_column = column < scope->column_count;
    bool is_field = field < fields_of(scope)->count;
    if (is_column && is_field)
        return error_set(error,
                         "{{%.*s}} is a column of the users and a field of the prompts; rename one",
                         TEXT_ARGS(bare));
    if (is_column) {
        *part = (struct template_part){raw ? FORM_COLUMN_RAW : FORM_COLUMN, .place = column};
        template->variables |= raw ? TEMPLATE_COLUMN_RAW : TEMPLATE_COLUMN;
    } else if (is_field) {
        *part = (struct template_part){raw ? FORM_FIELD_RAW : FORM_FIELD,
                                       .place = place_of(scope->fields, field)};
        template->variables |= TEMPLATE_FIELD;
    }
    return is_column || is_field ? 0 : unknown_variable(name, scope, error);
}

/* Makes PART, of TEMPLATE, the variable called NAME. */
static int find_variable(struct template *template, struct template_part *part, struct text name,
                         const struct template_scope *scope, struct error *error)
{
    const struct variable_name *known = find_name(name);
    if (!known || (scope->variables & known->variable) == 0)
        return find_callers(template, part, name, scope, error);
    *part = (struct template_part){.form = known->form, .place = known->place};
    template->variables |= known->variable;
    return 0;
}

/* The first MARK ("{{" or "}}") in TEXT, or its length. */
static size_t find_mark(struct text text, const char *mark)
{
    const char *found = memmem(text.data, text.length, mark, 2);
    return found ? (size_t)(found - text.data) : text.length;
}

/* Reads into PART, of TEMPLATE, the variable that REST begins with, and moves REST past it. */
static int read_variable(struct template *template, struct template_part *part, struct text *rest,
                         const struct template_scope *scope, struct error *error)
{
    struct text inside = text_after(*rest, 2);
    size_t length = find_mark(inside, "}}");
    if (length == inside.length)
        return error_set(error, "a variable begins with {{ and does not end; close it with }}");
    *rest = text_after(inside, length + 2);
    struct text name = text_trim((struct text){inside.data, length});
    return find_variable(template, part, name, scope, error);
}

/* How many parts TEXT can have: each variable, and a literal before each and after the last. */
static size_t part_bound(struct text text)
{
    size_t bound = 1;
    for (size_t at; (at = find_mark(text, "{{")) < text.length; text = text_after(text, at + 2))
        bound += 2;
    return bound;
}

static int read_parts(struct template *template, struct text rest,
                      const struct template_scope *scope, struct error *error)
{
    while (rest.length > 0) {
        struct template_part *part = &template->parts[template->count++];
        size_t length = find_mark(rest, "{{");
        if (length > 0) {
            part->literal = (struct text){rest.data, length};
            rest = text_after(rest, length);
        } else if (read_variable(template, part, &rest, scope, error)) {
            return -1;
        }
    }
    return 0;
}

int template_compile(struct template *template, struct text text,
                     const struct template_scope *scope, struct error *error)
{
    *template = (struct template){
        .parts = calloc(part_bound(text), sizeof(struct template_part)),
        .literals = malloc(text.length + 1),
    };
    if (!template->parts || !template->literals) {
        template_free(template);
        return error_set(error, "out of memory");
    }
    memcpy(template->literals, text.data, text.length);
    text.data = template->literals;
    if (read_parts(template, text, scope, error)) {
        template_free(template);
        return -1;
    }
    template->begins_with_variable = template->count > 0 && template->parts[0].form != FORM_LITERAL;
    return 0;
}

void template_free(struct template *template)
{
    free(template->parts);
    free(template->literals);
    *template = (struct template){0};
}

/* --- Rendering --- */

/* What PART, no number and no id, is. */
static struct text text_of_part(const struct template_part *part,
                                const struct template_values *values)
{
    switch (part->form) {
    case FORM_TEXT:
        return *(const struct text *)((const char *)values + part->place);
    case FORM_COLUMN:
        return values->columns[part->place].escaped;
    case FORM_COLUMN_RAW:
        return values->columns[part->place].text;
    case FORM_FIELD:
        return values->fields ? values->fields[part->place].escaped : TEXT("");
    case FORM_FIELD_RAW:
        return values->fields ? values->fields[part->place].text : TEXT("");
    default:
        return part->literal;
    }
}

static size_t part_length_bound(const struct template_part *part,
                                const struct template_values *values)
{
    if (part->form == FORM_ID)
        return TEMPLATE_ID_SIZE;
    return part->form == FORM_NUMBER ? TEXT_DECIMAL_MAX : text_of_part(part, values).length;
}

size_t template_bound(const struct template *template, const struct template_values *values)
{
    size_t bound = 0;
    for (size_t i = 0; i < template->count; i++)
        bound += part_length_bound(&template->parts[i], values);
    return bound;
}

/* Writes at least DIGITS digits at OUT and returns the place after them. */
static char *put_hex(char *out, uint64_t number, unsigned digits)
{
    while (digits < SEQ_HEX_MAX && number >> (4 * digits) != 0)
        digits++;
    while (digits-- > 0)
        *out++ = "0123456789abcdef"[(number >> (4 * digits)) & 0xF];
    return out;
}

/* The run id keeps its zeros, so that the ids of a run look alike. */
size_t template_id(uint32_t run_id, uint64_t seq, char out[TEMPLATE_ID_SIZE])
{
    char *end = put_hex(out, run_id, RUN_ID_HEX);
    *end++ = '-';
    return (size_t)(put_hex(end, seq, 1) - out);
}

/* At most 16 digits, in the case that put_hex() writes. */
static bool read_hex(struct text text, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < text.length; i++) {
        int digit = text_hex_digit(text.data[i]);
        if (digit < 0 || (text.data[i] >= 'A' && text.data[i] <= 'F'))
            return false;
        *number = *number << 4 | (uint64_t)digit;
    }
    return text.length > 0 && text.length <= 16;
}

bool template_id_read(struct text text, uint32_t *run_id, uint64_t *seq)
{
    uint64_t run;
    /* Numbers are from 1, without zeros in front. */
    if (text.length <= RUN_ID_HEX + 1 || text.data[RUN_ID_HEX] != '-' ||
        text.data[RUN_ID_HEX + 1] == '0' || !read_hex((struct text){text.data, RUN_ID_HEX}, &run) ||
        !read_hex(text_after(text, RUN_ID_HEX + 1), seq))
        return false;
    *run_id = (uint32_t)run;
    return true;
}

/* Writes PART at OUT and returns the place after it. */
static char *put_part(char *out, const struct template_part *part,
                      const struct template_values *values)
{
    if (part->form == FORM_ID)
        return out + template_id(values->run_id, values->seq, out);
    if (part->form == FORM_NUMBER)
        return text_put_decimal(out, *(const uint64_t *)((const char *)values + part->place));
    struct text text = text_of_part(part, values);
    if (text.length > 0)
        memcpy(out, text.data, text.length);
    return out + text.length;
}

size_t template_render(const struct template *template, const struct template_values *values,
                       char *out)
{
    char *end = out;
    for (size_t i = 0; i < template->count; i++)
        end = put_part(end, &template->parts[i], values);
    return (size_t)(end - out);
}
