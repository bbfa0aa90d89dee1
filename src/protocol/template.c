#include "wsload/protocol/template.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/base/buffer.h"
#include "wsload/base/helpers.h"
#include "wsload/base/utf8.h"

#define RUN_ID_HEX  8  /* digits of a uint32_t */
#define SEQ_HEX_MAX 16 /* digits of a uint64_t */

#define NAME_SHOWN_MAX 40 /* characters of an unknown name that an error repeats */
#define NEAREST_MAX    64 /* bytes of one that may be a slip of another */

#define LIST_MAX 600 /* bytes of names that an error lists */

#define RAW ":raw" /* behind the name of a column: its text as it is */

struct template_part {
    enum template_variable variable; /* 0: a literal */
    struct text literal;
    size_t column; /* of TEMPLATE_COLUMN and TEMPLATE_COLUMN_RAW */
};

static const struct variable_name {
    const char *name;
    enum template_variable variable;
} variable_names[] = {
    {"prompt", TEMPLATE_PROMPT},
    {"prompt:raw", TEMPLATE_PROMPT_RAW},
    {"prompt:part", TEMPLATE_PART},
    {"part", TEMPLATE_PART_INDEX},
    {"id", TEMPLATE_ID},
    {"seq", TEMPLATE_SEQ},
    {"timestamp", TEMPLATE_TIMESTAMP},
    {"connection", TEMPLATE_CONNECTION},
    {"connectionId", TEMPLATE_CONNECTION_ID},
    {"requestId", TEMPLATE_REQUEST_ID},
    {"token", TEMPLATE_TOKEN},
    {"correlation", TEMPLATE_CORRELATION},
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

static bool is_column_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
}

bool template_column_valid(const char *name)
{
    static const unsigned taken = TEMPLATE_CLIENT_VARIABLES | TEMPLATE_PART | TEMPLATE_PART_INDEX;
    const struct variable_name *known = find_name(text_of(name));
    for (size_t i = 0; name[i] != '\0'; i++) {
        if (!is_column_character(name[i]))
            return false;
    }
    return name[0] != '\0' && (!known || (known->variable & taken) == 0);
}

/* NAME without the ":raw" at its end, if it has one. */
static struct text without_raw(struct text name)
{
    size_t raw = strlen(RAW);
    if (name.length >= raw && memcmp(name.data + name.length - raw, RAW, raw) == 0)
        name.length -= raw;
    return name;
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

/* Appends COUNT names to LIST. When they do not all fit, the last words are an ellipsis. */
static void list_names(struct buffer *list, const char *const *names, size_t count)
{
    static const char more[] = ", ...";
    for (size_t i = 0; i < count; i++) {
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

/* The offered name that NAME is a slip of, or NULL. */
static const char *nearest_name(struct text name, const struct template_scope *scope)
{
    const char *names[VARIABLE_COUNT];
    size_t count = offered_names(scope, names);
    char word[NEAREST_MAX + 1] = "";
    if (name.length > NEAREST_MAX)
        return NULL;
    memcpy(word, name.data, name.length);
    const char *nearest[2];
    nearest[0] = text_nearest(word, names, count);
    word[without_raw(name).length] = '\0';
    nearest[1] = text_nearest(word, scope->columns, scope->column_count);
    return nearest[0] ? nearest[0] : nearest[1];
}

static int unknown_variable(struct text name, const struct template_scope *scope,
                            struct error *error)
{
    const char *nearest = nearest_name(name, scope);
    struct buffer shown;
    buffer_init(&shown, NAME_SHOWN_MAX * 4);
    utf8_append_clean(&shown, name, NAME_SHOWN_MAX);
    struct buffer list;
    buffer_init(&list, LIST_MAX);
    const char *names[VARIABLE_COUNT];
    list_names(&list, names, offered_names(scope, names));
    list_names(&list, scope->columns, scope->column_count);
    error_set(error, "unknown variable {{%s}}; there are %s%s%s%s", buffer_text(&shown).data,
              list.length > 0 ? list.data : "none", nearest ? "; did you mean {{" : "",
              nearest ? nearest : "", nearest ? "}} ?" : "");
    buffer_free(&shown);
    buffer_free(&list);
    return -1;
}

/* --- Compiling --- */

/* Makes PART the variable called NAME. */
static int find_variable(struct template_part *part, struct text name,
                         const struct template_scope *scope, struct error *error)
{
    const struct variable_name *known = find_name(name);
    struct text column = without_raw(name);
    if (known && (scope->variables & known->variable) != 0) {
        part->variable = known->variable;
        return 0;
    }
    for (size_t i = 0; i < scope->column_count; i++) {
        if (text_equal(column, text_of(scope->columns[i]))) {
            part->variable = scope->columns_raw || column.length < name.length ? TEMPLATE_COLUMN_RAW
                                                                               : TEMPLATE_COLUMN;
            part->column = i;
            return 0;
        }
    }
    return unknown_variable(name, scope, error);
}

/* The first MARK ("{{" or "}}") in TEXT, or its length. */
static size_t find_mark(struct text text, const char *mark)
{
    const char *found = memmem(text.data, text.length, mark, 2);
    return found ? (size_t)(found - text.data) : text.length;
}

static struct text text_from(struct text text, size_t offset)
{
    return (struct text){text.data + offset, text.length - offset};
}

/* Reads into PART the variable that REST begins with, and moves REST behind it. */
static int read_variable(struct template_part *part, struct text *rest,
                         const struct template_scope *scope, struct error *error)
{
    struct text inside = text_from(*rest, 2);
    size_t length = find_mark(inside, "}}");
    if (length == inside.length)
        return error_set(error, "a variable begins with {{ and does not end; close it with }}");
    *rest = text_from(inside, length + 2);
    return find_variable(part, text_trim((struct text){inside.data, length}), scope, error);
}

/* How many parts TEXT can have: each variable, and a literal before each and behind the last. */
static size_t part_bound(struct text text)
{
    size_t bound = 1;
    for (size_t at; (at = find_mark(text, "{{")) < text.length; text = text_from(text, at + 2))
        bound += 2;
    return bound;
}

static int read_parts(struct template *template, struct text rest,
                      const struct template_scope *scope, struct error *error)
{
    while (rest.length > 0) {
        struct template_part *part = &template->parts[template->count++];
        size_t length = find_mark(rest, "{{");
        *part = (struct template_part){0};
        if (length > 0) {
            part->literal = (struct text){rest.data, length};
            rest = text_from(rest, length);
        } else if (read_variable(part, &rest, scope, error)) {
            return -1;
        }
        template->variables |= part->variable;
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
    return 0;
}

void template_free(struct template *template)
{
    free(template->parts);
    free(template->literals);
    *template = (struct template){0};
}

bool template_uses_any(const struct template *template, unsigned variables)
{
    return (template->variables & variables) != 0;
}

/* --- Rendering --- */

static size_t part_length_bound(const struct template_part *part,
                                const struct template_values *values)
{
    switch (part->variable) {
    case TEMPLATE_PROMPT:
        return values->prompt_escaped.length;
    case TEMPLATE_PROMPT_RAW:
        return values->prompt.length;
    case TEMPLATE_ID:
        return TEMPLATE_ID_SIZE;
    case TEMPLATE_SEQ:
    case TEMPLATE_TIMESTAMP:
    case TEMPLATE_CONNECTION:
    case TEMPLATE_PART_INDEX:
        return TEXT_DECIMAL_MAX;
    case TEMPLATE_CONNECTION_ID:
        return values->connection_id.length;
    case TEMPLATE_REQUEST_ID:
        return values->request_id.length;
    case TEMPLATE_PART:
        return values->part.length;
    case TEMPLATE_TOKEN:
        return values->token.length;
    case TEMPLATE_CORRELATION:
        return values->correlation.length;
    case TEMPLATE_COLUMN:
        return values->columns[part->column].escaped.length;
    case TEMPLATE_COLUMN_RAW:
        return values->columns[part->column].text.length;
    default:
        return part->literal.length;
    }
}

size_t template_bound(const struct template *template, const struct template_values *values)
{
    size_t bound = 0;
    for (size_t i = 0; i < template->count; i++)
        bound += part_length_bound(&template->parts[i], values);
    return bound;
}

/* The put functions write at OUT and return the place behind. */

static char *put_text(char *out, struct text text)
{
    if (text.length > 0)
        memcpy(out, text.data, text.length);
    return out + text.length;
}

/* At least DIGITS digits. */
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
        !read_hex(text_from(text, RUN_ID_HEX + 1), seq))
        return false;
    *run_id = (uint32_t)run;
    return true;
}

static char *put_part(char *out, const struct template_part *part,
                      const struct template_values *values)
{
    switch (part->variable) {
    case TEMPLATE_PROMPT:
        return put_text(out, values->prompt_escaped);
    case TEMPLATE_PROMPT_RAW:
        return put_text(out, values->prompt);
    case TEMPLATE_ID:
        return out + template_id(values->run_id, values->seq, out);
    case TEMPLATE_SEQ:
        return text_put_decimal(out, values->seq);
    case TEMPLATE_TIMESTAMP:
        return text_put_decimal(out, values->unix_ms);
    case TEMPLATE_CONNECTION_ID:
        return put_text(out, values->connection_id);
    case TEMPLATE_REQUEST_ID:
        return put_text(out, values->request_id);
    case TEMPLATE_CONNECTION:
        return text_put_decimal(out, values->connection);
    case TEMPLATE_PART:
        return put_text(out, values->part);
    case TEMPLATE_PART_INDEX:
        return text_put_decimal(out, values->part_index);
    case TEMPLATE_TOKEN:
        return put_text(out, values->token);
    case TEMPLATE_CORRELATION:
        return put_text(out, values->correlation);
    case TEMPLATE_COLUMN:
        return put_text(out, values->columns[part->column].escaped);
    case TEMPLATE_COLUMN_RAW:
        return put_text(out, values->columns[part->column].text);
    default:
        return put_text(out, part->literal);
    }
}

size_t template_render(const struct template *template, const struct template_values *values,
                       char *out)
{
    char *end = out;
    for (size_t i = 0; i < template->count; i++)
        end = put_part(end, &template->parts[i], values);
    return (size_t)(end - out);
}
