#include "wsload/protocol/template.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/base/buffer.h"
#include "wsload/base/utf8.h"

#define DECIMAL_MAX 20                             /* digits of UINT64_MAX */
#define RUN_ID_HEX  8                              /* digits of a uint32_t */
#define SEQ_HEX_MAX 16                             /* digits of a uint64_t */
#define ID_MAX      (RUN_ID_HEX + 1 + SEQ_HEX_MAX) /* "0badcafe-2a" at its longest */

#define NAME_SHOWN_MAX 40 /* characters of an unknown name that an error repeats */

struct template_part {
    enum template_variable variable; /* 0: a literal */
    struct text literal;
};

static const struct variable_name {
    const char *name;
    enum template_variable variable;
} variable_names[] = {
    {"prompt", TEMPLATE_PROMPT},
    {"prompt:raw", TEMPLATE_PROMPT_RAW},
    {"id", TEMPLATE_ID},
    {"seq", TEMPLATE_SEQ},
    {"timestamp", TEMPLATE_TIMESTAMP},
    {"connectionId", TEMPLATE_CONNECTION_ID},
    {"requestId", TEMPLATE_REQUEST_ID},
};

#define VARIABLE_COUNT (sizeof(variable_names) / sizeof(variable_names[0]))

/* ---- compiling ---- */

static int unknown_variable(struct text name, unsigned allowed, struct error *error)
{
    const char *offered[VARIABLE_COUNT];
    size_t count = 0;
    const char *nearest;
    struct buffer shown;
    struct buffer list;

    buffer_init(&shown, NAME_SHOWN_MAX * 4);
    buffer_init(&list, 256);
    for (size_t i = 0; i < VARIABLE_COUNT; i++) {
        if ((allowed & variable_names[i].variable) == 0)
            continue;
        buffer_printf(&list, "%s{{%s}}", count > 0 ? ", " : "", variable_names[i].name);
        offered[count++] = variable_names[i].name;
    }
    utf8_append_clean(&shown, name, NAME_SHOWN_MAX);
    nearest = text_nearest(buffer_text(&shown).data, offered, count);
    if (nearest != NULL)
        buffer_printf(&list, "; did you mean {{%s}} ?", nearest);
    error_set(error, "unknown variable {{%s}}; there are %s", buffer_text(&shown).data,
              buffer_text(&list).data);
    buffer_free(&shown);
    buffer_free(&list);
    return -1;
}

/* Finds the variable called NAME among the ALLOWED ones. */
static int find_variable(struct text name, unsigned allowed, enum template_variable *variable,
                         struct error *error)
{
    for (size_t i = 0; i < VARIABLE_COUNT; i++) {
        if ((allowed & variable_names[i].variable) != 0 &&
            text_equal(name, text_of(variable_names[i].name))) {
            *variable = variable_names[i].variable;
            return 0;
        }
    }
    return unknown_variable(name, allowed, error);
}

/* The first MARK ("{{" or "}}") in TEXT, or its length. */
static size_t find_mark(struct text text, const char *mark)
{
    const char *found = memmem(text.data, text.length, mark, 2);

    return found == NULL ? text.length : (size_t)(found - text.data);
}

static struct text text_from(struct text text, size_t offset)
{
    return (struct text){text.data + offset, text.length - offset};
}

/* Reads the variable that REST begins with, and moves REST behind it. */
static int read_variable(struct text *rest, unsigned allowed, enum template_variable *variable,
                         struct error *error)
{
    struct text inside = text_from(*rest, 2);
    size_t length = find_mark(inside, "}}");

    if (length == inside.length)
        return error_set(error, "a variable begins with {{ and does not end; close it with }}");
    *rest = text_from(inside, length + 2);
    return find_variable(text_trim((struct text){inside.data, length}), allowed, variable, error);
}

/* How many parts TEXT can have: each variable, and a literal before each and behind the last. */
static size_t part_bound(struct text text)
{
    size_t bound = 1;

    for (size_t at; (at = find_mark(text, "{{")) < text.length; text = text_from(text, at + 2))
        bound += 2;
    return bound;
}

static int read_parts(struct template *template, struct text rest, unsigned allowed,
                      struct error *error)
{
    while (rest.length > 0) {
        struct template_part *part = &template->parts[template->count++];
        size_t length = find_mark(rest, "{{");

        *part = (struct template_part){0};
        if (length > 0) {
            part->literal = (struct text){rest.data, length};
            rest = text_from(rest, length);
        } else if (read_variable(&rest, allowed, &part->variable, error) != 0) {
            return -1;
        }
    }
    return 0;
}

int template_compile(struct template *template, struct text text, unsigned allowed,
                     struct error *error)
{
    *template = (struct template){
        .parts = calloc(part_bound(text), sizeof(struct template_part)),
        .literals = malloc(text.length + 1),
    };
    if (template->parts == NULL || template->literals == NULL) {
        template_free(template);
        return error_set(error, "out of memory");
    }
    memcpy(template->literals, text.data, text.length);
    text.data = template->literals;
    if (read_parts(template, text, allowed, error) != 0) {
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
    for (size_t i = 0; i < template->count; i++) {
        if (template->parts[i].variable & variables)
            return true;
    }
    return false;
}

/* ---- rendering ---- */

static size_t part_length_bound(const struct template_part *part,
                                const struct template_values *values)
{
    switch (part->variable) {
    case TEMPLATE_PROMPT:
        return values->prompt_escaped.length;
    case TEMPLATE_PROMPT_RAW:
        return values->prompt.length;
    case TEMPLATE_ID:
        return ID_MAX;
    case TEMPLATE_SEQ:
    case TEMPLATE_TIMESTAMP:
        return DECIMAL_MAX;
    case TEMPLATE_CONNECTION_ID:
        return values->connection_id.length;
    case TEMPLATE_REQUEST_ID:
        return values->request_id.length;
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

static const char digit_characters[] = "0123456789abcdef";

static char *put_number(char *out, uint64_t number, unsigned base)
{
    char digits[DECIMAL_MAX];
    size_t first = sizeof(digits);

    do {
        digits[--first] = digit_characters[number % base];
        number /= base;
    } while (number > 0);
    return put_text(out, (struct text){digits + first, sizeof(digits) - first});
}

/* The run id keeps its zeros, so that the ids of a run look alike. */
static char *put_id(char *out, uint32_t run_id, uint64_t seq)
{
    for (int shift = 4 * (RUN_ID_HEX - 1); shift >= 0; shift -= 4)
        *out++ = digit_characters[(run_id >> shift) & 0xF];
    *out++ = '-';
    return put_number(out, seq, 16);
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
        return put_id(out, values->run_id, values->seq);
    case TEMPLATE_SEQ:
        return put_number(out, values->seq, 10);
    case TEMPLATE_TIMESTAMP:
        return put_number(out, values->unix_ms, 10);
    case TEMPLATE_CONNECTION_ID:
        return put_text(out, values->connection_id);
    case TEMPLATE_REQUEST_ID:
        return put_text(out, values->request_id);
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
